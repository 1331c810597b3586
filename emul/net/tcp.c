/* SPDX-License-Identifier: Apache-2.0 */
/* tcp.c: sockets of TCP: their life and their connections; tcp(7). */
#include "emul/net/tcp.h"

#include <asm/socket.h>
#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/in.h>

#include "emul/lib/alloc.h"
#include "emul/net/outward.h"
#include "emul/task/task.h"
#include "emul/time/time.h"

#define SNDBUF_FRESH	16384	/* net.ipv4.tcp_wmem, before a connection */
#define SNDBUF_GROWN	2626560	/* what it has grown to over the loopback */
#define RCVBUF_FRESH	131072	/* net.ipv4.tcp_rmem */
#define CAPACITY	524288u	/* bytes in flight where no option says it */
#define CAPACITY_MIN	4096u

static const struct socket_ops tcp_ops;

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

static struct tcp_conn *conn_new(struct inet_sock *a, struct inet_sock *b)
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

static void conn_put(struct tcp_conn *c)
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
		conn_put(c);
	}
}

static void tcp_close(struct tcp_sock *k, bool hard);

/* The connection of @k did not come about.  inet_lock is held. */
static void connect_failed(struct tcp_sock *k, int err)
{
	k->base = TCP_FRESH;
	k->failed = true;
	k->in.error = err;
	k->in.shut = SHUT_RCV | SHUT_SND;
	k->in.remote.port = 0;
	if (!k->in.bound)
		port_leave(&k->in);
}

/* @n, of the second queue, is taken from it.  inet_lock is held. */
static void unwait(struct tcp_sock *l, struct tcp_sock *n)
{
	list_del(&n->link);
	l->n_waiting--;
}

/*
 * @l listens no more.  Those who wait in its queues come to @dead, with a
 * reference to who wanted to connect in ->via.  inet_lock is held.
 */
static void stop_listening(struct tcp_sock *l, struct list_head *dead)
{
	struct tcp_sock *n, *next, *k;

	l->base = TCP_FRESH;
	l->in.listening = false;
	list_splice_tail(&l->pending, dead);
	l->n_pending = 0;
	list_for_each_safe(n, next, &l->waiting, link) {
		k = n->via;
		unwait(l, n);
		k->to_be = NULL;
		k->via = NULL;
		inet_put(&l->in);	/* what k->via was; not the last */
		connect_failed(k, -ECONNREFUSED);
		list_add_tail(&n->link, dead);
	}
}

/* @n never was an end of its connection, nor was the other one. */
static void drop_end(struct tcp_sock *n)
{
	struct tcp_conn *c = n->conn;

	mutex_lock(&inet_lock);
	port_leave(&n->in);
	mutex_unlock(&inet_lock);
	conn_put(c);
	conn_put(c);
	inet_put(&n->in);
}

/* What stop_listening() found.  No lock is held. */
static void drop_dead(struct list_head *dead)
{
	struct tcp_sock *n, *next, *k;

	list_for_each_safe(n, next, dead, link) {
		list_del(&n->link);
		k = n->via;
		n->via = NULL;
		/* One of the host's has ways of its own. */
		if (k) {
			wait_wake(&k->in.queue, INET_ALL, INT32_MAX);
			drop_end(n);
			inet_put(&k->in);
		} else if (n->in.so.ops == &tcp_ops) {
			tcp_close(n, true);
		} else {
			n->in.so.ops->release(&n->in.so);
		}
	}
}

/*
 * @k, which waits for room in a queue, gives up: the end that was meant for
 * it, or NULL.  inet_lock is held.
 */
static struct tcp_sock *cancel(struct tcp_sock *k)
{
	struct tcp_sock *n = k->to_be, *l = k->via;

	k->base = TCP_FRESH;
	if (!n)
		return NULL;
	unwait(l, n);
	k->to_be = NULL;
	return n;
}

/* Give up what @k is or is about to be, and all names. */
static void tcp_detach(struct tcp_sock *k)
{
	struct tcp_sock *n = NULL, *via = NULL;
	struct list_head dead;
	bool listened;

	list_init(&dead);
	mutex_lock(&inet_lock);
	listened = k->base == TCP_LISTENING;
	if (listened) {
		stop_listening(k, &dead);
	} else if (k->base == TCP_CONNECTING) {
		n = cancel(k);
		via = k->via;
		k->via = NULL;
	}
	mutex_unlock(&inet_lock);
	if (listened)
		outward_listens(&k->in, false);
	drop_dead(&dead);
	if (n) {
		n->via = NULL;
		drop_end(n);
		inet_put(&k->in);
	}
	if (via)
		inet_put(&via->in);
}

