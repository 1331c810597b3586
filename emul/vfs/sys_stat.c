/* SPDX-License-Identifier: Apache-2.0 */
/* sys_stat.c: stat(2), statx(2), statfs(2), access(2), readlink(2). */
#include <linux/capability.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/sysproto.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/namei.h"

/* struct stat of x86-64. */
struct guest_stat {
	uint64_t dev, ino, nlink;
	uint32_t mode, uid, gid, pad0;
	uint64_t rdev;
	int64_t size, blksize, blocks;
	int64_t atime, atime_ns, mtime, mtime_ns, ctime, ctime_ns;
	int64_t unused[3];
};
_Static_assert(sizeof(struct guest_stat) == 144, "struct stat");

struct guest_statx_time {
	int64_t sec;
	uint32_t nsec;
	int32_t zero;
};

#define ATTR_MOUNT_ROOT	0x2000u		/* STATX_ATTR_MOUNT_ROOT */

/* struct statx. */
struct guest_statx {
	uint32_t mask, blksize;
	uint64_t attributes;
	uint32_t nlink, uid, gid;
	uint16_t mode, zero0;
	uint64_t ino, size, blocks, attributes_mask;
	struct guest_statx_time atime, btime, ctime, mtime;
	uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
	uint64_t mnt_id;
	uint64_t zero1[13];
};
_Static_assert(sizeof(struct guest_statx) == 256, "struct statx");

/* struct statfs of x86-64. */
struct guest_statfs {
	int64_t type, bsize;
	uint64_t blocks, bfree, bavail, files, ffree;
	uint64_t fsid;
	int64_t namelen, frsize, flags;
	int64_t zero[4];
};
_Static_assert(sizeof(struct guest_statfs) == 120, "struct statfs");

/* Device numbers are kept as the calls give them: MMMmmmmMMMmm. */
static unsigned int dev_major(uint64_t dev)
{
	return (unsigned int)((dev >> 8 & 0xfff) | (dev >> 32 & ~0xfffu));
}

static unsigned int dev_minor(uint64_t dev)
{
	return (unsigned int)((dev & 0xff) | (dev >> 12 & ~0xffu));
}

static int stat_out(uaddr_t buf, const struct kstat *st)
{
	struct guest_stat g;

	g.dev = st->dev;
	g.ino = st->ino;
	g.nlink = st->nlink;
	g.mode = st->mode;
	g.uid = st->uid;
	g.gid = st->gid;
	g.pad0 = 0;
	g.rdev = st->rdev;
	g.size = (int64_t)st->size;
	g.blksize = st->blksize;
	g.blocks = (int64_t)st->blocks;
	g.atime = st->atime.sec;
	g.atime_ns = st->atime.nsec;
	g.mtime = st->mtime.sec;
	g.mtime_ns = st->mtime.nsec;
	g.ctime = st->ctime.sec;
	g.ctime_ns = st->ctime.nsec;
	g.unused[0] = g.unused[1] = g.unused[2] = 0;
	return put_user(buf, &g);
}

static int path_getattr(const struct path *p, struct kstat *st)
{
	int err = inode_getattr(p->dentry->inode, st);

	st->mnt_id = p->mnt->id;
	st->mount_root = p->dentry == p->mnt->root;
	return err;
}

static int stat_fd(struct task *t, int fd, struct kstat *st)
{
	struct fd f = fdget_raw(t, fd);
	int err;

	if (unlikely(!f.file))
		return -EBADF;
	err = file_getattr(f.file, st);
	fdput(f);
	return err;
}

/* AT_EMPTY_PATH and an empty path: the descriptor itself. */
static bool is_empty(uaddr_t path, int *err)
{
	char c;

	*err = 0;
	if (!path)		/* allowed since 6.11 */
		return true;
	if (get_user(&c, path))
		*err = -EFAULT;
	return !*err && !c;
}

static int stat_at(struct task *t, int dfd, uaddr_t path, int flags,
		   struct kstat *st)
{
	struct path p;
	int err;

	if ((flags & AT_EMPTY_PATH) && dfd >= 0) {
		if (is_empty(path, &err))
			return stat_fd(t, dfd, st);
		if (err)
			return err;
	}
	err = path_lookup(t, dfd, path, lookup_flags(flags, LOOKUP_FOLLOW),
			  &p);
	if (err)
		return err;
	err = path_getattr(&p, st);
	path_put(&p);
	return err;
}

