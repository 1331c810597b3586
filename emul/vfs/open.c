/* SPDX-License-Identifier: Apache-2.0 */
/* open.c: open(2) and its relatives. */
#include <linux/openat2.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/string.h"
#include "emul/sysproto.h"
#include "emul/vfs/dcache.h"
#include "emul/vfs/fsnotify.h"
#include "emul/vfs/walk.h"

#define O_TMPFILE_BIT	(O_TMPFILE & ~O_DIRECTORY)
#define O_KNOWN								\
	(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND |	\
	 O_NONBLOCK | O_SYNC | O_DSYNC | FASYNC | O_DIRECT | O_LARGEFILE_BIT | \
	 O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH |	\
	 O_TMPFILE)
#define O_LARGEFILE_BIT	0100000		/* always set on x86-64 */

static unsigned int open_mask(unsigned int flags)
{
	static const uint8_t mask[4] = {
		MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE,
		MAY_READ | MAY_WRITE
	};

	return mask[flags & O_ACCMODE] | (flags & O_TRUNC ? MAY_WRITE : 0);
}

/* May @p be opened so?  The checks of Linux's may_open(), in its order. */
static int may_open(struct task *t, const struct path *p, unsigned int flags)
{
	struct inode *i = p->dentry->inode;
	unsigned int mask = open_mask(flags);
	int err;

	switch (i->mode & S_IFMT) {
	case S_IFLNK:
		return -ELOOP;
	case S_IFDIR:
		if (mask & MAY_WRITE)
			return -EISDIR;
		break;
	case S_IFCHR:
	case S_IFBLK:
		if (p->mnt->flags & MNT_NODEV)
			return -EACCES;
		break;
	}
	err = inode_permission(t->cred, i, mask);
	if (err)
		return err;
	if ((flags & O_NOATIME) && !cred_owns(t->cred, i))
		return -EPERM;
	if ((mask & MAY_WRITE) && (p->mnt->flags & MNT_RDONLY) &&
	    (S_ISREG(i->mode) || S_ISDIR(i->mode)))
		return -EROFS;
	return 0;
}

/* Takes over the references of @p in any case. */
static struct file *open_existing(struct task *t, const struct path *p,
				  unsigned int flags, bool created)
{
	/* NOLINTNEXTLINE: a path that was found has a dentry */
	struct inode *i = p->dentry->inode;
	struct file *f;
	int err = 0;

	if ((flags & O_DIRECTORY) && !S_ISDIR(i->mode) && !created)
		err = -ENOTDIR;
	else if (!(flags & O_PATH) && !created)
		err = may_open(t, p, flags);
	if (err) {
		path_put(p);
		return err_ptr(err);
	}
	f = file_open_path(p, flags);
	if (is_err(f)) {
		path_put(p);
		return f;
	}
	if ((flags & O_TRUNC) && S_ISREG(i->mode) && !created) {
		err = path_truncate(t, p, 0, true);
		if (err) {
			file_put(f);
			return err_ptr(err);
		}
	}
	fsn_file(f, IN_OPEN);
	return f;
}

static int may_create(struct task *t, const struct path *dir)
{
	int err;

	if (dir->mnt->flags & MNT_RDONLY)
		return -EROFS;
	err = inode_permission(t->cred, dir->dentry->inode,
			       MAY_WRITE | MAY_EXEC);
	if (!err && !dir->dentry->inode->ops->create)
		err = -EACCES;
	return err;
}

/*
 * The last component, with the directory locked.  Where the host is to make it
 * and it was not there the last time, that is not asked again before: to make it
 * tells.
 */
static struct dentry *last_one(struct walk *w)
{
	struct dentry *dir = w->at.dentry;
	struct dentry *d = d_lookup_hash(dir, w->last.name, w->last.len,
					 w->last.hash);

	if (d && !d->inode && (d->flags & D_REVALIDATE) &&
	    dir->sb->ops->create_tells && !may_create(w->t, &w->at))
		return d;
	if (d)
		dput(d);
	return lookup_one(dir, w->last.name, w->last.len, w->last.hash);
}

/*
 * Find or make the last component.  On success *@p has references to it, and
 * what walk had stays with it.
 */
static int open_last(struct walk *w, unsigned int flags, mode_t mode,
		     struct path *p, bool *created)
{
	struct task *t = w->t;
	struct dentry *dir, *d;
	unsigned int tries = 0;
	int err;

