/* SPDX-License-Identifier: Apache-2.0 */
/* map.c: mmap and munmap; mmap(2). */
#include <linux/errno.h>
#include <linux/mman.h>
#include <linux/personality.h>

#include "emul/host/host.h"
#include "emul/misc/sys_info.h"
#include "emul/mm/vma.h"
#include "emul/task/task.h"
#include "emul/vfs/vfs.h"
#include "interposer/patch.h"

/* What every file understands; others only by MAP_SHARED_VALIDATE. */
#define LEGACY_FLAGS	(MAP_SHARED | MAP_PRIVATE | MAP_FIXED | \
			 MAP_ANONYMOUS | MAP_DENYWRITE | MAP_EXECUTABLE | \
			 MAP_UNINITIALIZED | MAP_GROWSDOWN | MAP_LOCKED | \
			 MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | \
			 MAP_STACK | MAP_HUGETLB | MAP_32BIT)

#define HUGE_SIZE	(2UL << 20)

/*
 * Everything of [@start, @end) leaves the tree; the host is the caller's.
 * All or nothing: -ENOMEM.
 */
static int carve(struct mm *mm, uint64_t start, uint64_t end,
		 struct vma **dead)
{
	struct vma *v = vma_find_above(mm, start), *last = vma_find(mm, end);
	struct vma *upper = NULL, *rest = NULL;
	bool cut_first = v && v->start < start;
	bool cut_last = last && last->start < end;

	if (cut_first && v == last && mm->n_vmas >= MM_MAX_VMAS)
		return -ENOMEM;
	if (cut_first) {
		upper = vma_alloc();
		if (!upper)
			return -ENOMEM;
	}
	if (cut_last) {
		rest = vma_alloc();
		if (!rest) {
			vma_free(upper);
			return -ENOMEM;
		}
	}
	if (cut_first) {
		vma_split(mm, v, start, upper);
		if (v == last)
			last = upper;
		v = upper;
	}
	if (cut_last)
		vma_split(mm, last, end, rest);
	while (v && v->start < end) {
		struct vma *next = vma_next(v);

		vma_erase(mm, v);
		vma_bury(dead, v);
		v = next;
	}
	return 0;
}

static bool any_sealed(struct mm *mm, uint64_t start, uint64_t end)
{
	struct vma *v = vma_find_above(mm, start);

	for (; v && v->start < end; v = vma_next(v))
		if (v->flags & VMA_SEALED)
			return true;
	return false;
}

int unmap_locked(struct mm *mm, uint64_t start, uint64_t end,
		 struct vma **dead)
{
	long r;
	int err;

	if (!vma_overlaps(mm, start, end))
		return 0;
	if (any_sealed(mm, start, end))
		return -EPERM;
	err = carve(mm, start, end, dead);
	if (err)
		return err;
	r = host_munmap(start, end - start);
	return (int)r;
}

/* [@addr, @addr + @len) is in the guest's range. */
static bool range_ok(uint64_t addr, uint64_t len)
{
	return addr >= GUEST_MIN && len <= REGION_START &&
		addr <= REGION_START - len;
}

int mm_unmap(struct mm *mm, uaddr_t addr, size_t len)
{
	struct vma *dead = NULL;
	uint64_t end;
	int err;

	if ((addr & ~PAGE_MASK) || !len || addr > REGION_START ||
	    len > REGION_START - addr)
		return -EINVAL;
	end = addr + PAGE_UP(len);
	if (addr < GUEST_MIN)
		addr = GUEST_MIN;
	if (addr >= end)
		return 0;
	patch_unmap(mm, addr, end);
	mutex_lock(&mm->lock);
	err = unmap_locked(mm, addr, end, &dead);
	mutex_unlock(&mm->lock);
	vma_free_list(dead);
	return err;
}

