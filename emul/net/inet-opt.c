/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inet-opt.c: options of IPPROTO_IP and IPPROTO_IPV6; ip(7), ipv6(7).
 *
 * Most of them say something about packets, of which there are none: they are
 * kept and told.  Those that ask for control messages are in inet-cmsg.c.
 */
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/in6.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/string.h"
#include "emul/net/inet.h"
#include "emul/task/task.h"

#define MTU_LOOPBACK	65536
#define IFINDEX_LO	1

/* Options that are on or off: their bits are their places here. */
struct flag {
	uint8_t v6, name;
};

static const struct flag flags[] = {
	[INET_PKTINFO] = { 0, IP_PKTINFO },
	[INET_RECVTTL] = { 0, IP_RECVTTL },
	[INET_RECVTOS] = { 0, IP_RECVTOS },
	[INET_RECVERR] = { 0, IP_RECVERR },
	[INET_ORIGDST] = { 0, IP_RECVORIGDSTADDR },
	[INET_FREEBIND] = { 0, IP_FREEBIND },
	[INET_MC_LOOP] = { 0, IP_MULTICAST_LOOP },
	[INET_MC_ALL] = { 0, IP_MULTICAST_ALL },
	[INET6_PKTINFO] = { 1, IPV6_RECVPKTINFO },
	[INET6_RECVHOPS] = { 1, IPV6_RECVHOPLIMIT },
	[INET6_RECVTCLASS] = { 1, IPV6_RECVTCLASS },
	[INET6_RECVERR] = { 1, IPV6_RECVERR },
	[INET6_ORIGDST] = { 1, IPV6_RECVORIGDSTADDR },
	[INET6_FREEBIND] = { 1, IPV6_FREEBIND },
	[INET6_MC_LOOP] = { 1, IPV6_MULTICAST_LOOP },
	[INET6_MC_ALL] = { 1, IPV6_MULTICAST_ALL },
	[INET_KEPT] = { 0, IP_RECVOPTS },
	{ 0, IP_RETOPTS },
	{ 0, IP_CHECKSUM },
	{ 0, IP_RECVFRAGSIZE },
	{ 0, IP_BIND_ADDRESS_NO_PORT },
	{ 1, IPV6_RECVHOPOPTS },
	{ 1, IPV6_RECVRTHDR },
	{ 1, IPV6_RECVDSTOPTS },
	{ 1, IPV6_RECVPATHMTU },
	{ 1, IPV6_DONTFRAG },
	{ 1, IPV6_AUTOFLOWLABEL },
	{ 1, IPV6_RECVFRAGSIZE },
};
_Static_assert(ARRAY_SIZE(flags) <= 32, "they are the bits of a word");

void inet_opts_init(struct inet_opts *o)
{
	memset(o, 0, sizeof(*o));
	o->flags = 1u << INET_MC_LOOP | 1u << INET_MC_ALL |
		1u << INET6_MC_LOOP | 1u << INET6_MC_ALL;
	o->ttl = o->hops = o->mc_hops = -1;
	o->mc_ttl = 1;
	o->mtu_discover = o->mtu_discover6 = IP_PMTUDISC_WANT;
}

static int flag_find(bool v6, int name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].v6 == v6 && flags[i].name == name)
			return (int)i;
	return -1;
}

static void flag_set(struct inet_opts *o, int bit, bool on)
{
	if (on)
		__atomic_fetch_or(&o->flags, 1u << bit, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&o->flags, ~(1u << bit), __ATOMIC_RELAXED);
}

static int in_range(int v, int low, int high)
{
	return v < low || v > high ? -EINVAL : 0;
}

/* There is one interface, and its address. */
static long set_mc_if(struct inet_opts *o, uaddr_t val, int len)
{
	struct ip_mreqn r;

	memset(&r, 0, sizeof(r));
	if (len >= (int)sizeof(struct in_addr) && len < (int)sizeof(r) &&
	    len != (int)sizeof(struct ip_mreq)) {
		if (get_user(&r.imr_address, val))
			return -EFAULT;
	} else if (len < (int)sizeof(struct in_addr)) {
		return -EINVAL;
	} else if (copy_in(&r, val, MIN((size_t)len, sizeof(r)))) {
		return -EFAULT;
	}
	if (r.imr_ifindex && r.imr_ifindex != IFINDEX_LO)
		return -EADDRNOTAVAIL;
	if (!r.imr_ifindex && r.imr_address.s_addr &&
	    (r.imr_address.s_addr & 0xff) != 127)
		return -EADDRNOTAVAIL;
	o->mc_if = r.imr_address.s_addr;
	return 0;
}

