/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h: the host's vdso, moved into the region, as a source of time. */
#ifndef SBX_INTERPOSER_CLOCK_H
#define SBX_INTERPOSER_CLOCK_H

#include "emul/lib/types.h"

/* Once, at boot: @ehdr is where the vdso's ELF header lies, 0 if there is none. */
void clock_boot(uint64_t ehdr);

/* Address of the vdso's function @name, 0 if it has none. */
uint64_t host_vdso_symbol(const char *name);

#endif
