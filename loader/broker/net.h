/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net.h: what the broker knows of the network it serves.
 *
 * Sockets are made here and handed over connected, or listening: the sandbox
 * has no call to connect, bind or name an address by itself.  The broker keeps
 * those alone that are bound for the sandbox.
 */
#ifndef SBX_BROKER_NET_H
#define SBX_BROKER_NET_H

#include <netinet/in.h>

#include "loader/broker/server.h"
#include "loader/net.h"

#define NET_SOCKETS_MAX	256u	/* bound ones */
#define NET_PEERS_MAX	256u	/* of a UDP port: whom it may answer */
#define NET_LEARNED_MAX	4096u	/* addresses of names */

/* Above the tags of monitor.c in the data of its epoll. */
#define NET_TAG		0x100u

struct net_bound {
	int fd;			/* -1: free */
	unsigned int proto;
	uint16_t guest;
	bool publish;		/* stays bound; else it is one of --allow-bind */
	unsigned int opens;	/* of the guest's that listen at it */
	struct broker_addr local;
	struct broker_addr *peers;	/* UDP: a ring of the last */
	uint32_t n_peers;
};

/* That the answer to a name, granted by a rule, had this address. */
struct net_learned {
	uint8_t ip[16];
	uint32_t rule;
};

/* Whom an inherited socket of datagrams may answer: a ring. */
struct net_heard {
	struct broker_sockname from[NET_PEERS_MAX];
	uint32_t n;
};

struct resolver;

struct net {
	const struct net_policy *policy;
	struct net_bound bound[NET_SOCKETS_MAX];
	size_t n_bound;
	struct net_learned *learned;	/* a ring */
	uint64_t n_learned;
	struct net_heard *heard[INHERITED_MAX];	/* NULL: nobody yet */
	struct resolver *resolver;	/* NULL: names are not resolved */
};

union net_name {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* The host's form of an address, and back; its length. */
socklen_t net_to_host(union net_name *to, const struct broker_addr *a);
void net_from_host(struct broker_addr *to, const union net_name *a);
/* Connect @fd, which does not block: 0, EINPROGRESS or -errno. */
int net_connect(int fd, const struct broker_addr *a);

/* netopt.c: let the last close of the socket, maybe ours, not wait. */
void net_no_linger(int fd);
/* Set a row of options; what is wrong with one is passed over. */
void net_options(int fd, const char *row, size_t n);
/* An option of SOL_SOCKET: 0 or -errno. */
int net_get_int(int fd, int name, int *v);
/* Is the descriptor a socket of a kind that is handled here? 0 or -errno. */
int net_check(const struct call *c);

/*
 * resolve.c.  Make the resolver, before the broker is confined.  0 or -errno.
 */
int resolver_init(struct monitor *m);
/* A pair, whose one end is given in c->fd_out. */
int resolver_connect(struct call *c, int type);
/* What the epoll told of a descriptor of the resolver's. */
void resolver_event(struct monitor *m, uint32_t tag, uint32_t events);

#endif
