/* SPDX-License-Identifier: Apache-2.0 */
/* memdata.c: contents of a file in memory. */
#include "emul/fs/memdata.h"

#include <linux/falloc.h>

#include "emul/abi/hostfd.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/mm/mm.h"
#include "emul/task/task.h"

#define ORDER_MIN	2u
#define PUNCH_MIN	16u	/* fewer pages are only marked as dirty */
#define FRESH_MIN	PAGE_SIZE	/* bytes that the host is to write */

/* Of all file systems together: --memory. */
static struct memquota all __arena;

void memdata_limit(uint64_t bytes)
{
	all.limit = bytes / PAGE_SIZE;
}

void memdata_init(struct memdata *m, struct memquota *q)
{
	memset(m, 0, sizeof(*m));
	m->quota = q;
	m->slot = m->inline_slot;
	m->n_slots = MEMDATA_INLINE;
}

static bool take(struct memquota *q, uint64_t pages)
{
	uint64_t used;

	used = __atomic_add_fetch(&q->used, pages, __ATOMIC_RELAXED);
	if (!q->limit || used <= q->limit)
		return true;
	__atomic_fetch_sub(&q->used, pages, __ATOMIC_RELAXED);
	return false;
}

/* Beside its file system's, the sandbox's. */
static bool quota_take(struct memquota *q, uint64_t pages)
{
	if (all.limit && !take(&all, pages))
		return false;
	if (!q || take(q, pages))
		return true;
	if (all.limit)
		__atomic_fetch_sub(&all.used, pages, __ATOMIC_RELAXED);
	return false;
}

static void quota_give(struct memquota *q, uint64_t pages)
{
	if (q)
		__atomic_fetch_sub(&q->used, pages, __ATOMIC_RELAXED);
	if (all.limit)
		__atomic_fetch_sub(&all.used, pages, __ATOMIC_RELAXED);
}

/* Where page @p of the file is: slot number, and the chunk's first page. */
static uint32_t slot_of(const struct memdata *m, uint64_t p, uint64_t *base,
			unsigned int *order)
{
	unsigned int log;

	if (p >> m->order0 == 0) {
		*base = 0;
		*order = m->order0;
		return 0;
	}
	if (p >> (CHUNK_ORDER_MAX + 1)) {
		*base = p & ~((1ULL << CHUNK_ORDER_MAX) - 1);
		*order = CHUNK_ORDER_MAX;
		return (uint32_t)(p >> CHUNK_ORDER_MAX) + CHUNK_ORDER_MAX -
			m->order0;
	}
	log = 63u - (unsigned int)__builtin_clzll(p);
	*base = 1ULL << log;
	*order = log;
	return log - m->order0 + 1;
}

static void choose_order(struct memdata *m, uint64_t bytes)
{
	uint64_t pages = PAGE_UP(bytes) / PAGE_SIZE;
	unsigned int order = ORDER_MIN;

	while (order < CHUNK_ORDER_MAX && 1ULL << order < pages)
		order++;
	m->order0 = (uint8_t)order;
	m->have_order = true;
}

static int grow_slots(struct memdata *m, uint32_t n)
{
	uint32_t size = MAX(m->n_slots * 2, n + 1);
	struct chunk **s;

	s = kzalloc(size * sizeof(*s));
	if (!s)
		return -ENOSPC;
	memcpy(s, m->slot, m->n_slots * sizeof(*s));
	if (m->slot != m->inline_slot)
		kfree(m->slot);
	m->slot = s;
	m->n_slots = size;
	return 0;
}

/*
 * The chunk that holds page @p; *@base is its first page, *@n its pages, also
 * where there is none yet (NULL).
 */
static struct chunk *find(const struct memdata *m, uint64_t p, uint64_t *base,
			  uint64_t *n)
{
	unsigned int order;
	uint32_t s;

	if (!m->have_order) {
		*base = 0;
		*n = MEMDATA_MAX / PAGE_SIZE;
		return NULL;
	}
	s = slot_of(m, p, base, &order);
	*n = 1ULL << order;
	return s < m->n_slots ? m->slot[s] : NULL;
}

/* As find(), but makes it.  err_ptr(). */
static struct chunk *need(struct memdata *m, uint64_t p, uint64_t bytes,
			  uint64_t *base)
{
	unsigned int order;
	struct chunk *c;
	uint32_t s;

	if (!m->have_order)
		choose_order(m, bytes);
	s = slot_of(m, p, base, &order);
	if (s >= m->n_slots && grow_slots(m, s))
		return err_ptr(-ENOSPC);
	c = m->slot[s];
	if (!c) {
		c = chunk_get(order);
		if (!c)
			return err_ptr(-ENOSPC);
		m->slot[s] = c;
	}
	return c;
}

