#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Descriptors of the host's inside: waiting for them and for the sandbox's
# together; limits on what is written to them.
. "${SRCDIR:-.}/t/lib.sh"

prog=$BUILDDIR/t/g-poll.guest
[ -x "$prog" ] || skip_all "g-poll.guest is not built"

# A standard input that says nothing, for as long as the program takes.
mkfifo "$tmp/silent"
exec 9<>"$tmp/silent"

run_stdin()
{
	timeout 60 "$@" <"$tmp/silent" >"$tmp/out" 2>"$tmp/err"
}

run_stdin "$prog" stdin
is "native" "$?" 0
cp "$tmp/out" "$tmp/native"
run_stdin "$SBX" -- "$prog" stdin
is "in the sandbox" "$?" 0
is "the same" "$(cat "$tmp/out")" "$(cat "$tmp/native")"

# What comes from the host wakes too.
echo line >&9
is "input that is there" \
	"$(timeout 20 "$SBX" busybox head -n 1 <"$tmp/silent")" line
(sleep 0.3; echo late >&9) &
is "input that comes late" \
	"$(timeout 20 "$SBX" busybox head -n 1 <"$tmp/silent")" late
wait
run_code "a time-out on it" 142 timeout 20 sh -c \
	'"$0" busybox sh -c "read -t 1 x; exit \$((141 + \$?))" <"$1"' \
	"$SBX" "$tmp/silent"

# A limit that the guest sets itself, on an output that is the host's file.
# limited REDIRECTION: how long it gets, natively and in the sandbox
limited()
{
	for how in '' "$SBX --"; do
		echo before >"$tmp/file"
		# shellcheck disable=SC2016
		PROG="$how" OUT="$tmp/file" timeout 60 sh -c '
			set -- bash -c "trap \"\" XFSZ; ulimit -f 1
				head -c 700 /dev/zero; head -c 700 /dev/zero"
			$PROG "$@" '"$1"' "$OUT" 2>/dev/null'
		wc -c <"$tmp/file"
	done | tr '\n' ' '
}
is "a limit on an inherited output" "$(limited '>')" "1024 1024 "
is "on one that appends" "$(limited '>>')" "1024 1024 "
# ftruncate(2) fails with EFBIG.
for how in '' "$SBX --"; do
	# shellcheck disable=SC2016
	$how bash -c 'ulimit -f 1; exec perl -e "\$SIG{XFSZ} = q(IGNORE);
		exit(truncate(STDOUT, 1 << 40) ? 0 : \$! + 0)"' >"$tmp/file"
	printf '%s %s\n' $? "$(wc -c <"$tmp/file")"
done >"$tmp/ends"
is "on its truncation" "$(tr '\n' ' ' <"$tmp/ends")" "27 0 27 0 "

done_testing
