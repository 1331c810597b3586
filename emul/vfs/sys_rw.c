/* SPDX-License-Identifier: Apache-2.0 */
/* sys_rw.c: read(2), write(2), their vector and offset forms, lseek(2). */
#include "emul/entry/uaccess.h"
#include "emul/sysproto.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/fsnotify.h"

#define RWF_HIPRI_	0x1	/* <linux/fs.h> does not go with every libc */
#define RWF_DSYNC_	0x2
#define RWF_SYNC_	0x4
#define RWF_NOWAIT_	0x8
#define RWF_APPEND_	0x10
#define RWF_KNOWN	0x1f	/* of the release that uname(2) tells */

/*
 * The position belongs to the file: reads and writes of those who share it
 * take turns.  Whoever is alone with it needs no lock.  This lock is held
 * over copies to and from the guest: nothing else is ever done under it.
 */
static bool pos_begin(struct file *f)
{
	if (!(f->mode & FMODE_SEEK) || load_once(&f->ref.count) == 1)
		return false;
	mutex_lock(&f->pos_lock);
	return true;
}

static void pos_end(struct file *f, bool locked)
{
	if (locked)
		mutex_unlock(&f->pos_lock);
}

static ssize_t file_read(struct file *f, struct uio *u, off_t *pos)
{
	ssize_t n;

	if (unlikely(!(f->mode & FMODE_READ)))
		return -EBADF;
	if (unlikely(!f->ops->read))
		return S_ISDIR(f->inode->mode) ? -EISDIR : -EINVAL;
	u->nonblock |= !!(f->flags & O_NONBLOCK);
	n = f->ops->read(f, u, pos);
	if (n > 0)
		fsn_file(f, IN_ACCESS);
	return n;
}

static ssize_t file_write(struct file *f, struct uio *u, off_t *pos)
{
	ssize_t n;

	if (unlikely(!(f->mode & FMODE_WRITE)))
		return -EBADF;
	if (unlikely(!f->ops->write))
		return -EINVAL;
	u->nonblock |= !!(f->flags & O_NONBLOCK);
	u->append |= !!(f->flags & O_APPEND);
	n = f->ops->write(f, u, pos);
	if (n > 0)
		fsn_file(f, IN_MODIFY);
	if (n > 0 && unlikely(f->flags & (O_SYNC | O_DSYNC)) &&
	    f->ops->fsync) {
		int err = f->ops->fsync(f, !(f->flags & (O_SYNC & ~O_DSYNC)));

		if (err)
			return err;
	}
	return n;
}

static ssize_t rw_at_pos(struct file *f, struct uio *u, bool write)
{
	bool locked;
	off_t pos;
	ssize_t n;

	if (unlikely(f->mode & FMODE_HOST_POS))
		return write ? file_write(f, u, &f->pos) :
			       file_read(f, u, &f->pos);
	locked = pos_begin(f);
	pos = f->pos;
	n = write ? file_write(f, u, &pos) : file_read(f, u, &pos);

	if (n >= 0)
		f->pos = pos;
	pos_end(f, locked);
	return n;
}

static ssize_t rw_at(struct file *f, struct uio *u, off_t pos, bool write)
{
	if (!(f->mode & FMODE_SEEK))
		return -ESPIPE;
	return write ? file_write(f, u, &pos) : file_read(f, u, &pos);
}

/* The checks that come before the buffer is looked at. */
static int rw_check(const struct file *f, bool write)
{
	if (unlikely(!(f->mode & (write ? FMODE_WRITE : FMODE_READ))))
		return -EBADF;
	if (unlikely(!(write ? f->ops->write : f->ops->read)))
		return !write && S_ISDIR(f->inode->mode) ? -EISDIR : -EINVAL;
	return 0;
}

static long rw_buffer(struct task *t, int fd, uaddr_t buf, size_t count,
		      off_t pos, bool at, bool write)
{
	struct fd f = fdget(t, fd);
	struct uvec v;
	struct uio u;
	long n;

	if (unlikely(!f.file))
		return -EBADF;
	if (unlikely(at && !(f.file->mode & FMODE_SEEK))) {
		n = -ESPIPE;
		goto out;
	}
	n = rw_check(f.file, write);
	if (unlikely(n))
		goto out;
	n = -EFAULT;
	if (unlikely(!uaddr_ok(buf, count)))
		goto out;
	n = uio_guest(&u, &v, buf, count);
	if (unlikely(n))
		goto out;
	n = at ? rw_at(f.file, &u, pos, write) : rw_at_pos(f.file, &u, write);
out:
	fdput(f);
	return n;
}

long sys_read(struct task *t, int fd, uaddr_t buf, size_t count)
{
	return rw_buffer(t, fd, buf, count, 0, false, false);
}

long sys_write(struct task *t, int fd, uaddr_t buf, size_t count)
{
	return rw_buffer(t, fd, buf, count, 0, false, true);
}

long sys_pread64(struct task *t, int fd, uaddr_t buf, size_t count,
		 int64_t offset)
{
	if (offset < 0)
		return -EINVAL;
	return rw_buffer(t, fd, buf, count, offset, true, false);
}

long sys_pwrite64(struct task *t, int fd, uaddr_t buf, size_t count,
		  int64_t offset)
{
	if (offset < 0)
		return -EINVAL;
	return rw_buffer(t, fd, buf, count, offset, true, true);
}

