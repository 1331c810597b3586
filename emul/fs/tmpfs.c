/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tmpfs.c: files in memory.
 *
 * Names live in the dentry cache, pinned there; contents are memdata.
 */
#include "emul/fs/tmpfs.h"

#include "emul/fs/memfd.h"

#include "emul/lib/alloc.h"
#include "emul/misc/sys_info.h"
#include "emul/lib/string.h"
#include "emul/task/task.h"
#include "emul/vfs/dcache.h"
#include "emul/vfs/xattr.h"

#define TMPFS_MAGIC_	0x01021994
#define DIRENT_SIZE	20u	/* what Linux counts for each name */

struct tmpfs {
	struct memquota quota;
};

static const struct inode_ops dir_iops, file_iops, link_iops, node_iops;
static const struct file_ops file_fops;

void inode_init_owner(struct inode *i, const struct inode *dir, mode_t mode)
{
	i->mode = mode;
	i->attr_flags = dir->attr_flags;	/* all there are are inherited */
	if (dir->mode & S_ISGID) {
		i->gid = dir->gid;
		if (S_ISDIR(mode))
			i->mode |= S_ISGID;
	}
}

static void evict(struct inode *i)
{
	if (S_ISREG(i->mode)) {
		memdata_free(i->priv);
		kfree(i->priv);
	} else if (S_ISLNK(i->mode)) {
		kfree((void *)(uintptr_t)i->link);
		i->link = NULL;
	}
}

static struct inode *new_inode(struct superblock *sb, const struct inode *dir,
			       mode_t mode, dev_t rdev)
{
	struct tmpfs *fs = sb->priv;
	struct inode *i = inode_new(sb);

	if (!i)
		return NULL;
	if (dir)
		inode_init_owner(i, dir, mode);
	else
		i->mode = mode;
	i->rdev = rdev;
	i->keeps_atime = true;
	switch (mode & S_IFMT) {
	case S_IFREG:
		i->priv = kmalloc(sizeof(struct memdata));
		if (!i->priv) {
			inode_put(i);
			return NULL;
		}
		memdata_init(i->priv, &fs->quota);
		i->ops = &file_iops;
		i->fops = &file_fops;
		break;
	case S_IFDIR:
		i->ops = &dir_iops;
		i->fops = &simple_dir_fops;
		i->nlink = 2;
		i->size = 2 * DIRENT_SIZE;
		break;
	case S_IFLNK:
		i->ops = &link_iops;
		break;
	default:
		i->ops = &node_iops;	/* opened by its kind */
	}
	return i;
}

struct inode *tmpfs_inode(struct superblock *sb, mode_t mode)
{
	struct inode *i = new_inode(sb, NULL, S_IFREG | mode, 0);

	if (i)
		i->nlink = 0;
	return i;
}

static void touch_dir(struct inode *dir, int entries)
{
	dir->size = (uint64_t)((int64_t)dir->size +
			       entries * (int64_t)DIRENT_SIZE);
	dir->mtime = dir->ctime = ktime_now();
}

static void add_name(struct inode *dir, struct dentry *d, struct inode *i)
{
	d_instantiate(d, i);
	d_pin(d);
	touch_dir(dir, 1);
	if (S_ISDIR(i->mode))
		dir->nlink++;
}

static int add_node(struct inode *dir, struct dentry *d, mode_t mode,
		    dev_t rdev)
{
	struct inode *i = new_inode(dir->sb, dir, mode, rdev);

	if (!i)
		return -ENOSPC;
	add_name(dir, d, i);
	return 0;
}

static int tmpfs_create(struct inode *dir, struct dentry *d, mode_t mode)
{
	return add_node(dir, d, S_IFREG | (mode & 07777), 0);
}

static int tmpfs_mkdir(struct inode *dir, struct dentry *d, mode_t mode)
{
	return add_node(dir, d, S_IFDIR | (mode & 07777), 0);
}

static int tmpfs_mknod(struct inode *dir, struct dentry *d, mode_t mode,
		       dev_t rdev)
{
	return add_node(dir, d, mode, rdev);
}

static int tmpfs_symlink(struct inode *dir, struct dentry *d, const char *to)
{
	size_t len = strlen(to);
	struct inode *i = new_inode(dir->sb, dir, S_IFLNK | 0777, 0);

	if (!i)
		return -ENOSPC;
	i->link = kstrndup(to, len);
	if (!i->link) {
		inode_put(i);
		return -ENOSPC;
	}
	i->link_len = (uint32_t)len;
	i->size = len;
	add_name(dir, d, i);
	return 0;
}

static int tmpfs_link(struct inode *dir, struct dentry *d, struct inode *to)
{
	mutex_lock(&to->lock);
	to->nlink++;
	to->ctime = ktime_now();
	mutex_unlock(&to->lock);
	inode_get(to);
	add_name(dir, d, to);
	return 0;
}

