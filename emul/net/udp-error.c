/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udp-error.c: what was sent to nobody, for who asks; ip(7), IP_RECVERR.
 *
 * Linux queues what came back in an ICMP message.  Here nothing comes back, but
 * it is known where it happens, so it says the same: a port that nobody has.
 */
#include <asm/socket.h>
#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/in.h>
#include <linux/in6.h>

#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/net/udp.h"

#define ERRORS_MAX	128	/* that nobody reads */

/* <linux/errqueue.h> and <linux/icmp.h> want libc's types. */
#define SO_EE_ORIGIN_ICMP	2
#define SO_EE_ORIGIN_ICMP6	3
#define ICMP_DEST_UNREACH	3
#define ICMP_PORT_UNREACH	3
#define ICMPV6_DEST_UNREACH	1
#define ICMPV6_PORT_UNREACH	4

struct sock_extended_err {
	uint32_t ee_errno;
	uint8_t ee_origin, ee_type, ee_code, ee_pad;
	uint32_t ee_info, ee_data;
};

static bool asks(const struct inet_sock *k, const struct inet_addr *to)
{
	return inet_opt_on(&k->opt, addr_is_v4(to) ? INET_RECVERR :
			   INET6_RECVERR);
}

void udp_refused(struct udp_sock *k, struct dgram *d)
{
	struct inet_sock *in = &k->in;
	bool queued = false;

	if (!asks(in, &d->to) && !in->remote.port) {
		kfree(d);
		return;
	}
	if (asks(in, &d->to)) {
		mutex_lock(&k->lock);
		queued = k->n_errors < ERRORS_MAX;
		if (queued) {
			list_add_tail(&d->link, &k->errors);
			store_release(&k->n_errors, k->n_errors + 1);
		}
		mutex_unlock(&k->lock);
	}
	if (!queued)
		kfree(d);
	store_release(&in->error, -ECONNREFUSED);
	wait_wake(&in->queue, EPOLLERR | INET_IN | INET_OUT, INT32_MAX);
}

ssize_t udp_recv_error(struct udp_sock *k, struct sockmsg *m)
{
	struct dgram *d = NULL;
	ssize_t r = 0;
	size_t n;

	mutex_lock(&k->lock);
	if (k->n_errors) {
		d = list_first(&k->errors, struct dgram, link);
		list_del(&d->link);
		store_release(&k->n_errors, k->n_errors - 1);
		/* SO_ERROR is that of the first in the queue. */
		store_release(&k->in.error, k->n_errors ? -ECONNREFUSED : 0);
	}
	mutex_unlock(&k->lock);
	if (!d)
		return -EAGAIN;
	n = MIN(m->u.left, (size_t)d->len);
	if (n)
		r = uio_write(&m->u, d->data, n);
	m->out_flags |= MSG_ERRQUEUE | (n < d->len ? MSG_TRUNC : 0);
	m->name_len = addr_put(k->in.so.family, &d->to, m->name);
	m->inet.there = true;
	m->inet.ip[0] = d->to.ip.q[0];
	m->inet.ip[1] = d->to.ip.q[1];
	kfree(d);
	return r < 0 ? r : (ssize_t)n;
}

int udp_error_cmsg(const struct socket *s, const struct inet_addr *to,
		   struct control *c)
{
	struct {
		struct sock_extended_err ee;
		uint8_t offender[SOCKADDR_MAX];
	} e;
	bool v4 = addr_is_v4(to), v6 = s->family == AF_INET6;
	struct inet_addr from = *to;
	size_t n;

	memset(&e, 0, sizeof(e));
	e.ee.ee_errno = ECONNREFUSED;
	e.ee.ee_origin = v4 ? SO_EE_ORIGIN_ICMP : SO_EE_ORIGIN_ICMP6;
	e.ee.ee_type = v4 ? ICMP_DEST_UNREACH : ICMPV6_DEST_UNREACH;
	e.ee.ee_code = v4 ? ICMP_PORT_UNREACH : ICMPV6_PORT_UNREACH;
	from.port = 0;
	n = sizeof(e.ee) + addr_put(s->family, &from, e.offender);
	return put_cmsg(c, v6 ? IPPROTO_IPV6 : IPPROTO_IP,
			v6 ? IPV6_RECVERR : IP_RECVERR, &e, n);
}

void udp_forget_errors(struct udp_sock *k)
{
	struct dgram *d, *next;
	struct list_head all;

	list_init(&all);
	mutex_lock(&k->lock);
	list_for_each_safe(d, next, &k->errors, link) {
		list_del(&d->link);
		list_add_tail(&d->link, &all);
	}
	store_release(&k->n_errors, 0u);
	mutex_unlock(&k->lock);
	list_for_each_safe(d, next, &all, link)
		kfree(d);
}
