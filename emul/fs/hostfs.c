/* SPDX-License-Identifier: Apache-2.0 */
/* hostfs.c: attributes and lists of the host's files. */
#include "emul/fs/hostfs.h"

#include <linux/magic.h>

#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/vfs/dcache.h"

#define FRESH_NS	1000000		/* shared: believe attributes that long */
#define CLOCK_MONO	1

/* The numbers of nodes that the host does not have. */
#define OWN_INO		(1ULL << 48)

/* Who the caller is outside and in here. */
static __arena struct {
	uint32_t host_uid, uid, host_gid, gid;
} ids;

void hostfs_ids(uint32_t host_uid, uint32_t uid, uint32_t host_gid,
		uint32_t gid)
{
	ids.host_uid = host_uid;
	ids.uid = uid;
	ids.host_gid = host_gid;
	ids.gid = gid;
}

uint32_t host_uid_in(uint32_t uid)
{
	return uid == ids.host_uid ? ids.uid : uid;
}

uint32_t host_gid_in(uint32_t gid)
{
	return gid == ids.host_gid ? ids.gid : gid;
}

uint32_t host_uid_out(uint32_t uid)
{
	return uid == ids.uid ? ids.host_uid : uid;
}

uint32_t host_gid_out(uint32_t gid)
{
	return gid == ids.gid ? ids.host_gid : gid;
}

char *host_path(struct dentry *d, char *buf, size_t *len)
{
	char *end = buf + BROKER_PATH_MAX, *p = end;

	mutex_lock(&dcache.lock);
	while (!(d->flags & D_ROOT)) {
		const struct host_node *n = d->inode ? host_node(d->inode) :
			NULL;
		const char *s = d->name;
		size_t l = d->len;

		if (n && n->path) {
			s = n->path;
			l = n->path_len;
		}
		if ((size_t)(p - buf) < l + 1) {
			p = NULL;
			break;
		}
		if (p != end)
			*--p = '/';
		p -= l;
		memcpy(p, s, l);
		if (n && n->path)
			break;
		d = d->parent;
	}
	mutex_unlock(&dcache.lock);
	if (p)
		*len = (size_t)(end - p);
	return p;
}

int host_request(struct dentry *d, struct broker_req *req,
		 struct broker_rep *rep, void *buf, size_t cap, int *fd)
{
	char path[BROKER_PATH_MAX], *p;
	size_t len;

	p = host_path(d, path, &len);
	if (!p || len >= BROKER_PATH_MAX)
		return -ENAMETOOLONG;
	req->grant = hostfs_of(d->sb->root->inode)->grant;
	req->len1 = (uint16_t)len;
	return broker_call(req, p, rep, buf, cap, fd);
}

int host_request_inode(struct inode *i, struct broker_req *req,
		       struct broker_rep *rep, void *buf, size_t cap, int *fd)
{
	struct host_node *n = host_node(i);

	if (!n->path)
		return host_request(n->dentry, req, rep, buf, cap, fd);
	req->grant = hostfs_of(i)->grant;
	req->len1 = (uint16_t)n->path_len;
	return broker_call(req, n->path, rep, buf, cap, fd);
}

int host_request_name(struct inode *i, struct broker_req *req,
		      const char *name, struct broker_rep *rep, void *buf,
		      size_t cap)
{
	struct host_node *n = host_node(i);
	char path[BROKER_PATH_MAX], *p = n->path;
	size_t len = n->path_len;

	if (!p) {
		p = host_path(n->dentry, path, &len);
		if (!p || len >= BROKER_PATH_MAX)
			return -ENAMETOOLONG;
	}
	req->grant = hostfs_of(i)->grant;
	req->len1 = (uint16_t)len;
	req->len2 = name ? (uint16_t)strlen(name) : 0;
	return broker_call2(req, p, name, -1, rep, buf, cap, NULL);
}

static struct ktime host_time(struct broker_time t)
{
	return (struct ktime){ t.sec, t.nsec };
}

