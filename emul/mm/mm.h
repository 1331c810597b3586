/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mm.h: an address space of the guest: its vma tree over host memory.
 *
 * The host holds the pages; the tree says what is mapped, for mmap(2)'s
 * choices, /proc/self/maps, mremap and fork.  Every change is made to the
 * host through host.h, always with MAP_FIXED, at an address the tree chose,
 * and inside [GUEST_MIN, REGION_START).
 */
#ifndef SBX_MM_MM_H
#define SBX_MM_MM_H

#include "emul/lib/lock.h"
#include "emul/lib/rbtree.h"
#include "emul/lib/types.h"

struct aio;
struct args;
struct file;
struct inode;
struct task;

#define VMA_SHARED	0x1u
#define VMA_STACK	0x2u	/* the main thread's stack */
#define VMA_HEAP	0x4u	/* brk */
#define VMA_VDSO	0x8u
#define VMA_KERNEL	0x10u	/* thunks: not shown, not counted */
#define VMA_NORESERVE	0x20u
#define VMA_GROWSDOWN	0x40u
/* What mprotect may still give. */
#define VMA_MAYREAD	0x100u
#define VMA_MAYWRITE	0x200u
#define VMA_MAYEXEC	0x400u
/* mlock(2), madvise(2): for fork, core files and smaps. */
#define VMA_LOCKED	0x1000u
#define VMA_LOCKONFAULT	0x2000u
#define VMA_DONTFORK	0x4000u
#define VMA_WIPEONFORK	0x8000u
#define VMA_DONTDUMP	0x10000u
#define VMA_HUGE	0x20000u
#define VMA_NOHUGE	0x40000u
#define VMA_MERGEABLE	0x80000u
#define VMA_SEALED	0x100000u

struct vma {
	struct rb_node node;	/* by start */
	uint64_t start, end;	/* bytes, page aligned */
	/* Of the whole subtree: its bounds, and the largest hole inside. */
	uint64_t sub_start, sub_end, sub_gap;
	uint32_t flags;		/* VMA_* */
	int prot;		/* PROT_* */
	struct file *file;	/* a reference; NULL: anonymous */
	off_t off;		/* of start in the file, bytes; 0 if anonymous */
	/*
	 * From here to the end nothing backs it: the host has it PROT_NONE
	 * and an access is SIGBUS, unless the file grew meanwhile.
	 */
	uint64_t hole;
};

struct mm {
	struct ref ref;
	struct mutex lock;	/* protects all below */
	struct rb_root vmas;
	uint64_t total_pages;
	uint64_t data_pages;	/* private, writable, not stack */
	uint64_t locked_pages;
	uint32_t n_vmas;
	uint32_t n_tasks;	/* threads and vfork children that run in it */
	uint32_t def_flags;	/* VMA_LOCKED...: mlockall(MCL_FUTURE) */

	uint64_t mmap_base;	/* top of the area that mmap fills downwards */
	uint64_t brk_start, brk;
	uint64_t stack_top, stack_low;	/* vma of the stack; exact stack_top */
	uint64_t arg_start, arg_end, env_start, env_end;
	uint64_t code_start, code_end, data_start, data_end;
	uint64_t start_stack;	/* rsp at the start, for /proc/self/stat */
	uint64_t entry, vdso;
	uint64_t auxv[64];	/* saved auxiliary vector, for /proc/self/auxv */
	unsigned int n_auxv;	/* words of it */
	struct file *exe;	/* a reference */
	struct args *args;	/* what exec put there, args.h; or NULL */
	char *title;		/* what it has become; or NULL */
	size_t title_len;
	uint32_t membarrier;	/* what membarrier(2) registered; atomic */
	bool no_patch;		/* guest uses GS: sites stay as they are */
	bool own_loader;	/* no ld.so: what is mapped may not be run */
	struct aio *aio;		/* contexts of io_setup; fs/aio.c */
	struct patch_state *patch;	/* interposer/patch.c's, or NULL */
};

/* Linux's default of vm.max_map_count. */
#define MM_MAX_VMAS	65530u

