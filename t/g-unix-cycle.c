/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-unix-cycle.c: sockets in messages that nobody can receive any more.
 *
 * The writing end of a pipe goes along: the reader sees its end when all of
 * it was freed.
 */
#define _GNU_SOURCE
#include "t/guest.h"

#include <poll.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS	30000

static ssize_t send_fds(int sock, const int *fds, size_t n)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(8 * sizeof(int))];
	} c = { .h = {
		.cmsg_len = CMSG_LEN(n * sizeof(int)),
		.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
	} };
	char byte = 0;
	struct iovec v = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &v, .msg_iovlen = 1,
		.msg_control = &c, .msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};

	memcpy(CMSG_DATA(&c.h), fds, n * sizeof(int));
	return sendmsg(sock, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static ssize_t recv_fds(int sock, int *fds, size_t n, int flags)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(8 * sizeof(int))];
	} c;
	char byte;
	struct iovec v = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &v, .msg_iovlen = 1,
		.msg_control = &c, .msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};
	ssize_t got = recvmsg(sock, &m, flags);

	if (got == 1 && CMSG_FIRSTHDR(&m))
		memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&m)), n * sizeof(int));
	return got;
}

/* Linux looks when some socket of AF_UNIX is closed. */
static void close_another(void)
{
	int p[2];

	if (!socketpair(AF_UNIX, SOCK_STREAM, 0, p)) {
		close(p[0]);
		close(p[1]);
	}
}

/* Has the pipe no writers any more?  It is closed. */
static int freed(int fd)
{
	struct timespec nap = { 0, 10000000 };
	struct pollfd p = { fd, POLLIN, 0 };

	for (int i = 0; i < PATIENCE_MS / 10; i++) {
		close_another();
		if (poll(&p, 1, 0) > 0)
			break;
		nanosleep(&nap, NULL);
	}
	close(fd);
	return p.revents == POLLHUP;
}

static int writers(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	for (int i = 0; i < 5; i++)
		close_another();
	return poll(&p, 1, 0) == 0;
}

static void test_itself(int type, const char *name)
{
	int s[2], p[2];

	if (socketpair(AF_UNIX, type, 0, s) || pipe(p))
		return;
	is((long)send_fds(s[1], (int[]){ s[0], p[1] }, 2), 1, name);
	close(p[1]);
	close(s[1]);
	ok(writers(p[0]), "an open one keeps it");
	close(s[0]);
	ok(freed(p[0]), "in its own queue: freed");
}

static void test_peer(void)
{
	int s[2], p[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) || pipe(p))
		return;
	/* s[1] lies in the queue of s[0], and s[0] in that of s[1]. */
	send_fds(s[1], (int[]){ s[1], p[1] }, 2);
	send_fds(s[0], (int[]){ s[0] }, 1);
	close(p[1]);
	close(s[0]);
	close(s[1]);
	ok(freed(p[0]), "each in its peer's queue: freed");
}

static void test_ring(void)
{
	int s[5][2], p[2];

	for (int i = 0; i < 5; i++)
		if (socketpair(AF_UNIX, SOCK_DGRAM, 0, s[i]))
			return;
	if (pipe(p))
		return;
	for (int i = 0; i < 5; i++)
		send_fds(s[i][1], (int[]){ s[(i + 1) % 5][0], p[1] }, 2);
	close(p[1]);
	for (int i = 0; i < 5; i++)
		close(s[i][1]);
	for (int i = 0; i < 4; i++)
		close(s[i][0]);
	ok(writers(p[0]), "a ring with one that is open stays");
	/* Take the next one out of the queue of the open one. */
	is((long)recv_fds(s[4][0], s[0], 2, 0), 1, "and can be received");
	close(s[0][1]);
	close(s[4][0]);
	ok(writers(p[0]), "from another place too");
	close(s[0][0]);
	ok(freed(p[0]), "a ring: freed");
}

