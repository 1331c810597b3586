/* SPDX-License-Identifier: Apache-2.0 */
/* session.c: process groups and sessions; setpgid(2), setsid(2). */
#include "emul/lib/uapi.h"
#include "emul/sysproto.h"
#include "emul/task/pid.h"
#include "emul/task/task.h"

/* The group that @pid names, 0: the caller's.  pids_lock is held. */
static struct tgroup *group_of(struct task *t, int pid)
{
	struct task *o;

	if (!pid)
		return t->group;
	o = pid_lookup(pid);
	return o ? o->group : NULL;
}

static bool pgid_in_session(int pgid, int sid)
{
	struct tgroup *g;

	list_for_each(g, &all_groups, all_link)
		if (g->pgid == pgid && g->sid == sid)
			return true;
	return false;
}

static long setpgid_locked(struct task *t, int pid, int pgid)
{
	struct tgroup *me = t->group, *g = group_of(t, pid);

	if (!g || (g->pid != pid && pid))
		return -ESRCH;
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
	if (pgid != g->pid && !pgid_in_session(pgid, me->sid))
		return -EPERM;
	g->pgid = pgid;
	return 0;
}

long sys_setpgid(struct task *t, int pid, int pgid)
{
	long err;

	if (pgid < 0)
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
	struct tgroup *me = t->group, *g;
	long ret = me->pid;

	mutex_lock(&pids_lock);
	list_for_each(g, &all_groups, all_link)
		if (g->pgid == me->pid)
			ret = -EPERM;
	if (ret > 0)
		me->pgid = me->sid = me->pid;
	mutex_unlock(&pids_lock);
	return ret;
}