static void tcp_close(struct tcp_sock *k, bool hard)
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

static int tcp_listen(struct socket *s, int backlog)
{
	struct tcp_sock *k = tcp_sk(s);
	bool fresh;
	int err = 0;

	mutex_lock(&inet_lock);
	fresh = k->base == TCP_FRESH;
	if ((!fresh && k->base != TCP_LISTENING) || k->failed)
		err = -EINVAL;
	else if (!k->in.port)
		err = port_auto(&k->in) ? -EADDRINUSE : 0;
	if (!err && fresh)
		err = port_listen(&k->in);
	if (!err) {
		k->base = TCP_LISTENING;
		k->in.listening = true;
		k->in.shut = 0;
		k->backlog = MIN((uint32_t)backlog, SOMAXCONN);
	}
	mutex_unlock(&inet_lock);
	if (err)
		return err;
	if (fresh)
		outward_listens(&k->in, true);
	wait_wake(&k->in.queue, INET_OUT, INT32_MAX);
	outward_room();
	return 0;
}

/* What an accepted socket has of the one that listened. */
static void inherit(struct tcp_sock *n, const struct tcp_sock *l)
{
	struct socket *to = &n->in.so;
	const struct socket *from = &l->in.so;

	to->sndbuf_set = from->sndbuf_set;
	to->rcvbuf_set = from->rcvbuf_set;
	to->sndbuf = from->sndbuf_set ? from->sndbuf : SNDBUF_GROWN;
	to->rcvbuf = from->rcvbuf;
	to->snd_timeout_ns = from->snd_timeout_ns;
	to->rcv_timeout_ns = from->rcv_timeout_ns;
	to->rcvlowat = from->rcvlowat;
	to->flags = from->flags;
	to->priority = from->priority;
	to->linger_on = from->linger_on;
	to->linger_s = from->linger_s;
	n->in.v6only = l->in.v6only;
	n->in.opt = l->in.opt;
	n->opt = l->opt;
	n->in.uid = l->in.uid;
}

/* The other end of a connection of @k's to @l at @to; NULL: no memory. */
static struct tcp_sock *make_end(struct tcp_sock *k, struct tcp_sock *l,
				 const struct inet_addr *to)
{
	struct inet_sock *in = tcp_new(l->in.so.family);
	struct tcp_sock *n = tcp_sk(&in->so);

	if (!in)
		return NULL;
	inherit(n, l);
	in->local = *to;
	in->remote = k->in.local;
	n->conn = conn_new(&k->in, in);
	if (!n->conn) {
		inet_put(in);
		return NULL;
	}
	n->side = 1;
	return n;
}

/* @k and @n are connected from now on.  inet_lock is held. */
static void establish(struct tcp_sock *k, struct tcp_sock *n)
{
	n->conn->older[0] = k->conn;
	store_release(&k->conn, n->conn);
	if (!k->in.so.sndbuf_set)
		k->in.so.sndbuf = SNDBUF_GROWN;
	n->base = TCP_CONNECTED;
	n->told = true;
	store_release(&k->base, TCP_CONNECTED);
}

/*
 * @n comes to a queue of @l: the first if there is room, and then the
 * connection is there.  inet_lock is held.
 */
static void enqueue(struct tcp_sock *l, struct tcp_sock *n, struct tcp_sock *k)
{
	port_share(&n->in, &l->in);
	if (l->n_pending <= l->backlog) {
		list_add_tail(&n->link, &l->pending);
		l->n_pending++;
		establish(k, n);
		return;
	}
	list_add_tail(&n->link, &l->waiting);
	l->n_waiting++;
	n->via = k;
	k->to_be = n;
	k->via = l;
	inet_get(&k->in);
	inet_get(&l->in);
}

/* The addresses of @k's connection; who listens, with a reference in *@l. */
static int begin(struct tcp_sock *k, const struct inet_addr *to,
		 struct tcp_sock **l)
{
	struct inet_sock *in;
	int err = port_auto(&k->in);