	for (;;) {
		if (w->last.type != LAST_NORM || w->last.slash)
			return flags & O_EXCL && w->last.type != LAST_NORM ?
				-EEXIST : -EISDIR;
		dir = w->at.dentry;
		mutex_lock(&dir->inode->lock);
		d = last_one(w);
		if (is_err(d)) {
			mutex_unlock(&dir->inode->lock);
			return (int)ptr_err(d);
		}
		if (!d->inode) {
			err = may_create(t, &w->at);
			if (!err)
				err = dir->inode->ops->create(dir->inode, d,
							      mode);
			if (!err)
				fsn_name(dir->inode, d, d->inode, IN_CREATE);
			mutex_unlock(&dir->inode->lock);
			/* On the host it may have been made meanwhile. */
			if (err == -EEXIST && !(flags & O_EXCL) &&
			    (d->flags & D_REVALIDATE) && tries++ < 8) {
				d_drop(d);
				dput(d);
				continue;
			}
			if (err) {
				dput(d);
				return err;
			}
			*created = true;
			break;
		}
		mutex_unlock(&dir->inode->lock);
		if (flags & O_EXCL) {
			dput(d);
			return -EEXIST;
		}
		if (!S_ISLNK(d->inode->mode) || (flags & O_NOFOLLOW))
			break;
		err = walk_link(w, d);
		dput(d);
		if (err)
			return err;
		if (w->last.type == LAST_ROOT) {	/* a magic link */
			*p = w->at;
			path_get(p);
			goto found;
		}
	}
	p->mnt = w->at.mnt;
	p->dentry = d;
	ref_get(&p->mnt->ref);
	path_follow_mounts(p);
found:
	if (!*created && S_ISDIR(p->dentry->inode->mode)) {
		path_put(p);
		return -EISDIR;
	}
	/* sticky directories: proc_sys_fs(5), protected_regular and _fifos */
	return 0;
}

static struct file *open_tmpfile(struct task *t, const struct path *dir,
				 unsigned int flags, mode_t mode)
{
	struct inode *i = dir->dentry->inode;
	struct path p = { .mnt = dir->mnt };
	int err;

	if (!S_ISDIR(i->mode))
		return err_ptr(-ENOTDIR);
	err = may_create(t, dir);
	if (!err && !i->ops->tmpfile)
		err = -EOPNOTSUPP;
	if (err)
		return err_ptr(err);
	p.dentry = d_alloc(dir->dentry, "#tmpfile", 8);
	if (!p.dentry)
		return err_ptr(-ENOMEM);
	p.dentry->flags |= D_DELETED;
	err = i->ops->tmpfile(i, p.dentry, mode, !(flags & O_EXCL));
	if (err) {
		dput(p.dentry);
		return err_ptr(err);
	}
	p.dentry->inode->linkable = !(flags & O_EXCL);
	ref_get(&p.mnt->ref);
	return open_existing(t, &p, flags, true);
}

struct file *vfs_openat(struct task *t, int dfd, const struct pathname *n,
			unsigned int flags, mode_t mode, unsigned int lookup)
{
	struct walk w;
	struct path p;
	bool created = false;
	int err;

	if (flags & O_PATH)
		flags &= O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC;
	if (flags & O_TMPFILE_BIT) {
		if ((flags & O_TMPFILE) != O_TMPFILE || (flags & O_CREAT) ||
		    !(open_mask(flags) & MAY_WRITE))
			return err_ptr(-EINVAL);
	} else if ((flags & (O_CREAT | O_DIRECTORY)) ==
		   (O_CREAT | O_DIRECTORY)) {
		return err_ptr(-EINVAL);
	}
	if (!(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) !=
				     (O_CREAT | O_EXCL))
		lookup |= LOOKUP_FOLLOW;
	mode &= 07777 & ~t->fs->umask;

	if (!(flags & O_CREAT)) {
		struct file *f;

		if (flags & O_DIRECTORY)
			lookup |= LOOKUP_DIRECTORY;
		if (!(flags & O_PATH))
			lookup |= LOOKUP_OPEN;
		err = path_lookup_k(t, dfd, n->s, n->len, lookup, &p, NULL);
		if (err)
			return err_ptr(err);
		if (!(flags & O_TMPFILE_BIT))
			return open_existing(t, &p, flags, false);
		f = open_tmpfile(t, &p, flags, mode);
		path_put(&p);
		return f;
	}
	err = walk_begin(&w, t, dfd, n->s, n->len, lookup | LOOKUP_PARENT);
	if (!err)
		err = open_last(&w, flags, mode, &p, &created);
	walk_end(&w);
	if (err)
		return err_ptr(err);
	return open_existing(t, &p, flags, created);
}

