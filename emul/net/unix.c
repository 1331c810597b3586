/* SPDX-License-Identifier: Apache-2.0 */
/* unix.c: AF_UNIX sockets: their life, their state and its end; unix(7). */
#include "emul/net/unix.h"

#include <linux/errno.h>
#include <linux/eventpoll.h>

#include "emul/lib/alloc.h"
#include "emul/lib/live.h"
#include "emul/lib/string.h"
#include "emul/task/task.h"

static const struct socket_ops stream_ops, dgram_ops, seqpacket_ops;

static struct {
	struct mutex lock;
	struct list_head list;
} all __arena;
LOCK_CLASS(all, LOCK_NAMES);

static void all_add(struct unix_sock *u)
{
	mutex_lock(&all.lock);
	if (!all.list.next)
		list_init(&all.list);
	list_add_tail(&u->all_link, &all.list);
	mutex_unlock(&all.lock);
}

void unix_each(void (*fn)(struct unix_sock *u, void *arg), void *arg)
{
	struct unix_sock *u;

	mutex_lock(&all.lock);
	if (all.list.next)
		list_for_each(u, &all.list, all_link)
			if (u->so.ino)
				fn(u, arg);
	mutex_unlock(&all.lock);
}

void ucred_of(struct ucred *c, const struct task *t)
{
	c->pid = t->group->pid;
	c->uid = t->cred->euid;
	c->gid = t->cred->egid;
}

static bool connected_kind(const struct unix_sock *u)
{
	return u->so.type != SOCK_DGRAM;
}

struct unix_sock *unix_new(int type, int protocol)
{
	struct unix_sock *u = kzalloc(sizeof(*u));

	if (!u)
		return NULL;
	socket_init(&u->so, type == SOCK_STREAM ? &stream_ops :
		    type == SOCK_DGRAM ? &dgram_ops : &seqpacket_ops, AF_UNIX,
		    type, protocol);
	ref_init(&u->ref);
	waitqueue_init(&u->queue);
	turn_init(&u->reader);
	mutex_init_class(&u->lock, LOCK_OBJECT);
	list_init(&u->skbs);
	list_init(&u->pending);
	list_init(&u->pending_link);
	list_init(&u->clients);
	list_init(&u->client_link);
	list_init(&u->flight_link);
	live_add(LIVE_UNIX, 1);
	all_add(u);
	return u;
}

bool unix_is(const struct socket *s)
{
	return s->ops == &stream_ops || s->ops == &dgram_ops ||
		s->ops == &seqpacket_ops;
}

void unix_get(struct unix_sock *u)
{
	ref_get(&u->ref);
}

void unix_put(struct unix_sock *u)
{
	if (!u || !ref_put(&u->ref))
		return;
	mutex_lock(&all.lock);
	list_del(&u->all_link);
	mutex_unlock(&all.lock);
	unix_addr_put(u->addr);
	live_add(LIVE_UNIX, -1);
	kfree(u);
}

struct unix_sock *unix_peer(struct unix_sock *u)
{
	struct unix_sock *p;

	mutex_lock(&u->lock);
	p = u->peer;
	if (p)
		unix_get(p);
	mutex_unlock(&u->lock);
	return p;
}

static int check_kind(int *type, int protocol)
{
	if (protocol && protocol != AF_UNIX)
		return -EPROTONOSUPPORT;
	switch (*type) {
	case SOCK_RAW:		/* as Linux has it since ever */
		*type = SOCK_DGRAM;
		return 0;
	case SOCK_STREAM:
	case SOCK_DGRAM:
	case SOCK_SEQPACKET:
		return 0;
	}
	return -ESOCKTNOSUPPORT;
}

struct socket *unix_create(int type, int protocol)
{
	int err = check_kind(&type, protocol);
	struct unix_sock *u;

	if (err)
		return err_ptr(err);
	u = unix_new(type, 0);
	return u ? &u->so : err_ptr(-ENOMEM);
}

