# SPDX-License-Identifier: Apache-2.0
# drive-inherited.py: the host's side of t5020-inherited.sh: sockets that
# programs in the sandbox inherit.
#
# usage: drive-inherited.py SBX DIRECTORY
import array
import os
import select
import socket
import subprocess
import sys

from tap import done, ok, same

SBX, TMP = sys.argv[1:3]
LONG = 60
EVENTS = '''
import socket, os, sys, select, errno
def err(f, *a):
    try: return f(*a)
    except OSError as e: return errno.errorcode[e.errno]
'''


def start(options, program, fds=(), env=None, **kw):
    if env is None:
        kw['pass_fds'] = fds
    pipe = {'stdout': subprocess.PIPE, 'stderr': subprocess.STDOUT}
    pipe.update(kw)
    return subprocess.Popen([SBX, '-q'] + options + [
        '--', 'python3', '-c', EVENTS + program],
        universal_newlines=True, env=env, **pipe)


def end(p):
    try:
        return p.communicate(timeout=LONG)[0]
    except subprocess.TimeoutExpired:
        p.kill()
        return p.communicate()[0] + 'too slow'


def tcp_pair():
    l = socket.socket()
    l.bind(('127.0.0.1', 0))
    l.listen(1)
    a = socket.create_connection(l.getsockname(), timeout=LONG)
    b = l.accept()[0]
    l.close()
    return a, b


def all_of(s):
    d = b''
    while True:
        n = s.recv(65536)
        if not n:
            return d
        d += n


# As inetd does it: the connection is standard input and output.
def connection():
    a, b = tcp_pair()
    p = start([], '''
s = socket.socket(fileno=os.dup(0))
say = lambda *a: s.sendall(repr(a).encode() + b"\\n")
say(s.family.name, s.type.name, s.getpeername(), s.getsockname())
say(s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR),
    s.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
say(s.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0)
s.setblocking(False)
say(err(s.recv, 1))
s.setblocking(True)
s.sendall(b"ready\\n")
say(s.recv(3, socket.MSG_PEEK), s.recv(5, socket.MSG_WAITALL))
e = select.epoll(); e.register(s, select.EPOLLIN)
say(e.poll(0))
s.sendall(b"more\\n")
say(len(e.poll()), s.recv(100))
s.settimeout(0.05)
try: s.recv(1); say("?")
except socket.timeout: say("timeout")
s.settimeout(None)
say(err(s.connect, ("127.0.0.1", 9)), err(s.bind, ("127.0.0.1", 0)),
    err(s.listen, 1), err(s.accept))
os.write(1, b"by write\\n")
s.sendall(b"end\\n")
say(s.recv(100), os.read(0, 10))
s.sendall(b"x" * 3000000)
s.shutdown(socket.SHUT_WR)
''', stdin=b, stdout=b, stderr=subprocess.PIPE)
    b.close()
    f = a.makefile('rb')

    def line():
        return f.readline().decode().strip()
    same(line(), repr(('AF_INET', 'SOCK_STREAM', a.getsockname(),
                       a.getpeername())), 'a connection: its names')
    same(line(), '(0, 0)', 'its options')
    same(line(), '(True,)', 'they can be set')
    same(line(), "('EAGAIN',)", 'it does not block if asked to')
    line()
    a.sendall(b'hello')
    same(line(), "(b'hel', b'hello')", 'a look, and all of it')
    same(line(), '([],)', 'epoll: nothing')
    line()
    a.sendall(b'again')
    same(line(), "(1, b'again')", 'epoll: something')
    same(line(), "('timeout',)", 'a timeout')
    same(line(), "('EISCONN', 'EINVAL', 'EINVAL', 'EINVAL')",
         'it goes nowhere else')
    same(line(), 'by write', 'write of another descriptor')
    line()
    a.sendall(b'last')
    a.shutdown(socket.SHUT_WR)
    same(line(), "(b'last', b'')", 'the end comes')
    rest = f.read()
    ok(rest == b'x' * 3000000, 'much, then its end', len(rest))
    p.communicate(timeout=LONG)
    same(p.returncode, 0, 'inetd: exit status')
    a.close()


# A pair, of which the host keeps the flags: they are shared with it.
def pair():
    a, b = socket.socketpair()
    p = start(['--pass-fd', str(b.fileno())], '''
s = socket.socket(fileno=%d)
s.setblocking(False)
n = 0
try:
    while True: n += s.send(b"y" * 5000)
except BlockingIOError: pass
r, w, x = select.select([], [s], [], 0)
print(s.family.name, s.type.name, repr(s.getpeername()))
print(n > 10000, len(w), flush=True)
s.setblocking(True)
s.sendall(b"!")
print(s.recv(9), s.recv(9))
try: s.sendall(b"z"); print("?")
except BrokenPipeError: print("broken")
''' % b.fileno(), fds=[b.fileno()])
    same(p.stdout.readline() + p.stdout.readline(),
         "AF_UNIX SOCK_STREAM ''\nTrue 0\n", 'a pair, passed, full')
    ok(b.getblocking(), 'its flags stay')
    d = b''
    while not d.endswith(b'!'):
        d += a.recv(65536)
    ok(set(d[:-1]) == {ord('y')}, 'all of what was sent')
    a.sendall(b'yes')
    a.close()
    b.close()
    same(end(p), "b'yes' b''\nbroken\n", 'its end')


