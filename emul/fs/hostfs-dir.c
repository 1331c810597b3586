/* SPDX-License-Identifier: Apache-2.0 */
/* hostfs-dir.c: names on the host: lookups, whole walks, listings. */
#include "emul/fs/hostfs.h"

#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/vfs/dcache.h"
#include "emul/vfs/namei.h"

/* A node of a reply, checked as far as our own memory is concerned. */
static const struct broker_node *node_at(const char *body, size_t len,
					 size_t at)
{
	const struct broker_node *n = (const void *)(body + at);

	if (len - at < sizeof(*n) || n->rec_len < sizeof(*n) ||
	    n->rec_len > len - at ||
	    n->target_len > n->rec_len - sizeof(*n))
		return NULL;
	return n;
}

static struct inode *node_inode(struct superblock *sb,
				const struct broker_node *n)
{
	return hostfs_inode(sb, &n->st, (const char *)(n + 1), n->target_len);
}

int hostfs_lookup(struct inode *dir, struct dentry *d)
{
	struct broker_req req = { .op = BROKER_STAT };
	struct broker_rep rep;
	char path[DIR_NAME_BYTES], *p;
	const struct broker_node *n;
	struct inode *i = NULL;
	char *body;
	int err;

	err = hostfs_path(d, path, &p);
	if (err < 0)
		return err;
	body = reply_get();
	if (!body)
		return -ENOMEM;
	req.grant = (uint16_t)host_sb(dir)->grant;
	req.len1 = (uint16_t)err;
	err = broker_call(&req, p, &rep, body, BROKER_BODY_MAX, NULL);
	if (err == -ENOENT) {
		err = 0;
	} else if (!err) {
		n = node_at(body, rep.len, 0);
		i = n ? node_inode(dir->sb, n) : NULL;
		if (!i)
			err = -ENOMEM;
	}
	reply_put(body);
	if (err)
		return err;
	d_instantiate(d, i);
	if (host_sb(dir)->writable)
		hostfs_found(d, p, req.len1);
	return 0;
}

/*
 * The components of @rest behind the path that @buf holds at *@len bytes, as
 * the broker wants them.  Ends before "." and "..", which are the path walk's.
 */
static size_t add_components(char *buf, size_t len, const char *rest,
			     size_t n)
{
	const char *end = rest + n, *e;

	for (;;) {
		while (rest < end && *rest == '/')
			rest++;
		for (e = rest; e < end && *e != '/'; e++)
			;
		n = (size_t)(e - rest);
		if (!n || n > NAME_LEN_MAX || (n == 1 && *rest == '.') ||
		    (n == 2 && rest[0] == '.' && rest[1] == '.') ||
		    len + n + 1 > BROKER_PATH_MAX)
			return len;
		if (len)
			buf[len++] = '/';
		memcpy(buf + len, rest, n);
		len += n;
		rest = e;
	}
}

/*
 * Put the nodes of a walk into the cache, from @dir on; @path is what was
 * walked from there, the last part of @whole.
 */
static void add_nodes(struct dentry *dir, const char *whole, const char *path,
		      size_t len, const char *body,
		      const struct broker_rep *rep, int err, int fd)
{
	bool rw = host_sb(dir->inode)->writable;
	const char *end = path + len, *e;
	struct dentry *d = dget(dir), *next;
	const struct broker_node *n;
	struct inode *i = NULL;
	uint32_t k;
	size_t at = 0;

	for (k = 0; k < rep->count && path < end; k++) {
		n = node_at(body, rep->len, at);
		i = n ? node_inode(dir->sb, n) : NULL;
		if (!i)
			goto out;
		at += n->rec_len;
		for (e = path; e < end && *e != '/'; e++)
			;
		if (fd >= 0 && e == end) {
			hostfs_keep_fd(i, fd);
			fd = -1;
		}
		next = d_add_found(d, path, (size_t)(e - path), i);
		if (!next)
			goto out;
		dput(d);
		d = next;
		if (rw)
			hostfs_found(d, whole, (size_t)(e - whole));
		path = e < end ? e + 1 : e;
	}
	if (err == -ENOENT && path < end) {
		for (e = path; e < end && *e != '/'; e++)
			;
		next = d_add_found(d, path, (size_t)(e - path), NULL);
		if (next && rw)
			hostfs_found(next, NULL, 0);
		if (next)
			dput(next);
	}
out:
	if (fd >= 0)
		host_close(fd);
	dput(d);
}

