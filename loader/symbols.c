/* SPDX-License-Identifier: Apache-2.0 */
/* symbols.c: names of the functions in the kernel's image. */
#include "config.h"

#include "loader/symbols.h"

#include <stddef.h>

#include "emul/abi/region.h"
#include "kernel-symbols.h"

#define SYMBOLS	(sizeof(symbol_at) / sizeof(symbol_at[0]))

/* The last one goes no further than this. */
#define LAST_MAX	4096U

const char *symbol_find(uint64_t at, uint64_t *off)
{
	size_t lo = 0, hi = SYMBOLS;

	if (at < IMAGE_BASE + symbol_at[0] ||
	    at >= IMAGE_BASE + symbol_at[SYMBOLS - 1] + LAST_MAX)
		return NULL;
	at -= IMAGE_BASE;
	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (symbol_at[mid] <= at)
			lo = mid;
		else
			hi = mid;
	}
	*off = at - symbol_at[lo];
	return symbol_names + symbol_name[lo];
}
