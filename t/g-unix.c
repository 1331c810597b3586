/* SPDX-License-Identifier: Apache-2.0 */
/* g-unix.c: sockets of AF_UNIX. */
#define _GNU_SOURCE
#include "t/guest.h"

#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char buf[300000];

static socklen_t name_of(struct sockaddr_un *a, const char *path)
{
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	snprintf(a->sun_path, sizeof(a->sun_path), "%s", path);
	return (socklen_t)sizeof(*a);
}

static socklen_t abstract(struct sockaddr_un *a, const char *name)
{
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	/* Of this run alone: the native one shares it with all. */
	sprintf(a->sun_path + 1, "%s-%d", name, (int)getpid());
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			   strlen(a->sun_path + 1));
}

static short ready(int fd)
{
	struct pollfd p = { fd, POLLIN | POLLOUT | POLLRDHUP, 0 };

	return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

static void test_create(void)
{
	int p[2];

	is_errno(socket(AF_UNIX, 77, 0), EINVAL, "no such type");
	is_errno(socket(AF_UNIX, 9, 0), ESOCKTNOSUPPORT, "not of the family");
	is_errno(socket(AF_UNIX, SOCK_STREAM, 5), EPROTONOSUPPORT, "protocol");
	is_errno(socket(99, SOCK_STREAM, 0), EAFNOSUPPORT, "no such family");
	is_errno(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, 8), EFAULT,
		 "socketpair: pointer");
	is_errno(listen(0, 1), ENOTSOCK, "not a socket");
	is_errno(listen(-1, 1), EBADF, "not a descriptor");
	is(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		      p), 0, "flags of the type");
	is(fcntl(p[0], F_GETFD), FD_CLOEXEC, "close-on-exec");
	ok(fcntl(p[1], F_GETFL) & O_NONBLOCK, "non-blocking");
	close(p[0]);
	close(p[1]);
}

static void test_stream(void)
{
	struct stat st;
	int p[2], n;
	long sum;

	socketpair(AF_UNIX, SOCK_STREAM, 0, p);
	ok(!fstat(p[0], &st) && S_ISSOCK(st.st_mode), "it is a socket");
	is(ready(p[0]), POLLOUT, "ready to be written");
	is((long)write(p[0], "hello", 5), 5, "write");
	is((long)send(p[0], " world", 6, 0), 6, "send");
	is(ready(p[1]), POLLIN | POLLOUT, "ready to be read");
	is(ioctl(p[1], FIONREAD, &n), 0, "FIONREAD");
	is(n, 11, "all of it");
	is((long)recv(p[1], buf, 3, MSG_PEEK), 3, "peek");
	is((long)recv(p[1], buf, 100, 0), 11, "read across pieces");
	ok(!memcmp(buf, "hello world", 11), "in order");
	is_errno(recv(p[1], buf, 1, MSG_DONTWAIT), EAGAIN, "nothing is left");
	is((long)read(p[1], buf, 0), 0, "a read of nothing");
	is_errno(sendto(p[0], "x", 1, 0, (struct sockaddr *)buf, 2), EISCONN,
		 "sendto of a connected stream");

	fcntl(p[0], F_SETFL, O_NONBLOCK);
	for (sum = 0; (n = (int)write(p[0], buf, 4096)) > 0; sum += n)
		;
	is(errno, EAGAIN, "it gets full");
	ok(sum >= 65536, "not before it holds something");
	ok(!(ready(p[0]) & POLLOUT), "and is not writable then");
	while (sum > 0 && (n = (int)read(p[1], buf, sizeof(buf))) > 0)
		sum -= n;
	is(sum, 0, "all comes out");
	ok(ready(p[0]) & POLLOUT, "there is room again");
	is(shutdown(p[0], SHUT_WR), 0, "shutdown");
	is((long)read(p[1], buf, 10), 0, "the end");
	is(ready(p[1]), POLLIN | POLLOUT | POLLRDHUP, "half closed");
	is_errno(send(p[0], "x", 1, MSG_NOSIGNAL), EPIPE, "no more");
	is((long)write(p[1], "back", 4), 4, "the other way is open");
	is((long)read(p[0], buf, 10), 4, "still");
	close(p[1]);
	is((long)read(p[0], buf, 10), 0, "closed");
	is(ready(p[0]), POLLIN | POLLOUT | POLLHUP | POLLRDHUP, "hung up");
	close(p[0]);
}

