/* SPDX-License-Identifier: Apache-2.0 */
/* unix-data.c: AF_UNIX sockets: sending and receiving. */
#include <linux/errno.h>
#include <linux/eventpoll.h>

#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/net/unix.h"
#include "emul/task/task.h"

#define PIECE_MAX	(32768u - (uint32_t)sizeof(struct skb))
#define DGRAM_OVERHEAD	32u	/* of the buffer, as Linux has it */

/*
 * Messages hold files, which may be sockets with messages: the innermost
 * list is put off until the outer one is done, or the stack would not do.
 */
void skbs_free(struct list_head *list)
{
	struct task *t = current();
	struct skb *k;

	if (list_empty(list))
		return;
	list_splice_tail(list, &t->late_skbs);
	if (t->frees_skbs)
		return;
	t->frees_skbs = true;
	while (!list_empty(&t->late_skbs)) {
		k = list_first(&t->late_skbs, struct skb, link);
		list_del(&k->link);
		if (k->files)
			unix_land(k->files);
		scm_files_free(k->files);
		unix_addr_put(k->from);
		kfree(k);
	}
	t->frees_skbs = false;
}

static void skb_free(struct skb *k)
{
	struct list_head one;

	list_init(&one);
	list_add_tail(&k->link, &one);
	skbs_free(&one);
}

/* The next @n bytes of @m, and what goes along with them. err_ptr(). */
static struct skb *skb_new(struct unix_sock *u, struct task *t,
			   struct sockmsg *m, size_t n)
{
	struct skb *k = kmalloc(sizeof(*k) + n);
	ssize_t r;
	int err;

	if (!k)
		return err_ptr(-ENOBUFS);
	list_init(&k->link);
	k->len = (uint32_t)n;
	k->off = 0;
	if (m->has_cred)
		k->cred = m->cred;
	else
		ucred_of(&k->cred, t);
	k->files = NULL;
	k->from = NULL;
	r = n ? uio_read(&m->u, k->data, n) : 0;
	if (r != (ssize_t)n) {
		kfree(k);
		return err_ptr(-EFAULT);
	}
	err = m->files ? unix_fly(t, m->files) : 0;
	if (err) {
		kfree(k);
		return err_ptr(err);
	}
	k->from = load_acquire(&u->addr);
	if (k->from)
		ref_get(&k->from->ref);
	k->files = m->files;
	m->files = NULL;
	return k;
}

static bool has_room(struct unix_sock *u, struct unix_sock *to)
{
	if (load_acquire(&to->shut) & SHUT_RCV ||
	    load_acquire(&u->shut) & SHUT_SND)
		return true;	/* the sender finds out */
	if (u->so.type == SOCK_STREAM)
		return load_acquire(&to->queued) < u->so.sndbuf;
	return load_acquire(&to->n_skbs) < DGRAM_QUEUE_MAX &&
	       load_acquire(&to->queued) < 4UL * u->so.sndbuf;
}

bool unix_writable(struct unix_sock *u)
{
	struct unix_sock *p = unix_peer(u);
	bool room = true;

	if (p && u->so.type == SOCK_STREAM)
		room = load_acquire(&p->queued) * 2 <= u->so.sndbuf;
	else if (p)
		room = has_room(u, p);
	unix_put(p);
	return room;
}

/*
 * Sleep until @to has room for @u's next.  A stream waits on its own queue, a
 * datagram, which may go to somebody it is not connected to, on @to's.
 */
static int wait_room(struct unix_sock *u, struct unix_sock *to,
		     struct task *t, bool nonblock, int64_t deadline)
{
	struct unix_sock *at = u->so.type == SOCK_STREAM ? u : to;
	int err = 0;

