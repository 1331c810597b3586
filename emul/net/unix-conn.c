/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unix-conn.c: how AF_UNIX sockets come to a peer; listen(2), connect(2),
 * accept(2).
 *
 * A connection is whole when it is in the queue of who listens: its other end
 * is made there, and accept takes it out.  Datagrams have no such end: who
 * connects is client of one peer, which tells its clients of room.
 */
#include "emul/net/unix.h"

#include <linux/errno.h>
#include <linux/eventpoll.h>

#include "emul/task/task.h"

int unix_listen(struct socket *s, int backlog)
{
	struct unix_sock *u = unix_sk(s);
	int err = 0;

	mutex_lock(&u->lock);
	if (!u->addr || (u->state != UNIX_FRESH && u->state != UNIX_LISTENS)) {
		err = -EINVAL;
	} else {
		u->state = UNIX_LISTENS;
		u->backlog = MIN((uint32_t)backlog, SOMAXCONN);
		/* Who connects sees who listened. */
		ucred_of(&u->peer_cred, current());
	}
	mutex_unlock(&u->lock);
	if (!err)
		wait_wake(&u->queue, UNIX_OUT, INT32_MAX);
	return err;
}

int unix_no_listen(struct socket *s, int backlog)
{
	(void)s;
	(void)backlog;
	return -EOPNOTSUPP;
}

struct socket *unix_no_accept(struct socket *s, bool nonblock)
{
	(void)s;
	(void)nonblock;
	return err_ptr(-EOPNOTSUPP);
}

/* Put @n into the queue of @l.  0, -EAGAIN (full) or -ECONNREFUSED. */
static int enqueue(struct unix_sock *l, struct unix_sock *n,
		   struct ucred *listener)
{
	int err = 0;

	mutex_lock(&l->lock);
	if (l->state != UNIX_LISTENS || (l->shut & SHUT_RCV)) {
		err = -ECONNREFUSED;
	} else if (l->n_pending > l->backlog) {
		err = -EAGAIN;
	} else {
		*listener = l->peer_cred;
		if (l->addr) {
			n->addr = l->addr;
			ref_get(&l->addr->ref);
		}
		list_add_tail(&n->pending_link, &l->pending);
		l->n_pending++;
		unix_get(n);
	}
	mutex_unlock(&l->lock);
	return err;
}

/* Wait until @l may have room again. */
static int wait_backlog(struct unix_sock *l, struct task *t, int64_t deadline)
{
	int err = 0;

	t->waiter.key = UNIX_OUT | EPOLLHUP;
	t->waiter.exclusive = false;
	wait_add(&l->queue, &t->waiter, t);
	for (;;) {
		uint32_t seq = wait_prepare(t);

		if (load_acquire(&l->state) != UNIX_LISTENS ||
		    load_acquire(&l->n_pending) <= load_acquire(&l->backlog))
			break;
		err = wait_sleep(t, seq, deadline);
		if (err)
			break;
	}
	wait_del(&t->waiter);
	return err;
}

static int do_connect(struct unix_sock *u, struct unix_sock *l, bool nonblock)
{
	int64_t deadline = socket_deadline(u->so.snd_timeout_ns);
	struct unix_sock *n = unix_new(u->so.type, 0);
	struct task *t = current();
	struct ucred listener;
	int err;

	if (!n)
		return -ENOMEM;
	n->state = UNIX_CONNECTED;
	n->peer = u;
	unix_get(u);
	ucred_of(&n->peer_cred, t);
	for (;;) {
		err = enqueue(l, n, &listener);
		if (err != -EAGAIN || nonblock)
			break;
		err = wait_backlog(l, t, deadline);
		if (err) {
			err = socket_wait_error(err, u->so.snd_timeout_ns);
			break;
		}
	}
	if (err) {
		n->peer = NULL;
		unix_put(u);
		unix_put(n);
		return err;
	}
	mutex_lock(&u->lock);
	u->state = UNIX_CONNECTED;
	u->peer = n;		/* our reference */
	u->peer_cred = listener;
	mutex_unlock(&u->lock);
	wait_wake(&l->queue, UNIX_IN, 1);
	wait_wake(&u->queue, UNIX_OUT, INT32_MAX);
	return 0;
}

