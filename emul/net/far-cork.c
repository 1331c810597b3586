/* SPDX-License-Identifier: Apache-2.0 */
/*
 * far-cork.c: TCP_CORK and MSG_MORE of sockets of the host.
 *
 * To tell the host of each cork would be a request to the broker before and
 * after each answer of a web server.  So the host's sockets have none: what is
 * small is kept here until more comes, the cork goes, or the thread that wrote
 * it sleeps or ends; tcp(7) bounds the time by 200 ms.  Nothing is kept of a
 * socket that has no room, so that what is kept can be sent without waiting.
 */
#include <asm/poll.h>
#include <linux/errno.h>

#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/net/far.h"
#include "emul/task/task.h"

#define HOLD	4000u

struct cork {
	struct ref refs;	/* the socket's, and of tasks: task->corked */
	struct mutex lock;	/* protects: */
	int fd;			/* -1: closed */
	uint32_t n;		/* bytes held; read without it */
	char data[HOLD];
};

static void cork_put(struct cork *c)
{
	if (ref_put(&c->refs))
		kfree(c);
}

/* Send what is held.  0, -EAGAIN: some is left, or an error: it is lost. */
static int push_locked(struct cork *c)
{
	ssize_t r;

	if (!c->n)
		return 0;
	r = c->fd < 0 ? -EPIPE : host_write(c->fd, c->data, c->n);
	if (r == -EAGAIN || r == -EINTR || (r >= 0 && r < (ssize_t)c->n)) {
		r = MAX(r, 0);
		store_once(&c->n, c->n - (uint32_t)r);
		memmove(c->data, c->data + r, c->n);
		return -EAGAIN;
	}
	store_once(&c->n, 0);
	return (int)MIN(r, 0);
}

static int push(struct cork *c)
{
	int err;

	if (!load_once(&c->n))
		return 0;
	mutex_lock(&c->lock);
	err = push_locked(c);
	mutex_unlock(&c->lock);
	return err;
}

void cork_push(struct far *h)
{
	struct cork *c = load_acquire(&h->cork);

	if (c)
		(void)push(c);
}

void cork_task(struct task *t)
{
	(void)push(t->corked);
}

void cork_task_ends(struct task *t)
{
	struct cork *c = t->corked;

	if (!c)
		return;
	t->corked = NULL;
	(void)push(c);
	cork_put(c);
}

void cork_drop(struct far *h)
{
	struct cork *c = h->cork;

	if (!c)
		return;
	mutex_lock(&c->lock);
	(void)push_locked(c);
	store_once(&c->n, 0);
	c->fd = -1;
	mutex_unlock(&c->lock);
	h->cork = NULL;
	cork_put(c);
}

/*
 * From here on it is decided here what waits: the host is not to hold back the
 * end of an answer until what went before has been acknowledged.
 */
void cork_begin(struct inet_sock *k)
{
	struct far *h = far_of(k);
	struct cork *c = kmalloc(sizeof(*c)), *none = NULL;

	if (!c)
		return;
	ref_init(&c->refs);
	mutex_init(&c->lock);
	c->fd = h->fd;
	c->n = 0;
	if (!__atomic_compare_exchange_n(&h->cork, &none, c, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		kfree(c);
		return;
	}
	h->dirty = true;
	far_flush(k);
}

/* @t sees to it that @c is sent before it sleeps. */
static void cork_hold(struct task *t, struct cork *c)
{
	if (t->corked == c)
		return;
	cork_task_ends(t);
	ref_get(&c->refs);
	t->corked = c;
}

static bool has_room(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return host_ppoll(&p, 1, 0) > 0 && p.revents == POLLOUT;
}

/*
 * Send what is held and all of @m by one call: what is held fits before it, as
 * the header of an answer does before the file that sendfile(2) sends.
 * As cork_send().
 */
static int push_before(struct cork *c, struct sockmsg *m)
{
	size_t n = c->n;
	char *all = m->u.kbuf - n;
	ssize_t r;

	memcpy(all, c->data, n);
	r = c->fd < 0 ? -EPIPE : host_write(c->fd, all, n + m->u.left);
	if (r >= 0 && (size_t)r < n) {
		memmove(c->data, c->data + r, n - (size_t)r);
		store_once(&c->n, (uint32_t)(n - (size_t)r));
		return -EAGAIN;
	}
	if (r == -EAGAIN || r == -EINTR)
		return -EAGAIN;
	store_once(&c->n, 0);
	if (r < 0)
		return (int)r;
	uio_advance(&m->u, (size_t)r - n);
	return 0;
}

int cork_send(struct far *h, struct task *t, struct sockmsg *m, bool more)
{
	struct cork *c = load_acquire(&h->cork);
	char part[HOLD];
	struct uio u = m->u;
	uint32_t had;
	ssize_t n;
	int err = 0;

	if (!c || (!more && !load_once(&c->n)))
		return 0;
	if (!load_once(&c->n) && (m->u.left > HOLD || !has_room(h->fd)))
		return 0;
	if (m->u.kbuf && m->u.left > HOLD && m->u.spare >= HOLD) {
		mutex_lock(&c->lock);
		err = push_before(c, m);
		mutex_unlock(&c->lock);
		if (load_once(&c->n))
			cork_hold(t, c);
		return err;
	}
	n = (ssize_t)MIN(m->u.left, (size_t)(HOLD - load_once(&c->n)));
	n = n ? uio_read(&u, part, (size_t)n) : 0;
	if (n < 0)
		return (int)n;
	mutex_lock(&c->lock);
	had = c->n;
	if (had + n > HOLD)
		n = 0;		/* somebody else has added to it */
	memcpy(c->data + had, part, (size_t)n);
	store_once(&c->n, had + (uint32_t)n);
	if (!more || m->u.left > (size_t)n)
		err = push_locked(c);
	/* What did not go is not taken, so that the caller waits. */
	if (err == -EAGAIN) {
		had = MIN(c->n, (uint32_t)n);
		store_once(&c->n, c->n - had);
		n -= had;
	} else if (err) {
		n = 0;
	}
	mutex_unlock(&c->lock);
	uio_advance(&m->u, (size_t)n);
	if (load_once(&c->n))
		cork_hold(t, c);
	return err;
}
