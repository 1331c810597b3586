/* SPDX-License-Identifier: Apache-2.0 */
/* g-socketpair.c: pairs of stream sockets; socketpair(2), unix(7). */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "guest.h"

static int ready(int fd)
{
	struct pollfd p = {
		.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP,
	};

	return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

static void test_both_ways(void)
{
	char buf[16] = "";
	struct stat st;
	int s[2], n;

	is(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s), 0,
	   "socketpair");
	is(fcntl(s[0], F_GETFD), FD_CLOEXEC, "closed by exec");
	is(fcntl(s[0], F_GETFL), O_RDWR, "read and write");
	ok(!fstat(s[0], &st) && S_ISSOCK(st.st_mode), "a socket");
	is(ready(s[0]), POLLOUT, "writable alone");
	is(write(s[0], "there", 5), 5, "write");
	is(write(s[1], "back", 4), 4, "write the other way");
	is(ready(s[0]), POLLIN | POLLOUT, "now readable too");
	is(ioctl(s[1], FIONREAD, &n) ? -1 : n, 5, "FIONREAD");
	is(recv(s[1], buf, 3, MSG_PEEK), 3, "peek");
	is(read(s[1], buf, 16), 5, "read");
	ok(!memcmp(buf, "there", 5), "what was written");
	is(recv(s[0], buf, 16, 0), 4, "recv");
	ok(!memcmp(buf, "back", 4), "what came back");
	is_errno(recv(s[0], buf, 16, MSG_DONTWAIT), EAGAIN, "MSG_DONTWAIT");
	is_errno(lseek(s[0], 0, SEEK_SET), ESPIPE, "no position");
	is_errno(pread(s[0], buf, 1, 0), ESPIPE, "no pread");
	close(s[1]);
	is(ready(s[0]), POLLIN | POLLOUT | POLLHUP | POLLRDHUP,
	   "poll when the peer is gone");
	is(read(s[0], buf, 16), 0, "its end");
	signal(SIGPIPE, SIG_IGN);
	is_errno(write(s[0], "x", 1), EPIPE, "nobody to write to");
	close(s[0]);
}

static void test_shutdown(void)
{
	char buf[16];
	int s[2];

	is(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0, "pair to shut");
	is(write(s[0], "last", 4), 4, "last words");
	is(shutdown(s[0], SHUT_WR), 0, "SHUT_WR");
	is_errno(send(s[0], "x", 1, MSG_NOSIGNAL), EPIPE, "no more");
	is(ready(s[0]), POLLOUT, "half shut, this side");
	is(ready(s[1]), POLLIN | POLLOUT | POLLRDHUP, "and the other");
	is(read(s[1], buf, 16), 4, "they arrive");
	is(read(s[1], buf, 16), 0, "then the end");
	is(write(s[1], "answer", 6), 6, "the other way works");
	is(read(s[0], buf, 16), 6, "the answer");
	is(shutdown(s[0], SHUT_RD), 0, "SHUT_RD");
	is_errno(send(s[1], "x", 1, MSG_NOSIGNAL), EPIPE, "nobody reads");
	is(ready(s[1]), POLLIN | POLLOUT | POLLHUP | POLLRDHUP, "all shut");
	is_errno(shutdown(s[0], 7), EINVAL, "no such direction");
	is_errno(shutdown(0, SHUT_RD), ENOTSOCK, "of no socket");
	is_errno(shutdown(99, SHUT_RD), EBADF, "of nothing");
	close(s[0]);
	close(s[1]);
}

