/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.c: the clocks, clock_gettime(2).
 *
 * Wall clocks are the host's, read without a call.  CPU clocks are the
 * host's too, of the host thread and process that carry the guest's; how
 * much of that was in user mode the broker knows.
 */
#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/lib/string.h"
#include "emul/task/hostproc.h"
#include "emul/task/task.h"
#include "emul/time/time.h"

/* Clock ids below 0: a process or thread and what of it, CLOCK_PROCESS_... */
#define CPUCLOCK_PID(id)	(~((id) >> 3))
#define CPUCLOCK_THREAD		4
#define CPUCLOCK_WHICH		3
#define CPUCLOCK_FD		3

int64_t time_now(void)
{
	return host_clock_ns(CLOCK_MONOTONIC);
}

int time_deadline(const struct timespec64 *ts, int64_t *deadline_ns)
{
	int64_t now, rel;

	if (!timespec_ok(ts))
		return -EINVAL;
	now = time_now();
	rel = timespec_ns(ts);
	*deadline_ns = rel > NEVER_NS - now ? NEVER_NS : now + rel;
	return 0;
}

int64_t time_deadline_at(int clock, int64_t abs_ns)
{
	int64_t now, at;

	if (clock == CLOCK_MONOTONIC || abs_ns == NEVER_NS)
		return abs_ns;
	at = abs_ns - host_clock_ns(clock);
	now = time_now();
	if (at > NEVER_NS - now)
		return NEVER_NS;
	return at + now > 0 ? at + now : 0;
}

int cpu_time(struct task *t, uint64_t *total_ns, uint64_t *user_ns)
{
#ifdef SBX_HOSTED
	*total_ns = (uint64_t)host_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	*user_ns = *total_ns;
	(void)t;
	return 0;
#else
	struct broker_req req;
	struct broker_rep rep;
	int err;

	memset(&req, 0, sizeof(req));
	req.op = BROKER_CPUTIME;
	req.arg[0] = (uint64_t)(unsigned int)hostproc_pid(t->thread);
	err = broker_call(&req, NULL, &rep, NULL, 0, NULL);
	*total_ns = rep.val[0];
	*user_ns = rep.val[1];
	return err;
#endif
}

/* The clock of one process or thread; those of others are not told. */
static int64_t cpu_clock(struct task *t, int pid, bool thread)
{
	if (pid && pid != (thread ? t->tid : t->group->pid))
		return -EINVAL;
	return host_clock_ns(thread ? CLOCK_THREAD_CPUTIME_ID :
			     CLOCK_PROCESS_CPUTIME_ID);
}

int64_t clock_read(struct task *t, int clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
		return host_clock_ns(clock);
	case CLOCK_REALTIME_ALARM:
		return host_clock_ns(CLOCK_REALTIME);
	case CLOCK_BOOTTIME_ALARM:
		return host_clock_ns(CLOCK_BOOTTIME);
	case CLOCK_PROCESS_CPUTIME_ID:
		return cpu_clock(t, 0, false);
	case CLOCK_THREAD_CPUTIME_ID:
		return cpu_clock(t, 0, true);
	default:
		break;
	}
	if (clock >= 0 || (clock & CPUCLOCK_WHICH) == CPUCLOCK_FD)
		return -EINVAL;
	/* gcc shifts the sign in, as the macro means it. */
	/* cppcheck-suppress shiftNegativeLHS */
	return cpu_clock(t, CPUCLOCK_PID(clock), clock & CPUCLOCK_THREAD);
}
