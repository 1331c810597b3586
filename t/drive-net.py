# SPDX-License-Identifier: Apache-2.0
# drive-net.py: the host's side of t5000-outward.sh: servers on the loopback,
# programs in the sandbox that reach them, or must not.
#
# usage: drive-net.py SBX DIRECTORY
import errno
import os
import select
import socket
import struct
import subprocess
import sys
import threading

from tap import done, ok

SBX, TMP = sys.argv[1:3]
LONG = 60


def sbx(options, program, **kw):
    return subprocess.run([SBX, '-q'] + options + ['--', 'python3', '-c',
                                                   program],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=LONG, universal_newlines=True, **kw).stdout


def listen(kind=socket.SOCK_STREAM, family=socket.AF_INET):
    s = socket.socket(family, kind)
    s.bind(('127.0.0.1' if family == socket.AF_INET else '::1', 0))
    if kind == socket.SOCK_STREAM:
        s.listen(200)
    return s, s.getsockname()[1]


def echo_tcp(s):
    def one(c):
        try:
            while True:
                d = c.recv(65536)
                if not d:
                    break
                c.sendall(d)
        except OSError:
            pass
        c.close()
    while True:
        c = s.accept()[0]
        threading.Thread(target=one, args=(c,), daemon=True).start()


def echo_udp(s):
    while True:
        d, a = s.recvfrom(65536)
        s.sendto(d, a)


def thread(fn, *args):
    threading.Thread(target=fn, args=args, daemon=True).start()


def untouched(s):
    """Has nobody come to a socket that listens, or got datagrams?"""
    return not select.select([s], [], [], 0)[0]


# A server of DNS.
asked, held = [], []


def name_server(s):
    while True:
        q, a = s.recvfrom(2000)
        i, labels = 12, []
        while q[i]:
            labels.append(q[i + 1:i + 1 + q[i]].decode())
            i += q[i] + 1
        name = '.'.join(labels).lower()
        kind, end, answer = struct.unpack('>H', q[i + 1:i + 3])[0], i + 5, b''
        asked.append(name)
        if name.startswith('late'):     # not before the others have asked
            held.append((s, q, a, end))
            continue
        if kind == 1:
            ip = '127.0.0.1' if name.startswith('evil') else '10.255.7.7'
            answer = (b'\xc0\x0c\0\1\0\1\0\0\0\5\0\4' + socket.inet_aton(ip))
        s.sendto(q[:2] + b'\x81\x80\0\1' + (b'\0\1' if answer else b'\0\0') +
                 b'\0\0\0\0' + q[12:end] + answer, a)


def name_late():
    for s, q, a, end in held:
        s.sendto(q[:2] + b'\x81\x80\0\1\0\1\0\0\0\0' + q[12:end] +
                 b'\xc0\x0c\0\1\0\1\0\0\0\5\0\4\x0a\xff\7\7', a)


# What a guest needs: an attempt, as its errno's name or what came of it.
GUEST = '''
import socket, errno, sys, os, select
def name(e): return errno.errorcode.get(e.errno, str(e))
def tcp(ip, port, data=b"hello", family=socket.AF_INET):
    s = socket.socket(family)
    try:
        s.connect((ip, port))
        s.sendall(data)
        got = b""
        while len(got) < len(data):
            d = s.recv(65536)
            if not d: break
            got += d
        return "same" if got == data else "other"
    except OSError as e:
        return name(e)
    finally:
        s.close()
'''


