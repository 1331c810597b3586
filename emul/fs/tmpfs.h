/* SPDX-License-Identifier: Apache-2.0 */
/* tmpfs.h: files in memory. */
#ifndef SBX_FS_TMPFS_H
#define SBX_FS_TMPFS_H

#include "emul/fs/memdata.h"
#include "emul/vfs/vfs.h"

/* A file system of at most @size bytes (0: no limit); one reference. */
struct superblock *tmpfs_super(uint64_t size, mode_t mode) __must_check;
/* As mount(2) makes one for @t; @data is cut up. err_ptr(). */
struct task;
struct superblock *tmpfs_mount(struct task *t, char *data) __must_check;
/* A regular file of @mode without a name.  NULL: no memory. */
struct inode *tmpfs_inode(struct superblock *sb, mode_t mode) __must_check;

/* Owner and group of what is made in @dir; setgid directories. */
void inode_init_owner(struct inode *i, const struct inode *dir, mode_t mode);

/*
 * @i is written to: it loses its capabilities, and set-id bits where the
 * writer may not keep them.
 */
void inode_written(struct inode *i);

#endif
