/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outward.h: the seam to what lies outside of the sandbox.
 *
 * Sockets of TCP and UDP begin as emulated ones.  Before one is
 * connected, or sends to an address, it is asked here whether that address is
 * outside; if it is, and the policy grants it, the socket turns into one of
 * the host's: its socket_ops are replaced for good, k->outward and the
 * descriptor in k->so.file are set, who waits for it is woken, and the caller
 * does the same call once more by the new ones.
 */
#ifndef SBX_NET_OUTWARD_H
#define SBX_NET_OUTWARD_H

#include "emul/net/inet.h"

enum outward_how {
	OUTWARD_CONNECT,
	OUTWARD_SEND,
};

/*
 * 0: @a is the sandbox's own (its loopback, or any address); 1: @k is the
 * host's from now on, do the call again; -errno: there is no way to @a.
 * No lock is held.
 */
int outward_turn(struct inet_sock *k, enum outward_how how,
		 const struct inet_addr *a) __must_check;

/* A datagram of @k's, which is not connected there, to the outside. */
ssize_t outward_sendto(struct inet_sock *k, struct sockmsg *m,
		       const struct inet_addr *to);

/* What the policy lets out and in, from what the launcher has told. */
struct boot;
void outward_boot(const struct boot *b);
/* farpump.c: how many threads of kinit's there are for it. */
unsigned int feed_threads(void);
/* @k, of the sandbox's own again or still, is closed. */
void outward_release(struct inet_sock *k);

/* May the program listen at @a of the host, which is nobody's in here? */
bool outward_may_bind(const struct inet_sock *k, const struct inet_addr *a);

/*
 * @k listens (of UDP: is bound) from now on: also at the host's ports that are
 * published, or granted.  0 or -errno: it cannot, as others have the port.
 */
int outward_listen(struct inet_sock *k) __must_check;
/* It is no more. */
void outward_unlisten(struct inet_sock *k);

/*
 * tcp-listen.c: a connection from outside, which is a socket of the host's already
 * (its local and remote are set): whoever listens at its local address
 * accepts it.  0: the reference is taken over; -ECONNREFUSED, -EAGAIN: the
 * queue is full, outward_room() is called when there is room.
 */
int tcp_take_in(struct inet_sock *n) __must_check;
/* farpump.c: in a queue that may have been full is room. */
void outward_room(void);

/* udp-data.c: a datagram from outside for @k.  False: it is lost. */
bool udp_take_in(struct inet_sock *k, const struct inet_addr *from,
		 const void *data, size_t n);

#endif
