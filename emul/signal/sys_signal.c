/* SPDX-License-Identifier: Apache-2.0 */
/* sys_signal.c: the calls on actions, masks and alternate stacks. */
#include "emul/abi/regs.h"
#include "emul/entry/uaccess.h"
#include "emul/lib/uapi.h"
#include "emul/signal/queue.h"
#include "emul/signal/siginfo.h"
#include "emul/signal/xstate.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "emul/time/time.h"

#define SIGSET_SURE	(SIGBIT(SIGKILL) | SIGBIT(SIGSTOP))
/* The flags that are kept; sigaction(2) has the others read back as 0. */
#define ACTION_FLAGS	0xdc000807ULL
#define MIN_STACK	2048		/* MINSIGSTKSZ */
#define STACK_AUTODISARM (1U << 31)	/* SS_AUTODISARM */

struct guest_stack {
	uaddr_t sp;
	int32_t flags;
	uint32_t pad;
	uint64_t size;
};

long sys_rt_sigaction(struct task *t, int sig, uaddr_t act, uaddr_t oldact,
		      size_t sigsetsize)
{
	struct tgroup *g = t->group;
	struct ksigaction new, old, *k;

	if (sigsetsize != sizeof(sigset64_t))
		return -EINVAL;
	if (act && get_user(&new, act))
		return -EFAULT;
	if (sig < 1 || sig > NSIG64 || (act && (SIGSET_SURE & SIGBIT(sig))))
		return -EINVAL;
	k = &g->sighand->action[sig - 1];
	mutex_lock(&g->lock);
	old = *k;
	if (act) {
		new.flags &= ACTION_FLAGS;
		new.mask &= ~SIGSET_SURE;
		*k = new;
		/* POSIX: to ignore a signal discards it where it waits. */
		if (new.handler == SIGACT_IGN ||
		    (new.handler == SIGACT_DFL && signal_default_ignores(sig)))
			signal_flush(g, SIGBIT(sig));
	}
	mutex_unlock(&g->lock);
	if (oldact && put_user(oldact, &old))
		return -EFAULT;
	return 0;
}

long sys_rt_sigprocmask(struct task *t, int how, uaddr_t set, uaddr_t oldset,
			size_t sigsetsize)
{
	sigset64_t old = t->blocked, new;

	if (sigsetsize != sizeof(sigset64_t))
		return -EINVAL;
	if (set) {
		if (get_user(&new, set))
			return -EFAULT;
		switch (how) {
		case SIG_BLOCK:
			new |= old;
			break;
		case SIG_UNBLOCK:
			new = old & ~new;
			break;
		case SIG_SETMASK:
			break;
		default:
			return -EINVAL;
		}
		signal_set_blocked(t, new);
	}
	if (oldset && put_user(oldset, &old))
		return -EFAULT;
	return 0;
}

long sys_rt_sigpending(struct task *t, uaddr_t set, size_t sigsetsize)
{
	struct tgroup *g = t->group;
	sigset64_t s;

	if (sigsetsize > sizeof(s))
		return -EINVAL;
	mutex_lock(&g->lock);
	s = (t->pending.set | g->pending.set) & t->blocked;
	mutex_unlock(&g->lock);
	return copy_out(set, &s, sigsetsize);
}

/* Until a signal is to be acted on, or @deadline_ns. */
static int sleep_interruptible(struct task *t, int64_t deadline_ns)
{
	int err;

	do {
		err = wait_sleep(t, wait_prepare(t), deadline_ns);
	} while (!err);
	return err;
}

long sys_pause(struct task *t)
{
	sleep_interruptible(t, NEVER_NS);
	return -ERESTARTNOHAND;
}

int signal_mask_enter(struct task *t, uaddr_t mask, size_t size)
{
	sigset64_t new;

	if (!mask)
		return 0;
	if (size != sizeof(new))
		return -EINVAL;
	if (get_user(&new, mask))
		return -EFAULT;
	t->saved_mask = t->blocked;
	t->restore_mask = true;
	signal_set_blocked(t, new);
	return 0;
}

/* An interrupted call leaves the mask to signal_deliver(). */
void signal_mask_leave(struct task *t, bool interrupted)
{
	if (interrupted || !t->restore_mask)
		return;
	t->restore_mask = false;
	signal_set_blocked(t, t->saved_mask);
}

