/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow.h: one direction of a byte stream between two sockets.
 *
 * A ring of bytes between one writer and one reader at a time: who writes
 * holds the writer's turn, who reads the reader's.  Each side alone moves its
 * own position, so that they need no lock against each other, and bytes are
 * copied from one guest into the ring, and from there into the other.  The ring
 * starts small and grows up to what the buffers of the sockets allow.
 *
 * Wake-ups are the sockets' matter.
 */
#ifndef SBX_NET_FLOW_H
#define SBX_NET_FLOW_H

#include "emul/lib/types.h"
#include "emul/task/turn.h"
#include "emul/vfs/vfs.h"

struct flow {
	struct turn rd, wr;
	char *buf;		/* ring of size bytes; both turns to change */
	uint32_t size;		/* power of two, 0 before the first write */
	uint32_t cap;		/* bytes that it may hold */
	uint64_t head;		/* bytes written ever; the writer's */
	uint64_t tail;		/* bytes read ever; the reader's */
	bool fin;		/* nothing more will be written */
	bool unread;		/* nobody will read any more */
	/*
	 * The writer found too little room: who reads wakes it once there is
	 * enough, flow_has_room().
	 */
	bool starved;
	uint32_t sleepers;	/* readers that wait for data; atomic */
};

void flow_init(struct flow *f, uint32_t cap);
void flow_destroy(struct flow *f);
/* Bytes that wait to be read. */
static inline uint64_t flow_used(const struct flow *f)
{
	/* Tail first: never more than there was. */
	uint64_t tail = load_acquire(&f->tail);

	return load_acquire(&f->head) - tail;
}

static inline uint64_t flow_room(const struct flow *f)
{
	uint64_t n = flow_used(f);
	uint32_t cap = load_once(&f->cap);

	return n < cap ? cap - n : 0;
}

/* As tcp(7)'s poll: a third of the buffer has to be free. */
static inline bool flow_has_room(const struct flow *f)
{
	return flow_room(f) >= load_once(&f->cap) / 3;
}

/*
 * As flow_has_room(); if there is none the reader is asked to wake the writer.
 */
bool flow_want_room(struct flow *f);
/* Is a writer to be woken, after the reader took something? */
static inline bool flow_feeds(struct flow *f)
{
	if (likely(!load_once(&f->starved)) || !flow_has_room(f))
		return false;
	store_once(&f->starved, false);
	return true;
}

/*
 * Put in some of @u, if any fits.  The writer's turn is held.  Bytes, 0: no room,
 * -EFAULT, -ENOMEM, -ERESTARTSYS.
 */
ssize_t flow_put(struct flow *f, struct task *t, struct uio *u);
/*
 * Copy up to @n bytes out, starting @skip bytes after the first, which stay:
 * flow_drop() takes them out.  The reader's turn is held.  Bytes or -EFAULT.
 */
ssize_t flow_copy(const struct flow *f, struct uio *u, uint64_t skip, size_t n);
static inline void flow_drop(struct flow *f, uint64_t n)
{
	store_release(&f->tail, f->tail + n);
}

#endif
