/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostahead.c: directories of the host are listed before they are read.
 *
 * Who goes through a tree reads directory after directory, and a request for
 * each costs more than the host needs to list it.  So where a directory is
 * read after the one it lies in, others that lie there come along, and what is
 * below them: twice as many each time, as long as they are read.  Once these
 * are many, the next are asked for when some have come, and the broker lists
 * them while the program looks at what it has.
 */
#include "emul/fs/hostfs.h"

#include "emul/host/broker.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/vfs/dcache.h"

#define AHEAD_MAX	256u	/* directories in one request */
#define AHEAD_TRUST	16u	/* so many may come for nothing, ... */
#define AHEAD_WASTE	1024u	/* ... or so many, where others were read */
#define AHEAD_POST	16u	/* so many are worth a request in advance */
#define AHEAD_PROBE	16u	/* without attributes, where they were wanted */

/* A request for directories of @up, the first of which is @name. */
struct asked {
	struct broker_later later;
	struct dentry *up;	/* with a reference */
	size_t len;
	bool stat;
	char name[NAME_LEN_MAX + 1];
};

/* What the broker is at work on, or has answered already; or NULL. */
static __arena struct asked *posted;

/* How many directories to ask for now; see the top. */
static uint32_t window(struct hostfs *fs)
{
	uint32_t got = load_once(&fs->ahead_got);
	uint32_t used = load_once(&fs->ahead_used);
	uint32_t w = load_once(&fs->ahead);

	if (got > used + AHEAD_WASTE) {
		/* What came for nothing is forgotten in time. */
		store_once(&fs->ahead_got, got - AHEAD_TRUST);
		return 1;
	}
	if (got <= used + AHEAD_TRUST || used * 2 >= got)
		w = MIN(w ? w * 2 : 1, AHEAD_MAX);
	if (got > 4 * AHEAD_WASTE) {
		store_once(&fs->ahead_got, got / 2);
		store_once(&fs->ahead_used, used / 2);
	}
	store_once(&fs->ahead, w);
	return w;
}

struct dentry *host_name_in(struct dentry *d, char *name, size_t *len)
{
	struct dentry *up = NULL;

	mutex_lock(&dcache.lock);
	if (!(d->flags & (D_ROOT | D_DELETED)) && d->len <= NAME_LEN_MAX) {
		up = dget(d->parent);
		*len = d->len;
		memcpy(name, d->name, d->len + 1);
	}
	mutex_unlock(&dcache.lock);
	return up;
}

/* Is it known already, or something else by now? */
static bool is_known(struct dentry *dir, const char *name, size_t len)
{
	struct dentry *d = d_lookup(dir, name, len);
	bool known = d && (!host_has_lower(d) || host_node(d->inode)->list ||
			   host_node(d->inode)->path);

	dput(d);
	return known;
}

/*
 * The next directory of @l, which lists @up, that is not known: from *@at on,
 * which it moves.  NULL: there is none.
 */
static const struct broker_dirent *next_in(struct dentry *up,
					   const struct dir_list *l,
					   size_t *at)
{
	while (*at < l->used) {
		const struct broker_dirent *e = (const void *)(l->mem + *at);

		*at += e->rec_len;
		if (e->type == 4 &&
		    !is_known(up, (const char *)(e + 1), e->name_len))
			return e;
	}
	return NULL;
}

/*
 * Names, with a NUL each, of up to @max directories from the asked one on, in
 * the order of @l, the list of where they lie.  Their length in bytes.
 */
static size_t choose(const struct asked *a, const struct dir_list *l,
		     char *out, uint32_t max)
{
	size_t at = host_list_behind(l, a->name, a->len), n = a->len + 1;
	const struct broker_dirent *e;

	memcpy(out, a->name, n);
	while (--max && (e = next_in(a->up, l, &at))) {
		if (n + e->name_len + 1 > BROKER_PATH_MAX)
			break;
		memcpy(out + n, e + 1, (size_t)e->name_len + 1);
		n += (size_t)e->name_len + 1;
	}
	return n;
}

/*
 * Ask for @max directories at most.  The answer goes to @rep and @buf, unless
 * that is NULL: then it is to be fetched.  0 or -errno.
 */
static int ask(struct asked *a, uint32_t max, struct broker_rep *rep,
	       char *buf)
{
	const struct dir_list *l = load_acquire(&host_node(a->up->inode)->list);
	struct hostfs *fs = hostfs_of(a->up->inode);
	struct broker_req req = {
		.op = BROKER_LIST, .grant = fs->grant,
		.flags = BROKER_DIR_TREE, .arg = { max },
	};
	char *p, *mem = kmalloc(2 * BROKER_PATH_MAX);
	char *names;
	size_t len;
	int err = -ENAMETOOLONG;

	if (!mem)
		return -ENOMEM;
	names = mem + BROKER_PATH_MAX;
	if (!a->stat && host_names_stat_wanted(fs))
		max = MIN(max, AHEAD_PROBE);
	p = host_path(a->up, mem, &len);
	if (p && len < BROKER_PATH_MAX) {
		req.len1 = (uint16_t)len;
		req.len2 = (uint16_t)choose(a, l, names, max);
		if (a->stat)
			req.flags |= BROKER_DIR_STAT | host_xattrs_wanted(fs);
		err = buf ? broker_call2(&req, p, names, -1, rep, buf,
					 BROKER_BODY_MAX, NULL) :
			broker_post(&req, p, names, &a->later);
	}
	kfree(mem);
	return err;
}

