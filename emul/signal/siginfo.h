/* SPDX-License-Identifier: Apache-2.0 */
/*
 * siginfo.h: what lies behind si_code in the kernel's siginfo_t, by the way
 * a signal came; sigaction(2).
 */
#ifndef SBX_SIGNAL_SIGINFO_H
#define SBX_SIGNAL_SIGINFO_H

#include "emul/lib/string.h"
#include "emul/lib/uapi.h"
#include "emul/signal/signal.h"

#define SICODE_USER		0
#define SICODE_KERNEL	0x80
#define SICODE_QUEUE	(-1)
#define SICODE_TIMER	(-2)
#define SICODE_SIGIO	(-5)
#define SICODE_TKILL	(-6)
/* Of SIGCHLD, and what waitid(2) tells: CLD_EXITED and so on. */
#define SICODE_EXITED	1
#define SICODE_KILLED	2
#define SICODE_DUMPED	3
#define SICODE_STOPPED	5
#define SICODE_CONTINUED 6

static inline void siginfo_init(struct siginfo128 *i, int signo, int code)
{
	memset(i, 0, sizeof(*i));
	i->signo = signo;
	i->code = code;
}

/* kill(2), tgkill(2), SIGCHLD: who sent it. */
static inline void siginfo_sender(struct siginfo128 *i, int pid, uid_t uid)
{
	i->fields[0] = (uint32_t)pid | (uint64_t)uid << 32;
}

static inline int siginfo_pid(const struct siginfo128 *i)
{
	return (int)(uint32_t)i->fields[0];
}

/* Which fields there are: of the union in the kernel's siginfo_t. */
enum siginfo_layout {
	SIGINFO_KILL,		/* pid, uid */
	SIGINFO_QUEUE,		/* and the value sent */
	SIGINFO_TIMER,		/* timer, overrun, value */
	SIGINFO_POLL,		/* band, descriptor */
	SIGINFO_FAULT,		/* address */
	SIGINFO_CHILD,		/* pid, uid, status, times */
	SIGINFO_SYSCALL,	/* address, call, architecture */
};

static inline enum siginfo_layout siginfo_layout(int signo, int code)
{
	if (code <= SICODE_USER || code >= SICODE_KERNEL) {
		if (code == SICODE_TIMER)
			return SIGINFO_TIMER;
		if (code == SICODE_SIGIO)
			return SIGINFO_POLL;
		return code < 0 ? SIGINFO_QUEUE : SIGINFO_KILL;
	}
	switch (signo) {
	case SIGILL:
	case SIGFPE:
	case SIGSEGV:
	case SIGBUS:
	case SIGTRAP:
		return SIGINFO_FAULT;
	case SIGCHLD:
		return SIGINFO_CHILD;
	case SIGSYS:
		return SIGINFO_SYSCALL;
	default:
		/* SIGIO, and what F_SETSIG put in its place. */
		return SIGINFO_POLL;
	}
}

_Static_assert(sizeof(struct siginfo128) == 128, "siginfo_t");

#endif
