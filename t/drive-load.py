# SPDX-License-Identifier: Apache-2.0
# drive-load.py: many connections, clients that vanish, queues and tables that
# are full; the host's side of t5030-load.sh.
#
# usage: drive-load.py SBX DIRECTORY CONNECTIONS IDLE_SECONDS SOAK_SECONDS
import errno
import os
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

from tap import done, ok, same

SBX, TMP = sys.argv[1:3]
MANY, IDLE, SOAK = map(int, sys.argv[3:6])
LONG = 120
HEAD = '''
import asyncio, errno, os, resource, select, socket, struct, sys, time
def limit(n):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    n = min(n, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (n, hard))
    return n
def say(*a): print(*a, flush=True)
'''


class Sandbox:
    """A program inside, with the ports that it published."""
    def __init__(self, options, program, before=None):
        self.p = subprocess.Popen(
            [SBX] + options + ['--', 'python3', '-c', HEAD + program],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, universal_newlines=True,
            preexec_fn=before)
        self.port = 0
        if '-p' in options:
            self.port = int(self.p.stderr.readline().split()[-1])

    def line(self):
        return self.p.stdout.readline().strip()

    def tell(self, text):
        self.p.stdin.write(text + '\n')
        self.p.stdin.flush()

    def end(self):
        out, err = self.p.communicate(timeout=LONG)
        return out + err

    def call(self):
        return socket.create_connection(('127.0.0.1', self.port),
                                        timeout=LONG)


SERVER = '''
limit(1 << 20)
l = socket.socket()
l.bind(("0.0.0.0", 8000))
l.listen(1000)
l.setblocking(False)
e = select.epoll()
e.register(l, select.EPOLLIN)
e.register(0, select.EPOLLIN)
all = {}
say("up")
run = True
while run:
    for fd, ev in e.poll():
        if fd == 0:
            w = sys.stdin.readline().strip()
            if w == "count": say(len(all))
            else: run = False
        elif fd == l.fileno():
            try:
                while True:
                    c = l.accept()[0]
                    all[c.fileno()] = c
                    e.register(c, select.EPOLLIN)
            except OSError as x:
                if x.errno not in (errno.EAGAIN, errno.ECONNABORTED):
                    say("accept", x)
        else:
            try: d = all[fd].recv(65536)
            except OSError: d = b""
            if d:
                try: all[fd].send(d)
                except OSError: pass
            else:
                e.unregister(fd)
                all.pop(fd).close()
'''


def inside():
    s = Sandbox([], '''
n = min(%d, (limit(1 << 20) - 100) // 2)
l = socket.socket()
l.bind(("127.0.0.1", 0))
l.listen(4096)
cs, ss = [], []
e = select.epoll()
for i in range(n):
    c = socket.create_connection(l.getsockname())
    a = l.accept()[0]
    cs.append(c); ss.append(a)
    e.register(a, select.EPOLLIN)
say("open", n)
good = 0
for i in range(0, n, 10): cs[i].send(b"%%d" %% i)
want = len(range(0, n, 10))
while good < want:
    for fd, ev in e.poll(60):
        os.read(fd, 100); good += 1
say(good == want, e.poll(0))
for c in cs: c.close()
ends = 0
while ends < n:
    for fd, ev in e.poll(60, 1000):
        ends += os.read(fd, 1) == b""
        e.unregister(fd)
say(ends == n)
''' % MANY)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    first = s.line()
    ok(first.startswith('open ') and
       int(first[5:]) >= min(MANY, (hard - 100) // 2, 1000),
       'connections inside', first)
    same(s.line(), 'True []', 'a tenth of them has something to say')
    same(s.line(), 'True', 'all see their ends')
    same(s.end(), '', 'no errors')


def counted(s, n):
    """The server has so many connections, by and by."""
    for _ in range(LONG * 20):
        s.tell('count')
        got = s.line()
        if got == str(n):
            break
        select.select([], [], [], 0.05)
    return got


def published():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    n = max(100, min(MANY, (hard - 200) // 2))
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, n + 200), hard))
    s = Sandbox(['-p', '127.0.0.1:0:8000'], SERVER)
    same(s.line(), 'up', 'a server')
    cs = [s.call() for _ in range(n)]
    for i in range(0, n, 7):
        cs[i].sendall(b'%d' % i)
    good = sum(cs[i].recv(100) == b'%d' % i for i in range(0, n, 7))
    same(good, len(range(0, n, 7)), 'connections from outside')
    same(counted(s, n), str(n), 'it has all of them')
    vanish(s, cs)
    rate(s)
    same(counted(s, 0), '0', 'none is left')
    s.tell('end')
    same(s.end(), '', 'no errors of it')


