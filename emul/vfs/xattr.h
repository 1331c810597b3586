/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xattr.h: extended attributes; xattr(7).
 *
 * They are a list in the inode, of which its lock protects all.  A file system
 * that keeps them elsewhere too fills the list by inode_ops->load_xattrs
 * before it is looked at, and hears of changes by inode_ops->setxattr.
 */
#ifndef SBX_VFS_XATTR_H
#define SBX_VFS_XATTR_H

#include "emul/vfs/vfs.h"

#define XATTR_NAME_LEN	255	/* bytes of a name */
#define XATTR_VALUE_MAX	65536	/* bytes of a value */
#define XATTR_NAMES_MAX	65536	/* bytes of all names of a file, as listed */

#define XATTR_CREATE_	1	/* only if there is none: -EEXIST */
#define XATTR_REPLACE_	2	/* only if there is one: -ENODATA */

struct xattr {
	struct xattr *next;
	uint32_t name_len;	/* without the NUL */
	uint32_t size;		/* of the value */
	char name[];		/* with a NUL; then the value */
};

/* For load_xattrs where the list is all there is. */
int xattrs_in_memory(struct inode *i);

/* The value into @buf, its length; @size 0: the length alone.  i->lock is held
 * for these.  -ENODATA, -ERANGE. */
ssize_t xattrs_get(const struct inode *i, const char *name, void *buf,
		   size_t size);
/* @value NULL removes.  -EEXIST, -ENODATA, -ENOSPC. */
int xattrs_set(struct inode *i, const char *name, const void *value,
	       size_t size, int flags);
/*
 * The names, each with its NUL, into @buf; @size 0: how many bytes.  @trusted:
 * those of trusted. too.  -ERANGE.
 */
ssize_t xattrs_list(const struct inode *i, bool trusted, char *buf,
		    size_t size);
void xattrs_free(struct inode *i);

/* The file changes: it loses the capabilities that it gave.  i->lock is held. */
void xattrs_drop_caps(struct inode *i);

#endif