/* An empty address space with one reference, or NULL. */
struct mm *mm_create(void) __must_check;
/*
 * The last reference frees the tree.  The host's mappings stay: they go with
 * the process, or exec has emptied the guest's range.
 */
void mm_put(struct mm *mm);
/*
 * A copy of the tree for fork, with one reference; NULL: no memory.  mm->lock
 * is held, within patch_pause(), until the host has copied the memory.
 */
struct mm *mm_dup(struct mm *mm) __must_check;

/*
 * Map as mmap(2); @file is borrowed; prot and flags are the system's.
 * The address or -errno.
 */
long mm_map(struct mm *mm, uaddr_t addr, size_t len, int prot, int flags,
	    struct file *file, off_t off);
/* The same with further VMA_* for the new vma, and without limits. */
long mm_map_special(struct mm *mm, uaddr_t addr, size_t len, int prot,
		    int flags, uint32_t vma_flags);
/* The same of a host descriptor, privately. */
long mm_map_host(struct mm *mm, uaddr_t addr, size_t len, int prot, int flags,
		 uint32_t vma_flags, int fd, off_t off);
int mm_unmap(struct mm *mm, uaddr_t addr, size_t len);
int mm_protect(struct mm *mm, uaddr_t addr, size_t len, int prot);
long mm_remap(struct mm *mm, uaddr_t addr, size_t old_len, size_t new_len,
	      int flags, uaddr_t new_addr);
/*
 * Room for thunks, PROT_NONE at first, as near to the image at [@start, @end)
 * as can be: every byte of the one reaches every byte of the other with a
 * rel32.  The address or -ENOMEM.  The guest does not see the vma; if it maps
 * over it or unmaps it, patch_unmap() hears of it before.
 */
long mm_map_thunks(struct mm *mm, uint64_t start, uint64_t end, size_t len);
/*
 * A file of @size bytes of zeroes with no name, for shared anonymous memory.
 * err_ptr().
 */
struct file *mm_shared_zero(uint64_t size) __must_check;
/*
 * shmdt(2): unmap what is left of the mapping of a file with the operations
 * @ops that was made at @addr.  -EINVAL: there is none.
 */
struct file_ops;
int mm_unmap_file(struct mm *mm, uaddr_t addr, const struct file_ops *ops);
/*
 * RLIMIT_STACK was set to @limit: a higher one gives the stack more room, a
 * lower one takes what lies well below @sp, a stack pointer; 0: not known.
 */
void mm_stack_limit(struct mm *mm, uint64_t limit, uint64_t sp);
/*
 * The regular file @inode was cut to @size bytes: pages beyond it go from the
 * mappings.  To be called before its extents are freed, without inode->lock
 * being needed; takes mm->lock.
 */
void mm_truncated(struct mm *mm, struct inode *inode, uint64_t size);
/*
 * The guest faulted at @addr (any access).  0: it may try again; or the
 * signal to send, SIGSEGV or SIGBUS, with its si_code in *@code.  @host_sig
 * and @host_code are what the host said.
 */
int mm_fault(struct mm *mm, uaddr_t addr, bool write, int host_sig,
	     int host_code, int *code);

/* The kernel faulted at @addr for the calling task: may it try again? */
bool mm_fault_in(uaddr_t addr, bool write);

/* The vma that holds @addr, or NULL.  mm->lock is held. */
struct vma *vma_find(struct mm *mm, uaddr_t addr);
/* The first vma that ends above @addr, or NULL.  mm->lock is held. */
struct vma *vma_find_above(struct mm *mm, uaddr_t addr);

static inline struct vma *vma_of(struct rb_node *n)
{
	return n ? rb_entry(n, struct vma, node) : NULL;
}

/* In order of addresses; mm->lock is held. */
static inline struct vma *vma_first(struct mm *mm)
{
	return vma_of(rb_first(&mm->vmas));
}

static inline struct vma *vma_next(struct vma *v)
{
	return vma_of(rb_next(&v->node));
}

static inline struct vma *vma_prev(struct vma *v)
{
	return vma_of(rb_prev(&v->node));
}

#endif
