/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wait.h: sleeping and waking (rule R7).
 *
 * Each thread has a sequence word.  To wait for a condition on emulated
 * objects:
 *
 *	wait_add(&queue, &t->waiter);
 *	for (;;) {
 *		uint32_t seq = wait_prepare(t);
 *		if (condition)			// under the object's lock
 *			break;
 *		err = wait_sleep(t, seq, deadline_ns);
 *		if (err)			// -EINTR, -ETIMEDOUT
 *			break;
 *	}
 *	wait_del(&t->waiter);
 *
 * Whoever changes the condition calls wait_wake(), which bumps the word of
 * each waiter and wakes it if it sleeps: no wake-up is lost, none costs a host
 * call unless somebody sleeps.  A caller that gets -EINTR returns one of the
 * -ERESTART codes of emul/signal/signal.h.
 */
#ifndef SBX_TASK_WAIT_H
#define SBX_TASK_WAIT_H

#include "emul/lib/list.h"
#include "emul/lib/lock.h"
#include "emul/lib/types.h"

struct pollfd;
struct task;

struct waitqueue {
	struct mutex lock;
	struct list_head waiters;
};

/* In arena memory, never on a kernel stack. */
struct waiter {
	struct list_head link;
	struct waitqueue *queue;	/* NULL while on none */
	struct task *task;
	uint32_t key;		/* poll events or futex bits it cares for; 0: all */
	bool exclusive;		/* wait_wake(n) counts it */
	bool woken;
	/* Called in place of waking the task; the queue's lock is held. */
	void (*fn)(struct waiter *w, uint32_t key);
};

void waitqueue_init(struct waitqueue *q);
void wait_add(struct waitqueue *q, struct waiter *w, struct task *t);
void wait_del(struct waiter *w);

/* Read the calling thread's word; to be done before testing the condition. */
uint32_t wait_prepare(struct task *t);
/*
 * Sleep until the word moved away from @seq.  @deadline_ns is an absolute
 * CLOCK_MONOTONIC time or NEVER_NS.  0, -EINTR (work is pending) or -ETIMEDOUT.
 */
int wait_sleep(struct task *t, uint32_t seq, int64_t deadline_ns) __must_check;
/*
 * Wake waiters whose key meets @key (0: every one): all that are not
 * exclusive and at most @n exclusive ones that sleep.
 */
void wait_wake(struct waitqueue *q, uint32_t key, int n);
/*
 * As wait_sleep, and one of the @n host descriptors that becomes ready ends
 * the sleep too (0).  A wake may show as -EINTR, for it takes a kick: callers
 * test their condition, and leave by a code that restarts the call.
 */
int wait_sleep_host(struct task *t, uint32_t seq, struct pollfd *fds,
		    unsigned int n, int64_t deadline_ns) __must_check;
/*
 * Between these two, which nest, the host calls of the caller's wake-ups are
 * put off: who is woken wants the locks that are held here, and would only
 * sleep again, for two host calls more.
 */
void wakes_hold(void);
void wakes_release(void);
struct epoll_event;
/* The same, with an epoll of the host: *@got of @max events are at @ev. */
int wait_sleep_events(struct task *t, uint32_t seq, int epfd,
		      struct epoll_event *ev, int max, int *got,
		      int64_t deadline_ns) __must_check;
/*
 * Who waits for the end of a thread of its own process sleeps on the word that
 * the host clears at the very end of the host thread @of: between a wake-up
 * before that and the end the host would have two to run, and moves one of
 * them to another CPU.  wait_join(): from now on the last wake-up of @of comes
 * that late; false: another waits so.  Then the condition is to be tested, and
 * wait_sleep_join() is as wait_sleep(), but for an -EINTR that may be a mere
 * kick, and wait_join_end() is due in any case.
 */
bool wait_join(struct task *t, struct thread *of) __must_check;
int wait_sleep_join(struct task *t, uint32_t seq, struct thread *of,
		    int64_t deadline_ns) __must_check;
void wait_join_end(struct task *t, struct thread *of);
/* @th, which has ended, cannot rely on the host to wake who waits for it. */
void wait_join_owed(struct thread *th);
/* Does it sleep now, or is about to? */
bool wait_asleep(const struct task *t);
/* Bump and wake one task, on whatever it sleeps; did it sleep by its word? */
bool wait_wake_task(struct task *t);
/* The same by its slot, whose task may have ended. */
bool wait_wake_thread(struct thread *th);

#endif
