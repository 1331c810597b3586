/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inet.h: sockets of AF_INET and AF_INET6; ip(7), ipv6(7), tcp(7), udp(7).
 *
 * The network of a sandbox is its loopback: 127.0.0.0/8 and ::1, between
 * sockets of the sandbox, in the kernel's memory.  There is no route to any
 * other address, unless outward.h has one.
 *
 * inet_lock protects ports, the states of TCP sockets and the queues of those
 * that listen: what happens once a connection.  Data does not take it.
 */
#ifndef SBX_NET_INET_H
#define SBX_NET_INET_H

#include "emul/lib/list.h"
#include "emul/lib/lock.h"
#include "emul/net/socket.h"

#define INET_IN		(EPOLLIN | EPOLLRDNORM)
#define INET_OUT	(EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND)
#define INET_ALL	(INET_IN | INET_OUT | EPOLLHUP | EPOLLRDHUP | EPOLLERR)

#define TIMEOUT_CONNECT_NS	(127 * NSEC_PER_SEC)	/* tcp_syn_retries */

/* An address of either family: of IPv4 as ::ffff:a.b.c.d. */
struct inet_addr {
	union {
		uint8_t b[16];
		uint32_t w[4];		/* network byte order */
		uint64_t q[2];
	} ip;
	uint16_t port;			/* host byte order */
	uint32_t scope;			/* sin6_scope_id */
};

enum inet_class {
	INET_ANY,
	INET_LOOPBACK,
	INET_MULTICAST,
	INET_BROADCAST,
	INET_OTHER,
};

/* Bits of inet_opts.flags: inet-opt.c says which options they are. */
enum inet_flag {
	INET_PKTINFO,
	INET_RECVTTL,
	INET_RECVTOS,
	INET_RECVERR,
	INET_ORIGDST,
	INET_FREEBIND,
	INET_MC_LOOP,
	INET_MC_ALL,
	INET6_PKTINFO,
	INET6_RECVHOPS,
	INET6_RECVTCLASS,
	INET6_RECVERR,
	INET6_ORIGDST,
	INET6_FREEBIND,
	INET6_MC_LOOP,
	INET6_MC_ALL,
	INET_KEPT,		/* from here on: kept and told, no more */
};

/* What the options of IPPROTO_IP and IPPROTO_IPV6 set. */
struct inet_opts {
	uint32_t flags;
	uint8_t tos, tclass;
	int16_t ttl, hops, mc_ttl, mc_hops;	/* -1: the default */
	uint8_t mtu_discover, mtu_discover6;
	uint32_t min_ttl, min_hops, mc_if, mc_if6;
};

static inline bool inet_opt_on(const struct inet_opts *o, int bit)
{
	return load_once(&o->flags) >> bit & 1;
}

struct inet_port;

struct inet_sock {
	struct socket so;	/* first */
	struct ref ref;
	struct waitqueue queue;	/* by EPOLL* keys */
	int error;		/* SO_ERROR; atomic */
	unsigned int shut;	/* SHUT_*: not any more */
	bool v6only;
	bool bound;		/* by bind(2): it stays when a connect fails */
	uid_t uid;		/* who made it */
	struct inet_opts opt;

	/* inet_lock protects the rest. */
	struct inet_addr local, remote;	/* remote.port 0: not connected */
	struct inet_addr named;	/* local, as bind(2) left it */
	struct inet_port *port;	/* NULL: no port */
	bool port_auto;		/* nobody asked for that number */
	struct list_head port_link;	/* port->owners; not of accepted ones */
	bool listening;
	bool child, strict;	/* accepted: counted so in its port */
	struct list_head all_link;	/* for /proc/net */
	/* outward.h's: what is behind a socket of the host. */
	void *outward;
};

extern struct mutex inet_lock;

static inline struct inet_sock *inet_sk(struct socket *s)
{
	return (struct inet_sock *)s;
}

static inline bool inet_is_tcp(const struct inet_sock *k)
{
	return k->so.type == SOCK_STREAM;
}

