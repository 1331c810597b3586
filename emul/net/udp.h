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
	int cscov[2];		/* options of UDP-Lite */
};

static inline struct udp_sock *udp_sk(struct socket *s)
{
	return (struct udp_sock *)s;
}

/* udp-data.c */
ssize_t udp_sendmsg(struct socket *s, struct task *t, struct sockmsg *m);
ssize_t udp_recvmsg(struct socket *s, struct task *t, struct sockmsg *m);
uint32_t udp_poll(struct socket *s, struct waiter *w);
long udp_unread(struct socket *s);
int udp_send_cmsg(struct socket *s, struct sockmsg *m, int level, int type,
		  const void *data, size_t n);
int udp_recv_cmsg(struct socket *s, struct sockmsg *m, struct control *c);

#endif
