/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs.h: files, inodes, dentries, mounts, and the operations of their types.
 *
 * A descriptor number names a struct file in a struct files (fdtable.h); a
 * file is one open(2); its inode is what it opened; dentries cache names,
 * also those that do not exist.  File types and file systems implement the
 * operation tables; a missing operation means the errno said beside it.
 */
#ifndef SBX_VFS_VFS_H
#define SBX_VFS_VFS_H

#include "emul/lib/list.h"
#include "emul/lib/lock.h"
#include "emul/lib/types.h"
#include "emul/task/wait.h"

struct backing;
struct dentry;
struct file;
struct inode;
struct mount;
struct superblock;
struct task;
struct uio;

struct ktime {
	int64_t sec;
	uint32_t nsec;
};

/* What stat and statx tell of an inode. */
struct kstat {
	uint64_t ino, dev, rdev, nlink, size, blocks;
	uint32_t mode, uid, gid, blksize;
	struct ktime atime, mtime, ctime, btime;
	uint64_t mnt_id;
	bool has_btime;
};

/* Changes asked of setattr: @valid says which fields count. */
#define ATTR_MODE	0x1u
#define ATTR_UID	0x2u
#define ATTR_GID	0x4u
#define ATTR_SIZE	0x8u
#define ATTR_ATIME	0x10u
#define ATTR_MTIME	0x20u
struct iattr {
	uint32_t valid, mode, uid, gid;
	uint64_t size;
	struct ktime atime, mtime;
};

struct path {
	struct mount *mnt;
	struct dentry *dentry;
};

/* One directory entry given to getdents; returns false when it is full. */
struct dir_ctx {
	bool (*emit)(struct dir_ctx *ctx, const char *name, size_t len,
		     uint64_t ino, unsigned int type, off_t next);
	off_t pos;
};

struct file_ops {
	/*
	 * Read or write at *@pos, which they advance; files that cannot seek
	 * ignore it.  Bytes moved or -errno; NULL: -EINVAL.
	 */
	ssize_t (*read)(struct file *f, struct uio *u, off_t *pos);
	ssize_t (*write)(struct file *f, struct uio *u, off_t *pos);
	/* NULL: the generic one over inode->size; -ESPIPE where not seekable */
	off_t (*lseek)(struct file *f, off_t off, int whence);
	int (*readdir)(struct file *f, struct dir_ctx *ctx); /* -ENOTDIR */
	/*
	 * EPOLL* bits ready now.  With @w: also put it on the queues that will
	 * be woken when they change.  NULL: always readable and writable.
	 */
	uint32_t (*poll)(struct file *f, struct waiter *w);
	long (*ioctl)(struct file *f, unsigned int cmd, uaddr_t arg); /* -ENOTTY */
	int (*fsync)(struct file *f, bool data_only);		/* -EINVAL */
	long (*fallocate)(struct file *f, int mode, off_t off, off_t len);
	/* What the host maps for it: see struct backing. -ENODEV */
	int (*mmap)(struct file *f, off_t off, size_t len, int prot, int flags,
		    struct backing *b);
	int (*getattr)(struct file *f, struct kstat *st); /* NULL: the inode's */
	/* F_SETFL changed O_APPEND, O_NONBLOCK...; NULL: nothing to do */
	int (*setfl)(struct file *f, unsigned int flags);
	/* the last reference went */
	void (*release)(struct file *f);
};

/*
 * How a mapping of a file is made in the host: the descriptor and offset to
 * mmap there; fd -1: anonymous zeroes (/dev/zero).
 */
struct backing {
	int fd;
	off_t off;
	/*
	 * Bytes from off that fd backs in one piece; a mapping longer than
	 * this calls mmap again for the rest (extents of tmpfs files).
	 */
	size_t len;
};

