#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A host directory of more entries than one request brings, on whatever file
# system is there: the host's positions may be any 63 bits.
. "${SRCDIR:-.}/t/lib.sh"

mkdir "$tmp/big"
(cd "$tmp/big" && seq 20000 | xargs touch)
# shellcheck disable=SC2012
ls -f "$tmp/big" | sort >"$tmp/native"
"$SBX" --ro "$tmp/big" -- /bin/ls -f "$tmp/big" >"$tmp/out"
sort "$tmp/out" | cmp - "$tmp/native" >"$tmp/diff" 2>&1
is "every name comes once" "$?" 0
note "$tmp/diff"
done_testing
