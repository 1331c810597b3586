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

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "emul/lib/list.h"
#include "emul/lib/lock.h"
#include "emul/lib/types.h"
#include "emul/task/wait.h"

/* <linux/stat.h> keeps these to itself when a libc has been included. */
#ifndef S_IFMT
#define S_IFMT		00170000
#define S_IFSOCK	0140000
#define S_IFLNK		0120000
#define S_IFREG		0100000
#define S_IFBLK		0060000
#define S_IFDIR		0040000
#define S_IFCHR		0020000
#define S_IFIFO		0010000
#define S_ISUID		0004000
#define S_ISGID		0002000
#define S_ISVTX		0001000
#endif
#ifndef S_ISLNK
#define S_ISLNK(m)	(((m) & S_IFMT) == S_IFLNK)
#define S_ISREG(m)	(((m) & S_IFMT) == S_IFREG)
#define S_ISDIR(m)	(((m) & S_IFMT) == S_IFDIR)
#define S_ISCHR(m)	(((m) & S_IFMT) == S_IFCHR)
#define S_ISBLK(m)	(((m) & S_IFMT) == S_IFBLK)
#define S_ISFIFO(m)	(((m) & S_IFMT) == S_IFIFO)
#define S_ISSOCK(m)	(((m) & S_IFMT) == S_IFSOCK)
#endif

#define NAME_LEN_MAX	255	/* bytes of one name */
#define PATH_LEN_MAX	4096	/* bytes of a path, with its NUL */

struct backing;
struct cred;
struct dentry;
struct file;
struct inode;
struct mount;
struct superblock;
struct task;
struct text;
struct uio;
struct xattr;

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
	bool has_btime, mount_root;
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
	/*
	 * A vma of it came or went; NULL: nothing to do.  When it comes an
	 * mm->lock is held.
	 */
	void (*mapped)(struct file *f, bool come);
	/* Seals keep shared mappings from ever being writable; NULL: none. */
	bool (*write_sealed)(const struct file *f);
	int (*getattr)(struct file *f, struct kstat *st); /* NULL: the inode's */
	/* F_SETFL changed O_APPEND, O_NONBLOCK...; NULL: nothing to do */
	int (*setfl)(struct file *f, unsigned int flags);
	/* fcntl(2) beyond what all files have: F_SETPIPE_SZ... -EINVAL */
	long (*fcntl)(struct file *f, unsigned int cmd, uaddr_t arg);
	/* a descriptor of it was closed, others may be left; NULL: nothing */
	int (*flush)(struct file *f);
	/* the last reference went */
	void (*release)(struct file *f);
	/* What /proc/PID/fdinfo tells beyond the common; NULL: nothing */
	void (*show_fdinfo)(struct file *f, struct text *b);
	/*
	 * f->host_fd, where it is one, may block: who waits for the file
	 * sleeps in the host's poll, and no queue is woken by it.
	 */
	bool polls_host;
	bool seek_stays;	/* lseek(2) does nothing: 0, not -ESPIPE */
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

/*
 * What changes names is called with the lock of the directories held, after
 * all checks; what changes an inode, with that one's lock.
 */
