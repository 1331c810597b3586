/* SPDX-License-Identifier: Apache-2.0 */
/* proc.h: what /proc shows of IPC, for its tables. */
#ifndef SBX_IPC_PROC_H
#define SBX_IPC_PROC_H

#include "emul/fs/proc.h"

__hidden extern const struct proc_entry proc_sysvipc_dir[];
__hidden extern const struct proc_entry proc_mqueue_dir[];

/* Entries of /proc/sys/kernel. */
#define IPC_LIMIT(name)							\
	void ipc_show_##name(struct text *b, struct task *t);		\
	int ipc_set_##name(struct task *t, char *text, size_t n)
IPC_LIMIT(shmmax);
IPC_LIMIT(shmall);
IPC_LIMIT(shmmni);
IPC_LIMIT(msgmax);
IPC_LIMIT(msgmnb);
IPC_LIMIT(msgmni);
IPC_LIMIT(sem_limits);
/* Of /proc/sys/fs/mqueue. */
IPC_LIMIT(msg_default);
IPC_LIMIT(msg_max);
IPC_LIMIT(msgsize_default);
IPC_LIMIT(msgsize_max);
IPC_LIMIT(queues_max);
#undef IPC_LIMIT

#define IPC_LIMIT_OF(file, fn)						\
	{ .name = file, .mode = S_IFREG | 0644, .show = ipc_show_##fn,	\
	  .write = ipc_set_##fn }

#endif
