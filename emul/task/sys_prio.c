/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_prio.c: nice values and priorities of input and output; setpriority(2),
 * ioprio_set(2).
 *
 * They are kept for the thread and told, and the host has them too, by the
 * broker: it is the host that acts on them.
 */
#include <linux/capability.h>
#include <linux/ioprio.h>

#include "emul/host/broker.h"
#include "emul/lib/alloc.h"
#include "emul/lib/uapi.h"
#include "emul/sysproto.h"
#include "emul/task/pid.h"
#include "emul/task/sched.h"
#include "emul/task/task.h"

#define NICE_MAX	19
#define NICE_MIN	(-20)

enum who {
	WHO_PROCESS,
	WHO_PGRP,
	WHO_USER,
};

/* The tasks that a call is about; a reference to each. */
struct tasks {
	unsigned int n, cap;
	struct task **task;
};

static int add(struct tasks *s, struct task *t)
{
	if (s->n == s->cap) {
		unsigned int cap = s->cap ? 2 * s->cap : 16;
		struct task **p = krealloc(s->task, cap * sizeof(*p));

		if (!p)
			return -ENOMEM;
		s->task = p;
		s->cap = cap;
	}
	ref_get(&t->ref);
	s->task[s->n++] = t;
	return 0;
}

static void put_all(struct tasks *s)
{
	while (s->n)
		task_put(s->task[--s->n]);
	kfree(s->task);
}

/* Threads of @g that @which and @who name; pids_lock is held. */
static int add_group(struct task *t, struct tgroup *g, enum who which, int who,
		     struct tasks *s)
{
	uid_t uid = who ? (uid_t)who : t->cred->uid;
	struct task *o;
	int err = 0;

	/* Init is an object of ours; its user is nobody's business. */
	if (which == WHO_USER && g->unkillable)
		return 0;
	if (which == WHO_PGRP && g->pgid != (who ? who : t->group->pgid))
		return 0;
	mutex_lock(&g->lock);
	list_for_each(o, &g->threads, thread_link)
		if (!err && (which == WHO_PGRP || o->cred->uid == uid))
			err = add(s, o);
	mutex_unlock(&g->lock);
	return err;
}

/* All that @which and @who name.  0, -ESRCH (nobody), -ENOMEM. */
static int find_all(struct task *t, enum who which, int who, struct tasks *s)
{
	struct tgroup *g;
	struct task *o;
	int err = 0;

	*s = (struct tasks){ .n = 0 };
	if (which == WHO_PROCESS) {
		o = sched_target(t, who);
		if (o)
			err = add(s, o);
		task_put(o);
	} else {
		mutex_lock(&pids_lock);
		list_for_each(g, &all_groups, all_link)
			if (!err)
				err = add_group(t, g, which, who, s);
		mutex_unlock(&pids_lock);
	}
	if (!err && !s->n)
		err = -ESRCH;
	if (err)
		put_all(s);
	return err;
}

long sched_set_nice(struct task *t, struct task *o, int nice)
{
	int err;

	if (!sched_allowed(t, o))
		return -EPERM;
	nice = MAX(MIN(nice, NICE_MAX), NICE_MIN);
	/* Downwards only as far as RLIMIT_NICE has it. */
	if (nice < o->nice && !task_capable(t, CAP_SYS_NICE) &&
	    20 - nice > (int)MIN(rlimit_cur(o, RLIMIT_NICE), 40UL))
		return -EACCES;
	if (nice == o->nice)
		return 0;
	err = sched_ask(o, BROKER_SCHED_NICE, (uint64_t)nice + 20, NULL);
	/* To ask for less and not to be heard is no harm. */
	if (err && err != -ESRCH && nice < o->nice)
		return -EACCES;
	o->nice = nice;
	return 0;
}

long sys_getpriority(struct task *t, int which, int who)
{
	long best = 0;
	struct tasks s;
	int err;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	err = find_all(t, (enum who)which, who, &s);
	if (err)
		return err;
	for (unsigned int i = 0; i < s.n; i++)
		best = MAX(best, 20 - s.task[i]->nice);
	put_all(&s);
	return best;
}

long sys_setpriority(struct task *t, int which, int who, int prio)
{
	long ret = -ESRCH, err;
	struct tasks s;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	err = find_all(t, (enum who)which, who, &s);
	if (err)
		return err;
	for (unsigned int i = 0; i < s.n; i++) {
		err = sched_set_nice(t, s.task[i], prio);
		if (ret == -ESRCH || err)
			ret = err;
	}
	put_all(&s);
	return ret;
}

/* May @t ask for @ioprio at all? */
static int ioprio_check(struct task *t, unsigned int ioprio)
{
	unsigned int level = ioprio & 0x1fff;

	switch (ioprio >> IOPRIO_CLASS_SHIFT) {
	case IOPRIO_CLASS_RT:
		if (!task_capable(t, CAP_SYS_ADMIN) &&
		    !task_capable(t, CAP_SYS_NICE))
			return -EPERM;
		__fallthrough;
	case IOPRIO_CLASS_BE:
		return level < 8 ? 0 : -EINVAL;
	case IOPRIO_CLASS_IDLE:
		return 0;
	case IOPRIO_CLASS_NONE:
		return level ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

static long set_ioprio(struct task *t, struct task *o, unsigned int ioprio)
{
	int err;

	if (!sched_allowed(t, o))
		return -EPERM;
	err = sched_ask(o, BROKER_SCHED_IOPRIO, ioprio, NULL);
	if (err && err != -ESRCH)
		return err;
	o->ioprio = ioprio;
	return 0;
}

long sys_ioprio_set(struct task *t, int which, int who, int ioprio)
{
	struct tasks s;
	long err = ioprio < 0 ? -EINVAL : ioprio_check(t, (unsigned int)ioprio);

	if (err)
		return err;
	if (which < IOPRIO_WHO_PROCESS || which > IOPRIO_WHO_USER)
		return -EINVAL;
	err = find_all(t, (enum who)(which - IOPRIO_WHO_PROCESS), who, &s);
	if (err)
		return err;
	for (unsigned int i = 0; i < s.n && !err; i++)
		err = set_ioprio(t, s.task[i], (unsigned int)ioprio);
	put_all(&s);
	return err;
}

/* What the class none stands for: a level by the nice value. */
static unsigned int ioprio_effective(const struct task *o)
{
	if (o->ioprio >> IOPRIO_CLASS_SHIFT)
		return o->ioprio;
	return IOPRIO_CLASS_BE << IOPRIO_CLASS_SHIFT |
	       (unsigned int)(o->nice + 20) / 5;
}

long sys_ioprio_get(struct task *t, int which, int who)
{
	unsigned int best = ~0U;
	struct tasks s;
	int err;

	if (which < IOPRIO_WHO_PROCESS || which > IOPRIO_WHO_USER)
		return -EINVAL;
	err = find_all(t, (enum who)(which - IOPRIO_WHO_PROCESS), who, &s);
	if (err)
		return err;
	/* One task's is told as it was set, the best of many as it counts. */
	if (which == IOPRIO_WHO_PROCESS)
		best = s.task[0]->ioprio;
	else
		for (unsigned int i = 0; i < s.n; i++)
			best = MIN(best, ioprio_effective(s.task[i]));
	put_all(&s);
	return (long)best;
}
