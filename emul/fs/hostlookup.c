/* SPDX-License-Identifier: Apache-2.0 */
/* hostlookup.c: names of the host's files, asked for as far as a walk goes. */
#include "emul/fs/hostfs.h"

#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/vfs/dcache.h"
#include "emul/vfs/namei.h"

/* The next node of a reply, or NULL when the reply is not as it should be. */
const struct broker_node *host_next_node(const char **p, const char *end)
{
	const struct broker_node *b = (const void *)*p;

	if ((size_t)(end - *p) < sizeof(*b) || b->rec_len < sizeof(*b) ||
	    b->rec_len > (size_t)(end - *p) ||
	    b->target_len > b->rec_len - sizeof(*b))
		return NULL;
	*p += b->rec_len;
	return b;
}

int host_lookup(struct inode *dir, struct dentry *d)
{
	struct broker_req req = { .op = BROKER_WALK };
	struct broker_rep rep;
	struct inode *i;
	char path[BROKER_PATH_MAX], *p;
	const char *at;
	const struct broker_node *b;
	size_t len, size = 8192;
	char *buf;
	int err;

	if (!host_has_lower(d->parent)) {
		d_instantiate(d, NULL);
		return 0;
	}
	if (host_names_lack(d->parent, d->hash)) {
		d_instantiate(d, NULL);
		return 0;
	}
	p = host_path(d, path, &len);
	if (!p || len >= BROKER_PATH_MAX)
		return -ENAMETOOLONG;
	buf = kmalloc(size);
	if (!buf)
		return -ENOMEM;
	req.grant = hostfs_of(dir)->grant;
	req.len1 = (uint16_t)len;
	req.arg[0] = len - d->len;
	err = broker_call(&req, p, &rep, buf, size, NULL);
	/*
	 * The broker's -EACCES is that of something hidden: whether the guest
	 * may search here has been checked.
	 */
	if (err == -ENOENT || err == -EACCES) {
		if (host_shared(dir))
			d_set_flags(d, D_REVALIDATE);
		d_instantiate(d, NULL);
		err = 0;
	} else if (!err) {
		at = buf;
		b = host_next_node(&at, buf + rep.len);
		i = b ? host_inode_from(dir->sb, b) : NULL;
		if (i) {
			host_attach(i, d);
			d_instantiate(d, i);
		} else {
			err = b ? -ENOMEM : -EIO;
		}
	}
	kfree(buf);
	return err;
}

/*
 * What of @rest may be asked in one go: components without dots, joined by
 * single slashes, appended at @out of @room bytes.
 */
static size_t clean_rest(const char *rest, size_t len, char *out, size_t room)
{
	size_t n = 0, at = 0, c;

	while (at < len) {
		for (c = at; c < len && rest[c] != '/'; c++)
			;
		c -= at;
		if (!c) {
			at++;
			continue;
		}
		if (rest[at] == '.' && (c == 1 || (c == 2 &&
						   rest[at + 1] == '.')))
			break;
		if (c > NAME_LEN_MAX || n + c + 1 > room)
			break;
		if (n)
			out[n++] = '/';
		memcpy(out + n, rest + at, c);
		n += c;
		at += c;
	}
	return n;
}

/* Put the nodes of a walk's reply into the cache. */
static void fill(struct dentry *dir, const char *names, size_t len,
		 const struct broker_rep *rep, const char *buf, int err,
		 int *fd)
{
	const char *p = buf, *s = names, *end = names + len;
	struct dentry *d = dget(dir), *next;
	uint32_t left = rep->count;
	struct inode *i;
	size_t n;

	if (err == -EACCES)
		err = -ENOENT;	/* hidden */
	while (s < end && (left || err == -ENOENT)) {
		const char *slash = memchr(s, '/', (size_t)(end - s));
		const struct broker_node *b = NULL;

		n = slash ? (size_t)(slash - s) : (size_t)(end - s);
		i = NULL;
		if (left) {
			b = host_next_node(&p, buf + rep->len);
			i = b ? host_inode_from(dir->sb, b) : NULL;
			if (!i)
				break;
			left--;
			if (s + n == end && *fd >= 0 && S_ISREG(i->mode)) {
				host_node(i)->fd = *fd;
				*fd = -1;
			}
		}
		next = d_add_found(d, s, n, i);
		dput(d);
		d = next;
		if (!d)
			return;
		if (d->inode != i)
			break;	/* known already, or made meanwhile */
		if (!i) {
			if (host_shared(dir->inode))
				d_set_flags(d, D_REVALIDATE);
			break;
		}
		host_attach(i, d);
		s += n + 1;
	}
	dput(d);
}

/*
 * What was found is no directory.  Who goes through a tree lists a directory
 * and looks at those in it, and not at what else there is.
 */
static bool last_is_file(const char *buf, const struct broker_rep *rep)
{
	const struct broker_node *b = NULL, *next;
	const char *p = buf;

	for (uint32_t k = 0; k < rep->count; k++) {
		next = host_next_node(&p, buf + rep->len);
		if (!next)
			break;
		b = next;
	}
	return b && !S_ISDIR(b->st.mode);
}

/* Will it do without a request?  host_lookup() sees to what there is not. */
static bool need_not_ask(struct dentry *dir, const char *rest, size_t len,
			 unsigned int flags)
{
	struct dentry *d;
	uint32_t hash;
	size_t n = name_scan(rest, rest + len, &hash);

	if (host_names_lack(dir, hash))
		return true;
	host_ahead_await(dir, rest, n);
	host_names_asked(dir, flags);
	if (host_names_lack(dir, hash))
		return true;
	/* It may have come with the others just now. */
	d = d_lookup_hash(dir, rest, n, hash);
	dput(d);
	return d != NULL;
}

void host_prefetch(struct dentry *dir, const char *rest, size_t len,
		   unsigned int flags)
{
	struct broker_req req = { .op = BROKER_WALK };
	struct broker_rep rep = { .count = 0 };
	char path[2 * BROKER_PATH_MAX], *p, *buf;
	size_t have, more;
	int err, fd = -1;

	if (!host_has_lower(dir) || need_not_ask(dir, rest, len, flags) ||
	    ((flags & (LOOKUP_OPEN | LOOKUP_DIRECTORY)) == LOOKUP_OPEN &&
	     !memchr(rest, '/', len) && host_open_names(dir, rest, len)))
		return;
	p = host_path(dir, path, &have);
	if (!p)
		return;
	memmove(path, p, have);
	if (have)
		path[have++] = '/';
	more = clean_rest(rest, len, path + have,
			  have < BROKER_PATH_MAX ?
			  BROKER_PATH_MAX - 1 - have : 0);
	if (!more)
		return;
	buf = kmalloc(BROKER_BODY_MAX);
	if (!buf)
		return;
	req.grant = hostfs_of(dir->inode)->grant;
	req.len1 = (uint16_t)(have + more);
	req.arg[0] = have;
	if (flags & LOOKUP_OPEN)
		req.flags = BROKER_WALK_OPEN;
	err = broker_call(&req, path, &rep, buf, BROKER_BODY_MAX, &fd);
	if (!err || rep.count || err == -ENOENT || err == -EACCES)
		fill(dir, path + have, more, &rep, buf, err, &fd);
	if (rep.count && host_names_looks(dir, flags) &&
	    (!host_node(dir->inode)->was_read || last_is_file(buf, &rep)))
		__atomic_fetch_add(&host_node(dir->inode)->n_found, 1,
				   __ATOMIC_RELAXED);
	if (fd >= 0)
		host_close(fd);
	kfree(buf);
}