struct file *vfs_open(struct task *t, int dfd, const char *name,
		      unsigned int flags, mode_t mode)
{
	struct pathname n;
	size_t len = strlen(name);

	if (len >= PATH_LEN_MAX)
		return err_ptr(-ENAMETOOLONG);
	if (!len)
		return err_ptr(-ENOENT);
	memcpy(n.s, name, len + 1);
	n.len = (uint32_t)len;
	return vfs_openat(t, dfd, &n, flags | O_LARGEFILE_BIT, mode, 0);
}

static long do_open(struct task *t, int dfd, uaddr_t path, unsigned int flags,
		    mode_t mode, unsigned int lookup)
{
	struct pathname n;
	struct file *f;
	int fd, err;

	err = path_copy_in(&n, path, 0);
	if (err)
		return err;
	fd = fd_reserve(t, flags);
	if (fd < 0)
		return fd;
	f = vfs_openat(t, dfd, &n, flags | O_LARGEFILE_BIT, mode, lookup);
	if (is_err(f)) {
		fd_unreserve(t, fd);
		return ptr_err(f);
	}
	fd_install(t, fd, f);
	return fd;
}

long sys_openat(struct task *t, int dfd, uaddr_t path, int flags,
		uint16_t mode)
{
	return do_open(t, dfd, path, (unsigned int)flags & O_KNOWN, mode, 0);
}

long sys_open(struct task *t, uaddr_t path, int flags, uint16_t mode)
{
	return sys_openat(t, AT_FDCWD, path, flags, mode);
}

long sys_creat(struct task *t, uaddr_t path, uint16_t mode)
{
	return sys_openat(t, AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC,
			  mode);
}

static int resolve_flags(uint64_t resolve, uint64_t open_flags,
			 unsigned int *lookup)
{
	if (resolve & ~(uint64_t)(RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS |
				  RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH |
				  RESOLVE_IN_ROOT | RESOLVE_CACHED))
		return -EINVAL;
	if ((resolve & RESOLVE_BENEATH) && (resolve & RESOLVE_IN_ROOT))
		return -EINVAL;
	if (resolve & RESOLVE_NO_XDEV)
		*lookup |= LOOKUP_NO_XDEV;
	if (resolve & RESOLVE_NO_MAGICLINKS)
		*lookup |= LOOKUP_NO_MAGIC;
	if (resolve & RESOLVE_NO_SYMLINKS)
		*lookup |= LOOKUP_NO_SYMLINKS;
	if (resolve & RESOLVE_BENEATH)
		*lookup |= LOOKUP_BENEATH;
	if (resolve & RESOLVE_IN_ROOT)
		*lookup |= LOOKUP_IN_ROOT;
	if (resolve & RESOLVE_CACHED) {
		if (open_flags & (O_TRUNC | O_CREAT | O_TMPFILE_BIT))
			return -EAGAIN;
		*lookup |= LOOKUP_CACHED;
	}
	return 0;
}

long sys_openat2(struct task *t, int dfd, uaddr_t path, uaddr_t how_addr,
		 size_t size)
{
	struct open_how how;
	unsigned int lookup = 0;
	int err;

	if (size < sizeof(how))
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	if (get_user(&how, how_addr))
		return -EFAULT;
	for (size_t at = sizeof(how); at < size; at += 8) {
		uint64_t w = 0;

		if (copy_in(&w, how_addr + at, MIN(8, size - at)))
			return -EFAULT;
		if (w)		/* something newer than we know */
			return -E2BIG;
	}
	if (how.flags & ~(uint64_t)O_KNOWN)
		return -EINVAL;
	if (how.flags & (O_CREAT | O_TMPFILE_BIT)) {
		if (how.mode & ~07777ULL)
			return -EINVAL;
	} else if (how.mode) {
		return -EINVAL;
	}
	if ((how.flags & O_PATH) &&
	    (how.flags & ~(uint64_t)(O_DIRECTORY | O_NOFOLLOW | O_PATH |
				     O_CLOEXEC)))
		return -EINVAL;
	err = resolve_flags(how.resolve, how.flags, &lookup);
	if (err)
		return err;
	return do_open(t, dfd, path, (unsigned int)how.flags,
		       (mode_t)how.mode, lookup);
}