int unix_pair(int type, int protocol, struct socket *pair[2])
{
	int err = check_kind(&type, protocol);
	struct unix_sock *u[2];

	if (err)
		return err;
	u[0] = unix_new(type, 0);
	u[1] = unix_new(type, 0);
	if (!u[0] || !u[1]) {
		unix_put(u[0]);
		unix_put(u[1]);
		return -ENOMEM;
	}
	for (int i = 0; i < 2; i++) {
		u[i]->state = UNIX_CONNECTED;
		u[i]->peer = u[!i];
		unix_get(u[!i]);
		ucred_of(&u[i]->peer_cred, current());
		if (!connected_kind(u[i]))
			list_add_tail(&u[i]->client_link, &u[!i]->clients);
		pair[i] = &u[i]->so;
	}
	return 0;
}

/* @p's other side, @u, is gone; what it had not read is lost. */
static void peer_gone(struct unix_sock *p, struct unix_sock *u, bool lost)
{
	mutex_lock(&p->lock);
	if (connected_kind(p)) {
		p->shut = SHUT_RCV | SHUT_SND;
		if (lost)
			p->error = -ECONNRESET;
	}
	if (!list_empty(&u->client_link))
		list_del(&u->client_link);
	mutex_unlock(&p->lock);
	wait_wake(&p->queue, UNIX_ALL, INT32_MAX);
}

static void unix_close(struct unix_sock *u)
{
	struct list_head skbs, pending;
	struct unix_sock *p, *n, *c;
	bool lost;

	list_init(&skbs);
	list_init(&pending);
	unix_unbind(u);
	mutex_lock(&u->lock);
	u->state = UNIX_DEAD;
	u->shut = SHUT_RCV | SHUT_SND;
	p = u->peer;
	u->peer = NULL;
	lost = !list_empty(&u->skbs);
	list_splice_tail(&u->skbs, &skbs);
	list_splice_tail(&u->pending, &pending);
	u->queued = u->n_skbs = u->n_pending = 0;
	/* Senders of datagrams find out by themselves. */
	list_for_each_safe(c, n, &u->clients, client_link)
		list_del(&c->client_link);
	mutex_unlock(&u->lock);
	wait_wake(&u->queue, UNIX_ALL, INT32_MAX);
	if (p) {
		peer_gone(p, u, lost);
		unix_put(p);
	}
	list_for_each_safe(c, n, &pending, pending_link) {
		list_del(&c->pending_link);
		/* Nobody will: its other side hears of it as a reset. */
		mutex_lock(&c->lock);
		p = c->peer;
		c->peer = NULL;
		c->state = UNIX_DEAD;
		list_splice_tail(&c->skbs, &skbs);
		mutex_unlock(&c->lock);
		if (p) {
			peer_gone(p, c, true);
			unix_put(p);
		}
		unix_put(c);
	}
	skbs_free(&skbs);
}

static void unix_release(struct socket *s)
{
	struct unix_sock *u = unix_sk(s);

	unix_close(u);
	unix_put(u);
	unix_collect();
}

static int unix_shutdown(struct socket *s, unsigned int how)
{
	struct unix_sock *u = unix_sk(s), *p;

	mutex_lock(&u->lock);
	u->shut |= how;
	p = connected_kind(u) ? u->peer : NULL;
	if (p)
		unix_get(p);
	mutex_unlock(&u->lock);
	wait_wake(&u->queue, UNIX_ALL, INT32_MAX);
	if (!p)
		return 0;
	mutex_lock(&p->lock);
	if (how & SHUT_RCV)
		p->shut |= SHUT_SND;
	if (how & SHUT_SND)
		p->shut |= SHUT_RCV;
	mutex_unlock(&p->lock);
	wait_wake(&p->queue, UNIX_ALL, INT32_MAX);
	unix_put(p);
	return 0;
}

