/* SPDX-License-Identifier: Apache-2.0 */
/* g-udp-corners.c: UDP: datagrams in pieces, and the queue of errors. */
#include "inet.h"

#include <linux/errqueue.h>
#include <netinet/udp.h>

static int udp_lo(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind_lo(fd, family)) {
		perror("bind");
		exit(1);
	}
	return fd;
}

static void test_more(int family)
{
	int a = udp_lo(family), b = udp_lo(family), c = udp_lo(family);
	union addr to, other;
	static char big[60000];
	char buf[16];

	addr_lo(&to, family, port_of(b));
	addr_lo(&other, family, port_of(c));
	is(sendto(a, "ab", 2, MSG_MORE, &to.sa, addr_len(family)), 2,
	   "MSG_MORE");
	is_errno(recv(b, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN, "it waits");
	is(sendto(a, "cd", 2, MSG_MORE, &other.sa, addr_len(family)), 2,
	   "another piece, with another address");
	is(send(a, "ef", 2, 0), 2, "the last, with none");
	is(recv(b, buf, sizeof(buf), 0), 6, "comes as one");
	ok(!memcmp(buf, "abcdef", 6), "in this order");
	is_errno(recv(c, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN,
		 "where the first piece went to");
	is_errno(send(a, "x", 1, 0), EDESTADDRREQ, "it is forgotten then");
	is(sendto(a, big, sizeof(big), MSG_MORE, &to.sa, addr_len(family)),
	   sizeof(big), "a long one");
	is_errno(send(a, big, sizeof(big), MSG_MORE), EMSGSIZE, "too long");
	is_errno(send(a, "x", 1, 0), EDESTADDRREQ, "nothing is left of it");
	is(connect(a, &to.sa, addr_len(family)), 0, "connect");
	is(send(a, "", 0, MSG_MORE), 0, "an empty piece");
	is(send(a, "x", 1, 0), 1, "and one byte");
	is(recv(b, buf, sizeof(buf), 0), 1, "come as one");
	is(send(a, "lost", 4, MSG_MORE), 4, "what waits at the end");
	close(a);
	is_errno(recv(b, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN, "is lost");
	close(b);
	close(c);
}

static void test_cork(int family)
{
	int a = udp_lo(family), b = udp_lo(family);
	char buf[16];

	is(connect_lo(a, family, port_of(b)), 0, "connect");
	is(get_opt(a, IPPROTO_UDP, UDP_CORK), 0, "UDP_CORK is off");
	is(set_opt(a, IPPROTO_UDP, UDP_CORK, 1), 0, "on");
	is(get_opt(a, IPPROTO_UDP, UDP_CORK), 1, "is told");
	is(write(a, "ab", 2), 2, "write");
	is(write(a, "cd", 2), 2, "write");
	is_errno(recv(b, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN, "all waits");
	is(set_opt(a, IPPROTO_UDP, UDP_CORK, 0), 0, "off");
	is(recv(b, buf, sizeof(buf), 0), 4, "comes as one");
	is(write(a, "e", 1), 1, "write");
	is(recv(b, buf, sizeof(buf), 0), 1, "comes alone");
	close(a);
	close(b);
}

/* One message of the queue; what it says as text: level, type, code, from. */
static ssize_t take_error(int fd, char *data, size_t n, char *says, size_t room)
{
	char control[256];
	struct iovec iov = { data, n };
	union addr from;
	struct msghdr m;
	struct cmsghdr *c;
	ssize_t r;

	memset(&m, 0, sizeof(m));
	memset(&from, 0, sizeof(from));
	m.msg_name = &from;
	m.msg_namelen = sizeof(from);
	m.msg_iov = &iov;
	m.msg_iovlen = 1;
	m.msg_control = control;
	m.msg_controllen = sizeof(control);
	says[0] = 0;
	r = recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT);
	if (r < 0)
		return r;
	for (c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		struct sock_extended_err e;
		union addr off;

		memset(&off, 0, sizeof(off));
		memcpy(&e, CMSG_DATA(c), sizeof(e));
		memcpy(&off, CMSG_DATA(c) + sizeof(e),
		       c->cmsg_len - CMSG_LEN(sizeof(e)));
		snprintf(says, room, "%d/%d len %d: %u by %u, %u/%u, %u %u, "
			 "family %d port %d; flags %x name %d/%d",
			 c->cmsg_level, c->cmsg_type, (int)c->cmsg_len,
			 e.ee_errno, e.ee_origin, e.ee_type, e.ee_code,
			 e.ee_info, e.ee_data, off.sa.sa_family,
			 off.sa.sa_family == AF_INET ? off.in.sin_port :
			 off.in6.sin6_port, (unsigned int)m.msg_flags,
			 (int)m.msg_namelen, from.sa.sa_family);
	}
	return r;
}

static void test_errors(int family)
{
	int a = udp_lo(family), b = udp_lo(family), gone = port_of(b);
	int level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	int name = family == AF_INET ? IP_RECVERR : IPV6_RECVERR;
	char buf[16], says[256];
	union addr to;
	int err = 0;

	close(b);
	addr_lo(&to, family, gone);
	is_errno(take_error(a, buf, sizeof(buf), says, sizeof(says)), EAGAIN,
		 "no error");
	is(set_opt(a, level, name, 1), 0, "asked for errors");
	is(sendto(a, "hello", 5, 0, &to.sa, addr_len(family)), 5, "to nobody");
	is(poll_for(a, POLLIN) & POLLERR, POLLERR, "is an error");
	is(take_error(a, buf, sizeof(buf), says, sizeof(says)), 5,
	   "it comes back");
	ok(!memcmp(buf, "hello", 5), "as it was sent");
	printf("# %s\n", says);
	is(poll_now(a, POLLIN), 0, "no error any more");
	is(so_error(a), 0, "nor by SO_ERROR");
	is(sendto(a, "first", 5, 0, &to.sa, addr_len(family)), 5, "again");
	is_errno(recv(a, buf, sizeof(buf), 0), ECONNREFUSED, "recv hears");
	is_errno(recv(a, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN, "once");
	is(poll_now(a, POLLIN), POLLERR, "but the queue is not empty");
	is(sendto(a, "other", 5, 0, &to.sa, addr_len(family)), 5, "and again");
	is(take_error(a, buf, 3, says, sizeof(says)), 3, "the first, cut");
	printf("# %s\n", says);
	for (int i = 0; i < PATIENCE_MS && !(err = so_error(a)); i++)
		usleep(1000);
	is(err, ECONNREFUSED, "there is another");
	is(poll_now(a, POLLIN), POLLERR, "still");
	is(set_opt(a, level, name, 0), 0, "not asked for any more");
	is_errno(take_error(a, buf, sizeof(buf), says, sizeof(says)), EAGAIN,
		 "all is forgotten");
	close(a);
}

int main(void)
{
	need_loopback(AF_INET);
	test_more(AF_INET);
	test_cork(AF_INET);
	test_errors(AF_INET);
	need_loopback(AF_INET6);
	test_more(AF_INET6);
	test_cork(AF_INET6);
	test_errors(AF_INET6);
	return done_testing();
}
