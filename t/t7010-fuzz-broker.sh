#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The broker's requests under libFuzzer.  SBX_FUZZ_SECONDS: for how long; 15 if
# not set.  A find is left in the build directory, under fuzz/.
. "${SRCDIR:-.}/t/lib.sh"

seconds=${SBX_FUZZ_SECONDS:-15}
clang=${FUZZ_CC:-clang}
flags="-std=gnu11 -g -O1 -DHAVE_CONFIG_H -I$BUILDDIR -I$SRCDIR"

echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n);
int LLVMFuzzerTestOneInput(const char *d, unsigned long n)
{ return d && n ? 0 : 0; }' >"$tmp/probe.c"
"$clang" -fsanitize=fuzzer,address,undefined -o "$tmp/probe" "$tmp/probe.c" \
	>/dev/null 2>&1 || skip_all "no clang with libFuzzer"

set --
for f in "$SRCDIR"/loader/broker/*.c "$SRCDIR"/loader/net.c \
	"$SRCDIR"/loader/netmatch.c "$SRCDIR"/loader/err.c; do
	set -- "$@" "$f"
done
# shellcheck disable=SC2086
run_ok "the fuzzer is built" "$clang" $flags \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
	-o "$tmp/fuzz" "$SRCDIR/t/fuzz/fuzz-broker.c" "$@"
# shellcheck disable=SC2086
run_ok "the seeds are built" "$clang" $flags -o "$tmp/seed" \
	"$SRCDIR/t/fuzz/seed-broker.c"
mkdir "$tmp/corpus" "$tmp/seeds"
run_ok "the seeds are made" "$tmp/seed" "$tmp/seeds"
mkdir -p "$BUILDDIR/fuzz"
# No names of new functions: to look them up it starts a program, and the pipes
# to it would be taken for descriptors that a request lost.
if nice "$tmp/fuzz" -max_total_time="$seconds" -max_len=4096 -timeout=10 \
	-use_value_profile=1 -print_funcs=0 -artifact_prefix="$BUILDDIR/fuzz/" \
	"$tmp/corpus" "$tmp/seeds" >"$tmp/log" 2>&1; then
	sed -n 's/^Done/# &/p' "$tmp/log"
	ok "nothing is found"
else
	not_ok "nothing is found"
	# Its last lines tell: `never:' what, and where.
	grep -a -A 30 -e '^never:' -e '^==.*ERROR' -e 'runtime error' \
		"$tmp/log" >"$tmp/why" || tail -n 40 "$tmp/log" >"$tmp/why"
	note "$tmp/why"
fi
done_testing
