/* SPDX-License-Identifier: Apache-2.0 */
/* resident.h: how much of a process's memory is in memory. */
#ifndef SBX_TASK_RESIDENT_H
#define SBX_TASK_RESIDENT_H

#include "emul/lib/types.h"

struct mm;
struct tgroup;

struct resident {
	uint64_t anon_kb, file_kb, shmem_kb;
	uint64_t peak_kb;	/* the most that all three were at a time */
};

/*
 * Of @mm, which is @g's.  The pages are the host's: it is asked through the
 * broker, so no spinning lock may be held, and what the kernel itself has in
 * that process is left out.  Where it does not tell, all that is mapped and
 * may be touched counts.
 */
void resident_get(struct tgroup *g, struct mm *mm, struct resident *r);
/* KiB of @mm that are mapped and may be touched; asks nobody. */
uint64_t resident_mapped(struct mm *mm);

#endif
