# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# lib.sh: TAP for shell tests.  The plan is counted, never written by hand.
#
#	. "${SRCDIR:-.}/t/lib.sh"
#	ok NAME, not_ok NAME, skip NAME WHY	one line of TAP
#	run_ok NAME COMMAND...			the command exits 0
#	run_code NAME STATUS COMMAND...		the command exits with STATUS
#	is NAME GOT WANTED			two strings are the same
#	same NAME COMMAND...			native and in the sandbox: same
#						output, errors and exit status
#	never_root				$as_user COMMAND... is no root's
#	ng_ended STATUS OUTPUT			stress-ng ended well
#	skip_all WHY				nothing to test here
#	not_quick				skip_all where SBX_TEST_QUICK is set
#	done_testing				print the plan; last line
#
# $tmp is a directory of the test's own, removed at its end.
# shellcheck disable=SC2034
set -u
SRCDIR=${SRCDIR:-$(pwd)}
BUILDDIR=${BUILDDIR:-$(pwd)}
SBX=${SBX:-$BUILDDIR/sbx}
CC=${CC:-cc}
LC_ALL=C
export LC_ALL
tap_n=0
tap_failed=0
# Modes are compared, and other users are to read what is made.
umask 022
# A place to run programs from, with a name that needs no quoting.
for tmp_in in "${TMPDIR:-/tmp}" /tmp /var/tmp "$BUILDDIR"; do
	case $tmp_in in
	*[!A-Za-z0-9_/.-]*) continue ;;
	esac
	tmp=$(mktemp -d "$tmp_in/sbx-test.XXXXXX") || continue
	printf '#!/bin/sh\n' >"$tmp/run"
	chmod +x "$tmp/run"
	"$tmp/run" 2>/dev/null && rm "$tmp/run" && break
	rm -rf "$tmp"
done
[ -d "${tmp-}" ] || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT TERM

# not_quick: the rest is long, and runs in one of the gate's stages alone.
not_quick()
{
	if [ -n "${SBX_TEST_QUICK-}" ]; then
		skip_all "not in a quick run"
	fi
}

# note FILE...: show files as TAP comments.
note()
{
	cat -- "$@" 2>/dev/null | head -n 40 | sed 's/^/# /'
}

ok()
{
	tap_n=$((tap_n + 1))
	printf 'ok %d - %s\n' "$tap_n" "$1"
}

not_ok()
{
	tap_n=$((tap_n + 1))
	tap_failed=$((tap_failed + 1))
	printf 'not ok %d - %s\n' "$tap_n" "$1"
}

skip()
{
	tap_n=$((tap_n + 1))
	printf 'ok %d - %s # SKIP %s\n' "$tap_n" "$1" "$2"
}

skip_all()
{
	printf '1..0 # SKIP %s\n' "$1"
	exit 0
}

run_ok()
{
	run_name=$1
	shift
	run_code "$run_name" 0 "$@"
}

run_code()
{
	run_name=$1
	run_want=$2
	shift 2
	run_got=0
	"$@" >"$tmp/.out" 2>"$tmp/.err" </dev/null || run_got=$?
	if [ "$run_got" -eq "$run_want" ]; then
		ok "$run_name"
	else
		not_ok "$run_name"
		printf '# exit status %d, not %d: %s\n' \
			"$run_got" "$run_want" "$*"
		note "$tmp/.out" "$tmp/.err"
	fi
}

is()
{
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1"
		printf '%s\n' "got:" "$2" "wanted:" "$3" | sed 's/^/# /'
	fi
}

# compare NAME: the files $tmp/native.* against $tmp/sbx.*
compare()
{
	compare_same=yes
	for compare_what in status err out; do
		cmp -s "$tmp/native.$compare_what" \
			"$tmp/sbx.$compare_what" && continue
		[ "$compare_same" = no ] || not_ok "$1"
		compare_same=no
		printf '# %s differs, native first:\n' "$compare_what"
		diff -a "$tmp/native.$compare_what" \
			"$tmp/sbx.$compare_what" | head -n 20 |
			cut -c 1-200 | sed 's/^/# /'
	done
	[ "$compare_same" = yes ] || return 1
	ok "$1"
}

# capture WHERE COMMAND...: stdin is the caller's.
capture()
{
	capture_to=$1
	shift
	capture_status=0
	timeout "${SBX_TEST_TIMEOUT:-60}" "$@" >"$tmp/$capture_to.out" \
		2>"$tmp/$capture_to.err" || capture_status=$?
	printf '%d\n' "$capture_status" >"$tmp/$capture_to.status"
}

same()
{
	same_name=$1
	shift
	capture native "$@" </dev/null
	# shellcheck disable=SC2086
	capture sbx "$SBX" ${SBX_OPTIONS-} -- "$@" </dev/null
	compare "$same_name"
}

# never_root: $as_user is what makes of a command an ordinary user's: nothing
# where we are one.
never_root()
{
	as_user=
	[ "$(id -u)" -eq 0 ] || return 0
	as_user='setpriv --reuid=65534 --regid=65534 --clear-groups'
	$as_user true || skip_all 'no setpriv here'
}

# ng_ended STATUS OUTPUT: did stress-ng end well?  Its status 7 says only that
# it killed a worker in the midst of counting, so that its own count of
# operations cannot be trusted: stress-ng(1), EXIT STATUS.
ng_ended()
{
	[ "$1" -eq 0 ] || {
		[ "$1" -eq 7 ] && grep -q 'metrics are untrustworthy' "$2"
	}
}

done_testing()
{
	printf '1..%d\n' "$tap_n"
	[ "$tap_failed" -eq 0 ]
	exit
}
