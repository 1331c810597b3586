/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netopt.c: options, states and names of the sockets that the sandbox has.
 *
 * What is sent may be any descriptor of the sandbox's: only sockets of TCP and
 * UDP are served, and such of AF_UNIX as were inherited or accepted from one.
 * The list has what changes how a connection behaves, never where it goes.
 */
#include "config.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loader/broker/net.h"

#define VALUE_MAX	256u

#define GET		1u
#define SET		2u

static const struct option_row {
	int level, name;
	unsigned int may;
} options[] = {
	{ SOL_SOCKET, SO_KEEPALIVE, GET | SET },
	{ SOL_SOCKET, SO_LINGER, GET | SET },
	{ SOL_SOCKET, SO_RCVBUF, GET | SET },
	{ SOL_SOCKET, SO_SNDBUF, GET | SET },
	{ SOL_SOCKET, SO_OOBINLINE, GET | SET },
	{ SOL_SOCKET, SO_RCVLOWAT, GET | SET },
	{ SOL_SOCKET, SO_PRIORITY, GET | SET },
	{ SOL_SOCKET, SO_ERROR, GET },
	{ SOL_SOCKET, SO_TYPE, GET },
	{ SOL_SOCKET, SO_DOMAIN, GET },
	{ SOL_SOCKET, SO_PROTOCOL, GET },
	{ SOL_SOCKET, SO_ACCEPTCONN, GET },
	{ SOL_SOCKET, SO_PEERCRED, GET },
	{ IPPROTO_TCP, TCP_NODELAY, GET | SET },
	{ IPPROTO_TCP, TCP_MAXSEG, GET | SET },
	{ IPPROTO_TCP, TCP_CORK, GET | SET },
	{ IPPROTO_TCP, TCP_KEEPIDLE, GET | SET },
	{ IPPROTO_TCP, TCP_KEEPINTVL, GET | SET },
	{ IPPROTO_TCP, TCP_KEEPCNT, GET | SET },
	{ IPPROTO_TCP, TCP_SYNCNT, GET | SET },
	{ IPPROTO_TCP, TCP_LINGER2, GET | SET },
	{ IPPROTO_TCP, TCP_DEFER_ACCEPT, GET | SET },
	{ IPPROTO_TCP, TCP_WINDOW_CLAMP, GET | SET },
	{ IPPROTO_TCP, TCP_INFO, GET },
	{ IPPROTO_TCP, TCP_QUICKACK, GET | SET },
	{ IPPROTO_TCP, TCP_CONGESTION, GET | SET },
	{ IPPROTO_TCP, TCP_USER_TIMEOUT, GET | SET },
	{ IPPROTO_TCP, TCP_NOTSENT_LOWAT, GET | SET },
	{ IPPROTO_IP, IP_TOS, GET | SET },
	{ IPPROTO_IP, IP_TTL, GET | SET },
	{ IPPROTO_IP, IP_MTU_DISCOVER, GET | SET },
	{ IPPROTO_IP, IP_MTU, GET },
	{ IPPROTO_IPV6, IPV6_TCLASS, GET | SET },
	{ IPPROTO_IPV6, IPV6_UNICAST_HOPS, GET | SET },
	{ IPPROTO_IPV6, IPV6_MTU_DISCOVER, GET | SET },
	{ IPPROTO_IPV6, IPV6_MTU, GET },
};

static bool may(uint64_t level, uint64_t name, unsigned int what)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if ((uint64_t)options[i].level == level &&
		    (uint64_t)options[i].name == name)
			return options[i].may & what;
	return false;
}

int net_get_int(int fd, int name, int *v)
{
	socklen_t len = sizeof(*v);

	return getsockopt(fd, SOL_SOCKET, name, v, &len) ? -errno : 0;
}

int net_check(const struct call *c)
{
	int domain, protocol, ret = net_get_int(c->fd, SO_DOMAIN, &domain);

	if (ret)
		return ret;
	/* What an inherited one accepts; never a channel. */
	if (domain == AF_UNIX && c->sent) {
		ret = net_get_int(c->fd, SO_TYPE, &protocol);
		return ret || protocol == SOCK_STREAM ? ret : -EOPNOTSUPP;
	}
	if (domain == AF_UNIX)
		return 0;
	if (domain != AF_INET && domain != AF_INET6)
		return -EOPNOTSUPP;
	ret = net_get_int(c->fd, SO_PROTOCOL, &protocol);
	if (!ret && protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)
		ret = -EOPNOTSUPP;
	return ret;
}

