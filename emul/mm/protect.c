/* SPDX-License-Identifier: Apache-2.0 */
/* protect.c: mprotect; mprotect(2). */
#include <linux/errno.h>
#include <linux/mman.h>

#include "emul/host/host.h"
#include "emul/mm/vma.h"
#include "emul/vfs/vfs.h"
#include "interposer/patch.h"

#define PROT_RWX	(PROT_READ | PROT_WRITE | PROT_EXEC)

/* Is there text of a file in the range? */
static bool has_text(struct mm *mm, uint64_t start, uint64_t end)
{
	bool text = false;
	struct vma *v;

	mutex_lock(&mm->lock);
	v = vma_find_above(mm, start);
	for (; v && v->start < end && !text; v = vma_next(v))
		text = vma_is_text(v);
	mutex_unlock(&mm->lock);
	return text;
}

static bool data_limit_hit(struct mm *mm, const struct vma *v, int prot,
			   uint64_t len)
{
	if ((v->prot & PROT_WRITE) || !(prot & PROT_WRITE) ||
	    (v->flags & (VMA_SHARED | VMA_STACK)))
		return false;
	return mm->data_pages + (len >> PAGE_SHIFT) >
		mm_rlimit(RLIMIT_DATA) >> PAGE_SHIFT;
}

/* One vma, all or a part of it: [@start, @end) inside of it. */
static int protect_vma(struct mm *mm, struct vma *v, uint64_t start,
		       uint64_t end, int prot)
{
	struct vma *upper = NULL, *rest = NULL;
	uint64_t to = MIN(end, v->hole);
	unsigned int more = (v->start < start) + (v->end > end);
	long r;

	if (((prot & PROT_READ) && !(v->flags & VMA_MAYREAD)) ||
	    ((prot & PROT_WRITE) && !(v->flags & VMA_MAYWRITE)) ||
	    ((prot & PROT_EXEC) && !(v->flags & VMA_MAYEXEC)))
		return -EACCES;
	if (v->flags & VMA_SEALED)
		return -EPERM;
	if (v->prot == prot)
		return 0;
	if (data_limit_hit(mm, v, prot, end - start))
		return -ENOMEM;
	if (more && mm->n_vmas + more > MM_MAX_VMAS)
		return -ENOMEM;
	if (v->start < start) {
		upper = vma_alloc();
		if (!upper)
			return -ENOMEM;
	}
	if (v->end > end) {
		rest = vma_alloc();
		if (!rest) {
			vma_free(upper);
			return -ENOMEM;
		}
	}
	if (to > start) {
		r = host_mprotect(start, to - start, prot);
		if (r < 0) {
			vma_free(upper);
			vma_free(rest);
			return (int)r;
		}
	}
	if (upper) {
		vma_split(mm, v, start, upper);
		v = upper;
	}
	if (rest)
		vma_split(mm, v, end, rest);
	vma_set_mode(mm, v, prot, v->flags);
	return 0;
}

int mm_protect(struct mm *mm, uaddr_t addr, size_t len, int prot)
{
	int grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP), err = 0;
	struct vma *dead = NULL, *v;
	uint64_t start = addr, end;

	prot &= ~(PROT_GROWSDOWN | PROT_GROWSUP);
	if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || (addr & ~PAGE_MASK))
		return -EINVAL;
	if (!len)
		return 0;
	end = start + PAGE_UP(len);
	if (end <= start)
		return -ENOMEM;
	if (prot & ~(PROT_RWX | PROT_SEM))
		return -EINVAL;
	prot &= PROT_RWX;
	if ((prot & PROT_WRITE) && has_text(mm, start, end))
		patch_change(mm, start, end);

	mutex_lock(&mm->lock);
	v = vma_find_above(mm, start);
	if (!v || (v->flags & VMA_KERNEL)) {
		err = -ENOMEM;
		goto out;
	}
	if (grows & PROT_GROWSDOWN) {
		if (v->start >= end)
			err = -ENOMEM;
		else if (!(v->flags & (VMA_GROWSDOWN | VMA_STACK)))
			err = -EINVAL;
		if (err)
			goto out;
		start = v->start;
	} else if (v->start > start) {
		err = -ENOMEM;
		goto out;
	} else if (grows & PROT_GROWSUP) {
		err = -EINVAL;
		goto out;
	}
	for (uint64_t at = start; at < end; ) {
		uint64_t to;

		v = vma_find(mm, at);
		if (!v || (v->flags & VMA_KERNEL)) {
			err = -ENOMEM;
			break;
		}
		to = MIN(v->end, end);
		err = protect_vma(mm, v, at, to, prot);
		if (err)
			break;
		at = to;
	}
	vma_merge(mm, start, end, &dead);
out:
	mutex_unlock(&mm->lock);
	vma_free_list(dead);
	return err;
}
