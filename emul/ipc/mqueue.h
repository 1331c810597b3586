/* SPDX-License-Identifier: Apache-2.0 */
/* mqueue.h: POSIX message queues; mq_overview(7). */
#ifndef SBX_IPC_MQUEUE_H
#define SBX_IPC_MQUEUE_H

#include "emul/lib/types.h"

struct mount;

#define MQ_HARD_MSGMAX	65536
#define MQ_HARD_MSGSIZE	(16 << 20)

struct mqueue_limits {
	uint32_t queues_max, msg_max, msgsize_max, msg_default, msgsize_default;
};

/* Set at the first use. */
struct mqueue_limits *mqueue_limits(void);

/*
 * The file system of the queues, mounted nowhere; its superblock may be
 * mounted.  NULL: no memory.
 */
struct mount *mqueue_mount(void);

#endif
