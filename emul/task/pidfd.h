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

#endif