static bool present(const struct chunk *c, uint64_t k)
{
	return c->mapped || (c->present[k / 64] >> (k % 64) & 1);
}

/* Make page @k of the chunk one that counts. */
static int make_present(struct inode *i, struct memdata *m, struct chunk *c,
			uint64_t k)
{
	uint64_t bit = 1ULL << (k % 64);

	if (c->present[k / 64] & bit)
		return 0;
	if (!quota_take(m->quota, 1))
		return -ENOSPC;
	if (k < c->dirty && !c->mapped)
		memset(chunk_ptr(c, k), 0, PAGE_SIZE);
	c->present[k / 64] |= bit;
	m->n_pages++;
	i->blocks += PAGE_SIZE / 512;
	return 0;
}

/* Pages @from .. @to of the chunk (exclusive) become a hole. */
static void drop_pages(struct inode *i, struct memdata *m, struct chunk *c,
		       uint64_t from, uint64_t to)
{
	uint64_t gone = 0, top = 0;

	for (uint64_t k = from; k < to; k++) {
		if (!(k % 64) && k + 64 <= to && !c->present[k / 64]) {
			k += 63;
			continue;
		}
		if (c->present[k / 64] >> (k % 64) & 1) {
			c->present[k / 64] &= ~(1ULL << (k % 64));
			gone++;
			top = k + 1;
		}
	}
	if (c->mapped || gone > PUNCH_MIN)
		chunk_punch(c, from, to - from);
	else if (top > c->dirty)
		c->dirty = (uint32_t)top;
	m->n_pages -= gone;
	i->blocks -= gone * (PAGE_SIZE / 512);
	quota_give(m->quota, gone);
}

void memdata_free(struct memdata *m)
{
	quota_give(m->quota, m->n_pages);
	m->n_pages = 0;
	for (uint32_t s = 0; s < m->n_slots; s++)
		if (m->slot[s]) {
			chunk_put(m->slot[s]);
			m->slot[s] = NULL;
		}
	if (m->slot != m->inline_slot)
		kfree(m->slot);
	m->slot = m->inline_slot;
	m->n_slots = MEMDATA_INLINE;
	m->have_order = false;
}

/*
 * The next run from @pos of at most @n bytes that is all there (*@ptr) or all
 * hole (NULL).  i->lock is held.
 */
static size_t next_run(const struct memdata *m, uint64_t pos, size_t n,
		       char **ptr)
{
	uint64_t p = pos / PAGE_SIZE, off = pos % PAGE_SIZE, base, pages, k;
	struct chunk *c = find(m, p, &base, &pages);
	uint64_t len = PAGE_SIZE - off;
	bool here;

	*ptr = NULL;
	if (!c) {
		len = (base + pages - p) * PAGE_SIZE - off;
		return MIN(n, len);
	}
	k = p - base;
	here = present(c, k);
	if (here)
		*ptr = chunk_ptr(c, k) + off;
	for (k++; k < pages && len < n && present(c, k) == here; k++)
		len += PAGE_SIZE;
	return MIN(n, len);
}

ssize_t memdata_read(struct inode *i, struct memdata *m, struct uio *u,
		     off_t *pos)
{
	uint64_t size = load_once(&i->size);
	size_t done = 0, n, run;
	ssize_t got = 0;
	char *p;

	if ((uint64_t)*pos >= size)
		return 0;
	n = MIN(u->left, size - (uint64_t)*pos);
	while (done < n) {
		mutex_lock(&i->lock);
		run = next_run(m, (uint64_t)*pos, n - done, &p);
		mutex_unlock(&i->lock);
		/*
		 * The pages stay the file's until it goes, so the copy needs
		 * no lock; a truncate meanwhile shows as zeroes.
		 */
		got = p ? uio_write(u, p, run) : uio_zero(u, run);
		if (got <= 0)
			break;
		done += (size_t)got;
		*pos += got;
		if ((size_t)got < run)
			break;
	}
	return done ? (ssize_t)done : got;
}

/*
 * Space for [@pos, @pos + @n), as far as one chunk goes; i->lock is held.
 * *@fresh: it is enough, and none of it was ever touched.
 */
