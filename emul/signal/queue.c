/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queue.c: pending signals: sending, queueing, taking.
 *
 * A thread's pending set and its group's are under the group's lock; so is
 * the table of actions as far as senders look at it.
 */
#include "emul/lib/live.h"
#include "emul/signal/queue.h"

#include "emul/lib/uapi.h"

#include "emul/fs/signalfd.h"
#include "emul/lib/alloc.h"
#include "emul/signal/outside.h"
#include "emul/signal/siginfo.h"
#include "emul/task/task.h"
#include "emul/time/posix_timer.h"

#define SIGSET_STOP							\
	(SIGBIT(SIGSTOP) | SIGBIT(SIGTSTP) | SIGBIT(SIGTTIN) | SIGBIT(SIGTTOU))
#define SIGSET_IGNORE							\
	(SIGBIT(SIGCONT) | SIGBIT(SIGCHLD) | SIGBIT(SIGWINCH) | SIGBIT(SIGURG))
/* Raised by the program's own instructions: taken first. */
#define SIGSET_SYNC							\
	(SIGBIT(SIGSEGV) | SIGBIT(SIGBUS) | SIGBIT(SIGILL) |		\
	 SIGBIT(SIGTRAP) | SIGBIT(SIGFPE) | SIGBIT(SIGSYS))

/* Entries that RLIMIT_SIGPENDING bounds, of the whole sandbox; atomic. */
static uint32_t queued_count __arena;

void sigpending_init(struct sigpending *p)
{
	p->set = 0;
	list_init(&p->queue);
}

unsigned int signal_queued(void)
{
	return load_once(&queued_count);
}

static void sigqueue_free(struct sigqueue *q)
{
	list_del(&q->link);
	if (q->counted)
		signal_uncharge();
	live_add(LIVE_SIGINFO, -1);
	kfree(q);
}

static void flush_set(struct sigpending *p, sigset64_t which)
{
	struct sigqueue *q, *n;

	if (!(p->set & which))
		return;
	p->set &= ~which;
	list_for_each_safe(q, n, &p->queue, link)
		if (which & SIGBIT(q->info.signo))
			sigqueue_free(q);
}

void sigpending_flush(struct sigpending *p)
{
	flush_set(p, ~0ULL);
}

void signal_flush(struct tgroup *g, sigset64_t which)
{
	struct task *o;

	flush_set(&g->pending, which);
	list_for_each(o, &g->threads, thread_link)
		flush_set(&o->pending, which);
}

static void drop_timers(struct sigpending *p)
{
	struct sigqueue *q, *n, *o;
	bool more;

	list_for_each_safe(q, n, &p->queue, link) {
		if (q->info.code != SICODE_TIMER)
			continue;
		more = false;
		list_for_each(o, &p->queue, link)
			if (o != q && o->info.signo == q->info.signo)
				more = true;
		if (!more)
			p->set &= ~SIGBIT(q->info.signo);
		sigqueue_free(q);
	}
}

void signal_drop_timers(struct tgroup *g)
{
	struct task *o;

	mutex_lock(&g->lock);
	drop_timers(&g->pending);
	list_for_each(o, &g->threads, thread_link)
		drop_timers(&o->pending);
	mutex_unlock(&g->lock);
}

bool signal_default_ignores(int signo)
{
	return SIGSET_IGNORE & SIGBIT(signo);
}

bool signal_default_stops(int signo)
{
	return SIGSET_STOP & SIGBIT(signo);
}

static bool action_ignores(const struct tgroup *g, int signo)
{
	uaddr_t h = g->sighand->action[signo - 1].handler;

	return h == SIGACT_IGN ||
	       (h == SIGACT_DFL && signal_default_ignores(signo));
}

/* A blocked signal is kept even if ignored: the action may change. */
static bool dropped(const struct task *t, int signo)
{
	const struct tgroup *g = t->group;

	if ((t->blocked | t->real_blocked) & SIGBIT(signo))
		return false;
	if (g->unkillable && !g->sighand->action[signo - 1].handler)
		return true;
	return action_ignores(g, signo);
}

bool signal_ignored(struct task *t, int signo)
{
	return (t->blocked & SIGBIT(signo)) || action_ignores(t->group, signo);
}

