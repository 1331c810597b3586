/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostfs.h: a directory (or one file) of the host, through the broker.
 *
 * A read-only grant is cached as if it were ours alone: what was found once
 * stays true.  A path that is not cached is one request for the whole walk;
 * a file that was opened once is used with explicit offsets by whoever opens
 * it again, without a request.
 */
#ifndef SBX_FS_HOSTFS_H
#define SBX_FS_HOSTFS_H

#include "emul/abi/boot.h"
#include "emul/abi/broker.h"
#include "emul/lib/types.h"
#include "emul/vfs/vfs.h"

/* A superblock over the grant that @m names.  err_ptr() on failure. */
struct superblock *hostfs_super(const struct boot_mount *m) __must_check;

/* What follows is for the files of hostfs. */

struct host_super {
	uint32_t grant;
	bool writable;
};

/* Entries of a directory as the broker gave them, end to end. */
struct host_dir {
	struct ref ref;
	size_t used, size;	/* bytes */
	char *mem;		/* struct host_entry, kmalloc'd */
};

struct host_entry {
	uint64_t ino;
	uint16_t rec_len;	/* of the whole, a multiple of 8 */
	uint8_t name_len, type;
	char name[];		/* with a NUL */
};

struct host_inode {
	uint64_t dev;
	struct mutex lock;	/* protects: */
	int fd[2];		/* read-only, read-write; -1: not open */
	uint32_t n_open;	/* files open on it */
	char *path;		/* writable grants: as it was looked up last */
	struct host_dir *dir;	/* of a read-only directory, once read */
};

#define DIR_NAME_BYTES	(BROKER_PATH_MAX + 8)

static inline struct host_super *host_sb(const struct inode *i)
{
	return i->sb->priv;
}

extern const struct inode_ops hostfs_iops, hostfs_rw_iops;
extern const struct file_ops hostfs_fops, hostfs_dir_fops;

/*
 * The path of @d below its grant, without slashes at its ends, written to the
 * end of @buf of DIR_NAME_BYTES; *@start is where.  Its length or
 * -ENAMETOOLONG.
 */
int hostfs_path(struct dentry *d, char *buf, char **start);

/* A new inode as @st says.  NULL: no memory. */
struct inode *hostfs_inode(struct superblock *sb, const struct broker_stat *st,
			   const char *link, size_t link_len) __must_check;
/* Take over what @st says of an inode that exists. */
void hostfs_refresh(struct inode *i, const struct broker_stat *st);

/* Buffers for the bodies of replies; NULL: no memory. */
void *reply_get(void) __must_check;
void reply_put(void *buf);

int hostfs_getattr(struct inode *i, struct kstat *st);
void hostfs_evict(struct inode *i);
/* hostfs-rw.c: of a writable grant: @d was just found at @path. */
void hostfs_found(struct dentry *d, const char *path, size_t len);
bool hostfs_revalidate(struct dentry *d);

/* hostfs-dir.c */
int hostfs_lookup(struct inode *dir, struct dentry *d);
void hostfs_prefetch(struct dentry *dir, const char *rest, size_t len,
		     unsigned int flags);
/* hostfs-file.c */
int hostfs_open(struct inode *i, struct file *f);
void hostfs_close_all(struct host_inode *h);
/* Keep a descriptor that came along with a walk. */
void hostfs_keep_fd(struct inode *i, int fd);

#endif
