/* SPDX-License-Identifier: Apache-2.0 */
/* sys_mm.c: mmap, munmap, mprotect, mremap and their like. */
#include <linux/errno.h>
#include <linux/mman.h>

#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/mm/vma.h"
#include "emul/entry/uaccess.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/vfs.h"

#define HUGE_SHIFT_MASK	0x3f

/* A word of flags as an int; bits that no int has become one nobody knows. */
static int flag_int(unsigned long flags)
{
	return flags >> 31 ? 1 << 30 : (int)flags;
}

long sys_mmap(struct task *t, uaddr_t addr, size_t len, unsigned long prot,
	      unsigned long flags, int fd, unsigned long off)
{
	struct fd f = { NULL, false };
	long r;

	if (off & ~PAGE_MASK)
		return -EINVAL;
	if (!(flags & MAP_ANONYMOUS)) {
		f = fdget(t, fd);
		if (!f.file)
			return -EBADF;
		if (flags & MAP_HUGETLB) {
			fdput(f);
			return -EINVAL;
		}
	} else if (flags & MAP_HUGETLB) {
		unsigned int shift = (unsigned int)(flags >> MAP_HUGE_SHIFT) &
			HUGE_SHIFT_MASK;

		/* As a machine whose pools of huge pages are empty. */
		if (shift && shift != 21 && shift != 30)
			return -EINVAL;
		return len ? -ENOMEM : -EINVAL;
	}
	/* Bits that are not known are ignored. */
	r = mm_map(t->mm, addr, len, (int)prot, (int)flags, f.file,
		   (off_t)off);
	fdput(f);
	return r;
}

/* Is [@addr, @end) of one shared file, up to where it is mapped otherwise? */
static struct file *one_shared(struct mm *mm, uint64_t addr, uint64_t end,
			       struct vma *like)
{
	struct vma *v = vma_find(mm, addr);

	if (!v || !(v->flags & VMA_SHARED) || (v->flags & VMA_KERNEL) ||
	    !v->file)
		return NULL;
	*like = *v;
	while (v->end < end) {
		uint64_t at = v->end;

		v = vma_find(mm, at);
		if (!v || v->file != like->file || v->flags != like->flags ||
		    v->prot != like->prot)
			return NULL;
	}
	return like->file;
}

/* As Linux since 4.0: a mmap over what is there. */
long sys_remap_file_pages(struct task *t, uaddr_t addr, size_t size,
			  unsigned long prot, unsigned long pgoff,
			  unsigned long flags)
{
	struct mm *mm = t->mm;
	struct file *f;
	struct vma like;
	long r;

	addr = PAGE_DOWN(addr);
	size = PAGE_DOWN(size);
	if (prot || addr + size <= addr ||
	    pgoff + (size >> PAGE_SHIFT) < pgoff)
		return -EINVAL;
	mutex_lock(&mm->lock);
	f = one_shared(mm, addr, addr + size, &like);
	if (f)
		file_get(f);
	mutex_unlock(&mm->lock);
	if (!f)
		return -EINVAL;
	flags &= MAP_NONBLOCK;
	if (like.flags & VMA_LOCKED)
		flags |= MAP_LOCKED;
	r = pgoff >> (63 - PAGE_SHIFT) ? -EOVERFLOW :
		mm_map(mm, addr, size, like.prot,
		       (int)flags | MAP_SHARED | MAP_FIXED, f,
		       (off_t)(pgoff << PAGE_SHIFT));
	file_put(f);
	return r < 0 ? r : 0;
}

long sys_munmap(struct task *t, uaddr_t addr, size_t len)
{
	return mm_unmap(t->mm, addr, len);
}

long sys_mprotect(struct task *t, uaddr_t addr, size_t len,
		  unsigned long prot)
{
	return mm_protect(t->mm, addr, len, flag_int(prot));
}

long sys_pkey_mprotect(struct task *t, uaddr_t addr, size_t len,
		       unsigned long prot, int pkey)
{
	/* No key was ever given out: only "none" is valid. */
	if (pkey != -1)
		return -EINVAL;
	return mm_protect(t->mm, addr, len, flag_int(prot));
}

