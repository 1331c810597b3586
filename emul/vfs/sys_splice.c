/* SPDX-License-Identifier: Apache-2.0 */
/* sys_splice.c: sendfile(2), copy_file_range(2). */
#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/fsnotify.h"

#define CHUNK		65536u
#define SPARE		4096u	/* for what goes out before it */
#define RW_MAX		0x7ffff000u

/* Where the next write to @out goes. */
static off_t *pos_of(struct file *out, off_t *opos, off_t *no_pos)
{
	if (opos)
		return opos;
	return out->mode & FMODE_HOST_POS ? &out->pos : no_pos;
}

/*
 * Move @count bytes by way of kernel memory.  *@ipos and *@opos advance by
 * what arrived; @opos NULL: the output is no file with a position.
 */
static long copy_files(struct file *in, off_t *ipos, struct file *out,
		       off_t *opos, size_t count, bool nonblock)
{
	char *mem = kmalloc(SPARE + CHUNK), *buf;
	size_t done = 0;
	ssize_t n = 0, w;
	off_t pos, no_pos = 0;
	struct uio u;

	if (!mem)
		return -ENOMEM;
	buf = mem + SPARE;
	count = MIN(count, RW_MAX);
	while (done < count) {
		/* What never ends and never blocks: signals end it. */
		if (done && task_interrupted(current()))
			break;
		uio_kernel(&u, buf, MIN(CHUNK, count - done));
		u.nonblock = nonblock;
		pos = *ipos;
		n = in->ops->read(in, &u, &pos);
		if (n <= 0)
			break;
		for (ssize_t at = 0; at < n; at += w) {
			uio_kernel(&u, buf + at, (size_t)(n - at));
			u.spare = SPARE;
			u.nonblock = nonblock || (out->flags & O_NONBLOCK);
			w = out->ops->write(out, &u, pos_of(out, opos, &no_pos));
			if (w <= 0) {
				n = w;
				goto out;
			}
			done += (size_t)w;
			*ipos += w;
		}
	}
out:
	kfree(mem);
	if (done) {
		fsn_file(in, IN_ACCESS);
		fsn_file(out, IN_MODIFY);
	}
	return done ? (long)done : n;
}

/* An offset argument: the guest's, or the file's own position. */
static int offset_in(struct file *f, uaddr_t addr, off_t *pos)
{
	if (!addr) {
		*pos = f->mode & FMODE_HOST_POS ?
			f->ops->lseek(f, 0, 1 /* SEEK_CUR */) : f->pos;
		return 0;
	}
	if (get_user(pos, addr))
		return -EFAULT;
	return *pos < 0 ? -EINVAL : 0;
}

static int offset_out(struct file *f, uaddr_t addr, off_t pos)
{
	if (addr)
		return put_user(addr, &pos);
	if (f->mode & FMODE_HOST_POS)
		return (int)MIN(f->ops->lseek(f, pos, 0 /* SEEK_SET */), 0);
	f->pos = pos;
	return 0;
}

long sys_sendfile(struct task *t, int out_fd, int in_fd, uaddr_t offset,
		  size_t count)
{
	struct fd in = fdget(t, in_fd), out = { NULL, false };
	off_t ipos, opos;
	bool seek;
	long n;

	n = -EBADF;
	if (!in.file)
		return n;
	if (!(in.file->mode & FMODE_READ))
		goto out;
	n = offset && !(in.file->mode & FMODE_SEEK) ? -ESPIPE :
		offset_in(in.file, offset, &ipos);
	if (n)
		goto out;
	out = fdget(t, out_fd);
	n = -EBADF;
	if (!out.file || !(out.file->mode & FMODE_WRITE))
		goto out;
	n = -EINVAL;
	if (!in.file->ops->read || !out.file->ops->write ||
	    (out.file->flags & O_APPEND) || !(in.file->mode & FMODE_SEEK) ||
	    (ssize_t)count < 0)
		goto out;
	seek = (out.file->mode & (FMODE_SEEK | FMODE_HOST_POS)) == FMODE_SEEK;
	opos = out.file->pos;
	n = copy_files(in.file, &ipos, out.file, seek ? &opos : NULL, count,
		       false);
	if (n > 0) {
		if (seek)
			out.file->pos = opos;
		if (offset_out(in.file, offset, ipos))
			n = -EFAULT;
	}
out:
	if (out.file)
		fdput(out);
	fdput(in);
	return n;
}

static long copy_range(struct file *in, uaddr_t off_in, struct file *out,
		       uaddr_t off_out, size_t len, unsigned int flags)
{
	off_t ipos, opos;
	long n;

	if (flags)
		return -EINVAL;
	n = offset_in(in, off_in, &ipos);
	if (!n)
		n = offset_in(out, off_out, &opos);
	if (n)
		return n;
	if (S_ISDIR(in->inode->mode) || S_ISDIR(out->inode->mode))
		return -EISDIR;
	if (!S_ISREG(in->inode->mode) || !S_ISREG(out->inode->mode))
		return -EINVAL;
	if (!(in->mode & FMODE_READ) || !(out->mode & FMODE_WRITE) ||
	    (out->flags & O_APPEND))
		return -EBADF;
	if (ipos + (off_t)len < ipos || opos + (off_t)len < opos)
		return -EOVERFLOW;
	len = MIN(len, RW_MAX);
	if (ipos >= (off_t)load_once(&in->inode->size))
		return 0;
	len = MIN(len, load_once(&in->inode->size) - (uint64_t)ipos);
	if (in->inode == out->inode && ipos < opos + (off_t)len &&
	    opos < ipos + (off_t)len)
		return -EINVAL;
	n = copy_files(in, &ipos, out, &opos, len, false);
	if (n > 0 && (offset_out(in, off_in, ipos) ||
		      offset_out(out, off_out, opos)))
		n = -EFAULT;
	return n;
}

long sys_copy_file_range(struct task *t, int fd_in, uaddr_t off_in, int fd_out,
			 uaddr_t off_out, size_t len, unsigned int flags)
{
	struct fd in = fdget(t, fd_in), out;
	long n = -EBADF;

	if (!in.file)
		return n;
	out = fdget(t, fd_out);
	if (out.file) {
		n = copy_range(in.file, off_in, out.file, off_out, len, flags);
		fdput(out);
	}
	fdput(in);
	return n;
}
