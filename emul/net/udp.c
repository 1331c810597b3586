/* SPDX-License-Identifier: Apache-2.0 */
/* udp.c: sockets of UDP: their life and their peers; udp(7). */
#include "emul/net/udp.h"

#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/udp.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"
#include "emul/net/outward.h"

#define UDPLITE_SEND_CSCOV	10
#define UDPLITE_RECV_CSCOV	11
#define UDP_HEADER		8

static const struct socket_ops udp_ops;

struct inet_sock *udp_new(int family, int protocol)
{
	struct udp_sock *k = kzalloc(sizeof(*k));

	if (!k)
		return NULL;
	mutex_init_class(&k->lock, LOCK_OBJECT);
	list_init(&k->dgrams);
	list_init(&k->errors);
	inet_init(&k->in, &udp_ops, family, SOCK_DGRAM, protocol);
	return &k->in;
}

void udp_free(struct inet_sock *in)
{
	struct udp_sock *k = udp_sk(&in->so);
	struct dgram *d, *next;

	list_for_each_safe(d, next, &k->dgrams, link)
		kfree(d);
	udp_forget_errors(k);
	kfree(k->corked);
}

static void udp_release(struct socket *s)
{
	struct inet_sock *k = inet_sk(s);

	outward_release(k);
	mutex_lock(&inet_lock);
	port_leave(k);
	mutex_unlock(&inet_lock);
	k->shut = SHUT_RCV | SHUT_SND;
	wait_wake(&k->queue, INET_ALL, INT32_MAX);
	inet_put(k);
}

/* It has no peer any more.  inet_lock is held. */
static void leave_peer(struct inet_sock *k)
{
	k->remote.port = 0;
	k->local.ip = k->named.ip;
	if (!k->bound) {
		port_leave(k);
		k->local.port = 0;
	}
}

static int udp_connect(struct socket *s, const void *name, uint32_t len,
		       bool nonblock)
{
	struct inet_sock *k = inet_sk(s);
	struct inet_addr to = { .port = 0 };
	int err;

	if (len < sizeof(uint16_t))
		return -EINVAL;
	if (addr_unspec(name, len)) {
		mutex_lock(&inet_lock);
		leave_peer(k);
		mutex_unlock(&inet_lock);
		return 0;
	}
	err = addr_parse_to(k, name, len, &to);
	if (!err)
		err = outward_turn(k, OUTWARD_CONNECT, &to);
	if (err)
		return err < 0 ? err : s->ops->connect(s, name, len, nonblock);
	addr_to(&to);
	mutex_lock(&inet_lock);
	err = port_auto(k);
	if (!err && addr_class(&k->named) != INET_ANY &&
	    addr_is_v4(&k->named) != addr_is_v4(&to))
		err = -ENETUNREACH;
	if (!err) {
		if (addr_class(&k->named) == INET_ANY)
			addr_loopback(&k->local, addr_is_v4(&to));
		k->remote = to;
	}
	mutex_unlock(&inet_lock);
	return err;
}

static int udp_listen(struct socket *s, int backlog)
{
	(void)s;
	(void)backlog;
	return -EOPNOTSUPP;
}

static struct socket *udp_accept(struct socket *s, bool nonblock)
{
	(void)s;
	(void)nonblock;
	return err_ptr(-EOPNOTSUPP);
}

static int udp_shutdown(struct socket *s, unsigned int how)
{
	struct inet_sock *k = inet_sk(s);

	/* Without a peer it fails, and is done all the same. */
	__atomic_fetch_or(&k->shut, how, __ATOMIC_ACQ_REL);
	wait_wake(&k->queue, INET_ALL, INT32_MAX);
	return k->remote.port ? 0 : -ENOTCONN;
}

static bool udp_listens(struct socket *s)
{
	(void)s;
	return false;
}

/* What was sent has arrived, or is lost. */
static long udp_unsent(struct socket *s)
{
	(void)s;
	return 0;
}

/* Who asks for no errors any more has none. */
static long set_inet(struct socket *s, int level, int name, uaddr_t val,
		     int len)
{
	long err = inet_setsockopt(s, level, name, val, len);

	if (!err && name == (level == IPPROTO_IP ? IP_RECVERR : IPV6_RECVERR) &&
	    !inet_opt_on(&inet_sk(s)->opt, level == IPPROTO_IP ? INET_RECVERR :
			 INET6_RECVERR))
		udp_forget_errors(udp_sk(s));
	return err;
}

/* What a checksum covers where there is none is kept and told. */
static long udp_setsockopt(struct socket *s, int level, int name, uaddr_t val,
			   int len)
{
	struct udp_sock *k = udp_sk(s);
	int v;

	if (level != s->protocol)
		return set_inet(s, level, name, val, len);
	if (len < (int)sizeof(v))
		return -EINVAL;
	if (get_user(&v, val))
		return -EFAULT;
	switch (name) {
	case UDP_CORK:
		udp_set_cork(k, v);
		return 0;
	case UDPLITE_SEND_CSCOV:
	case UDPLITE_RECV_CSCOV:
		if (level != IPPROTO_UDPLITE)
			return -ENOPROTOOPT;
		v = v && v < UDP_HEADER ? UDP_HEADER : MIN(v, (int)UINT16_MAX);
		k->cscov[name == UDPLITE_RECV_CSCOV] = v;
		return 0;
	}
	return -ENOPROTOOPT;
}

static long udp_getsockopt(struct socket *s, int level, int name, uaddr_t val,
			   uaddr_t len)
{
	const struct udp_sock *k = udp_sk(s);
	int v = 0;

	if (level != s->protocol)
		return inet_getsockopt(s, level, name, val, len);
	if (level == IPPROTO_UDPLITE && (name == UDPLITE_SEND_CSCOV ||
					 name == UDPLITE_RECV_CSCOV))
		v = k->cscov[name == UDPLITE_RECV_CSCOV];
	else if (name == UDP_CORK)
		v = k->cork;
	else
		return -ENOPROTOOPT;
	return sockopt_put(val, len, &v, sizeof(v));
}

static const struct socket_ops udp_ops = {
	.bind = inet_bind,
	.connect = udp_connect,
	.listen = udp_listen,
	.accept = udp_accept,
	.shutdown = udp_shutdown,
	.getname = inet_getname,
	.sendmsg = udp_sendmsg,
	.recvmsg = udp_recvmsg,
	.poll = udp_poll,
	.take_error = inet_sock_error,
	.peercred = inet_peercred,
	.listens = udp_listens,
	.unread = udp_unread,
	.unsent = udp_unsent,
	.release = udp_release,
	.setsockopt = udp_setsockopt,
	.getsockopt = udp_getsockopt,
	.send_cmsg = udp_send_cmsg,
	.recv_cmsg = udp_recv_cmsg,
};
