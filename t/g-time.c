/* SPDX-License-Identifier: Apache-2.0 */
/* g-time.c: clocks and sleeps, by the libc and by number. */
#define _GNU_SOURCE
#include "t/guest.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static int64_t ns_of(const struct timespec *ts)
{
	return ts->tv_sec * 1000000000LL + ts->tv_nsec;
}

static int64_t now(int clock)
{
	struct timespec ts;

	if (syscall(SYS_clock_gettime, clock, &ts))
		return -1;
	return ns_of(&ts);
}

static void test_clocks(void)
{
	static const struct {
		int id;
		const char *name;
	} clocks[] = {
		{ CLOCK_REALTIME, "CLOCK_REALTIME" },
		{ CLOCK_MONOTONIC, "CLOCK_MONOTONIC" },
		{ CLOCK_PROCESS_CPUTIME_ID, "CLOCK_PROCESS_CPUTIME_ID" },
		{ CLOCK_THREAD_CPUTIME_ID, "CLOCK_THREAD_CPUTIME_ID" },
		{ CLOCK_MONOTONIC_RAW, "CLOCK_MONOTONIC_RAW" },
		{ CLOCK_REALTIME_COARSE, "CLOCK_REALTIME_COARSE" },
		{ CLOCK_MONOTONIC_COARSE, "CLOCK_MONOTONIC_COARSE" },
		{ CLOCK_BOOTTIME, "CLOCK_BOOTTIME" },
		{ CLOCK_TAI, "CLOCK_TAI" },
	};
	unsigned int i;

	for (i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		int64_t a = now(clocks[i].id), b = now(clocks[i].id);

		ok(a >= 0 && b >= a, clocks[i].name);
	}
	is_errno(syscall(SYS_clock_gettime, 77, NULL), EINVAL, "no clock 77");
	is_errno(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, 8), EFAULT,
		 "bad pointer");
	is_errno(syscall(SYS_clock_getres, 77, NULL), EINVAL,
		 "no resolution of it");
	is(syscall(SYS_clock_getres, CLOCK_MONOTONIC, NULL), 0,
	   "resolution without a pointer");
}

static void test_agree(void)
{
	struct timeval tv;
	struct timezone tz = { 5, 5 };
	struct timespec a, b, res;
	time_t t, u;

	clock_gettime(CLOCK_REALTIME, &a);
	syscall(SYS_gettimeofday, &tv, &tz);
	clock_gettime(CLOCK_REALTIME, &b);
	ok(tv.tv_sec >= a.tv_sec && tv.tv_sec <= b.tv_sec, "gettimeofday");
	ok(!tz.tz_minuteswest, "the time zone is UTC");
	t = syscall(SYS_time, &u);
	ok(t == u, "time gives the same twice");
	ok(t >= a.tv_sec - 1 && t <= b.tv_sec + 1, "time");
	clock_getres(CLOCK_MONOTONIC, &res);
	is(res.tv_nsec, 1, "resolution");
	ok(now(CLOCK_MONOTONIC) <= now(CLOCK_BOOTTIME), "boot time is longer");
}

static void test_sleep(void)
{
	struct timespec ts = { 0, 20000000 }, rem = { 9, 9 };
	int64_t a = now(CLOCK_MONOTONIC), b;

	is(nanosleep(&ts, &rem), 0, "nanosleep");
	b = now(CLOCK_MONOTONIC);
	ok(b - a >= 20000000, "not shorter than asked");
	is(rem.tv_sec, 9, "nothing is left");
	ts.tv_nsec = 1000000000;
	is_errno(nanosleep(&ts, NULL), EINVAL, "too many nanoseconds");
	ts.tv_nsec = 0;
	ts.tv_sec = -1;
	is_errno(nanosleep(&ts, NULL), EINVAL, "negative");
	is_errno(syscall(SYS_nanosleep, 8, NULL), EFAULT, "nanosleep: pointer");
	is_errno(syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &ts,
			 NULL), EOPNOTSUPP, "no sleep by a thread's CPU clock");
	is_errno(syscall(SYS_clock_nanosleep, 77, 0, &ts, NULL), EINVAL,
		 "no sleep by clock 77");
	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_nsec += 20000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_nsec -= 1000000000;
		ts.tv_sec++;
	}
	is(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL), 0,
	   "sleep until a time");
	ok(now(CLOCK_MONOTONIC) >= ns_of(&ts), "and no less");
	clock_gettime(CLOCK_REALTIME, &ts);
	is(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &ts, NULL), 0,
	   "until a time that is past");
}

