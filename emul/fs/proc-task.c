/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc-task.c: what /proc sees of tasks that are not the caller's.
 *
 * Memory, files, directories and credentials of a task change, and go, under
 * the lock of its group; from there whoever looks on takes a reference.
 */
#include <linux/capability.h>

#include "emul/fs/proc.h"
#include "emul/mm/mm.h"
#include "emul/task/task.h"
#include "emul/vfs/fdtable.h"

struct mm *proc_mm(struct task *t)
{
	struct mm *mm;

	mutex_lock(&t->group->lock);
	mm = t->mm;
	if (mm)
		ref_get(&mm->ref);
	mutex_unlock(&t->group->lock);
	return mm;
}

struct files *proc_files(struct task *t)
{
	struct files *fs;

	mutex_lock(&t->group->lock);
	fs = t->files;
	if (fs)
		ref_get(&fs->ref);
	mutex_unlock(&t->group->lock);
	return fs;
}

struct fs_ctx *proc_fs(struct task *t)
{
	struct fs_ctx *fs;

	mutex_lock(&t->group->lock);
	fs = t->fs;
	if (fs)
		ref_get(&fs->ref);
	mutex_unlock(&t->group->lock);
	return fs;
}

void proc_cred(struct task *t, struct cred *out)
{
	mutex_lock(&t->group->lock);
	*out = *t->cred;
	mutex_unlock(&t->group->lock);
}

bool proc_may_trace(struct task *t)
{
	struct task *me = current();
	uid_t uid = me->cred->fsuid;
	gid_t gid = me->cred->fsgid;
	struct cred c;

	if (t->group == me->group || task_capable(me, CAP_SYS_PTRACE))
		return true;
	proc_cred(t, &c);
	if (uid != c.euid || uid != c.suid || uid != c.uid ||
	    gid != c.egid || gid != c.sgid || gid != c.gid)
		return false;
	/* Nor into one that has more rights, or does not want it. */
	return !(c.cap_permitted & ~me->cred->cap_permitted) &&
	       (t->group->dumpable || !load_once(&t->mm));
}

char proc_state(struct task *t)
{
	struct tgroup *g = t->group;
	struct thread *th;
	char state;

	mutex_lock(&g->lock);
	th = t->thread;		/* a slot that is given up stays mapped */
	if (!th)
		state = g->unkillable ? 'S' : 'Z';
	else if (g->stopped)
		state = 'T';
	else
		state = load_once(&th->waiting) ? 'S' : 'R';
	mutex_unlock(&g->lock);
	return state;
}

unsigned int proc_running(void)
{
	unsigned int n = 0;
	struct tgroup *g;
	struct task *t;

	mutex_lock(&pids_lock);
	list_for_each(g, &all_groups, all_link) {
		mutex_lock(&g->lock);
		list_for_each(t, &g->threads, thread_link)
			n += t->thread && !g->stopped &&
				!load_once(&t->thread->waiting);
		mutex_unlock(&g->lock);
	}
	mutex_unlock(&pids_lock);
	return n;
}