long sys_rt_sigsuspend(struct task *t, uaddr_t mask, size_t sigsetsize)
{
	sigset64_t new;

	if (sigsetsize != sizeof(new))
		return -EINVAL;
	if (get_user(&new, mask))
		return -EFAULT;
	t->saved_mask = t->blocked;
	t->restore_mask = true;
	signal_set_blocked(t, new);
	sleep_interruptible(t, NEVER_NS);
	return -ERESTARTNOHAND;
}

static int take_one(struct task *t, sigset64_t which, struct siginfo128 *info)
{
	int signo;

	mutex_lock(&t->group->lock);
	signo = signal_dequeue(t, ~which, info);
	mutex_unlock(&t->group->lock);
	return signo;
}

/*
 * The signals that are waited for are unblocked meanwhile, so that senders
 * choose this thread; real_blocked keeps them from being dropped.
 */
static int wait_for_signal(struct task *t, sigset64_t which,
			   int64_t deadline_ns, struct siginfo128 *info)
{
	sigset64_t old = t->blocked;
	int signo, err;

	mutex_lock(&t->group->lock);
	t->real_blocked = old;
	mutex_unlock(&t->group->lock);
	signal_set_blocked(t, old & ~which);
	/* A kick that brings no signal must not be seen as one. */
	do {
		err = sleep_interruptible(t, deadline_ns);
	} while (err == -EINTR && !signal_interrupts(t));
	/* Taken before the mask is back, or another thread would be told. */
	signo = take_one(t, which, info);
	signal_set_blocked(t, old);
	mutex_lock(&t->group->lock);
	t->real_blocked = 0;
	mutex_unlock(&t->group->lock);
	if (signo)
		return signo;
	return err == -ETIMEDOUT ? -EAGAIN : -EINTR;
}

long sys_rt_sigtimedwait(struct task *t, uaddr_t set, uaddr_t info,
			 uaddr_t timeout, size_t sigsetsize)
{
	int64_t deadline = NEVER_NS;
	struct siginfo128 si;
	struct timespec64 ts;
	sigset64_t which;
	int signo;

	if (sigsetsize != sizeof(which))
		return -EINVAL;
	if (get_user(&which, set))
		return -EFAULT;
	if (timeout) {
		if (get_user(&ts, timeout))
			return -EFAULT;
		if (time_deadline(&ts, &deadline))
			return -EINVAL;
	}
	which &= ~SIGSET_SURE;
	signo = take_one(t, which, &si);
	if (!signo) {
		if (timeout && !ts.sec && !ts.nsec)
			return -EAGAIN;
		signo = wait_for_signal(t, which, deadline, &si);
	}
	if (signo > 0 && info && put_user(info, &si))
		return -EFAULT;
	return signo;
}

int sigstack_set(struct task *t, uaddr_t ss_sp, int flags, size_t size,
		 uint64_t sp)
{
	struct sigaltstack_state *s = &t->altstack;
	unsigned int mode = (unsigned int)flags & ~STACK_AUTODISARM;

	if (sigstack_on(t, sp))
		return -EPERM;
	if (mode != SS_DISABLE && mode != SS_ONSTACK && mode)
		return -EINVAL;
	if (mode == SS_DISABLE) {
		ss_sp = 0;
		size = 0;
	} else if (size < MIN_STACK) {
		return -ENOMEM;
	}
	s->sp = ss_sp;
	s->size = size;
	s->flags = flags;
	return 0;
}

long sys_sigaltstack(struct task *t, uaddr_t ss, uaddr_t old_ss)
{
	uint64_t sp = task_regs(t)->rsp;
	struct guest_stack new, old = {
		.sp = t->altstack.sp,
		.size = t->altstack.size,
	};
	int err = 0;

	if (!t->altstack.size)
		old.flags = SS_DISABLE;
	else if (sigstack_on(t, sp))
		old.flags = SS_ONSTACK;
	old.flags |= (int)((unsigned int)t->altstack.flags & STACK_AUTODISARM);
	if (ss) {
		if (get_user(&new, ss))
			return -EFAULT;
		err = sigstack_set(t, new.sp, new.flags, new.size, sp);
	}
	if (!err && old_ss && put_user(old_ss, &old))
		return -EFAULT;
	return err;
}

long sys_restart_syscall(struct task *t)
{
	return t->restart.fn(t);
}
