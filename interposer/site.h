/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site.h: decide how a `syscall` instruction can be rewritten.
 *
 * Pure: reads guest text through gmem.h, changes nothing.
 *
 * Tier A: an instruction P of five bytes or more that flows straight into
 * the `syscall` is replaced by `jmp rel32` to a thunk.  The thunk runs copies
 * of P and of whatever lies between P and the `syscall`, then enters the
 * kernel.  P is `mov $nr,%eax` most of the time; any instruction that is no
 * branch will do (displacements from rip are adapted).  No boundary moves:
 * what jumps between P and the `syscall`, or to it, runs the old bytes and
 * traps.
 *
 * Tier B: the `syscall` itself becomes `jmp rel8` into filler that nothing
 * reaches (behind a ret or jmp), and there a `jmp rel32` goes to the thunk.
 *
 * Tier C: it traps for ever; `why` says for what.
 */
#ifndef SBX_INTERPOSER_SITE_H
#define SBX_INTERPOSER_SITE_H

#include <stdbool.h>

#include "interposer/ehframe.h"

#define SITE_LEN	2	/* bytes of a syscall instruction */
#define SITE_JMP32	5	/* bytes of jmp rel32 */
#define SITE_COPY_MAX	17	/* bytes of guest code in a thunk */

enum site_tier {
	SITE_A = 'A',
	SITE_B = 'B',
	SITE_C = 'C',
};

enum site_why {
	SITE_FINE,
	SITE_NOT_SYSCALL,	/* other bytes are there */
	SITE_SIGRETURN,		/* unwinders may know it by its bytes */
	SITE_UNREADABLE,	/* its text cannot be read */
	SITE_UNPROVEN,		/* no boundaries could be proven around it */
	SITE_NO_ROOM,		/* neither a P nor filler */
	SITE_N_WHY
};
extern const char *const site_whys[SITE_N_WHY];

/* Filler that another plan for this file already uses. */
struct site_span {
	uint64_t start, end;
};

struct site_request {
	const struct eh_image *im;	/* im->hdr may be 0 */
	uint64_t lo, hi;	/* the executable mapping around site */
	uint64_t site;		/* known to be an instruction: it trapped */
	const struct site_span *used;
	size_t n_used;
};

struct site_plan {
	char tier;		/* enum site_tier */
	uint8_t why;		/* enum site_why */
	uint8_t copy_len;	/* A: bytes from `at` up to the site */
	bool detour;		/* A: some jump goes between P and the site */
	uint64_t at;		/* A: P; B: the site.  What is replaced: */
	uint8_t old[SITE_JMP32];	/* A: 5 bytes; B: 2 bytes */
	uint64_t pad;		/* B: filler of five bytes */
	uint8_t pad_old[SITE_JMP32];
	uint8_t copy[SITE_COPY_MAX];
};

/* Fill *plan; plan->tier is always set. */
void site_plan(const struct site_request *rq, struct site_plan *plan);

#endif