struct inode_ops {
	/*
	 * Find @name in @dir: fills @d with d_instantiate() (NULL inode when it
	 * does not exist) and returns 0, or -errno.  dir->lock is held.
	 */
	int (*lookup)(struct inode *dir, struct dentry *d);
	int (*create)(struct inode *dir, struct dentry *d, mode_t mode);
	int (*mkdir)(struct inode *dir, struct dentry *d, mode_t mode);
	int (*mknod)(struct inode *dir, struct dentry *d, mode_t mode, dev_t dev);
	int (*symlink)(struct inode *dir, struct dentry *d, const char *to);
	int (*link)(struct inode *dir, struct dentry *d, struct inode *to);
	int (*unlink)(struct inode *dir, struct dentry *d);
	int (*rmdir)(struct inode *dir, struct dentry *d);
	int (*rename)(struct inode *od, struct dentry *o, struct inode *nd,
		      struct dentry *n, unsigned int flags);
	/* Target into @buf, its length or -errno. */
	ssize_t (*readlink)(struct inode *i, char *buf, size_t size);
	/* Magic links of /proc: the place itself; takes references. */
	int (*follow)(struct inode *i, struct path *out);
	int (*getattr)(struct inode *i, struct kstat *st); /* NULL: generic */
	int (*setattr)(struct inode *i, const struct iattr *a); /* -EROFS/-EPERM */
	int (*open)(struct inode *i, struct file *f); /* NULL: inode->fops */
	void (*evict)(struct inode *i);	/* last reference went */
};

struct inode {
	struct ref ref;
	struct superblock *sb;
	const struct inode_ops *ops;
	const struct file_ops *fops;
	struct mutex lock;	/* directory contents, size changes */
	uint64_t ino;
	uint32_t mode, uid, gid;
	uint32_t nlink;
	uint64_t size, blocks, rdev;
	struct ktime atime, mtime, ctime, btime;
	void *priv;		/* the file system's */
};

struct dentry {
	struct ref ref;
	struct dentry *parent;		/* a reference; itself at a root */
	struct inode *inode;		/* a reference; NULL: does not exist */
	struct superblock *sb;
	struct list_head hash_link;	/* bucket lock protects */
	struct list_head children, sibling;
	uint32_t hash, len;
	uint32_t flags;
	uint32_t n_mounted;		/* mounts that sit on it */
	char *name;			/* inside the same allocation, or kmalloc */
};

struct superblock {
	struct ref ref;
	const char *type;		/* "tmpfs", "proc" ... for /proc/mounts */
	uint64_t dev;			/* st_dev of its inodes */
	uint64_t magic;			/* statfs f_type */
	struct dentry *root;
	const struct super_ops *ops;
	void *priv;
};

struct kstatfs {
	uint64_t type, bsize, blocks, bfree, bavail, files, ffree, namelen, flags;
};

struct super_ops {
	int (*statfs)(struct superblock *sb, struct kstatfs *st);
	/*
	 * Optional: does the cached @d still hold?  For file systems that
	 * others change underneath (writable binds of the host).
	 */
	bool (*revalidate)(struct dentry *d);
};

#define MNT_RDONLY	0x1u
#define MNT_NOEXEC	0x2u
#define MNT_NODEV	0x4u
#define MNT_NOSUID	0x8u

struct mount {
	struct ref ref;
	struct mount *parent;		/* NULL at the root */
	struct dentry *mountpoint;	/* in the parent */
	struct superblock *sb;
	struct dentry *root;
	uint32_t flags, id;
	const char *source;
	struct list_head link;
};

struct file {
	struct ref ref;
	const struct file_ops *ops;
	struct inode *inode;		/* a reference; never NULL */
	struct path path;		/* references */
	uint32_t flags;			/* O_*: access mode and status */
	uint32_t mode;			/* FMODE_* */
	struct mutex pos_lock;
	off_t pos;
	void *priv;			/* the file type's */
	int host_fd;			/* host descriptor or -1 */
};
#define FMODE_READ	1u
#define FMODE_WRITE	2u
#define FMODE_PATH	4u	/* O_PATH */
#define FMODE_SEEK	8u	/* has a position */

/*
 * Where bytes go to or come from: guest buffers, or kernel memory when @kbuf
 * is set.  The copy functions advance it; they return bytes copied, which is
 * short only when a fault or the end came (-EFAULT if nothing was copied).
 */
struct uvec {
	uaddr_t base;
	size_t len;
};
struct uio {
	const struct uvec *vec;	/* copied in and checked already */
	unsigned int n_vec;
	size_t skip;		/* bytes used up of vec[0] */
	size_t left;		/* bytes left in all */
	char *kbuf;		/* kernel memory in place of vec */
	bool nonblock;		/* RWF_NOWAIT, or the file's O_NONBLOCK */
};
ssize_t uio_write(struct uio *u, const void *src, size_t n); /* to the guest */
ssize_t uio_read(struct uio *u, void *dst, size_t n);	/* from the guest */
ssize_t uio_zero(struct uio *u, size_t n);

#endif