int mm_unmap_file(struct mm *mm, uaddr_t addr, const struct file_ops *ops)
{
	struct vma *v, *next, *dead = NULL;
	struct file *f = NULL;
	uint64_t end = REGION_START;
	int err = 0;

	mutex_lock(&mm->lock);
	for (v = vma_find_above(mm, addr); v && v->start < end && !err;
	     v = next) {
		next = vma_next(v);
		/* Of the right file, and where it would be from @addr on? */
		if (!v->file || v->file->ops != ops || (f && v->file != f) ||
		    v->start < addr || v->start - addr != (uint64_t)v->off)
			continue;
		if (!f) {
			f = v->file;
			file_get(f);
			end = addr + PAGE_UP(f->inode->size);
		}
		err = unmap_locked(mm, v->start, v->end, &dead);
	}
	mutex_unlock(&mm->lock);
	vma_free_list(dead);
	if (!f)
		return -EINVAL;
	file_put(f);
	return err;
}

/*
 * May the address space grow by @pages, of which those of kind @data count
 * for RLIMIT_DATA?
 */
static bool may_expand(const struct mm *mm, uint64_t pages, bool data)
{
	uint64_t as = mm_rlimit(RLIMIT_AS) >> PAGE_SHIFT;
	uint64_t memory = sysinfo_get()->max_memory;

	if (mm->total_pages + pages > as)
		return false;
	/* Nor more at once than there can be, as Linux's overcommit_memory 0. */
	if (memory && data && pages > memory >> PAGE_SHIFT)
		return false;
	return !data || mm->data_pages + pages <=
		mm_rlimit(RLIMIT_DATA) >> PAGE_SHIFT;
}

static uint64_t pages_in(struct mm *mm, uint64_t start, uint64_t end)
{
	struct vma *v = vma_find_above(mm, start);
	uint64_t n = 0;

	for (; v && v->start < end; v = vma_next(v))
		n += MIN(v->end, end) - MAX(v->start, start);
	return n >> PAGE_SHIFT;
}

/* As get_unmapped_area: an address that is free (or fixed), or -errno. */
static long choose(struct mm *mm, uint64_t addr, uint64_t len, int flags)
{
	uint64_t lo = GUEST_MIN, hi = mm->mmap_base, at;
	struct vma *next;

	if (len > REGION_START - GUEST_MIN)
		return -ENOMEM;
	if (flags & MAP_FIXED) {
		if (addr > REGION_START - len)
			return -ENOMEM;
		if (addr & ~PAGE_MASK)
			return -EINVAL;
		if (addr < GUEST_MIN)
			return -EPERM;
		return (long)addr;
	}
	addr &= PAGE_MASK;
	if (addr && addr < GUEST_MIN)
		addr = GUEST_MIN;
	if (addr && addr <= REGION_START - len &&
	    (!(flags & MAP_32BIT) || addr + len <= 0x80000000UL)) {
		next = vma_find_above(mm, addr);
		at = next ? next->start : REGION_START;
		if (next && (next->flags & (VMA_GROWSDOWN | VMA_STACK)))
			at -= MIN(at, STACK_GUARD);
		if (addr + len <= at)
			return (long)addr;
	}
	if (flags & MAP_32BIT) {
		at = vma_gap_up(mm, 0x40000000, 0x80000000, len, PAGE_SIZE);
		return at ? (long)at : -ENOMEM;
	}
	/* As Linux does since 6.7, so that huge pages fit. */
	if ((flags & MAP_ANONYMOUS) && len % HUGE_SIZE == 0) {
		at = vma_gap_down(mm, lo, hi, len, HUGE_SIZE);
		if (at)
			return (long)at;
	}
	at = vma_gap_down(mm, lo, hi, len, PAGE_SIZE);
	if (!at)
		at = vma_gap_up(mm, PAGE_DOWN(REGION_START / 3), REGION_START,
				len, PAGE_SIZE);
	return at ? (long)at : -ENOMEM;
}