def outward():
    tcp, port = listen()
    thread(echo_tcp, tcp)
    shut, other = listen()
    allow = ['--allow-net', 'tcp://127.0.0.1:%d' % port]
    out = sbx(allow, GUEST + '''
print(tcp("127.0.0.1", %d), tcp("127.0.0.1", %d, b"y" * 60000))
print(tcp("127.0.0.1", %d), tcp("127.0.0.2", %d), tcp("10.255.1.1", %d))
print(tcp("::ffff:127.0.0.1", %d, family=socket.AF_INET6),
      tcp("::ffff:10.255.1.1", 80, family=socket.AF_INET6))
''' % (port, port, other, port, port, port))
    ok(out.split() == ['same', 'same', 'ECONNREFUSED', 'ECONNREFUSED',
                       'EACCES', 'same', 'EACCES'],
       'a granted port of the loopback, and nothing else', out)
    ok(untouched(shut), 'nobody came to the other port')
    out = sbx([], GUEST + '''
print(tcp("127.0.0.1", %d), tcp("10.255.1.1", %d))
''' % (port, port))
    ok(out.split() == ['ECONNREFUSED', 'ENETUNREACH'],
       'without a network there is none', out)
    out = sbx(['--trace=connect'] + allow, GUEST +
              'print(tcp("10.255.1.1", 81))')
    ok('--allow-net tcp://10.255.1.1:81 would allow it' in out,
       'the trace says what would allow it', out)
    out = sbx(allow, GUEST + '''
s = socket.socket(); s.setblocking(False)
r = s.connect_ex(("127.0.0.1", %d))
assert r in (0, errno.EINPROGRESS), r
select.select([], [s], [])
assert s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
assert s.getpeername() == ("127.0.0.1", %d)
assert s.getsockname()[0] == "127.0.0.1" and s.getsockname()[1]
s.send(b"abc")
p = select.poll(); p.register(s, select.POLLIN)
assert p.poll()[0][1] & select.POLLIN
assert s.recv(10, socket.MSG_PEEK) == b"abc" and s.recv(2) == b"ab"
assert s.recv(10) == b"c"
try: s.recv(1); print("data")
except BlockingIOError: pass
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
s.sendmsg([b"one", b"two", b"three"])
s.setblocking(True)
assert s.recv(11, socket.MSG_WAITALL) == b"onetwothree"
s.shutdown(socket.SHUT_WR)
assert s.recv(1) == b""
e = select.epoll()
a = socket.create_connection(("127.0.0.1", %d))
e.register(a, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
assert e.poll() == [(a.fileno(), select.EPOLLOUT)], "out"
assert e.poll(0.2) == [], "an edge is told once"
a.send(b"z")
assert e.poll()[0][1] & select.EPOLLIN
assert e.poll(0.2) == []
a.recv(1)
e.modify(a, select.EPOLLIN)
assert e.poll(0.1) == []
a.send(b"zz")
assert e.poll() == [(a.fileno(), select.EPOLLIN)]
assert e.poll() == [(a.fileno(), select.EPOLLIN)], "level"
a.recv(1)
assert e.poll() == [(a.fileno(), select.EPOLLIN)], "level"
a.recv(1)
assert e.poll(0.1) == []
a.shutdown(socket.SHUT_WR)
assert e.poll()[0][1] & select.EPOLLIN
assert a.recv(1) == b""
try: socket.create_connection(("127.0.0.1", %d)); print("open")
except ConnectionRefusedError: pass
print("fine")
''' % (port, port, port, other + 0))
    ok(out == 'fine\n', 'options, events and half-closing', out)
    dead, gone = listen()
    dead.close()
    out = sbx(['--allow-net', '127.0.0.1:%d' % gone], GUEST + '''
print(tcp("127.0.0.1", %d))
s = socket.socket(); s.setblocking(False)
s.connect_ex(("127.0.0.1", %d))
p = select.poll(); p.register(s, select.POLLOUT)
p.poll()
print(errno.errorcode.get(s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)))
''' % (gone, gone))
    ok(out.split() == ['ECONNREFUSED', 'ECONNREFUSED'],
       'a granted port where nobody is', out)


