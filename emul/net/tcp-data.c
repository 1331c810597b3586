/* SPDX-License-Identifier: Apache-2.0 */
/* tcp-data.c: sockets of TCP: sending, receiving, readiness; tcp(7). */
#include <linux/errno.h>
#include <linux/eventpoll.h>

#include "emul/net/tcp.h"
#include "emul/task/task.h"

#define RCV_WAKE	(INET_IN | EPOLLHUP | EPOLLRDHUP | EPOLLERR)

static bool nonblocking(const struct sockmsg *m)
{
	return m->u.nonblock || (m->flags & MSG_DONTWAIT);
}

/* Will nobody read what @k writes to @f? */
static bool cut(const struct tcp_conn *c, const struct flow *f)
{
	return load_acquire(&c->reset) || load_acquire(&f->unread);
}

static bool may_not_send(const struct tcp_sock *k, const struct tcp_conn *c,
			 const struct flow *f)
{
	return load_acquire(&c->reset) || load_acquire(&f->fin) ||
	       load_once(&k->in.shut) & SHUT_SND;
}

/* Sleep until there is room, or there will be none. */
static int wait_room(struct tcp_sock *k, struct tcp_conn *c, struct task *t,
		     int64_t deadline)
{
	struct flow *f = tcp_out(k, c);
	int err = 0;

	t->waiter.key = INET_OUT | EPOLLHUP;
	t->waiter.exclusive = false;
	wait_add(&k->in.queue, &t->waiter, t);
	for (;;) {
		uint32_t seq = wait_prepare(t);

		if (flow_want_room(f) || cut(c, f) || may_not_send(k, c, f))
			break;
		err = wait_sleep(t, seq, deadline);
		if (err)
			break;
	}
	wait_del(&t->waiter);
	return err ? socket_wait_error(err, k->in.so.snd_timeout_ns) : 0;
}

/*
 * Nobody reads any more: what is sent is lost, and is answered with a reset,
 * as one that has sent its FIN before does.
 */
static void hit_closed(struct tcp_sock *k, struct tcp_conn *c)
{
	if (load_acquire(&c->reset))
		return;
	store_release(&k->in.error, -EPIPE);
	store_release(&c->reset, true);
	wait_wake(&k->in.queue, INET_ALL, INT32_MAX);
}

/* Some bytes into the flow.  Bytes, -EAGAIN: no room, or -errno. */
static ssize_t send_some(struct tcp_sock *k, struct tcp_conn *c,
			 struct task *t, struct uio *u)
{
	struct flow *f = tcp_out(k, c);
	ssize_t n = turn_take(&f->s.wr, t);

	if (n)
		return n;
	if (unlikely(load_once(&k->in.error) || may_not_send(k, c, f))) {
		turn_give(&f->s.wr);
		n = inet_take_error(&k->in);
		return n ? n : -EPIPE;
	}
	if (unlikely(load_acquire(&f->unread))) {
		/* No more than would be on its way when the answer comes. */
		n = (ssize_t)MIN(u->left, (size_t)load_once(&f->s.cap));
		uio_advance(u, (size_t)n);
	} else {
		n = flow_put(f, t, u);
	}
	turn_give(&f->s.wr);	/* the fence in it orders what follows */
	if (n <= 0)
		return n ? n : -EAGAIN;
	if (unlikely(load_acquire(&f->unread)))
		hit_closed(k, c);
	else
		wait_wake(&tcp_other(k, c)->queue, INET_IN, 1);
	return n;
}

/* The connection to write to; err_ptr(). */
static struct tcp_conn *connection(struct tcp_sock *k, struct sockmsg *m)
{
	int err;

	if (likely(load_acquire(&k->base) == TCP_CONNECTED))
		return load_acquire(&k->conn);
	if (load_acquire(&k->base) == TCP_CONNECTING) {
		int64_t deadline = socket_deadline(k->in.so.snd_timeout_ns);

		if (nonblocking(m))
			return err_ptr(-EAGAIN);
		err = tcp_wait_connecting(k, current(), deadline);
		if (err)
			return err_ptr(socket_wait_error(err,
					k->in.so.snd_timeout_ns));
		if (load_acquire(&k->base) == TCP_CONNECTED)
			return load_acquire(&k->conn);
	}
	err = inet_take_error(&k->in);
	return err_ptr(err ? err : -EPIPE);
}

/*
 * tcp(7), MSG_FASTOPEN: a connect, and what is sent then.  No peer has given a
 * cookie, so the SYN carries no data.
 */
static ssize_t connect_and_send(struct socket *s, struct task *t,
				struct sockmsg *m)
{
	int err;

	if (addr_unspec(m->name, m->name_len))
		return -EOPNOTSUPP;
	err = s->ops->connect(s, m->name, m->name_len, nonblocking(m));
	if (err)
		return err;
	m->flags &= ~MSG_FASTOPEN;
	return s->ops->sendmsg(s, t, m);
}

