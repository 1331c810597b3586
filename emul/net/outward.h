/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outward.h: the seam to what lies outside of the sandbox.
 *
 * Sockets of TCP and UDP begin as emulated ones.  Before one is bound,
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
	OUTWARD_BIND,
	OUTWARD_CONNECT,
	OUTWARD_SEND,
};

/*
 * 0: @a is the sandbox's own (its loopback, or any address); 1: @k is the
 * host's from now on, do the call again; -errno: there is no way to @a
 * (-ENETUNREACH, -EADDRNOTAVAIL to bind).  No lock is held.
 */
int outward_turn(struct inet_sock *k, enum outward_how how,
		 const struct inet_addr *a) __must_check;

/* @k listens from now on, or does no more: for ports that are published. */
void outward_listens(struct inet_sock *k, bool on);

/*
 * tcp.c: a connection from outside, which is a socket of the host's already
 * (its local and remote are set): whoever listens at its local address
 * accepts it.  0: the reference is taken over; -ECONNREFUSED, -EAGAIN: the
 * queue is full, who listens wakes its EPOLLOUT when there is room.
 */
int tcp_take_in(struct inet_sock *n) __must_check;

#endif
