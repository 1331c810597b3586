/* SPDX-License-Identifier: Apache-2.0 */
/* g-timer.c: alarm, interval timers, timers of timer_create. */
#define _GNU_SOURCE
#include "t/guest.h"

#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t count;
static siginfo_t info;

static void on_signal(int sig, siginfo_t *i, void *uc)
{
	(void)sig;
	(void)uc;
	info = *i;
	count++;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void wait_for(int n)
{
	int64_t end = now_ms() + 5000;
	struct timespec ts = { 0, 1000000 };

	while (count < n && now_ms() < end)
		nanosleep(&ts, NULL);
}

static void test_alarm(void)
{
	struct itimerval v = { { 0, 0 }, { 0, 20000 } }, old;
	int64_t start = now_ms();

	is(alarm(100), 0, "no alarm was set");
	is(alarm(0), 100, "the seconds that were left");
	is(alarm(0), 0, "it is off");
	is(setitimer(ITIMER_REAL, &v, NULL), 0, "setitimer");
	count = 0;
	is_errno(pause(), EINTR, "it ends a pause");
	is(count, 1, "by SIGALRM");
	is(info.si_code, SI_KERNEL, "si_code");
	ok(now_ms() - start >= 20, "not too early");
	getitimer(ITIMER_REAL, &old);
	ok(!old.it_value.tv_sec && !old.it_value.tv_usec, "once only");

	v.it_interval.tv_usec = 5000;
	v.it_value.tv_usec = 5000;
	count = 0;
	setitimer(ITIMER_REAL, &v, NULL);
	wait_for(4);
	ok(count >= 4, "again and again");
	getitimer(ITIMER_REAL, &old);
	is(old.it_interval.tv_usec, 5000, "its interval");
	ok(old.it_value.tv_usec <= 5000, "what is left");
	memset(&v, 0, sizeof(v));
	is(setitimer(ITIMER_REAL, &v, &old), 0, "off");
	is(old.it_interval.tv_usec, 5000, "the old interval");
	v.it_value.tv_usec = 1000000;
	is_errno(setitimer(ITIMER_REAL, &v, NULL), EINVAL, "not a time");
	is_errno(syscall(SYS_setitimer, 9, &v, NULL), EINVAL, "which timer");
	is_errno(syscall(SYS_getitimer, 9, &v), EINVAL, "which timer to read");
	is_errno(syscall(SYS_getitimer, 0, 8), EFAULT, "bad pointer");
}

/* A thread that computes is told at once. */
static void test_busy(void)
{
	struct itimerval v = { { 0, 0 }, { 0, 20000 } };
	volatile unsigned long n = 0;

	count = 0;
	setitimer(ITIMER_REAL, &v, NULL);
	while (!count && n < 20000000000UL)
		n++;
	is(count, 1, "a loop is interrupted");
}

static void test_posix(void)
{
	struct sigevent e = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGRTMIN,
		.sigev_value.sival_int = 77,
	};
	struct itimerspec v = { { 0, 0 }, { 0, 10000000 } }, old;
	sigset_t s, was;
	timer_t t, u;

	is(timer_create(CLOCK_MONOTONIC, &e, &t), 0, "timer_create");
	count = 0;
	is(timer_settime(t, 0, &v, NULL), 0, "timer_settime");
	wait_for(1);
	is(count, 1, "it expired");
	is(info.si_signo, SIGRTMIN, "its signal");
	is(info.si_code, SI_TIMER, "its code");
	is(info.si_value.sival_int, 77, "its value");
	is(timer_gettime(t, &old), 0, "timer_gettime");
	ok(!old.it_value.tv_sec && !old.it_value.tv_nsec, "it is off");

	/* Blocked: one signal, and a count. */
	sigemptyset(&s);
	sigaddset(&s, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &s, &was);
	v.it_interval.tv_nsec = v.it_value.tv_nsec = 2000000;
	count = 0;
	timer_settime(t, 0, &v, NULL);
	usleep(50000);
	memset(&v, 0, sizeof(v));
	timer_settime(t, 0, &v, &old);
	is(old.it_interval.tv_nsec, 2000000, "the old interval");
	v.it_interval.tv_nsec = v.it_value.tv_nsec = 2000000;
	sigprocmask(SIG_SETMASK, &was, NULL);
	ok(count <= 1, "at most one signal waits");
	timer_settime(t, 0, &v, NULL);
	sigprocmask(SIG_BLOCK, &s, NULL);
	usleep(50000);
	count = 0;
	sigprocmask(SIG_SETMASK, &was, NULL);
	ok(count >= 1 && info.si_overrun >= 5, "overruns are counted");
	ok(timer_getoverrun(t) >= 0, "timer_getoverrun");
	is(timer_delete(t), 0, "timer_delete");
	is_errno(syscall(SYS_timer_gettime, 12345, &old), EINVAL, "no timer");

	e.sigev_notify = SIGEV_NONE;
	is(timer_create(CLOCK_REALTIME, &e, &u), 0, "one that says nothing");
	clock_gettime(CLOCK_REALTIME, &v.it_value);
	v.it_value.tv_sec += 100;
	v.it_interval.tv_nsec = 0;
	is(timer_settime(u, TIMER_ABSTIME, &v, NULL), 0, "at a time");
	timer_gettime(u, &old);
	ok(old.it_value.tv_sec >= 98 && old.it_value.tv_sec <= 100,
	   "what is left until then");
	timer_delete(u);
	e.sigev_notify = 55;
	is_errno(timer_create(CLOCK_REALTIME, &e, &u), EINVAL, "bad notify");
	e.sigev_notify = SIGEV_SIGNAL;
	e.sigev_signo = 100;
	is_errno(timer_create(CLOCK_REALTIME, &e, &u), EINVAL, "bad signal");
}

static volatile int in_thread;

static void from_thread(union sigval v)
{
	in_thread = v.sival_int;
}

static void test_thread(void)
{
	struct sigevent e = {
		.sigev_notify = SIGEV_THREAD,
		.sigev_notify_function = from_thread,
		.sigev_value.sival_int = 5,
	};
	struct itimerspec v = { { 0, 0 }, { 0, 5000000 } };
	int64_t end = now_ms() + 5000;
	timer_t t;

	timer_create(CLOCK_MONOTONIC, &e, &t);
	timer_settime(t, 0, &v, NULL);
	while (!in_thread && now_ms() < end)
		usleep(1000);
	is(in_thread, 5, "SIGEV_THREAD");
	timer_delete(t);
}

int main(void)
{
	struct sigaction a = {
		.sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO,
	};

	sigaction(SIGALRM, &a, NULL);
	sigaction(SIGRTMIN, &a, NULL);
	test_alarm();
	test_busy();
	test_posix();
	test_thread();
	return done_testing();
}
