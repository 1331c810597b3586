/* SPDX-License-Identifier: Apache-2.0 */
/*
 * far-opt.c: options of sockets that are the host's.
 *
 * What the guest sets is checked and kept as for its own sockets, and told to
 * the host in one request before the socket is next used.
 */
#include <asm/socket.h>
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/tcp.h>

#include "emul/entry/uaccess.h"
#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/lib/string.h"
#include "emul/net/far.h"
#include "emul/net/tcp.h"

#define SOL_SOCKET	1

struct row {
	char *at;
	size_t n, size;
};

static void put(struct row *r, uint32_t level, int name, const void *val,
		uint32_t len)
{
	struct broker_sockopt o = { level, (uint32_t)name, len };

	if (r->n + sizeof(o) + len > r->size)
		return;
	memcpy(r->at + r->n, &o, sizeof(o));
	memcpy(r->at + r->n + sizeof(o), val, len);
	r->n += sizeof(o) + len;
}

static void put_int(struct row *r, uint32_t level, int name, int v)
{
	put(r, level, name, &v, sizeof(v));
}

static void put_flag(struct row *r, uint32_t level, int name, bool on,
		     bool all)
{
	if (on || all)
		put_int(r, level, name, on);
}

static void put_tcp(struct row *r, const struct tcp_sock *k, bool all)
{
	const struct far *h = k->in.outward;
	const struct tcp_opts *o = &k->opt;

	put_flag(r, IPPROTO_TCP, TCP_NODELAY, tcp_opt_on(k, TCP_NODELAY) ||
		 (h && load_once(&h->cork)), all);
	if (sockopt_on(&k->in.so, SO_KEEPALIVE)) {
		put_int(r, IPPROTO_TCP, TCP_KEEPIDLE, o->keepidle);
		put_int(r, IPPROTO_TCP, TCP_KEEPINTVL, o->keepintvl);
		put_int(r, IPPROTO_TCP, TCP_KEEPCNT, o->keepcnt);
	}
	if (o->user_timeout)
		put_int(r, IPPROTO_TCP, TCP_USER_TIMEOUT, o->user_timeout);
	if (o->notsent_lowat)
		put_int(r, IPPROTO_TCP, TCP_NOTSENT_LOWAT, o->notsent_lowat);
}

size_t far_options(struct inet_sock *k, char *at, size_t size, bool all)
{
	struct row r = { at, 0, size };
	const struct socket *s = &k->so;
	bool v4 = addr_is_v4(&k->remote);
	int linger[2] = { s->linger_on, s->linger_s };

	put_flag(&r, SOL_SOCKET, SO_KEEPALIVE, sockopt_on(s, SO_KEEPALIVE),
		 all);
	if (all || s->linger_on)
		put(&r, SOL_SOCKET, SO_LINGER, linger, sizeof(linger));
	/* The host doubles what it is told, as it was doubled here. */
	if (s->sndbuf_set)
		put_int(&r, SOL_SOCKET, SO_SNDBUF, (int)(s->sndbuf / 2));
	if (s->rcvbuf_set)
		put_int(&r, SOL_SOCKET, SO_RCVBUF, (int)(s->rcvbuf / 2));
	if (s->rcvlowat > 1)
		put_int(&r, SOL_SOCKET, SO_RCVLOWAT, (int)s->rcvlowat);
	if (s->priority)
		put_int(&r, SOL_SOCKET, SO_PRIORITY, s->priority);
	if (v4 && k->opt.tos)
		put_int(&r, IPPROTO_IP, IP_TOS, k->opt.tos);
	if (v4 && k->opt.ttl > 0)
		put_int(&r, IPPROTO_IP, IP_TTL, k->opt.ttl);
	if (!v4 && k->opt.hops > 0)
		put_int(&r, IPPROTO_IPV6, IPV6_UNICAST_HOPS, k->opt.hops);
	if (inet_is_tcp(k))
		put_tcp(&r, (const struct tcp_sock *)k, all);
	return r.n;
}

