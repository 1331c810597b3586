/* SPDX-License-Identifier: Apache-2.0 */
/* ring.h: bytes in a ring; whoever has one has a lock for it. */
#ifndef SBX_TTY_RING_H
#define SBX_TTY_RING_H

#include "emul/lib/string.h"
#include "emul/lib/types.h"

struct ring {
	char *buf;
	uint32_t size;		/* a power of two */
	uint32_t head, tail;	/* bytes ever put in, taken out */
};

static inline void ring_init(struct ring *r, void *buf, uint32_t size)
{
	*r = (struct ring){ .buf = buf, .size = size };
}

static inline uint32_t ring_used(const struct ring *r)
{
	return r->head - r->tail;
}

static inline uint32_t ring_room(const struct ring *r)
{
	return r->size - ring_used(r);
}

/* The next bytes in one run of addresses; their number is returned. */
static inline uint32_t ring_run(const struct ring *r, const char **p)
{
	uint32_t at = r->tail & (r->size - 1);

	*p = r->buf + at;
	return MIN(ring_used(r), r->size - at);
}

/* Put in what fits of @n bytes; how many is returned. */
static inline uint32_t ring_put(struct ring *r, const void *p, size_t n)
{
	uint32_t len = (uint32_t)MIN(n, ring_room(r)), at, run;

	at = r->head & (r->size - 1);
	run = MIN(len, r->size - at);
	memcpy(r->buf + at, p, run);
	memcpy(r->buf, (const char *)p + run, len - run);
	r->head += len;
	return len;
}

/* Take out at most @n bytes. */
static inline uint32_t ring_get(struct ring *r, void *p, size_t n)
{
	uint32_t done = 0, len;
	const char *from;

	n = MIN(n, ring_used(r));
	while (done < n) {
		len = ring_run(r, &from);
		len = MIN(len, (uint32_t)n - done);
		memcpy((char *)p + done, from, len);
		r->tail += len;
		done += len;
	}
	return done;
}

#endif
