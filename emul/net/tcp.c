/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp.c: sockets of TCP: their life, their state and its end; tcp(7).
 *
 * How they come to a connection is in tcp-connect.c and tcp-listen.c.
 */
#include "emul/net/tcp.h"

#include <asm/socket.h>
#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/in.h>

#include "emul/lib/alloc.h"
#include "emul/net/outward.h"

#define SNDBUF_FRESH	16384	/* net.ipv4.tcp_wmem, before a connection */
#define RCVBUF_FRESH	131072	/* net.ipv4.tcp_rmem */
#define CAPACITY	524288u	/* bytes in flight where no option says it */
#define CAPACITY_MIN	4096u

struct inet_sock *tcp_new(int family)
{
	struct tcp_sock *k = kzalloc(sizeof(*k));

	if (!k)
		return NULL;
	list_init(&k->pending);
	list_init(&k->waiting);
	list_init(&k->link);
	tcp_opts_init(&k->opt);
	inet_init(&k->in, &tcp_ops, family, SOCK_STREAM, IPPROTO_TCP);
	k->in.so.sndbuf = SNDBUF_FRESH;
	k->in.so.rcvbuf = RCVBUF_FRESH;
	return &k->in;
}

void tcp_free(struct inet_sock *in)
{
	(void)in;	/* its connections have gone before it */
}

/* Half of each buffer is taken to be Linux's own headers. */
static uint32_t capacity(const struct socket *from, const struct socket *to)
{
	uint32_t snd = from->sndbuf_set ? from->sndbuf : CAPACITY;
	uint32_t rcv = to->rcvbuf_set ? to->rcvbuf : CAPACITY;

	return MAX(snd / 2 + rcv / 2, CAPACITY_MIN);
}

struct tcp_conn *tcp_conn_new(struct inet_sock *a, struct inet_sock *b)
{
	struct tcp_conn *c = kzalloc(sizeof(*c));

	if (!c)
		return NULL;
	ref_init(&c->ref);
	ref_get(&c->ref);
	c->end[0] = a;
	c->end[1] = b;
	inet_get(a);
	inet_get(b);
	stream_init(&c->flow[0].s, capacity(&a->so, &b->so));
	stream_init(&c->flow[1].s, capacity(&b->so, &a->so));
	return c;
}

void tcp_conn_put(struct tcp_conn *c)
{
	if (!ref_put(&c->ref))
		return;
	stream_destroy(&c->flow[0].s);
	stream_destroy(&c->flow[1].s);
	inet_put(c->end[0]);
	inet_put(c->end[1]);
	kfree(c);
}

void tcp_changed(struct socket *s, int name)
{
	struct tcp_sock *k = tcp_sk(s);
	struct tcp_conn *c = load_acquire(&k->conn);

	if (!c || (name != SO_SNDBUF && name != SO_RCVBUF))
		return;
	for (int i = 0; i < 2; i++)
		store_once(&c->flow[i].s.cap, capacity(&c->end[i]->so,
						     &c->end[!i]->so));
	for (int i = 0; i < 2; i++)
		wait_wake(&c->end[i]->queue, INET_OUT, INT32_MAX);
}

enum tcp_state tcp_state(const struct tcp_sock *k)
{
	struct tcp_conn *c = load_acquire(&k->conn);
	bool in, out;

	switch (load_once(&k->base)) {
	case TCP_FRESH:
		return TCP_ST_CLOSE;
	case TCP_CONNECTING:
		return TCP_ST_SYN_SENT;
	case TCP_LISTENING:
		return TCP_ST_LISTEN;
	case TCP_CONNECTED:
		break;
	}
	if (!c || load_acquire(&c->reset))
		return TCP_ST_CLOSE;
	in = load_acquire(&tcp_in(k, c)->fin);
	out = load_acquire(&tcp_out(k, c)->fin);
	if (in && out)
		return TCP_ST_CLOSE;
	return in ? TCP_ST_CLOSE_WAIT : out ? TCP_ST_FIN_WAIT2 :
		TCP_ST_ESTABLISHED;
}

/* @k is the end of @c that goes; @hard: with a reset whatever there is. */
static void end_close(struct tcp_sock *k, struct tcp_conn *c, bool hard)
{
	struct inet_sock *other = tcp_other(k, c);
	struct flow *in = tcp_in(k, c), *out = tcp_out(k, c);
	bool had_fin = load_acquire(&out->fin);

	/* Who writes on does it in vain, and looks at this after it. */
	store_release(&in->unread, true);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (load_acquire(&c->reset)) {
		/* Both know that it is over. */
	} else if (!hard && !stream_used(&in->s)) {
		store_release(&out->fin, true);
	} else {
		store_release(&other->error, had_fin ? -EPIPE : -ECONNRESET);
		store_release(&c->reset, true);
	}
	wait_wake(&other->queue, INET_ALL, INT32_MAX);
}

