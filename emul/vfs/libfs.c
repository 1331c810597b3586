/* SPDX-License-Identifier: Apache-2.0 */
/* libfs.c: trees of nodes that the kernel makes by itself. */
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/vfs/dcache.h"

bool dir_emit_dots(struct file *f, struct dir_ctx *ctx)
{
	struct dentry *d = f->path.dentry;

	if (ctx->pos == 0) {
		if (!ctx->emit(ctx, ".", 1, d->inode->ino, 4, 1))
			return false;
		ctx->pos = 1;
	}
	if (ctx->pos == 1) {
		struct mount *m = f->path.mnt;
		uint64_t ino = d->parent->inode ? d->parent->inode->ino : 1;

		mutex_lock(&dcache.lock);
		if (d == m->root && m->parent && m->mountpoint->parent->inode)
			ino = m->mountpoint->parent->inode->ino;
		mutex_unlock(&dcache.lock);
		if (!ctx->emit(ctx, "..", 2, ino, 4, 2))
			return false;
		ctx->pos = 2;
	}
	return true;
}

int simple_readdir(struct file *f, struct dir_ctx *ctx)
{
	struct dentry *dir = f->path.dentry, *d, *last = f->cursor;

	f->cursor = NULL;
	if (!dir_emit_dots(f, ctx))
		goto out;
	for (;;) {
		struct inode *i;
		bool room;

		d = d_next_child(dir, last, (uint64_t)ctx->pos);
		if (last)
			dput(last);
		last = d;
		if (!d)
			break;
		i = load_acquire(&d->inode);
		if (!i) {
			ctx->pos = (off_t)d->cookie + 1;
			continue;
		}
		room = ctx->emit(ctx, d->name, d->len, i->ino,
				 (i->mode & S_IFMT) >> 12,
				 (off_t)d->cookie + 1);
		if (!room)
			break;
		ctx->pos = (off_t)d->cookie + 1;
	}
out:
	f->cursor = last;
	return 0;
}

int simple_statfs(struct superblock *sb, struct kstatfs *st)
{
	memset(st, 0, sizeof(*st));
	st->type = sb->magic;
	st->bsize = PAGE_SIZE;
	st->namelen = NAME_LEN_MAX;
	return 0;
}

static int dir_fsync(struct file *f, bool data_only)
{
	(void)f;
	(void)data_only;
	return 0;		/* nothing behind it */
}

const struct inode_ops simple_dir_iops = { .open = NULL };
const struct file_ops simple_dir_fops = {
	.readdir = simple_readdir,
	.lseek = lseek_endless,
	.fsync = dir_fsync,
};

static const struct inode_ops simple_node_iops = { .open = NULL };

struct superblock *simple_super(const char *type, uint64_t magic,
				const struct super_ops *ops, mode_t mode)
{
	static const struct super_ops simple_ops = { .statfs = simple_statfs };
	struct superblock *sb = sb_new(type, magic, ops ? ops : &simple_ops);
	struct inode *i;

	if (!sb)
		return NULL;
	i = inode_new(sb);
	if (!i)
		goto no_inode;
	i->mode = S_IFDIR | (mode & 07777);
	i->uid = i->gid = 0;
	i->nlink = 2;
	i->ops = &simple_dir_iops;
	i->fops = &simple_dir_fops;
	sb->root = d_alloc_root(sb, i);
	if (!sb->root)
		goto no_root;
	d_pin(sb->root);
	return sb;
no_root:
	inode_put(i);
no_inode:
	kfree(sb);
	return NULL;
}

struct dentry *simple_add(struct dentry *dir, const char *name, mode_t mode,
			  const struct inode_ops *ops,
			  const struct file_ops *fops, void *priv)
{
	struct inode *i = inode_new(dir->sb);
	struct dentry *d;

	if (!i)
		return err_ptr(-ENOMEM);
	i->mode = mode;
	i->uid = i->gid = 0;
	i->priv = priv;
	i->ops = ops ? ops : &simple_node_iops;
	i->fops = fops;
	if (S_ISDIR(mode)) {
		i->nlink = 2;
		if (!ops)
			i->ops = &simple_dir_iops;
		if (!fops)
			i->fops = &simple_dir_fops;
		dir->inode->nlink++;
	}
	d = d_alloc(dir, name, strlen(name));
	if (!d) {
		inode_put(i);
		return err_ptr(-ENOMEM);
	}
	d_instantiate(d, i);
	d_hash_add(d);
	d_pin(d);
	dput(d);
	return d;
}

struct dentry *simple_symlink(struct dentry *dir, const char *name,
			      const char *target)
{
	struct dentry *d = simple_add(dir, name, S_IFLNK | 0777, NULL, NULL,
				      NULL);

	if (!is_err(d)) {
		d->inode->link = target;
		d->inode->link_len = (uint32_t)strlen(target);
		d->inode->size = d->inode->link_len;
	}
	return d;
}
