/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rawhost.h: calls through the gate by number, for the interposer itself:
 * what boot does before the filter is on, and the bodies of host.h.
 *
 * The image is built without a red zone, or the call to the gate from inline
 * assembly would write into the caller's.
 */
#ifndef SBX_INTERPOSER_RAWHOST_H
#define SBX_INTERPOSER_RAWHOST_H

#include <asm/unistd.h>

#include "emul/abi/regs.h"
#include "emul/lib/types.h"

static inline long raw_host6(long nr, long a, long b, long c, long d, long e,
			     long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("call host_gate"
			 : "+a"(nr)
			 : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory", "cc");
	return nr;
}

/* As above, for calls that may sleep and that a kick has to end. */
static inline long raw_host6_wait(long nr, long a, long b, long c, long d,
				  long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("call host_gate_wait"
			 : "+a"(nr)
			 : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory", "cc");
	__asm__ volatile("movl $0, %%gs:%c0" :: "i"(THREAD_WAITING) : "memory");
	return nr;
}

static inline long raw_host4(long nr, long a, long b, long c, long d)
{
	return raw_host6(nr, a, b, c, d, 0, 0);
}

#endif
