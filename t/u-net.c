/* SPDX-License-Identifier: Apache-2.0 */
/* u-net.c: rules of the network, and the broker's sockets and names. */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loader/broker/net.h"
#include "t/broker.h"
/* A policy lives until sbx ends: what is not freed here is no leak. */
#define ASAN_LEAKS_ARE_FINE	1
#include "t/unit.h"

static struct net_policy policy;
static struct monitor m;
static struct call c;
static struct packet p;

static struct broker_addr addr(const char *ip, unsigned int port)
{
	struct broker_addr a = { .port = (uint16_t)port };
	char mapped[64];

	snprintf(mapped, sizeof(mapped), "%s%s", strchr(ip, ':') ? "" :
		 "::ffff:", ip);
	ck_assert_int_eq(inet_pton(AF_INET6, mapped, a.ip), 1);
	return a;
}

static int allow(const char *s)
{
	struct err e = { 0 };

	return net_allow(&policy, "--allow-net", s, &e);
}

static bool match(unsigned int proto, const char *ip, unsigned int port)
{
	struct broker_addr a = addr(ip, port);

	for (size_t i = 0; i < policy.n_rules; i++)
		if (net_addr_matches(&policy.rules[i], proto, &a))
			return true;
	return false;
}

START_TEST(addresses)
{
	ck_assert_int_eq(allow("tcp://10.1.0.0/16:80,443"), 0);
	ck_assert(match(NET_TCP, "10.1.2.3", 443));
	ck_assert(!match(NET_UDP, "10.1.2.3", 443));
	ck_assert(!match(NET_TCP, "10.2.2.3", 443));
	ck_assert(!match(NET_TCP, "10.1.2.3", 81));
	ck_assert_int_eq(allow("[fd00::]/9:1000-1999"), 0);
	ck_assert(match(NET_UDP, "fd7f::1", 1999));
	ck_assert(!match(NET_UDP, "fd80::1", 1999));
	ck_assert(!match(NET_UDP, "fd00::1", 2000));
	ck_assert_int_eq(allow("localhost:5432"), 0);
	ck_assert(match(NET_TCP, "127.0.0.1", 5432));
	ck_assert(match(NET_TCP, "::1", 5432));
	ck_assert(!match(NET_TCP, "127.0.0.2", 5432));
	ck_assert(!match(NET_TCP, "127.0.0.1", 5433));
}
END_TEST

/* What is special is not granted by what is general. */
START_TEST(special)
{
	static const char *const hidden[] = {
		"127.0.0.1", "127.8.8.8", "0.0.0.0", "0.1.2.3", "169.254.169.254",
		"224.0.0.1", "239.1.1.1", "255.255.255.255", "240.0.0.1",
		"::", "::1", "::127.0.0.1", "fe80::1", "ff02::1",
		"64:ff9b::7f00:1", "64:ff9b:1::a9fe:a9fe",
		"::ffff:0:7f00:1", "2002:7f00:1::1", "2001:0:1::1",
		"fec0::1", "fd00:ec2::254", "fd20:ce::254",
		"100.100.100.200", "168.63.129.16", "192.0.0.192",
	};

	ck_assert_int_eq(allow("0.0.0.0/0"), 0);
	ck_assert_int_eq(allow("::/0"), 0);
	ck_assert_int_eq(allow("[fe00::]/7"), 0);
	ck_assert(match(NET_TCP, "8.8.8.8", 53));
	ck_assert(match(NET_TCP, "2001:db8::1", 53));
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		ck_assert_msg(!match(NET_TCP | NET_UDP, hidden[i], 80), "%s",
			      hidden[i]);
	ck_assert_int_eq(allow("169.254.169.254:80"), 0);
	ck_assert(match(NET_TCP, "169.254.169.254", 80));
	ck_assert_int_eq(allow("[fd00:ec2::254]:80"), 0);
	ck_assert(match(NET_TCP, "fd00:ec2::254", 80));
	ck_assert(!match(NET_TCP, "fd00:ec2::254", 81));
	ck_assert(match(NET_TCP, "fd01:ec2::254", 80));
	ck_assert(match(NET_TCP, "100.100.100.201", 80));
	ck_assert(match(NET_TCP, "2001:4860::8888", 80));
	ck_assert_int_eq(allow("[fd00:ec2::254]:80"), 0);
	ck_assert(match(NET_TCP, "fd00:ec2::254", 80));
	ck_assert(!match(NET_TCP, "fd00:ec2::254", 81));
	ck_assert(match(NET_TCP, "fd01:ec2::254", 80));
	ck_assert(match(NET_TCP, "100.100.100.201", 80));
	ck_assert(match(NET_TCP, "2001:4860::8888", 80));
	ck_assert_int_eq(allow("fe80::/10"), 0);
	ck_assert(match(NET_TCP, "fe80::1", 80));
}
END_TEST

