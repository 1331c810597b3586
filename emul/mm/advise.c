/* SPDX-License-Identifier: Apache-2.0 */
/* advise.c: madvise and the mlock family; madvise(2), mlock(2). */
#include <linux/errno.h>
#include <linux/falloc.h>
#include <linux/mman.h>

#include "emul/host/host.h"
#include "emul/mm/vma.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "emul/vfs/vfs.h"
#include "interposer/patch.h"

/* What an advice means here. */
enum advice_kind {
	ADV_BAD,		/* -EINVAL */
	ADV_HOST,		/* the host is told */
	ADV_HINT,		/* the host is told, its answer does not matter */
	ADV_FLAG,		/* kept in the vma, for fork and core files */
	ADV_REMOVE,
	ADV_HWPOISON,		/* -EPERM: nobody may */
};

struct advice {
	uint8_t advice;
	uint8_t kind;
	uint32_t set, clear;	/* VMA_* */
};

static const struct advice advices[] = {
	{ MADV_NORMAL, ADV_HINT, 0, 0 },
	{ MADV_RANDOM, ADV_HINT, 0, 0 },
	{ MADV_SEQUENTIAL, ADV_HINT, 0, 0 },
	{ MADV_WILLNEED, ADV_HINT, 0, 0 },
	{ MADV_DONTNEED, ADV_HOST, 0, 0 },
	{ MADV_FREE, ADV_HOST, 0, 0 },
	{ MADV_REMOVE, ADV_REMOVE, 0, 0 },
	{ MADV_DONTFORK, ADV_HOST, VMA_DONTFORK, 0 },
	{ MADV_DOFORK, ADV_HOST, 0, VMA_DONTFORK },
	{ MADV_HWPOISON, ADV_HWPOISON, 0, 0 },
	{ MADV_SOFT_OFFLINE, ADV_HWPOISON, 0, 0 },
	{ MADV_MERGEABLE, ADV_FLAG, VMA_MERGEABLE, 0 },
	{ MADV_UNMERGEABLE, ADV_FLAG, 0, VMA_MERGEABLE },
	{ MADV_HUGEPAGE, ADV_HOST, VMA_HUGE, VMA_NOHUGE },
	{ MADV_NOHUGEPAGE, ADV_HOST, VMA_NOHUGE, VMA_HUGE },
	{ MADV_DONTDUMP, ADV_FLAG, VMA_DONTDUMP, 0 },
	{ MADV_DODUMP, ADV_FLAG, 0, VMA_DONTDUMP },
	{ MADV_WIPEONFORK, ADV_HOST, VMA_WIPEONFORK, 0 },
	{ MADV_KEEPONFORK, ADV_HOST, 0, VMA_WIPEONFORK },
	{ MADV_COLD, ADV_HINT, 0, 0 },
	{ MADV_PAGEOUT, ADV_FLAG, 0, 0 },
#ifdef MADV_DONTNEED_LOCKED
	{ MADV_DONTNEED_LOCKED, ADV_HOST, 0, 0 },
#endif
	{ MADV_POPULATE_READ, ADV_HOST, 0, 0 },
	{ MADV_POPULATE_WRITE, ADV_HOST, 0, 0 },
};

static const struct advice *advice_find(int advice)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(advices); i++)
		if (advices[i].advice == advice)
			return &advices[i];
	return NULL;
}

int vma_set_flags(struct mm *mm, uint64_t start, uint64_t end, uint32_t set,
		  uint32_t clear)
{
	struct vma *v = vma_find_above(mm, start);

	for (; v && v->start < end; v = vma_next(v)) {
		uint32_t flags = (v->flags & ~clear) | set;
		struct vma *upper;

		if (v->flags == flags || (v->flags & VMA_KERNEL))
			continue;
		if (mm->n_vmas + 2 > MM_MAX_VMAS)
			return -ENOMEM;
		if (v->start < start) {
			upper = vma_alloc();
			if (!upper)
				return -ENOMEM;
			vma_split(mm, v, start, upper);
			v = upper;
		}
		if (v->end > end) {
			upper = vma_alloc();
			if (!upper)
				return -ENOMEM;
			vma_split(mm, v, end, upper);
		}
		vma_set_mode(mm, v, v->prot, flags);
	}
	return 0;
}

/* Punch a hole into the shared file that @v maps. Called without the lock. */
static long remove_range(struct file *f, off_t off, uint64_t len)
{
	if (!f->ops->fallocate)
		return -EOPNOTSUPP;
	return f->ops->fallocate(f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				 off, (off_t)len);
}

