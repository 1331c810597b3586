/* SPDX-License-Identifier: Apache-2.0 */
/* deny.h: places that nobody may use. */
#ifndef SBX_FS_DENY_H
#define SBX_FS_DENY_H

#include "emul/vfs/vfs.h"

/*
 * A file system whose root is a directory (or a file) that cannot be opened;
 * @mode lets a directory be searched for what is mounted in it.  NULL: no
 * memory.
 */
struct superblock *deny_super(bool is_dir, mode_t mode) __must_check;
bool deny_is(const struct superblock *sb);
/*
 * The name in such a directory @dir, made where there is none, for something
 * to be mounted on.  A reference, or err_ptr().
 */
struct dentry *deny_place(struct dentry *dir, const char *name, size_t len,
			  mode_t mode) __must_check;

#endif
