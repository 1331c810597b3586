/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dentry.c: the cache of names, also of those that do not exist.
 *
 * A dentry in the hash carries D_CACHED in its count and is on the LRU list:
 * its last user leaves it there, and the shrinker takes it when there are too
 * many.  One that left the hash goes with its last user.
 */
#include "emul/lib/alloc.h"
#include "emul/lib/live.h"
#include "emul/lib/string.h"
#include "emul/vfs/dcache.h"
#include "emul/vfs/fsnotify.h"

__arena struct dcache dcache;
LOCK_CLASS(dcache, LOCK_DCACHE);

uint32_t name_hash(const char *s, size_t len)
{
	uint64_t h = 0, w;

	for (; len >= 8; s += 8, len -= 8) {
		memcpy(&w, s, 8);
		h = name_mix(h, w);
	}
	w = 0;
	for (size_t i = 0; i < len; i++)
		w |= (uint64_t)(unsigned char)s[i] << i * 8;
	if (w)
		h = name_mix(h, w);
	return name_fold(h);
}

static struct dtable *table_new(uint64_t n)
{
	struct dtable *t;

	t = kzalloc(sizeof(*t) + n * sizeof(t->bucket[0]));
	if (t)
		t->mask = n - 1;
	return t;
}

static void hash_link(struct dtable *t, struct dentry *d)
{
	struct dentry **b = d_bucket(t, d->parent, d->hash);

	store_once(&d->hash_next, *b);
	d->hash_prev = b;
	if (*b)
		(*b)->hash_prev = &d->hash_next;
	store_release(b, d);
}

static void hash_unlink(struct dentry *d)
{
	store_release(d->hash_prev, d->hash_next);
	if (d->hash_next)
		d->hash_next->hash_prev = d->hash_prev;
	/* hash_next stays: a walk without locks may be standing on it */
	d->hash_prev = NULL;
}