static void test_messages(void)
{
	char a[8] = "", b[8] = "", name[32], one[] = "one", two[] = "two!";
	struct iovec out[2] = { { one, 3 }, { two, 4 } };
	struct iovec in[2] = { { a, 4 }, { b, 8 } };
	struct msghdr m = { .msg_iov = out, .msg_iovlen = 2 };
	struct ucred cred;
	socklen_t len;
	int s[2], v = 0;

	is(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0, "pair for messages");
	is(sendmsg(s[0], &m, 0), 7, "sendmsg");
	m.msg_iov = in;
	m.msg_name = name;
	m.msg_namelen = sizeof(name);
	is(recvmsg(s[1], &m, 0), 7, "recvmsg");
	ok(!strncmp(a, "onet", 4) && !strcmp(b, "wo!"), "in two pieces");
	is(m.msg_namelen, 0, "from no name");
	is(m.msg_flags, 0, "whole");
	len = sizeof(v);
	is(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &v, &len), 0, "SO_TYPE");
	is(v, SOCK_STREAM, "a stream");
	is(getsockopt(s[0], SOL_SOCKET, SO_DOMAIN, &v, &len), 0, "SO_DOMAIN");
	is(v, AF_UNIX, "unix");
	is(getsockopt(s[0], SOL_SOCKET, SO_ERROR, &v, &len), 0, "SO_ERROR");
	is(v, 0, "none");
	len = sizeof(cred);
	is(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &cred, &len), 0,
	   "SO_PEERCRED");
	ok(cred.pid == getpid() && cred.uid == geteuid(), "oneself");
	len = sizeof(name);
	is(getsockname(s[0], (struct sockaddr *)name, &len), 0, "getsockname");
	is(len, 2, "no name");
	len = sizeof(name);
	is(getpeername(s[0], (struct sockaddr *)name, &len), 0, "getpeername");
	is(len, 2, "no name either");
	is_errno(getsockopt(s[0], SOL_SOCKET, 9999, &v, &len), ENOPROTOOPT,
		 "no such option");
	is_errno(socketpair(AF_UNIX, 99, 0, s), EINVAL, "unknown flags");
	close(s[0]);
	close(s[1]);
}

static void *echo(void *arg)
{
	int fd = *(int *)arg;
	char buf[1000];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (write(fd, buf, (size_t)n) != n)
			break;
	shutdown(fd, SHUT_WR);
	return NULL;
}

/* Much more than fits, both ways at once. */
static void test_much(void)
{
	static char big[3000000], got[3000000];
	size_t done = 0;
	pthread_t t;
	int s[2], status = 0;
	pid_t pid;
	ssize_t n;

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7 + (i >> 9));
	is(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0, "pair for much");
	pthread_create(&t, NULL, echo, &s[1]);
	pid = fork();
	if (!pid)
		_exit(send(s[0], big, sizeof(big), 0) != sizeof(big) ||
		      shutdown(s[0], SHUT_WR));
	n = recv(s[0], got, sizeof(got), MSG_WAITALL);
	done = n > 0 ? (size_t)n : 0;
	is((long)done, sizeof(big), "it all comes back");
	ok(!memcmp(big, got, sizeof(big)), "as it was");
	is(read(s[0], got, 1), 0, "and no more");
	is(waitpid(pid, &status, 0) == pid ? status : -1, 0, "sender");
	pthread_join(t, NULL);
	close(s[0]);
	close(s[1]);
}

static void *closer(void *arg)
{
	usleep(50000);
	shutdown(*(int *)arg, SHUT_RDWR);
	return NULL;
}

static void test_wake(void)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP };
	pthread_t t;
	char c;
	int s[2], ep = epoll_create1(0);

	is(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s), 0,
	   "pair for epoll");
	is(epoll_ctl(ep, EPOLL_CTL_ADD, s[0], &ev), 0, "watch it");
	is(epoll_wait(ep, &ev, 1, 0), 0, "nothing yet");
	is(write(s[1], "x", 1), 1, "write");
	is(epoll_wait(ep, &ev, 1, 1000), 1, "woken");
	is(ev.events, EPOLLIN, "to read");
	is(read(s[0], &c, 1), 1, "read");
	is_errno(read(s[0], &c, 1), EAGAIN, "no more");
	fcntl(s[0], F_SETFL, 0);
	pthread_create(&t, NULL, closer, &s[0]);
	is(read(s[0], &c, 1), 0, "shutdown ends a read");
	pthread_join(t, NULL);
	is(epoll_wait(ep, &ev, 1, 1000), 1, "and tells epoll");
	is(ev.events, EPOLLIN | EPOLLHUP | EPOLLRDHUP, "all of it");
	close(s[0]);
	close(s[1]);
	close(ep);
}

int main(void)
{
	test_both_ways();
	test_shutdown();
	test_messages();
	test_much();
	test_wake();
	return done_testing();
}
