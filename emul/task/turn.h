/* SPDX-License-Identifier: Apache-2.0 */
/*
 * turn.h: one at a time, for those who may sleep meanwhile; whoever waits can
 * be interrupted.  Unlike a mutex it may be held over an access to guest
 * memory.
 */
#ifndef SBX_TASK_TURN_H
#define SBX_TASK_TURN_H

#include "emul/lib/types.h"
#include "emul/task/wait.h"

struct turn {
	uint32_t busy;
	struct waitqueue queue;
};

static inline void turn_init(struct turn *x)
{
	x->busy = 0;
	waitqueue_init(&x->queue);
}

static inline bool __must_check turn_try(struct turn *x)
{
	uint32_t zero = 0;

	return likely(__atomic_compare_exchange_n(&x->busy, &zero, 1, false,
						  __ATOMIC_ACQUIRE,
						  __ATOMIC_RELAXED));
}

/* Wait for it. 0, -ERESTARTSYS. */
int turn_wait(struct turn *x, struct task *t) __must_check;

static inline int __must_check turn_take(struct turn *x, struct task *t)
{
	return turn_try(x) ? 0 : turn_wait(x, t);
}

static inline void turn_give(struct turn *x)
{
	store_release(&x->busy, 0);
	wait_wake(&x->queue, 0, 1);
}

#endif
