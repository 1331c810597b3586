#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# t5012-servers-java.sh: Java: an HTTP server, Tomcat, and loads by mmap and NIO.
. "${SRCDIR:-.}/t/servers.sh"

server "java: httpserver, NIO, mapped files" "java javac curl ab" "--user 0 -p 127.0.0.1:0:8600" <<'END_OF_SERVER'
mkdir -p /tmp/java && cd /tmp/java
cat >Serve.java <<'E'
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.*;
import java.util.*;
import java.util.concurrent.*;
class Serve {
	public static void main(String[] a) throws Exception {
		HttpServer s = HttpServer.create(new InetSocketAddress("0.0.0.0", 8600), 50);
		s.setExecutor(Executors.newFixedThreadPool(8));
		s.createContext("/", x -> {
			byte[] in = x.getRequestBody().readAllBytes();
			byte[] out = (x.getRequestMethod() + " " + in.length + "\n").getBytes();
			x.sendResponseHeaders(200, out.length);
			x.getResponseBody().write(out);
			x.close();
		});
		s.createContext("/big", x -> {
			x.sendResponseHeaders(200, 0);
			for (int i = 0; i < 100; i++) x.getResponseBody().write(new byte[30000]);
			x.close();
		});
		s.start();
		HttpClient c = HttpClient.newBuilder().build();
		URI u = URI.create("http://localhost:8600/");
		List<CompletableFuture<HttpResponse<String>>> l = new ArrayList<>();
		for (int i = 0; i < 100; i++)
			l.add(c.sendAsync(HttpRequest.newBuilder(u).POST(HttpRequest.BodyPublishers.ofByteArray(new byte[i * 1000])).build(), HttpResponse.BodyHandlers.ofString()));
		int good = 0;
		for (int i = 0; i < 100; i++)
			if (l.get(i).get().body().equals("POST " + i * 1000 + "\n")) good++;
		System.out.println(good);
		Runtime.getRuntime().addShutdownHook(new Thread(() -> { s.stop(0); System.out.println("stopped"); }));
		System.out.println("ready");
	}
}
E
cat >Nio.java <<'E'
import java.io.*;
import java.net.*;
import java.nio.*;
import java.nio.channels.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.zip.CRC32;
import static java.nio.file.StandardOpenOption.*;
class Nio {
	static final int SIZE = 32 << 20, CLIENTS = 100;
	static void mapped(Path p) throws Exception {
		try (FileChannel f = FileChannel.open(p, CREATE, READ, WRITE)) {
			MappedByteBuffer m = f.map(FileChannel.MapMode.READ_WRITE, 0, SIZE);
			for (int i = 0; i < SIZE; i += 8) m.putLong(i, i * 31L);
			m.force();
			MappedByteBuffer r = f.map(FileChannel.MapMode.READ_ONLY, SIZE / 2, SIZE / 2);
			MappedByteBuffer c = f.map(FileChannel.MapMode.PRIVATE, 0, 8192);
			c.putLong(0, 77);
			r.load();
			ByteBuffer b = ByteBuffer.allocateDirect(8);
			f.read(b, SIZE - 8);
			System.out.println(m.getLong(800) + " " + r.getLong(8) + " " + b.getLong(0) + " " + c.getLong(0) + " " + m.getLong(0));
			m.putLong(0, 99);
			b.clear();
			f.read(b, 0);
			System.out.println(b.getLong(0) + " " + f.size());
			try (FileLock l = f.lock(0, 10, false)) { System.out.println(l.isValid()); }
			f.truncate(100);
			System.out.println(f.size());
		}
		/*
		 * One file by eight threads, each by maps of its own.  It has
		 * its size: map() looks at that and then sets it, and would
		 * cut off what another has mapped meanwhile.
		 */
		try (FileChannel f = FileChannel.open(p, WRITE)) { f.write(ByteBuffer.allocate(1), 8 * 65536L - 1); }
		ExecutorService e = Executors.newFixedThreadPool(8);
		List<Future<Long>> sums = new ArrayList<>();
		for (int t = 0; t < 8; t++) {
			final int me = t;
			sums.add(e.submit(() -> {
				long sum = 0;
				for (int k = 0; k < 20; k++)
					try (FileChannel f = FileChannel.open(p, READ, WRITE)) {
						MappedByteBuffer m = f.map(FileChannel.MapMode.READ_WRITE, me * 65536L, 65536);
						for (int i = 0; i < 65536; i += 4) { m.putInt(i, i + k); sum += m.getInt(i); }
					}
				return sum;
			}));
		}
		Set<Long> set = new HashSet<>();
		for (Future<Long> f : sums) set.add(f.get());
		e.shutdown();
		System.out.println(set + " " + Files.size(p));
	}
	static void async(Path p) throws Exception {
		try (AsynchronousFileChannel f = AsynchronousFileChannel.open(p, CREATE, READ, WRITE)) {
			List<Future<Integer>> w = new ArrayList<>();
			for (int i = 0; i < 64; i++) {
				ByteBuffer b = ByteBuffer.allocate(10000);
				Arrays.fill(b.array(), (byte) i);
				w.add(f.write(b, i * 10000L));
			}
			int n = 0;
			for (Future<Integer> x : w) n += x.get();
			CompletableFuture<Integer> got = new CompletableFuture<>();
			ByteBuffer b = ByteBuffer.allocate(20000);
			f.read(b, 5000, null, new CompletionHandler<Integer, Void>() {
				public void completed(Integer k, Void v) { got.complete(k); }
				public void failed(Throwable t, Void v) { got.completeExceptionally(t); }
			});
			System.out.println(n + " " + got.get() + " " + b.get(4999) + b.get(5000) + b.get(15000) + " " + f.size());
		}
	}
	static void selector(Path big) throws Exception {
		Selector sel = Selector.open();
		ServerSocketChannel s = ServerSocketChannel.open().bind(new InetSocketAddress("localhost", 0), 200);
		s.configureBlocking(false).register(sel, SelectionKey.OP_ACCEPT);
		SocketAddress at = s.getLocalAddress();
		Thread server = new Thread(() -> {
			int ends = 0;
			try {
				while (ends < CLIENTS) {
					sel.select();
					for (Iterator<SelectionKey> it = sel.selectedKeys().iterator(); it.hasNext();) {
						SelectionKey k = it.next();
						it.remove();
						if (k.isAcceptable()) {
							SocketChannel c = s.accept();
							if (c != null) c.configureBlocking(false).register(sel, SelectionKey.OP_READ, ByteBuffer.allocate(4096));
							continue;
						}
						SocketChannel c = (SocketChannel) k.channel();
						ByteBuffer b = (ByteBuffer) k.attachment();
						if (k.isReadable() && c.read(b) < 0) { c.close(); ends++; continue; }
						b.flip();
						c.write(b);
						k.interestOps(b.hasRemaining() ? SelectionKey.OP_WRITE : SelectionKey.OP_READ);
						b.compact();
					}
				}
			} catch (IOException e) { e.printStackTrace(); }
		});
		server.start();
		SocketChannel[] c = new SocketChannel[CLIENTS];
		for (int i = 0; i < CLIENTS; i++) c[i] = SocketChannel.open(at);
		int good = 0;
		for (int round = 0; round < 10; round++)
			for (int i = 0; i < CLIENTS; i++) {
				byte[] out = new byte[1 + (i * 37 + round) % 3000];
				Arrays.fill(out, (byte) i);
				c[i].write(ByteBuffer.wrap(out));
				ByteBuffer in = ByteBuffer.allocate(out.length);
				while (in.hasRemaining() && c[i].read(in) >= 0);
				if (Arrays.equals(in.array(), out)) good++;
			}
		for (SocketChannel x : c) x.close();
		server.join();
		System.out.println(good);
		sel.close();
		s.close();
		/* A file to a socket by transferTo, by TCP and by AF_UNIX. */
		Path u = Path.of("/tmp/java/sock");
		for (SocketAddress a : new SocketAddress[] { new InetSocketAddress("localhost", 0), UnixDomainSocketAddress.of(u) }) {
			ServerSocketChannel t = a instanceof InetSocketAddress ? ServerSocketChannel.open() : ServerSocketChannel.open(StandardProtocolFamily.UNIX);
			t.bind(a);
			FutureTask<Long> r = new FutureTask<>(() -> {
				CRC32 crc = new CRC32();
				try (SocketChannel in = t.accept()) {
					ByteBuffer b = ByteBuffer.allocateDirect(65536);
					while (in.read(b) >= 0) { b.flip(); crc.update(b); b.clear(); }
				}
				return crc.getValue();
			});
			new Thread(r).start();
			try (SocketChannel o = SocketChannel.open(t.getLocalAddress()); FileChannel f = FileChannel.open(big, READ)) {
				for (long at2 = 0; at2 < f.size();) at2 += f.transferTo(at2, f.size() - at2, o);
			}
			System.out.println(Long.toHexString(r.get()));
			t.close();
		}
	}
	static void rest(Path dir) throws Exception {
		Pipe p = Pipe.open();
		p.sink().write(ByteBuffer.wrap("pipe".getBytes()));
		ByteBuffer b = ByteBuffer.allocate(10);
		p.source().read(b);
		System.out.println(new String(b.array(), 0, b.position()));
		DatagramChannel d = DatagramChannel.open().bind(new InetSocketAddress("localhost", 0)), e = DatagramChannel.open();
		e.send(ByteBuffer.wrap("dgram".getBytes()), d.getLocalAddress());
		b.clear();
		d.receive(b);
		System.out.println(new String(b.array(), 0, b.position()));
		AsynchronousServerSocketChannel s = AsynchronousServerSocketChannel.open().bind(new InetSocketAddress("localhost", 0));
		Future<AsynchronousSocketChannel> f = s.accept();
		AsynchronousSocketChannel c = AsynchronousSocketChannel.open();
		c.connect(s.getLocalAddress()).get();
		AsynchronousSocketChannel o = f.get();
		o.write(ByteBuffer.wrap("async".getBytes())).get();
		b.clear();
		c.read(b).get();
		System.out.println(new String(b.array(), 0, b.position()));
		c.close(); o.close(); s.close();
		try { new Socket("localhost", 1); } catch (ConnectException x) { System.out.println(x.getMessage()); }
		WatchService w = dir.getFileSystem().newWatchService();
		dir.register(w, StandardWatchEventKinds.ENTRY_CREATE);
		Files.writeString(dir.resolve("new"), "x");
		System.out.println(w.take().pollEvents().get(0).context());
		Process q = new ProcessBuilder("tr", "a-z", "A-Z").start();
		q.getOutputStream().write("process".getBytes());
		q.getOutputStream().close();
		System.out.println(new String(q.getInputStream().readAllBytes()) + " " + q.waitFor());
		StringJoiner j = new StringJoiner(" ");
		for (NetworkInterface i : Collections.list(NetworkInterface.getNetworkInterfaces())) j.add(i.getName() + i.isLoopback());
		System.out.println(j);
	}
	public static void main(String[] a) throws Exception {
		Path dir = Path.of(a[0]), big = dir.resolve("big");
		byte[] data = new byte[3000000];
		new Random(5).nextBytes(data);
		Files.write(big, data);
		CRC32 crc = new CRC32();
		crc.update(data);
		System.out.println(Long.toHexString(crc.getValue()));
		mapped(dir.resolve("map"));
		async(dir.resolve("async"));
		selector(big);
		rest(dir);
	}
}
E
javac -d . Serve.java Nio.java; echo javac $?
mkdir nio && java -cp . Nio nio; echo nio $?
java -cp . Serve >out 2>&1 & s=$!
till grep -q ready out
curl -s http://127.0.0.1:8600/big | wc -c
ab -q -k -c 10 -n 1000 http://127.0.0.1:8600/ | grep -E 'Complete|Failed|Non-2xx'
serving
kill -TERM $s; wait $s; echo status $?; cat out
exit 0
--- outside
curl -s -d hello http://127.0.0.1:$(at 8600)/
curl -s http://127.0.0.1:$(at 8600)/big | wc -c
ab -q -k -c 10 -n 500 http://127.0.0.1:$(at 8600)/ | grep -E 'Complete|Failed|Non-2xx'
--- wanted
javac 0
32b7647c
24800 520093944 1040187144 77 0
99 33554432
true
100
[10739875840] 524288
640000 20000 012 640000
1000
32b7647c
32b7647c
pipe
dgram
async
Connection refused
new
PROCESS 0
lotrue
nio 0
3000000
Complete requests:      1000
Failed requests:        0
status 143
100
ready
stopped
POST 5
3000000
Complete requests:      500
Failed requests:        0
END_OF_SERVER

