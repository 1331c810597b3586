/* SPDX-License-Identifier: Apache-2.0 */
/* sys_pipe.c: pipe, pipe2; pipe(2). */
#include <linux/errno.h>
#include <linux/fcntl.h>

#include "emul/entry/uaccess.h"
#include "emul/fs/pipe.h"
#include "emul/sysproto.h"
#include "emul/vfs/fdtable.h"

static long do_pipe(struct task *t, uaddr_t fds, unsigned int flags)
{
	struct file *end[2];
	int n[2], err;

	if (flags & ~(unsigned int)(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return -EINVAL;
	err = pipe_create(end, flags);
	if (err)
		return err;
	n[0] = fd_reserve(t, flags & O_CLOEXEC);
	if (n[0] < 0) {
		err = n[0];
		goto out_files;
	}
	n[1] = fd_reserve(t, flags & O_CLOEXEC);
	if (n[1] < 0) {
		err = n[1];
		goto out_first;
	}
	err = copy_out(fds, n, sizeof(n));
	if (err)
		goto out_both;
	fd_install(t, n[0], end[0]);
	fd_install(t, n[1], end[1]);
	return 0;

out_both:
	fd_unreserve(t, n[1]);
out_first:
	fd_unreserve(t, n[0]);
out_files:
	file_put(end[0]);
	file_put(end[1]);
	return err;
}

long sys_pipe(struct task *t, uaddr_t fds)
{
	return do_pipe(t, fds, 0);
}

long sys_pipe2(struct task *t, uaddr_t fds, int flags)
{
	return do_pipe(t, fds, (unsigned int)flags);
}
