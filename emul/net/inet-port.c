/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inet-port.c: ports of TCP and UDP: who is bound to them, who hears.
 *
 * inet_lock is held by every caller.
 */
#include <asm/socket.h>
#include <linux/errno.h>
#include <linux/in.h>

#include "emul/lib/alloc.h"
#include "emul/lib/random.h"
#include "emul/net/inet.h"

#define BUCKETS		1024u
#define AUTO_FIRST	32768u	/* net.ipv4.ip_local_port_range */
#define AUTO_LAST	60999u
#define AUTO_COUNT	(AUTO_LAST - AUTO_FIRST + 1)

struct inet_port {
	struct inet_port *next;
	uint16_t number;
	int protocol;
	struct list_head owners;
	uint32_t n_children;		/* accepted connections */
	uint32_t n_strict;		/* of them, that do not share */
};

static struct inet_port *ports[3][BUCKETS] __arena_table;

static struct inet_port **bucket(int protocol, uint16_t number)
{
	unsigned int table = protocol == IPPROTO_TCP ? 0 :
		protocol == IPPROTO_UDP ? 1 : 2;

	return &ports[table][number % BUCKETS];
}

static struct inet_port *port_get(int protocol, uint16_t number)
{
	struct inet_port *p = *bucket(protocol, number);

	while (p && p->number != number)
		p = p->next;
	return p;
}

static struct inet_port *port_make(int protocol, uint16_t number)
{
	struct inet_port **b = bucket(protocol, number);
	struct inet_port *p = kzalloc(sizeof(*p));

	if (!p)
		return NULL;
	p->number = number;
	p->protocol = protocol;
	list_init(&p->owners);
	p->next = *b;
	*b = p;
	return p;
}

static void port_check(struct inet_port *p)
{
	struct inet_port **b = bucket(p->protocol, p->number);

	if (!list_empty(&p->owners) || p->n_children)
		return;
	while (*b != p)
		b = &(*b)->next;
	*b = p->next;
	kfree(p);
}

/* Does what comes to @to reach a socket that is bound to @k's address? */
static bool covers(const struct inet_sock *k, const struct inet_addr *to)
{
	if (addr_class(&k->local) != INET_ANY)
		return addr_same_ip(&k->local, to);
	if (addr_is_v4(to))
		return addr_is_v4(&k->local) || !k->v6only;
	return !addr_is_v4(&k->local);
}

/* May something reach @k and also @o, if it were bound to @a? */
static bool overlap(const struct inet_sock *o, const struct inet_sock *k,
		    const struct inet_addr *a)
{
	if (addr_class(a) != INET_ANY)
		return covers(o, a);
	if (addr_class(&o->local) != INET_ANY)
		return addr_is_v4(&o->local) ?
			addr_is_v4(a) || !k->v6only : !addr_is_v4(a);
	if (addr_is_v4(a) == addr_is_v4(&o->local))
		return true;
	return !(addr_is_v4(a) ? o : k)->v6only;
}

/* Have both said that they share? */
static bool share(const struct inet_sock *o, const struct inet_sock *k)
{
	if (sockopt_on(&o->so, SO_REUSEPORT) &&
	    sockopt_on(&k->so, SO_REUSEPORT) && o->uid == k->uid)
		return true;
	return sockopt_on(&o->so, SO_REUSEADDR) &&
	       sockopt_on(&k->so, SO_REUSEADDR) && !o->listening && !k->listening;
}

static bool conflict(const struct inet_port *p, const struct inet_sock *k,
		     const struct inet_addr *a)
{
	const struct inet_sock *o;

	list_for_each(o, &p->owners, port_link)
		if (o != k && overlap(o, k, a) && !share(o, k))
			return true;
	return sockopt_on(&k->so, SO_REUSEADDR) ||
		sockopt_on(&k->so, SO_REUSEPORT) ? p->n_strict :
		p->n_children;
}

static int take(struct inet_sock *k, uint16_t number)
{
	struct inet_port *p = port_get(k->so.protocol, number);

	if (!p)
		p = port_make(k->so.protocol, number);
	if (!p)
		return -ENOMEM;
	list_add_tail(&k->port_link, &p->owners);
	k->port = p;
	k->local.port = number;
	return 0;
}

/* A port that nobody has; 0: there is none. */
static uint16_t find_free(int protocol)
{
	uint32_t start;

	random_bytes(&start, sizeof(start));
	for (uint32_t i = 0; i < AUTO_COUNT; i++) {
		uint16_t n = (uint16_t)(AUTO_FIRST +
					(start + i) % AUTO_COUNT);

		if (!port_get(protocol, n))
			return n;
	}
	return 0;
}