long sys_newfstatat(struct task *t, int dfd, uaddr_t path, uaddr_t statbuf,
		    int flags)
{
	struct kstat st;
	int err;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
		return -EINVAL;
	err = stat_at(t, dfd, path, flags, &st);
	return err ? err : stat_out(statbuf, &st);
}

long sys_stat(struct task *t, uaddr_t path, uaddr_t statbuf)
{
	return sys_newfstatat(t, AT_FDCWD, path, statbuf, 0);
}

long sys_lstat(struct task *t, uaddr_t path, uaddr_t statbuf)
{
	return sys_newfstatat(t, AT_FDCWD, path, statbuf, AT_SYMLINK_NOFOLLOW);
}

long sys_fstat(struct task *t, int fd, uaddr_t statbuf)
{
	struct kstat st;
	int err = stat_fd(t, fd, &st);

	return err ? err : stat_out(statbuf, &st);
}

static struct guest_statx_time statx_time(struct ktime k)
{
	return (struct guest_statx_time){ .sec = k.sec, .nsec = k.nsec };
}

long sys_statx(struct task *t, int dfd, uaddr_t path, int flags,
	       unsigned int mask, uaddr_t buf)
{
	struct guest_statx g;
	struct kstat st;
	int err;

	if (mask & 0x80000000u)		/* STATX__RESERVED */
		return -EINVAL;
	if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH |
		       AT_STATX_SYNC_TYPE)) ||
	    (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	err = stat_at(t, dfd, path, flags & ~AT_STATX_SYNC_TYPE, &st);
	if (err)
		return err;
	memset(&g, 0, sizeof(g));
	g.mask = STATX_BASIC_STATS | STATX_MNT_ID;
	g.blksize = st.blksize;
	g.nlink = (uint32_t)st.nlink;
	g.uid = st.uid;
	g.gid = st.gid;
	g.mode = (uint16_t)st.mode;
	g.ino = st.ino;
	g.size = st.size;
	g.blocks = st.blocks;
	g.atime = statx_time(st.atime);
	g.mtime = statx_time(st.mtime);
	g.ctime = statx_time(st.ctime);
	if (st.has_btime && (mask & STATX_BTIME)) {
		g.mask |= STATX_BTIME;
		g.btime = statx_time(st.btime);
	}
	g.rdev_major = dev_major(st.rdev);
	g.rdev_minor = dev_minor(st.rdev);
	g.dev_major = dev_major(st.dev);
	g.dev_minor = dev_minor(st.dev);
	g.mnt_id = st.mnt_id;
	g.attributes_mask = ATTR_MOUNT_ROOT;
	if (st.mount_root)
		g.attributes = ATTR_MOUNT_ROOT;
	return put_user(buf, &g);
}

static int statfs_out(uaddr_t buf, struct superblock *sb,
		      const struct mount *m)
{
	struct guest_statfs g = { 0 };
	struct kstatfs k = { 0 };
	int err;

	err = sb->ops && sb->ops->statfs ? sb->ops->statfs(sb, &k) :
		simple_statfs(sb, &k);
	if (err)
		return err;
	g.type = (int64_t)k.type;
	g.bsize = (int64_t)k.bsize;
	g.blocks = k.blocks;
	g.bfree = k.bfree;
	g.bavail = k.bavail;
	g.files = k.files;
	g.ffree = k.ffree;
	g.fsid = sb->dev * NSEC_PER_SEC;
	g.namelen = (int64_t)k.namelen;
	g.frsize = (int64_t)k.bsize;
	g.flags = 0x20 | 0x1000;	/* ST_VALID, ST_RELATIME */
	if (m) {
		if (m->flags & MNT_RDONLY)
			g.flags |= 1;
		if (m->flags & MNT_NOSUID)
			g.flags |= 2;
		if (m->flags & MNT_NODEV)
			g.flags |= 4;
		if (m->flags & MNT_NOEXEC)
			g.flags |= 8;
	}
	return put_user(buf, &g);
}

long sys_statfs(struct task *t, uaddr_t path, uaddr_t buf)
{
	struct path p;
	int err = path_lookup(t, AT_FDCWD, path, LOOKUP_FOLLOW, &p);

	if (err)
		return err;
	err = statfs_out(buf, p.dentry->sb, p.mnt);
	path_put(&p);
	return err;
}

