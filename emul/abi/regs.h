/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regs.h: a guest thread's registers as the entry code saves them, and the
 * thread block that GS points to while the kernel or a rewritten guest runs.
 *
 * struct regs is laid out as Linux's struct user_regs_struct up to ss, which
 * ptrace and core files want.
 */
#ifndef SBX_ABI_REGS_H
#define SBX_ABI_REGS_H

#include "emul/abi/region.h"

/* Offsets for the assembler; interposer/offsets.c asserts each. */
#define REGS_R15	0
#define REGS_R14	8
#define REGS_R13	16
#define REGS_R12	24
#define REGS_RBP	32
#define REGS_RBX	40
#define REGS_R11	48
#define REGS_R10	56
#define REGS_R9		64
#define REGS_R8		72
#define REGS_RAX	80
#define REGS_RCX	88
#define REGS_RDX	96
#define REGS_RSI	104
#define REGS_RDI	112
#define REGS_ORIG_RAX	120
#define REGS_RIP	128
#define REGS_CS		136
#define REGS_EFLAGS	144
#define REGS_RSP	152
#define REGS_SS		160
#define REGS_SIZE	168

#define THREAD_SELF	0
#define THREAD_ENTRY	8	/* where thunks jump: %gs:8 */
#define THREAD_URSP	16
#define THREAD_KSP	24
#define THREAD_WORK	32
#define THREAD_WAITING	36
#define THREAD_JUMPS	40
#define THREAD_TRAPS	48
#define THREAD_GUEST_GS	56
#define THREAD_LOCKS	64
#define THREAD_CARRY_SP	72
#define THREAD_INSIDE	68
#define THREAD_WAIT_SP	80

#ifndef __ASSEMBLER__
#include <stdint.h>

struct regs {
	uint64_t r15, r14, r13, r12, rbp, rbx;
	uint64_t r11, r10, r9, r8;
	uint64_t rax, rcx, rdx, rsi, rdi;
	uint64_t orig_rax;	/* the call's number; -1: not in a call */
	uint64_t rip, cs, eflags, rsp, ss;
};

struct mutex;
struct task;

/* What a thread has to look at before it goes back to the guest. */
#define WORK_SIGNAL	1u	/* a signal may be deliverable, or kicked */
#define WORK_EXIT	2u	/* the thread group is ending */
#define WORK_RESTORE	4u	/* leave with every register from struct regs */
#define WORK_GS		8u	/* the guest's own GS base has to come back */
#define WORK_PATCH	16u	/* trap_site trapped: rewrite it, perhaps */
#define WORK_STEP	32u	/* the guest came in with the trap flag on */
#define WORK_CPU	64u	/* say the CPU time, look at timers of it */
#define WORK_ARGS	128u	/* see what the arguments have become */
#define WORK_CARRIER	256u	/* who sleeps below has to end: vfork.c */

/*
 * The thread block, first page of a slot.  The first fields are known to the
 * assembler.  Only its own thread writes it, but for `work`.
 */
struct thread {
	struct thread *self;
	uint64_t entry;		/* address of the jump door */
	uint64_t user_rsp;	/* scratch of the entry and exit code */
	uint64_t kstack;	/* address of struct regs at the stack's top */
	uint32_t work;		/* WORK_*; set by anyone, atomically */
	uint32_t waiting;	/* in host_wait(): the kick may rewind it */
	uint64_t n_jump;	/* calls that came by the jump door ... */
	uint64_t n_trap;	/* ... of all; and those of the trap door */
	uint64_t guest_gs;	/* guest's GS base where it set one */
	uint32_t n_locks;	/* kernel locks that it holds */
	uint32_t inside;	/* 0: it runs the guest's code */
	uint64_t carry_sp;	/* stack pointer while its host thread carries
				   another task: emul/task/vfork.c */
	uint64_t wait_sp;	/* the same while `waiting` */
	struct task *task;
	int32_t host_tid;	/* the host clears it at the thread's very end */
	uint32_t live;		/* GS and alternate stack are set: kick it */
	uint32_t wait_seq;	/* futex word of R7's waiting protocol */
	uint64_t trap_site;	/* address of the `syscall` that trapped last */

	/* The fault that the fault door is to handle; signo 0: a kick. */
	int32_t fault_signo, fault_code;
	uint64_t fault_addr, fault_trapno, fault_err;

	/* Of a new thread: CLONE_* flags, and where it stores its tid. */
	uint32_t start_flags;
	uint64_t start_tid;
	void (*start_fn)(void *arg);	/* of a new process: kinit's word */
	void *start_arg;
	uint32_t spare;		/* its process waits to be wanted: kinit.c ... */
	uint32_t go;		/* ... for this futex word to be 1 */
	struct thread *next_dead;	/* in the list of slots to be freed */
#ifdef SBX_DEBUG
#define THREAD_HELD_MAX	32u
	uint32_t n_held;		/* more than the maximum: a panic */
	const struct mutex *held[32];	/* kernel locks, in order of taking */
#endif
	/* Wake-ups that are put off until locks are free: emul/task/wait.h. */
#define THREAD_LATE_MAX	8u
	uint32_t holds_wakes, n_late;
	struct thread *late[8];
	struct thread *carrier;	/* whose host thread this is, in a vfork child */
	struct thread *rider;	/* the child that this one's host thread runs */
	struct thread *base;	/* the host thread's own slot, of a dead carrier */
	/* wait_join(): who sleeps until the host clears host_tid; ... */
	struct thread *joiner;
	struct thread *owed;	/* ... who has been told to go on then */
	uint32_t leaving;	/* in task_exit() */
	struct hostproc *proc;	/* the host process it is in */
};

/* The frame of guest registers at the top of @th's kernel stack. */
static inline struct regs *thread_frame(struct thread *th)
{
	return (struct regs *)(th->kstack - sizeof(struct regs));
}
#endif
#endif