static void test_listener(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int l = socket(AF_UNIX, SOCK_STREAM, 0);
	int c = socket(AF_UNIX, SOCK_STREAM, 0);
	socklen_t len;
	int p[2];

	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			  sprintf(a.sun_path + 1, "cycle-%d", (int)getpid()));
	if (bind(l, (struct sockaddr *)&a, len) || listen(l, 5) || pipe(p))
		return;
	is(connect(c, (struct sockaddr *)&a, len), 0, "connect");
	is((long)send_fds(c, (int[]){ l, p[1] }, 2), 1, "send who listens");
	close(p[1]);
	close(l);
	ok(freed(p[0]), "in a connection not accepted: freed");
	close(c);
}

static void test_peek(void)
{
	int s[2], p[2], got[2] = { -1, -1 };

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) || pipe(p))
		return;
	send_fds(s[1], (int[]){ s[0], p[1] }, 2);
	is((long)recv_fds(s[0], got, 2, MSG_PEEK), 1, "peek");
	close(p[1]);
	close(got[1]);
	close(s[0]);
	close(s[1]);
	ok(writers(p[0]), "what a peek gave keeps it");
	is((long)recv_fds(got[0], s, 2, 0), 1, "it can be received");
	is((long)send_fds(s[0], (int[]){ s[0] }, 1), -1, "its peer is gone");
	close(got[0]);
	close(s[0]);
	ok(writers(p[0]), "the pipe came too");
	close(s[1]);
	ok(freed(p[0]), "nothing is left");
}

/* The queue of one that can be received is not garbage. */
static void test_inner(void)
{
	int out[2], in[2], p[2], got = -1;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, out) ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, in) || pipe(p))
		return;
	send_fds(in[1], (int[]){ in[0], p[1] }, 2);
	send_fds(out[1], (int[]){ in[0] }, 1);
	close(in[0]);
	close(in[1]);
	close(p[1]);
	ok(writers(p[0]), "a ring that can be received stays");
	is((long)recv_fds(out[0], &got, 1, 0), 1, "receive it");
	close(out[0]);
	close(out[1]);
	ok(writers(p[0]), "it is open");
	close(got);
	ok(freed(p[0]), "then freed");
}

static void test_exit(void)
{
	int s[2], p[2], status;
	pid_t pid;

	if (pipe(p))
		return;
	pid = fork();
	if (!pid) {
		if (!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s))
			send_fds(s[1], (int[]){ s[0], s[1], p[1] }, 3);
		_exit(0);
	}
	close(p[1]);
	waitpid(pid, &status, 0);
	ok(freed(p[0]), "what an exit leaves: freed");
}

static void test_many(void)
{
	int s[2], p[2];

	if (pipe(p))
		return;
	for (int i = 0; i < 2000; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, s))
			break;
		send_fds(s[i & 1], (int[]){ s[0], s[1], p[1] }, 3);
		close(s[0]);
		close(s[1]);
	}
	close(p[1]);
	ok(freed(p[0]), "2000 of them: freed");
}

/* As many files in flight as a process may have open, and no more. */
static void test_limit(void)
{
	struct rlimit r;
	int s[2], status = -1, n;
	pid_t pid = fork();

	if (!pid) {
		getrlimit(RLIMIT_NOFILE, &r);
		r.rlim_cur = 20;
		setrlimit(RLIMIT_NOFILE, &r);
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, s))
			_exit(1);
		for (n = 0; n < 1000; n++)
			if (send_fds(s[0], (int[]){ 0, 0, 0, 0, 0, 0, 0 },
				     7) < 0)
				break;
		/* Who is privileged fills the buffer, or goes on. */
		if (n == 1000)
			_exit(geteuid() ? 2 : 0);
		_exit(errno == ETOOMANYREFS || errno == EAGAIN ? 0 : 3);
	}
	waitpid(pid, &status, 0);
	is(status, 0, "too many files in flight");
}

int main(void)
{
	test_itself(SOCK_STREAM, "a stream to itself");
	test_itself(SOCK_DGRAM, "a datagram socket to itself");
	test_itself(SOCK_SEQPACKET, "a seqpacket socket to itself");
	test_peer();
	test_ring();
	test_listener();
	test_peek();
	test_inner();
	test_exit();
	test_many();
	test_limit();
	return done_testing();
}
