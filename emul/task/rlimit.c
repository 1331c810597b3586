/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rlimit.c: resource limits, getrlimit(2).
 *
 * They are the sandbox's own; what has a limit asks rlimit_cur().
 */
#include <linux/capability.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/uapi.h"
#include "emul/sysproto.h"
#include "emul/mm/mm.h"
#include "emul/task/task.h"

#define NR_OPEN_MAX	1048576		/* as /proc/sys/fs/nr_open */

static long limit_set(struct task *t, struct tgroup *g, unsigned int res,
		      const struct rlimit_pair *new, struct rlimit_pair *old)
{
	struct rlimit_pair *r = &g->rlimits[res];
	long err = 0;

	if (new && new->cur > new->max)
		return -EINVAL;
	if (new && res == RLIMIT_NOFILE && new->max > NR_OPEN_MAX)
		return -EPERM;
	mutex_lock(&g->lock);
	if (old)
		*old = *r;
	if (new && new->max > r->max && !task_capable(t, CAP_SYS_RESOURCE))
		err = -EPERM;
	else if (new)
		*r = *new;
	mutex_unlock(&g->lock);
	if (!err && new && res == RLIMIT_CPU && cputimer_limit(g))
		err = -EAGAIN;
	/* The stack is reserved up to its limit, so a higher one is told. */
	if (!err && new && res == RLIMIT_STACK && g == t->group && t->mm)
		mm_stack_limit(t->mm, new->cur, t->tid == g->pid ?
			       task_regs(t)->rsp : 0);
	return err;
}

/* May @t look at and change the limits of the task @o? prlimit(2) */
static bool limit_allowed(struct task *t, struct task *o)
{
	const struct cred *c = t->cred, *oc;
	bool ok;

	if (t->group == o->group)
		return true;
	mutex_lock(&o->group->lock);
	oc = o->cred;
	ok = c->uid == oc->euid && c->uid == oc->suid && c->uid == oc->uid &&
	     c->gid == oc->egid && c->gid == oc->sgid && c->gid == oc->gid;
	mutex_unlock(&o->group->lock);
	return ok || task_capable(t, CAP_SYS_RESOURCE);
}

long sys_prlimit64(struct task *t, int pid, unsigned int resource,
		   uaddr_t new_limit, uaddr_t old_limit)
{
	struct rlimit_pair new, old;
	struct task *o;
	long err;

	if (new_limit && get_user(&new, new_limit))
		return -EFAULT;
	o = pid ? task_find(pid) : t;
	if (!o)
		return -ESRCH;
	if (!limit_allowed(t, o))
		err = -EPERM;
	else if (resource >= NR_RLIMITS)
		err = -EINVAL;
	else
		err = limit_set(t, o->group, resource,
				new_limit ? &new : NULL, &old);
	if (pid)
		task_put(o);
	if (!err && old_limit && put_user(old_limit, &old))
		return -EFAULT;
	return err;
}

long sys_getrlimit(struct task *t, unsigned int resource, uaddr_t rlim)
{
	struct rlimit_pair old;
	long err;

	if (resource >= NR_RLIMITS)
		return -EINVAL;
	err = limit_set(t, t->group, resource, NULL, &old);
	if (!err && put_user(rlim, &old))
		return -EFAULT;
	return err;
}

long sys_setrlimit(struct task *t, unsigned int resource, uaddr_t rlim)
{
	struct rlimit_pair new, old;

	if (get_user(&new, rlim))
		return -EFAULT;
	if (resource >= NR_RLIMITS)
		return -EINVAL;
	return limit_set(t, t->group, resource, &new, &old);
}