static void test_reset(void)
{
	int p[2], err = 0;
	socklen_t len = sizeof(err);

	socketpair(AF_UNIX, SOCK_STREAM, 0, p);
	is((long)write(p[0], "lost", 4), 4, "not to be read");
	close(p[1]);
	is(getsockopt(p[0], SOL_SOCKET, SO_ERROR, &err, &len), 0, "SO_ERROR");
	is(err, ECONNRESET, "what was sent is lost");
	is((long)read(p[0], buf, 1), 0, "told once");
	close(p[0]);
}

static void test_connect(void)
{
	struct sockaddr_un a, b;
	socklen_t len = name_of(&a, "sock"), blen = sizeof(b);
	int l = socket(AF_UNIX, SOCK_STREAM, 0), c, s, v;
	struct ucred cred;
	struct stat st;
	pid_t pid;

	unlink("sock");
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	is(ready(c), POLLOUT | POLLHUP, "not connected");
	is_errno(listen(l, 1), EINVAL, "listen without a name");
	is_errno(connect(c, (void *)&a, len), ENOENT, "nobody there");
	is(bind(l, (void *)&a, len), 0, "bind");
	ok(!stat("sock", &st) && S_ISSOCK(st.st_mode), "a name in a directory");
	name_of(&b, "other");
	is_errno(bind(l, (void *)&b, len), EINVAL, "bound already");
	is_errno(bind(c, (void *)&a, len), EADDRINUSE, "the name is taken");
	is_errno(connect(c, (void *)&a, len), ECONNREFUSED, "nobody listens");
	is(listen(l, 0), 0, "listen");
	is_errno(open("sock", O_RDWR), ENXIO, "a socket is not opened");
	is_errno(accept4(l, NULL, NULL, SOCK_NONBLOCK | 1), EINVAL, "flags");
	pid = fork();
	if (!pid) {
		if (connect(c, (void *)&a, len) || write(c, "hi", 2) != 2)
			_exit(1);
		_exit(read(c, buf, 10) == 3 ? 0 : 2);
	}
	s = accept(l, (void *)&b, &blen);
	ok(s >= 0, "accept");
	is(blen, 2, "the other has no name");
	len = sizeof(cred);
	is(getsockopt(s, SOL_SOCKET, SO_PEERCRED, &cred, &len), 0,
	   "SO_PEERCRED");
	ok(cred.pid == pid && cred.uid == geteuid(), "who connected");
	is((long)read(s, buf, 10), 2, "what it wrote");
	is((long)write(s, "yes", 3), 3, "an answer");
	waitpid(pid, &v, 0);
	is(v, 0, "which arrives");
	blen = sizeof(b);
	is(getsockname(s, (void *)&b, &blen), 0, "getsockname");
	ok(!strcmp(b.sun_path, "sock"), "is the listener's");
	len = sizeof(v);
	getsockopt(l, SOL_SOCKET, SO_ACCEPTCONN, &v, &len);
	is(v, 1, "SO_ACCEPTCONN");
	fcntl(l, F_SETFL, O_NONBLOCK);
	is_errno(accept(l, NULL, NULL), EAGAIN, "no more of them");
	is_errno(accept(s, NULL, NULL), EINVAL, "accept of a connection");
	close(s);
	close(c);
	unlink("other");
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	/* The backlog of 0 holds one. */
	is(connect(c, (void *)&a, sizeof(a)), 0, "connect to the backlog");
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	is_errno(connect(s, (void *)&a, sizeof(a)), EAGAIN, "it is full");
	ok(ready(l) & POLLIN, "the listener is ready");
	close(l);
	is_errno(read(c, buf, 1), ECONNRESET, "never accepted");
	is_errno(connect(s, (void *)&a, sizeof(a)), ECONNREFUSED, "gone");
	close(c);
	close(s);
	unlink("sock");
}

