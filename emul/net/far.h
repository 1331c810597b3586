/* SPDX-License-Identifier: Apache-2.0 */
/*
 * far.h: sockets of TCP and UDP that are the host's.
 *
 * The broker made the descriptor and connected it; here it is read and
 * written, and nothing else: whatever else is to be done to it is a request.
 * The descriptor never blocks; who has to wait sleeps in the host's poll.
 */
#ifndef SBX_NET_FAR_H
#define SBX_NET_FAR_H

#include "emul/abi/broker.h"
#include "emul/net/inet.h"
#include "emul/task/turn.h"

/* What k->outward is of a socket that has turned. */
struct far {
	const struct socket_ops *near;	/* what it was before */
	int fd;				/* -1: none, it may connect anew */
	bool connected;			/* it is known to be */
	bool begun;			/* connect(2) has been told of it */
	bool pair;			/* at the other end is the resolver */
	bool dirty;			/* options that the host has not heard of */
	bool fresh;			/* it has heard of none so far */
	struct turn rd;			/* who takes from peek, and reads */
	struct cork *cork;		/* small pieces that wait for more */
	char *peek;			/* what was only looked at */
	size_t peek_n;
};

static inline struct far *far_of(const struct inet_sock *k)
{
	return k->outward;
}

/* Is there what was looked at and not taken?  A datagram may be empty. */
static inline bool far_peeked(const struct inet_sock *k)
{
	const struct far *h = far_of(k);

	return inet_is_tcp(k) ? load_acquire(&h->peek_n) != 0 :
		load_acquire(&h->peek) != NULL;
}

/* far.c */
extern const struct socket_ops far_tcp_ops, far_udp_ops;
/* A descriptor for @k, which it owns from now on.  0, -ENOMEM (closed). */
int far_turn(struct inet_sock *k, int fd, const struct broker_names *names,
	     bool pair) __must_check;
struct pollfd;
/* Wait for the host's @events of @fd.  0, -EINTR, -ETIMEDOUT. */
int far_wait(struct inet_sock *k, int fd, short events, int64_t deadline);
/* Is it connected?  1, 0: not yet, -errno: it will not be. */
int far_check_connected(struct inet_sock *k);
/* Its connection failed for @err, which comes back. */
int far_failed(struct inet_sock *k, int err);

/* far-data.c */
/* All that is left of @m in kernel memory, kmalloc'd; err_ptr(). */
char *far_gather(struct sockmsg *m);
/* As socket_ops.sendmsg and .recvmsg. */
ssize_t far_tcp_send(struct socket *s, struct task *t, struct sockmsg *m);
ssize_t far_udp_send(struct socket *s, struct task *t, struct sockmsg *m);
ssize_t far_tcp_recv(struct socket *s, struct task *t, struct sockmsg *m);
ssize_t far_udp_recv(struct socket *s, struct task *t, struct sockmsg *m);
/* As socket_ops.unread. */
long far_unread(struct socket *s);

/* far-cork.c */
/* Pieces of @k are to wait from now on, if there is memory. */
void cork_begin(struct inet_sock *k);
/*
 * Take from @m what is to be kept, and send what was, with what comes after it.
 * 0: what is left of @m is to be sent; -EAGAIN: no room, or -errno.
 */
int cork_send(struct far *h, struct task *t, struct sockmsg *m, bool more);
/* Send what is kept.  @h is about to close its descriptor: and forget it. */
void cork_push(struct far *h);
void cork_drop(struct far *h);

/* far-opt.c */
/* Tell the host of options that were set. */
void far_flush(struct inet_sock *k);
/* The row of them, or of those that are not as ever; its size. */
size_t far_options(struct inet_sock *k, char *row, size_t size, bool all);
/* SO_ERROR of the host's: 0 or -errno. */
int far_error(struct far *h);
/* BROKER_NET_GETOPT: the bytes of the value or -errno. */
int far_getopt(int fd, uint32_t level, uint32_t name, void *val, size_t size);
long far_count(struct inet_sock *k, uint32_t cmd);
long far_setsockopt(struct socket *s, int level, int name, uaddr_t val,
		    int len);
long far_getsockopt(struct socket *s, int level, int name, uaddr_t val,
		    uaddr_t len);
void far_changed(struct socket *s, int name);

/* farpump.c: what comes by itself: connections, datagrams for one of many. */
enum feed_kind {
	FEED_LISTENER,		/* the host's, for a published port */
	FEED_DGRAMS,		/* the same of UDP */
	FEED_LEG,		/* connected, of a socket that is not */
};
/* @fd is the pump's from now on, in any case.  0 or -errno. */
int feed_add(enum feed_kind kind, int fd, uint64_t nr, struct inet_sock *k,
	     const struct inet_addr *to) __must_check;
/* So many descriptors has the host's table room for. */
void feed_limit(uint64_t descriptors);
/* Nothing is to come for @k any more. */
void feed_drop(struct inet_sock *k);
/* The descriptor of the leg of @k to @to, or -1. */
int feed_leg(const struct inet_sock *k, const struct inet_addr *to);
/* The broker's number of @k's published port, or -1. */
int64_t feed_number(const struct inet_sock *k);

#endif
