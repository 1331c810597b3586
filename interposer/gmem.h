/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gmem.h: how the code that studies a guest's text reads it.
 *
 * The kernel reads by copy_in() and lays its own patches' originals over
 * what it read; tests and tools read a file.  All of it may be hostile and
 * may change between two reads.
 */
#ifndef SBX_INTERPOSER_GMEM_H
#define SBX_INTERPOSER_GMEM_H

#include <stddef.h>
#include <stdint.h>

struct gmem {
	/* 0, or a negative errno when not all of [addr, addr+n) was read. */
	int (*read)(const struct gmem *m, void *dst, uint64_t addr, size_t n);
};

static inline int gmem_read(const struct gmem *m, void *dst, uint64_t addr,
			    size_t n)
{
	return m->read(m, dst, addr, n);
}

#endif