void host_inode_set(struct inode *i, const struct broker_stat *st)
{
	struct host_node *n = host_node(i);

	i->dev = broker_dev(st->dev);
	n->blksize = st->blksize;
	i->ino = st->ino;
	i->mode = st->mode;
	i->uid = host_uid_in(st->uid);
	i->gid = host_gid_in(st->gid);
	i->nlink = st->nlink;
	i->size = st->size;
	i->blocks = st->blocks;
	i->rdev = broker_dev(st->rdev);
	i->atime = host_time(st->atime);
	i->mtime = host_time(st->mtime);
	i->ctime = n->seen = host_time(st->ctime);
	i->btime = st->has_btime ? host_time(st->btime) : (struct ktime){ 0 };
	if (host_shared(i)) {
		n->fresh_gen = load_acquire(&hostfs_of(i)->gen);
		n->fresh_ns = host_clock_ns(CLOCK_MONO);
	}
}

void host_inode_news(struct inode *i, const struct broker_stat *st,
		     uint32_t changes)
{
	host_inode_set(i, st);
	host_node(i)->fresh_changes = changes;
}

/*
 * Is no other inode of ours the same file?  One that lost this name has perhaps
 * another by now, and one of several names has an inode for each.
 */
static bool is_alone(const struct inode *i)
{
	const struct dentry *d = host_node(i)->dentry;

	if (!i->nlink)
		return true;
	return (i->nlink == 1 || S_ISDIR(i->mode)) && d &&
	       ((d->flags & D_ROOT) ||
		(!(d->flags & D_DELETED) && !d_unhashed(d)));
}

void host_touched(const struct inode *i)
{
	if (!is_alone(i))
		host_stale(i);
	__atomic_fetch_add(&host_node(i)->changes, 1, __ATOMIC_RELEASE);
}

/* Are the attributes as they were just now? */
static bool is_fresh(const struct inode *i)
{
	const struct host_node *n = host_node(i);

	return n->fresh_gen == load_acquire(&hostfs_of(i)->gen) &&
	       n->fresh_changes == load_acquire(&n->changes) &&
	       (i->nlink > 1 || is_alone(i)) &&
	       host_clock_ns(CLOCK_MONO) - n->fresh_ns < FRESH_NS;
}

/* Was the name this file's just now? */
static bool is_named(const struct inode *i)
{
	const struct host_node *n = host_node(i);

	return n->named_gen == load_acquire(&hostfs_of(i)->gen) &&
	       host_clock_ns(CLOCK_MONO) - n->named_ns < FRESH_NS;
}

/* The attributes came by the name. */
static void set_named(struct inode *i)
{
	struct host_node *n = host_node(i);

	n->named_gen = n->fresh_gen;
	n->named_ns = n->fresh_ns;
}

static const struct inode_ops ro_dir_iops;

static void set_ops(struct inode *i)
{
	enum host_kind kind = hostfs_of(i)->kind;

	switch (i->mode & S_IFMT) {
	case S_IFDIR:
		i->ops = kind == HOST_RO ? &ro_dir_iops :
			 kind == HOST_RW ? &host_rw_dir_iops :
			 &overlay_dir_iops;
		i->fops = &host_dir_fops;
		break;
	case S_IFLNK:
		i->ops = &host_link_iops;
		break;
	default:
		i->ops = &host_file_iops;
		i->fops = S_ISREG(i->mode) ? &host_file_fops : NULL;
	}
}

struct inode *host_inode_new(struct superblock *sb, mode_t mode)
{
	struct inode *i = inode_new(sb);
	struct host_node *n;

	if (!i)
		return NULL;
	n = kzalloc(sizeof(*n));
	if (!n) {
		inode_put(i);
		return NULL;
	}
	n->fd = n->old_fd = -1;
	list_init(&n->lru);
	n->blksize = PAGE_SIZE;
	memdata_init(&n->data, &((struct hostfs *)sb->priv)->quota);
	i->ino += OWN_INO;
	i->priv = n;
	i->mode = mode;
	if (S_ISDIR(mode))
		i->nlink = 2;
	set_ops(i);
	return i;
}

struct inode *host_inode_from(struct superblock *sb,
			      const struct broker_node *b)
{
	struct inode *i = host_inode_new(sb, b->st.mode);

	if (!i)
		return NULL;
	host_inode_set(i, &b->st);
	set_named(i);
	host_node(i)->lower = true;
	if (S_ISLNK(i->mode) && b->target_len) {
		i->link = kstrndup((const char *)(b + 1), b->target_len);
		i->link_len = b->target_len;
		if (!i->link) {
			inode_put(i);
			return NULL;
		}
	}
	return i;
}