/* All that @k was ever connected to; it is no end of them any more. */
static void leave_conns(struct tcp_sock *k, bool hard)
{
	struct tcp_conn *c = k->conn, *next;

	for (; c; c = next) {
		next = c->older[k->side];
		end_close(k, c, hard);
		tcp_conn_put(c);
	}
}

void tcp_close(struct tcp_sock *k, bool hard)
{
	outward_release(&k->in);
	tcp_detach(k);
	mutex_lock(&inet_lock);
	port_leave(&k->in);
	mutex_unlock(&inet_lock);
	wait_wake(&k->in.queue, INET_ALL, INT32_MAX);
	leave_conns(k, hard);
	inet_put(&k->in);
}

static void tcp_release(struct socket *s)
{
	tcp_close(tcp_sk(s), s->linger_on && !s->linger_s);
}

void tcp_be_fresh(struct tcp_sock *k)
{
	k->base = TCP_FRESH;
	k->failed = false;
	k->told = false;
	k->in.shut = 0;
	k->in.remote.port = 0;
	if (!k->in.bound)
		port_leave(&k->in);
	k->in.local = k->in.named;
}

int tcp_disconnect(struct tcp_sock *k)
{
	struct tcp_conn *c;

	tcp_detach(k);
	c = load_acquire(&k->conn);
	if (c && load_once(&k->base) == TCP_CONNECTED)
		end_close(k, c, true);
	mutex_lock(&inet_lock);
	tcp_be_fresh(k);
	mutex_unlock(&inet_lock);
	inet_take_error(&k->in);
	wait_wake(&k->in.queue, INET_ALL, INT32_MAX);
	return 0;
}

static int shut_listener(struct tcp_sock *k, unsigned int how)
{
	if (!(how & SHUT_RCV))
		return 0;
	tcp_detach(k);
	mutex_lock(&inet_lock);
	tcp_be_fresh(k);
	mutex_unlock(&inet_lock);
	wait_wake(&k->in.queue, INET_ALL, INT32_MAX);
	return 0;
}

static int tcp_shutdown(struct socket *s, unsigned int how)
{
	struct tcp_sock *k = tcp_sk(s);
	struct tcp_conn *c = load_acquire(&k->conn);
	int err = 0;

	switch (load_acquire(&k->base)) {
	case TCP_LISTENING:
		return shut_listener(k, how);
	case TCP_CONNECTING:
		return tcp_disconnect(k);
	case TCP_FRESH:
		err = -ENOTCONN;
		break;
	case TCP_CONNECTED:
		if (tcp_state(k) == TCP_ST_CLOSE)
			err = -ENOTCONN;
		break;
	}
	__atomic_fetch_or(&k->in.shut, how, __ATOMIC_ACQ_REL);
	if (!err && (how & SHUT_SND)) {
		store_release(&tcp_out(k, c)->fin, true);
		wait_wake(&tcp_other(k, c)->queue, INET_ALL, INT32_MAX);
	}
	wait_wake(&k->in.queue, INET_ALL, INT32_MAX);
	return err;
}

static int tcp_getname(struct socket *s, enum sock_name which, void *name)
{
	enum tcp_state now = tcp_state(tcp_sk(s));

	if (which == NAME_PEER &&
	    (now == TCP_ST_CLOSE || now == TCP_ST_SYN_SENT))
		return -ENOTCONN;
	return inet_getname(s, which, name);
}

static bool tcp_listens(struct socket *s)
{
	return load_acquire(&tcp_sk(s)->base) == TCP_LISTENING;
}

const struct socket_ops tcp_ops = {
	.bind = inet_bind,
	.connect = tcp_connect,
	.listen = tcp_listen,
	.accept = tcp_accept,
	.shutdown = tcp_shutdown,
	.getname = tcp_getname,
	.sendmsg = tcp_sendmsg,
	.recvmsg = tcp_recvmsg,
	.poll = tcp_poll,
	.take_error = inet_sock_error,
	.peercred = inet_peercred,
	.listens = tcp_listens,
	.unread = tcp_unread,
	.unsent = tcp_unsent,
	.release = tcp_release,
	.setsockopt = tcp_setsockopt,
	.getsockopt = tcp_getsockopt,
	.changed = tcp_changed,
};
