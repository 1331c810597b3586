/* SPDX-License-Identifier: Apache-2.0 */
/* g-poll.c: poll, ppoll, select, pselect and epoll. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "t/guest.h"

static char buf[100000];
static void *volatile bad = (void *)8;
static volatile unsigned int many = 0x7fffffff;
static volatile sig_atomic_t alarms;

static void on_alarm(int sig)
{
	(void)sig;
	alarms++;
}

static long ms_since(const struct timespec *t)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - t->tv_sec) * 1000 +
		(now.tv_nsec - t->tv_nsec) / 1000000;
}

static void new_pipe(int fd[2])
{
	if (pipe(fd) < 0)
		exit(1);
}

static void test_poll(void)
{
	struct pollfd p[4];
	struct timespec start;
	int fd[2];

	new_pipe(fd);
	p[0] = (struct pollfd){ .fd = fd[0], .events = POLLIN };
	p[1] = (struct pollfd){ .fd = fd[1], .events = POLLOUT };
	p[2] = (struct pollfd){ .fd = -5, .events = POLLIN };
	p[3] = (struct pollfd){ .fd = 0x3fff, .events = POLLIN };
	is(poll(p, 1, 0), 0, "an empty pipe");
	is(poll(p, 2, -1), 1, "its other end");
	is(p[0].revents, 0, "nothing to read");
	is(p[1].revents, POLLOUT, "room to write");
	is(poll(p, 3, -1), 1, "a negative descriptor is skipped");
	is(p[2].revents, 0, "with no event");
	is(poll(p + 2, 2, -1), 1, "a closed descriptor");
	is(p[3].revents, POLLNVAL, "POLLNVAL");
	is(write(fd[1], "x", 1), 1, "write");
	is(poll(p, 2, -1), 2, "both are ready");
	is(p[0].revents, POLLIN, "POLLIN");
	p[0].events = POLLIN | POLLRDNORM | POLLOUT;
	is(poll(p, 1, 0), 1, "more events");
	is(p[0].revents, POLLIN | POLLRDNORM, "those that hold");
	is(read(fd[0], buf, 1), 1, "read");
	close(fd[1]);
	p[0].events = 0;
	is(poll(p, 1, 0), 1, "no writer");
	is(p[0].revents, POLLHUP, "POLLHUP unasked");
	close(fd[0]);

	new_pipe(fd);
	close(fd[0]);
	p[0] = (struct pollfd){ .fd = fd[1], .events = POLLOUT };
	is(poll(p, 1, 0), 1, "no reader");
	is(p[0].revents, POLLOUT | POLLERR, "POLLERR");
	close(fd[1]);

	clock_gettime(CLOCK_MONOTONIC, &start);
	is(poll(NULL, 0, 50), 0, "poll of nothing");
	ok(ms_since(&start) >= 50, "it sleeps");
	is_errno(poll(bad, 1, 0), EFAULT, "bad pointer");
	is_errno(poll(bad, many, 0), EINVAL, "too many");
}

static void *late_writer(void *arg)
{
	usleep(30000);
	return (void *)write(*(int *)arg, "x", 1);
}

static void test_wake(void)
{
	struct pollfd p[2];
	struct epoll_event ev = { .events = EPOLLIN };
	struct timeval tv = { 5, 0 };
	pthread_t t;
	fd_set set;
	int a[2], b[2], ep;

	new_pipe(a);
	new_pipe(b);
	p[0] = (struct pollfd){ .fd = a[0], .events = POLLIN };
	p[1] = (struct pollfd){ .fd = b[0], .events = POLLIN };
	pthread_create(&t, NULL, late_writer, &b[1]);
	is(poll(p, 2, 5000), 1, "poll is woken");
	is(p[1].revents, POLLIN, "by the second");
	pthread_join(t, NULL);
	is(read(b[0], buf, 10), 1, "read");

	FD_ZERO(&set);
	FD_SET(a[0], &set);
	FD_SET(b[0], &set);
	pthread_create(&t, NULL, late_writer, &a[1]);
	is(select(b[0] + 1, &set, NULL, NULL, &tv), 1, "select is woken");
	ok(FD_ISSET(a[0], &set) && !FD_ISSET(b[0], &set), "by the first");
	ok(tv.tv_sec == 4 && tv.tv_usec > 0, "the time left is told");
	pthread_join(t, NULL);
	is(read(a[0], buf, 10), 1, "read");

	ep = epoll_create1(0);
	epoll_ctl(ep, EPOLL_CTL_ADD, a[0], &ev);
	pthread_create(&t, NULL, late_writer, &a[1]);
	is(epoll_wait(ep, &ev, 1, 5000), 1, "epoll_wait is woken");
	pthread_join(t, NULL);
	p[0] = (struct pollfd){ .fd = ep, .events = POLLIN };
	is(poll(p, 1, 0), 1, "an epoll can be polled");
	is(read(a[0], buf, 10), 1, "read");
	is(poll(p, 1, 0), 0, "and is not ready then");
	pthread_create(&t, NULL, late_writer, &a[1]);
	is(poll(p, 1, 5000), 1, "a poll of an epoll is woken");
	pthread_join(t, NULL);
	close(ep);
	close(a[0]);
	close(a[1]);
	close(b[0]);
	close(b[1]);
}

static void test_select(void)
{
	struct timeval tv = { 0, 30000 };
	struct timespec start, ts = { 0, 0 };
	fd_set r, w, x;
	int fd[2];

	new_pipe(fd);
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_ZERO(&x);
	FD_SET(fd[0], &r);
	FD_SET(fd[1], &w);
	FD_SET(fd[0], &x);
	is(select(fd[1] + 1, &r, &w, &x, NULL), 1, "select");
	ok(!FD_ISSET(fd[0], &r) && FD_ISSET(fd[1], &w) &&
	   !FD_ISSET(fd[0], &x), "its sets");
	FD_SET(fd[0], &r);
	clock_gettime(CLOCK_MONOTONIC, &start);
	is(select(fd[0] + 1, &r, NULL, NULL, &tv), 0, "time runs out");
	ok(ms_since(&start) >= 30, "not too early");
	ok(!FD_ISSET(fd[0], &r), "the set is empty then");
	is(tv.tv_sec * 1000000 + tv.tv_usec, 0, "no time is left");
	is(write(fd[1], "x", 1), 1, "write");
	FD_SET(fd[0], &r);
	FD_SET(fd[1], &w);
	is(select(fd[1] + 1, &r, &w, NULL, NULL), 2, "both count");
	is(pselect(fd[1] + 1, &r, NULL, NULL, &ts, NULL), 1, "pselect");
	FD_ZERO(&r);
	FD_SET(fd[0], &r);
	is(select(fd[0], &r, NULL, NULL, &tv), 0, "beyond nfds");
	is_errno(select(-1, NULL, NULL, NULL, &tv), EINVAL, "negative nfds");
	tv.tv_sec = -1;
	is_errno(select(0, NULL, NULL, NULL, &tv), EINVAL, "negative time");
	close(fd[0]);
	FD_ZERO(&r);
	FD_SET(fd[0], &r);
	is_errno(select(fd[0] + 1, &r, NULL, NULL, NULL), EBADF, "closed");
	close(fd[1]);
}

static void *late_alarm(void *arg)
{
	usleep(30000);
	pthread_kill(*(pthread_t *)arg, SIGALRM);
	return NULL;
}

static void test_signals(void)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	pthread_t t, self = pthread_self();
	struct timespec ts = { 5, 0 };
	sigset_t none, block;
	int fd[2];
	struct pollfd p;

	new_pipe(fd);
	p = (struct pollfd){ .fd = fd[0], .events = POLLIN };
	sa.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &sa, NULL);
	pthread_create(&t, NULL, late_alarm, &self);
	is_errno(poll(&p, 1, 5000), EINTR, "poll is interrupted");
	is(alarms, 1, "by the handler");
	pthread_join(t, NULL);
	sigemptyset(&block);
	sigaddset(&block, SIGALRM);
	sigprocmask(SIG_BLOCK, &block, NULL);
	sigemptyset(&none);
	raise(SIGALRM);
	is(alarms, 1, "blocked");
	is_errno(ppoll(&p, 1, &ts, &none), EINTR, "ppoll lets it in");
	is(alarms, 2, "it came");
	sigprocmask(SIG_BLOCK, NULL, &none);
	ok(sigismember(&none, SIGALRM), "the mask is back");
	sigprocmask(SIG_UNBLOCK, &block, NULL);
	close(fd[0]);
	close(fd[1]);
}

static void test_epoll(void)
{
	struct epoll_event ev = { .events = EPOLLIN }, got[4];
	int ep = epoll_create1(EPOLL_CLOEXEC), fd[2], file, ep2;
	uint64_t one = 1;

	ok(ep >= 0, "epoll_create1");
	is(fcntl(ep, F_GETFD), FD_CLOEXEC, "EPOLL_CLOEXEC");
	is_errno(epoll_create1(1), EINVAL, "unknown flag");
	is_errno(syscall(SYS_epoll_create, 0), EINVAL, "size 0");
	new_pipe(fd);
	ev.data.u64 = 0x123456789abcdefULL;
	is(epoll_ctl(ep, EPOLL_CTL_ADD, fd[0], &ev), 0, "add");
	is_errno(epoll_ctl(ep, EPOLL_CTL_ADD, fd[0], &ev), EEXIST, "twice");
	is_errno(epoll_ctl(ep, EPOLL_CTL_MOD, fd[1], &ev), ENOENT,
		 "change what is not there");
	is_errno(epoll_ctl(ep, EPOLL_CTL_DEL, fd[1], &ev), ENOENT,
		 "take what is not there");
	is_errno(epoll_ctl(ep, 99, fd[0], &ev), EINVAL, "unknown op");
	is_errno(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &ev), EINVAL, "itself");
	is_errno(epoll_ctl(fd[0], EPOLL_CTL_ADD, fd[1], &ev), EINVAL,
		 "no epoll");
	is_errno(epoll_ctl(ep, EPOLL_CTL_ADD, 0x3fff, &ev), EBADF, "closed");
	file = open("/proc/self/exe", O_RDONLY);
	is_errno(epoll_ctl(ep, EPOLL_CTL_ADD, file, &ev), EPERM,
		 "a regular file");
	close(file);
	is(epoll_wait(ep, got, 4, 0), 0, "nothing is ready");
	is(epoll_wait(ep, got, 4, 20), 0, "nor a little later");
	is_errno(epoll_wait(ep, got, 0, 0), EINVAL, "room for none");
	is(write(fd[1], "xy", 2), 2, "write");
	is(epoll_wait(ep, got, 4, -1), 1, "ready");
	ok(got[0].events == EPOLLIN &&
	   got[0].data.u64 == 0x123456789abcdefULL, "the event");
	is(epoll_wait(ep, got, 4, -1), 1, "still ready: level-triggered");
	ev.events = EPOLLIN | EPOLLET;
	is(epoll_ctl(ep, EPOLL_CTL_MOD, fd[0], &ev), 0, "edge-triggered");
	is(epoll_wait(ep, got, 4, 0), 1, "told once");
	is(epoll_wait(ep, got, 4, 0), 0, "and not twice");
	is(read(fd[0], buf, 1), 1, "read a part");
	is(epoll_wait(ep, got, 4, 0), 0, "that is no edge");
	is(write(fd[1], "z", 1), 1, "write more");
	is(epoll_wait(ep, got, 4, 0), 1, "that is one");
	ev.events = EPOLLIN | EPOLLONESHOT;
	is(epoll_ctl(ep, EPOLL_CTL_MOD, fd[0], &ev), 0, "one shot");
	is(epoll_wait(ep, got, 4, 0), 1, "the shot");
	is(write(fd[1], "z", 1), 1, "write more");
	is(epoll_wait(ep, got, 4, 0), 0, "no other");
	is(epoll_ctl(ep, EPOLL_CTL_MOD, fd[0], &ev), 0, "armed again");
	is(epoll_wait(ep, got, 4, 0), 1, "the next");
	is(epoll_ctl(ep, EPOLL_CTL_DEL, fd[0], NULL), 0, "delete");
	is(epoll_wait(ep, got, 4, 0), 0, "gone");

	ev.events = EPOLLOUT;
	is(epoll_ctl(ep, EPOLL_CTL_ADD, fd[1], &ev), 0, "the write end");
	is(epoll_wait(ep, got, 4, 0), 1, "is writable");
	close(fd[0]);
	is(epoll_wait(ep, got, 4, 0), 1, "without a reader");
	is(got[0].events, EPOLLOUT | EPOLLERR, "EPOLLERR");
	close(fd[1]);
	is(epoll_wait(ep, got, 4, 0), 0, "a closed file leaves");

	ep2 = epoll_create1(0);
	ev.events = EPOLLIN;
	is(epoll_ctl(ep, EPOLL_CTL_ADD, ep2, &ev), 0, "epoll in epoll");
	is_errno(epoll_ctl(ep2, EPOLL_CTL_ADD, ep, &ev), ELOOP, "a loop");
	fd[0] = eventfd(0, 0);
	is(epoll_ctl(ep2, EPOLL_CTL_ADD, fd[0], &ev), 0, "an eventfd");
	is(epoll_wait(ep, got, 4, 0), 0, "quiet");
	is(write(fd[0], &one, 8), 8, "write");
	is(epoll_wait(ep, got, 4, 0), 1, "the outer one sees it");
	close(ep2);
	close(fd[0]);
	close(ep);
}

#define ROUNDS	20000

static void *wake_often(void *arg)
{
	for (int i = 0; i < ROUNDS; i++)
		if (write(*(int *)arg, "x", 1) != 1)
			break;
	return NULL;
}

/* What is woken while its event is taken is not told of twice at once. */
static void test_once(void)
{
	struct epoll_event ev = { .events = EPOLLIN }, got[8];
	int ep = epoll_create1(0), fd[2], most = 0, sum = 0;
	pthread_t t;

	new_pipe(fd);
	epoll_ctl(ep, EPOLL_CTL_ADD, fd[0], &ev);
	pthread_create(&t, NULL, wake_often, &fd[1]);
	while (sum < ROUNDS) {
		int n = epoll_wait(ep, got, 8, 60000);

		if (n <= 0)
			break;
		most = n > most ? n : most;
		sum += (int)read(fd[0], buf, 3);
	}
	pthread_join(t, NULL);
	is(sum, ROUNDS, "all that was written");
	is(most, 1, "one event at a time");
	close(fd[0]);
	close(fd[1]);
	close(ep);
}

