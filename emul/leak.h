/* SPDX-License-Identifier: Apache-2.0 */
/* leak.h: what is left when the last process is gone, in a debug build. */
#ifndef SBX_EMUL_LEAK_H
#define SBX_EMUL_LEAK_H

#include "emul/abi/boot.h"
#include "emul/lib/types.h"

#ifdef SBX_DEBUG
/* Remember whether @b asks for a report (SBX_LEAKS in sbx's environment). */
void leak_boot(const struct boot *b);
/*
 * The first process has let go of all it had, and no other is left (else
 * nothing is said), but for @tasks threads of @groups processes, and @slots
 * slots, that are there to the very end.  Tell what else there is; true if
 * anything was forgotten.
 */
bool leak_report(unsigned int tasks, unsigned int groups, unsigned int slots);
#else
static inline void leak_boot(const struct boot *b)
{
	(void)b;
}
static inline bool leak_report(unsigned int tasks, unsigned int groups,
			       unsigned int slots)
{
	(void)tasks;
	(void)groups;
	(void)slots;
	return false;
}
#endif

#endif
