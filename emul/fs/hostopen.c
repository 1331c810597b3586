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
 *
 * Where that has been right so far, the next are asked for as soon as some have
 * come, and the broker opens them while the program reads.
 */
#include "emul/fs/hostfs.h"

#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"

#define OPENS_MIN	3u	/* files opened one by one before that */
#define OPENS_FIRST	16u	/* how many at once, at first */
#define OPENS_DIRS	64u	/* directories looked into for one request */
#define OPENS_TRUST	64u	/* descriptors that may be there unused, ... */
#define OPENS_TRUST_MAX	160u	/* ... or so many, where others were used */
#define LIST_SIZE_MAX	(BROKER_BODY_MAX / 2)	/* else it is no cheap list */

/* Files to be opened by one request; those without a dentry get one. */
struct batch {
	struct broker_later later;
	bool wanted;		/* the first one is */
	bool tree;		/* of other directories, too */
	uint32_t n;
	struct {
		struct dentry *up, *d;	/* with references; no d: a name only */
		uint16_t at;		/* where in names it starts */
	} file[BROKER_FDS_MAX];
	struct dentry *last;	/* the last directory looked into; likewise */
	size_t at;		/* and how far, in its list */
	size_t len;
	char names[BROKER_PATH_MAX];
	/* The answer. */
	struct broker_rep rep;
	struct broker_opened o[BROKER_FDS_MAX];
	int fds[BROKER_FDS_MAX];
	unsigned int n_fds;
};

/* What the broker is at work on, or has answered already; or NULL. */
static __arena struct batch *posted;

static struct batch *batch_new(struct dentry *up, size_t at, bool tree)
{
	struct batch *b = kmalloc(sizeof(*b));

	if (!b)
		return NULL;
	b->wanted = false;
	b->tree = tree;
	b->n = 0;
	b->n_fds = 0;
	b->len = 0;
	b->last = dget(up);
	b->at = at;
	return b;
}

static void batch_free(struct batch *b)
{
	while (b->n) {
		dput(b->file[--b->n].d);
		dput(b->file[b->n].up);
	}
	dput(b->last);
	kfree(b);
}

/* The names that follow are in @up, unless they are already. */
static bool batch_dir(struct batch *b, struct dentry *up)
{
	char path[BROKER_PATH_MAX], *p;
	size_t len;

	if (!b->n || b->file[b->n - 1].up == up)
		return true;
	p = host_path(up, path, &len);
	if (!p || len + 2 > sizeof(b->names) - b->len)
		return false;
	b->names[b->len++] = '/';
	memcpy(b->names + b->len, p, len);
	b->len += len;
	b->names[b->len++] = '\0';
	return true;
}

