/* SPDX-License-Identifier: Apache-2.0 */
/*
 * splice.c: splice(2), tee(2), vmsplice(2).
 *
 * Bytes are copied: what Linux saves by moving pages, a pipe in the same
 * address space need not save.  What comes out of a pipe goes straight from
 * its ring to where it goes, and leaves the ring only then, so that nothing
 * is lost where less is taken than was offered.
 */
#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>

#include "emul/entry/uaccess.h"
#include "emul/fs/pipe.h"
#include "emul/lib/alloc.h"
#include "emul/signal/signal.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "emul/task/wait.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/fsnotify.h"

#define F_MOVE		1u
#define F_NONBLOCK	2u
#define F_MORE		4u
#define F_GIFT		8u
#define F_ALL		(F_MOVE | F_NONBLOCK | F_MORE | F_GIFT)
#define CHUNK		65536u
#define RW_MAX		0x7ffff000u
#define NEVER_NS	INT64_MAX

static bool is_pipe(const struct file *f)
{
	return S_ISFIFO(f->inode->mode);
}

/* One of ours, not one that sbx inherited. */
static bool own_pipe(const struct file *f)
{
	return f->ops == &pipe_fops;
}

/* Sleep until @f is ready for one of @events, or broken. */
static int wait_file(struct task *t, struct file *f, uint32_t events)
{
	int err = 0;

	events |= EPOLLERR | EPOLLHUP;
	t->waiter.key = events;
	t->waiter.exclusive = false;
	t->waiter.task = t;
	(void)f->ops->poll(f, &t->waiter);
	for (;;) {
		uint32_t seq = wait_prepare(t);

		if (f->ops->poll(f, NULL) & events)
			break;
		err = wait_sleep(t, seq, NEVER_NS);
		if (err)
			break;
	}
	wait_del(&t->waiter);
	return err ? -ERESTARTSYS : 0;
}

struct sink {
	struct file *file;
	off_t *pos;
	bool nonblock;
};

static ssize_t sink_take(void *ctx, const char *data, size_t n)
{
	const struct sink *s = ctx;
	struct uio u;

	uio_kernel(&u, (char *)(uintptr_t)data, n);
	u.nonblock = s->nonblock;
	return s->file->ops->write(s->file, &u, s->pos);
}

/* From a pipe of ours, or a copy of what is in it (tee). */
static long from_pipe(struct task *t, struct file *in, struct file *out,
		      off_t *opos, size_t len, bool nonblock, bool keep)
{
	/* Who can be waited for must not block inside. */
	bool waits = out->ops->poll && out->host_fd < 0 &&
		!S_ISREG(out->inode->mode);
	struct sink s = { out, opos, waits };
	long n;

	if (own_pipe(out)) {
		n = pipe_reserve(out);
		if (n)
			return n;
	}
	for (;;) {
		n = pipe_drain(in, len, sink_take, &s, keep);
		if (!n) {
			if (in->ops->poll(in, NULL) & EPOLLHUP)
				return 0;
			if (nonblock || (in->flags & O_NONBLOCK))
				return -EAGAIN;
			n = wait_file(t, in, EPOLLIN);
		} else if (n == -EAGAIN && waits) {
			if (nonblock || (out->flags & O_NONBLOCK))
				return -EAGAIN;
			n = wait_file(t, out, EPOLLOUT);
		} else {
			return n;
		}
		if (n)
			return n;
	}
}

/* Through a buffer of the kernel's: once what is there, all of it. */
static long through(struct task *t, struct file *in, off_t *ipos,
		    struct file *out, off_t *opos, size_t len, bool nonblock)
{
	size_t at = 0;
	ssize_t n, w;
	off_t pos = ipos ? *ipos : 0;
	struct uio u;
	char *buf;

	if (own_pipe(out)) {
		if (!(out->ops->poll(out, NULL) & (EPOLLOUT | EPOLLERR))) {
			if (nonblock || (out->flags & O_NONBLOCK))
				return -EAGAIN;
			n = wait_file(t, out, EPOLLOUT);
			if (n)
				return n;
		}
		len = MIN(len, MAX(pipe_room(out), PIPE_BUF_BYTES));
	}
	buf = kmalloc(CHUNK);
	if (!buf)
		return -ENOMEM;
	uio_kernel(&u, buf, MIN(len, CHUNK));
	u.nonblock = (in->flags & O_NONBLOCK) ||
		(nonblock && !S_ISREG(in->inode->mode));
	n = in->ops->read(in, &u, ipos ? &pos : &in->pos);
	w = n;
	while (n > 0 && at < (size_t)n) {
		uio_kernel(&u, buf + at, (size_t)n - at);
		w = out->ops->write(out, &u, opos ? opos : &out->pos);
		if (w <= 0)
			break;
		at += (size_t)w;
	}
	kfree(buf);
	if (ipos)
		*ipos += (off_t)at;
	return at ? (long)at : w;
}

