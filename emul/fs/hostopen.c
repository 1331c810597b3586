/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostopen.c: open files of the host before they are asked for.
 *
 * Who opens one file of a directory after the other (tar, grep -r, a compiler)
 * waits for a request each time.  After a few of them others of that directory
 * come along, in the order of its list, for as long as they are used: files
 * that are the host's still, each of them once.  Those that nobody has looked
 * at get their names in the cache by it, with the attributes that come along.
 * Nobody has them open; so they are the first to be closed when there are many.
 */
#include "emul/fs/hostfs.h"

#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"

#define OPENS_MIN	3u	/* files opened one by one before that */
#define OPENS_TRUST	64u	/* descriptors that may be there unused, ... */
#define OPENS_TRUST_MAX	160u	/* ... or so many, where others were used */
#define LIST_SIZE_MAX	(BROKER_BODY_MAX / 2)	/* else it is no cheap list */

/* Files to be opened by one request; those without a dentry get one. */
struct batch {
	struct dentry *d[BROKER_FDS_MAX];
	uint16_t at[BROKER_FDS_MAX];	/* where their names start */
	uint32_t n;
	size_t len;
	char names[BROKER_PATH_MAX];
};

static void batch_add(struct batch *b, struct dentry *d, const char *name,
		      size_t len)
{
	memcpy(b->names + b->len, name, len);
	b->names[b->len + len] = '\0';
	b->at[b->n] = (uint16_t)b->len;
	b->len += len + 1;
	b->d[b->n++] = d;
}

/* Is it a file that is the host's, by this name, and not open? */
static bool may_open(struct dentry *d)
{
	const struct inode *i = load_acquire(&d->inode);
	const struct host_node *n;

	if (!i || !S_ISREG(i->mode))
		return false;
	n = host_node(i);
	return n->lower && !n->upper && !n->path && load_once(&n->fd) < 0;
}

/* Others of the directory @up, from where the last ones ended. */
static void choose(struct batch *b, struct dentry *up, uint32_t max)
{
	struct host_node *n = host_node(up->inode);
	const struct dir_list *l = load_acquire(&n->list);
	size_t at = load_once(&n->open_at), first = b->len - 1;

	while (l && b->n < max && at < l->used) {
		const struct broker_dirent *e = (const void *)(l->mem + at);
		const char *name = (const char *)(e + 1);
		struct dentry *d;

		if (b->len + e->name_len + 1 > sizeof(b->names))
			break;
		at += e->rec_len;
		if (e->type != 8)	/* a regular file */
			continue;
		if (e->name_len == first && !memcmp(name, b->names, first))
			continue;
		d = d_lookup(up, name, e->name_len);
		if (!d || may_open(d))
			batch_add(b, d, name, e->name_len);
		else
			dput(d);
	}
	store_once(&n->open_at, at);
}

/* True: the descriptor is the inode's now. */
static bool give(struct inode *i, const struct broker_opened *o, int fd,
		 bool ahead)
{
	struct host_node *n = host_node(i);
	bool is = false;

	mutex_lock(&i->lock);
	if (n->fd < 0 && !n->upper && i->ino == o->st.ino &&
	    i->dev == broker_dev(o->st.dev)) {
		n->fd_write = false;
		n->fd_ahead = ahead;
		store_release(&n->fd, fd);
		is = true;
	}
	mutex_unlock(&i->lock);
	return is;
}

/* The file of that number, which has a name now; NULL: it is something else. */
static struct inode *file_of(struct batch *b, struct dentry *up,
			     const struct broker_opened *o)
{
	struct broker_node n = { .rec_len = sizeof(n), .st = o->st };
	struct inode *i;

	if (o->nr >= b->n)
		return NULL;
	if (!b->d[o->nr]) {
		const char *name = b->names + b->at[o->nr];

		b->d[o->nr] = host_add_name(up, name, strlen(name), &n, false);
	}
	i = b->d[o->nr] ? load_acquire(&b->d[o->nr]->inode) : NULL;
	return i && S_ISREG(i->mode) ? i : NULL;
}

static void take(struct batch *b, struct dentry *up,
		 const struct broker_opened *o, uint32_t count, const int *fds,
		 unsigned int n_fds)
{
	struct hostfs *fs = hostfs_of(up->inode);
	uint32_t k, got = 0;

	for (k = 0; k < n_fds; k++) {
		struct inode *i = k < count ? file_of(b, up, &o[k]) : NULL;

		if (!i || !give(i, &o[k], fds[k], o[k].nr > 0)) {
			host_close(fds[k]);
		} else {
			host_fd_idle(i);
			got += o[k].nr > 0;
		}
	}
	__atomic_fetch_add(&fs->open_got, got, __ATOMIC_RELAXED);
}

