/* SPDX-License-Identifier: Apache-2.0 */
/* g-timerfd.c: timers as files. */
#define _GNU_SOURCE
#include "t/guest.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define MS 1000000L

static int64_t now_ms(int clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int set(int fd, int flags, int64_t value_ns, int64_t interval_ns)
{
	struct itimerspec v = {
		.it_value = { value_ns / 1000000000, value_ns % 1000000000 },
		.it_interval = { interval_ns / 1000000000,
				 interval_ns % 1000000000 },
	};

	return timerfd_settime(fd, flags, &v, NULL);
}

static void test_create(void)
{
	struct stat st;
	uint64_t n;
	int fd;

	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	ok(fd >= 0, "timerfd_create");
	is(fcntl(fd, F_GETFD), FD_CLOEXEC, "close-on-exec");
	is(fcntl(fd, F_GETFL) & (O_NONBLOCK | O_ACCMODE), O_NONBLOCK | O_RDWR,
	   "its flags");
	is_errno(read(fd, &n, 8), EAGAIN, "nothing to read");
	is_errno(read(fd, &n, 7), EINVAL, "too little room");
	is_errno(write(fd, &n, 8), EINVAL, "it cannot be written");
	is(fstat(fd, &st), 0, "fstat");
	close(fd);
	is_errno(timerfd_create(CLOCK_MONOTONIC, 1), EINVAL, "bad flag");
	is_errno(timerfd_create(77, 0), EINVAL, "no clock 77");
	is_errno(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0), EINVAL,
		 "not by CPU time");
	is_errno(timerfd_create(CLOCK_TAI, 0), EINVAL, "not by TAI");
	fd = timerfd_create(CLOCK_BOOTTIME, 0);
	ok(fd >= 0, "boot time");
	is(fcntl(fd, F_GETFD), 0, "not close-on-exec");
	close(fd);
}

static void test_settime(void)
{
	struct itimerspec v = { { 0, 0 }, { 0, 0 } }, old;
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	int other = dup(0);

	v.it_value.tv_nsec = 1000000000;
	is_errno(timerfd_settime(fd, 0, &v, NULL), EINVAL, "not a time");
	v.it_value.tv_nsec = 0;
	v.it_interval.tv_sec = -1;
	is_errno(timerfd_settime(fd, 0, &v, NULL), EINVAL, "nor an interval");
	v.it_interval.tv_sec = 5;
	v.it_value.tv_sec = 100;
	is_errno(timerfd_settime(fd, 4, &v, NULL), EINVAL, "bad flag");
	is_errno(timerfd_settime(-1, 0, &v, NULL), EBADF, "no descriptor");
	is_errno(timerfd_settime(1, 0, &v, NULL), EINVAL, "not a timer");
	is_errno(syscall(SYS_timerfd_settime, fd, 0, NULL, NULL), EFAULT,
		 "no value");
	is_errno(syscall(SYS_timerfd_gettime, fd, 8), EFAULT, "bad pointer");
	is_errno(timerfd_gettime(1, &old), EINVAL, "not a timer to ask");
	is_errno(timerfd_gettime(-1, &old), EBADF, "nothing to ask");
	close(other);

	memset(&old, 1, sizeof(old));
	is(timerfd_gettime(fd, &old), 0, "timerfd_gettime");
	ok(!old.it_value.tv_sec && !old.it_value.tv_nsec &&
	   !old.it_interval.tv_sec, "it is off");
	is(timerfd_settime(fd, 0, &v, &old), 0, "timerfd_settime");
	ok(!old.it_value.tv_sec, "it was off");
	timerfd_gettime(fd, &old);
	ok(old.it_value.tv_sec >= 90 && old.it_value.tv_sec <= 100,
	   "what is left");
	is(old.it_interval.tv_sec, 5, "the interval");
	v.it_value.tv_sec = 0;
	is(timerfd_settime(fd, 0, &v, &old), 0, "switch it off");
	ok(old.it_value.tv_sec >= 90, "what was left");
	timerfd_gettime(fd, &old);
	ok(!old.it_value.tv_sec && !old.it_value.tv_nsec, "it is off again");
	close(fd);
}

static void test_read(int clock, const char *name)
{
	int fd = timerfd_create(clock, 0);
	struct itimerspec old;
	struct timespec ts;
	int64_t start = now_ms(CLOCK_MONOTONIC);
	uint64_t n = 0;

	printf("# %s\n", name);
	set(fd, 0, 30 * MS, 0);
	is(read(fd, &n, 8), 8, "a read waits");
	is((long)n, 1, "for one expiry");
	ok(now_ms(CLOCK_MONOTONIC) - start >= 30, "and not too short");
	timerfd_gettime(fd, &old);
	ok(!old.it_value.tv_sec && !old.it_value.tv_nsec, "once only");

	set(fd, 0, MS, 2 * MS);
	usleep(50000);
	is(read(fd, &n, sizeof(n)), 8, "an interval");
	ok(n >= 20 && n < 10000, "expiries are counted");
	is(read(fd, &n, 8), 8, "and again");
	ok(n >= 1, "at least one");
	timerfd_gettime(fd, &old);
	is(old.it_interval.tv_nsec, 2 * MS, "its interval");
	ok(!old.it_value.tv_sec && old.it_value.tv_nsec > 0 &&
	   old.it_value.tv_nsec <= 2 * MS, "until the next");

	/* At a time of its clock, to come and past. */
	clock_gettime(clock, &ts);
	set(fd, TFD_TIMER_ABSTIME, ts.tv_sec * 1000000000L + ts.tv_nsec +
	    20 * MS, 0);
	start = now_ms(clock);
	is(read(fd, &n, 8), 8, "at a time");
	ok(n == 1 && now_ms(clock) - start >= 19, "not before");
	set(fd, TFD_TIMER_ABSTIME, 1, 0);
	is(read(fd, &n, 8), 8, "at a time that is past");
	is((long)n, 1, "counts once");
	set(fd, TFD_TIMER_ABSTIME, ts.tv_sec * 1000000000L - 1000000000L,
	    500 * MS);
	is(read(fd, &n, 8), 8, "with an interval");
	ok(n >= 2, "all that were missed");
	close(fd);
}

