/* SPDX-License-Identifier: Apache-2.0 */
/*
 * changes.c: find what the overlays hold.
 *
 * Nothing else runs any more.  A directory of the host's that is in its place
 * is looked at only where the dentry cache has something pinned: the rest is
 * as it was.  One that was made, or moved, is gone through whole, and compared
 * with what the host has in its place.
 */
#include "emul/fs/changes.h"

#include "emul/fs/hostfs.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/lib/uapi.h"
#include "emul/vfs/dcache.h"
#include "emul/vfs/namei.h"

/* A directory that is still to be gone through. */
struct job {
	struct dentry *d;	/* a reference */
	char *path;		/* under the grant */
	bool whole;		/* it was made or moved */
	bool on_host;		/* the host has a directory of that path */
};

struct search {
	struct changes *c;
	struct job *v;
	size_t n, size;
	uint16_t grant;
	const char *mount;
	struct dentry *dir;	/* that is being gone through */
	int err;
};

static char *join(const char *dir, const char *name, size_t len)
{
	size_t n = strlen(dir);
	char *p = kmalloc(n + len + 2);

	if (!p)
		return NULL;
	memcpy(p, dir, n);
	if (n)
		p[n++] = '/';
	memcpy(p + n, name, len);
	p[n + len] = '\0';
	return p;
}

/* Room for one more in a list of @size elements of @each bytes. */
static bool room(void **v, size_t n, size_t *size, size_t each)
{
	size_t want = *size ? 2 * *size : 64;
	void *p;

	if (n < *size)
		return true;
	p = krealloc(*v, want * each);
	if (!p)
		return false;
	*v = p;
	*size = want;
	return true;
}

/* Note a change; @path is copied, a reference to @d taken. */
static struct change *note(struct search *s, char kind, const char *path,
			   struct dentry *d)
{
	struct changes *c = s->c;
	struct change *h;
	void *v = c->v;
	char *copy = kstrndup(path, strlen(path));

	if (!copy || !room(&v, c->n, &c->size, sizeof(*h))) {
		kfree(copy);
		s->err = -ENOMEM;
		return NULL;
	}
	c->v = v;
	h = &c->v[c->n++];
	*h = (struct change){
		.kind = kind, .grant = s->grant, .path = copy,
		.mount = s->mount, .d = d ? dget(d) : NULL,
		.dir = s->dir ? dget(s->dir) : NULL,
	};
	return h;
}

/* @path is taken over. */
static void later(struct search *s, struct dentry *d, char *path, bool whole,
		  bool on_host)
{
	void *v = s->v;

	if (!room(&v, s->n, &s->size, sizeof(*s->v))) {
		s->err = -ENOMEM;
		kfree(path);
		return;
	}
	s->v = v;
	s->v[s->n++] = (struct job){ dget(d), path, whole, on_host };
}

/* The host's own, and still where it has it? */
static bool in_place(struct dentry *d, const char *path)
{
	const struct host_node *n = host_node(d->inode);
	char buf[BROKER_PATH_MAX], *p;
	size_t len;

	if (!n->lower)
		return false;
	p = host_path(d, buf, &len);
	return p && len == strlen(path) && !memcmp(p, path, len);
}

static bool changed(const struct inode *i)
{
	const struct host_node *n = host_node(i);

	return n->attr || (n->upper && S_ISREG(i->mode));
}

/* Has the guest made, changed, moved or removed anything below @d? */
static bool pure(struct dentry *d)
{
	struct dentry *at = d, *next;
	bool ok = true;

	if (!S_ISDIR(d->inode->mode))
		return !changed(d->inode) && d->inode->nlink == 1;
	mutex_lock(&dcache.lock);
	/* Down to the first child, else to a sibling, else up again. */
	while (ok) {
		ok = at == d || !(at->flags & D_PINNED || at->n_mounted);
		if (!list_empty(&at->children)) {
			at = list_first(&at->children, struct dentry, sibling);
			continue;
		}
		while (at != d && at->sibling.next == &at->parent->children)
			at = at->parent;
		if (at == d)
			break;
		next = list_entry(at->sibling.next, struct dentry, sibling);
		at = next;
	}
	mutex_unlock(&dcache.lock);
	return ok;
}

