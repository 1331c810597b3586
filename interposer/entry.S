/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entry.S: from the guest to the kernel and back.
 *
 * Jump door and trap door meet at entry_jump.  State there: rax the number,
 * rcx the address behind the guest's `syscall`, GS the thread block, all else
 * the guest's, also its stack pointer.  r11 is free: the instruction itself
 * clobbers it.  No vector register is touched from here to the way out, so
 * none is saved.
 *
 * The labels divide the code for the kick handler (interposer/hostsig.c):
 *	entry_jump .. entry_done	nothing has happened yet: go back to the
 *					guest's `syscall`
 *	exit_test .. exit_end		nothing is lost: go back to exit_test
 */
#include "emul/abi/regs.h"
#include "interposer/extable.h"

#define WORK_RESTORE_BIT	4
#define WORK_GS_BIT		8
/* Flags that sahf and an addition cannot bring back: TF DF IOPL NT RF AC... */
#define FLAGS_SLOW	(~(0x8d5 | 0x2 | 0x200 | 0x200000) & 0xffffffff)

	.section .entry, "ax", @progbits

#define GLOBAL(name)	.globl name; .hidden name; name:

	.balign	64
	.type	entry_jump, @function
GLOBAL(entry_jump)
	mov	%rsp, %gs:THREAD_URSP
	mov	%gs:THREAD_KSP, %rsp
	pushq	$0x2b			/* ss */
	pushq	%gs:THREAD_URSP
	pushfq
	pushq	$0x33			/* cs */
	pushq	%rcx			/* rip */
	pushq	%rax			/* orig_rax */
	pushq	%rdi
	pushq	%rsi
	pushq	%rdx
	pushq	%rcx
	pushq	%rax
	pushq	%r8
	pushq	%r9
	pushq	%r10
	mov	REGS_EFLAGS - REGS_R10(%rsp), %r11
	pushq	%r11			/* r11: the flags, as the hardware does */
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
GLOBAL(entry_done)
	cld
	movl	$1, %gs:THREAD_INSIDE
	incq	%gs:THREAD_JUMPS
	mov	%rsp, %rdi
	call	kernel_entry

	/* The guest's callee-saved registers are in place: C kept them. */
GLOBAL(exit_test)
	cmpl	$0, %gs:THREAD_WORK
	jne	exit_work
	mov	REGS_EFLAGS(%rsp), %r11
	test	$FLAGS_SLOW, %r11d
	jnz	exit_full
	movl	$0, %gs:THREAD_INSIDE
	mov	REGS_R10(%rsp), %r10
	mov	REGS_R9(%rsp), %r9
	mov	REGS_R8(%rsp), %r8
	mov	REGS_RDX(%rsp), %rdx
	mov	REGS_RSI(%rsp), %rsi
	mov	REGS_RDI(%rsp), %rdi
	mov	REGS_RIP(%rsp), %rcx
	/* popfq would cost as much as all of this. */
	movzbl	%r11b, %eax
	shl	$8, %eax
	bt	$11, %r11d		/* OF */
	setc	%al
	add	$0x7f, %al
	sahf
	mov	REGS_RAX(%rsp), %rax
	mov	REGS_RSP(%rsp), %rsp
exit_jmp:
	jmp	*%rcx

	/* Every register comes from the frame, rcx and r11 too. */
GLOBAL(exit_full)
	movl	$0, %gs:THREAD_INSIDE
	mov	REGS_R15(%rsp), %r15
	mov	REGS_R14(%rsp), %r14
	mov	REGS_R13(%rsp), %r13
	mov	REGS_R12(%rsp), %r12
	mov	REGS_RBP(%rsp), %rbp
	mov	REGS_RBX(%rsp), %rbx
	mov	REGS_R11(%rsp), %r11
	mov	REGS_R10(%rsp), %r10
	mov	REGS_R9(%rsp), %r9
	mov	REGS_R8(%rsp), %r8
	mov	REGS_RCX(%rsp), %rcx
	mov	REGS_RDX(%rsp), %rdx
	mov	REGS_RSI(%rsp), %rsi
	mov	REGS_RDI(%rsp), %rdi
	/*
	 * From here on WORK_RESTORE is off; a kick that comes now goes back to
	 * exit_test and sets it again, and GS too.
	 */
	lock andl $~WORK_RESTORE_BIT, %gs:THREAD_WORK
	testl	$WORK_GS_BIT, %gs:THREAD_WORK
	jz	1f
	mov	%gs:THREAD_GUEST_GS, %rax
	wrgsbase %rax
1:	mov	REGS_RAX(%rsp), %rax
	lea	REGS_RIP(%rsp), %rsp
exit_iret:
	iretq
GLOBAL(exit_end)
	.size	entry_jump, . - entry_jump

	EXTABLE(exit_jmp, exit_bad)
	EXTABLE(exit_iret, exit_bad)

	/* Where to cannot be jumped to: not canonical.  The guest's SIGSEGV. */
exit_bad:
	mov	%gs:THREAD_KSP, %rsp
	movl	$1, %gs:THREAD_INSIDE
	sub	$REGS_SIZE, %rsp
	mov	%rsp, %rdi
	call	kernel_bad_return
	jmp	exit_test

exit_work:
	testl	$~(WORK_RESTORE_BIT | WORK_GS_BIT), %gs:THREAD_WORK
	jz	exit_full
	mov	%rsp, %rdi
	call	kernel_exit_work
	jmp	exit_test

/*
 * Fault door: the signal handler has filled struct regs at the top of the
 * kernel stack, points rsp there and set WORK_RESTORE.
 */
	.type	fault_entry, @function
GLOBAL(fault_entry)
	cld
	mov	%rsp, %rdi
	call	kernel_fault
	jmp	exit_test
	.size	fault_entry, . - fault_entry

/* kernel_leave(): to the guest, with the registers in the frame, for the first
 * time of a thread. */
	.type	kernel_leave, @function
GLOBAL(kernel_leave)
	mov	%gs:THREAD_KSP, %rsp
	sub	$REGS_SIZE, %rsp
	jmp	exit_test
	.size	kernel_leave, . - kernel_leave

/* thread_carry(), thread_switch(), thread_carry_back(): see interposer.h. */
	.type	thread_carry, @function
GLOBAL(thread_carry)
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	/* By rdi: a kick on @to's alternate stack makes GS point to @to. */
	mov	%rsp, THREAD_CARRY_SP(%rdi)
	wrgsbase %rsi
	jmp	kernel_leave
	.size	thread_carry, . - thread_carry

	.type	thread_switch, @function
GLOBAL(thread_switch)
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, THREAD_CARRY_SP(%rdi)
	mov	%rsi, %rdi
	jmp	thread_carry_back
	.size	thread_switch, . - thread_switch

	.type	thread_carry_back, @function
GLOBAL(thread_carry_back)
	wrgsbase %rdi
	mov	%gs:THREAD_CARRY_SP, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret
	.size	thread_carry_back, . - thread_carry_back

	.section .note.GNU-stack, "", @progbits
