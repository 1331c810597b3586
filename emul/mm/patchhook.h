/* SPDX-License-Identifier: Apache-2.0 */
/*
 * patchhook.h: where changes of mappings tell the rewriting of call sites.
 * mm->lock is never held here.
 */
#ifndef SBX_MM_PATCHHOOK_H
#define SBX_MM_PATCHHOOK_H

#include "emul/mm/mm.h"

/*
 * [@start, @end) will be unmapped, moved, replaced or made writable: sites
 * there, and sites whose thunks lie there, have to be as they were.
 */
static inline void patch_unmap(struct mm *mm, uint64_t start, uint64_t end)
{
	(void)mm;
	(void)start;
	(void)end;
}

/*
 * An executable, private mapping of @file from @off on was made, or became
 * executable.
 */
static inline void patch_mapped(struct mm *mm, struct file *file,
				uint64_t start, uint64_t end, off_t off)
{
	(void)mm;
	(void)file;
	(void)start;
	(void)end;
	(void)off;
}

#endif
