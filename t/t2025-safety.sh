#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# t2025-safety.sh: what was acknowledged is kept, what the host cannot take is
# told, and memory comes back.
. "${SRCDIR:-.}/t/lib.sh"

# In a memory file system of 1 MiB: full, and empty again, many times.
mkdir "$tmp/t"
cat >"$tmp/fill" <<'END'
cd "$1"
for i in 1 2 3 4 5 6 7 8 9 10; do
	dd if=/dev/zero of=big bs=64k count=32 2>&1 |
		grep -o 'No space left on device'
	rm -f big
	dd if=/dev/zero of=fits bs=64k count=15 2>/dev/null || echo "no $i"
	: >fits
	dd if=/dev/zero of=fits bs=64k count=15 2>/dev/null || echo "cut $i"
	rm fits
	mkdir d && for k in 1 2 3 4 5 6 7 8 9; do
		dd if=/dev/zero of=d/$k bs=100k count=1 2>/dev/null
	done
	rm -r d
done
ls
END
out=$("$SBX" --tmpfs "$tmp/t:size=1M" --ro "$tmp/fill" -- \
	sh "$tmp/fill" "$tmp/t" 2>&1)
is "a full tmpfs says so, and has room again" "$(echo "$out" | uniq -c |
	sed 's/^ *//')" "10 No space left on device"

# Bytes that all files of the sandbox's memory have on the host.
held()
{
	for p in $(ps -o pid= --ppid "$1"); do
		stat -L -c '%b' "/proc/$p/fd/"* 2>/dev/null |
			awk '{ n += $1 } END { if (n) print int(n / 2048) }'
		return
	done
}

# step FILE: wait until it is there.
step()
{
	n=0
	while [ ! -e "$1" ] && [ $n -lt 600 ]; do
		sleep 0.05
		n=$((n + 1))
	done
	[ -e "$1" ]
}

mkdir "$tmp/rw"
cat >"$tmp/grow" <<'END'
dd if=/dev/zero of="$1/big" bs=1M count=64 2>/dev/null
: >"$2/made"
while [ ! -e "$2/go" ]; do sleep 0.05; done
rm "$1/big"
: >"$2/gone"
while [ ! -e "$2/end" ]; do sleep 0.05; done
END
"$SBX" --tmpfs "$tmp/t" --rw "$tmp/rw" --ro "$tmp/grow" -- \
	sh "$tmp/grow" "$tmp/t" "$tmp/rw" &
sbx=$!
if step "$tmp/rw/made"; then
	with=$(held $sbx)
	: >"$tmp/rw/go"
	step "$tmp/rw/gone"
	without=$(held $sbx)
	: >"$tmp/rw/end"
	wait $sbx
	if [ -z "$with" ]; then
		skip "memory of deleted files goes back" "no look at it here"
	elif [ "$with" -ge 64 ] && [ "$without" -lt $((with - 60)) ]; then
		ok "memory of deleted files goes back"
	else
		not_ok "memory of deleted files goes back"
		echo "# $with MiB, then $without"
	fi
else
	not_ok "memory of deleted files goes back"
	kill $sbx
fi

# Killed at any moment: each file is an old one or a new one, whole, and what
# was acknowledged is there.
cat >"$tmp/writer.py" <<'END'
import os, sys
d = sys.argv[1]
ack = os.open(d + '/ack', os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
n = 0
while True:
    n += 1
    with open(d + '/new', 'w') as f:
        f.write('%d\n' % n * 5000)
        f.flush()
        os.fsync(f.fileno())
    os.rename(d + '/new', d + '/file')
    os.write(ack, b'%d\n' % n)
END
bad=
kills=5
[ -z "${SBX_LONG-}" ] || kills=200
if command -v python3 >/dev/null; then
	for ms in $(awk -v n=$kills 'BEGIN { srand(); while (n--)
	    printf "%03d\n", int(rand() * 500) }'); do
		rm -f "$tmp/rw"/*
		echo kept >"$tmp/rw/other"
		"$SBX" --rw "$tmp/rw" --ro "$tmp/writer.py" -- \
			python3 "$tmp/writer.py" "$tmp/rw" &
		sbx=$!
		step "$tmp/rw/ack"
		sleep "0.$ms"
		kill -KILL $sbx
		wait $sbx 2>/dev/null
		# The host ends the rest of it now.
		a=$(tail -n 1 "$tmp/rw/ack")
		while sleep 0.2; b=$(tail -n 1 "$tmp/rw/ack"); [ "$a" != "$b" ]
		do a=$b; done
		f=$(uniq "$tmp/rw/file" 2>/dev/null)
		[ -z "$a" ] || [ "${f:-0}" -ge "$a" ] 2>/dev/null ||
			bad="$bad; $a but $f"
		[ -z "$f" ] || [ "$(wc -l <"$tmp/rw/file")" = 5000 ] ||
			bad="$bad; torn"
		[ "$(cat "$tmp/rw/other")" = kept ] || bad="$bad; other"
		for left in "$tmp/rw/"* "$tmp/rw/."[!.]*; do
			case ${left##*/} in
			file | new | other | ack | '.[!.]*') ;;
			*) bad="$bad; left $left" ;;
			esac
		done
	done
	is "killed while writing, $kills times" "$bad" ''
fi

# A host that has no room, and one that takes nothing.
cat >"$tmp/small" <<'END'
mount -t tmpfs -o size=256k,mode=1777 none "$1" 2>/dev/null || exit 77
inside() {
	"$SBX" --rw "$1" -- sh -c "cd $1; $2" 2>&1
}
inside "$1" 'dd if=/dev/zero of=f bs=4k count=100 2>&1 | head -n 1
	rm f; dd if=/dev/zero of=f bs=4k count=40 2>/dev/null && echo fits
	fallocate -l 1M g 2>&1 | sed "s/.*: //"
	dd if=/dev/zero bs=4k count=100 conv=notrunc oflag=append of=f 2>&1 |
		head -n 1 | sed "s/.*: //"
	python3 -c "
import os
f = os.open(\"f\", os.O_WRONLY | os.O_SYNC)
try:
    os.pwrite(f, b\"x\" * 8192, 1 << 20)
    print(\"written\")
except OSError as e:
    print(e.strerror)
"'
mount -o remount,ro "$1" || exit 77
inside "$1" 'echo x >new; rm f; echo y >>f' | sed 's/.*: //'
END
command -v python3 >/dev/null || echo 'exit 77' >"$tmp/small"
unshare=unshare\ -m
[ "$(id -u)" -eq 0 ] || unshare=unshare\ -rm
# shellcheck disable=SC2086
SBX=$SBX $unshare sh "$tmp/small" "$tmp/t" >"$tmp/out" 2>&1
case $? in
0)
	is "a host without room, and read-only" "$(cat "$tmp/out")" \
"dd: error writing 'f': No space left on device
fits
No space left on device
No space left on device
No space left on device
Read-only file system
Read-only file system
Read-only file system" ;;
*) skip "a host without room, and read-only" "no mounts here" ;;
esac
done_testing
