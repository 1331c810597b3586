/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostnames.c: know a directory of the host before it is asked for names.
 *
 * Programs probe for many names that are not there (search paths, locales,
 * modules), and look at each file of a directory that they have read.  A
 * request a name costs two switches between processes.  So a directory that
 * is asked more than a few times is listed once: the hashes of its names tell
 * what is not there, and where the guest has read it, the attributes of all
 * its files come along.  Only for directories whose host side nobody changes
 * as far as we care (overlays).
 */
#include "emul/fs/hostfs.h"

#include "emul/host/broker.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/vfs/dcache.h"

/*
 * Requests for names before all names, or all attributes, are fetched.  To
 * list a large directory costs the host as much as ten of them.
 */
#define ASK_MAX		8u
#define STAT_MAX	3u
#define STAT_ENTRIES	4096u	/* larger directories: names alone */

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

/* Put a name with its attributes into the cache, unless it is there. */
static void add_entry(struct dentry *dir, const char *name, size_t len,
		      const struct broker_stat *st)
{
	struct broker_node node = { .rec_len = sizeof(node), .st = *st };
	struct dentry *d;
	struct inode *i;

	d = d_lookup(dir, name, len);
	if (!d) {
		i = host_inode_from(dir->sb, &node);
		d = i ? d_add_found(dir, name, len, i) : NULL;
		if (d && d->inode == i)
			host_attach(i, d);
	}
	if (d)
		dput(d);
}

/* One reply; the cookie to go on from, or -errno. */
static int64_t learn_batch(struct dentry *dir, const char *buf,
			   const struct broker_rep *rep,
			   struct host_names **names)
{
	int64_t cookie = 0;
	uint32_t k, at = 0;

	for (k = 0; k < rep->count; k++) {
		const struct broker_dirent *e = (const void *)(buf + at);
		const char *name = (const char *)(e + 1);
		size_t head = sizeof(*e);

		if (rep->len - at < sizeof(*e) ||
		    e->rec_len > rep->len - at)
			return -EIO;
		if (e->has_stat)
			head += sizeof(struct broker_stat);
		if (e->rec_len <= head + e->name_len)
			return -EIO;
		if (e->has_stat) {
			struct broker_stat st;

			memcpy(&st, name, sizeof(st));
			name += sizeof(st);
			add_entry(dir, name, e->name_len, &st);
		}
		if (*names) {
			*names = names_add(*names,
					   name_hash(name, e->name_len));
			if (!*names)
				return -ENOMEM;
		}
		cookie = (int64_t)e->cookie;
		at += e->rec_len;
	}
	return cookie;
}

/*
 * List the directory @dir: with @stat its files' attributes go to the cache,
 * and the hashes of its names to the node in any case.
 */
static void learn(struct dentry *dir, bool stat)
{
	struct host_node *n = host_node(dir->inode);
	struct host_names *names = names_new(64), *none = NULL;
	char *buf = kmalloc(BROKER_BODY_MAX);
	struct broker_rep rep = { .flags = BROKER_REP_MORE };
	uint64_t cookie = 0, seen = 0;
	int64_t next = -ENOMEM;
	int err = 0;

	while (buf && names && (rep.flags & BROKER_REP_MORE)) {
		struct broker_req req = {
			.op = BROKER_READDIR,
			.arg = { cookie },
			.flags = stat ? BROKER_DIR_STAT : 0,
		};

		rep.flags = 0;
		err = host_request(dir, &req, &rep, buf, BROKER_BODY_MAX, NULL);
		if (err)
			break;
		next = learn_batch(dir, buf, &rep, &names);
		if (next < 0 && next >= -4095)
			break;
		cookie = (uint64_t)next;
		seen += rep.count;
		if (seen > STAT_ENTRIES)
			stat = false;
		err = 0;
		next = 0;
	}
	kfree(buf);
	/* Once is enough; who came second drops its own. */
	if (!names || err || next ||
	    !__atomic_compare_exchange_n(&n->names, &none, names, false,
					 __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		kfree(names);
}

void host_names_asked(struct dentry *dir, bool open)
{
	struct host_node *n = host_node(dir->inode);
	uint32_t asked;

	if (host_shared(dir->inode))
		return;
	asked = __atomic_add_fetch(&n->n_asked, 1, __ATOMIC_RELAXED);
	if (n->was_read && !open && !n->stat_done && asked > STAT_MAX) {
		n->stat_done = true;
		learn(dir, true);
	} else if (asked > ASK_MAX && !n->names && !n->list_failed) {
		n->list_failed = true;	/* or done: it is tried once */
		learn(dir, false);
	}
}

void host_names_from(struct dentry *dir, const char *buf, size_t len,
		     uint32_t count)
{
	struct host_node *n = host_node(dir->inode);
	struct broker_rep rep = { .len = (uint32_t)len, .count = count };
	struct host_names *names, *none = NULL;

	if (host_shared(dir->inode) || n->names || !len)
		return;
	names = names_new(64);
	if (!names)
		return;
	if (learn_batch(dir, buf, &rep, &names) == -ENOMEM || !names ||
	    !__atomic_compare_exchange_n(&n->names, &none, names, false,
					 __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		kfree(names);
}

bool host_names_lack(const struct dentry *dir, uint32_t hash)
{
	const struct host_names *names =
		load_acquire(&host_node(dir->inode)->names);
	uint32_t at;

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
