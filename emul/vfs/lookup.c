/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lookup.c: one name in a directory: from the cache, or from the file system.
 *
 * The slow way of a walk, and the only one of who wants no path: it may sleep,
 * takes the directory's lock, and leaves what it found in the cache.
 */
#include "emul/vfs/dcache.h"
#include "emul/vfs/walk-int.h"

struct dentry *lookup_one(struct dentry *dir, const char *name, size_t len,
			  uint32_t hash)
{
	struct inode *i = dir->inode;
	struct dentry *d = d_lookup_hash(dir, name, len, hash);
	int err;

	if (d && (d->flags & D_REVALIDATE) && !d->sb->ops->revalidate(d)) {
		d_drop(d);
		dput(d);
		d = NULL;
	}
	if (d)
		return d;
	if (len > NAME_LEN_MAX)
		return err_ptr(-ENAMETOOLONG);
	if (dir->flags & D_DELETED)
		return err_ptr(-ENOENT);
	d = d_alloc_hash(dir, name, len, hash);
	if (!d)
		return err_ptr(-ENOMEM);
	if (i->ops->lookup) {
		err = i->ops->lookup(i, d);
		if (err) {
			dput(d);
			return err_ptr(err);
		}
	}
	d_hash_add(d);
	return d;
}

/*
 * Is what the cache has of a name still so?  Without the directory's lock, which
 * others would wait for as long as the host is asked: where it is not, the lock
 * is taken, and it is looked for again.
 */
static bool still_so(struct dentry *d)
{
	return !(d->flags & D_REVALIDATE) || d->sb->ops->revalidate(d);
}

struct dentry *lookup_child(struct dentry *dir, const char *name, size_t len)
{
	uint32_t hash = name_hash(name, len);
	struct dentry *d = d_lookup_hash(dir, name, len, hash);

	if (d && still_so(d))
		return d;
	if (d)
		dput(d);
	mutex_lock(&dir->inode->lock);
	d = lookup_one(dir, name, len, hash);
	mutex_unlock(&dir->inode->lock);
	return d;
}

#define JOIN_MAX	512u	/* bytes of path that are asked in one go */

/* All that is still to be walked: of the link gone into, and behind it. */
static void prefetch(struct walk *w)
{
	struct dentry *dir = w->at.dentry;
	char buf[JOIN_MAX];
	size_t n = (size_t)(w->now.end - w->now.s);
	unsigned int d;

	if (!w->depth || n >= sizeof(buf)) {
		dir->inode->ops->prefetch(dir, w->now.s, n, w->flags);
		return;
	}
	memcpy(buf, w->now.s, n);
	for (d = w->depth; d-- > 0; ) {
		const struct rest *o = &w->outer[d];
		size_t len = (size_t)(o->end - o->s);

		if (n + 1 + len > sizeof(buf))
			break;
		buf[n++] = '/';
		memcpy(buf + n, o->s, len);
		n += len;
	}
	dir->inode->ops->prefetch(dir, buf, n, w->flags);
}

struct dentry *walk_lookup(struct walk *w, size_t len, uint32_t hash)
{
	struct dentry *dir = w->at.dentry;
	const struct inode_ops *ops = dir->inode->ops;
	struct dentry *d;

	if (len > NAME_LEN_MAX)
		return err_ptr(-ENAMETOOLONG);
	d = d_lookup_hash(dir, w->now.s, len, hash);
	if (d && still_so(d))
		return d;
	if (!d && ops->prefetch && !(dir->flags & D_DELETED)) {
		prefetch(w);
		d = d_lookup_hash(dir, w->now.s, len, hash);
		if (d)
			return d;
	}
	if (d)
		dput(d);
	mutex_lock(&dir->inode->lock);
	d = lookup_one(dir, w->now.s, len, hash);
	mutex_unlock(&dir->inode->lock);
	return d;
}