START_TEST(spelling)
{
	static const char *const bad[] = {
		"", ":80", "a:", "a:0", "a:65536", "a:1-", "a:2-1", "a:1,",
		"a:1,,2", "a:x", "a b", "a..b", ".a", "*a", "a.*",
		"http://a", "tcp:/a", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/x",
		"1.2.3.4/8", "1.2.3", "1.2.3.4.5", "::/129", "[::1", "::1",
		"[::1]x:80", "127.0.0.1", "localhost", "127.0.0.0/8", "/8",
		"a/8", "0.0.0.0:80", "255.255.255.256", "a\x80",
	};
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(allow(bad[i]) < 0, "%s", bad[i]);
	ck_assert_uint_eq(policy.n_rules, 0);
	ck_assert_int_eq(allow("*"), 0);
	ck_assert_int_eq(allow("*.Example.COM.:443"), 0);
	ck_assert(net_name_matches(&policy.rules[1], "a.b.example.com"));
	ck_assert(!net_name_matches(&policy.rules[1], "example.com"));
	ck_assert(!net_name_matches(&policy.rules[1], "badexample.com"));
	ck_assert(net_name_matches(&policy.rules[0], "any.thing"));
	ck_assert_int_eq(net_publish(&policy, "-p", "[::1]:8080:80/udp", &e),
			 0);
	ck_assert_uint_eq(policy.publishes[0].host.port, 8080);
	ck_assert_uint_eq(policy.publishes[0].guest, 80);
	ck_assert_uint_eq(policy.publishes[0].proto, NET_UDP);
}
END_TEST

/* A request with an address; the answer's err, or 1: it ends the sandbox. */
static int ask(unsigned int op, const struct broker_addr *a, uint64_t arg0,
	       uint64_t arg1, uint64_t arg2)
{
	packet_init(&p, op, "", "");
	if (a) {
		p.q.len1 = sizeof(*a);
		memcpy(p.data, a, sizeof(*a));
	}
	p.q.arg[0] = arg0;
	p.q.arg[1] = arg1;
	p.q.arg[2] = arg2;
	c.m = &m;
	if (request_parse(&c, &p, packet_size(&p), -1) || request_serve(&c))
		return 1;
	return c.rep.err;
}

/* On a descriptor that is sent. */
static int ask_fd(unsigned int op, int fd, uint64_t arg1, uint64_t arg2)
{
	packet_init(&p, op, "", "");
	p.q.flags = BROKER_FD_SENT;
	p.q.arg[1] = arg1;
	p.q.arg[2] = arg2;
	c.m = &m;
	if (request_parse(&c, &p, packet_size(&p), fd) || request_serve(&c))
		return 1;
	return c.rep.err;
}

static void start(void)
{
	const char *what;

	ck_assert_int_eq(monitor_init(&m), 0);
	m.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	policy.mode = NET_FILTER;
	ck_assert_int_eq(monitor_net(&m, &policy, &what), 0);
}

