/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream.h: bytes on their way from a writer to a reader: what pipes and
 * connections are made of.
 *
 * A ring between one writer and one reader at a time: who writes holds the
 * writer's turn, who reads the reader's.  Each side alone moves its own
 * position, so that they need no lock against each other, and none is held
 * while guest memory is touched: bytes are copied from one guest into the ring,
 * and from there into the other.  The ring starts small and grows up to what it
 * may hold.
 *
 * Who sleeps for data or room, and who wakes whom, is the owner's matter.
 */
#ifndef SBX_VFS_STREAM_H
#define SBX_VFS_STREAM_H

#include "emul/lib/types.h"
#include "emul/task/turn.h"
#include "emul/vfs/vfs.h"

struct stream {
	struct turn rd, wr;
	char *buf;		/* ring of size bytes; both turns to change */
	uint32_t size;		/* power of two, 0 before the first write */
	uint32_t cap;		/* bytes that it may hold; any time */
	uint64_t head;		/* bytes written ever; the writer's */
	uint64_t tail;		/* bytes read ever; the reader's */
};

/* An empty one, for up to @cap bytes. */
void stream_init(struct stream *s, uint32_t cap);
/* Free its memory; nobody uses it. */
void stream_destroy(struct stream *s);

/* Bytes that wait to be read. */
static inline uint64_t stream_used(const struct stream *s)
{
	/* Tail first: never more than there was. */
	uint64_t tail = load_acquire(&s->tail);

	return load_acquire(&s->head) - tail;
}

/* Bytes that fit. */
static inline uint64_t stream_room(const struct stream *s)
{
	uint64_t n = stream_used(s);
	uint32_t cap = load_once(&s->cap);

	return n < cap ? cap - n : 0;
}

/*
 * Let the ring be one of @size bytes, a power of two that holds what is in it.
 * Both turns are held.  0 or -ENOMEM.
 */
int stream_resize(struct stream *s, uint32_t size) __must_check;

/*
 * Let the ring have space for @n bytes more than are in it, at most its @cap.
 * The writer's turn is held.  0, -ENOMEM, -ERESTARTSYS.
 */
int stream_grow(struct stream *s, struct task *t, uint64_t n) __must_check;

/*
 * Copy up to @n bytes of @u, which fit, behind what is there; they count once
 * stream_push() said so.  The writer's turn is held.  Bytes, -EFAULT, -ENOMEM,
 * -ERESTARTSYS.
 */
ssize_t stream_fill(struct stream *s, struct task *t, struct uio *u, size_t n);
static inline void stream_push(struct stream *s, uint64_t n)
{
	store_release(&s->head, s->head + n);
}

/*
 * Copy up to @n bytes out, which are there, starting @skip bytes after the
 * first; they stay until stream_drop() takes them out.  The reader's turn is
 * held.  Bytes or -EFAULT.
 */
ssize_t stream_copy(const struct stream *s, struct uio *u, uint64_t skip,
		    size_t n);
static inline void stream_drop(struct stream *s, uint64_t n)
{
	store_release(&s->tail, s->tail + n);
}

#endif