/* Rights and flags of a mapping of @file; 0 or -errno. */
static int check_file(struct file *file, int *prot, int flags,
		      uint32_t *vma_flags, bool implied_exec)
{
	switch (flags & MAP_TYPE) {
	case MAP_SHARED_VALIDATE:
		/* No file is mapped with MAP_SYNC or others of its kind. */
		if (flags & ~(LEGACY_FLAGS | MAP_SHARED_VALIDATE))
			return -EOPNOTSUPP;
		__fallthrough;
	case MAP_SHARED:
		if ((*prot & PROT_WRITE) && !(file->mode & FMODE_WRITE))
			return -EACCES;
		*vma_flags |= VMA_SHARED;
		if (!(file->mode & FMODE_WRITE) ||
		    (file->ops->write_sealed && file->ops->write_sealed(file)))
			*vma_flags &= ~VMA_MAYWRITE;
		__fallthrough;
	case MAP_PRIVATE:
		if (!(file->mode & FMODE_READ))
			return -EACCES;
		if (file->path.mnt && (file->path.mnt->flags & MNT_NOEXEC)) {
			if (implied_exec)
				*prot &= ~PROT_EXEC;
			if (*prot & PROT_EXEC)
				return -EPERM;
			*vma_flags &= ~VMA_MAYEXEC;
		}
		if (!file->ops->mmap)
			return -ENODEV;
		if (flags & MAP_GROWSDOWN)
			return -EINVAL;
		return 0;
	}
	return -EINVAL;
}

static int check_anon(int flags, uint32_t *vma_flags)
{
	switch (flags & MAP_TYPE) {
	case MAP_SHARED:
		if (flags & MAP_GROWSDOWN)
			return -EINVAL;
		*vma_flags |= VMA_SHARED;
		return 0;
	case MAP_PRIVATE:
		if (flags & MAP_GROWSDOWN)
			*vma_flags |= VMA_GROWSDOWN;
		return 0;
	}
	return -EINVAL;
}

static int check_locked(struct mm *mm, uint64_t pages)
{
	uint64_t limit = mm_rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;

	return mm->locked_pages + pages > limit ? -EAGAIN : 0;
}

/* The part of mm_map() under the lock; @new is filled but for its place. */
static long map_locked(struct mm *mm, struct vma *new, uint64_t addr,
		       uint64_t len, int flags, const struct pieces *ps,
		       struct vma **dead)
{
	bool data = (new->prot & PROT_WRITE) &&
		!(new->flags & (VMA_SHARED | VMA_STACK));
	long at;
	int err;

	if (mm->n_vmas >= MM_MAX_VMAS)
		return -ENOMEM;
	at = choose(mm, addr, len, flags);
	if (at < 0)
		return at;
	addr = (uint64_t)at;
	if ((flags & MAP_FIXED_NOREPLACE) && vma_overlaps(mm, addr, addr + len))
		return -EEXIST;
	if (new->flags & VMA_LOCKED) {
		err = check_locked(mm, len >> PAGE_SHIFT);
		if (err)
			return err;
	}
	if (!(new->flags & (VMA_STACK | VMA_VDSO | VMA_KERNEL)) &&
	    !may_expand(mm, len >> PAGE_SHIFT, data) &&
	    !may_expand(mm, (len >> PAGE_SHIFT) -
			pages_in(mm, addr, addr + len), data))
		return -ENOMEM;
	if (vma_overlaps(mm, addr, addr + len)) {
		if (any_sealed(mm, addr, addr + len))
			return -EPERM;
		err = carve(mm, addr, addr + len, dead);
		if (err)
			return err;
	}
	new->start = addr;
	new->end = addr + len;
	new->hole = new->end;
	if (ps) {
		err = pieces_map(ps, addr, len, new->prot, new->flags);
		/* NOLINTNEXTLINE: with a file there are always pieces */
		new->hole = addr + MIN(len, ps->len);
	} else {
		err = anon_map(addr, len, new->prot, new->flags);
	}
	if (err) {
		host_munmap(addr, len);
		return err;
	}
	vma_insert(mm, new);
	return at;
}

