#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A sandbox that is stopped and continued from outside goes on: the host
# restarts a timed sleep by a call of its own (restart_syscall).
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
done_testing