ssize_t tcp_sendmsg(struct socket *s, struct task *t, struct sockmsg *m)
{
	int64_t deadline = s->snd_timeout_ns;
	struct tcp_sock *k = tcp_sk(s);
	struct tcp_conn *c;
	size_t want = m->u.left;
	ssize_t n = 0;

	if (unlikely(m->flags & (MSG_OOB | MSG_FASTOPEN)))
		return m->flags & MSG_OOB ? -EOPNOTSUPP :
			connect_and_send(s, t, m);
	c = connection(k, m);
	if (is_err(c)) {
		n = ptr_err(c);
	} else if (!want) {
		n = inet_take_error(&k->in);
		if (!n && may_not_send(k, c, tcp_out(k, c)))
			n = -EPIPE;
	}
	if (deadline != NEVER_NS)
		deadline = socket_deadline(deadline);
	while (!n && m->u.left) {
		n = send_some(k, c, t, &m->u);
		if (n == -EAGAIN && !flow_want_room(tcp_out(k, c)) &&
		    !nonblocking(m))
			n = wait_room(k, c, t, deadline);
		else if (n == -EAGAIN && !nonblocking(m))
			n = 0;
		else if (n > 0)
			n = 0;
	}
	if (want != m->u.left)
		return (ssize_t)(want - m->u.left);
	if (n == -EPIPE && !(m->flags & MSG_NOSIGNAL))
		return signal_epipe(t);
	return n;
}

/* Nothing to read: the end (0), an error, or -EAGAIN: there may come more. */
static int ended(struct tcp_sock *k, const struct tcp_conn *c,
		 const struct flow *f)
{
	/* Before the error: who resets sets the error first. */
	bool reset = load_acquire(&c->reset);
	bool fin = load_acquire(&f->fin);

	/* After its FIN a reset is no news. */
	if (fin && stream_used(&f->s))
		return -EAGAIN;
	if (!fin && load_once(&k->in.error))
		return inet_take_error(&k->in);
	if (fin || reset || load_once(&k->in.shut) & SHUT_RCV)
		return 0;
	return -EAGAIN;
}

/* Sleep until @n bytes are there, or no more will come. */
static int wait_data(struct tcp_sock *k, struct tcp_conn *c, struct task *t,
		     size_t n, int64_t deadline)
{
	struct flow *f = tcp_in(k, c);
	int err = 0;

	n = MIN(n, load_once(&f->s.cap) / 2);
	t->waiter.key = RCV_WAKE;
	t->waiter.exclusive = true;
	__atomic_fetch_add(&f->sleepers, 1, __ATOMIC_SEQ_CST);
	wait_add(&k->in.queue, &t->waiter, t);
	for (;;) {
		uint32_t seq = wait_prepare(t);

		if (stream_used(&f->s) >= n || load_acquire(&f->fin) ||
		    load_acquire(&c->reset) || load_once(&k->in.error) ||
		    load_once(&k->in.shut) & SHUT_RCV)
			break;
		err = wait_sleep(t, seq, deadline);
		if (err)
			break;
	}
	wait_del(&t->waiter);
	__atomic_fetch_sub(&f->sleepers, 1, __ATOMIC_SEQ_CST);
	return err ? socket_wait_error(err, k->in.so.rcv_timeout_ns) : 0;
}

/* Up to what @m has room for.  The reader's turn is held. */
static ssize_t take_some(struct tcp_sock *k, struct tcp_conn *c,
			 struct sockmsg *m, uint64_t *peeked)
{
	struct flow *f = tcp_in(k, c);
	uint64_t n = stream_used(&f->s);
	ssize_t r;

	if (n <= *peeked)
		return 0;
	n = MIN(n - *peeked, m->u.left);
	if (m->flags & MSG_TRUNC) {
		uio_advance(&m->u, n);
		r = (ssize_t)n;
	} else {
		r = stream_copy(&f->s, &m->u, *peeked, n);
	}
	if (r <= 0)
		return r;
	if (m->flags & MSG_PEEK)
		*peeked += (uint64_t)r;
	else
		stream_drop(&f->s, (uint64_t)r);
	return r;
}

/* The state that a socket without a connection answers recv(2) with. */
static ssize_t no_connection(struct tcp_sock *k, struct sockmsg *m)
{
	struct tcp_conn *c;
	int err;

	switch (load_acquire(&k->base)) {
	case TCP_CONNECTING:
		c = connection(k, m);
		err = is_err(c) ? (int)ptr_err(c) : 0;
		return err;
	case TCP_FRESH:
		err = inet_take_error(&k->in);
		if (err)
			return err;
		return load_once(&k->in.shut) & SHUT_RCV ? 0 : -ENOTCONN;
	default:
		return -ENOTCONN;
	}
}