/* The lock is held.  The old table stays for walks that look at it. */
static void table_grow(void)
{
	struct dtable *old = dcache.table, *t;
	struct dentry *d, *next;

	t = table_new(old ? (old->mask + 1) * 4 : 512);
	if (!t)
		return;
	__atomic_fetch_add(&dcache.seq, 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	for (uint64_t i = 0; old && i <= old->mask; i++) {
		for (d = old->bucket[i]; d; d = next) {
			next = d->hash_next;
			hash_link(t, d);
		}
		store_once(&old->bucket[i], NULL);
	}
	t->outgrown = old;
	store_release(&dcache.table, t);
	__atomic_fetch_add(&dcache.seq, 1, __ATOMIC_RELEASE);
}

static struct dentry *dentry_get_memory(void)
{
	struct dentry *d;

	mutex_lock(&dcache.lock);
	d = dcache.free;
	if (d)
		dcache.free = d->hash_next;
	mutex_unlock(&dcache.lock);
	return d ? d : kzalloc(sizeof(*d));
}

static int set_name(struct dentry *d, const char *name, size_t len)
{
	d->name = d->iname;
	if (len >= D_NAME_INLINE) {
		d->name = kmalloc(len + 1);
		if (!d->name)
			return -ENOMEM;
	}
	memcpy(d->name, name, len);
	d->name[len] = '\0';
	d->len = (uint32_t)len;
	return 0;
}

/* No other dentry can have it: it was neither hashed nor given away. */
static void dentry_put_memory(struct dentry *d)
{
	if (d->name != d->iname)
		kfree(d->name);
	d->name = d->iname;
	mutex_lock(&dcache.lock);
	store_once(&d->hash_next, dcache.free);
	dcache.free = d;
	mutex_unlock(&dcache.lock);
}

struct dentry *d_alloc_hash(struct dentry *parent, const char *name,
			    size_t len, uint32_t hash)
{
	struct dentry *d = dentry_get_memory();

	if (!d)
		return NULL;
	d->hash = hash;
	d->flags = 0;
	d->hash_prev = NULL;
	d->inode = NULL;
	d->n_mounted = 0;
	d->n_children = 0;
	d->cookie = 0;
	list_init(&d->children);
	list_init(&d->sibling);
	list_init(&d->lru);
	if (set_name(d, name, len)) {
		d->name = d->iname;
		dentry_put_memory(d);
		return NULL;
	}
	if (parent) {
		d->parent = dget(parent);
		d->sb = parent->sb;
	} else {
		d->parent = d;
	}
	live_add(LIVE_DENTRY, 1);
	ref_init(&d->ref);
	return d;
}

struct dentry *d_alloc(struct dentry *parent, const char *name, size_t len)
{
	return d_alloc_hash(parent, name, len, name_hash(name, len));
}

struct dentry *d_alloc_root(struct superblock *sb, struct inode *i)
{
	struct dentry *d = d_alloc_hash(NULL, "/", 1, 0);

	if (!d)
		return NULL;
	d->sb = sb;
	live_add(LIVE_ROOT, 1);
	d->flags = D_ROOT;
	d->inode = i;
	return d;
}

void d_instantiate(struct dentry *d, struct inode *i)
{
	store_release(&d->inode, i);
}

/* The lock is held; victims are chained by hash_next. */
static struct dentry *shrink(unsigned int steps)
{
	struct dentry *d, *victims = NULL;
	bool odd = false;

	while (steps-- && !list_empty(&dcache.lru)) {
		uint32_t idle = D_CACHED;

		d = list_first(&dcache.lru, struct dentry, lru);
		list_del(&d->lru);
		if (load_once(&d->ref.count) != idle || (d->flags & D_USED)) {
			d->flags &= ~D_USED;
			list_add_tail(&d->lru, &dcache.lru);
			continue;
		}
		if (!odd) {
			__atomic_fetch_add(&dcache.seq, 1, __ATOMIC_RELAXED);
			__atomic_thread_fence(__ATOMIC_RELEASE);
			odd = true;
		}
		if (!__atomic_compare_exchange_n(&d->ref.count, &idle, 0,
						 false, __ATOMIC_ACQ_REL,
						 __ATOMIC_RELAXED)) {
			list_add_tail(&d->lru, &dcache.lru);
			continue;
		}
		hash_unlink(d);
		dcache.n_hashed--;
		d->hash_prev = (struct dentry **)(void *)victims;
		victims = d;
	}
	if (odd)
		__atomic_fetch_add(&dcache.seq, 1, __ATOMIC_RELEASE);
	return victims;
}

/* Nobody has it and nobody can find it.  Returns the parent, to be put. */
static struct dentry *d_kill(struct dentry *d)
{
	struct dentry *parent = d->parent == d ? NULL : d->parent;
	struct inode *i = d->inode;

	if (parent) {
		mutex_lock(&dcache.lock);
		if (!list_empty(&d->sibling)) {
			list_del(&d->sibling);
			parent->n_children--;
		}
		mutex_unlock(&dcache.lock);
	}
	store_once(&d->inode, NULL);
	if (i) {
		fsn_gone(i);
		inode_put(i);
	}
	live_add(LIVE_DENTRY, -1);
	live_add(LIVE_ROOT, -!parent);
	dentry_put_memory(d);
	return parent;
}

void dput(struct dentry *d)
{
	/* Other users, or the hash (D_CACHED), may still hold it. */
	while (d && __atomic_fetch_sub(&d->ref.count, 1,
				       __ATOMIC_ACQ_REL) == 1)
		d = d_kill(d);
}

/* The lock is held. */
static struct dentry *hash_add_locked(struct dentry *d)
{
	struct dentry *victims = NULL;

	if (unlikely(!dcache.lru.next))
		list_init(&dcache.lru);
	if (!dcache.table || dcache.n_hashed > dcache.table->mask)
		table_grow();
	if (!dcache.table)
		return NULL;	/* no memory: not cached, but good */
	if (d->parent != d && list_empty(&d->sibling)) {
		d->cookie = 2 + dcache.cookie++;
		list_add_tail(&d->sibling, &d->parent->children);
		d->parent->n_children++;
	}
	__atomic_fetch_or(&d->ref.count, D_CACHED, __ATOMIC_RELAXED);
	list_add_tail(&d->lru, &dcache.lru);
	hash_link(dcache.table, d);
	if (++dcache.n_hashed > DCACHE_MAX &&
	    dcache.n_hashed >= dcache.shrink_at) {
		victims = shrink(64);
		dcache.shrink_at = victims ? 0 : dcache.n_hashed + 512;
	}
	return victims;
}

static void kill_victims(struct dentry *d)
{
	struct dentry *next;

	for (; d; d = next) {
		next = (struct dentry *)(void *)d->hash_prev;
		d->hash_prev = NULL;
		dput(d_kill(d));
	}
}

void d_hash_add(struct dentry *d)
{
	struct dentry *victims;

	mutex_lock(&dcache.lock);
	victims = hash_add_locked(d);
	mutex_unlock(&dcache.lock);
	kill_victims(victims);
}

/* Between dcache_begin and dcache_end.  The caller has a reference. */
static void unhash_locked(struct dentry *d)
{
	if (d_unhashed(d))
		return;
	hash_unlink(d);
	dcache.n_hashed--;
	list_del(&d->lru);
	__atomic_fetch_and(&d->ref.count, ~D_CACHED, __ATOMIC_RELEASE);
}

void d_drop(struct dentry *d)
{
	dcache_begin();
	unhash_locked(d);
	if (!list_empty(&d->sibling)) {
		list_del(&d->sibling);
		d->parent->n_children--;
	}
	dcache_end();
}

void d_set_flags(struct dentry *d, uint32_t flags)
{
	mutex_lock(&dcache.lock);
	d->flags |= flags;
	mutex_unlock(&dcache.lock);
}

void d_pin(struct dentry *d)
{
	mutex_lock(&dcache.lock);
	if (!(d->flags & D_PINNED)) {
		d->flags |= D_PINNED;
		d->parent->flags |= D_PINS;
		dget(d);
	}
	mutex_unlock(&dcache.lock);
}

void d_unpin(struct dentry *d)
{
	bool pinned;

	mutex_lock(&dcache.lock);
	pinned = d->flags & D_PINNED;
	d->flags &= ~D_PINNED;
	mutex_unlock(&dcache.lock);
	if (pinned)
		dput(d);
}

/*
 * A directory went: of the names in it only those are left that do not exist,
 * and some may be pinned, to hide the host's.  They go, for they hold it.
 */
static void prune_children(struct dentry *dir)
{
	struct dentry *d, *n, *victims = NULL;

	dcache_begin();
	list_for_each_safe(d, n, &dir->children, sibling) {
		uint32_t pin = d->flags & D_PINNED ? 1 : 0;
		uint32_t idle = D_CACHED | pin;

		if (d->inode || d_unhashed(d) ||
		    !__atomic_compare_exchange_n(&d->ref.count, &idle, 0,
						 false, __ATOMIC_ACQ_REL,
						 __ATOMIC_RELAXED))
			continue;
		d->flags &= ~D_PINNED;
		hash_unlink(d);
		dcache.n_hashed--;
		list_del(&d->lru);
		d->hash_prev = (struct dentry **)(void *)victims;
		victims = d;
	}
	dcache_end();
	kill_victims(victims);
}

void d_delete(struct dentry *d, bool keep)
{
	struct inode *i = NULL;
	bool alone;

	if (d->inode && S_ISDIR(d->inode->mode))
		prune_children(d);
	else if (d->inode)
		fsn_inode(d->inode, IN_ATTRIB);	/* it lost a link */
	dcache_begin();
	alone = !d_unhashed(d) && load_once(&d->ref.count) == (D_CACHED | 1);
	if (alone) {
		/* Ours alone: whoever just found it sees dcache_seq change. */
		i = d->inode;
		store_once(&d->inode, NULL);
	}
	if (!alone || !keep) {
		unhash_locked(d);
		d->flags |= D_DELETED;
		if (!list_empty(&d->sibling)) {
			list_del(&d->sibling);
			d->parent->n_children--;
		}
	}
	dcache_end();
	if (i) {
		fsn_gone(i);
		inode_put(i);
	}
}

static void swap_names(struct dentry *a, struct dentry *b)
{
	char tmp[D_NAME_INLINE];
	char *an = a->name, *bn = b->name;
	uint32_t x;

	memcpy(tmp, a->iname, sizeof(tmp));
	memcpy(a->iname, b->iname, sizeof(tmp));
	memcpy(b->iname, tmp, sizeof(tmp));
	store_once(&a->name, bn == b->iname ? a->iname : bn);
	store_once(&b->name, an == a->iname ? b->iname : an);
	x = a->len;
	a->len = b->len;
	b->len = x;
	x = a->hash;
	a->hash = b->hash;
	b->hash = x;
}

static void relink_child(struct dentry *d)
{
	list_del(&d->sibling);
	d->cookie = 2 + dcache.cookie++;
	list_add_tail(&d->sibling, &d->parent->children);
}

void d_move(struct dentry *d, struct dentry *to, bool exchange)
{
	struct dentry *p, *tp;
	bool linked, to_linked, hashed, to_hashed;

	dcache_begin();
	hashed = !d_unhashed(d);	/* false: there was no memory for it */
	to_hashed = !d_unhashed(to);
	if (hashed)
		hash_unlink(d);
	if (to_hashed)
		hash_unlink(to);
	linked = !list_empty(&d->sibling);
	to_linked = !list_empty(&to->sibling);
	p = d->parent;
	tp = to->parent;
	swap_names(d, to);
	if ((d->flags | to->flags) & D_PINNED) {
		p->flags |= D_PINS;
		tp->flags |= D_PINS;
	}
	/* Each takes over the other's reference to its parent. */
	store_once(&d->parent, tp);
	store_once(&to->parent, p);
	if (linked) {
		p->n_children--;
		tp->n_children++;
		relink_child(d);
	}
	if (to_linked) {
		tp->n_children--;
		p->n_children++;
		relink_child(to);
	}
	if (hashed)
		hash_link(dcache.table, d);
	if (exchange) {
		if (to_hashed)
			hash_link(dcache.table, to);
	} else {
		if (to_hashed) {
			dcache.n_hashed--;
			list_del(&to->lru);
			__atomic_fetch_and(&to->ref.count, ~D_CACHED,
					   __ATOMIC_RELEASE);
		}
		to->flags |= D_DELETED;
		if (!list_empty(&to->sibling)) {
			list_del(&to->sibling);
			to->parent->n_children--;
		}
	}
	dcache_end();
	if (!exchange && to->inode && S_ISDIR(to->inode->mode))
		prune_children(to);
}

struct dentry *d_lookup_hash(struct dentry *parent, const char *name,
			     size_t len, uint32_t hash)
{
	struct dentry *d;

	mutex_lock(&dcache.lock);
	d = d_find(parent, name, len, hash);
	if (d) {
		dget(d);
		d->flags |= D_USED;
	}
	mutex_unlock(&dcache.lock);
	return d;
}

struct dentry *d_lookup(struct dentry *parent, const char *name, size_t len)
{
	return d_lookup_hash(parent, name, len, name_hash(name, len));
}

struct dentry *d_add_found(struct dentry *parent, const char *name, size_t len,
			   struct inode *i)
{
	uint32_t hash = name_hash(name, len);
	struct dentry *d, *new, *victims = NULL;

	new = d_alloc_hash(parent, name, len, hash);
	if (!new) {
		if (i)
			inode_put(i);
		return NULL;
	}
	new->inode = i;
	mutex_lock(&dcache.lock);
	d = d_find(parent, name, len, hash);
	if (d) {
		dget(d);
	} else {
		d = new;
		new = NULL;
		victims = hash_add_locked(d);
	}
	mutex_unlock(&dcache.lock);
	if (new)
		dput(new);
	kill_victims(victims);
	return d;
}

struct dentry *d_next_child(struct dentry *dir, struct dentry *hint,
			    uint64_t from)
{
	struct list_head *pos;
	struct dentry *d, *found = NULL;

	mutex_lock(&dcache.lock);
	if (hint && hint->parent == dir && !list_empty(&hint->sibling) &&
	    hint->cookie <= from)
		pos = &hint->sibling;
	else
		pos = dir->children.next;
	for (; pos != &dir->children; pos = pos->next) {
		d = list_entry(pos, struct dentry, sibling);
		if (d->cookie >= from && d->inode) {
			found = dget(d);
			break;
		}
	}
	mutex_unlock(&dcache.lock);
	return found;
}

bool d_is_empty(struct dentry *dir)
{
	struct dentry *d = d_next_child(dir, NULL, 0);

	if (!d)
		return true;
	dput(d);
	return false;
}

bool d_is_below(const struct dentry *d, const struct dentry *top)
{
	bool below;

	mutex_lock(&dcache.lock);
	while (d != top && d->parent != d)
		d = d->parent;
	below = d == top;
	mutex_unlock(&dcache.lock);
	return below;
}

/* A name without others below it, under @d, with a reference; or @d itself. */
static struct dentry *leaf_below(struct dentry *d)
{
	mutex_lock(&dcache.lock);
	while (!list_empty(&d->children))
		d = list_first(&d->children, struct dentry, sibling);
	dget(d);
	mutex_unlock(&dcache.lock);
	return d;
}

void d_kill_tree(struct dentry *root)
{
	struct dentry *d;

	while ((d = leaf_below(root)) != root) {
		if (d->inode && load_once(&d->inode->watch))
			fsn_gone_slow(d->inode, IN_UNMOUNT);
		d_drop(d);
		d_unpin(d);
		dput(d);
	}
	if (root->inode && load_once(&root->inode->watch))
		fsn_gone_slow(root->inode, IN_UNMOUNT);
	dput(root);
	d_unpin(root);
	dput(root);	/* who made it had one */
}

#ifdef SBX_DEBUG
void dcache_drain(void)
{
	struct dentry *victims;

	do {
		mutex_lock(&dcache.lock);
		/* Twice around: the first look may only clear D_USED. */
		victims = dcache.lru.next ?
			shrink((unsigned int)dcache.n_hashed * 2) : NULL;
		mutex_unlock(&dcache.lock);
		kill_victims(victims);
	} while (victims);
}

uint64_t dcache_each(void (*fn)(struct dentry *d, void *arg), void *arg)
{
	struct dtable *t = dcache.table;
	uint64_t n = 0;

	for (uint64_t i = 0; t && i <= t->mask; i++)
		for (struct dentry *d = t->bucket[i]; d; d = d->hash_next, n++)
			fn(d, arg);
	return n;
}
#endif
