/* SPDX-License-Identifier: Apache-2.0 */
/* g-epoll.c: epoll over sockets and other files: edges, shots, nests. */
#include "inet.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static int watch(int ep, int fd, unsigned int events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
}

static int change(int ep, int fd, unsigned int events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	return epoll_ctl(ep, EPOLL_CTL_MOD, fd, &ev);
}

/* What the one event says; 0: there is none, -1: it is not of @fd. */
static int got(int ep, int fd, int ms)
{
	struct epoll_event ev;
	int n = epoll_wait(ep, &ev, 1, ms);

	if (n <= 0)
		return n;
	return ev.data.fd == fd ? (int)ev.events : -1;
}

static void test_edge(void)
{
	int ep = epoll_create1(EPOLL_CLOEXEC), s[2];
	char c[2];

	tcp_pair(AF_INET, s);
	is(watch(ep, s[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET), 0,
	   "add, edge triggered");
	is_errno(watch(ep, s[0], EPOLLIN), EEXIST, "once only");
	is(got(ep, s[0], PATIENCE_MS), EPOLLOUT, "writable");
	is(got(ep, s[0], 0), 0, "told once");
	is(write(s[1], "a", 1), 1, "data comes");
	is(got(ep, s[0], PATIENCE_MS), EPOLLIN | EPOLLOUT, "an edge");
	is(got(ep, s[0], 0), 0, "told once");
	is(write(s[1], "b", 1), 1, "more comes");
	is(got(ep, s[0], PATIENCE_MS), EPOLLIN | EPOLLOUT, "another edge");
	is(read(s[0], c, 1), 1, "read some");
	is(got(ep, s[0], 0), 0, "no edge");
	is(change(ep, s[0], EPOLLIN | EPOLLET), 0, "change");
	is(got(ep, s[0], 0), EPOLLIN, "is told again");
	is(shutdown(s[1], SHUT_WR), 0, "the peer ends");
	is(got(ep, s[0], PATIENCE_MS), EPOLLIN, "an edge");
	is(change(ep, s[0], EPOLLRDHUP), 0, "EPOLLRDHUP");
	is(got(ep, s[0], PATIENCE_MS), EPOLLRDHUP, "is told");
	is(got(ep, s[0], 0), EPOLLRDHUP, "for as long as it lasts");
	close(s[1]);
	close(s[0]);
	is(got(ep, s[0], 0), 0, "closed: not watched");
	is_errno(change(ep, s[0], EPOLLIN), EBADF, "nor known");
	close(ep);
}

static void test_room(void)
{
	static char block[65536];
	int ep = epoll_create1(0), s[2];
	long sent = 0, n;

	tcp_pair(AF_INET, s);
	set_nonblock(s[0]);
	set_nonblock(s[1]);
	watch(ep, s[0], EPOLLOUT | EPOLLET);
	is(got(ep, s[0], PATIENCE_MS), EPOLLOUT, "there is room");
	while ((n = write(s[0], block, sizeof(block))) > 0)
		sent += n;
	is(got(ep, s[0], 0), 0, "there is none");
	while (sent > 0) {
		poll_for(s[1], POLLIN);
		n = read(s[1], block, sizeof(block));
		if (n <= 0)
			break;
		sent -= n;
	}
	is(sent, 0, "all was read");
	is(got(ep, s[0], PATIENCE_MS), EPOLLOUT, "there is room again");
	close(s[0]);
	close(s[1]);
	close(ep);
}

static void test_oneshot(void)
{
	int ep = epoll_create1(0), fd = eventfd(1, EFD_NONBLOCK);

	is(watch(ep, fd, EPOLLIN | EPOLLONESHOT), 0, "EPOLLONESHOT");
	is(got(ep, fd, 0), EPOLLIN, "told");
	is(got(ep, fd, 0), 0, "once");
	is(change(ep, fd, EPOLLIN | EPOLLONESHOT), 0, "armed again");
	is(got(ep, fd, 0), EPOLLIN, "told again");
	is(epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL), 0, "taken out");
	is_errno(epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL), ENOENT, "once");
	is(watch(ep, fd, EPOLLIN | EPOLLEXCLUSIVE | EPOLLWAKEUP), 0,
	   "EPOLLEXCLUSIVE");
	is_errno(change(ep, fd, EPOLLIN), EINVAL, "cannot be changed");
	close(fd);
	close(ep);
}

static void test_nest(void)
{
	int a = epoll_create1(0), b = epoll_create1(0), fd = eventfd(0, 0);
	int chain[8], deep = 0;
	struct epoll_event ev;
	eventfd_t v;

	is(watch(a, b, EPOLLIN), 0, "an epoll in an epoll");
	is_errno(watch(b, a, EPOLLIN), ELOOP, "not in a ring");
	is_errno(watch(a, a, EPOLLIN), EINVAL, "nor in itself");
	is(watch(b, fd, EPOLLIN), 0, "a file in the inner one");
	is(got(a, b, 0), 0, "nothing");
	eventfd_write(fd, 1);
	is(got(a, b, PATIENCE_MS), EPOLLIN, "comes through");
	is(poll_now(a, POLLIN), POLLIN, "to poll too");
	eventfd_read(fd, &v);
	is(got(a, b, 0), 0, "and goes");
	is(poll_now(a, POLLIN), 0, "there too");
	for (int i = 0; i < 8; i++) {
		chain[i] = epoll_create1(0);
		if (i && watch(chain[i], chain[i - 1], EPOLLIN)) {
			deep = errno;
			break;
		}
	}
	is(deep, ELOOP, "nor too deep");
	is_errno(watch(a, fd + 100, EPOLLIN), EBADF, "a bad descriptor");
	is_errno(epoll_wait(fd, &ev, 1, 0), EINVAL, "not an epoll");
	close(a);
	close(b);
	close(fd);
}

