/* SPDX-License-Identifier: Apache-2.0 */
/* netmatch.c: what the rules of the network mean. */
#include "config.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "loader/net.h"

#define V4_BITS		96	/* ::ffff:0:0/96 */

static const uint8_t v4_start[12] = { [10] = 0xff, [11] = 0xff };

static bool is_v4(const uint8_t ip[16])
{
	return !memcmp(ip, v4_start, sizeof(v4_start));
}

static bool prefix_matches(const uint8_t *a, const uint8_t *b,
			   unsigned int bits)
{
	unsigned int bytes = bits / 8;
	unsigned int mask = 0xff00u >> (bits % 8);

	return !memcmp(a, b, bytes) &&
		(bits % 8 == 0 || !((a[bytes] ^ b[bytes]) & mask & 0xff));
}

/*
 * Addresses that are not like others, the longest prefix of those that begin
 * alike first.  Where a cloud has a service for its own machines, which tells
 * each who asks its secrets, that is as good as on the machine's link.  Other
 * forms of IPv4 addresses (translated, in a tunnel) are none to connect to: by
 * them all the others could be reached.
 */
static const struct special {
	uint8_t ip[16];
	unsigned int prefix;
	enum net_class class;
} specials[] = {
#define V4(...)	{ [10] = 0xff, [11] = 0xff, __VA_ARGS__ }
	{ V4(255, 255, 255, 255), 128, NET_BROADCAST },
	{ V4(127), V4_BITS + 8, NET_LOOPBACK },
	{ V4(169, 254), V4_BITS + 16, NET_LINK_LOCAL },
	{ V4(100, 100, 100, 200), 128, NET_LINK_LOCAL },
	{ V4(168, 63, 129, 16), 128, NET_LINK_LOCAL },
	{ V4(192, 0, 0), V4_BITS + 24, NET_LINK_LOCAL },
	{ V4(224), V4_BITS + 4, NET_MULTICAST },
	{ V4(240), V4_BITS + 4, NET_NOWHERE },
	{ V4(0), V4_BITS + 8, NET_NOWHERE },
	{ V4(0), V4_BITS, NET_PLAIN },
#undef V4
	{ { [15] = 1 }, 128, NET_LOOPBACK },
	{ { 0 }, 64, NET_NOWHERE },		/* ::a.b.c.d, ::ffff:0:a.b.c.d */
	{ { 0, 0x64, 0xff, 0x9b }, 32, NET_NOWHERE },	/* NAT64 */
	{ { 0x20, 0x01 }, 32, NET_NOWHERE },		/* Teredo */
	{ { 0x20, 0x02 }, 16, NET_NOWHERE },		/* 6to4 */
	{ { 0xfd, 0, 0x0e, 0xc2 }, 32, NET_LINK_LOCAL },
	{ { 0xfd, 0x20, 0, 0xce }, 32, NET_LINK_LOCAL },
	{ { 0xfe, 0x80 }, 10, NET_LINK_LOCAL },
	{ { 0xfe, 0xc0 }, 10, NET_NOWHERE },		/* site-local */
	{ { 0xff }, 8, NET_MULTICAST },
	{ { 0 }, 0, NET_PLAIN },
};

static const struct special *special_of(const uint8_t ip[16])
{
	const struct special *s = specials;

	while (!prefix_matches(s->ip, ip, s->prefix))
		s++;
	return s;
}

enum net_class net_class(const uint8_t ip[16])
{
	return special_of(ip)->class;
}

/* How long a prefix must be to cover nothing but addresses of @ip's kind. */
static unsigned int class_prefix(const uint8_t ip[16])
{
	const struct special *s = special_of(ip);

	return s->class == NET_PLAIN ? 0 :
		s->class == NET_NOWHERE ? 129 : s->prefix;
}

bool net_port_in(const struct net_ports *p, size_t n, uint16_t port)
{
	for (size_t i = 0; i < n; i++)
		if (port >= p[i].low && port <= p[i].high)
			return true;
	return !n;
}

bool net_addr_matches(const struct net_rule *r, unsigned int proto,
		      const struct broker_addr *a)
{
	return !r->name && (r->proto & proto) &&
		is_v4(r->ip) == is_v4(a->ip) &&
		prefix_matches(r->ip, a->ip, r->prefix) &&
		r->prefix >= class_prefix(a->ip) &&
		net_port_in(r->ports, r->n_ports, a->port);
}

bool net_name_matches(const struct net_rule *r, const char *name)
{
	size_t n = strlen(name), k;

	if (!r->name)
		return false;
	if (r->name[0] != '*')
		return !strcmp(r->name, name);
	if (!r->name[1])
		return true;
	k = strlen(r->name + 1);
	return n > k && !strcmp(name + n - k, r->name + 1);
}

char *net_text(const struct broker_addr *a, char *buf, size_t size)
{
	char ip[INET6_ADDRSTRLEN];

	if (is_v4(a->ip)) {
		inet_ntop(AF_INET, a->ip + 12, ip, sizeof(ip));
		snprintf(buf, size, "%s:%u", ip, a->port);
	} else {
		inet_ntop(AF_INET6, a->ip, ip, sizeof(ip));
		snprintf(buf, size, "[%s]:%u", ip, a->port);
	}
	return buf;
}

bool net_names(const struct net_policy *n)
{
	/* All may be reached, the host's servers too. */
	if (n->mode == NET_HOST)
		return n->n_servers;
	for (size_t i = 0; i < n->n_rules; i++)
		if (n->rules[i].name)
			return true;
	return false;
}
