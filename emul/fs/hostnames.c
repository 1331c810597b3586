/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostnames.c: know a directory of the host before it is asked for names.
 *
 * Programs probe for many names that are not there (search paths, locales,
 * modules), and look at one file of a directory after the other.  A request a
 * name costs two switches between processes.  So a directory that is asked
 * more than a few times is listed: the hashes of its names tell what is not
 * there; and where files that are there are looked at, the attributes of
 * others come along.  Only for directories whose host side nobody changes as
 * far as we care (overlays).
 */
#include "emul/fs/hostfs.h"

#include "emul/host/broker.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/vfs/dcache.h"
#include "emul/vfs/namei.h"

/*
 * Requests for names before all names are fetched: to list a large directory
 * costs the host as much as ten of them.
 */
#define ASK_MAX		8u
#define STAT_MAX	3u	/* files that are looked at */
#define STAT_BYTES	8192u	/* of attributes that come first */
#define STAT_DIRS	2u	/* so many, and the next may be too */
#define PROBE_EACH	8u

/* Hashes of all names, open addressing; 0 is an empty place. */
struct host_names {
	uint32_t mask, used;
	uint32_t slot[];
};

static uint32_t as_slot(uint32_t hash)
{
	return hash ? hash : 1;
}

static struct host_names *names_new(uint32_t size)
{
	struct host_names *n = kzalloc(sizeof(*n) + size * sizeof(uint32_t));

	if (n)
		n->mask = size - 1;
	return n;
}

static bool names_find(const struct host_names *n, uint32_t hash,
		       uint32_t *at)
{
	uint32_t v = as_slot(hash), k = v * 0x9e3779b1U;

	for (k &= n->mask; n->slot[k]; k = (k + 1) & n->mask)
		if (n->slot[k] == v) {
			*at = k;
			return true;
		}
	*at = k;
	return false;
}

/* Add a hash; the set that has it then, or NULL: no memory, *n is freed. */
static struct host_names *names_add(struct host_names *n, uint32_t hash)
{
	struct host_names *big;
	uint32_t k, at;

	if (names_find(n, hash, &at))
		return n;
	n->slot[at] = as_slot(hash);
	if (++n->used <= n->mask / 2)
		return n;
	big = names_new((n->mask + 1) * 2);
	for (k = 0; big && k <= n->mask; k++)
		if (n->slot[k] && !names_find(big, n->slot[k], &at)) {
			big->slot[at] = n->slot[k];
			big->used++;
		}
	kfree(n);
	return big;
}

/* Names of a list; NULL: no memory. */
static struct host_names *names_of(const struct dir_list *l)
{
	struct host_names *names = names_new(64);
	const struct broker_dirent *e;

	for (size_t at = 0; names && at < l->used; at += e->rec_len) {
		e = (const void *)(l->mem + at);
		names = names_add(names, name_hash((const char *)(e + 1),
						   e->name_len));
	}
	return names;
}