def corked():
    """Small pieces may wait, and nothing is lost or out of order."""
    tcp, port = listen()
    thread(echo_tcp, tcp)
    out = sbx(['--allow-net', 'tcp://127.0.0.1:%d' % port], GUEST + '''
import random, threading
CORK = socket.IPPROTO_TCP, socket.TCP_CORK
s = socket.create_connection(("127.0.0.1", %d))
r = random.Random(7)
sent = b""
got = bytearray()
def read():
    while True:
        d = s.recv(65536)
        if not d: break
        got.extend(d)
t = threading.Thread(target=read); t.start()
for i in range(400):
    d = bytes(r.randrange(256) for j in range(r.choice([1, 9, 700, 4000,
                                                         4001, 20000])))
    s.setsockopt(*CORK, r.randrange(2))
    s.sendall(d, r.choice([0, 0, socket.MSG_MORE]))
    sent += d
s.setsockopt(*CORK, 1)
s.send(b"last"); sent += b"last"
s.shutdown(socket.SHUT_WR)
t.join()
print(bytes(got) == sent)
s = socket.create_connection(("127.0.0.1", %d))
s.setsockopt(*CORK, 1)
assert s.getsockopt(*CORK) == 1
s.send(b"ab"); s.send(b"c")
print(s.recv(3, socket.MSG_WAITALL))     # it sleeps, so it sends
s.send(b"de", socket.MSG_MORE)
s.setsockopt(*CORK, 0)
print(s.recv(2, socket.MSG_WAITALL))
s.setblocking(False)
s.setsockopt(*CORK, 1)
n = 0
try:
    while True: n += s.send(b"x" * 1000)
except BlockingIOError: pass
p = select.poll(); p.register(s, select.POLLIN)
have = 0
while have < n:
    p.poll()
    have += len(s.recv(65536))
print(have == n)
''' % (port, port))
    ok(out.split() == ['True', "b'abc'", "b'de'", 'True'],
       'corks, of bytes and of sockets', out)
    tcp, port = listen()
    sbx(['--allow-net', 'tcp://127.0.0.1:%d' % port], GUEST + '''
s = socket.create_connection(("127.0.0.1", %d))
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
s.send(b"parting")
os._exit(0)
''' % port)
    c = tcp.accept()[0]
    c.settimeout(LONG)
    got = b''
    while len(got) < 7:
        d = c.recv(10)
        if not d:
            break
        got += d
    ok(got == b'parting', 'what is held is sent at the end', got)


def datagrams():
    udp, port = listen(socket.SOCK_DGRAM)
    thread(echo_udp, udp)
    shut, other = listen(socket.SOCK_DGRAM)
    out = sbx(['--allow-net', 'udp://127.0.0.1:%d' % port], GUEST + '''
a = ("127.0.0.1", %d)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(a); s.send(b"one"); print(s.recv(10))
s.send(b"123456"); print(s.recvfrom(3)[0] == b"123")
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.sendto(b"two", a); print(u.recvfrom(10) == (b"two", a))
u.sendmsg([b"th", b"ree"], [], 0, a); print(u.recvfrom(10)[0])
for to in ("127.0.0.1", %d), ("10.255.1.1", %d), ("224.0.0.1", 9):
    try: u.sendto(b"no", to); print("sent")
    except OSError as e: print(name(e))
s.sendto(b"four", a); print(s.recv(10))
try: s.sendto(b"no", ("10.255.1.1", 53)); print("sent")
except OSError as e: print(name(e))
''' % (port, other, port))
    ok(out.split() == ["b'one'", 'True', 'True', "b'three'", 'sent', 'EACCES',
                       'EACCES', "b'four'", 'EACCES'],
       'datagrams, connected and not', out)
    ok(untouched(shut), 'none went to the other port')


def names():
    dns, port = listen(socket.SOCK_DGRAM)
    thread(name_server, dns)
    out = sbx(['--allow-net', 'tcp://*.example.com:443',
               '--dns', '127.0.0.1:%d' % port], GUEST + '''
def look(n):
    try: return socket.getaddrinfo(n, 443, socket.AF_INET, socket.SOCK_STREAM)[0][4][0]
    except socket.gaierror as e: return "none"
def connect(ip, port):
    s = socket.socket(); s.setblocking(False)
    return errno.errorcode.get(s.connect_ex((ip, port))) == "EACCES"
print(connect("10.255.7.7", 443))
print(look("www.example.com"), look("other.org"), look("evil.example.com"))
print(connect("10.255.7.7", 443), connect("10.255.7.7", 80),
      connect("10.255.7.8", 443))
''')
    ok(out.split() == ['True', '10.255.7.7', 'none', 'none', 'False', 'True',
                       'True'],
       'what a granted name is may be connected, and that alone', out)
    ok('other.org' not in asked and 'www.example.com' in asked,
       'no server hears of other names', asked)


