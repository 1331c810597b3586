/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path.c: the path walk; path_resolution(7), openat2(2).
 *
 * First without references and locks, over what the cache has.  What that
 * cannot do is done with references: lookup.c asks the file system for a name.
 */
#include "emul/vfs/dcache.h"
#include "emul/vfs/walk-int.h"

#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"

int path_copy_in(struct pathname *n, uaddr_t name, unsigned int flags)
{
	long len = copy_str(n->s, name, PATH_LEN_MAX);

	if (len < 0)
		return (int)len;
	if (!len && !(flags & LOOKUP_EMPTY))
		return -ENOENT;
	n->len = (uint32_t)len;
	return 0;
}

struct fd fdget_unnamed(struct task *t, int dfd, uaddr_t path, int flags)
{
	struct fd f = { NULL, false };
	char c;

	if (!(flags & AT_EMPTY_PATH) || dfd < 0 || get_user(&c, path) || c)
		return f;
	f = fdget(t, dfd);
	return f.file && f.file->path.dentry ? fd_refuse(f) : f;
}

unsigned int lookup_flags(int at_flags, unsigned int dflt)
{
	unsigned int flags = dflt;

	if (at_flags & AT_SYMLINK_NOFOLLOW)
		flags &= ~LOOKUP_FOLLOW;
	if (at_flags & AT_SYMLINK_FOLLOW)
		flags |= LOOKUP_FOLLOW;
	if (at_flags & AT_EMPTY_PATH)
		flags |= LOOKUP_EMPTY;
	return flags;
}

/*
 * Turn a walk without references into one with them.  False: something
 * changed since it began, all it saw may be wrong.
 */
static bool take_refs(struct walk *w)
{
	if (w->refs)
		return true;
	/* The text of a link that has no reference may go any moment. */
	if (w->depth || w->in_text)
		return false;
	if (!ref_get_unless_zero(&w->at.dentry->ref)) {
		/* In the hash, but used by nobody: under the lock it holds. */
		mutex_lock(&dcache.lock);
		if (dcache_changed(w->seq)) {
			mutex_unlock(&dcache.lock);
			return false;
		}
		dget(w->at.dentry);
		mutex_unlock(&dcache.lock);
	} else if (dcache_changed(w->seq)) {
		dput(w->at.dentry);
		return false;
	}
	if (!ref_get_unless_zero(&w->at.mnt->ref)) {
		dput(w->at.dentry);
		return false;
	}
	/* The root is held by who set it. */
	mutex_lock(&dcache.lock);
	if (dcache_changed(w->seq)) {
		mutex_unlock(&dcache.lock);
		path_put(&w->at);
		return false;
	}
	path_get(&w->root);
	mutex_unlock(&dcache.lock);
	w->refs = true;
	return true;
}

