/* SPDX-License-Identifier: Apache-2.0 */
/* gate.h: where the one `syscall` instruction lies; constants only. */
#ifndef SBX_ABI_GATE_H
#define SBX_ABI_GATE_H

#include "emul/abi/region.h"

/* The gate stands first on the image's second page; see kernel.lds. */
#define GATE_ADDR	(IMAGE_BASE + PAGE_SIZE)
#define GATE_LENGTH	2		/* bytes of the instruction */
/* What a filter sees as the instruction pointer: behind the instruction. */
#define GATE_IP		(GATE_ADDR + GATE_LENGTH)

#endif