long sys_mremap(struct task *t, uaddr_t old_addr, size_t old_len,
		size_t new_len, unsigned long flags, uaddr_t new_addr)
{
	return mm_remap(t->mm, old_addr, old_len, new_len, flag_int(flags),
			new_addr);
}

/* What is mapped is in memory, as far as anybody can tell here. */
long sys_mincore(struct task *t, uaddr_t addr, size_t len, uaddr_t vec)
{
	struct mm *mm = t->mm;
	uint64_t end, at, pages = PAGE_UP(len) >> PAGE_SHIFT;
	unsigned char ones[256];
	bool covered = true;

	if (addr & ~PAGE_MASK)
		return -EINVAL;
	if (addr > REGION_START || len > REGION_START - addr)
		return -ENOMEM;
	if (!uaddr_ok(vec, pages))
		return -EFAULT;
	end = addr + PAGE_UP(len);
	for (unsigned int i = 0; i < sizeof(ones); i++)
		ones[i] = 1;

	mutex_lock(&mm->lock);
	for (at = addr; at < end; ) {
		struct vma *v = vma_find(mm, at);

		if (!v || (v->flags & VMA_KERNEL)) {
			covered = false;
			break;
		}
		at = MIN(v->end, end);
	}
	mutex_unlock(&mm->lock);
	pages = (at - addr) >> PAGE_SHIFT;
	while (pages) {
		size_t n = MIN(pages, sizeof(ones));

		if (copy_out(vec, ones, n))
			return -EFAULT;
		vec += n;
		pages -= n;
	}
	return covered ? 0 : -ENOMEM;
}

/* fsync the part of a shared file that lies in one vma. */
static int sync_file(struct file *f)
{
	return f->ops->fsync ? f->ops->fsync(f, true) : 0;
}

long sys_msync(struct task *t, uaddr_t addr, size_t len, int flags)
{
	struct mm *mm = t->mm;
	uint64_t at, end;
	bool hole = false;
	int err = 0;

	if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC))
		return -EINVAL;
	if (addr & ~PAGE_MASK)
		return -EINVAL;
	if ((flags & MS_ASYNC) && (flags & MS_SYNC))
		return -EINVAL;
	end = addr + PAGE_UP(len);
	if (end < addr || PAGE_UP(len) < len)
		return -ENOMEM;
	for (at = addr; at < end && !err; ) {
		struct file *f = NULL;
		struct vma *v;

		mutex_lock(&mm->lock);
		v = vma_find_above(mm, at);
		while (v && (v->flags & VMA_KERNEL))
			v = vma_next(v);
		if (!v || v->start >= end) {
			mutex_unlock(&mm->lock);
			return -ENOMEM;
		}
		if (v->start > at) {
			/* As Linux: go on, and say it at the end. */
			if (flags == MS_ASYNC) {
				mutex_unlock(&mm->lock);
				return -ENOMEM;
			}
			hole = true;
		}
		if ((flags & MS_INVALIDATE) && (v->flags & VMA_LOCKED))
			err = -EBUSY;
		else if ((flags & MS_SYNC) && v->file &&
			 (v->flags & VMA_SHARED))
			f = v->file;
		if (f)
			file_get(f);
		at = v->end;
		mutex_unlock(&mm->lock);
		if (f) {
			err = sync_file(f);
			file_put(f);
		}
	}
	if (err)
		return err;
	return hole ? -ENOMEM : 0;
}

long sys_mseal(struct task *t, uaddr_t addr, size_t len, uint64_t flags)
{
	struct mm *mm = t->mm;
	struct vma *dead = NULL, *v;
	uint64_t at, end;
	int err = 0;

	if (flags || (addr & ~PAGE_MASK) || PAGE_UP(len) < len)
		return -EINVAL;
	end = addr + PAGE_UP(len);
	if (end < addr)
		return -EINVAL;
	if (end == addr)
		return 0;
	mutex_lock(&mm->lock);
	for (at = addr; at < end; at = v->end) {
		v = vma_find(mm, at);
		if (!v || (v->flags & VMA_KERNEL)) {
			err = -ENOMEM;
			break;
		}
	}
	if (!err)
		err = vma_set_flags(mm, addr, end, VMA_SEALED, 0);
	vma_merge(mm, addr, end, &dead);
	mutex_unlock(&mm->lock);
	vma_free_list(dead);
	return err;
}
