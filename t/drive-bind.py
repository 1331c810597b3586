# SPDX-License-Identifier: Apache-2.0
# drive-bind.py: the host's side of t5041-bind.sh: ports of the host that a
# sandbox may listen at, and rules for where it may connect to.
#
# usage: drive-bind.py SBX DIRECTORY
import random
import re
import socket
import subprocess
import sys
import threading
import time

from tap import done, ok, same

SBX, TMP = sys.argv[1:3]
LONG = 60
V4, V6 = socket.AF_INET, socket.AF_INET6
TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM


class Taken(Exception):
    """Somebody else has a port that was free a moment ago."""


def has_v6():
    try:
        with socket.socket(V6) as s:
            s.bind(('::1', 0))
        return True
    except OSError:
        return False


def is_here(ip):
    try:
        with socket.socket() as s:
            s.bind((ip, 0))
        return True
    except OSError:
        return False


SIX = has_v6()
# RFC 5737 has addresses of no machine, of which some machines have some.
NOWHERE = next(ip for ip in ('198.51.100.1', '203.0.113.1', '192.0.2.1',
                             '198.51.100.200') if not is_here(ip))


def bound(ip, port, kind):
    s = socket.socket(V6 if ':' in ip else V4, kind)
    try:
        if ip == '::':
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.bind((ip, port))
        return s
    except OSError:
        s.close()
        return None


def all_free(port):
    for ip in ['0.0.0.0'] + ['::'] * SIX:
        for kind in TCP, UDP:
            s = bound(ip, port, kind)
            if not s:
                return False
            s.close()
    return True


def free(n):
    """The first of @n ports in a row that nobody has, and no client gets."""
    while True:
        base = random.randrange(20000, 30000)
        if all(all_free(base + i) for i in range(n)):
            return base


def answers(ip, port, kind=TCP):
    """What is told to who comes to a port of the host."""
    with socket.socket(V6 if ':' in ip else V4, kind) as s:
        s.settimeout(LONG)
        try:
            s.connect((ip, port))
            if kind == UDP:
                s.send(b'?')
            return s.recv(100).decode()
        except OSError as e:
            return type(e).__name__


# What all guests know.  Each word of the command line is a socket to be made:
# kind,address,port; what became of it is told.  Then they say their name to
# whoever comes, until standard input ends; a line closes the socket it names.
GUEST = '''
import errno, select, socket, sys
def name(e): return errno.errorcode.get(e.errno, str(e))
def make(kind, ip, port):
    s = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET,
                      socket.SOCK_DGRAM if "udp" in kind else socket.SOCK_STREAM)
    if "only" in kind: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if "share" in kind:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try: s.bind((ip, port))
    except OSError as e: return "bind " + name(e)
    if s.type == socket.SOCK_STREAM:
        try: s.listen(50)
        except OSError as e: return "listen " + name(e)
    return s
socks = {}
for word in sys.argv[1:]:
    kind, ip, port = word.split(",")
    s = make(kind, ip, int(port))
    if isinstance(s, str): print(s)
    else:
        socks[s] = word
        print(s.getsockname()[1])
print("up", flush=True)
while True:
    for s in select.select(list(socks) + [0], [], [])[0]:
        if s == 0:
            word = sys.stdin.readline().strip()
            if not word: sys.exit()
            for s in [s for s in socks if socks[s] == word][:1]:
                s.close()
                del socks[s]
            print("closed", flush=True)
        elif s.type == socket.SOCK_DGRAM:
            d, a = s.recvfrom(100)
            s.sendto(socks[s].encode(), a)
        else:
            c = s.accept()[0]
            c.sendall(socks[s].encode())
            c.close()
'''


class Server:
    def __init__(self, options, words, expect=()):
        """@expect: those of the words that are to fail as told."""
        self.p = subprocess.Popen(
            [SBX, '-q'] + options + ['--', 'python3', '-c', GUEST] + words,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, universal_newlines=True)
        self.told = {}
        self.bad = ''
        for w in words:
            self.told.setdefault(w, []).append(self.line())
        up = self.line()
        if up != 'up':
            self.bad = up + '\n' + str(self.told) + self.p.stdout.read()
        for w in words:
            if 'EADDRINUSE' in ''.join(self.told[w]) and w not in expect:
                self.end()
                raise Taken(w)

    def line(self):
        return self.p.stdout.readline().strip()

    def close(self, word):
        self.p.stdin.write(word + '\n')
        self.p.stdin.flush()
        self.line()

    def end(self):
        self.p.stdin.close()
        self.p.wait(LONG)
        self.p.stdout.close()


