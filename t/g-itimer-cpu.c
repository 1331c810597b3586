/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-itimer-cpu.c: timers that count CPU time: setitimer, timer_create,
 * RLIMIT_CPU's first signal.
 */
#define _GNU_SOURCE
#include "t/guest.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MS 1000000L

static volatile sig_atomic_t count;
static siginfo_t info;

static void on_signal(int sig, siginfo_t *i, void *uc)
{
	(void)sig;
	(void)uc;
	info = *i;
	count++;
}

static int64_t now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000L + ts.tv_nsec;
}

/* Compute until @n signals came, or too much time was used. */
static void burn_until(int n)
{
	int64_t end = now(CLOCK_PROCESS_CPUTIME_ID) + 5000 * MS;
	volatile unsigned long x = 0;

	while (count < n && now(CLOCK_PROCESS_CPUTIME_ID) < end)
		for (int i = 0; i < 10000; i++)
			x++;
}

static void test_itimer(int which, int signo, const char *name)
{
	struct itimerval v = { { 0, 0 }, { 0, 30000 } }, old;
	int64_t start = now(CLOCK_PROCESS_CPUTIME_ID);

	printf("# %s\n", name);
	count = 0;
	is(getitimer(which, &old), 0, "getitimer");
	ok(!old.it_value.tv_sec && !old.it_value.tv_usec, "it is off");
	is(setitimer(which, &v, &old), 0, "setitimer");
	getitimer(which, &old);
	ok(!old.it_value.tv_sec && old.it_value.tv_usec > 0 &&
	   old.it_value.tv_usec <= 40000, "what is left");
	usleep(100000);
	is(count, 0, "it does not run asleep");
	burn_until(1);
	is(count, 1, "it comes");
	is(info.si_signo, signo, "its signal");
	is(info.si_code, SI_KERNEL, "from the kernel");
	/* Linux counts these by its tick: that is not exact. */
	ok(now(CLOCK_PROCESS_CPUTIME_ID) - start >= 5 * MS, "not too early");
	getitimer(which, &old);
	ok(!old.it_value.tv_sec && !old.it_value.tv_usec, "once");

	v.it_value.tv_usec = v.it_interval.tv_usec = 10000;
	count = 0;
	setitimer(which, &v, NULL);
	burn_until(4);
	ok(count >= 4, "again and again");
	getitimer(which, &old);
	is(old.it_interval.tv_usec, 10000, "its interval");
	memset(&v, 0, sizeof(v));
	is(setitimer(which, &v, &old), 0, "off");
	is(old.it_interval.tv_usec, 10000, "the old interval");
}

static void *burner(void *arg)
{
	(void)arg;
	burn_until(2);
	return NULL;
}

/* Another thread's work counts for the process. */
static void test_threads(void)
{
	struct itimerval v = { { 0, 20000 }, { 0, 20000 } };
	pthread_t t;

	count = 0;
	setitimer(ITIMER_PROF, &v, NULL);
	pthread_create(&t, NULL, burner, NULL);
	pthread_join(t, NULL);
	ok(count >= 2, "a thread works while another one waits");
	memset(&v, 0, sizeof(v));
	setitimer(ITIMER_PROF, &v, NULL);
}

static void test_posix(clockid_t clock, const char *name)
{
	struct sigevent e = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGUSR1,
		.sigev_value.sival_int = 9,
	};
	struct itimerspec v = { { 0, 0 }, { 0, 20 * MS } }, old;
	int64_t at;
	timer_t t;

	printf("# %s\n", name);
	is(timer_create(clock, &e, &t), 0, "timer_create");
	timer_gettime(t, &old);
	ok(!old.it_value.tv_sec && !old.it_value.tv_nsec, "it is off");
	count = 0;
	at = now(clock) + 20 * MS;
	is(timer_settime(t, 0, &v, NULL), 0, "timer_settime");
	timer_gettime(t, &old);
	ok(!old.it_value.tv_sec && old.it_value.tv_nsec > 0 &&
	   old.it_value.tv_nsec <= 20 * MS, "what is left");
	burn_until(1);
	is(count, 1, "it expires");
	is(info.si_code, SI_TIMER, "by SI_TIMER");
	is(info.si_value.sival_int, 9, "its value");
	ok(now(clock) >= at, "not too early");
	v.it_interval.tv_nsec = 5 * MS;
	count = 0;
	timer_settime(t, 0, &v, NULL);
	burn_until(3);
	ok(count >= 3, "again and again");
	at = now(clock) + 20 * MS;
	v.it_value.tv_sec = at / 1000000000;
	v.it_value.tv_nsec = at % 1000000000;
	v.it_interval.tv_nsec = 0;
	timer_settime(t, TIMER_ABSTIME, &v, NULL);
	count = 0;
	burn_until(1);
	ok(count == 1 && now(clock) >= at, "at a time");
	is(timer_delete(t), 0, "timer_delete");
}

