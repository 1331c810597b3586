/* SPDX-License-Identifier: Apache-2.0 */
/* g-cputime.c: CPU time of threads and processes: clocks, rusage, times. */
#define _GNU_SOURCE
#include "t/guest.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#define MS 1000000L

static int64_t now(clockid_t clock)
{
	struct timespec ts;

	if (syscall(SYS_clock_gettime, clock, &ts))
		return -1;
	return ts.tv_sec * 1000000000L + ts.tv_nsec;
}

/* Compute until the thread has used @ns more. */
static void burn(int64_t ns)
{
	int64_t end = now(CLOCK_THREAD_CPUTIME_ID) + ns;
	volatile unsigned long n = 0;

	while (now(CLOCK_THREAD_CPUTIME_ID) < end)
		for (int i = 0; i < 10000; i++)
			n++;
}

static int64_t tv_ns(const struct timeval *tv)
{
	return tv->tv_sec * 1000000000L + tv->tv_usec * 1000L;
}

static int64_t used(const struct rusage *r)
{
	return tv_ns(&r->ru_utime) + tv_ns(&r->ru_stime);
}

static void test_self(void)
{
	int64_t a = now(CLOCK_THREAD_CPUTIME_ID);
	int64_t b = now(CLOCK_PROCESS_CPUTIME_ID), before, after;
	struct rusage r1, r2;
	struct timespec ts;
	struct tms t1, t2;
	clock_t c = clock();

	getrusage(RUSAGE_SELF, &r1);
	times(&t1);
	burn(60 * MS);
	times(&t2);
	getrusage(RUSAGE_SELF, &r2);
	ok(now(CLOCK_THREAD_CPUTIME_ID) - a >= 60 * MS, "the thread's clock");
	ok(now(CLOCK_PROCESS_CPUTIME_ID) - b >= 60 * MS, "the process's clock");
	ok(used(&r2) - used(&r1) >= 50 * MS, "getrusage");
	ok(tv_ns(&r2.ru_utime) >= tv_ns(&r1.ru_utime) &&
	   tv_ns(&r2.ru_stime) >= tv_ns(&r1.ru_stime),
	   "neither part goes backwards");
	ok(r2.ru_maxrss > 0, "memory");
	ok(t2.tms_utime + t2.tms_stime - t1.tms_utime - t1.tms_stime >= 4,
	   "times");
	is(t2.tms_cutime + t2.tms_cstime, 0, "there were no children");
	ok(clock() - c >= 50000, "clock");

	/* Asleep, no time is used. */
	before = now(CLOCK_THREAD_CPUTIME_ID);
	ts.tv_sec = 0;
	ts.tv_nsec = 100 * MS;
	nanosleep(&ts, NULL);
	after = now(CLOCK_THREAD_CPUTIME_ID);
	ok(after - before < 60 * MS, "a sleep costs nothing");
	getrusage(RUSAGE_SELF, &r1);
	ok(r1.ru_nvcsw >= 1, "but it is counted");
	getrusage(RUSAGE_CHILDREN, &r1);
	is((long)used(&r1), 0, "getrusage of children");
	is(getrusage(RUSAGE_THREAD, &r1), 0, "of the thread");
	ok(used(&r1) >= 50 * MS, "what it used");
	is_errno(getrusage(7, &r1), EINVAL, "of what");
	is_errno(syscall(SYS_getrusage, 0, 8), EFAULT, "bad pointer");
	is_errno(syscall(SYS_times, 8), EFAULT, "times: bad pointer");
}

static volatile int stage;
static pthread_barrier_t barrier;

static void *worker(void *arg)
{
	int64_t *mine = arg;

	burn(40 * MS);
	*mine = now(CLOCK_THREAD_CPUTIME_ID);
	pthread_barrier_wait(&barrier);
	/* Asleep while it is asked. */
	pthread_barrier_wait(&barrier);
	while (!stage)
		burn(MS);
	return NULL;
}

static void test_thread(void)
{
	int64_t mine = 0, seen, later, process;
	struct timespec ts;
	clockid_t id;
	pthread_t t;

	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&t, NULL, worker, &mine);
	is(pthread_getcpuclockid(t, &id), 0, "a thread's clock");
	pthread_barrier_wait(&barrier);
	usleep(20000);
	seen = now(id);
	ok(seen >= mine && seen < mine + 500 * MS, "as it sees it itself");
	is(clock_getres(id, &ts), 0, "its resolution");
	pthread_barrier_wait(&barrier);
	/* It computes now. */
	do {
		usleep(10000);
		later = now(id);
	} while (later < seen + 20 * MS);
	ok(later >= seen + 20 * MS, "it runs on");
	process = now(CLOCK_PROCESS_CPUTIME_ID);
	ok(process >= later, "the process has used as much at least");
	stage = 1;
	pthread_join(t, NULL);
	/* The join may come a little before the end. */
	for (int i = 0; i < 1000 && !clock_gettime(id, &ts); i++)
		usleep(1000);
	is_errno(clock_gettime(id, &ts), EINVAL, "it has ended");
	later = now(CLOCK_PROCESS_CPUTIME_ID);
	ok(later >= process, "what it used counts on");
}

