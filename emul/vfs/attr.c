/* SPDX-License-Identifier: Apache-2.0 */
/* attr.c: changes of modes, owners, times and sizes, and who may make them. */
#include <linux/capability.h>
#include <linux/falloc.h>

#include "emul/entry/uaccess.h"
#include "emul/sysproto.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/fsnotify.h"
#include "emul/vfs/namei.h"
#include "emul/vfs/xattr.h"

#define NSEC_NOW	((1L << 30) - 1L)	/* UTIME_NOW */
#define NSEC_OMIT	((1L << 30) - 2L)	/* UTIME_OMIT */

/* Set-id bits go when somebody without privilege changes the file. */
static void drop_set_id(const struct cred *c, const struct inode *i,
			struct iattr *a)
{
	unsigned int mode = a->valid & ATTR_MODE ? a->mode : i->mode;
	unsigned int drop = 0;

	if (!S_ISREG(i->mode) || cred_capable(c, CAP_FSETID))
		return;
	if (mode & S_ISUID)
		drop |= S_ISUID;
	if ((mode & (S_ISGID | 0010)) == (S_ISGID | 0010))
		drop |= S_ISGID;
	if (drop) {
		a->mode = mode & ~drop & 07777;
		a->valid |= ATTR_MODE;
	}
}

static int may_chown(const struct cred *c, const struct inode *i,
		     const struct iattr *a)
{
	if (cred_capable(c, CAP_CHOWN))
		return 0;
	if ((a->valid & ATTR_UID) &&
	    (c->fsuid != i->uid || a->uid != i->uid))
		return -EPERM;
	if ((a->valid & ATTR_GID) &&
	    (c->fsuid != i->uid ||
	     (a->gid != i->gid && !cred_in_group(c, a->gid))))
		return -EPERM;
	return 0;
}

static int set_attr(struct inode *i, const struct iattr *a)
{
	if (!i->ops) {		/* a pipe or the like, by /proc/self/fd */
		inode_set_attr(i, a);
		return 0;
	}
	return i->ops->setattr ? i->ops->setattr(i, a) : -EPERM;
}

int path_setattr(struct task *t, const struct path *p, struct iattr *a,
		 bool checked)
{
	const struct cred *c = t->cred;
	struct inode *i = p->dentry->inode;
	int err = 0;

	if (p->mnt->flags & MNT_RDONLY)
		return -EROFS;
	mutex_lock(&i->lock);
	if (!checked) {
		if (a->valid & (ATTR_UID | ATTR_GID))
			err = may_chown(c, i, a);
		else if ((a->valid & (ATTR_MODE | ATTR_ATIME | ATTR_MTIME)) &&
			 !cred_owns(c, i))
			err = -EPERM;
	}
	if (!err && (a->valid & ATTR_MODE) && !S_ISDIR(i->mode) &&
	    (a->mode & S_ISGID) && !cred_in_group(c, i->gid) &&
	    !cred_capable(c, CAP_FSETID))
		a->mode &= ~(uint32_t)S_ISGID;
	if (!err && (a->valid & (ATTR_UID | ATTR_GID)) && S_ISREG(i->mode)) {
		/* chown drops them even for root */
		uint32_t mode = i->mode & 07777;

		mode &= ~(uint32_t)S_ISUID;
		if (mode & 0010)
			mode &= ~(uint32_t)S_ISGID;
		if (mode != (i->mode & 07777)) {
			a->mode = mode;
			a->valid |= ATTR_MODE;
		}
	}
	if (!err && (a->valid & ATTR_SIZE))
		drop_set_id(c, i, a);
	if (!err && (a->valid & (ATTR_UID | ATTR_GID | ATTR_SIZE)))
		xattrs_drop_caps(i);
	if (!err)
		err = set_attr(i, a);
	mutex_unlock(&i->lock);
	if (!err)
		fsn_dentry(p->dentry, fsn_setattr_mask(a));
	return err;
}

