/* SPDX-License-Identifier: Apache-2.0 */
/* g-udp.c: UDP over the loopback: peers, errors, messages about messages. */
#include "inet.h"

#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>

#define F	INET_FAMILY

static int udp_lo(void)
{
	int fd = socket(F, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind_lo(fd, F)) {
		perror("bind");
		exit(1);
	}
	return fd;
}

static ssize_t send_lo(int fd, const void *p, size_t n, int port)
{
	union addr a;

	addr_lo(&a, F, port);
	return sendto(fd, p, n, 0, &a.sa, addr_len(F));
}

static void test_peers(void)
{
	int a = udp_lo(), b = udp_lo(), c = udp_lo(), n;
	union addr from;
	socklen_t len = sizeof(from);
	char buf[16];

	memset(&from, 0, sizeof(from));
	is_errno(send(a, "x", 1, 0), EDESTADDRREQ, "send without a peer");
	is_errno(getpeername(a, &from.sa, &len), ENOTCONN, "no peer");
	is(send_lo(a, "hello", 5, port_of(b)), 5, "sendto");
	is(poll_for(b, POLLIN | POLLOUT), POLLIN | POLLOUT, "readable");
	is(ioctl(b, FIONREAD, &n), 0, "FIONREAD");
	is(n, 5, "of the first");
	len = sizeof(from);
	is(recvfrom(b, buf, sizeof(buf), MSG_PEEK, &from.sa, &len), 5, "peek");
	is(len, addr_len(F), "the sender's name");
	is(ntohs(F == AF_INET ? from.in.sin_port : from.in6.sin6_port),
	   port_of(a), "is the sender's");
	is(recv(b, buf, 2, MSG_TRUNC), 5, "MSG_TRUNC tells the length");
	is_errno(recv(b, buf, 2, MSG_DONTWAIT), EAGAIN, "the rest is lost");
	is(send_lo(a, "", 0, port_of(b)), 0, "an empty one");
	is(poll_for(b, POLLIN), POLLIN, "makes readable");
	is(recv(b, buf, 2, 0), 0, "and is read");
	is(connect_lo(b, F, port_of(a)), 0, "connect");
	is(send_lo(c, "other", 5, port_of(b)), 5, "from another");
	is(send_lo(a, "peer", 4, port_of(b)), 4, "from the peer");
	is(poll_for(b, POLLIN), POLLIN, "one comes");
	is(recv(b, buf, sizeof(buf), 0), 4, "the peer's alone");
	is(write(b, "back", 4), 4, "write to the peer");
	is(poll_for(a, POLLIN), POLLIN, "it comes");
	is(read(a, buf, sizeof(buf)), 4, "whole");
	is(send_lo(b, "who", 3, port_of(c)), 3, "sendto to another than the peer");
	is(poll_for(c, POLLIN), POLLIN, "it comes");
	memset(&from, 0, sizeof(from));
	is(connect(b, &from.sa, sizeof(from.sa)), 0, "AF_UNSPEC");
	is_errno(getpeername(b, &from.sa, &len), ENOTCONN, "no peer any more");
	is_errno(listen(a, 1), EOPNOTSUPP, "listen");
	is_errno(accept(a, NULL, NULL), EOPNOTSUPP, "accept");
	if (F == AF_INET)
		is_errno(send(a, "x", 1, MSG_OOB), EOPNOTSUPP, "urgent data");
	close(a);
	close(b);
	close(c);
}

static void test_errors(void)
{
	int a = udp_lo(), b = udp_lo(), gone = port_of(b);
	static char big[70000];
	union addr n;
	char c;

	close(b);
	is(send_lo(a, "x", 1, gone), 1, "to nobody");
	is(so_error(a), 0, "who is not connected does not hear");
	is(connect_lo(a, F, gone), 0, "connect to nobody");
	is(send(a, "x", 1, 0), 1, "send to nobody");
	is(poll_for(a, POLLIN) & POLLERR, POLLERR, "an error");
	is_errno(recv(a, &c, 1, 0), ECONNREFUSED, "refused");
	is_errno(recv(a, &c, 1, MSG_DONTWAIT), EAGAIN, "once");
	is(send(a, "x", 1, 0), 1, "send again");
	is_errno(send(a, "x", 1, 0), ECONNREFUSED, "send hears it too");
	is_errno(send(a, big, sizeof(big), 0), EMSGSIZE, "too long");
	is_errno(send_lo(a, "x", 1, 0), EINVAL, "port 0");
	addr_lo(&n, F, 9);
	is_errno(sendto(a, "x", 1, 0, &n.sa, 4), EINVAL, "a short name");
	n.sa.sa_family = AF_UNIX;
	ok(sendto(a, "x", 1, 0, &n.sa, addr_len(F)) == -1,
	   "a name of another family");
	is_errno(bind_lo(a, F), EINVAL, "bound already");
	is(shutdown(a, SHUT_RD), 0, "shutdown of a connected one");
	is(recv(a, &c, 1, 0), 0, "reads the end");
	is(poll_now(a, POLLIN | POLLRDHUP) & (POLLIN | POLLRDHUP),
	   POLLIN | POLLRDHUP, "poll says so");
	is(shutdown(a, SHUT_WR), 0, "the other way");
	is_errno(send(a, &c, 1, 0), EPIPE, "no signal");
	close(a);
	a = udp_lo();
	is_errno(shutdown(a, SHUT_WR), ENOTCONN, "shutdown without a peer");
	close(a);
}

