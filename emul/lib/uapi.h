/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uapi.h: signal numbers, clocks and limits.
 *
 * The uapi headers that have them define types which libc's define too, so
 * the hosted build takes libc's.
 */
#ifndef SBX_LIB_UAPI_H
#define SBX_LIB_UAPI_H

#include "emul/lib/types.h"

#ifdef SBX_HOSTED
#include <signal.h>
#include <sys/resource.h>
#include <time.h>
#else
#include <asm/signal.h>
#include <linux/resource.h>
#include <linux/time.h>
#endif
#include <linux/errno.h>

#ifndef SS_ONSTACK
#define SS_ONSTACK	1
#define SS_DISABLE	2
#endif

/* The kernel's own view: libc keeps two real-time signals for itself. */
#define SIGRT_FIRST	32

struct timespec64 {
	int64_t sec, nsec;
};

struct timeval64 {
	int64_t sec, usec;
};

#endif
