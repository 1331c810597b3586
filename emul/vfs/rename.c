/* SPDX-License-Identifier: Apache-2.0 */
/* rename.c: rename(2), renameat2(2). */
#include <linux/capability.h>

#include "emul/lib/alloc.h"
#include "emul/sysproto.h"
#include "emul/vfs/dcache.h"
#include "emul/vfs/fsnotify.h"
#include "emul/vfs/namei.h"

#define NOREPLACE	1u
#define EXCHANGE	2u
#define WHITEOUT	4u

/* Two renames between directories take turns: parents must not move then. */
static __arena struct mutex rename_lock;
LOCK_CLASS(rename_lock, LOCK_RENAME);

static void lock_dirs(struct dentry *a, struct dentry *b)
{
	if (a == b) {
		mutex_lock(&a->inode->lock);
		return;
	}
	mutex_lock(&rename_lock);
	/* An ancestor first, else by address. */
	if (d_is_below(a, b) || (!d_is_below(b, a) && b < a)) {
		mutex_lock(&b->inode->lock);
		mutex_lock(&a->inode->lock);
	} else {
		mutex_lock(&a->inode->lock);
		mutex_lock(&b->inode->lock);
	}
}

static void unlock_dirs(struct dentry *a, struct dentry *b)
{
	mutex_unlock(&a->inode->lock);
	if (a != b) {
		mutex_unlock(&b->inode->lock);
		mutex_unlock(&rename_lock);
	}
}

static int may_remove(struct task *t, struct inode *dir, struct inode *victim)
{
	int err = inode_permission(t->cred, dir, MAY_WRITE | MAY_EXEC);

	if (err)
		return err;
	if ((dir->mode & S_ISVTX) && t->cred->fsuid != victim->uid &&
	    t->cred->fsuid != dir->uid && !cred_capable(t->cred, CAP_FOWNER))
		return -EPERM;
	return 0;
}

struct renaming {
	struct task *t;
	struct path odir, ndir;
	struct last olast, nlast;
	unsigned int flags;
};

/* The directories are locked, @o and @n are looked up. */
static int check(struct renaming *r, struct dentry *o, struct dentry *n)
{
	struct inode *od = r->odir.dentry->inode, *nd = r->ndir.dentry->inode;
	bool exchange = r->flags & EXCHANGE;
	int err;

	if ((r->flags & NOREPLACE) && n->inode)
		return -EEXIST;
	if (exchange && !n->inode)
		return -ENOENT;
	if (!S_ISDIR(o->inode->mode) && r->olast.slash)
		return -ENOTDIR;
	if (r->nlast.slash && !S_ISDIR(exchange ? n->inode->mode :
				       o->inode->mode))
		return -ENOTDIR;
	/* Not into itself, not over what it lies in. */
	if (S_ISDIR(o->inode->mode) && d_is_below(r->ndir.dentry, o))
		return -EINVAL;
	if (n->inode && S_ISDIR(n->inode->mode) &&
	    d_is_below(r->odir.dentry, n))
		return exchange ? -EINVAL : -ENOTEMPTY;
	if (r->odir.mnt->flags & MNT_RDONLY)
		return -EROFS;
	if (o->inode == n->inode)
		return 0;	/* links to one file: nothing is done */
	err = may_remove(r->t, od, o->inode);
	if (err)
		return err;
	if (r->ndir.dentry->flags & D_DELETED)
		return -ENOENT;
	if (n->inode) {
		err = may_remove(r->t, nd, n->inode);
		if (err)
			return err;
		if (!exchange && S_ISDIR(o->inode->mode) !=
				 S_ISDIR(n->inode->mode))
			return S_ISDIR(o->inode->mode) ? -ENOTDIR : -EISDIR;
	} else {
		err = inode_permission(r->t->cred, nd, MAY_WRITE | MAY_EXEC);
		if (err)
			return err;
	}
	/* A directory that gets a new ".." has to be writable. */
	if (od != nd && S_ISDIR(o->inode->mode)) {
		err = inode_permission(r->t->cred, o->inode, MAY_WRITE);
		if (err)
			return err;
	}
	if (load_once(&o->n_mounted) || load_once(&n->n_mounted))
		return -EBUSY;
	if ((r->flags & WHITEOUT) && !od->ops->mknod)
		return -EINVAL;
	return od->ops->rename ? 0 : -EPERM;
}

