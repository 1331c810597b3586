/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deny.c: a place that is there, and that nobody may use, not even root:
 * --deny.  What lies there on the host is not asked for; where the view shows
 * something beneath, the way to it is all that can be walked.
 */
#include "emul/fs/deny.h"

#include <linux/magic.h>

#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/vfs/dcache.h"

static int deny_lookup(struct inode *dir, struct dentry *d)
{
	(void)dir;
	(void)d;
	return -EACCES;
}

static int deny_open(struct inode *i, struct file *f)
{
	(void)i;
	return f->mode & FMODE_PATH ? 0 : -EACCES;
}

static int deny_setattr(struct inode *i, const struct iattr *a)
{
	(void)i;
	(void)a;
	return -EACCES;
}

static int deny_create(struct inode *dir, struct dentry *d, mode_t mode)
{
	(void)dir;
	(void)d;
	(void)mode;
	return -EACCES;
}

static const struct inode_ops deny_iops = {
	.lookup = deny_lookup,
	.create = deny_create,
	.mkdir = deny_create,
	.open = deny_open,
	.setattr = deny_setattr,
};

static const struct file_ops deny_fops = { 0 };

static void deny(struct inode *i, mode_t mode)
{
	i->mode = mode;
	i->uid = i->gid = 0;
	i->ops = &deny_iops;
	i->fops = &deny_fops;
}

struct superblock *deny_super(bool is_dir, mode_t mode)
{
	struct superblock *sb = simple_super("none", TMPFS_MAGIC, NULL, mode);

	if (sb)
		deny(sb->root->inode, (is_dir ? S_IFDIR : S_IFREG) | mode);
	return sb;
}

bool deny_is(const struct superblock *sb)
{
	return sb->root && sb->root->inode->ops == &deny_iops;
}

struct dentry *deny_place(struct dentry *dir, const char *name, size_t len,
			  mode_t mode)
{
	struct dentry *d = d_lookup(dir, name, len);
	struct inode *i;

	if (d)
		return d;
	i = inode_new(dir->sb);
	if (!i)
		return err_ptr(-ENOMEM);
	deny(i, S_ISDIR(mode) ? S_IFDIR | 0111 : S_IFREG);
	d = d_add_found(dir, name, len, i);
	return d ? d : err_ptr(-ENOMEM);
}