struct inode_ops {
	/*
	 * Find @d->name in @dir: fills @d with d_instantiate() (NULL inode when
	 * it does not exist) and returns 0, or -errno.  dir->lock is held.
	 * NULL: every name that exists is in the cache, pinned.
	 */
	int (*lookup)(struct inode *dir, struct dentry *d);
	/*
	 * Optional: the path walk is going to look up the components of @rest,
	 * of @len bytes, from @dir on; none of the first is known.  The file
	 * system may put what it finds out in one go into the cache with
	 * d_add_found().  No lock is held.
	 */
	void (*prefetch)(struct dentry *dir, const char *rest, size_t len,
			 unsigned int flags);
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
	int (*setattr)(struct inode *i, const struct iattr *a); /* -EPERM */
	/*
	 * f->ops is inode->fops already, f->flags and f->path are set; may
	 * change f->ops and f->priv.  On failure release() is not called.
	 */
	int (*open)(struct inode *i, struct file *f); /* NULL: nothing to do */
	/*
	 * O_TMPFILE: a new regular inode without a name into @d; @linkable: it
	 * may get one.  -EOPNOTSUPP
	 */
	int (*tmpfile)(struct inode *dir, struct dentry *d, mode_t mode,
		       bool linkable);
	void (*evict)(struct inode *i);	/* last reference went */
	/*
	 * Extended attributes: i->xattrs is about to be looked at, and a
	 * change about to be made in it (value NULL: removal); xattr.h.
	 */
	int (*load_xattrs)(struct inode *i);		/* NULL: it has none */
	int (*setxattr)(struct inode *i, const char *name, const void *value,
			size_t size, int flags);	/* NULL: nothing to do */
	/* i->attr_flags are asked for, or about to change; NULL: -ENOTTY. */
	int (*attr_flags)(struct inode *i, bool change);
	/*
	 * Of files that others lock too, all optional.  lock_begin: a lock is
	 * about to be asked for; no lock is held.  lock: make it (F_UNLCK:
	 * give it up) for bytes @start to @end, or flock(2)'s of the whole; 0
	 * or -EAGAIN: somebody else has one.  test_lock: who is in the way of
	 * such a lock?  *@type becomes F_UNLCK: nobody.
	 */
	void (*lock_begin)(struct inode *i);
	int (*lock)(struct inode *i, short type, off_t start, off_t end,
		    bool whole);
	int (*test_lock)(struct inode *i, short *type, off_t *start,
			 off_t *end);
};

#define ATTR_FL_NODUMP	0x40u
#define ATTR_FL_NOATIME	0x80u

struct inode {
	struct ref ref;
	uint32_t mode, uid, gid;	/* with dir lookups read without a lock */
	uint32_t nlink;
	uint32_t n_writers;	/* files open for writing; atomic */
	uint32_t n_shared;	/* shared mappings that may be written; atomic */
	bool linkable;		/* O_TMPFILE: may get its first name */
	bool keeps_atime;	/* it is the kernel's to set: inode_read() */
	uint8_t write_hint;	/* F_SET_RW_HINT: kept and told */
	uint32_t attr_flags;	/* of chattr(1): ATTR_FL_* */
	const struct inode_ops *ops;
	const struct file_ops *fops;
	/* Target of a symbolic link that never changes, or NULL: readlink. */
	const char *link;
	uint32_t link_len;
	struct mutex lock;	/* directory contents, size changes */
	struct superblock *sb;
	uint64_t dev, ino;	/* dev: the host's, where it shows the host's */
	uint64_t size, blocks, rdev;	/* blocks of 512 bytes */
	struct ktime atime, mtime, ctime, btime;
	void *priv;		/* the file system's */
	struct xattr *xattrs;	/* xattr.h */
	void *locks;		/* struct file_locks of flock.c, or NULL */
	void *special;		/* pipe of a fifo, socket's name ... */
	void *watch;		/* struct fsn_inode, or NULL: fsnotify.h */
#ifdef SBX_DEBUG
	uint32_t seen;		/* by leak_report(), in its last pass */
#endif
};

#define D_NAME_INLINE	64
struct dentry {
	/* count; D_CACHED while it is in the hash, where 0 users may leave it */
	struct ref ref;
	uint32_t hash, len;
	uint32_t flags;			/* D_*; dcache_lock protects */
	/* What a lookup reads, short names too, is in one line of the CPU's. */
	struct dentry *hash_next;
	struct dentry *parent;		/* a reference; itself at a root */
	struct inode *inode;		/* a reference; NULL: does not exist */
	char *name;			/* iname or kmalloc'd; with a NUL */
	uint32_t n_mounted;		/* mounts that sit on it */
	uint32_t n_children;
	char iname[D_NAME_INLINE];
	struct dentry **hash_prev;
	struct superblock *sb;
	struct list_head children, sibling;
	struct list_head lru;
	uint64_t cookie;		/* its place in readdir; grows */
};
#define D_CACHED	0x80000000u	/* in ref.count */
#define D_PINNED	1u	/* holds a reference for itself: d_pin() */
#define D_USED		2u	/* looked up since the shrinker came by */
#define D_DELETED	4u	/* its name was removed: " (deleted)" */
#define D_REVALIDATE	8u	/* ask super_ops->revalidate at each lookup */
#define D_ROOT		16u	/* root of a superblock */
#define D_PINS		32u	/* a name in it is pinned, or was */

