/* SPDX-License-Identifier: Apache-2.0 */
/* g-sched.c: CPUs, nice values, policies, priorities of input and output. */
#define _GNU_SOURCE
#include "t/guest.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY	4194303		/* no such thread: the last number there is */

static cpu_set_t all, one;

static int same(const cpu_set_t *a)
{
	cpu_set_t now;

	CPU_ZERO(&now);
	return !sched_getaffinity(0, sizeof(now), &now) && CPU_EQUAL(a, &now);
}

/* A line of /proc/thread-self/status. */
static void status(const char *name, char *value, size_t size)
{
	char line[512];
	FILE *f = fopen("/proc/thread-self/status", "r");
	size_t n = strlen(name);

	value[0] = 0;
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, n)) {
			line[strcspn(line, "\n")] = 0;
			snprintf(value, size, "%.60s", line + n + 1);
		}
	if (f)
		fclose(f);
}

static void *binds(void *arg)
{
	cpu_set_t s;

	(void)arg;
	if (!same(&one))
		return (void *)1;
	/* Back to all of them, for this thread alone. */
	if (sched_setaffinity(0, sizeof(all), &all) || !same(&all))
		return (void *)2;
	CPU_ZERO(&s);
	if (sched_getaffinity(getpid(), sizeof(s), &s) || !CPU_EQUAL(&s, &one))
		return (void *)3;
	return NULL;
}

static void test_affinity(void)
{
	char list[64], first[16];
	unsigned int cpu;
	cpu_set_t none;
	pthread_t t;
	void *ret;
	int i, on = 1;

	CPU_ZERO(&all);
	CPU_ZERO(&one);
	CPU_ZERO(&none);
	is(sched_getaffinity(0, sizeof(all), &all), 0, "which CPUs");
	for (i = 0; !CPU_ISSET(i, &all); i++)
		;
	CPU_SET(i, &one);
	is(sched_setaffinity(0, sizeof(one), &one), 0, "bind to the first");
	ok(same(&one), "and it is so");
	for (int n = 0; n < 1000; n++) {
		syscall(SYS_getcpu, &cpu, NULL, NULL);
		on &= cpu == (unsigned int)i;
	}
	ok(on, "getcpu says so too");
	status("Cpus_allowed_list:", list, sizeof(list));
	snprintf(first, sizeof(first), "%d", i);
	ok(!strcmp(list, first), "and /proc");
	pthread_create(&t, NULL, binds, NULL);
	pthread_join(t, &ret);
	is((long)ret, 0, "a thread inherits it, and may bind itself");
	ok(same(&one), "which is its own");
	is_errno(sched_setaffinity(0, sizeof(none), &none), EINVAL, "no CPU");
	is_errno(sched_setaffinity(NOBODY, sizeof(one), &one), ESRCH,
		 "no such thread");
	is_errno(sched_setaffinity(0, sizeof(one), (void *)8), EFAULT,
		 "no such memory");
	is_errno(sched_getaffinity(NOBODY, sizeof(one), &one), ESRCH,
		 "no such thread to ask");
	is_errno(syscall(SYS_sched_getaffinity, 0, 7, &one), EINVAL,
		 "half a word");
	is(sched_setaffinity(0, sizeof(all), &all), 0, "back to all");
	ok(same(&all), "and all it is");
	/* More than there are: those that there are. */
	memset(&none, 0xff, sizeof(none));
	is(sched_setaffinity(0, sizeof(none), &none), 0, "CPUs that are not");
	ok(same(&all), "do not count");
}

static void *nicer(void *arg)
{
	(void)arg;
	errno = 0;
	if (nice(3) == -1 && errno)
		return (void *)-1;
	return (void *)(long)getpriority(PRIO_PROCESS, 0);
}

static void test_nice(void)
{
	int base, now;
	pthread_t t;
	void *ret;

	errno = 0;
	base = getpriority(PRIO_PROCESS, 0);
	is(errno, 0, "a nice value");
	pthread_create(&t, NULL, nicer, NULL);
	pthread_join(t, &ret);
	is((long)ret, base + 3 > 19 ? 19 : base + 3, "a nicer thread");
	is(getpriority(PRIO_PROCESS, 0), base, "does not make others nice");
	is(setpriority(PRIO_PROCESS, 0, base + 1), 0, "be nicer");
	now = getpriority(PRIO_PROCESS, 0);
	is(now, base < 19 ? base + 1 : 19, "that is kept");
	is(syscall(SYS_getpriority, PRIO_PROCESS, 0), 20 - now,
	   "the call itself has it the other way round");
	ok(getpriority(PRIO_PGRP, 0) <= now, "of the group");
	ok(getpriority(PRIO_USER, 0) <= now, "of the user");
	is(setpriority(PRIO_PROCESS, 0, 1000), 0, "as nice as can be");
	is(getpriority(PRIO_PROCESS, 0), 19, "is 19");
	is_errno(setpriority(9, 0, 0), EINVAL, "no such kind");
	is_errno(getpriority(9, 0), EINVAL, "no such kind to ask");
	is_errno(setpriority(PRIO_PROCESS, NOBODY, 0), ESRCH, "nobody");
	is_errno(getpriority(PRIO_PGRP, NOBODY), ESRCH, "no such group");
}

struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

/* The error of sched_setattr(2) to a process without any capability. */
static int without_rights(struct attr *a)
{
	uint32_t head[2] = { 0x20080522 }, none[6] = { 0 };
	struct rlimit r = { 0 };
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		if (syscall(SYS_capset, head, none) ||
		    setrlimit(RLIMIT_NICE, &r))
			_exit(99);
		_exit(syscall(SYS_sched_setattr, 0, a, 0) ? errno : 0);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static void test_policy(void)
{
	struct sched_param p = { 0 };
	struct timespec ts;
	struct attr a;

	is(sched_getscheduler(0), SCHED_OTHER, "the policy at first");
	is(sched_setscheduler(0, SCHED_BATCH, &p), 0, "batch");
	is(sched_getscheduler(0), SCHED_BATCH, "it is batch");
	is(sched_setscheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, &p), 0,
	   "reset on fork");
	is(sched_getscheduler(0), SCHED_OTHER | SCHED_RESET_ON_FORK,
	   "that is told too");
	is_errno(sched_setscheduler(0, 77, &p), EINVAL, "no such policy");
	is_errno(sched_setscheduler(0, SCHED_OTHER, NULL), EINVAL, "no parameter");
	is_errno(sched_setscheduler(NOBODY, SCHED_OTHER, &p), ESRCH, "nobody");
	p.sched_priority = 1;
	is_errno(sched_setscheduler(0, SCHED_OTHER, &p), EINVAL,
		 "no priority here");
	is_errno(sched_setparam(0, &p), EINVAL, "nor there");
	p.sched_priority = 0;
	is_errno(sched_setscheduler(0, SCHED_FIFO, &p), EINVAL,
		 "a real-time policy has one");
	is(sched_get_priority_max(SCHED_FIFO), 99, "at most");
	is(sched_get_priority_min(SCHED_RR), 1, "at least");
	is(sched_get_priority_max(SCHED_OTHER), 0, "here none");
	is(sched_rr_get_interval(0, &ts), 0, "the interval");
	memset(&a, 0, sizeof(a));
	is(syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0), 0, "all of it");
	is(a.size, sizeof(a), "its size");
	is(a.policy, SCHED_OTHER, "its policy");
	is((long)a.flags, 1, "its flags");
	is(a.nice, 19, "its nice value");
	a.nice = 18;
	is(without_rights(&a), EPERM, "to be less nice needs a right");
	is_errno(syscall(SYS_sched_getattr, 0, &a, 7, 0), EINVAL, "too small");
	is_errno(syscall(SYS_sched_getattr, 0, &a, sizeof(a), 1), EINVAL,
		 "no flags");
}

static void test_ioprio(void)
{
	errno = 0;
	syscall(SYS_ioprio_set, 1, 0, 3 << 13);
	if (errno == EPERM || errno == ENOSYS)
		return;		/* not to be had here */
	is(syscall(SYS_ioprio_get, 1, 0), 3 << 13, "class idle");
	is(syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 7), 0, "set to the lowest");
	is(syscall(SYS_ioprio_get, 1, 0), 2 << 13 | 7, "it is");
	is(syscall(SYS_ioprio_get, 1, getpid()), 2 << 13 | 7, "by number");
	is_errno(syscall(SYS_ioprio_set, 1, 0, 5 << 13), EINVAL, "no such class");
	is_errno(syscall(SYS_ioprio_set, 1, 0, 1), EINVAL,
		 "no level without a class");
	is_errno(syscall(SYS_ioprio_set, 9, 0, 3 << 13), EINVAL, "no such kind");
	is_errno(syscall(SYS_ioprio_get, 9, 0), EINVAL, "no such kind to ask");
	is_errno(syscall(SYS_ioprio_get, 1, NOBODY), ESRCH, "nobody");
}

static void test_others(void)
{
	unsigned int cpu = 99999, node = 99999;

	is(syscall(SYS_getcpu, &cpu, &node, NULL), 0, "getcpu");
	ok(cpu < CPU_SETSIZE && node < 99999, "gives both");
	is(syscall(SYS_getcpu, NULL, NULL, NULL), 0, "getcpu of nothing");
	is_errno(syscall(SYS_getcpu, (void *)8, NULL, NULL), EFAULT,
		 "getcpu to nowhere");
	is(sched_yield(), 0, "yield");
}

int main(void)
{
	test_affinity();
	test_nice();
	test_policy();
	test_ioprio();
	test_others();
	return done_testing();
}