long sys_fstatfs(struct task *t, int fd, uaddr_t buf)
{
	struct fd f = fdget_raw(t, fd);
	int err = -ENOSYS;

	if (!f.file)
		return -EBADF;
	if (f.file->inode->sb)
		err = statfs_out(buf, f.file->inode->sb, f.file->path.mnt);
	fdput(f);
	return err;
}

/* access(2) asks with the real ids, and root's capabilities only for root. */
static void real_cred(const struct cred *c, struct cred *out)
{
	*out = *c;
	out->fsuid = c->uid;
	out->fsgid = c->gid;
	if (c->uid)
		out->cap_effective = 0;
	else
		out->cap_effective = c->cap_permitted;
}

long sys_faccessat2(struct task *t, int dfd, uaddr_t path, int mode,
		    int flags)
{
	const struct cred *saved = t->cred;
	struct cred real;
	struct inode *i;
	struct path p;
	struct fd f;
	int err;

	if (mode & ~7)
		return -EINVAL;
	if (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (!(flags & AT_EACCESS) &&
	    (saved->uid != saved->fsuid || saved->gid != saved->fsgid ||
	     (saved->uid ? saved->cap_effective :
	      saved->cap_effective ^ saved->cap_permitted))) {
		real_cred(saved, &real);
		t->cred = &real;	/* private to this thread */
	}
	f = fdget_unnamed(t, dfd, path, flags);
	if (f.file) {
		err = mode && f.file->inode->sb ?
			inode_permission(t->cred, f.file->inode,
					 (unsigned int)mode) : 0;
		fdput(f);
		goto out;
	}
	err = path_lookup(t, dfd, path,
			  lookup_flags(flags & ~AT_EACCESS, LOOKUP_FOLLOW),
			  &p);
	if (err)
		goto out;
	i = p.dentry->inode;
	if ((mode & MAY_EXEC) && S_ISREG(i->mode) &&
	    (p.mnt->flags & MNT_NOEXEC))
		err = -EACCES;
	if (!err && mode)
		err = inode_permission(t->cred, i, (unsigned int)mode);
	if (!err && (mode & MAY_WRITE) && (p.mnt->flags & MNT_RDONLY) &&
	    (S_ISREG(i->mode) || S_ISDIR(i->mode) || S_ISLNK(i->mode)))
		err = -EROFS;
	path_put(&p);
out:
	t->cred = (struct cred *)(uintptr_t)saved;
	return err;
}

long sys_faccessat(struct task *t, int dfd, uaddr_t path, int mode)
{
	return sys_faccessat2(t, dfd, path, mode, 0);
}

long sys_access(struct task *t, uaddr_t path, int mode)
{
	return sys_faccessat2(t, AT_FDCWD, path, mode, 0);
}

static long readlink_out(struct inode *i, uaddr_t buf, size_t size)
{
	const char *text = i->link;
	char *tmp = NULL;
	ssize_t n;

	if (text) {
		n = i->link_len;
	} else if (i->ops->readlink) {
		tmp = kmalloc(PATH_LEN_MAX);
		if (!tmp)
			return -ENOMEM;
		n = i->ops->readlink(i, tmp, PATH_LEN_MAX);
		text = tmp;
	} else {
		return -EINVAL;
	}
	if (n >= 0) {
		n = MIN(n, (ssize_t)size);
		if (copy_out(buf, text, (size_t)n))
			n = -EFAULT;
	}
	kfree(tmp);
	return n;
}

long sys_readlinkat(struct task *t, int dfd, uaddr_t path, uaddr_t buf,
		    int bufsiz)
{
	struct path p;
	struct inode *i;
	long n;
	int err;

	if (bufsiz <= 0)
		return -EINVAL;
	err = path_lookup(t, dfd, path, LOOKUP_EMPTY, &p);
	if (err)
		return err;
	i = p.dentry->inode;
	if (S_ISLNK(i->mode)) {
		n = readlink_out(i, buf, (size_t)bufsiz);
		if (n >= 0)
			inode_read(i, p.mnt, 0);
	} else {
		char c;

		/* An empty path has to be one of a link: ENOENT, not EINVAL */
		n = get_user(&c, path) || c ? -EINVAL : -ENOENT;
	}
	path_put(&p);
	return n;
}

long sys_readlink(struct task *t, uaddr_t path, uaddr_t buf, int bufsiz)
{
	return sys_readlinkat(t, AT_FDCWD, path, buf, bufsiz);
}
