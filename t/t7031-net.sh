#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Sockets that would keep the broker waiting.
. "${SRCDIR:-.}/t/hostile.sh"

command -v python3 >/dev/null 2>&1 || skip_all "no python3"

cat >"$tmp/serve.py" <<'END'
import os, socket, sys
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(8)
if sys.argv[1] == "pass":
    os.dup2(s.fileno(), 3)
    os.set_inheritable(3, True)
    os.execvp(sys.argv[2], sys.argv[2:])
with open(sys.argv[2] + ".new", "w") as f:
    f.write(str(s.getsockname()[1]))
os.rename(sys.argv[2] + ".new", sys.argv[2])
all = []
while True:
    all.append(s.accept())
END

as_user="python3 $tmp/serve.py pass"
sbx_options='--pass-fd 3'
attack 'a listening socket that waits' 0 -- net accept
as_user=

python3 "$tmp/serve.py" serve "$tmp/port" &
server=$!
tries=0
while [ ! -s "$tmp/port" ] && [ $tries -lt 300 ]; do
	sleep 0.1
	tries=$((tries + 1))
done
port=$(cat "$tmp/port")
sbx_options="--allow-net tcp://127.0.0.1:$port"
attack 'the last close of a socket' 0 -- net linger "$port"
kill $server

# Two ports, of which one is granted: whatever comes to the other is noted, and
# each datagram to either.
cat >"$tmp/two.py" <<'END'
import os, select, socket, sys
def at(kind, port=0):
    s = socket.socket(socket.AF_INET, kind)
    s.bind(("127.0.0.1", port))
    if kind == socket.SOCK_STREAM:
        s.listen(100)
    return s
def both():
    while True:
        s = at(socket.SOCK_STREAM)
        try:
            return s, at(socket.SOCK_DGRAM, s.getsockname()[1])
        except OSError:
            s.close()
(yes, udp), (no, no_udp) = both(), both()
with open(sys.argv[1] + ".new", "w") as f:
    f.write("%d %d" % (yes.getsockname()[1], no.getsockname()[1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
all = []
while True:
    for s in select.select([yes, udp, no, no_udp], [], [])[0]:
        if s is yes:
            all.append(s.accept())
            continue
        with open(sys.argv[2], "a") as f:
            f.write("somebody came\n")
        all.append(s.accept() if s is no else s.recv(100))
END
: >"$tmp/came"
python3 "$tmp/two.py" "$tmp/ports" "$tmp/came" &
server=$!
tries=0
while [ ! -s "$tmp/ports" ] && [ $tries -lt 300 ]; do
	sleep 0.1
	tries=$((tries + 1))
done
read -r port other <"$tmp/ports"
sbx_options="--allow-net tcp://127.0.0.1:$port"
attack 'requests for what is not granted' 0 -- net forged "$port" "$other"
for nr in 0 1 2 3 4 5 6 7; do
	attack "an impossible request, $nr" 125 -- net bad "$nr"
done
is 'nobody came to another port' "$(cat "$tmp/came")" ""
kill $server
untouched 'nothing outside has changed'
done_testing
