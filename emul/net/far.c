/* SPDX-License-Identifier: Apache-2.0 */
/* far.c: connections to the outside: their life and their data. */
#include "emul/net/far.h"

#include <asm/poll.h>
#include <asm/ioctls.h>
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

#define GATHER_MAX	65536u	/* bytes that go out in one call, if in pieces */
#define DGRAM_MAX	65536u

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

	socket_set_host(&k->so, -1);
	store_release(&h->fd, -1);
	h->connected = h->begun = false;
	kfree(h->peek);
	h->peek = NULL;
	h->peek_n = 0;
	if (fd >= 0)
		host_close(fd);
}

static bool nonblocking(const struct sockmsg *m)
{
	return m->u.nonblock || (m->flags & MSG_DONTWAIT);
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

/* Is it connected?  1, 0: not yet, -errno: it will not be. */
static int check_connected(struct inet_sock *k)
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

static int failed(struct inet_sock *k, int err)
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
		err = check_connected(k);
		if (err > 0)
			return 0;
		if (err < 0 && nonblock && !was) {
			/* What came over the wire comes later. */
			store_release(&k->error, err);
			failed(k, err);
			return -EINPROGRESS;
		}
		if (err < 0)
			return failed(k, err);
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

static int far_getname(struct socket *s, bool peer, void *name)
{
	struct inet_sock *k = inet_sk(s);

	if (peer && (far_of(k)->fd < 0 || check_connected(k) <= 0))
		return -ENOTCONN;
	return inet_getname(s, peer, name);
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
		return failed(k, err);
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
	if (load_acquire(&h->peek_n))
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

/*
 * Data.
 */
char *far_gather(struct sockmsg *m)
{
	size_t n = m->u.left;
	char *buf = kmalloc(n + 1);
	ssize_t r;

	if (!buf)
		return err_ptr(-ENOBUFS);
	r = n ? uio_read(&m->u, buf, n) : 0;
	if (r == (ssize_t)n)
		return buf;
	kfree(buf);
	return err_ptr(-EFAULT);
}

/* A first call on it: wait for the connection.  0 or -errno. */
static int be_connected(struct inet_sock *k, bool nonblock, int64_t timeout)
{
	struct far *h = far_of(k);
	int err;

	if (likely(h->connected && !h->dirty))
		return 0;
	far_flush(k);
	for (;;) {
		if (h->fd < 0)
			return -ENOTCONN;
		err = check_connected(k);
		if (err)
			return err > 0 ? 0 : failed(k, err);
		if (nonblock)
			return -EAGAIN;
		err = far_wait(k, h->fd, POLLOUT, socket_deadline(timeout));
		if (err)
			return socket_wait_error(err, timeout);
	}
}

/*
 * One write of what is left.  Small pieces go out together, as one call of
 * the host would have sent them.
 */
static ssize_t write_some(int fd, struct sockmsg *m)
{
	struct uio u;
	size_t n;
	void *p;
	ssize_t r;
	char *buf;

	n = uio_piece(&m->u, &p);
	if (n == m->u.left || n >= GATHER_MAX) {
		r = host_write(fd, p, n);
		if (r > 0)
			uio_advance(&m->u, (size_t)r);
		return r;
	}
	n = MIN(m->u.left, (size_t)GATHER_MAX);
	buf = kmalloc(n);
	if (!buf)
		return -ENOBUFS;
	u = m->u;
	r = uio_read(&u, buf, n);
	if (r > 0)
		r = host_write(fd, buf, (size_t)r);
	if (r > 0)
		uio_advance(&m->u, (size_t)r);
	kfree(buf);
	return r;
}

static ssize_t far_tcp_send(struct socket *s, struct task *t,
			    struct sockmsg *m)
{
	struct inet_sock *k = inet_sk(s);
	struct far *h = far_of(k);
	size_t want = m->u.left;
	int64_t deadline;
	ssize_t n;

	if (m->flags & (MSG_OOB | MSG_FASTOPEN))
		return -EOPNOTSUPP;
	n = be_connected(k, nonblocking(m), s->snd_timeout_ns);
	if (n == -ENOTCONN || load_once(&k->shut) & SHUT_SND)
		n = -EPIPE;
	deadline = s->snd_timeout_ns == NEVER_NS ? NEVER_NS :
		socket_deadline(s->snd_timeout_ns);
	while (!n && m->u.left) {
		n = write_some(h->fd, m);
		if (n > 0)
			n = 0;
		if (n != -EAGAIN || nonblocking(m))
			continue;
		n = far_wait(k, h->fd, POLLOUT, deadline);
		if (n)
			n = socket_wait_error((int)n, s->snd_timeout_ns);
	}
	if (want != m->u.left)
		return (ssize_t)(want - m->u.left);
	if (n == -EPIPE && !(m->flags & MSG_NOSIGNAL))
		return signal_epipe(t);
	return n;
}

static ssize_t far_udp_send(struct socket *s, struct task *t,
			    struct sockmsg *m)
{
	struct inet_sock *k = inet_sk(s);
	struct far *h = far_of(k);
	size_t want = m->u.left;
	struct inet_addr to;
	char *buf;
	ssize_t n;
	void *p;
	int err;

	(void)t;
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (want > UINT16_MAX)
		return -EMSGSIZE;
	if (m->name_len) {
		err = addr_parse_to(k, m->name, m->name_len, &to);
		if (err)
			return err;
		if (!addr_same(&to, &k->remote))
			return outward_sendto(k, m, &to);
	}
	if (load_once(&k->shut) & SHUT_SND)
		return -EPIPE;
	if (h->fd < 0)
		return -EDESTADDRREQ;
	far_flush(k);
	if (!want)
		return -EOPNOTSUPP;	/* the host call would send nothing */
	do {
		if (uio_piece(&m->u, &p) == want) {
			n = host_write(h->fd, p, want);
		} else {
			struct sockmsg copy = *m;

			buf = far_gather(&copy);
			if (is_err(buf))
				return ptr_err(buf);
			n = host_write(h->fd, buf, want);
			kfree(buf);
		}
		if (n != -EAGAIN || nonblocking(m))
			break;
		n = far_wait(k, h->fd, POLLOUT,
			     socket_deadline(s->snd_timeout_ns));
	} while (!n);
	if (n == -EINTR || n == -ETIMEDOUT)
		return socket_wait_error((int)n, s->snd_timeout_ns);
	/* Nobody listens at the resolver's any more, or its queue is full. */
	return n == -EPIPE ? -ECONNREFUSED : n;
}

/* From what was looked at before.  The turn is held. */
static ssize_t from_peek(struct far *h, struct sockmsg *m)
{
	size_t n = MIN(h->peek_n, m->u.left);
	ssize_t r = n ? uio_write(&m->u, h->peek, n) : 0;

	if (r <= 0 || m->flags & MSG_PEEK)
		return r;
	h->peek_n -= (size_t)r;
	memmove(h->peek, h->peek + r, h->peek_n);
	return r;
}

/* Look at what comes next: keep it.  The turn is held. */
static ssize_t fill_peek(struct far *h, size_t want)
{
	size_t n = MIN(want, (size_t)GATHER_MAX);
	char *buf;
	ssize_t r;

	if (h->peek_n >= n)
		return (ssize_t)h->peek_n;
	buf = kmalloc(n);
	if (!buf)
		return -ENOBUFS;
	memcpy(buf, h->peek, h->peek_n);
	r = host_read(h->fd, buf + h->peek_n, n - h->peek_n);
	if (r <= 0 && !h->peek_n) {
		kfree(buf);
		return r;
	}
	kfree(h->peek);
	h->peek = buf;
	if (r > 0)
		h->peek_n += (size_t)r;
	return (ssize_t)h->peek_n;
}

/* MSG_TRUNC: taken, and thrown away. */
static ssize_t skip(struct far *h, struct sockmsg *m)
{
	size_t n = MIN(m->u.left, (size_t)GATHER_MAX);
	char *buf = kmalloc(n);
	ssize_t r;

	if (!buf)
		return -ENOBUFS;
	r = host_read(h->fd, buf, n);
	kfree(buf);
	if (r > 0)
		uio_advance(&m->u, (size_t)r);
	return r;
}

/*
 * A read that takes all there is says so to who waits for the file; before it,
 * so that what comes meanwhile counts.
 */
static ssize_t read_all(struct inet_sock *k, void *p, size_t n)
{
	struct file *f = load_acquire(&k->so.file);
	ssize_t r;

	if (f)
		__atomic_store_n(&f->host_drained, true, __ATOMIC_SEQ_CST);
	r = host_read(far_of(k)->fd, p, n);
	if (f && r != -EAGAIN && (r <= 0 || (size_t)r == n))
		store_once(&f->host_drained, false);
	return r;
}

/* What was only looked at is ready, whatever the host says. */
static void note_peek(struct inet_sock *k)
{
	struct file *f = load_acquire(&k->so.file);

	if (f)
		store_once(&f->host_ready, far_of(k)->peek_n ? EPOLLIN : 0);
}

/* What there is now.  Bytes, 0: the end, -EAGAIN. */
static ssize_t tcp_take(struct inet_sock *k, struct task *t, struct sockmsg *m)
{
	struct far *h = far_of(k);
	ssize_t r = turn_take(&h->rd, t);
	size_t n;
	void *p;

	if (r)
		return r;
	if (h->fd < 0) {
		r = -ENOTCONN;
	} else if (m->flags & MSG_PEEK) {
		r = fill_peek(h, m->u.left);
		if (r > 0)
			r = from_peek(h, m);
		note_peek(k);
	} else if (h->peek_n) {
		r = from_peek(h, m);
		note_peek(k);
	} else if (m->flags & MSG_TRUNC) {
		r = skip(h, m);
	} else {
		n = uio_piece(&m->u, &p);
		r = read_all(k, p, n);
		if (r > 0)
			uio_advance(&m->u, (size_t)r);
	}
	turn_give(&h->rd);
	return r;
}

static ssize_t far_tcp_recv(struct socket *s, struct task *t,
			    struct sockmsg *m)
{
	struct inet_sock *k = inet_sk(s);
	struct far *h = far_of(k);
	size_t done = 0, target, want = m->u.left;
	int64_t deadline;
	ssize_t n;

	m->name_len = 0;
	if (unlikely(m->flags & (MSG_OOB | MSG_ERRQUEUE)))
		return m->flags & MSG_OOB ? -EINVAL : -EAGAIN;
	n = be_connected(k, nonblocking(m), s->rcv_timeout_ns);
	if (n || !want)
		return n;
	deadline = s->rcv_timeout_ns == NEVER_NS ? NEVER_NS :
		socket_deadline(s->rcv_timeout_ns);
	target = m->flags & MSG_WAITALL ? want : MIN(s->rcvlowat, want);
	for (;;) {
		n = tcp_take(k, t, m);
		if (n > 0 && m->flags & MSG_PEEK)
			return n;
		if (n > 0) {
			done += (size_t)n;
			if (done >= target)
				break;
			continue;
		}
		if (n != -EAGAIN || done >= target || nonblocking(m) ||
		    load_once(&k->shut) & SHUT_RCV)
			break;
		n = far_wait(k, h->fd, POLLIN | POLLRDHUP, deadline);
		if (n) {
			n = socket_wait_error((int)n, s->rcv_timeout_ns);
			break;
		}
	}
	if (n == -EAGAIN && load_once(&k->shut) & SHUT_RCV)
		n = 0;
	return done ? (ssize_t)done : n;
}

/* One datagram, at most @size bytes of it, into peek.  The turn is held. */
static ssize_t dgram_peek(struct far *h, size_t size)
{
	char *buf;
	ssize_t r;

	if (h->peek)
		return (ssize_t)h->peek_n;
	buf = kmalloc(size);
	if (!buf)
		return -ENOBUFS;
	r = host_read(h->fd, buf, size);
	if (r < 0) {
		kfree(buf);
		return r;
	}
	h->peek = buf;
	h->peek_n = (size_t)r;
	return r;
}

static ssize_t dgram_take(struct far *h, struct task *t, struct sockmsg *m)
{
	bool whole = m->flags & (MSG_TRUNC | MSG_PEEK);
	ssize_t r = turn_take(&h->rd, t);
	ssize_t got;

	if (r)
		return r;
	/* One byte more than there is room for tells that it was cut. */
	got = h->fd < 0 ? -EAGAIN :
		dgram_peek(h, whole ? DGRAM_MAX :
			   MIN(m->u.left + 1, (size_t)DGRAM_MAX));
	if (got < 0) {
		turn_give(&h->rd);
		return got;
	}
	if ((size_t)got > m->u.left)
		m->out_flags |= MSG_TRUNC;
	r = (ssize_t)MIN(m->u.left, (size_t)got);
	if (r)
		r = uio_write(&m->u, h->peek, (size_t)r);
	if (!(m->flags & MSG_PEEK)) {
		kfree(h->peek);
		h->peek = NULL;
		h->peek_n = 0;
	}
	turn_give(&h->rd);
	return r < 0 ? r : m->flags & MSG_TRUNC ? got : r;
}

static ssize_t far_udp_recv(struct socket *s, struct task *t,
			    struct sockmsg *m)
{
	struct inet_sock *k = inet_sk(s);
	struct far *h = far_of(k);
	int64_t deadline = socket_deadline(s->rcv_timeout_ns);
	ssize_t n;

	m->name_len = 0;
	if (m->flags & MSG_ERRQUEUE)
		return -EAGAIN;
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	far_flush(k);
	for (;;) {
		n = dgram_take(h, t, m);
		if (n != -EAGAIN || nonblocking(m))
			break;
		if (load_once(&k->shut) & SHUT_RCV)
			return 0;
		n = far_wait(k, h->fd, POLLIN, deadline);
		if (n)
			return socket_wait_error((int)n, s->rcv_timeout_ns);
	}
	if (n >= 0)
		m->name_len = addr_put(s->family, &k->remote, m->name);
	return n;
}

static long far_unread(struct socket *s)
{
	struct far *h = far_of(inet_sk(s));

	if (s->type == SOCK_DGRAM && h->peek)
		return (long)h->peek_n;
	return (long)h->peek_n + far_count(inet_sk(s), FIONREAD);
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