/*
 * A pipe together with another that stays silent: standard input where the
 * program was told to take that.
 */
static void test_mixed(int use_stdin)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct pollfd p[2];
	pthread_t t;
	int in[2], fd[2], ep;

	new_pipe(in);
	if (use_stdin)
		in[0] = 0;
	new_pipe(fd);
	p[0] = (struct pollfd){ .fd = in[0], .events = POLLIN };
	p[1] = (struct pollfd){ .fd = fd[0], .events = POLLIN };
	pthread_create(&t, NULL, late_writer, &fd[1]);
	is(poll(p, 2, 5000), 1, "one of two is woken");
	pthread_join(t, NULL);
	is(read(fd[0], buf, 9), 1, "read");
	ep = epoll_create1(0);
	epoll_ctl(ep, EPOLL_CTL_ADD, in[0], &ev);
	epoll_ctl(ep, EPOLL_CTL_ADD, fd[0], &ev);
	pthread_create(&t, NULL, late_writer, &fd[1]);
	is(epoll_wait(ep, &ev, 1, 5000), 1, "one of two in an epoll");
	pthread_join(t, NULL);
	close(ep);
}

int main(int argc, char **argv)
{
	int use_stdin = argc > 1 && !strcmp(argv[1], "stdin");

	test_poll();
	test_wake();
	test_select();
	test_signals();
	test_epoll();
	test_once();
	test_mixed(use_stdin);
	return done_testing();
}