int unix_connect(struct socket *s, const void *name, uint32_t len,
		 bool nonblock)
{
	struct unix_sock *u = unix_sk(s), *l;
	int err = 0;

	l = unix_find(current(), name, len, s->type);
	if (is_err(l))
		return (int)ptr_err(l);
	mutex_lock(&u->lock);
	if (u->state == UNIX_CONNECTED)
		err = -EISCONN;
	else if (u->state != UNIX_FRESH)
		err = -EINVAL;
	else if (u->connecting)
		err = -EALREADY;
	else
		u->connecting = true;
	mutex_unlock(&u->lock);
	if (!err) {
		err = do_connect(u, l, nonblock);
		store_release(&u->connecting, false);
	}
	unix_put(l);
	return err;
}

/* One connect(2) of datagrams at a time: a socket is client of one peer. */
static struct mutex clients_lock __arena;
LOCK_CLASS(clients_lock, LOCK_IPC);

/* A datagram socket forgets its peer.  clients_lock is held. */
static void dgram_leave(struct unix_sock *u)
{
	struct unix_sock *p;

	mutex_lock(&u->lock);
	p = u->peer;
	u->peer = NULL;
	u->state = UNIX_FRESH;
	mutex_unlock(&u->lock);
	if (!p)
		return;
	mutex_lock(&p->lock);
	if (!list_empty(&u->client_link))
		list_del(&u->client_link);
	mutex_unlock(&p->lock);
	unix_put(p);
}

int unix_dgram_connect(struct socket *s, const void *name, uint32_t len,
		       bool nonblock)
{
	struct unix_sock *u = unix_sk(s), *p;

	(void)nonblock;
	if (len >= sizeof(uint16_t) && !*(const uint16_t *)name) {
		mutex_lock(&clients_lock);
		dgram_leave(u);		/* AF_UNSPEC */
		mutex_unlock(&clients_lock);
		return 0;
	}
	p = unix_find(current(), name, len, SOCK_DGRAM);
	if (is_err(p))
		return (int)ptr_err(p);
	if (load_acquire(&p->peer) && load_acquire(&p->peer) != u) {
		unix_put(p);
		return -EPERM;
	}
	mutex_lock(&clients_lock);
	dgram_leave(u);
	mutex_lock(&p->lock);
	list_add_tail(&u->client_link, &p->clients);
	mutex_unlock(&p->lock);
	mutex_lock(&u->lock);
	u->peer = p;
	u->state = UNIX_CONNECTED;
	ucred_of(&u->peer_cred, current());
	mutex_unlock(&u->lock);
	mutex_unlock(&clients_lock);
	return 0;
}

static struct unix_sock *take_pending(struct unix_sock *u)
{
	struct unix_sock *n;

	mutex_lock(&u->lock);
	if (u->state != UNIX_LISTENS) {
		n = err_ptr(-EINVAL);
	} else if (list_empty(&u->pending)) {
		n = u->shut & SHUT_RCV ? err_ptr(-EINVAL) : NULL;
	} else {
		n = list_first(&u->pending, struct unix_sock, pending_link);
		list_del(&n->pending_link);
		u->n_pending--;
	}
	mutex_unlock(&u->lock);
	return n;
}

struct socket *unix_accept(struct socket *s, bool nonblock)
{
	int64_t deadline = socket_deadline(s->rcv_timeout_ns);
	struct unix_sock *u = unix_sk(s), *n;
	struct task *t = current();
	int err = 0;

	n = take_pending(u);
	if (!n && nonblock)
		return err_ptr(-EAGAIN);
	if (!n) {
		t->waiter.key = UNIX_IN | EPOLLHUP;
		t->waiter.exclusive = true;
		wait_add(&u->queue, &t->waiter, t);
		for (;;) {
			uint32_t seq = wait_prepare(t);

			n = take_pending(u);
			if (n)
				break;
			err = wait_sleep(t, seq, deadline);
			if (err)
				break;
		}
		wait_del(&t->waiter);
		if (err) {
			wait_wake(&u->queue, UNIX_IN, 1);
			return err_ptr(socket_wait_error(err,
							 s->rcv_timeout_ns));
		}
	}
	if (is_err(n))
		return (struct socket *)n;
	wait_wake(&u->queue, UNIX_OUT, INT32_MAX);
	n->so.passcred = s->passcred;
	return &n->so;
}