/* Groups of multicast are joined where there is a way to them: nowhere. */
static long join(uaddr_t val, int len, size_t size, bool v6)
{
	uint8_t group[16];

	if (len < (int)size)
		return -EINVAL;
	if (copy_in(group, val, v6 ? 16 : 4))
		return -EFAULT;
	if (v6 ? group[0] != 0xff : group[0] >> 4 != 14)
		return -EINVAL;
	return -ENODEV;
}

static long set_v4(struct inet_sock *k, int name, int v)
{
	struct inet_opts *o = &k->opt;
	int err = 0;

	switch (name) {
	case IP_TOS:
		/* The lowest two bits are TCP's own. */
		o->tos = (uint8_t)(inet_is_tcp(k) ? v & ~3 : v);
		return 0;
	case IP_TTL:
		err = v == -1 ? 0 : in_range(v, 1, 255);
		if (!err)
			o->ttl = (int16_t)v;
		return err;
	case IP_MULTICAST_TTL:
		err = inet_is_tcp(k) ? -EINVAL : in_range(v, -1, 255);
		if (!err)
			o->mc_ttl = v == -1 ? 1 : (int16_t)v;
		return err;
	case IP_MTU_DISCOVER:
		err = in_range(v, IP_PMTUDISC_DONT, IP_PMTUDISC_OMIT);
		if (!err)
			o->mtu_discover = (uint8_t)v;
		return err;
	case IP_MINTTL:
		err = in_range(v, 0, 255);
		if (!err)
			o->min_ttl = (uint32_t)v;
		return err;
	case IP_TRANSPARENT:
		/* Packets for others never come here. */
		return v ? -EPERM : 0;
	case IP_UNICAST_IF:
		return !v || v == IFINDEX_LO << 24 ? 0 : -EADDRNOTAVAIL;
	}
	return -ENOPROTOOPT;
}

static long set_v6only(struct inet_sock *k, int v)
{
	long err = 0;

	mutex_lock(&inet_lock);
	if (k->port)
		err = -EINVAL;
	else
		k->v6only = v;
	mutex_unlock(&inet_lock);
	return err;
}

static long set_v6(struct inet_sock *k, int name, int v)
{
	struct inet_opts *o = &k->opt;
	int err = 0;

	switch (name) {
	case IPV6_V6ONLY:
		return set_v6only(k, !!v);
	case IPV6_UNICAST_HOPS:
		err = in_range(v, -1, 255);
		if (!err)
			o->hops = (int16_t)v;
		return err;
	case IPV6_MULTICAST_HOPS:
		err = inet_is_tcp(k) ? -ENOPROTOOPT : in_range(v, -1, 255);
		if (!err)
			o->mc_hops = (int16_t)v;
		return err;
	case IPV6_MULTICAST_IF:
		if (inet_is_tcp(k))
			return -ENOPROTOOPT;
		if (v && v != IFINDEX_LO)
			return -ENODEV;
		o->mc_if6 = (uint32_t)v;
		return 0;
	case IPV6_TCLASS:
		err = in_range(v, -1, 255);
		if (!err)
			o->tclass = v == -1 ? 0 : (uint8_t)v;
		return err;
	case IPV6_MTU_DISCOVER:
		err = in_range(v, IP_PMTUDISC_DONT, IP_PMTUDISC_OMIT);
		if (!err)
			o->mtu_discover6 = (uint8_t)v;
		return err;
	case IPV6_MTU:
		/* The size of fragments, of which there are none. */
		return v && v < 1280 ? -EINVAL : 0;
	case IPV6_MINHOPCOUNT:
		err = in_range(v, 0, 255);
		if (!err)
			o->min_hops = (uint32_t)v;
		return err;
	case IPV6_TRANSPARENT:
		return v ? -EPERM : 0;
	case IPV6_UNICAST_IF:
		return !v || v == IFINDEX_LO << 24 ? 0 : -EADDRNOTAVAIL;
	}
	return -ENOPROTOOPT;
}

/* Those whose value is not a number.  1: it is none of them. */
static long set_struct(struct inet_sock *k, bool v6, int name, uaddr_t val,
		       int len)
{
	if (v6 && (name == IPV6_ADD_MEMBERSHIP || name == IPV6_DROP_MEMBERSHIP))
		return join(val, len, sizeof(struct ipv6_mreq), true);
	if (v6)
		return 1;
	switch (name) {
	case IP_MULTICAST_IF:
		return inet_is_tcp(k) ? -EINVAL : set_mc_if(&k->opt, val, len);
	case IP_ADD_MEMBERSHIP:
	case IP_DROP_MEMBERSHIP:
		return inet_is_tcp(k) ? -EPROTO :
			join(val, len, sizeof(struct ip_mreq), false);
	case IP_ADD_SOURCE_MEMBERSHIP:
	case IP_DROP_SOURCE_MEMBERSHIP:
		return join(val, len, sizeof(struct ip_mreq_source), false);
	case IP_OPTIONS:
		return len ? -EINVAL : 0;
	}
	return 1;
}