/* False: there is no room.  The reference to @d is the batch's then. */
static bool batch_add(struct batch *b, struct dentry *up, struct dentry *d,
		      const char *name, size_t len)
{
	if (!batch_dir(b, up) || len + 1 > sizeof(b->names) - b->len)
		return false;
	memcpy(b->names + b->len, name, len);
	b->names[b->len + len] = '\0';
	b->file[b->n].at = (uint16_t)b->len;
	b->file[b->n].up = dget(up);
	b->file[b->n++].d = d;
	b->len += len + 1;
	return true;
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

/* Is it the one that is wanted? */
static bool is_first(const struct batch *b, const char *name, size_t len)
{
	return b->wanted && b->file[0].up == b->last &&
		!memcmp(b->names, name, len) && !b->names[len];
}

/* Add the file @e of b->last, if that is one to be opened.  False: no room. */
static bool add_file(struct batch *b, const struct broker_dirent *e)
{
	const char *name = (const char *)(e + 1);
	struct dentry *d;

	if (is_first(b, name, e->name_len))
		return true;
	d = d_lookup(b->last, name, e->name_len);
	if (d && !may_open(d)) {
		dput(d);
		return true;
	}
	if (batch_add(b, b->last, d, name, e->name_len))
		return true;
	dput(d);
	return false;
}

/* Into the directory @e of b->last.  False: it is not known yet. */
static bool enter(struct batch *b, const struct broker_dirent *e)
{
	struct dentry *d = d_lookup(b->last, (const char *)(e + 1),
				    e->name_len);
	bool known = d && (!host_has_lower(d) || host_list_of(d));

	if (!known || !host_has_lower(d)) {
		b->at += e->rec_len;
		dput(d);
		return known;
	}
	dput(b->last);
	b->last = d;
	b->at = 0;
	return true;
}

/* Back to where b->last lies, behind it.  False: there is nothing known. */
static bool leave(struct batch *b)
{
	char name[NAME_LEN_MAX + 1];
	size_t len = 0;
	struct dentry *up = host_name_in(b->last, name, &len);

	if (!up || !host_list_of(up)) {
		dput(up);
		return false;
	}
	b->at = host_list_behind(host_list_of(up), name, len);
	dput(b->last);
	b->last = up;
	return true;
}

/*
 * Other files, from b->at on; and where somebody goes through a tree, of the
 * directories that come next, in the order in which they are listed.
 */
static void choose(struct batch *b, uint32_t max)
{
	unsigned int dirs = 0;

	while (b->n < max && dirs < OPENS_DIRS) {
		const struct dir_list *l = host_list_of(b->last);
		const struct broker_dirent *e;

		if (!l)
			break;
		if (b->at >= l->used) {
			dirs++;
			if (!b->tree || !leave(b))
				break;
			continue;
		}
		e = (const void *)(l->mem + b->at);
		if (b->tree && e->type == 4) {
			dirs++;
			if (!enter(b, e))
				break;
			continue;
		}
		if (e->type == 8 && !add_file(b, e))
			break;
		b->at += e->rec_len;
	}
	if (!b->tree)
		store_once(&host_node(b->last->inode)->open_at, b->at);
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
static struct inode *file_of(struct batch *b, const struct broker_opened *o)
{
	struct broker_node n = { .rec_len = sizeof(n), .st = o->st };
	struct dentry *up, *d;
	const struct inode *dir;
	const char *name;
	struct inode *i;

	if (o->nr >= b->n)
		return NULL;
	up = b->file[o->nr].up;
	d = b->file[o->nr].d;
	dir = load_acquire(&up->inode);
	if (!dir || (load_once(&up->flags) & D_DELETED))
		return NULL;
	if (!d) {
		name = b->names + b->file[o->nr].at;
		d = host_add_name(up, name, strlen(name), &n, false);
		b->file[o->nr].d = d;
	}
	i = d ? load_acquire(&d->inode) : NULL;
	return i && S_ISREG(i->mode) ? i : NULL;
}

static void take(struct batch *b, struct hostfs *fs)
{
	uint32_t count = b->rep.len / (uint32_t)sizeof(b->o[0]), got = 0;

	for (uint32_t k = 0; k < b->n_fds; k++) {
		const struct broker_opened *o = &b->o[k];
		struct inode *i = k < count ? file_of(b, o) : NULL;
		bool ahead = !b->wanted || o->nr > 0;

		if (!i || !give(i, o, b->fds[k], ahead)) {
			host_close(b->fds[k]);
		} else {
			host_fd_idle(i);
			got += ahead;
		}
	}
	__atomic_fetch_add(&fs->open_got, got, __ATOMIC_RELAXED);
}

/* Have the broker open them: 0, and the answer is there, or to be fetched. */
static int ask(struct batch *b, struct hostfs *fs, bool wait)
{
	struct broker_req req = {
		.op = BROKER_OPENS, .grant = fs->grant,
		.len2 = (uint16_t)b->len,
	};
	char path[BROKER_PATH_MAX], *p;
	size_t len;

	p = host_path(b->file[0].up, path, &len);
	if (!p || len >= BROKER_PATH_MAX)
		return -ENAMETOOLONG;
	req.len1 = (uint16_t)len;
	if (!wait)
		return broker_post(&req, p, b->names, &b->later);
	return broker_call_fds(&req, p, b->names, -1, &b->rep, b->o,
			       sizeof(b->o), b->fds, &b->n_fds);
}

/* Were files that came unasked opened, on the whole? */
static bool trusted(uint32_t got, uint32_t used)
{
	return used >= OPENS_MIN * 4 && used * 2 >= got;
}

/* How many to open at once, where @opens were asked for one by one. */
static uint32_t window(struct hostfs *fs, uint32_t opens)
{
	uint32_t got = load_once(&fs->open_got);
	uint32_t used = load_once(&fs->open_used);
	uint32_t max = load_once(&fs->open_max);
	bool trust = trusted(got, used);

	if (got > used + (trust ? OPENS_TRUST_MAX : OPENS_TRUST)) {
		/* What came for nothing is forgotten in time. */
		store_once(&fs->open_got, got - 1);
		store_once(&fs->open_max, 0);
		return 1;
	}
	if (!trust) {
		if (opens <= OPENS_MIN)
			return 1;
		return MIN((opens - OPENS_MIN) * 4, OPENS_FIRST);
	}
	/* As before in other directories; and more, as long as it is right. */
	max = max ? MIN(max * 2, BROKER_FDS_MAX) : OPENS_FIRST;
	max = MIN(max, MAX(host_fds_idle() / 4, OPENS_MIN));
	store_once(&fs->open_max, max);
	return max;
}

static void fetch(struct batch *b, struct hostfs *fs, bool more);

/* Have those after @before opened, before anybody asks. */
static void post_next(const struct batch *before, struct hostfs *fs)
{
	struct batch *b, *none = NULL;
	uint32_t max;

	if (load_once(&posted) ||
	    !trusted(load_once(&fs->open_got), load_once(&fs->open_used)))
		return;
	/*
	 * What lies in a reply counts for the user, in all his sandboxes: he
	 * may have as many on the way as one of them may have open.
	 */
	max = MIN(window(fs, 0), host_fds_idle() / 16);
	b = max > 1 ? batch_new(before->last, before->at, before->tree) :
		NULL;
	if (!b)
		return;
	choose(b, max);
	if (!b->n || ask(b, fs, false)) {
		batch_free(b);
		return;
	}
	/* Somebody else was quicker: it is there in a moment, too. */
	if (!__atomic_compare_exchange_n(&posted, &none, b, false,
					 __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		fetch(b, fs, false);
}

/* What was posted; @more: the next ones are, too. */
static void fetch(struct batch *b, struct hostfs *fs, bool more)
{
	if (broker_fetch(&b->later, &b->rep, b->o, sizeof(b->o), b->fds,
			 &b->n_fds))
		b->rep.len = 0;
	if (more)
		post_next(b, fs);
	take(b, fs);
	batch_free(b);
}

static void fetch_posted(bool more)
{
	struct batch *b = NULL;

	if (load_once(&posted))
		b = __atomic_exchange_n(&posted, NULL, __ATOMIC_ACQUIRE);
	if (b)
		fetch(b, b->last->sb->priv, more);
}

void host_open_settle(void)
{
	fetch_posted(false);
}

/* Open @name of @up, whose dentry is @d if it has one, and others. */
static void open_with_others(struct dentry *up, struct dentry *d,
			     const char *name, size_t len)
{
	uint32_t opens = __atomic_add_fetch(&host_node(up->inode)->n_opens, 1,
					    __ATOMIC_RELAXED);
	struct hostfs *fs = hostfs_of(up->inode);
	/* Who waits shall not wait for many: those are asked for after it. */
	uint32_t max = MIN(window(fs, opens), OPENS_FIRST);
	bool tree = host_node(up->inode)->was_read;
	size_t at = tree ? host_list_behind(host_list_of(up), name, len) :
		load_once(&host_node(up->inode)->open_at);
	struct batch *b = max > 1 ? batch_new(up, at, tree) : NULL;

	if (!b)
		return;
	b->wanted = batch_add(b, up, d, name, len);
	if (b->wanted && d)
		dget(d);
	choose(b, max);
	if (b->n > 1) {
		if (ask(b, fs, true))
			b->rep.len = 0;
		post_next(b, fs);
		take(b, fs);
	}
	batch_free(b);
}

/* Has it come with what was posted? */
static bool has_come(struct dentry *up, const char *name, size_t len)
{
	struct dentry *d;
	const struct inode *i;
	bool has;

	fetch_posted(true);
	d = d_lookup(up, name, len);
	i = d ? load_acquire(&d->inode) : NULL;
	has = i && S_ISREG(i->mode) && load_once(&host_node(i)->fd) >= 0;
	dput(d);
	return has;
}

void host_open_ahead(struct dentry *d)
{
	struct host_node *n = host_node(d->inode);
	char name[NAME_LEN_MAX + 1];
	struct dentry *up = NULL;
	size_t len = 0;

	if (may_open(d))
		up = host_name_in(d, name, &len);
	if (up && host_list_of(up) && !has_come(up, name, len))
		open_with_others(up, d, name, len);
	dput(up);
	if (load_once(&n->fd) < 0)
		return;
	if (n->fd_ahead)
		__atomic_fetch_add(&hostfs_of(d->inode)->open_used, 1,
				   __ATOMIC_RELAXED);
	n->fd_ahead = false;
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
	if (has_come(dir, name, len))
		return true;
	open_with_others(dir, NULL, name, len);
	d = d_lookup(dir, name, len);
	dput(d);
	return d != NULL;
}
