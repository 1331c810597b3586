/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfork.c: a child in its parent's memory, on its parent's host thread;
 * vfork(2), clone(2) with CLONE_VM | CLONE_VFORK.
 *
 * The parent sleeps until the child has a program or an end, so its host
 * thread is free: it takes the child's slot, with a kernel stack of its own,
 * and the child's registers.  The memory is really shared then, and no page
 * table is copied for a child that lives for ten calls.  A child of such a
 * child has a host thread of its own: fork.c.
 */
#include <linux/sched.h>

#include "emul/abi/regs.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/uapi.h"
#include "emul/signal/xstate.h"
#include "emul/task/clone.h"
#include "emul/task/hostproc.h"
#include "emul/task/task.h"
#ifndef SBX_HOSTED
#include "interposer/interposer.h"

static uint64_t fs_base(void)
{
	uint64_t base;

	__asm__("rdfsbase %0" : "=r"(base));
	return base;
}

int vfork_carry(struct task *t, struct task *n, const struct clone_req *c)
{
	struct thread *from = t->thread, *th = n->thread;
	uint64_t fs = fs_base();
	void *fpu = xstate_save();
	int64_t since;

	if (!fpu)
		return -ENOMEM;
	clone_frame(t, n, c);
	hostproc_join(th, from);
	th->host_tid = from->host_tid;
	th->carrier = from;
	clone_arrive(n);
	__atomic_store_n(&from->rider, th, __ATOMIC_SEQ_CST);
	/* Who ends it from here on looks at its rider: task_notify(). */
	if (__atomic_load_n(&from->work, __ATOMIC_SEQ_CST) & WORK_EXIT)
		__atomic_fetch_or(&th->work, WORK_CARRIER, __ATOMIC_SEQ_CST);
	/* From its alternate stack on, a kick is the child's. */
	since = cputime_carry();
	thread_carry(from, th);
	/*
	 * Here again, through thread_leave().  If that was another host thread
	 * (killed.c), the host will clear its number in @th at its end.
	 */
	cputime_carried(t, since);
	if (from->rider) {
		/* Its own end, by vfork_carrier_ends(): the rest is the child's. */
		kfree(fpu);
		return 0;
	}
	if (th->proc == from->proc) {
		slot_drop(th);
	} else {
		hostproc_join(from, th);
		slot_retire(th);
	}
	__asm__ volatile("wrfsbase %0" :: "r"(fs));
	xstate_load(fpu);
	kfree(fpu);
	/* Kicks that were meant for it while it could not be reached. */
	__atomic_fetch_or(&from->work, WORK_SIGNAL, __ATOMIC_SEQ_CST);
	return 0;
}

static struct thread *top_rider(struct thread *th)
{
	while (th->rider)
		th = th->rider;
	return th;
}

/*
 * @c, a carrier of @up's host thread, has ended.  At that thread's end the host
 * clears the number in the slot that it began with: that slot has to stay.
 */
static void unlink_carrier(struct thread *c, struct thread *up)
{
	up->carrier = c->carrier;
	up->base = c->base;
	if (c->carrier)
		store_release(&c->carrier->rider, up);
	if (!c->carrier && !c->base) {
		up->base = c;
		return;
	}
	c->base = NULL;
	slot_drop(c);
}

void vfork_carrier_ends(struct thread *th)
{
	struct thread *up = th, *c = th->carrier;

	/* In another process, for the host killed theirs: killed.c. */
	while (c && c->proc == th->proc) {
		if (!(load_acquire(&c->work) & WORK_EXIT)) {
			up = c;
			c = up->carrier;
			continue;
		}
		hostsig_thread(c);
		thread_switch(th, c);
		unlink_carrier(c, up);
		c = up->carrier;
	}
}

void thread_leave(struct thread *th)
{
	struct thread *to = th->carrier, *up = th->rider;
	bool leads = th->host_tid == hostproc_pid(th);
	bool parks = leads && hostproc_is_first(th);

	/* Else its number is cleared by the host, but not of a process. */
	if (up || to || leads || th->base)
		wait_join_owed(th);
	if (up) {
		up = top_rider(up);
		hostsig_thread(up);
		thread_carry_back(up);
	}
	if (to) {
		__atomic_store_n(&to->rider, NULL, __ATOMIC_SEQ_CST);
		hostsig_thread(to);
		thread_carry_back(to);
	}
	if (parks)
		hostproc_park();
	if (th->base && th->base->proc != th->proc) {
		/* The host killed that process: killed.c. */
		slot_retire(th->base);
		th->base = NULL;
	}
	slot_retire(th);
	host_exit_thread(0);
}
#else
int vfork_carry(struct task *t, struct task *n, const struct clone_req *c)
{
	(void)t;
	(void)n;
	(void)c;
	return -EAGAIN;
}

void thread_leave(struct thread *th)
{
	(void)th;
	host_exit_thread(0);
}

void vfork_carrier_ends(struct thread *th)
{
	(void)th;
}
#endif
