/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unix-gc.c: files in messages that nobody can receive any more; unix(7).
 *
 * A socket that lies in its own queue, or two that lie in each other's, keep
 * themselves alive when all descriptors of them are closed.  So for each
 * socket that is in flight it is counted how often it is.  One whose file has
 * no other references is a candidate: nobody can take from its queue but who
 * receives it first.  Candidates that lie in queues of others than candidates
 * can be received, and so can what lies in theirs; the rest is garbage, the
 * messages of which are freed, and with them the sockets.
 *
 * A file leaves a message (or gets a second owner, by MSG_PEEK) with the lock
 * held, so that no candidate comes to be used while it is looked at.
 */
#include <linux/capability.h>
#include <linux/errno.h>

#include "emul/lib/uapi.h"
#include "emul/net/unix.h"
#include "emul/task/task.h"

uint32_t unix_in_flight __arena;

static struct {
	struct mutex lock;	/* protects: */
	struct list_head list;	/* of sockets in flight, by flight_link */
	uint64_t files;		/* of all kinds in flight; atomic */
} flight __arena;
LOCK_CLASS(flight, LOCK_NAMES);

static struct unix_sock *unix_of(const struct file *f)
{
	struct socket *s = socket_of(f);

	return s && unix_is(s) ? unix_sk(s) : NULL;
}

bool unix_flies(const struct file *f)
{
	const struct unix_sock *u = unix_of(f);

	return u && load_once(&u->n_flight);
}

/* The lock is held. */
static void take_off(struct unix_sock *u)
{
	if (!flight.list.next)
		list_init(&flight.list);
	if (!u->n_flight++) {
		list_add_tail(&u->flight_link, &flight.list);
		store_once(&unix_in_flight, unix_in_flight + 1);
	}
}

static void touch_down(struct unix_sock *u)
{
	if (!--u->n_flight) {
		list_del(&u->flight_link);
		store_once(&unix_in_flight, unix_in_flight - 1);
	}
}

static void count_files(int64_t n)
{
	__atomic_fetch_add(&flight.files, (uint64_t)n, __ATOMIC_RELAXED);
}

int unix_fly(struct task *t, struct scm_files *f)
{
	struct unix_sock *u;

	if (load_once(&flight.files) > rlimit_cur(t, RLIMIT_NOFILE) &&
	    !task_capable(t, CAP_SYS_RESOURCE) &&
	    !task_capable(t, CAP_SYS_ADMIN))
		return -ETOOMANYREFS;
	count_files(f->n);
	f->n_unix = 0;
	for (uint32_t i = 0; i < f->n; i++)
		f->n_unix += unix_of(f->file[i]) ? 1 : 0;
	if (!f->n_unix)
		return 0;
	mutex_lock(&flight.lock);
	for (uint32_t i = 0; i < f->n; i++) {
		u = unix_of(f->file[i]);
		if (u)
			take_off(u);
	}
	mutex_unlock(&flight.lock);
	return 0;
}

/* The lock is held, if there are sockets among them. */
static void land(struct scm_files *f)
{
	struct unix_sock *u;

	count_files(-(int64_t)f->n);
	for (uint32_t i = 0; f->n_unix && i < f->n; i++) {
		u = unix_of(f->file[i]);
		if (u)
			touch_down(u);
	}
	f->n_unix = 0;
}

void unix_land(struct scm_files *f)
{
	bool locked = f->n_unix;

	if (locked)
		mutex_lock(&flight.lock);
	land(f);
	if (locked)
		mutex_unlock(&flight.lock);
}

struct scm_files *unix_take_files(struct unix_sock *u, struct skb *k,
				  bool peek)
{
	struct scm_files *f = k->files;
	bool locked = f->n_unix;

	if (locked)
		mutex_lock(&flight.lock);
	if (peek) {
		f = scm_files_dup(f);
	} else {
		mutex_lock(&u->lock);
		k->files = NULL;
		mutex_unlock(&u->lock);
		land(f);
	}
	if (locked)
		mutex_unlock(&flight.lock);
	return f;
}

/*
 * The collector.  The lock is held in all that follows.
 */
typedef void (*visit_fn)(struct unix_sock *u, struct list_head *list);

static void visit_queue(struct unix_sock *u, visit_fn fn,
			struct list_head *list)
{
	struct unix_sock *child;
	struct skb *k;

	mutex_lock(&u->lock);
	list_for_each(k, &u->skbs, link)
		for (uint32_t i = 0; k->files && k->files->n_unix &&
		     i < k->files->n; i++) {
			child = unix_of(k->files->file[i]);
			if (child && child->candidate)
				fn(child, list);
		}
	mutex_unlock(&u->lock);
}

/*
 * The connection after @c (NULL: the first) that nobody has accepted from @u.
 * As nobody can, they only become more.
 */
static struct unix_sock *next_pending(struct unix_sock *u, struct unix_sock *c)
{
	struct list_head *next;

	mutex_lock(&u->lock);
	next = c ? c->pending_link.next : u->pending.next;
	mutex_unlock(&u->lock);
	return next == &u->pending ? NULL :
		list_entry(next, struct unix_sock, pending_link);
}

/* The candidates that can be received from @u, which is one or was. */
static void visit(struct unix_sock *u, visit_fn fn, struct list_head *list)
{
	struct unix_sock *c;

	visit_queue(u, fn, list);
	for (c = next_pending(u, NULL); c; c = next_pending(u, c))
		visit_queue(c, fn, list);
}

static void from_candidate(struct unix_sock *u, struct list_head *list)
{
	(void)list;
	u->n_outside--;
}

static void is_reached(struct unix_sock *u, struct list_head *reached)
{
	u->candidate = false;
	list_del(&u->flight_link);
	list_add_tail(&u->flight_link, reached);
}

static void find_garbage(struct list_head *garbage, struct list_head *reached)
{
	struct unix_sock *u, *n;

	list_for_each_safe(u, n, &flight.list, flight_link) {
		if (load_acquire(&u->so.file->ref.count) != u->n_flight)
			continue;
		u->candidate = true;
		u->n_outside = u->n_flight;
		list_del(&u->flight_link);
		list_add_tail(&u->flight_link, garbage);
	}
	list_for_each(u, garbage, flight_link)
		visit(u, from_candidate, NULL);
	list_for_each_safe(u, n, garbage, flight_link)
		if (u->n_outside)
			is_reached(u, reached);
	/* It grows while it is gone through. */
	list_for_each(u, reached, flight_link)
		visit(u, is_reached, reached);
}

static void take_skbs(struct unix_sock *u, struct list_head *skbs)
{
	mutex_lock(&u->lock);
	list_splice_tail(&u->skbs, skbs);
	u->queued = u->n_skbs = 0;
	mutex_unlock(&u->lock);
}

void unix_collect(void)
{
	struct list_head garbage, reached, skbs;
	const struct task *t = current();
	struct unix_sock *u, *c;

	/* What frees messages just now makes more of it: it looks then. */
	if (!load_once(&unix_in_flight) || !t || t->frees_skbs)
		return;
	list_init(&garbage);
	list_init(&reached);
	list_init(&skbs);
	mutex_lock(&flight.lock);
	find_garbage(&garbage, &reached);
	list_for_each(u, &garbage, flight_link) {
		u->candidate = false;
		take_skbs(u, &skbs);
		for (c = next_pending(u, NULL); c; c = next_pending(u, c))
			take_skbs(c, &skbs);
	}
	list_splice_tail(&garbage, &flight.list);
	list_splice_tail(&reached, &flight.list);
	mutex_unlock(&flight.lock);
	skbs_free(&skbs);
}
