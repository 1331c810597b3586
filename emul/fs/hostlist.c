/* SPDX-License-Identifier: Apache-2.0 */
/* hostlist.c: lists of the host's directories, and what comes with them. */
#include "emul/fs/hostfs.h"

#include "emul/host/broker.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/vfs/dcache.h"

struct dir_list *host_list_new(void)
{
	struct dir_list *l = kzalloc(sizeof(*l));

	if (l)
		ref_init(&l->ref);
	return l;
}

void host_list_put(struct dir_list *l)
{
	if (!l || !ref_put(&l->ref))
		return;
	kfree(l->mem);
	kfree(l);
}

void host_list_keep(struct inode *i, struct dir_list *l)
{
	struct host_node *n = host_node(i);

	if (host_shared(i) || l->used > LIST_KEEP_MAX)
		return;
	mutex_lock(&i->lock);
	if (!n->list) {
		ref_get(&l->ref);
		store_release(&n->list, l);
	}
	mutex_unlock(&i->lock);
}

struct dentry *host_add_name(struct dentry *dir, const char *name, size_t len,
			     const struct broker_node *n, bool no_xattrs)
{
	struct dentry *d = d_lookup(dir, name, len);
	struct inode *i;

	if (d)
		return d;
	i = host_inode_from(dir->sb, n);
	if (i)
		host_node(i)->xattrs_known = no_xattrs;
	d = i ? d_add_found(dir, name, len, i) : NULL;
	if (d && d->inode == i)
		host_attach(i, d);
	return d;
}

/* Put a name with its attributes into the cache.  A reference, or NULL. */
static struct dentry *add_entry(struct dentry *dir, const char *name,
				size_t len, const struct broker_dirent *e,
				const char *target)
{
	size_t target_len = target ? e->target_len : 0;
	struct dentry *d = d_lookup(dir, name, len);
	struct broker_node *n;

	if (d)
		return d;
	n = kmalloc(sizeof(*n) + target_len);
	if (!n)
		return NULL;
	n->rec_len = (uint32_t)(sizeof(*n) + target_len);
	n->target_len = (uint32_t)target_len;
	memcpy(&n->st, e + 1, sizeof(n->st));
	memcpy(n + 1, target, target_len);
	d = host_add_name(dir, name, len, n, e->has_stat == 2);
	kfree(n);
	return d;
}

/* The entry at @r, whose name goes to *@name; NULL: it is not as it should. */
static const struct broker_dirent *row(const struct host_rows *r,
				       const char **name)
{
	const struct broker_dirent *e = (const void *)r->at;
	size_t room = (size_t)(r->end - r->at), head = sizeof(*e);

	if (room < head || e->rec_len > room || (e->rec_len & 7))
		return NULL;
	if (e->has_stat)
		head += sizeof(struct broker_stat);
	if (e->rec_len <= head + e->name_len + e->target_len)
		return NULL;
	*name = r->at + head;
	return e;
}

static void row_done(struct host_rows *r, const struct broker_dirent *e)
{
	r->cookie = e->cookie;
	r->at += e->rec_len;
	r->left--;
}

static int list_append(struct dir_list *l, const struct broker_dirent *e,
		       const char *name)
{
	size_t len = (sizeof(*e) + e->name_len + 1 + 7) & ~7UL;
	struct broker_dirent *to;
	char *mem;

	if (l->used + len > l->size) {
		size_t size = l->size ? l->size * 2 : 512;

		mem = krealloc(l->mem, size);
		if (!mem)
			return -ENOMEM;
		l->mem = mem;
		l->size = size;
	}
	to = (void *)(l->mem + l->used);
	memset(l->mem + l->used + len - 8, 0, 8);
	*to = *e;
	to->rec_len = (uint16_t)len;
	to->has_stat = 0;
	to->target_len = 0;
	memcpy(to + 1, name, e->name_len);
	((char *)(to + 1))[e->name_len] = '\0';
	l->used += len;
	l->count++;
	return 0;
}

int host_rows_take(struct host_rows *r, struct dentry *dir,
		   struct dir_list *l)
{
	while (r->left) {
		const char *name;
		const struct broker_dirent *e = row(r, &name);
		int err = 0;

		if (!e)
			return -EIO;
		if (e->type == BROKER_DIR_HEAD)
			break;
		if (dir && e->has_stat)
			dput(add_entry(dir, name, e->name_len,
				       e, name + e->name_len + 1));
		if (l)
			err = list_append(l, e, name);
		if (err)
			return err;
		row_done(r, e);
	}
	return 0;
}

