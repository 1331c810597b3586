/* SPDX-License-Identifier: Apache-2.0 */
/* flow.c: one direction of a byte stream between two sockets. */
#include "emul/net/flow.h"

#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/task/task.h"

#define FIRST_SIZE	4096u
#define STEP_MAX	65536u	/* so that who reads begins early */

void flow_init(struct flow *f, uint32_t cap)
{
	memset(f, 0, sizeof(*f));
	turn_init(&f->rd);
	turn_init(&f->wr);
	f->cap = cap;
}

void flow_destroy(struct flow *f)
{
	page_free(f->buf, f->size / PAGE_SIZE);
	f->buf = NULL;
	f->size = 0;
}

bool flow_want_room(struct flow *f)
{
	if (flow_has_room(f))
		return true;
	store_once(&f->starved, true);
	/* The reader moves its position first, and looks at this then. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return flow_has_room(f);
}

/* Make the ring hold @n bytes more; the writer's turn is held. */
static int flow_grow(struct flow *f, struct task *t, uint64_t n)
{
	uint32_t size = f->size ? f->size : FIRST_SIZE;
	uint64_t at, used;
	char *buf;
	int err;

	n += flow_used(f);
	while (size < n)
		size *= 4;
	err = turn_take(&f->rd, t);
	if (err)
		return err;
	buf = page_alloc(size / PAGE_SIZE);
	if (!buf) {
		turn_give(&f->rd);
		return -ENOMEM;
	}
	used = flow_used(f);
	at = f->tail;
	for (uint64_t i = 0; i < used; ) {
		uint64_t from = (at + i) & (f->size - 1);
		uint64_t to = (at + i) & (size - 1);
		uint64_t len = MIN(used - i, MIN(f->size - from, size - to));

		memcpy(buf + to, f->buf + from, len);
		i += len;
	}
	page_free(f->buf, f->size / PAGE_SIZE);
	f->buf = buf;
	f->size = size;
	turn_give(&f->rd);
	return 0;
}

ssize_t flow_put(struct flow *f, struct task *t, struct uio *u)
{
	uint64_t n = MIN(MIN(u->left, flow_room(f)), STEP_MAX);
	size_t done = 0;
	ssize_t r = 0;

	if (!n)
		return 0;
	if (unlikely(flow_used(f) + n > f->size)) {
		r = flow_grow(f, t, n);
		if (r)
			return r;
	}
	while (done < n) {
		uint64_t to = (f->head + done) & (f->size - 1);
		size_t len = MIN(n - done, f->size - to);

		r = uio_read(u, f->buf + to, len);
		if (r > 0)
			done += (size_t)r;
		if (r < (ssize_t)len)
			break;
	}
	store_release(&f->head, f->head + done);
	return done ? (ssize_t)done : r;
}

ssize_t flow_copy(const struct flow *f, struct uio *u, uint64_t skip, size_t n)
{
	size_t done = 0;
	ssize_t r = 0;

	while (done < n) {
		uint64_t from = (f->tail + skip + done) & (f->size - 1);
		size_t len = MIN(n - done, f->size - from);

		r = uio_write(u, f->buf + from, len);
		if (r > 0)
			done += (size_t)r;
		if (r < (ssize_t)len)
			break;
	}
	return done ? (ssize_t)done : r;
}
