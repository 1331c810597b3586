/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle.h: guest tests that say what each call did.
 *
 * T(call) prints the call as written and what came of it; nothing is said
 * here about what is right, for the native run's output is the measure.
 */
#ifndef SBX_T_ORACLE_H
#define SBX_T_ORACLE_H

#include <errno.h>
#include <stdio.h>

/* Bad pointers and counts are what is tried. */
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Wstringop-overflow"
#pragma GCC diagnostic ignored "-Wstringop-overread"
#pragma GCC diagnostic ignored "-Wnonnull"

static inline long oracle(const char *text, long ret)
{
	if (ret == -1)
		printf("%s: -1 errno %d\n", text, errno);
	else
		printf("%s: %ld\n", text, ret);
	return ret;
}

#define T(call) (errno = 0, oracle(#call, (long)(call)))
/* Only whether it failed: descriptors, addresses, times. */
#define TZ(call) (errno = 0, oracle(#call, (long)(call) < 0 ? -1 : 0))

#endif
