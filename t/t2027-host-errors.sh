#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# t2027-host-errors.sh: errors of a host's file system reach the program, each
# from the call that has it natively.
. "${SRCDIR:-.}/t/lib.sh"

command -v python3 >/dev/null || skip_all "no python3"
cp "$SRCDIR/t/fuse-errors.py" "$SRCDIR/t/fuse-errors-client.py" "$tmp"
mkdir "$tmp/m" "$tmp/full"

cat >"$tmp/all" <<'END_ALL'
cd "$1" || exit 99
d=$1/m
client=$1/fuse-errors-client.py
python3 fuse-errors.py "$d" || exit 77
ls "$d/EIO" >/dev/null || exit 77
for e in EIO EDQUOT ENOSPC EROFS; do
	timeout 60 python3 "$client" "$d/$e" >"native.$e" 2>&1
	timeout 60 "$SBX" --ro "$client" --rw "$d" -- \
		python3 "$client" "$d/$e" >"sbx.$e" 2>&1
done
timeout 60 "$SBX" --overlay "$d" --commit sh -c "echo x >$d/EIO/new
	echo y >$d/EDQUOT/f; rm $d/EIO/f" 2>commit
echo "status $?" >>commit
umount -l "$d"
END_ALL
unshare='unshare -m'
[ "$(id -u)" -eq 0 ] || unshare='unshare -rm'
# shellcheck disable=SC2086
SBX=$SBX timeout 300 $unshare sh "$tmp/all" "$tmp" >"$tmp/out" 2>&1
case $? in
0)
	for e in EIO EDQUOT ENOSPC EROFS; do
		if cmp -s "$tmp/native.$e" "$tmp/sbx.$e" &&
		    [ "$(wc -l <"$tmp/sbx.$e")" -ge 28 ]; then
			ok "$e"
		else
			not_ok "$e"
			diff "$tmp/native.$e" "$tmp/sbx.$e" >"$tmp/diff"
			note "$tmp/diff"
		fi
	done
	is "--commit says them" "$(sed "s|$tmp/m/||" "$tmp/commit" | sort)" \
"sbx: --commit: EDQUOT/f: Disk quota exceeded
sbx: --commit: EDQUOT: Disk quota exceeded
sbx: --commit: EIO/new: Input/output error
sbx: --commit: EIO: Input/output error
sbx: --commit: not all was written back, and so nothing was removed
status 125" ;;
77) skip "EIO, EDQUOT, ENOSPC, EROFS" "nobody may mount here" ;;
*)
	not_ok "EIO, EDQUOT, ENOSPC, EROFS"
	note "$tmp/out" ;;
esac

# A mapping of a hole that the host has no room for.
cat >"$tmp/hole.py" <<'END_HOLE'
import mmap, os, sys
f = os.open(sys.argv[1] + '/hole', os.O_RDWR | os.O_CREAT)
os.ftruncate(f, 1 << 20)
m = mmap.mmap(f, 1 << 20)
pid = os.fork()
if not pid:
    for k in range(0, 1 << 20, 4096):
        m[k] = 1
    os._exit(0)
print('the writer', os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
os.unlink(sys.argv[1] + '/hole')
END_HOLE
cat >"$tmp/room" <<'END_ROOM'
mount -t tmpfs -o size=256k,mode=1777 none "$1/full" 2>/dev/null || exit 77
timeout 60 python3 "$1/hole.py" "$1/full" >"$1/native.hole" 2>&1
timeout 60 "$SBX" --ro "$1/hole.py" --rw "$1/full" -- \
	python3 "$1/hole.py" "$1/full" >"$1/sbx.hole" 2>&1
ls "$1/full" >>"$1/sbx.hole"
END_ROOM
# shellcheck disable=SC2086
SBX=$SBX timeout 300 $unshare sh "$tmp/room" "$tmp" >"$tmp/out" 2>&1
case $? in
0) is "a mapping without room" "$(cat "$tmp/sbx.hole")" \
	"$(cat "$tmp/native.hole")" ;;
77) skip "a mapping without room" "nobody may mount here" ;;
*)
	not_ok "a mapping without room"
	note "$tmp/out" ;;
esac
done_testing
