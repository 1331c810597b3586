#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Program files under libFuzzer.  SBX_FUZZ_SECONDS: for how long; 15 if not
# set.  A find is left in the build directory, under fuzz/.
. "${SRCDIR:-.}/t/lib.sh"

seconds=${SBX_FUZZ_SECONDS:-15}
clang=${FUZZ_CC:-clang}
flags="-std=gnu11 -g -O1 -DSBX_HOSTED=1 -I$BUILDDIR -I$SRCDIR"

echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n);
int LLVMFuzzerTestOneInput(const char *d, unsigned long n)
{ return d && n ? 0 : 0; }' >"$tmp/probe.c"
"$clang" -fsanitize=fuzzer,address,undefined -o "$tmp/probe" "$tmp/probe.c" \
	>/dev/null 2>&1 || skip_all "no clang with libFuzzer"

set --
for f in lib/rbtree task/elf task/elfmap task/script mm/vma mm/map \
    mm/filemap mm/protect; do
	set -- "$@" "$SRCDIR/emul/$f.c"
done
# shellcheck disable=SC2086
run_ok "the fuzzer is built" "$clang" $flags \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
	-o "$tmp/fuzz" "$SRCDIR/t/fuzz/fuzz-elf.c" "$@"
mkdir "$tmp/corpus" "$tmp/seeds"
printf '#!/bin/sh -e\n' >"$tmp/seeds/script"
echo 'int x[5000] = { 1 }; void _start(void); void _start(void) { x[1] = 2; }' \
	>"$tmp/tiny.c"
for flag in -static -static-pie -pie; do
	$CC $flag -Os -fPIE -nostdlib -s -o "$tmp/seeds/elf$flag" "$tmp/tiny.c"
	head -c 1024 "$tmp/seeds/elf$flag" >"$tmp/seeds/cut"
	mv "$tmp/seeds/cut" "$tmp/seeds/elf$flag"
done
mkdir -p "$BUILDDIR/fuzz"
if nice "$tmp/fuzz" -max_total_time="$seconds" -max_len=2048 -timeout=10 \
	-use_value_profile=1 -artifact_prefix="$BUILDDIR/fuzz/" \
	"$tmp/corpus" "$tmp/seeds" >"$tmp/log" 2>&1; then
	sed -n 's/^Done/# &/p' "$tmp/log"
	ok "nothing is found"
else
	not_ok "nothing is found"
	grep -v "^#" "$tmp/log" >"$tmp/find"
	note "$tmp/find"
fi
done_testing