int port_bind(struct inet_sock *k, const struct inet_addr *a)
{
	struct inet_port *p;
	uint16_t n = a->port;
	int err;

	if (!n) {
		n = find_free(k->so.protocol);
		if (!n)
			return -EADDRINUSE;
	}
	p = port_get(k->so.protocol, n);
	if (p && conflict(p, k, a))
		return -EADDRINUSE;
	err = take(k, n);
	if (err)
		return err;
	k->port_auto = !a->port;
	k->local.ip = a->ip;
	k->local.scope = a->scope;
	return 0;
}

int port_auto(struct inet_sock *k)
{
	uint16_t n;

	if (k->port)
		return 0;
	n = find_free(k->so.protocol);
	k->port_auto = true;
	return n ? take(k, n) : -EAGAIN;
}

int port_listen(struct inet_sock *k)
{
	const struct inet_sock *o;

	list_for_each(o, &k->port->owners, port_link)
		if (o != k && o->listening && overlap(o, k, &k->local) &&
		    !share(o, k))
			return -EADDRINUSE;
	return 0;
}

void port_share(struct inet_sock *k, struct inet_sock *l)
{
	k->port = l->port;
	k->child = true;
	l->port->n_children++;
	k->strict = !sockopt_on(&l->so, SO_REUSEADDR) &&
		!sockopt_on(&l->so, SO_REUSEPORT);
	l->port->n_strict += k->strict;
}

void port_leave(struct inet_sock *k)
{
	struct inet_port *p = k->port;

	if (!p)
		return;
	if (k->child) {
		p->n_children--;
		p->n_strict -= k->strict;
		k->child = false;
	} else {
		list_del(&k->port_link);
	}
	k->port = NULL;
	port_check(p);
}

bool port_matches(const struct inet_sock *k, const struct inet_addr *to,
		  const struct inet_addr *from)
{
	if (inet_is_tcp(k) ? !k->listening :
	    k->remote.port && !addr_same(&k->remote, from))
		return false;
	return covers(k, to);
}

bool port_connected(const struct inet_sock *k, const struct inet_addr *to)
{
	const struct inet_sock *o;

	list_for_each(o, &k->port->owners, port_link)
		if (o != k && addr_same(&o->remote, to) &&
		    addr_same_ip(&o->local, &k->local))
			return true;
	return false;
}

/* The more of its addresses are given, the better it fits. */
static int score(const struct inet_sock *k, const struct inet_addr *to)
{
	int n = 1;

	if (!inet_is_tcp(k) && k->remote.port)
		n += 4;
	if (addr_class(&k->local) != INET_ANY)
		n += 2;
	else if (addr_is_v4(to) == addr_is_v4(&k->local))
		n++;
	return n;
}

static uint32_t hash_peers(const struct inet_addr *from,
			   const struct inet_addr *to)
{
	uint32_t h = from->ip.w[3] ^ to->ip.w[3] ^
		(uint32_t)from->port << 16 ^ to->port;

	h *= 0x9e3779b1u;
	h ^= h >> 15;
	h *= 0x85ebca6bu;
	return h ^ h >> 13;
}

/* One of the group that shares the port, always the same for a peer. */
static struct inet_sock *choose(struct inet_port *p, int best,
				const struct inet_addr *to,
				const struct inet_addr *from)
{
	struct inet_sock *k;
	uint32_t n = 0, at;

	list_for_each(k, &p->owners, port_link)
		if (port_matches(k, to, from) && score(k, to) == best)
			n++;
	at = hash_peers(from, to) % MAX(n, 1u);
	list_for_each(k, &p->owners, port_link)
		if (port_matches(k, to, from) && score(k, to) == best &&
		    !at--)
			break;
	return k;
}

struct inet_sock *port_find(int protocol, const struct inet_addr *to,
			    const struct inet_addr *from)
{
	struct inet_port *p = port_get(protocol, to->port);
	struct inet_sock *k, *found = NULL;
	int best = 0;
	bool group = false;

	if (!p)
		return NULL;
	list_for_each(k, &p->owners, port_link) {
		int n;

		if (!port_matches(k, to, from))
			continue;
		n = score(k, to);
		if (n > best) {
			found = k;
			best = n;
			group = false;
		} else if (n == best) {
			/* Of those with SO_REUSEADDR alone the last hears. */
			group = sockopt_on(&k->so, SO_REUSEPORT);
			if (!group)
				found = k;
		}
	}
	return group ? choose(p, best, to, from) : found;
}