	if (err)
		return -EADDRNOTAVAIL;
	if (addr_class(&k->in.local) == INET_ANY)
		addr_loopback(&k->in.local, addr_is_v4(to));
	else if (addr_is_v4(&k->in.local) != addr_is_v4(to))
		return -ENETUNREACH;
	if (port_connected(&k->in, to))
		return -EADDRNOTAVAIL;
	k->in.remote = *to;
	in = port_find(IPPROTO_TCP, to, &k->in.local);
	if (!in)
		return -ECONNREFUSED;
	inet_get(in);
	*l = tcp_sk(&in->so);
	return 0;
}

/* It is fresh again, as disconnect leaves it.  inet_lock is held. */
static void be_fresh(struct tcp_sock *k)
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

static int start(struct tcp_sock *k, const struct inet_addr *to)
{
	struct tcp_sock *l = NULL, *n = NULL;
	int err;

	mutex_lock(&inet_lock);
	err = begin(k, to, &l);
	mutex_unlock(&inet_lock);
	if (!err) {
		n = make_end(k, l, to);
		err = n ? 0 : -ENOMEM;
	}
	mutex_lock(&inet_lock);
	if (!err && l->base != TCP_LISTENING)
		err = -ECONNREFUSED;
	if (!err)
		enqueue(l, n, k);
	mutex_unlock(&inet_lock);
	if (!err) {
		wait_wake(&l->in.queue, INET_IN, 1);
		wait_wake(&k->in.queue, INET_OUT, INT32_MAX);
	} else if (n) {
		drop_end(n);
	}
	if (l)
		inet_put(&l->in);
	return err;
}

int tcp_wait_connecting(struct tcp_sock *k, struct task *t, int64_t deadline)
{
	int err = 0;

	t->waiter.key = INET_OUT | EPOLLHUP;
	t->waiter.exclusive = false;
	wait_add(&k->in.queue, &t->waiter, t);
	for (;;) {
		uint32_t seq = wait_prepare(t);

		if (load_acquire(&k->base) != TCP_CONNECTING)
			break;
		err = wait_sleep(t, seq, deadline);
		if (err)
			break;
	}
	wait_del(&t->waiter);
	return err;
}

/* Sleep until @k is connected, or is not going to be. */
static int wait_connect(struct tcp_sock *k)
{
	int64_t timeout = k->in.so.snd_timeout_ns;
	int64_t deadline = time_now() + MIN(timeout, TIMEOUT_CONNECT_NS);
	int err = tcp_wait_connecting(k, current(), deadline);

	if (err == -ETIMEDOUT)
		return timeout < TIMEOUT_CONNECT_NS ? -EINPROGRESS : err;
	return err ? socket_wait_error(err, timeout) : 0;
}

/* What connect(2) says of an attempt that has ended. */
static int outcome(struct tcp_sock *k)
{
	int err = 0;

	mutex_lock(&inet_lock);
	if (k->base == TCP_CONNECTED) {
		k->told = true;
	} else {
		err = inet_take_error(&k->in);
		be_fresh(k);
		if (!err)
			err = -ECONNABORTED;
	}
	mutex_unlock(&inet_lock);
	return err;
}

/* May a connection begin?  1: yes, and it has the state; 0: look again. */
static int may_start(struct tcp_sock *k)
{
	int err = 1;

	mutex_lock(&inet_lock);
	switch (k->base) {
	case TCP_FRESH:
		if (k->failed)
			err = 0;
		else
			k->base = TCP_CONNECTING;
		break;
	case TCP_CONNECTING:
		err = -EALREADY;
		break;
	case TCP_LISTENING:
		err = -EISCONN;
		break;
	case TCP_CONNECTED:
		err = k->told ? -EISCONN : 0;
		break;
	}
	mutex_unlock(&inet_lock);
	return err;
}

static int tcp_disconnect(struct tcp_sock *k)
{
	struct tcp_conn *c;

	tcp_detach(k);
	c = load_acquire(&k->conn);
	if (c && load_once(&k->base) == TCP_CONNECTED)
		end_close(k, c, true);
	mutex_lock(&inet_lock);
	be_fresh(k);
	mutex_unlock(&inet_lock);
	inet_take_error(&k->in);
	wait_wake(&k->in.queue, INET_ALL, INT32_MAX);
	return 0;
}

