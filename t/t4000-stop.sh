#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A sandbox that is stopped and continued from outside goes on: the host
# restarts a timed sleep by a call of its own (restart_syscall).  And what is
# sent to sbx reaches a program that waits for it.
. "${SRCDIR:-.}/t/lib.sh"

# stop_and_go NAME COMMAND...: stopped while it sleeps; it must end well.
stop_and_go()
{
	name=$1
	shift
	"$SBX" "$@" &
	sbx_pid=$!
	sleep 0.5
	guest=$(pgrep -P $sbx_pid | head -n 1)
	kill -STOP "$guest" && sleep 0.2 && kill -CONT "$guest"
	wait $sbx_pid
	is "$name" "$?" 0
}

if ! command -v busybox >/dev/null || ! command -v pgrep >/dev/null; then
	skip "stop and continue" "busybox or pgrep is not installed"
else
	stop_and_go "stopped in a timed sleep" busybox sleep 1.5
fi

# A signal to sbx is the program's, also where that waits for it by number.
if [ -x /usr/bin/python3 ]; then
	"$SBX" /usr/bin/python3 -c '
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
print("ready", flush=True)
print(signal.sigwait([signal.SIGTERM]).name)' >"$tmp/wait.out" &
	sbx_pid=$!
	until [ -s "$tmp/wait.out" ] || ! kill -0 $sbx_pid 2>/dev/null; do
		sleep 0.1
	done
	# Asleep by now, most likely; if not, it is pending.
	sleep 0.3
	kill -TERM $sbx_pid
	wait $sbx_pid
	is "waited for by sigwait" "$?" 0
	is "it is the one that was sent" "$(tail -n 1 "$tmp/wait.out")" SIGTERM
else
	skip "a signal waited for" "no /usr/bin/python3"
fi
done_testing
