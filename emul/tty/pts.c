/* SPDX-License-Identifier: Apache-2.0 */
/* pts.c: /dev/pts and /dev/ptmx; pts(4). */
#include "emul/tty/pty.h"

#include <linux/magic.h>
#include <linux/major.h>

#include "emul/lib/alloc.h"
#include "emul/lib/print.h"
#include "emul/task/task.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/namei.h"

#define PTY_MAX		4096u	/* as /proc/sys/kernel/pty/max */
#define GID_TTY		5u
#define FIRST_INO	3u	/* of slave 0; the root and ptmx come before */

/* A number is taken for as long as a file of the pty is open. */
static struct {
	struct mutex lock;	/* protects: */
	uint32_t size;		/* entries */
	struct pty **slave;	/* with a name */
	uint64_t taken[PTY_MAX / 64];
	struct superblock *sb;	/* set once */
} pts __arena_table;

static long take_index(void)
{
	long index = -ENOSPC;

	mutex_lock(&pts.lock);
	for (uint32_t k = 0; k < PTY_MAX / 64; k++) {
		if (!~pts.taken[k])
			continue;
		index = k * 64 + __builtin_ctzll(~pts.taken[k]);
		pts.taken[k] |= 1ULL << (index & 63);
		break;
	}
	mutex_unlock(&pts.lock);
	return index;
}

void pts_free_index(uint32_t index)
{
	mutex_lock(&pts.lock);
	pts.taken[index / 64] &= ~(1ULL << (index & 63));
	mutex_unlock(&pts.lock);
}

/* Make @p (NULL: nobody) the one of that number. 0, -ENOMEM. */
static int set_slave(uint32_t index, struct pty *p)
{
	int err = 0;

	mutex_lock(&pts.lock);
	if (index >= pts.size) {
		uint32_t size = MAX(16, index * 2);
		struct pty **new = krealloc(pts.slave, size * sizeof(*new));

		if (new) {
			memset(new + pts.size, 0,
			       (size - pts.size) * sizeof(*new));
			pts.slave = new;
			pts.size = size;
		} else {
			err = -ENOMEM;
		}
	}
	if (!err)
		pts.slave[index] = p;
	mutex_unlock(&pts.lock);
	return err;
}

/* The inode of that number with a reference, or NULL. */
static struct inode *slave_inode(uint32_t index)
{
	struct inode *i = NULL;

	mutex_lock(&pts.lock);
	if (index < pts.size && pts.slave[index]) {
		i = pts.slave[index]->inode;
		inode_get(i);
	}
	mutex_unlock(&pts.lock);
	return i;
}

static int slave_open(struct inode *i, struct file *f)
{
	return pty_open_slave(i->priv, f, f->flags);
}

static int slave_setattr(struct inode *i, const struct iattr *a)
{
	inode_set_attr(i, a);
	return 0;
}

static void slave_evict(struct inode *i)
{
	pty_put(i->priv);
}

static const struct inode_ops slave_iops = {
	.open = slave_open,
	.setattr = slave_setattr,
	.evict = slave_evict,
};

/* The slave's name, for as long as its master is open. */
static int add_name(struct pty *p)
{
	struct inode *i = inode_new(pts.sb);

	if (!i)
		return -ENOMEM;
	i->mode = S_IFCHR | 0620;
	i->gid = GID_TTY;
	i->ino = FIRST_INO + p->index;
	i->rdev = p->tty.rdev;
	i->ops = &slave_iops;
	i->fops = &pty_slave_fops;
	i->priv = p;
	pty_get(p);
	p->inode = i;
	if (!set_slave(p->index, p))
		return 0;
	p->inode = NULL;
	inode_put(i);
	return -ENOMEM;
}

static unsigned int name_of(uint32_t index, char *name, size_t size)
{
	return (unsigned int)ksnprintf(name, size, "%u", index);
}

void pts_remove(struct pty *p)
{
	struct dentry *root = pts.sb->root, *d;
	struct inode *i = p->inode;
	char name[12];
	unsigned int len = name_of(p->index, name, sizeof(name));

	mutex_lock(&root->inode->lock);
	(void)set_slave(p->index, NULL);
	d = d_lookup(root, name, len);
	if (d)
		d_drop(d);
	mutex_unlock(&root->inode->lock);
	if (d)
		dput(d);
	p->inode = NULL;
	if (i)
		inode_put(i);
}

