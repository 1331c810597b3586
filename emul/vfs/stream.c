/* SPDX-License-Identifier: Apache-2.0 */
/* stream.c: bytes on their way from a writer to a reader. */
#include "emul/vfs/stream.h"

#include <linux/errno.h>

#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/task/task.h"

#define FIRST_SIZE	4096u

void stream_init(struct stream *s, uint32_t cap)
{
	memset(s, 0, sizeof(*s));
	turn_init(&s->rd);
	turn_init(&s->wr);
	s->cap = cap;
}

void stream_destroy(struct stream *s)
{
	page_free(s->buf, s->size / PAGE_SIZE);
	s->buf = NULL;
	s->size = 0;
}

int stream_resize(struct stream *s, uint32_t size)
{
	char *buf = page_alloc(size / PAGE_SIZE);
	uint64_t n = stream_used(s), at = s->tail;

	if (!buf)
		return -ENOMEM;
	for (uint64_t i = 0; i < n; ) {
		uint64_t from = (at + i) & (s->size - 1);
		uint64_t to = (at + i) & (size - 1);
		uint64_t len = MIN(n - i, MIN(s->size - from, size - to));

		memcpy(buf + to, s->buf + from, len);
		i += len;
	}
	page_free(s->buf, s->size / PAGE_SIZE);
	s->buf = buf;
	s->size = size;
	return 0;
}

int stream_grow(struct stream *s, struct task *t, uint64_t n)
{
	uint32_t size = s->size ? s->size : FIRST_SIZE;
	int err;

	n += stream_used(s);
	while (size < n)
		size *= 4;
	/* Steps of four, but the last: no more than will ever be there. */
	while (size > s->size && size / 2 >= MAX(n, s->cap))
		size /= 2;
	err = turn_take(&s->rd, t);
	if (err)
		return err;
	err = stream_resize(s, size);
	turn_give(&s->rd);
	return err;
}

ssize_t stream_fill(struct stream *s, struct task *t, struct uio *u, size_t n)
{
	size_t done = 0;
	ssize_t r = 0;

	if (unlikely(stream_used(s) + n > s->size)) {
		r = stream_grow(s, t, n);
		if (r)
			return r;
	}
	while (done < n) {
		uint64_t to = (s->head + done) & (s->size - 1);
		size_t len = MIN(n - done, s->size - to);

		r = uio_read(u, s->buf + to, len);
		if (r > 0)
			done += (size_t)r;
		if (r < (ssize_t)len)
			break;
	}
	return done ? (ssize_t)done : r;
}

ssize_t stream_copy(const struct stream *s, struct uio *u, uint64_t skip,
		    size_t n)
{
	size_t done = 0;
	ssize_t r = 0;

	while (done < n) {
		uint64_t from = (s->tail + skip + done) & (s->size - 1);
		size_t len = MIN(n - done, s->size - from);

		r = uio_write(u, s->buf + from, len);
		if (r > 0)
			done += (size_t)r;
		if (r < (ssize_t)len)
			break;
	}
	return done ? (ssize_t)done : r;
}
