/* SPDX-License-Identifier: Apache-2.0 */
/* fsnotify.c: tell those who watch files; see fsnotify.h. */
#include "emul/vfs/fsnotify.h"

#include "emul/fs/hostwatch.h"
#include "emul/lib/alloc.h"
#include "emul/lib/live.h"
#include "emul/lib/string.h"
#include "emul/vfs/dcache.h"

/* What a host that tells of a file leaves to us: what we alone see right. */
#define OURS	(IN_OPEN | IN_ACCESS | IN_CLOSE | IN_UNMOUNT)

__arena uint32_t fsn_count;
__arena struct mutex fsn_lock;
static __arena uint32_t last_cookie;
LOCK_CLASS(fsn_lock, LOCK_NOTIFY);

static struct fsn_inode *watch_of(const struct inode *i)
{
	return load_acquire((struct fsn_inode *const *)&i->watch);
}

/* For an inode that has none yet; the caller has a reference to @p. */
static struct fsn_inode *make(const struct path *p)
{
	struct fsn_inode *w = kzalloc(sizeof(*w));

	if (!w)
		return NULL;
	list_init(&w->marks);
	list_init(&w->host_link);
	w->inode = p->dentry->inode;
	inode_get(w->inode);
	/* The cache may forget what only the host has, then make it anew. */
	if (p->dentry->sb->ops && p->dentry->sb->ops->watch)
		w->dentry = p->dentry->sb->ops->watch(p->dentry);
	return w;
}

void fsn_inode_put(struct fsn_inode *w)
{
	if (!w)
		return;
	if (w->host_wd)
		hostwatch_del(w);
	if (w->dentry)
		dput(w->dentry);
	inode_put(w->inode);
	kfree(w);
}

bool fsn_holds_slow(const struct dentry *d)
{
	const struct fsn_inode *w;
	bool holds;

	mutex_lock(&fsn_lock);
	w = d->inode ? watch_of(d->inode) : NULL;
	holds = w && w->dentry == d;
	mutex_unlock(&fsn_lock);
	return holds;
}

int fsn_add(struct fsn_mark *m, const struct path *p)
{
	struct inode *i = p->dentry->inode;
	struct fsn_inode *new = NULL, *w;
	int err;

	if (!watch_of(i)) {
		new = make(p);
		if (!new)
			return -ENOMEM;
		/* Before anybody can see it: what happens next is told. */
		if (new->dentry) {
			err = hostwatch_add(new);
			if (err) {
				fsn_inode_put(new);
				return err;
			}
		}
	}
	mutex_lock(&fsn_lock);
	w = watch_of(i);
	if (!w) {
		if (!new) {	/* it went meanwhile */
			mutex_unlock(&fsn_lock);
			return fsn_add(m, p);
		}
		w = new;
		new = NULL;
		store_release((struct fsn_inode **)&i->watch, w);
	}
	m->where = w;
	list_add_tail(&m->on, &w->marks);
	__atomic_fetch_add(&fsn_count, 1, __ATOMIC_RELEASE);
	mutex_unlock(&fsn_lock);
	fsn_inode_put(new);
	return 0;
}

struct fsn_inode *fsn_del(struct fsn_mark *m)
{
	struct fsn_inode *w = m->where;

	if (!w)
		return NULL;
	list_del(&m->on);
	m->where = NULL;
	__atomic_fetch_sub(&fsn_count, 1, __ATOMIC_RELEASE);
	m->ops->gone(m);
	if (!list_empty(&w->marks))
		return NULL;
	store_release((struct fsn_inode **)&w->inode->watch, NULL);
	return w;
}

/*
 * Tell the marks of @w.  fsn_lock is held; returns @w when the last mark went
 * with this event.
 */
static struct fsn_inode *tell(struct fsn_inode *w, const struct fsn_event *e,
			      bool unlinked)
{
	struct fsn_inode *last = NULL;
	struct fsn_mark *m, *n;

	list_for_each_safe(m, n, &w->marks, on) {
		if (!(e->mask & m->mask & ~(uint32_t)IN_ISDIR))
			continue;
		if (unlinked && (m->flags & IN_EXCL_UNLINK))
			continue;
		m->ops->event(m, e);
		if (m->flags & IN_ONESHOT)
			last = fsn_del(m);
	}
	return last;
}

static void send(const struct inode *i, const struct fsn_event *e,
		 bool unlinked)
{
	struct fsn_inode *w, *last = NULL;

	hostwatch_drain();	/* what came before comes before */
	mutex_lock(&fsn_lock);
	w = watch_of(i);
	/* Of files without a name the host says nothing. */
	if (w && (!w->host_wd || (e->mask & OURS) ||
		  (unlinked && (e->mask & IN_MODIFY))))
		last = tell(w, e, unlinked);
	mutex_unlock(&fsn_lock);
	fsn_inode_put(last);
}

/* Name and directory of @d, if that is watched. */
static struct inode *watched_parent(struct dentry *d, char *name, size_t *len)
{
	struct inode *dir = NULL;

