#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --memory, --cpus, --pids, --files, --fsize, --timeout: as the host lets us
# hold them, by whom ever this is run, and as an ordinary user.
. "${SRCDIR:-.}/t/lib.sh"

command -v python3 >/dev/null 2>&1 || skip_all "no python3"
cd "$tmp" || exit 99
python=$(python3 -c 'import sys; print(sys.executable)')
case $python in /usr/*) ;; *) python=/usr/bin/python3 ;; esac
[ -x "$python" ] || skip_all "no python3 in /usr"
mkdir rw
chmod 777 rw .

# What is no limit.
for bad in "--memory 0" "--memory 12Q" "--memory 1K" "--memory -1" \
	"--memory 99999999999999999999" "--cpus 0" "--cpus x" "--cpus 1.5x" \
	"--pids 0" "--pids many" "--files 2" "--files 70000" "--fsize 1.5" \
	"--timeout 5y" "--timeout -1" "--timeout 99d" "--kill-after 5s"; do
	# shellcheck disable=SC2086
	run_code "$bad" 125 "$SBX" $bad true
	is "one line for $bad" "$(wc -l <"$tmp/.err")" 1
done

# Time.  The margins are for a machine that is busy.
run_code "a program that is in time" 3 "$SBX" -t 100 sh -c 'exit 3'
run_code "time is over" 124 "$SBX" --timeout 0.2s sleep 100
run_code "it may clean up" 124 "$SBX" -t 0.5 sh -c \
	'trap "echo bye; exit 0" TERM; sleep 100 & wait'
is "and did" "$(cat "$tmp/.out")" bye
run_code "one that does not want to end" 124 "$SBX" -t 0.2 --kill-after 0.2 \
	sh -c 'trap "" TERM; while :; do sleep 100; done'
run_code "a stopped one" 124 "$SBX" -t 0.3 sh -c 'kill -STOP $$; sleep 100'
run_code "no limit of time" 0 "$SBX" -t 0 true

# Counted inside.
is "--files" "$("$SBX" --files 100 sh -c 'ulimit -n; ulimit -H -n')" \
	"100
100"
run_code "--fsize" 0 "$SBX" --fsize 64K --rw rw sh -c 'trap "" XFSZ
	head -c 100000 /dev/zero >rw/f 2>/dev/null; head -c 100000 /dev/zero \
	>/tmp/f 2>/dev/null; cp rw/f /tmp/f2 && exit 0'
is "a file of the host's" "$(stat -c %s rw/f)" 65536
is "--pids" "$("$SBX" --pids 20 "$python" -c '
import os, time
n = 0
try:
    while n < 100:
        pid = os.fork()
        if not pid:
            time.sleep(1000)
        n += 1
except BlockingIOError:
    print("no more", 10 < n < 20, flush=True)
os._exit(0)')" "no more True"
is "CPUs" "$("$SBX" --cpus 1 sh -c 'nproc; cat /sys/fs/cgroup/cpu.max')" \
	"$(nproc >/dev/null; printf '1\nmax 100000')"
# A part of a CPU needs a control group: held by one, or refused, unless the
# user takes what there is.
run_ok "the best that there is" "$SBX" --cpus 0.5 --best-effort true
"$SBX" --cpus 0.5 --best-effort --explain >half 2>&1
if grep -q '^cpus .*(cgroup)' half; then want=0; else want=125; fi
run_code "a limit that cannot be held is refused" $want "$SBX" --cpus 0.5 true
run_ok "and told" grep -q '^cpus .*(cgroup)\|^cpus .*(best effort' half
is "a program can see them" "$("$SBX" --memory 300M --pids 50 sh -c '
	cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max
	sed -n "s/MemTotal: *//p" /proc/meminfo')" "314572800
50
307200 kB"

cat >bomb.py <<'END'
import os, sys
kind = sys.argv[1]
if kind == "once":
    try:
        bytearray(300 << 20)
    except MemoryError:
        print("refused")
elif kind == "one":
    all = []
    while True:
        all.append(bytearray(os.urandom(1 << 16) * 16))
elif kind == "many":
    for i in range(8):
        if not os.fork():
            all = bytearray(os.urandom(1 << 16) * 16 * 30)
            os.read(int(sys.argv[2]), 1)
    os.wait()
elif kind == "files":
    n = 0
    try:
        with open("/tmp/f", "wb") as f:
            while n < 1000:
                f.write(bytes(1 << 20))
                n += 1
    except OSError as e:
        print(e.strerror, 50 < n < 200)
    os.remove("/tmp/f")
    with open("/tmp/f", "wb") as f:
        f.write(bytes(40 << 20))
    print("again")
elif kind == "little":
    print(len(bytes(50 << 20)))
END
chmod 644 bomb.py

bombs()
{
	who=$1
	shift
	is "$who: more than all at once" \
		"$("$@" "$SBX" --memory 200M "$python" bomb.py once)" refused
	is "$who: less" \
		"$("$@" "$SBX" --memory 200M "$python" bomb.py little)" 52428800
	run_code "$who: more and more" 137 "$@" "$SBX" --memory 200M \
		"$python" bomb.py one
	is "$who: told why" "$(grep -c 'more than 204800 KiB' "$tmp/.err")" 1
	# Each has 30 MiB: the pipe is held open by nobody else.
	run_code "$who: by many processes" 137 "$@" "$SBX" --memory 200M \
		"$python" -c 'import os, sys
r, w = os.pipe()
os.set_inheritable(r, True)
os.execv(sys.executable, [sys.executable, "bomb.py", "many", str(r)])'
	is "$who: files in memory" \
		"$("$@" "$SBX" --memory 200M "$python" bomb.py files)" \
		"No space left on device True
again"
}

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null 2>&1 &&
	setpriv --reuid 65534 --regid 65534 --clear-groups "$SBX" true \
		2>/dev/null; then
	bombs "as user 65534" setpriv --reuid 65534 --regid 65534 \
		--clear-groups
fi
bombs "as we are" env

# Nothing stays of it.
gone=yes
# shellcheck disable=SC2044
for dir in $(find /sys/fs/cgroup -name 'sbx-[0-9]*' 2>/dev/null); do
	kill -0 "${dir##*sbx-}" 2>/dev/null || gone=$dir
done
is "no cgroup is left" "$gone" yes
run_ok "what holds them is told" sh -c '"$0" --memory 1G --cpus 1 --pids 9 \
	--files 99 --fsize 1M -t 1m --explain true >explain' "$SBX"
is "each of them" "$(sed -n 's/^\(memory\|cpus\|pids\|files\|fsize\|timeout\) .*(.*/\1/p' explain | tr '\n' ' ')" \
	"memory cpus pids files fsize timeout "
done_testing