static void test_ids(void)
{
	struct timespec ts;
	clockid_t id;

	is(clock_getcpuclockid(0, &id), 0, "clock_getcpuclockid");
	ok(now(id) > 0, "our own");
	is(clock_getcpuclockid(getpid(), &id), 0, "by number");
	ok(now(id) > 0, "is the same");
	is(pthread_getcpuclockid(pthread_self(), &id), 0, "our thread");
	ok(now(id) > 0, "its clock");
	/* The three kinds: user and system, user, scheduled. */
	ok(now((clockid_t)(~0U << 3 | 0)) >= 0, "user and system");
	ok(now((clockid_t)(~0U << 3 | 1)) >= 0, "user");
	ok(now((clockid_t)(~0U << 3 | 2)) > 0, "scheduled");
	ok(now((clockid_t)(~0U << 3 | 4 | 1)) >= 0, "user, of the thread");
	is_errno(syscall(SYS_clock_gettime, (clockid_t)(~0U << 3 | 3), &ts),
		 EINVAL, "no such kind");
	is_errno(syscall(SYS_clock_gettime,
			 (clockid_t)(~1999999999U << 3 | 2), &ts),
		 EINVAL, "no such process");
}

/* Both until told: a busy machine lets the other thread come late. */
static volatile int enough;

static void *killer(void *arg)
{
	while (!enough) {
		usleep(30000);
		pthread_kill(*(pthread_t *)arg, SIGUSR1);
	}
	return NULL;
}

static void *burner(void *arg)
{
	(void)arg;
	while (!enough)
		burn(MS);
	return NULL;
}

static void on_signal(int sig)
{
	(void)sig;
}

/* To sleep until others of the process have used so much. */
static void test_nanosleep(void)
{
	struct sigaction a = { .sa_handler = on_signal };
	struct timespec ts = { 0, 30 * MS }, rem = { 0, 0 };
	pthread_t t, me = pthread_self();
	int64_t start = now(CLOCK_PROCESS_CPUTIME_ID);
	clockid_t id;

	enough = 0;
	pthread_create(&t, NULL, burner, NULL);
	is(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &ts, NULL), 0,
	   "a sleep by CPU time");
	ok(now(CLOCK_PROCESS_CPUTIME_ID) - start >= 30 * MS, "so much");
	start = now(CLOCK_PROCESS_CPUTIME_ID) + 20 * MS;
	ts.tv_sec = start / 1000000000;
	ts.tv_nsec = start % 1000000000;
	is(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME, &ts, NULL),
	   0, "until a time");
	ok(now(CLOCK_PROCESS_CPUTIME_ID) >= start, "it is that time");
	enough = 1;
	pthread_join(t, NULL);

	enough = 0;
	sigaction(SIGUSR1, &a, NULL);
	pthread_create(&t, NULL, killer, &me);
	ts.tv_sec = 100;
	ts.tv_nsec = 0;
	is(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &ts, &rem), EINTR,
	   "a handler ends it");
	ok(rem.tv_sec >= 90 && rem.tv_sec < 100, "what is left");
	enough = 1;
	pthread_join(t, NULL);
	pthread_getcpuclockid(me, &id);
	is(clock_nanosleep(id, 0, &ts, NULL), EINVAL,
	   "not by the own thread's clock");
	is_errno(syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &ts,
			 NULL), EOPNOTSUPP, "whatever its name");
}

static void test_proc(void)
{
	unsigned long utime = 0, stime = 0;
	long cutime = -1, cstime = -1;
	char buf[1024], *p;
	int fd = open("/proc/self/stat", O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);

	close(fd);
	buf[n > 0 ? n : 0] = 0;
	p = strrchr(buf, ')');
	ok(p && sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
		       "%lu %lu %ld %ld", &utime, &stime, &cutime,
		       &cstime) == 4, "/proc/self/stat");
	ok(utime + stime >= 10, "its times");
	ok(!cutime && !cstime, "and the children's");
}

int main(void)
{
	test_self();
	test_thread();
	test_ids();
	test_nanosleep();
	test_proc();
	return done_testing();
}
