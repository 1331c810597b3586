/* SPDX-License-Identifier: Apache-2.0 */
/* unshare.c: no longer share what clone(2) shared; unshare(2). */
#include <linux/errno.h>
#include <linux/sched.h>

#include "emul/ipc/task.h"
#include "emul/mm/mm.h"
#include "emul/sysproto.h"
#include "emul/task/clone.h"
#include "emul/task/task.h"
#include "emul/vfs/fdtable.h"

#define KNOWN								\
	(CLONE_THREAD | CLONE_FS | CLONE_SIGHAND | CLONE_VM |		\
	 CLONE_FILES | CLONE_SYSVSEM | CLONE_NAMESPACES)

/* What one flag takes along, unshare(2). */
static unsigned long implied(unsigned long flags)
{
	if (flags & CLONE_NEWUSER)
		flags |= CLONE_THREAD | CLONE_FS;
	if (flags & CLONE_VM)
		flags |= CLONE_SIGHAND;
	if (flags & CLONE_SIGHAND)
		flags |= CLONE_THREAD;
	if (flags & CLONE_NEWNS)
		flags |= CLONE_FS;
	return flags;
}

/*
 * Threads, handlers and memory: to have them alone already is all that can be
 * had.
 */
static bool is_alone(struct task *t, unsigned long flags)
{
	struct tgroup *g = t->group;
	bool alone = true;

	mutex_lock(&g->lock);
	if (flags & CLONE_THREAD)
		alone = g->n_threads == 1;
	if ((flags & CLONE_SIGHAND) && load_once(&g->sighand->ref.count) > 1)
		alone = false;
	mutex_unlock(&g->lock);
	if ((flags & CLONE_VM) && load_once(&t->mm->n_tasks) > 1)
		alone = false;
	return alone;
}

static int fs_unshare(struct task *t)
{
	struct fs_ctx *new, *old = t->fs;

	if (load_once(&old->ref.count) == 1)
		return 0;
	new = fs_ctx_copy(old);
	if (!new)
		return -ENOMEM;
	mutex_lock(&t->group->lock);
	t->fs = new;
	mutex_unlock(&t->group->lock);
	fs_ctx_put(old);
	return 0;
}

long sys_unshare(struct task *t, unsigned long flags)
{
	int err = 0;

	if (flags & ~(unsigned long)KNOWN)
		return -EINVAL;
	flags = implied(flags);
	if (!is_alone(t, flags))
		return -EINVAL;
	/* A sandbox has one set of them. */
	if (flags & CLONE_NAMESPACES)
		return -EPERM;
	if (flags & CLONE_FS)
		err = fs_unshare(t);
	if (!err && (flags & CLONE_FILES))
		err = files_unshare(t);
	if (!err && (flags & CLONE_SYSVSEM))
		sem_exit(t);
	return err;
}
