/* SPDX-License-Identifier: Apache-2.0 */
/* dev.c: the devices that every program expects; null(4), random(4). */
#include "emul/fs/dev.h"

#include <linux/errno.h>
#include <linux/magic.h>
#include <linux/random.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/random.h"
#include "emul/task/task.h"
#include "emul/tty/tty.h"

#define DEV(major, minor)	((uint64_t)(major) << 8 | (minor))
#define CHUNK			512u	/* random bytes made at once */
/* Bytes between two looks for signals. */
#define ZERO_CHUNK		(1u << 20)

static ssize_t null_read(struct file *f, struct uio *u, off_t *pos)
{
	(void)f;
	(void)u;
	(void)pos;
	return 0;
}

/* As Linux: the bytes are not even looked at. */
static ssize_t null_write(struct file *f, struct uio *u, off_t *pos)
{
	size_t n = u->left;

	(void)f;
	(void)pos;
	uio_advance(u, n);
	return (ssize_t)n;
}

static off_t null_lseek(struct file *f, off_t off, int whence)
{
	(void)off;
	(void)whence;
	return f->pos = 0;
}

static const struct file_ops null_fops = {
	.read = null_read,
	.write = null_write,
	.lseek = null_lseek,
};

static ssize_t zero_read(struct file *f, struct uio *u, off_t *pos)
{
	ssize_t done = 0, r;

	(void)f;
	(void)pos;
	do {
		r = uio_zero(u, MIN(u->left, ZERO_CHUNK));
		if (r <= 0)
			break;
		done += r;
	} while (u->left && !task_interrupted(current()));
	return done ? done : r;
}

static int zero_mmap(struct file *f, off_t off, size_t len, int prot,
		     int flags, struct backing *b)
{
	(void)f;
	(void)off;
	(void)prot;
	(void)flags;
	b->fd = -1;
	b->off = 0;
	b->len = len;
	return 0;
}

static const struct file_ops zero_fops = {
	.read = zero_read,
	.write = null_write,
	.lseek = null_lseek,
	.mmap = zero_mmap,
};

static ssize_t full_write(struct file *f, struct uio *u, off_t *pos)
{
	(void)f;
	(void)u;
	(void)pos;
	return -ENOSPC;		/* of nothing too */
}

static const struct file_ops full_fops = {
	.read = zero_read,
	.write = full_write,
	.lseek = null_lseek,
};

static ssize_t random_read(struct file *f, struct uio *u, off_t *pos)
{
	uint8_t buf[CHUNK];
	ssize_t done = 0, r = 0;

	(void)f;
	(void)pos;
	while (u->left) {
		size_t n = MIN(u->left, sizeof(buf));

		random_bytes(buf, n);
		r = uio_write(u, buf, n);
		if (r <= 0)
			break;
		done += r;
		/* Long reads can be interrupted, random(4). */
		if (u->left && task_interrupted(current()))
			break;
	}
	return done ? done : r;
}

static ssize_t random_write(struct file *f, struct uio *u, off_t *pos)
{
	uint8_t buf[CHUNK];
	ssize_t done = 0, r = 0;

	(void)f;
	(void)pos;
	while (u->left) {
		r = uio_read(u, buf, MIN(u->left, sizeof(buf)));
		if (r <= 0)
			break;
		random_seed(buf, (size_t)r);
		done += r;
		if (u->left && task_interrupted(current()))
			break;
	}
	return done ? done : r;
}

static off_t random_lseek(struct file *f, off_t off, int whence)
{
	(void)off;
	(void)whence;
	return f->pos;
}

static long random_ioctl(struct file *f, unsigned int cmd, uaddr_t arg)
{
	int bits = 256;

	(void)f;
	if (cmd == RNDGETENTCNT)
		return put_user(arg, &bits);
	return cmd == RNDADDTOENTCNT || cmd == RNDADDENTROPY ||
		cmd == RNDZAPENTCNT || cmd == RNDCLEARPOOL ||
		cmd == RNDRESEEDCRNG ? -EPERM : -EINVAL;
}

static uint32_t random_poll(struct file *f, struct waiter *w)
{
	(void)f;
	(void)w;	/* it never changes */
	return 0x1 | 0x4 | 0x40 | 0x100;	/* EPOLLIN OUT RDNORM WRNORM */
}

static const struct file_ops random_fops = {
	.read = random_read,
	.write = random_write,
	.lseek = random_lseek,
	.ioctl = random_ioctl,
	.poll = random_poll,
};

static struct inode *tty_inode __arena;

void dev_tty_getattr(struct kstat *st)
{
	if (!tty_inode)
		return;
	st->dev = tty_inode->dev;
	st->ino = tty_inode->ino;
	st->rdev = tty_inode->rdev;
}

/* They are the sandbox's own: nothing of it is the host's. */
static int dev_setattr(struct inode *i, const struct iattr *a)
{
	inode_set_attr(i, a);
	return 0;
}

static const struct inode_ops dev_iops = { .setattr = dev_setattr };
static const struct inode_ops tty_iops = {
	.open = tty_open_own,
	.setattr = dev_setattr,
};
static const struct file_ops tty_fops = { .read = null_read };

static const struct device {
	const char *name;
	uint64_t rdev;
	const struct file_ops *fops;
	const struct inode_ops *iops;
} devices[] = {
	{ "null", DEV(1, 3), &null_fops, &dev_iops },
	{ "zero", DEV(1, 5), &zero_fops, &dev_iops },
	{ "full", DEV(1, 7), &full_fops, &dev_iops },
	{ "random", DEV(1, 8), &random_fops, &dev_iops },
	{ "urandom", DEV(1, 9), &random_fops, &dev_iops },
	{ "tty", DEV(5, 0), &tty_fops, &tty_iops },
};

static const struct {
	const char *name, *target;
} links[] = {
	{ "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },
	{ "ptmx", "pts/ptmx" },
};

/* A device node that lies outside of /dev, by its number. */
int chrdev_open(struct inode *i, struct file *f)
{
	for (unsigned int n = 0; n < ARRAY_SIZE(devices); n++) {
		const struct device *d = &devices[n];

		if (d->rdev != i->rdev)
			continue;
		f->ops = d->fops;
		return d->iops->open ? d->iops->open(i, f) : 0;
	}
	return -ENXIO;
}

struct superblock *dev_super(void)
{
	struct superblock *sb = simple_super("devtmpfs", TMPFS_MAGIC, NULL,
					     0755);

	if (!sb)
		return NULL;
	for (unsigned int n = 0; n < ARRAY_SIZE(devices); n++) {
		const struct device *d = &devices[n];
		struct dentry *e = simple_add(sb->root, d->name,
					      S_IFCHR | 0666, d->iops,
					      d->fops, NULL);

		if (is_err(e))
			return NULL;
		e->inode->rdev = d->rdev;
		if (d->iops == &tty_iops)
			tty_inode = e->inode;
	}
	for (unsigned int n = 0; n < ARRAY_SIZE(links); n++)
		if (is_err(simple_symlink(sb->root, links[n].name,
					  links[n].target)))
			return NULL;
	if (is_err(simple_add(sb->root, "shm", S_IFDIR | 01777, NULL, NULL,
			      NULL)) ||
	    is_err(simple_add(sb->root, "pts", S_IFDIR | 0755, NULL, NULL,
			      NULL)))
		return NULL;
	if (is_err(simple_add(sb->root, "mqueue", S_IFDIR | 01777, NULL, NULL,
			      NULL)))
		return NULL;
	return sb;
}
