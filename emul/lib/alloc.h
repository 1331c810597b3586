/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alloc.h: memory of the arena.
 *
 * Small sizes come from slabs by size class, large ones in whole pages.
 * Everything is in MAP_SHARED memory at the same address in every process of
 * the sandbox.
 */
#ifndef SBX_LIB_ALLOC_H
#define SBX_LIB_ALLOC_H

#include "emul/lib/types.h"

/*
 * @size bytes, aligned to 16.  Returns NULL when the arena is full: callers
 * answer -ENOMEM.
 */
void *kmalloc(size_t size) __must_check;
/* As kmalloc, and zeroed. */
void *kzalloc(size_t size) __must_check;
/* As C's realloc; @p keeps its contents when NULL is returned. */
void *krealloc(void *p, size_t size) __must_check;
/* @p from the functions above, or NULL. */
void kfree(void *p);
/* A copy of the @n bytes at @s, with a NUL behind them; kfree() it. */
char *kstrndup(const char *s, size_t n) __must_check;

/* @n whole pages, zeroed; NULL when the arena is full. */
void *page_alloc(size_t n) __must_check;
/* @n as it was given to page_alloc. */
void page_free(void *p, size_t n);

/* Bytes of the arena in use, for /proc/meminfo and the leak report. */
size_t alloc_used(void);
/* From HEAP_BASE on, what was given out at some time. */
size_t alloc_reach(void);

#ifdef SBX_DEBUG
/* Tell how many objects are in use, and where in the kernel each was made. */
void alloc_report(void);
#endif

#endif
