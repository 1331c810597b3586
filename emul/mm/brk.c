/* SPDX-License-Identifier: Apache-2.0 */
/* brk.c: what grows: the heap, brk(2), and stacks. */
#include <linux/mman.h>

#include "emul/host/host.h"
#include "emul/mm/vma.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"

/* Never fails: what it returns is where the heap ends now. */
long sys_brk(struct task *t, uaddr_t addr)
{
	struct mm *mm = t->mm;
	uint64_t old, new, old_end, limit = mm_rlimit(RLIMIT_DATA);
	struct vma *next;
	long r;

	mutex_lock(&mm->lock);
	old = mm->brk;
	old_end = PAGE_UP(old);
	if (addr < mm->brk_start || addr > REGION_START - PAGE_SIZE)
		goto out;
	if (addr - mm->brk_start > limit ||
	    mm->data_end - mm->data_start > limit - (addr - mm->brk_start))
		goto out;
	new = PAGE_UP(addr);
	if (new <= old_end) {
		mutex_unlock(&mm->lock);
		if (new < old_end && mm_unmap(mm, new, old_end - new))
			return (long)old;
		mutex_lock(&mm->lock);
		old = mm->brk = addr;
		goto out;
	}
	/* A page stays free between the heap and what comes next. */
	next = vma_find_above(mm, old_end);
	if (next && next->start < new + PAGE_SIZE)
		goto out;
	if (mm->total_pages + ((new - old_end) >> PAGE_SHIFT) >
	    mm_rlimit(RLIMIT_AS) >> PAGE_SHIFT)
		goto out;
	mutex_unlock(&mm->lock);
	r = mm_map_special(mm, old_end, new - old_end, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
			   VMA_HEAP);
	if (r < 0)
		return (long)old;
	mutex_lock(&mm->lock);
	old = mm->brk = addr;
out:
	mutex_unlock(&mm->lock);
	return (long)old;
}

/* So far below its stack pointer a thread has nothing that counts. */
#define STACK_SLACK	(16 * PAGE_SIZE)

void mm_stack_limit(struct mm *mm, uint64_t limit, uint64_t sp)
{
	struct vma *v, *prev;
	uint64_t low, floor = GUEST_MIN, cut = 0, old = 0;

	mutex_lock(&mm->lock);
	v = vma_find(mm, mm->stack_low);
	if (!v || !(v->flags & VMA_STACK) || v->start != mm->stack_low)
		goto out;
	if (limit > STACK_ROOM_MAX)
		limit = STACK_ROOM_MAX;
	low = PAGE_DOWN(mm->stack_top - MIN(limit, mm->stack_top));
	prev = vma_prev(v);
	if (prev)
		floor = prev->end + STACK_GUARD;
	low = MAX(low, floor);
	if (low > v->start && sp > v->start && sp <= v->end) {
		old = v->start;
		cut = MIN(low, PAGE_DOWN(sp - MIN(STACK_SLACK, sp - old)));
		mm->stack_low = MAX(cut, old);
	}
	if (low >= v->start)
		goto out;
	if (anon_map(low, v->start - low, v->prot, v->flags))
		goto out;
	vma_set_range(mm, v, low, v->end);
	mm->stack_low = low;
out:
	mutex_unlock(&mm->lock);
	if (cut > old && mm_unmap(mm, old, cut - old))
		barrier();	/* no memory to cut it: it stays */
}

bool mm_grow_down(struct mm *mm, uaddr_t addr)
{
	uint64_t low = PAGE_DOWN(addr), pages;
	struct vma *v, *prev;
	bool grown = false;

	mutex_lock(&mm->lock);
	v = vma_find_above(mm, addr);
	if (!v || v->start <= addr || !(v->flags & VMA_GROWSDOWN))
		goto out;
	prev = vma_prev(v);
	if (low < GUEST_MIN || v->end - low > mm_rlimit(RLIMIT_STACK) ||
	    (prev && low < prev->end + STACK_GUARD &&
	     !(prev->flags & VMA_GROWSDOWN) && prev->prot))
		goto out;
	if (prev && low < prev->end)
		goto out;
	pages = (v->start - low) >> PAGE_SHIFT;
	if (mm->total_pages + pages > mm_rlimit(RLIMIT_AS) >> PAGE_SHIFT)
		goto out;
	if (anon_map(low, v->start - low, v->prot, v->flags))
		goto out;
	vma_set_range(mm, v, low, v->end);
	grown = true;
out:
	mutex_unlock(&mm->lock);
	return grown;
}
