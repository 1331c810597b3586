/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jobctl.c: groups that stop and go on.
 *
 * A stop begins with the thread that takes the signal and is complete when
 * all threads of the group have parked on their way to the guest: then the
 * parent is told.  Threads are called in by task_notify(), out of the guest
 * and out of sleeps, which are restarted afterwards.
 */
#include "emul/lib/uapi.h"

#include "emul/abi/regs.h"
#include "emul/signal/outside.h"
#include "emul/signal/queue.h"
#include "emul/signal/siginfo.h"
#include "emul/task/reap.h"
#include "emul/task/task.h"

static void notify_all(struct tgroup *g)
{
	struct task *o;

	list_for_each(o, &g->threads, thread_link)
		if (o->thread)
			task_notify(o, WORK_SIGNAL);
}

void group_stop_check(struct tgroup *g)
{
	if (!g->stopped || g->stop_told || !g->n_live ||
	    g->n_parked < g->n_live)
		return;
	g->stop_told = true;
	g->stop_report = g->stop_signo;
	g->continued = false;
	g->cld_todo = SICODE_STOPPED;
}

void group_stop(struct tgroup *g, int signo)
{
	g->stopped = true;
	g->stop_told = false;
	g->stop_signo = signo;
	notify_all(g);
}

void group_continue(struct tgroup *g)
{
	g->n_conts++;
	if (!g->stopped)
		return;
	/* A stop that was under way counts as one, as Linux has it. */
	g->cld_todo = g->stop_told ? SICODE_CONTINUED : SICODE_STOPPED;
	g->stopped = false;
	g->stop_told = false;
	g->stop_report = 0;
	g->continued = true;
	notify_all(g);
}

void stop_here(struct task *t)
{
	struct tgroup *g = t->group;
	struct thread *th = t->thread;
	bool parked = false;

	for (;;) {
		uint32_t seq = wait_prepare(t);
		bool go;

		/* Other signals wait for SIGCONT; they must not end the sleep. */
		__atomic_fetch_and(&th->work, ~WORK_SIGNAL, __ATOMIC_SEQ_CST);
		outside_poll();
		mutex_lock(&g->lock);
		/* Another thread's execve(2) does not wait for SIGCONT. */
		go = !g->stopped || (load_once(&th->work) & WORK_EXIT);
		if (go && parked)
			g->n_parked--;
		if (!go && !parked) {
			parked = true;
			t->restart.stopped = true;
			g->n_parked++;
			group_stop_check(g);
		}
		mutex_unlock(&g->lock);
		if (go)
			break;
		group_report(g);
		if (wait_sleep(t, seq, NEVER_NS))
			continue;
	}
}
