/* SPDX-License-Identifier: Apache-2.0 */
/* deadlist.c: see deadlist.h. */
#include "emul/task/deadlist.h"

#include "emul/abi/regs.h"

static void append(struct dead_list *l, struct thread *from, struct thread *to)
{
	to->next_dead = NULL;
	if (l->first)
		l->last->next_dead = from;
	else
		store_once(&l->first, from);
	l->last = to;
}

void dead_add(struct dead_list *l, struct thread *th)
{
	append(l, th, th);
}

struct thread *dead_take(struct dead_list *l,
			 bool (*ended)(const struct thread *th),
			 unsigned int look)
{
	struct thread *th, *taken = NULL, *stays = NULL, *last = NULL;

	while ((th = l->first) && look) {
		store_once(&l->first, th->next_dead);
		if (ended(th)) {
			th->next_dead = taken;
			taken = th;
			continue;
		}
		look--;
		th->next_dead = NULL;
		if (last)
			last->next_dead = th;
		else
			stays = th;
		last = th;
	}
	if (stays)
		append(l, stays, last);
	return taken;
}
