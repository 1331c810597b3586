/* SPDX-License-Identifier: Apache-2.0 */
/* tmpfs.h: files in memory. */
#ifndef SBX_FS_TMPFS_H
#define SBX_FS_TMPFS_H

#include "emul/fs/memdata.h"
#include "emul/vfs/vfs.h"

/* A file system of at most @size bytes (0: no limit); one reference. */
struct superblock *tmpfs_super(uint64_t size, mode_t mode) __must_check;
/*
 * A regular file without a name in a tmpfs of the kernel's own (memfd);
 * @name is what /proc shows: "/memfd:NAME".  err_ptr().
 */
struct file *tmpfs_memfd(const char *name, unsigned int flags) __must_check;

/* Owner and group of what is made in @dir; setgid directories. */
void inode_init_owner(struct inode *i, const struct inode *dir, mode_t mode);

#endif
