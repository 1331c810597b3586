/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netlink.c: sockets of AF_NETLINK; netlink(7).
 *
 * NETLINK_ROUTE answers questions (rtnetlink.c); nothing ever happens to the
 * one interface, so groups may be joined and stay silent, as those of
 * NETLINK_KOBJECT_UEVENT.  Other protocols are absent.
 */
#include "emul/net/netlink.h"

#include <linux/errno.h>
#include <linux/eventpoll.h>

#include "emul/lib/alloc.h"
#include "emul/lib/list.h"
#include "emul/lib/string.h"
#include "emul/task/task.h"

#define SOL_NETLINK	270
#define REPLY_MAX	8192u
#define REQUEST_MAX	65536u
#define QUEUE_MAX	212992u		/* bytes that wait for one reader */
#define POLL_READ	(EPOLLIN | EPOLLRDNORM)
#define POLL_WRITE	(EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND)

struct nl_msg {
	struct list_head link;
	uint32_t len;
	char data[];
};

struct nl_sock {
	struct socket so;	/* first */
	struct waitqueue queue;
	struct ref ref;
	struct mutex lock;	/* protects: */
	struct list_head msgs;
	uint32_t queued, n_msgs;	/* bytes; messages, read without it */
	uint32_t groups;
	int error;
	uint32_t flags;		/* options: bits of their numbers */
	uint32_t port;		/* names.lock protects; 0: none */
	struct list_head link;	/* names.all */
};

static struct {
	struct mutex lock;
	struct list_head all;	/* who has a port */
	uint32_t next;
} names __arena;
LOCK_CLASS(names, LOCK_NAMES);

static const struct socket_ops netlink_ops;

static struct nl_sock *nl_sk(struct socket *s)
{
	return (struct nl_sock *)s;
}

struct socket *netlink_create(int type, int protocol)
{
	struct nl_sock *k;

	if (type != SOCK_RAW && type != SOCK_DGRAM)
		return err_ptr(-ESOCKTNOSUPPORT);
	if (protocol != NETLINK_ROUTE && protocol != NETLINK_KOBJECT_UEVENT)
		return err_ptr(-EPROTONOSUPPORT);
	k = kzalloc(sizeof(*k));
	if (!k)
		return err_ptr(-ENOMEM);
	socket_init(&k->so, &netlink_ops, AF_NETLINK, type, protocol);
	ref_init(&k->ref);
	waitqueue_init(&k->queue);
	mutex_init_class(&k->lock, LOCK_OBJECT);
	list_init(&k->msgs);
	list_init(&k->link);
	return &k->so;
}

static void nl_put(struct nl_sock *k)
{
	struct nl_msg *m, *next;

	if (!ref_put(&k->ref))
		return;
	list_for_each_safe(m, next, &k->msgs, link)
		kfree(m);
	kfree(k);
}

static void nl_release(struct socket *s)
{
	struct nl_sock *k = nl_sk(s);

	mutex_lock(&names.lock);
	list_del(&k->link);
	mutex_unlock(&names.lock);
	nl_put(k);
}

/* names.lock is held. */
static bool port_taken(const struct nl_sock *k, uint32_t port)
{
	const struct nl_sock *o;

	list_for_each(o, &names.all, link)
		if (o->port == port && o->so.protocol == k->so.protocol)
			return true;
	return false;
}

/* @port 0: the process's number, or one of those that nobody can have. */
static int set_port(struct nl_sock *k, uint32_t port)
{
	int err = 0;

	mutex_lock(&names.lock);
	if (!names.all.next)
		list_init(&names.all);
	if (k->port) {
		err = port && port != k->port ? -EINVAL : 0;
	} else {
		if (!port)
			port = (uint32_t)current()->group->pid;
		else if (port_taken(k, port))
			err = -EADDRINUSE;
		while (!err && port_taken(k, port))
			port = 0xfffff000u - names.next++ % 0x10000;
		if (!err) {
			k->port = port;
			list_add_tail(&k->link, &names.all);
		}
	}
	mutex_unlock(&names.lock);
	return err;
}

static int nl_bind(struct socket *s, const void *name, uint32_t len)
{
	struct nl_sock *k = nl_sk(s);
	struct sockaddr_nl a;
	int err;

	if (len < sizeof(a))
		return -EINVAL;
	memcpy(&a, name, sizeof(a));
	if (a.nl_family != AF_NETLINK)
		return -EINVAL;
	err = set_port(k, a.nl_pid);
	if (!err)
		k->groups = a.nl_groups;
	return err;
}

