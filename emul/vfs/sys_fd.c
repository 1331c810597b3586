/* SPDX-License-Identifier: Apache-2.0 */
/* sys_fd.c: close(2), dup(2), fcntl(2) of all files. */
#include "emul/entry/uaccess.h"
#include "emul/sysproto.h"
#include "emul/task/pid.h"
#include "emul/task/session.h"
#include "emul/task/task.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/flock.h"
#include "emul/vfs/namei.h"

#define CLOSE_RANGE_UNSHARE_	2u
#define CLOSE_RANGE_CLOEXEC_	4u

/* Flags that F_SETFL may change. */
#define SETFL_MASK	(O_APPEND | O_NONBLOCK | O_DIRECT | FASYNC | O_NOATIME)

long sys_close(struct task *t, int fd)
{
	/* A host's or a signal's -EINTR does not bring the descriptor back. */
	return fd_close(t->files, (unsigned int)fd);
}

long sys_close_range(struct task *t, unsigned int first, unsigned int last,
		     unsigned int flags)
{
	int err;

	if ((flags & ~(CLOSE_RANGE_UNSHARE_ | CLOSE_RANGE_CLOEXEC_)) ||
	    first > last)
		return -EINVAL;
	if (flags & CLOSE_RANGE_UNSHARE_) {
		err = files_unshare(t);
		if (err)
			return err;
	}
	fd_close_range(t->files, first, last, flags & CLOSE_RANGE_CLOEXEC_);
	return 0;
}

static long do_dup(struct task *t, int fd, unsigned int from,
		   unsigned int flags)
{
	struct fd f = fdget_raw(t, fd);
	int n;

	if (!f.file)
		return -EBADF;
	n = fd_reserve_from(t, from, flags);
	if (n >= 0) {
		file_get(f.file);
		fd_install(t, n, f.file);
	}
	fdput(f);
	return n;
}

long sys_dup(struct task *t, int oldfd)
{
	return do_dup(t, oldfd, 0, 0);
}

static long dup_to(struct task *t, int oldfd, int newfd, bool cloexec)
{
	struct fd f = fdget_raw(t, oldfd);
	long n;

	if (!f.file)
		return -EBADF;
	file_get(f.file);
	n = fd_replace(t, (unsigned int)newfd, f.file, cloexec);
	fdput(f);
	return n;
}

long sys_dup2(struct task *t, int oldfd, int newfd)
{
	if (oldfd == newfd) {
		struct fd f = fdget_raw(t, oldfd);

		if (!f.file)
			return -EBADF;
		fdput(f);
		return newfd;
	}
	return dup_to(t, oldfd, newfd, false);
}

long sys_dup3(struct task *t, int oldfd, int newfd, int flags)
{
	if ((flags & ~O_CLOEXEC) || oldfd == newfd)
		return -EINVAL;
	return dup_to(t, oldfd, newfd, flags & O_CLOEXEC);
}

/* Files, and pipes, which keep packets then. */
static bool can_direct(const struct inode *i)
{
	return S_ISREG(i->mode) || S_ISFIFO(i->mode);
}

bool file_may_signal(const struct file *f)
{
	return f->ops->poll && !S_ISREG(f->inode->mode);
}

/* Is there such a process, or a group of them? */
static bool is_pid(int pid, int type)
{
	struct task *o;
	bool yes;

	if (!pid)
		return true;
	if (type == F_OWNER_PGRP) {
		mutex_lock(&pids_lock);
		yes = pgrp_first(pid);
		mutex_unlock(&pids_lock);
		return yes;
	}
	o = task_find(pid);
	if (o)
		task_put(o);
	return o;
}

static int set_owner(struct file *f, int pid, int type)
{
	if (!is_pid(pid, type))
		return -ESRCH;
	f->owner_type = type;
	f->owner = pid;
	return 0;
}

long file_set_flags(struct task *t, struct file *f, unsigned int arg)
{
	unsigned int old = f->flags, new;
	int err = 0;

	if ((arg & ~old & O_NOATIME) && !cred_owns(t->cred, f->inode))
		return -EPERM;
	if ((arg & ~old & O_DIRECT) && !can_direct(f->inode))
		return -EINVAL;
	if (!file_may_signal(f))
		arg &= ~(unsigned int)FASYNC;
	new = (old & ~(unsigned int)SETFL_MASK) | (arg & SETFL_MASK);
	f->flags = new;
	if (f->ops->setfl) {
		err = f->ops->setfl(f, new);
		if (err)
			f->flags = old;
	}
	return err;
}

