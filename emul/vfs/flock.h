/* SPDX-License-Identifier: Apache-2.0 */
/* flock.h: advisory locks on files; fcntl(2), flock(2). */
#ifndef SBX_VFS_FLOCK_H
#define SBX_VFS_FLOCK_H

#include "emul/task/task.h"
#include "emul/vfs/vfs.h"

struct text;

/*
 * F_GETLK and its relatives of descriptor @fd, which is @f; @arg is a struct
 * flock of the guest.
 */
long fcntl_lock(struct task *t, int fd, struct file *f, unsigned int cmd,
		uaddr_t arg);
/* @owner (a table or a file) gave up all its locks on @i. */
void locks_release(struct inode *i, const void *owner);
/* The inode goes. */
void locks_free(struct inode *i);
/* /proc/locks; and what fdinfo shows of @f in the table @owner. */
void locks_show_all(struct text *b, struct task *t);
void locks_show_of(struct text *b, const struct file *f, const void *owner);

#endif
