/* SPDX-License-Identifier: Apache-2.0 */
/* msg.h: a message of a queue, System V's or POSIX'. */
#ifndef SBX_IPC_MSG_H
#define SBX_IPC_MSG_H

#include "emul/lib/list.h"
#include "emul/lib/rbtree.h"
#include "emul/lib/types.h"

struct ipc_msg {
	union {
		struct list_head link;		/* System V: in order */
		struct rb_node node;		/* POSIX: by priority */
	};
	long type;			/* or priority */
	size_t size;			/* bytes */
	char text[];
};

/* A message with @size bytes from the guest; kfree() it.  err_ptr(). */
struct ipc_msg *ipc_msg_load(uaddr_t text, size_t size) __must_check;

#endif