/* A server of the host's on any port of its loopback. */
static int server(int type, unsigned int *port)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, type, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, len), 0);
	if (type == SOCK_STREAM)
		ck_assert_int_eq(listen(fd, 5), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static void allow_port(unsigned int port)
{
	char s[64];

	snprintf(s, sizeof(s), "127.0.0.1:%u", port);
	ck_assert_int_eq(allow(s), 0);
}

START_TEST(connects)
{
	unsigned int port, other;
	int l = server(SOCK_STREAM, &port), o = server(SOCK_STREAM, &other);
	struct broker_addr a, no;

	allow_port(port);
	start();
	a = addr("127.0.0.1", port);
	no = addr("127.0.0.1", other);
	ck_assert_int_eq(ask(BROKER_NET_CONNECT, &a, SOCK_STREAM, 0, 0), 0);
	ck_assert_int_ge(c.fd_out, 0);
	ck_assert(c.rep.val[0] == 0 || c.rep.val[0] == EINPROGRESS);
	ck_assert_int_eq(ask_fd(BROKER_NET_NAMES, c.fd_out, 0, 0), 0);
	ck_assert_int_eq(ask(BROKER_NET_CONNECT, &no, SOCK_STREAM, 0, 0),
			 -EACCES);
	no = addr("127.0.0.2", port);
	ck_assert_int_eq(ask(BROKER_NET_CONNECT, &no, SOCK_STREAM, 0, 0),
			 -EACCES);
	ck_assert_int_eq(ask(BROKER_NET_CONNECT, &a, SOCK_RAW, 0, 0), 1);
	ck_assert_int_eq(ask(BROKER_NET_CONNECT, &a, SOCK_STREAM, 1, 0), 1);
	a.zero = 1;
	ck_assert_int_eq(ask(BROKER_NET_CONNECT, &a, SOCK_STREAM, 0, 0), 1);
	ck_assert_int_eq(ask(BROKER_NET_CONNECT, NULL, SOCK_STREAM, 0, 0), 1);
	/* None of its names is granted: nobody answers there. */
	a = addr("127.0.0.53", 53);
	ck_assert_int_eq(ask(BROKER_NET_CONNECT, &a, SOCK_DGRAM, 0, 0),
			 -EACCES);
	close(l);
	close(o);
}
END_TEST

START_TEST(no_network)
{
	struct broker_addr a = addr("127.0.0.1", 80);

	ck_assert_int_eq(monitor_init(&m), 0);
	ck_assert_int_eq(ask(BROKER_NET_CONNECT, &a, SOCK_STREAM, 0, 0),
			 -EACCES);
	ck_assert_int_eq(ask(BROKER_NET_LISTEN, &a, SOCK_STREAM, 5, 0),
			 -EACCES);
	ck_assert_int_eq(ask_fd(BROKER_NET_ACCEPT, m.proc_fd, 1, 0), -EACCES);
}
END_TEST

static int connect_to(unsigned int port)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)port),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (!connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return fd;
	close(fd);
	return -1;
}

START_TEST(publishes)
{
	struct broker_addr a = addr("0.0.0.0", 80), b = addr("0.0.0.0", 81);
	unsigned int port;
	struct err e = { 0 };
	uint64_t nr;
	int l, s[3];

	ck_assert_int_eq(net_publish(&policy, "-p", "127.0.0.1:0:80", &e), 0);
	start();
	port = monitor_net_port(&m, 0);
	ck_assert_int_eq(connect_to(port), -1);		/* nobody listens */
	ck_assert_int_eq(ask(BROKER_NET_LISTEN, &b, SOCK_STREAM, 5, 0),
			 -ENOENT);
	ck_assert_int_eq(ask(BROKER_NET_LISTEN, &a, SOCK_STREAM, 5, 0), 0);
	l = c.fd_out;
	nr = c.rep.val[0];
	ck_assert_int_eq(ask(BROKER_NET_LISTEN, &a, SOCK_STREAM, 5, 1),
			 -ENOENT);
	ck_assert_int_eq(ask_fd(BROKER_NET_ACCEPT, l, 16, 0), -EAGAIN);
	for (int i = 0; i < 3; i++)
		s[i] = connect_to(port);
	ck_assert_int_ge(s[2], 0);
	ck_assert_int_eq(ask_fd(BROKER_NET_ACCEPT, l, 2, 0), 0);
	ck_assert_uint_eq(c.n_fds_out, 2);
	request_close(&c);
	ck_assert_int_eq(ask_fd(BROKER_NET_SHUTDOWN, l, 2, 0), -EOPNOTSUPP);
	ck_assert_int_eq(ask_fd(BROKER_NET_ACCEPT, l, BROKER_FDS_MAX + 1, 0), 1);
	ck_assert_int_eq(ask(BROKER_NET_UNLISTEN, NULL, nr, 0, 0), 0);
	ck_assert_int_eq(ask(BROKER_NET_UNLISTEN, NULL, nr, 0, 0), -ENOENT);
	close(l);
	ck_assert_int_eq(connect_to(port), -1);
	ck_assert_int_eq(ask(BROKER_NET_LISTEN, &a, SOCK_STREAM, 5, 0), 0);
	s[0] = connect_to(port);
	ck_assert_int_ge(s[0], 0);
}
END_TEST

