/* SPDX-License-Identifier: Apache-2.0 */
/* random.h: random bytes for getrandom(2), AT_RANDOM, address layout. */
#ifndef SBX_LIB_RANDOM_H
#define SBX_LIB_RANDOM_H

#include "emul/lib/types.h"

#define RANDOM_BLOCK	64

/* Once, at boot: @n bytes from the host's generator. */
void random_seed(const uint8_t *seed, size_t n);
/* @n bytes nobody can foretell, into kernel memory. */
void random_bytes(void *buf, size_t n);

/* For much of it: a stream of one's own, a block at a time, without a lock. */
struct random_stream {
	uint32_t key[8];
	uint64_t counter;
};

void random_stream(struct random_stream *s);
void random_next(struct random_stream *s, uint8_t out[RANDOM_BLOCK]);

#endif
