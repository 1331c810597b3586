/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.c: the clocks, clock_gettime(2).  Wall clocks are the host's, read
 * without a call; for those of CPU time see cputime.h.
 */
#include "emul/host/host.h"
#include "emul/task/task.h"
#include "emul/time/time.h"

/* Clock ids below 0: a process or thread and what of it, CLOCK_PROCESS_... */
#define CPUCLOCK_PID(id)	(~((id) >> 3))
#define CPUCLOCK_THREAD		4
#define CPUCLOCK_WHICH		3
#define CPUCLOCK_VIRT		1
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

int64_t time_look_at(int clock, int64_t abs_ns)
{
	int64_t at = time_deadline_at(clock, abs_ns);

	if (clock == CLOCK_MONOTONIC || abs_ns == NEVER_NS)
		return at;
	return MIN(at, time_now() + TIME_LOOK_NS);
}

int cpu_clock_of(struct task *t, int clock, struct task **who,
		 enum cpu_clock *which, struct tgroup **group)
{
	int pid;

	*who = NULL;
	*group = NULL;
	*which = CPU_TOTAL;
	if (clock == CLOCK_PROCESS_CPUTIME_ID ||
	    clock == CLOCK_THREAD_CPUTIME_ID) {
		pid = 0;
		clock = clock == CLOCK_THREAD_CPUTIME_ID ? CPUCLOCK_THREAD : 0;
	} else if (clock >= 0 || (clock & CPUCLOCK_WHICH) == CPUCLOCK_FD) {
		return -EINVAL;
	} else {
		/* gcc shifts the sign in, as the macro means it. */
		/* cppcheck-suppress shiftNegativeLHS */
		pid = CPUCLOCK_PID(clock);
		if ((clock & CPUCLOCK_WHICH) == CPUCLOCK_VIRT)
			*which = CPU_USER;
	}
	if (clock & CPUCLOCK_THREAD) {
		*who = pid ? task_find(pid) : t;
		if (!pid)
			ref_get(&t->ref);
		if (*who && (*who)->group == t->group)
			return 0;
		task_put(*who);
		*who = NULL;
		return -EINVAL;
	}
	/* A thread's own number will do to read the clock of its process. */
	*group = !pid || pid == t->tid ? t->group : tgroup_find(pid);
	if (!*group)
		return -EINVAL;
	if (*group == t->group && (!pid || pid == t->tid))
		ref_get(&t->group->ref);
	return 0;
}

static int64_t cpu_clock_read(struct task *t, int clock)
{
	struct tgroup *group;
	enum cpu_clock which;
	struct cputime c;
	struct task *who;
	int err = cpu_clock_of(t, clock, &who, &which, &group);

	if (err)
		return err;
	if (who)
		cputime_task(who, &c);
	else if (group == t->group && which == CPU_TOTAL)
		c.total_ns = cputime_own_group(t);
	else
		err = cputime_group(group, &c);
	task_put(who);
	tgroup_put(group);
	if (err)
		return -EINVAL;
	return (int64_t)(which == CPU_USER ? c.user_ns : c.total_ns);
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
	default:
		return cpu_clock_read(t, clock);
	}
}