static ssize_t reserve(struct inode *i, struct memdata *m, uint64_t pos,
		       size_t n, uint64_t hint, char **ptr, bool *fresh)
{
	uint64_t p = pos / PAGE_SIZE, off = pos % PAGE_SIZE, base, k;
	struct chunk *c = need(m, p, hint, &base);
	uint64_t len = 0;

	if (is_err(c))
		return ptr_err(c);
	k = p - base;
	*ptr = chunk_ptr(c, k) + off;
	*fresh = k >= c->dirty;
	for (; len < n && k < c->n; k++) {
		int err;

		*fresh = *fresh && !present(c, k);
		err = make_present(i, m, c, k);
		if (err) {
			if (len)
				break;
			return err;
		}
		len += PAGE_SIZE - off;
		off = 0;
	}
	len = MIN(n, len);
	*fresh = *fresh && len >= FRESH_MIN;
	return (ssize_t)len;
}

/* As uio_read(), to pages that were never touched. */
static ssize_t read_fresh(struct uio *u, char *p, size_t n)
{
	size_t done = 0, len;
	ssize_t got = 0;
	void *from;

	while (done < n && (len = uio_piece(u, &from))) {
		len = MIN(len, n - done);
		got = len < PAGE_SIZE ? 0 : chunk_write(p + done, from, len);
		if (got > 0)
			uio_advance(u, (size_t)got);
		else if (got != -EFAULT)
			got = uio_read(u, p + done, len);
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	return done ? (ssize_t)done : got;
}

ssize_t memdata_write(struct inode *i, struct memdata *m, struct uio *u,
		      off_t *pos)
{
	size_t done = 0, n = u->left;
	uint64_t at = (uint64_t)*pos, start;
	ssize_t run = 0, got;
	bool grew = false, fresh;
	char *p;

	if (!n)
		return 0;
	mutex_lock(&i->lock);
	if (u->append)
		at = i->size;
	start = at;
	if (at >= MEMDATA_MAX) {
		mutex_unlock(&i->lock);
		return -EFBIG;
	}
	n = MIN(n, MEMDATA_MAX - at);
	if (u->append) {
		/* Take the place now: others append behind it. */
		i->size = at + n;
		grew = true;
	}
	while (done < n) {
		run = reserve(i, m, at, n - done, MAX(start + n, i->size), &p,
			      &fresh);
		if (run < 0)
			break;
		mutex_unlock(&i->lock);
		got = fresh ? read_fresh(u, p, (size_t)run) :
			uio_read(u, p, (size_t)run);
		mutex_lock(&i->lock);
		if (got < 0) {
			run = got;
			break;
		}
		at += (uint64_t)got;
		done += (size_t)got;
		if (at > i->size)
			i->size = at;
		if (got < run) {
			run = -EFAULT;
			break;
		}
	}
	if (grew && done < n && i->size == start + n)
		i->size = at;
	if (done) {
		i->mtime = i->ctime = ktime_now();
		*pos = (off_t)at;
	}
	mutex_unlock(&i->lock);
	return done ? (ssize_t)done : run;
}

int memdata_fill(struct inode *i, struct memdata *m, uint64_t pos,
		 const char *src, size_t n, uint64_t size)
{
	bool fresh;
	char *p;

	while (n) {
		ssize_t run = reserve(i, m, pos, n, size, &p, &fresh);

		if (run < 0)
			return (int)run;
		if (!fresh || chunk_write(p, src, (size_t)run) != run)
			memcpy(p, src, (size_t)run);
		src += run;
		pos += (uint64_t)run;
		n -= (size_t)run;
	}
	return 0;
}

int memdata_truncate(struct inode *i, struct memdata *m, uint64_t size)
{
	uint64_t old = i->size, p, base, pages, last;
	struct chunk *c;

	if (size > MEMDATA_MAX)
		return -EFBIG;
	store_once(&i->size, size);
	if (size >= old || !m->have_order)
		return 0;
	if (current() && current()->mm)
		mm_truncated(current()->mm, i, size);
	if (size % PAGE_SIZE) {
		p = size / PAGE_SIZE;
		c = find(m, p, &base, &pages);
		if (c && present(c, p - base))
			memset(chunk_ptr(c, p - base) + size % PAGE_SIZE, 0,
			       PAGE_SIZE - size % PAGE_SIZE);
	}
	/* Chunks keep their addresses: somebody may have them mapped. */
	last = PAGE_UP(old) / PAGE_SIZE;
	for (p = PAGE_UP(size) / PAGE_SIZE; p < last; p = base + pages) {
		c = find(m, p, &base, &pages);
		if (c)
			drop_pages(i, m, c, p - base, pages);
	}
	return 0;
}

static int allocate(struct inode *i, struct memdata *m, uint64_t off,
		    uint64_t len)
{
	bool fresh;
	char *p;

	while (len) {
		ssize_t n = reserve(i, m, off, len, MAX(off + len, i->size),
				    &p, &fresh);

		if (n < 0)
			return (int)n;
		off += (uint64_t)n;
		len -= (uint64_t)n;
	}
	return 0;
}

/* Zero the range: whole pages become holes, the rest is overwritten. */
static void make_hole(struct inode *i, struct memdata *m, uint64_t off,
		      uint64_t end)
{
	uint64_t base, pages, p, to;
	struct chunk *c;

	while (off < end) {
		p = off / PAGE_SIZE;
		c = find(m, p, &base, &pages);
		if (off % PAGE_SIZE || end - off < PAGE_SIZE) {
			to = MIN(end, (p + 1) * PAGE_SIZE);
			if (c && present(c, p - base))
				memset(chunk_ptr(c, p - base) +
				       off % PAGE_SIZE, 0, to - off);
			off = to;
			continue;
		}
		to = MIN(end / PAGE_SIZE, base + pages);
		if (c)
			drop_pages(i, m, c, p - base, to - base);
		off = to * PAGE_SIZE;
	}
}

int memdata_fallocate(struct inode *i, struct memdata *m, int mode, off_t off,
		      off_t len)
{
	uint64_t from = (uint64_t)off, end = from + (uint64_t)len;
	int err = 0;

	if ((mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE |
		      FALLOC_FL_ZERO_RANGE)) ||
	    ((mode & FALLOC_FL_PUNCH_HOLE) &&
	     (mode & FALLOC_FL_ZERO_RANGE)) ||
	    ((mode & FALLOC_FL_PUNCH_HOLE) && !(mode & FALLOC_FL_KEEP_SIZE)))
		return -EOPNOTSUPP;
	if (!(mode & FALLOC_FL_PUNCH_HOLE) && end > MEMDATA_MAX)
		return -EFBIG;
	mutex_lock(&i->lock);
	if (mode & FALLOC_FL_PUNCH_HOLE) {
		end = MIN(end, PAGE_UP(i->size));
		make_hole(i, m, from, end);
	} else {
		if (mode & FALLOC_FL_ZERO_RANGE)
			make_hole(i, m, from, MIN(end, PAGE_UP(i->size)));
		err = allocate(i, m, from, end - from);
		if (!err && !(mode & FALLOC_FL_KEEP_SIZE) && end > i->size)
			store_once(&i->size, end);
	}
	i->mtime = i->ctime = ktime_now();
	mutex_unlock(&i->lock);
	return err;
}

