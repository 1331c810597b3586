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
untouched 'nothing outside has changed'
done_testing
