#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Hosts that refuse what sbx asks of them: what it cannot do without ends it
# with one line and 125, before anything was run; without the rest it works.
. "${SRCDIR:-.}/t/lib.sh"

command -v busybox >/dev/null 2>&1 || skip_all "no busybox"
refuse=$BUILDDIR/t/refuse
[ -x "$refuse" ] || skip_all "refuse is not built"
"$refuse" 1 vserver /bin/true || skip_all "no seccomp here"

# on_host ERRNO CALL: run it there
on_host()
{
	got=0
	timeout 20 "$refuse" "$1" "$2" "$SBX" busybox echo hi \
		>"$tmp/out" 2>"$tmp/err" </dev/null || got=$?
}

needs()
{
	on_host "$@"
	if [ "$got" -eq 125 ] && [ ! -s "$tmp/out" ] &&
	    [ "$(grep -c '^sbx: ' "$tmp/err")" -ge 1 ] &&
	    [ "$(wc -l <"$tmp/err")" -eq 1 ]; then
		ok "without $2: one line and 125"
	else
		not_ok "without $2: one line and 125"
		printf '# status %d\n' "$got"
		note "$tmp/out" "$tmp/err"
	fi
}

spares()
{
	on_host "$@"
	is "without $2 it runs" "$got $(cat "$tmp/out" "$tmp/err")" "0 hi"
}

# ENOSYS 38, EPERM 1, EAGAIN 11, EMFILE 24, EINVAL 22.
needs 38 seccomp
needs 1 prctl
needs 38 memfd_create
needs 1 socketpair
needs 11 clone
needs 1 setsid
needs 24 pipe2
needs 24 epoll_create1
needs 38 getrandom
spares 38 landlock_create_ruleset
spares 38 openat2
spares 38 close_range
spares 38 membarrier
spares 95 fallocate
spares 1 prlimit64

done_testing
