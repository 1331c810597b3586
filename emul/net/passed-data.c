/* SPDX-License-Identifier: Apache-2.0 */
/*
 * passed-data.c: what goes over the sockets that sbx has inherited.
 *
 * One that blocks is read and written when the host says that it is ready, and
 * no more at once than surely has room.  What MSG_PEEK has looked at is kept
 * here until it is taken.
 */
#include "emul/net/passed-int.h"

#include <asm/poll.h>
#include <linux/errno.h>
#include <linux/eventpoll.h>

#include "emul/entry/trace.h"
#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/net/far.h"
#include "emul/signal/signal.h"
#include "emul/vfs/vfs.h"

#define CHUNK		4096u	/* has room wherever POLLOUT is told */
#define PIECE_MAX	65536u

static bool nonblocking(const struct sockmsg *m)
{
	return m->u.nonblock || (m->flags & MSG_DONTWAIT);
}

static long write_piece(const struct passed *p, const void *at, size_t n,
			bool wait)
{
	return wait && p->waits ? host_write_wait(p->fd, at, n) :
		host_write(p->fd, at, n);
}

ssize_t passed_stream_send(struct socket *s, struct task *t, struct sockmsg *m)
{
	bool nonblock = nonblocking(m), timed = s->snd_timeout_ns != NEVER_NS;
	struct passed *p = passed_of(s);
	size_t want = m->u.left, n;
	void *at;
	long r = 0;

	if (m->files || m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (m->name_len)
		return p->connected ? -EISCONN : -EOPNOTSUPP;
	while ((n = uio_piece(&m->u, &at))) {
		if (p->waits && (nonblock || timed)) {
			r = passed_get_ready(p, POLLOUT, nonblock, s->snd_timeout_ns);
			if (r)
				break;
			n = MIN(n, (size_t)CHUNK);
		}
		r = write_piece(p, at, n, !nonblock && !timed);
		if (r == -EAGAIN && !nonblock) {
			r = passed_get_ready(p, POLLOUT, false, s->snd_timeout_ns);
			if (!r)
				continue;
		}
		if (r < 0)
			break;
		uio_advance(&m->u, (size_t)r);
	}
	if (want != m->u.left)
		return (ssize_t)(want - m->u.left);
	if (r == -EPIPE && !(m->flags & MSG_NOSIGNAL))
		return signal_epipe(t);
	return r == -EINTR ? -ERESTARTSYS : r;
}

/* To who has sent something: by the broker. */
static ssize_t answer(const struct passed *p, struct sockmsg *m,
		      const char *data, size_t n)
{
	struct broker_req req = {
		.op = BROKER_NET_SENDTO,
		.len1 = sizeof(struct broker_sockname),
		.len2 = (uint16_t)n,
	};
	struct broker_sockname to = { .len = m->name_len };
	struct broker_rep rep;
	int err;

	if (n > BROKER_PATH_MAX)
		return -EMSGSIZE;
	if (m->name_len > sizeof(to.name))
		return -EINVAL;
	memcpy(to.name, m->name, m->name_len);
	err = passed_ask(p, &req, &to, data, &rep, NULL, 0);
	if (err == -EACCES)
		trace_note("an inherited socket answers those alone who have "
			   "sent to it");
	return err;
}

ssize_t passed_dgram_send(struct socket *s, struct task *t, struct sockmsg *m)
{
	struct passed *p = passed_of(s);
	size_t n = m->u.left;
	ssize_t r = 0;
	char *buf;

	if (m->files || m->flags & MSG_OOB ||
	    (m->flags & MSG_MORE && s->family != AF_UNIX))
		return -EOPNOTSUPP;
	if (p->connected && m->name_len && s->type == SOCK_DGRAM)
		return -EISCONN;
	if (!p->connected && !m->name_len)
		return s->type == SOCK_DGRAM && s->family != AF_UNIX ?
			-EDESTADDRREQ : -ENOTCONN;
	buf = far_gather(m);
	if (is_err(buf))
		return ptr_err(buf);
	if (p->waits)
		r = passed_get_ready(p, POLLOUT, nonblocking(m), s->snd_timeout_ns);
	while (!r) {
		if (!p->connected)
			r = answer(p, m, buf, n);
		else
			r = n ? write_piece(p, buf, n, !nonblocking(m)) :
				-EOPNOTSUPP;
		if (r != -EAGAIN || nonblocking(m))
			break;
		r = passed_get_ready(p, POLLOUT, false, s->snd_timeout_ns);
	}
	kfree(buf);
	if (r == -EPIPE && s->type == SOCK_SEQPACKET &&
	    !(m->flags & MSG_NOSIGNAL))
		return signal_epipe(t);
	if (r < 0)
		return r == -EINTR ? -ERESTARTSYS : r;
	return (ssize_t)n;
}

/* As much as there is, up to @want, into peek.  The turn is held. */
static ssize_t look(struct passed *p, size_t want)
{
	size_t n = MIN(want, (size_t)PIECE_MAX);
	char *buf;
	ssize_t r;

	if (p->peek_n >= n || (p->peek_n && !passed_is_ready(p, POLLIN)))
		return (ssize_t)p->peek_n;
	buf = kmalloc(n);
	if (!buf)
		return -ENOBUFS;
	memcpy(buf, p->peek, p->peek_n);
	r = host_read(p->fd, buf + p->peek_n, n - p->peek_n);
	if (r <= 0 && !p->peek_n) {
		kfree(buf);
		return r;
	}
	kfree(p->peek);
	p->peek_n += r > 0 ? (size_t)r : 0;
	store_release(&p->peek, buf);
	return (ssize_t)p->peek_n;
}

static void note_peek(const struct passed *p)
{
	if (p->so.file)
		store_once(&p->so.file->host_ready, p->peek ? EPOLLIN : 0);
}

static void drop_peek(struct passed *p)
{
	kfree(p->peek);
	store_release(&p->peek, NULL);
	p->peek_n = 0;
}

/* From what was looked at.  The turn is held. */
static ssize_t from_peek(struct passed *p, struct sockmsg *m)
{
	size_t n = MIN(p->peek_n, m->u.left);
	ssize_t r = n ? uio_write(&m->u, p->peek, n) : 0;

	if (r <= 0 || m->flags & MSG_PEEK)
		return r;
	p->peek_n -= (size_t)r;
	if (p->peek_n)
		memmove(p->peek, p->peek + r, p->peek_n);
	else
		drop_peek(p);
	return r;
}

/* What there is now; a read of one that waits is made when it is ready. */
static ssize_t stream_take(struct passed *p, struct task *t, struct sockmsg *m)
{
	ssize_t r = turn_take(&p->rd, t);
	size_t n;
	void *at;

	if (r)
		return r;
	if (m->flags & MSG_PEEK || p->peek) {
		r = m->flags & MSG_PEEK ? look(p, m->u.left) : 1;
		if (r > 0)
			r = from_peek(p, m);
		note_peek(p);
	} else {
		n = uio_piece(&m->u, &at);
		r = host_read(p->fd, at, n);
		if (r > 0)
			uio_advance(&m->u, (size_t)r);
	}
	turn_give(&p->rd);
	return r;
}

ssize_t passed_stream_recv(struct socket *s, struct task *t, struct sockmsg *m)
{
	struct passed *p = passed_of(s);
	size_t want = m->u.left, done = 0, target;
	ssize_t r = 0;

	m->name_len = 0;
	if (m->flags & (MSG_OOB | MSG_ERRQUEUE))
		return m->flags & MSG_OOB ? -EINVAL : -EAGAIN;
	if (!p->connected)
		return -ENOTCONN;
	target = m->flags & MSG_WAITALL ? want : MIN(s->rcvlowat, want);
	while (m->u.left) {
		if (!load_acquire(&p->peek)) {
			r = passed_get_ready(p, POLLIN,
				      nonblocking(m) || done >= target,
				      s->rcv_timeout_ns);
			if (r)
				break;
		}
		r = stream_take(p, t, m);
		if (r > 0 && m->flags & MSG_PEEK)
			return r;
		if (r == -EAGAIN && !nonblocking(m))
			continue;
		if (r <= 0)
			break;
		done += (size_t)r;
		if (done >= target)
			break;
	}
	return done ? (ssize_t)done : r;
}

/* The next datagram, and whose it is, into peek.  The turn is held. */
static ssize_t look_dgram(struct passed *p)
{
	struct broker_req req = { .op = BROKER_NET_RECVFROM };
	struct broker_rep rep;
	char *buf;
	ssize_t r;

	if (p->peek)
		return 0;
	buf = kmalloc(BROKER_BODY_MAX);
	if (!buf)
		return -ENOBUFS;
	if (p->connected || p->ours) {
		r = host_read(p->fd, buf, BROKER_BODY_MAX);
		p->peek_n = r < 0 ? 0 : (size_t)r;
		p->peek_whole = p->peek_n;
		p->peek_from = p->name[1];
	} else {
		r = passed_ask(p, &req, NULL, NULL, &rep, buf, BROKER_BODY_MAX);
		if (!r && rep.len < sizeof(p->peek_from))
			r = -EPROTO;
		if (!r) {
			memcpy(&p->peek_from, buf, sizeof(p->peek_from));
			p->peek_n = rep.len - sizeof(p->peek_from);
			p->peek_whole = rep.val[0];
			memmove(buf, buf + sizeof(p->peek_from), p->peek_n);
		}
	}
	if (r < 0) {
		kfree(buf);
		return r;
	}
	store_release(&p->peek, buf);
	return 0;
}

static ssize_t dgram_take(struct passed *p, struct task *t, struct sockmsg *m)
{
	ssize_t r = turn_take(&p->rd, t);
	size_t n;

	if (r)
		return r;
	r = look_dgram(p);
	if (!r) {
		n = MIN(m->u.left, p->peek_n);
		r = n ? uio_write(&m->u, p->peek, n) : 0;
		if (n < p->peek_whole)
			m->out_flags |= MSG_TRUNC;
		if (r >= 0 && m->flags & MSG_TRUNC)
			r = (ssize_t)p->peek_whole;
		m->name_len = MIN(p->peek_from.len, (uint32_t)SOCKADDR_MAX);
		memcpy(m->name, p->peek_from.name,
		       MIN(m->name_len, (uint32_t)sizeof(p->peek_from.name)));
		if (!(m->flags & MSG_PEEK))
			drop_peek(p);
	}
	note_peek(p);
	turn_give(&p->rd);
	return r;
}

ssize_t passed_dgram_recv(struct socket *s, struct task *t, struct sockmsg *m)
{
	struct passed *p = passed_of(s);
	ssize_t r;

	m->name_len = 0;
	if (m->flags & (MSG_OOB | MSG_ERRQUEUE))
		return m->flags & MSG_OOB ? -EOPNOTSUPP : -EAGAIN;
	if (s->type == SOCK_SEQPACKET && !p->connected)
		return -ENOTCONN;
	do {
		r = load_acquire(&p->peek) ? 0 :
			passed_get_ready(p, POLLIN, nonblocking(m),
				  s->rcv_timeout_ns);
		if (r)
			return r;
		r = dgram_take(p, t, m);
	} while (r == -EAGAIN && !nonblocking(m));
	return r;
}
