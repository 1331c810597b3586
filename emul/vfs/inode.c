/* SPDX-License-Identifier: Apache-2.0 */
/* inode.c: inodes and superblocks. */
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/live.h"
#include "emul/lib/string.h"
#include "emul/task/task.h"
#include "emul/vfs/flock.h"
#include "emul/vfs/vfs.h"
#include "emul/vfs/xattr.h"

#define CLOCK_COARSE	5	/* CLOCK_REALTIME_COARSE */

/* Memory of inodes is only reused as such: see dcache.h. */
static __arena struct {
	struct mutex lock;
	struct inode *free;		/* by priv */
	uint64_t ino;
	uint32_t dev;
} inodes;

struct ktime ktime_now(void)
{
	int64_t ns = host_clock_ns(CLOCK_COARSE);

	return (struct ktime){ ns / NSEC_PER_SEC,
			       (uint32_t)(ns % NSEC_PER_SEC) };
}

struct inode *inode_new(struct superblock *sb)
{
	const struct task *t = current();
	struct inode *i;
	uint64_t ino;

	mutex_lock(&inodes.lock);
	ino = ++inodes.ino;
	i = inodes.free;
	if (i)
		inodes.free = i->priv;
	mutex_unlock(&inodes.lock);
	if (i)
		memset(i, 0, sizeof(*i));
	else
		i = kzalloc(sizeof(*i));
	if (!i)
		return NULL;
	live_add(LIVE_INODE, 1);
	i->sb = sb;
	i->dev = sb ? sb->dev : 0;
	i->ino = ino;
	i->nlink = 1;
	if (t && t->cred) {
		i->uid = t->cred->fsuid;
		i->gid = t->cred->fsgid;
	}
	i->atime = i->mtime = i->ctime = i->btime = ktime_now();
	mutex_init_class(&i->lock, LOCK_INODE);
	ref_init(&i->ref);
	return i;
}

void inode_get(struct inode *i)
{
	ref_get(&i->ref);
}

void inode_put(struct inode *i)
{
	if (!ref_put(&i->ref))
		return;
	if (i->locks)
		locks_free(i);
	xattrs_free(i);
	if (i->ops && i->ops->evict)
		i->ops->evict(i);
	live_add(LIVE_INODE, -1);
	i->ops = NULL;
	i->fops = NULL;
	mutex_lock(&inodes.lock);
	i->priv = inodes.free;
	inodes.free = i;
	mutex_unlock(&inodes.lock);
}

struct superblock *sb_new(const char *type, uint64_t magic,
			  const struct super_ops *ops)
{
	struct superblock *sb = kzalloc(sizeof(*sb));

	if (!sb)
		return NULL;
	live_add(LIVE_SUPER, 1);
	ref_init(&sb->ref);
	sb->type = type;
	sb->magic = magic;
	sb->ops = ops;
	/* Unnamed devices: major 0. */
	sb->dev = 0x1f + __atomic_add_fetch(&inodes.dev, 1, __ATOMIC_RELAXED);
	return sb;
}

struct superblock *sb_once(struct sb_once *o, const char *type, uint64_t magic)
{
	struct superblock *sb = load_acquire(&o->sb);

	if (likely(sb))
		return sb;
	mutex_lock(&o->lock);
	sb = o->sb;
	if (!sb) {
		sb = sb_new(type, magic, NULL);
		store_release(&o->sb, sb);
	}
	mutex_unlock(&o->lock);
	return sb;
}

void inode_fill_stat(const struct inode *i, struct kstat *st)
{
	st->ino = i->ino;
	st->dev = i->dev;
	st->rdev = i->rdev;
	st->nlink = i->nlink;
	st->size = i->size;
	st->blocks = i->blocks;
	st->mode = i->mode;
	st->uid = i->uid;
	st->gid = i->gid;
	st->blksize = PAGE_SIZE;
	st->atime = i->atime;
	st->mtime = i->mtime;
	st->ctime = i->ctime;
	st->btime = i->btime;
	st->mnt_id = 0;
	st->has_btime = i->btime.sec != 0;
}

int inode_getattr(struct inode *i, struct kstat *st)
{
	if (i->ops && i->ops->getattr)
		return i->ops->getattr(i, st);
	inode_fill_stat(i, st);
	return 0;
}

void inode_set_attr(struct inode *i, const struct iattr *a)
{
	if (a->valid & ATTR_MODE)
		i->mode = (i->mode & S_IFMT) | (a->mode & 07777);
	if (a->valid & ATTR_UID)
		i->uid = a->uid;
	if (a->valid & ATTR_GID)
		i->gid = a->gid;
	if (a->valid & ATTR_ATIME)
		i->atime = a->atime;
	if (a->valid & ATTR_MTIME)
		i->mtime = a->mtime;
	i->ctime = ktime_now();
}

void inode_read(struct inode *i, const struct mount *m, unsigned int flags)
{
	struct ktime now;

	if (!i->keeps_atime || (flags & O_NOATIME) ||
	    (i->attr_flags & ATTR_FL_NOATIME) ||
	    (m && (m->flags & (MNT_NOATIME | MNT_RDONLY))))
		return;
	if (ktime_before(i->mtime, i->atime) &&
	    ktime_before(i->ctime, i->atime))
		return;
	now = ktime_now();
	i->atime = now;
}
