/* SPDX-License-Identifier: Apache-2.0 */
/*
 * siginfo.h: what lies behind si_code in the kernel's siginfo_t, by the way
 * a signal came; sigaction(2).
 */
#ifndef SBX_SIGNAL_SIGINFO_H
#define SBX_SIGNAL_SIGINFO_H

#include "emul/lib/string.h"
#include "emul/signal/signal.h"

#define SICODE_USER		0
#define SICODE_KERNEL	0x80
#define SICODE_QUEUE	(-1)
#define SICODE_TIMER	(-2)
#define SICODE_TKILL	(-6)

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

_Static_assert(sizeof(struct siginfo128) == 128, "siginfo_t");

#endif