void inet_get(struct inet_sock *k);
/* Frees it, and what its protocol has, with the last reference; or NULL. */
void inet_put(struct inet_sock *k);
/* Take SO_ERROR: 0 or -errno. */
static inline int inet_take_error(struct inet_sock *k)
{
	if (likely(!load_once(&k->error)))
		return 0;
	return __atomic_exchange_n(&k->error, 0, __ATOMIC_ACQ_REL);
}

/* inet.c: what both protocols have in their socket_ops. */
void inet_init(struct inet_sock *k, const struct socket_ops *ops, int family,
	       int type, int protocol);
int inet_bind(struct socket *s, const void *name, uint32_t len);
int inet_getname(struct socket *s, enum sock_name which, void *name);
int inet_sock_error(struct socket *s);
int inet_peercred(struct socket *s, struct ucred *c);
/* Every socket of that type in turn, with inet_lock held. */
void inet_each(int type, void (*fn)(struct inet_sock *k, void *arg), void *arg);

/* inet-addr.c */
static inline bool addr_is_v4(const struct inet_addr *a)
{
	return !a->ip.q[0] && a->ip.w[2] == 0xffff0000u;
}
static inline bool addr_same_ip(const struct inet_addr *a,
				const struct inet_addr *b)
{
	return a->ip.q[0] == b->ip.q[0] && a->ip.q[1] == b->ip.q[1];
}
static inline bool addr_same(const struct inet_addr *a,
			     const struct inet_addr *b)
{
	return a->port == b->port && addr_same_ip(a, b);
}
enum inet_class addr_class(const struct inet_addr *a);
/* The unspecified address of a family; 127.0.0.1 or ::1. */
void addr_any(struct inet_addr *a, int family);
void addr_loopback(struct inet_addr *a, bool v4);
/* A destination that is unspecified means this host. */
void addr_to(struct inet_addr *a);
/*
 * The name that the guest gave to bind, to connect, to sendto.  0, -EINVAL,
 * -EAFNOSUPPORT, -ENETUNREACH.
 */
int addr_parse_bind(const struct inet_sock *k, const void *name, uint32_t len,
		    struct inet_addr *a) __must_check;
int addr_parse_to(const struct inet_sock *k, const void *name, uint32_t len,
		  struct inet_addr *a) __must_check;
/* @a as a socket of @family tells it, into @name; its length. */
uint32_t addr_put(int family, const struct inet_addr *a, void *name);
/* Is it of AF_UNSPEC, which ends a connection? */
bool addr_unspec(const void *name, uint32_t len);

/* inet-port.c: who has which port. */
/*
 * Give @k the port and address of @a; port 0: any that is free.  0,
 * -EADDRINUSE.  inet_lock is held.
 */
int port_bind(struct inet_sock *k, const struct inet_addr *a) __must_check;
/* Any port for a socket that has none. 0, -EAGAIN. inet_lock is held. */
int port_auto(struct inet_sock *k) __must_check;
/* May @k, which has a port, listen there? -EADDRINUSE. inet_lock is held. */
int port_listen(struct inet_sock *k) __must_check;
/* Accepted: on the port of @l.  inet_lock is held. */
void port_share(struct inet_sock *k, struct inet_sock *l);
/* Give the port up.  inet_lock is held. */
void port_leave(struct inet_sock *k);
/*
 * Who gets what comes from @from to @to: of TCP who listens, of UDP who is
 * bound; NULL: nobody.  Borrowed; inet_lock is held.
 */
struct inet_sock *port_find(int protocol, const struct inet_addr *to,
			    const struct inet_addr *from);
/* Is another on @k's port connected from the same address to @to? */
bool port_connected(const struct inet_sock *k, const struct inet_addr *to);
/* Would @k hear it?  inet_lock is held. */
bool port_matches(const struct inet_sock *k, const struct inet_addr *to,
		  const struct inet_addr *from);

/* inet-opt.c */
void inet_opts_init(struct inet_opts *o);
long inet_setsockopt(struct socket *s, int level, int name, uaddr_t val,
		     int len);
long inet_getsockopt(struct socket *s, int level, int name, uaddr_t val,
		     uaddr_t len);

/* tcp.c, udp.c */
struct inet_sock *tcp_new(int family) __must_check;
struct inet_sock *udp_new(int family, int protocol) __must_check;
void tcp_free(struct inet_sock *k);
void udp_free(struct inet_sock *k);

#endif