static int ptmx_open(struct inode *i, struct file *f)
{
	long index = take_index();
	struct pty *p;
	int err;

	(void)i;
	if (index < 0)
		return (int)index;
	p = pty_new((uint32_t)index);
	if (!p) {
		pts_free_index((uint32_t)index);
		return -ENOMEM;
	}
	err = add_name(p);
	if (!err)
		err = pty_open_master(p, f);
	pty_put(p);
	return err;
}

static const struct inode_ops ptmx_iops = {
	.open = ptmx_open,
	.setattr = slave_setattr,
};

long pts_open_peer(struct pty *p, struct file *f, unsigned int flags)
{
	struct task *t = current();
	struct path at = { .mnt = f->path.mnt };
	struct file *peer;
	char name[12];
	unsigned int len = name_of(p->index, name, sizeof(name));
	int fd;

	fd = fd_reserve(t, flags);
	if (fd < 0)
		return fd;
	at.dentry = lookup_child(pts.sb->root, name, len);
	if (is_err(at.dentry)) {
		fd_unreserve(t, fd);
		return -EIO;
	}
	ref_get(&at.mnt->ref);
	peer = file_open_path(&at, flags);
	if (is_err(peer)) {
		path_put(&at);
		fd_unreserve(t, fd);
		return ptr_err(peer);
	}
	fd_install(t, fd, peer);
	return fd;
}

/* -1: not the name of a number. */
static int number_of(const struct dentry *d)
{
	int n = 0;

	if (!d->len || d->len > 4 || (d->len > 1 && d->name[0] == '0'))
		return -1;
	for (unsigned int k = 0; k < d->len; k++) {
		if (d->name[k] < '0' || d->name[k] > '9')
			return -1;
		n = n * 10 + (d->name[k] - '0');
	}
	return n;
}

static int root_lookup(struct inode *dir, struct dentry *d)
{
	int n = number_of(d);
	struct inode *i = n < 0 ? NULL : slave_inode((uint32_t)n);

	(void)dir;
	/* No negative ones: what is not there now may be the next time. */
	if (!i)
		return -ENOENT;
	d_instantiate(d, i);
	return 0;
}

static int root_readdir(struct file *f, struct dir_ctx *ctx)
{
	char name[12];

	if (!dir_emit_dots(f, ctx))
		return 0;
	if (ctx->pos == 2) {
		if (!ctx->emit(ctx, "ptmx", 4, 2, S_IFCHR >> 12, 3))
			return 0;
		ctx->pos = 3;
	}
	for (uint32_t k = (uint32_t)ctx->pos - 3; k < PTY_MAX; k++) {
		struct inode *i = slave_inode(k);
		unsigned int len;
		bool room;

		if (!i)
			continue;
		len = name_of(k, name, sizeof(name));
		room = ctx->emit(ctx, name, len, i->ino, S_IFCHR >> 12,
				 (off_t)k + 4);
		inode_put(i);
		if (!room)
			return 0;
		ctx->pos = (off_t)k + 4;
	}
	ctx->pos = PTY_MAX + 3;
	return 0;
}

static const struct inode_ops root_iops = { .lookup = root_lookup };
static const struct file_ops root_fops = {
	.readdir = root_readdir,
	.lseek = lseek_endless,
};

struct superblock *devpts_super(void)
{
	struct superblock *sb = simple_super("devpts", DEVPTS_SUPER_MAGIC,
					     NULL, 0755);
	struct dentry *d;

	if (!sb)
		return NULL;
	sb->root->inode->ino = 1;
	sb->root->inode->ops = &root_iops;
	sb->root->inode->fops = &root_fops;
	d = simple_add(sb->root, "ptmx", S_IFCHR | 0666, &ptmx_iops,
		       &pty_master_fops, NULL);
	if (is_err(d))
		return NULL;
	d->inode->ino = 2;
	d->inode->rdev = (uint64_t)TTYAUX_MAJOR << 8 | 2;
	pts.sb = sb;
	return sb;
}
