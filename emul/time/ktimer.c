/* SPDX-License-Identifier: Apache-2.0 */
/* ktimer.c: call a function at a time; see ktimer.h. */
#include "emul/time/ktimer.h"

#include "emul/abi/regs.h"
#include "emul/host/host.h"
#include "emul/lib/lock.h"
#include "emul/lib/uapi.h"
#include "emul/task/hostproc.h"
#include "emul/task/kinit.h"
#include "emul/task/task.h"
#include "emul/time/time.h"
#ifndef SBX_HOSTED
#include "interposer/interposer.h"
#endif

static struct {
	struct mutex lock;	/* protects: */
	struct rb_root tree;	/* by expires_ns */
	bool running;		/* the thread is there, or is being started */
	int64_t until_ns;	/* how long it sleeps */
	uint32_t seq;		/* its futex word: it shall look earlier */
} timers __arena;
LOCK_CLASS(timers, LOCK_KTIMER);

static void insert(struct ktimer *kt)
{
	struct rb_node **link = &timers.tree.node, *parent = NULL;

	while (*link) {
		struct ktimer *o = rb_entry(*link, struct ktimer, node);

		parent = *link;
		link = kt->expires_ns < o->expires_ns ? &parent->left :
		       &parent->right;
	}
	rb_insert(&timers.tree, &kt->node, parent, link);
	kt->armed = true;
}

static void erase(struct ktimer *kt)
{
	if (kt->armed)
		rb_erase(&timers.tree, &kt->node);
	kt->armed = false;
}

int64_t ktimer_run(int64_t now_ns)
{
	int64_t next = NEVER_NS;
	struct rb_node *n;

	mutex_lock(&timers.lock);
	while ((n = rb_first(&timers.tree))) {
		struct ktimer *kt = rb_entry(n, struct ktimer, node);

		if (kt->expires_ns > now_ns) {
			next = kt->expires_ns;
			break;
		}
		erase(kt);
		kt->expires_ns = kt->fn(kt);
		if (kt->expires_ns != NEVER_NS)
			insert(kt);
	}
	timers.until_ns = next;
	mutex_unlock(&timers.lock);
	return next;
}

#ifndef SBX_HOSTED
static void timer_thread(void *arg)
{
	(void)arg;
	hostsig_thread(this_thread());
	for (;;) {
		uint32_t seq = load_acquire(&timers.seq);

		host_futex_wait(&timers.seq, seq, ktimer_run(time_now()));
	}
}

/* The thread is kinit's: guests come and go. */
static int start_thread(void)
{
	struct thread *th;

	if (likely(load_acquire(&timers.running)) ||
	    __atomic_exchange_n(&timers.running, true, __ATOMIC_ACQ_REL))
		return 0;
	th = slot_get();
	if (th && !kinit_thread(th, timer_thread, NULL))
		return 0;
	if (th)
		slot_drop(th);
	store_release(&timers.running, false);
	return -EAGAIN;
}
#else
static int start_thread(void)
{
	return 0;
}
#endif

unsigned int ktimer_threads(void)
{
	return load_acquire(&timers.running);
}

void ktimer_init(struct ktimer *kt, int64_t (*fn)(struct ktimer *kt))
{
	kt->fn = fn;
	kt->armed = false;
	kt->expires_ns = NEVER_NS;
}

int ktimer_set(struct ktimer *kt, int64_t expires_ns)
{
	bool earlier = false;
	int err = 0;

	/* Not under the lock: kinit may have to be made. */
	if (expires_ns != NEVER_NS)
		err = start_thread();
	if (err)
		expires_ns = NEVER_NS;
	mutex_lock(&timers.lock);
	erase(kt);
	kt->expires_ns = expires_ns;
	if (expires_ns != NEVER_NS) {
		insert(kt);
		/* 0 until the thread looks for the first time. */
		earlier = expires_ns < timers.until_ns;
		if (earlier)
			timers.until_ns = expires_ns;
	}
	mutex_unlock(&timers.lock);
	if (earlier) {
		__atomic_fetch_add(&timers.seq, 1, __ATOMIC_RELEASE);
		host_futex_wake(&timers.seq, 1);
	}
	return err;
}

void ktimer_cancel(struct ktimer *kt)
{
	mutex_lock(&timers.lock);
	erase(kt);
	kt->expires_ns = NEVER_NS;
	mutex_unlock(&timers.lock);
}

int64_t ktimer_deadline(const struct ktimer *kt)
{
	return load_once(&kt->expires_ns);
}