	if (has_room(u, to))
		return 0;
	if (nonblock)
		return -EAGAIN;
	t->waiter.key = UNIX_OUT | EPOLLHUP;
	t->waiter.exclusive = false;
	wait_add(&at->queue, &t->waiter, t);
	for (;;) {
		uint32_t seq = wait_prepare(t);

		if (has_room(u, to))
			break;
		err = wait_sleep(t, seq, deadline);
		if (err)
			break;
	}
	wait_del(&t->waiter);
	return err ? socket_wait_error(err, u->so.snd_timeout_ns) : 0;
}

static bool nonblocking(const struct sockmsg *m)
{
	return m->u.nonblock || (m->flags & MSG_DONTWAIT);
}

/* 0, or -errno: @to does not take any more. */
static int deliver(struct unix_sock *to, struct skb *k, int closed)
{
	int err = 0;

	mutex_lock(&to->lock);
	if (to->state == UNIX_DEAD)
		err = closed;
	else if (to->shut & SHUT_RCV)
		err = -EPIPE;
	else
		list_add_tail(&k->link, &to->skbs);
	if (!err) {
		store_release(&to->queued, to->queued + k->len);
		store_release(&to->n_skbs, to->n_skbs + 1);
	}
	mutex_unlock(&to->lock);
	if (!err)
		wait_wake(&to->queue, UNIX_IN, 1);
	return err;
}

ssize_t unix_stream_send(struct socket *s, struct task *t, struct sockmsg *m)
{
	int64_t deadline = socket_deadline(s->snd_timeout_ns);
	struct unix_sock *u = unix_sk(s), *to;
	size_t done = 0;
	int err = 0;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	to = unix_peer(u);
	if (m->name_len)
		err = to ? -EISCONN : -EOPNOTSUPP;
	else if (!to)
		err = load_acquire(&u->shut) & SHUT_SND ? -EPIPE : -ENOTCONN;
	while (!err && m->u.left) {
		size_t n = MIN(m->u.left, PIECE_MAX);
		struct skb *k;

		if (load_acquire(&u->shut) & SHUT_SND) {
			err = -EPIPE;
			break;
		}
		err = wait_room(u, to, t, nonblocking(m), deadline);
		if (err)
			break;
		k = skb_new(u, t, m, n);
		if (is_err(k)) {
			err = (int)ptr_err(k);
			break;
		}
		err = deliver(to, k, -EPIPE);
		if (err)
			skb_free(k);
		else
			done += n;
	}
	unix_put(to);
	if (done || !err)
		return (ssize_t)done;
	if (err == -EPIPE && !(m->flags & MSG_NOSIGNAL))
		return signal_epipe(t);
	return err;
}

/* Where a datagram goes, with a reference; err_ptr(). */
static struct unix_sock *destination(struct unix_sock *u, struct task *t,
				     const struct sockmsg *m)
{
	struct unix_sock *to, *back;

	if (!m->name_len || u->so.type == SOCK_SEQPACKET) {
		to = unix_peer(u);
		if (to)
			return to;
		return err_ptr(load_acquire(&u->shut) & SHUT_SND &&
			       u->so.type == SOCK_SEQPACKET ? -EPIPE :
			       -ENOTCONN);
	}
	to = unix_find(t, m->name, m->name_len, SOCK_DGRAM);
	if (is_err(to))
		return to;
	back = load_acquire(&to->peer);
	if (back && back != u) {
		unix_put(to);
		return err_ptr(-EPERM);
	}
	return to;
}