static void test_dgram(int type)
{
	int p[2];

	is(socketpair(AF_UNIX, type, 0, p), 0, "a pair for messages");
	is((long)write(p[0], "one", 3), 3, "first");
	is((long)write(p[0], "", 0), 0, "empty");
	is((long)write(p[0], "three", 5), 5, "third");
	is((long)recv(p[1], buf, 2, MSG_TRUNC), 3, "cut, with its length");
	is((long)read(p[1], buf, 10), 0, "the empty one");
	is((long)recv(p[1], buf, 10, MSG_PEEK), 5, "peek");
	is((long)read(p[1], buf, 10), 5, "the third");
	is_errno(send(p[0], buf, sizeof(buf), 0), EMSGSIZE, "too long");
	close(p[1]);
	is_errno(send(p[0], "x", 1, MSG_NOSIGNAL), type == SOCK_DGRAM ?
		 ECONNREFUSED : EPIPE, "nobody is left");
	close(p[0]);
}

static void test_names(void)
{
	int a = socket(AF_UNIX, SOCK_DGRAM, 0), b, c;
	struct sockaddr_un n, from;
	socklen_t len = abstract(&n, "a"), flen = sizeof(from);

	b = socket(AF_UNIX, SOCK_DGRAM, 0);
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	is(bind(a, (void *)&n, len), 0, "an abstract name");
	is_errno(bind(b, (void *)&n, len), EADDRINUSE, "taken");
	is_errno(connect(c, (void *)&n, len), ECONNREFUSED, "of another type");
	n.sun_family = AF_UNIX;
	is(bind(b, (void *)&n, sizeof(sa_family_t)), 0, "autobind");
	is((long)sendto(b, "m", 1, 0, (void *)&n, len), 1, "sendto");
	is((long)recvfrom(a, buf, 10, 0, (void *)&from, &flen), 1, "recvfrom");
	is(flen, sizeof(sa_family_t) + 6, "a name of its own");
	is(bind(b, (void *)&n, sizeof(sa_family_t)), 0, "it stays");
	is_errno(send(b, "m", 1, 0), ENOTCONN, "no peer");
	is(connect(b, (void *)&n, len), 0, "connect");
	is((long)send(b, "m", 1, 0), 1, "send");
	close(a);
	is_errno(send(b, "m", 1, 0), ECONNREFUSED, "gone");
	a = socket(AF_UNIX, SOCK_DGRAM, 0);
	is(bind(a, (void *)&n, len), 0, "the name is free again");
	close(a);
	close(b);
	close(c);
}

union control {
	char room[CMSG_SPACE(sizeof(int) * 4)];
	struct cmsghdr h;
};

static long send_fd(int s, int fd)
{
	struct iovec v = { (void *)(uintptr_t)"f", 1 };
	union control c = { .h = { CMSG_LEN(sizeof(int)), SOL_SOCKET,
				   SCM_RIGHTS } };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &c,
			    .msg_controllen = CMSG_SPACE(sizeof(int)) };

	memcpy(CMSG_DATA(&c.h), &fd, sizeof(fd));
	return sendmsg(s, &m, 0);
}

/* The descriptor that came, -2: none; *@flags are the message's. */
static int recv_fd(int s, size_t room, int *flags)
{
	struct iovec v = { buf, 10 };
	union control c;
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &c,
			    .msg_controllen = room };
	int fd = -2;

	memset(&c, 0, sizeof(c));
	if (recvmsg(s, &m, MSG_CMSG_CLOEXEC) < 0)
		return -1;
	*flags = m.msg_flags;
	if (m.msg_controllen >= CMSG_LEN(sizeof(int)) &&
	    c.h.cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(&c.h), sizeof(fd));
	return fd;
}