def ports():
    p = free(9)
    u, none, taken, both, shared = p + 3, p + 4, p + 5, p + 6, p + 7
    far = p + 8
    options = ['--allow-bind', 'tcp://%d,%d-%d,%d-%d' % (p, p + 1, p + 2, taken,
                                                      far),
               '--allow-bind', 'udp://%d' % u,
               '--allow-bind', 'udp://%d' % taken]
    words = {
        'any': 'tcp,0.0.0.0,%d' % p, 'one': 'tcp,127.0.0.1,%d' % (p + 1),
        'last': 'tcp,0.0.0.0,%d' % (p + 2), 'udp': 'udp,0.0.0.0,%d' % u,
        'none': 'tcp,0.0.0.0,%d' % none, 'noudp': 'udp,0.0.0.0,%d' % p,
        'notcp': 'tcp,0.0.0.0,%d' % u, 'auto': 'tcp,0.0.0.0,0',
        'taken': 'tcp,0.0.0.0,%d' % taken, 'utaken': 'udp,0.0.0.0,%d' % taken,
        'far': 'tcp,%s,%d' % (NOWHERE, far), 'nofar': 'tcp,%s,%d' %
        (NOWHERE, none), 'both': 'tcp,0.0.0.0,%d' % both,
        'share': 'tcp share,0.0.0.0,%d' % shared,
    }
    if SIX:
        words['six'] = 'tcp only,::,%d' % both
    hold = [bound('0.0.0.0', taken, TCP), bound('0.0.0.0', taken, UDP)]
    if not all(hold):
        raise Taken(taken)
    hold[0].listen(5)
    row = list(words.values()) + [words['share']]
    s = Server(options, row, [words['taken'], words['utaken']])
    same(s.bad, '', 'a server that listens')
    at = {k: s.told[w][0] for k, w in words.items()}
    same(at['any'], str(p), 'a port that is granted')
    same((at['none'], at['noudp'], at['notcp']), (str(none), str(p), str(u)),
         'others are the sandbox\'s own')
    ok(at['auto'].isdigit() and int(at['auto']) > 1023, 'port 0', at['auto'])
    same((at['taken'], at['utaken']), ('listen EADDRINUSE', 'bind EADDRINUSE'),
         'a port that the host\'s programs have')
    same((at['far'], at['nofar']),
         ('listen EADDRNOTAVAIL', 'bind EADDRNOTAVAIL'),
         'an address that nobody has')
    same(answers('127.0.0.1', p), words['any'], 'reached from outside')
    same(answers('127.0.0.2', p), words['any'], 'at all addresses')
    same(answers('127.0.0.1', p + 1), words['one'], 'at one address')
    same(answers('127.0.0.2', p + 1), 'ConnectionRefusedError', 'at no other')
    same(answers('127.0.0.1', p + 2), words['last'], 'the last of a range')
    same(answers('127.0.0.1', none), 'ConnectionRefusedError',
         'not at a port that is not granted')
    same(answers('127.0.0.1', p, UDP), 'ConnectionRefusedError',
         'nor by UDP where TCP is')
    same(answers('127.0.0.1', u), 'ConnectionRefusedError',
         'nor by TCP where UDP is')
    same(answers('127.0.0.1', u, UDP), words['udp'], 'datagrams')
    same(answers('127.0.0.1', both), words['both'], 'a port of IPv4')
    if SIX:
        same(answers('::1', both), words['six'], 'and of IPv6 beside it')
    same(set(answers('127.0.0.1', shared) for _ in range(10)),
         {words['share']}, 'one port, two sockets')
    s.close(words['share'])
    same(set(answers('127.0.0.1', shared) for _ in range(10)),
         {words['share']}, 'then one of them')
    s.close(words['any'])
    mine = None
    for _ in range(LONG * 10):
        if answers('127.0.0.1', p) == 'ConnectionRefusedError':
            mine = bound('127.0.0.3', p, TCP)
        if mine:
            break
        time.sleep(0.1)
    ok(mine, 'closed, it is the host\'s again')
    s.end()
    for h in hold:
        h.close()