static int nl_connect(struct socket *s, const void *name, uint32_t len,
		      bool nonblock)
{
	struct sockaddr_nl a;

	(void)nonblock;
	if (len < sizeof(a.nl_family))
		return -EINVAL;
	memcpy(&a.nl_family, name, sizeof(a.nl_family));
	if (a.nl_family == AF_UNSPEC)
		return 0;
	if (a.nl_family != AF_NETLINK || len < sizeof(a))
		return -EINVAL;
	memcpy(&a, name, sizeof(a));
	/* To the kernel: nobody else is to be sent to. */
	return a.nl_pid || a.nl_groups ? -ECONNREFUSED :
		set_port(nl_sk(s), 0);
}

static int nl_listen(struct socket *s, int backlog)
{
	(void)s;
	(void)backlog;
	return -EOPNOTSUPP;
}

static struct socket *nl_accept(struct socket *s, bool nonblock)
{
	(void)s;
	(void)nonblock;
	return err_ptr(-EOPNOTSUPP);
}

static int nl_shutdown(struct socket *s, unsigned int how)
{
	(void)s;
	(void)how;
	return -EOPNOTSUPP;
}

static int nl_getname(struct socket *s, enum sock_name which, void *name)
{
	struct nl_sock *k = nl_sk(s);
	struct sockaddr_nl a = { .nl_family = AF_NETLINK };

	if (which == NAME_OWN) {
		a.nl_pid = k->port;
		a.nl_groups = k->groups;
	}
	memcpy(name, &a, sizeof(a));
	return sizeof(a);
}

static int queue_msg(struct nl_sock *k, const void *data, uint32_t n)
{
	struct nl_msg *m = kmalloc(sizeof(*m) + n);
	int err = 0;

	if (!m)
		return -ENOBUFS;
	list_init(&m->link);
	m->len = n;
	memcpy(m->data, data, n);
	mutex_lock(&k->lock);
	if (k->queued > QUEUE_MAX) {
		err = -ENOBUFS;
		k->error = err;
	} else {
		list_add_tail(&m->link, &k->msgs);
		k->queued += n;
		store_release(&k->n_msgs, k->n_msgs + 1);
	}
	mutex_unlock(&k->lock);
	if (err)
		kfree(m);
	wait_wake(&k->queue, POLL_READ, 1);
	return err;
}

int netlink_push(struct socket *s, const void *data, uint32_t n)
{
	return queue_msg(nl_sk(s), data, n);
}

bool netlink_is(const struct socket *s)
{
	return s->ops == &netlink_ops;
}

void *nl_begin(struct nl_reply *r, uint16_t type, size_t n)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(void *)(r->buf + r->len);
	size_t size = sizeof(*h) + NLMSG_ALIGN(n);

	if (r->len + size > r->cap) {
		/* Something to write to, which nobody will see. */
		r->full = true;
		r->len = 0;
		h = (struct nlmsghdr *)(void *)r->buf;
	}
	memset(h, 0, size);
	h->nlmsg_type = type;
	h->nlmsg_flags = r->flags;
	h->nlmsg_seq = r->seq;
	h->nlmsg_pid = r->pid;
	r->start = r->len;
	r->len += (uint32_t)size;
	return h + 1;
}

void nl_end(struct nl_reply *r)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(void *)(r->buf + r->start);

	h->nlmsg_len = r->len - r->start;
}

void nl_attr(struct nl_reply *r, uint16_t type, const void *data, size_t n)
{
	struct nlattr a = {
		.nla_len = (uint16_t)(sizeof(a) + n), .nla_type = type,
	};
	size_t size = NLMSG_ALIGN(sizeof(a) + n);

	if (r->len + size > r->cap) {
		r->full = true;
		return;
	}
	memset(r->buf + r->len, 0, size);
	memcpy(r->buf + r->len, &a, sizeof(a));
	memcpy(r->buf + r->len + sizeof(a), data, n);
	r->len += (uint32_t)size;
}

void nl_attr_u32(struct nl_reply *r, uint16_t type, uint32_t v)
{
	nl_attr(r, type, &v, sizeof(v));
}

