#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Programs with spoilt headers: the same errno, or the same exit status, as
# natively.  ELF_FUZZ=n tries n of each kind; ELF_FUZZ_FROM=m starts at seed m.
. "${SRCDIR:-.}/t/lib.sh"

n=${ELF_FUZZ:-60}
from=${ELF_FUZZ_FROM:-1}

$CC -O2 -static -o "$tmp/tool" "$SRCDIR/t/elf-mutate.c" || exit 99
cat >"$tmp/tiny.c" <<'END'
int filled = 42, empty[3000];
void _start(void);
void _start(void)
{
	__asm__ volatile("mov %0, %%edi\n\tmov $60, %%eax\n\tsyscall"
			 :: "r"(filled + empty[2999]));
}
END
flags="-O2 -nostdlib -fno-stack-protector -Wl,--build-id=none"
# shellcheck disable=SC2086
{
	$CC $flags -static -o "$tmp/fixed" "$tmp/tiny.c" &&
	$CC $flags -static-pie -fPIE -o "$tmp/static-pie" "$tmp/tiny.c" &&
	$CC $flags -pie -fPIE -o "$tmp/interp" "$tmp/tiny.c" &&
	$CC $flags -no-pie -Wl,-dynamic-linker,/lib64/ld-linux-x86-64.so.2 \
		-o "$tmp/interp-fixed" "$tmp/tiny.c"
} || exit 99
cd "$tmp" || exit 99

# run COMMAND...: its errno or its exit status.
run()
{
	timeout 10 "$@" >out 2>err
	code=$?
	if [ "$code" = 100 ]; then
		cat out
	else
		echo "exit $code"
	fi
}

for kind in fixed static-pie interp interp-fixed; do
	is "$kind: as it was" "$(run "$SBX" ./tool exec "./$kind")" "exit 42"
	bad=0
	i=$from
	while [ "$i" -lt $((from + n)) ]; do
		./tool mutate "$kind" "spoilt" "$i" || exit 99
		native=$(run ./tool exec ./spoilt 2>/dev/null)
		sandbox=$(run "$SBX" ./tool exec ./spoilt)
		if [ "$native" != "$sandbox" ]; then
			bad=$((bad + 1))
			echo "# seed $i: $native natively, $sandbox in sbx"
			head -n 3 err | sed 's/^/#   /'
		fi
		i=$((i + 1))
	done
	is "$kind: $n with spoilt headers" "$bad" 0
done
done_testing