static void open_batch(struct batch *b, struct dentry *up)
{
	struct broker_req req = {
		.op = BROKER_OPENS, .grant = hostfs_of(up->inode)->grant,
		.len2 = (uint16_t)b->len,
	};
	struct broker_opened o[BROKER_FDS_MAX];
	char path[BROKER_PATH_MAX], *p;
	int fds[BROKER_FDS_MAX];
	struct broker_rep rep;
	unsigned int n = 0;
	size_t len;

	p = host_path(up, path, &len);
	if (!p || len >= BROKER_PATH_MAX)
		return;
	req.len1 = (uint16_t)len;
	if (broker_call_fds(&req, p, b->names, -1, &rep, o, sizeof(o), fds, &n))
		rep.len = 0;
	take(b, up, o, rep.len / (uint32_t)sizeof(o[0]), fds, n);
}

/* Were files that came unasked opened, on the whole? */
static bool trusted(uint32_t got, uint32_t used)
{
	return used >= OPENS_MIN * 4 && used * 2 >= got;
}

/* How many to open at once, this one among them. */
static uint32_t window(struct hostfs *fs, uint32_t opens)
{
	uint32_t got = load_once(&fs->open_got);
	uint32_t used = load_once(&fs->open_used);
	bool trust = trusted(got, used);

	if (got > used + (trust ? OPENS_TRUST_MAX : OPENS_TRUST)) {
		/* What came for nothing is forgotten in time. */
		store_once(&fs->open_got, got - 1);
		return 1;
	}
	/* As before in other directories. */
	if (trust)
		return BROKER_FDS_MAX;
	if (opens <= OPENS_MIN)
		return 1;
	return MIN((opens - OPENS_MIN) * 4, BROKER_FDS_MAX);
}

/* Open @name of @up, whose dentry is @d if it has one, and others. */
static void open_with_others(struct dentry *up, struct dentry *d,
			     const char *name, size_t len)
{
	uint32_t opens = __atomic_add_fetch(&host_node(up->inode)->n_opens, 1,
					    __ATOMIC_RELAXED);
	uint32_t max = window(hostfs_of(up->inode), opens);
	struct batch *b = max > 1 ? kmalloc(sizeof(*b)) : NULL;

	if (!b)
		return;
	b->n = 0;
	b->len = 0;
	batch_add(b, d ? dget(d) : NULL, name, len);
	choose(b, up, max);
	if (b->n > 1)
		open_batch(b, up);
	while (b->n)
		dput(b->d[--b->n]);
	kfree(b);
}

void host_open_ahead(struct dentry *d)
{
	struct host_node *n = host_node(d->inode);
	struct hostfs *fs = hostfs_of(d->inode);
	char name[NAME_LEN_MAX + 1];
	struct dentry *up;
	size_t len = 0;

	if (load_once(&n->fd) >= 0) {
		if (n->fd_ahead)
			__atomic_fetch_add(&fs->open_used, 1,
					   __ATOMIC_RELAXED);
		n->fd_ahead = false;
		return;
	}
	if (!may_open(d))
		return;
	up = host_name_in(d, name, &len);
	if (up && host_has_lower(up) && load_acquire(&host_node(up->inode)->list))
		open_with_others(up, d, name, len);
	dput(up);
}

bool host_open_names(struct dentry *dir, const char *name, size_t len)
{
	struct host_node *n = host_node(dir->inode);
	struct hostfs *fs = hostfs_of(dir->inode);
	struct dentry *d;

	if (host_shared(dir->inode) || len > NAME_LEN_MAX)
		return false;
	/* Where it has been right so far, the second open has it listed. */
	if (!load_acquire(&n->list) && load_once(&n->n_asked) > 1 &&
	    dir->inode->size <= LIST_SIZE_MAX &&
	    trusted(load_once(&fs->open_got), load_once(&fs->open_used)))
		host_names_learn(dir);
	if (!load_acquire(&n->list))
		return false;
	open_with_others(dir, NULL, name, len);
	d = d_lookup(dir, name, len);
	dput(d);
	return d != NULL;
}
