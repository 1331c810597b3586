/* SPDX-License-Identifier: Apache-2.0 */
/* udp-data.c: sockets of UDP: sending, receiving, readiness; udp(7). */
#include <asm/socket.h>
#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/in.h>
#include <linux/in6.h>

#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/lib/uapi.h"
#include "emul/net/outward.h"
#include "emul/net/udp.h"
#include "emul/task/task.h"
#include "emul/time/time.h"

#define OVERHEAD	768u	/* what Linux charges for a small one */

static bool nonblocking(const struct sockmsg *m)
{
	return m->u.nonblock || (m->flags & MSG_DONTWAIT);
}

static bool stamps(const struct socket *s)
{
	return sockopt_on(s, SO_TIMESTAMP_OLD) ||
	       sockopt_on(s, SO_TIMESTAMPNS_OLD);
}

/* The default of an option that is -1 is Linux's. */
static void set_header(struct dgram *d, const struct inet_opts *o)
{
	bool v4 = addr_is_v4(&d->to);
	int ttl = v4 ? o->ttl : o->hops;

	d->ttl = ttl < 0 ? 64 : (uint8_t)ttl;
	d->tos = v4 ? o->tos : o->tclass;
}

/* The next datagram of @m, or err_ptr(). */
static struct dgram *dgram_new(const struct inet_sock *k, struct sockmsg *m,
			       const struct inet_addr *to)
{
	size_t n = m->u.left;
	struct dgram *d;
	ssize_t r;

	if (n > (addr_is_v4(to) ? UDP_MAX : UDP6_MAX))
		return err_ptr(-EMSGSIZE);
	d = kmalloc(sizeof(*d) + n);
	if (!d)
		return err_ptr(-ENOBUFS);
	list_init(&d->link);
	d->len = (uint32_t)n;
	d->to = *to;
	d->stamp_ns = 0;
	d->sourced = m->inet.there;
	d->from = *to;
	if (d->sourced) {
		d->from.ip.q[0] = m->inet.ip[0];
		d->from.ip.q[1] = m->inet.ip[1];
	}
	set_header(d, &k->opt);
	if (m->inet.has_ttl)
		d->ttl = m->inet.ttl;
	if (m->inet.has_tos)
		d->tos = m->inet.tos;
	r = n ? uio_read(&m->u, d->data, n) : 0;
	if (r == (ssize_t)n)
		return d;
	kfree(d);
	return err_ptr(-EFAULT);
}

/*
 * Into the queue of @to: false if there is no room, then it is lost.  Linux
 * takes one more whatever its size.
 */
static bool deliver(struct udp_sock *to, struct dgram *d)
{
	bool room;

	if (unlikely(stamps(&to->in.so)))
		d->stamp_ns = clock_read(current(), CLOCK_REALTIME);
	mutex_lock(&to->lock);
	room = to->queued <= to->in.so.rcvbuf &&
	       !(load_once(&to->in.shut) & SHUT_RCV);
	if (room) {
		list_add_tail(&d->link, &to->dgrams);
		to->queued += d->len + OVERHEAD;
		store_release(&to->n_dgrams, to->n_dgrams + 1);
	} else {
		to->drops++;
	}
	mutex_unlock(&to->lock);
	if (room)
		wait_wake(&to->in.queue, INET_IN, 1);
	return room;
}

/* Where @m goes to: 0, 1: @k is the host's now, or -errno. */
static int destination(struct inet_sock *k, const struct sockmsg *m,
		       struct inet_addr *to)
{
	int err;

	if (!m->name_len || (k->so.family == AF_INET6 &&
			     addr_unspec(m->name, m->name_len))) {
		mutex_lock(&inet_lock);
		*to = k->remote;
		mutex_unlock(&inet_lock);
		return to->port ? 0 : -EDESTADDRREQ;
	}
	err = addr_parse_to(k, m->name, m->name_len, to);
	if (err)
		return err;
	if (!to->port)
		return -EINVAL;
	if (addr_class(to) == INET_BROADCAST &&
	    !sockopt_on(&k->so, SO_BROADCAST))
		return -EACCES;
	return outward_turn(k, OUTWARD_SEND, to);
}

