/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostproc.h: the host processes of a sandbox, as the monitor and the kernel
 * tell each other of them.
 *
 * The kernel enters each host process; the monitor, which reaps it, writes
 * into the entry how it went.  That is how the kernel learns that the host
 * has left a thread's stack, and that a process was killed by somebody else.
 * The monitor finds the entry by the number and believes nothing else.
 *
 * An entry lies within HOSTPROC_PROBE places from its number modulo
 * HOSTPROC_N; the table is not a ring.
 */
#ifndef SBX_ABI_HOSTPROC_H
#define SBX_ABI_HOSTPROC_H

#include <stdint.h>

/* The guest's number of the program that sbx was asked to run. */
#define HOSTPROC_FIRST_PID	2

#define HOSTPROC_N	65536
#define HOSTPROC_PROBE	64
#define HOSTPROC_SIZE	(16UL * (HOSTPROC_N + HOSTPROC_PROBE))

enum hostproc_end {
	HOSTPROC_ALIVE,
	HOSTPROC_EXITED,	/* by itself */
	HOSTPROC_KILLED,	/* by the host, or somebody outside */
};

struct hostproc {
	uint32_t pid;		/* the host's; 0: never used */
	uint32_t end;		/* enum hostproc_end; the monitor writes it */
	uint32_t users;		/* the kernel alone: slots of its threads */
	uint32_t kinit;		/* the kernel alone: not a guest's */
};

_Static_assert(sizeof(struct hostproc) == 16, "hostproc");

#endif
