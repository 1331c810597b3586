/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shmem.c: shared anonymous memory: a file in the arena that has no name, so
 * that it stays shared over fork.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "emul/fs/memdata.h"
#include "emul/lib/alloc.h"
#include "emul/mm/vma.h"
#include "emul/vfs/vfs.h"

#define TMPFS_MAGIC	0x01021994

static __arena struct memquota no_limit;
static __arena struct sb_once shmem;
LOCK_CLASS(shmem, LOCK_ONCE);

static void shmem_evict(struct inode *i)
{
	memdata_free(i->priv);
	kfree(i->priv);
}

static const struct inode_ops shmem_iops = {
	.evict = shmem_evict,
};

static int shmem_mmap(struct file *f, off_t off, size_t len, int prot,
		      int flags, struct backing *b)
{
	(void)prot;
	(void)flags;
	return memdata_mmap(f->inode, f->inode->priv, off, len, b);
}

static long shmem_fallocate(struct file *f, int mode, off_t off, off_t len)
{
	return memdata_fallocate(f->inode, f->inode->priv, mode, off, len);
}

static int shmem_fsync(struct file *f, bool data_only)
{
	(void)f;
	(void)data_only;
	return 0;		/* nothing outlives the sandbox */
}

static const struct file_ops shmem_fops = {
	.mmap = shmem_mmap,
	.fallocate = shmem_fallocate,
	.fsync = shmem_fsync,
};

struct file *mm_shared_zero(uint64_t size)
{
	struct superblock *sb = sb_once(&shmem, "tmpfs", TMPFS_MAGIC);
	struct memdata *m = kzalloc(sizeof(*m));
	struct inode *i = sb ? inode_new(sb) : NULL;
	struct file *f;

	if (!m || !i) {
		kfree(m);
		if (i)
			inode_put(i);
		return err_ptr(-ENOMEM);
	}
	memdata_init(m, &no_limit);
	i->mode = S_IFREG | 0777;
	i->nlink = 0;
	i->size = size;
	i->priv = m;
	i->ops = &shmem_iops;
	f = file_new(i, &shmem_fops, O_RDWR, "zero", NULL);
	return f ? f : err_ptr(-ENOMEM);
}