struct superblock {
	struct ref ref;			/* its mounts, and who made it */
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
	bool create_tells;	/* create is -EEXIST for what is there by now */
	/* Its last mount went, and all of its names: free what is left. */
	void (*put)(struct superblock *sb);
	/*
	 * Optional: @d is to be watched: see to it that the cache keeps it.  A
	 * reference means that the host shall be asked to watch it too.
	 */
	struct dentry *(*watch)(struct dentry *d);
	/* Optional: sync(2), for what lies in more than memory. */
	int (*sync)(struct superblock *sb);
};

#define MNT_RDONLY	0x1u
#define MNT_NOEXEC	0x2u
#define MNT_NODEV	0x4u
#define MNT_NOSUID	0x8u
#define MNT_NOATIME	0x10u
#define MNT_UNBINDABLE	0x20u

/*
 * Its memory is only used again as a mount, so that a walk without references
 * may look at one that went.  dcache_lock protects parent, mountpoint, list
 * and hash.
 */
struct mount {
	struct ref ref;			/* one is the tree's */
	struct mount *parent;		/* NULL at the root, and when detached */
	struct dentry *mountpoint;	/* in the parent */
	struct superblock *sb;
	struct dentry *root;
	uint32_t flags, id;
	uint32_t locked_flags;		/* those that the policy gave */
	bool locked;			/* the policy's: stays where it is */
	bool own_source;		/* kfree() it */
	uint32_t n_writers;		/* files open for writing; atomic */
	const char *source;
	struct list_head link;		/* all mounts, in order */
	struct mount *hash_next;	/* same bucket of mount points */
};

struct file {
	struct ref ref;
	const struct file_ops *ops;
	/* Never NULL.  A reference only when path.dentry is NULL. */
	struct inode *inode;
	struct path path;		/* references, or both NULL */
	uint32_t flags;			/* O_*: access mode and status */
	uint32_t mode;			/* FMODE_* */
	struct mutex pos_lock;
	off_t pos;
	void *priv;			/* the file type's */
	int host_fd;			/* host descriptor or -1 */
	uint32_t host_ready;		/* EPOLL* beyond what it tells */
	uint32_t host_edges;		/* so many of the host's were seen */
	uint32_t host_drained;		/* all was read after this many */
	bool host_ended;		/* an edge told of its end */
	const char *kind;	/* without a path: "pipe", "[eventfd]" ... */
	struct dentry *cursor;		/* of readdir; a reference */
	void *watchers;			/* epoll's */
	int owner, owner_type, owner_sig;	/* F_SETOWN, F_SETSIG */
};
#define FMODE_READ	1u
#define FMODE_WRITE	2u
#define FMODE_PATH	4u	/* O_PATH */
#define FMODE_SEEK	8u	/* has a position */
#define FMODE_WRITER	16u	/* counted in inode->n_writers */
#define FMODE_HOST_POS	32u	/* the position is the host's: see stdio.c */

/* uio.c */
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
	size_t spare;		/* bytes before kbuf that may be overwritten */
	bool nonblock;		/* RWF_NOWAIT, or the file's O_NONBLOCK */
	bool append;		/* RWF_APPEND, or the file's O_APPEND */
};
ssize_t uio_write(struct uio *u, const void *src, size_t n); /* to the guest */
ssize_t uio_read(struct uio *u, void *dst, size_t n);	/* from the guest */
ssize_t uio_zero(struct uio *u, size_t n);
/* One buffer of kernel memory. */
void uio_kernel(struct uio *u, void *buf, size_t n);
/* One buffer of the guest, described by *@v. -EFAULT if out of its range. */
int uio_guest(struct uio *u, struct uvec *v, uaddr_t base, size_t n);
/*
 * The next piece in one run of addresses: its address into *@p (a guest's, or
 * kernel memory's), its length is returned; 0 at the end.  uio_advance()
 * says how much of it was used.
 */
size_t uio_piece(const struct uio *u, void **p);
void uio_advance(struct uio *u, size_t n);
/*
 * An iovec array of the guest.  @fast of 8 entries is used where it suffices;
 * else memory that uio_free() gives back.  -EFAULT, -EINVAL, -ENOMEM.
 */
#define UIO_FAST	8
int uio_import(struct uio *u, struct uvec *fast, uaddr_t vec, uint64_t n);
void uio_free(struct uio *u, const struct uvec *fast, const struct uvec *vec);

