#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Limits that a wrecked kernel does not count, where there is no control group
# to hold them (an ordinary user has none, as a rule).
. "${SRCDIR:-.}/t/hostile.sh"

sbx_options='--memory 64M'
if [ "$(id -u)" = 0 ]; then
	as_user='setpriv --reuid=65534 --regid=65534 --clear-groups'
	$as_user "$tmp/sbx" true 2>/dev/null || as_user=
fi
for kind in shared tables headless; do
	attack "memory: $kind" 0,125,137 -t 60 -- limits $kind
done
# The first of them alone take less than this.
sbx_options='--memory 220M'
attack 'memory: crowd' 0,137 -t 60 -- limits crowd
sbx_options='--memory 64M'

# Nobody reads what sbx says; nobody continues it.
mkfifo "$tmp/full"
chmod 666 "$tmp/full"
exec 9<>"$tmp/full"
for kind in mute stopped; do
	got=0
	# shellcheck disable=SC2086
	$as_user "$drive" -t 60 137 "$tmp/sbx" $sbx_options -- \
		./h-limits.hostile $kind </dev/null >"$tmp/.out" \
		2>"$tmp/full" || got=$?
	is "memory: $kind" "$got $(cat "$tmp/.out")" "0 "
done
# Nor is anything missed there: not the end, nor the time, be it with signals
# that are ignored.
sbx_options=
got=0
$as_user "$drive" -t 60 0 "$tmp/sbx" -- ./h-limits.hostile noisy \
	</dev/null >"$tmp/.out" 2>"$tmp/full" || got=$?
is 'the end of a program that is noisy' "$got $(cat "$tmp/.out")" '0 '
sbx_options='--timeout 1 --kill-after 0.1'
got=0
# shellcheck disable=SC2086
(trap '' CONT
	exec $as_user "$drive" -t 60 124 "$tmp/sbx" $sbx_options -- \
		./h-limits.hostile mute </dev/null >"$tmp/.out" 2>"$tmp/full") ||
	got=$?
is 'the time of a program that is noisy' "$got $(cat "$tmp/.out")" '0 '
exec 9>&-

mkdir "$tmp/rw"
chmod 777 "$tmp/rw"
sbx_options="--fsize 64K --rw $tmp/rw"
attack 'the size of a file' 0 -- limits size 65536
is 'and it is just so long' "$(stat -c %s "$tmp/rw/long")" 65536
untouched 'nothing outside has changed'
done_testing