ssize_t unix_dgram_send(struct socket *s, struct task *t, struct sockmsg *m)
{
	int64_t deadline = socket_deadline(s->snd_timeout_ns);
	struct unix_sock *u = unix_sk(s), *to;
	size_t n = m->u.left;
	struct skb *k;
	int err;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (n > s->sndbuf - DGRAM_OVERHEAD)
		return -EMSGSIZE;
	to = destination(u, t, m);
	if (is_err(to))
		return ptr_err(to);
	if (s->passcred) {
		err = unix_autobind(u);
		if (err)
			goto out;
	}
	k = skb_new(u, t, m, n);
	err = is_err(k) ? (int)ptr_err(k) : 0;
	if (err)
		goto out;
	err = load_acquire(&u->shut) & SHUT_SND ? -EPIPE :
	      wait_room(u, to, t, nonblocking(m), deadline);
	if (!err)
		err = deliver(to, k, s->type == SOCK_DGRAM ? -ECONNREFUSED :
			      -EPIPE);
	if (err)
		skb_free(k);
out:
	unix_put(to);
	if (err == -EPIPE && s->type == SOCK_SEQPACKET &&
	    !(m->flags & MSG_NOSIGNAL))
		return signal_epipe(t);
	return err ? err : (ssize_t)n;
}

/* What is there to read next after @k (NULL: first)?  The turn is held. */
static struct skb *next_skb(struct unix_sock *u, struct skb *k)
{
	struct list_head *next;

	mutex_lock(&u->lock);
	next = k ? k->link.next : u->skbs.next;
	mutex_unlock(&u->lock);
	return next == &u->skbs ? NULL : list_entry(next, struct skb, link);
}

/* Sleep for data.  The turn is held, and given back meanwhile. */
static int wait_data(struct unix_sock *u, struct task *t, int64_t deadline)
{
	int err = 0, late;

	turn_give(&u->reader);
	t->waiter.key = UNIX_IN | EPOLLHUP | EPOLLRDHUP;
	t->waiter.exclusive = true;
	wait_add(&u->queue, &t->waiter, t);
	for (;;) {
		uint32_t seq = wait_prepare(t);

		if (load_acquire(&u->n_skbs) || load_acquire(&u->error) ||
		    load_acquire(&u->shut) & SHUT_RCV)
			break;
		err = wait_sleep(t, seq, deadline);
		if (err)
			break;
	}
	wait_del(&t->waiter);
	if (err) {
		wait_wake(&u->queue, UNIX_IN, 1);
		err = socket_wait_error(err, u->so.rcv_timeout_ns);
	}
	late = turn_take(&u->reader, t);
	if (late && !err) {
		wait_wake(&u->queue, UNIX_IN, 1);
		return late;
	}
	/* On failure the caller has the turn no more. */
	if (err && !late)
		turn_give(&u->reader);
	return err;
}

/* Tell senders that there is room in @u. */
static void wake_senders(struct unix_sock *u)
{
	struct unix_sock *p, *c;

	if (u->so.type == SOCK_STREAM) {
		p = unix_peer(u);
		if (p)
			wait_wake(&p->queue, UNIX_OUT, INT32_MAX);
		unix_put(p);
		return;
	}
	wait_wake(&u->queue, UNIX_OUT, INT32_MAX);
	p = unix_peer(u);
	if (p)
		wait_wake(&p->queue, UNIX_OUT, INT32_MAX);
	unix_put(p);
	mutex_lock(&u->lock);
	list_for_each(c, &u->clients, client_link)
		wait_wake(&c->queue, UNIX_OUT, INT32_MAX);
	mutex_unlock(&u->lock);
}

/* @n bytes of the first message were read; the turn is held. */
static void consume(struct unix_sock *u, struct skb *k, uint32_t n)
{
	bool gone;

	mutex_lock(&u->lock);
	k->off += n;
	store_release(&u->queued, u->queued - n);
	gone = k->off == k->len || u->so.type != SOCK_STREAM;
	if (gone) {
		store_release(&u->queued, u->queued - (k->len - k->off));
		store_release(&u->n_skbs, u->n_skbs - 1);
		list_del(&k->link);
	}
	mutex_unlock(&u->lock);
	if (gone)
		skb_free(k);
	wake_senders(u);
}

static int ended(struct unix_sock *u)
{
	int err = __atomic_exchange_n(&u->error, 0, __ATOMIC_ACQ_REL);

	if (err)
		return err;
	return load_acquire(&u->shut) & SHUT_RCV ? 0 : -EAGAIN;
}

