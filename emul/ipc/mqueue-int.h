/* SPDX-License-Identifier: Apache-2.0 */
/* mqueue-int.h: a queue, for mqueue*.c. */
#ifndef SBX_IPC_MQUEUE_INT_H
#define SBX_IPC_MQUEUE_INT_H

#include "emul/ipc/mqueue.h"
#include "emul/ipc/msg.h"
#include "emul/ipc/sleep.h"
#include "emul/lib/lock.h"
#include "emul/lib/rbtree.h"
#include "emul/signal/siginfo.h"
#include "emul/task/wait.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/vfs.h"

struct tgroup;

struct mq_attr_guest {
	int64_t flags, maxmsg, msgsize, curmsgs, reserved[4];
};

#define MQ_COOKIE_LEN	32	/* NOTIFY_COOKIE_LEN; the last byte says why */

/* Behind inode->priv. */
struct mqueue {
	struct mutex lock;		/* protects: */
	struct rb_root messages;	/* the next to be read is the first */
	int64_t maxmsg, msgsize, curmsgs;	/* the first two immutable */
	uint64_t bytes;			/* of all messages */
	struct list_head receivers, senders;	/* struct mq_sleep */
	struct tgroup *notify;		/* a reference; NULL: nobody */
	int notify_how, notify_signo;
	uint64_t notify_value;
	struct file *notify_sock;	/* SIGEV_THREAD: a reference, or NULL */
	char notify_cookie[MQ_COOKIE_LEN];

	struct waitqueue pollers;
	uid_t owner;			/* whose RLIMIT_MSGQUEUE it counts to */
	uint64_t charge;		/* bytes */
};

static inline struct mqueue *mqueue_of(struct file *f)
{
	return f->inode->priv;
}

/* mqueue.c */
extern const struct file_ops mqueue_fops __hidden;
/* The queue that @fd names and is open for @mode; file NULL: -EBADF. */
struct fd mqueue_fdget(struct task *t, int fd, uint32_t mode);
/* The last reference to a queue's inode went. */
void mqueue_free(struct mqueue *q);

/* mqueue-notify.c */
#define MQ_NOTIFY_SIGNAL	0	/* notify_how: SIGEV_SIGNAL */

/* What is to be told, and to whom. */
struct mq_notice {
	struct tgroup *notify;		/* a reference; NULL: nothing */
	struct siginfo128 info;
	struct file *sock;		/* a reference, or NULL: to be told */
	char cookie[MQ_COOKIE_LEN];
};

/*
 * The queue is no longer empty: take who asked to be told of it, once, for
 * mq_notify_tell() to tell without the lock.  q->lock is held.
 */
void mq_notify_take(struct task *t, struct mqueue *q, struct mq_notice *a);
void mq_notify_tell(struct mq_notice *a);
/* Tell no longer, if it was @g who asked. */
void mq_notify_cancel(struct mqueue *q, const struct tgroup *g);
/* The queue goes, and with it who asked. */
void mq_notify_free(struct mqueue *q);

/*
 * mqueuefs.c: a queue for @d in the root directory, whose lock is held; @a
 * NULL: with the defaults.  0 or -errno.
 */
int mqueue_create(struct inode *dir, struct dentry *d, mode_t mode,
		  const struct mq_attr_guest *a);

#endif
