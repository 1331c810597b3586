/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xstate.S: the only code of the kernel that touches vector state, which is
 * the guest's.  Guest memory is read and written here, so faults, also those
 * of a header that the CPU refuses, end in -EFAULT.
 */
#include <asm-generic/errno-base.h>

#include "interposer/extable.h"

	.text

	.macro FUNC name
	.globl	\name
	.hidden	\name
	.type	\name, @function
\name:
	.endm

/* int fpu_save(uint64_t at, uint64_t mask) */
	FUNC fpu_save
	mov	%esi, %eax
	mov	%rsi, %rdx
	shr	$32, %rdx
1:	xsave64	(%rdi)
	xor	%eax, %eax
	ret
	EXTABLE(1b, fpu_fault)
	.size	fpu_save, . - fpu_save

/* int fpu_restore(uint64_t at, uint64_t mask) */
	FUNC fpu_restore
	mov	%esi, %eax
	mov	%rsi, %rdx
	shr	$32, %rdx
1:	xrstor64 (%rdi)
	xor	%eax, %eax
	ret
	EXTABLE(1b, fpu_fault)
	.size	fpu_restore, . - fpu_restore

/* int fpu_restore_fx(uint64_t at) */
	FUNC fpu_restore_fx
1:	fxrstor64 (%rdi)
	xor	%eax, %eax
	ret
	EXTABLE(1b, fpu_fault)
	.size	fpu_restore_fx, . - fpu_restore_fx

/* void fpu_reset(uint64_t mask): initial state; protection keys stay. */
	FUNC fpu_reset
	mov	%edi, %eax
	and	$~0x200, %eax
	mov	%rdi, %rdx
	shr	$32, %rdx
	lea	fpu_initial(%rip), %rcx
	xrstor64 (%rcx)
	ret
	.size	fpu_reset, . - fpu_reset

	FUNC fpu_fault
	mov	$-EFAULT, %eax
	ret
	.size	fpu_fault, . - fpu_fault

	.section .rodata, "a", @progbits
	.balign	64
	.type	fpu_initial, @object
fpu_initial:
	.short	0x37f			/* control word; initial by the header */
	.zero	22
	.long	0x1f80			/* mxcsr, which xrstor always loads */
	.zero	576 - 28
	.size	fpu_initial, . - fpu_initial

	.section .note.GNU-stack, "", @progbits
