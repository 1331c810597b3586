/* SPDX-License-Identifier: Apache-2.0 */
/* mount.c: the tree of mounts. */
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/vfs/dcache.h"

#define MOUNT_BUCKETS	64u

/* dcache_lock protects them; walks look without it. */
static __arena struct {
	struct mount *bucket[MOUNT_BUCKETS];
	struct list_head list;
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

struct mount *mount_add(const struct path *on, struct dentry *root,
			uint32_t flags, const char *source)
{
	struct mount *m = kzalloc(sizeof(*m)), **b;

	if (!m)
		return err_ptr(-ENOMEM);
	ref_init(&m->ref);
	m->sb = root->sb;
	ref_get(&m->sb->ref);
	m->root = dget(root);
	m->flags = flags;
	m->source = source;
	if (on) {
		path_get(on);
		m->parent = on->mnt;
		m->mountpoint = on->dentry;
	}
	dcache_begin();
	if (!mounts.list.next)
		list_init(&mounts.list);
	m->id = 20 + mounts.next_id++;
	list_add_tail(&m->link, &mounts.list);
	if (on) {
		b = mount_bucket(m->mountpoint);
		m->hash_next = *b;
		m->mountpoint->n_mounted++;
		store_release(b, m);
	} else {
		root_mount = m;
	}
	dcache_end();
	return m;
}

#ifdef SBX_DEBUG
uint32_t dcache_mounts_of(const struct dentry *d)
{
	struct mount *m;
	uint32_t n = 0;

	list_for_each(m, &mounts.list, link)
		n += m->root == d;
	return n;
}
#endif

void path_put(const struct path *p)
{
	dput(p->dentry);
	/* The tree holds a mount until it is unmounted; mounts are not freed. */
	if (p->mnt)
		__atomic_fetch_sub(&p->mnt->ref.count, 1, __ATOMIC_RELEASE);
}

void mounts_each(bool (*fn)(struct mount *m, void *arg), void *arg)
{
	struct list_head *pos;

	/* Mounts stay and are only added at the end: no lock over @fn. */
	if (!mounts.list.next)
		return;
	for (pos = load_acquire(&mounts.list.next); pos != &mounts.list;
	     pos = load_acquire(&pos->next))
		if (!fn(list_entry(pos, struct mount, link), arg))
			break;
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
