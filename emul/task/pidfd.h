/* SPDX-License-Identifier: Apache-2.0 */
/* pidfd.h: descriptors of processes, pidfd_open(2). */
#ifndef SBX_TASK_PIDFD_H
#define SBX_TASK_PIDFD_H

#include "emul/lib/types.h"

struct file;
struct task;
struct tgroup;

/* A new file that refers to @g; @flags: O_NONBLOCK.  NULL: no memory. */
struct file *pidfd_file(struct tgroup *g, unsigned int flags) __must_check;
/* The same in the caller's table, close-on-exec: the descriptor or -errno. */
long pidfd_create(struct tgroup *g, unsigned int flags) __must_check;
/*
 * The process that the caller's descriptor @fd names, with a reference, and
 * in @nonblock (or NULL) how its file is open.  NULL: it is no such.
 */
struct tgroup *pidfd_group(struct task *t, int fd, bool *nonblock)
	__must_check;
/*
 * The same, or that whose directory in /proc @fd is open on.  0, -EBADF, or
 * -ESRCH: it is gone.
 */
int pidfd_or_dir(struct task *t, int fd, struct tgroup **g) __must_check;
/* The leader of @g, with a reference; NULL: it is reaped. */
struct task *group_leader(const struct tgroup *g) __must_check;

#endif