/* The same for a walk that is done: nobody needs the root any more. */
static bool take_refs_last(struct walk *w)
{
	uint32_t c = load_once(&w->at.dentry->ref.count);

	/* A count of 0 with D_CACHED is fine, a plain 0 is a dead one. */
	do {
		if (!c)
			return false;
	} while (!__atomic_compare_exchange_n(&w->at.dentry->ref.count, &c,
					      c + 1, true, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	if (!ref_get_unless_zero(&w->at.mnt->ref)) {
		dput(w->at.dentry);
		return false;
	}
	if (dcache_changed(w->seq)) {
		path_put(&w->at);
		return false;
	}
	return true;
}

void path_follow_mounts(struct path *p)
{
	struct mount *m;
	struct path old;

	while (load_once(&p->dentry->n_mounted)) {
		old = *p;
		mutex_lock(&dcache.lock);
		m = mount_find(p->mnt, p->dentry);
		if (m) {
			p->mnt = m;
			p->dentry = m->root;
			path_get(p);
		}
		mutex_unlock(&dcache.lock);
		if (!m)
			break;
		path_put(&old);
	}
}

/* Go to what is mounted on the place. */
static int cross_mounts(struct walk *w)
{
	struct path old = w->at;
	struct mount *m;

	if (likely(!load_once(&w->at.dentry->n_mounted)))
		return 0;
	if (w->refs) {
		path_get(&w->at);
		path_follow_mounts(&w->at);
	} else {
		while (load_once(&w->at.dentry->n_mounted)) {
			m = mount_find(w->at.mnt, w->at.dentry);
			if (!m)
				break;
			w->at = (struct path){ m, load_once(&m->root) };
			if (!w->at.dentry)
				return TRY_AGAIN;
		}
	}
	if (w->refs)
		path_put(&old);
	if ((w->flags & LOOKUP_NO_XDEV) && w->at.mnt != old.mnt)
		return -EXDEV;
	return 0;
}

/* To the parent of *@p: 1; 0: it has none; or -errno. */
static int go_up(struct walk *w, struct path *p)
{
	for (;;) {
		struct mount *above;
		struct dentry *d;

		if (p->dentry == w->root.dentry && p->mnt == w->root.mnt)
			return w->flags & LOOKUP_BENEATH ? -EXDEV : 0;
		if (p->dentry != load_once(&p->mnt->root))
			break;
		above = load_acquire(&p->mnt->parent);
		d = load_once(&p->mnt->mountpoint);
		/* Without references it may be going away. */
		if (!above || !d)
			return 0;
		if (w->flags & LOOKUP_NO_XDEV)
			return -EXDEV;
		p->dentry = d;
		p->mnt = above;
	}
	p->dentry = load_acquire(&p->dentry->parent);
	return 1;
}

static int step_dotdot(struct walk *w)
{
	struct path p = w->at, old = w->at;
	int up;

	if (w->refs)
		mutex_lock(&dcache.lock);
	up = go_up(w, &p);
	if (w->refs) {
		if (up == 1)
			path_get(&p);
		mutex_unlock(&dcache.lock);
	}
	if (up <= 0)
		return up;
	w->at = p;
	if (w->refs)
		path_put(&old);
	return cross_mounts(w);
}

static bool must_follow(const struct walk *w, const struct inode *i, bool last)
{
	return S_ISLNK(i->mode) &&
	       (!last || w->need_dir || (w->flags & LOOKUP_FOLLOW));
}

/* The component @len at w->now.s, which is no dot. */
static int step_name(struct walk *w, size_t len, uint32_t hash,
		     const char *next, bool last)
{
	struct dentry *d = NULL;
	struct inode *i = NULL;
	int err;

	if (!w->refs) {
		d = d_find(w->at.dentry, w->now.s, len, hash);
		if (d && likely(!(d->flags & D_REVALIDATE))) {
			i = load_acquire(&d->inode);
			if (i && unlikely(must_follow(w, i, last)) && !i->link)
				d = NULL;
		} else {
			d = NULL;
		}
		if (!d) {
			if (w->flags & LOOKUP_CACHED)
				return -EAGAIN;
			if (!take_refs(w))
				return TRY_AGAIN;
		}
	}
	if (w->refs) {
		d = walk_lookup(w, len, hash);
		if (is_err(d))
			return (int)ptr_err(d);
		i = load_acquire(&d->inode);
	}
	if (!i) {
		err = -ENOENT;
	} else if (unlikely(must_follow(w, i, last))) {
		w->now.s = next;
		err = walk_into_link(w, i, last);
	} else {
		w->now.s = next;
		move_to(w, w->at.mnt, d);
		return cross_mounts(w);
	}
	if (w->refs)
		dput(d);
	return err;
}

static int may_search(struct walk *w)
{
	struct inode *i = load_acquire(&w->at.dentry->inode);

	if (unlikely(!i))
		return w->refs ? -ENOENT : TRY_AGAIN;
	if (unlikely(!S_ISDIR(i->mode)))
		return -ENOTDIR;
	return inode_permission(w->t->cred, i, MAY_EXEC);
}

static void set_last(struct walk *w, enum last_type type, size_t len,
		     uint32_t hash, bool slash)
{
	w->last.type = type;
	w->last.name = w->now.s;
	w->last.len = (uint32_t)len;
	w->last.hash = hash;
	w->last.slash = slash;
}

/* From w->at along w->now.  0, -errno or TRY_AGAIN. */
static int walk_on(struct walk *w)
{
	int err;

	for (;;) {
		const char *end, *next;
		uint32_t hash;
		size_t len;
		bool last;

		while (w->now.s == w->now.end) {
			if (!w->depth)
				goto done;
			w->now = w->outer[--w->depth];
		}
		err = may_search(w);
		if (err)
			return err;
		len = name_scan(w->now.s, w->now.end, &hash);
		end = w->now.s + len;
		next = skip_slashes(end, w->now.end);
		last = next == w->now.end && !w->depth;
		if (last && next != end)
			w->need_dir = true;
		if (*w->now.s == '.' && len <= 2 && end[-1] == '.') {
			if (last && (w->flags & LOOKUP_PARENT)) {
				set_last(w, len == 1 ? LAST_DOT : LAST_DOTDOT,
					 len, hash, next != end);
				return 0;
			}
			if (len == 2)
				err = step_dotdot(w);
			w->now.s = next;
		} else {
			if (last && (w->flags & LOOKUP_PARENT)) {
				set_last(w, LAST_NORM, len, hash, next != end);
				return 0;
			}
			err = step_name(w, len, hash, next, last);
		}
		if (err)
			return err;
	}
done:
	if (w->flags & LOOKUP_PARENT) {	/* "/", or a link to it */
		set_last(w, LAST_ROOT, 0, 0, false);
		return 0;
	}
	if (w->need_dir || (w->flags & LOOKUP_DIRECTORY)) {
		struct inode *i = load_acquire(&w->at.dentry->inode);

		if (!i || !S_ISDIR(i->mode))
			return -ENOTDIR;
	}
	return 0;
}

static void drop_refs(struct walk *w)
{
	if (!w->refs)
		return;
	path_put(&w->at);
	path_put(&w->root);
	w->refs = false;
}

/* Where the walk starts; without references. */
static int walk_start(struct walk *w, int dfd, const char *name, size_t len)
{
	struct fs_ctx *fs = w->t->fs;

	w->now.s = name;
	w->now.end = name + len;
	w->depth = 0;
	w->n_links = 0;
	w->need_dir = false;
	w->in_text = false;
	w->seq = load_acquire(&dcache.seq);
	w->root = fs->root;
	if (len && *name == '/' && !(w->flags & LOOKUP_IN_ROOT)) {
		if (w->flags & LOOKUP_BENEATH)
			return -EXDEV;
		w->at = w->root;
		w->now.s = skip_slashes(name, w->now.end);
	} else if (dfd == AT_FDCWD) {
		w->at = fs->pwd;
	} else {
		if (!w->dir.file)
			w->dir = fdget_raw(w->t, dfd);
		if (!w->dir.file)
			return -EBADF;
		if (!w->dir.file->path.dentry)
			return -ENOTDIR;
		w->at = w->dir.file->path;
		if (len && !S_ISDIR(w->dir.file->inode->mode))
			return -ENOTDIR;
	}
	if (w->flags & (LOOKUP_BENEATH | LOOKUP_IN_ROOT)) {
		w->root = w->at;
		w->now.s = skip_slashes(name, w->now.end);
	}
	return 0;
}

int walk_begin(struct walk *w, struct task *t, int dfd, const char *name,
	       size_t len, unsigned int flags)
{
	int err;

	w->t = t;
	w->flags = flags;
	w->n_bufs = 0;
	w->refs = false;
	w->dir = (struct fd){ NULL, false };
	w->last.buf = NULL;
	for (int tries = 0; tries < 2; tries++) {
		err = walk_start(w, dfd, name, len);
		if (err)
			return err;
		if (w->seq & 1)
			continue;
		err = walk_on(w);
		if (err == TRY_AGAIN)
			goto again;
		if (!w->refs && (flags & LOOKUP_PARENT || err)) {
			/* An error, too, counts only if nothing moved. */
			if (err ? dcache_changed(w->seq) : !take_refs(w))
				goto again;
		} else if (!w->refs) {
			if (!take_refs_last(w))
				goto again;
			/* at alone: walk_end() must not see a root */
			return 0;
		}
		if (err)
			drop_refs(w);
		return err;
again:
		drop_refs(w);
	}
	if (flags & LOOKUP_CACHED)
		return -EAGAIN;
	/* Writers are busy: hold them off to take the first references. */
	mutex_lock(&dcache.lock);
	err = walk_start(w, dfd, name, len);
	if (!err) {
		path_get(&w->at);
		path_get(&w->root);
		w->refs = true;
	}
	mutex_unlock(&dcache.lock);
	if (!err)
		err = walk_on(w);
	if (err)
		drop_refs(w);
	return err;
}

int walk_link(struct walk *w, struct dentry *d)
{
	int err;

	w->now.s = w->now.end;
	w->depth = 0;
	err = walk_into_link(w, d->inode, true);
	return err ? err : walk_on(w);
}

void walk_end(struct walk *w)
{
	drop_refs(w);
	fdput(w->dir);
	while (w->n_bufs)
		kfree(w->buf[--w->n_bufs]);
}

int path_lookup_k(struct task *t, int dfd, const char *name, size_t len,
		  unsigned int flags, struct path *out, struct last *last)
{
	struct walk w;
	int err = walk_begin(&w, t, dfd, name, len, flags);

	if (err)
		goto out;
	*out = w.at;
	if (w.refs) {
		path_put(&w.root);
		w.refs = false;
	}
	if (last) {
		*last = w.last;
		/* The name may lie in the text of a link: take that along. */
		if (w.n_bufs)
			last->buf = w.buf[--w.n_bufs];
	}
out:
	walk_end(&w);
	return err;
}

int path_lookup(struct task *t, int dfd, uaddr_t name, unsigned int flags,
		struct path *out)
{
	struct pathname n;
	int err = path_copy_in(&n, name, flags);

	if (err)
		return err;
	return path_lookup_k(t, dfd, n.s, n.len, flags, out, NULL);
}
