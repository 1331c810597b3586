/* SPDX-License-Identifier: Apache-2.0 */
/* time.h: from the guest's times to deadlines of the kernel. */
#ifndef SBX_TIME_TIME_H
#define SBX_TIME_TIME_H

#include "emul/lib/uapi.h"
#include "emul/time/cputime.h"

struct task;

/* Times beyond this many seconds never come: 292 years. */
#define SEC_MAX		(INT64_MAX / NSEC_PER_SEC)

static inline bool timespec_ok(const struct timespec64 *ts)
{
	return ts->sec >= 0 && (uint64_t)ts->nsec < (uint64_t)NSEC_PER_SEC;
}

/* In nanoseconds; at most NEVER_NS. @ts is timespec_ok(). */
static inline int64_t timespec_ns(const struct timespec64 *ts)
{
	if (ts->sec >= SEC_MAX)
		return NEVER_NS;
	return ts->sec * NSEC_PER_SEC + ts->nsec;
}

static inline struct timespec64 ns_timespec(int64_t ns)
{
	struct timespec64 ts = { ns / NSEC_PER_SEC, ns % NSEC_PER_SEC };

	return ts;
}

int64_t time_now(void);		/* CLOCK_MONOTONIC, ns */

/*
 * The deadline (CLOCK_MONOTONIC, ns) that lies @ts from now; 0, or -EINVAL
 * when @ts is no time.
 */
int time_deadline(const struct timespec64 *ts, int64_t *deadline_ns)
	__must_check;

/*
 * The deadline at which @clock, a CLOCK_* that runs by itself, shows @abs_ns.
 * A wall clock that is set meanwhile is not followed.
 */
int64_t time_deadline_at(int clock, int64_t abs_ns);

/*
 * The same for who looks at the clock again then, and goes on if it does not
 * show @abs_ns: it is no later than TIME_LOOK_NS from now, so that a clock
 * that is set, or a host that was suspended, is noticed.
 */
#define TIME_LOOK_NS	(10 * NSEC_PER_SEC)
int64_t time_look_at(int clock, int64_t abs_ns);

/*
 * When a timer that was due at @due_ns is due again, now that its clock shows
 * @now_ns; NEVER_NS if @interval_ns is 0.  How many times it should have been
 * meanwhile goes to *@missed.
 */
int64_t timer_next(int64_t due_ns, int64_t interval_ns, int64_t now_ns,
		   int64_t *missed);

struct tgroup;
void itimer_init(struct tgroup *g);

/* CLOCK_* @clock now, in ns; -EINVAL, or -errno of the host. */
int64_t clock_read(struct task *t, int clock);

/*
 * Of whom and what CPU clock @clock is: a thread of @t's process in *@who, or
 * a process in *@group, with a reference.  0, or -EINVAL.
 */
int cpu_clock_of(struct task *t, int clock, struct task **who,
		 enum cpu_clock *which, struct tgroup **group) __must_check;

#endif
