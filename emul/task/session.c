/* SPDX-License-Identifier: Apache-2.0 */
/* session.c: process groups and sessions; setpgid(2), setsid(2). */
#include "emul/task/session.h"

#include "emul/lib/uapi.h"
#include "emul/signal/queue.h"
#include "emul/sysproto.h"
#include "emul/task/pid.h"
#include "emul/task/task.h"

struct tgroup *pgrp_first(int pgid)
{
	struct task *t = pid_lookup(pgid);
	struct tgroup *g;

	/* Nearly always its leader is still there. */
	if (t && t->group->pid == pgid && t->group->pgid == pgid)
		return t->group;
	list_for_each(g, &all_groups, all_link)
		if (g->pgid == pgid)
			return g;
	return NULL;
}

struct tgroup *pgrp_next(const struct tgroup *g, const struct tgroup *first)
{
	struct tgroup *next = list_entry(g->pgrp_link.next, struct tgroup,
					 pgrp_link);

	return next == first ? NULL : next;
}

void pgrp_move(struct tgroup *g, int pgid)
{
	struct tgroup *to;

	list_del(&g->pgrp_link);
	g->pgid = 0;
	to = pgrp_first(pgid);
	g->pgid = pgid;
	if (to)
		list_add_tail(&g->pgrp_link, &to->pgrp_link);
}

bool pgrp_orphaned(int pgid, const struct tgroup *but)
{
	struct tgroup *first = pgrp_first(pgid), *g;

	pgrp_for_each(g, first) {
		const struct tgroup *p = g->parent;

		/* The first program has its shell outside. */
		if (g->pid == FIRST_PID && g != but && !g->zombie)
			return false;
		if (g == but || g->zombie || !p || p->unkillable)
			continue;
		if (p->pgid != pgid && p->sid == g->sid)
			return false;
	}
	return true;
}

bool pgrp_signal(int pgid, const struct siginfo128 *info)
{
	struct tgroup *first = pgrp_first(pgid), *g;

	pgrp_for_each(g, first)
		signal_send_group(g, info);
	return first;
}

/* The group that @pid names, 0: the caller's.  pids_lock is held. */
static struct tgroup *group_of(struct task *t, int pid)
{
	struct task *o;

	if (!pid)
		return t->group;
	o = pid_lookup(pid);
	return o ? o->group : NULL;
}

static long setpgid_locked(struct task *t, int pid, int pgid)
{
	struct tgroup *me = t->group, *g = group_of(t, pid), *to;

	if (!g)
		return -ESRCH;
	/* A thread that is not the leader. */
	if (pid && g->pid != pid)
		return -EINVAL;
	if (g->parent == me) {
		if (g->sid != me->sid)
			return -EPERM;
		if (!g->no_exec_yet)
			return -EACCES;
	} else if (g != me) {
		return -ESRCH;
	}
	if (g->sid == g->pid)
		return -EPERM;
	if (!pgid)
		pgid = g->pid;
	if (pgid != g->pid) {
		to = pgrp_first(pgid);
		if (!to || to->sid != me->sid)
			return -EPERM;
	}
	if (g->pgid != pgid)
		pgrp_move(g, pgid);
	return 0;
}

long sys_setpgid(struct task *t, int pid, int pgid)
{
	long err;

	if ((pgid ? pgid : pid) < 0)
		return -EINVAL;
	mutex_lock(&pids_lock);
	err = setpgid_locked(t, pid, pgid);
	mutex_unlock(&pids_lock);
	return err;
}

long sys_getpgid(struct task *t, int pid)
{
	struct tgroup *g;
	long ret;

	mutex_lock(&pids_lock);
	g = group_of(t, pid);
	ret = g ? g->pgid : -ESRCH;
	mutex_unlock(&pids_lock);
	return ret;
}

long sys_getpgrp(struct task *t)
{
	return sys_getpgid(t, 0);
}

long sys_getsid(struct task *t, int pid)
{
	struct tgroup *g;
	long ret;

	mutex_lock(&pids_lock);
	g = group_of(t, pid);
	ret = g ? g->sid : -ESRCH;
	mutex_unlock(&pids_lock);
	return ret;
}

long sys_setsid(struct task *t)
{
	struct tgroup *me = t->group;
	long ret = -EPERM;

	mutex_lock(&pids_lock);
	if (me->sid != me->pid && !pgrp_first(me->pid)) {
		pgrp_move(me, me->pid);
		me->sid = me->pid;
		me->no_tty = false;
		me->hup_pgrp = 0;
		ret = me->pid;
	}
	mutex_unlock(&pids_lock);
	return ret;
}