static volatile sig_atomic_t got;

static void on_signal(int sig)
{
	(void)sig;
	got++;
}

static void *kicker(void *arg)
{
	struct timespec ts = { 0, 30000000 };

	nanosleep(&ts, NULL);
	pthread_kill(*(pthread_t *)arg, SIGUSR1);
	return NULL;
}

static void test_interrupted(void)
{
	struct sigaction a = { .sa_handler = on_signal,
			       .sa_flags = SA_RESTART };
	struct timespec ts = { 5, 0 }, rem = { 0, 0 };
	pthread_t me = pthread_self(), t;

	sigaction(SIGUSR1, &a, NULL);
	pthread_create(&t, NULL, kicker, &me);
	is_errno(nanosleep(&ts, &rem), EINTR, "a handler ends a sleep");
	pthread_join(t, NULL);
	is(got, 1, "the handler ran");
	ok(rem.tv_sec == 4 && rem.tv_nsec > 0, "most of it is left");

	/* A signal without a handler: the sleep goes on. */
	signal(SIGUSR1, SIG_IGN);
	ts.tv_sec = 0;
	ts.tv_nsec = 60000000;
	pthread_create(&t, NULL, kicker, &me);
	is(nanosleep(&ts, NULL), 0, "an ignored signal does not");
	pthread_join(t, NULL);
}

static void test_cpu(void)
{
	volatile unsigned long n = 0;
	struct rusage ru;
	struct tms tms;
	int64_t a, b;
	clockid_t id;

	a = now(CLOCK_PROCESS_CPUTIME_ID);
	while (now(CLOCK_PROCESS_CPUTIME_ID) - a < 30000000)
		for (int i = 0; i < 1000; i++)
			n++;
	b = now(CLOCK_PROCESS_CPUTIME_ID);
	ok(b > a, "CPU time grows");
	is(getrusage(RUSAGE_SELF, &ru), 0, "getrusage");
	ok(ru.ru_utime.tv_sec || ru.ru_utime.tv_usec || ru.ru_stime.tv_usec,
	   "it has used some");
	is(getrusage(RUSAGE_CHILDREN, &ru), 0, "getrusage of children");
	is_errno(getrusage(5, &ru), EINVAL, "getrusage of what");
	ok(times(&tms) != -1, "times");
	ok(tms.tms_utime + tms.tms_stime > 0, "times knows too");
	ok(clock() > 0, "clock");
	is(clock_getcpuclockid(0, &id), 0, "clock_getcpuclockid");
	ok(now(id) > 0, "and its clock");
}

static void test_set(void)
{
	struct timeval tv;
	struct timex x;

	memset(&x, 0, sizeof(x));
	/* Not by libc, which makes it clock_adjtime: containers filter that. */
	ok(syscall(SYS_adjtimex, &x) >= 0, "adjtimex: a look");
	ok(x.tick > 9000 && x.tick < 11000, "its tick");
	ok(host_lacks(SYS_clock_adjtime) || !adjtime(NULL, &tv),
	   "adjtime: a look");
	is_errno(syscall(SYS_adjtimex, 8), EFAULT, "adjtimex: bad pointer");
}

int main(void)
{
	test_clocks();
	test_agree();
	test_sleep();
	test_interrupted();
	test_cpu();
	test_set();
	return done_testing();
}