static void populate(const struct vma *v, uint64_t start, uint64_t len)
{
	if (!(v->prot & (PROT_READ | PROT_WRITE | PROT_EXEC)))
		return;
	/* An advice: where the host cannot, pages come when touched. */
	host_madvise(start, len, v->prot & PROT_WRITE ?
		     MADV_POPULATE_WRITE : MADV_POPULATE_READ);
}

/* Map @new, which is taken over, and do what comes after it. */
static long map_new(struct mm *mm, struct vma *new, uaddr_t addr, size_t len,
		    int flags, const struct pieces *ps)
{
	struct vma *dead = NULL, seen;
	long at;

	if ((flags & MAP_FIXED) && !(flags & MAP_FIXED_NOREPLACE) &&
	    range_ok(addr, len))
		patch_unmap(mm, addr, addr + len);
	mutex_lock(&mm->lock);
	at = map_locked(mm, new, addr, len, flags, ps, &dead);
	if (at < 0) {
		mutex_unlock(&mm->lock);
		vma_free_list(dead);
		vma_free(new);
		return at;
	}
	seen = *new;
	vma_merge(mm, seen.start, seen.end, &dead);
	mutex_unlock(&mm->lock);
	vma_free_list(dead);

	if (((flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE) ||
	    (seen.flags & (VMA_LOCKED | VMA_LOCKONFAULT)) == VMA_LOCKED)
		populate(&seen, seen.start, seen.hole - seen.start);
	if (vma_is_text(&seen))
		patch_mapped(mm, seen.start);
	return at;
}

long mm_map(struct mm *mm, uaddr_t addr, size_t len, int prot, int flags,
	    struct file *file, off_t off)
{
	uint32_t vma_flags = VMA_MAYREAD | VMA_MAYWRITE | VMA_MAYEXEC;
	struct task *t = current();
	struct pieces ps = { .n = 0 };
	bool implied = false;
	struct vma *new;
	long r;
	int err;

	if (!len)
		return -EINVAL;
	prot &= PROT_READ | PROT_WRITE | PROT_EXEC;
	if ((prot & PROT_READ) && !(prot & PROT_EXEC) && t &&
	    (t->personality & READ_IMPLIES_EXEC)) {
		prot |= PROT_EXEC;
		implied = true;
	}
	if (flags & MAP_FIXED_NOREPLACE)
		flags |= MAP_FIXED;
	if (PAGE_UP(len) < len)
		return -ENOMEM;
	len = PAGE_UP(len);
	if (file && (uint64_t)off > (uint64_t)INT64_MAX - len)
		return -EOVERFLOW;
	/* The place is checked first, as Linux does. */
	mutex_lock(&mm->lock);
	r = choose(mm, addr, len, flags);
	if (r >= 0 && (flags & MAP_FIXED_NOREPLACE) &&
	    vma_overlaps(mm, (uint64_t)r, (uint64_t)r + len))
		r = -EEXIST;
	mutex_unlock(&mm->lock);
	if (r < 0)
		return r;
	if (flags & MAP_LOCKED) {
		if (!mm_rlimit(RLIMIT_MEMLOCK))
			return -EPERM;
		vma_flags |= VMA_LOCKED;
	}
	vma_flags |= mm->def_flags;
	if (flags & MAP_NORESERVE)
		vma_flags |= VMA_NORESERVE;
	if (file) {
		err = check_file(file, &prot, flags, &vma_flags, implied);
		if (!err)
			inode_read(file->inode, file->path.mnt, file->flags);
	} else {
		err = check_anon(flags, &vma_flags);
		off = 0;
	}
	if (err)
		return err;

	new = vma_alloc();
	if (!new)
		return -ENOMEM;
	if (file) {
		file_get(file);
	} else if (vma_flags & VMA_SHARED) {
		file = mm_shared_zero(len);
		if (is_err(file)) {
			vma_free(new);
			return ptr_err(file);
		}
	}
	new->prot = prot;
	new->flags = vma_flags;
	new->off = off;
	if (file)
		vma_set_file(new, file);
	if (file) {
		err = pieces_get(&ps, file, off, len, prot, flags);
		if (!err && (vma_flags & VMA_SHARED) && ps.n &&
		    ps.p[0].fd < 0) {
			/* /dev/zero: as shared anonymous memory */
			pieces_put(&ps);
			vma_drop_file(new);
			file = mm_shared_zero(len);
			err = is_err(file) ? (int)ptr_err(file) : 0;
			if (!err) {
				vma_set_file(new, file);
				new->off = 0;
				err = pieces_get(&ps, file, 0, len, prot,
						 flags);
			}
		} else if (!err && ps.n && ps.p[0].fd < 0 &&
			   !(vma_flags & VMA_SHARED)) {
			ps.len = len;
		}
		if (err) {
			vma_free(new);
			return err;
		}
	}
	r = map_new(mm, new, addr, len, flags, file ? &ps : NULL);
	if (file)
		pieces_put(&ps);
	return r;
}

long mm_map_special(struct mm *mm, uaddr_t addr, size_t len, int prot,
		    int flags, uint32_t vma_flags)
{
	return mm_map_host(mm, addr, len, prot, flags, vma_flags, -1, 0);
}

long mm_map_host(struct mm *mm, uaddr_t addr, size_t len, int prot, int flags,
		 uint32_t vma_flags, int fd, off_t off)
{
	struct vma *new = vma_alloc();
	struct pieces ps = {
		.n = 1, .cap = 1, .len = PAGE_UP(len),
		.first = {{ fd, off, PAGE_UP(len) }},
	};

	if (!new)
		return -ENOMEM;
	new->prot = prot;
	new->flags = vma_flags | VMA_MAYREAD | VMA_MAYWRITE | VMA_MAYEXEC;
	if (flags & MAP_NORESERVE)
		new->flags |= VMA_NORESERVE;
	if (flags & MAP_FIXED_NOREPLACE)
		flags |= MAP_FIXED;
	ps.p = ps.first;
	return map_new(mm, new, addr, PAGE_UP(len), flags,
		       fd < 0 ? NULL : &ps);
}

long mm_map_thunks(struct mm *mm, uint64_t start, uint64_t end, size_t len)
{
	/* rel32 reaches 2 GiB; keep a margin for the size of both. */
	const uint64_t reach = (1UL << 31) - (1UL << 20);
	struct vma *new;
	uint64_t lo, hi, at;

	len = PAGE_UP(len);
	if (end - start + len >= reach)
		return -ENOMEM;
	lo = end > reach + GUEST_MIN ? end - reach : GUEST_MIN;
	hi = MIN(start + reach, REGION_START);
	new = vma_alloc();
	if (!new)
		return -ENOMEM;
	new->prot = PROT_NONE;
	new->flags = VMA_KERNEL | VMA_MAYREAD | VMA_MAYWRITE | VMA_MAYEXEC;
	mutex_lock(&mm->lock);
	/* Below first: above an image its heap may want to grow. */
	at = vma_gap_down(mm, lo, start, len, PAGE_SIZE);
	if (!at)
		at = vma_gap_up(mm, end, hi, len, PAGE_SIZE);
	if (!at || mm->n_vmas >= MM_MAX_VMAS ||
	    anon_map(at, len, PROT_NONE, 0)) {
		mutex_unlock(&mm->lock);
		vma_free(new);
		return -ENOMEM;
	}
	new->start = at;
	new->end = new->hole = at + len;
	vma_insert(mm, new);
	mutex_unlock(&mm->lock);
	return (long)at;
}