static int tcp_connect(struct socket *s, const void *name, uint32_t len,
		       bool nonblock)
{
	struct tcp_sock *k = tcp_sk(s);
	struct inet_addr to = { .port = 0 };
	int err;

	if (len < sizeof(uint16_t))
		return -EINVAL;
	if (addr_unspec(name, len))
		return tcp_disconnect(k);
	err = addr_parse_to(&k->in, name, len, &to);
	if (err)
		return err;
	if (load_acquire(&k->base) == TCP_FRESH && !k->failed) {
		err = outward_turn(&k->in, OUTWARD_CONNECT, &to);
		if (err)
			return err < 0 ? err : s->ops->connect(s, name, len,
							       nonblock);
	}
	addr_to(&to);
	err = may_start(k);
	if (!err)
		return outcome(k);
	if (err < 0 && (err != -EALREADY || nonblock))
		return err;
	if (err > 0) {
		err = start(k, &to);
		if (err) {
			mutex_lock(&inet_lock);
			connect_failed(k, err);
			mutex_unlock(&inet_lock);
			wait_wake(&k->in.queue, INET_ALL, INT32_MAX);
			/* Only what came over the wire comes later. */
			if (!nonblock || err != -ECONNREFUSED)
				return outcome(k);
		}
		if (nonblock)
			return -EINPROGRESS;
	}
	err = wait_connect(k);
	return err ? err : outcome(k);
}

int tcp_take_in(struct inet_sock *in)
{
	struct tcp_sock *n = tcp_sk(&in->so), *l = NULL;
	struct inet_sock *who;
	int err = 0;

	mutex_lock(&inet_lock);
	who = port_find(IPPROTO_TCP, &in->local, &in->remote);
	if (!who) {
		err = -ECONNREFUSED;
	} else {
		l = tcp_sk(&who->so);
		if (l->n_pending > l->backlog) {
			err = -EAGAIN;
		} else {
			inherit(n, l);
			port_share(in, who);
			list_add_tail(&n->link, &l->pending);
			l->n_pending++;
			n->base = TCP_CONNECTED;
			n->told = true;
			inet_get(who);
		}
	}
	mutex_unlock(&inet_lock);
	if (err)
		return err;
	wait_wake(&who->queue, INET_IN, 1);
	inet_put(who);
	return 0;
}

/* The first in the queue; then the next one may come from the second. */
static struct tcp_sock *take_pending(struct tcp_sock *l)
{
	struct tcp_sock *n, *next, *k = NULL;

	mutex_lock(&inet_lock);
	if (l->base != TCP_LISTENING) {
		n = err_ptr(-EINVAL);
	} else if (list_empty(&l->pending)) {
		n = NULL;
	} else {
		n = list_first(&l->pending, struct tcp_sock, link);
		list_del(&n->link);
		l->n_pending--;
		if (!list_empty(&l->waiting)) {
			next = list_first(&l->waiting, struct tcp_sock, link);
			unwait(l, next);
			k = next->via;
			next->via = NULL;
			k->to_be = NULL;
			k->via = NULL;
			establish(k, next);
			list_add_tail(&next->link, &l->pending);
			l->n_pending++;
		}
	}
	mutex_unlock(&inet_lock);
	if (k) {
		wait_wake(&k->in.queue, INET_ALL, INT32_MAX);
		wait_wake(&l->in.queue, INET_IN, 1);
		inet_put(&k->in);
		inet_put(&l->in);	/* what k->via was; not the last */
	}
	return n;
}

static struct socket *tcp_accept(struct socket *s, bool nonblock)
{
	int64_t deadline = socket_deadline(s->rcv_timeout_ns);
	struct tcp_sock *l = tcp_sk(s), *n = take_pending(l);
	struct task *t = current();
	int err = 0;

	if (is_err(n))
		return (struct socket *)n;
	if (!n && nonblock)
		return err_ptr(-EAGAIN);
	if (!n) {
		t->waiter.key = INET_IN | EPOLLHUP;
		t->waiter.exclusive = true;
		wait_add(&l->in.queue, &t->waiter, t);
		for (;;) {
			uint32_t seq = wait_prepare(t);

			n = take_pending(l);
			if (n)
				break;
			err = wait_sleep(t, seq, deadline);
			if (err)
				break;
		}
		wait_del(&t->waiter);
		if (err) {
			if (load_acquire(&l->n_pending))
				wait_wake(&l->in.queue, INET_IN, 1);
			return err_ptr(socket_wait_error(err,
							 s->rcv_timeout_ns));
		}
	}
	outward_room();
	return is_err(n) ? (struct socket *)n : &n->in.so;
}

static int shut_listener(struct tcp_sock *k, unsigned int how)
{
	if (!(how & SHUT_RCV))
		return 0;
	tcp_detach(k);
	mutex_lock(&inet_lock);
	be_fresh(k);
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

static const struct socket_ops tcp_ops = {
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
