/* SPDX-License-Identifier: Apache-2.0 */
/* name.c: calls that make and remove names: mkdir(2), link(2), unlink(2)... */
#include <linux/capability.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"
#include "emul/sysproto.h"
#include "emul/vfs/dcache.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/fsnotify.h"
#include "emul/vfs/namei.h"

/* The parent of a path of the guest and the last component. */
static int lookup_parent(struct task *t, int dfd, uaddr_t path,
			 struct pathname *n, struct path *dir,
			 struct last *last)
{
	int err = path_copy_in(n, path, 0);

	if (err)
		return err;
	return path_lookup_k(t, dfd, n->s, n->len, LOOKUP_PARENT, dir, last);
}

static void put_parent(struct path *dir, struct last *last)
{
	path_put(dir);
	kfree(last->buf);
}

static int may_add(struct task *t, const struct path *dir)
{
	struct inode *i = dir->dentry->inode;

	if (dir->dentry->flags & D_DELETED)
		return -ENOENT;
	return inode_permission(t->cred, i, MAY_WRITE | MAY_EXEC);
}

/*
 * For a new name: the negative dentry with a reference and the directory
 * locked, or err_ptr() with nothing held.
 */
static struct dentry *begin_create(struct task *t, struct path *dir,
				   struct last *last, bool is_dir)
{
	struct inode *i = dir->dentry->inode;
	struct dentry *d;
	int err = 0;

	if (last->type != LAST_NORM)
		return err_ptr(-EEXIST);
	mutex_lock(&i->lock);
	d = lookup_one(dir->dentry, last->name, last->len, last->hash);
	if (is_err(d)) {
		mutex_unlock(&i->lock);
		return d;
	}
	if (d->inode)
		err = -EEXIST;
	else if (last->slash && !is_dir)
		err = -ENOENT;
	else if (dir->mnt->flags & MNT_RDONLY)
		err = -EROFS;
	else
		err = may_add(t, dir);
	if (err) {
		mutex_unlock(&i->lock);
		dput(d);
		return err_ptr(err);
	}
	return d;
}

static void tell_create(struct inode *dir, const struct dentry *d, int err)
{
	if (!err && d->inode)
		fsn_name(dir, d, d->inode, IN_CREATE);
}

static void end_create(struct path *dir, struct dentry *d)
{
	mutex_unlock(&dir->dentry->inode->lock);
	dput(d);
}

int vfs_mknod(struct task *t, const char *name, mode_t mode,
	      struct path *out)
{
	struct path dir;
	struct last last;
	struct dentry *d;
	struct inode *i;
	int err;

	err = path_lookup_k(t, AT_FDCWD, name, strlen(name), LOOKUP_PARENT,
			    &dir, &last);
	if (err)
		return err;
	d = begin_create(t, &dir, &last, false);
	if (is_err(d)) {
		put_parent(&dir, &last);
		return (int)ptr_err(d);
	}
	i = dir.dentry->inode;
	err = i->ops->mknod ? i->ops->mknod(i, d, mode, 0) : -EPERM;
	if (!err) {
		fsn_name(i, d, d->inode, IN_CREATE);
		*out = (struct path){ dir.mnt, d };
		path_get(out);
	}
	end_create(&dir, d);
	put_parent(&dir, &last);
	return err;
}

long sys_mkdirat(struct task *t, int dfd, uaddr_t path, uint16_t mode)
{
	struct pathname n;
	struct path dir;
	struct last last;
	struct dentry *d;
	struct inode *i;
	long err = lookup_parent(t, dfd, path, &n, &dir, &last);

	if (err)
		return err;
	d = begin_create(t, &dir, &last, true);
	if (is_err(d)) {
		err = ptr_err(d);
	} else {
		i = dir.dentry->inode;
		mode &= 01777 & ~t->fs->umask;
		err = i->ops->mkdir ? i->ops->mkdir(i, d, mode) : -EPERM;
		tell_create(i, d, (int)err);
		end_create(&dir, d);
	}
	put_parent(&dir, &last);
	return err;
}

long sys_mkdir(struct task *t, uaddr_t path, uint16_t mode)
{
	return sys_mkdirat(t, AT_FDCWD, path, mode);
}

