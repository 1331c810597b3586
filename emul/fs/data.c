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

/*
 * To give back a page alone costs the host 4 us, the most of removing a small
 * file; as one of many less than 1.  So chunks wait until so many pages are in
 * one piece.  Files that were made together go together, mostly.
 */
#define LATE_PAGES	256u

struct late {
	struct chunk *list;
	uint64_t from, to;	/* all of their pages */
};

static __arena struct {
	struct mutex lock;
	uint64_t top;		/* pages handed out so far */
	uint64_t dirty;		/* in the free lists */
	struct late late;
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

static void punch(uint64_t page, uint64_t n)
{
	madvise(hosted_window + page * PAGE_SIZE, n * PAGE_SIZE,
		MADV_DONTNEED);
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

static void punch(uint64_t page, uint64_t n)
{
	long err = host_fallocate(HOSTFD_DATA, PUNCH_HOLE,
				  (off_t)(page * PAGE_SIZE),
				  (off_t)(n * PAGE_SIZE));

	if (err)
		memset((char *)(DATA_BASE + page * PAGE_SIZE), 0,
		       n * PAGE_SIZE);
}
#endif

void chunk_punch(struct chunk *c, uint64_t from, uint64_t n)
{
	punch(c->page + from, n);
}

/* data.lock is held. */
static void add_free(struct chunk *c)
{
	data.dirty += c->dirty;
	c->next = data.free[c->order];
	data.free[c->order] = c;
}

/* The lock is held; what waited is the caller's. */
static struct late take_late(void)
{
	struct late l = data.late;

	data.late.list = NULL;
	return l;
}

static void give_back(struct late l)
{
	struct chunk *c, *next;

	if (!l.list)
		return;
	punch(l.from, l.to - l.from);
	mutex_lock(&data.lock);
	for (c = l.list; c; c = next) {
		next = c->next;
		c->dirty = 0;
		add_free(c);
	}
	mutex_unlock(&data.lock);
}

/* The memory of @c is to go back, with that of its neighbours. */
static void put_late(struct chunk *c)
{
	struct late old = { NULL, 0, 0 }, now = { NULL, 0, 0 };

	mutex_lock(&data.lock);
	if (data.late.list && data.late.to != c->page &&
	    data.late.from != c->page + c->n)
		old = take_late();
	if (!data.late.list)
		data.late = (struct late){ NULL, c->page, c->page + c->n };
	data.late.from = MIN(data.late.from, c->page);
	data.late.to = MAX(data.late.to, c->page + c->n);
	c->next = data.late.list;
	data.late.list = c;
	if (data.late.to - data.late.from >= LATE_PAGES)
		now = take_late();
	mutex_unlock(&data.lock);
	give_back(old);
	give_back(now);
}

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

static struct chunk *get_free(unsigned int order)
{
	struct chunk *c;

	mutex_lock(&data.lock);
	c = data.free[order];
	if (c) {
		data.free[order] = c->next;
		data.dirty -= c->dirty;
	}
	mutex_unlock(&data.lock);
	return c;
}

struct chunk *chunk_get(unsigned int order)
{
	struct chunk *c = get_free(order);

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
	memset(c->present, 0, words * sizeof(uint64_t));
	c->mapped = false;
	c->dirty = dirty;
	if (dirty > DIRTY_CHUNK ||
	    load_once(&data.dirty) + dirty > DIRTY_MAX) {
		put_late(c);
		return;
	}
	mutex_lock(&data.lock);
	add_free(c);
	mutex_unlock(&data.lock);
}