static bool wants(const struct task *t, int signo)
{
	return !(t->blocked & SIGBIT(signo)) && t->thread && !t->exiting;
}

void signal_kill_group(struct tgroup *g, int status)
{
	struct task *o;

	if (g->exiting)
		return;
	g->exiting = true;
	g->exit_code = status;
	g->stopped = false;
	list_for_each(o, &g->threads, thread_link)
		if (o->thread)
			task_notify(o, WORK_EXIT);
}

/* Tell a thread that can take @signo; the thread itself, or any of the group. */
static void tell_somebody(struct task *t, int signo, bool to_group)
{
	struct task *o;

	if (wants(t, signo)) {
		task_notify(t, WORK_SIGNAL);
		return;
	}
	if (!to_group)
		return;
	list_for_each(o, &t->group->threads, thread_link)
		if (wants(o, signo)) {
			task_notify(o, WORK_SIGNAL);
			return;
		}
}

void signal_thread_exits(struct task *t)
{
	struct tgroup *g = t->group;
	sigset64_t left = g->pending.set & ~t->blocked;

	t->exiting = true;
	for (; left; left &= left - 1)
		tell_somebody(t, __builtin_ctzll(left) + 1, true);
	group_stop_check(g);
}

/* What job control's signals do as they are sent, whoever takes them. */
static void before_send(struct tgroup *g, int signo)
{
	if (signal_default_stops(signo)) {
		signal_flush(g, SIGBIT(SIGCONT));
	} else if (signo == SIGCONT) {
		signal_flush(g, SIGSET_STOP);
		group_continue(g);
	}
}

bool signal_charge(const struct task *t)
{
	uint64_t n = __atomic_add_fetch(&queued_count, 1, __ATOMIC_RELAXED);

	if (likely(n <= rlimit_cur(t, RLIMIT_SIGPENDING)))
		return true;
	signal_uncharge();
	return false;
}

void signal_uncharge(void)
{
	__atomic_fetch_sub(&queued_count, 1, __ATOMIC_RELAXED);
}

/* An entry for @info, or NULL when the limit is reached or memory is out. */
static struct sigqueue *sigqueue_new(const struct task *t, int signo,
				     const struct siginfo128 *info)
{
	/*
	 * Standard signals are there once at most: they need no bound.  Nor
	 * do those of timers, for which the timers count.
	 */
	bool counted = signo >= SIGRT_FIRST && info->code != SICODE_TIMER;
	struct sigqueue *q;

	if (counted && !signal_charge(t))
		return NULL;
	q = kmalloc(sizeof(*q));
	if (!q) {
		if (counted)
			signal_uncharge();
		return NULL;
	}
	live_add(LIVE_SIGINFO, 1);
	q->info = *info;
	q->counted = counted;
	return q;
}

static int send_locked(struct task *t, const struct siginfo128 *info,
		       bool to_group)
{
	struct tgroup *g = t->group;
	struct sigpending *p = to_group ? &g->pending : &t->pending;
	int signo = info->signo;
	struct sigqueue *q;

	if (g->exiting)
		return 0;
	before_send(g, signo);
	if (dropped(t, signo))
		return 0;
	if (signo == SIGKILL) {
		signal_kill_group(g, SIGKILL);
		return 0;
	}
	if (signo < SIGRT_FIRST && (p->set & SIGBIT(signo)))
		return 0;
	q = sigqueue_new(t, signo, info);
	if (q)
		list_add_tail(&q->link, &p->queue);
	else if (signo >= SIGRT_FIRST && info->code != SICODE_USER)
		return -EAGAIN;
	p->set |= SIGBIT(signo);
	signalfd_notify(g);
	tell_somebody(t, signo, to_group);
	return 0;
}

int signal_send(struct task *t, const struct siginfo128 *info, bool to_group)
{
	int err;

	wakes_hold();
	mutex_lock(&t->group->lock);
	err = send_locked(t, info, to_group);
	mutex_unlock(&t->group->lock);
	wakes_release();
	return err;
}

int signal_send_group(struct tgroup *g, const struct siginfo128 *info)
{
	struct task *t = NULL, *o;
	int err = 0;

	wakes_hold();
	mutex_lock(&g->lock);
	/* The leader if it lives, as Linux does. */
	list_for_each(o, &g->threads, thread_link)
		if (!t || o->tid == g->pid)
			t = o;
	if (t)
		err = send_locked(t, info, true);
	mutex_unlock(&g->lock);
	wakes_release();
	return err;
}

