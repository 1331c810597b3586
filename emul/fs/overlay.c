/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overlay.c: changes of host directories that stay in memory.
 *
 * What the guest makes is pinned in the dentry cache; what it removes leaves
 * a pinned dentry that does not exist.  Everything else is the host's.
 */
#include "emul/fs/hostfs.h"
#include "emul/fs/tmpfs.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"

#define EXCHANGE	2u	/* RENAME_EXCHANGE */

static void touch(struct inode *dir)
{
	dir->mtime = dir->ctime = ktime_now();
}

static bool may_have_lower(const struct inode *dir)
{
	return host_node(dir)->lower;
}

static struct inode *new_node(struct inode *dir, mode_t mode, dev_t rdev)
{
	struct inode *i = host_inode_new(dir->sb, mode);

	if (!i)
		return NULL;
	inode_init_owner(i, dir, mode);
	i->rdev = rdev;
	i->dev = dir->dev;
	host_node(i)->upper = true;
	i->keeps_atime = true;
	return i;
}

static void add_name(struct inode *dir, struct dentry *d, struct inode *i)
{
	host_node(i)->dentry = d;
	d_instantiate(d, i);
	host_pin(d);
	host_pin(host_node(dir)->dentry);
	touch(dir);
	if (S_ISDIR(i->mode))
		dir->nlink++;
}

static int add_node(struct inode *dir, struct dentry *d, mode_t mode,
		    dev_t rdev)
{
	struct inode *i = new_node(dir, mode, rdev);

	if (!i)
		return -ENOSPC;
	add_name(dir, d, i);
	return 0;
}

static int overlay_create(struct inode *dir, struct dentry *d, mode_t mode)
{
	return add_node(dir, d, S_IFREG | (mode & 07777), 0);
}

static int overlay_mkdir(struct inode *dir, struct dentry *d, mode_t mode)
{
	return add_node(dir, d, S_IFDIR | (mode & 07777), 0);
}

static int overlay_mknod(struct inode *dir, struct dentry *d, mode_t mode,
			 dev_t rdev)
{
	return add_node(dir, d, mode, rdev);
}

static int overlay_symlink(struct inode *dir, struct dentry *d, const char *to)
{
	size_t len = strlen(to);
	struct inode *i = new_node(dir, S_IFLNK | 0777, 0);

	if (!i)
		return -ENOSPC;
	i->link = kstrndup(to, len);
	if (!i->link) {
		inode_put(i);
		return -ENOSPC;
	}
	i->link_len = (uint32_t)len;
	i->size = len;
	add_name(dir, d, i);
	return 0;
}

/* Remember where the host has it: its name here is about to change. */
static int keep_path(struct inode *i)
{
	struct host_node *n = host_node(i);
	char buf[BROKER_PATH_MAX], *p;
	size_t len;

	if (!n->lower || n->path)
		return 0;
	p = host_path(n->dentry, buf, &len);
	if (!p)
		return -ENAMETOOLONG;
	n->path = kstrndup(p, len);
	n->path_len = (uint32_t)len;
	return n->path ? 0 : -ENOMEM;
}

static int overlay_link(struct inode *dir, struct dentry *d, struct inode *to)
{
	int err = keep_path(to);

	if (err)
		return err;
	if (to->linkable)
		host_node(to)->dentry = d;	/* its first name */
	host_pin(host_node(to)->dentry);
	mutex_lock(&to->lock);
	to->nlink++;
	to->ctime = ktime_now();
	mutex_unlock(&to->lock);
	inode_get(to);
	d_instantiate(d, to);
	host_pin(d);
	host_pin(host_node(dir)->dentry);
	touch(dir);
	return 0;
}

/* A pinned name that does not exist, where the host may have one. */
static int whiteout(struct dentry *dir, const char *name, size_t len)
{
	struct dentry *d = d_add_found(dir, name, len, NULL);

	if (!d)
		return -ENOMEM;
	host_pin(d);
	dput(d);
	return 0;
}

static void drop_link(struct inode *dir, struct inode *i)
{
	if (S_ISDIR(i->mode)) {
		i->nlink = 0;
		dir->nlink--;
	} else {
		__atomic_fetch_sub(&i->nlink, 1, __ATOMIC_RELAXED);
	}
	i->ctime = ktime_now();
	touch(dir);
}

/*
 * @d goes, and may be used for another name before its inode is: that is not
 * to be looked for by it, nor kept by it.  Its other names are pinned.
 */
static int forget_name(struct dentry *d)
{
	struct host_node *n = host_node(d->inode);
	int err;

	if (n->dentry != d || S_ISDIR(d->inode->mode))
		return 0;
	err = keep_path(d->inode);
	if (!err)
		n->dentry = NULL;
	return err;
}

static int overlay_unlink(struct inode *dir, struct dentry *d)
{
	bool lower = may_have_lower(dir);
	int err = forget_name(d);

	if (err)
		return err;
	drop_link(dir, d->inode);
	d_unpin(d);
	d_delete(d, lower);
	if (lower) {
		host_pin(host_node(dir)->dentry);
		return whiteout(d->parent, d->name, d->len);
	}
	return 0;
}