def merged():
    dns, port = listen(socket.SOCK_DGRAM)
    thread(name_server, dns)
    p = subprocess.Popen(
        [SBX, '-q', '--allow-net', 'tcp://*.example.com:443', '--dns',
         '127.0.0.1:%d' % port, '--', 'python3', '-c', '''
import socket, sys
def ask(n):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(("127.0.0.53", 53))
    name = "late.example.com" if n % 2 else "LATE.example.com"
    s.send(bytes([n, 99]) + b"\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0" +
           b"".join(bytes([len(w)]) + w.encode() for w in name.split(".")) +
           b"\\0\\0\\1\\0\\1")
    return s, n, name
all = [ask(n) for n in range(10)]
print("asked", flush=True)
sys.stdin.readline()
good = 0
for s, n, name in all:
    d = s.recv(1000)
    good += (d[:2] == bytes([n, 99]) and d[13:17] == name[:4].encode() and
             d[-4:] == b"\\x0a\\xff\\7\\7")
print(good)
'''], stdin=subprocess.PIPE, stdout=subprocess.PIPE, universal_newlines=True)
    p.stdout.readline()
    for _ in range(LONG * 20):
        if held:
            break
        select.select([], [], [], 0.05)
    select.select([], [], [], 0.5)
    p.stdin.write('\n')
    p.stdin.flush()
    for _ in range(LONG * 5):
        name_late()
        if p.poll() is not None:
            break
        select.select([], [], [], 0.2)
    out = p.communicate(timeout=LONG)[0]
    # A loaded machine may be later than the second in which they join.
    ok(out == '10\n' and 1 <= len(held) < 10,
       'equal questions go out once', (out, len(held)))


HOSTILE = GUEST + '''
import ctypes, struct
libc = ctypes.CDLL(None, use_errno=True)
places = [("127.0.0.1", P), ("127.1.2.3", P), ("0.0.0.0", P),
          ("255.255.255.255", P), ("224.0.0.251", P), ("169.254.169.254", 80),
          ("10.255.1.1", P), ("240.0.0.1", P)]
six = [("::1", P), ("::", P), ("::ffff:127.0.0.1", P), ("::127.0.0.1", P),
       ("fe80::1", P, 0, 1), ("ff02::1", P, 0, 1), ("::ffff:10.255.1.1", P),
       ("64:ff9b::7f00:1", P)]
def each():
    for family, list in (socket.AF_INET, places), (socket.AF_INET6, six):
        for a in list:
            for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
                yield family, kind, a
def sockaddr(family, a):
    if family == socket.AF_INET:
        return struct.pack("=H", family) + struct.pack(">H", a[1]) + \\
            socket.inet_aton(a[0]) + bytes(8)
    return struct.pack("=H", family) + struct.pack(">HI", a[1], 0) + \\
        socket.inet_pton(family, a[0]) + struct.pack("=I", (a + (0, 0))[3])
def attempt(fn, *args):
    try: fn(*args)
    except OSError: pass
def new(family, kind):
    s = socket.socket(family, kind)
    s.settimeout(0.05)
    return s
for family, kind, a in each():
    attempt(new(family, kind).connect, a)
    attempt(new(family, kind).sendto, b"x", a)
    attempt(new(family, kind).sendto, b"x", socket.MSG_FASTOPEN, a)
    attempt(new(family, kind).sendmsg, [b"x"], [], 0, a)
    attempt(new(family, kind).bind, a)
    name_ = sockaddr(family, a)
    buf = ctypes.create_string_buffer(name_)
    vec = ctypes.create_string_buffer(struct.pack("QQ", ctypes.addressof(buf), 1))
    msg = ctypes.create_string_buffer(struct.pack(
        "QIIQQQQIIII", ctypes.addressof(buf), len(name_), 0,
        ctypes.addressof(vec), 1, 0, 0, 0, 0, 0, 0))
    libc.sendmmsg(new(family, kind).fileno(), msg, 1, 0)
    # One that has an outside already, and turns elsewhere.
    if G:
        s = new(socket.AF_INET6 if family == socket.AF_INET6 else family, kind)
        attempt(s.connect, ("::ffff:127.0.0.1" if family == socket.AF_INET6
                            else "127.0.0.1", G))
        attempt(s.connect, a)
        attempt(s.sendto, b"x", a)
        attempt(s.sendmsg, [b"x"], [], 0, a)
        libc.sendmmsg(s.fileno(), msg, 1, 0)
        libc.connect(s.fileno(), struct.pack("=H", 0) + bytes(14), 16)
        attempt(s.connect, a)
        attempt(s.bind, a)
        if kind == socket.SOCK_STREAM: attempt(s.listen, 5)
for family, kind in (socket.AF_INET, socket.SOCK_RAW), (socket.AF_PACKET, socket.SOCK_RAW):
    try: socket.socket(family, kind, 1); print("raw")
    except OSError: pass
print("done")
'''