/* The address that @d comes from.  inet_lock is held. */
static void set_source(const struct inet_sock *k, struct dgram *d)
{
	struct inet_addr asked = d->from;

	d->from = k->local;
	if (d->sourced)
		d->from.ip = asked.ip;
	if (addr_class(&d->from) != INET_LOOPBACK)
		addr_loopback(&d->from, addr_is_v4(&d->to));
}

int udp_dispatch(struct udp_sock *u, struct dgram *d)
{
	struct inet_sock *k = &u->in, *who = NULL;
	int err;

	mutex_lock(&inet_lock);
	err = port_auto(k);
	if (!err) {
		set_source(k, d);
		who = port_find(k->so.protocol, &d->to, &d->from);
		if (who)
			inet_get(who);
	}
	mutex_unlock(&inet_lock);
	if (!err && !who)
		udp_refused(u, d);
	else if (!who || !deliver(udp_sk(&who->so), d))
		kfree(d);
	inet_put(who);
	return err;
}

/* A piece of what waits for more: it goes where the first one goes. */
static ssize_t append(struct udp_sock *u, struct sockmsg *m, bool more)
{
	struct inet_addr to;
	struct dgram *d;
	size_t n = m->u.left;
	int err;

	addr_any(&to, u->in.so.family);
	d = dgram_new(&u->in, m, &to);
	if (is_err(d))
		return ptr_err(d);
	err = udp_hold(u, d, more);
	return err ? err : (ssize_t)n;
}

ssize_t udp_sendmsg(struct socket *s, struct task *t, struct sockmsg *m)
{
	struct udp_sock *u = udp_sk(s);
	bool more = m->flags & MSG_MORE || load_once(&u->cork);
	struct inet_sock *k = inet_sk(s);
	struct inet_addr to = { .port = 0 };
	size_t n = m->u.left;
	struct dgram *d;
	int err;

	(void)t;
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (n > UINT16_MAX)
		return -EMSGSIZE;
	if (unlikely(udp_holds(u)))
		return append(u, m, more);
	err = destination(k, m, &to);
	if (err > 0 && more)
		return -EOPNOTSUPP;
	if (err)
		return err < 0 ? err : outward_sendto(k, m, &to);
	addr_to(&to);
	err = inet_take_error(k);
	if (err)
		return err;
	if (load_once(&k->shut) & SHUT_SND)
		return -EPIPE;
	d = dgram_new(k, m, &to);
	if (is_err(d))
		return ptr_err(d);
	err = unlikely(more) ? udp_hold(u, d, true) : udp_dispatch(u, d);
	return err ? err : (ssize_t)n;
}

bool udp_take_in(struct inet_sock *k, const struct inet_addr *from,
		 const void *data, size_t n)
{
	struct dgram *d = kmalloc(sizeof(*d) + n);

	if (!d)
		return false;
	list_init(&d->link);
	d->len = (uint32_t)n;
	d->from = *from;
	d->to = k->local;
	d->ttl = 64;
	d->tos = 0;
	d->stamp_ns = 0;
	memcpy(d->data, data, n);
	if (deliver(udp_sk(&k->so), d))
		return true;
	kfree(d);
	return false;
}

static struct dgram *first(struct udp_sock *k, bool take)
{
	struct dgram *d = NULL;

	if (!load_acquire(&k->n_dgrams))
		return NULL;
	mutex_lock(&k->lock);
	if (!list_empty(&k->dgrams)) {
		d = list_first(&k->dgrams, struct dgram, link);
		if (take) {
			list_del(&d->link);
			k->queued -= d->len + OVERHEAD;
			store_release(&k->n_dgrams, k->n_dgrams - 1);
		}
	}
	mutex_unlock(&k->lock);
	return d;
}

/* What is there, and was not taken, may be for the next who sleeps. */
static void wake_next(struct udp_sock *k)
{
	if (load_once(&k->sleepers) && load_once(&k->n_dgrams))
		wait_wake(&k->in.queue, INET_IN, 1);
}

/* Back to the front: it was only looked at. */
static void put_back(struct udp_sock *k, struct dgram *d)
{
	mutex_lock(&k->lock);
	list_add(&d->link, &k->dgrams);
	k->queued += d->len + OVERHEAD;
	store_release(&k->n_dgrams, k->n_dgrams + 1);
	mutex_unlock(&k->lock);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	wake_next(k);
}

