#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The host is out of memory, in a control group around all of sbx: it kills the
# process that takes most, and the others live on.
. "${SRCDIR:-.}/t/lib.sh"
not_quick

[ -x /usr/bin/python3 ] || skip_all "no python3 in /usr"
place=$(sed -n 's/^[0-9]*:memory:\(.*\)/\1/p' /proc/self/cgroup)
group=/sys/fs/cgroup/memory$place/sbx-test-$$
limit=memory.limit_in_bytes
if [ -z "$place" ]; then
	place=$(sed -n 's/^0::\(.*\)/\1/p' /proc/self/cgroup)
	group=/sys/fs/cgroup${place%/*}/sbx-test-$$
	limit=memory.max
fi
mkdir "$group" 2>/dev/null || skip_all "no control group can be made"
trap 'rmdir "$group"; rm -rf "$tmp"' EXIT
echo 300M >"$group/$limit" || skip_all "no control group of memory"
for swap in memory.swap.max memory.memsw.limit_in_bytes; do
	[ -w "$group/$swap" ] && echo 300M >"$group/$swap" 2>/dev/null
done
cd "$tmp" || exit 99

cat >bomb.py <<'END'
all = []
while True:
    all.append(b"x" * (1 << 20))
END
cat >all.sh <<'END'
sleep 1000 &
idle=$!
i=0
while [ $i -lt 3 ]; do
	/usr/bin/python3 bomb.py &
	wait $!
	echo "bomb: $?"
	i=$((i + 1))
done
kill -0 $idle && echo "the idle one lives"
kill $idle
wait $idle
echo "idle: $?"
ls -d /usr
END
# One that is killed while it is in the sandbox's kernel takes all with it, and
# sbx says so; that is seldom.
for _ in 1 2 3; do
	sh -c 'echo $$ >"$1/cgroup.procs" &&
		exec timeout 100 "$0" sh ./all.sh >out 2>err' "$SBX" "$group"
	if [ $? != 125 ] || ! grep -q 'killed by the host' err; then
		break
	fi
done
[ -s out ] || note err
is "the others live on" "$(cat out)" \
	"bomb: 137
bomb: 137
bomb: 137
the idle one lives
idle: 143
/usr"
done_testing
