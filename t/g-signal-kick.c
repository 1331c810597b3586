/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-signal-kick.c: a thread that does nothing but compute hears a signal at
 * once: from a thread, from another process, from a timer.
 *
 * The bounds are loose, for the machine may be busy: what is to be found is a
 * signal that waits for the next system call, for there is none.
 */
#define _GNU_SOURCE
#include "t/guest.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS	200

static volatile int heard, stop, up;
static volatile uint64_t work_done;

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void on_signal(int sig)
{
	(void)sig;
	__atomic_fetch_add(&heard, 1, __ATOMIC_SEQ_CST);
}

static void compute(void)
{
	uint64_t x = 88172645463325252ULL;

	while (!stop) {
		for (int i = 0; i < 100; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
		}
		work_done += x & 1;
	}
}

static void *computes(void *arg)
{
	(void)arg;
	up = 1;
	compute();
	return NULL;
}

static int by_time(const void *a, const void *b)
{
	int64_t d = *(const int64_t *)a - *(const int64_t *)b;

	return d < 0 ? -1 : d > 0;
}

/* Signals to a thread, one after the other is heard. */
static void test_thread(void)
{
	int64_t took[ROUNDS];
	pthread_t t;

	heard = stop = up = 0;
	pthread_create(&t, NULL, computes, NULL);
	while (!up)
		sched_yield();
	for (int i = 0; i < ROUNDS; i++) {
		int64_t start = now_ns();

		pthread_kill(t, SIGUSR1);
		while (heard <= i && now_ns() - start < 5000000000LL)
			sched_yield();
		took[i] = now_ns() - start;
	}
	stop = 1;
	pthread_join(t, NULL);
	is(heard, ROUNDS, "a thread heard each");
	qsort(took, ROUNDS, sizeof(took[0]), by_time);
	ok(took[ROUNDS / 2] < 50000000, "mostly within 50 ms");
	ok(took[ROUNDS - 1] < 2000000000, "always within 2 s");
}

/* Real-time signals are queued while it computes: none is lost. */
static void test_queue(void)
{
	int64_t start = now_ns();
	union sigval v = { 0 };
	pthread_t t;

	heard = stop = up = 0;
	pthread_create(&t, NULL, computes, NULL);
	while (!up)
		sched_yield();
	for (int i = 0; i < ROUNDS; i++)
		pthread_sigqueue(t, SIGRTMIN, v);
	while (heard < ROUNDS && now_ns() - start < 5000000000LL)
		sched_yield();
	stop = 1;
	pthread_join(t, NULL);
	is(heard, ROUNDS, "all that were queued came");
}

static void test_process(void)
{
	int64_t start;
	int status, p[2];
	char c = 0;
	pid_t pid;

	heard = stop = 0;
	if (pipe(p))
		return;
	pid = fork();
	if (!pid) {
		c = write(p[1], "x", 1) == 1;
		compute();
		_exit(1);
	}
	ok(read(p[0], &c, 1) == 1, "a process that computes");
	for (int i = 0; i < 20; i++) {
		struct timespec ts = { 0, 1000000 };

		kill(pid, SIGUSR1);
		nanosleep(&ts, NULL);
	}
	start = now_ns();
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "is killed");
	ok(now_ns() - start < 2000000000, "at once");

	pid = fork();
	if (!pid) {
		compute();
		_exit(1);
	}
	kill(pid, SIGSTOP);
	ok(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status),
	   "stopped while it computes");
	kill(pid, SIGCONT);
	ok(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status),
	   "continued");
	kill(pid, SIGTERM);
	waitpid(pid, &status, 0);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "terminated");
}

static void test_timer(void)
{
	struct itimerval it = { { 0, 2000 }, { 0, 2000 } };
	struct itimerval off = { { 0, 0 }, { 0, 0 } };
	int64_t start = now_ns();

	heard = 0;
	setitimer(ITIMER_REAL, &it, NULL);
	while (heard < 50 && now_ns() - start < 5000000000LL)
		for (int i = 0; i < 1000; i++)
			work_done += (uint64_t)i;
	setitimer(ITIMER_REAL, &off, NULL);
	ok(heard >= 50, "a timer interrupts it");
}

int main(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGRTMIN, &sa, NULL);
	sigaction(SIGALRM, &sa, NULL);
	test_thread();
	test_queue();
	test_process();
	test_timer();
	return done_testing();
}
