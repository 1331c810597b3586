#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run-guest.sh: run a guest test natively, then in the sandbox, and compare.
# Linux is the oracle: what fails natively is a wrong test, what differs in
# the sandbox is a wrong kernel.
#
# usage: run-guest.sh PROGRAM [ARG...]
#
# The program prints TAP (t/guest.h) or any text that is the same in each
# run.  PROGRAM's own lines are shown under "# native" and "# sbx".
. "${SRCDIR:-.}/t/lib.sh"

prog=$1
shift
case $prog in
*/*) ;;
*) prog=./$prog ;;
esac
name=$(basename "$prog")

# A working directory for each run, so that neither sees the other's files.
mkdir "$tmp/cwd" || exit 99
prog=$(cd "$(dirname "$prog")" && pwd)/$name
cd "$tmp/cwd" || exit 99

# What failed, and what the program says of it.
# shellcheck disable=SC2016
bad='/^not ok/ { show = 1; print; next } /^#/ && show { print; next }
	{ show = 0 }'

capture native env SBX_TEST_NATIVE=1 "$prog" "$@" </dev/null
if grep -q '^1\.\.0' "$tmp/native.out"; then
	cat "$tmp/native.out"
	exit 0
fi
if grep -q '^not ok' "$tmp/native.out"; then
	not_ok "$name: native run"
	awk "$bad" "$tmp/native.out" | head -n 40 | sed 's/^/# native: /'
	note "$tmp/native.err"
else
	ok "$name: native run"
fi
rm -rf "$tmp/cwd"/*

# What a test needs of sbx its source says.
source=${name%.guest}
source=${source%-dyn}
source=${source%-musl}
options=$(sed -n 's/^ \* sbx options: //p' \
	"${SRCDIR:-.}/t/$source.c" 2>/dev/null)
# shellcheck disable=SC2086
capture sbx "$SBX" ${SBX_OPTIONS-} $options -- "$prog" "$@" </dev/null

# Each test of the program is a test of ours, by name.
sed -n 's/^\(not \)\{0,1\}ok [0-9]* - //p' "$tmp/native.out" >"$tmp/names"
while IFS= read -r line; do
	if grep '^ok ' "$tmp/sbx.out" | sed 's/^ok [0-9]* - //' |
	    grep -qxF -e "$line"; then
		ok "$name: $line"
	else
		not_ok "$name: $line"
		awk "$bad" "$tmp/sbx.out" | NAME=$line awk '
		/^not ok/ {
			show = substr($0, index($0, " - ") + 3) == ENVIRON["NAME"]
		}
		show { print "# sbx: " $0 }'
	fi
done <"$tmp/names"
compare "$name: same output, errors and exit status"
done_testing
