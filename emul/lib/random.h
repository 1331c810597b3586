/* SPDX-License-Identifier: Apache-2.0 */
/* random.h: random bytes for getrandom(2), AT_RANDOM, address layout. */
#ifndef SBX_LIB_RANDOM_H
#define SBX_LIB_RANDOM_H

#include "emul/lib/types.h"

/* Once, at boot: @n bytes from the host's generator. */
void random_seed(const uint8_t *seed, size_t n);
/* @n bytes nobody can foretell, into kernel memory. */
void random_bytes(void *buf, size_t n);

#endif