# It takes long, and what it does to files others do too.
jars=/usr/share/java/lucene
[ -z "${SBX_LONG-}" ] ||
server "lucene: index, merge and search by mmap" "java javac $jars-core-4.10.4.jar $jars-analyzers-common-4.10.4.jar $jars-queryparser-4.10.4.jar" "--user 0 --rw $tmp/rw:/index" <<'END_OF_SERVER'
mkdir -p /tmp/lu && cd /tmp/lu
j=/usr/share/java/lucene
CP=.:$j-core-4.10.4.jar:$j-analyzers-common-4.10.4.jar:$j-queryparser-4.10.4.jar
cat >L.java <<'E'
import java.io.File;
import java.util.*;
import java.util.concurrent.*;
import org.apache.lucene.analysis.standard.StandardAnalyzer;
import org.apache.lucene.document.*;
import org.apache.lucene.index.*;
import org.apache.lucene.queryparser.classic.QueryParser;
import org.apache.lucene.search.*;
import org.apache.lucene.store.*;
import org.apache.lucene.util.Version;
class L {
	static final int DOCS = 6000;
	static Document doc(int n) {
		Document d = new Document();
		d.add(new StringField("id", "" + n, Field.Store.YES));
		StringBuilder s = new StringBuilder();
		for (int k = 2; k < 60; k++) if (n % k == 0) s.append("d").append(k).append(' ');
		d.add(new TextField("body", s + "all", Field.Store.YES));
		d.add(new NumericDocValuesField("rank", DOCS - n));
		return d;
	}
	static int count(IndexSearcher s, String q) throws Exception {
		return s.search(new QueryParser("body", new StandardAnalyzer()).parse(q), 10).totalHits;
	}
	static void load(Directory dir) throws Exception {
		IndexWriterConfig c = new IndexWriterConfig(Version.LATEST, new StandardAnalyzer());
		c.setRAMBufferSizeMB(1).setMaxBufferedDocs(500);
		IndexWriter w = new IndexWriter(dir, c);
		ExecutorService e = Executors.newFixedThreadPool(4);
		List<Future<?>> l = new ArrayList<>();
		for (int t = 0; t < 4; t++) {
			final int me = t;
			l.add(e.submit(() -> { for (int i = me; i < DOCS; i += 4) w.addDocument(doc(i)); return 0; }));
		}
		/* Readers of what is not committed yet, meanwhile. */
		l.add(e.submit(() -> { for (int i = 0; i < 20; i++) try (IndexReader r = DirectoryReader.open(w, true)) { count(new IndexSearcher(r), "d7 AND d3"); } return 0; }));
		for (Future<?> f : l) f.get();
		e.shutdown();
		w.commit();
		for (int i = 0; i < DOCS; i += 10) w.deleteDocuments(new Term("id", "" + i));
		w.forceMerge(1);
		w.close();
		try (IndexReader r = DirectoryReader.open(dir)) {
			IndexSearcher s = new IndexSearcher(r);
			TopDocs top = s.search(new MatchAllDocsQuery(), 3, new Sort(new SortField("rank", SortField.Type.LONG)));
			System.out.println(r.numDocs() + " " + count(s, "all") + " " + count(s, "d7 AND d3") + " " + count(s, "d11 OR \"d2 d3\"") + " " + count(s, "d5*") + " " + s.doc(top.scoreDocs[0].doc).get("id"));
		}
		System.out.println(new CheckIndex(dir).checkIndex().clean);
		dir.close();
	}
	public static void main(String[] a) throws Exception {
		if (a.length == 1) {
			try (IndexReader r = DirectoryReader.open(new MMapDirectory(new File(a[0])))) { System.out.println(count(new IndexSearcher(r), "d7 AND d3")); }
			return;
		}
		load(new MMapDirectory(new File("/index/mmap")));
		load(new NIOFSDirectory(new File("/index/nio")));
		load(new MMapDirectory(new File("/tmp/lu/mmap")));
	}
}
E
rm -rf /index/*
javac -cp $CP L.java 2>&1 | grep -v '^Note'
java -cp $CP L; echo $?
java -cp $CP L /index/mmap; echo $?
exit 0
--- wanted
5400 5400 257 1219 1236 5999
true
5400 5400 257 1219 1236 5999
true
5400 5400 257 1219 1236 5999
true
0
257
0
END_OF_SERVER

server "tomcat: jsp, servlet, sessions, another application" "java javac curl ab /usr/share/tomcat10/etc/server.xml /usr/share/tomcat10/bin/catalina.sh" "--user 0 -p 127.0.0.1:0:8080" <<'END_OF_SERVER'
mkdir -p /tmp/tc && cd /tmp/tc && mkdir logs temp work webapps conf
cp /usr/share/tomcat10/etc/* conf/
mkdir -p webapps/ROOT webapps/app/WEB-INF/classes
cat >webapps/ROOT/index.jsp <<'E'
<%@ page session="false" %><% for (int i = 0; i < 3; i++) { %>line <%= i %> of <%= request.getMethod() %>
<% } %>
E
cat >S.java <<'E'
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.*;
import java.io.*;
@WebServlet(urlPatterns = "/s", asyncSupported = true)
public class S extends HttpServlet {
	protected void doGet(HttpServletRequest q, HttpServletResponse r) throws IOException {
		HttpSession s = q.getSession();
		Integer n = (Integer) s.getAttribute("n");
		n = n == null ? 1 : n + 1;
		s.setAttribute("n", n);
		r.getWriter().println("visit " + n);
	}
	protected void doPost(HttpServletRequest q, HttpServletResponse r) throws IOException {
		var a = q.startAsync();
		a.start(() -> { try { r.getWriter().println("got " + q.getInputStream().readAllBytes().length); } catch (IOException e) { } a.complete(); });
	}
}
E
javac -cp /usr/share/java/tomcat10-servlet-api.jar -d webapps/app/WEB-INF/classes S.java; echo javac $?
export CATALINA_HOME=/usr/share/tomcat10 CATALINA_BASE=/tmp/tc CATALINA_TMPDIR=/tmp/tc/temp JAVA_OPTS=-Djava.awt.headless=true JAVA_HOME=$(dirname $(dirname $(readlink -f $(command -v javac))))
/usr/share/tomcat10/bin/catalina.sh run >log 2>&1 & s=$!
up 8080
curl -s http://127.0.0.1:8080/
curl -s -c jar -b jar http://127.0.0.1:8080/app/s; curl -s -c jar -b jar http://localhost:8080/app/s; curl -s -c jar -b jar http://127.0.0.1:8080/app/s
head -c 1500000 /dev/zero | curl -s -X POST --data-binary @- -H 'Content-Type: application/octet-stream' http://127.0.0.1:8080/app/s
curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1:8080/none
ab -q -k -c 10 -n 1000 http://127.0.0.1:8080/ | grep -E 'Complete|Failed|Non-2xx'
cp -r webapps/app webapps/next
till sh -c 'curl -s http://127.0.0.1:8080/next/s | grep visit'
serving
kill -TERM $s; wait $s; echo status $?
cat log logs/* | grep -cE 'SEVERE'
exit 0
--- outside
curl -s http://127.0.0.1:$(at 8080)/
ab -q -k -c 10 -n 500 http://127.0.0.1:$(at 8080)/ | grep -E 'Complete|Failed|Non-2xx'
--- wanted
javac 0
line 0 of GET
line 1 of GET
line 2 of GET

visit 1
visit 1
visit 2
got 1500000
404
Complete requests:      1000
Failed requests:        0
visit 1
status 143
0
line 0 of GET
line 1 of GET
line 2 of GET

Complete requests:      500
Failed requests:        0
END_OF_SERVER

done_testing
