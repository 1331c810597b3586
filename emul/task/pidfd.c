/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pidfd.c: descriptors of processes; pidfd_open(2), pidfd_getfd(2).
 *
 * The file holds the group, also after it is reaped: it is then readable for
 * ever and names nobody.
 */
#include "emul/task/pidfd.h"

#include <linux/errno.h>
#include <linux/eventpoll.h>

#include "emul/fs/proc.h"
#include "emul/sysproto.h"
#include "emul/task/pid.h"
#include "emul/task/task.h"
#include "emul/vfs/fdtable.h"

#define PIDFD_NONBLOCK	O_NONBLOCK	/* <linux/pidfd.h> is not everywhere */

static uint32_t pidfd_poll(struct file *f, struct waiter *w)
{
	struct tgroup *g = f->priv;

	if (w)
		wait_add(&g->wait_pidfd, w, w->task);
	return __atomic_load_n(&g->zombie, __ATOMIC_SEQ_CST) ?
	       EPOLLIN | EPOLLRDNORM : 0;
}

static void pidfd_release(struct file *f)
{
	tgroup_put(f->priv);
}

static void pidfd_fdinfo(struct file *f, struct text *b)
{
	struct tgroup *g = f->priv;
	int pid = load_once(&g->reaped) ? -1 : g->pid;

	text_printf(b, "Pid:\t%d\nNSpid:\t%d\n", pid, pid);
}

static const struct file_ops pidfd_fops = {
	.poll = pidfd_poll,
	.release = pidfd_release,
	.show_fdinfo = pidfd_fdinfo,
};

struct file *pidfd_file(struct tgroup *g, unsigned int flags)
{
	struct file *f;

	f = file_new_anon(&pidfd_fops, (flags & O_NONBLOCK) | O_RDWR,
			  "[pidfd]", g);
	if (f)
		ref_get(&g->ref);
	return f;
}

long pidfd_create(struct tgroup *g, unsigned int flags)
{
	struct file *f = pidfd_file(g, flags);

	return f ? fd_add(current(), f, O_CLOEXEC) : -ENOMEM;
}

struct tgroup *pidfd_group(struct task *t, int fd, bool *nonblock)
{
	struct fd f = fdget(t, fd);
	struct tgroup *g = NULL;

	if (f.file && f.file->ops == &pidfd_fops) {
		g = f.file->priv;
		ref_get(&g->ref);
		if (nonblock)
			*nonblock = f.file->flags & O_NONBLOCK;
	}
	fdput(f);
	return g;
}

int pidfd_or_dir(struct task *t, int fd, struct tgroup **g)
{
	bool is_dir = false;
	struct fd f;

	*g = pidfd_group(t, fd, NULL);
	if (*g)
		return 0;
	f = fdget(t, fd);
	if (f.file)
		*g = proc_dir_group(f.file, &is_dir);
	fdput(f);
	if (*g)
		return 0;
	return is_dir ? -ESRCH : -EBADF;
}

struct task *group_leader(const struct tgroup *g)
{
	struct task *o = NULL;

	mutex_lock(&pids_lock);
	if (!g->reaped)
		o = pid_lookup(g->pid);
	if (o)
		ref_get(&o->ref);
	mutex_unlock(&pids_lock);
	return o;
}

long sys_pidfd_open(struct task *t, int pid, int flags)
{
	struct tgroup *g;
	struct task *o;
	long ret;

	(void)t;
	if ((flags & ~PIDFD_NONBLOCK) || pid <= 0)
		return -EINVAL;
	g = tgroup_find(pid);
	if (!g) {
		o = task_find(pid);
		task_put(o);
		return o ? -EINVAL : -ESRCH;
	}
	ret = pidfd_create(g, (unsigned int)flags);
	tgroup_put(g);
	return ret;
}

/* A file of @o's table for the caller's. */
static long copy_fd(struct task *t, struct task *o, int fd)
{
	struct files *files;
	struct fd f;

	if (!proc_may_trace(o))
		return -EPERM;
	files = proc_files(o);
	if (!files)
		return -EBADF;
	f = fdget_shared(files, (unsigned int)fd);
	files_put(files);
	return f.file ? fd_add(t, f.file, O_CLOEXEC) : -EBADF;
}

long sys_pidfd_getfd(struct task *t, int pidfd, int targetfd,
		     unsigned int flags)
{
	struct tgroup *g;
	struct task *o;
	long ret;

	if (flags)
		return -EINVAL;
	g = pidfd_group(t, pidfd, NULL);
	if (!g)
		return -EBADF;
	o = group_leader(g);
	ret = o ? copy_fd(t, o, targetfd) : -ESRCH;
	task_put(o);
	tgroup_put(g);
	return ret;
}
