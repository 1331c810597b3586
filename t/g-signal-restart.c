/* SPDX-License-Identifier: Apache-2.0 */
/* g-signal-restart.c: which calls go on after a handler, signal(7). */
#define _GNU_SOURCE
#include "t/guest.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t count;
static int fds[2];
static pthread_t first;
static volatile int write_late;

static void on_signal(int sig)
{
	(void)sig;
	count++;
}

/* After 20 ms the signal; after 40 ms, where it is asked for, a byte. */
static void *disturber(void *arg)
{
	struct timespec ts = { 0, 20000000 };

	nanosleep(&ts, NULL);
	pthread_kill(first, (int)(intptr_t)arg);
	if (write_late) {
		nanosleep(&ts, NULL);
		if (write(fds[1], "x", 1) != 1)
			count = 1000;
	}
	return NULL;
}

static long do_read(void)
{
	char c;

	return read(fds[0], &c, 1);
}

static long do_readv(void)
{
	char c;
	struct iovec iov = { &c, 1 };

	return readv(fds[0], &iov, 1);
}

static long do_poll(void)
{
	struct pollfd p = { .fd = fds[0], .events = POLLIN };

	return poll(&p, 1, 5000);
}

static long do_ppoll(void)
{
	struct pollfd p = { .fd = fds[0], .events = POLLIN };
	struct timespec ts = { 5, 0 };

	return ppoll(&p, 1, &ts, NULL);
}

static long do_select(void)
{
	struct timeval tv = { 5, 0 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fds[0], &set);
	return select(fds[0] + 1, &set, NULL, NULL, &tv);
}

static long do_epoll(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(0);
	long ret;

	epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &ev);
	ret = epoll_wait(ep, &ev, 1, 5000);
	close(ep);
	return ret;
}

static long do_pause(void)
{
	return pause();
}

static long do_sigwait(void)
{
	struct timespec ts = { 5, 0 };
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGUSR2);
	return sigtimedwait(&s, NULL, &ts);
}

static const struct {
	const char *name;
	long (*fn)(void);
	int restarts;		/* with SA_RESTART */
	int drains;		/* takes the byte away */
} calls[] = {
	{ "read", do_read, 1, 1 },
	{ "readv", do_readv, 1, 1 },
	{ "poll", do_poll, 0, 0 },
	{ "ppoll", do_ppoll, 0, 0 },
	{ "select", do_select, 0, 0 },
	{ "epoll_wait", do_epoll, 0, 0 },
	{ "pause", do_pause, 0, 0 },
	{ "sigtimedwait", do_sigwait, 0, 0 },
};

static void drain(void)
{
	char buf[16];

	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	while (read(fds[0], buf, sizeof(buf)) > 0)
		;
	fcntl(fds[0], F_SETFL, 0);
}

static void run(unsigned int i, int flags)
{
	struct sigaction a = { .sa_handler = on_signal, .sa_flags = flags };
	int wanted = flags && calls[i].restarts ? 0 : EINTR, err;
	char name[64];
	pthread_t t;
	long ret;

	sigaction(SIGUSR1, &a, NULL);
	count = 0;
	write_late = !wanted;
	pthread_create(&t, NULL, disturber, (void *)(intptr_t)SIGUSR1);
	ret = calls[i].fn();
	err = ret == -1 ? errno : 0;
	pthread_join(t, NULL);
	snprintf(name, sizeof(name), "%s%s", calls[i].name,
		 flags ? " with SA_RESTART" : "");
	is(err, wanted, name);
	snprintf(name, sizeof(name), "%s%s: the handler ran", calls[i].name,
		 flags ? " with SA_RESTART" : "");
	is(count, 1, name);
	drain();
}

/* An ignored signal disturbs none of those that can go on. */
static void run_ignored(unsigned int i)
{
	char name[64];
	pthread_t t;
	long ret;

	signal(SIGUSR1, SIG_IGN);
	write_late = 1;
	pthread_create(&t, NULL, disturber, (void *)(intptr_t)SIGUSR1);
	ret = calls[i].fn();
	pthread_join(t, NULL);
	snprintf(name, sizeof(name), "%s: an ignored signal", calls[i].name);
	is(ret, 1, name);
	drain();
}

static void test_masks(void)
{
	struct sigaction a = { .sa_handler = on_signal };
	struct pollfd p = { .fd = fds[0], .events = POLLIN };
	struct timespec ts = { 5, 0 }, zero = { 0, 0 };
	sigset_t blocked, none, now;
	fd_set set;

	sigaction(SIGUSR1, &a, NULL);
	sigemptyset(&none);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	raise(SIGUSR1);
	count = 0;
	is_errno(ppoll(&p, 1, &ts, &none), EINTR, "ppoll lets a signal in");
	is(count, 1, "its handler ran");
	sigprocmask(SIG_SETMASK, NULL, &now);
	ok(sigismember(&now, SIGUSR1), "ppoll puts the mask back");
	raise(SIGUSR1);
	count = 0;
	FD_ZERO(&set);
	FD_SET(fds[0], &set);
	is_errno(pselect(fds[0] + 1, &set, NULL, NULL, &ts, &none), EINTR,
		 "pselect lets a signal in");
	is(count, 1, "its handler ran too");
	count = 0;
	is(ppoll(&p, 1, &zero, &none), 0, "ppoll without waiting");
	is(count, 0, "nothing was pending");
	sigprocmask(SIG_SETMASK, NULL, &now);
	ok(sigismember(&now, SIGUSR1), "the mask is back again");
	/* Ready and pending at once: the descriptor wins, the signal stays. */
	if (write(fds[1], "x", 1) != 1)
		ok(0, "write");
	raise(SIGUSR1);
	count = 0;
	is(ppoll(&p, 1, &ts, &none), 1, "ppoll of a ready descriptor");
	drain();
	sigprocmask(SIG_SETMASK, &none, NULL);
	is(count, 1, "and the signal is not lost");
}

/* A handler that jumps out of a blocked call is not mistaken for its end. */
static void test_write(void)
{
	struct sigaction a = { .sa_handler = on_signal };
	static char big[200000];
	long ret;
	pthread_t t;

	sigaction(SIGUSR1, &a, NULL);
	count = 0;
	write_late = 0;
	pthread_create(&t, NULL, disturber, (void *)(intptr_t)SIGUSR1);
	ret = write(fds[1], big, sizeof(big));
	pthread_join(t, NULL);
	ok(ret > 0 && ret < (long)sizeof(big), "a long write is cut short");
	is(count, 1, "by the handler");
	drain();
}

int main(void)
{
	unsigned int i;

	first = pthread_self();
	if (pipe(fds))
		return 1;
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		run(i, 0);
		run(i, SA_RESTART);
		if (calls[i].fn != do_pause && calls[i].fn != do_sigwait)
			run_ignored(i);
	}
	test_masks();
	test_write();
	return done_testing();
}
