#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Virtual machines with threads, signals and children of their own: Java,
# node, perl.
. "${SRCDIR:-.}/t/real.sh"
not_quick

cat >Main.java <<'EOF'
import java.io.*;
import java.nio.file.*;
import java.nio.channels.FileChannel;
import java.nio.ByteBuffer;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import java.util.stream.*;

public class Main {
	static int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

	static class Task extends RecursiveTask<Long> {
		final int n;
		Task(int n) { this.n = n; }
		protected Long compute() {
			if (n < 15)
				return (long)fib(n);
			Task a = new Task(n - 1);
			a.fork();
			return new Task(n - 2).compute() + a.join();
		}
	}

	public static void main(String[] args) throws Exception {
		ExecutorService pool = Executors.newFixedThreadPool(16);
		List<Future<Integer>> fs = new ArrayList<>();
		for (int i = 0; i < 200; i++) {
			int n = i % 20;
			fs.add(pool.submit(() -> fib(n)));
		}
		long sum = 0;
		for (Future<Integer> f : fs)
			sum += f.get();
		pool.shutdown();
		System.out.println(sum + " " + pool.awaitTermination(5, TimeUnit.SECONDS));
		System.out.println(new ForkJoinPool(8).invoke(new Task(27)));
		System.out.println(IntStream.range(0, 100000).parallel().filter(x -> x % 7 == 3).asLongStream().sum());
		AtomicInteger n = new AtomicInteger();
		Object lock = new Object();
		Thread[] ts = new Thread[50];
		for (int i = 0; i < ts.length; i++) {
			ts[i] = new Thread(() -> {
				for (int j = 0; j < 1000; j++)
					synchronized (lock) { n.incrementAndGet(); }
			});
			ts[i].start();
		}
		for (Thread t : ts)
			t.join();
		System.out.println(n.get());
		/* Faults that the virtual machine turns into exceptions. */
		int caught = 0;
		String nul = args.length > 5 ? "" : null;
		for (int i = 0; i < 20000; i++) {
			try { caught += nul.length(); } catch (NullPointerException e) { caught++; }
			try { caught += 1 / (args.length - args.length); } catch (ArithmeticException e) { caught++; }
		}
		System.out.println(caught);
		try { deep(0); } catch (StackOverflowError e) { System.out.println("too deep"); }
		try { long[][] big = new long[1000][]; for (int i = 0; i < 1000; i++) big[i] = new long[10000000]; }
		catch (OutOfMemoryError e) { System.out.println("too big"); }
		for (int i = 0; i < 5; i++) { byte[] b = new byte[20 << 20]; System.gc(); }
		Path p = Files.createTempFile("sbx", ".txt");
		Files.write(p, Arrays.asList("one", "two", "three"));
		System.out.println(Files.readAllLines(p) + " " + Files.size(p));
		try (FileChannel c = FileChannel.open(p, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
			ByteBuffer m = c.map(FileChannel.MapMode.READ_WRITE, 0, 8);
			m.put(0, (byte)'O');
			System.out.println((char)m.get(1) + " " + c.tryLock().isValid());
		}
		System.out.println(Files.readString(p).trim().length());
		Files.delete(p);
		Process q = new ProcessBuilder("sh", "-c", "read x; echo got $x; exit 3").start();
		try (Writer w = new OutputStreamWriter(q.getOutputStream())) { w.write("line\n"); }
		System.out.println(new String(q.getInputStream().readAllBytes()).trim() + " " + q.waitFor());
		Process s = new ProcessBuilder("sleep", "100").start();
		s.destroy();
		System.out.println(s.waitFor());
		ScheduledExecutorService sch = Executors.newScheduledThreadPool(2);
		CountDownLatch latch = new CountDownLatch(5);
		sch.scheduleAtFixedRate(latch::countDown, 0, 10, TimeUnit.MILLISECONDS);
		latch.await();
		sch.shutdownNow();
		Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook")));
		if (args.length > 0 && args[0].equals("wait")) {
			System.out.println("waiting");
			Thread.sleep(20000);
		}
		System.exit(4);
	}
	static int deep(int n) { return deep(n + 1) + 1; }
}
EOF
real "java -version" java -version
real_clean=Main.class
real "javac" sh -c 'javac Main.java && ls Main*.class'
real_clean=
if command -v javac >/dev/null; then
	javac Main.java
fi
real "java: threads, faults, files, children" java -Xmx200m -cp . Main
# It ends by its hooks, with the status of the signal.
real "java: SIGTERM" sh -c '
java -Xmx200m -cp . Main wait >out & p=$!
while ! grep -q waiting out 2>/dev/null; do sleep 0.1; done
kill -TERM $p; wait $p; echo $?; tail -n 2 out; rm -f out'
real "java: SIGQUIT" sh -c '
java -Xmx200m -cp . Main wait >out & p=$!
while ! grep -q waiting out 2>/dev/null; do sleep 0.1; done
kill -QUIT $p; sleep 0.3; kill -TERM $p; wait $p; echo $?
grep -c "Full thread dump" out; grep -c "\"main\"" out; rm -f out'
real "java: an exception that nobody catches" sh -c '
java -Xmx200m -cp . Nothing 2>&1 | head -n 1'

cat >w.js <<'EOF'
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const cp = require('child_process'), fs = require('fs'), path = require('path');
if (!isMainThread) {
	let s = 0;
	const v = new Int32Array(workerData.shared);
	for (let i = 0; i < 10000; i++) { s += i; Atomics.add(v, 0, 1); }
	Atomics.notify(v, 0);
	parentPort.postMessage({ n: workerData.n, s });
} else if (process.argv[2] === 'child') {
	process.on('message', m => { process.send({ got: m }); process.disconnect(); });
} else (async () => {
	const shared = new SharedArrayBuffer(4);
	const r = await Promise.all([1, 2, 3, 4].map(n => new Promise((ok, no) => {
		const w = new Worker(__filename, { workerData: { n, shared } });
		w.on('message', ok); w.on('error', no);
	})));
	console.log(JSON.stringify(r), new Int32Array(shared)[0]);
	console.log(cp.execFileSync('sh', ['-c', 'cat; echo done; exit 0'], { input: 'fed\n' }).toString());
	const s = cp.spawnSync('sh', ['-c', 'echo out; echo err >&2; exit 7']);
	console.log(s.status, String(s.stdout), String(s.stderr));
	console.log(cp.spawnSync('sh', ['-c', 'kill -TERM $$']).signal);
	await new Promise(ok => {
		const c = cp.spawn('tr', ['a-z', 'A-Z']);
		let out = '';
		c.stdout.on('data', d => out += d);
		c.on('close', (code, sig) => { console.log(out, code, sig); ok(); });
		c.stdin.write('spawned '); c.stdin.end('child');
	});
	await new Promise(ok => {
		const c = cp.spawn('sleep', ['100']);
		c.on('exit', (code, sig) => { console.log(code, sig); ok(); });
		c.kill('SIGINT');
	});
	await new Promise(ok => {
		const c = cp.fork(__filename, ['child']);
		c.on('message', m => console.log(JSON.stringify(m)));
		c.on('exit', code => { console.log('exit', code); ok(); });
		c.send({ hello: [1, 2, 3] });
	});
	await new Promise(ok => { process.once('SIGUSR2', () => { console.log('usr2'); ok(); }); process.kill(process.pid, 'SIGUSR2'); setTimeout(() => {}, 10); });
	const d = fs.mkdtempSync('/tmp/node-');
	await Promise.all([...Array(50).keys()].map(i => fs.promises.writeFile(path.join(d, 'f' + i), 'x'.repeat(i))));
	const sizes = await Promise.all(fs.readdirSync(d).map(f => fs.promises.stat(path.join(d, f))));
	console.log(sizes.reduce((a, s) => a + s.size, 0));
	fs.rmSync(d, { recursive: true });
	try { cp.execFileSync('/nonexistent'); } catch (e) { console.log(e.code); }
	process.exitCode = 6;
})();
EOF
real "node: workers, children, signals, files" node w.js
real "node: an exception" sh -c 'node -e "throw new Error(1)" 2>/dev/null; echo $?'
real_in text "node: standard input" node -e '
let n = 0; process.stdin.on("data", d => n += d.length).on("end", () => console.log(n))'
real "node: pipes, by the shell" sh -c 'node -e "for (let i = 0; i < 20000; i++) console.log(i)" | node -e "
let s = 0; require(\"readline\").createInterface({ input: process.stdin }).on(\"line\", l => s += +l).on(\"close\", () => console.log(s))"'
real "node: killed" sh -c 'node -e "setInterval(() => {}, 1000)" & sleep 0.5; kill -TERM $!; wait $!; echo $?'

cat >fork.pl <<'EOF'
use strict; use warnings; use POSIX qw(:sys_wait_h :signal_h); use IO::Handle; use IO::Select;
$| = 1;
my $me = $$;
# Children with statuses and signals.
my %want;
for my $n (0 .. 20) {
	my $p = fork // die "fork: $!";
	if (!$p) { $n % 5 == 4 ? kill(9, $$) : exit $n }
	$want{$p} = $n;
}
my %got;
while ((my $p = waitpid -1, 0) > 0) { $got{$want{$p}} = ($? >> 8) . "/" . ($? & 127) }
print join(" ", map { "$_:$got{$_}" } sort { $a <=> $b } keys %got), "\n";
print wait(), " ", $! + 0, "\n";
# Pipes both ways, select over several.
my $sel = IO::Select->new; my %name;
for my $n (1 .. 4) {
	pipe(my $r, my $w) or die;
	if (!fork) { close $r; select undef, undef, undef, 0.05 * $n; print $w "child $n\n" x $n; close $w; exit 0 }
	close $w; $sel->add($r); $name{fileno $r} = $n;
}
my %in;
while (my @ready = $sel->can_read(5)) {
	for my $r (@ready) {
		my $k = sysread $r, my $buf, 4096;
		if ($k) { $in{$name{fileno $r}} .= $buf } else { $sel->remove($r); close $r }
	}
}
1 while wait > 0;
print "$_: $in{$_}" for sort keys %in;
# SIGCHLD, SIGALRM, local handlers, sigsuspend.
my $reaped = 0;
local $SIG{CHLD} = sub { $reaped++ while waitpid(-1, WNOHANG) > 0 };
for (1 .. 10) { fork or exit 0 }
select undef, undef, undef, 0.05 while $reaped < 10;
print "reaped $reaped\n";
$SIG{CHLD} = "DEFAULT";
my $r = eval { local $SIG{ALRM} = sub { die "alarm\n" }; alarm 1; select undef, undef, undef, 20; alarm 0; 1 };
print $r ? "no\n" : $@;
my $set = POSIX::SigSet->new(SIGUSR1); my $old = POSIX::SigSet->new;
my $hit = 0; $SIG{USR1} = sub { $hit++ };
sigprocmask(SIG_BLOCK, $set, $old); kill USR1 => $$; print "blocked $hit\n";
sigsuspend($old); print "suspended $hit\n"; sigprocmask(SIG_SETMASK, $old);
# system, qx, open to and from commands, exec that fails.
print qx(echo quoted; exit 3), $? >> 8, "\n";
system "kill -15 \$\$"; print $? & 127, "\n";
print system("/nonexistent"), " ", $! + 0, "\n";
open my $o, "|-", "sort" or die; print $o "b\na\n"; close $o;
open my $i, "-|", "seq", 3 or die; print <$i>; close $i;
my $pid = open(my $kid, "-|") // die; if (!$pid) { print "from the kid\n"; exit 2 }
print <$kid>; close $kid; print $? >> 8, "\n";
# Locks between processes, a shared position, ids of groups.
open my $f, "+>", undef or die; syswrite $f, "0" x 10; seek $f, 0, 0;
for (1 .. 5) { if (!fork) { sysread $f, my $b, 2; exit 0 } }
1 while wait > 0; print sysseek($f, 0, 1) + 0, "\n";
if (!fork) { setpgrp; print getpgrp == $$ ? "leader\n" : "no\n"; exit 0 } wait;
if (!fork) { POSIX::setsid(); print getppid() != 1 ? "session\n" : "no\n"; exit 0 } wait;
print "times ", (times)[0] >= 0 ? "ok" : "no", "\n";
$SIG{PIPE} = "IGNORE"; pipe(my $a, my $b); close $a; print defined syswrite($b, "x") ? "no" : $! + 0, "\n";
END { $? = 5 if $$ == $me }
EOF
real "perl: forks, pipes, signals" perl fork.pl
real "perl: threads" perl -e '
eval "use threads; use threads::shared; 1" or exit 0;
my $n :shared = 0;
my @t = map { my $i = $_; threads->create(sub { for (1 .. 50) { lock $n; $n += $i } $i * 2 }) } 1 .. 4;
print join(" ", map { $_->join } @t), " $n\n"'
done_testing
