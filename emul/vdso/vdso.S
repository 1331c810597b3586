/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vdso.S: the shared object that every program finds by AT_SYSINFO_EHDR,
 * vdso(7).
 *
 * Its functions jump to those of the host's vdso, which lies in the region
 * and reads the host's clock page; emul/vdso/vdso.c puts their addresses
 * into the table once.  Where the host has none, or where its code falls back
 * on a system call, that call traps like any other.
 */
#include <asm/unistd.h>

	.text
	.macro	forward name, slot, nr
	.globl	__vdso_\name
	.type	__vdso_\name, @function
	.balign	16
__vdso_\name:
	.cfi_startproc
	mov	vdso_table + 8 * \slot(%rip), %rax
	test	%rax, %rax
	jz	1f
	jmp	*%rax
1:	mov	$\nr, %eax
	syscall
	ret
	.cfi_endproc
	.size	__vdso_\name, . - __vdso_\name
	.weak	\name
	.type	\name, @function
	.set	\name, __vdso_\name
	.size	\name, . - __vdso_\name
	.endm

	forward	clock_gettime, 0, __NR_clock_gettime
	forward	gettimeofday, 1, __NR_gettimeofday
	forward	time, 2, __NR_time
	forward	getcpu, 3, __NR_getcpu
	forward	clock_getres, 4, __NR_clock_getres

	.section .table, "a", @progbits
	.balign	8
vdso_table:
	.fill	8, 8, 0

	.section .note.GNU-stack, "", @progbits
