/* SPDX-License-Identifier: Apache-2.0 */
/* sys_sync.c: fsync(2), sync(2) and their relatives. */
#include "emul/sysproto.h"
#include "emul/vfs/fdtable.h"

#define RANGE_WAIT	5u	/* SYNC_FILE_RANGE_WAIT_BEFORE, WAIT_AFTER */

static long do_fsync(struct task *t, int fd, bool data_only)
{
	struct fd f = fdget(t, fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = f.file->ops->fsync ? f.file->ops->fsync(f.file, data_only) :
		-EINVAL;
	fdput(f);
	return err;
}

long sys_fsync(struct task *t, int fd)
{
	return do_fsync(t, fd, false);
}

long sys_fdatasync(struct task *t, int fd)
{
	return do_fsync(t, fd, true);
}

static bool sync_mount(struct mount *m, void *arg)
{
	(void)arg;
	if (m->sb->ops && m->sb->ops->sync)
		(void)m->sb->ops->sync(m->sb);	/* sync(2) tells no errors */
	return true;
}

/* The host's file systems that the guest may write to; memory is memory. */
long sys_sync(struct task *t)
{
	(void)t;
	mounts_each(sync_mount, NULL);
	return 0;
}

long sys_syncfs(struct task *t, int fd)
{
	struct fd f = fdget(t, fd);
	struct superblock *sb;
	long err = 0;

	if (!f.file)
		return -EBADF;
	sb = f.file->inode->sb;
	if (sb && sb->ops && sb->ops->sync)
		err = sb->ops->sync(sb);
	fdput(f);
	return err;
}

long sys_sync_file_range(struct task *t, int fd, int64_t offset,
			 int64_t nbytes, unsigned int flags)
{
	struct fd f;
	struct inode *i;
	long err;

	f = fdget(t, fd);
	if (!f.file)
		return -EBADF;
	i = f.file->inode;
	if ((flags & ~7u) || offset < 0 || nbytes < 0 ||
	    nbytes > INT64_MAX - offset)
		err = -EINVAL;
	else if (!S_ISREG(i->mode) && !S_ISDIR(i->mode) && !S_ISLNK(i->mode))
		err = -ESPIPE;
	else if (!(flags & RANGE_WAIT))
		err = 0;	/* to begin: the host does, and nobody waits */
	else	/* more than was asked: all of the file */
		err = f.file->ops->fsync ? f.file->ops->fsync(f.file, true) :
			0;
	fdput(f);
	return err;
}
