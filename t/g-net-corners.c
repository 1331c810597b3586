/* SPDX-License-Identifier: Apache-2.0 */
/* g-net-corners.c: corners of the calls on sockets that some programs rely on. */
#include "inet.h"

#include <asm/socket.h>
#include <stdint.h>
#include <sys/un.h>

#ifndef TCP_FASTOPEN_CONNECT
#define TCP_FASTOPEN_CONNECT	30
#endif

/*
 * Old kernels let root alone bind to a device; an administrator may have turned
 * Fast Open off.
 */
static void need_host(void)
{
	int a = socket(AF_INET, SOCK_STREAM, 0);

	if (!getenv("SBX_TEST_NATIVE"))
		return;
	if (setsockopt(a, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2) ||
	    set_opt(a, SOL_SOCKET, SO_INCOMING_CPU, 0) ||
	    set_opt(a, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1))
		skip_all("the host refuses options");
	close(a);
}

/* Room for nothing: recv(2) waits for data, and takes none of it. */
static void test_nothing(void)
{
	char buf[8];
	int fd[2];

	tcp_pair(AF_INET, fd);
	is_errno(recv(fd[0], buf, 0, MSG_DONTWAIT), EAGAIN, "recv of nothing");
	is_errno(recv(fd[0], buf, 0, MSG_DONTWAIT | MSG_PEEK), EAGAIN,
		 "a look at nothing");
	is(read(fd[0], buf, 0), 0, "read of nothing");
	is(send(fd[1], buf, 0, 0), 0, "send of nothing");
	is_errno(recv(fd[0], buf, 0, MSG_DONTWAIT), EAGAIN, "is nothing");
	is(send(fd[1], "abc", 3, 0), 3, "send");
	is(poll_for(fd[0], POLLIN), POLLIN, "comes");
	is(recv(fd[0], buf, 0, 0), 0, "recv of nothing where there is some");
	is(recv(fd[0], buf, 0, MSG_WAITALL), 0, "MSG_WAITALL");
	is(recv(fd[0], buf, 8, 0), 3, "leaves all of it");
	shutdown(fd[1], SHUT_WR);
	is(recv(fd[0], buf, 0, 0), 0, "recv of nothing at the end");
	close(fd[0]);
	close(fd[1]);
	socketpair(AF_UNIX, SOCK_STREAM, 0, fd);
	is_errno(recv(fd[0], buf, 0, MSG_DONTWAIT), EAGAIN, "AF_UNIX's");
	is(send(fd[1], "abc", 3, 0), 3, "send");
	is(recv(fd[0], buf, 0, 0), 0, "recv of nothing where there is some");
	is(recv(fd[0], buf, 8, 0), 3, "leaves all of it");
	close(fd[0]);
	close(fd[1]);
}

/* TCP Fast Open with a peer that gives no cookie: a connect and a send. */
static void test_fastopen(void)
{
	int l = listen_lo(AF_INET, 5), a, b;
	union addr to;
	char buf[8];

	addr_lo(&to, AF_INET, port_of(l));
	a = socket(AF_INET, SOCK_STREAM, 0);
	is(sendto(a, "hello", 5, MSG_FASTOPEN, &to.sa, addr_len(AF_INET)), 5,
	   "MSG_FASTOPEN");
	b = accept(l, NULL, NULL);
	is(recv(b, buf, sizeof(buf), 0), 5, "comes");
	is_errno(sendto(a, "x", 1, MSG_FASTOPEN, &to.sa, addr_len(AF_INET)),
		 EISCONN, "where there is a connection");
	is(send(a, "more", 4, 0), 4, "a plain send");
	is(recv(b, buf, sizeof(buf), 0), 4, "comes");
	close(a);
	close(b);
	a = socket(AF_INET, SOCK_STREAM, 0);
	is(set_opt(a, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1), 0,
	   "TCP_FASTOPEN_CONNECT");
	is(get_opt(a, IPPROTO_TCP, TCP_FASTOPEN_CONNECT), 1, "is told");
	is_errno(set_opt(a, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 2), EINVAL,
		 "is on or off");
	is(connect(a, &to.sa, addr_len(AF_INET)), 0, "connect");
	is(send(a, "hello", 5, 0), 5, "send");
	b = accept(l, NULL, NULL);
	is(recv(b, buf, sizeof(buf), 0), 5, "comes");
	is_errno(set_opt(a, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1), EINVAL,
		 "too late");
	close(a);
	close(b);
	close(l);
	a = socket(AF_INET, SOCK_STREAM, 0);
	is_errno(sendto(a, "x", 1, MSG_FASTOPEN, &to.sa, addr_len(AF_INET)),
		 ECONNREFUSED, "to nobody");
	close(a);
}