/* inode.c */
/* Wall time as inodes stamp it (the coarse clock). */
struct ktime ktime_now(void);
static inline bool ktime_before(struct ktime a, struct ktime b)
{
	return a.sec < b.sec || (a.sec == b.sec && a.nsec < b.nsec);
}
/*
 * A new inode: one reference, a number of its own, nlink 1, owner of the
 * calling task, all times now, no operations.  NULL: no memory.
 */
struct inode *inode_new(struct superblock *sb) __must_check;
void inode_get(struct inode *i);
void inode_put(struct inode *i);
/* A superblock with a device number of its own; one reference. */
struct superblock *sb_new(const char *type, uint64_t magic,
			  const struct super_ops *ops) __must_check;
/* One that is made when it is wanted first, and stays; LOCK_CLASS LOCK_ONCE. */
struct sb_once {
	struct mutex lock;
	struct superblock *sb;
};
/* It; NULL: no memory.  No reference is taken. */
struct superblock *sb_once(struct sb_once *o, const char *type, uint64_t magic)
	__must_check;
/* It was read, below @m, of a file with O_* @flags: relatime of mount(8). */
void inode_read(struct inode *i, const struct mount *m, unsigned int flags);
/* stat's view of an inode, by its getattr or from its fields. */
int inode_getattr(struct inode *i, struct kstat *st);
void inode_fill_stat(const struct inode *i, struct kstat *st);
/* Set what @a says in the inode's fields; ctime becomes now. */
void inode_set_attr(struct inode *i, const struct iattr *a);

/* dentry.c */
/*
 * A dentry with one reference, not in the hash, that does not exist yet.
 * @name is copied; takes a reference to @parent.  NULL: no memory.
 */
struct dentry *d_alloc(struct dentry *parent, const char *name, size_t len)
	__must_check;
/* The root of @sb over @i, whose reference it takes; one reference. */
struct dentry *d_alloc_root(struct superblock *sb, struct inode *i)
	__must_check;
/* Give a dentry its inode and take over the reference; NULL: none exists. */
void d_instantiate(struct dentry *d, struct inode *i);
/* Put it in the hash, to be found by lookups. */
void d_hash_add(struct dentry *d);
/* Take it out of the hash: lookups ask the file system again. */
void d_drop(struct dentry *d);
/* Keep it in memory (file systems whose names live in the cache alone). */
void d_pin(struct dentry *d);
void d_unpin(struct dentry *d);
/* Flags change under dcache_lock alone. */
void d_set_flags(struct dentry *d, uint32_t flags);
/*
 * Its name is gone; if nobody else uses it and @keep, it becomes a negative
 * one: where it is known without what names are not there, they would only
 * be in the way of who reads the directory.
 */
void d_delete(struct dentry *d, bool keep);
/* Move @d to the name and parent of @to, which is dropped; or exchange. */
void d_move(struct dentry *d, struct dentry *to, bool exchange);
/*
 * What a file system found out on the way: the cached dentry of that name, or
 * a new one in the hash with @i (its reference is taken over in any case;
 * NULL: does not exist).  A reference is returned, or NULL.
 */
struct dentry *d_add_found(struct dentry *parent, const char *name, size_t len,
			   struct inode *i) __must_check;
/* The cached dentry of a name with a reference, or NULL when not cached. */
struct dentry *d_lookup(struct dentry *parent, const char *name, size_t len)
	__must_check;
void dput(struct dentry *d);
static inline struct dentry *dget(struct dentry *d)
{
	ref_get(&d->ref);
	return d;
}
static inline bool d_unhashed(const struct dentry *d)
{
	return !(load_once(&d->ref.count) & D_CACHED);
}

/* mount.c */
/*
 * Mount @root of its superblock on @on (NULL: the first mount).  Takes a
 * reference to all; @source is kept as it is.  err_ptr() on failure.
 */
struct mount *mount_add(const struct path *on, struct dentry *root,
			uint32_t flags, const char *source) __must_check;
/* The same without a place, which mount_attach() gives it. NULL: no memory. */
struct mount *mount_new(struct dentry *root, uint32_t flags,
			const char *source) __must_check;
void mount_put(struct mount *m);
void sb_put(struct superblock *sb);
static inline void path_get(const struct path *p)
{
	ref_get(&p->mnt->ref);
	ref_get(&p->dentry->ref);
}
void path_put(const struct path *p);
/*
 * The absolute name of a path below @root as d_path(9) makes it, with
 * " (deleted)" where it applies, put at the end of @buf.  Its start, or
 * err_ptr(-ENAMETOOLONG).
 */
