/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mm.h: an address space of the guest: its vma tree over host memory.
 *
 * The host holds the pages; the tree says what is mapped, for mmap(2)'s
 * choices, /proc/self/maps, mremap and fork.  Every change is made to the
 * host first, through host.h, at an address the tree chose.
 */
#ifndef SBX_MM_MM_H
#define SBX_MM_MM_H

#include "emul/lib/lock.h"
#include "emul/lib/rbtree.h"
#include "emul/lib/types.h"

struct file;
struct task;

#define VMA_SHARED	0x1u
#define VMA_STACK	0x2u	/* the main thread's stack */
#define VMA_HEAP	0x4u	/* brk */
#define VMA_VDSO	0x8u
#define VMA_KERNEL	0x10u	/* thunks: not shown, refused to mmap's victims */
#define VMA_NORESERVE	0x20u
#define VMA_GROWSDOWN	0x40u

struct vma {
	struct rb_node node;	/* by start */
	uint64_t start, end;	/* bytes, page aligned */
	uint64_t max_gap;	/* largest hole below any vma of this subtree */
	uint32_t flags;		/* VMA_* */
	int prot;		/* PROT_* */
	struct file *file;	/* a reference; NULL: anonymous */
	off_t off;		/* of start in the file, bytes */
};

struct mm {
	struct ref ref;
	struct mutex lock;	/* protects all below */
	struct rb_root vmas;
	uint64_t total_pages;
	uint32_t n_vmas;
	uint32_t n_tasks;	/* threads and vfork children that run in it */

	uint64_t mmap_base;	/* top of the area that mmap fills downwards */
	uint64_t brk_start, brk;
	uint64_t stack_top, stack_low;
	uint64_t arg_start, arg_end, env_start, env_end;
	uint64_t code_start, code_end, data_start, data_end;
	uint64_t entry, vdso;
	uint64_t auxv[64];	/* saved auxiliary vector, for /proc/self/auxv */
	unsigned int n_auxv;	/* words of it */
	struct file *exe;	/* a reference */
	bool no_patch;		/* guest uses GS: sites stay as they are */
	struct patch_state *patch;	/* interposer/patch.c's, or NULL */
};

struct mm *mm_create(void) __must_check;
void mm_put(struct mm *mm);

/* Map as mmap(2); @file is borrowed.  The address or -errno. */
long mm_map(struct mm *mm, uaddr_t addr, size_t len, int prot, int flags,
	    struct file *file, off_t off);
int mm_unmap(struct mm *mm, uaddr_t addr, size_t len);
int mm_protect(struct mm *mm, uaddr_t addr, size_t len, int prot);
/* The vma that holds @addr, or NULL.  mm->lock is held. */
struct vma *vma_find(struct mm *mm, uaddr_t addr);
/* The first vma that ends above @addr, or NULL.  mm->lock is held. */
struct vma *vma_find_above(struct mm *mm, uaddr_t addr);

#endif