/* The position of a file that has one: the argument's, or its own. */
static int position(struct file *f, uaddr_t addr, off_t *pos, off_t **at)
{
	*at = NULL;
	if (addr && !(f->mode & FMODE_SEEK))
		return -EINVAL;
	if (!(f->mode & FMODE_SEEK) || (!addr && (f->mode & FMODE_HOST_POS)))
		return 0;
	*at = pos;
	if (!addr) {
		*pos = f->pos;
		return 0;
	}
	if (get_user(pos, addr))
		return -EFAULT;
	return *pos < 0 ? -EINVAL : 0;
}

static int put_position(struct file *f, uaddr_t addr, const off_t *at)
{
	if (!at)
		return 0;
	if (addr)
		return put_user(addr, at);
	f->pos = *at;
	return 0;
}

static long do_splice(struct task *t, struct file *in, uaddr_t off_in,
		      struct file *out, uaddr_t off_out, size_t len,
		      unsigned int flags)
{
	bool nonblock = flags & F_NONBLOCK;
	off_t ipos, opos, *iat, *oat;
	long n;

	if ((off_in && is_pipe(in)) || (off_out && is_pipe(out)))
		return -ESPIPE;
	if (!(in->mode & FMODE_READ) || !(out->mode & FMODE_WRITE))
		return -EBADF;
	if (!is_pipe(in) && !is_pipe(out))
		return -EINVAL;
	n = position(in, off_in, &ipos, &iat);
	if (!n)
		n = position(out, off_out, &opos, &oat);
	if (n)
		return n;
	if (is_pipe(in) && is_pipe(out) && in->inode == out->inode)
		return -EINVAL;
	if (!in->ops->read || !out->ops->write ||
	    (!is_pipe(out) && (out->flags & O_APPEND)))
		return -EINVAL;
	len = MIN(len, RW_MAX);
	n = own_pipe(in) ?
		from_pipe(t, in, out, oat, len, nonblock, false) :
		through(t, in, iat, out, oat, len, nonblock);
	if (n > 0) {
		fsn_file(in, IN_ACCESS);
		fsn_file(out, IN_MODIFY);
	}
	if (n > 0 && (put_position(in, off_in, iat) ||
		      put_position(out, off_out, oat)))
		n = -EFAULT;
	return n;
}

long sys_splice(struct task *t, int fd_in, uaddr_t off_in, int fd_out,
		uaddr_t off_out, size_t len, unsigned int flags)
{
	struct fd in, out;
	long n = -EBADF;

	if (!len)
		return 0;
	if (flags & ~F_ALL)
		return -EINVAL;
	in = fdget(t, fd_in);
	if (!in.file)
		return n;
	out = fdget(t, fd_out);
	if (out.file) {
		n = do_splice(t, in.file, off_in, out.file, off_out, len,
			      flags);
		fdput(out);
	}
	fdput(in);
	return n;
}

long sys_tee(struct task *t, int fd_in, int fd_out, size_t len,
	     unsigned int flags)
{
	struct fd in, out;
	long n = -EBADF;

	if (flags & ~F_ALL)
		return -EINVAL;
	if (!len)
		return 0;
	in = fdget(t, fd_in);
	if (!in.file)
		return n;
	out = fdget(t, fd_out);
	if (!out.file)
		goto out_in;
	if (!(in.file->mode & FMODE_READ) || !(out.file->mode & FMODE_WRITE))
		goto out;
	n = -EINVAL;
	if (!own_pipe(in.file) || !own_pipe(out.file) ||
	    in.file->inode == out.file->inode)
		goto out;
	n = from_pipe(t, in.file, out.file, NULL, MIN(len, RW_MAX),
		      flags & F_NONBLOCK, true);
out:
	fdput(out);
out_in:
	fdput(in);
	return n;
}

long sys_vmsplice(struct task *t, int fd, uaddr_t iov, unsigned long nr_segs,
		  unsigned int flags)
{
	struct uvec fast[UIO_FAST];
	const struct uvec *vec;
	struct fd f;
	struct uio u;
	long n = -EBADF;

	if (flags & ~F_ALL)
		return -EINVAL;
	f = fdget(t, fd);
	if (!f.file)
		return n;
	if (!is_pipe(f.file))
		goto out;
	n = uio_import(&u, fast, iov, nr_segs);
	if (n)
		goto out;
	vec = u.vec;
	u.nonblock = (flags & F_NONBLOCK) || (f.file->flags & O_NONBLOCK);
	if (f.file->mode & FMODE_WRITE)
		n = f.file->ops->write(f.file, &u, &f.file->pos);
	else
		n = f.file->ops->read(f.file, &u, &f.file->pos);
	uio_free(&u, fast, vec);
out:
	fdput(f);
	return n;
}