static int wait_dgram(struct udp_sock *k, struct task *t, int64_t deadline)
{
	int err = 0;

	t->waiter.key = INET_IN | EPOLLHUP | EPOLLRDHUP | EPOLLERR;
	t->waiter.exclusive = true;
	__atomic_fetch_add(&k->sleepers, 1, __ATOMIC_SEQ_CST);
	wait_add(&k->in.queue, &t->waiter, t);
	for (;;) {
		uint32_t seq = wait_prepare(t);

		if (load_acquire(&k->n_dgrams) || load_once(&k->in.error) ||
		    load_once(&k->in.shut) & SHUT_RCV)
			break;
		err = wait_sleep(t, seq, deadline);
		if (err)
			break;
	}
	wait_del(&t->waiter);
	__atomic_fetch_sub(&k->sleepers, 1, __ATOMIC_SEQ_CST);
	if (!err)
		return 0;
	wake_next(k);
	return socket_wait_error(err, k->in.so.rcv_timeout_ns);
}

/* The first datagram, taken out; NULL: the end.  err_ptr(). */
static struct dgram *take_first(struct udp_sock *k, struct task *t,
				const struct sockmsg *m)
{
	int64_t deadline = k->in.so.rcv_timeout_ns;
	struct dgram *d;
	int err;

	if (deadline != NEVER_NS)
		deadline = socket_deadline(deadline);
	for (;;) {
		err = inet_take_error(&k->in);
		if (err)
			return err_ptr(err);
		d = first(k, true);
		if (d)
			return d;
		if (nonblocking(m))
			return err_ptr(-EAGAIN);
		if (load_once(&k->in.shut) & SHUT_RCV)
			return NULL;
		err = wait_dgram(k, t, deadline);
		if (err)
			return err_ptr(err);
	}
}

ssize_t udp_recvmsg(struct socket *s, struct task *t, struct sockmsg *m)
{
	struct udp_sock *k = udp_sk(s);
	struct dgram *d;
	ssize_t r = 0;
	uint32_t n, len;

	m->name_len = 0;
	if (m->flags & MSG_ERRQUEUE)
		return udp_recv_error(k, m);
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	d = take_first(k, t, m);
	if (!d || is_err(d))
		return ptr_err(d);
	len = d->len;
	n = (uint32_t)MIN(m->u.left, (size_t)len);
	if (n)
		r = uio_write(&m->u, d->data, n);
	if (n < len)
		m->out_flags |= MSG_TRUNC;
	m->name_len = addr_put(s->family, &d->from, m->name);
	m->stamp_ns = d->stamp_ns;
	m->inet.there = true;
	m->inet.ttl = d->ttl;
	m->inet.tos = d->tos;
	m->inet.port = d->to.port;
	m->inet.ip[0] = d->to.ip.q[0];
	m->inet.ip[1] = d->to.ip.q[1];
	if (m->flags & MSG_PEEK)
		put_back(k, d);
	else
		kfree(d);
	if (r < 0)
		return r;
	return m->flags & MSG_TRUNC ? (ssize_t)len : (ssize_t)n;
}

uint32_t udp_poll(struct socket *s, struct waiter *w)
{
	struct udp_sock *k = udp_sk(s);
	unsigned int shut = load_once(&k->in.shut);
	uint32_t mask = INET_OUT;

	if (w)
		wait_add(&k->in.queue, w, w->task);
	if (load_once(&k->in.error) || load_once(&k->n_errors))
		mask |= EPOLLERR |
			(sockopt_on(s, SO_SELECT_ERR_QUEUE) ? EPOLLPRI : 0);
	if (shut & SHUT_RCV)
		mask |= EPOLLRDHUP | INET_IN;
	if (shut == (SHUT_RCV | SHUT_SND))
		mask |= EPOLLHUP;
	if (load_acquire(&k->n_dgrams))
		mask |= INET_IN;
	return mask;
}

long udp_unread(struct socket *s)
{
	struct udp_sock *k = udp_sk(s);
	const struct dgram *d;
	long n = 0;

	mutex_lock(&k->lock);
	if (!list_empty(&k->dgrams)) {
		d = list_first(&k->dgrams, struct dgram, link);
		n = (long)d->len;
	}
	mutex_unlock(&k->lock);
	return n;
}