/* Something that is not the host's is at @path, which is taken over. */
static void add_new(struct search *s, struct dentry *d, char *path,
		    bool maybe_on_host)
{
	struct inode *i = d->inode;
	struct broker_stat st;
	bool there, same;
	struct change *h;
	int err = maybe_on_host ? change_stat(s->c, s->grant, path, &st) :
		-ENOENT;

	if (err && err != -ENOENT && err != -EACCES) {
		s->err = err;
		kfree(path);
		return;
	}
	there = !err;
	same = there && !((st.mode ^ i->mode) & S_IFMT);
	h = note(s, same ? 'M' : 'A', path, d);
	if (h) {
		h->replaces = there && !same;
		h->moves = host_node(i)->lower && host_node(i)->path &&
			(!there || (same && !S_ISDIR(i->mode))) && pure(d);
	}
	if (h && S_ISDIR(i->mode) && !h->moves)
		later(s, d, path, true, same);
	else
		kfree(path);
}

/* Is @path among what has gone? */
static bool is_gone(const struct search *s, size_t from, const char *path)
{
	const struct change *h;

	for (size_t k = from; k < s->c->n; k++) {
		h = &s->c->v[k];
		if (h->kind == 'D' && !strcmp(h->path, path))
			return true;
	}
	return false;
}

/*
 * What moved away from a name that something else has now cannot be renamed
 * on the host.  True: there is more to go through.
 */
static bool settle_moves(struct search *s, size_t from)
{
	for (size_t k = from; k < s->c->n && !s->err; k++) {
		struct change *h = &s->c->v[k];
		char *path;

		if (!h->moves || is_gone(s, from, host_node(h->d->inode)->path))
			continue;
		h->moves = false;
		if (!S_ISDIR(h->d->inode->mode))
			continue;
		path = kstrndup(h->path, strlen(h->path));
		if (path)
			later(s, h->d, path, true, false);
		else
			s->err = -ENOMEM;
	}
	return s->n && !s->err;
}

/* A name that the guest removed: a change if the host has it. */
static void add_gone(struct search *s, const char *path)
{
	struct broker_stat st;
	int err = change_stat(s->c, s->grant, path, &st);

	if (!err)
		note(s, 'D', path, NULL);
	else if (err != -ENOENT && err != -EACCES)
		s->err = err;
}

static void look_at(struct search *s, const struct job *j, struct dentry *d)
{
	struct inode *i = d->inode;
	char *path;

	/* What was made for the policy to mount on is not the guest's. */
	if ((d->flags & D_DELETED) || (i && host_node(i)->place))
		return;
	if (!i && !(d->flags & D_PINNED))
		return;
	path = join(j->path, d->name, d->len);
	if (!path) {
		s->err = -ENOMEM;
		return;
	}
	if (!i) {
		if (j->on_host)
			add_gone(s, path);
	} else if (j->whole || !in_place(d, path)) {
		add_new(s, d, path, j->on_host);
		return;
	} else {
		struct change *h = changed(i) ? note(s, 'M', path, d) : NULL;

		if (h)
			h->in_place = true;
		if (S_ISDIR(i->mode)) {
			later(s, d, path, false, true);
			return;
		}
	}
	kfree(path);
}

struct names_ctx {
	struct dir_ctx ctx;
	struct dentry *dir;
	int err;
};

/* Have every name of a directory in the cache, and held there. */
static bool hold_name(struct dir_ctx *ctx, const char *name, size_t len,
		      uint64_t ino, unsigned int type, off_t next)
{
	struct names_ctx *n = container_of(ctx, struct names_ctx, ctx);
	struct dentry *d;

	(void)ino;
	(void)type;
	(void)next;
	if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')))
		return true;
	d = lookup_child(n->dir, name, len);
	if (is_err(d)) {
		n->err = (int)ptr_err(d);
		return false;
	}
	if (d->inode)
		host_pin(d);
	dput(d);
	return true;
}

static int hold_names(struct dentry *dir)
{
	struct names_ctx n = {
		.ctx.emit = hold_name, .ctx.pos = 2, .dir = dir,
	};
	struct file *f = kzalloc(sizeof(*f));
	int err;

	if (!f)
		return -ENOMEM;
	f->path.dentry = dir;
	f->inode = dir->inode;
	err = host_dir_fops.readdir(f, &n.ctx);
	host_dir_fops.release(f);
	if (f->cursor)
		dput(f->cursor);
	kfree(f);
	err = err ? err : n.err;
	/* The policy has mounted something there: what it covers stays. */
	return err == -EACCES ? 0 : err;
}

