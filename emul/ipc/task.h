/* SPDX-License-Identifier: Apache-2.0 */
/* task.h: what clone, exit and unshare have to know of IPC. */
#ifndef SBX_IPC_TASK_H
#define SBX_IPC_TASK_H

#include "emul/lib/types.h"

struct task;

/*
 * @n is to be a clone of @t: with @share (CLONE_SYSVSEM) they undo their
 * semaphore operations together.  0 or -ENOMEM.
 */
int ipc_clone(struct task *t, struct task *n, bool share) __must_check;
/*
 * @t ends, or the host killed it: leave what it waited in, and undo its
 * semaphore operations unless others share them.  May be called twice.
 */
void ipc_exit(struct task *t);
/* unshare(CLONE_SYSVSEM): the undoing alone. */
void sem_exit(struct task *t);

#endif
