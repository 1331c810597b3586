/* SPDX-License-Identifier: Apache-2.0 */
/* hostfs.c: superblocks and inodes of what lies on the host. */
#include "emul/fs/hostfs.h"

#include <linux/magic.h>

#include "emul/host/broker.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/vfs/dcache.h"

/* Replies are read into one of these; each is used for one request. */
static struct {
	struct mutex lock;
	void *free;
} replies __arena;

void *reply_get(void)
{
	void *p;

	mutex_lock(&replies.lock);
	p = replies.free;
	if (p)
		replies.free = *(void **)p;
	mutex_unlock(&replies.lock);
	return p ? p : kmalloc(BROKER_BODY_MAX);
}

void reply_put(void *buf)
{
	mutex_lock(&replies.lock);
	*(void **)buf = replies.free;
	replies.free = buf;
	mutex_unlock(&replies.lock);
}

/* As Linux packs device numbers for user space: makedev(3). */
static uint64_t pack_dev(uint64_t dev)
{
	uint64_t major = dev >> 32, minor = (uint32_t)dev;

	return (major & 0xfff) << 8 | (major & ~0xfffULL) << 32 |
	       (minor & 0xff) | (minor & ~0xffULL) << 12;
}

static struct ktime to_ktime(const struct broker_time *t)
{
	return (struct ktime){ t->sec, t->nsec };
}

void hostfs_refresh(struct inode *i, const struct broker_stat *st)
{
	i->mode = st->mode;
	i->uid = st->uid;
	i->gid = st->gid;
	i->nlink = st->nlink;
	i->ino = st->ino;
	i->size = st->size;
	i->blocks = st->blocks;
	i->rdev = pack_dev(st->rdev);
	i->atime = to_ktime(&st->atime);
	i->mtime = to_ktime(&st->mtime);
	i->ctime = to_ktime(&st->ctime);
	i->btime = to_ktime(&st->btime);
}

struct inode *hostfs_inode(struct superblock *sb, const struct broker_stat *st,
			   const char *link, size_t link_len)
{
	struct host_super *hs = sb->priv;
	struct inode *i = inode_new(sb);
	struct host_inode *h = kzalloc(sizeof(*h));

	if (!i || !h)
		goto fail;
	h->dev = pack_dev(st->dev);
	h->fd[0] = h->fd[1] = -1;
	hostfs_refresh(i, st);
	i->priv = h;
	i->ops = hs->writable ? &hostfs_rw_iops : &hostfs_iops;
	i->fops = S_ISDIR(st->mode) ? &hostfs_dir_fops : &hostfs_fops;
	if (S_ISLNK(st->mode)) {
		i->link = kstrndup(link, link_len);
		if (!i->link)
			goto fail;
		i->link_len = (uint32_t)link_len;
	}
	return i;
fail:
	kfree(h);
	if (i) {
		i->priv = NULL;
		inode_put(i);
	}
	return NULL;
}

void hostfs_evict(struct inode *i)
{
	struct host_inode *h = i->priv;

	if (!h)
		return;
	hostfs_close_all(h);
	kfree((void *)(uintptr_t)i->link);
	kfree(h->path);
	kfree(h);
}

int hostfs_path(struct dentry *d, char *buf, char **start)
{
	char *p = buf + DIR_NAME_BYTES;
	char *low = p - BROKER_PATH_MAX;
	char *end = p;

	mutex_lock(&dcache.lock);
	for (; d != d->sb->root; d = d->parent) {
		if ((size_t)(p - low) < d->len + 1UL) {
			mutex_unlock(&dcache.lock);
			return -ENAMETOOLONG;
		}
		if (p != end)
			*--p = '/';
		p -= d->len;
		memcpy(p, d->name, d->len);
	}
	mutex_unlock(&dcache.lock);
	*start = p;
	return (int)(end - p);
}

int hostfs_getattr(struct inode *i, struct kstat *st)
{
	struct host_inode *h = i->priv;

	inode_fill_stat(i, st);
	st->dev = h->dev;
	st->has_btime = i->btime.sec || i->btime.nsec;
	return 0;
}

static int hostfs_statfs(struct superblock *sb, struct kstatfs *st)
{
	struct host_super *hs = sb->priv;
	struct broker_req req = {
		.op = BROKER_STATFS,
		.grant = (uint16_t)hs->grant,
	};
	struct broker_rep rep;
	struct broker_statfs b;
	int err = broker_call(&req, NULL, &rep, &b, sizeof(b), NULL);

	if (err)
		return err;
	*st = (struct kstatfs){
		.type = b.type, .bsize = b.bsize, .blocks = b.blocks,
		.bfree = b.bfree, .bavail = b.bavail, .files = b.files,
		.ffree = b.ffree, .namelen = b.namelen,
	};
	return 0;
}

const struct inode_ops hostfs_iops = {
	.lookup = hostfs_lookup,
	.prefetch = hostfs_prefetch,
	.getattr = hostfs_getattr,
	.open = hostfs_open,
	.evict = hostfs_evict,
};

static const struct super_ops hostfs_sops = {
	.statfs = hostfs_statfs,
};

static const struct super_ops hostfs_rw_sops = {
	.statfs = hostfs_statfs,
	.revalidate = hostfs_revalidate,
};

struct superblock *hostfs_super(const struct boot_mount *m)
{
	bool rw = m->kind == BOOT_MOUNT_RW;
	struct superblock *sb = sb_new("sbxhost", V9FS_MAGIC,
				       rw ? &hostfs_rw_sops : &hostfs_sops);
	struct host_super *hs = kzalloc(sizeof(*hs));
	struct inode *i;

	if (!sb || !hs)
		return err_ptr(-ENOMEM);
	hs->grant = m->grant;
	hs->writable = rw;
	sb->priv = hs;
	i = hostfs_inode(sb, &m->st, NULL, 0);
	sb->root = i ? d_alloc_root(sb, i) : NULL;
	if (!sb->root)
		return err_ptr(-ENOMEM);
	d_pin(sb->root);
	return sb;
}
