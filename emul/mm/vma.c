/* SPDX-License-Identifier: Apache-2.0 */
/* vma.c: the tree of vmas: keeping it, and finding room in it. */
#include "emul/mm/vma.h"

#include <linux/mman.h>

#include "emul/fs/aio.h"
#include "emul/lib/alloc.h"
#include "emul/lib/live.h"
#include "emul/mm/args.h"
#include "emul/task/task.h"
#include "emul/vfs/vfs.h"
#include "interposer/patch.h"

uint64_t mm_rlimit(int which)
{
	struct task *t = current();

	return t ? load_once(&t->group->rlimits[which].cur) : UINT64_MAX;
}

struct vma *vma_alloc(void)
{
	struct vma *v = kzalloc(sizeof(*v));

	live_add(LIVE_VMA, v != NULL);
	return v;
}

/* Shared, and may be written now or by mprotect(2). */
static void count_shared(const struct vma *v, uint32_t n)
{
	if ((v->flags & (VMA_SHARED | VMA_MAYWRITE)) ==
	    (VMA_SHARED | VMA_MAYWRITE))
		__atomic_fetch_add(&v->file->inode->n_shared, n,
				   __ATOMIC_SEQ_CST);
}

void vma_set_file(struct vma *v, struct file *f)
{
	v->file = f;
	count_shared(v, 1);
	if (f->ops->mapped)
		f->ops->mapped(f, true);
}

void vma_drop_file(struct vma *v)
{
	struct file *f = v->file;

	count_shared(v, -1U);
	if (f->ops->mapped)
		f->ops->mapped(f, false);
	v->file = NULL;
	file_put(f);
}

void vma_free(struct vma *v)
{
	if (v && v->file)
		vma_drop_file(v);
	live_add(LIVE_VMA, -(v != NULL));
	kfree(v);
}

void vma_bury(struct vma **dead, struct vma *v)
{
	v->node.parent = *dead ? &(*dead)->node : NULL;
	*dead = v;
}

void vma_free_list(struct vma *dead)
{
	while (dead) {
		struct vma *next = vma_of(dead->node.parent);

		vma_free(dead);
		dead = next;
	}
}

/* What the subtree of @n spans, and the largest hole in that span. */
static void vma_update(struct rb_node *n)
{
	struct vma *v = rb_entry(n, struct vma, node);
	struct vma *l = vma_of(n->left), *r = vma_of(n->right);
	uint64_t gap = 0;

	v->sub_start = v->start;
	v->sub_end = v->end;
	if (l) {
		v->sub_start = l->sub_start;
		gap = MAX(l->sub_gap, v->start - l->sub_end);
	}
	if (r) {
		v->sub_end = r->sub_end;
		gap = MAX(gap, MAX(r->sub_gap, r->sub_start - v->end));
	}
	v->sub_gap = gap;
}

static bool counts_as_data(const struct vma *v)
{
	return (v->prot & PROT_WRITE) && !(v->flags & (VMA_SHARED | VMA_STACK));
}

/* Add @v to the counters, or take it out of them. */
static void count(struct mm *mm, const struct vma *v, bool add)
{
	uint64_t pages = (v->end - v->start) >> PAGE_SHIFT;

	if (v->flags & VMA_KERNEL)
		return;
	if (!add)
		pages = -pages;
	mm->total_pages += pages;
	if (counts_as_data(v))
		mm->data_pages += pages;
	if (v->flags & VMA_LOCKED)
		mm->locked_pages += pages;
}

struct mm *mm_create(void)
{
	struct mm *mm = kzalloc(sizeof(*mm));

	if (!mm)
		return NULL;
	live_add(LIVE_MM, 1);
	ref_init(&mm->ref);
	mutex_init_class(&mm->lock, LOCK_MM);
	rb_init(&mm->vmas, vma_update);
	mm->mmap_base = PAGE_DOWN(REGION_START - (1UL << 30));
	return mm;
}

static void free_tree(struct mm *mm)
{
	struct vma *v = vma_first(mm);

	while (v) {
		struct vma *next = vma_next(v);

		rb_erase(&mm->vmas, &v->node);
		vma_free(v);
		v = next;
	}
}

void mm_put(struct mm *mm)
{
	if (!mm || !ref_put(&mm->ref))
		return;
	free_tree(mm);
	patch_free(mm);
	aio_exit(mm);
	args_free(mm);
	if (mm->exe)
		file_put(mm->exe);
	live_add(LIVE_MM, -1);
	kfree(mm);
}

struct mm *mm_dup(struct mm *mm)
{
	struct mm *new = kzalloc(sizeof(*new));
	struct vma *v;

	if (!new)
		return NULL;
	*new = *mm;
	args_share(new, mm);
	new->aio = NULL;
	live_add(LIVE_MM, 1);
	ref_init(&new->ref);
	mutex_init_class(&new->lock, LOCK_MM);
	rb_init(&new->vmas, vma_update);
	new->n_vmas = 0;
	new->n_tasks = 0;
	new->total_pages = new->data_pages = new->locked_pages = 0;
	new->def_flags = 0;
	new->patch = NULL;
	if (new->exe)
		ref_get(&new->exe->ref);
	for (v = vma_first(mm); v; v = vma_next(v)) {
		struct vma *c;

		if (v->flags & VMA_DONTFORK)
			continue;
		c = vma_alloc();
		if (!c) {
			mm_put(new);
			return NULL;
		}
		*c = *v;
		/* Locks are not inherited, mlock(2). */
		c->flags &= ~(VMA_LOCKED | VMA_LOCKONFAULT);
		if (c->file) {
			file_get(c->file);
			vma_set_file(c, c->file);
		}
		vma_insert(new, c);
	}
	if (patch_fork(new, mm)) {
		mm_put(new);
		return NULL;
	}
	return new;
}

