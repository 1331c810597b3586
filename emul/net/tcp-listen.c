/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp-listen.c: the queues of a TCP socket that listens; listen(2), accept(2).
 *
 * All that goes into them, waits in them and leaves them again: who connects
 * is put in with its other end, who gives up is taken out, accept takes the
 * first.
 */
#include "emul/net/tcp.h"

#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/in.h>

#include "emul/net/outward.h"
#include "emul/task/task.h"

#define SNDBUF_GROWN	2626560	/* what it has grown to over the loopback */

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
		tcp_connect_failed(k, -ECONNREFUSED);
		list_add_tail(&n->link, dead);
	}
}

void tcp_drop_end(struct tcp_sock *n)
{
	struct tcp_conn *c = n->conn;

	mutex_lock(&inet_lock);
	port_leave(&n->in);
	mutex_unlock(&inet_lock);
	tcp_conn_put(c);
	tcp_conn_put(c);
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
			tcp_drop_end(n);
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

void tcp_detach(struct tcp_sock *k)
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
		outward_unlisten(&k->in);
	drop_dead(&dead);
	if (n) {
		n->via = NULL;
		tcp_drop_end(n);
		inet_put(&k->in);
	}
	if (via)
		inet_put(&via->in);
}

int tcp_listen(struct socket *s, int backlog)
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
		err = outward_listen(&k->in);
	if (err) {
		tcp_detach(k);
		return err;
	}
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
	to->device = from->device;
	n->in.v6only = l->in.v6only;
	n->in.opt = l->in.opt;
	n->opt = l->opt;
	n->in.uid = l->in.uid;
}

struct tcp_sock *tcp_make_end(struct tcp_sock *k, struct tcp_sock *l,
			      const struct inet_addr *to)
{
	struct inet_sock *in = tcp_new(l->in.so.family);
	struct tcp_sock *n = tcp_sk(&in->so);

	if (!in)
		return NULL;
	inherit(n, l);
	in->local = *to;
	in->remote = k->in.local;
	n->conn = tcp_conn_new(&k->in, in);
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

void tcp_enqueue(struct tcp_sock *l, struct tcp_sock *n, struct tcp_sock *k)
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

struct socket *tcp_accept(struct socket *s, bool nonblock)
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
