/* SPDX-License-Identifier: Apache-2.0 */
/* mount.c: the tree of mounts. */
#include "emul/lib/alloc.h"
#include "emul/lib/live.h"
#include "emul/lib/string.h"
#include "emul/vfs/dcache.h"

#define MOUNT_BUCKETS	64u

/* dcache_lock protects them; walks look without it. */
static __arena struct {
	struct mount *bucket[MOUNT_BUCKETS];
	struct list_head list;
	struct mount *free;		/* by hash_next */
	uint32_t next_id;
} mounts;
__arena struct mount *root_mount;

static struct mount **mount_bucket(const struct dentry *d)
{
	uint64_t x = (uint64_t)(uintptr_t)d >> 4;

	x *= NAME_HASH_K;
	return &mounts.bucket[x >> 58];
}

struct mount *mount_find(const struct mount *mnt, const struct dentry *d)
{
	struct mount *m = load_acquire(mount_bucket(d));

	for (; m; m = load_acquire(&m->hash_next))
		if (m->mountpoint == d && m->parent == mnt)
			return m;
	return NULL;
}

static struct mount *mount_alloc(void)
{
	struct mount *m;

	mutex_lock(&dcache.lock);
	m = mounts.free;
	if (m)
		mounts.free = m->hash_next;
	mutex_unlock(&dcache.lock);
	if (m)
		memset(m, 0, sizeof(*m));
	else
		m = kzalloc(sizeof(*m));
	return m;
}

struct mount *mount_new(struct dentry *root, uint32_t flags,
			const char *source)
{
	struct mount *m = mount_alloc();

	if (!m)
		return NULL;
	live_add(LIVE_MOUNT, 1);
	ref_init(&m->ref);
	m->sb = root->sb;
	ref_get(&m->sb->ref);
	m->root = dget(root);
	m->flags = flags;
	m->source = source;
	m->id = 20 + __atomic_fetch_add(&mounts.next_id, 1, __ATOMIC_RELAXED);
	list_init(&m->link);
	return m;
}

void sb_put(struct superblock *sb)
{
	if (!ref_put(&sb->ref) || !sb->ops || !sb->ops->put)
		return;
	d_kill_tree(sb->root);
	sb->ops->put(sb);
	live_add(LIVE_SUPER, -1);
	kfree(sb);
}

void mount_put(struct mount *m)
{
	struct superblock *sb = m->sb;
	struct path on;

	if (!ref_put(&m->ref))
		return;
	on = (struct path){ m->parent, m->mountpoint };
	dput(m->root);
	if (m->own_source)
		kfree((void *)(uintptr_t)m->source);
	mutex_lock(&dcache.lock);
	m->hash_next = mounts.free;
	mounts.free = m;
	mutex_unlock(&dcache.lock);
	live_add(LIVE_MOUNT, -1);
	sb_put(sb);
	if (on.mnt)
		path_put(&on);
}

void mount_attach(struct mount *m, const struct path *on)
{
	struct mount **b;

	if (!mounts.list.next)
		list_init(&mounts.list);
	list_add_tail(&m->link, &mounts.list);
	m->parent = on ? on->mnt : NULL;
	m->mountpoint = on ? on->dentry : NULL;
	if (!on) {
		root_mount = m;
		return;
	}
	path_get(on);
	b = mount_bucket(m->mountpoint);
	m->hash_next = *b;
	m->mountpoint->n_mounted++;
	store_release(b, m);
}

struct path mount_detach(struct mount *m)
{
	struct path on = { m->parent, m->mountpoint };
	struct mount **b;

	list_del(&m->link);
	list_init(&m->link);
	if (!on.mnt)
		return on;
	for (b = mount_bucket(on.dentry); *b != m; b = &(*b)->hash_next)
		;
	store_release(b, m->hash_next);
	on.dentry->n_mounted--;
	store_release(&m->parent, NULL);
	return on;
}

struct mount *mount_next(const struct mount *m)
{
	struct list_head *next = m ? m->link.next : mounts.list.next;

	return next == &mounts.list ? NULL :
		list_entry(next, struct mount, link);
}