char *path_name(const struct path *p, const struct path *root, char *buf,
		size_t size) __must_check;
/* What of its file system @m shows, as path_name(): mountinfo's root. */
char *mount_root_name(const struct mount *m, char *buf, size_t size)
	__must_check;
/* Is @m below the directory @root, or is it what that lies in? */
bool mount_is_reachable(struct mount *m, const struct path *root);
/* Call @fn for each mount in order, until it returns false; it is held. */
void mounts_each(bool (*fn)(struct mount *m, void *arg), void *arg);

/* file.c */
/*
 * Open what @p names, whose references it takes over on success.  @flags are
 * O_* of open(2), permissions are not checked.  err_ptr() on failure.
 */
struct file *file_open_path(const struct path *p, unsigned int flags)
	__must_check;
/*
 * A file without a name: @i's reference is taken over; @kind is what
 * /proc/self/fd shows: "pipe" and "socket" as pipe:[ino], others as
 * anon_inode:KIND.  FMODE_* follow from @flags; not seekable.  NULL: no
 * memory, then the inode is put.
 */
struct file *file_new(struct inode *i, const struct file_ops *ops,
		      unsigned int flags, const char *kind, void *priv)
	__must_check;
/* As file_new with the inode that eventfd, epoll and their like share. */
struct file *file_new_anon(const struct file_ops *ops, unsigned int flags,
			   const char *kind, void *priv) __must_check;
void file_put(struct file *f);
static inline void file_get(struct file *f)
{
	ref_get(&f->ref);
}
/* Kernel's own reads and writes at an offset. Bytes or -errno. */
ssize_t file_kread(struct file *f, void *buf, size_t n, off_t pos);
ssize_t file_kwrite(struct file *f, const void *buf, size_t n, off_t pos);
int file_getattr(struct file *f, struct kstat *st);
/*
 * RLIMIT_FSIZE of the caller for a write of @n at @pos: how many bytes are
 * allowed, or -EFBIG after SIGXFSZ was sent.
 */
ssize_t file_size_limit(off_t pos, size_t n);
/* The same for a call that makes a file of @now bytes @size: 0 or -EFBIG. */
int file_grow_limit(uint64_t now, uint64_t size);
/* lseek of what has a size. */
off_t generic_lseek(struct file *f, off_t off, int whence);
/* lseek with a size given, and of files for which any position will do. */
off_t lseek_sized(struct file *f, off_t off, int whence, uint64_t size);
/* lseek of what has no end to start from: directories, texts of /proc. */
off_t lseek_endless(struct file *f, off_t off, int whence);
/* EPOLL* bits ready now; @w as in file_ops. */
uint32_t file_poll(struct file *f, struct waiter *w);

/* libfs.c: trees whose nodes the kernel makes by itself (dev, parts of proc) */
/* A superblock with a root directory of that mode; root's dentry is pinned. */
struct superblock *simple_super(const char *type, uint64_t magic,
				const struct super_ops *ops, mode_t mode)
	__must_check;
/*
 * A node below @dir: S_IF* and permissions in @mode.  A directory gets the
 * simple operations where @ops or @fops are NULL.  Borrowed: the tree keeps
 * it.  err_ptr() on failure.
 */
struct dentry *simple_add(struct dentry *dir, const char *name, mode_t mode,
			  const struct inode_ops *ops,
			  const struct file_ops *fops, void *priv);
/* @target is kept as it is. */
struct dentry *simple_symlink(struct dentry *dir, const char *name,
			      const char *target);
/* Directories whose names are all in the cache. */
extern const struct inode_ops simple_dir_iops __hidden;
extern const struct file_ops simple_dir_fops __hidden;
int simple_readdir(struct file *f, struct dir_ctx *ctx);
/* Emit "." and ".." as positions 0 and 1; false when it is full. */
bool dir_emit_dots(struct file *f, struct dir_ctx *ctx);
int simple_statfs(struct superblock *sb, struct kstatfs *st);

/*
 * What is opened when a fifo or a device node is, wherever its name lies;
 * emul/ipc/pipe.c and emul/fs/dev.c have them.  As inode_ops->open.
 */
int fifo_open(struct inode *i, struct file *f);
int chrdev_open(struct inode *i, struct file *f);

#endif
