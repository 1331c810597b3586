#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A program on a terminal.
. "${SRCDIR:-.}/t/lib.sh"

command -v script >/dev/null 2>&1 || skip_all "no script(1)"
command -v busybox >/dev/null 2>&1 || skip_all "no busybox"

# on_tty ARG...: what sbx writes to a terminal of its own
on_tty()
{
	script -qec "timeout --foreground 20 $SBX $*" /dev/null </dev/null | tr -d '\r'
}

is "it is one" "$(on_tty busybox sh -c "'[ -t 0 ] && echo yes'")" yes
is "its name" "$(on_tty busybox tty)" /dev/tty
is "no terminal, no name" "$("$SBX" busybox tty </dev/null)" "not a tty"
is "by /dev/tty" \
	"$(on_tty busybox sh -c "'echo hello >/dev/tty' '>/dev/null'")" hello
is "its settings" "$(on_tty busybox stty -a | grep -c icanon)" 1
is "they can be set" \
	"$(on_tty busybox stty -echo)" ""
run_code "without a terminal there is no /dev/tty" 1 \
	"$SBX" busybox sh -c 'echo x >/dev/tty'

done_testing
