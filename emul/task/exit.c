/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exit.c: the end of a thread, and of the group with its last one; exit(2).
 */
#include "emul/fs/changes.h"
#include "emul/fs/hostwatch.h"
#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/leak.h"
#include "emul/net/outward.h"
#include "emul/net/socket.h"
#include "emul/lib/uapi.h"
#include "emul/mm/mm.h"
#include "emul/report.h"
#include "emul/signal/outside.h"
#include "emul/signal/queue.h"
#include "emul/sync/futex.h"
#include "emul/sysproto.h"
#include "emul/task/clone.h"
#include "emul/task/hostproc.h"
#include "emul/task/pid.h"
#include "emul/task/reap.h"
#include "emul/task/sched.h"
#include "emul/task/task.h"
#include "emul/time/posix_timer.h"
#include "emul/tty/tty.h"
#include "interposer/patch.h"

#define EXIT_LEAKS	125

/*
 * The first program has ended, and with it the sandbox: what it left running
 * does not outlive it.
 */
static void __noreturn sandbox_end(const struct thread *th, int status)
{
	/* The first thread of all is kept to the end. */
	bool parked = !hostproc_is_first(th) ||
		      th->host_tid != hostproc_pid(th);

	changes_end(status);
	report_end();
	/* This one and init; the threads of kinit have slots too. */
	if (leak_report(2, 3, 2 + ktimer_threads() + feed_threads() +
			hostwatch_threads() + parked))
		status = EXIT_LEAKS << 8;
	/* An exit status shows by itself; all else has to be told. */
	if ((status & 0x7f) || !hostproc_is_first(th))
		broker_exit(status, 1);
	host_exit_group(status & 0x7f ? 0 : status >> 8 & 0xff);
}

void task_exit(struct task *t, int status)
{
	struct tgroup *g = t->group;
	struct thread *th = t->thread;
	bool others = load_once(&g->n_threads) > 1, last;

	cork_task_ends(t);
	th->leaving = 1;
	/* Who waits for its end would run into the locks of what follows. */
	if (others)
		wakes_hold();
	futex_exit(t);
	vfork_done(t);

	mutex_lock(&g->lock);
	if (!--g->n_live && !g->exiting) {
		/* The last one's is the group's, as in Linux since 6.0. */
		g->exiting = true;
		g->exit_code = status;
	}
	signal_thread_exits(t);
	mutex_unlock(&g->lock);
	outside_leave(t);
	group_report(g);

	report_thread(th);
	cputime_exit(t);
	if (t->mm && load_once(&t->mm->n_tasks) == 1)
		usage_note(t);
	/* The host takes the memory of the last one; files are ours. */
	task_release_parts(t);
	mutex_lock(&g->lock);
	/* No more kicks: the slot is somebody else's soon. */
	t->thread = NULL;
	mutex_unlock(&g->lock);
	last = task_unlink(t);
	if (others)
		wakes_release();
	if (last) {
		/* Whoever else was in the group has left it altogether. */
		posix_timers_exit(g);
		if (g->sid == g->pid)
			tty_leader_exit(g);
		group_dead(t, g->exit_code);
		if (g->pid == FIRST_PID)
			sandbox_end(th, g->exit_code);
	}
	th->task = NULL;
	task_put(t);
	thread_leave(th);
}

/* A dead leader's number goes to @t, which goes on as the whole group. */
static void become_leader(struct task *t)
{
	struct task *leader;

	mutex_lock(&pids_lock);
	leader = pid_lookup(t->group->pid);
	pid_leave(t->tid);
	t->tid = t->group->pid;
	pid_put(t->tid, t);
	mutex_unlock(&pids_lock);
	__atomic_fetch_sub(&task_count, 1, __ATOMIC_RELAXED);
	task_put(leader);
}

int group_alone(struct task *t)
{
	struct tgroup *g = t->group;
	struct task *o;
	bool alone;

	mutex_lock(&g->lock);
	if (g->exiting || g->alone) {
		mutex_unlock(&g->lock);
		return -ERESTARTNOINTR;
	}
	g->alone = t;
	list_for_each(o, &g->threads, thread_link)
		if (o != t && o->thread)
			task_notify(o, WORK_EXIT);
	mutex_unlock(&g->lock);
	for (;;) {
		uint32_t seq = wait_prepare(t);

		/* Signals wait; what is pending is looked at on the way out. */
		__atomic_fetch_and(&t->thread->work, ~WORK_SIGNAL,
				   __ATOMIC_SEQ_CST);
		outside_poll();
		mutex_lock(&g->lock);
		alone = g->n_threads == 1 || g->exiting;
		mutex_unlock(&g->lock);
		if (alone)
			break;
		if (wait_sleep(t, seq, NEVER_NS))
			continue;
	}
	mutex_lock(&g->lock);
	g->alone = NULL;
	alone = !g->exiting;
	signal_recalc(t);
	mutex_unlock(&g->lock);
	if (!alone)
		return -ERESTARTNOINTR;
	if (t->tid != g->pid)
		become_leader(t);
	return 0;
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
	patch_last_call(t);
	task_exit(t, (status & 0xff) << 8);
}

long sys_exit_group(struct task *t, int status)
{
	patch_last_call(t);
	group_exit(t, (status & 0xff) << 8);
}
