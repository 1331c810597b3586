# SPDX-License-Identifier: Apache-2.0
# name-server.py: a small server of DNS for tests, at 127.0.0.1 over UDP and
# TCP.  It prints its port, and one where nobody answers and nobody else can be;
# each question goes to a file as "PROTO TYPE name".
#
# usage: name-server.py LOG
import socket
import struct
import sys
import threading

A, CNAME, AAAA, OPT = 1, 5, 28, 41
TYPES = {A: 'A', CNAME: 'CNAME', AAAA: 'AAAA'}
ZONE = 'sbx.test'
FAR = '10.255.7.%d'
RECORDS = {
    'both': [(A, FAR % 1), (A, FAR % 2), (AAAA, '2001:db8::1')],
    'four': [(A, FAR % 4)],
    'six': [(AAAA, '2001:db8::6')],
    'chain': [(CNAME, 'middle')],
    'middle': [(CNAME, 'four')],
    'leads-to-loopback': [(CNAME, 'loopback')],
    'loopback': [(A, '127.0.0.1')],
    'mixed': [(A, FAR % 9), (A, '169.254.169.254')],
    'translated': [(AAAA, '64:ff9b::7f00:1')],
    # In 512 bytes there is room for some 16 of them, in 1232 for 40.
    'some': [(A, FAR % i) for i in range(100, 130)],
    'many': [(A, FAR % i) for i in range(100, 200)],
}
log = open(sys.argv[1], 'a')
lock = threading.Lock()
seen = {}


def wire(name):
    return b''.join(bytes([len(w)]) + w.encode()
                    for w in name.split('.')) + b'\0'


def record(name, kind, data):
    return wire(name) + struct.pack('>HHIH', kind, 1, 5, len(data)) + data


def chase(name, kind):
    """The records for a name of the zone; None: it does not exist."""
    if name not in RECORDS:
        return None
    out = []
    for k, value in RECORDS[name]:
        full = name + '.' + ZONE
        if k == CNAME:
            out.append(record(full, k, wire(value + '.' + ZONE)))
            if kind != CNAME:
                out += chase(value, kind)
        elif k == kind:
            family = socket.AF_INET if k == A else socket.AF_INET6
            out.append(record(full, k, socket.inet_pton(family, value)))
    return out


def reply(q, proto):
    i, labels = 12, []
    while q[i]:
        labels.append(q[i + 1:i + 1 + q[i]].decode().lower())
        i += q[i] + 1
    kind = struct.unpack('>H', q[i + 1:i + 3])[0]
    end, room, extra = i + 5, 512, b''
    if struct.unpack('>H', q[10:12])[0]:
        assert struct.unpack('>H', q[end + 1:end + 3])[0] == OPT
        room = max(512, struct.unpack('>H', q[end + 3:end + 5])[0])
        extra = b'\0' + struct.pack('>HHIH', OPT, 1232, 0, 0)
    name = '.'.join(labels)
    with lock:
        log.write('%s %s %s\n' % (proto, TYPES.get(kind, kind), name))
        log.flush()
        n = seen[name, kind] = seen.get((name, kind), 0) + 1
    host = name[:-len(ZONE) - 1]
    found = chase(host, kind)
    if host == 'turns':             # another address each time, then bad
        ip = FAR % (20 + n) if n < 3 else '127.0.0.1'
        found = [record(name, A, socket.inet_aton(ip))] if kind == A else []
    elif host.startswith('lossy'):  # what came first is lost
        if n == 1 and proto == 'udp':
            return None
        found = [record(name, A, socket.inet_aton(FAR % 5))] * (kind == A)
    elif host == 'fails':
        return q[:2] + b'\x81\x82\0\1\0\0\0\0\0\0' + q[12:end]
    code = b'\x81\x83' if found is None else b'\x81\x80'
    found = found or []
    if proto == 'udp':
        fit = len(found)
        while end + sum(map(len, found[:fit])) + len(extra) > room:
            fit -= 1
            code = b'\x83\x80'      # cut short
        found = found[:fit]
    return (q[:2] + code + b'\0\1' +
            struct.pack('>HHH', len(found), 0, bool(extra)) + q[12:end] +
            b''.join(found) + extra)


def stream(c):
    with c:
        f = c.makefile('rb')
        while True:
            n = f.read(2)
            if len(n) < 2:
                break
            a = reply(f.read(struct.unpack('>H', n)[0]), 'tcp')
            # In pieces, as a network may bring them.
            c.sendall(struct.pack('>H', len(a)) + a[:9])
            c.sendall(a[9:])


def streams(t):
    while True:
        threading.Thread(target=stream, args=(t.accept()[0],),
                         daemon=True).start()


def bound():
    while True:
        u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        u.bind(('127.0.0.1', 0))
        t = socket.socket()
        try:
            t.bind(u.getsockname())
        except OSError:
            continue
        return u, t


u, t = bound()
t.listen(100)
threading.Thread(target=streams, args=(t,), daemon=True).start()
# To who sends from elsewhere a connected socket is none.
nobody = bound()
nobody[0].connect(nobody[0].getsockname())
print(u.getsockname()[1], nobody[0].getsockname()[1], flush=True)
while True:
    q, a = u.recvfrom(4096)
    r = reply(q, 'udp')
    if r:
        u.sendto(r, a)
