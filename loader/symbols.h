/* SPDX-License-Identifier: Apache-2.0 */
/* symbols.h: names of the functions in the kernel's image. */
#ifndef SBX_SYMBOLS_H
#define SBX_SYMBOLS_H

#include <stdint.h>

/*
 * The function that the address @at lies in, with its distance from the start
 * in *@off; NULL: it is not in the image's text.
 */
const char *symbol_find(uint64_t at, uint64_t *off);

#endif
