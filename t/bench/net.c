/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net.c: what sockets and events cost, by case.
 *
 * Prints a line a case: its name and nanoseconds per round, the best of
 * several slices.
 */
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SLICES		7
#define MESSAGE		64
#define BLOCK		65536
#define WATCHES		10000
#define ACTIVE		10

static char block[BLOCK];

static void need(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* The best of SLICES of @n rounds. */
static void measure(const char *name, void (*round)(void *), void *arg, int n)
{
	double best = 1e18;

	for (int k = 0; k < SLICES; k++) {
		double t = now_ns();

		for (int i = 0; i < n; i++)
			round(arg);
		t = (now_ns() - t) / n;
		if (t < best)
			best = t;
	}
	printf("%s %.1f\n", name, best);
	fflush(stdout);
}

static void tcp_pair(int s[2])
{
	struct sockaddr_in a;
	socklen_t n = sizeof(a);
	int l = socket(AF_INET, SOCK_STREAM, 0);

	memset(&a, 0, sizeof(a));
	a.sin_family = AF_INET;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	need(!bind(l, (struct sockaddr *)&a, sizeof(a)) && !listen(l, 1) &&
	     !getsockname(l, (struct sockaddr *)&a, &n), "listen");
	s[0] = socket(AF_INET, SOCK_STREAM, 0);
	need(!connect(s[0], (struct sockaddr *)&a, sizeof(a)), "connect");
	s[1] = accept(l, NULL, NULL);
	need(s[1] >= 0, "accept");
	close(l);
}

static void pair(int tcp, int s[2])
{
	if (tcp)
		tcp_pair(s);
	else
		need(!socketpair(AF_UNIX, SOCK_STREAM, 0, s), "socketpair");
}

static void ask(void *arg)
{
	const int *fd = arg;
	char c[MESSAGE] = { 0 };

	need(write(*fd, c, sizeof(c)) == sizeof(c) &&
	     read(*fd, c, sizeof(c)) > 0, "ping");
}

static void push(void *arg)
{
	const int *fd = arg;

	need(write(*fd, block, BLOCK) == BLOCK, "stream");
}

/* A child that reads all there is; what it read goes back if @echo. */
static void with_child(const char *name, int tcp, int echo, int n)
{
	ssize_t got;
	int s[2];
	pid_t child;

	pair(tcp, s);
	child = fork();
	need(child >= 0, "fork");
	if (!child) {
		close(s[0]);
		while ((got = read(s[1], block, BLOCK)) > 0)
			if (echo)
				need(write(s[1], block, (size_t)got) == got,
				     "echo");
		_exit(0);
	}
	close(s[1]);
	measure(name, echo ? ask : push, &s[0], n);
	close(s[0]);
	waitpid(child, NULL, 0);
}

static void wait_ready(void *arg)
{
	struct epoll_event ev[16];
	const int *fd = arg;

	need(epoll_wait(*fd, ev, 16, 0) == 1, "epoll_wait");
}

static void case_ready(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(0), fd = eventfd(1, 0);

	need(!epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev), "epoll_ctl");
	measure("epoll-ready", wait_ready, &ep, 20000);
	close(fd);
	close(ep);
}

static void poll_ten(void *arg)
{
	need(poll(arg, 10, 0) == 1, "poll");
}

static void case_poll(void)
{
	struct pollfd p[10];

	for (int i = 0; i < 10; i++) {
		p[i].fd = eventfd(i == 5, 0);
		p[i].events = POLLIN;
	}
	measure("poll-10", poll_ten, p, 20000);
	for (int i = 0; i < 10; i++)
		close(p[i].fd);
}

static int watched[WATCHES];

static void ten_active(void *arg)
{
	static unsigned int next;
	struct epoll_event ev[64];
	const int *ep = arg;
	uint64_t v = 1;
	int left = ACTIVE;

	for (unsigned int j = 0; j < ACTIVE; j++)
		need(write(watched[(next + j * 997) % WATCHES], &v,
			   sizeof(v)) == sizeof(v), "write");
	next += 7;
	while (left > 0) {
		int n = epoll_wait(*ep, ev, 64, -1);

		need(n > 0, "epoll_wait");
		for (int i = 0; i < n; i++)
			need(read(watched[ev[i].data.u32], &v, sizeof(v)) ==
			     sizeof(v), "read");
		left -= n;
	}
}

static void case_many(void)
{
	struct rlimit r;
	int ep = epoll_create1(0);

	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
	if (r.rlim_cur < WATCHES + 64)
		return;
	for (unsigned int i = 0; i < WATCHES; i++) {
		struct epoll_event ev = { .events = EPOLLIN,
					  .data.u32 = i };

		watched[i] = eventfd(0, EFD_NONBLOCK);
		need(watched[i] >= 0 &&
		     !epoll_ctl(ep, EPOLL_CTL_ADD, watched[i], &ev), "watch");
	}
	measure("epoll-10k", ten_active, &ep, 1000);
}

int main(void)
{
	with_child("unix-pingpong", 0, 1, 2000);
	with_child("tcp-pingpong", 1, 1, 2000);
	with_child("unix-stream", 0, 0, 300);
	with_child("tcp-stream", 1, 0, 300);
	case_ready();
	case_poll();
	case_many();
	return 0;
}
