/* SPDX-License-Identifier: Apache-2.0 */
/* deadlist.h: slots of threads that have ended, until the host leaves them. */
#ifndef SBX_TASK_DEADLIST_H
#define SBX_TASK_DEADLIST_H

#include "emul/lib/types.h"

struct thread;

/* Linked through thread.next_dead; the caller has a lock. */
struct dead_list {
	struct thread *first, *last;
};

void dead_add(struct dead_list *l, struct thread *th);
/*
 * Take out those of which @ended is true, linked like a list of their own, or
 * NULL.  At most @look others are looked at, which go to the end of the list:
 * however long some stay, all of the list has its turn.
 */
struct thread *dead_take(struct dead_list *l,
			 bool (*ended)(const struct thread *th),
			 unsigned int look) __must_check;

#endif
