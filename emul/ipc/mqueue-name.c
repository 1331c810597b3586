/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqueue-name.c: open and remove a message queue; mq_open(3), mq_unlink(3).
 *
 * Names are those of the root directory of mqueuefs.c, whose lock makes
 * looking one up and making it one step.  What is done with a queue once it is
 * open, mqueue.c, knows nothing of names.
 */
#include <linux/fcntl.h>

#include "emul/entry/uaccess.h"
#include "emul/ipc/mqueue-int.h"
#include "emul/lib/string.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "emul/vfs/dcache.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/namei.h"

/* One name, without a slash. */
static int get_name(struct pathname *n, uaddr_t name)
{
	int err = path_copy_in(n, name, 0);

	if (err)
		return err;
	if (!strcmp(n->s, ".") || !strcmp(n->s, "..") || strchr(n->s, '/'))
		return -EACCES;
	return n->len > NAME_LEN_MAX ? -ENAMETOOLONG : 0;
}

static unsigned int open_mask(unsigned int flags)
{
	static const uint8_t mask[3] = {
		MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE
	};

	return mask[flags & O_ACCMODE];
}

/* The queue's name @d was looked up; the root directory is locked. */
static int may_open(struct task *t, struct dentry *root, struct dentry *d,
		    unsigned int flags, mode_t mode,
		    const struct mq_attr_guest *a)
{
	int err;

	if (d->inode) {
		if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
			return -EEXIST;
		if ((flags & O_ACCMODE) == O_ACCMODE)
			return -EINVAL;
		return inode_permission(t->cred, d->inode, open_mask(flags));
	}
	if (!(flags & O_CREAT))
		return -ENOENT;
	err = inode_permission(t->cred, root->inode, MAY_WRITE | MAY_EXEC);
	if (err)
		return err;
	return mqueue_create(root->inode, d, mode & ~t->fs->umask, a);
}

static struct file *open_queue(struct task *t, const struct pathname *n,
			       unsigned int flags, mode_t mode,
			       const struct mq_attr_guest *a)
{
	struct mount *mnt = mqueue_mount();
	struct path p = { .mnt = mnt };
	struct inode *dir;
	struct file *f;
	int err;

	if (!mnt)
		return err_ptr(-ENOMEM);
	dir = mnt->root->inode;
	mutex_lock(&dir->lock);
	p.dentry = lookup_one(mnt->root, n->s, n->len,
			      name_hash(n->s, n->len));
	err = is_err(p.dentry) ? (int)ptr_err(p.dentry) :
		may_open(t, mnt->root, p.dentry, flags, mode, a);
	mutex_unlock(&dir->lock);
	if (is_err(p.dentry))
		return err_ptr(err);
	if (err) {
		dput(p.dentry);
		return err_ptr(err);
	}
	ref_get(&mnt->ref);
	f = file_open_path(&p, flags & (O_ACCMODE | O_NONBLOCK));
	if (is_err(f))
		path_put(&p);
	return f;
}

long sys_mq_open(struct task *t, uaddr_t name, int oflag, uint16_t mode,
		 uaddr_t attr)
{
	struct mq_attr_guest a;
	struct pathname n;
	struct file *f;
	int err;

	if (attr && get_user(&a, attr))
		return -EFAULT;
	err = get_name(&n, name);
	if (err)
		return err;
	f = open_queue(t, &n, (unsigned int)oflag, mode, attr ? &a : NULL);
	/* As on Linux, whatever the flags say. */
	return is_err(f) ? ptr_err(f) : fd_add(t, f, O_CLOEXEC);
}

long sys_mq_unlink(struct task *t, uaddr_t name)
{
	struct mount *mnt = mqueue_mount();
	struct pathname n;
	struct path dir;
	int err = get_name(&n, name);

	if (err)
		return err;
	if (!mnt)
		return -ENOMEM;
	dir = (struct path){ mnt, mnt->root };
	return vfs_unlink(t, &dir, n.s, n.len);
}
