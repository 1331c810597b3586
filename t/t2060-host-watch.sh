#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Files that the host's programs use too: changes of theirs are told by
# inotify, locks of theirs count, and the other way around.
. "${SRCDIR:-.}/t/lib.sh"

command -v python3 >/dev/null || skip_all "no python3"
command -v flock >/dev/null || skip_all "no flock(1)"
mkdir "$tmp/rw" "$tmp/shared"

cat >"$tmp/watch.py" <<'PY'
import ctypes, os, struct, sys
NAMES = ('ACCESS MODIFY ATTRIB CLOSE_WRITE CLOSE_NOWRITE OPEN MOVED_FROM '
         'MOVED_TO CREATE DELETE DELETE_SELF MOVE_SELF').split()
libc = ctypes.CDLL(None)
fd = libc.inotify_init1(0)
if libc.inotify_add_watch(fd, sys.argv[1].encode(), 0xfff) < 0:
    sys.exit('no watch')
print('ready', flush=True)
while True:
    b = os.read(fd, 4096)
    while b:
        mask, length = struct.unpack('4xI4xI', b[:16])
        name = b[16:16 + length].rstrip(b'\0').decode()
        b = b[16 + length:]
        print(*(n for i, n in enumerate(NAMES) if mask >> i & 1),
              *(['ISDIR'] if mask >> 30 & 1 else []), name, flush=True)
        if name == 'done':
            print(sorted(os.listdir(sys.argv[1])))
            sys.exit()
PY

# wait_for FILE TEXT
wait_for()
{
	k=0
	while ! grep -q "$2" "$1" 2>/dev/null; do
		k=$((k + 1))
		[ $k -gt 1200 ] && return 1
		sleep 0.05
	done
}

# watch OPTION: what a program in the sandbox hears of a directory.
watch()
{
	rm -rf "$tmp/rw"
	mkdir "$tmp/rw"
	: >"$tmp/out"
	"$SBX" "$1" "$tmp/rw" --ro "$tmp/watch.py" -- \
		python3 "$tmp/watch.py" "$tmp/rw" >"$tmp/out" 2>&1 &
	pid=$!
	wait_for "$tmp/out" ready
	(
		cd "$tmp/rw" || exit
		echo x >a
		mv a b
		chmod 600 b
		mkdir s
		rm b
		rmdir s
		: >"done"
	)
	wait $pid
	tr '\n' ';' <"$tmp/out"
}
wanted="ready;CREATE a;MODIFY a;CLOSE_WRITE a;MOVED_FROM a;MOVED_TO b;\
ATTRIB b;CREATE ISDIR s;DELETE b;DELETE ISDIR s;CREATE done;['done'];"
is "a writable directory: all changes are told" "$(watch --rw)" "$wanted"
is "a read-only one: as well, and seen" "$(watch --ro)" "$wanted"

# What the sandbox does itself is told as natively, each thing once.
for test in g-inotify g-lock; do
	prog=$BUILDDIR/t/$test.guest
	[ -x "$prog" ] || continue
	SBX_TEST_NATIVE=1 "$prog" >"$tmp/native" 2>&1
	(cd / && "$SBX" --rw "$tmp/shared:/tmp" --ro "$prog:/prog" -- /prog) >"$tmp/sbx" 2>&1
	run_ok "$test in a writable directory" \
		cmp "$tmp/native" "$tmp/sbx"
done

# Locks: flock(1) outside against a program inside, both ways.
: >"$tmp/shared/file"
cat >"$tmp/lock.py" <<'PY'
import fcntl, sys
f = open(sys.argv[1], 'r+')
how = fcntl.lockf if sys.argv[2] == 'fcntl' else fcntl.flock
try:
    how(f, fcntl.LOCK_EX | (fcntl.LOCK_NB if sys.argv[3] == 'try' else 0))
    print('locked', flush=True)
    if sys.argv[3] == 'hold':
        sys.stdin.readline()
except BlockingIOError:
    print('busy')
PY
inside()
{
	"$SBX" --rw "$tmp/shared" --ro "$tmp/lock.py" -- \
		python3 "$tmp/lock.py" "$tmp/shared/file" "$@"
}
outside()
{
	python3 "$tmp/lock.py" "$tmp/shared/file" "$@"
}
mkfifo "$tmp/go"
for kind in flock fcntl; do
	: >"$tmp/out"
	outside $kind hold <"$tmp/go" >"$tmp/out" &
	exec 4>"$tmp/go"
	wait_for "$tmp/out" locked
	is "$kind: held outside, busy inside" "$(inside $kind try)" busy
	: >"$tmp/in"
	inside $kind wait >"$tmp/in" &
	echo >&4
	exec 4>&-
	wait
	is "$kind: who waits inside gets it" "$(cat "$tmp/in")" locked
	: >"$tmp/out"
	inside $kind hold <"$tmp/go" >"$tmp/out" &
	exec 4>"$tmp/go"
	wait_for "$tmp/out" locked
	is "$kind: held inside, busy outside" "$(outside $kind try)" busy
	is "$kind: and in another sandbox" "$(inside $kind try)" busy
	echo >&4
	exec 4>&-
	wait
	is "$kind: free when that has ended" "$(outside $kind try)" locked
done

# Who has the lock sees what the last one did who had it: the size too.
: >"$tmp/shared/grows"
cat >"$tmp/grow.py" <<'PY'
import fcntl, os, sys, time
fd = os.open(sys.argv[1], os.O_RDWR)
bad = 0
for turn in range(200):
    os.fstat(fd)
    fcntl.lockf(fd, fcntl.LOCK_EX)
    size = os.fstat(fd).st_size
    bad += os.stat(sys.argv[1]).st_size != size
    bad += len(os.pread(fd, 1000, 0)) != size
    os.pwrite(fd, b'x', size)
    fcntl.lockf(fd, fcntl.LOCK_UN)
    time.sleep(0.0005)
print('wrong sizes: %d' % bad)
PY
"$SBX" --rw "$tmp/shared" --ro "$tmp/grow.py" -- \
	python3 "$tmp/grow.py" "$tmp/shared/grows" >"$tmp/in" 2>&1 &
python3 "$tmp/grow.py" "$tmp/shared/grows" >"$tmp/out" 2>&1
wait
is "taking turns, outside" "$(cat "$tmp/out")" "wrong sizes: 0"
is "taking turns, inside" "$(cat "$tmp/in")" "wrong sizes: 0"
is "both have written" "$(wc -c <"$tmp/shared/grows")" 400
done_testing