ssize_t tcp_recvmsg(struct socket *s, struct task *t, struct sockmsg *m)
{
	int64_t deadline = s->rcv_timeout_ns;
	struct tcp_sock *k = tcp_sk(s);
	size_t want = m->u.left, target, done = 0;
	struct tcp_conn *c;
	uint64_t peeked = 0;
	struct flow *f;
	ssize_t n = 0;

	m->name_len = 0;
	if (unlikely(m->flags & (MSG_OOB | MSG_ERRQUEUE)))
		return m->flags & MSG_OOB ? -EINVAL : -EAGAIN;
	while (unlikely(load_acquire(&k->base) != TCP_CONNECTED)) {
		bool was = load_acquire(&k->base) == TCP_CONNECTING;

		n = no_connection(k, m);
		if (n || !was)
			return n;
	}
	c = load_acquire(&k->conn);
	f = tcp_in(k, c);
	if (deadline != NEVER_NS)
		deadline = socket_deadline(deadline);
	/* Who asks for nothing waits for something all the same. */
	target = m->flags & MSG_WAITALL ? want : MIN(s->rcvlowat, want);
	target = MAX(target, (size_t)1);
	for (;;) {
		n = turn_take(&f->s.rd, t);
		if (n)
			break;
		n = take_some(k, c, m, &peeked);
		turn_give(&f->s.rd);	/* the fence in it orders these */
		if (n > 0) {
			done += (size_t)n;
			if (flow_feeds(f))
				wait_wake(&tcp_other(k, c)->queue, INET_OUT,
					  INT32_MAX);
			if (done >= target && (!m->u.left || !stream_used(&f->s) ||
					       m->flags & MSG_PEEK))
				break;
			continue;
		}
		if (n < 0 || done >= target ||
		    (!want && stream_used(&f->s)))
			break;
		n = ended(k, c, f);
		if (n == -EAGAIN && stream_used(&f->s) > peeked)
			continue;
		if (n != -EAGAIN || nonblocking(m))
			break;
		n = wait_data(k, c, t, peeked + 1, deadline);
		if (n)
			break;
	}
	/* What this one did not take may be for the next who sleeps. */
	if (unlikely(load_once(&f->sleepers)) && stream_used(&f->s))
		wait_wake(&k->in.queue, INET_IN, 1);
	return done ? (ssize_t)done : n;
}

static uint32_t poll_connected(struct tcp_sock *k)
{
	struct tcp_conn *c = load_acquire(&k->conn);
	struct flow *in = tcp_in(k, c), *out = tcp_out(k, c);
	unsigned int shut = load_once(&k->in.shut);
	uint32_t mask = 0;
	bool reset = load_acquire(&c->reset);
	bool no_more = reset || load_acquire(&in->fin) || shut & SHUT_RCV;
	bool no_send = reset || shut & SHUT_SND;

	if (no_more && no_send)
		mask |= EPOLLHUP;
	if (no_more)
		mask |= INET_IN | EPOLLRDHUP;
	else if (stream_used(&in->s) >= MIN(k->in.so.rcvlowat,
				      load_once(&in->s.cap) / 2))
		mask |= INET_IN;
	if (no_send || cut(c, out) || flow_want_room(out))
		mask |= EPOLLOUT | EPOLLWRNORM;
	return mask;
}

uint32_t tcp_poll(struct socket *s, struct waiter *w)
{
	struct tcp_sock *k = tcp_sk(s);
	uint32_t mask = 0;

	if (w)
		wait_add(&k->in.queue, w, w->task);
	switch (load_acquire(&k->base)) {
	case TCP_LISTENING:
		return load_acquire(&k->n_pending) ? INET_IN : 0;
	case TCP_CONNECTING:
		break;
	case TCP_CONNECTED:
		mask = poll_connected(k);
		break;
	case TCP_FRESH:
		mask = EPOLLHUP | EPOLLOUT | EPOLLWRNORM;
		if (load_once(&k->in.shut) & SHUT_RCV)
			mask |= INET_IN | EPOLLRDHUP;
		break;
	}
	if (load_once(&k->in.error))
		mask |= EPOLLERR;
	return mask;
}

long tcp_unread(struct socket *s)
{
	struct tcp_sock *k = tcp_sk(s);
	struct tcp_conn *c = load_acquire(&k->conn);

	if (load_acquire(&k->base) == TCP_LISTENING)
		return -EINVAL;
	return c ? (long)stream_used(&tcp_in(k, c)->s) : 0;
}

/* What was written has arrived, tcp(7): it is the peer's to read. */
long tcp_unsent(struct socket *s)
{
	return load_acquire(&tcp_sk(s)->base) == TCP_LISTENING ? -EINVAL : 0;
}
