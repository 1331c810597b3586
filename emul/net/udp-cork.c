/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udp-cork.c: datagrams that are written in pieces; udp(7), UDP_CORK, and
 * send(2), MSG_MORE.
 *
 * What waits belongs to who has taken it out of the socket: so no lock is held
 * while pieces are put together.
 */
#include <linux/errno.h>

#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/net/udp.h"

/* Both as one, with the header of @a; they are taken over.  err_ptr(). */
static struct dgram *join(struct dgram *a, struct dgram *b)
{
	size_t n = (size_t)a->len + b->len;
	struct dgram *d = err_ptr(-EMSGSIZE);

	if (n <= (addr_is_v4(&a->to) ? UDP_MAX : UDP6_MAX)) {
		d = kmalloc(sizeof(*d) + n);
		if (!d)
			d = err_ptr(-ENOBUFS);
	}
	if (!is_err(d)) {
		memcpy(d, a, sizeof(*a) + a->len);
		list_init(&d->link);
		memcpy(d->data + a->len, b->data, b->len);
		d->len = (uint32_t)n;
	}
	kfree(a);
	kfree(b);
	return d;
}

static struct dgram *take_held(struct udp_sock *k)
{
	return __atomic_exchange_n(&k->corked, NULL, __ATOMIC_ACQ_REL);
}

int udp_hold(struct udp_sock *k, struct dgram *d, bool more)
{
	struct dgram *none;

	do {
		struct dgram *first = take_held(k);

		if (first)
			d = join(first, d);
		if (is_err(d))
			return (int)ptr_err(d);
		if (!more)
			return udp_dispatch(k, d);
		none = NULL;
	} while (!__atomic_compare_exchange_n(&k->corked, &none, d, false,
					      __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	return 0;
}

void udp_set_cork(struct udp_sock *k, bool on)
{
	struct dgram *d;

	store_once(&k->cork, on);
	d = on ? NULL : take_held(k);
	if (d)
		(void)!udp_dispatch(k, d);
}
