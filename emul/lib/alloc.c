/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alloc.c: memory of the arena: pages by powers of two, slabs on top.
 *
 * Pages come from a mark that only rises, and from lists of freed runs, one a
 * power of two; a run is aligned to its size (up to 16 KiB at least).  Runs
 * are not merged: the kernel's large objects are tables that grow by doubling,
 * whose old sizes the next table takes.
 *
 * A slab is a run of SLAB_SIZE, aligned to it, with a header in front: so the
 * header of any small object is found by masking its address.  Large objects
 * have the same header on their own run.  Objects of a slab that were never
 * used lie behind a mark, so that a new slab touches no page it need not.
 */
#include "emul/lib/alloc.h"

#include <linux/falloc.h>

#include "emul/abi/boot.h"
#include "emul/abi/hostfd.h"
#include "emul/host/host.h"
#include "emul/lib/list.h"
#include "emul/lib/lock.h"
#include "emul/lib/print.h"
#include "emul/lib/string.h"

/*
 * Unit tests take libc's allocator, which sees more mistakes; the test of
 * this file itself (t/u-alloc.c) includes it whole.
 */
#if !defined(SBX_HOSTED) || defined(ALLOC_UNDER_TEST)

#define HEAP_END	(META_BASE + META_SIZE)
#define SLAB_SIZE	0x4000UL
#define SLAB_MAGIC	0x51abU
#define LARGE_MAGIC	0x1a26U
#define N_ORDERS	24
/* A freed run of this many pages is given back to the host. */
#define PUNCH_PAGES	256UL

static const uint16_t class_size[] = {
	16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048,
	4032
};
#define N_CLASSES	ARRAY_SIZE(class_size)
#define MAX_SMALL	4032

struct free_run {
	struct free_run *next;
	bool clean;		/* all of it but this header reads as zero */
};

struct free_obj {
	struct free_obj *next;
};

struct slab {
	uint32_t magic;
	uint16_t class;
	uint16_t used;
	uint32_t mark;			/* offset of what was never used */
	uint32_t order;			/* LARGE_MAGIC: of the run, in pages */
	struct free_obj *free;
	struct list_head link;		/* in partial[], or empty when full */
	struct list_head all;		/* of a debug build */
	uint64_t pad;
};
_Static_assert(sizeof(struct slab) == 64, "objects start at 64");

static struct {
	struct mutex lock;
	uint64_t mark;			/* offset into the heap */
	struct free_run *runs[N_ORDERS];
	uint64_t used;			/* bytes in runs given out */
} pages __arena;
LOCK_CLASS(pages, LOCK_PAGES);

static struct {
	struct mutex lock;
	struct list_head partial;
} classes[N_CLASSES] __arena;
LOCK_CLASS(classes, LOCK_ALLOC);

#ifdef SBX_DEBUG
/*
 * The last word of an object tells where it was allocated; it is zero in one
 * that is free, the rest of which is filled with what is no pointer.
 */
#define TAG_SIZE	sizeof(uint64_t)
#define FREED		0x6b
#define SITES		4096u		/* a power of two */

static struct {
	struct mutex lock;
	struct list_head list;
} slabs __arena;
LOCK_CLASS(slabs, LOCK_PAGES);

static void slab_enter(struct slab *s)
{
	mutex_lock(&slabs.lock);
	if (!slabs.list.next)
		list_init(&slabs.list);
	list_add(&s->all, &slabs.list);
	mutex_unlock(&slabs.lock);
}

static void slab_leave(struct slab *s)
{
	mutex_lock(&slabs.lock);
	list_del(&s->all);
	mutex_unlock(&slabs.lock);
}

static void tag(void *p, size_t room, const void *site)
{
	if (!site)
		memset(p, FREED, room);
	*(uint64_t *)(void *)((char *)p + room - TAG_SIZE) = (uint64_t)site;
}
#else
#define TAG_SIZE	0
static void slab_enter(struct slab *s)
{
	(void)s;
}

static void slab_leave(struct slab *s)
{
	(void)s;
}