def none():
    p = free(1)
    words = ['tcp,0.0.0.0,%d' % p, 'udp,127.0.0.1,%d' % p,
             'tcp,%s,%d' % (NOWHERE, p)]
    s = Server([], words)
    same([s.told[w][0] for w in words],
         [str(p), str(p), 'bind EADDRNOTAVAIL'], 'without a network')
    same((answers('127.0.0.1', p), answers('127.0.0.1', p, UDP)),
         ('ConnectionRefusedError',) * 2, 'nobody is reached')
    s.end()


def six():
    if not SIX:
        return
    p = free(2)
    words = ['tcp,::,%d' % p, 'tcp,::1,%d' % (p + 1), 'udp,::1,%d' % p]
    s = Server(['--allow-bind', '%d-%d' % (p, p + 1)], words)
    same([answers('::1', p), answers('127.0.0.1', p), answers('::1', p + 1),
          answers('127.0.0.1', p + 1), answers('::1', p, UDP)],
         [words[0], words[0], words[1], 'ConnectionRefusedError', words[2]],
         'ports of IPv6')
    s.end()


def whole():
    p = free(3)
    hold = bound('127.0.0.1', p + 1, TCP)
    if not hold:
        raise Taken(p + 1)
    hold.listen(5)
    words = ['tcp,0.0.0.0,%d' % p, 'udp,127.0.0.1,%d' % p,
             'tcp,127.0.0.1,%d' % (p + 1), 'tcp,127.0.0.1,0',
             'tcp,%s,%d' % (NOWHERE, p + 2)]
    s = Server(['--net', 'host'], words, [words[2]])
    told = [s.told[w][0] for w in words]
    same(told[:3] + told[4:], [str(p), str(p), 'listen EADDRINUSE',
                               'listen EADDRNOTAVAIL'], '--net host: ports')
    same([answers('127.0.0.1', p), answers('127.0.0.1', p, UDP)], words[:2],
         'which are the host\'s')
    # Chosen in there; who has it out here is the only other answer.
    ok(answers('127.0.0.1', int(told[3])) in
       (words[3], 'ConnectionRefusedError'), 'and port 0')
    s.end()
    hold.close()


TRY = '''
import errno, os, socket, sys
def attempt(kind, ip, port):
    s = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET,
                      socket.SOCK_DGRAM if "udp" in kind else socket.SOCK_STREAM)
    s.setblocking("wait" in kind)
    try:
        if "to" in kind: s.sendto(b"x", (ip, port))
        else: s.connect((ip, port))
        return "done"
    except BlockingIOError: return "done"
    except OSError as e: return errno.errorcode.get(e.errno)
for word in sys.argv[1:]:
    kind, ip, port = word.split(",")
    print(attempt(kind, ip, int(port)))
'''


def tries(options, words):
    p = subprocess.run([SBX, '-q'] + options + ['--', 'python3', '-c', TRY] +
                       words, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       timeout=LONG, universal_newlines=True)
    return p.stdout.split(), p.stderr


def rules():
    words = ['tcp,192.0.2.77,1', 'udp,192.0.2.77,1', 'udp to,192.0.2.77,1',
             'tcp,2001:db8::1,1', 'udp,2001:db8::1,1', 'udp to,2001:db8::1,1']
    same(tries([], words)[0], ['ENETUNREACH'] * 6, 'no network: ENETUNREACH')
    same(tries(['--net', 'filter'], words)[0], ['EACCES'] * 6,
         'none of the rules: EACCES')

    def granted(options, words):
        got = tries(sum((['--allow-net', o] for o in options), []), words)[0]
        return ''.join('-' if g == 'EACCES' else '+' for g in got)
    same(granted(['tcp://192.0.2.0/25:80,443,8000-8002'],
                 ['tcp,192.0.2.%d,%d' % a for a in (
                     (1, 80), (1, 443), (127, 8000), (127, 8002), (0, 8001),
                     (128, 80), (1, 81), (1, 7999), (1, 8003))] +
                 ['udp,192.0.2.1,80', 'tcp,::ffff:192.0.2.1,80',
                  'tcp,::ffff:192.0.2.128,80']), '+++++-----+-',
         'a range of addresses, and ports')
    same(granted(['udp://[2001:db8:2::]/47:53', '[2001:db8:ffff::1]'],
                 ['udp,2001:db8:2::9,53', 'udp,2001:db8:3:1::9,53',
                  'udp,2001:db8:4::9,53', 'tcp,2001:db8:2::9,53',
                  'udp,2001:db8:2::9,54', 'tcp,2001:db8:ffff::1,9',
                  'udp to,2001:db8:ffff::1,9', 'tcp,2001:db8:ffff::2,9']),
         '++---++-', 'the same of IPv6')
    same(granted(['0.0.0.0/0', '[::]/0'],
                 ['tcp,192.0.2.1,1', 'tcp,169.254.169.254,80',
                  'tcp,fe80::1,80', 'udp to,224.0.0.251,5353',
                  'tcp,64:ff9b::7f00:1,80', 'tcp,2001:db8::1,1']), '+----+',
         'everything is nothing special')
    same(granted(['169.254.169.254:80'],
                 ['tcp,169.254.169.254,80', 'tcp,169.254.169.254,81',
                  'tcp,169.254.1.1,80']), '+--', 'unless it is named')


