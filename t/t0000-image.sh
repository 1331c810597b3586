#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The kernel image is what build-aux/check-image demands, and the check
# refuses images that are not.
. "${SRCDIR:-.}/t/lib.sh"

check="$SRCDIR/build-aux/check-image"

# image SOURCE: link SOURCE as the kernel is linked; leave it in $tmp/k.elf.
image()
{
	printf '%s\n' "$1" >"$tmp/k.c"
	$CC -O1 -ffreestanding -fPIE -fcf-protection=none \
		-fno-asynchronous-unwind-tables -c -o "$tmp/k.o" "$tmp/k.c" &&
	$CC -nostdlib -static -Wl,-T,"$BUILDDIR/kernel.lds" \
		-Wl,--build-id=none -Wl,--defsym=boot=0 -o "$tmp/k.elf" "$tmp/k.o"
}

refused()
{
	name=$1
	if image "$2" >"$tmp/out" 2>&1; then
		if sh "$check" "$tmp/k.elf" >"$tmp/out" 2>&1; then
			not_ok "$name is refused"
		else
			ok "$name is refused"
		fi
	else
		# The linker script may assert it first.
		ok "$name is refused by the link"
	fi
}

one='void f(void); void f(void) { __asm__ volatile("syscall"); }'

run_ok "the built image passes" sh "$check" "$BUILDDIR/kernel.elf"
refused "an image with two syscalls" "$one
void g(void); void g(void) { __asm__ volatile(\"nop; syscall\"); }"
refused "an image with writable data" "$one
int w = 1;"
refused "an image with zeroed data" "$one
int w[100];"
refused "an image with a vector instruction" "$one
void g(void); void g(void) { __asm__ volatile(\"pxor %xmm1, %xmm0\"); }"
refused "an image with an x87 instruction" "$one
void g(void); void g(void) { __asm__ volatile(\"fninit\"); }"
refused "an image with int 0x80" "$one
void g(void); void g(void) { __asm__ volatile(\"int \$0x80\"); }"
refused "an image that reads FS" "$one
void g(void); void g(void) { __asm__ volatile(\"mov %fs:0, %rax\"); }"
refused "an image without syscall" "void g(void); void g(void) { }"
done_testing