	mutex_lock(&dcache.lock);
	if (d->parent != d && d->parent->inode && d->parent->inode->watch) {
		dir = d->parent->inode;
		inode_get(dir);
		*len = d->len;
		memcpy(name, d->name, d->len);
	}
	mutex_unlock(&dcache.lock);
	return dir;
}

static uint32_t dir_bit(const struct inode *i)
{
	return S_ISDIR(i->mode) ? IN_ISDIR : 0;
}

static void told_above(struct dentry *d, struct inode *i, uint32_t mask,
		       bool unlinked)
{
	struct fsn_event e = { .mask = mask | dir_bit(i) };
	char name[NAME_LEN_MAX + 1];
	struct inode *dir = watched_parent(d, name, &e.len);

	if (dir) {
		e.name = name;
		send(dir, &e, unlinked);
		inode_put(dir);
	}
}

void fsn_inode_slow(struct inode *i, uint32_t mask)
{
	struct fsn_event e = { .mask = mask | dir_bit(i) };

	send(i, &e, false);
}

void fsn_file_slow(struct file *f, uint32_t mask)
{
	struct dentry *d = f->path.dentry;
	bool unlinked = d && (d->flags & D_DELETED);
	struct fsn_event e = { .mask = mask | dir_bit(f->inode) };

	if (d)
		told_above(d, f->inode, mask, unlinked);
	if (load_once(&f->inode->watch))
		send(f->inode, &e, unlinked);
}

void fsn_dentry_slow(struct dentry *d, uint32_t mask)
{
	struct inode *i = load_acquire(&d->inode);

	if (!i || !mask)
		return;
	told_above(d, i, mask, false);
	if (load_once(&i->watch))
		fsn_inode_slow(i, mask);
}

void fsn_name_slow(struct inode *dir, const struct dentry *d,
		   const struct inode *what, uint32_t mask)
{
	struct fsn_event e = {
		.mask = mask | dir_bit(what), .name = d->name, .len = d->len,
	};

	send(dir, &e, false);
}

void fsn_gone_slow(struct inode *i, uint32_t mask)
{
	struct fsn_event e = {
		.mask = mask | (mask & IN_UNMOUNT ? dir_bit(i) : 0),
	};
	struct fsn_inode *w, *last = NULL;
	struct fsn_mark *m, *n;

	mutex_lock(&fsn_lock);
	w = watch_of(i);
	/* Where the host tells, it tells of this too. */
	if (w && (!w->host_wd || (mask & IN_UNMOUNT))) {
		last = tell(w, &e, false);
		if (!last)
			list_for_each_safe(m, n, &w->marks, on)
				last = fsn_del(m);
	}
	mutex_unlock(&fsn_lock);
	fsn_inode_put(last);
}

void fsn_rename_begin(struct fsn_rename *r, const struct dentry *d)
{
	r->on = fsn_on();
	if (!r->on)
		return;
	r->len = d->len;
	memcpy(r->name, d->name, d->len);
}

void fsn_renamed(const struct fsn_rename *r, struct inode *od,
		 struct inode *nd, const struct dentry *d,
		 struct inode *victim)
{
	struct fsn_event e = { .mask = dir_bit(d->inode) | IN_MOVED_FROM };

	if (!r->on)
		return;
	e.cookie = __atomic_add_fetch(&last_cookie, 1, __ATOMIC_RELAXED);
	e.name = r->name;
	e.len = r->len;
	if (load_once(&od->watch))
		send(od, &e, false);
	e.mask ^= IN_MOVED_FROM | IN_MOVED_TO;
	e.name = d->name;
	e.len = d->len;
	if (load_once(&nd->watch))
		send(nd, &e, false);
	if (victim)
		fsn_inode(victim, IN_ATTRIB);
	e = (struct fsn_event){ .mask = IN_MOVE_SELF };
	if (load_once(&d->inode->watch))
		send(d->inode, &e, false);
}

uint32_t fsn_setattr_mask(const struct iattr *a)
{
	uint32_t both = a->valid & (ATTR_ATIME | ATTR_MTIME), mask = 0;

	if (a->valid & (ATTR_UID | ATTR_GID | ATTR_MODE))
		mask |= IN_ATTRIB;
	if (a->valid & ATTR_SIZE)
		mask |= IN_MODIFY;
	if (both == (ATTR_ATIME | ATTR_MTIME))
		mask |= IN_ATTRIB;
	else if (both == ATTR_ATIME)
		mask |= IN_ACCESS;
	else if (both)
		mask |= IN_MODIFY;
	return mask;
}

struct fsn_inode *fsn_host_event(struct fsn_inode *w,
				 const struct fsn_event *e)
{
	struct fsn_inode *last = tell(w, e, false);
	struct fsn_mark *m, *n;

	if (!last && (e->mask & IN_IGNORED))
		list_for_each_safe(m, n, &w->marks, on)
			last = fsn_del(m);
	return last;
}

void fsn_overflow(struct fsn_inode *w, const struct fsn_event *e)
{
	struct fsn_mark *m;

	list_for_each(m, &w->marks, on)
		m->ops->event(m, e);
}