/*
 * The directory that a walk of the tree reads after @d, which is given back:
 * the one it lies in, with a reference, and its name in @a.  NULL: not known.
 */
static struct dentry *next_dir(struct dentry *d, struct asked *a)
{
	size_t at = 0;

	while (d) {
		const struct dir_list *l = host_list_of(d);
		const struct broker_dirent *e;
		struct dentry *up;

		if (!l)
			break;
		if (a->len)
			at = host_list_behind(l, a->name, a->len);
		e = next_in(d, l, &at);
		if (e && e->name_len <= NAME_LEN_MAX) {
			a->len = e->name_len;
			memcpy(a->name, e + 1, a->len);
			a->name[a->len] = '\0';
			return d;
		}
		up = host_name_in(d, a->name, &a->len);
		dput(d);
		d = up;
	}
	dput(d);
	return NULL;
}

static void fetch(struct asked *a, bool more);

/* Ask for what comes after @last, which is given back. */
static void post_after(struct dentry *last)
{
	struct hostfs *fs = hostfs_of(last->inode);
	uint32_t max = window(fs);
	struct asked *a = NULL, *none = NULL;

	if (max >= AHEAD_POST && !load_once(&posted) &&
	    !host_names_probe_next(fs))
		a = kmalloc(sizeof(*a));
	if (!a) {
		dput(last);
		return;
	}
	a->stat = host_names_stat(fs);
	a->len = 0;
	a->up = next_dir(last, a);
	if (!a->up || ask(a, max, NULL, NULL)) {
		dput(a->up);
		kfree(a);
		return;
	}
	/* Somebody else was quicker. */
	if (!__atomic_compare_exchange_n(&posted, &none, a, false,
					 __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		fetch(a, false);
}

/* Fetch what was posted; @more: what comes next is posted then. */
static void fetch(struct asked *a, bool more)
{
	char *buf = kmalloc(BROKER_BODY_MAX);
	struct dentry *last = NULL;
	int fds[BROKER_FDS_MAX];
	struct broker_rep rep;
	unsigned int n;
	int err;

	/* Without memory for it it is lost. */
	err = broker_fetch(&a->later, &rep, buf, buf ? BROKER_BODY_MAX : 0,
			   fds, &n);
	if (!err && buf && !(load_once(&a->up->flags) & D_DELETED))
		last = host_lists_take(a->up, buf, &rep, a->stat, false);
	kfree(buf);
	dput(a->up);
	if (last && more)
		post_after(last);
	else
		dput(last);
	kfree(a);
}

static struct asked *posted_take(void)
{
	if (!load_once(&posted))
		return NULL;
	return __atomic_exchange_n(&posted, NULL, __ATOMIC_ACQUIRE);
}

void host_ahead_settle(void)
{
	struct asked *a = posted_take();

	if (a)
		fetch(a, false);
	host_open_settle();
}

void host_ahead_await(struct dentry *up, const char *name, size_t len)
{
	struct asked *a = posted_take(), *none = NULL;

	if (!a)
		return;
	if (a->up == up && a->len == len && !memcmp(a->name, name, len))
		fetch(a, true);
	else if (!__atomic_compare_exchange_n(&posted, &none, a, false,
					      __ATOMIC_RELEASE,
					      __ATOMIC_RELAXED))
		fetch(a, false);
}

/* As host_list_ahead() has checked it: ask, and wait. */
static void list_now(struct asked *a, uint32_t max)
{
	char *buf = kmalloc(BROKER_BODY_MAX);
	struct dentry *last = NULL;
	struct broker_rep rep;

	if (buf && !ask(a, max, &rep, buf))
		last = host_lists_take(a->up, buf, &rep, a->stat, true);
	kfree(buf);
	if (last)
		post_after(last);
}

bool host_ahead_fetch(void)
{
	struct asked *a = posted_take();

	if (a)
		fetch(a, true);
	return a;
}

void host_list_ahead(struct dentry *dir, bool stat)
{
	struct host_node *n = host_node(dir->inode);
	struct asked a = { .stat = stat };
	uint32_t max;

	/* A large one does not come whole. */
	if (host_shared(dir->inode) || n->path || !n->lower ||
	    dir->inode->size > BROKER_BODY_MAX / 2)
		return;
	a.up = host_name_in(dir, a.name, &a.len);
	if (a.up && host_list_of(a.up)) {
		max = window(hostfs_of(a.up->inode));
		if (max > 1)
			list_now(&a, max);
	}
	dput(a.up);
}