/*
 * Names.
 */
static const uint8_t query_head[12] = { 0x12, 0x34, 1, 0, 0, 1 };
/* The name of the question, A, IN, a TTL, 4 bytes of address. */
static const uint8_t answer_head[12] = {
	0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4
};

static size_t put_question(uint8_t *to, const char *name, unsigned int type)
{
	size_t at = 0;

	while (*name) {
		size_t n = strcspn(name, ".");

		to[at++] = (uint8_t)n;
		memcpy(to + at, name, n);
		at += n;
		name += n;
		if (*name)
			name++;
	}
	to[at++] = 0;
	to[at++] = 0;
	to[at++] = (uint8_t)type;
	to[at++] = 0;
	to[at++] = 1;
	return at;
}

static void events(void)
{
	struct epoll_event ev[8];
	int n;

	/* The loopback is quick, but not at once there. */
	do {
		n = epoll_wait(m.epoll_fd, ev, 8, 50);
		for (int i = 0; i < n; i++)
			resolver_event(&m, ev[i].data.u32, ev[i].events);
	} while (n > 0);
}

/*
 * Ask for @name from the guest's end @fd; the server @s, if it is asked,
 * answers with the address.  The guest's answer: its rcode, or -1.
 */
static int lookup(int fd, int s, const char *name, const char *ip,
		  bool *was_asked)
{
	uint8_t msg[1024];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	size_t size = 12;
	ssize_t n;

	memcpy(msg, query_head, 12);
	size += put_question(msg + 12, name, 1);
	ck_assert_int_eq(write(fd, msg, size), (int)size);
	events();
	n = recvfrom(s, msg, sizeof(msg), MSG_DONTWAIT,
		     (struct sockaddr *)&from, &len);
	*was_asked = n > 0;
	if (n > 0) {
		ck_assert_int_eq((int)n, (int)size);
		msg[2] |= 0x80;
		msg[7] = 1;
		memcpy(msg + n, answer_head, sizeof(answer_head));
		inet_pton(AF_INET, ip, msg + n + 12);
		ck_assert_int_gt(sendto(s, msg, (size_t)n + 16, 0,
					(struct sockaddr *)&from, len), 0);
		events();
	}
	n = recv(fd, msg, sizeof(msg), MSG_DONTWAIT);
	if (n < 12)
		return -1;
	ck_assert_int_eq(memcmp(msg, query_head, 2), 0);
	return msg[3] & 15;
}

static int start_names(int *s)
{
	struct broker_addr a = addr("127.0.0.53", 53);
	unsigned int port;

	*s = server(SOCK_DGRAM, &port);
	policy.servers[policy.n_servers++] = addr("127.0.0.1", port);
	start();
	ck_assert_int_eq(ask(BROKER_NET_CONNECT, &a, SOCK_DGRAM, 0, 0), 0);
	return c.fd_out;
}