long sys_mknodat(struct task *t, int dfd, uaddr_t path, uint16_t mode,
		 unsigned int dev)
{
	struct pathname n;
	struct path dir;
	struct last last;
	struct dentry *d;
	struct inode *i;
	long err;

	switch (mode & S_IFMT) {
	case 0:
	case S_IFREG:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
	err = lookup_parent(t, dfd, path, &n, &dir, &last);
	if (err)
		return err;
	d = begin_create(t, &dir, &last, false);
	if (is_err(d)) {
		put_parent(&dir, &last);
		return ptr_err(d);
	}
	i = dir.dentry->inode;
	mode &= (uint16_t)~t->fs->umask;
	err = -EPERM;
	if (!(mode & S_IFMT) || S_ISREG(mode)) {
		if (i->ops->create)
			err = i->ops->create(i, d, mode & 07777);
	} else if ((S_ISCHR(mode) || S_ISBLK(mode)) &&
		   !cred_capable(t->cred, CAP_MKNOD)) {
		err = -EPERM;
	} else if (i->ops->mknod) {
		err = i->ops->mknod(i, d, mode,
				    S_ISCHR(mode) || S_ISBLK(mode) ? dev : 0);
	}
	tell_create(i, d, (int)err);
	end_create(&dir, d);
	put_parent(&dir, &last);
	return err;
}

long sys_mknod(struct task *t, uaddr_t path, uint16_t mode, unsigned int dev)
{
	return sys_mknodat(t, AT_FDCWD, path, mode, dev);
}

long sys_symlinkat(struct task *t, uaddr_t target, int newdfd,
		   uaddr_t linkpath)
{
	struct pathname n;
	struct path dir;
	struct last last;
	struct dentry *d;
	struct inode *i;
	char *to;
	long err;

	to = kmalloc(PATH_LEN_MAX);
	if (!to)
		return -ENOMEM;
	err = copy_str(to, target, PATH_LEN_MAX);
	if (!err)
		err = -ENOENT;
	if (err < 0)
		goto out;
	err = lookup_parent(t, newdfd, linkpath, &n, &dir, &last);
	if (err)
		goto out;
	d = begin_create(t, &dir, &last, false);
	if (is_err(d)) {
		err = ptr_err(d);
	} else {
		i = dir.dentry->inode;
		err = i->ops->symlink ? i->ops->symlink(i, d, to) : -EPERM;
		tell_create(i, d, (int)err);
		end_create(&dir, d);
	}
	put_parent(&dir, &last);
out:
	kfree(to);
	return err;
}

long sys_symlink(struct task *t, uaddr_t target, uaddr_t linkpath)
{
	return sys_symlinkat(t, target, AT_FDCWD, linkpath);
}

/* protected_hardlinks, proc_sys_fs(5): what one could not write, one does not
 * link to. */
static int may_link_to(struct task *t, const struct inode *i)
{
	if (cred_owns(t->cred, i))
		return 0;
	if (!S_ISREG(i->mode) || (i->mode & S_ISUID) ||
	    (i->mode & (S_ISGID | 0010)) == (S_ISGID | 0010) ||
	    inode_permission(t->cred, i, MAY_READ | MAY_WRITE))
		return -EPERM;
	return 0;
}

long sys_linkat(struct task *t, int olddfd, uaddr_t oldpath, int newdfd,
		uaddr_t newpath, int flags)
{
	struct pathname n;
	struct path old, dir;
	struct last last;
	struct dentry *d;
	struct inode *i, *to;
	struct fd f;
	char c = 1;
	long err;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if ((flags & AT_EMPTY_PATH) &&
	    !cred_capable(t->cred, CAP_DAC_READ_SEARCH) &&
	    get_user(&c, oldpath))
		return -EFAULT;
	f = fdget_unnamed(t, olddfd, oldpath, flags);
	if (f.file) {		/* a pipe or a socket lies nowhere */
		fdput(f);
		return -EXDEV;
	}
	err = path_lookup(t, olddfd, oldpath, lookup_flags(flags, 0), &old);
	if (err)
		return err;
	/* Linux since 6.10 wants that the caller has opened it itself. */
	if (!c && !cred_owns(t->cred, old.dentry->inode)) {
		err = -ENOENT;
		goto out_old;
	}
	err = lookup_parent(t, newdfd, newpath, &n, &dir, &last);
	if (err)
		goto out_old;
	d = begin_create(t, &dir, &last, false);
	if (is_err(d)) {
		err = ptr_err(d);
		goto out_dir;
	}
	i = dir.dentry->inode;
	to = old.dentry->inode;
	if (old.mnt != dir.mnt)
		err = -EXDEV;
	else
		err = may_link_to(t, to);
	if (!err && (S_ISDIR(to->mode) || !i->ops->link))
		err = -EPERM;
	/* No new name for what lost its last one, but for O_TMPFILE. */
	if (!err && !to->nlink && !to->linkable)
		err = -ENOENT;
	if (!err)
		err = i->ops->link(i, d, to);
	if (!err)
		to->linkable = false;
	if (!err) {
		fsn_inode(to, IN_ATTRIB);
		fsn_name(i, d, to, IN_CREATE);
	}
	end_create(&dir, d);
out_dir:
	put_parent(&dir, &last);
out_old:
	path_put(&old);
	return err;
}

long sys_link(struct task *t, uaddr_t oldpath, uaddr_t newpath)
{
	return sys_linkat(t, AT_FDCWD, oldpath, AT_FDCWD, newpath, 0);
}

/* May the entry @d go from the directory @dir? */
static int may_delete(struct task *t, struct inode *dir, struct dentry *d,
		      bool is_dir)
{
	int err = inode_permission(t->cred, dir, MAY_WRITE | MAY_EXEC);

	if (err)
		return err;
	if ((dir->mode & S_ISVTX) && t->cred->fsuid != d->inode->uid &&
	    t->cred->fsuid != dir->uid && !cred_capable(t->cred, CAP_FOWNER))
		return -EPERM;
	if (is_dir) {
		if (!S_ISDIR(d->inode->mode))
			return -ENOTDIR;
		if (d->flags & D_ROOT)
			return -EBUSY;
	} else if (S_ISDIR(d->inode->mode)) {
		return -EISDIR;
	}
	return 0;
}

static long remove_name(struct task *t, struct path *dir, struct last *last,
			bool is_dir)
{
	struct inode *i = dir->dentry->inode, *victim = NULL;
	struct dentry *d;
	int err = 0;

	mutex_lock(&i->lock);
	d = lookup_one(dir->dentry, last->name, last->len, last->hash);
	if (is_err(d)) {
		err = (int)ptr_err(d);
		goto out;
	}
	if (dir->mnt->flags & MNT_RDONLY)
		err = d->inode || !is_dir ? -EROFS : -ENOENT;
	if (!d->inode)
		err = -ENOENT;
	else if (last->slash && !is_dir)
		err = S_ISDIR(d->inode->mode) ? -EISDIR : -ENOTDIR;
	if (!err)
		err = may_delete(t, i, d, is_dir);
	if (!err && load_once(&d->n_mounted))
		err = -EBUSY;
	if (!err && fsn_on()) {
		victim = d->inode;
		inode_get(victim);
	}
	if (!err && is_dir)
		err = i->ops->rmdir ? i->ops->rmdir(i, d) : -EPERM;
	else if (!err)
		err = i->ops->unlink ? i->ops->unlink(i, d) : -EPERM;
	if (!err && victim)
		fsn_name(i, d, victim, IN_DELETE);
	dput(d);
out:
	mutex_unlock(&i->lock);
	if (victim)
		inode_put(victim);
	return err;
}

int vfs_unlink(struct task *t, struct path *dir, const char *name, size_t len)
{
	struct last last = {
		.type = LAST_NORM, .name = name, .len = (uint32_t)len,
		.hash = name_hash(name, len),
	};

	return (int)remove_name(t, dir, &last, false);
}

long sys_unlinkat(struct task *t, int dfd, uaddr_t path, int flags)
{
	struct pathname n;
	struct path dir;
	struct last last;
	bool is_dir = flags & AT_REMOVEDIR;
	long err;

	if (flags & ~AT_REMOVEDIR)
		return -EINVAL;
	err = lookup_parent(t, dfd, path, &n, &dir, &last);
	if (err)
		return err;
	switch (last.type) {
	case LAST_NORM:
		err = remove_name(t, &dir, &last, is_dir);
		break;
	case LAST_DOTDOT:
		err = is_dir ? -ENOTEMPTY : -EISDIR;
		break;
	case LAST_DOT:
		err = is_dir ? -EINVAL : -EISDIR;
		break;
	case LAST_ROOT:
		err = is_dir ? -EBUSY : -EISDIR;
		break;
	}
	put_parent(&dir, &last);
	return err;
}

long sys_unlink(struct task *t, uaddr_t path)
{
	return sys_unlinkat(t, AT_FDCWD, path, 0);
}

long sys_rmdir(struct task *t, uaddr_t path)
{
	return sys_unlinkat(t, AT_FDCWD, path, AT_REMOVEDIR);
}