/* The name goes from the cache's pinned ones. */
static void drop_name(struct inode *dir, struct dentry *d)
{
	struct inode *i = d->inode;

	if (S_ISDIR(i->mode)) {
		i->nlink = 0;
		dir->nlink--;
	} else {
		__atomic_fetch_sub(&i->nlink, 1, __ATOMIC_RELAXED);
	}
	i->ctime = ktime_now();
	touch_dir(dir, -1);
}

static int tmpfs_unlink(struct inode *dir, struct dentry *d)
{
	drop_name(dir, d);
	d_unpin(d);
	d_delete(d, false);
	return 0;
}

static int tmpfs_rmdir(struct inode *dir, struct dentry *d)
{
	if (!d_is_empty(d))
		return -ENOTEMPTY;
	return tmpfs_unlink(dir, d);
}

static int tmpfs_rename(struct inode *od, struct dentry *o, struct inode *nd,
			struct dentry *n, unsigned int flags)
{
	bool exchange = flags & 2;

	if (exchange) {
		bool o_dir = S_ISDIR(o->inode->mode);
		bool n_dir = S_ISDIR(n->inode->mode);

		if (od != nd && o_dir != n_dir) {
			od->nlink += n_dir - (uint32_t)o_dir;
			nd->nlink += o_dir - (uint32_t)n_dir;
		}
		n->inode->ctime = ktime_now();
	} else {
		if (n->inode) {
			if (S_ISDIR(n->inode->mode) && !d_is_empty(n))
				return -ENOTEMPTY;
			drop_name(nd, n);
			d_unpin(n);
		}
		if (S_ISDIR(o->inode->mode)) {
			od->nlink--;
			nd->nlink++;
		}
		touch_dir(nd, 1);
	}
	o->inode->ctime = ktime_now();
	touch_dir(od, exchange ? 0 : -1);
	if (exchange)
		touch_dir(nd, 0);
	d_move(o, n, exchange);
	return 0;
}

static int tmpfs_tmpfile(struct inode *dir, struct dentry *d, mode_t mode,
			 bool linkable)
{
	struct inode *i = tmpfs_inode(dir->sb, mode);

	(void)linkable;
	if (!i)
		return -ENOSPC;
	inode_init_owner(i, dir, S_IFREG | mode);
	d_instantiate(d, i);
	return 0;
}

static int tmpfs_setattr(struct inode *i, const struct iattr *a)
{
	if ((a->valid & ATTR_MODE) && S_ISREG(i->mode) &&
	    (((const struct memdata *)i->priv)->seals & MEMFD_SEAL_EXEC) &&
	    ((i->mode ^ a->mode) & 0111))
		return -EPERM;
	if ((a->valid & ATTR_SIZE) && S_ISREG(i->mode)) {
		const struct memdata *m = i->priv;
		int err;

		if ((a->size < i->size && (m->seals & F_SEAL_SHRINK)) ||
		    (a->size > i->size && (m->seals & F_SEAL_GROW)))
			return -EPERM;
		err = memdata_truncate(i, i->priv, a->size);
		if (err)
			return err;
		i->mtime = ktime_now();
	}
	inode_set_attr(i, a);
	return 0;
}

static ssize_t tmpfs_read(struct file *f, struct uio *u, off_t *pos)
{
	ssize_t n = memdata_read(f->inode, f->inode->priv, u, pos);

	if (n > 0)
		inode_read(f->inode, f->path.mnt, f->flags);
	return n;
}

void inode_written(struct inode *i)
{
	const struct task *t = current();

	if (likely(!(i->mode & (S_ISUID | S_ISGID)) && !i->xattrs))
		return;
	mutex_lock(&i->lock);
	xattrs_drop_caps(i);
	/* CAP_FSETID */
	if (!t || !t->cred || !(t->cred->cap_effective >> 4 & 1)) {
		i->mode &= ~(uint32_t)S_ISUID;
		if (i->mode & 0010)
			i->mode &= ~(uint32_t)S_ISGID;
	}
	mutex_unlock(&i->lock);
}

static ssize_t tmpfs_write(struct file *f, struct uio *u, off_t *pos)
{
	struct inode *i = f->inode;
	const struct memdata *m = i->priv;
	ssize_t n;

	if (unlikely(m->seals)) {
		if (m->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
			return -EPERM;
		/* Page by page: the one that would grow it fails. */
		if ((m->seals & F_SEAL_GROW) && u->left &&
		    (u->append || (uint64_t)*pos + u->left > i->size)) {
			if (u->append || (uint64_t)*pos >= PAGE_DOWN(i->size))
				return -EPERM;
			u->left = PAGE_DOWN(i->size) - (uint64_t)*pos;
		}
	}
	n = file_size_limit(u->append ? (off_t)i->size : *pos, u->left);
	if (n < 0)
		return n;
	u->left = (size_t)n;
	inode_written(i);
	return memdata_write(i, i->priv, u, pos);
}

static off_t tmpfs_lseek(struct file *f, off_t off, int whence)
{
	if (whence < 3)
		return generic_lseek(f, off, whence);
	off = memdata_seek(f->inode, f->inode->priv, off, whence);
	if (off >= 0)
		f->pos = off;
	return off;
}

static int tmpfs_mmap(struct file *f, off_t off, size_t len, int prot,
		      int flags, struct backing *b)
{
	const struct memdata *m = f->inode->priv;

	if ((m->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) &&
	    (flags & 0xf) != 2 /* MAP_PRIVATE */ && (prot & 2 /* WRITE */))
		return -EPERM;
	return memdata_mmap(f->inode, f->inode->priv, off, len, b);
}

static bool tmpfs_write_sealed(const struct file *f)
{
	const struct memdata *m = f->inode->priv;

	return m->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE);
}

