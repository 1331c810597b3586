/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heap.c: malloc(3) of sbx: it gives, and takes back the last block alone.
 *
 * sbx allocates while it makes its policy, which it keeps to its end, and not
 * at all while it serves.  libc's allocators touch a page for each size, twice
 * where they look before they write, and give memory back to the host that is
 * asked for again at once: a hundred microseconds of a start.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ALIGN		16UL
#define MORE		(256UL << 10)	/* asked of the host, at least */

/* Before each block; as large as the alignment. */
struct head {
	size_t size;
	size_t pad;
};

_Static_assert(sizeof(struct head) == ALIGN, "blocks stay aligned");

static char first[32 << 10] __attribute__((aligned(ALIGN)));
static char *at = first, *end = first + sizeof(first);

static size_t room(size_t size)
{
	return (size + ALIGN - 1) & ~(ALIGN - 1);
}

/* The memory behind the last block is zero. */
static void *take(size_t size)
{
	struct head *h;
	size_t need;

	if (size > SIZE_MAX / 2)
		goto none;
	need = sizeof(*h) + room(size);
	if (need > (size_t)(end - at)) {
		size_t more = need > MORE ? (need + 4095) & ~4095UL : MORE;
		char *p = mmap(NULL, more, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			goto none;
		at = p;
		end = p + more;
	}
	h = (struct head *)at;
	h->size = size;
	at += need;
	return h + 1;
none:
	errno = ENOMEM;
	return NULL;
}

static bool is_last(const struct head *h)
{
	return (const char *)(h + 1) + room(h->size) == at;
}

void *malloc(size_t size)
{
	return take(size);
}

void *calloc(size_t n, size_t size)
{
	if (size && n > SIZE_MAX / size)
		return take(SIZE_MAX);
	return take(n * size);
}

void *realloc(void *p, size_t size)
{
	struct head *h = p;
	void *q;

	if (!p)
		return take(size);
	h--;
	/* Where it is, if it can grow there: most that do are the last. */
	if (is_last(h) && size <= (size_t)(end - (char *)p)) {
		if (size > h->size)
			at = (char *)p + room(size);
	} else if (size > room(h->size)) {
		goto move;
	}
	h->size = size > h->size ? size : h->size;
	return p;
move:
	q = take(size);
	if (q)
		memcpy(q, p, h->size);
	return q;
}

void free(void *p)
{
	struct head *h = p;

	if (!p || !is_last(--h))
		return;
	memset(h, 0, (size_t)(at - (char *)h));
	at = (char *)h;
}
