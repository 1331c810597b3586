/* SPDX-License-Identifier: Apache-2.0 */
/* inet.h: sockets of the loopback, for guests of both families. */
#ifndef SBX_T_INET_H
#define SBX_T_INET_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "guest.h"

#ifndef INET_FAMILY
#define INET_FAMILY	AF_INET
#endif
#define PATIENCE_MS	30000

union addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_storage ss;
};

static inline socklen_t addr_len(int family)
{
	return family == AF_INET ? sizeof(struct sockaddr_in) :
		sizeof(struct sockaddr_in6);
}

/* The loopback's address of a family and a port in host byte order. */
static inline void addr_lo(union addr *a, int family, int port)
{
	memset(a, 0, sizeof(*a));
	a->sa.sa_family = (sa_family_t)family;
	if (family == AF_INET) {
		a->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		a->in.sin_port = htons((uint16_t)port);
	} else {
		a->in6.sin6_addr = in6addr_loopback;
		a->in6.sin6_port = htons((uint16_t)port);
	}
}

static inline int port_of(int fd)
{
	union addr a;
	socklen_t n = sizeof(a);

	memset(&a, 0, sizeof(a));
	if (getsockname(fd, &a.sa, &n))
		return -1;
	return ntohs(a.sa.sa_family == AF_INET ? a.in.sin_port :
		     a.in6.sin6_port);
}

static inline int bind_lo(int fd, int family)
{
	union addr a;

	addr_lo(&a, family, 0);
	return bind(fd, &a.sa, addr_len(family));
}

static inline int connect_lo(int fd, int family, int port)
{
	union addr a;

	addr_lo(&a, family, port);
	return connect(fd, &a.sa, addr_len(family));
}

/* Skip all where the loopback of that family is missing or down. */
static inline void need_loopback(int family)
{
	int a = socket(family, SOCK_DGRAM, 0);

	if (a < 0 || bind_lo(a, family) || connect_lo(a, family, port_of(a)) ||
	    send(a, "", 1, 0) != 1)
		skip_all(family == AF_INET ? "no loopback" :
			 "no loopback of IPv6");
	close(a);
}

static inline int listen_lo(int family, int backlog)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind_lo(fd, family) || listen(fd, backlog)) {
		perror("listen");
		exit(1);
	}
	return fd;
}

/* A connection: [0] from connect, [1] from accept. */
static inline void tcp_pair(int family, int fd[2])
{
	int l = listen_lo(family, 1);

	fd[0] = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect_lo(fd[0], family, port_of(l))) {
		perror("connect");
		exit(1);
	}
	fd[1] = accept(l, NULL, NULL);
	if (fd[1] < 0) {
		perror("accept");
		exit(1);
	}
	close(l);
}

/* What poll says of @fd at once. */
static inline int poll_now(int fd, int events)
{
	struct pollfd p = { fd, (short)events, 0 };

	return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

/* What it says as soon as it says something. */
static inline int poll_for(int fd, int events)
{
	struct pollfd p = { fd, (short)events, 0 };

	return poll(&p, 1, PATIENCE_MS) < 0 ? -1 : p.revents;
}

static inline void set_nonblock(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static inline int so_error(int fd)
{
	int v = -1;
	socklen_t n = sizeof(v);

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &v, &n) ? -1 : v;
}

static inline int get_opt(int fd, int level, int name)
{
	int v = 0;
	socklen_t n = sizeof(v);

	return getsockopt(fd, level, name, &v, &n) ? -errno : v;
}

static inline int set_opt(int fd, int level, int name, int v)
{
	return setsockopt(fd, level, name, &v, sizeof(v));
}

#endif