long inet_setsockopt(struct socket *s, int level, int name, uaddr_t val,
		     int len)
{
	struct inet_sock *k = inet_sk(s);
	bool v6 = level == IPPROTO_IPV6;
	int v = 0, bit;
	uint8_t byte;
	long err;

	if ((level != IPPROTO_IP && level != IPPROTO_IPV6) ||
	    (v6 && s->family != AF_INET6))
		return -ENOPROTOOPT;
	err = set_struct(k, v6, name, val, len);
	if (err <= 0)
		return err;
	if (len >= (int)sizeof(v)) {
		if (get_user(&v, val))
			return -EFAULT;
	} else if (v6) {
		return -EINVAL;
	} else if (len) {
		if (get_user(&byte, val))
			return -EFAULT;
		v = byte;
	}
	bit = flag_find(v6, name);
	if (bit >= 0) {
		flag_set(&k->opt, bit, v);
		return 0;
	}
	return v6 ? set_v6(k, name, v) : set_v4(k, name, v);
}

static long get_v4(const struct inet_sock *k, int name, int *v)
{
	const struct inet_opts *o = &k->opt;

	switch (name) {
	case IP_TOS:
		*v = o->tos;
		return 0;
	case IP_TTL:
		*v = o->ttl < 0 ? 64 : o->ttl;
		return 0;
	case IP_MULTICAST_TTL:
		*v = o->mc_ttl;
		return 0;
	case IP_MULTICAST_IF:
		*v = (int)o->mc_if;
		return 0;
	case IP_MTU_DISCOVER:
		*v = o->mtu_discover;
		return 0;
	case IP_MTU:
		*v = MTU_LOOPBACK;
		return k->remote.port ? 0 : -ENOTCONN;
	case IP_MINTTL:
		*v = (int)o->min_ttl;
		return 0;
	case IP_TRANSPARENT:
	case IP_UNICAST_IF:
		return 0;
	}
	return -ENOPROTOOPT;
}

static long get_v6(const struct inet_sock *k, int name, int *v)
{
	const struct inet_opts *o = &k->opt;

	switch (name) {
	case IPV6_V6ONLY:
		*v = k->v6only;
		return 0;
	case IPV6_UNICAST_HOPS:
		*v = o->hops < 0 ? 64 : o->hops;
		return 0;
	case IPV6_MULTICAST_HOPS:
		*v = o->mc_hops < 0 ? 1 : o->mc_hops;
		return 0;
	case IPV6_MULTICAST_IF:
		*v = (int)o->mc_if6;
		return 0;
	case IPV6_TCLASS:
		*v = o->tclass;
		return 0;
	case IPV6_MTU_DISCOVER:
		*v = o->mtu_discover6;
		return 0;
	case IPV6_MTU:
		*v = MTU_LOOPBACK;
		return k->remote.port ? 0 : -ENOTCONN;
	case IPV6_MINHOPCOUNT:
		*v = (int)o->min_hops;
		return 0;
	case IPV6_TRANSPARENT:
	case IPV6_UNICAST_IF:
		return 0;
	}
	return -ENOPROTOOPT;
}

long inet_getsockopt(struct socket *s, int level, int name, uaddr_t val,
		     uaddr_t len_at)
{
	struct inet_sock *k = inet_sk(s);
	bool v6 = level == IPPROTO_IPV6;
	int len, v = 0, bit;
	uint8_t byte;
	long err = 0;

	if ((level != IPPROTO_IP && level != IPPROTO_IPV6) ||
	    (v6 && s->family != AF_INET6))
		return -ENOPROTOOPT;
	if (get_user(&len, len_at))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	if (!v6 && name == IP_OPTIONS)
		return sockopt_put(val, len_at, &v, 0);
	bit = flag_find(v6, name);
	if (bit >= 0)
		v = inet_opt_on(&k->opt, bit);
	else
		err = v6 ? get_v6(k, name, &v) : get_v4(k, name, &v);
	if (err)
		return err;
	/* ip(7): who asks for one byte gets one. */
	if (!v6 && len && len < (int)sizeof(v) && v >= 0 && v <= 255) {
		byte = (uint8_t)v;
		return sockopt_put(val, len_at, &byte, 1);
	}
	return sockopt_put(val, len_at, &v, sizeof(v));
}