static void test_times(void)
{
	struct timespec zero = { 0, 0 }, bad = { 0, 1000000000 };
	struct epoll_event ev;
	int ep = epoll_create1(0);

	is(epoll_pwait(ep, &ev, 1, 0, NULL), 0, "epoll_pwait");
	is(epoll_wait(ep, &ev, 1, 10), 0, "a short wait");
	is_errno(epoll_wait(ep, &ev, 0, 0), EINVAL, "no events");
#ifdef SYS_epoll_pwait2
	if (!host_lacks(SYS_epoll_pwait2)) {
		is(syscall(SYS_epoll_pwait2, ep, &ev, 1, &zero, NULL, 8), 0,
		   "epoll_pwait2");
		is_errno(syscall(SYS_epoll_pwait2, ep, &ev, 1, &bad, NULL, 8),
			 EINVAL, "a bad time");
	}
#endif
	(void)zero;
	(void)bad;
	close(ep);
}

/* More events than one look takes, each told once a wait. */
static void test_many(void)
{
	enum { N = 500 };
	static struct epoll_event ev[N + 1];
	static int fd[N], seen[4096];
	int ep = epoll_create1(0), n, bad = 0;

	for (int i = 0; i < N; i++) {
		fd[i] = eventfd(1, EFD_NONBLOCK);
		if (fd[i] < 0 || watch(ep, fd[i], EPOLLIN))
			bad++;
	}
	is(bad, 0, "many watches");
	n = epoll_wait(ep, ev, N + 1, 0);
	is(n, N, "all are told at once");
	for (int i = 0; i < n; i++)
		seen[ev[i].data.fd]++;
	for (int i = 0; i < N; i++)
		bad += seen[fd[i]] != 1;
	is(bad, 0, "each once");
	/* With little room they take turns. */
	memset(seen, 0, sizeof(seen));
	for (int i = 0; i < N / 10; i++) {
		n = epoll_wait(ep, ev, 10, 0);
		for (int j = 0; j < n; j++)
			seen[ev[j].data.fd]++;
	}
	for (int i = 0; i < N; i++) {
		bad += seen[fd[i]] != 1;
		close(fd[i]);
	}
	is(bad, 0, "in turns, with room for ten");
	close(ep);
}

/* No wake-up is lost between processes, whoever is the faster. */
static void test_wakes(void)
{
	enum { ROUNDS = 3000 };
	int s[2], status, bad = 0;
	pid_t child;
	char c;

	tcp_pair(AF_INET, s);
	child = fork();
	if (!child) {
		int ep = epoll_create1(0);

		set_nonblock(s[1]);
		watch(ep, s[1], EPOLLIN | EPOLLET);
		for (int i = 0; i < ROUNDS; ) {
			if (got(ep, s[1], PATIENCE_MS) != EPOLLIN)
				_exit(1);
			while (read(s[1], &c, 1) == 1) {
				i++;
				if (write(s[1], &c, 1) != 1)
					_exit(2);
			}
		}
		_exit(0);
	}
	for (int i = 0; i < ROUNDS; i++) {
		if (write(s[0], "x", 1) != 1 ||
		    !(poll_for(s[0], POLLIN) & POLLIN) ||
		    read(s[0], &c, 1) != 1)
			bad++;
		if (bad)
			break;
	}
	is(bad, 0, "thousands of edges to a child");
	waitpid(child, &status, 0);
	is(status, 0, "which saw them all");
	close(s[0]);
	close(s[1]);
}

/* Who waits for what does not come uses no CPU. */
static void test_idle(void)
{
	int s[2], l = listen_lo(AF_INET, 1), ep = epoll_create1(0);
	struct rusage r;
	pid_t child[3];
	long ms = 0;

	tcp_pair(AF_INET, s);
	watch(ep, s[0], EPOLLIN);
	for (int i = 0; i < 3; i++) {
		child[i] = fork();
		if (child[i])
			continue;
		if (i == 0)
			accept(l, NULL, NULL);
		else if (i == 1)
			got(ep, s[0], -1);
		else
			poll_for(s[1], POLLIN);
		_exit(0);
	}
	usleep(1500000);
	for (int i = 0; i < 3; i++) {
		kill(child[i], SIGKILL);
		if (wait4(child[i], NULL, 0, &r) == child[i])
			ms += r.ru_utime.tv_sec * 1000 +
				r.ru_utime.tv_usec / 1000 +
				r.ru_stime.tv_sec * 1000 +
				r.ru_stime.tv_usec / 1000;
	}
	if (!ok(ms < 500, "who waits uses no CPU"))
		printf("# %ld ms\n", ms);
	close(s[0]);
	close(s[1]);
	close(l);
	close(ep);
}

int main(void)
{
	need_loopback(AF_INET);
	test_edge();
	test_room();
	test_oneshot();
	test_nest();
	test_times();
	test_many();
	test_wakes();
	test_idle();
	return done_testing();
}