static long tmpfs_fallocate(struct file *f, int mode, off_t off, off_t len)
{
	const struct memdata *m = f->inode->priv;

	if ((mode & 2 /* PUNCH_HOLE */) &&
	    (m->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)))
		return -EPERM;
	if (!(mode & 1 /* KEEP_SIZE */) && (m->seals & F_SEAL_GROW) &&
	    (uint64_t)(off + len) > f->inode->size)
		return -EPERM;
	return memdata_fallocate(f->inode, f->inode->priv, mode, off, len);
}

static int tmpfs_fsync(struct file *f, bool data_only)
{
	(void)f;
	(void)data_only;
	return 0;		/* nothing outlives the sandbox */
}

static int tmpfs_statfs(struct superblock *sb, struct kstatfs *st)
{
	const struct sysinfo_boot *info = sysinfo_get();
	const struct tmpfs *fs = sb->priv;
	uint64_t used = load_once(&fs->quota.used);

	(void)simple_statfs(sb, st);
	st->blocks = fs->quota.limit;
	/* Without a limit: what Linux gives one by default, half of memory. */
	if (!st->blocks)
		st->blocks = (info->max_memory ? info->max_memory :
			      info->mem_total) / PAGE_SIZE / 2;
	if (st->blocks > used)
		st->bfree = st->bavail = st->blocks - used;
	return 0;
}

static int tmpfs_attr_flags(struct inode *i, bool change)
{
	(void)i;
	(void)change;
	return 0;		/* they are the inode's alone */
}

static const struct inode_ops dir_iops = {
	.create = tmpfs_create,
	.mkdir = tmpfs_mkdir,
	.mknod = tmpfs_mknod,
	.symlink = tmpfs_symlink,
	.link = tmpfs_link,
	.unlink = tmpfs_unlink,
	.rmdir = tmpfs_rmdir,
	.rename = tmpfs_rename,
	.tmpfile = tmpfs_tmpfile,
	.setattr = tmpfs_setattr,
	.attr_flags = tmpfs_attr_flags,
	.load_xattrs = xattrs_in_memory,
};

static const struct inode_ops file_iops = {
	.setattr = tmpfs_setattr,
	.attr_flags = tmpfs_attr_flags,
	.load_xattrs = xattrs_in_memory,
	.evict = evict,
};

static const struct inode_ops link_iops = {
	.setattr = tmpfs_setattr,
	.load_xattrs = xattrs_in_memory,
	.evict = evict,
};

static const struct inode_ops node_iops = {
	.setattr = tmpfs_setattr,
	.load_xattrs = xattrs_in_memory,
};

static const struct file_ops file_fops = {
	.read = tmpfs_read,
	.write = tmpfs_write,
	.lseek = tmpfs_lseek,
	.mmap = tmpfs_mmap,
	.write_sealed = tmpfs_write_sealed,
	.fallocate = tmpfs_fallocate,
	.fcntl = memfd_fcntl,
	.fsync = tmpfs_fsync,
};

static void tmpfs_put(struct superblock *sb)
{
	kfree(sb->priv);
}

static const struct super_ops tmpfs_sops = {
	.statfs = tmpfs_statfs,
	.put = tmpfs_put,
};

struct superblock *tmpfs_super(uint64_t size, mode_t mode)
{
	struct superblock *sb = sb_new("tmpfs", TMPFS_MAGIC_, &tmpfs_sops);
	struct tmpfs *fs = kzalloc(sizeof(*fs));
	struct inode *i;

	if (!sb || !fs)
		goto fail;
	fs->quota.limit = PAGE_UP(size) / PAGE_SIZE;
	sb->priv = fs;
	i = new_inode(sb, NULL, S_IFDIR | (mode & 07777), 0);
	if (!i)
		goto fail;
	i->uid = i->gid = 0;
	sb->root = d_alloc_root(sb, i);
	if (!sb->root) {
		inode_put(i);
		goto fail;
	}
	d_pin(sb->root);
	return sb;
fail:
	kfree(sb);
	kfree(fs);
	return NULL;
}