static bool same_cred(const struct ucred *a, const struct ucred *b)
{
	return a->pid == b->pid && a->uid == b->uid && a->gid == b->gid;
}

static void tell_sender(struct sockmsg *m, const struct skb *k)
{
	m->name_len = 0;
	if (k->from) {
		memcpy(m->name, &k->from->un, k->from->len);
		m->name_len = k->from->len;
	}
}

ssize_t unix_stream_recv(struct socket *s, struct task *t, struct sockmsg *m)
{
	int64_t deadline = socket_deadline(s->rcv_timeout_ns);
	struct unix_sock *u = unix_sk(s);
	size_t want = m->u.left, done = 0, target;
	bool peek = m->flags & MSG_PEEK;
	struct skb *k, *peeked = NULL;
	uint32_t n;
	ssize_t r;
	int err;

	m->name_len = 0;
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (load_acquire(&u->state) != UNIX_CONNECTED)
		return -EINVAL;
	target = m->flags & MSG_WAITALL ? want : MIN(s->rcvlowat, want);
	target = MAX(target, 1);
	err = turn_take(&u->reader, t);
	if (err)
		return err;
	for (;;) {
		k = next_skb(u, peeked);
		/* A look does not wait for more; it has no hold on @peeked. */
		if (!k && peeked)
			break;
		if (!k) {
			err = done >= target ? 0 : ended(u);
			if (err != -EAGAIN || nonblocking(m))
				break;
			err = wait_data(u, t, deadline);
			if (err)
				return done ? (ssize_t)done : err;
			continue;
		}
		/* Data of several senders, or with files, is not mixed. */
		if (done && (k->files || (s->passcred &&
					  !same_cred(&k->cred, &m->cred))))
			break;
		m->cred = k->cred;
		n = (uint32_t)MIN(m->u.left, (size_t)(k->len - k->off));
		r = n ? uio_write(&m->u, k->data + k->off, n) : 0;
		if (r < 0) {
			err = (int)r;
			break;
		}
		n = (uint32_t)r;
		done += n;
		if (k->files) {
			m->files = unix_take_files(u, k, peek);
			want = done;
		}
		if (peek)
			peeked = k;
		else
			consume(u, k, n);
		if (!m->u.left || want == done)
			break;
	}
	turn_give(&u->reader);
	return done ? (ssize_t)done : err;
}

ssize_t unix_dgram_recv(struct socket *s, struct task *t, struct sockmsg *m)
{
	int64_t deadline = socket_deadline(s->rcv_timeout_ns);
	struct unix_sock *u = unix_sk(s);
	bool peek = m->flags & MSG_PEEK;
	struct skb *k;
	ssize_t r = 0;
	uint32_t n, len;
	int err;

	m->name_len = 0;
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (s->type == SOCK_SEQPACKET &&
	    load_acquire(&u->state) != UNIX_CONNECTED)
		return -ENOTCONN;
	err = turn_take(&u->reader, t);
	if (err)
		return err;
	while (!(k = next_skb(u, NULL))) {
		err = ended(u);
		if (err != -EAGAIN || nonblocking(m)) {
			turn_give(&u->reader);
			return err;
		}
		err = wait_data(u, t, deadline);
		if (err)
			return err;
	}
	len = k->len;
	n = (uint32_t)MIN(m->u.left, (size_t)len);
	if (n < len)
		m->out_flags |= MSG_TRUNC;
	m->cred = k->cred;
	if (n)
		r = uio_write(&m->u, k->data, n);
	tell_sender(m, k);
	if (k->files)
		m->files = unix_take_files(u, k, peek);
	if (!peek)
		consume(u, k, 0);
	turn_give(&u->reader);
	if (r < 0)
		return r;
	return m->flags & MSG_TRUNC ? (ssize_t)len : (ssize_t)n;
}