int memdata_mmap(struct inode *i, struct memdata *m, off_t off, size_t len,
		 struct backing *b)
{
	uint64_t p = (uint64_t)off / PAGE_SIZE, base, k;
	struct chunk *c;

	if ((uint64_t)off >= MEMDATA_MAX)
		return -EOVERFLOW;
	mutex_lock(&i->lock);
	c = need(m, p, MAX(i->size, (uint64_t)off + len), &base);
	if (is_err(c)) {
		mutex_unlock(&i->lock);
		return -ENOMEM;
	}
	if (!c->mapped) {
		for (k = 0; k < c->dirty; k++)
			if (!present(c, k))
				memset(chunk_ptr(c, k), 0, PAGE_SIZE);
		c->dirty = 0;
		c->mapped = true;
	}
	k = p - base;
	b->fd = HOSTFD_DATA;
	b->off = (off_t)((c->page + k) * PAGE_SIZE);
	b->len = (c->n - k) * PAGE_SIZE;
	mutex_unlock(&i->lock);
	return 0;
}

off_t memdata_seek(struct inode *i, struct memdata *m, off_t off, int whence)
{
	uint64_t pos = (uint64_t)off;
	off_t r = -ENXIO;
	char *p;

	mutex_lock(&i->lock);
	if (off < 0)
		goto out;
	while (pos < i->size) {
		size_t run = next_run(m, pos, i->size - pos, &p);

		if (!!p == (whence == 3)) {
			r = (off_t)pos;
			goto out;
		}
		pos += run;
	}
	if (whence == 4 && (uint64_t)off < i->size)
		r = (off_t)i->size;	/* the hole behind every file */
out:
	mutex_unlock(&i->lock);
	return r;
}
