/* SPDX-License-Identifier: Apache-2.0 */
/* killed.h: host processes that the host killed under the sandbox's feet. */
#ifndef SBX_TASK_KILLED_H
#define SBX_TASK_KILLED_H

/*
 * The monitor says that such have gone, and that none of their threads held a
 * lock or was at work in the kernel: end their tasks as by SIGKILL.  No lock
 * is held.
 */
void killed_reap(void);

#endif