/* The next of a row; its value is at *value.  False: none, or malformed. */
static bool next_option(const char *row, size_t n, size_t *at,
			struct broker_sockopt *o, const char **value)
{
	if (n - *at < sizeof(*o))
		return false;
	memcpy(o, row + *at, sizeof(*o));
	*at += sizeof(*o);
	if (o->len > VALUE_MAX || ((o->len + 3) & ~3u) > n - *at)
		return false;
	*value = row + *at;
	*at += (o->len + 3) & ~3u;
	return true;
}

/*
 * A close that waits for the other side to take what was sent could be the
 * broker's: of a descriptor that is on its way here when the sandbox closes
 * its own.  What was sent goes out all the same.
 */
void net_no_linger(int fd)
{
	struct linger l = { 0 };
	socklen_t len = sizeof(l);

	if (getsockopt(fd, SOL_SOCKET, SO_LINGER, &l, &len) || !l.l_onoff ||
	    !l.l_linger)
		return;
	l.l_onoff = 0;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
}

static int set_linger(int fd, const char *value, size_t n)
{
	struct linger l;

	if (n < sizeof(l))
		return -EINVAL;
	memcpy(&l, value, sizeof(l));
	/* Never the time, not for a moment; only off, or to drop all. */
	if (l.l_linger)
		l.l_onoff = 0;
	return setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)) ?
		-errno : 0;
}

static int set_option(int fd, const struct broker_sockopt *o,
		      const char *value)
{
	if (!may(o->level, o->name, SET))
		return -ENOPROTOOPT;
	if (o->level == SOL_SOCKET && o->name == SO_LINGER)
		return set_linger(fd, value, o->len);
	return setsockopt(fd, (int)o->level, (int)o->name, value, o->len) ?
		-errno : 0;
}

void net_options(int fd, const char *row, size_t n)
{
	struct broker_sockopt o;
	const char *value;
	size_t at = 0;

	while (next_option(row, n, &at, &o, &value))
		(void)set_option(fd, &o, value);
}

int serve_net_setopt(struct call *c)
{
	struct broker_sockopt o;
	const char *value;
	size_t at = 0;
	int ret = net_check(c);

	while (!ret && next_option(c->s1, c->req.len1, &at, &o, &value)) {
		ret = set_option(c->fd, &o, value);
		if (!ret)
			c->rep.val[0]++;
	}
	if (!ret && at != c->req.len1)
		return BROKEN;
	return ret;
}

static int get_count(struct call *c, uint64_t cmd)
{
	int v;

	if (cmd != FIONREAD && cmd != TIOCOUTQ)
		return -ENOTTY;
	if (syscall(SYS_ioctl, c->fd, cmd, &v) < 0)
		return -errno;
	memcpy(c->body, &v, sizeof(v));
	c->rep.len = sizeof(v);
	return 0;
}

int serve_net_getopt(struct call *c)
{
	uint64_t level = c->req.arg[1] >> 32;
	uint64_t name = c->req.arg[1] & 0xffffffff;
	socklen_t len = (socklen_t)c->req.arg[2];
	int ret = net_check(c);

	if (c->req.arg[2] > VALUE_MAX)
		return BROKEN;
	if (ret)
		return ret;
	if (level == BROKER_SOL_IOCTL)
		return get_count(c, name);
	if (!may(level, name, GET))
		return -ENOPROTOOPT;
	if (getsockopt(c->fd, (int)level, (int)name, c->body, &len))
		return -errno;
	/* Who it is to the host is not for the sandbox. */
	if (level == SOL_SOCKET && name == SO_PEERCRED)
		memset(c->body, 0, len < sizeof(pid_t) ? len : sizeof(pid_t));
	c->rep.len = len;
	return 0;
}

int serve_net_shutdown(struct call *c)
{
	int listens, ret = net_check(c);

	if (c->req.arg[1] > SHUT_RDWR)
		return BROKEN;
	if (!ret)
		ret = net_get_int(c->fd, SO_ACCEPTCONN, &listens);
	/* It would end for all who have it; UNLISTEN is for ours. */
	if (!ret && listens)
		return -EOPNOTSUPP;
	if (!ret && shutdown(c->fd, (int)c->req.arg[1]))
		ret = -errno;
	return ret;
}

int serve_net_epoll(struct call *c)
{
	c->fd_out = epoll_create1(EPOLL_CLOEXEC);
	return c->fd_out < 0 ? -errno : 0;
}

int serve_net_watch(struct call *c)
{
	struct epoll_event ev = {
		.events = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET,
		.data.u64 = c->req.arg[1],
	};
	int type, ret;

	if (c->fd2 < 0)
		return BROKEN;
	ret = net_get_int(c->fd2, SO_TYPE, &type);
	if (ret)
		return ret;
	return epoll_ctl(c->fd, EPOLL_CTL_ADD, c->fd2, &ev) ? -errno : 0;
}
