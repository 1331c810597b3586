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
needs 11 clone,fork
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

# The image comes from the file of sbx where that can be opened, else from what
# is mapped; the clocks need no vdso.
if unshare -rm sh -c 'mount -t tmpfs none /proc' 2>/dev/null; then
	got=$(unshare -rm sh -c 'mount -t tmpfs none /proc && exec "$0" "$@"' \
		"$SBX" busybox echo hi 2>&1 </dev/null)
	is "without /proc it runs" "$? $got" "0 hi"
else
	skip "without /proc it runs" "no mount namespace"
fi

# limited OPTION: a soft limit of the shell's is the guest's alone; a hard one
# that leaves no room for sbx itself is one line and 125.
# shellcheck disable=SC3045
limited()
{
	(ulimit -S "$1" "$2" && exec "$SBX" busybox echo hi) \
		>"$tmp/out" 2>"$tmp/err" </dev/null
	is "under ulimit -S $1 $2" "$? $(cat "$tmp/out" "$tmp/err")" "0 hi"
	(ulimit "$1" "$2" && exec "$SBX" busybox echo hi) \
		>"$tmp/out" 2>"$tmp/err" </dev/null
	is "under ulimit $1 $2: one line and 125" \
		"$? $(wc -l <"$tmp/err") $(grep -c '^sbx: .*ulimit' "$tmp/err")" \
		"125 1 1"
}

# shellcheck disable=SC3045
if (ulimit -S -v 4000000) 2>/dev/null && command -v busybox >/dev/null; then
	limited -v 4000000
	limited -f 100
	limited -d 2000
else
	skip "limits of the shell" "no ulimit -v, or no busybox"
fi

done_testing