def vanish(s, cs, again=0):
    keep = cs[:10]
    rst = struct.pack('ii', 1, 0)
    half = cs[10:20]
    for c in half:
        c.sendall(b'x')
        c.shutdown(socket.SHUT_WR)
    answered = all(c.recv(10) == b'x' and c.recv(10) == b'' for c in half)
    if not again:
        ok(answered, 'half closed: answered, then closed')
    for c in cs[20:60]:
        c.sendall(b'y' * 30000)
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, rst)
        c.close()
    for c in cs[60:] + half:
        c.close()
    # Clients that are killed, in the middle of it.
    pids = []
    for _ in range(5):
        r, w = os.pipe()
        pid = os.fork()
        if not pid:
            mine = [s.call() for _ in range(10)]
            for c in mine:
                c.sendall(b'z' * 1000)
            os.write(w, b'1')
            signal.pause()
        os.close(w)
        pids.append((pid, r))
    for pid, r in pids:
        os.read(r, 1)
        os.close(r)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    left = counted(s, 10)
    if not again or left != '10':
        same(left, '10', 'those that vanished are gone')
    for c in keep:
        c.sendall(b'still')
    there = all(c.recv(10) == b'still' for c in keep)
    if not again or not there:
        ok(there, 'others are unharmed')
    for c in keep:
        c.close()


def rate(s, tell=True):
    bad = []

    def some():
        for i in range(250):
            try:
                with s.call() as c:
                    c.sendall(b'q')
                    if c.recv(5) != b'q':
                        bad.append('answer')
            except OSError as e:
                bad.append(e)
    ts = [threading.Thread(target=some) for _ in range(8)]
    for t in ts:
        t.start()
    for t in ts:
        t.join()
    if tell or bad:
        same(bad, [], '2000 connections in a row')


# A sandbox's memory of its own, in KiB: that of the process that has most.
def shared(top):
    most = 0
    for pid in under(top)[0]:
        try:
            with open('/proc/%d/smaps_rollup' % pid) as f:
                for line in f:
                    if line.startswith('Pss_Shmem:'):
                        most = max(most, int(line.split()[1]))
        except OSError:
            pass
    return most


# For long: as much is there at the end as at the start.
def soak():
    s = Sandbox(['-p', '127.0.0.1:0:8000'], SERVER)
    same(s.line(), 'up', 'soak: a server')
    rounds, first, until = 0, 0, time.monotonic() + SOAK
    bad = []
    while time.monotonic() < until and not bad:
        try:
            cs = [s.call() for _ in range(200)]
            vanish(s, cs, rounds)
        except OSError as e:
            bad.append(e)
        rounds += 1
        rate(s, rounds == 1)
        if counted(s, 0) != '0':
            bad.append('connections are left')
        if rounds == 3:
            first = shared(s.p.pid)
    last = shared(s.p.pid)
    same(bad, [], 'soak: rounds')
    ok(last <= first + first // 10 + 4096, 'soak: no memory is lost',
       '%d KiB, then %d' % (first, last))
    s.tell('end')
    same(s.end(), '', 'soak: no errors')


# Outward: connects as fast as they go, then all there is room for.
def outward():
    l = socket.socket()
    l.bind(('127.0.0.1', 0))
    l.listen(1000)
    port = l.getsockname()[1]
    stop = []

    def serve():
        while not stop:
            try:
                c = l.accept()[0]
                c.sendall(b'r')
                c.close()
            except OSError:
                break
    t = threading.Thread(target=serve, daemon=True)
    t.start()
    s = Sandbox(['--allow-net', 'tcp://127.0.0.1:%d' % port], '''
good = 0
for i in range(2000):
    with socket.create_connection(("127.0.0.1", %d)) as c:
        good += c.recv(5) == b"r"
say(good)
''' % port)
    same(s.line(), '2000', '2000 connections to the outside')
    same(s.end(), '', 'outward: no errors')


# As many wait as there is room for, and nobody accepts; then somebody does.
def backlog():
    s = Sandbox(['-p', '127.0.0.1:0:8000'], '''
l = socket.socket()
l.bind(("0.0.0.0", 8000))
l.listen(5)
say("up")
sys.stdin.readline()
for i in range(100):
    c, a = l.accept()
    c.sendall(c.recv(10))
    c.close()
say("done")
''')
    same(s.line(), 'up', 'a small queue')
    cs = [s.call() for _ in range(100)]
    for i, c in enumerate(cs):
        c.sendall(b'%d' % i)
    cpu = least(s.p.pid, 1, 3)
    ok(not select.select(cs, [], [], 0)[0], 'all wait')
    ok(cpu <= 3, 'and it costs nothing', '%d ticks in a second' % cpu)
    s.tell('go')
    good = sum(c.recv(10) == b'%d' % i for i, c in enumerate(cs))
    same(good, 100, 'each is served in the end')
    same(s.line(), 'done', 'in order')
    same(s.end(), '', 'backlog: no errors')


def tables():
    s = Sandbox(['-p', '127.0.0.1:0:8000'], '''
limit(32)
l = socket.socket()
l.bind(("0.0.0.0", 8000))
l.listen(50)
say("up")
cs = []
try:
    while True: cs.append(l.accept()[0])
except OSError as e: say(errno.errorcode[e.errno])
cs.pop().close()
cs.append(l.accept()[0])
say("one more")
cs[0].sendall(b"here")
x = [c.close() for c in cs]
cs = []
n = 0
while n < 20:
    c = l.accept()[0]; c.close(); n += 1
say("others")
''')
    same(s.line(), 'up', 'few descriptors')
    cs = [s.call() for _ in range(60)]
    same(s.line(), 'EMFILE', 'accept: no descriptor is free')
    same(s.line(), 'one more', 'one is')
    same(cs[0].recv(10), b'here', 'it is connected')
    same(s.line(), 'others', 'and others follow')
    for c in cs:
        c.close()
    same(s.end(), '', 'tables: no errors')


