/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostclone.h: the two clone calls that the filter lets through, word for
 * word.  The tid is stored in the new thread's block, which every process
 * sees; a thread's block is its own again when the host has cleared the tid.
 * The include is <linux/sched.h> and SIGCHLD is 17 here: no libc.
 */
#ifndef SBX_ABI_HOSTCLONE_H
#define SBX_ABI_HOSTCLONE_H

#include <linux/sched.h>

#define HOST_CLONE_THREAD \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | \
	 CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

#define HOST_CLONE_PROCESS \
	(CLONE_FILES | CLONE_PARENT | CLONE_PARENT_SETTID | 17)

#endif
