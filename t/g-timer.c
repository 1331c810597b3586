/* SPDX-License-Identifier: Apache-2.0 */
/* g-timer.c: alarm, interval timers, timers of timer_create. */
#define _GNU_SOURCE
#include "t/guest.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
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
	is_errno(timer_create(-1, NULL, &u), EINVAL, "no clock");
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

/* After exec: the interval timer goes on, the others are gone. */
static int after_exec(void)
{
	struct itimerval v;
	struct itimerspec s;

	getitimer(ITIMER_REAL, &v);
	if (!v.it_value.tv_sec && !v.it_value.tv_usec)
		return 1;
	if (v.it_interval.tv_sec != 7)
		return 2;
	getitimer(ITIMER_PROF, &v);
	if (!v.it_value.tv_sec || v.it_interval.tv_sec != 8)
		return 3;
	if (syscall(SYS_timer_gettime, 0, &s) != -1 || errno != EINVAL)
		return 4;
	pause();
	return 5;
}

/* Of those armed by the parent. */
static int after_fork(int id)
{
	struct itimerval v;
	struct itimerspec s;

	for (int which = ITIMER_REAL; which <= ITIMER_PROF; which++) {
		getitimer(which, &v);
		if (v.it_value.tv_sec || v.it_value.tv_usec ||
		    v.it_interval.tv_sec)
			return 1;
	}
	if (syscall(SYS_timer_gettime, id, &s) != -1 || errno != EINVAL)
		return 2;
	if (alarm(0))
		return 3;
	return 0;
}

static int child_status(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) :
	       WEXITSTATUS(status);
}

static void test_processes(void)
{
	struct itimerval v = { { 7, 0 }, { 100, 0 } }, off;
	struct itimerval prof = { { 8, 0 }, { 100, 0 } };
	struct sigevent e = { .sigev_notify = SIGEV_NONE };
	struct itimerspec s = { { 0, 0 }, { 100, 0 } };
	int id = -1;
	pid_t pid;

	memset(&off, 0, sizeof(off));
	setitimer(ITIMER_REAL, &v, NULL);
	setitimer(ITIMER_PROF, &prof, NULL);
	syscall(SYS_timer_create, CLOCK_MONOTONIC, &e, &id);
	syscall(SYS_timer_settime, id, 0, &s, NULL);
	pid = fork();
	if (!pid)
		_exit(after_fork(id));
	is(child_status(pid), 0, "a child has none of its parent's timers");
	getitimer(ITIMER_REAL, &v);
	ok(v.it_value.tv_sec >= 50, "which keeps them");
	setitimer(ITIMER_REAL, &off, NULL);
	setitimer(ITIMER_PROF, &off, NULL);
	syscall(SYS_timer_delete, id);

	pid = fork();
	if (!pid) {
		v.it_value.tv_sec = 0;
		v.it_value.tv_usec = 300000;
		v.it_interval.tv_sec = 7;
		setitimer(ITIMER_REAL, &v, NULL);
		setitimer(ITIMER_PROF, &prof, NULL);
		syscall(SYS_timer_create, CLOCK_MONOTONIC, &e, &id);
		execl("/proc/self/exe", "g-timer", "exec", (char *)NULL);
		_exit(99);
	}
	is(child_status(pid), 1000 + SIGALRM, "an interval timer outlives exec");
}

static volatile pid_t got_tid;

static void note_tid(int sig, siginfo_t *i, void *uc)
{
	(void)sig;
	(void)i;
	(void)uc;
	got_tid = (pid_t)syscall(SYS_gettid);
}

static volatile pid_t waiter_tid;

static void *waiter(void *arg)
{
	int64_t end = now_ms() + 5000;

	(void)arg;
	waiter_tid = (pid_t)syscall(SYS_gettid);
	while (!got_tid && now_ms() < end)
		usleep(1000);
	return NULL;
}

/* SIGEV_THREAD_ID: that thread and no other. */
static void test_thread_id(void)
{
	struct sigaction a = {
		.sa_sigaction = note_tid,
		.sa_flags = SA_SIGINFO,
	};
	struct itimerspec v = { { 0, 0 }, { 0, 5000000 } };
	struct sigevent e = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = SIGRTMIN + 2,
	};
	pthread_t th;
	timer_t t;

	sigaction(SIGRTMIN + 2, &a, NULL);
	pthread_create(&th, NULL, waiter, NULL);
	while (!waiter_tid)
		usleep(1000);
	e._sigev_un._tid = waiter_tid;
	is(timer_create(CLOCK_MONOTONIC, &e, &t), 0, "SIGEV_THREAD_ID");
	timer_settime(t, 0, &v, NULL);
	pthread_join(th, NULL);
	ok(got_tid == waiter_tid, "that thread gets it");
	timer_delete(t);
	e._sigev_un._tid = 1999999999;
	is_errno(timer_create(CLOCK_MONOTONIC, &e, &t), EINVAL,
		 "no such thread");
}

/* Many, and each on its own. */
static void test_many(void)
{
	struct sigevent e = { .sigev_notify = SIGEV_NONE };
	struct itimerspec s = { { 0, 0 }, { 100, 0 } };
	static timer_t t[500];
	int n, bad = 0;

	for (n = 0; n < 500; n++)
		if (timer_create(CLOCK_MONOTONIC, &e, &t[n]))
			break;
	is(n, 500, "hundreds of timers");
	for (int i = 0; i < n; i++)
		bad += timer_settime(t[i], 0, &s, NULL) != 0;
	for (int i = 0; i < n; i++)
		bad += timer_gettime(t[i], &s) || s.it_value.tv_sec < 50;
	for (int i = 0; i < n; i++)
		bad += timer_delete(t[i]) != 0;
	is(bad, 0, "set, asked and deleted");
}

int main(int argc, char **argv)
{
	struct sigaction a = {
		.sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO,
	};

	if (argc > 1 && !strcmp(argv[1], "exec"))
		return after_exec();
	sigaction(SIGALRM, &a, NULL);
	sigaction(SIGRTMIN, &a, NULL);
	test_alarm();
	test_busy();
	test_posix();
	test_thread();
	test_thread_id();
	test_many();
	test_processes();
	return done_testing();
}