/* Of a link that came with a listing: ask once. */
static ssize_t host_readlink(struct inode *i, char *buf, size_t size)
{
	struct broker_req req = { .op = BROKER_READLINK };
	struct broker_rep rep;
	char *text;
	int err = host_request_inode(i, &req, &rep, buf, size, NULL);

	if (err)
		return err;
	text = kstrndup(buf, rep.len);
	mutex_lock(&i->lock);
	if (text && !i->link) {
		i->link_len = rep.len;
		store_release(&i->link, text);
		text = NULL;
	}
	mutex_unlock(&i->lock);
	kfree(text);
	return rep.len;
}

const struct inode_ops host_link_iops = {
	.readlink = host_readlink,
	.getattr = host_getattr,
	.setattr = host_setattr,
	.load_xattrs = host_load_xattrs,
	.setxattr = host_setxattr,
	.evict = host_evict,
};

void host_attach(struct inode *i, struct dentry *d)
{
	host_node(i)->dentry = d;
	if (host_shared(i))
		d_set_flags(d, D_REVALIDATE);
}

void host_evict(struct inode *i)
{
	struct host_node *n = host_node(i);

	if (!n)
		return;
	host_fd_drop(i);
	host_list_put(n->list);
	memdata_free(&n->data);
	kfree((void *)(uintptr_t)i->link);
	i->link = NULL;
	kfree(n->path);
	host_names_free(n);
	kfree(n);
}

/* Ask the host for the attributes once more. */
static int refresh(struct inode *i, struct dentry *d)
{
	struct broker_req req = { .op = BROKER_STAT };
	struct {
		struct broker_node n;
		char target[BROKER_PATH_MAX];
	} *r = kmalloc(sizeof(*r));
	uint32_t changes = i ? load_acquire(&host_node(i)->changes) : 0;
	uint32_t gen = i ? load_acquire(&hostfs_of(i)->gen) : 0;
	struct broker_rep rep;
	int err;

	if (!r)
		return -ENOMEM;
	err = host_request(d, &req, &rep, r, sizeof(*r), NULL);
	if (!err && rep.len < sizeof(r->n))
		err = -EIO;
	if (!err && i) {
		if (r->n.st.ino != i->ino ||
		    ((r->n.st.mode ^ i->mode) & S_IFMT) ||
		    (S_ISLNK(i->mode) &&
		     (r->n.target_len != i->link_len ||
		      memcmp(r->target, i->link, i->link_len))))
			err = -ESTALE;
		else
			host_inode_news(i, &r->n.st, changes);
		/* Who changes something meanwhile does not wait for this. */
		host_node(i)->fresh_gen = gen;
		if (!err)
			set_named(i);
	}
	kfree(r);
	return err;
}

int host_refresh_open(struct inode *i)
{
	struct broker_req req = { .op = BROKER_FD_STAT };
	uint32_t changes = load_acquire(&host_node(i)->changes);
	struct broker_node b;
	struct broker_rep rep;
	int err = host_request_fd(i, &req, false, NULL, &rep, &b, sizeof(b));

	if (!err && rep.len < sizeof(b))
		err = -EIO;
	if (!err)
		host_inode_news(i, &b.st, changes);
	return err;
}

static bool host_revalidate(struct dentry *d)
{
	struct inode *i = d->inode;

	if (d->flags & D_PINNED)	/* ours: for a mount */
		return true;
	if (!i)
		return refresh(NULL, d) == -ENOENT;	/* still not there */
	if (is_named(i))
		return true;
	return !refresh(i, d);
}

int host_getattr(struct inode *i, struct kstat *st)
{
	struct host_node *n = host_node(i);

	if (host_shared(i) && n->lower && n->dentry &&
	    !is_fresh(i) &&
	    (!S_ISREG(i->mode) ||
	     !(load_once(&n->n_open) || (n->dentry->flags & D_DELETED)) ||
	     host_refresh_open(i)) &&
	    !(n->dentry->flags & D_DELETED))
		(void)refresh(i, n->dentry);
	inode_fill_stat(i, st);
	st->blksize = n->blksize;
	return 0;
}

