/* SPDX-License-Identifier: Apache-2.0 */
/* pipe.h: pipes and fifos; pipe(7). */
#ifndef SBX_FS_PIPE_H
#define SBX_FS_PIPE_H

#include "emul/vfs/vfs.h"

#define PIPE_BUF_BYTES	4096u		/* PIPE_BUF: atomic up to this */
#define PIPE_DEF_SIZE	65536u
#define PIPE_MAX_SIZE	1048576u	/* /proc/sys/fs/pipe-max-size */

struct task;

/* Both ends of a new pipe; of @flags O_NONBLOCK and O_DIRECT. 0, -ENOMEM. */
int pipe_create(struct file *end[2], unsigned int flags) __must_check;

extern const struct file_ops pipe_fops __hidden;

#endif
