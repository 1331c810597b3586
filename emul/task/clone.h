/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clone.h: what clone.c (the calls, threads), fork.c (processes) and vfork.c
 * (processes in their parent's memory) share.
 */
#ifndef SBX_TASK_CLONE_H
#define SBX_TASK_CLONE_H

#include "emul/lib/types.h"

struct exec;
struct task;
struct thread;

#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND	0x100000000ULL
#endif

#define CLONE_NAMESPACES						\
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |	\
	 CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME)

/* What the calls of the family come down to. */
struct clone_req {
	uint64_t flags;		/* CLONE_*, without the signal */
	int exit_signal;
	uaddr_t stack;		/* 0: the parent's */
	uaddr_t pidfd, parent_tid, child_tid;
	uint64_t tls;
};

/* Does RLIMIT_NPROC let @t have no more? */
bool clone_over_limit(const struct task *t);
/*
 * Give @n the files, directories and, with CLONE_VM, the memory of @t, or
 * copies.  0 or -ENOMEM; task_release_parts() undoes both.
 */
int clone_parts(struct task *t, struct task *n, uint64_t flags) __must_check;
/* Fill the frame of @n's slot: it will go on as @t, with 0 from the call. */
void clone_frame(struct task *t, struct task *n, const struct clone_req *c);
/*
 * A host thread of the calling process for @n, which has its place, slot and
 * number already.  0 or -errno; then @n never ran.
 */
int clone_launch_thread(struct task *t, struct task *n,
			const struct clone_req *c) __must_check;
/* On @t's own new stack: the last steps before it can go to the guest. */
void clone_arrive(struct task *t);

/* fork.c: a new process.  Its pid or -errno. */
long clone_process(struct task *t, const struct clone_req *c);

/*
 * vfork.c: run @n on the calling host thread, in @t's memory, until it has a
 * program or an end.
 */
int vfork_carry(struct task *t, struct task *n, const struct clone_req *c)
	__must_check;
/*
 * The calling host thread stops being that of the slot @th, whose task has
 * moved to another or ended: goes on as the vfork parent that it carried, or
 * ends.
 */
void thread_leave(struct thread *th) __noreturn;
/*
 * WORK_CARRIER: tasks below @th, the calling one, on its host thread, have to
 * end although the children that they wait for have not; they do.
 */
void vfork_carrier_ends(struct thread *th);
/* @t, which a parent waits for (CLONE_VFORK), has a program or an end. */
void vfork_done(struct task *t);

#endif