/* What ends a dump, acknowledges, or says what is wrong with a request. */
static void put_error(struct nl_reply *r, const struct nlmsghdr *h, int err)
{
	struct nlmsgerr *e;

	r->flags = 0;
	e = nl_begin(r, NLMSG_ERROR, sizeof(*e));
	e->error = err;
	e->msg = *h;
	nl_end(r);
}

static void put_done(struct nl_reply *r)
{
	r->flags = NLM_F_MULTI;
	nl_begin(r, NLMSG_DONE, sizeof(int));
	nl_end(r);
}

/* One request; the answer goes into the queue.  0 or -ENOBUFS. */
static int answer(struct nl_sock *k, const struct nlmsghdr *h,
		  const void *payload, uint32_t n)
{
	struct nl_reply r = {
		.cap = REPLY_MAX, .seq = h->nlmsg_seq, .pid = k->port,
	};
	bool dump = (h->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	int err;

	if ((!(h->nlmsg_flags & NLM_F_REQUEST) ||
	     h->nlmsg_type < NLMSG_MIN_TYPE) && !(h->nlmsg_flags & NLM_F_ACK))
		return 0;
	r.buf = kmalloc(r.cap);
	if (!r.buf)
		return -ENOBUFS;
	if (!(h->nlmsg_flags & NLM_F_REQUEST) ||
	    h->nlmsg_type < NLMSG_MIN_TYPE) {
		put_error(&r, h, 0);
	} else {
		r.flags = dump ? NLM_F_MULTI : 0;
		err = k->so.protocol == NETLINK_ROUTE ?
			rtnetlink_answer(&r, h, payload, n) : -EOPNOTSUPP;
		if (!err && r.full)
			err = -ENOBUFS;
		if (err)
			r.len = 0;
		if (!err && dump)
			put_done(&r);
		else if (err || (h->nlmsg_flags & NLM_F_ACK))
			put_error(&r, h, err);
	}
	err = r.len ? queue_msg(k, r.buf, r.len) : 0;
	kfree(r.buf);
	return err;
}

static int answer_all(struct nl_sock *k, const char *buf, size_t n)
{
	struct nlmsghdr h;
	int err = 0;

	while (!err && n >= sizeof(h)) {
		size_t step;

		memcpy(&h, buf, sizeof(h));
		if (h.nlmsg_len < sizeof(h) || h.nlmsg_len > n)
			break;
		err = answer(k, &h, buf + sizeof(h),
			     h.nlmsg_len - (uint32_t)sizeof(h));
		step = NLMSG_ALIGN((size_t)h.nlmsg_len);
		if (step >= n)
			break;
		buf += step;
		n -= step;
	}
	return err;
}

static ssize_t nl_sendmsg(struct socket *s, struct task *t, struct sockmsg *m)
{
	struct nl_sock *k = nl_sk(s);
	struct sockaddr_nl a;
	size_t n = m->u.left;
	ssize_t r;
	char *buf;

	(void)t;
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (m->name_len) {
		if (m->name_len < sizeof(a))
			return -EINVAL;
		memcpy(&a, m->name, sizeof(a));
		if (a.nl_family != AF_NETLINK)
			return -EINVAL;
		/* Other programs' sockets: only the kernel is spoken to. */
		if (a.nl_groups)
			return -EPERM;
		if (a.nl_pid)
			return -ECONNREFUSED;
	}
	if (n > REQUEST_MAX)
		return -EMSGSIZE;
	r = k->port ? 0 : set_port(k, 0);
	if (r)
		return r;
	buf = kmalloc(n + 1);
	if (!buf)
		return -ENOBUFS;
	r = n ? uio_read(&m->u, buf, n) : 0;
	if (r >= 0)
		r = answer_all(k, buf, (size_t)r);
	kfree(buf);
	return r ? r : (ssize_t)n;
}

static int take_error(struct nl_sock *k)
{
	return __atomic_exchange_n(&k->error, 0, __ATOMIC_ACQ_REL);
}

/* The first message, taken out; err_ptr(). */
static struct nl_msg *take(struct nl_sock *k, bool nonblock, int64_t deadline)
{
	struct task *t = current();
	struct nl_msg *m = NULL;
	int err = 0;

	t->waiter.key = POLL_READ | EPOLLERR;
	t->waiter.exclusive = true;
	wait_add(&k->queue, &t->waiter, t);
	while (!m && !err) {
		uint32_t seq = wait_prepare(t);

		err = take_error(k);
		mutex_lock(&k->lock);
		if (!err && !list_empty(&k->msgs)) {
			m = list_first(&k->msgs, struct nl_msg, link);
			list_del(&m->link);
			k->queued -= m->len;
			store_release(&k->n_msgs, k->n_msgs - 1);
		}
		mutex_unlock(&k->lock);
		if (m || err)
			break;
		if (nonblock) {
			err = -EAGAIN;
			break;
		}
		err = wait_sleep(t, seq, deadline);
		if (err)
			err = socket_wait_error(err, k->so.rcv_timeout_ns);
	}
	wait_del(&t->waiter);
	return m ? m : err_ptr(err);
}

static ssize_t nl_recvmsg(struct socket *s, struct task *t, struct sockmsg *m)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK };
	bool nonblock = m->u.nonblock || (m->flags & MSG_DONTWAIT);
	struct nl_sock *k = nl_sk(s);
	struct nl_msg *g;
	uint32_t n, len;
	ssize_t r = 0;

	(void)t;
	m->name_len = 0;
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	g = take(k, nonblock, socket_deadline(s->rcv_timeout_ns));
	if (is_err(g))
		return ptr_err(g);
	len = g->len;
	n = (uint32_t)MIN(m->u.left, (size_t)len);
	if (n)
		r = uio_write(&m->u, g->data, n);
	if (n < len)
		m->out_flags |= MSG_TRUNC;
	memcpy(m->name, &a, sizeof(a));
	m->name_len = sizeof(a);
	if (m->flags & MSG_PEEK) {
		mutex_lock(&k->lock);
		list_add(&g->link, &k->msgs);
		k->queued += len;
		store_release(&k->n_msgs, k->n_msgs + 1);
		mutex_unlock(&k->lock);
	} else {
		kfree(g);
	}
	if (r < 0)
		return r;
	return m->flags & MSG_TRUNC ? (ssize_t)len : (ssize_t)n;
}

