/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostfs-file.c: regular files of the host: descriptors, data, mappings.
 *
 * An inode has one host descriptor for reading and one for writing at most,
 * used with explicit offsets by all who have it open.  They are kept when the
 * last file closes, so that opening it again is no request, until there are
 * many.
 */
#include "emul/fs/hostfs.h"

#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/signal/signal.h"

/* Descriptors kept of files that nobody has open; the host's limit is above. */
#define KEEP_MAX	4096u

static uint32_t n_kept __arena;		/* descriptors of all inodes; atomic */

static void drop_fds(struct host_inode *h)
{
	int k;

	for (k = 0; k < 2; k++) {
		if (h->fd[k] < 0)
			continue;
		host_close(h->fd[k]);
		h->fd[k] = -1;
		__atomic_fetch_sub(&n_kept, 1, __ATOMIC_RELAXED);
	}
}

void hostfs_close_all(struct host_inode *h)
{
	drop_fds(h);
	if (h->dir && ref_put(&h->dir->ref)) {
		kfree(h->dir->mem);
		kfree(h->dir);
	}
}

void hostfs_keep_fd(struct inode *i, int fd)
{
	struct host_inode *h = i->priv;

	h->fd[0] = fd;
	__atomic_fetch_add(&n_kept, 1, __ATOMIC_RELAXED);
}

static int open_fd(struct file *f, struct host_inode *h, bool write)
{
	struct broker_req req = {
		.op = BROKER_OPEN,
		.grant = (uint16_t)host_sb(f->inode)->grant,
		.arg[0] = write ? O_RDWR : O_RDONLY,
	};
	char path[DIR_NAME_BYTES], *p;
	struct broker_rep rep;
	void *body;
	int err, fd = -1;

	err = hostfs_path(f->path.dentry, path, &p);
	if (err < 0)
		return err;
	req.len1 = (uint16_t)err;
	body = reply_get();
	if (!body)
		return -ENOMEM;
	err = broker_call(&req, p, &rep, body, BROKER_BODY_MAX, &fd);
	if (err == -EACCES && write) {
		/* A file that may be written but not read. */
		req.arg[0] = O_WRONLY;
		err = broker_call(&req, p, &rep, body, BROKER_BODY_MAX, &fd);
	}
	reply_put(body);
	if (err)
		return err;
	if (fd < 0)
		return -EMFILE;		/* the host had no room for it */
	h->fd[write] = fd;
	__atomic_fetch_add(&n_kept, 1, __ATOMIC_RELAXED);
	return 0;
}

int hostfs_open(struct inode *i, struct file *f)
{
	struct host_inode *h = i->priv;
	bool write = f->mode & FMODE_WRITE;
	int err = 0;

	if (!S_ISREG(i->mode))
		return 0;
	mutex_lock(&h->lock);
	if (h->fd[write] < 0)
		err = open_fd(f, h, write);
	if (!err) {
		h->n_open++;
		f->host_fd = h->fd[write];
	}
	mutex_unlock(&h->lock);
	return err;
}

static void hostfs_release(struct file *f)
{
	struct host_inode *h = f->inode->priv;

	f->host_fd = -1;
	mutex_lock(&h->lock);
	if (!--h->n_open && load_once(&n_kept) > KEEP_MAX)
		drop_fds(h);
	mutex_unlock(&h->lock);
}

static ssize_t hostfs_read(struct file *f, struct uio *u, off_t *pos)
{
	ssize_t done = 0;
	size_t n;
	void *p;
	long r;

	while ((n = uio_piece(u, &p))) {
		r = host_pread(f->host_fd, p, n, *pos);
		if (r <= 0)
			return done ? done : r;
		uio_advance(u, (size_t)r);
		*pos += r;
		done += r;
		if ((size_t)r < n)
			break;
	}
	return done;
}

static ssize_t hostfs_write(struct file *f, struct uio *u, off_t *pos)
{
	struct inode *i = f->inode;
	ssize_t done = 0;
	long r = 0;
	size_t n;
	void *p;

	mutex_lock(&i->lock);
	if (u->append)
		*pos = (off_t)i->size;
	while ((n = uio_piece(u, &p))) {
		r = host_pwrite(f->host_fd, p, n, *pos);
		if (r <= 0)
			break;
		uio_advance(u, (size_t)r);
		*pos += r;
		done += r;
		if ((uint64_t)*pos > i->size)
			i->size = (uint64_t)*pos;
		if ((size_t)r < n)
			break;
	}
	if (done) {
		i->mtime = i->ctime = ktime_now();
		i->blocks = PAGE_UP(i->size) / 512;
	}
	mutex_unlock(&i->lock);
	return done ? done : r;
}

static int hostfs_mmap(struct file *f, off_t off, size_t len, int prot,
		       int flags, struct backing *b)
{
	(void)len;
	(void)prot;
	(void)flags;
	b->fd = f->host_fd;
	b->off = off;
	b->len = SIZE_MAX;
	return 0;
}

static int hostfs_fsync(struct file *f, bool data_only)
{
	struct broker_req req = {
		.op = BROKER_FD_SYNC,
		.flags = BROKER_FD_SENT,
		.arg[1] = data_only,
	};
	struct broker_rep rep;

	if (!host_sb(f->inode)->writable)
		return 0;	/* nothing of ours is behind it */
	return broker_call2(&req, NULL, NULL, f->host_fd, &rep, NULL, 0, NULL);
}

const struct file_ops hostfs_fops = {
	.read = hostfs_read,
	.write = hostfs_write,
	.mmap = hostfs_mmap,
	.fsync = hostfs_fsync,
	.release = hostfs_release,
};
