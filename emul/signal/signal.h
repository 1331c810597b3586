/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signal.h: signals of tasks and thread groups; signal(7).
 *
 * The guest's signals are the kernel's own.  None of them is a host signal;
 * host signals carry only traps, faults and the kick.
 */
#ifndef SBX_SIGNAL_SIGNAL_H
#define SBX_SIGNAL_SIGNAL_H

#include "emul/lib/list.h"
#include "emul/lib/lock.h"
#include "emul/lib/types.h"

#define NSIG64		64
typedef uint64_t sigset64_t;	/* bit n-1 is signal n */
#define SIGBIT(n)	(1ULL << ((n) - 1))

/*
 * Returned by a call that a signal interrupted, never seen by the guest; the
 * way back to the guest turns them into -EINTR or a restart, signal(7).
 */
#define ERESTARTSYS		512	/* restart if SA_RESTART or no handler */
#define ERESTARTNOINTR		513	/* always restart */
#define ERESTARTNOHAND		514	/* restart only if no handler ran */
#define ERESTART_RESTARTBLOCK	516	/* go on by restart_syscall */

/* As the kernel's siginfo_t: 128 bytes; laid out by emul/signal/siginfo.h. */
struct siginfo128 {
	int32_t signo, err, code;
	int32_t pad0;
	uint64_t fields[14];
};

/* One signal in a queue; a standard one is there at most once. */
struct sigqueue {
	struct list_head link;
	struct siginfo128 info;
	bool counted;		/* in the count that RLIMIT_SIGPENDING bounds */
};

struct sigpending {
	sigset64_t set;
	struct list_head queue;	/* of struct sigqueue */
};

struct sigaltstack_state {
	uaddr_t sp;
	size_t size;
	int flags;
};

/* As the kernel's struct sigaction on x86-64. */
struct ksigaction {
	uaddr_t handler;
	uint64_t flags;
	uaddr_t restorer;
	sigset64_t mask;
};

struct sighand {
	struct ref ref;
	struct mutex lock;
	struct ksigaction action[NSIG64];
};

struct task;

/* How restart_syscall(2) goes on with an interrupted call. */
struct restart_block {
	long (*fn)(struct task *t);	/* NULL: -EINTR */
	int64_t deadline_ns;
	uint64_t arg[4];
	/* This call is one that a stop ends too, signal(7): -EINTR. */
	bool ends_by_stop;
	bool stopped;		/* since it was interrupted */
};

struct regs;

void sigpending_init(struct sigpending *p);
/* Drop everything that waits in @p. */
void sigpending_flush(struct sigpending *p);
struct sighand *sighand_alloc(void) __must_check;
void sighand_put(struct sighand *h);

/*
 * Send @info->signo to one thread, or to the group of @t: queue it and wake
 * whoever has to take it.  0 or -EAGAIN.
 */
int signal_send(struct task *t, const struct siginfo128 *info, bool to_group);

/*
 * @t wrote to what nobody reads: SIGPIPE for the thread.  Returns -EPIPE.
 */
long signal_epipe(struct task *t);

/*
 * A signal that @t itself raised by a fault: cannot be ignored or blocked;
 * the default action is forced then.
 */
void signal_force(struct task *t, const struct siginfo128 *info);

/* @t has bad guest code or data of its own making: force @signo, SICODE_KERNEL. */
void signal_force_kernel(struct task *t, int signo);

/* Can @signo reach @t, or is it ignored? (for job control's SIGTTIN) */
bool signal_ignored(struct task *t, int signo);

/* Change the mask of @t, which is current(). */
void signal_set_blocked(struct task *t, sigset64_t mask);
/*
 * The mask argument of ppoll, pselect6, epoll_pwait: put the set at @mask
 * (0: none) in force until the call ends, which tells by signal_mask_leave()
 * whether it was interrupted.  0, -EINVAL (@size is not 8), -EFAULT.
 */
int signal_mask_enter(struct task *t, uaddr_t mask, size_t size) __must_check;
void signal_mask_leave(struct task *t, bool interrupted);

/*
 * Ready the signal state of @t's group for a new program, execve(2): handlers
 * become default, the alternate stack goes.
 */
void signal_exec(struct task *t);

/* AT_MINSIGSTKSZ: the stack that a frame takes at most, bytes. */
size_t signal_min_stack(void);
/* Vector state as a new program finds it; for execve. */
void signal_reset_fpu(void);

/* restart_block's function when nothing is to be restarted: -EINTR. */
long restart_none(struct task *t) __attribute__((visibility("hidden")));

/*
 * On the way back to the guest: act on what is pending: build a frame,
 * restart the call, stop, or end the group (does not return then).
 */
void signal_deliver(struct task *t, struct regs *r);

#endif