int path_truncate(struct task *t, const struct path *p, uint64_t size,
		  bool checked)
{
	struct iattr a = { .valid = ATTR_SIZE, .size = size };
	struct inode *i = p->dentry->inode;
	int err;

	if (!checked) {
		if (S_ISDIR(i->mode))
			return -EISDIR;
		if (!S_ISREG(i->mode))
			return -EINVAL;
		err = inode_permission(t->cred, i, MAY_WRITE);
		if (err)
			return err;
	}
	err = file_grow_limit(load_once(&i->size), size);
	if (err)
		return err;
	return path_setattr(t, p, &a, true);
}

long sys_truncate(struct task *t, uaddr_t path, int64_t length)
{
	struct path p;
	int err;

	if (length < 0)
		return -EINVAL;
	err = path_lookup(t, AT_FDCWD, path, LOOKUP_FOLLOW, &p);
	if (err)
		return err;
	err = path_truncate(t, &p, (uint64_t)length, false);
	path_put(&p);
	return err;
}

/* Files that have no name here: inherited ones, memfd. */
static int truncate_unnamed(struct file *f, uint64_t size)
{
	struct iattr a = { .valid = ATTR_SIZE, .size = size };
	struct inode *i = f->inode;
	struct kstat st;
	int err;

	if (!i->ops || !i->ops->setattr)
		return -EINVAL;
	err = file_getattr(f, &st);
	if (!err)
		err = file_grow_limit(st.size, size);
	if (err)
		return err;
	mutex_lock(&i->lock);
	err = i->ops->setattr(i, &a);
	mutex_unlock(&i->lock);
	return err;
}

long sys_ftruncate(struct task *t, int fd, int64_t length)
{
	struct fd f;
	int err;

	if (length < 0)
		return -EINVAL;
	f = fdget(t, fd);
	if (!f.file)
		return -EBADF;
	if (!S_ISREG(f.file->inode->mode) || !(f.file->mode & FMODE_WRITE))
		err = -EINVAL;
	else if (f.file->path.dentry)
		err = path_truncate(t, &f.file->path, (uint64_t)length, true);
	else
		err = truncate_unnamed(f.file, (uint64_t)length);
	fdput(f);
	return err;
}

/* Which modes go together is looked at before the file is. */
static bool alloc_mode_ok(int mode)
{
	switch (mode & ~FALLOC_FL_KEEP_SIZE) {
	case 0:
	case FALLOC_FL_ZERO_RANGE:
	case FALLOC_FL_UNSHARE_RANGE:
		return true;
	case FALLOC_FL_PUNCH_HOLE:
		return mode & FALLOC_FL_KEEP_SIZE;
	case FALLOC_FL_COLLAPSE_RANGE:
	case FALLOC_FL_INSERT_RANGE:
		return !(mode & FALLOC_FL_KEEP_SIZE);
	default:
		return false;
	}
}

long sys_fallocate(struct task *t, int fd, int mode, int64_t off, int64_t len)
{
	struct fd f = fdget(t, fd);
	struct inode *i;
	long err;

	if (!f.file)
		return -EBADF;
	i = f.file->inode;
	if (off < 0 || len <= 0)
		err = -EINVAL;
	else if (!alloc_mode_ok(mode))
		err = -EOPNOTSUPP;
	else if (!(f.file->mode & FMODE_WRITE))
		err = -EBADF;
	else if (S_ISFIFO(i->mode))
		err = -ESPIPE;
	else if (S_ISDIR(i->mode))
		err = -EISDIR;
	else if (!S_ISREG(i->mode))
		err = -ENODEV;
	else if (len > INT64_MAX - off)
		err = -EFBIG;
	else if (!f.file->ops->fallocate)
		err = -EOPNOTSUPP;
	else
		err = mode & (FALLOC_FL_KEEP_SIZE | FALLOC_FL_COLLAPSE_RANGE) ?
			0 : file_grow_limit(load_once(&i->size),
					    (uint64_t)(off + len));
	if (!err)
		err = f.file->ops->fallocate(f.file, mode, off, len);
	if (!err)
		fsn_file(f.file, IN_MODIFY);
	fdput(f);
	return err;
}

