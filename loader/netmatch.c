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

static enum net_class class_v4(const uint8_t ip[4])
{
	if (ip[0] == 127)
		return NET_LOOPBACK;
	if (ip[0] == 169 && ip[1] == 254)
		return NET_LINK_LOCAL;
	if (ip[0] >= 224 && ip[0] < 240)
		return NET_MULTICAST;
	if (!memcmp(ip, "\xff\xff\xff\xff", 4))
		return NET_BROADCAST;
	return ip[0] == 0 || ip[0] >= 240 ? NET_NOWHERE : NET_PLAIN;
}

enum net_class net_class(const uint8_t ip[16])
{
	static const uint8_t zero[16], nat64[12] = { 0, 0x64, 0xff, 0x9b };

	if (is_v4(ip))
		return class_v4(ip + 12);
	if (!memcmp(ip, zero, 15) && ip[15] == 1)
		return NET_LOOPBACK;
	/* ::a.b.c.d and 64:ff9b::a.b.c.d would be other names of those. */
	if (!memcmp(ip, zero, 12) || !memcmp(ip, nat64, 12))
		return NET_NOWHERE;
	if (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80)
		return NET_LINK_LOCAL;
	return ip[0] == 0xff ? NET_MULTICAST : NET_PLAIN;
}

/* How long a prefix must be to cover nothing but addresses of @ip's class. */
static unsigned int class_prefix(const uint8_t ip[16])
{
	bool v4 = is_v4(ip);

	switch (net_class(ip)) {
	case NET_PLAIN:
		return 0;
	case NET_LOOPBACK:
		return v4 ? V4_BITS + 8 : 128;
	case NET_LINK_LOCAL:
		return v4 ? V4_BITS + 16 : 10;
	case NET_MULTICAST:
		return v4 ? V4_BITS + 4 : 8;
	case NET_BROADCAST:
		return 128;
	case NET_NOWHERE:
		break;
	}
	return 129;
}

static bool prefix_matches(const uint8_t *a, const uint8_t *b,
			   unsigned int bits)
{
	unsigned int bytes = bits / 8;
	unsigned int mask = 0xff00u >> (bits % 8);

	return !memcmp(a, b, bytes) &&
		(bits % 8 == 0 || !((a[bytes] ^ b[bytes]) & mask & 0xff));
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
	for (size_t i = 0; i < n->n_rules; i++)
		if (n->rules[i].name)
			return true;
	return false;
}