void vma_insert(struct mm *mm, struct vma *v)
{
	struct rb_node **link = &mm->vmas.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = v->start < rb_entry(parent, struct vma, node)->start ?
			&parent->left : &parent->right;
	}
	rb_insert(&mm->vmas, &v->node, parent, link);
	mm->n_vmas++;
	count(mm, v, true);
}

void vma_erase(struct mm *mm, struct vma *v)
{
	rb_erase(&mm->vmas, &v->node);
	mm->n_vmas--;
	count(mm, v, false);
}

void vma_set_range(struct mm *mm, struct vma *v, uint64_t start, uint64_t end)
{
	count(mm, v, false);
	v->start = start;
	v->end = end;
	count(mm, v, true);
	rb_update(&mm->vmas, &v->node);
}

void vma_set_mode(struct mm *mm, struct vma *v, int prot, uint32_t flags)
{
	count(mm, v, false);
	v->prot = prot;
	v->flags = flags;
	count(mm, v, true);
}

void vma_split(struct mm *mm, struct vma *v, uint64_t addr, struct vma *upper)
{
	upper->start = addr;
	upper->end = v->end;
	upper->flags = v->flags;
	upper->prot = v->prot;
	if (v->file) {
		file_get(v->file);
		vma_set_file(upper, v->file);
		upper->off = v->off + (off_t)(addr - v->start);
	}
	upper->hole = MAX(v->hole, addr);
	v->hole = MIN(v->hole, addr);
	vma_set_range(mm, v, v->start, addr);
	vma_insert(mm, upper);
}

static bool can_join(const struct vma *a, const struct vma *b)
{
	if (a->end != b->start || a->flags != b->flags || a->prot != b->prot ||
	    a->file != b->file)
		return false;
	/* What is not backed lies at the end, or it could not be told. */
	if (a->hole != a->end && b->hole != b->start)
		return false;
	if (a->flags & (VMA_KERNEL | VMA_VDSO))
		return false;
	return !a->file || a->off + (off_t)(a->end - a->start) == b->off;
}

void vma_merge(struct mm *mm, uint64_t start, uint64_t end, struct vma **dead)
{
	struct vma *v = vma_find_above(mm, start ? start - 1 : 0);

	if (!v)
		return;
	while (v->start <= end) {
		struct vma *next = vma_next(v);

		if (!next)
			break;
		if (!can_join(v, next)) {
			v = next;
			continue;
		}
		vma_erase(mm, next);
		if (v->hole == v->end)
			v->hole = next->hole;
		vma_set_range(mm, v, v->start, next->end);
		vma_bury(dead, next);
	}
}

struct vma *vma_find_above(struct mm *mm, uaddr_t addr)
{
	struct rb_node *n = mm->vmas.node;
	struct vma *best = NULL;

	while (n) {
		struct vma *v = rb_entry(n, struct vma, node);

		if (v->end > addr) {
			best = v;
			if (v->start <= addr)
				break;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	return best;
}

struct vma *vma_find(struct mm *mm, uaddr_t addr)
{
	struct vma *v = vma_find_above(mm, addr);

	return v && v->start <= addr ? v : NULL;
}

bool vma_overlaps(struct mm *mm, uint64_t start, uint64_t end)
{
	struct vma *v = vma_find_above(mm, start);

	return v && v->start < end;
}

/* What is searched for; @lo and @hi bound the place itself. */
struct want {
	uint64_t lo, hi, len, align;
};

/* The highest (or lowest) place in the free range [@start, @end), or 0. */
static uint64_t fit(const struct want *w, uint64_t start, uint64_t end,
		    bool down)
{
	start = MAX(start, w->lo);
	end = MIN(end, w->hi);
	if (start >= end || end - start < w->len)
		return 0;
	if (down) {
		uint64_t at = ALIGN_DOWN(end - w->len, w->align);

		return at >= start ? at : 0;
	}
	start = ALIGN_UP(start, w->align);
	return start < end && end - start >= w->len ? start : 0;
}

/*
 * Search the space [@start, @end), in which just the vmas of the subtree @n
 * lie.  Its depth is that of the tree.
 */
static uint64_t search(const struct want *w, struct rb_node *n,
		       uint64_t start, uint64_t end, bool down)
{
	struct vma *v = vma_of(n);
	uint64_t at;

	if (start >= w->hi || end <= w->lo || end - start < w->len)
		return 0;
	if (!v)
		return fit(w, start, end, down);
	if (v->sub_gap < w->len && v->sub_start - start < w->len &&
	    end - v->sub_end < w->len)
		return 0;
	if (down) {
		at = search(w, n->right, v->end, end, down);
		return at ? at : search(w, n->left, start, v->start, down);
	}
	at = search(w, n->left, start, v->start, down);
	return at ? at : search(w, n->right, v->end, end, down);
}

uint64_t vma_gap_down(struct mm *mm, uint64_t lo, uint64_t hi, uint64_t len,
		      uint64_t align)
{
	struct want w = { lo, hi, len, align };

	return search(&w, mm->vmas.node, GUEST_MIN, REGION_START, true);
}

uint64_t vma_gap_up(struct mm *mm, uint64_t lo, uint64_t hi, uint64_t len,
		    uint64_t align)
{
	struct want w = { lo, hi, len, align };

	return search(&w, mm->vmas.node, GUEST_MIN, REGION_START, false);
}
