/* SPDX-License-Identifier: Apache-2.0 */
/* list.h: doubly linked ring with its head outside the elements. */
#ifndef SBX_LIB_LIST_H
#define SBX_LIB_LIST_H

#include "emul/lib/types.h"

struct list_head {
	struct list_head *next, *prev;
};

static inline void list_init(struct list_head *h)
{
	h->next = h->prev = h;
}

static inline bool list_empty(const struct list_head *h)
{
	return h->next == h;
}

static inline void list_insert(struct list_head *e, struct list_head *prev,
			       struct list_head *next)
{
	e->prev = prev;
	e->next = next;
	prev->next = e;
	next->prev = e;
}

/* At the front of the list @h. */
static inline void list_add(struct list_head *e, struct list_head *h)
{
	list_insert(e, h, h->next);
}

/* At the end of the list @h. */
static inline void list_add_tail(struct list_head *e, struct list_head *h)
{
	list_insert(e, h->prev, h);
}

/* Leaves @e as an empty list, so that a second list_del is harmless. */
static inline void list_del(struct list_head *e)
{
	e->prev->next = e->next;
	e->next->prev = e->prev;
	list_init(e);
}

/* All of @from, in order, to the end of the list @h; @from is empty then. */
static inline void list_splice_tail(struct list_head *from,
				    struct list_head *h)
{
	if (list_empty(from))
		return;
	from->next->prev = h->prev;
	h->prev->next = from->next;
	from->prev->next = h;
	h->prev = from->prev;
	list_init(from);
}

#define list_entry(p, type, field)	container_of(p, type, field)
#define list_first(h, type, field)	list_entry((h)->next, type, field)
#define list_for_each(pos, h, field)					\
	for (pos = list_entry((h)->next, __typeof__(*pos), field);	\
	     &pos->field != (h);					\
	     pos = list_entry(pos->field.next, __typeof__(*pos), field))
/* As list_for_each; @pos may be removed, @n is the next of it. */
#define list_for_each_safe(pos, n, h, field)				\
	for (pos = list_entry((h)->next, __typeof__(*pos), field),	\
	     n = list_entry(pos->field.next, __typeof__(*pos), field);	\
	     &pos->field != (h);					\
	     pos = n, n = list_entry(n->field.next, __typeof__(*n), field))

#endif
