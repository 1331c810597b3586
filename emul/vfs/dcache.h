/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dcache.h: inside of the dentry cache, for the path walk.
 *
 * dcache_lock protects the hash, the lists of children, the mount hash and
 * what a dentry is (name, parent, inode); it is innermost but for the
 * allocator and only held over memory.  dcache_seq is odd while something
 * goes or moves: a walk that takes no lock is good if it saw the same even
 * number before and after.  Dentries, inodes and mounts are only ever reused
 * as such, so what such a walk reads is stale at worst.
 */
#ifndef SBX_VFS_DCACHE_H
#define SBX_VFS_DCACHE_H

#include "emul/lib/string.h"
#include "emul/vfs/vfs.h"

struct dtable {
	uint64_t mask;
	struct dtable *outgrown;	/* walks may still look at it */
	struct dentry *bucket[];
};

struct dcache {
	struct mutex lock;
	uint32_t seq;
	struct dtable *table;		/* NULL at first; old ones stay */
	uint64_t n_hashed;
	uint64_t shrink_at;		/* the last look found nothing to free */
	uint64_t cookie;
	struct list_head lru;
	struct dentry *free;
};
extern struct dcache dcache __hidden;

/* Cached dentries beyond which unused ones go. */
#define DCACHE_MAX	65536u

/* Begin and end a change that a walk without locks must not miss. */
static inline void dcache_begin(void)
{
	mutex_lock(&dcache.lock);
	__atomic_fetch_add(&dcache.seq, 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void dcache_end(void)
{
	__atomic_fetch_add(&dcache.seq, 1, __ATOMIC_RELEASE);
	mutex_unlock(&dcache.lock);
}

static inline bool dcache_changed(uint32_t seq)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return load_once(&dcache.seq) != seq;
}

#define NAME_HASH_K	0x9e3779b97f4a7c15ULL
#define BYTES_1		0x0101010101010101ULL
#define BYTES_80	0x8080808080808080ULL

/* The mix is over words of 8 bytes, the last one filled up with zeroes. */
static inline uint64_t name_mix(uint64_t h, uint64_t w)
{
	h = (h ^ w) * NAME_HASH_K;
	return h ^ (h >> 29);
}

static inline uint32_t name_fold(uint64_t h)
{
	return (uint32_t)(h >> 32) ^ (uint32_t)h;
}

uint32_t name_hash(const char *s, size_t len);

/*
 * Length of the component at @s, which ends at a slash or at @end, and its
 * hash.
 */
static inline size_t name_scan(const char *s, const char *end, uint32_t *hash)
{
	const char *p = s;
	uint64_t h = 0, w, z;

	while (p + 8 <= end) {
		memcpy(&w, p, 8);
		z = w ^ (BYTES_1 * '/');
		z = (z - BYTES_1) & ~z & BYTES_80;
		if (z) {
			unsigned int n = (unsigned int)__builtin_ctzll(z) >> 3;

			if (n)
				h = name_mix(h, w & ((1ULL << n * 8) - 1));
			*hash = name_fold(h);
			return (size_t)(p - s) + n;
		}
		h = name_mix(h, w);
		p += 8;
	}
	w = 0;
	for (unsigned int n = 0; p < end && *p != '/'; p++, n += 8)
		w |= (uint64_t)(unsigned char)*p << n;
	if (w)
		h = name_mix(h, w);
	*hash = name_fold(h);
	return (size_t)(p - s);
}

static inline struct dentry **d_bucket(struct dtable *t,
				       const struct dentry *parent,
				       uint32_t hash)
{
	uint64_t x = (uint64_t)(uintptr_t)parent >> 4;

	x = (x ^ hash) * NAME_HASH_K;
	return &t->bucket[(x >> 32) & t->mask];
}

/* With dcache_lock held, or within a walk that checks dcache_seq after. */
static inline struct dentry *d_find(const struct dentry *parent,
				    const char *name, size_t len,
				    uint32_t hash)
{
	struct dtable *t = load_acquire(&dcache.table);
	struct dentry *d;

	if (!t)
		return NULL;
	d = load_acquire(d_bucket(t, parent, hash));
	for (; d; d = load_acquire(&d->hash_next))
		if (d->hash == hash && d->parent == parent && d->len == len &&
		    !memcmp(d->name, name, len))
			return d;
	return NULL;
}

struct dentry *d_lookup_hash(struct dentry *parent, const char *name,
			     size_t len, uint32_t hash) __must_check;
struct dentry *d_alloc_hash(struct dentry *parent, const char *name,
			    size_t len, uint32_t hash) __must_check;

/*
 * The child of @dir in the cache with the lowest cookie at or above @from
 * that exists, with a reference, or NULL.  @hint, if it still is a child of
 * @dir, is where the search starts.
 */
struct dentry *d_next_child(struct dentry *dir, struct dentry *hint,
			    uint64_t from) __must_check;
/* No child that exists. */
bool d_is_empty(struct dentry *dir);
/* Is @d below or the same as @top? */
bool d_is_below(const struct dentry *d, const struct dentry *top);

#ifdef SBX_DEBUG
/* Let go of what is only cached; call @fn for what is left: how many. */
void dcache_drain(void);
uint64_t dcache_each(void (*fn)(struct dentry *d, void *arg), void *arg);
/* mount.c: how many mounts have it as their root; NULL: all of them. */
uint32_t dcache_mounts_of(const struct dentry *d);
#endif

/* mount.c: what is mounted there, or NULL; locking as d_find(). */
struct mount *mount_find(const struct mount *mnt, const struct dentry *d);
extern struct mount *root_mount __hidden;
/*
 * Between dcache_begin() and dcache_end(): put @m, which has no place, on @on
 * (NULL: it becomes the root), of which it takes references; and take it away
 * again: the references, if any, are the caller's then, as is the tree's
 * reference to @m.
 */
void mount_attach(struct mount *m, const struct path *on);
struct path mount_detach(struct mount *m) __must_check;
/* With dcache_lock held: all mounts, one after the other, from NULL on. */
struct mount *mount_next(const struct mount *m);
bool mount_is_below(const struct mount *m, const struct mount *top);
bool path_is_under(const struct path *p, const struct path *top);
/* All that is mounted now is the policy's: it stays, and as it is. */
void mounts_lock(void);
/* dentry.c: a file system goes: forget all of its names. */
void d_kill_tree(struct dentry *root);

#endif
