/* SPDX-License-Identifier: Apache-2.0 */
/* inet-addr.c: names of AF_INET and AF_INET6; ip(7), ipv6(7). */
#include <linux/errno.h>

#include "emul/lib/string.h"
#include "emul/net/inet.h"

#define V4_MAPPED	0xffff0000u	/* as a word in network byte order */
#define SIN_LEN		16u
#define SIN6_LEN	28u
#define SIN6_LEN_MIN	24u		/* without sin6_scope_id: RFC 2133 */

struct sin {
	uint16_t family, port;
	uint32_t addr;
	uint8_t zero[8];
};

struct sin6 {
	uint16_t family, port;
	uint32_t flow;
	uint8_t addr[16];
	uint32_t scope;
};

static uint16_t swap16(uint16_t v)
{
	return (uint16_t)(v << 8 | v >> 8);
}

static void set_v4(struct inet_addr *a, uint32_t addr)
{
	a->ip.q[0] = 0;
	a->ip.w[2] = V4_MAPPED;
	a->ip.w[3] = addr;
	a->scope = 0;
}

void addr_any(struct inet_addr *a, int family)
{
	memset(a, 0, sizeof(*a));
	if (family == AF_INET)
		set_v4(a, 0);
}

void addr_loopback(struct inet_addr *a, bool v4)
{
	if (v4) {
		set_v4(a, 0);
		a->ip.b[12] = 127;
		a->ip.b[15] = 1;
	} else {
		a->ip.q[0] = a->ip.q[1] = 0;
		a->ip.b[15] = 1;
		a->scope = 0;
	}
}

enum inet_class addr_class(const struct inet_addr *a)
{
	if (addr_is_v4(a)) {
		if (!a->ip.w[3])
			return INET_ANY;
		if (a->ip.w[3] == UINT32_MAX || a->ip.w[3] == 0xffffff7fu)
			return INET_BROADCAST;
		if (a->ip.b[12] == 127)
			return INET_LOOPBACK;
		return a->ip.b[12] >> 4 == 14 ? INET_MULTICAST : INET_OTHER;
	}
	if (!a->ip.q[0] && !a->ip.q[1])
		return INET_ANY;
	if (!a->ip.q[0] && !a->ip.w[2] && a->ip.w[3] == 0x01000000u)
		return INET_LOOPBACK;
	return a->ip.b[0] == 0xff ? INET_MULTICAST : INET_OTHER;
}

void addr_to(struct inet_addr *a)
{
	if (addr_class(a) == INET_ANY)
		addr_loopback(a, addr_is_v4(a));
}

static uint16_t family_of(const void *name)
{
	uint16_t family;

	memcpy(&family, name, sizeof(family));
	return family;
}

bool addr_unspec(const void *name, uint32_t len)
{
	return len >= sizeof(uint16_t) && family_of(name) == AF_UNSPEC;
}

static int parse_v4(const void *name, uint32_t len, struct inet_addr *a)
{
	struct sin n;

	if (len < SIN_LEN)
		return -EINVAL;
	memcpy(&n, name, sizeof(n));
	set_v4(a, n.addr);
	a->port = swap16(n.port);
	return 0;
}

static int parse_v6(const void *name, uint32_t len, struct inet_addr *a)
{
	struct sin6 n;

	if (len < SIN6_LEN_MIN)
		return -EINVAL;
	memset(&n, 0, sizeof(n));
	memcpy(&n, name, MIN(len, SIN6_LEN));
	memcpy(a->ip.b, n.addr, sizeof(n.addr));
	a->port = swap16(n.port);
	a->scope = n.scope;
	return 0;
}

int addr_parse_bind(const struct inet_sock *k, const void *name, uint32_t len,
		    struct inet_addr *a)
{
	bool v4 = k->so.family == AF_INET;
	int err;

	if (len < (v4 ? SIN_LEN : SIN6_LEN_MIN))
		return -EINVAL;
	err = v4 ? parse_v4(name, len, a) : parse_v6(name, len, a);
	if (err)
		return err;
	if (family_of(name) != k->so.family &&
	    !(v4 && family_of(name) == AF_UNSPEC && !a->ip.w[3]))
		return -EAFNOSUPPORT;
	if (v4)
		return 0;
	if (addr_is_v4(a) && k->v6only)
		return -EINVAL;
	return inet_is_tcp(k) && addr_class(a) == INET_MULTICAST ? -EINVAL : 0;
}

int addr_parse_to(const struct inet_sock *k, const void *name, uint32_t len,
		  struct inet_addr *a)
{
	bool v4 = k->so.family == AF_INET, tcp = inet_is_tcp(k);
	uint16_t family;
	int err;

	if (len < (v4 ? SIN_LEN : tcp ? SIN6_LEN_MIN : sizeof(family)))
		return -EINVAL;
	family = family_of(name);
	if (v4)
		return family == AF_INET || (!tcp && family == AF_UNSPEC) ?
			parse_v4(name, len, a) : -EAFNOSUPPORT;
	/* udp(7): a socket of IPv6 takes addresses of IPv4 as they are, too. */
	if (!tcp && family == AF_INET)
		return k->v6only ? -EAFNOSUPPORT : parse_v4(name, len, a);
	if (family != AF_INET6)
		return -EAFNOSUPPORT;
	err = parse_v6(name, len, a);
	if (!err && addr_is_v4(a) && k->v6only)
		err = -ENETUNREACH;
	return err;
}

uint32_t addr_put(int family, const struct inet_addr *a, void *name)
{
	if (family == AF_INET) {
		struct sin n = { AF_INET, swap16(a->port), a->ip.w[3], { 0 } };

		memcpy(name, &n, sizeof(n));
		return sizeof(n);
	}
	struct sin6 n = { AF_INET6, swap16(a->port), 0, { 0 }, a->scope };

	memcpy(n.addr, a->ip.b, sizeof(n.addr));
	memcpy(name, &n, sizeof(n));
	return sizeof(n);
}
