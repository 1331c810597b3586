/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sleep.h: waiting in a line, for queues of messages and semaphores.
 *
 * Whoever waits stands in a list of the object with what it wants; who changes
 * the object does for it what it came for, in order of arrival, and tells it
 * the outcome.  So nobody is overtaken, and a wake-up is never for nothing.
 */
#ifndef SBX_IPC_SLEEP_H
#define SBX_IPC_SLEEP_H

#include "emul/lib/list.h"
#include "emul/lib/lock.h"
#include "emul/lib/types.h"

struct task;

#define IPC_PENDING	1	/* of status: nobody has come yet */

/* On the kernel stack of the one who waits. */
struct ipc_sleep {
	struct list_head link;		/* *lock protects */
	struct mutex *lock;		/* the object's */
	struct task *task;
	int status;			/* or what the call comes to */
	void *mem;	/* to be freed should the process be killed meanwhile */
};

/* Tasks to be woken once the lock is released. */
#define IPC_WAKES	16
struct ipc_wakes {
	unsigned int n;
	struct task *task[IPC_WAKES];
};

/* At the end of the line @head; the lock is held. */
void ipc_line_up(struct ipc_sleep *s, struct mutex *lock,
		 struct list_head *head, struct task *t);
/*
 * Sleep, without the lock, until somebody set the status, which is returned;
 * or -EINTR, or -ETIMEDOUT when @deadline_ns came, and @s is in no line then.
 */
int ipc_sleep(struct ipc_sleep *s, int64_t deadline_ns) __must_check;
/*
 * Take @s out of its line and tell it @status.  The lock is held; *@s must not
 * be touched any more.
 */
void ipc_done(struct ipc_sleep *s, int status, struct ipc_wakes *w);
/* To be called without the lock. */
void ipc_wake(struct ipc_wakes *w);
/* The host killed @t, which may have been asleep in a line: it leaves it. */
void ipc_abandon(struct task *t);

#endif