void mounts_lock(void)
{
	struct mount *m;

	mutex_lock(&dcache.lock);
	for (m = mount_next(NULL); m; m = mount_next(m)) {
		m->locked = m->parent;
		m->locked_flags = m->flags;
	}
	mutex_unlock(&dcache.lock);
}

bool mount_is_below(const struct mount *m, const struct mount *top)
{
	while (m && m != top)
		m = m->parent;
	return m;
}

bool path_is_under(const struct path *p, const struct path *top)
{
	const struct mount *m = p->mnt;
	const struct dentry *d = p->dentry;

	while (m != top->mnt) {
		if (!m->parent)
			return false;
		d = m->mountpoint;
		m = m->parent;
	}
	while (d != top->dentry && d->parent != d)
		d = d->parent;
	return d == top->dentry;
}

struct mount *mount_add(const struct path *on, struct dentry *root,
			uint32_t flags, const char *source)
{
	struct mount *m = mount_new(root, flags, source);

	if (!m)
		return err_ptr(-ENOMEM);
	dcache_begin();
	mount_attach(m, on);
	dcache_end();
	return m;
}

#ifdef SBX_DEBUG
uint32_t dcache_mounts_of(const struct dentry *d)
{
	struct mount *m;
	uint32_t n = 0;

	list_for_each(m, &mounts.list, link)
		n += m->root == d || !d;
	return n;
}
#endif

void path_put(const struct path *p)
{
	dput(p->dentry);
	if (p->mnt)
		mount_put(p->mnt);
}

void mounts_each(bool (*fn)(struct mount *m, void *arg), void *arg)
{
	struct mount *m, *next;
	bool more = true;

	mutex_lock(&dcache.lock);
	m = mounts.list.next ? mount_next(NULL) : NULL;
	if (m)
		ref_get(&m->ref);
	mutex_unlock(&dcache.lock);
	while (m) {
		more = fn(m, arg);
		mutex_lock(&dcache.lock);
		/* Where it was unmounted just now, the list ends here. */
		next = more && !list_empty(&m->link) ? mount_next(m) : NULL;
		if (next)
			ref_get(&next->ref);
		mutex_unlock(&dcache.lock);
		mount_put(m);
		m = next;
	}
}

bool mount_is_reachable(struct mount *m, const struct path *root)
{
	struct path p = { m, m->root };
	bool yes;

	mutex_lock(&dcache.lock);
	yes = path_is_under(&p, root);
	mutex_unlock(&dcache.lock);
	return yes;
}

static char *prepend(char *p, const char *low, const char *s, size_t n)
{
	if ((size_t)(p - low) < n)
		return NULL;
	p -= n;
	memcpy(p, s, n);
	return p;
}

char *path_name(const struct path *path, const struct path *root, char *buf,
		size_t size)
{
	static const char deleted[] = " (deleted)";
	const struct dentry *d = path->dentry;
	const struct mount *m = path->mnt;
	char *p = buf + size - 1;

	*p = '\0';
	mutex_lock(&dcache.lock);
	if (d->flags & D_DELETED)
		p = prepend(p, buf, deleted, sizeof(deleted) - 1);
	if (p && ((d == root->dentry && m == root->mnt) ||
		  (d == m->root && !m->parent)))
		p = prepend(p, buf, "/", 1);
	while (p && !(d == root->dentry && m == root->mnt)) {
		if (d == m->root) {
			if (!m->parent)
				break;
			d = m->mountpoint;
			m = m->parent;
			continue;
		}
		if (d->parent == d)
			break;
		p = prepend(p, buf, d->name, d->len);
		if (p)
			p = prepend(p, buf, "/", 1);
		d = d->parent;
	}
	mutex_unlock(&dcache.lock);
	return p ? p : err_ptr(-ENAMETOOLONG);
}

char *mount_root_name(const struct mount *m, char *buf, size_t size)
{
	const struct dentry *d = m->root;
	char *p = buf + size - 1;

	*p = '\0';
	mutex_lock(&dcache.lock);
	if (d->parent == d)
		p = prepend(p, buf, "/", 1);
	for (; p && d->parent != d; d = d->parent) {
		p = prepend(p, buf, d->name, d->len);
		if (p)
			p = prepend(p, buf, "/", 1);
	}
	mutex_unlock(&dcache.lock);
	return p ? p : err_ptr(-ENAMETOOLONG);
}