static long rw_vector(struct task *t, int fd, uaddr_t iov, uint64_t iovcnt,
		      off_t pos, bool at, bool write, unsigned int rwf)
{
	struct fd f = fdget(t, fd);
	struct uvec fast[UIO_FAST];
	const struct uvec *vec;
	struct uio u;
	long n;

	if (!f.file)
		return -EBADF;
	n = -ESPIPE;
	if (at && !(f.file->mode & FMODE_SEEK))
		goto out;
	n = rw_check(f.file, write);
	if (n)
		goto out;
	n = uio_import(&u, fast, iov, iovcnt);
	if (n)
		goto out;
	vec = u.vec;
	if (!u.left)
		goto nothing;
	n = -EOPNOTSUPP;
	/* Whether a write to a file would wait is not known beforehand. */
	if ((rwf & ~RWF_KNOWN) || ((rwf & RWF_NOWAIT_) && write &&
				   S_ISREG(f.file->inode->mode)))
		goto nothing;
	u.nonblock = rwf & RWF_NOWAIT_;
	u.append = rwf & RWF_APPEND_;
	n = at ? rw_at(f.file, &u, pos, write) : rw_at_pos(f.file, &u, write);
	if (n > 0 && write && (rwf & (RWF_SYNC_ | RWF_DSYNC_)) &&
	    f.file->ops->fsync) {
		int err = f.file->ops->fsync(f.file, !(rwf & RWF_SYNC_));

		n = err ? err : n;
	}
nothing:
	uio_free(&u, fast, vec);
out:
	fdput(f);
	return n;
}

long sys_readv(struct task *t, int fd, uaddr_t iov, unsigned long iovcnt)
{
	return rw_vector(t, fd, iov, iovcnt, 0, false, false, 0);
}

long sys_writev(struct task *t, int fd, uaddr_t iov, unsigned long iovcnt)
{
	return rw_vector(t, fd, iov, iovcnt, 0, false, true, 0);
}

/* The high half of the offset is for 32-bit machines. */
long sys_preadv(struct task *t, int fd, uaddr_t iov, unsigned long iovcnt,
		unsigned long pos_l, unsigned long pos_h)
{
	(void)pos_h;
	if ((off_t)pos_l < 0)
		return -EINVAL;
	return rw_vector(t, fd, iov, iovcnt, (off_t)pos_l, true, false, 0);
}

long sys_pwritev(struct task *t, int fd, uaddr_t iov, unsigned long iovcnt,
		 unsigned long pos_l, unsigned long pos_h)
{
	(void)pos_h;
	if ((off_t)pos_l < 0)
		return -EINVAL;
	return rw_vector(t, fd, iov, iovcnt, (off_t)pos_l, true, true, 0);
}

static long rw_vector2(struct task *t, int fd, uaddr_t iov, uint64_t iovcnt,
		       int64_t pos, int flags, bool write)
{
	if (pos < -1)
		return -EINVAL;
	return rw_vector(t, fd, iov, iovcnt, pos, pos != -1, write,
			 (unsigned int)flags);
}

long sys_preadv2(struct task *t, int fd, uaddr_t iov, unsigned long iovcnt,
		 unsigned long pos_l, unsigned long pos_h, int flags)
{
	(void)pos_h;
	return rw_vector2(t, fd, iov, iovcnt, (off_t)pos_l, flags, false);
}

long sys_pwritev2(struct task *t, int fd, uaddr_t iov, unsigned long iovcnt,
		  unsigned long pos_l, unsigned long pos_h, int flags)
{
	(void)pos_h;
	return rw_vector2(t, fd, iov, iovcnt, (off_t)pos_l, flags, true);
}

long sys_lseek(struct task *t, int fd, int64_t offset, unsigned int whence)
{
	struct fd f = fdget(t, fd);
	bool locked;
	long n;

	if (unlikely(!f.file))
		return -EBADF;
	n = -EINVAL;
	if (whence > 4)
		goto out;
	n = f.file->ops->seek_stays ? 0 : -ESPIPE;
	if (!(f.file->mode & FMODE_SEEK))
		goto out;
	locked = pos_begin(f.file);
	if (f.file->ops->lseek)
		n = f.file->ops->lseek(f.file, offset, (int)whence);
	else
		n = generic_lseek(f.file, offset, (int)whence);
	pos_end(f.file, locked);
out:
	fdput(f);
	return n;
}

long sys_readahead(struct task *t, int fd, int64_t offset, size_t count)
{
	struct fd f = fdget(t, fd);
	long err = 0;

	(void)offset;
	(void)count;
	if (!f.file)
		return -EBADF;
	if (!(f.file->mode & FMODE_READ))
		err = -EBADF;
	else if (!S_ISREG(f.file->inode->mode))
		err = -EINVAL;
	/* else only a hint: the host reads ahead by itself */
	fdput(f);
	return err;
}

long sys_fadvise64(struct task *t, int fd, int64_t offset, size_t len,
		   int advice)
{
	struct fd f = fdget(t, fd);
	long err = 0;

	(void)offset;
	if (!f.file)
		return -EBADF;
	if (S_ISFIFO(f.file->inode->mode))
		err = -ESPIPE;
	else if ((ssize_t)len < 0 || advice < 0 || advice > 5)
		err = -EINVAL;
	fdput(f);
	return err;
}
