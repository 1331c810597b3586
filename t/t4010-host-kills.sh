#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A process of the sandbox is killed from outside at random moments under load:
# life goes on without it, or the sandbox ends and says so; never a hang, never
# a process left behind.  SBX_KILLS: how often (make check-long: 200).
. "${SRCDIR:-.}/t/lib.sh"
not_quick

kills=${SBX_KILLS:-25}
cd "$tmp" || exit 99
for c in ps pgrep timeout; do
	command -v $c >/dev/null || skip_all "$c is not installed"
done

# shellcheck disable=SC2016
cat >load <<'END'
trap : USR1
for i in 1 2 3 4 5 6; do
	( while :; do echo "$i" | cat >/dev/null; done ) &
	( while :; do /bin/true; done ) &
done
( while sleep 0.01; do kill -USR1 $$; done ) &
sleep 1 &
wait $!
wait $!
kill -KILL 0
END

lived=0
ended=0
bad=
n=0
while [ "$n" -lt "$kills" ]; do
	n=$((n + 1))
	timeout -k 5 60 "$SBX" /bin/sh ./load >out 2>err & sbx=$!
	monitor=
	tries=0
	while [ -z "$monitor" ] && [ $tries -lt 100 ]; do
		monitor=$(ps -o pid= --ppid $sbx | tr -d ' ')
		tries=$((tries + 1))
	done
	sleep "0.$((n * 7919 % 9))$((n * 104729 % 10))"
	# One of its processes, but the first, whose end is the sandbox's.
	victim=$(ps -o pid= --ppid "$monitor" |
		awk -v n=$n '{ p[NR] = $1 }
			END { if (NR > 1) print p[2 + n * 7 % (NR - 1)] }')
	group=$(ps -o pgid= --ppid "$monitor" | awk 'NR == 1 { print $1 }')
	[ -n "$victim" ] && kill -KILL "$victim" 2>/dev/null
	wait $sbx
	status=$?
	case $status in
	137)	# the program's own end
		if [ -s err ] && grep -q '^sbx:' err; then
			bad="$bad $n:137-with-message"
		fi
		lived=$((lived + 1)) ;;
	125)
		grep -q 'killed by the host' err || bad="$bad $n:no-message"
		ended=$((ended + 1)) ;;
	*)	bad="$bad $n:status-$status" ;;
	esac
	if [ -n "$group" ] && pgrep -g "$group" >/dev/null; then
		sleep 1
		pgrep -g "$group" >/dev/null && bad="$bad $n:left-behind"
	fi
done
echo "# $kills kills: life went on $lived times, the sandbox ended $ended times"
is "each kill has an end" "$bad" ""
if [ "$lived" -gt 0 ]; then
	ok "some were survived"
else
	not_ok "some were survived"
fi
done_testing
