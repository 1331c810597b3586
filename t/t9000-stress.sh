#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# t9000-stress.sh: many processes and threads at once, and what they do to
# each other, t/stress.c.  check-all runs it for a minute with a thousand of
# each under the debug kernel, which then counts what they left behind.
#
# SBX_STRESS_SECONDS and SBX_STRESS_CROWD say how long and how many.
. "${SRCDIR:-.}/t/lib.sh"
not_quick

seconds=${SBX_STRESS_SECONDS:-3}
crowd=${SBX_STRESS_CROWD:-200}
prog=$BUILDDIR/t/stress.guest
[ -x "$prog" ] || skip_all "t/stress.guest is not built"
mkdir "$tmp/cwd" || exit 99
cd "$tmp/cwd" || exit 99

# The place may bound processes and threads.
while ! "$prog" 1 "$crowd" "$crowd" >"$tmp/native" 2>&1; do
	grep -q 'Resource temporarily unavailable' "$tmp/native" || break
	crowd=$((crowd / 2))
	[ "$crowd" -gt 10 ] || skip_all "no processes to be had"
done
if grep -qx 'all went well' "$tmp/native"; then
	ok "$crowd processes and threads natively"
else
	not_ok "$crowd processes and threads natively"
	note "$tmp/native"
fi

seed=$(date +%s)
printf '# %s seconds, a crowd of %s, seed %s\n' "$seconds" "$crowd" "$seed"
timeout -k 5 $((seconds * 2 + 120)) "$SBX" -- "$prog" "$seconds" "$crowd" \
	"$crowd" "$seed" >"$tmp/sbx" 2>&1
status=$?
if [ "$status" -eq 0 ] && grep -qx 'all went well' "$tmp/sbx"; then
	ok "the same in the sandbox"
else
	not_ok "the same in the sandbox: status $status"
	note "$tmp/sbx"
fi
sed -n 's/^# /# in the sandbox: /p' "$tmp/sbx"
done_testing
