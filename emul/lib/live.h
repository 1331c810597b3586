/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live.h: objects that exist, counted by kind in a debug build, so that what
 * was forgotten shows when the last process is gone: emul/leak.c.
 */
#ifndef SBX_LIB_LIVE_H
#define SBX_LIB_LIVE_H

#include "emul/lib/types.h"

enum live_kind {
	LIVE_TASK,
	LIVE_TGROUP,
	LIVE_CRED,
	LIVE_SIGHAND,
	LIVE_SIGINFO,		/* queued signals */
	LIVE_MM,
	LIVE_VMA,
	LIVE_FILES,		/* descriptor tables */
	LIVE_FS,		/* root, cwd, umask */
	LIVE_FILE,
	LIVE_INODE,
	LIVE_DENTRY,
	LIVE_ROOT,		/* dentries without a parent, of LIVE_DENTRY */
	LIVE_SUPER,
	LIVE_MOUNT,
	LIVE_PIPE,
	LIVE_UNIX,		/* sockets of AF_UNIX */
	LIVE_PASSED,		/* inherited sockets, and what they accept */
	LIVE_INET,		/* sockets of TCP and UDP */
	LIVE_EPOLL,
	LIVE_WATCH,		/* items of epolls */
	LIVE_TIMER,
	LIVE_SECCOMP,		/* filters of guests' own */
	LIVE_PI,		/* futexes with an owner, waited for */
	LIVE_SLOT,
	LIVE_N
};

#ifdef SBX_DEBUG
extern int64_t live_count[LIVE_N];

static inline void live_add(enum live_kind k, int n)
{
	__atomic_fetch_add(&live_count[k], n, __ATOMIC_RELAXED);
}
#else
static inline void live_add(enum live_kind k, int n)
{
	(void)k;
	(void)n;
}
#endif

#endif
