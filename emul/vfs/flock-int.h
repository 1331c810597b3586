/* SPDX-License-Identifier: Apache-2.0 */
/* flock-int.h: a lock on a file, for flock.c and sys_flock.c. */
#ifndef SBX_VFS_FLOCK_INT_H
#define SBX_VFS_FLOCK_INT_H

#include "emul/lib/list.h"
#include "emul/vfs/flock.h"

#define OFD_PID			(-1)

struct lock {
	struct list_head link;		/* of its file, or of those who wait */
	struct list_head all_link;
	struct inode *inode;
	const void *owner;
	off_t start, end;	/* inclusive */
	int pid;		/* OFD_PID for those of an open file */
	short type;		/* F_RDLCK, F_WRLCK, F_UNLCK */
	bool whole;		/* flock's */
};

/*
 * Lock, or with F_UNLCK unlock, as a copy of @want; its lists and inode need
 * not be set.  With @wait sleep until nobody is in the way.  0, -EAGAIN,
 * -EDEADLK, -ENOLCK, -ERESTARTSYS or what the host says.
 */
long flock_apply(struct task *t, struct inode *i, const struct lock *want,
		 bool wait);
/*
 * Make of *@want a lock that is in its way, or give it type F_UNLCK; with that
 * type already, look for locks of its own owner, as Linux 6.5 does.  0 or
 * -errno.
 */
int flock_test(struct inode *i, struct lock *want);

#endif