void far_flush(struct inet_sock *k)
{
	struct broker_req req = {
		.op = BROKER_NET_SETOPT, .flags = BROKER_FD_SENT,
	};
	struct far *h = far_of(k);
	struct broker_rep rep;
	char row[512];

	if (likely(!h->dirty))
		return;
	h->dirty = false;
	if (h->pair || h->fd < 0)
		return;
	req.len1 = (uint16_t)far_options(k, row, sizeof(row), !h->fresh);
	h->fresh = false;
	if (!req.len1)
		return;
	(void)broker_call2(&req, row, NULL, h->fd, &rep, NULL, 0, NULL);
}

int far_getopt(int fd, uint32_t level, uint32_t name, void *val, size_t size)
{
	struct broker_req req = {
		.op = BROKER_NET_GETOPT, .flags = BROKER_FD_SENT,
		.arg = { 0, (uint64_t)level << 32 | name, size },
	};
	struct broker_rep rep;
	int err = broker_call2(&req, NULL, NULL, fd, &rep, val, size, NULL);

	return err ? err : (int)MIN(rep.len, size);
}

int far_error(struct far *h)
{
	int v = 0;

	if (h->pair)
		return 0;
	if (far_getopt(h->fd, SOL_SOCKET, SO_ERROR, &v, sizeof(v)) !=
	    (int)sizeof(v))
		return 0;
	return -v;
}

long far_count(struct inet_sock *k, uint32_t cmd)
{
	struct far *h = far_of(k);
	int v = 0, n;

	if (h->pair || h->fd < 0)
		return 0;
	n = far_getopt(h->fd, BROKER_SOL_IOCTL, cmd, &v, sizeof(v));
	return n < 0 ? n : v;
}

void far_changed(struct socket *s, int name)
{
	switch (name) {
	case SO_KEEPALIVE:
	case SO_LINGER:
	case SO_PRIORITY:
	case SO_RCVLOWAT:
	case SO_RCVBUF:
	case SO_SNDBUF:
		far_of(inet_sk(s))->dirty = true;
	}
}

long far_setsockopt(struct socket *s, int level, int name, uaddr_t val,
		    int len)
{
	struct far *h = far_of(inet_sk(s));
	long err = s->type == SOCK_STREAM ?
		tcp_setsockopt(s, level, name, val, len) :
		inet_setsockopt(s, level, name, val, len);

	if (err)
		return err;
	/* The host has no cork; without one, or by TCP_NODELAY, all goes. */
	if (level == IPPROTO_TCP && name == TCP_CORK) {
		if (!tcp_opt_on(tcp_sk(s), TCP_CORK))
			cork_push(h);
		return 0;
	}
	if (level == IPPROTO_TCP && name == TCP_NODELAY)
		cork_push(h);
	h->dirty = true;
	return 0;
}

static long get_info(struct far *h, int name, uaddr_t val, uaddr_t len_at)
{
	char buf[256];
	int len, n;

	if (get_user(&len, len_at))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	n = far_getopt(h->fd, IPPROTO_TCP, (uint32_t)name, buf,
		       MIN((size_t)len, sizeof(buf)));
	if (n < 0)
		return n;
	return sockopt_put(val, len_at, buf, (size_t)n);
}

long far_getsockopt(struct socket *s, int level, int name, uaddr_t val,
		    uaddr_t len)
{
	struct far *h = far_of(inet_sk(s));

	if (s->type != SOCK_STREAM)
		return inet_getsockopt(s, level, name, val, len);
	if (level == IPPROTO_TCP && !h->pair && h->fd >= 0 &&
	    (name == TCP_INFO || name == TCP_MAXSEG ||
	     name == TCP_CONGESTION))
		return get_info(h, name, val, len);
	return tcp_getsockopt(s, level, name, val, len);
}
