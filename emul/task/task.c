/* SPDX-License-Identifier: Apache-2.0 */
/* task.c: tasks and thread groups: create, link, free. */
#include "emul/lib/live.h"
#include "emul/task/task.h"

#include "emul/abi/boot.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/lib/uapi.h"
#include "emul/misc/sys_info.h"
#include "emul/seccomp/seccomp.h"
#include "emul/signal/queue.h"
#include "emul/sync/futex.h"
#include "emul/task/pid.h"
#include "emul/task/reap.h"
#include "emul/task/sched.h"
#include "emul/task/session.h"
#include "emul/time/time.h"

#define TIMER_SLACK_NS	50000

uint32_t task_count __arena;

struct tgroup *tgroup_alloc(void)
{
	struct tgroup *g = kzalloc(sizeof(*g));

	if (!g)
		return NULL;
	g->sighand = sighand_alloc();
	if (!g->sighand) {
		kfree(g);
		return NULL;
	}
	live_add(LIVE_TGROUP, 1);
	g->loginuid = g->sessionid = UINT32_MAX;
	ref_init(&g->ref);
	mutex_init_class(&g->lock, LOCK_TGROUP);
	list_init(&g->children);
	list_init(&g->pgrp_link);
	waitqueue_init(&g->wait_chldexit);
	waitqueue_init(&g->wait_pidfd);
	list_init(&g->sibling);
	list_init(&g->all_link);
	list_init(&g->threads);
	list_init(&g->timers);
	mutex_init_class(&g->timers_lock, LOCK_TIMERS);
	itimer_init(g);
	cputime_init(g);
	sigpending_init(&g->pending);
	g->dumpable = true;
	g->start_ns = host_clock_ns(CLOCK_MONOTONIC);
	return g;
}

void tgroup_put(struct tgroup *g)
{
	if (!g || !ref_put(&g->ref))
		return;
	sigpending_flush(&g->pending);
	sighand_put(g->sighand);
	cputime_release(g);
	live_add(LIVE_TGROUP, -1);
	kfree(g);
}

struct task *task_alloc(struct tgroup *g, struct task *from)
{
	struct task *t = kzalloc(sizeof(*t));

	if (!t)
		return NULL;
	live_add(LIVE_TASK, 1);
	ref_init(&t->ref);
	t->group = g;
	ref_get(&g->ref);
	list_init(&t->thread_link);
	sigpending_init(&t->pending);
	list_init(&t->waiter.link);
	list_init(&t->late_skbs);
	list_init(&t->futex.link);
	t->futex.task = t;
	list_init(&t->pi_owned);
	t->altstack.flags = SAS_DISABLE;
	t->restart.fn = restart_none;
	t->timer_slack_ns = TIMER_SLACK_NS;
	if (from) {
		t->blocked = from->blocked;
		t->personality = from->personality;
		t->timer_slack_ns = from->timer_slack_ns;
		t->securebits = from->securebits;
		t->mce_kill = from->mce_kill;
		t->no_new_privs = from->no_new_privs;
		t->thp_disable = from->thp_disable;
		seccomp_inherit(t, from);
		t->cred = from->cred;
		ref_get(&t->cred->ref);
		memcpy(t->comm, from->comm, sizeof(t->comm));
		t->nice = from->nice;
		t->sched_policy = from->sched_policy;
		t->ioprio = from->ioprio;
		/* No more than others have, sched(7). */
		if (from->sched_reset_on_fork)
			t->nice = MAX(t->nice, 0);
		if (sched_inherit(t, from)) {
			task_put(t);
			return NULL;
		}
	}
	return t;
}

void task_put(struct task *t)
{
	if (!t || !ref_put(&t->ref))
		return;
	sigpending_flush(&t->pending);
	seccomp_release(t);
	kfree(t->cpus);
	cred_put(t->cred);
	tgroup_put(t->group);
	live_add(LIVE_TASK, -1);
	kfree(t);
}

int task_link(struct task *t)
{
	struct tgroup *g = t->group;
	int tid;

	mutex_lock(&pids_lock);
	mutex_lock(&g->lock);
	if (g->exiting || g->alone) {
		tid = -ERESTARTNOINTR;
	} else {
		tid = pid_enter(t);
		if (tid > 0) {
			t->tid = tid;
			/* Another thread may have given all its filters. */
			if (current() && current()->group == g)
				seccomp_inherit(t, current());
			if (!g->pid) {
				g->pid = tid;
				list_add_tail(&g->all_link, &all_groups);
				ref_get(&g->ref);
			}
			list_add_tail(&t->thread_link, &g->threads);
			g->n_threads++;
			g->n_live++;
			ref_get(&t->ref);
			__atomic_fetch_add(&task_count, 1, __ATOMIC_RELAXED);
		}
	}
	mutex_unlock(&g->lock);
	mutex_unlock(&pids_lock);
	return tid > 0 ? 0 : tid;
}

bool task_unlink(struct task *t)
{
	struct tgroup *g = t->group;
	bool last;

	mutex_lock(&pids_lock);
	mutex_lock(&g->lock);
	list_del(&t->thread_link);
	last = --g->n_threads == 0;
	if (g->alone)
		wait_wake_task(g->alone);
	mutex_unlock(&g->lock);
	if (!last)
		children_thread_gone(t);
	/*
	 * The leader's number is the group's: it stays taken until the group
	 * is reaped, whoever of its threads is the last.
	 */
	if (t->tid != g->pid)
		pid_leave(t->tid);
	mutex_unlock(&pids_lock);
	if (t->tid != g->pid) {
		__atomic_fetch_sub(&task_count, 1, __ATOMIC_RELAXED);
		task_put(t);
	}
	return last;
}

/* Init: a name that others see, with no thread behind it. */
static struct task *init_object(const struct boot *boot)
{
	struct tgroup *g = tgroup_alloc();
	struct task *t;

	if (!g)
		return NULL;
	t = task_alloc(g, NULL);
	tgroup_put(g);
	if (!t)
		return NULL;
	t->cred = cred_boot(boot);
	if (!t->cred || task_link(t) < 0) {
		task_put(t);
		return NULL;
	}
	g->pgid = g->sid = 1;
	g->unkillable = true;
	/* Its children are reaped as they end. */
	g->sighand->action[SIGCHLD - 1].handler = SIGACT_IGN;
	strcopy(t->comm, "init", sizeof(t->comm));
	return t;
}

struct task *task_init(const struct boot *boot)
{
	struct task *init, *t;
	struct tgroup *g;

	pid_init();
	notify_init(boot);
	sched_init(boot);
	sysinfo_init(boot);
	task_count = 0;

	init = init_object(boot);
	g = tgroup_alloc();
	if (!init || !g)
		return NULL;
	t = task_alloc(g, init);
	tgroup_put(g);
	if (!t || task_link(t) < 0)
		return NULL;
	for (unsigned int i = 0; i < NR_RLIMITS; i++) {
		g->rlimits[i].cur = boot->rlimits[i][0];
		g->rlimits[i].max = boot->rlimits[i][1];
		init->group->rlimits[i] = g->rlimits[i];
	}
	for (unsigned int i = 0; i < NSIG64; i++)
		if (boot->sig_ignored >> i & 1)
			g->sighand->action[i].handler = SIGACT_IGN;
	t->blocked = boot->sig_blocked;
	t->nice = boot->nice;
	/* As a command of an interactive shell: a group of its own. */
	mutex_lock(&pids_lock);
	group_adopted(g, init, false, SIGCHLD);
	g->no_exec_yet = false;
	pgrp_move(g, g->pid);
	mutex_unlock(&pids_lock);
	task_put(init);
	return t;
}