/* The host locks nothing: to it they are the same. */
static int host_advice(const struct advice *a)
{
#ifdef MADV_DONTNEED_LOCKED
	if (a->advice == MADV_DONTNEED_LOCKED)
		return MADV_DONTNEED;
#endif
	return a->advice;
}

/*
 * What the host is still to be told: neighbours in one call, for the stack of
 * a thread and the guard below it are given back together at each thread's end.
 */
struct host_range {
	uint64_t from, to;
};

/* An advice that changes no flag of a vma is the same for neighbours. */
static bool may_join(const struct advice *a)
{
	return a->advice == MADV_DONTNEED || a->advice == MADV_FREE ||
	       a->kind == ADV_HINT;
}

static long host_tell(struct host_range *h, const struct advice *a)
{
	long r = 0;

	if (h->to > h->from)
		r = host_madvise(h->from, h->to - h->from, host_advice(a));
	h->from = h->to = 0;
	return a->kind == ADV_HINT ? 0 : r;
}

static int advise_check(const struct vma *v, const struct advice *a)
{
	switch (a->advice) {
	case MADV_DONTNEED:
	case MADV_FREE:
		if ((v->flags & VMA_LOCKED) ||
		    (a->advice == MADV_FREE && v->file))
			return -EINVAL;
		if ((v->flags & VMA_SEALED) && !v->file &&
		    !(v->prot & PROT_WRITE))
			return -EPERM;
		break;
	case MADV_WIPEONFORK:
		if (v->file || (v->flags & VMA_SHARED))
			return -EINVAL;
		break;
	}
	return 0;
}

/* The part of one vma, mm->lock held; the host may be told of it later. */
static int advise_vma(struct mm *mm, struct vma *v, uint64_t start,
		      uint64_t end, const struct advice *a,
		      struct host_range *h)
{
	uint64_t to = MIN(end, v->hole);
	long r = advise_check(v, a);

	if (r)
		return (int)r;
	if (a->kind == ADV_HOST || a->kind == ADV_HINT) {
		if (h->to != start || !may_join(a))
			r = host_tell(h, a);
		if (r)
			return (int)r;
		if (to > start) {
			h->from = h->to ? h->from : start;
			h->to = to;
		}
		if (!may_join(a))
			r = host_tell(h, a);
		/* Pages beyond a file's end fault. */
		if (!r && to < end && (a->advice == MADV_POPULATE_READ ||
				       a->advice == MADV_POPULATE_WRITE))
			r = -EFAULT;
	}
	if (!r && (a->set | a->clear))
		r = vma_set_flags(mm, start, end, a->set, a->clear);
	return (int)r;
}

static int advise_remove(struct mm *mm, uint64_t start, uint64_t end)
{
	while (start < end) {
		struct file *f;
		struct vma *v;
		uint64_t to;
		off_t off;
		long r;

		mutex_lock(&mm->lock);
		v = vma_find(mm, start);
		if (!v || (v->flags & VMA_LOCKED) || !v->file ||
		    !(v->flags & VMA_SHARED) || !(v->flags & VMA_MAYWRITE)) {
			r = !v ? -ENOMEM : v->flags & VMA_LOCKED || !v->file ?
				-EINVAL : -EACCES;
			mutex_unlock(&mm->lock);
			return (int)r;
		}
		f = v->file;
		file_get(f);
		to = MIN(v->end, end);
		off = v->off + (off_t)(start - v->start);
		mutex_unlock(&mm->lock);
		r = remove_range(f, off, to - start);
		file_put(f);
		if (r < 0)
			return (int)r;
		start = to;
	}
	return 0;
}

static int advise(struct mm *mm, uaddr_t addr, size_t len, int advice)
{
	const struct advice *a = advice_find(advice);
	struct host_range h = { 0 };
	struct vma *dead = NULL;
	uint64_t at = addr, end;
	bool hole = false;
	int err = 0;
	long r;

	if (!a || (addr & ~PAGE_MASK) || PAGE_UP(len) < len)
		return -EINVAL;
	end = addr + PAGE_UP(len);
	if (end < addr)
		return -EINVAL;
	if (a->kind == ADV_HWPOISON)
		return -EPERM;
	if (end == addr)
		return 0;
	if (advice == MADV_DONTNEED || advice == MADV_FREE)
		patch_change(mm, addr, end);
	if (a->kind == ADV_REMOVE)
		return advise_remove(mm, addr, end);
	mutex_lock(&mm->lock);
	while (at < end && !err) {
		struct vma *v = vma_find_above(mm, at);
		uint64_t to;

		if (!v || v->start >= end) {
			hole = true;
			break;
		}
		if (v->start > at || (v->flags & VMA_KERNEL)) {
			hole = true;
			if (a->advice == MADV_POPULATE_READ ||
			    a->advice == MADV_POPULATE_WRITE)
				break;
			at = v->flags & VMA_KERNEL ? v->end : v->start;
			continue;
		}
		to = MIN(v->end, end);
		err = advise_vma(mm, v, at, to, a, &h);
		at = to;
	}
	r = host_tell(&h, a);
	err = err ? err : (int)r;
	if (a->set | a->clear)
		vma_merge(mm, addr, end, &dead);
	mutex_unlock(&mm->lock);
	vma_free_list(dead);
	if (err)
		return err;
	return hole ? -ENOMEM : 0;
}

