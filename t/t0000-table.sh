#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# t0000-table.sh: the list of system calls is whole and its generator strict.
# shellcheck disable=SC2016
. "${SRCDIR:-.}/t/lib.sh"

AWK=${AWK:-awk}
kinds=$SRCDIR/emul/entry/argkind.h
tbl=$SRCDIR/emul/syscalls.tbl

gen()
{
	"$AWK" -v out="$1" -f "$SRCDIR/emul/syscalls.awk" "$kinds" "$2"
}

# change NAME SED-SCRIPT REGEX: the list, changed so, is refused, with a
# message that tells file and line and matches.
change()
{
	sed "$2" "$tbl" >"$tmp/bad.tbl"
	if cmp -s "$tbl" "$tmp/bad.tbl"; then
		not_ok "$1: the change did nothing"
		return
	fi
	if gen check "$tmp/bad.tbl" >"$tmp/out" 2>"$tmp/err"; then
		not_ok "$1: accepted"
	elif grep -q "^$tmp/bad.tbl:[0-9][0-9]*: .*$3" "$tmp/err"; then
		ok "$1"
	else
		not_ok "$1: wrong message"
		note "$tmp/err"
	fi
}

run_ok 'the list has no mistake' gen check "$tbl"

# The installed headers may be newer than the list, whose last number then
# has to grow; never may they disagree about a name.
printf '#include <asm/unistd_64.h>\n' | "$CC" -E -dM - 2>"$tmp/err" |
	sed -n 's/^#define __NR_\([a-z0-9_]*\) \([0-9][0-9]*\)$/\2 \1/p' |
	sort -n >"$tmp/host"
sed -n 's/^\([0-9][0-9]*\) \([a-z0-9_]*\) .*/\1 \2/p' "$tbl" |
	sort -n >"$tmp/ours"
if [ -s "$tmp/host" ]; then
	missing=$("$AWK" 'NR == FNR { have[$0] = 1; next }
		!($0 in have)' "$tmp/ours" "$tmp/host")
	is 'every number of asm/unistd_64.h has its row' "$missing" ''
else
	skip 'every number of asm/unistd_64.h has its row' 'no header'
fi

change 'a missing note is refused' \
	's/^\(321 bpf .*\) |.*/\1/' 'bpf is refused and has no note'
change 'an empty note is refused' \
	's/^\(321 bpf .*\) |.*/\1 |  /' 'bpf is refused and has no note'
change 'a partial row needs a real note' \
	's/^213 epoll_create .*/213 epoll_create partial fd size:int | not yet/' \
	'has to say more'
change 'an unknown kind is refused' \
	's/^\(321 bpf .*\)cmd:int/\1cmd:blob/' 'unknown kind: blob'
change 'an unknown kind of result is refused' \
	's/^321 bpf \([^ ]*\) int/321 bpf \1 blob/' 'unknown kind: blob'
change 'an unknown level is refused' \
	's/^321 bpf [^ ]*/321 bpf maybe/' 'unknown level: maybe'
change 'a refused row needs its error' \
	's/^321 bpf [^ ]*/321 bpf refused/' 'needs its error'
change 'a number that is there twice is refused' \
	's/^322 execveat/321 execveat/' 'number 321 is already bpf'
change 'a name that is there twice is refused' \
	's/^322 execveat/322 bpf/' 'name bpf is already number 321'
change 'a row left out is noticed' '/^321 bpf/d' 'no row for number 321'
change 'a list cut short is noticed' '/^3[0-9][0-9] /,$d' 'cut short'
change 'a size that names no argument is refused' \
	's/^0 read \(.*\)(count)/0 read \1(size)/' 'no argument size in read'
change 'seven arguments are refused' \
	's/^\(321 bpf .*\) |/\1 a:int b:int c:int d:int |/' 'more than six'
change 'a word of C is no name for an argument' \
	's/^\(321 bpf .*\)cmd:int/\1int:int/' 'not a name for an argument'

man=$BUILDDIR/man/sbx-syscalls.7
gen man "$tbl" >"$tmp/sbx-syscalls.7"
if [ -f "$man" ]; then
	run_ok 'the manual page is of this list' \
		cmp "$man" "$tmp/sbx-syscalls.7"
fi
if command -v mandoc >/dev/null; then
	run_ok 'sbx-syscalls.7 is clean mdoc' \
		mandoc -Tlint -Wwarning "$tmp/sbx-syscalls.7"
	mandoc -Tascii "$tmp/sbx-syscalls.7" 2>/dev/null |
		sed 's/.\x08//g' >"$tmp/page"
	lost=$(while read -r _ name; do
		grep -q "$name()" "$tmp/page" || echo "$name"
	done <"$tmp/ours")
	# Full calls have no note: the page only has to name them.
	is 'the page names every call' "$lost" ''
else
	skip 'sbx-syscalls.7 is clean mdoc' 'no mandoc'
fi

done_testing
