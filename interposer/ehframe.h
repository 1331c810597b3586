/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ehframe.h: which function covers an address, from .eh_frame_hdr.
 *
 * Follows the Linux Standard Base's "Exception Frames" and DWARF's encoding
 * of pointers, as far as linkers for x86-64 use it.
 */
#ifndef SBX_INTERPOSER_EHFRAME_H
#define SBX_INTERPOSER_EHFRAME_H

#include <stdbool.h>

#include "interposer/gmem.h"

/* An image in memory and its PT_GNU_EH_FRAME segment. */
struct eh_image {
	const struct gmem *mem;
	uint64_t lo, hi;	/* no read outside [lo, hi) */
	uint64_t hdr;		/* address of .eh_frame_hdr; 0: none */
	uint64_t hdr_size;	/* bytes */
};

struct eh_fde {
	uint64_t start, end;	/* what it covers */
	uint64_t next;		/* start of the one behind it, or hi */
	bool signal;		/* a signal frame: __restore_rt */
};

/*
 * The last FDE that starts at or before @addr; it need not cover @addr.
 * 0, -ENOENT if there is none, -EINVAL if the tables make no sense, or
 * what gmem_read() said.
 */
int eh_find(const struct eh_image *im, uint64_t addr, struct eh_fde *out);

/*
 * Does some FDE say that the code [@start, @end), or with the one byte before
 * it, is a signal frame?  For images without .eh_frame_hdr, static programs,
 * which register their frames at start: looks through all of a small image.
 */
bool eh_is_signal(const struct eh_image *im, uint64_t start, uint64_t end);

#endif
