/* SPDX-License-Identifier: Apache-2.0 */
/* far.c: connections to the outside: their life. */
#include "emul/net/far.h"

#include <asm/ioctls.h>
#include <asm/poll.h>
#include <linux/errno.h>
#include <linux/eventpoll.h>

#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/live.h"
#include "emul/lib/string.h"
#include "emul/net/outward.h"
#include "emul/net/udp.h"
#include "emul/task/task.h"
#include "emul/time/time.h"
#include "emul/vfs/poll.h"

int far_turn(struct inet_sock *k, int fd, const struct broker_names *names,
	     bool pair)
{
	struct far *h = far_of(k);

	if (!h) {
		h = kzalloc(sizeof(*h));
		if (!h) {
			host_close(fd);
			return -ENOMEM;
		}
		turn_init(&h->rd);
		h->fd = -1;
		h->near = k->so.ops;
		live_add(LIVE_INET, 1);
	} else if (h->fd >= 0) {
		cork_drop(h);
		host_close(h->fd);
	}
	h->pair = pair;
	h->connected = h->begun = false;
	mutex_lock(&inet_lock);
	memcpy(&k->local.ip, names->local.ip, sizeof(k->local.ip));
	k->local.port = names->local.port;
	k->local.scope = names->local.scope;
	memcpy(&k->remote.ip, names->peer.ip, sizeof(k->remote.ip));
	k->remote.port = names->peer.port;
	k->remote.scope = names->peer.scope;
	mutex_unlock(&inet_lock);
	store_release(&h->fd, fd);
	k->outward = h;
	store_release(&k->so.ops, inet_is_tcp(k) ? &far_tcp_ops :
		      &far_udp_ops);
	socket_set_host(&k->so, fd);
	wait_wake(&k->queue, INET_ALL, INT32_MAX);
	return 0;
}

/* The descriptor goes; the socket may connect anew. */
static void drop_fd(struct inet_sock *k)
{
	struct far *h = far_of(k);
	int fd = h->fd;

	cork_drop(h);
	socket_set_host(&k->so, -1);
	store_release(&h->fd, -1);
	h->connected = h->begun = false;
	kfree(h->peek);
	h->peek = NULL;
	h->peek_n = 0;
	if (fd >= 0)
		host_close(fd);
}

int far_wait(struct inet_sock *k, int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	struct task *t = current();
	uint32_t seq;
	int err;

	far_flush(k);
	t->waiter.key = INET_ALL;
	t->waiter.exclusive = false;
	wait_add(&k->queue, &t->waiter, t);
	seq = wait_prepare(t);
	err = load_once(&far_of(k)->fd) == fd ?
		wait_sleep_host(t, seq, &p, 1, deadline) : 0;
	wait_del(&t->waiter);
	return err;
}

/* What the host says of the descriptor now. */
static short state(const struct far *h)
{
	struct pollfd p = {
		.fd = h->fd,
		.events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP,
	};

	return host_ppoll(&p, 1, 0) > 0 ? p.revents : 0;
}

int far_check_connected(struct inet_sock *k)
{
	struct far *h = far_of(k);
	short got;
	int err;

	if (likely(h->connected))
		return 1;
	got = state(h);
	if (!(got & (POLLOUT | POLLERR | POLLHUP)))
		return 0;
	err = got & (POLLERR | POLLHUP) ? far_error(h) : 0;
	if (err)
		return err;
	h->connected = true;
	return 1;
}

int far_failed(struct inet_sock *k, int err)
{
	drop_fd(k);
	mutex_lock(&inet_lock);
	k->remote.port = 0;
	mutex_unlock(&inet_lock);
	wait_wake(&k->queue, INET_ALL, INT32_MAX);
	return err;
}

/* connect(2) of one whose descriptor is on its way. */
static int finish(struct inet_sock *k, bool nonblock)
{
	int64_t timeout = k->so.snd_timeout_ns;
	int64_t deadline = socket_deadline(timeout);
	struct far *h = far_of(k);
	bool was = h->begun;
	int err;

	h->begun = true;
	for (;;) {
		err = far_check_connected(k);
		if (err > 0)
			return 0;
		if (err < 0 && nonblock && !was) {
			/* What came over the wire comes later. */
			store_release(&k->error, err);
			far_failed(k, err);
			return -EINPROGRESS;
		}
		if (err < 0)
			return far_failed(k, err);
		if (nonblock)
			return was ? -EALREADY : -EINPROGRESS;
		err = far_wait(k, h->fd, POLLOUT, deadline);
		if (err == -ETIMEDOUT)
			return -EINPROGRESS;
		if (err)
			return socket_wait_error(err, timeout);
	}
}

/* As it was before: an address of the sandbox's own is next, or none. */
static void come_back(struct inet_sock *k)
{
	drop_fd(k);
	mutex_lock(&inet_lock);
	k->remote.port = 0;
	k->local = k->named;
	if (!k->bound)
		port_leave(k);
	mutex_unlock(&inet_lock);
	store_release(&k->so.ops, far_of(k)->near);
	wait_wake(&k->queue, INET_ALL, INT32_MAX);
}

