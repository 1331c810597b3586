/* SPDX-License-Identifier: Apache-2.0 */
/* sys_time.c: the calls that tell the time. */
#include <linux/capability.h>

#include "emul/entry/uaccess.h"
#include "emul/host/host.h"
#include "emul/lib/string.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "emul/time/time.h"

#define COARSE_NS	4000000		/* a tick, at 250 a second */

long sys_clock_gettime(struct task *t, int clockid, uaddr_t ts)
{
	int64_t ns = clock_read(t, clockid);
	struct timespec64 v;

	if (unlikely(ns < 0))
		return ns;
	v = ns_timespec(ns);
	return put_user(ts, &v);
}

long sys_clock_getres(struct task *t, int clockid, uaddr_t res)
{
	struct timespec64 v = { 0, 1 };

	switch (clockid) {
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
		v.nsec = COARSE_NS;
		break;
	default:
		if (clockid > CLOCK_TAI || clock_read(t, clockid) < 0)
			return -EINVAL;
		break;
	}
	return res ? put_user(res, &v) : 0;
}

long sys_gettimeofday(struct task *t, uaddr_t tv, uaddr_t tz)
{
	int64_t ns = host_clock_ns(CLOCK_REALTIME);
	struct timeval64 v = {
		ns / NSEC_PER_SEC, ns % NSEC_PER_SEC / NSEC_PER_USEC
	};
	uint64_t utc = 0;

	(void)t;
	if (tv && put_user(tv, &v))
		return -EFAULT;
	return tz ? put_user(tz, &utc) : 0;
}

long sys_time(struct task *t, uaddr_t tloc)
{
	int64_t sec = host_clock_ns(CLOCK_REALTIME_COARSE) / NSEC_PER_SEC;

	(void)t;
	if (tloc && put_user(tloc, &sec))
		return -EFAULT;
	return sec;
}

/* What was asked of a sleep that a signal may interrupt. */
static long sleep_until(struct task *t, int64_t deadline_ns)
{
	int err;

	do {
		err = wait_sleep(t, wait_prepare(t), deadline_ns);
		/* Not before the time, whatever the host's timer thinks. */
		if (err == -ETIMEDOUT && time_now() < deadline_ns)
			err = 0;
	} while (!err);
	return err == -ETIMEDOUT ? 0 : err;
}

/* Sleep to the deadline in t->restart; its arg[0] is where the rest goes. */
static long sleep_restart(struct task *t)
{
	struct restart_block *rb = &t->restart;
	uaddr_t rem = rb->arg[0];
	struct timespec64 left;
	int64_t ns;
	long err = sleep_until(t, rb->deadline_ns);

	if (!err)
		return 0;
	ns = rb->deadline_ns - time_now();
	if (ns <= 0)
		return 0;
	if (rem) {
		left = ns_timespec(ns);
		if (put_user(rem, &left))
			return -EFAULT;
	}
	rb->fn = sleep_restart;
	return -ERESTART_RESTARTBLOCK;
}

static long sleep_relative(struct task *t, const struct timespec64 *ts,
			   uaddr_t rem)
{
	if (time_deadline(ts, &t->restart.deadline_ns))
		return -EINVAL;
	t->restart.arg[0] = rem;
	return sleep_restart(t);
}

long sys_nanosleep(struct task *t, uaddr_t req, uaddr_t rem)
{
	struct timespec64 ts;

	if (get_user(&ts, req))
		return -EFAULT;
	return sleep_relative(t, &ts, rem);
}

long sys_clock_nanosleep(struct task *t, int clockid, int flags, uaddr_t req,
			 uaddr_t rem)
{
	struct timespec64 ts;
	int64_t deadline;
	long err;

	switch (clockid) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
		break;
	default:
		return clock_read(t, clockid) < 0 ? -EINVAL : -EOPNOTSUPP;
	}
	if (get_user(&ts, req))
		return -EFAULT;
	if (!timespec_ok(&ts))
		return -EINVAL;
	if (!(flags & TIMER_ABSTIME))
		return sleep_relative(t, &ts, rem);
	deadline = timespec_ns(&ts);
	do {
		err = sleep_until(t, time_deadline_at(clockid, deadline));
	} while (!err && deadline != NEVER_NS &&
		 host_clock_ns(clockid) < deadline);
	return err ? -ERESTARTNOHAND : 0;
}

/* struct timex of adjtimex(2), as far as it is told. */
struct guest_timex {
	uint32_t modes, pad0;
	int64_t offset, freq, maxerror, esterror;
	int32_t status, pad1;
	int64_t constant, precision, tolerance;
	struct timeval64 time;
	int64_t tick, ppsfreq, jitter;
	int32_t shift, pad2;
	int64_t stabil, jitcnt, calcnt, errcnt, stbcnt;
	int32_t tai;
	int32_t pad3[11];
};

_Static_assert(sizeof(struct guest_timex) == 208, "struct timex");

#define TIME_ERROR	5	/* the clock is not synchronised */
#define STA_UNSYNC	0x40
#define TICK_US		10000

static long timex(uaddr_t buf)
{
	struct guest_timex x;
	int64_t ns;

	if (get_user(&x, buf))
		return -EFAULT;
	/* Whatever is to be set is the host's. */
	if (x.modes)
		return -EPERM;
	ns = host_clock_ns(CLOCK_REALTIME);
	memset(&x, 0, sizeof(x));
	x.status = STA_UNSYNC;
	x.maxerror = x.esterror = 16000000;
	x.precision = 1;
	x.tolerance = 500LL << 16;
	x.tick = TICK_US;
	x.time.sec = ns / NSEC_PER_SEC;
	x.time.usec = ns % NSEC_PER_SEC / NSEC_PER_USEC;
	return put_user(buf, &x) ? -EFAULT : TIME_ERROR;
}

long sys_adjtimex(struct task *t, uaddr_t buf)
{
	(void)t;
	return timex(buf);
}

long sys_clock_adjtime(struct task *t, int clockid, uaddr_t buf)
{
	(void)t;
	if (clockid != CLOCK_REALTIME)
		return -EOPNOTSUPP;
	return timex(buf);
}
