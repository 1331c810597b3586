/* SPDX-License-Identifier: Apache-2.0 */
/* libc.h: what not every libc that sbx is linked with has. */
#ifndef SBX_LOADER_LIBC_H
#define SBX_LOADER_LIBC_H

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE	1
#define RENAME_EXCHANGE		2
#endif

#ifndef STATX_BASIC_STATS
/* musl before 1.2.5: the host's own header, and no function. */
#include <linux/stat.h>

static inline int statx(int dirfd, const char *path, int flags,
			unsigned int mask, struct statx *sx)
{
	return (int)syscall(SYS_statx, dirfd, path, flags, mask, sx);
}
#endif

/* As fcntl(F_DUPFD_CLOEXEC), for which musl asks the host twice. */
static inline int dup_from(int fd, int lowest)
{
	return (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, lowest);
}

#endif