# The host's own limit, which sandbox and broker share.
def host_table():
    l = socket.socket()
    l.bind(('127.0.0.1', 0))
    l.listen(1000)
    port = l.getsockname()[1]

    s = Sandbox(['--allow-net', 'tcp://127.0.0.1:%d' % port], '''
cs, why = [], None
try:
    for i in range(1000):
        cs.append(socket.create_connection(("127.0.0.1", %d)))
except OSError as e: why = e.errno
say(len(cs) > 100, why in (errno.EMFILE, errno.ENFILE) or why)
cs[0].sendall(b"alive")
for c in cs[1:]: c.close()
more = [socket.create_connection(("127.0.0.1", %d)) for i in range(50)]
say("again")
''' % (port, port), few)
    same(s.line(), 'True True', 'the host\'s table is full')
    c = l.accept()[0]
    c.settimeout(LONG)
    same(c.recv(10), b'alive', 'what is open works')
    same(s.line(), 'again', 'there is room again')
    same(s.end(), '', 'host\'s table: no errors')


def few():
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))


# The same for who comes from outside: they wait until there is room.
def host_table_in():
    s = Sandbox(['-p', '127.0.0.1:0:8000'], SERVER, few)
    same(s.line(), 'up', 'a server with a small table')
    cs = [s.call() for _ in range(300)]
    for i, c in enumerate(cs):
        c.sendall(b'%d' % i)
    first = [c for c in cs[:50] if select.select([c], [], [], LONG)[0]]
    same(len(first), 50, 'the first are served')
    cpu = least(s.p.pid, 1, 10)
    ok(cpu <= 10, 'the others wait', '%d ticks in a second' % cpu)
    good = 0
    for i, c in enumerate(cs):
        try:
            good += c.recv(10) == b'%d' % i
        except OSError:
            pass
        c.close()
    # Those on their way when the last descriptor went may be lost.
    ok(good > 300 - 16, 'and are served when those have gone', good)
    s.tell('end')
    same(s.end(), '', 'small table: no errors')


def under(top):
    """What is below a process, with it; clock ticks by process."""
    parent, ticks = {}, {}
    for d in os.listdir('/proc'):
        if not d.isdigit():
            continue
        try:
            with open('/proc/%s/stat' % d) as f:
                w = f.read().rsplit(')', 1)[1].split()
        except OSError:
            continue
        parent[int(d)] = int(w[1])
        ticks[int(d)] = int(w[11]) + int(w[12])
    all = []
    for pid in parent:
        p = pid
        while p in parent and p != top:
            p = parent[p]
        if p == top:
            all.append(pid)
    return all, ticks


def used(top):
    all, ticks = under(top)
    return sum(ticks[pid] for pid in all)


def least(pid, seconds, enough):
    """The ticks of a while, once what went before has been worked off."""
    for _ in range(10):
        before = used(pid)
        select.select([], [], [], seconds)
        ticks = used(pid) - before
        if ticks <= enough:
            break
    return ticks


def idle():
    l = socket.socket()
    l.bind(('127.0.0.1', 0))
    l.listen(10)
    port = l.getsockname()[1]
    s = Sandbox(['-p', '127.0.0.1:0:8000', '--allow-net',
                 'tcp://127.0.0.1:%d' % port], '''
import signal, threading
if not os.fork():
    signal.pause()
l = socket.socket()
l.bind(("0.0.0.0", 8000))
l.listen(5)
far = socket.create_connection(("127.0.0.1", %d))
near = socket.socketpair()
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(("127.0.0.1", 0))
signal.setitimer(signal.ITIMER_REAL, 3600)
threading.Thread(target=near[0].recv, args=(1,), daemon=True).start()
threading.Thread(target=u.recv, args=(1,), daemon=True).start()
e = select.epoll()
for s in l, far, u: e.register(s, select.EPOLLIN)
say("up")
c = l.accept()[0]
e.register(c, select.EPOLLIN)
e.poll(0)
say("idle")
e.poll(3000)
''' % port)
    s.line()
    c = s.call()
    same(s.line(), 'idle', 'a program that waits')
    ticks = least(s.p.pid, IDLE, 1)
    ok(used(s.p.pid) > 0 and ticks <= 1, 'it uses no CPU',
       '%d ticks in %d s' % (ticks, IDLE))
    s.p.kill()
    s.p.wait()
    c.close()


parts = [inside, published, outward, backlog, tables, host_table,
         host_table_in, idle]
for part in parts + ([soak] if SOAK else []):
    try:
        part()
    except Exception as e:  # the rest shall run
        ok(False, part.__name__, repr(e))
done()