struct empty_ctx {
	struct dir_ctx ctx;
	bool found;
};

static bool found_one(struct dir_ctx *ctx, const char *name, size_t len,
		      uint64_t ino, unsigned int type, off_t next)
{
	(void)ino;
	(void)type;
	(void)next;
	if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')))
		return true;
	container_of(ctx, struct empty_ctx, ctx)->found = true;
	return false;
}

/* Nothing of the guest's and nothing of the host's that is not hidden. */
static int check_empty(struct dentry *d)
{
	struct empty_ctx e = { .ctx.emit = found_one, .ctx.pos = 2 };
	struct file *f;
	int err;

	f = kzalloc(sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->path.dentry = d;
	f->inode = d->inode;
	err = host_dir_fops.readdir(f, &e.ctx);
	host_dir_fops.release(f);
	if (f->cursor)
		dput(f->cursor);
	kfree(f);
	return err ? err : e.found ? -ENOTEMPTY : 0;
}

static int overlay_rmdir(struct inode *dir, struct dentry *d)
{
	int err = check_empty(d);

	return err ? err : overlay_unlink(dir, d);
}

static int overlay_rename(struct inode *od, struct dentry *o, struct inode *nd,
			  struct dentry *n, unsigned int flags)
{
	int err = keep_path(o->inode);

	if (!err && n->inode)
		err = keep_path(n->inode);
	if (!err && n->inode && S_ISDIR(n->inode->mode) &&
	    !(flags & EXCHANGE))
		err = check_empty(n);
	if (err)
		return err;
	host_pin(o);
	host_pin(host_node(od)->dentry);
	host_pin(host_node(nd)->dentry);
	o->inode->ctime = ktime_now();
	if (flags & EXCHANGE) {
		/* NOLINTBEGIN: both are positive, the VFS has seen to it */
		bool o_dir = S_ISDIR(o->inode->mode);
		bool n_dir = S_ISDIR(n->inode->mode);
		/* NOLINTEND */

		host_pin(n);
		n->inode->ctime = ktime_now();
		if (od != nd) {
			od->nlink += n_dir - (uint32_t)o_dir;
			nd->nlink += o_dir - (uint32_t)n_dir;
		}
		touch(od);
		touch(nd);
		d_move(o, n, true);
		return 0;
	}
	if (n->inode) {
		(void)forget_name(n);	/* its path is kept already */
		drop_link(nd, n->inode);
	}
	d_unpin(n);
	if (S_ISDIR(o->inode->mode)) {
		od->nlink--;
		nd->nlink++;
	}
	touch(od);
	touch(nd);
	d_move(o, n, false);
	/* n has the old name and place now. */
	return may_have_lower(od) ? whiteout(n->parent, n->name, n->len) : 0;
}

static int overlay_tmpfile(struct inode *dir, struct dentry *d, mode_t mode,
			   bool linkable)
{
	struct inode *i = new_node(dir, S_IFREG | mode, 0);

	(void)linkable;
	if (!i)
		return -ENOSPC;
	i->nlink = 0;
	host_node(i)->dentry = d;
	d_instantiate(d, i);
	return 0;
}

static int overlay_setattr(struct inode *i, const struct iattr *a)
{
	struct host_node *n = host_node(i);
	int err;

	if ((a->valid & ATTR_SIZE) && S_ISREG(i->mode)) {
		err = host_copy_up_locked(i, a->size);
		if (!err)
			err = memdata_truncate(i, &n->data, a->size);
		if (err)
			return err;
		i->mtime = ktime_now();
	}
	if (a->valid & ~ATTR_SIZE)
		n->attr = true;
	inode_set_attr(i, a);
	host_pin(n->dentry);
	return 0;
}

int host_setattr(struct inode *i, const struct iattr *a)
{
	switch (hostfs_of(i)->kind) {
	case HOST_OVERLAY:
		return overlay_setattr(i, a);
	case HOST_RW:
		return host_rw_setattr(i, a);
	default:
		return -EROFS;
	}
}

/* Of the host's own nothing is known, and nothing to be done about them. */
int host_attr_flags(struct inode *i, bool change)
{
	if (hostfs_of(i)->kind != HOST_OVERLAY)
		return -ENOTTY;
	if (change)
		host_pin(host_node(i)->dentry);
	return 0;
}

const struct inode_ops overlay_dir_iops = {
	.lookup = host_lookup,
	.prefetch = host_prefetch,
	.create = overlay_create,
	.mkdir = overlay_mkdir,
	.mknod = overlay_mknod,
	.symlink = overlay_symlink,
	.link = overlay_link,
	.unlink = overlay_unlink,
	.rmdir = overlay_rmdir,
	.rename = overlay_rename,
	.tmpfile = overlay_tmpfile,
	.getattr = host_getattr,
	.setattr = host_setattr,
	.attr_flags = host_attr_flags,
	.load_xattrs = host_load_xattrs,
	.setxattr = host_setxattr,
	.evict = host_evict,
};
