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
};

struct regs;

/*
 * Send @info->signo to one thread, or to the group of @t: queue it and wake
 * whoever has to take it.  0 or -EAGAIN.
 */
int signal_send(struct task *t, const struct siginfo128 *info, bool to_group);

/*
 * A signal that @t itself raised by a fault: cannot be ignored or blocked;
 * the default action is forced then.
 */
void signal_force(struct task *t, const struct siginfo128 *info);

/*
 * On the way back to the guest: act on what is pending: build a frame,
 * restart the call, stop, or end the group (does not return then).
 */
void signal_deliver(struct task *t, struct regs *r);

#endif
