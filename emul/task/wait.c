/* SPDX-License-Identifier: Apache-2.0 */
/* wait.c: sleeping and waking; see wait.h for the protocol. */
#include "emul/task/wait.h"

#include <asm-generic/errno.h>

#include "emul/host/host.h"
#include "emul/net/socket.h"
#include "emul/task/clone.h"
#include "emul/task/task.h"

/*
 * thread->wait_seq: the sequence in the upper bits; the lowest say that the
 * thread sleeps or is about to, so that the waker has to make a host call: on
 * the word itself, or in the host's poll, where only a kick reaches it.
 */
#define SLEEPS	1u
#define POLLS	2u
#define STEP	4u

#define LATE_MAX	16U	/* wake-ups that are put off until a lock is free */

void waitqueue_init(struct waitqueue *q)
{
	mutex_init_class(&q->lock, LOCK_WAITQUEUE);
	list_init(&q->waiters);
}

void wait_add(struct waitqueue *q, struct waiter *w, struct task *t)
{
	w->task = t;
	w->woken = false;
	mutex_lock(&q->lock);
	w->queue = q;
	list_add_tail(&w->link, &q->waiters);
	mutex_unlock(&q->lock);
}

void wait_del(struct waiter *w)
{
	struct waitqueue *q = w->queue;

	if (!q)
		return;
	mutex_lock(&q->lock);
	list_del(&w->link);
	w->queue = NULL;
	mutex_unlock(&q->lock);
}

uint32_t wait_prepare(struct task *t)
{
	return __atomic_load_n(&t->thread->wait_seq, __ATOMIC_SEQ_CST) &
		~(SLEEPS | POLLS);
}

bool wait_asleep(const struct task *t)
{
	const struct thread *th = load_once(&t->thread);

	return th && (load_once(&th->wait_seq) & (SLEEPS | POLLS));
}

/*
 * Who wants to know its CPU time, or the end of who carries it, wakes a
 * sleeper, which comes by here.  What it has not sent yet goes now.
 */
static void before_sleep(struct task *t, struct thread *th)
{
	uint32_t work = load_once(&th->work);

	if (unlikely(work & WORK_CPU)) {
		__atomic_fetch_and(&th->work, ~WORK_CPU, __ATOMIC_SEQ_CST);
		cputime_work(t);
	}
	/* With a lock held it is done later, on the way to the guest. */
	if (unlikely(work & WORK_CARRIER) && !th->n_locks) {
		__atomic_fetch_and(&th->work, ~WORK_CARRIER, __ATOMIC_SEQ_CST);
		vfork_carrier_ends(th);
	}
	if (unlikely(t->corked))
		cork_task(t);
	t->nvcsw++;
}

int wait_sleep(struct task *t, uint32_t seq, int64_t deadline_ns)
{
	struct thread *th = t->thread;
	uint32_t old = seq;
	long err;

	before_sleep(t, th);
	if (!__atomic_compare_exchange_n(&th->wait_seq, &old, seq | SLEEPS,
					 false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST) &&
	    old != (seq | SLEEPS))
		return 0;	/* somebody bumped it since wait_prepare() */
	err = host_futex_wait(&th->wait_seq, seq | SLEEPS, deadline_ns);
	__atomic_fetch_and(&th->wait_seq, ~SLEEPS, __ATOMIC_SEQ_CST);
	if (err == -EINTR && !task_interrupted(t))
		return 0;
	if (err == -EINTR || err == -ETIMEDOUT)
		return (int)err;
	return 0;
}

/* About to sleep in the host?  False: somebody bumped it meanwhile. */
static bool polls_begin(struct task *t, uint32_t seq)
{
	uint32_t old = seq;

	before_sleep(t, t->thread);
	return __atomic_compare_exchange_n(&t->thread->wait_seq, &old,
					   seq | POLLS, false,
					   __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST) ||
		old == (seq | POLLS);
}

int wait_sleep_host(struct task *t, uint32_t seq, struct pollfd *fds,
		    unsigned int n, int64_t deadline_ns)
{
	long err;

	if (!polls_begin(t, seq))
		return 0;
	err = host_ppoll(fds, n, deadline_ns);
	__atomic_fetch_and(&t->thread->wait_seq, ~POLLS, __ATOMIC_SEQ_CST);
	if (err == -EINTR)
		return task_interrupted(t) ? -EINTR : 0;
	return err ? 0 : -ETIMEDOUT;
}

int wait_sleep_events(struct task *t, uint32_t seq, int epfd,
		      struct epoll_event *ev, int max, int *got,
		      int64_t deadline_ns)
{
	long n;

	*got = 0;
	if (!polls_begin(t, seq))
		return 0;
	n = host_epoll_wait(epfd, ev, max, deadline_ns);
	__atomic_fetch_and(&t->thread->wait_seq, ~POLLS, __ATOMIC_SEQ_CST);
	if (n == -EINTR)
		return task_interrupted(t) ? -EINTR : 0;
	*got = n > 0 ? (int)n : 0;
	return n ? 0 : -ETIMEDOUT;
}

