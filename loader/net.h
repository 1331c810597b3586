/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net.h: what of the network a program may reach, and what may reach it.
 *
 * A rule grants addresses, or names, and ports.  It covers an address of a
 * special kind (loopback, link-local, multicast...) only if all it covers is
 * of that kind, so 0.0.0.0/0 opens neither the host's loopback nor the
 * metadata service of a cloud.  What a granted name resolves to is granted
 * when the broker itself has relayed the answer, and if it is not special.
 */
#ifndef SBX_LOADER_NET_H
#define SBX_LOADER_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emul/abi/broker.h"
#include "loader/err.h"

#define NET_TCP		1u
#define NET_UDP		2u

#define NET_SERVERS_MAX	3

enum net_mode {
	NET_NONE,
	NET_HOST,	/* all that sbx itself could reach */
	NET_FILTER,	/* what the rules grant */
};

enum net_class {
	NET_PLAIN,
	NET_LOOPBACK,
	NET_LINK_LOCAL,
	NET_MULTICAST,
	NET_BROADCAST,
	NET_NOWHERE,	/* unspecified, reserved, other ways to write IPv4 */
};

struct net_ports {
	uint16_t low, high;
};

/* --allow-net; --allow-bind has ports alone. */
struct net_rule {
	char *text;		/* as it was written */
	unsigned int proto;	/* NET_TCP | NET_UDP */
	char *name;		/* lower case; "*.x": below x; NULL: addresses */
	uint8_t ip[16];
	unsigned int prefix;	/* bits of ip that count, 0..128 */
	struct net_ports *ports;
	size_t n_ports;		/* 0: all */
};

struct net_publish {
	char *text;
	unsigned int proto;	/* one of them */
	struct broker_addr host;	/* port 0: any that is free */
	uint16_t guest;
};

struct net_policy {
	enum net_mode mode;
	bool mode_given;
	struct net_rule *rules, *binds;
	size_t n_rules, n_binds;
	struct net_publish *publishes;
	size_t n_publishes;
	struct broker_addr servers[NET_SERVERS_MAX];
	size_t n_servers;	/* 0: those of the host */
};

/*
 * The arguments of --allow-net, --allow-bind, --publish and --dns, of which
 * @option is the spelling.  0, or -1 with *e.
 */
int net_allow(struct net_policy *n, const char *option, const char *arg,
	      struct err *e);
int net_allow_bind(struct net_policy *n, const char *option, const char *arg,
		   struct err *e);
int net_publish(struct net_policy *n, const char *option, const char *arg,
		struct err *e);
int net_server(struct net_policy *n, const char *option, const char *arg,
	       struct err *e);
int net_mode(struct net_policy *n, const char *option, const char *arg,
	     struct err *e);
/*
 * When all has been read: the mode that the rules ask for, the host's servers.
 * 0, or -1 with *e: they contradict each other.
 */
int net_settle(struct net_policy *n, struct err *e);
/* Is there a resolver: for names that are granted, or as --dns wants it? */
bool net_names(const struct net_policy *n);

/* Is there anything for which the broker needs sockets? */
static inline bool net_wanted(const struct net_policy *n)
{
	return n->mode != NET_NONE;
}

enum net_class net_class(const uint8_t ip[16]);
/* "1.2.3.4:80", "[::1]:80"; at least 64 bytes. */
char *net_text(const struct broker_addr *a, char *buf, size_t size);
bool net_port_in(const struct net_ports *p, size_t n, uint16_t port);
/* Is @name (lower case, no dot at its end) the rule's? */
bool net_name_matches(const struct net_rule *r, const char *name);
/* By an address rule alone; names: loader/broker/net.c. */
bool net_addr_matches(const struct net_rule *r, unsigned int proto,
		      const struct broker_addr *a);

#endif
