/* SPDX-License-Identifier: Apache-2.0 */
/*
 * namei.h: from names to places; path_resolution(7).
 *
 * A walk first runs over the cache without taking a lock or a reference, and
 * is good if dcache_seq stands still meanwhile; where something is not cached
 * it goes on with references, step by step.
 */
#ifndef SBX_VFS_NAMEI_H
#define SBX_VFS_NAMEI_H

#include "emul/task/task.h"
#include "emul/vfs/vfs.h"

#define LOOKUP_FOLLOW		0x1u	/* the last component, if a link */
#define LOOKUP_DIRECTORY	0x2u	/* must be a directory */
#define LOOKUP_EMPTY		0x4u	/* an empty path is the start itself */
#define LOOKUP_PARENT		0x8u	/* stop before the last component */
#define LOOKUP_OPEN		0x10u	/* a file may be opened: prefetch it */
/* openat2(2) */
#define LOOKUP_NO_SYMLINKS	0x100u
#define LOOKUP_NO_MAGIC		0x200u
#define LOOKUP_NO_XDEV		0x400u
#define LOOKUP_BENEATH		0x800u
#define LOOKUP_IN_ROOT		0x1000u
#define LOOKUP_CACHED		0x2000u

/* A pathname copied in; on the kernel stack, so used one or two at a time. */
struct pathname {
	uint32_t len;
	char s[PATH_LEN_MAX + 8];	/* zeroes behind the NUL: words are read */
};

/* -EFAULT, -ENAMETOOLONG, -ENOENT when empty and not LOOKUP_EMPTY. */
int path_copy_in(struct pathname *n, uaddr_t name, unsigned int flags)
	__must_check;

/* What the last component is, for LOOKUP_PARENT. */
enum last_type {
	LAST_NORM,
	LAST_DOT,
	LAST_DOTDOT,
	LAST_ROOT,		/* the path was "/" */
};
struct last {
	enum last_type type;
	uint32_t len, hash;
	const char *name;	/* inside of *buf or of the pathname */
	bool slash;		/* something/ */
	char *buf;		/* kfree() it; NULL mostly */
};

/*
 * @name from the directory @dfd (AT_FDCWD, a descriptor) on.  *@out gets
 * references.  With LOOKUP_PARENT it is the parent and *@last is filled,
 * whose buf the caller frees.
 */
int path_lookup_k(struct task *t, int dfd, const char *name, size_t len,
		  unsigned int flags, struct path *out, struct last *last)
	__must_check;
/* As above, for a name in guest memory and AT_* flags of the *at() calls. */
int path_lookup(struct task *t, int dfd, uaddr_t name, unsigned int flags,
		struct path *out) __must_check;
/* AT_SYMLINK_*, AT_EMPTY_PATH into LOOKUP_*; @dflt is what no flag means. */
unsigned int lookup_flags(int at_flags, unsigned int dflt);

/*
 * The dentry @last names in the directory @dir, looked up when not cached,
 * with a reference; err_ptr().  dir's inode->lock is held.
 */
struct dentry *lookup_one(struct dentry *dir, const char *name, size_t len,
			  uint32_t hash) __must_check;
/* The same for kernel users: takes the lock itself. */
struct dentry *lookup_child(struct dentry *dir, const char *name, size_t len)
	__must_check;

/* open(2) for kernel users: permissions are checked for @t. err_ptr(). */
struct file *vfs_open(struct task *t, int dfd, const char *name,
		      unsigned int flags, mode_t mode) __must_check;
struct file *vfs_openat(struct task *t, int dfd, const struct pathname *n,
			unsigned int flags, mode_t mode, unsigned int lookup)
	__must_check;

/* unlink(2) of @name in @dir for kernel users: rights of @t are checked. */
int vfs_unlink(struct task *t, struct path *dir, const char *name, size_t len);

/*
 * mknod(2) of a fifo or a socket for kernel users: rights of @t are checked,
 * @mode is taken as it is.  *@out gets references.
 */
int vfs_mknod(struct task *t, const char *name, mode_t mode, struct path *out)
	__must_check;

/* attr.c: chmod, chown, utimes, truncate with all that Linux checks. */
int path_setattr(struct task *t, const struct path *p, struct iattr *a,
		 bool checked);
int path_truncate(struct task *t, const struct path *p, uint64_t size,
		  bool checked);

/* perm.c */
#define MAY_EXEC	1u
#define MAY_WRITE	2u
#define MAY_READ	4u
/* -EACCES unless @c may do all of @mask to @i. */
int inode_permission(const struct cred *c, const struct inode *i,
		     unsigned int mask);
bool cred_capable(const struct cred *c, unsigned int cap);
/* Owner of the file, or CAP_FOWNER. */
bool cred_owns(const struct cred *c, const struct inode *i);

#endif