/* What the host has in the directory of @j, and the guest has not. */
static void add_extra(struct search *s, const struct job *j)
{
	struct broker_req req = { .op = BROKER_READDIR };
	struct broker_rep rep = { .flags = BROKER_REP_MORE };
	char *mem = kmalloc(BROKER_BODY_MAX), *buf = s->c->buf;
	uint64_t cookie = 0;

	if (!mem)
		s->err = -ENOMEM;
	while (!s->err && (rep.flags & BROKER_REP_MORE)) {
		const char *p = mem;

		req = (struct broker_req){
			.op = BROKER_READDIR, .arg = { cookie },
		};
		/* The names are used while other requests are made. */
		s->c->buf = mem;
		s->err = change_ask(s->c, s->grant, j->path, &req, &rep, NULL);
		s->c->buf = buf;
		for (uint32_t k = 0; !s->err && k < rep.count; k++) {
			const struct broker_dirent *e = (const void *)p;
			const char *name = (const char *)(e + 1);
			struct dentry *d = d_lookup(j->d, name, e->name_len);
			char *path;

			if (!d || !d->inode || (d->flags & D_DELETED)) {
				path = join(j->path, name, e->name_len);
				if (path)
					note(s, 'D', path, NULL);
				kfree(path);
			}
			if (d)
				dput(d);
			cookie = e->cookie;
			p += e->rec_len;
		}
	}
	kfree(mem);
}

/* Go through the names of one directory that are in the cache. */
static void one_job(struct search *s, const struct job *j)
{
	struct dentry **all, *d;
	size_t n = 0, k = 0;

	if (j->whole)
		s->err = hold_names(j->d);
	if (!s->err && j->whole && j->on_host)
		add_extra(s, j);
	if (s->err)
		return;
	mutex_lock(&dcache.lock);
	list_for_each(d, &j->d->children, sibling)
		n++;
	mutex_unlock(&dcache.lock);
	all = kmalloc((n + 1) * sizeof(d));
	if (!all) {
		s->err = -ENOMEM;
		return;
	}
	mutex_lock(&dcache.lock);
	list_for_each(d, &j->d->children, sibling) {
		if (k == n)
			break;
		all[k++] = dget(d);
	}
	mutex_unlock(&dcache.lock);
	for (n = 0; n < k; n++) {
		if (!s->err && (all[n]->inode || !j->whole))
			look_at(s, j, all[n]);
		dput(all[n]);
	}
	kfree(all);
}

static bool search_mount(struct mount *m, void *arg)
{
	struct search *s = arg;
	struct superblock *sb = m->sb;
	struct hostfs *fs = hostfs_is(sb) ? sb->priv : NULL;
	struct change *h = NULL;
	char *p;
	size_t from = s->c->n;

	/* A guest that plays root may have mounted it again elsewhere. */
	if (!fs || fs->kind != HOST_OVERLAY || fs->searched)
		return true;
	fs->searched = true;
	s->mount = fs->where;
	s->grant = fs->grant;
	if (changed(sb->root->inode))
		h = note(s, 'M', "", sb->root);
	if (h)
		h->in_place = true;
	if (!s->err && S_ISDIR(sb->root->inode->mode)) {
		p = kstrndup("", 0);
		if (p)
			later(s, sb->root, p, false, true);
		else
			s->err = -ENOMEM;
	}
	do {
		while (s->n && !s->err) {
			struct job j = s->v[--s->n];

			s->dir = j.d;
			one_job(s, &j);
			dput(j.d);
			kfree(j.path);
		}
		s->dir = NULL;
	} while (settle_moves(s, from));
	return !s->err;
}

int changes_find(struct changes *c)
{
	struct search s = { .c = c };

	c->buf = kmalloc(BROKER_BODY_MAX);
	if (!c->buf)
		return -ENOMEM;
	mounts_each(search_mount, &s);
	while (s.n) {
		dput(s.v[--s.n].d);
		kfree(s.v[s.n].path);
	}
	kfree(s.v);
	if (!s.err)
		changes_sort(c);
	return s.err;
}
