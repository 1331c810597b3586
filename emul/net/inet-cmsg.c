/* SPDX-License-Identifier: Apache-2.0 */
/* inet-cmsg.c: control messages of UDP; ip(7), ipv6(7). */
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ipv6.h>

#include "emul/lib/string.h"
#include "emul/net/udp.h"

#define IFINDEX_LO	1

static int set_source(struct sockmsg *m, const struct inet_addr *a, int index)
{
	if (index && index != IFINDEX_LO)
		return -ENODEV;
	if (addr_class(a) == INET_ANY)
		return 0;
	if (addr_class(a) != INET_LOOPBACK)
		return -EINVAL;
	m->inet.there = true;
	m->inet.ip[0] = a->ip.q[0];
	m->inet.ip[1] = a->ip.q[1];
	return 0;
}

static int set_ttl(struct sockmsg *m, const void *data, size_t n, int min)
{
	int v;

	if (n != sizeof(v))
		return -EINVAL;
	memcpy(&v, data, sizeof(v));
	if (v == -1 && !min)
		return 0;	/* as the option has it */
	if (v < min || v > (int)UINT8_MAX)
		return -EINVAL;
	m->inet.has_ttl = true;
	m->inet.ttl = (uint8_t)v;
	return 0;
}

static int set_tos(struct sockmsg *m, const void *data, size_t n)
{
	int v = 0;

	if (n != sizeof(v) && n != 1)
		return -EINVAL;
	memcpy(&v, data, n);
	if (v < -1 || v > (int)UINT8_MAX)
		return -EINVAL;
	m->inet.has_tos = true;
	m->inet.tos = v == -1 ? 0 : (uint8_t)v;
	return 0;
}

static int send_v4(struct sockmsg *m, int type, const void *data, size_t n)
{
	struct in_pktinfo info;
	struct inet_addr a;

	switch (type) {
	case IP_PKTINFO:
		if (n != sizeof(info))
			return -EINVAL;
		memcpy(&info, data, sizeof(info));
		addr_any(&a, AF_INET);
		a.ip.w[3] = info.ipi_spec_dst.s_addr;
		return set_source(m, &a, info.ipi_ifindex);
	case IP_TTL:
		return set_ttl(m, data, n, 1);
	case IP_TOS:
		return set_tos(m, data, n);
	}
	return -EINVAL;
}

static int send_v6(struct sockmsg *m, int type, const void *data, size_t n)
{
	struct in6_pktinfo info;
	struct inet_addr a;

	switch (type) {
	case IPV6_PKTINFO:
		if (n < sizeof(info))
			return -EINVAL;
		memcpy(&info, data, sizeof(info));
		addr_any(&a, AF_INET6);
		memcpy(a.ip.b, &info.ipi6_addr, sizeof(a.ip.b));
		return set_source(m, &a, (int)info.ipi6_ifindex);
	case IPV6_HOPLIMIT:
		return set_ttl(m, data, n, 0);
	case IPV6_TCLASS:
		return n == sizeof(int) ? set_tos(m, data, n) : -EINVAL;
	case IPV6_DONTFRAG:
		return n == sizeof(int) ? 0 : -EINVAL;
	}
	return -EINVAL;
}

int udp_send_cmsg(struct socket *s, struct sockmsg *m, int level, int type,
		  const void *data, size_t n)
{
	if (level == IPPROTO_IP)
		return send_v4(m, type, data, n);
	if (level == IPPROTO_IPV6 && s->family == AF_INET6)
		return send_v6(m, type, data, n);
	/* UDP_SEGMENT: it could not be set either. */
	return level == IPPROTO_UDP ? -EINVAL : 0;
}

static int recv_v4(const struct inet_opts *o, const struct sockmsg *m,
		   const struct inet_addr *to, struct control *c)
{
	int err = 0, ttl = m->inet.ttl;

	if (inet_opt_on(o, INET_PKTINFO)) {
		struct in_pktinfo info = { .ipi_ifindex = IFINDEX_LO };

		info.ipi_addr.s_addr = to->ip.w[3];
		info.ipi_spec_dst.s_addr = to->ip.w[3];
		err |= put_cmsg(c, IPPROTO_IP, IP_PKTINFO, &info,
				sizeof(info));
	}
	if (inet_opt_on(o, INET_RECVTTL))
		err |= put_cmsg(c, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
	if (inet_opt_on(o, INET_RECVTOS))
		err |= put_cmsg(c, IPPROTO_IP, IP_TOS, &m->inet.tos, 1);
	if (inet_opt_on(o, INET_ORIGDST)) {
		uint8_t name[SOCKADDR_MAX];
		uint32_t n = addr_put(AF_INET, to, name);

		err |= put_cmsg(c, IPPROTO_IP, IP_ORIGDSTADDR, name, n);
	}
	return err;
}

static int recv_v6(const struct inet_opts *o, const struct sockmsg *m,
		   const struct inet_addr *to, struct control *c)
{
	int err = 0, hops = m->inet.ttl, tclass = m->inet.tos;

	if (inet_opt_on(o, INET6_PKTINFO)) {
		struct in6_pktinfo info = { .ipi6_ifindex = IFINDEX_LO };

		memcpy(&info.ipi6_addr, to->ip.b, sizeof(to->ip.b));
		err |= put_cmsg(c, IPPROTO_IPV6, IPV6_PKTINFO, &info,
				sizeof(info));
	}
	if (inet_opt_on(o, INET6_RECVHOPS))
		err |= put_cmsg(c, IPPROTO_IPV6, IPV6_HOPLIMIT, &hops,
				sizeof(hops));
	if (inet_opt_on(o, INET6_RECVTCLASS))
		err |= put_cmsg(c, IPPROTO_IPV6, IPV6_TCLASS, &tclass,
				sizeof(tclass));
	if (inet_opt_on(o, INET6_ORIGDST)) {
		uint8_t name[SOCKADDR_MAX];
		uint32_t n = addr_put(AF_INET6, to, name);

		err |= put_cmsg(c, IPPROTO_IPV6, IPV6_ORIGDSTADDR, name, n);
	}
	return err;
}

int udp_recv_cmsg(struct socket *s, struct sockmsg *m, struct control *c)
{
	const struct inet_sock *k = inet_sk(s);
	struct inet_addr to = { .port = m->inet.port };

	if (!m->inet.there)
		return 0;
	to.ip.q[0] = m->inet.ip[0];
	to.ip.q[1] = m->inet.ip[1];
	if (m->out_flags & MSG_ERRQUEUE)
		return udp_error_cmsg(s, &to, c);
	if (s->family == AF_INET6)
		return recv_v6(&k->opt, m, &to, c);
	return recv_v4(&k->opt, m, &to, c);
}