static volatile int go;

static void *own_timer(void *arg)
{
	(void)arg;
	while (!go)
		usleep(1000);
	burn_until(1);
	return NULL;
}

/* A timer on the clock of another thread, whose signal that one gets. */
static void test_other(void)
{
	struct sigevent e = { .sigev_notify = SIGEV_SIGNAL,
			      .sigev_signo = SIGUSR1 };
	struct itimerspec v = { { 0, 0 }, { 0, 20 * MS } };
	clockid_t id;
	pthread_t th;
	timer_t t;

	count = 0;
	pthread_create(&th, NULL, own_timer, NULL);
	pthread_getcpuclockid(th, &id);
	is(timer_create(id, &e, &t), 0, "by another thread's clock");
	is(timer_settime(t, 0, &v, NULL), 0, "set it");
	usleep(50000);
	is(count, 0, "that thread has not worked");
	go = 1;
	pthread_join(th, NULL);
	is(count, 1, "now it has");
	timer_delete(t);
	e.sigev_notify = SIGEV_NONE;
	is_errno(timer_create((clockid_t)(~1999999999U << 3 | 2), &e, &t),
		 EINVAL, "of a process that is not there");
	is_errno(timer_create((clockid_t)(~0U << 3 | 3), &e, &t), EOPNOTSUPP,
		 "not by a clock behind a descriptor");
}

static void test_rlimit(void)
{
	struct rlimit r = { RLIM_INFINITY, RLIM_INFINITY }, old;
	int64_t used = now(CLOCK_PROCESS_CPUTIME_ID) / 1000000000;

	getrlimit(RLIMIT_CPU, &old);
	if (old.rlim_cur != RLIM_INFINITY) {
		ok(1, "RLIMIT_CPU is in use");
		return;
	}
	r.rlim_cur = (rlim_t)used + 1;
	r.rlim_max = old.rlim_max;
	count = 0;
	is(setrlimit(RLIMIT_CPU, &r), 0, "RLIMIT_CPU");
	burn_until(1);
	is(count, 1, "the soft limit");
	is(info.si_signo, SIGXCPU, "sends SIGXCPU");
	ok(now(CLOCK_PROCESS_CPUTIME_ID) >= used * 1000000000 + 500 * MS,
	   "when it is reached");
	getrlimit(RLIMIT_CPU, &r);
	ok(r.rlim_cur > (rlim_t)used + 1, "and moves on by a second");
	setrlimit(RLIMIT_CPU, &old);
}

int main(void)
{
	struct sigaction a = {
		.sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO | SA_RESTART,
	};

	sigaction(SIGVTALRM, &a, NULL);
	sigaction(SIGPROF, &a, NULL);
	sigaction(SIGUSR1, &a, NULL);
	sigaction(SIGXCPU, &a, NULL);
	test_itimer(ITIMER_PROF, SIGPROF, "ITIMER_PROF");
	test_itimer(ITIMER_VIRTUAL, SIGVTALRM, "ITIMER_VIRTUAL");
	test_threads();
	test_posix(CLOCK_PROCESS_CPUTIME_ID, "of the process");
	test_posix(CLOCK_THREAD_CPUTIME_ID, "of the thread");
	test_other();
	test_rlimit();
	return done_testing();
}
