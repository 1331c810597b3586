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
	bool running;		/* the thread is there */
	uint32_t seq;		/* its futex word: the first deadline changed */
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

/* The lock is held.  The thread is kinit's: guests come and go. */
static int start_thread(void)
{
	struct thread *th;

	if (timers.running)
		return 0;
	th = slot_get();
	if (!th)
		return -EAGAIN;
	if (kinit_thread(th, timer_thread, NULL)) {
		slot_drop(th);
		return -EAGAIN;
	}
	timers.running = true;
	return 0;
}
#else
static int start_thread(void)
{
	timers.running = true;
	return 0;
}
#endif

void ktimer_init(struct ktimer *kt, int64_t (*fn)(struct ktimer *kt))
{
	kt->fn = fn;
	kt->armed = false;
	kt->expires_ns = NEVER_NS;
}

int ktimer_set(struct ktimer *kt, int64_t expires_ns)
{
	bool first = false;
	int err = 0;

	mutex_lock(&timers.lock);
	erase(kt);
	kt->expires_ns = expires_ns;
	if (expires_ns != NEVER_NS) {
		err = start_thread();
		if (!err) {
			insert(kt);
			first = rb_first(&timers.tree) == &kt->node;
		} else {
			kt->expires_ns = NEVER_NS;
		}
	}
	mutex_unlock(&timers.lock);
	if (first) {
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
