/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp.h: connections of TCP over the loopback.
 *
 * Two sockets that are connected share a struct tcp_conn with a flow each way.
 * It lives until both are closed; then the sockets go with it, so that each
 * may look at the other for as long as it is open itself.
 *
 * A connection that finds the queue of who listens full waits in a second one,
 * which has no limit but the number of sockets, as if its SYN were lost.
 */
#ifndef SBX_NET_TCP_H
#define SBX_NET_TCP_H

#include "emul/net/flow.h"
#include "emul/net/inet.h"

/* What Linux calls the states of a connection, for /proc/net and TCP_INFO. */
enum tcp_state {
	TCP_ST_ESTABLISHED = 1,
	TCP_ST_SYN_SENT,
	TCP_ST_SYN_RECV,
	TCP_ST_FIN_WAIT1,
	TCP_ST_FIN_WAIT2,
	TCP_ST_TIME_WAIT,
	TCP_ST_CLOSE,
	TCP_ST_CLOSE_WAIT,
	TCP_ST_LAST_ACK,
	TCP_ST_LISTEN,
	TCP_ST_CLOSING,
};

struct tcp_conn {
	struct ref ref;			/* of the two ends that are open */
	struct inet_sock *end[2];	/* references */
	bool reset;			/* by either end */
	struct flow flow[2];		/* what end[i] writes */
	struct tcp_conn *older[2];	/* the one that end[i] had before */
};

enum tcp_base {
	TCP_FRESH,
	TCP_CONNECTING,		/* waits in the second queue of who listens */
	TCP_CONNECTED,
	TCP_LISTENING,
};

struct tcp_sock {
	struct inet_sock in;	/* first */
	struct tcp_conn *conn;	/* a reference; kept, with older, to the end */
	int side;		/* its place in conn->end */
	/* inet_lock protects the rest; base is read without it. */
	enum tcp_base base;
	bool told;		/* connect(2) has said that it is connected */
	bool failed;		/* connect(2) has not said yet that it is not */
	/* Of one that listens. */
	struct list_head pending, waiting;
	uint32_t n_pending, n_waiting, backlog;
	struct list_head link;	/* of one that nobody has accepted */
	struct tcp_sock *via;	/* who listens, a reference; on waiting */
	struct tcp_sock *to_be;	/* connecting: the other end */
	/* Options of IPPROTO_TCP: tcp-opt.c. */
	struct tcp_opts {
		uint32_t flags;
		int maxseg, keepidle, keepintvl, keepcnt, syncnt, linger2;
		int defer_accept, window_clamp, user_timeout, notsent_lowat;
		int fastopen, fastopen_connect, quickack;
		char congestion[16];
	} opt;
};

static inline struct tcp_sock *tcp_sk(struct socket *s)
{
	return (struct tcp_sock *)s;
}

/* What was written for @k to read, and where its own goes. */
static inline struct flow *tcp_in(const struct tcp_sock *k,
				  struct tcp_conn *c)
{
	return &c->flow[!k->side];
}
static inline struct flow *tcp_out(const struct tcp_sock *k,
				   struct tcp_conn *c)
{
	return &c->flow[k->side];
}
static inline struct inet_sock *tcp_other(const struct tcp_sock *k,
					  const struct tcp_conn *c)
{
	return c->end[!k->side];
}

/* tcp.c */
extern const struct socket_ops tcp_ops __hidden;
enum tcp_state tcp_state(const struct tcp_sock *k);
/* A connection of @a and @b, with a reference for each; NULL: no memory. */
struct tcp_conn *tcp_conn_new(struct inet_sock *a, struct inet_sock *b)
	__must_check;
void tcp_conn_put(struct tcp_conn *c);
/* Its file is gone; @hard: with a reset whatever there is. */
void tcp_close(struct tcp_sock *k, bool hard);
/* connect(2) to AF_UNSPEC. */
int tcp_disconnect(struct tcp_sock *k);
/* It is fresh again, as disconnect leaves it.  inet_lock is held. */
void tcp_be_fresh(struct tcp_sock *k);
/* SO_SNDBUF or SO_RCVBUF of @s was set. */
void tcp_changed(struct socket *s, int name);

/* tcp-connect.c */
int tcp_connect(struct socket *s, const void *name, uint32_t len,
		bool nonblock);
/* The connection of @k did not come about.  inet_lock is held. */
void tcp_connect_failed(struct tcp_sock *k, int err);
/*
 * Sleep for as long as @k is connecting, until @deadline at most.  0, or the
 * error of wait_sleep().
 */
int tcp_wait_connecting(struct tcp_sock *k, struct task *t, int64_t deadline);

/* tcp-listen.c */
int tcp_listen(struct socket *s, int backlog);
struct socket *tcp_accept(struct socket *s, bool nonblock);
/* The other end of a connection of @k's to @l at @to; NULL: no memory. */
struct tcp_sock *tcp_make_end(struct tcp_sock *k, struct tcp_sock *l,
			      const struct inet_addr *to) __must_check;
/*
 * That end, @n, comes to a queue of @l: the first if there is room, and then
 * the connection is there.  inet_lock is held.
 */
void tcp_enqueue(struct tcp_sock *l, struct tcp_sock *n, struct tcp_sock *k);
/* @n never was an end of its connection, nor was the other one. */
void tcp_drop_end(struct tcp_sock *n);
/* Give up what @k is or is about to be, and all names. */
void tcp_detach(struct tcp_sock *k);

/* tcp-data.c */
ssize_t tcp_sendmsg(struct socket *s, struct task *t, struct sockmsg *m);
ssize_t tcp_recvmsg(struct socket *s, struct task *t, struct sockmsg *m);
uint32_t tcp_poll(struct socket *s, struct waiter *w);
long tcp_unread(struct socket *s);
long tcp_unsent(struct socket *s);

/* tcp-opt.c: options of IPPROTO_TCP. */
void tcp_opts_init(struct tcp_opts *o);
/* Is an option on that is on or off? */
bool tcp_opt_on(const struct tcp_sock *k, int name);
long tcp_setsockopt(struct socket *s, int level, int name, uaddr_t val,
		    int len);
long tcp_getsockopt(struct socket *s, int level, int name, uaddr_t val,
		    uaddr_t len);

#endif
