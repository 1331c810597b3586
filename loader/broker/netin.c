/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netin.c: sockets that were inherited, and what they accept.
 *
 * Who passes a socket on grants it, and what comes by it, but no other place:
 * datagrams go to those alone who have sent to it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "loader/broker/net.h"

static void get_name(int fd, long call, struct broker_sockname *n)
{
	socklen_t len = sizeof(n->name);

	if (syscall(call, fd, n->name, &len) || len > sizeof(n->name))
		memset(n, 0, sizeof(*n));
	else
		n->len = len;
}

int serve_net_names(struct call *c)
{
	struct broker_sockname *names = (void *)c->body;
	int domain, type, protocol, flags, listens = 0;
	int ret = net_check(c);

	if (!ret)
		ret = net_get_int(c->fd, SO_DOMAIN, &domain);
	if (!ret)
		ret = net_get_int(c->fd, SO_TYPE, &type);
	if (!ret)
		ret = net_get_int(c->fd, SO_PROTOCOL, &protocol);
	if (ret)
		return ret;
	(void)net_get_int(c->fd, SO_ACCEPTCONN, &listens);
	flags = fcntl(c->fd, F_GETFL);
	memset(names, 0, 2 * sizeof(*names));
	c->rep.len = 2 * sizeof(*names);
	c->rep.val[0] = (uint64_t)domain | (uint64_t)type << 16 |
		(uint64_t)protocol << 32;
	get_name(c->fd, SYS_getsockname, &names[0]);
	get_name(c->fd, SYS_getpeername, &names[1]);
	c->rep.val[1] = (listens ? 1 : 0) | (names[1].len ? 2 : 0) |
		(flags >= 0 && flags & O_NONBLOCK ? 4 : 0);
	return 0;
}

static int check_dgrams(const struct call *c)
{
	int type, ret = net_check(c);

	if (!ret)
		ret = net_get_int(c->fd, SO_TYPE, &type);
	if (!ret && type != SOCK_DGRAM)
		ret = -EOPNOTSUPP;
	return ret;
}

static const struct broker_sockname *find(const struct net_heard *h,
					  const struct broker_sockname *n)
{
	uint32_t count = !h ? 0 : h->n < NET_PEERS_MAX ? h->n : NET_PEERS_MAX;

	for (uint32_t i = 0; i < count; i++)
		if (h->from[i].len == n->len &&
		    !memcmp(h->from[i].name, n->name, n->len))
			return &h->from[i];
	return NULL;
}

static void note(struct net *n, uint64_t index,
		 const struct broker_sockname *from)
{
	struct net_heard *h = n->heard[index];

	if (!from->len || find(h, from))
		return;
	if (!h)
		h = n->heard[index] = calloc(1, sizeof(*h));
	if (h)
		h->from[h->n++ % NET_PEERS_MAX] = *from;
}

/* By the host's calls themselves: libc's would keep what is in the way. */
int serve_net_recvfrom(struct call *c)
{
	struct broker_sockname *from = (void *)c->body;
	struct iovec v = {
		.iov_base = from + 1, .iov_len = sizeof(c->body) - sizeof(*from),
	};
	struct msghdr m = {
		.msg_name = from->name, .msg_namelen = sizeof(from->name),
		.msg_iov = &v, .msg_iovlen = 1,
	};
	int ret = check_dgrams(c);
	ssize_t n;

	if (ret)
		return ret;
	memset(from, 0, sizeof(*from));
	n = syscall(SYS_recvmsg, c->fd, &m, MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0)
		return -errno;
	from->len = m.msg_namelen <= sizeof(from->name) ? m.msg_namelen : 0;
	note(c->m->net, c->req.arg[0], from);
	c->rep.val[0] = (uint64_t)n;
	if ((size_t)n > v.iov_len)
		n = (ssize_t)v.iov_len;
	c->rep.len = (uint32_t)(sizeof(*from) + (size_t)n);
	return 0;
}

int serve_net_sendto(struct call *c)
{
	const struct broker_sockname *to;
	struct broker_sockname want;
	struct iovec v = { .iov_base = c->s2, .iov_len = c->req.len2 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	int ret = check_dgrams(c);

	if (c->req.len1 != sizeof(want))
		return BROKEN;
	memcpy(&want, c->s1, sizeof(want));
	if (!want.len || want.len > sizeof(want.name))
		return BROKEN;
	if (ret)
		return ret;
	to = find(c->m->net->heard[c->req.arg[0]], &want);
	if (!to)
		return -EACCES;
	m.msg_name = (void *)(uintptr_t)to->name;
	m.msg_namelen = to->len;
	return syscall(SYS_sendmsg, c->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ?
		-errno : 0;
}
