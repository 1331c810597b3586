/* SPDX-License-Identifier: Apache-2.0 */
/* vma.h: the tree of vmas, for emul/mm alone.  mm->lock is held everywhere. */
#ifndef SBX_MM_VMA_H
#define SBX_MM_VMA_H

#include <linux/mman.h>

#include "emul/lib/uapi.h"
#include "emul/mm/mm.h"

/* Linux's stack_guard_gap. */
#define STACK_GUARD	(256 * PAGE_SIZE)
/* A stack without a limit gets this much. */
#define STACK_ROOM_MAX	(16UL << 30)

/* The calling task's soft limit, bytes. */
uint64_t mm_rlimit(int which);

/* Is it text of a file, which interposer/patch.c may have rewritten? */
static inline bool vma_is_text(const struct vma *v)
{
	return v->file && (v->prot & PROT_EXEC) && !(v->flags & VMA_SHARED);
}

/* Memory for a vma; not in the tree yet. */
struct vma *vma_alloc(void) __must_check;
/* It shows @f from now on, whose reference it takes over; flags are set. */
void vma_set_file(struct vma *v, struct file *f);
/* And no longer. */
void vma_drop_file(struct vma *v);
/* Free a vma that is in no tree, and put its file. */
void vma_free(struct vma *v);

void vma_insert(struct mm *mm, struct vma *v);
void vma_erase(struct mm *mm, struct vma *v);
/* Change the bounds of @v where it stands; the order must not change. */
void vma_set_range(struct mm *mm, struct vma *v, uint64_t start,
		   uint64_t end);
/* Change prot and flags, and keep the counters right. */
void vma_set_mode(struct mm *mm, struct vma *v, int prot, uint32_t flags);

/*
 * Cut @v at @addr inside of it: @v keeps the lower part, @upper (from
 * vma_alloc) becomes the rest.
 */
void vma_split(struct mm *mm, struct vma *v, uint64_t addr,
	       struct vma *upper);
/*
 * Join vmas that touch and agree, between the one before @start and the one
 * after @end.  Those that went are added to *@dead, to be freed by
 * vma_free_list() once mm->lock is released.
 */
void vma_merge(struct mm *mm, uint64_t start, uint64_t end,
	       struct vma **dead);
/* Change flags of all in the range, splitting; -ENOMEM. */
int vma_set_flags(struct mm *mm, uint64_t start, uint64_t end, uint32_t set,
		  uint32_t clear) __must_check;
/* *@dead is a list through sub_start; see above. */
void vma_bury(struct vma **dead, struct vma *v);
void vma_free_list(struct vma *dead);

/* Is any byte of [start, end) mapped? */
bool vma_overlaps(struct mm *mm, uint64_t start, uint64_t end);

/*
 * A free place of @len bytes inside [@lo, @hi), aligned to @align (a power of
 * two): the highest, or the lowest.  0: none.
 */
uint64_t vma_gap_down(struct mm *mm, uint64_t lo, uint64_t hi, uint64_t len,
		      uint64_t align);
uint64_t vma_gap_up(struct mm *mm, uint64_t lo, uint64_t hi, uint64_t len,
		    uint64_t align);

/* filemap.c: how the host maps a range of a file, piece by piece. */
struct piece {
	int fd;		/* -1: anonymous zeroes */
	off_t off;
	uint64_t len;
};

#define PIECES_INLINE	4
struct pieces {
	unsigned int n, cap;
	uint64_t len;		/* of all; less than asked: a hole at the end */
	struct piece *p;
	struct piece first[PIECES_INLINE];
};

/* Ask @f; takes locks outside of mm->lock: that one is not held. */
int pieces_get(struct pieces *ps, struct file *f, off_t off, uint64_t len,
	       int prot, int flags) __must_check;
void pieces_put(struct pieces *ps);
/*
 * Map the pieces, which back *file from offset off on, at @addr; what they
 * do not back of @len bytes becomes a PROT_NONE hole.
 */
int pieces_map(const struct pieces *ps, uint64_t addr, uint64_t len,
	       int prot, uint32_t vma_flags) __must_check;
/* Anonymous memory of the guest. */
int anon_map(uint64_t addr, uint64_t len, int prot, uint32_t vma_flags)
	__must_check;
int hole_map(uint64_t addr, uint64_t len) __must_check;

/* brk.c: a fault below a MAP_GROWSDOWN mapping: did it grow? */
bool mm_grow_down(struct mm *mm, uaddr_t addr);

/* map.c: everything in the range, in the tree and the host. */
int unmap_locked(struct mm *mm, uint64_t start, uint64_t end,
		 struct vma **dead) __must_check;

#endif