START_TEST(names)
{
	struct broker_addr a = addr("10.9.8.7", 443);
	bool asked;
	int s, fd;

	ck_assert_int_eq(allow("tcp://*.example.com:443"), 0);
	fd = start_names(&s);
	ck_assert_int_eq(lookup(fd, s, "other.org", "1.2.3.4", &asked), 3);
	ck_assert(!asked);
	ck_assert_int_eq(ask(BROKER_NET_CONNECT, &a, SOCK_STREAM, 0, 0),
			 -EACCES);
	ck_assert_int_eq(lookup(fd, s, "WWW.example.com", "10.9.8.7", &asked),
			 0);
	ck_assert(asked);
	ck_assert_int_ne(ask(BROKER_NET_CONNECT, &a, SOCK_STREAM, 0, 0),
			 -EACCES);
	request_close(&c);
	ck_assert_int_eq(ask(BROKER_NET_CONNECT, &a, SOCK_DGRAM, 0, 0),
			 -EACCES);
	a.port = 80;
	ck_assert_int_eq(ask(BROKER_NET_CONNECT, &a, SOCK_STREAM, 0, 0),
			 -EACCES);
	/* A name that turns to the host's own loopback. */
	a = addr("127.0.0.1", 443);
	ck_assert_int_eq(lookup(fd, s, "evil.example.com", "127.0.0.1",
				&asked), 2);
	ck_assert_int_eq(ask(BROKER_NET_CONNECT, &a, SOCK_STREAM, 0, 0),
			 -EACCES);
	close(fd);
	events();
	close(s);
}
END_TEST

/* Whatever is written there: nothing breaks, and the server is left alone. */
START_TEST(rubbish)
{
	uint8_t msg[600];
	bool asked;
	int s, fd;

	ck_assert_int_eq(allow("a.example.com"), 0);
	fd = start_names(&s);
	srand(1);
	for (int i = 0; i < 20000; i++) {
		size_t n = 12 + put_question(msg + 12, "a.example.org", 1);

		memcpy(msg, query_head, 12);
		for (int k = rand() % 4; k >= 0; k--)
			msg[(size_t)rand() % n] = (uint8_t)rand();
		if (rand() % 2)
			n = 1 + (size_t)rand() % n;
		if (write(fd, msg, n) < 0)
			ck_assert_int_eq(errno, EAGAIN);
		resolver_event(&m, NET_TAG, EPOLLIN);
		while (recv(fd, msg, sizeof(msg), MSG_DONTWAIT) > 0)
			;
	}
	ck_assert_int_eq(recv(s, msg, sizeof(msg), MSG_DONTWAIT), -1);
	ck_assert_int_eq(lookup(fd, s, "a.example.com", "10.0.0.1", &asked),
			 0);
}
END_TEST

/* Answers that are cut off, too long or changed: never more than an error. */
START_TEST(bad_answers)
{
	uint8_t msg[600], good[600];
	struct sockaddr_in from;
	int s, fd;

	ck_assert_int_eq(allow("a.example.com"), 0);
	fd = start_names(&s);
	srand(2);
	for (int i = 0; i < 300; i++) {
		socklen_t len = sizeof(from);
		size_t n = 12 + put_question(msg + 12, "a.example.com", 1);
		ssize_t got;

		memcpy(msg, query_head, 12);
		ck_assert_int_gt(write(fd, msg, n), 0);
		resolver_event(&m, NET_TAG, EPOLLIN);
		got = recvfrom(s, good, sizeof(good), 0,
			       (struct sockaddr *)&from, &len);
		ck_assert_int_gt(got, 0);
		good[2] |= 0x80;
		good[7] = (uint8_t)(rand() % 3);
		memcpy(good + got, answer_head, sizeof(answer_head));
		inet_pton(AF_INET, "10.0.0.1", good + got + 12);
		n = (size_t)got + 16;
		for (int k = rand() % 3; k > 0; k--)
			good[(size_t)got + (size_t)rand() % 16] =
				(uint8_t)rand();
		n -= (size_t)rand() % 17;
		ck_assert_int_gt(sendto(s, good, n, 0,
					(struct sockaddr *)&from, len), 0);
		for (uint32_t q = 0; q < 64; q++)
			resolver_event(&m, NET_TAG + 256 + q, EPOLLIN);
		while (recv(fd, msg, sizeof(msg), MSG_DONTWAIT) > 0)
			;
	}
}
END_TEST

UNIT_MAIN("net", addresses, special, spelling, connects, no_network,
	  publishes, names, rubbish, bad_answers)
