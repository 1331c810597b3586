#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# t7012-any-call.sh: system calls at random from many threads, t/any-call.c:
# whatever they answer, the kernel stays.  For SBX_FUZZ_SECONDS seconds; a
# kernel built with --enable-debug checks its locks as well.
#
# In the sandbox alone: Linux outside would do what is asked.
. "${SRCDIR:-.}/t/lib.sh"
[ -n "${SBX_LONG:-}" ] || skip_all "set SBX_LONG to run this"

prog=$BUILDDIR/t/any-call.guest
[ -x "$prog" ] || skip_all "t/any-call.guest is not built"
mkdir "$tmp/cwd" || exit 99
cd "$tmp/cwd" || exit 99
cp "$prog" any-call
seed=$(date +%s)
ends=$((seed + ${SBX_FUZZ_SECONDS:-20}))
n=0
good=1
while [ "$good" = 1 ] && [ "$(date +%s)" -lt "$ends" ]; do
	seed=$((seed + 1000))
	n=$((n + 1))
	timeout -k 5 300 "$SBX" --memory 2G -- ./any-call $seed 5 </dev/null \
		>"$tmp/out" 2>"$tmp/err"
	status=$?
	# What it wrote to descriptors 1 and 2 may be anything.
	if [ $status != 0 ] || grep -aq '^sbx: ' "$tmp/err"; then
		good=
	fi
done
if [ "$good" = 1 ]; then
	ok "$n times five processes of random calls"
else
	not_ok "random calls, seed $seed: status $status"
	tr -cd '\12\40-\176' <"$tmp/err" | grep '^sbx: \|^  [ai][tn] ' |
		head -n 20 >"$tmp/said"
	note "$tmp/said"
fi
done_testing