long sys_madvise(struct task *t, uaddr_t addr, size_t len, int advice)
{
	return advise(t->mm, addr, len, advice);
}

/*
 * Locked pages are counted against RLIMIT_MEMLOCK and made present; that the
 * host does not page them out cannot be had.
 */
static int lock_range(struct mm *mm, uaddr_t addr, size_t len, uint32_t set,
		      uint32_t clear)
{
	uint64_t start = PAGE_DOWN(addr), end, at, pages = 0, limit;
	struct vma *dead = NULL, *v;
	int err = 0;

	len = PAGE_UP(len + (addr - start));
	end = start + len;
	if (end < start)
		return -EINVAL;
	if (end == start)
		return 0;
	limit = mm_rlimit(RLIMIT_MEMLOCK);
	if (set && !limit)
		return -EPERM;
	mutex_lock(&mm->lock);
	for (at = start; at < end && !err; at = v->end) {
		v = vma_find(mm, at);
		if (!v || (v->flags & VMA_KERNEL)) {
			err = -ENOMEM;
			break;
		}
		if (!(v->flags & VMA_LOCKED))
			pages += (MIN(v->end, end) - at) >> PAGE_SHIFT;
	}
	if (!err && set && mm->locked_pages + pages > limit >> PAGE_SHIFT)
		err = -ENOMEM;
	if (!err)
		err = vma_set_flags(mm, start, end, set, clear);
	vma_merge(mm, start, end, &dead);
	mutex_unlock(&mm->lock);
	vma_free_list(dead);
	if (!err && (set & VMA_LOCKED) && !(set & VMA_LOCKONFAULT))
		(void)advise(mm, start, len, MADV_POPULATE_READ);
	return err;
}

long sys_mlock(struct task *t, uaddr_t addr, size_t len)
{
	return lock_range(t->mm, addr, len, VMA_LOCKED, VMA_LOCKONFAULT);
}

long sys_mlock2(struct task *t, uaddr_t addr, size_t len, int flags)
{
	if (flags & ~MLOCK_ONFAULT)
		return -EINVAL;
	if (flags)
		return lock_range(t->mm, addr, len,
				  VMA_LOCKED | VMA_LOCKONFAULT, 0);
	return lock_range(t->mm, addr, len, VMA_LOCKED, VMA_LOCKONFAULT);
}

long sys_munlock(struct task *t, uaddr_t addr, size_t len)
{
	return lock_range(t->mm, addr, len, 0, VMA_LOCKED | VMA_LOCKONFAULT);
}

static int lock_all(struct mm *mm, uint32_t set)
{
	struct vma *dead = NULL;
	int err;

	mutex_lock(&mm->lock);
	err = vma_set_flags(mm, GUEST_MIN, REGION_START, set,
			    VMA_LOCKED | VMA_LOCKONFAULT);
	vma_merge(mm, GUEST_MIN, REGION_START, &dead);
	mutex_unlock(&mm->lock);
	vma_free_list(dead);
	return err;
}

long sys_mlockall(struct task *t, int flags)
{
	struct mm *mm = t->mm;
	uint32_t set = VMA_LOCKED;
	uint64_t limit = mm_rlimit(RLIMIT_MEMLOCK);

	if (!flags || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) ||
	    flags == MCL_ONFAULT)
		return -EINVAL;
	if (!limit)
		return -EPERM;
	if (flags & MCL_ONFAULT)
		set |= VMA_LOCKONFAULT;
	if ((flags & MCL_CURRENT) && mm->total_pages > limit >> PAGE_SHIFT)
		return -ENOMEM;
	mutex_lock(&mm->lock);
	mm->def_flags = flags & MCL_FUTURE ? set : 0;
	mutex_unlock(&mm->lock);
	return flags & MCL_CURRENT ? lock_all(mm, set) : 0;
}

long sys_munlockall(struct task *t)
{
	mutex_lock(&t->mm->lock);
	t->mm->def_flags = 0;
	mutex_unlock(&t->mm->lock);
	return lock_all(t->mm, 0);
}