def hostile():
    traps = [listen(k, f) for f in (socket.AF_INET, socket.AF_INET6)
             for k in (socket.SOCK_STREAM, socket.SOCK_DGRAM)
             if f == socket.AF_INET or socket.has_ipv6]
    good, port = listen()
    thread(echo_tcp, good)
    for options, granted in ([], 0), (['--allow-net', '127.0.0.1:%d' % port,
                                       '--allow-net', '0.0.0.0/0:1-2'], port):
        for s, trap in traps:
            out = sbx(options, HOSTILE.replace('P)', '%d)' % trap).replace(
                'P, ', '%d, ' % trap).replace('if G:', 'if %d:' % granted)
                .replace(', G))', ', %d))' % granted))
            if out != 'done\n':
                ok(False, 'a guest tries all calls', out)
                return
    ok(all(untouched(s) for s, _ in traps),
       'what was not granted was reached by no call')


def published():
    out = {}
    server = '''
import asyncio, socket
class Echo(asyncio.DatagramProtocol):
    def connection_made(self, t): self.t = t
    def datagram_received(self, d, a): self.t.sendto(b"<" + d + b">", a)
async def talk(r, w):
    me = repr(w.get_extra_info("peername"))
    while True:
        d = await r.read(1000)
        if not d: break
        w.write(b"<" + d + b">" if d != b"who" else me.encode())
        await w.drain()
    w.close()
async def main():
    await asyncio.get_running_loop().create_datagram_endpoint(
        Echo, local_addr=("0.0.0.0", 53))
    s = await asyncio.start_server(talk, "127.0.0.1", 8000)
    print("up", flush=True)
    async with s: await s.serve_forever()
asyncio.run(main())
'''
    p = subprocess.Popen([SBX, '-u', '0', '-p', '127.0.0.1:0:8000', '-p',
                          '127.0.0.1:0:53/udp', '--', 'python3', '-c',
                          server], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, universal_newlines=True)
    try:
        for _ in range(2):
            words = p.stderr.readline().split()
            out[words[2]] = int(words[-1])
        assert p.stdout.readline() == 'up\n', p.stderr.read()
        talk(out['8000'], out['53'])
    finally:
        p.kill()
        p.wait()


def talk(port, udp):
    socks = [socket.create_connection(('127.0.0.1', port), timeout=LONG)
             for _ in range(60)]
    good = True
    for _ in range(5):
        for i, s in enumerate(socks):
            s.sendall(b'%d' % i)
        for i, s in enumerate(socks):
            d = b''
            while not d.endswith(b'>'):
                d += s.recv(100) or b'>'
            good = good and d == b'<%d>' % i
    ok(good, 'a server inside, with 60 clients outside')
    socks[0].sendall(b'who')
    ok(socks[0].recv(100).decode() == repr(socks[0].getsockname()),
       'it knows the address of its client')
    for s in socks:
        s.shutdown(socket.SHUT_WR)
    ok(all(s.recv(1) == b'' for s in socks), 'it sees their ends')
    short = True
    for i in range(200):
        s = socket.create_connection(('127.0.0.1', port), timeout=LONG)
        s.sendall(b'x')
        short = short and s.recv(10) == b'<x>'
        s.close()
    ok(short, '200 short connections')
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(LONG)
    s.connect(('127.0.0.1', udp))
    s.send(b'ping')
    ok(s.recv(10) == b'<ping>', 'datagrams to a published port')