def loopback():
    l = socket.socket()
    l.bind(('127.0.0.1', 0))
    l.listen(50)
    port = l.getsockname()[1]
    words = ['tcp wait,127.0.0.1,%d' % port, 'tcp wait,127.0.0.2,%d' % port,
             'tcp wait,127.0.0.1,%d' % (port ^ 1)]
    same(tries(['--allow-net', '0.0.0.0/0'], words)[0],
         ['ECONNREFUSED'] * 3, 'not the host\'s loopback')
    same(tries(['--allow-net', 'localhost:%d' % port], words)[0],
         ['done'] + ['ECONNREFUSED'] * 2, 'localhost, at one port')
    same(tries(['--allow-net', 'tcp://127.0.0.0/8:%d' % port],
               words[:1] + words[2:])[0], ['done', 'ECONNREFUSED'],
         'all of the loopback')
    same(tries(['--net', 'host'], words[:1])[0], ['done'], '--net host')
    l.close()


def traced():
    for word, option in (
            ('tcp,192.0.2.77,81', 'tcp://192.0.2.77:81'),
            ('udp,192.0.2.77,82', 'udp://192.0.2.77:82'),
            ('udp to,192.0.2.77,83', 'udp://192.0.2.77:83'),
            ('tcp,2001:db8::1:2,84', None), ('udp to,2001:db8::3,85', None),
            ('tcp,::ffff:192.0.2.77,86', 'tcp://192.0.2.77:86')):
        for net in [], ['--net', 'filter']:
            err = tries(net + ['--trace=connect,sendto'], [word])[1]
            m = re.search('--allow-net (\\S+) would allow it', err)
            if not m or (option and m.group(1) != option):
                ok(False, 'the trace of ' + word, err)
                return
        if tries(['--allow-net', m.group(1)], [word])[0] == ['EACCES']:
            ok(False, m.group(1) + ' allows it', err)
            return
    ok(True, 'the trace names the option that would allow it')


def profile():
    p = free(3)
    l = socket.socket()
    l.bind(('127.0.0.1', 0))
    l.listen(50)
    port = l.getsockname()[1]
    with open(TMP + '/profile', 'w') as f:
        f.write('sbx-profile 1\ninclude default\nnet filter\n'
                'allow-net tcp://127.0.0.1:%d\nallow-net 192.0.2.0/25:80\n'
                'allow-bind tcp://%d\nallow-bind udp://%d\n'
                'publish 127.0.0.1:%d:8000\ndns 127.0.0.1:9\n' %
                (port, p, p + 1, p + 2))
    use = ['--profile', TMP + '/profile']
    got = tries(use, ['tcp wait,127.0.0.1,%d' % port, 'tcp,192.0.2.1,80',
                      'tcp,192.0.2.1,81', 'tcp,192.0.2.128,80'])[0]
    same(['+' if g != 'EACCES' else '-' for g in got[1:]] + got[:1],
         ['+', '-', '-', 'done'], 'a profile that lets out')
    words = ['tcp,0.0.0.0,%d' % p, 'udp,0.0.0.0,%d' % (p + 1),
             'tcp,127.0.0.1,8000']
    s = Server(use, words)
    same([answers('127.0.0.1', p), answers('127.0.0.1', p + 1, UDP),
          answers('127.0.0.1', p + 2)], words, 'and in')
    s.end()
    l.close()


for part in (ports, none, six, whole, rules, loopback, traced, profile):
    for again in range(5):
        try:
            part()
            break
        except Taken as e:
            print('# taken: %s' % e)
            if again == 4:
                ok(False, part.__name__, 'no port is free')
        except Exception as e:  # the rest shall run
            ok(False, part.__name__, repr(e))
            break
done()
