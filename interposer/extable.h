/* SPDX-License-Identifier: Apache-2.0 */
/*
 * extable.h: instructions of the kernel that may fault, and where to go on.
 *
 * A fault at `from` continues at `to` with every other register unchanged.
 */
#ifndef SBX_INTERPOSER_EXTABLE_H
#define SBX_INTERPOSER_EXTABLE_H

#ifdef __ASSEMBLER__
#define EXTABLE(from, to)			\
	.pushsection .ex_table, "a";		\
	.balign 8;				\
	.quad from, to;				\
	.popsection
#else
#include "emul/lib/types.h"

#define EXTABLE(from, to)			\
	".pushsection .ex_table, \"a\"\n"	\
	".balign 8\n"				\
	".quad " #from ", " #to "\n"		\
	".popsection\n"

struct extable_entry {
	uint64_t from, to;
};

/* Where to go on after a fault at @rip; 0: nowhere, it is a bug. */
uint64_t extable_find(uint64_t rip);
#endif
#endif
