/* SPDX-License-Identifier: Apache-2.0 */
/*
 * region.h: where the kernel lies in every process of a sandbox.
 *
 * The region is the top 512 GiB of the 47-bit address space.  All of it is
 * the kernel's; the guest has [GUEST_MIN, REGION_START).  The addresses are
 * constants, not secrets: nothing of the boundary rests on hiding them, and
 * constants let the filter, the image and the assembler agree at build time.
 *
 *	0x7f8000000000  guard
 *	0x7f8000200000  IMAGE  text and read-only data, one `syscall`
 *	0x7f8010000000  META   kernel data: globals first, then the heap
 *	0x7f9000000000  SLOTS  64 KiB a thread: block, alternate stack, stack
 *	0x7fa000000000  DATA   file data of tmpfs and shared memory
 *	0x7fe000000000  left to the host's vdso and vvar
 *
 * This file is read by C, by the assembler and by the linker script's
 * preprocessor: constants only.
 */
#ifndef SBX_ABI_REGION_H
#define SBX_ABI_REGION_H

#ifdef __ASSEMBLER__
#define REGION_U64(x) x
#else
#define REGION_U64(x) x##UL
#endif

#define PAGE_SHIFT	12
#define PAGE_SIZE	REGION_U64(4096)
#define PAGE_MASK	(~(PAGE_SIZE - 1))

#define GUEST_MIN	REGION_U64(0x10000)

#define REGION_START	REGION_U64(0x7f8000000000)
#define REGION_END	REGION_U64(0x7ffffffff000)

#define IMAGE_BASE	REGION_U64(0x7f8000200000)
#define IMAGE_MAX	REGION_U64(0xe00000)

#define META_BASE	REGION_U64(0x7f8010000000)
#define META_SIZE	REGION_U64(0xf00000000)		/* 60 GiB, sparse */
#define META_GLOBALS	REGION_U64(0x400000)		/* __arena variables */

#define SLOTS_BASE	REGION_U64(0x7f9000000000)
#define SLOT_SIZE	REGION_U64(0x10000)
#define SLOTS_SIZE	REGION_U64(0x100000000)		/* 65536 threads */

#define DATA_BASE	REGION_U64(0x7fa000000000)
#define DATA_SIZE	REGION_U64(0x4000000000)	/* 256 GiB, sparse */

/* Inside a slot, from its aligned start. */
#define SLOT_BLOCK	REGION_U64(0x0)			/* struct thread */
#define SLOT_ALT	REGION_U64(0x2000)		/* after an unused page */
#define SLOT_ALT_SIZE	REGION_U64(0x5000)
#define SLOT_STACK	REGION_U64(0x8000)		/* after an unused page */
#define SLOT_STACK_END	REGION_U64(0x10000)

#endif
