/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pid.c: numbers of tasks.
 *
 * A table of two levels, so that a lookup is two loads and the sandbox pays
 * for the numbers it uses.  A thread group is found by its leader's number;
 * the leader's entry stays until the whole group is gone.
 */
#include "emul/task/pid.h"

#include "emul/lib/alloc.h"
#include "emul/lib/list.h"
#include "emul/lib/uapi.h"
#include "emul/signal/signal.h"
#include "emul/task/task.h"

#define LEAF_SLOTS	(PAGE_SIZE / sizeof(struct task *))
/* Where numbers begin again after the last was given. */
#define PID_RESERVED	300

struct mutex pids_lock __arena;
struct list_head all_groups __arena;
static struct task **pid_leaf[PID_MAX / LEAF_SLOTS] __arena_table;
static int pid_last __arena;
static bool pid_wrapped __arena;	/* numbers are given again */

void pid_init(void)
{
	mutex_init_class(&pids_lock, LOCK_PIDS);
	list_init(&all_groups);
	pid_last = 0;
	pid_wrapped = false;
}

static struct task **pid_slot(int pid)
{
	struct task **leaf;

	if (pid <= 0 || pid >= PID_MAX)
		return NULL;
	leaf = pid_leaf[(unsigned int)pid / LEAF_SLOTS];
	return leaf ? &leaf[(unsigned int)pid % LEAF_SLOTS] : NULL;
}

/* A number that a group or a session bears is not given again. */
static bool pid_is_group(int pid)
{
	struct tgroup *g;

	list_for_each(g, &all_groups, all_link)
		if (g->pgid == pid || g->sid == pid)
			return true;
	return false;
}

int pid_enter(struct task *t)
{
	int pid = pid_last;
	bool wrapped = false;
	struct task **slot;

	for (;;) {
		if (++pid >= PID_MAX) {
			if (wrapped)
				return -EAGAIN;
			wrapped = pid_wrapped = true;
			pid = PID_RESERVED;
		}
		slot = pid_slot(pid);
		if (!slot) {
			struct task ***leaf =
				&pid_leaf[(unsigned int)pid / LEAF_SLOTS];

			*leaf = page_alloc(1);
			if (!*leaf)
				return -EAGAIN;
			slot = pid_slot(pid);
		}
		if (!*slot && !(pid_wrapped && pid_is_group(pid)))
			break;
	}
	*slot = t;
	pid_last = pid;
	return pid;
}

void pid_put(int pid, struct task *t)
{
	struct task **slot = pid_slot(pid);

	if (slot)
		*slot = t;
}

void pid_leave(int pid)
{
	struct task **slot = pid_slot(pid);

	if (slot)
		*slot = NULL;
}

struct task *pid_lookup(int pid)
{
	struct task **slot = pid_slot(pid);

	return slot ? *slot : NULL;
}

int pid_next(int after, const struct tgroup *g)
{
	int found = -1;

	mutex_lock(&pids_lock);
	for (int n = MAX(after, 0) + 1; n < PID_MAX && found < 0; n++) {
		struct task **slot = pid_slot(n);
		struct task *t = slot ? *slot : NULL;

		if (!slot)
			n |= LEAF_SLOTS - 1;
		else if (t && (g ? t->group == g : t->group->pid == n))
			found = n;
	}
	mutex_unlock(&pids_lock);
	return found;
}

int pid_newest(void)
{
	return load_once(&pid_last);
}

struct task *task_find(int tid)
{
	struct task *t;

	mutex_lock(&pids_lock);
	t = pid_lookup(tid);
	if (t)
		ref_get(&t->ref);
	mutex_unlock(&pids_lock);
	return t;
}

struct tgroup *tgroup_find(int pid)
{
	struct tgroup *g = NULL;
	struct task *t;

	mutex_lock(&pids_lock);
	t = pid_lookup(pid);
	if (t && t->group->pid == pid) {
		g = t->group;
		ref_get(&g->ref);
	}
	mutex_unlock(&pids_lock);
	return g;
}
