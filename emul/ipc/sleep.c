/* SPDX-License-Identifier: Apache-2.0 */
/* sleep.c: waiting in a line; see sleep.h. */
#include "emul/ipc/sleep.h"

#include <linux/errno.h>

#include "emul/lib/alloc.h"
#include "emul/task/task.h"

void ipc_line_up(struct ipc_sleep *s, struct mutex *lock,
		 struct list_head *head, struct task *t)
{
	s->lock = lock;
	s->task = t;
	s->status = IPC_PENDING;
	list_add_tail(&s->link, head);
	t->ipc_sleep = s;
}

int ipc_sleep(struct ipc_sleep *s, int64_t deadline_ns)
{
	struct task *t = s->task;
	int status;

	for (;;) {
		uint32_t seq = wait_prepare(t);
		int err;

		status = load_acquire(&s->status);
		if (status != IPC_PENDING)
			break;
		err = wait_sleep(t, seq, deadline_ns);
		if (!err)
			continue;
		mutex_lock(s->lock);
		status = s->status;
		if (status == IPC_PENDING) {
			list_del(&s->link);
			status = s->status = err;
		}
		mutex_unlock(s->lock);
		break;
	}
	t->ipc_sleep = NULL;
	return status;
}

void ipc_done(struct ipc_sleep *s, int status, struct ipc_wakes *w)
{
	struct task *t = s->task;

	list_del(&s->link);
	/* From here on it may be gone, and its task with it. */
	ref_get(&t->ref);
	store_release(&s->status, status);
	if (w->n == IPC_WAKES)
		ipc_wake(w);
	w->task[w->n++] = t;
}

void ipc_wake(struct ipc_wakes *w)
{
	for (unsigned int i = 0; i < w->n; i++) {
		wait_wake_task(w->task[i]);
		task_put(w->task[i]);
	}
	w->n = 0;
}

void ipc_abandon(struct task *t)
{
	struct ipc_sleep *s = t->ipc_sleep;

	if (!s)
		return;
	mutex_lock(s->lock);
	if (s->status == IPC_PENDING)
		list_del(&s->link);
	mutex_unlock(s->lock);
	kfree(s->mem);
	t->ipc_sleep = NULL;
}
