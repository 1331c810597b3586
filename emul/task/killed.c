/* SPDX-License-Identifier: Apache-2.0 */
/*
 * killed.c: life after a host process that the host killed (out of memory, an
 * administrator).
 *
 * What its threads held in the kernel, files, places in queues, half a call,
 * is told by their kernel stacks, which lie in shared memory and outlive
 * them.  So a thread of kinit takes each stack and goes on with it: a sleep
 * ends with -EINTR, the call unwinds, and on the way to the guest, which is
 * not there, the task exits.  Where that cannot be done, because a thread was
 * at work in the kernel, the monitor ends the sandbox (rule R9).
 */
#include "emul/task/killed.h"

#include "emul/abi/regs.h"
#include "emul/host/host.h"
#include "emul/lib/lock.h"
#include "emul/lib/print.h"
#include "emul/lib/uapi.h"
#include "emul/signal/queue.h"
#include "emul/task/hostproc.h"
#include "emul/task/kinit.h"
#include "emul/task/task.h"
#ifndef SBX_HOSTED
#include "interposer/interposer.h"

/* On what is free of @th's stack, in a thread of kinit. */
static void go_on(void *arg)
{
	struct thread *th = arg;

	hostsig_thread(th);
	__atomic_fetch_or(&th->work, WORK_EXIT, __ATOMIC_SEQ_CST);
	if (th->waiting)
		gate_wait_resume();
	kernel_leave();
}

static void end_group(struct tgroup *g)
{
	mutex_lock(&g->lock);
	signal_kill_group(g, SIGKILL);
	mutex_unlock(&g->lock);
}

/* Is @th asleep in vfork_carry(), for another that its host thread ran? */
static bool carries(const struct thread *th)
{
	struct thread *o;

	for (unsigned int i = 0; (o = slot_nth(i)); i++)
		if (o->task && o->proc == th->proc && o->carrier == th)
			return true;
	return false;
}

/* One at a time: nobody's stack is to be taken twice. */
static struct mutex reap_lock __arena;
LOCK_CLASS(reap_lock, LOCK_OBJECT);

void killed_reap(void)
{
	struct thread *th;
	struct task *t;

	mutex_lock(&reap_lock);
	for (unsigned int i = 0; (th = slot_nth(i)); i++) {
		t = load_acquire(&th->task);
		if (!t || !hostproc_was_killed(th))
			continue;
		/* Nobody else ends it: its threads are not there any more. */
		__atomic_fetch_or(&th->work, WORK_EXIT, __ATOMIC_SEQ_CST);
		end_group(t->group);
	}
	for (unsigned int i = 0; (th = slot_nth(i)); i++) {
		if (!load_acquire(&th->task) || !hostproc_was_killed(th) ||
		    carries(th))
			continue;
		if (kinit_adopt(th, go_on))
			panic("no thread for what a killed process left");
	}
	mutex_unlock(&reap_lock);
}
#else
void killed_reap(void)
{
}
#endif