static long setattr_file(struct task *t, struct file *f, struct iattr *a)
{
	long err;

	if (f->path.dentry)
		return path_setattr(t, &f->path, a, false);
	if (!f->inode->sb)
		return -EPERM;
	/* pipes and sockets: nobody else can look at it */
	mutex_lock(&f->inode->lock);
	if (a->valid & (ATTR_UID | ATTR_GID))
		err = may_chown(t->cred, f->inode, a);
	else if (!(a->valid & ATTR_MODE))
		err = 0;	/* times alone are for set_times() to check */
	else
		err = cred_owns(t->cred, f->inode) ? 0 : -EPERM;
	if (!err)
		inode_set_attr(f->inode, a);
	mutex_unlock(&f->inode->lock);
	return err;
}

/* What fchmodat and its relatives do at their end. */
static long setattr_at(struct task *t, int dfd, uaddr_t path, int flags,
		       struct iattr *a)
{
	struct fd f = fdget_unnamed(t, dfd, path, flags);
	struct path p;
	long err;

	if (f.file) {
		err = setattr_file(t, f.file, a);
		fdput(f);
		return err;
	}
	err = path_lookup(t, dfd, path, lookup_flags(flags, LOOKUP_FOLLOW),
			  &p);
	if (err)
		return err;
	if ((a->valid & ATTR_MODE) && S_ISLNK(p.dentry->inode->mode))
		err = -EOPNOTSUPP;
	else
		err = path_setattr(t, &p, a, false);
	path_put(&p);
	return err;
}