void hostfs_prefetch(struct dentry *dir, const char *rest, size_t len,
		     unsigned int flags)
{
	struct broker_req req = { .op = BROKER_WALK };
	struct broker_rep rep;
	char path[DIR_NAME_BYTES], *p;
	size_t base, all;
	int err, fd = -1;
	char *body;

	err = hostfs_path(dir, path, &p);
	if (err < 0)
		return;
	base = (size_t)err;
	memmove(path, p, base);
	all = add_components(path, base, rest, len);
	if (all == base)
		return;
	body = reply_get();
	if (!body)
		return;
	req.grant = (uint16_t)host_sb(dir->inode)->grant;
	req.len1 = (uint16_t)all;
	if (base)
		base++;		/* the slash */
	req.arg[0] = base;
	if ((flags & LOOKUP_OPEN) && !host_sb(dir->inode)->writable)
		req.flags = BROKER_WALK_OPEN;
	err = broker_call(&req, path, &rep, body, BROKER_BODY_MAX, &fd);
	add_nodes(dir, path, path + base, all - base, body, &rep, err, fd);
	reply_put(body);
}

static void dir_put(struct host_dir *hd)
{
	if (hd && ref_put(&hd->ref)) {
		kfree(hd->mem);
		kfree(hd);
	}
}

static int dir_add(struct host_dir *hd, const char *name, size_t len,
		   uint64_t ino, unsigned int type)
{
	size_t rec = ALIGN_UP(sizeof(struct host_entry) + len + 1, 8UL);
	struct host_entry *e;
	char *mem;

	if (len > NAME_LEN_MAX)
		return -EIO;
	if (hd->used + rec > hd->size) {
		mem = krealloc(hd->mem, hd->size * 2 + 4096);
		if (!mem)
			return -ENOMEM;
		hd->mem = mem;
		hd->size = hd->size * 2 + 4096;
	}
	e = (struct host_entry *)(hd->mem + hd->used);
	e->ino = ino;
	e->rec_len = (uint16_t)rec;
	e->name_len = (uint8_t)len;
	e->type = (uint8_t)type;
	memcpy(e->name, name, len);
	e->name[len] = '\0';
	hd->used += rec;
	return 0;
}

/* One batch of entries; the cookie to go on from, 0 at the end, -errno. */
static int64_t add_batch(struct host_dir *hd, const char *body, size_t len,
			 uint32_t count)
{
	const struct broker_dirent *e;
	int64_t cookie = 0;
	size_t at = 0;
	int err;

	for (; count; count--) {
		e = (const void *)(body + at);
		if (len - at < sizeof(*e) || e->rec_len > len - at ||
		    e->rec_len < sizeof(*e) + e->name_len + 1UL)
			return -EIO;
		err = dir_add(hd, (const char *)(e + 1), e->name_len, e->ino,
			      e->type);
		if (err)
			return err;
		cookie = (int64_t)e->cookie;
		at += e->rec_len;
	}
	return cookie;
}

/* What the policy mounted here, where the broker does not show the name. */
static int add_mounted(struct host_dir *hd, struct dentry *dir)
{
	struct dentry *d = NULL, *next;
	const struct host_entry *e;
	uint64_t from = 0;
	size_t at;
	int err = 0;

	while (!err && (next = d_next_child(dir, d, from))) {
		if (d)
			dput(d);
		d = next;
		from = d->cookie + 1;
		if (!(d->flags & D_PINNED) || !d->inode)
			continue;
		for (at = 0; at < hd->used; at += e->rec_len) {
			e = (const void *)(hd->mem + at);
			if (e->name_len == d->len &&
			    !memcmp(e->name, d->name, d->len))
				break;
		}
		if (at == hd->used)
			err = dir_add(hd, d->name, d->len, d->inode->ino,
				      (d->inode->mode & S_IFMT) >> 12);
	}
	if (d)
		dput(d);
	return err;
}