/* Options that unbound and sshd ask for. */
static void test_device(void)
{
	int a = udp_lo();
	char name[16] = "none";
	socklen_t len = sizeof(name);

	is(getsockopt(a, SOL_SOCKET, SO_BINDTODEVICE, name, &len), 0,
	   "which device");
	is(len, 0, "none");
	is_errno(setsockopt(a, SOL_SOCKET, SO_BINDTODEVICE, "none0", 6),
		 ENODEV, "one that is not there");
	if (F == AF_INET6) {
		is(set_opt(a, IPPROTO_IPV6, IPV6_MTU, 1280), 0, "IPV6_MTU");
		is_errno(set_opt(a, IPPROTO_IPV6, IPV6_MTU, 100), EINVAL,
			 "too small");
	}
	close(a);
}

static void test_ports(void)
{
	int a = udp_lo(), b = socket(F, SOCK_DGRAM, 0);
	int c = socket(F, SOCK_DGRAM, 0), hits[2] = { 0, 0 };
	union addr n;
	char x;

	addr_lo(&n, F, port_of(a));
	is_errno(bind(b, &n.sa, addr_len(F)), EADDRINUSE, "a port is taken");
	is_errno(bind(b, &n.sa, 4), EINVAL, "a short name");
	is(set_opt(b, SOL_SOCKET, SO_REUSEADDR, 1), 0, "SO_REUSEADDR");
	is_errno(bind(b, &n.sa, addr_len(F)), EADDRINUSE, "of one alone");
	is(set_opt(a, SOL_SOCKET, SO_REUSEADDR, 1), 0, "of both");
	is(bind(b, &n.sa, addr_len(F)), 0, "bind to the same");
	close(a);
	close(b);
	a = socket(F, SOCK_DGRAM, 0);
	b = socket(F, SOCK_DGRAM, 0);
	set_opt(a, SOL_SOCKET, SO_REUSEPORT, 1);
	set_opt(b, SOL_SOCKET, SO_REUSEPORT, 1);
	bind_lo(a, F);
	addr_lo(&n, F, port_of(a));
	is(bind(b, &n.sa, addr_len(F)), 0, "SO_REUSEPORT");
	is_errno(bind(c, &n.sa, addr_len(F)), EADDRINUSE, "not of all");
	for (int i = 0; i < 200; i++) {
		int s = udp_lo();

		send_lo(s, "x", 1, port_of(a));
		close(s);
	}
	while (recv(a, &x, 1, MSG_DONTWAIT) == 1)
		hits[0]++;
	while (recv(b, &x, 1, MSG_DONTWAIT) == 1)
		hits[1]++;
	is(hits[0] + hits[1], 200, "all come");
	ok(hits[0] > 20 && hits[1] > 20, "and both get some");
	close(a);
	close(b);
	close(c);
	a = socket(F, SOCK_DGRAM, 0);
	b = udp_lo();
	is(send_lo(a, "x", 1, port_of(b)), 1, "send of one without a port");
	ok(port_of(a) > 0, "gives it one");
	close(a);
	close(b);
}

/* The first control message of @m that has this type; NULL: none. */
static void *find_cmsg(struct msghdr *m, int level, int type)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == level && c->cmsg_type == type)
			return CMSG_DATA(c);
	return NULL;
}