static void test_device(void)
{
	int a = socket(AF_INET, SOCK_DGRAM, 0), b;
	char name[16] = "";
	socklen_t len = sizeof(name);
	union addr to;

	is(setsockopt(a, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2), 0,
	   "SO_BINDTODEVICE lo");
	is(getsockopt(a, SOL_SOCKET, SO_BINDTODEVICE, name, &len), 0,
	   "which device");
	ok(len == 3 && !strcmp(name, "lo"), "it");
	len = 4;
	is_errno(getsockopt(a, SOL_SOCKET, SO_BINDTODEVICE, name, &len),
		 EINVAL, "no room for a name");
	ok(get_opt(a, SOL_SOCKET, SO_BINDTOIFINDEX) > 0, "its number");
	ok(!setsockopt(a, SOL_SOCKET, SO_BINDTODEVICE, "", 0) ||
	   errno == EPERM, "to none again: who has the right to");
	b = socket(AF_INET, SOCK_DGRAM, 0);
	bind_lo(b, AF_INET);
	addr_lo(&to, AF_INET, port_of(b));
	is(sendto(a, "x", 1, 0, &to.sa, addr_len(AF_INET)), 1, "send");
	is(recv(b, name, 1, 0), 1, "comes");
	close(a);
	close(b);
}

static void test_device_way(void)
{
	int a = socket(AF_INET, SOCK_STREAM, 0), l = listen_lo(AF_INET, 5), b;
	char c;

	is(setsockopt(a, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0,
	   "of a TCP socket");
	is(connect_lo(a, AF_INET, port_of(l)), 0, "connect by it");
	b = accept(l, NULL, NULL);
	is(write(a, "x", 1), 1, "write");
	is(read(b, &c, 1), 1, "comes");
	close(a);
	close(b);
	close(l);
}

static uint64_t cookie(int fd)
{
	uint64_t v = 0;
	socklen_t len = sizeof(v);

	getsockopt(fd, SOL_SOCKET, SO_COOKIE, &v, &len);
	return v;
}

static void test_kept(void)
{
	int a = socket(AF_INET, SOCK_STREAM, 0);
	int b = socket(AF_INET, SOCK_STREAM, 0);

	is(get_opt(a, SOL_SOCKET, SO_INCOMING_CPU), -1, "SO_INCOMING_CPU");
	is(set_opt(a, SOL_SOCKET, SO_INCOMING_CPU, 0), 0, "is set");
	is(get_opt(a, SOL_SOCKET, SO_INCOMING_CPU), 0, "and told");
	is(get_opt(a, SOL_SOCKET, SO_MAX_PACING_RATE), -1,
	   "SO_MAX_PACING_RATE: none");
	is(set_opt(a, SOL_SOCKET, SO_MAX_PACING_RATE, 100000), 0, "is set");
	is(get_opt(a, SOL_SOCKET, SO_MAX_PACING_RATE), 100000, "and told");
	is(get_opt(a, SOL_SOCKET, SO_MARK), 0, "SO_MARK");
	is_errno(setsockopt(a, SOL_SOCKET, SO_DETACH_FILTER, &b, sizeof(b)),
		 ENOENT, "SO_DETACH_FILTER: there is none");
	ok(cookie(a) && cookie(b) && cookie(a) != cookie(b), "SO_COOKIE");
	ok(cookie(a) == cookie(a), "stays");
	close(a);
	close(b);
}

int main(void)
{
	need_loopback(AF_INET);
	need_host();
	test_nothing();
	test_fastopen();
	test_device();
	test_device_way();
	test_kept();
	return done_testing();
}