def watched_again():
    """What came while a socket was in no epoll is told when it is in again."""
    server = '''
import select, socket, sys
l = socket.create_server(("127.0.0.1", 8000))
print("up", flush=True)
e = select.epoll()
a, b = l.accept()[0], l.accept()[0]
for i in range(3):
    e.register(a, select.EPOLLIN)
    print(e.poll(60) == [(a.fileno(), select.EPOLLIN)], a.recv(10), flush=True)
    e.unregister(a)
    b.sendall(b"next")
    p = select.poll()
    p.register(a, select.POLLIN)
    p.poll(60000)
    print(e.poll(0), flush=True)
e.register(a, select.EPOLLIN | select.EPOLLONESHOT)
print(len(e.poll(60)), len(e.poll(0)), a.recv(10))
e.unregister(a)
e.register(a, select.EPOLLIN)
print(e.poll(0))
b.sendall(b"over")
'''
    p = subprocess.Popen([SBX, '-p', '127.0.0.1:0:8000', '--', 'python3', '-c',
                          server], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, universal_newlines=True)
    try:
        port = int(p.stderr.readline().split()[-1])
        assert p.stdout.readline() == 'up\n', p.stderr.read()
        a, b = [socket.create_connection(('127.0.0.1', port), timeout=LONG)
                for _ in range(2)]
        a.sendall(b'0')
        n = 0
        while b.recv(4) == b'next':
            n += 1
            a.sendall(b'%d' % n)
        out = p.stdout.read()
        ok(out == "True b'0'\n[]\nTrue b'1'\n[]\nTrue b'2'\n[]\n"
           "1 0 b'3'\n[]\n", 'a socket in an epoll again', out)
    finally:
        p.kill()
        p.wait()


def two_listen():
    """Two sockets at one published port: of two families, or of a group."""
    server = '''
import select, socket
def at(ip, port, family=socket.AF_INET):
    s = socket.socket(family)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, ip == "0.0.0.0")
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind((ip, port))
    s.listen(50)
    return s
all = [at("::1", 8000, socket.AF_INET6), at("127.0.0.1", 8000),
       at("0.0.0.0", 8001), at("0.0.0.0", 8001)]
print("up", flush=True)
n = 0
while True:
    for s in select.select(all, [], [])[0]:
        c = s.accept()[0]
        n += 1
        # One of the group goes, before anybody comes to it.
        if n == 40:
            all.pop().close()
        c.sendall(str(c.getpeername()[0]).encode())
        c.close()
'''
    p = subprocess.Popen([SBX, '-p', '127.0.0.1:0:8000', '-p',
                          '127.0.0.1:0:8001', '--', 'python3', '-c', server],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         universal_newlines=True)
    try:
        ports = [int(p.stderr.readline().split()[-1]) for _ in range(2)]
        assert p.stdout.readline() == 'up\n', p.stderr.read()
        for i in range(2):
            got = set()
            for _ in range(40):
                s = socket.create_connection(('127.0.0.1', ports[i]), LONG)
                got.add(s.recv(100))
                s.close()
            ok(got == {b'127.0.0.1'}, 'two listen at a published port, and '
               'one of them goes' if i else 'of IPv4 and IPv6', got)
    finally:
        p.kill()
        p.wait()


def published6():
    """A port of an address of IPv6, and of that one alone."""
    try:
        listen(family=socket.AF_INET6)[0].close()
    except OSError:
        return  # the host has none
    server = '''
import socket
s = socket.socket(socket.AF_INET6)
s.bind(("::", 8000))
s.listen(5)
print("up", flush=True)
while True:
    c = s.accept()[0]
    c.sendall(c.getpeername()[0].encode())
    c.close()
'''
    p = subprocess.Popen([SBX, '-p', '[::1]:0:8000', '--', 'python3', '-c',
                          server], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, universal_newlines=True)
    try:
        port = int(p.stderr.readline().split()[-1])
        assert p.stdout.readline() == 'up\n', p.stderr.read()
        got = []
        for _ in range(3):
            s = socket.create_connection(('::1', port), LONG)
            got.append(s.recv(100))
            s.close()
        ok(got == [b'::1'] * 3, 'a port published at an address of IPv6', got)
    finally:
        p.kill()
        p.wait()


for part in (outward, corked, datagrams, names, merged, hostile, published,
             watched_again, two_listen, published6):
    try:
        part()
    except Exception as e:  # the rest shall run
        ok(False, part.__name__, repr(e))
done()
