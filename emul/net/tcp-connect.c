/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp-connect.c: a TCP socket connects; connect(2).
 *
 * From the addresses to the queue of who listens, and the waiting for room in
 * it.  What connect says the next time of an attempt that has ended is here
 * too.
 */
#include "emul/net/tcp.h"

#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/in.h>

#include "emul/net/outward.h"
#include "emul/task/task.h"
#include "emul/time/time.h"

void tcp_connect_failed(struct tcp_sock *k, int err)
{
	k->base = TCP_FRESH;
	k->failed = true;
	k->in.error = err;
	k->in.shut = SHUT_RCV | SHUT_SND;
	k->in.remote.port = 0;
	if (!k->in.bound)
		port_leave(&k->in);
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

static int start(struct tcp_sock *k, const struct inet_addr *to)
{
	struct tcp_sock *l = NULL, *n = NULL;
	int err;

	mutex_lock(&inet_lock);
	err = begin(k, to, &l);
	mutex_unlock(&inet_lock);
	if (!err) {
		n = tcp_make_end(k, l, to);
		err = n ? 0 : -ENOMEM;
	}
	mutex_lock(&inet_lock);
	if (!err && l->base != TCP_LISTENING)
		err = -ECONNREFUSED;
	if (!err)
		tcp_enqueue(l, n, k);
	mutex_unlock(&inet_lock);
	if (!err) {
		wait_wake(&l->in.queue, INET_IN, 1);
		wait_wake(&k->in.queue, INET_OUT, INT32_MAX);
	} else if (n) {
		tcp_drop_end(n);
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
		tcp_be_fresh(k);
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

int tcp_connect(struct socket *s, const void *name, uint32_t len,
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
			tcp_connect_failed(k, err);
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