/* RENAME_WHITEOUT: a device of the numbers 0, 0 in the old place. */
static int leave_whiteout(struct renaming *r)
{
	struct dentry *dir = r->odir.dentry, *d;
	int err;

	d = lookup_one(dir, r->olast.name, r->olast.len, r->olast.hash);
	if (is_err(d))
		return (int)ptr_err(d);
	err = d->inode ? -EEXIST :
		dir->inode->ops->mknod(dir->inode, d, S_IFCHR, 0);
	dput(d);
	return err;
}

static int rename_and_tell(struct renaming *r, struct dentry *o,
			   struct dentry *n)
{
	struct inode *od = r->odir.dentry->inode, *nd = r->ndir.dentry->inode;
	struct inode *victim = n->inode;
	struct fsn_rename was, back;
	int err;

	fsn_rename_begin(&was, o);
	fsn_rename_begin(&back, n);
	err = od->ops->rename(od, o, nd, n, r->flags);
	if (err)
		return err;
	if (r->flags & EXCHANGE) {
		fsn_renamed(&was, od, nd, o, NULL);
		fsn_renamed(&back, nd, od, n, NULL);
	} else {
		fsn_renamed(&was, od, nd, o, victim);
	}
	return r->flags & WHITEOUT ? leave_whiteout(r) : 0;
}

static int do_rename(struct renaming *r)
{
	struct dentry *od = r->odir.dentry, *nd = r->ndir.dentry, *o, *n;
	int err;

	lock_dirs(od, nd);
	o = lookup_one(od, r->olast.name, r->olast.len, r->olast.hash);
	if (is_err(o)) {
		err = (int)ptr_err(o);
		goto out;
	}
	if (!o->inode) {	/* before it is known how long the other is */
		err = -ENOENT;
		goto out_o;
	}
	n = lookup_one(nd, r->nlast.name, r->nlast.len, r->nlast.hash);
	if (is_err(n)) {
		err = (int)ptr_err(n);
		goto out_o;
	}
	err = check(r, o, n);
	if (!err && o->inode != n->inode)
		err = rename_and_tell(r, o, n);
	dput(n);
out_o:
	dput(o);
out:
	unlock_dirs(od, nd);
	return err;
}

long sys_renameat2(struct task *t, int olddfd, uaddr_t oldpath, int newdfd,
		   uaddr_t newpath, unsigned int flags)
{
	struct pathname on, nn;
	struct renaming r = { .t = t, .flags = flags };
	long err;

	if ((flags & ~(NOREPLACE | EXCHANGE | WHITEOUT)) ||
	    ((flags & EXCHANGE) && (flags & (NOREPLACE | WHITEOUT))))
		return -EINVAL;
	if ((flags & WHITEOUT) && !cred_capable(t->cred, CAP_MKNOD))
		return -EPERM;
	err = path_copy_in(&on, oldpath, 0);
	if (!err)
		err = path_copy_in(&nn, newpath, 0);
	if (err)
		return err;
	err = path_lookup_k(t, olddfd, on.s, on.len, LOOKUP_PARENT, &r.odir,
			    &r.olast);
	if (err)
		return err;
	err = path_lookup_k(t, newdfd, nn.s, nn.len, LOOKUP_PARENT, &r.ndir,
			    &r.nlast);
	if (err)
		goto out_old;
	if (r.odir.mnt != r.ndir.mnt)
		err = -EXDEV;
	else if (r.olast.type != LAST_NORM)
		err = -EBUSY;
	else if (r.nlast.type != LAST_NORM)
		err = flags & NOREPLACE ? -EEXIST : -EBUSY;
	else
		err = do_rename(&r);
	path_put(&r.ndir);
	kfree(r.nlast.buf);
out_old:
	path_put(&r.odir);
	kfree(r.olast.buf);
	return err;
}

long sys_renameat(struct task *t, int olddfd, uaddr_t oldpath, int newdfd,
		  uaddr_t newpath)
{
	return sys_renameat2(t, olddfd, oldpath, newdfd, newpath, 0);
}

long sys_rename(struct task *t, uaddr_t oldpath, uaddr_t newpath)
{
	return sys_renameat2(t, AT_FDCWD, oldpath, AT_FDCWD, newpath, 0);
}