static int far_connect(struct socket *s, const void *name, uint32_t len,
		       bool nonblock)
{
	struct inet_sock *k = inet_sk(s);
	struct far *h = far_of(k);

	int err;

	if (len < sizeof(uint16_t))
		return -EINVAL;
	if (h->fd < 0 && !addr_unspec(name, len)) {
		err = inet_take_error(k);
		if (err)
			return err;
	}
	if (h->fd >= 0 && !addr_unspec(name, len)) {
		if (inet_is_tcp(k))
			return h->connected && h->begun ? -EISCONN :
				finish(k, nonblock);
		if (!h->begun) {
			h->begun = h->connected = true;
			return 0;
		}
	}
	come_back(k);
	return s->ops->connect(s, name, len, nonblock);
}

static int far_bind(struct socket *s, const void *name, uint32_t len)
{
	(void)s;
	(void)name;
	(void)len;
	return -EINVAL;
}

static int far_listen(struct socket *s, int backlog)
{
	(void)backlog;
	return s->type == SOCK_STREAM ? -EINVAL : -EOPNOTSUPP;
}

static struct socket *far_accept(struct socket *s, bool nonblock)
{
	(void)nonblock;
	return err_ptr(s->type == SOCK_STREAM ? -EINVAL : -EOPNOTSUPP);
}

static int far_shutdown(struct socket *s, unsigned int how)
{
	struct inet_sock *k = inet_sk(s);
	struct far *h = far_of(k);
	struct broker_req req = {
		.op = BROKER_NET_SHUTDOWN, .flags = BROKER_FD_SENT,
		.arg = { 0, how - 1 },
	};
	struct broker_rep rep;
	int err = -ENOTCONN;

	cork_push(h);
	if (h->pair)
		err = 0;
	else if (h->fd >= 0)
		err = broker_call2(&req, NULL, NULL, h->fd, &rep, NULL, 0,
				   NULL);
	if (!err || s->type == SOCK_DGRAM)
		__atomic_fetch_or(&k->shut, how, __ATOMIC_ACQ_REL);
	wait_wake(&k->queue, INET_ALL, INT32_MAX);
	return err;
}

static int far_getname(struct socket *s, enum sock_name which, void *name)
{
	struct inet_sock *k = inet_sk(s);
	struct far *h = far_of(k);

	if (which != NAME_OWN && (h->fd < 0 || far_check_connected(k) <= 0))
		return -ENOTCONN;
	/* Not connected any more, unless it hangs up itself. */
	if (which == NAME_PEER && inet_is_tcp(k) && state(h) & POLLHUP &&
	    load_once(&k->shut) != (SHUT_RCV | SHUT_SND))
		return -ENOTCONN;
	return inet_getname(s, which, name);
}

static int far_take_error(struct socket *s)
{
	struct inet_sock *k = inet_sk(s);
	struct far *h = far_of(k);
	int err = inet_take_error(k);

	if (err || h->fd < 0 || !(state(h) & POLLERR))
		return err;
	err = far_error(h);
	if (err && inet_is_tcp(k) && !h->connected)
		return far_failed(k, err);
	return err;
}

static bool far_listens(struct socket *s)
{
	(void)s;
	return false;
}

static uint32_t far_poll(struct socket *s, struct waiter *w)
{
	struct inet_sock *k = inet_sk(s);
	struct far *h = far_of(k);
	uint32_t mask = 0;

	if (w)
		wait_add(&k->queue, w, w->task);
	if (unlikely(h->dirty))
		far_flush(k);
	if (load_once(&k->error))
		mask |= EPOLLERR;
	if (load_acquire(&h->fd) < 0)
		return mask | EPOLLHUP | INET_OUT;
	mask |= (uint16_t)state(h);
	if (far_peeked(k))
		mask |= EPOLLIN;
	if (h->pair)
		mask &= ~(uint32_t)EPOLLPRI;
	if (mask & EPOLLIN)
		mask |= EPOLLRDNORM;
	if (mask & EPOLLOUT)
		mask |= EPOLLWRNORM | (s->type == SOCK_DGRAM ? EPOLLWRBAND : 0);
	return mask;
}

static void far_release(struct socket *s)
{
	struct inet_sock *k = inet_sk(s);
	struct far *h = far_of(k);

	if (s->linger_on)
		far_flush(k);
	drop_fd(k);
	feed_drop(k);
	mutex_lock(&inet_lock);
	port_leave(k);
	mutex_unlock(&inet_lock);
	wait_wake(&k->queue, INET_ALL, INT32_MAX);
	k->outward = NULL;
	kfree(h);
	live_add(LIVE_INET, -1);
	inet_put(k);
}

static long far_unsent(struct socket *s)
{
	return far_count(inet_sk(s), TIOCOUTQ);
}

#define FAR_OPS							\
	.bind = far_bind,					\
	.connect = far_connect,					\
	.listen = far_listen,					\
	.accept = far_accept,					\
	.shutdown = far_shutdown,				\
	.getname = far_getname,					\
	.poll = far_poll,					\
	.take_error = far_take_error,				\
	.peercred = inet_peercred,				\
	.listens = far_listens,					\
	.unread = far_unread,					\
	.unsent = far_unsent,					\
	.release = far_release,					\
	.setsockopt = far_setsockopt,				\
	.getsockopt = far_getsockopt,				\
	.changed = far_changed
const struct socket_ops far_tcp_ops = {
	FAR_OPS,
	.sendmsg = far_tcp_send,
	.recvmsg = far_tcp_recv,
};

const struct socket_ops far_udp_ops = {
	FAR_OPS,
	.sendmsg = far_udp_send,
	.recvmsg = far_udp_recv,
	.send_cmsg = udp_send_cmsg,
};
