/* SPDX-License-Identifier: Apache-2.0 */
/* data.c: chunks of the DATA window. */
#include "emul/fs/data.h"

#include <linux/errno.h>

#include "emul/abi/hostfd.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/lock.h"
#include "emul/lib/string.h"

#define PUNCH_HOLE	3	/* FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE */
#define WINDOW_PAGES	(DATA_SIZE / PAGE_SIZE)

/* Freed pages that are kept for the next small file, in all and a chunk. */
#define DIRTY_MAX	256u
#define DIRTY_CHUNK	16u

static __arena struct {
	struct mutex lock;
	uint64_t top;		/* pages handed out so far */
	uint64_t dirty;		/* in the free lists */
	struct chunk *free[CHUNK_ORDER_MAX + 1];
} data;

#ifdef SBX_HOSTED
#include <sys/mman.h>

static char *hosted_window;

char *chunk_ptr(const struct chunk *c, uint64_t page)
{
	return hosted_window + (c->page + page) * PAGE_SIZE;
}

ssize_t chunk_write(const char *to, const void *from, size_t n)
{
	(void)to;
	(void)from;
	(void)n;
	return -ENOSYS;		/* there is no file behind it */
}

void chunk_punch(struct chunk *c, uint64_t from, uint64_t n)
{
	madvise(chunk_ptr(c, from), n * PAGE_SIZE, MADV_DONTNEED);
}
#else
char *chunk_ptr(const struct chunk *c, uint64_t page)
{
	return (char *)(DATA_BASE + (c->page + page) * PAGE_SIZE);
}

ssize_t chunk_write(const char *to, const void *from, size_t n)
{
	return host_pwrite(HOSTFD_DATA, from, n, to - (char *)DATA_BASE);
}

void chunk_punch(struct chunk *c, uint64_t from, uint64_t n)
{
	long err = host_fallocate(HOSTFD_DATA, PUNCH_HOLE,
				  (off_t)((c->page + from) * PAGE_SIZE),
				  (off_t)(n * PAGE_SIZE));

	if (err)
		memset(chunk_ptr(c, from), 0, n * PAGE_SIZE);
}
#endif

static struct chunk *chunk_new(unsigned int order)
{
	uint32_t n = 1u << order;
	struct chunk *c;

	c = kzalloc(sizeof(*c) + (n + 63) / 64 * sizeof(uint64_t));
	if (!c)
		return NULL;
	c->n = n;
	c->order = (uint8_t)order;
	mutex_lock(&data.lock);
#ifdef SBX_HOSTED
	if (!hosted_window)
		hosted_window = mmap(NULL, DATA_SIZE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS |
				     MAP_NORESERVE, -1, 0);
#endif
	/* Aligned to its size: huge pages, and one mapping for large files. */
	c->page = (data.top + n - 1) & ~(uint64_t)(n - 1);
	if (c->page + n > WINDOW_PAGES) {
		mutex_unlock(&data.lock);
		kfree(c);
		return NULL;
	}
	data.top = c->page + n;
	mutex_unlock(&data.lock);
	return c;
}

struct chunk *chunk_get(unsigned int order)
{
	struct chunk *c;

	mutex_lock(&data.lock);
	c = data.free[order];
	if (c) {
		data.free[order] = c->next;
		data.dirty -= c->dirty;
	}
	mutex_unlock(&data.lock);
	return c ? c : chunk_new(order);
}

void chunk_put(struct chunk *c)
{
	uint32_t words = (c->n + 63) / 64, dirty = c->dirty;

	for (uint32_t w = words; w-- > 0; )
		if (c->present[w]) {
			uint32_t top = w * 64 + 64 -
				(uint32_t)__builtin_clzll(c->present[w]);

			dirty = MAX(dirty, top);
			break;
		}
	if (c->mapped)
		dirty = c->n;
	if (dirty > DIRTY_CHUNK ||
	    load_once(&data.dirty) + dirty > DIRTY_MAX) {
		chunk_punch(c, 0, dirty);
		dirty = 0;
	}
	memset(c->present, 0, words * sizeof(uint64_t));
	c->mapped = false;
	c->dirty = dirty;
	mutex_lock(&data.lock);
	data.dirty += dirty;
	c->next = data.free[c->order];
	data.free[c->order] = c;
	mutex_unlock(&data.lock);
}