static void test_cmsg(void)
{
	int a = udp_lo(), b = udp_lo();
	char data[4], control[512];
	struct iovec iov = { data, 2 };
	struct msghdr m;
	struct timespec *ts;
	int *v;

	is(set_opt(b, SOL_SOCKET, SO_TIMESTAMPNS, 1), 0, "SO_TIMESTAMPNS");
	if (F == AF_INET) {
		set_opt(b, IPPROTO_IP, IP_PKTINFO, 1);
		set_opt(b, IPPROTO_IP, IP_RECVTTL, 1);
		set_opt(a, IPPROTO_IP, IP_TTL, 33);
	} else {
		set_opt(b, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
		set_opt(b, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
		set_opt(a, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 33);
	}
	is(send_lo(a, "abc", 3, port_of(b)), 3, "send");
	poll_for(b, POLLIN);
	memset(&m, 0, sizeof(m));
	m.msg_iov = &iov;
	m.msg_iovlen = 1;
	m.msg_control = control;
	m.msg_controllen = sizeof(control);
	is(recvmsg(b, &m, 0), 2, "recvmsg");
	is(m.msg_flags, MSG_TRUNC, "it was longer");
	ts = find_cmsg(&m, SOL_SOCKET, SO_TIMESTAMPNS);
	ok(ts && ts->tv_sec > 0 && labs(time(NULL) - ts->tv_sec) < 60,
	   "a time stamp");
	if (F == AF_INET) {
		struct in_pktinfo *p = find_cmsg(&m, IPPROTO_IP, IP_PKTINFO);

		ok(p && p->ipi_addr.s_addr == htonl(INADDR_LOOPBACK),
		   "where it was sent to");
		v = find_cmsg(&m, IPPROTO_IP, IP_TTL);
	} else {
		struct in6_pktinfo *p = find_cmsg(&m, IPPROTO_IPV6,
						  IPV6_PKTINFO);

		ok(p && !memcmp(&p->ipi6_addr, &in6addr_loopback, 16),
		   "where it was sent to");
		v = find_cmsg(&m, IPPROTO_IPV6, IPV6_HOPLIMIT);
	}
	is(v ? *v : -1, 33, "its time to live");
	is(send_lo(a, "abc", 3, port_of(b)), 3, "send");
	poll_for(b, POLLIN);
	m.msg_controllen = 4;
	is(recvmsg(b, &m, 0), 2, "recvmsg with no room for them");
	is(m.msg_flags, MSG_TRUNC | MSG_CTRUNC, "MSG_CTRUNC");
	close(a);
	close(b);
}

static void test_many(void)
{
	int a = udp_lo(), b = udp_lo();
	struct mmsghdr v[8];
	struct iovec iov[8];
	char buf[8][4];

	connect_lo(a, F, port_of(b));
	memset(v, 0, sizeof(v));
	for (int i = 0; i < 8; i++) {
		iov[i].iov_base = buf[i];
		iov[i].iov_len = (size_t)(i % 4) + 1;
		v[i].msg_hdr.msg_iov = &iov[i];
		v[i].msg_hdr.msg_iovlen = 1;
	}
	is(sendmmsg(a, v, 8, 0), 8, "sendmmsg");
	is(v[2].msg_len, 3, "each tells its length");
	for (int i = 0; i < 8; i++)
		iov[i].iov_len = 4;
	is(recvmmsg(b, v, 8, MSG_WAITFORONE, NULL), 8, "recvmmsg");
	is(v[5].msg_len, 2, "lengths come too");
	is_errno(recvmmsg(b, v, 8, MSG_DONTWAIT, NULL), EAGAIN, "no more");
	close(a);
	close(b);
}

static void test_overflow(void)
{
	int a = udp_lo(), b = udp_lo(), n = 0;
	char buf[1000];

	set_opt(b, SOL_SOCKET, SO_RCVBUF, 16384);
	memset(buf, 0, sizeof(buf));
	for (int i = 0; i < 1000; i++)
		if (send_lo(a, buf, sizeof(buf), port_of(b)) != sizeof(buf))
			n++;
	is(n, 0, "no send fails");
	while (recv(b, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		n++;
	ok(n > 5 && n < 100, "what finds no room is lost");
	close(a);
	close(b);
}

static void test_processes(void)
{
	int a = udp_lo(), b = udp_lo(), status, bad = 0;
	pid_t child;
	char c;

	connect_lo(a, F, port_of(b));
	connect_lo(b, F, port_of(a));
	child = fork();
	if (!child) {
		for (int i = 0; i < 1000; i++)
			if (read(b, &c, 1) != 1 || write(b, &c, 1) != 1)
				_exit(1);
		_exit(0);
	}
	for (int i = 0; i < 1000; i++) {
		char x = (char)i;

		if (write(a, &x, 1) != 1 || read(a, &c, 1) != 1 || c != x)
			bad++;
	}
	is(bad, 0, "a thousand to a child and back");
	waitpid(child, &status, 0);
	is(status, 0, "the child is content");
	close(a);
	close(b);
}

int main(void)
{
	need_loopback(F);
	test_peers();
	test_errors();
	test_device();
	test_ports();
	test_cmsg();
	test_many();
	test_overflow();
	test_processes();
	return done_testing();
}