struct owner_ex {
	int type, pid;
};

static long fcntl_owner(struct file *f, unsigned int cmd, uaddr_t arg)
{
	struct owner_ex ex;

	switch (cmd) {
	case F_SETOWN:
		if ((int)arg == INT32_MIN)
			return -EINVAL;
		return (int)arg < 0 ? set_owner(f, -(int)arg, F_OWNER_PGRP) :
			set_owner(f, (int)arg, F_OWNER_PID);
	case F_GETOWN:
		return f->owner_type == F_OWNER_PGRP ? -f->owner : f->owner;
	case F_SETOWN_EX:
		if (get_user(&ex, arg))
			return -EFAULT;
		if (ex.type < F_OWNER_TID || ex.type > F_OWNER_PGRP)
			return -EINVAL;
		return set_owner(f, ex.pid, ex.type);
	case F_GETOWN_EX:
		ex.type = f->owner_type;
		ex.pid = f->owner;
		return put_user(arg, &ex);
	case F_SETSIG:
		if (arg > 64)
			return -EINVAL;
		f->owner_sig = (int)arg;
		return 0;
	default:		/* F_GETSIG */
		return f->owner_sig;
	}
}

/* How long what is written will live: for disks, of which there are none. */
static long fcntl_hint(struct task *t, struct inode *i, bool set, uaddr_t arg)
{
	uint64_t hint = i->write_hint;

	if (!set)
		return put_user(arg, &hint);
	if (!cred_owns(t->cred, i))
		return -EPERM;
	if (get_user(&hint, arg))
		return -EFAULT;
	if (hint > 5)		/* RWH_WRITE_LIFE_EXTREME */
		return -EINVAL;
	i->write_hint = (uint8_t)hint;
	return 0;
}

/* What may be done with O_PATH descriptors too. */
static long fcntl_raw(struct task *t, int fd, struct file *f,
		      unsigned int cmd, uaddr_t arg, bool *done)
{
	*done = true;
	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		if (arg >= t->group->rlimits[7].cur)
			return -EINVAL;
		return do_dup(t, fd, (unsigned int)arg,
			      cmd == F_DUPFD ? 0 : O_CLOEXEC);
	case F_GETFD:
		return fd_get_cloexec(t->files, (unsigned int)fd);
	case F_SETFD:
		fd_set_cloexec(t->files, (unsigned int)fd, arg & FD_CLOEXEC);
		return 0;
	case F_GETFL:
		return f->flags;
	case 1024 + 3: {		/* F_DUPFD_QUERY */
		struct fd other = fdget_raw(t, (int)arg);
		long same;

		if (!other.file)
			return -EBADF;
		same = other.file == f;
		fdput(other);
		return same;
	}
	}
	*done = false;
	return -EBADF;
}

long sys_fcntl(struct task *t, int fd, unsigned int cmd, unsigned long arg)
{
	struct fd f = fdget_raw(t, fd);
	bool done;
	long r;

	if (!f.file)
		return -EBADF;
	r = fcntl_raw(t, fd, f.file, cmd, arg, &done);
	if (done || (f.file->mode & FMODE_PATH))
		goto out;
	switch (cmd) {
	case F_SETFL:
		r = file_set_flags(t, f.file, (unsigned int)arg);
		break;
	case F_SETOWN:
	case F_GETOWN:
	case F_SETOWN_EX:
	case F_GETOWN_EX:
	case F_SETSIG:
	case F_GETSIG:
		r = fcntl_owner(f.file, cmd, arg);
		break;
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		r = fcntl_lock(t, fd, f.file, cmd, arg);
		break;
	case 1024 + 1:			/* F_GETLEASE: nobody has one */
		r = F_UNLCK;
		break;
	case 1024 + 11:			/* F_GET_RW_HINT, F_SET_RW_HINT */
	case 1024 + 12:
		r = fcntl_hint(t, f.file->inode, cmd == 1024 + 12, arg);
		break;
	case 1024 + 7:			/* F_SETPIPE_SZ, F_GETPIPE_SZ */
	case 1024 + 8:
		r = -EBADF;
		if (S_ISFIFO(f.file->inode->mode) && f.file->ops->fcntl)
			r = f.file->ops->fcntl(f.file, cmd, arg);
		break;
	default:
		r = -EINVAL;
		if (f.file->ops->fcntl)
			r = f.file->ops->fcntl(f.file, cmd, arg);
	}
out:
	fdput(f);
	return r;
}