void host_names_from(struct dentry *dir, const struct dir_list *l)
{
	struct host_node *n = host_node(dir->inode);
	struct host_names *names, *none = NULL;

	if (host_shared(dir->inode) || load_once(&n->names))
		return;
	names = names_of(l);
	/* Once is enough; who came second drops its own. */
	if (names &&
	    !__atomic_compare_exchange_n(&n->names, &none, names, false,
					 __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		kfree(names);
}

void host_names_learn(struct dentry *dir)
{
	struct host_node *n = host_node(dir->inode);
	struct dir_list *l;
	int err;

	if (n->list_failed || load_once(&n->names) || load_once(&n->list))
		return;
	n->list_failed = true;	/* or done: it is tried once */
	l = host_list_new();
	err = l ? 0 : -ENOMEM;
	while (!err && !l->done)
		err = host_list_more(dir, l);
	if (!err)
		host_names_from(dir, l);
	host_list_put(l);
}

/*
 * The next batch of attributes of @dir's files: few at first, then more, for
 * who wants a few of a thousand shall not wait for all.
 */
static int stat_batch(struct dentry *dir, struct host_node *n, char *buf,
		      bool many)
{
	uint32_t least = many ? 4 * STAT_BYTES : STAT_BYTES;
	uint32_t size = MAX(n->stat_size, least);
	struct broker_req req = {
		.op = BROKER_READDIR,
		.flags = BROKER_DIR_STAT |
			 host_xattrs_wanted(hostfs_of(dir->inode)),
		.arg = { n->stat_cookie, size },
	};
	struct dir_list *l = NULL;
	struct broker_rep rep;
	struct host_rows r;
	int err = host_request(dir, &req, &rep, buf, BROKER_BODY_MAX, NULL);

	if (err)
		return err;
	n->stat_done = !(rep.flags & BROKER_REP_MORE) || !rep.count;
	n->stat_size = MIN(size * 2, (uint32_t)BROKER_BODY_MAX);
	/* All at once: so they are listed, too. */
	if (n->stat_done && !n->stat_cookie && !load_once(&n->list))
		l = host_list_new();
	r = host_rows(buf, &rep);
	err = host_rows_take(&r, dir, l);
	n->stat_cookie = r.cookie;
	if (l && !err) {
		l->done = true;
		host_list_keep(dir->inode, l);
	}
	host_list_put(l);
	return err;
}

static void learn_stat(struct dentry *dir, bool many)
{
	struct host_node *n = host_node(dir->inode);
	bool busy = false;
	char *buf;

	/* One after the other; who finds it busy asks for his name alone. */
	if (!__atomic_compare_exchange_n(&n->stat_busy, &busy, true, false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	buf = kmalloc(BROKER_BODY_MAX);
	if (!buf || (!n->stat_done && stat_batch(dir, n, buf, many)))
		n->stat_done = true;
	kfree(buf);
	store_release(&n->stat_busy, false);
}

bool host_names_stat_wanted(const struct hostfs *fs)
{
	return load_once(&fs->stat_wanted) >= STAT_DIRS;
}

bool host_names_probe_next(const struct hostfs *fs)
{
	return host_names_stat_wanted(fs) &&
		(load_once(&fs->stat_probes) + 1) % PROBE_EACH == 0;
}

bool host_names_stat(struct hostfs *fs)
{
	if (!host_names_stat_wanted(fs))
		return false;
	/* Now and then without, to see whether anybody asks. */
	if (__atomic_add_fetch(&fs->stat_probes, 1, __ATOMIC_RELAXED) %
	    PROBE_EACH)
		return true;
	if (!__atomic_exchange_n(&fs->stat_seen, false, __ATOMIC_RELAXED))
		store_once(&fs->stat_wanted, 0);
	return false;
}

/* Are the attributes of all files of @dir likely to be wanted? */
static bool stat_wanted(struct host_node *n, struct hostfs *fs, bool *many)
{
	uint32_t found = load_once(&n->n_found);

	*many = host_names_stat_wanted(fs);
	return *many ? found || n->was_read : found >= STAT_MAX;
}

static void fetch_stat(struct dentry *dir, bool many)
{
	struct host_node *n = host_node(dir->inode);
	struct hostfs *fs = hostfs_of(dir->inode);

	if (!load_once(&n->list) && host_ahead_fetch() &&
	    load_once(&n->stat_done))
		return;
	store_once(&fs->stat_seen, true);
	/* More of the same directory is wanted as easily. */
	if (!n->stat_size)
		__atomic_fetch_add(&fs->stat_wanted, 1, __ATOMIC_RELAXED);
	if (many && !n->stat_size && !load_once(&n->list))
		host_list_ahead(dir, true);
	if (!load_once(&n->stat_done))
		learn_stat(dir, many);
}

bool host_names_looks(const struct dentry *dir, unsigned int flags)
{
	return !(flags & LOOKUP_OPEN) || (host_node(dir->inode)->was_read &&
					  !(flags & LOOKUP_DIRECTORY));
}

void host_names_asked(struct dentry *dir, unsigned int flags)
{
	struct host_node *n = host_node(dir->inode);
	uint32_t asked;
	bool many;

	if (host_shared(dir->inode))
		return;
	asked = __atomic_add_fetch(&n->n_asked, 1, __ATOMIC_RELAXED);
	if (host_names_looks(dir, flags) && !load_once(&n->stat_done) &&
	    stat_wanted(n, hostfs_of(dir->inode), &many)) {
		fetch_stat(dir, many);
	} else if (asked > ASK_MAX) {
		host_names_learn(dir);
	}
}

bool host_names_lack(struct dentry *dir, uint32_t hash)
{
	struct host_node *n = host_node(dir->inode);
	const struct host_names *names = load_acquire(&n->names);
	uint32_t at;

	if (!names && load_acquire(&n->list)) {
		host_names_from(dir, n->list);
		names = load_acquire(&n->names);
	}
	return names && !names_find(names, hash, &at);
}

void host_names_free(struct host_node *n)
{
	kfree(n->names);
	kfree(n->old_names);
}

/* The host's side has changed: ask for each name from now on. */
void host_names_forget(struct host_node *n)
{
	struct host_names *none = NULL, *old;

	n->list_failed = true;
	old = __atomic_exchange_n(&n->names, NULL, __ATOMIC_ACQ_REL);
	/* A second time there is none: see list_failed. */
	if (old && !__atomic_compare_exchange_n(&n->old_names, &none, old,
						false, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED))
		store_release(&n->names, old);
}
