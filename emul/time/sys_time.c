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

/* A sleeper by the CPU clock of its process. */
struct cpu_sleeper {
	struct cputimer ct;
	struct task *task;
	bool done;
};

static int64_t cpu_sleep_fire(struct cputimer *ct, int64_t now_ns)
{
	struct cpu_sleeper *s = container_of(ct, struct cpu_sleeper, ct);

	(void)now_ns;
	store_release(&s->done, true);
	wait_wake_task(s->task);
	return NEVER_NS;
}

/* As sleep_restart(), of t->restart.arg[1] and with the deadline in [2]. */
static long cpu_sleep(struct task *t)
{
	struct restart_block *rb = &t->restart;
	struct cpu_sleeper s = { .task = t };
	int64_t deadline = (int64_t)rb->arg[2], ns;
	struct timespec64 left;
	long err;

	cputimer_init(&s.ct, NULL, (enum cpu_clock)rb->arg[1], cpu_sleep_fire);
	err = cputimer_set(t, &s.ct, deadline);
	if (err)
		return err;
	do {
		uint32_t seq = wait_prepare(t);

		if (load_acquire(&s.done))
			break;
		err = wait_sleep(t, seq, NEVER_NS);
	} while (!err);
	cputimer_cancel(t->group, &s.ct);
	if (load_acquire(&s.done))
		return 0;
	ns = deadline - cputimer_now(t, &s.ct);
	if (ns <= 0)
		return 0;
	if (rb->arg[3])
		return -ERESTARTNOHAND;
	if (rb->arg[0]) {
		left = ns_timespec(ns);
		if (put_user(rb->arg[0], &left))
			return -EFAULT;
	}
	rb->fn = cpu_sleep;
	return -ERESTART_RESTARTBLOCK;
}

/* clock_nanosleep(2) by the clock of a process's CPU time. */
static long sleep_by_cpu(struct task *t, int clockid, int flags, uaddr_t req,
			 uaddr_t rem)
{
	struct restart_block *rb = &t->restart;
	struct tgroup *group;
	enum cpu_clock which;
	struct timespec64 ts;
	struct task *who;
	int64_t now, ns;
	int err;

	if (clockid >= 0 && clockid != CLOCK_PROCESS_CPUTIME_ID)
		return clock_read(t, clockid) < 0 ? -EINVAL : -EOPNOTSUPP;
	if (get_user(&ts, req))
		return -EFAULT;
	if (!timespec_ok(&ts))
		return -EINVAL;
	err = cpu_clock_of(t, clockid, &who, &which, &group);
	if (err)
		return err;
	task_put(who);
	tgroup_put(group);
	/* A thread cannot wait for itself; nor is another one looked at. */
	if (who)
		return who == t ? -EINVAL : -EOPNOTSUPP;
	if (group != t->group)
		return -EOPNOTSUPP;
	ns = timespec_ns(&ts);
	now = 0;
	if (!(flags & TIMER_ABSTIME))
		now = clock_read(t, clockid);
	rb->arg[0] = rem;
	rb->arg[1] = which;
	rb->arg[2] = (uint64_t)(ns > NEVER_NS - now ? NEVER_NS : now + ns);
	rb->arg[3] = flags & TIMER_ABSTIME;
	return cpu_sleep(t);
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
		return sleep_by_cpu(t, clockid, flags, req, rem);
	}
	if (get_user(&ts, req))
		return -EFAULT;
	if (!timespec_ok(&ts))
		return -EINVAL;
	if (!(flags & TIMER_ABSTIME))
		return sleep_relative(t, &ts, rem);
	deadline = timespec_ns(&ts);
	do {
		err = sleep_until(t, time_look_at(clockid, deadline));
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
#define MODE_ADJTIME_READ 0xa001	/* ADJ_OFFSET_SS_READ */

static long timex(uaddr_t buf)
{
	struct guest_timex x;
	int64_t ns;

	if (get_user(&x, buf))
		return -EFAULT;
	/* Whatever is to be set is the host's; adjtime(3) may ask. */
	if (x.modes && x.modes != MODE_ADJTIME_READ)
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