static void test_rights(void)
{
	int p[2], q[2], fd, flags = 0;

	socketpair(AF_UNIX, SOCK_STREAM, 0, p);
	is(pipe(q), 0, "a pipe");
	is(send_fd(p[0], q[1]), 1, "send an end of it");
	close(q[1]);
	fd = recv_fd(p[1], sizeof(union control), &flags);
	ok(fd >= 0, "it arrives");
	is(fcntl(fd, F_GETFD), FD_CLOEXEC, "close-on-exec");
	is((long)write(fd, "x", 1), 1, "it is the pipe");
	close(fd);
	is((long)read(q[0], buf, 10), 1, "what was written");
	is((long)read(q[0], buf, 10), 0, "all ends are closed");
	is_errno(send_fd(p[0], -1), EBADF, "no such descriptor");
	send_fd(p[0], q[0]);
	is(recv_fd(p[1], 4, &flags), -2, "no room for it");
	is(flags & MSG_CTRUNC, MSG_CTRUNC, "is told");
	send_fd(p[0], q[0]);
	close(p[0]);
	close(p[1]);
	close(q[0]);
}

static void test_cred(void)
{
	struct iovec v = { buf, 10 };
	char room[CMSG_SPACE(sizeof(struct ucred))] = "";
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1,
			    .msg_control = room,
			    .msg_controllen = sizeof(room) };
	int p[2], on = 1;
	struct ucred c;

	socketpair(AF_UNIX, SOCK_STREAM, 0, p);
	is(setsockopt(p[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0,
	   "SO_PASSCRED");
	is((long)write(p[0], "c", 1), 1, "write");
	is((long)recvmsg(p[1], &m, 0), 1, "recvmsg");
	memcpy(&c, CMSG_DATA((struct cmsghdr *)(void *)room), sizeof(c));
	ok(c.pid == getpid() && c.uid == getuid() && c.gid == getgid(),
	   "says who wrote");
	close(p[0]);
	close(p[1]);
}

static void test_options(void)
{
	int p[2], v = 8192;
	socklen_t len = sizeof(v);
	struct timeval tv = { 0, 50000 };

	socketpair(AF_UNIX, SOCK_STREAM, 0, p);
	is(setsockopt(p[0], SOL_SOCKET, SO_SNDBUF, &v, sizeof(v)), 0,
	   "SO_SNDBUF");
	getsockopt(p[0], SOL_SOCKET, SO_SNDBUF, &v, &len);
	is(v, 16384, "is doubled");
	getsockopt(p[0], SOL_SOCKET, SO_TYPE, &v, &len);
	is(v, SOCK_STREAM, "SO_TYPE");
	getsockopt(p[0], SOL_SOCKET, SO_DOMAIN, &v, &len);
	is(v, AF_UNIX, "SO_DOMAIN");
	is(setsockopt(p[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0,
	   "SO_RCVTIMEO");
	is_errno(read(p[0], buf, 1), EAGAIN, "it ends the wait");
	is_errno(getsockopt(p[0], SOL_SOCKET, 9999, &v, &len), ENOPROTOOPT,
		 "no such option");
	is_errno(setsockopt(p[0], SOL_SOCKET, SO_TYPE, &v, sizeof(v)),
		 ENOPROTOOPT, "not to be set");
	is_errno(setsockopt(p[0], SOL_SOCKET, SO_KEEPALIVE, &v, 2), EINVAL,
		 "too short");
	close(p[0]);
	close(p[1]);
}

static void test_mmsg(void)
{
	struct iovec v[2] = { { buf, 3 }, { buf + 3, 3 } };
	struct mmsghdr m[2] = {
		{ .msg_hdr = { .msg_iov = &v[0], .msg_iovlen = 1 } },
		{ .msg_hdr = { .msg_iov = &v[1], .msg_iovlen = 1 } },
	};
	int p[2];

	socketpair(AF_UNIX, SOCK_DGRAM, 0, p);
	is(sendmmsg(p[0], m, 2, 0), 2, "sendmmsg");
	is(recvmmsg(p[1], m, 2, MSG_DONTWAIT, NULL), 2, "recvmmsg");
	is(m[1].msg_len, 3, "its length");
	is_errno(recvmmsg(p[1], m, 2, MSG_DONTWAIT, NULL), EAGAIN, "no more");
	close(p[0]);
	close(p[1]);
}

int main(void)
{
	test_create();
	test_stream();
	test_reset();
	test_connect();
	test_dgram(SOCK_DGRAM);
	test_dgram(SOCK_SEQPACKET);
	test_names();
	test_rights();
	test_cred();
	test_options();
	test_mmsg();
	return done_testing();
}