static uint32_t nl_poll(struct socket *s, struct waiter *w)
{
	struct nl_sock *k = nl_sk(s);
	uint32_t mask = POLL_WRITE;

	if (w)
		wait_add(&k->queue, w, w->task);
	if (load_acquire(&k->n_msgs))
		mask |= POLL_READ;
	if (load_once(&k->error))
		mask |= EPOLLERR;
	return mask;
}

static int nl_error(struct socket *s)
{
	return take_error(nl_sk(s));
}

static int nl_peercred(struct socket *s, struct ucred *c)
{
	(void)s;
	c->pid = 0;
	c->uid = c->gid = UINT32_MAX;
	return 0;
}

static bool nl_listens(struct socket *s)
{
	(void)s;
	return false;
}

static long nl_unread(struct socket *s)
{
	(void)s;
	return -ENOTTY;
}

static long nl_setsockopt(struct socket *s, int level, int name, uaddr_t val,
			  int len)
{
	struct nl_sock *k = nl_sk(s);

	(void)val;
	if (level != SOL_NETLINK)
		return -ENOPROTOOPT;
	if (len < (int)sizeof(int))
		return -EINVAL;
	switch (name) {
	case NETLINK_ADD_MEMBERSHIP:
	case NETLINK_DROP_MEMBERSHIP:
	case NETLINK_PKTINFO:
	case NETLINK_BROADCAST_ERROR:
	case NETLINK_NO_ENOBUFS:
	case NETLINK_CAP_ACK:
	case NETLINK_EXT_ACK:
	case NETLINK_GET_STRICT_CHK:
		/* They change what is told of what does not happen here. */
		k->flags |= 1u << name;
		return 0;
	}
	return -ENOPROTOOPT;
}

static const struct socket_ops netlink_ops = {
	.bind = nl_bind,
	.connect = nl_connect,
	.listen = nl_listen,
	.accept = nl_accept,
	.shutdown = nl_shutdown,
	.getname = nl_getname,
	.sendmsg = nl_sendmsg,
	.recvmsg = nl_recvmsg,
	.poll = nl_poll,
	.take_error = nl_error,
	.peercred = nl_peercred,
	.listens = nl_listens,
	.unread = nl_unread,
	.unsent = nl_unread,
	.release = nl_release,
	.setsockopt = nl_setsockopt,
};
