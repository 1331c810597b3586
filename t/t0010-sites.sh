#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The decoder against objdump, and the plans for every syscall of real
# libraries: each instruction that would be replaced is one for objdump too,
# and at least so many of the sites get a fast tier.
. "${SRCDIR:-.}/t/lib.sh"

least=93

# survey NAME OPTION: plans for the sites of $tmp/file, checked against $tmp/dis
survey()
{
	"$BUILDDIR/t/site-survey" -v "$2" "$tmp/file" <"$tmp/sites" \
		>"$tmp/plans" || {
		not_ok "$1: survey"
		return
	}
	tail -n 1 "$tmp/plans" | sed "s,^[^ ]*,# $1 $2,"
	# Tier A replaces an instruction, and instructions fill the way from
	# it to the site; what lies under a pad is nothing but filler.
	$AWK '
	NR == FNR { at[$1] = $2; next }
	$1 != "site" { next }
	$3 == "A" && !($5 in at) { print "A", $2, $5; bad = 1 }
	END { exit bad }' "$tmp/starts" "$tmp/plans" >"$tmp/wrong"
	is "$1 $2: what is replaced is an instruction" "$(cat "$tmp/wrong")" ""
	share=$(sed -n 's/.*: *\([0-9]*\)%, live.*/\1/p' "$tmp/plans")
	if [ "${share:-0}" -ge "$least" ]; then
		ok "$1 $2: at least $least% of the sites"
	else
		not_ok "$1 $2: at least $least% of the sites"
	fi
}

both()
{
	[ -r "$2" ] || {
		skip "$1" "no $2"
		return
	}
	cp "$2" "$tmp/file"
	$OBJDUMP -d -w "$tmp/file" >"$tmp/dis"
	"$BUILDDIR/t/insn-objdump" "$1" <"$tmp/dis" >"$tmp/out"
	if grep -q '^ok' "$tmp/out"; then
		ok "$1: every instruction as objdump has it"
	else
		not_ok "$1: every instruction as objdump has it"
		note "$tmp/out"
	fi
	$AWK '/\tsyscall/ { print $1 }' "$tmp/dis" >"$tmp/sites"
	sed -n 's/^ *\([0-9a-f]*\):\t.*/\1 1/p' "$tmp/dis" >"$tmp/starts"
	survey "$1" -v
	survey "$1" -n
}

AWK=${AWK:-awk}
libc=$(ldd "$(command -v sh)" 2>/dev/null |
	sed -n 's/.*libc\.so\.6 => \([^ ]*\).*/\1/p')
both libc "${libc:-/lib/x86_64-linux-gnu/libc.so.6}"
both ld.so /lib64/ld-linux-x86-64.so.2
both musl /lib/ld-musl-x86_64.so.1
[ "${SBX_LONG-}" ] && both busybox /bin/busybox
done_testing