static int unix_getname(struct socket *s, enum sock_name which, void *name)
{
	struct unix_sock *u = unix_sk(s), *p = NULL;
	uint16_t family = AF_UNIX;
	struct unix_addr *a;
	uint32_t len = sizeof(family);

	if (which != NAME_OWN) {
		p = unix_peer(u);
		if (!p)
			return -ENOTCONN;
		u = p;
	}
	memcpy(name, &family, sizeof(family));
	a = load_acquire(&u->addr);
	if (a) {
		memcpy(name, &a->un, a->len);
		len = a->len;
	}
	unix_put(p);
	return (int)len;
}

static uint32_t unix_poll(struct socket *s, struct waiter *w)
{
	struct unix_sock *u = unix_sk(s);
	uint32_t mask = 0;

	if (w)
		wait_add(&u->queue, w, w->task);
	mutex_lock(&u->lock);
	if (u->error)
		mask |= EPOLLERR;
	if (u->shut == (SHUT_RCV | SHUT_SND))
		mask |= EPOLLHUP;
	if (u->shut & SHUT_RCV)
		mask |= EPOLLRDHUP | UNIX_IN;
	if (!list_empty(&u->skbs) || !list_empty(&u->pending))
		mask |= UNIX_IN;
	if (connected_kind(u) && u->state == UNIX_FRESH)
		mask |= EPOLLHUP;
	mutex_unlock(&u->lock);
	if (u->state != UNIX_LISTENS && unix_writable(u))
		mask |= UNIX_OUT;
	return mask;
}

static int unix_take_error(struct socket *s)
{
	return __atomic_exchange_n(&unix_sk(s)->error, 0, __ATOMIC_ACQ_REL);
}

static int unix_peercred(struct socket *s, struct ucred *c)
{
	struct unix_sock *u = unix_sk(s);

	mutex_lock(&u->lock);
	*c = u->peer_cred;
	if (!c->pid)
		c->uid = c->gid = UINT32_MAX;
	mutex_unlock(&u->lock);
	return 0;
}

static bool unix_listens(struct socket *s)
{
	return load_acquire(&unix_sk(s)->state) == UNIX_LISTENS;
}

static long unix_unread(struct socket *s)
{
	struct unix_sock *u = unix_sk(s);
	const struct skb *first;
	long n;

	mutex_lock(&u->lock);
	if (u->state == UNIX_LISTENS) {
		n = -EINVAL;
	} else if (s->type == SOCK_DGRAM) {
		first = list_empty(&u->skbs) ? NULL :
			list_first(&u->skbs, struct skb, link);
		n = first ? (long)first->len : 0;
	} else {
		n = (long)u->queued;
	}
	mutex_unlock(&u->lock);
	return n;
}

static long unix_unsent(struct socket *s)
{
	struct unix_sock *p = unix_peer(unix_sk(s));
	long n = p ? (long)load_once(&p->queued) : 0;

	unix_put(p);
	return n;
}

#define COMMON							\
	.bind = unix_bind,					\
	.shutdown = unix_shutdown,				\
	.getname = unix_getname,				\
	.poll = unix_poll,					\
	.take_error = unix_take_error,				\
	.peercred = unix_peercred,				\
	.listens = unix_listens,				\
	.unread = unix_unread,					\
	.unsent = unix_unsent,					\
	.release = unix_release

static const struct socket_ops stream_ops = {
	COMMON,
	.connect = unix_connect,
	.listen = unix_listen,
	.accept = unix_accept,
	.sendmsg = unix_stream_send,
	.recvmsg = unix_stream_recv,
};

static const struct socket_ops seqpacket_ops = {
	COMMON,
	.connect = unix_connect,
	.listen = unix_listen,
	.accept = unix_accept,
	.sendmsg = unix_dgram_send,
	.recvmsg = unix_dgram_recv,
};

static const struct socket_ops dgram_ops = {
	COMMON,
	.connect = unix_dgram_connect,
	.listen = unix_no_listen,
	.accept = unix_no_accept,
	.sendmsg = unix_dgram_send,
	.recvmsg = unix_dgram_recv,
};