#define OWN_POS		(1LL << 62)	/* names that are ours, by cookie */

/* May there be names in @dir that are not the host's? */
static bool has_own(const struct dentry *dir)
{
	return load_acquire(&dir->flags) & D_PINS;
}

/* Names of the host, at 2 + offset.  Returns 1 at the end, 0 when full. */
static int read_lower(struct file *f, struct dir_ctx *ctx)
{
	struct dir_list *l = f->priv;
	size_t at = (size_t)ctx->pos - 2;
	int err;

	if (l && !at) {		/* rewound: what is there now */
		host_list_put(l);
		f->priv = l = NULL;
	}
	if (!l) {
		l = host_list_get(f->path.dentry);
		if (!l)
			return -ENOMEM;
		f->priv = l;
	}
	for (;;) {
		const struct broker_dirent *e;
		struct dentry *d;
		const char *name;
		bool room;

		while (at >= l->used) {
			if (l->done)
				return 1;
			err = host_list_more(f->path.dentry, l);
			if (err)
				return err;
		}
		e = (const void *)(l->mem + at);
		if ((at & 7) || !e->rec_len || e->rec_len > l->used - at)
			return -EINVAL;		/* a position of nobody's */
		name = (const char *)(e + 1);
		at += e->rec_len;
		/* Pinned names are ours: shown later, or hidden. */
		d = has_own(f->path.dentry) ?
			d_lookup(f->path.dentry, name, e->name_len) : NULL;
		room = true;
		if (!d || !(d->flags & D_PINNED))
			room = ctx->emit(ctx, name, e->name_len, e->ino,
					 e->type, (off_t)at + 2);
		if (d)
			dput(d);
		if (!room)
			return 0;
		ctx->pos = (off_t)at + 2;
	}
}

static int read_own(struct file *f, struct dir_ctx *ctx)
{
	struct dentry *dir = f->path.dentry, *d, *last = f->cursor;

	f->cursor = NULL;
	for (;;) {
		struct inode *i;

		d = d_next_child(dir, last, (uint64_t)(ctx->pos - OWN_POS));
		if (last)
			dput(last);
		last = d;
		if (!d)
			break;
		i = load_acquire(&d->inode);
		if (i && (d->flags & D_PINNED) &&
		    !ctx->emit(ctx, d->name, d->len, i->ino,
			       (i->mode & S_IFMT) >> 12,
			       OWN_POS + (off_t)d->cookie + 1))
			break;
		ctx->pos = OWN_POS + (off_t)d->cookie + 1;
	}
	f->cursor = last;
	return 0;
}

static int host_readdir(struct file *f, struct dir_ctx *ctx)
{
	int r;

	if (!dir_emit_dots(f, ctx))
		return 0;
	if (ctx->pos < OWN_POS) {
		if (host_has_lower(f->path.dentry)) {
			host_node(f->inode)->was_read = true;
			r = read_lower(f, ctx);
			if (r <= 0)
				return r;
		}
		ctx->pos = OWN_POS;
	}
	return has_own(f->path.dentry) ? read_own(f, ctx) : 0;
}

static void host_dir_release(struct file *f)
{
	host_list_put(f->priv);
}

static int host_dir_fsync(struct file *f, bool data_only)
{
	struct broker_req req = { .op = BROKER_SYNC, .arg = { data_only } };
	struct broker_rep rep;

	/* What is removed has nothing to keep, nor a name to ask by. */
	if (hostfs_of(f->inode)->kind != HOST_RW ||
	    (f->path.dentry->flags & D_DELETED))
		return 0;
	return host_request(f->path.dentry, &req, &rep, NULL, 0, NULL);
}

const struct file_ops host_dir_fops = {
	.readdir = host_readdir,
	.lseek = lseek_endless,
	.release = host_dir_release,
	.fsync = host_dir_fsync,
};

static const struct inode_ops ro_dir_iops = {
	.lookup = host_lookup,
	.prefetch = host_prefetch,
	.getattr = host_getattr,
	.setattr = host_setattr,
	.load_xattrs = host_load_xattrs,
	.setxattr = host_setxattr,
	.evict = host_evict,
};

