/* SPDX-License-Identifier: Apache-2.0 */
/* turn.c: wait for one's turn. */
#include "emul/task/turn.h"

#include "emul/task/task.h"

int turn_wait(struct turn *x, struct task *t)
{
	int err = 0;

	t->waiter.key = 0;
	t->waiter.exclusive = true;
	wait_add(&x->queue, &t->waiter, t);
	for (;;) {
		uint32_t seq = wait_prepare(t);

		if (turn_try(x))
			break;
		err = wait_sleep(t, seq, NEVER_NS);
		if (err)
			break;
	}
	wait_del(&t->waiter);
	if (!err)
		return 0;
	/* It may have been this one that the last holder woke. */
	wait_wake(&x->queue, 0, 1);
	return -ERESTARTSYS;
}