static long setattr_fd(struct task *t, int fd, struct iattr *a)
{
	struct fd f = fdget(t, fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = setattr_file(t, f.file, a);
	fdput(f);
	return err;
}

static struct iattr attr_mode(unsigned int mode)
{
	return (struct iattr){ .valid = ATTR_MODE, .mode = mode & 07777 };
}

static struct iattr attr_owner(uint32_t uid, uint32_t gid)
{
	struct iattr a = { .uid = uid, .gid = gid };

	if (uid != UINT32_MAX)
		a.valid |= ATTR_UID;
	if (gid != UINT32_MAX)
		a.valid |= ATTR_GID;
	return a;
}

long sys_fchmodat2(struct task *t, int dfd, uaddr_t path, uint16_t mode,
		   int flags)
{
	struct iattr a = attr_mode(mode);

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return setattr_at(t, dfd, path, flags, &a);
}

long sys_fchmodat(struct task *t, int dfd, uaddr_t path, uint16_t mode)
{
	return sys_fchmodat2(t, dfd, path, mode, 0);
}

long sys_chmod(struct task *t, uaddr_t path, uint16_t mode)
{
	return sys_fchmodat2(t, AT_FDCWD, path, mode, 0);
}

long sys_fchmod(struct task *t, int fd, uint16_t mode)
{
	struct iattr a = attr_mode(mode);

	return setattr_fd(t, fd, &a);
}

long sys_fchownat(struct task *t, int dfd, uaddr_t path, uint32_t uid,
		  uint32_t gid, int flags)
{
	struct iattr a = attr_owner(uid, gid);

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return setattr_at(t, dfd, path, flags, &a);
}

long sys_chown(struct task *t, uaddr_t path, uint32_t uid, uint32_t gid)
{
	return sys_fchownat(t, AT_FDCWD, path, uid, gid, 0);
}

long sys_lchown(struct task *t, uaddr_t path, uint32_t uid, uint32_t gid)
{
	return sys_fchownat(t, AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

long sys_fchown(struct task *t, int fd, uint32_t uid, uint32_t gid)
{
	struct iattr a = attr_owner(uid, gid);

	return setattr_fd(t, fd, &a);
}

struct time_pair {
	int64_t sec, nsec;
};

/* utimensat(2): @ts NULL is both now, which is what comes back. */
static bool times_wanted(struct iattr *a, const struct time_pair *ts)
{
	*a = (struct iattr){ .valid = ATTR_ATIME | ATTR_MTIME };
	a->atime = a->mtime = ktime_now();
	if (!ts)
		return true;
	if (ts[0].nsec == NSEC_OMIT)
		a->valid &= ~ATTR_ATIME;
	else if (ts[0].nsec != NSEC_NOW)
		a->atime = (struct ktime){ ts[0].sec, (uint32_t)ts[0].nsec };
	if (ts[1].nsec == NSEC_OMIT)
		a->valid &= ~ATTR_MTIME;
	else if (ts[1].nsec != NSEC_NOW)
		a->mtime = (struct ktime){ ts[1].sec, (uint32_t)ts[1].nsec };
	return ts[0].nsec == NSEC_NOW && ts[1].nsec == NSEC_NOW;
}

static int set_times(struct task *t, const struct path *p,
		     const struct time_pair *ts)
{
	struct inode *i = p->dentry->inode;
	struct iattr a;
	bool now = times_wanted(&a, ts);

	if (!a.valid)
		return 0;
	if (p->mnt->flags & MNT_RDONLY)
		return -EROFS;
	if (now && !cred_owns(t->cred, i)) {
		int err = inode_permission(t->cred, i, MAY_WRITE);

		if (err)
			return err;
		return path_setattr(t, p, &a, true);
	}
	return path_setattr(t, p, &a, false);
}

static int set_file_times(struct task *t, struct file *f,
			  const struct time_pair *ts)
{
	struct iattr a;
	bool now;
	int err = 0;

	if (f->path.dentry)
		return set_times(t, &f->path, ts);
	now = times_wanted(&a, ts);
	if (!f->inode->sb)
		return -EPERM;
	if (!cred_owns(t->cred, f->inode))
		err = now ? inode_permission(t->cred, f->inode, MAY_WRITE) :
			-EPERM;
	return err ? err : (int)setattr_file(t, f, &a);
}

static bool nsec_bad(int64_t ns)
{
	return (ns < 0 || ns > 999999999) && ns != NSEC_NOW && ns != NSEC_OMIT;
}

static long do_utimes(struct task *t, int dfd, uaddr_t path,
		      const struct time_pair *ts, int flags)
{
	struct path p;
	struct fd f;
	int err;

	if (ts && (nsec_bad(ts[0].nsec) || nsec_bad(ts[1].nsec)))
		return -EINVAL;
	if (!path && dfd != AT_FDCWD) {
		if (flags)
			return -EINVAL;
		f = fdget(t, dfd);
		if (!f.file)
			return -EBADF;
		err = set_file_times(t, f.file, ts);
		fdput(f);
		return err;
	}
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	f = fdget_unnamed(t, dfd, path, flags);
	if (f.file) {
		err = set_file_times(t, f.file, ts);
		fdput(f);
		return err;
	}
	err = path_lookup(t, dfd, path, lookup_flags(flags, LOOKUP_FOLLOW),
			  &p);
	if (err)
		return err;
	err = set_times(t, &p, ts);
	path_put(&p);
	return err;
}

long sys_utimensat(struct task *t, int dfd, uaddr_t path, uaddr_t times,
		   int flags)
{
	struct time_pair ts[2];

	if (times) {
		if (copy_in(ts, times, sizeof(ts)))
			return -EFAULT;
		/* Nothing to do: not even the path is looked at. */
		if (ts[0].nsec == NSEC_OMIT && ts[1].nsec == NSEC_OMIT)
			return 0;
	}
	return do_utimes(t, dfd, path, times ? ts : NULL, flags);
}

long sys_futimesat(struct task *t, int dfd, uaddr_t path, uaddr_t times)
{
	struct time_pair ts[2];

	if (times) {
		if (copy_in(ts, times, sizeof(ts)))
			return -EFAULT;
		for (int k = 0; k < 2; k++) {	/* microseconds */
			if (ts[k].nsec < 0 || ts[k].nsec >= 1000000)
				return -EINVAL;
			ts[k].nsec *= 1000;
		}
	}
	return do_utimes(t, dfd, path, times ? ts : NULL, 0);
}

long sys_utimes(struct task *t, uaddr_t path, uaddr_t times)
{
	return sys_futimesat(t, AT_FDCWD, path, times);
}

long sys_utime(struct task *t, uaddr_t path, uaddr_t times)
{
	struct time_pair ts[2] = { 0 };
	int64_t sec[2];

	if (times) {
		if (copy_in(sec, times, sizeof(sec)))
			return -EFAULT;
		ts[0].sec = sec[0];
		ts[1].sec = sec[1];
	}
	return do_utimes(t, AT_FDCWD, path, times ? ts : NULL, 0);
}