static void tag(void *p, size_t room, const void *site)
{
	(void)p;
	(void)room;
	(void)site;
}
#endif

static unsigned int order_of(size_t n)
{
	return n <= 1 ? 0 : 64U - (unsigned int)__builtin_clzl(n - 1);
}

static void *run_alloc(unsigned int order, bool zero)
{
	size_t size = PAGE_SIZE << order;
	struct free_run *r;
	uint64_t at;

	if (order >= N_ORDERS)
		return NULL;
	mutex_lock(&pages.lock);
	r = pages.runs[order];
	if (r) {
		pages.runs[order] = r->next;
	} else {
		at = ALIGN_UP(pages.mark, MAX(MIN(size, 1UL << 21), SLAB_SIZE));
		if (at + size > HEAP_END - HEAP_BASE) {
			mutex_unlock(&pages.lock);
			return NULL;
		}
		pages.mark = at + size;
		pages.used += size;
		mutex_unlock(&pages.lock);
		return (void *)(HEAP_BASE + at);
	}
	pages.used += size;
	mutex_unlock(&pages.lock);
	if (zero)
		memset(r, 0, r->clean ? sizeof(*r) : size);
	return r;
}

static void run_free(void *p, unsigned int order)
{
	size_t size = PAGE_SIZE << order;
	struct free_run *r = p;
	bool clean = false;

	if (size >= PUNCH_PAGES * PAGE_SIZE)
		clean = !host_fallocate(HOSTFD_META, FALLOC_FL_PUNCH_HOLE |
					FALLOC_FL_KEEP_SIZE,
					(off_t)((uint64_t)p - META_BASE),
					(off_t)size);
	mutex_lock(&pages.lock);
	r->clean = clean;
	r->next = pages.runs[order];
	pages.runs[order] = r;
	pages.used -= size;
	mutex_unlock(&pages.lock);
}

void *page_alloc(size_t n)
{
	return n ? run_alloc(order_of(n), true) : NULL;
}

void page_free(void *p, size_t n)
{
	if (p)
		run_free(p, order_of(n));
}

static unsigned int class_of(size_t size)
{
	unsigned int c;

	for (c = 0; class_size[c] < size; c++)
		;
	return c;
}

static void *small_alloc(unsigned int c, const void *site)
{
	struct list_head *partial = &classes[c].partial;
	struct slab *s;
	void *p;

	mutex_lock(&classes[c].lock);
	if (!partial->next)
		list_init(partial);
	if (list_empty(partial)) {
		s = run_alloc(order_of(SLAB_SIZE / PAGE_SIZE), false);
		if (!s) {
			mutex_unlock(&classes[c].lock);
			return NULL;
		}
		s->magic = SLAB_MAGIC;
		s->class = (uint16_t)c;
		s->used = 0;
		s->mark = sizeof(*s);
		s->free = NULL;
		list_add(&s->link, partial);
		slab_enter(s);
	}
	s = list_first(partial, struct slab, link);
	if (s->free) {
		p = s->free;
		s->free = s->free->next;
	} else {
		p = (char *)s + s->mark;
		s->mark += class_size[c];
	}
	s->used++;
	if (!s->free && s->mark + class_size[c] > SLAB_SIZE)
		list_del(&s->link);
	tag(p, class_size[c], site);
	mutex_unlock(&classes[c].lock);
	return p;
}

static void small_free(struct slab *s, void *p)
{
	unsigned int c = s->class;
	struct free_obj *o = p;
	bool whole = false;

	mutex_lock(&classes[c].lock);
	tag(p, class_size[c], NULL);
	o->next = s->free;
	s->free = o;
	s->used--;
	if (list_empty(&s->link))
		list_add(&s->link, &classes[c].partial);
	/* Keep one slab in hand, or a lone object would cost a run a time. */
	if (!s->used && s->link.next != s->link.prev) {
		list_del(&s->link);
		whole = true;
	}
	mutex_unlock(&classes[c].lock);
	if (whole)
		slab_leave(s);
	if (whole)
		run_free(s, order_of(SLAB_SIZE / PAGE_SIZE));
}

