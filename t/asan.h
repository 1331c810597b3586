/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asan.h: no search for leaks where a filter forbids ptrace(2), which it is
 * done with; it would be an error of each test.
 */
#ifndef SBX_T_ASAN_H
#define SBX_T_ASAN_H

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef ASAN_LEAKS_ARE_FINE
#define ASAN_LEAKS_ARE_FINE	0
#endif
#define ASAN_PTRACE_ATTACH	16

const char *__asan_default_options(void);

__attribute__((no_sanitize("address", "undefined")))
const char *__asan_default_options(void)
{
	/* There is no process 0. */
	return ASAN_LEAKS_ARE_FINE ||
		(syscall(SYS_ptrace, ASAN_PTRACE_ATTACH, 0L, 0L, 0L) < 0 &&
		 errno != ESRCH) ? "detect_leaks=0" : "";
}

#endif
