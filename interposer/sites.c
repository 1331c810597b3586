/* SPDX-License-Identifier: Apache-2.0 */
/* sites.c: what is known of the `syscall` sites of each file. */
#include "interposer/sites.h"

#include <linux/errno.h>

#include "emul/lib/alloc.h"
#include "emul/lib/string.h"

#define XXH_INLINE_ALL
#define XXH_VECTOR 0		/* general registers only */
#include <xxhash.h>

#define BUCKETS	64
#define TRAPS_FIRST	5	/* a site is looked at when it traps so often */

/* Files are never forgotten: a table is small, and the file may come back. */
static struct {
	struct mutex lock;	/* of additions */
	struct site_file *bucket[BUCKETS];
} files __arena;

uint64_t sites_hash(const void *p, size_t n)
{
	return p ? XXH64(p, n, 0) : 0;
}

static struct site_file *look(uint64_t key)
{
	struct site_file *f;

	for (f = load_acquire(&files.bucket[key % BUCKETS]); f; f = f->next)
		if (f->key == key)
			return f;
	return NULL;
}

struct site_file *sites_of(uint64_t key, bool make)
{
	struct site_file *f = look(key), *other;

	if (f || !make)
		return f;
	f = kzalloc(sizeof(*f));
	if (!f)
		return NULL;
	f->key = key;
	mutex_init(&f->lock);
	mutex_lock(&files.lock);
	other = look(key);
	if (!other) {
		f->next = files.bucket[key % BUCKETS];
		store_release(&files.bucket[key % BUCKETS], f);
	}
	mutex_unlock(&files.lock);
	if (other) {
		kfree(f);
		return other;
	}
	return f;
}

bool sites_often(struct site_file *f, uint32_t site)
{
	uint8_t *traps = &f->seen[(site ^ site >> 7 ^ site >> 14) % SITES_SEEN];

	if (load_once(traps) >= TRAPS_FIRST - 1)
		return true;
	store_once(traps, (uint8_t)(*traps + 1));
	return false;
}

int sites_find(const struct site_file *f, uint32_t site)
{
	uint32_t i, n = sites_count(f);

	for (i = 0; i < n; i++)
		if (sites_rec(f, i)->site == site)
			return (int)i;
	return -1;
}

/* Does the filler of @rec belong to another record already? */
static bool pad_taken(const struct site_file *f, const struct site_rec *rec)
{
	uint32_t i;

	for (i = 0; i < f->n; i++) {
		const struct site_rec *r = sites_rec(f, i);

		if (r->tier == SITE_B && r->pad < rec->pad + SITE_JMP32 &&
		    rec->pad < r->pad + SITE_JMP32)
			return true;
	}
	return false;
}

static int add_locked(struct site_file *f, const struct site_rec *rec)
{
	int i = sites_find(f, rec->site);

	if (i >= 0)
		return i;
	if (f->n >= SITES_MAX)
		return -ENOMEM;
	if (rec->tier == SITE_B && pad_taken(f, rec))
		return -EAGAIN;
	if (!f->chunk[f->n / SITES_CHUNK]) {
		f->chunk[f->n / SITES_CHUNK] =
			kzalloc(SITES_CHUNK * sizeof(struct site_rec));
		if (!f->chunk[f->n / SITES_CHUNK])
			return -ENOMEM;
	}
	f->chunk[f->n / SITES_CHUNK][f->n % SITES_CHUNK] = *rec;
	store_release(&f->n, f->n + 1);
	return (int)f->n - 1;
}

int sites_add(struct site_file *f, const struct site_rec *rec)
{
	int i;

	mutex_lock(&f->lock);
	i = add_locked(f, rec);
	mutex_unlock(&f->lock);
	return i;
}