void signal_force(struct task *t, const struct siginfo128 *info)
{
	struct tgroup *g = t->group;
	int signo = info->signo;
	struct ksigaction *a = &g->sighand->action[signo - 1];
	struct sigqueue *q;

	mutex_lock(&g->lock);
	if ((t->blocked & SIGBIT(signo)) || a->handler == SIGACT_IGN) {
		a->handler = SIGACT_DFL;
		t->blocked &= ~SIGBIT(signo);
	}
	if (!(t->pending.set & SIGBIT(signo))) {
		q = kmalloc(sizeof(*q));
		if (q) {
			live_add(LIVE_SIGINFO, 1);
			q->info = *info;
			q->counted = false;
			list_add_tail(&q->link, &t->pending.queue);
		}
		t->pending.set |= SIGBIT(signo);
	}
	mutex_unlock(&g->lock);
	__atomic_fetch_or(&t->thread->work, WORK_SIGNAL, __ATOMIC_SEQ_CST);
}

void signal_force_kernel(struct task *t, int signo)
{
	struct siginfo128 info;

	siginfo_init(&info, signo, SICODE_KERNEL);
	signal_force(t, &info);
}

/* The signal of @set to be taken next; 0: none. */
static int first_of(sigset64_t set)
{
	if (set & SIGSET_SYNC)
		set &= SIGSET_SYNC;
	return set ? __builtin_ctzll(set) + 1 : 0;
}

static void take(struct sigpending *p, int signo, struct siginfo128 *info)
{
	struct sigqueue *q, *found = NULL;
	bool more = false;

	list_for_each(q, &p->queue, link) {
		if (q->info.signo != signo)
			continue;
		if (found) {
			more = true;
			break;
		}
		found = q;
	}
	if (!more)
		p->set &= ~SIGBIT(signo);
	if (found) {
		*info = found->info;
		sigqueue_free(found);
	} else {
		/* It came when there was no memory to say more. */
		siginfo_init(info, signo, SICODE_USER);
	}
}

int signal_dequeue(struct task *t, sigset64_t mask, struct siginfo128 *info)
{
	struct tgroup *g = t->group;
	int signo = first_of(t->pending.set & ~mask);

	if (signo) {
		take(&t->pending, signo, info);
	} else {
		signo = first_of(g->pending.set & ~mask);
		if (signo)
			take(&g->pending, signo, info);
	}
	if (signo && info->code == SICODE_TIMER)
		posix_timer_taken(g, info);
	return signo;
}

/* Is a signal to be taken, or a stop to be made? */
static bool acts(const struct task *t)
{
	return ((t->pending.set | t->group->pending.set) & ~t->blocked) ||
	       t->group->stopped;
}

void signal_recalc(struct task *t)
{
	if (acts(t))
		__atomic_fetch_or(&t->thread->work, WORK_SIGNAL,
				  __ATOMIC_SEQ_CST);
}

bool signal_interrupts(struct task *t)
{
	bool yes;

	__atomic_fetch_and(&t->thread->work, ~WORK_SIGNAL, __ATOMIC_SEQ_CST);
	outside_poll();
	mutex_lock(&t->group->lock);
	signal_recalc(t);
	yes = acts(t) || t->group->exiting ||
	      (load_once(&t->thread->work) & WORK_EXIT);
	mutex_unlock(&t->group->lock);
	return yes;
}

void signal_set_blocked(struct task *t, sigset64_t mask)
{
	struct tgroup *g = t->group;
	sigset64_t left;

	mask &= ~(SIGBIT(SIGKILL) | SIGBIT(SIGSTOP));
	if (mask == t->blocked)
		return;
	mutex_lock(&g->lock);
	/* Those of the group that this thread was to take, and now will not. */
	left = g->pending.set & mask & ~t->blocked;
	t->blocked = mask;
	for (; left; left &= left - 1)
		tell_somebody(t, __builtin_ctzll(left) + 1, true);
	signal_recalc(t);
	mutex_unlock(&g->lock);
}
