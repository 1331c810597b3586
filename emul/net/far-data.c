/* SPDX-License-Identifier: Apache-2.0 */
/* far-data.c: what goes out and comes in over sockets of the host. */
#include <asm/ioctls.h>
#include <asm/poll.h>
#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/tcp.h>

#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/net/far.h"
#include "emul/net/outward.h"
#include "emul/net/tcp.h"
#include "emul/net/udp.h"
#include "emul/task/task.h"
#include "emul/time/time.h"

#define GATHER_MAX	65536u	/* bytes that go out in one call, if in pieces */
#define DGRAM_MAX	65536u

static bool nonblocking(const struct sockmsg *m)
{
	return m->u.nonblock || (m->flags & MSG_DONTWAIT);
}

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
		err = far_check_connected(k);
		if (err)
			return err > 0 ? 0 : far_failed(k, err);
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

ssize_t far_tcp_send(struct socket *s, struct task *t,
			    struct sockmsg *m)
{
	struct inet_sock *k = inet_sk(s);
	struct far *h = far_of(k);
	size_t want = m->u.left;
	int64_t deadline;
	bool more;
	ssize_t n;

	if (m->flags & (MSG_OOB | MSG_FASTOPEN))
		return -EOPNOTSUPP;
	n = be_connected(k, nonblocking(m), s->snd_timeout_ns);
	if (n == -ENOTCONN || load_once(&k->shut) & SHUT_SND)
		n = -EPIPE;
	deadline = s->snd_timeout_ns == NEVER_NS ? NEVER_NS :
		socket_deadline(s->snd_timeout_ns);
	more = m->flags & MSG_MORE || tcp_opt_on(tcp_sk(s), TCP_CORK);
	if (unlikely(!n && more && !load_once(&h->cork)))
		cork_begin(k);
	while (!n && m->u.left) {
		n = more || load_once(&h->cork) ? cork_send(h, t, m, more) : 0;
		if (!n && m->u.left)
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

ssize_t far_udp_send(struct socket *s, struct task *t,
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
	/* Pieces of one datagram are put together in here alone. */
	if (m->flags & (MSG_OOB | MSG_MORE) || udp_sk(s)->cork)
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
 * A read that takes all there is says so to who waits for the file: after which
 * edge, so that one that comes meanwhile counts.
 */
static ssize_t read_all(struct inet_sock *k, void *p, size_t n)
{
	struct file *f = load_acquire(&k->so.file);
	uint32_t edges = f ? load_acquire(&f->host_edges) : 0;
	ssize_t r = host_read(far_of(k)->fd, p, n);

	if (f && (r == -EAGAIN || (r > 0 && (size_t)r < n)))
		store_release(&f->host_drained, edges);
	return r;
}

/* What was only looked at is ready, whatever the host says. */
static void note_peek(struct inet_sock *k)
{
	struct file *f = load_acquire(&k->so.file);

	if (f)
		store_once(&f->host_ready, far_peeked(k) ? EPOLLIN : 0);
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

ssize_t far_tcp_recv(struct socket *s, struct task *t,
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

static ssize_t dgram_take(struct inet_sock *k, struct task *t,
			  struct sockmsg *m)
{
	struct far *h = far_of(k);
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
	note_peek(k);
	turn_give(&h->rd);
	return r < 0 ? r : m->flags & MSG_TRUNC ? got : r;
}

ssize_t far_udp_recv(struct socket *s, struct task *t,
			    struct sockmsg *m)
{
	struct inet_sock *k = inet_sk(s);
	const struct far *h = far_of(k);
	int64_t deadline = socket_deadline(s->rcv_timeout_ns);
	ssize_t n;

	m->name_len = 0;
	if (m->flags & MSG_ERRQUEUE)
		return -EAGAIN;
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	far_flush(k);
	for (;;) {
		n = dgram_take(k, t, m);
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

/* What the resolver has sent, which the broker counts for nobody. */
static long pair_unread(struct inet_sock *k)
{
	struct far *h = far_of(k);
	ssize_t r = turn_take(&h->rd, current());

	if (r)
		return r;
	r = inet_is_tcp(k) ? fill_peek(h, GATHER_MAX) :
		dgram_peek(h, DGRAM_MAX);
	note_peek(k);
	turn_give(&h->rd);
	return r == -EAGAIN ? 0 : r;
}

long far_unread(struct socket *s)
{
	struct inet_sock *k = inet_sk(s);
	const struct far *h = far_of(k);

	if (h->pair && h->fd >= 0)
		return pair_unread(k);
	if (s->type == SOCK_DGRAM && h->peek)
		return (long)h->peek_n;
	return (long)h->peek_n + far_count(k, FIONREAD);
}
