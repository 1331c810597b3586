/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate.S: the one `syscall` instruction, and the ways to it.
 *
 * The host's filter takes calls only from the address behind it.  It stands
 * first on a page of its own section, so that its address is fixed by
 * the linker script: emul/abi/gate.h.
 */
#include "emul/abi/gate.h"
#include "emul/abi/regs.h"

	.section .gate, "ax", @progbits

/*
 * host_gate: called with the registers of the host call in place.  Returns
 * as the host does; rcx and r11 are lost.
 */
	.globl	host_gate
	.hidden	host_gate
	.type	host_gate, @function
host_gate:
	.globl	gate_syscall
	.hidden	gate_syscall
gate_syscall:
	syscall
gate_return:
	ret
	.size	host_gate, . - host_gate
	.if	gate_return - host_gate - GATE_LENGTH
	.error	"GATE_IP in emul/abi/gate.h is wrong"
	.endif

/*
 * host_gate_wait: the same for a call that may sleep.  With work pending the
 * call is not made: -EINTR.  The kick handler moves a thread which is between
 * the test and the call back to gate_wait_test, so that no kick is lost
 * (rule R7); `waiting` tells it that the call is such a one.  What the stack
 * does not have of the thread's state is put there, for gate_wait_resume.
 */
	.globl	host_gate_wait
	.hidden	host_gate_wait
	.type	host_gate_wait, @function
host_gate_wait:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, %gs:THREAD_WAIT_SP
	movl	$1, %gs:THREAD_WAITING
	.globl	gate_wait_test
	.hidden	gate_wait_test
gate_wait_test:
	testl	$3, %gs:THREAD_WORK	/* WORK_SIGNAL | WORK_EXIT */
	jnz	gate_wait_end
	call	gate_syscall
	jmp	1f
	.globl	gate_wait_end
	.hidden	gate_wait_end
gate_wait_end:
	mov	$-4, %rax		/* -EINTR */
1:	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret
	.size	host_gate_wait, . - host_gate_wait

/*
 * gate_wait_resume: the host killed the thread in host_gate_wait; another host
 * thread goes on with its stack (emul/task/killed.c): -EINTR.
 */
	.globl	gate_wait_resume
	.hidden	gate_wait_resume
	.type	gate_wait_resume, @function
gate_wait_resume:
	mov	%gs:THREAD_WAIT_SP, %rsp
	jmp	gate_wait_end
	.size	gate_wait_resume, . - gate_wait_resume

/* Where a host signal handler returns to: rt_sigreturn(2). */
	.globl	host_restorer
	.hidden	host_restorer
	.type	host_restorer, @function
host_restorer:
	mov	$15, %eax
	jmp	gate_syscall
	.size	host_restorer, . - host_restorer

/*
 * clone_start: where a new host thread begins, by the `ret` of the gate on its
 * new stack.  rbx: its thread block, r12: function, r13: argument.
 */
	.globl	clone_start
	.hidden	clone_start
	.type	clone_start, @function
clone_start:
	wrgsbase %rbx
	xor	%ebp, %ebp
	mov	%r13, %rdi
	call	*%r12
	ud2
	.size	clone_start, . - clone_start

	.section .note.GNU-stack, "", @progbits
