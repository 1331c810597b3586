/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exit.c: the end of a thread, and of the group with its last one; exit(2).
 */
#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/lib/uapi.h"
#include "emul/report.h"
#include "emul/signal/queue.h"
#include "emul/sync/futex.h"
#include "emul/sysproto.h"
#include "emul/task/sched.h"
#include "emul/task/task.h"

/* The last thread has left; its host process goes with it. */
static void __noreturn group_gone(int status)
{
	/* The only process there is, so far: sbx ends as it did. */
	report_end();
	broker_exit(status, 1);
	host_exit_group(status & 0x7f ? 0 : status >> 8 & 0xff);
}

void task_exit(struct task *t, int status)
{
	struct tgroup *g = t->group;
	struct thread *th = t->thread;
	bool last;

	futex_exit(t);

	mutex_lock(&g->lock);
	if (t->tid == g->pid)
		g->leader_code = status;
	last = --g->n_live == 0;
	if (g->exiting)
		status = g->exit_code;
	else if (last)
		status = g->leader_code;
	/* No more kicks: the slot is somebody else's soon. */
	if (!last)
		t->thread = NULL;
	mutex_unlock(&g->lock);

	/* The host takes the memory of the last one; files are ours. */
	task_release_parts(t);
	if (last)
		group_gone(status);
	task_unlink(t);
	report_thread(th);
	slot_retire(th);
	th->task = NULL;
	task_put(t);
	host_exit_thread(0);
}

void group_exit(struct task *t, int status)
{
	struct tgroup *g = t->group;

	mutex_lock(&g->lock);
	signal_kill_group(g, status);
	status = g->exit_code;
	mutex_unlock(&g->lock);
	task_exit(t, status);
}

long sys_exit(struct task *t, int status)
{
	task_exit(t, (status & 0xff) << 8);
}

long sys_exit_group(struct task *t, int status)
{
	group_exit(t, (status & 0xff) << 8);
}