SERVER = '''
s = socket.socket(fileno=3)
print(s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN), err(s.listen, 5))
s.setblocking(False)
print(err(s.accept), flush=True)
e = select.epoll(); e.register(s, select.EPOLLIN)
for i in range(3):
    e.poll()
    c, a = s.accept()
    c.setblocking(True)
    c.sendall(c.recv(100) + b" from " + repr(a).encode())
    print(c.recv(1), flush=True)
    c.close()
s.setblocking(True)
for i in range(50):
    c, a = s.accept()
    c.sendall(c.recv(100))
    c.close()
print(os.environ.get("LISTEN_PID") == str(os.getpid()),
      os.environ.get("LISTEN_FDS"))
'''


# As systemd does it: from 3 on, for the process that LISTEN_PID names.
def activated(l, family):
    def child():
        os.dup2(l.fileno(), 3)
        os.set_inheritable(3, True)
        os.environ['LISTEN_PID'] = str(os.getpid())
        os.environ['LISTEN_FDS'] = '1'
        os.execv(SBX, [SBX, '-q', '--', 'python3', '-c', EVENTS + SERVER])
    r, w = os.pipe()
    pid = os.fork()
    if not pid:
        os.dup2(w, 1)
        child()
    os.close(w)
    out = os.fdopen(r)
    name = l.getsockname()
    same(out.readline() + out.readline(), '1 None\nEAGAIN\n',
         family + ': who listens was passed')

    def call(text):
        c = socket.socket(l.family)
        c.settimeout(LONG)
        c.connect(name)
        c.sendall(text)
        return c
    for i in range(3):
        c = call(b'hello')
        same(c.recv(100), b'hello from ' + repr(c.getsockname()).encode(),
             '%s: connection %d' % (family, i))
        c.shutdown(socket.SHUT_WR)
        same(out.readline(), "b''\n", '%s: its end %d' % (family, i))
        c.close()
    good = 0
    calls = [call(b'%d' % i) for i in range(50)]
    for i, c in enumerate(calls):
        good += c.recv(10) == b'%d' % i
    same(good, 50, family + ': 50 at once')
    same(out.readline(), 'True 1\n', family + ': LISTEN_PID is the program')
    os.waitpid(pid, 0)
    c = call(b'later')
    ok(not select.select([c], [], [], 0.2)[0], family +
       ': who comes later waits for the next')
    n = l.accept()[0]
    same(n.recv(10), b'later', family + ': it is still the parent\'s')


def listeners():
    l = socket.socket()
    l.bind(('127.0.0.1', 0))
    l.listen(100)
    activated(l, 'TCP')
    l.close()
    l = socket.socket(socket.AF_UNIX)
    l.bind(TMP + '/listens')
    l.listen(100)
    activated(l, 'AF_UNIX')


def datagrams():
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    u.bind(('127.0.0.1', 0))
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    other.bind(('127.0.0.1', 0))
    p = start(['--pass-fd', str(u.fileno())], '''
s = socket.socket(fileno=%d)
print(s.getsockname()[1] == %d, err(s.recvfrom, 9, socket.MSG_DONTWAIT))
print(err(s.sendto, b"x", ("127.0.0.1", %d)), flush=True)
for i in range(3):
    d, a = s.recvfrom(4 if i == 1 else 2000, socket.MSG_PEEK)
    d, a = s.recvfrom(4 if i == 1 else 2000)
    s.sendto(b"<" + d + b">", a)
print(err(s.connect, ("127.0.0.1", %d)))
''' % (u.fileno(), u.getsockname()[1], other.getsockname()[1],
       other.getsockname()[1]), fds=[u.fileno()])
    same(p.stdout.readline(), 'True EAGAIN\n', 'datagrams: a bound socket')
    same(p.stdout.readline(), 'EACCES\n', 'not to others')
    c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    c.settimeout(LONG)
    for d, want in (b'one', b'<one>'), (b'longer', b'<long>'), (b'', b'<>'):
        c.sendto(d, u.getsockname())
        same(c.recv(100), want, 'a datagram of %d bytes' % len(d))
    same(end(p), 'EACCES\n', 'nor by connect')
    ok(not select.select([other], [], [], 0)[0], 'and nobody got one')
    a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    p = start(['--pass-fd', str(b.fileno())], '''
s = socket.socket(fileno=%d)
print(s.type.name, s.recv(100), s.recv(2), s.send(b"back"), s.recv(9))
r, w = os.pipe()
print(err(s.sendmsg, [b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
    r.to_bytes(4, "little"))]))
''' % b.fileno(), fds=[b.fileno()])
    a.send(b'first')
    fds = array.array('i', [0])
    a.sendmsg([b'second'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
    same(a.recv(100), b'back', 'messages')
    a.shutdown(socket.SHUT_WR)
    same(end(p), "SOCK_SEQPACKET b'first' b'se' 4 b''\nENOTSUP\n",
         'no descriptors come or go')


# Two sandboxes have the same socket: each connection is one's alone.
def shared():
    l = socket.socket()
    l.bind(('127.0.0.1', 0))
    l.listen(100)
    program = '''
s = socket.socket(fileno=%d)
while True:
    c, a = s.accept()
    d = c.recv(10)
    c.sendall(d)
    if d == b"stop": break
''' % l.fileno()
    both = [start(['--pass-fd', str(l.fileno())], program, fds=[l.fileno()])
            for _ in range(2)]
    good = 0

    def call(text):
        c = socket.create_connection(l.getsockname(), timeout=LONG)
        c.sendall(text)
        return c.recv(10) == text
    for _ in range(100):
        good += call(b'go')
    same(good, 100, 'shared by two sandboxes')
    call(b'stop')
    call(b'stop')
    same([end(p) for p in both], ['', ''], 'both end')


for part in connection, pair, listeners, datagrams, shared:
    try:
        part()
    except Exception as e:  # the rest shall run
        ok(False, part.__name__, repr(e))
done()
