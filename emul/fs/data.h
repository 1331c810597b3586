/* SPDX-License-Identifier: Apache-2.0 */
/*
 * data.h: memory for file contents that guests may map.
 *
 * It comes in chunks of 2^order pages of the DATA window.  A chunk takes
 * addresses, not memory: only pages that were touched cost any.
 */
#ifndef SBX_FS_DATA_H
#define SBX_FS_DATA_H

#include "emul/lib/types.h"

#define CHUNK_ORDER_MAX	14u	/* 64 MiB */

struct chunk {
	struct chunk *next;	/* while it is free */
	uint64_t page;		/* its first, from DATA_BASE */
	uint32_t n;		/* pages */
	/* Pages below this one may hold old bytes where not present. */
	uint32_t dirty;
	uint8_t order;
	bool mapped;		/* guests write to it unseen: all is present */
	uint64_t present[];	/* a bit a page */
};

/* NULL: the window is full, or no memory. */
struct chunk *chunk_get(unsigned int order) __must_check;
void chunk_put(struct chunk *c);
char *chunk_ptr(const struct chunk *c, uint64_t page);
/*
 * Write there by a call of the host's, which makes pages that were never
 * touched for half of what it costs to fault them in.  @from is kernel memory
 * or a checked range of the guest's.  Bytes or -errno.
 */
ssize_t chunk_write(const char *to, const void *from, size_t n);
/* Give the memory of these pages back to the host: they read as zeroes. */
void chunk_punch(struct chunk *c, uint64_t from, uint64_t n);

#endif