static struct slab *slab_of(const void *p)
{
	return (struct slab *)((uint64_t)p & ~(SLAB_SIZE - 1));
}

static size_t usable(const struct slab *s)
{
	return (s->magic == SLAB_MAGIC ? class_size[s->class] :
		(PAGE_SIZE << s->order) - sizeof(*s)) - TAG_SIZE;
}

static void *alloc(size_t size, const void *site)
{
	unsigned int order;
	struct slab *s;

	if (size > META_SIZE)
		return NULL;
	size += TAG_SIZE;
	if (size <= MAX_SMALL)
		return small_alloc(class_of(size), site);
	order = MAX(order_of(PAGE_UP(size + sizeof(*s)) / PAGE_SIZE),
		    order_of(SLAB_SIZE / PAGE_SIZE));
	s = run_alloc(order, false);
	if (!s)
		return NULL;
	s->magic = LARGE_MAGIC;
	s->order = order;
	slab_enter(s);
	tag(s + 1, usable(s) + TAG_SIZE, site);
	return s + 1;
}

void *kmalloc(size_t size)
{
	return alloc(size, __builtin_return_address(0));
}

void *kzalloc(size_t size)
{
	void *p = alloc(size, __builtin_return_address(0));

	if (p)
		memset(p, 0, size);
	return p;
}

void *krealloc(void *p, size_t size)
{
	void *q;
	size_t old;

	if (!p)
		return alloc(size, __builtin_return_address(0));
	old = usable(slab_of(p));
	if (size <= old && size > old / 4)
		return p;
	q = alloc(size, __builtin_return_address(0));
	if (q) {
		memcpy(q, p, MIN(old, size));
		kfree(p);
	}
	return q;
}

void kfree(void *p)
{
	struct slab *s;

	if (!p)
		return;
	s = slab_of(p);
	if (s->magic == SLAB_MAGIC) {
		small_free(s, p);
	} else {
		BUG_ON(s->magic != LARGE_MAGIC);
		s->magic = 0;
		slab_leave(s);
		run_free(s, s->order);
	}
}

size_t alloc_reach(void)
{
	return load_once(&pages.mark);
}

size_t alloc_used(void)
{
	return load_once(&pages.used);
}

#ifdef SBX_DEBUG
struct site {
	uint64_t at;
	uint32_t n;
	uint64_t bytes;
};

static void note(struct site *table, uint64_t at, size_t bytes)
{
	uint64_t i = at * 0x9e3779b97f4a7c15ULL >> 40;

	for (i &= SITES - 1; table[i].at && table[i].at != at; )
		i = (i + 1) & (SITES - 1);
	table[i].at = at;
	table[i].n++;
	table[i].bytes += bytes;
}

static void note_slab(struct site *table, struct slab *s)
{
	size_t size = usable(s) + TAG_SIZE;
	char *p = (char *)(s + 1), *end = (char *)s + s->mark;

	if (s->magic != SLAB_MAGIC)
		end = p + size;
	for (; p + size <= end; p += size) {
		uint64_t at = *(uint64_t *)(void *)(p + size - TAG_SIZE);

		if (at)
			note(table, at, size);
	}
}

void alloc_report(void)
{
	size_t n = PAGE_UP(SITES * sizeof(struct site)) / PAGE_SIZE;
	struct site *table = page_alloc(n);
	struct slab *s;

	if (!table)
		return;
	list_for_each(s, &slabs.list, all)
		note_slab(table, s);
	for (unsigned int i = 0; i < SITES; i++)
		if (table[i].at)
			kprintf("made at 0x%lx: %u objects, %lu bytes\n",
				table[i].at, table[i].n, table[i].bytes);
	page_free(table, n);
}
#endif

#endif

char *kstrndup(const char *s, size_t n)
{
	char *p = kmalloc(n + 1);

	if (p) {
		memcpy(p, s, n);
		p[n] = '\0';
	}
	return p;
}