static void test_poll(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
	int64_t start;
	uint64_t n;

	is(poll(&p, 1, 0), 0, "poll: it is off");
	set(fd, 0, 20 * MS, 0);
	start = now_ms(CLOCK_MONOTONIC);
	is(poll(&p, 1, 10000), 1, "poll wakes");
	is(p.revents, POLLIN, "to read");
	ok(now_ms(CLOCK_MONOTONIC) - start >= 20, "not too early");
	is(poll(&p, 1, 0), 1, "it stays ready");
	is(read(fd, &n, 8), 8, "until it is read");
	is(poll(&p, 1, 0), 0, "then it is not");
	set(fd, 0, MS, 0);
	usleep(20000);
	is(poll(&p, 1, 0), 1, "expired");
	set(fd, 0, 100000 * MS, 0);
	is(poll(&p, 1, 0), 0, "setting it makes it new");
	is_errno(read(fd, &n, 8), EAGAIN, "nothing to read any more");
	close(fd);
}

static void test_epoll(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	int ep = epoll_create1(0), rounds = 0;
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = 7 };
	uint64_t n, all = 0;

	is(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e), 0, "epoll_ctl");
	is(epoll_wait(ep, &e, 1, 0), 0, "epoll: it is off");
	set(fd, 0, 5 * MS, 5 * MS);
	while (all < 5 && rounds++ < 10) {
		if (epoll_wait(ep, &e, 1, 10000) != 1 ||
		    read(fd, &n, 8) != 8)
			break;
		all += n;
	}
	ok(all >= 5, "an event loop");
	is((long)e.data.u64, 7, "its data");
	set(fd, 0, 0, 0);
	is(epoll_wait(ep, &e, 1, 20), 0, "quiet when it is off");

	/* Edges: one for each time that it expires after a read. */
	e.events = EPOLLIN | EPOLLET;
	epoll_ctl(ep, EPOLL_CTL_MOD, fd, &e);
	set(fd, 0, 5 * MS, 5 * MS);
	is(epoll_wait(ep, &e, 1, 10000), 1, "an edge");
	is(epoll_wait(ep, &e, 1, 30), 0, "no other before a read");
	is(read(fd, &n, 8), 8, "the read");
	is(epoll_wait(ep, &e, 1, 10000), 1, "the next edge");
	close(fd);
	is(epoll_wait(ep, &e, 1, 20), 0, "it is closed");
	close(ep);
}

static void on_signal(int sig)
{
	(void)sig;
}

static void *poker(void *arg)
{
	(void)arg;
	usleep(20000);
	pthread_kill(*(pthread_t *)arg, SIGUSR1);
	return NULL;
}

static void test_interrupted(void)
{
	struct sigaction a = { .sa_handler = on_signal };
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	pthread_t me = pthread_self(), t;
	uint64_t n;

	sigaction(SIGUSR1, &a, NULL);
	set(fd, 0, 100000 * MS, 0);
	pthread_create(&t, NULL, poker, &me);
	is_errno(read(fd, &n, 8), EINTR, "a handler ends a read");
	pthread_join(t, NULL);
	a.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &a, NULL);
	set(fd, 0, 60 * MS, 0);
	pthread_create(&t, NULL, poker, &me);
	is(read(fd, &n, 8), 8, "with SA_RESTART it goes on");
	pthread_join(t, NULL);
	close(fd);
}

static void *setter(void *arg)
{
	usleep(20000);
	set(*(int *)arg, 0, MS, 0);
	return NULL;
}

static void *reader(void *arg)
{
	uint64_t n = 0;

	return (void *)(read(*(int *)arg, &n, 8) == 8 ? n : 0);
}

static void test_threads(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	pthread_t t[4];
	uint64_t n = 0;
	long sum = 0;
	void *r;

	set(fd, 0, 100000 * MS, 0);
	pthread_create(&t[0], NULL, setter, &fd);
	is(read(fd, &n, 8), 8, "a timer set while it is waited for");
	pthread_join(t[0], NULL);
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, reader, &fd);
	set(fd, 0, 2 * MS, 5 * MS);
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], &r);
		sum += (long)r;
	}
	ok(sum >= 4, "four readers each get one");
	close(fd);
}

static void test_cancel(void)
{
	int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
	uint64_t n;

	is(set(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
	       (now_ms(CLOCK_REALTIME) + 100000) * MS, 0), 0,
	   "to be told when the clock is set");
	is_errno(read(fd, &n, 8), EAGAIN, "nobody does");
	is(set(fd, TFD_TIMER_CANCEL_ON_SET, MS, 0), 0, "without a time");
	usleep(20000);
	is(read(fd, &n, 8), 8, "that means nothing");
	close(fd);
}

int main(void)
{
	test_create();
	test_settime();
	test_read(CLOCK_MONOTONIC, "monotonic");
	test_read(CLOCK_REALTIME, "real time");
	test_read(CLOCK_BOOTTIME, "boot time");
	test_poll();
	test_epoll();
	test_interrupted();
	test_threads();
	test_cancel();
	return done_testing();
}