static int host_statfs(struct superblock *sb, struct kstatfs *st)
{
	struct broker_req req = { .op = BROKER_STATFS };
	struct broker_statfs s;
	struct broker_rep rep;
	int err = host_request(sb->root, &req, &rep, &s, sizeof(s), NULL);

	if (err)
		return err;
	st->type = s.type;
	st->bsize = s.bsize;
	st->blocks = s.blocks;
	st->bfree = s.bfree;
	st->bavail = s.bavail;
	st->files = s.files;
	st->ffree = s.ffree;
	st->namelen = s.namelen;
	return 0;
}

static int host_sync(struct superblock *sb)
{
	struct broker_req req = { .op = BROKER_SYNC, .arg = { 2 } };
	struct broker_rep rep;

	if (hostfs_of(sb->root->inode)->kind != HOST_RW)
		return 0;
	return host_request(sb->root, &req, &rep, NULL, 0, NULL);
}

void host_changed(struct dentry *dir, const char *name, size_t len)
{
	struct host_node *n = host_node(dir->inode);
	struct dentry *d;

	host_stale(dir->inode);
	if (hostfs_of(dir->inode)->kind != HOST_RO || !name)
		return;
	/* Read-only ones are not asked again by themselves. */
	host_names_forget(n);
	d = d_lookup(dir, name, len);
	if (!d)
		return;
	if (!(d->flags & D_PINNED) && !load_once(&d->n_mounted))
		d_drop(d);
	dput(d);
}

/* Watched: what the cache forgot it would make anew, as another inode. */
static struct dentry *host_watch(struct dentry *d)
{
	if (hostfs_of(d->inode)->kind != HOST_OVERLAY)
		return dget(d);
	host_pin(d);
	return NULL;
}

static const struct super_ops host_sops = {
	.watch = host_watch,
	.sync = host_sync,
	.statfs = host_statfs,
	.revalidate = host_revalidate,
	.create_tells = true,
};

bool hostfs_is(const struct superblock *sb)
{
	return sb->ops == &host_sops;
}

struct superblock *hostfs_super(const struct boot_mount *m, const char *where)
{
	enum host_kind kind = m->kind == BOOT_MOUNT_RO ? HOST_RO :
			      m->kind == BOOT_MOUNT_RW ? HOST_RW :
			      HOST_OVERLAY;
	struct broker_node b = { .rec_len = sizeof(b), .st = m->st };
	struct superblock *sb;
	struct hostfs *fs;
	struct inode *i;

	sb = sb_new(kind == HOST_OVERLAY ? "overlay" : "sbxhost", V9FS_MAGIC,
		    &host_sops);
	fs = kzalloc(sizeof(*fs));
	if (!sb || !fs)
		goto fail;
	fs->kind = kind;
	fs->grant = (uint16_t)m->grant;
	fs->where = kstrndup(where, where[1] ? strlen(where) : 0);
	if (!fs->where)
		goto fail;
	sb->priv = fs;
	i = host_inode_from(sb, &b);
	if (!i)
		goto fail;
	sb->root = d_alloc_root(sb, i);
	if (!sb->root) {
		inode_put(i);
		goto fail;
	}
	host_attach(i, sb->root);
	d_pin(sb->root);
	return sb;
fail:
	kfree(sb);
	kfree(fs);
	return err_ptr(-ENOMEM);
}

struct dentry *hostfs_mountpoint(struct dentry *dir, const char *name,
				 size_t len, bool is_dir)
{
	struct inode *i = host_inode_new(dir->sb, is_dir ? S_IFDIR | 0755 :
					 S_IFREG | 0644);
	struct dentry *d;

	if (!i)
		return err_ptr(-ENOMEM);
	i->uid = i->gid = 0;
	host_node(i)->upper = !is_dir;
	host_node(i)->place = true;
	/* In the place of a name that was found not to be there. */
	d = d_lookup(dir, name, len);
	if (d) {
		d_instantiate(d, i);
	} else {
		d = d_add_found(dir, name, len, i);
		if (!d)
			return err_ptr(-ENOMEM);
	}
	host_node(i)->dentry = d;
	d_pin(d);
	return d;
}