bool wait_join(struct task *t, struct thread *of)
{
	struct thread *none = NULL;

	return __atomic_compare_exchange_n(&of->joiner, &none, t->thread,
					   false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

void wait_join_end(struct task *t, struct thread *of)
{
	struct thread *me = t->thread;

	/* The slot may be another thread's already. */
	__atomic_compare_exchange_n(&of->joiner, &me, NULL, false,
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

int wait_sleep_join(struct task *t, uint32_t seq, struct thread *of,
		    int64_t deadline_ns)
{
	int32_t tid = load_acquire(&of->host_tid);
	long err;

	/* Its end has woken nobody: the word was not to be written. */
	if (!tid)
		return wait_sleep(t, seq, deadline_ns);
	/* To everybody else it is as in the host's poll: a kick reaches it. */
	if (!polls_begin(t, seq))
		return 0;
	err = host_futex_wait((uint32_t *)&of->host_tid, (uint32_t)tid,
			      deadline_ns);
	__atomic_fetch_and(&t->thread->wait_seq, ~POLLS, __ATOMIC_SEQ_CST);
	return err == -EINTR || err == -ETIMEDOUT ? (int)err : 0;
}

#ifndef SBX_HOSTED
/* @th sleeps until the calling thread's end, which is near. */
static bool wakes_at_end(struct thread *th)
{
	struct thread *me = this_thread();

	if (!me->leaving ||
	    __atomic_load_n(&me->joiner, __ATOMIC_SEQ_CST) != th)
		return false;
	me->owed = th;
	return true;
}
#else
static bool wakes_at_end(struct thread *th)
{
	(void)th;
	return false;
}
#endif

void wait_join_owed(struct thread *th)
{
	if (th->owed)
		thread_notify(th->owed);
	th->owed = NULL;
}

/*
 * Bump @th.  Returns it where a host call has to wake it: it sleeps by
 * its word.  A slot is always one, so a late wake-up harms nobody.
 */
static struct thread *bump(struct thread *th)
{
	uint32_t old;

	if (!th)
		return NULL;	/* it has ended meanwhile */
	old = load_once(&th->wait_seq);
	while (!__atomic_compare_exchange_n(&th->wait_seq, &old,
					    (old & ~(SLEEPS | POLLS)) + STEP,
					    true, __ATOMIC_SEQ_CST,
					    __ATOMIC_RELAXED))
		;
	if ((old & POLLS) && !wakes_at_end(th))
		thread_notify(th);
	return old & SLEEPS ? th : NULL;
}

#ifndef SBX_HOSTED
void wakes_hold(void)
{
	this_thread()->holds_wakes++;
}

void wakes_release(void)
{
	struct thread *me = this_thread();

	if (--me->holds_wakes)
		return;
	for (uint32_t i = 0; i < me->n_late; i++)
		host_futex_wake(&me->late[i]->wait_seq, 1);
	me->n_late = 0;
}

static void wake_host(struct thread *th)
{
	struct thread *me = this_thread();

	if (me->holds_wakes && me->n_late < THREAD_LATE_MAX)
		me->late[me->n_late++] = th;
	else
		host_futex_wake(&th->wait_seq, 1);
}
#else
void wakes_hold(void)
{
}

void wakes_release(void)
{
}

static void wake_host(struct thread *th)
{
	host_futex_wake(&th->wait_seq, 1);
}
#endif

bool wait_wake_thread(struct thread *th)
{
	th = bump(th);
	if (!th)
		return false;
	wake_host(th);
	return true;
}

bool wait_wake_task(struct task *t)
{
	return wait_wake_thread(load_once(&t->thread));
}

void wait_wake(struct waitqueue *q, uint32_t key, int n)
{
	struct thread *late[LATE_MAX], *th;
	unsigned int n_late = 0;
	struct waiter *w;
	bool counts;

	/*
	 * Who adds itself after this look has not tested its condition yet:
	 * wait_add() comes first, and takes the lock.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!q->waiters.next || list_empty(&q->waiters))
		return;
	mutex_lock(&q->lock);
	list_for_each(w, &q->waiters, link) {
		if (key && w->key && !(key & w->key))
			continue;
		w->woken = true;
		counts = w->exclusive;
		if (w->fn) {
			w->fn(w, key);
		} else {
			th = bump(load_once(&w->task->thread));
			/* Once awake it wants this lock. */
			if (th && n_late < LATE_MAX)
				late[n_late++] = th;
			else if (th)
				wake_host(th);
			/*
			 * One that is awake may have been woken for what
			 * came before, and take only that.
			 */
			counts = counts && th;
		}
		if (counts && --n <= 0)
			break;
	}
	mutex_unlock(&q->lock);
	for (unsigned int i = 0; i < n_late; i++)
		wake_host(late[i]);
}