static struct host_dir *dir_read(struct dentry *dir)
{
	struct host_dir *hd = kzalloc(sizeof(*hd));
	char path[DIR_NAME_BYTES], *p;
	int64_t cookie = 0, err;
	struct broker_rep rep;
	char *body;
	int len;

	if (!hd)
		return err_ptr(-ENOMEM);
	ref_init(&hd->ref);
	body = reply_get();
	len = hostfs_path(dir, path, &p);
	err = len < 0 ? len : body ? 0 : -ENOMEM;
	while (!err) {
		struct broker_req req = {
			.op = BROKER_READDIR,
			.grant = (uint16_t)host_sb(dir->inode)->grant,
			.len1 = (uint16_t)len,
			.arg[0] = (uint64_t)cookie,
		};

		err = broker_call(&req, p, &rep, body, BROKER_BODY_MAX, NULL);
		if (err || !rep.count)
			break;
		cookie = add_batch(hd, body, rep.len, rep.count);
		if (cookie < 0 && cookie >= -4095)
			err = cookie;
	}
	if (body)
		reply_put(body);
	if (!err)
		err = add_mounted(hd, dir);
	if (err) {
		dir_put(hd);
		return err_ptr(err);
	}
	return hd;
}

/* The listing that @f reads from: kept for good where nobody changes it. */
static struct host_dir *dir_of(struct file *f)
{
	struct host_inode *h = f->inode->priv;
	struct host_dir *hd = f->priv;

	if (hd)
		return hd;
	if (host_sb(f->inode)->writable) {
		hd = dir_read(f->path.dentry);
	} else {
		mutex_lock(&h->lock);
		hd = h->dir;
		if (!hd) {
			hd = dir_read(f->path.dentry);
			if (!is_err(hd))
				h->dir = hd;
		}
		if (!is_err(hd))
			ref_get(&hd->ref);
		mutex_unlock(&h->lock);
	}
	if (!is_err(hd))
		f->priv = hd;
	return hd;
}

/* Positions: 0 and 1 the dots, then 2 + the offset of the entry. */
static int hostfs_readdir(struct file *f, struct dir_ctx *ctx)
{
	const struct host_entry *e;
	struct host_dir *hd;
	size_t at;

	if (ctx->pos == 0 && f->priv) {		/* rewound: read it anew */
		dir_put(f->priv);
		f->priv = NULL;
	}
	hd = dir_of(f);
	if (is_err(hd))
		return (int)ptr_err(hd);
	if (!dir_emit_dots(f, ctx))
		return 0;
	for (at = (size_t)ctx->pos - 2; at < hd->used; at += e->rec_len) {
		e = (const void *)(hd->mem + at);
		if (at & 7 || e->rec_len > hd->used - at || !e->rec_len)
			return -EINVAL;		/* a position of nobody's */
		if (!ctx->emit(ctx, e->name, e->name_len, e->ino, e->type,
			       (off_t)(at + e->rec_len + 2)))
			return 0;
		ctx->pos = (off_t)(at + e->rec_len + 2);
	}
	return 0;
}

static off_t hostfs_dir_lseek(struct file *f, off_t off, int whence)
{
	if (whence > 1)
		return -EINVAL;
	return lseek_sized(f, off, whence, 0);
}

static void hostfs_dir_release(struct file *f)
{
	dir_put(f->priv);
}

static int hostfs_dir_fsync(struct file *f, bool data_only)
{
	struct broker_req req = { .op = BROKER_SYNC, .arg[0] = data_only };
	char path[DIR_NAME_BYTES], *p;
	struct broker_rep rep;
	int len = hostfs_path(f->path.dentry, path, &p);

	if (len < 0)
		return len;
	if (!host_sb(f->inode)->writable)
		return 0;	/* nothing of ours is behind it */
	req.grant = (uint16_t)host_sb(f->inode)->grant;
	req.len1 = (uint16_t)len;
	return broker_call(&req, p, &rep, NULL, 0, NULL);
}

const struct file_ops hostfs_dir_fops = {
	.readdir = hostfs_readdir,
	.lseek = hostfs_dir_lseek,
	.fsync = hostfs_dir_fsync,
	.release = hostfs_dir_release,
};
