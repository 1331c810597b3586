/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udp.h: sockets of UDP over the loopback.
 *
 * A datagram goes straight into the queue of who is bound where it is sent to;
 * if that is full it is lost, udp(7).
 */
#ifndef SBX_NET_UDP_H
#define SBX_NET_UDP_H

#include "emul/net/inet.h"

#define UDP_MAX		65507u	/* bytes of one over IPv4 */
#define UDP6_MAX	65527u

struct dgram {
	struct list_head link;
	uint32_t len;
	uint8_t ttl, tos;
	bool sourced;		/* from is what the sender asked for */
	struct inet_addr from, to;
	int64_t stamp_ns;	/* CLOCK_REALTIME; 0: nobody asked */
	char data[];
};

struct udp_sock {
	struct inet_sock in;	/* first */
	struct mutex lock;	/* protects: */
	struct list_head dgrams;
	uint64_t queued;	/* bytes, with what each takes by itself */
	uint32_t n_dgrams;	/* read without the lock */
	uint32_t sleepers;	/* readers that wait; atomic */
	uint32_t drops;
	/* IP_RECVERR: what was sent and has come to nobody. */
	struct list_head errors;
	uint32_t n_errors;	/* read without the lock */
	/* Not protected: pieces of one that more are to follow; atomic. */
	struct dgram *corked;
	bool cork;		/* UDP_CORK */
	int cscov[2];		/* options of UDP-Lite */
};

static inline struct udp_sock *udp_sk(struct socket *s)
{
	return (struct udp_sock *)s;
}

/*
 * udp-data.c.  What is sent is in @d, which is taken over, with where to.  0 or
 * -errno; what is lost is sent.
 */
int udp_dispatch(struct udp_sock *k, struct dgram *d);
ssize_t udp_sendmsg(struct socket *s, struct task *t, struct sockmsg *m);
ssize_t udp_recvmsg(struct socket *s, struct task *t, struct sockmsg *m);
uint32_t udp_poll(struct socket *s, struct waiter *w);
long udp_unread(struct socket *s);
int udp_send_cmsg(struct socket *s, struct sockmsg *m, int level, int type,
		  const void *data, size_t n);
int udp_recv_cmsg(struct socket *s, struct sockmsg *m, struct control *c);

/* udp-cork.c: MSG_MORE and UDP_CORK. */
static inline bool udp_holds(const struct udp_sock *k)
{
	return load_acquire(&k->corked);
}
/* Put @d, which is taken over, to what waits; send it unless @more follows. */
int udp_hold(struct udp_sock *k, struct dgram *d, bool more);
void udp_set_cork(struct udp_sock *k, bool on);

/* udp-error.c: the queue of errors, MSG_ERRQUEUE. */
/* @d, which is taken over, came to nobody: who asked for it, or has a peer. */
void udp_refused(struct udp_sock *k, struct dgram *d);
ssize_t udp_recv_error(struct udp_sock *k, struct sockmsg *m);
/* Control message of what that has told. */
int udp_error_cmsg(const struct socket *s, const struct inet_addr *to,
		   struct control *c);
/* Nobody asks for them any more. */
void udp_forget_errors(struct udp_sock *k);

#endif