size_t host_list_behind(const struct dir_list *l, const char *name, size_t len)
{
	size_t at = 0;

	while (at < l->used) {
		const struct broker_dirent *e = (const void *)(l->mem + at);

		at += e->rec_len;
		if (e->name_len == len && !memcmp(e + 1, name, len))
			break;
	}
	return at;
}

int host_list_more(struct dentry *dir, struct dir_list *l)
{
	struct broker_req req = { .op = BROKER_READDIR, .arg = { l->cookie } };
	char *buf = kmalloc(BROKER_BODY_MAX);
	struct broker_rep rep;
	struct host_rows r;
	int err;

	if (!buf)
		return -ENOMEM;
	err = host_request(dir, &req, &rep, buf, BROKER_BODY_MAX, NULL);
	if (!err) {
		r = host_rows(buf, &rep);
		err = host_rows_take(&r, dir, l);
	}
	kfree(buf);
	if (err)
		return err;
	if (rep.count)
		l->cookie = r.cookie;
	l->done = !rep.count || !(rep.flags & BROKER_REP_MORE);
	if (l->done)
		host_list_keep(dir->inode, l);
	/* One that is not kept is not asked, when a name is looked for. */
	if (l->done && l->used > LIST_KEEP_MAX)
		host_names_from(dir, l);
	return 0;
}

/*
 * The directory @path below @top that @e is the head of, in the cache; made
 * there if need be.  A reference, or NULL: the guest has something else there.
 */
static struct dentry *find_dir(struct dentry *top, const char *path,
			       const struct broker_dirent *e)
{
	struct dentry *d = dget(top), *next;
	const char *end = path + e->name_len;
	struct broker_stat s;
	struct inode *i;

	while (d && path < end) {
		const char *slash = memchr(path, '/', (size_t)(end - path));
		size_t n = slash ? (size_t)(slash - path) :
			(size_t)(end - path);

		if (!host_has_lower(d))
			next = NULL;
		else if (slash)
			next = d_lookup(d, path, n);
		else
			next = add_entry(d, path, n, e, NULL);
		dput(d);
		d = next;
		path += n + 1;
	}
	if (!d)
		return NULL;
	memcpy(&s, e + 1, sizeof(s));
	i = load_acquire(&d->inode);
	if (i && host_has_lower(d) && !host_node(i)->path &&
	    i->ino == s.ino && i->dev == broker_dev(s.dev))
		return d;
	dput(d);
	return NULL;
}

struct dentry *host_lists_take(struct dentry *top, const char *buf,
			       const struct broker_rep *rep, bool stat,
			       bool first_wanted)
{
	struct host_rows r = host_rows(buf, rep);
	uint32_t n = 0, wanted = first_wanted;
	struct dentry *last = NULL;
	int err = 0;

	while (r.left && !err) {
		const char *path;
		const struct broker_dirent *e = row(&r, &path);
		struct dir_list *l;
		struct dentry *d;

		if (!e || e->type != BROKER_DIR_HEAD || !e->has_stat)
			break;
		d = find_dir(top, path, e);
		row_done(&r, e);
		l = d ? host_list_new() : NULL;
		err = host_rows_take(&r, d, l);
		if (l && !err) {
			l->done = true;
			l->ahead = ++n > wanted;
			host_list_keep(d->inode, l);
			if (stat)
				store_once(&host_node(d->inode)->stat_done,
					   true);
		}
		host_list_put(l);
		dput(last);
		last = d;
	}
	if (n)
		__atomic_fetch_add(&hostfs_of(top->inode)->ahead_got,
				   n - wanted, __ATOMIC_RELAXED);
	return last;
}

static struct dir_list *kept(struct inode *i)
{
	struct host_node *n = host_node(i);
	struct dir_list *l;

	mutex_lock(&i->lock);
	l = n->list;
	if (l)
		ref_get(&l->ref);
	mutex_unlock(&i->lock);
	if (l && l->ahead) {
		l->ahead = false;
		__atomic_fetch_add(&hostfs_of(i)->ahead_used, 1,
				   __ATOMIC_RELAXED);
	}
	return l;
}

struct dir_list *host_list_get(struct dentry *dir)
{
	struct dir_list *l = kept(dir->inode);

	if (!l && host_ahead_fetch())
		l = kept(dir->inode);
	if (!l) {
		host_list_ahead(dir, host_names_stat(hostfs_of(dir->inode)));
		l = kept(dir->inode);
	}
	return l ? l : host_list_new();
}
