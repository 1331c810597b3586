/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deliver.c: act on signals on the way back to the guest: default actions,
 * handlers, restart of the call that was interrupted; signal(7).
 */
#include "emul/lib/live.h"
#include "emul/lib/uapi.h"
#include <asm/unistd.h>

#include "emul/abi/regs.h"
#include "emul/lib/alloc.h"
#include "emul/signal/outside.h"
#include "emul/signal/queue.h"
#include "emul/task/reap.h"
#include "emul/task/session.h"
#include "emul/task/task.h"
#include "emul/time/posix_timer.h"

#define SYSCALL_LEN	2	/* bytes of the instruction */

struct sighand *sighand_alloc(void)
{
	struct sighand *h = kzalloc(sizeof(*h));

	if (h) {
		live_add(LIVE_SIGHAND, 1);
		ref_init(&h->ref);
		mutex_init_class(&h->lock, LOCK_SIGHAND);
	}
	return h;
}

void sighand_put(struct sighand *h)
{
	if (!h || !ref_put(&h->ref))
		return;
	live_add(LIVE_SIGHAND, -1);
	kfree(h);
}

/* execve(2): handlers become default, what is ignored stays so. */
void signal_exec(struct task *t)
{
	struct sighand *h = t->group->sighand;

	posix_timers_exec(t->group);
	signal_drop_timers(t->group);
	mutex_lock(&t->group->lock);
	for (unsigned int i = 0; i < NSIG64; i++) {
		if (h->action[i].handler != SIGACT_IGN)
			h->action[i].handler = SIGACT_DFL;
		h->action[i].flags = 0;
		h->action[i].restorer = 0;
		h->action[i].mask = 0;
	}
	mutex_unlock(&t->group->lock);
	t->altstack.sp = 0;
	t->altstack.size = 0;
	t->altstack.flags = SS_DISABLE;
	t->restart.fn = restart_none;
}

long restart_none(struct task *t)
{
	(void)t;
	return -EINTR;
}

static void again(struct task *t, struct regs *r, uint64_t nr)
{
	r->rax = nr;
	r->rip -= SYSCALL_LEN;
	r->orig_rax = (uint64_t)-1;
	__atomic_fetch_or(&t->thread->work, WORK_RESTORE, __ATOMIC_RELAXED);
}

/* The call was interrupted and @a (NULL: no handler) is what comes next. */
static void restart_call(struct task *t, struct regs *r,
			 const struct ksigaction *a)
{
	uint64_t nr = r->orig_rax;

	if ((int64_t)nr < 0)
		return;
	if (t->restart.ends_by_stop) {
		t->restart.ends_by_stop = false;
		if (t->restart.stopped)
			r->rax = (uint64_t)-EINTR;
	}
	switch (-(int64_t)r->rax) {
	case ERESTARTSYS:
		if (a && !(a->flags & SA_RESTART))
			r->rax = (uint64_t)-EINTR;
		else
			again(t, r, nr);
		break;
	case ERESTARTNOINTR:
		again(t, r, nr);
		break;
	case ERESTARTNOHAND:
		if (a)
			r->rax = (uint64_t)-EINTR;
		else
			again(t, r, nr);
		break;
	case ERESTART_RESTARTBLOCK:
		if (a)
			r->rax = (uint64_t)-EINTR;
		else
			again(t, r, __NR_restart_syscall);
		break;
	default:
		break;
	}
	/* One call is restarted once, however many frames follow. */
	r->orig_rax = (uint64_t)-1;
}

/* Nobody could continue it: job control leaves it alone, setpgid(2). */
static bool in_orphaned_group(const struct tgroup *g)
{
	bool yes;

	mutex_lock(&pids_lock);
	yes = pgrp_orphaned(g->pgid, NULL);
	mutex_unlock(&pids_lock);
	return yes;
}

/*
 * Take the next signal that has a handler; default actions are done here.
 * Returns its number with *@a its action, 0 when there is none.
 */
static int next_handled(struct task *t, struct ksigaction *a,
			struct siginfo128 *info)
{
	struct tgroup *g = t->group;
	struct ksigaction *act;
	uint32_t conts;
	int signo;

	for (;;) {
		group_report(g);
		mutex_lock(&g->lock);
		if (g->exiting || (load_once(&t->thread->work) & WORK_EXIT)) {
			mutex_unlock(&g->lock);
			task_exit(t, 0);
		}
		if (g->stopped) {
			mutex_unlock(&g->lock);
			stop_here(t);
			continue;
		}
		signo = signal_dequeue(t, t->blocked, info);
		if (!signo) {
			mutex_unlock(&g->lock);
			return 0;
		}
		act = &g->sighand->action[signo - 1];
		if (act->handler > SIGACT_IGN) {
			*a = *act;
			if (act->flags & SA_RESETHAND)
				act->handler = SIGACT_DFL;
			mutex_unlock(&g->lock);
			return signo;
		}
		if (act->handler == SIGACT_IGN ||
		    signal_default_ignores(signo) || g->unkillable) {
			mutex_unlock(&g->lock);
			continue;
		}
		if (signal_default_stops(signo)) {
			conts = g->n_conts;
			if (signo != SIGSTOP) {
				mutex_unlock(&g->lock);
				if (in_orphaned_group(g))
					continue;
				mutex_lock(&g->lock);
			}
			/* Unless SIGCONT came meanwhile, or a new program. */
			if (g->n_conts == conts && !g->exiting && !g->alone)
				group_stop(g, signo);
			mutex_unlock(&g->lock);
			continue;
		}
		mutex_unlock(&g->lock);
		/* No core is ever written, so bit 0x80 stays off. */
		group_exit(t, signo);
	}
}

/* The handler's frame could not be written. */
static void frame_failed(struct task *t, int signo)
{
	struct tgroup *g = t->group;

	if (signo == SIGSEGV) {
		mutex_lock(&g->lock);
		g->sighand->action[SIGSEGV - 1].handler = SIGACT_DFL;
		mutex_unlock(&g->lock);
	}
	signal_force_kernel(t, SIGSEGV);
}

void signal_deliver(struct task *t, struct regs *r)
{
	struct siginfo128 info;
	struct ksigaction a;
	sigset64_t mask, blocked;
	int signo;

	t->restart.stopped = false;
	for (;;) {
		__atomic_fetch_and(&t->thread->work, ~WORK_SIGNAL,
				   __ATOMIC_SEQ_CST);
		outside_poll();
		signo = next_handled(t, &a, &info);
		if (!signo)
			break;
		restart_call(t, r, &a);
		mask = t->restore_mask ? t->saved_mask : t->blocked;
		if (frame_push(t, r, &a, &info, mask)) {
			frame_failed(t, signo);
			continue;
		}
		t->restore_mask = false;
		blocked = t->blocked | a.mask;
		if (!(a.flags & SA_NODEFER))
			blocked |= SIGBIT(signo);
		signal_set_blocked(t, blocked);
	}
	restart_call(t, r, NULL);
	if (t->restore_mask) {
		t->restore_mask = false;
		signal_set_blocked(t, t->saved_mask);
	}
}
