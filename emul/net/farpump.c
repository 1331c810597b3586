/* SPDX-License-Identifier: Apache-2.0 */
/*
 * farpump.c: what comes from outside by itself.
 *
 * Connections to published ports, and datagrams for sockets that are not
 * connected, come by descriptors of which the guest knows nothing.  A thread
 * of kinit's waits for them in the host's poll and puts what comes into the
 * queues of the sandbox's own sockets.  It is started with the first of them.
 */
#include <asm/poll.h>
#include <linux/errno.h>
#include <linux/eventpoll.h>

#include "emul/abi/hostfd.h"
#include "emul/abi/regs.h"
#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/live.h"
#include "emul/lib/string.h"
#include "emul/net/far.h"
#include "emul/net/outward.h"
#include "emul/task/hostproc.h"
#include "emul/task/kinit.h"
#include "emul/task/task.h"
#include "emul/time/time.h"
#ifndef SBX_HOSTED
#include "interposer/interposer.h"
#endif

#define LEGS_MAX	64u	/* of one socket; the oldest goes */
#define BATCH		16
#define PAUSE_NS	(50 * NSEC_PER_MSEC)	/* no descriptor is free */
#define RETRY_NS	(2 * NSEC_PER_MSEC)	/* without memory */

struct feed {
	struct list_head link;
	enum feed_kind kind;
	int fd;
	uint64_t nr;		/* the broker's */
	struct inet_sock *k;	/* a reference */
	struct inet_addr to;	/* of a leg */
	bool dead;		/* the pump is to free it */
	/* Private to the pump: connections for which there was no room. */
	struct inet_sock *held[BATCH];
	unsigned int n_held;
	bool paused;		/* there was no descriptor for who came */
};

static struct {
	struct mutex lock;	/* protects: */
	struct list_head list;
	uint32_t n;		/* all of them; read without it */
	uint32_t fd_limit;	/* of the host's table, which all share */
	bool tight;		/* the pump's: it was nearly full once */
	bool held;	/* some wait for room in a queue */
	bool running;
	struct thread *thread;
} feeds __arena;

static struct list_head *feed_list(void)
{
	if (!feeds.list.next)
		list_init(&feeds.list);
	return &feeds.list;
}

static void wake_pump(void)
{
	struct thread *th = load_acquire(&feeds.thread);

	if (th)
		thread_notify(th);
}

/* feeds.lock is held. */
static struct feed *find_leg(const struct inet_sock *k,
			     const struct inet_addr *to)
{
	struct feed *f;

	list_for_each(f, feed_list(), link)
		if (!f->dead && f->kind == FEED_LEG && f->k == k &&
		    addr_same(&f->to, to))
			return f;
	return NULL;
}

int feed_leg(const struct inet_sock *k, const struct inet_addr *to)
{
	struct feed *f;
	int fd = -1;

	if (!load_once(&feeds.n))
		return -1;
	mutex_lock(&feeds.lock);
	f = find_leg(k, to);
	if (f)
		fd = f->fd;
	mutex_unlock(&feeds.lock);
	return fd;
}

int64_t feed_number(const struct inet_sock *k)
{
	struct feed *f;
	int64_t nr = -1;

	if (!load_once(&feeds.n))
		return -1;
	mutex_lock(&feeds.lock);
	list_for_each(f, feed_list(), link)
		if (!f->dead && f->kind == FEED_DGRAMS && f->k == k)
			nr = (int64_t)f->nr;
	mutex_unlock(&feeds.lock);
	return nr;
}

static void unlisten(uint64_t nr)
{
	struct broker_req req = { .op = BROKER_NET_UNLISTEN, .arg = { nr } };
	struct broker_rep rep;

	(void)broker_call(&req, NULL, &rep, NULL, 0, NULL);
}

void feed_drop(struct inet_sock *k)
{
	uint64_t nr[16];
	struct feed *f;
	unsigned int n;
	bool any = false;

	if (!load_once(&feeds.n))
		return;
	/* The ports are free at once, whenever the pump comes by. */
	do {
		n = 0;
		mutex_lock(&feeds.lock);
		list_for_each(f, feed_list(), link) {
			if (f->k != k || f->dead)
				continue;
			if (f->kind != FEED_LEG && n == ARRAY_SIZE(nr))
				break;
			if (f->kind != FEED_LEG)
				nr[n++] = f->nr;
			f->dead = any = true;
		}
		mutex_unlock(&feeds.lock);
		for (unsigned int i = 0; i < n; i++)
			unlisten(nr[i]);
	} while (n == ARRAY_SIZE(nr));
	if (any)
		wake_pump();
}

#ifndef SBX_HOSTED
/*
 * The pump.
 */
static void feed_free(struct feed *f)
{
	for (unsigned int i = 0; i < f->n_held; i++)
		f->held[i]->so.ops->release(&f->held[i]->so);
	host_close(f->fd);
	inet_put(f->k);
	kfree(f);
}

/*
 * All that live, with what is to be polled; NULL: no memory.  Who waits for
 * room is not looked at.
 */
static struct feed **collect(struct pollfd **fds, unsigned int *n)
{
	struct feed *f, *next, **all;
	struct list_head dead;
	size_t size;

	list_init(&dead);
	mutex_lock(&feeds.lock);
	list_for_each_safe(f, next, feed_list(), link) {
		if (!f->dead)
			continue;
		list_del(&f->link);
		list_add_tail(&f->link, &dead);
		feeds.n--;
	}
	size = feeds.n + 1;
	all = kmalloc(size * (sizeof(*all) + sizeof(**fds)));
	*n = 0;
	*fds = NULL;
	if (all) {
		*fds = (struct pollfd *)(void *)(all + size);
		list_for_each(f, feed_list(), link) {
			(*fds)[*n] = (struct pollfd){
				.fd = f->n_held || f->paused ? -1 : f->fd,
				.events = POLLIN,
			};
			all[(*n)++] = f;
		}
	}
	mutex_unlock(&feeds.lock);
	list_for_each_safe(f, next, &dead, link) {
		list_del(&f->link);
		feed_free(f);
	}
	return all;
}

static void from_broker(struct inet_addr *a, const struct broker_addr *b)
{
	memcpy(a->ip.b, b->ip, sizeof(a->ip.b));
	a->port = b->port;
	a->scope = b->scope;
}

/* A socket for a connection that was accepted; NULL: no memory, closed. */
static struct inet_sock *new_conn(struct inet_sock *l, int fd,
				  const struct broker_names *names)
{
	struct inet_sock *n = tcp_new(l->so.family);
	bool v4 = l->so.family == AF_INET;

	if (!n) {
		host_close(fd);
		return NULL;
	}
	if (far_turn(n, fd, names, false)) {
		inet_put(n);
		return NULL;
	}
	far_of(n)->connected = far_of(n)->begun = true;
	/* Options of who listens are to come. */
	far_of(n)->dirty = far_of(n)->fresh = true;
	if (v4 && !addr_is_v4(&n->remote))
		addr_any(&n->remote, AF_INET);
	n->remote.port = names->peer.port;
	/* It came to who listens here, by whatever way. */
	if (addr_class(&l->local) != INET_ANY || (v4 && !addr_is_v4(&n->local)))
		n->local = l->local;
	n->local.port = l->local.port;
	return n;
}

static void give(struct feed *f, struct inet_sock *n)
{
	int err = tcp_take_in(n);

	if (err == -EAGAIN) {
		f->held[f->n_held++] = n;
		return;
	}
	if (err)
		n->so.ops->release(&n->so);
}

static void serve_held(struct feed *f)
{
	struct inet_sock *held[BATCH];
	unsigned int n = f->n_held;

	memcpy(held, f->held, n * sizeof(held[0]));
	f->n_held = 0;
	for (unsigned int i = 0; i < n; i++)
		give(f, held[i]);
}

/*
 * Who of those that listen at one port is to have what came by @f: who is of
 * IPv4, for that is what comes; a peer is no ::ffff:127.0.0.1 to who listens at
 * both.  Nobody but the pump frees what is found.
 */
static struct inet_sock *listener_for(const struct feed *f)
{
	struct inet_sock *k = f->k;
	struct feed *other;

	if (k->so.family == AF_INET)
		return k;
	mutex_lock(&feeds.lock);
	list_for_each(other, feed_list(), link)
		if (!other->dead && other->kind == f->kind &&
		    other->nr == f->nr && other->k->so.family == AF_INET) {
			k = other->k;
			break;
		}
	mutex_unlock(&feeds.lock);
	return k;
}

/* Does a descriptor come, if one is asked for? */
static bool has_room(void)
{
	struct broker_req req = { .op = BROKER_NET_EPOLL };
	struct broker_rep rep;
	int fd = -1;

	if (broker_call(&req, NULL, &rep, NULL, 0, &fd) || fd < 0)
		return false;
	host_close(fd);
	return true;
}

/*
 * A connection for which there is no descriptor would be lost, so once the
 * table has been nearly full it is tried before each.  A high number tells of
 * it, for the host gives the lowest that is free; a low one tells nothing.
 */
static void serve_listener(struct feed *f)
{
	struct inet_sock *k = listener_for(f);
	struct broker_req req = {
		.op = BROKER_NET_ACCEPT, .flags = BROKER_FD_SENT,
		.arg = { 0, feeds.tight ? 1 : BATCH },
	};
	struct broker_names names[BATCH];
	struct broker_rep rep;
	unsigned int n, top = 0;
	int fds[BROKER_FDS_MAX];
	int err;

	f->paused = feeds.tight && !has_room();
	if (f->paused)
		return;
	err = broker_call_fds(&req, NULL, NULL, f->fd, &rep, names,
			      sizeof(names), fds, &n);
	f->paused = (err && err != -EAGAIN && err != -ECONNABORTED) ||
		(!err && n < rep.count);
	for (unsigned int i = 0; i < n && !err; i++) {
		struct inet_sock *c = new_conn(k, fds[i], &names[i]);

		top = MAX(top, (unsigned int)fds[i]);
		if (c)
			give(f, c);
	}
	if (f->paused || top + 2 * BATCH >= feeds.fd_limit)
		feeds.tight = true;
}

static void serve_dgrams(struct feed *f, char *buf)
{
	struct broker_req req = { .op = BROKER_NET_RECV, .arg = { f->nr } };
	struct broker_dgram d;
	struct broker_rep rep;
	struct inet_addr from;
	size_t at = 0;

	if (broker_call(&req, NULL, &rep, buf, BROKER_BODY_MAX, NULL))
		return;
	for (uint32_t i = 0; i < rep.count; i++) {
		memcpy(&d, buf + at, sizeof(d));
		at += sizeof(d);
		if (d.len > rep.len - at)
			return;
		from_broker(&from, &d.from);
		(void)udp_take_in(f->k, &from, buf + at, d.len);
		at += ALIGN_UP(d.len, 4U);
	}
}

static void serve_leg(struct feed *f, char *buf)
{
	long n;

	while ((n = host_read(f->fd, buf, BROKER_BODY_MAX)) > 0)
		(void)udp_take_in(f->k, &f->to, buf, (size_t)n);
	/* The resolver has gone, or there is an error that was read now. */
	if (!n)
		f->dead = true;
}

/*
 * @held: some wait for room.  Who makes room wakes the pump, once it has said
 * that it waits; so after it has, it looks once more.
 */
static bool pump_once(struct thread *th, char *buf, bool held)
{
	int64_t until = NEVER_NS;
	struct pollfd *fds;
	unsigned int n;
	struct feed **all;

	__atomic_fetch_and(&th->work, ~WORK_SIGNAL, __ATOMIC_SEQ_CST);
	all = collect(&fds, &n);
	if (!all)
		n = 0;
	if (held != load_once(&feeds.held)) {
		__atomic_store_n(&feeds.held, held, __ATOMIC_SEQ_CST);
		until = held ? 0 : NEVER_NS;
	}
	for (unsigned int i = 0; i < n; i++)
		if (all[i]->paused)
			until = MIN(until, time_now() + PAUSE_NS);
	host_ppoll(fds, n, all ? until : time_now() + RETRY_NS);
	held = false;
	for (unsigned int i = 0; i < n; i++) {
		struct feed *f = all[i];

		if (f->n_held)
			serve_held(f);
		else if (!fds[i].revents && !f->paused)
			continue;
		else if (f->kind == FEED_LISTENER)
			serve_listener(f);
		else if (f->kind == FEED_DGRAMS)
			serve_dgrams(f, buf);
		else
			serve_leg(f, buf);
		held = held || f->n_held;
	}
	kfree(all);
	return held;
}

static void pump(void *arg)
{
	struct thread *th = this_thread();
	char *buf = arg;
	bool held = false;

	hostsig_thread(th);
	store_release(&th->live, 1);
	store_release(&feeds.thread, th);
	for (;;)
		held = pump_once(th, buf, held);
}

static int start_pump(void)
{
	struct thread *th = NULL;
	char *buf;

	if (likely(load_acquire(&feeds.running)) ||
	    __atomic_exchange_n(&feeds.running, true, __ATOMIC_ACQ_REL))
		return 0;
	buf = kmalloc(BROKER_BODY_MAX);
	if (buf)
		th = slot_get();
	if (th && !kinit_thread(th, pump, buf))
		return 0;
	if (th)
		slot_drop(th);
	kfree(buf);
	store_release(&feeds.running, false);
	return -EAGAIN;
}
#else
static int start_pump(void)
{
	return -EAGAIN;
}
#endif

void outward_room(void)
{
	if (unlikely(__atomic_load_n(&feeds.held, __ATOMIC_SEQ_CST)))
		wake_pump();
}

void feed_limit(uint64_t descriptors)
{
	feeds.fd_limit = (uint32_t)MIN(descriptors, (uint64_t)HOSTFD_END);
}

unsigned int feed_threads(void)
{
	return load_acquire(&feeds.running);
}

/* Too many legs: the one that was made first goes.  feeds.lock is held. */
static void limit_legs(const struct inet_sock *k)
{
	struct feed *f, *oldest = NULL;
	unsigned int n = 0;

	list_for_each(f, feed_list(), link) {
		if (f->dead || f->kind != FEED_LEG || f->k != k)
			continue;
		if (!n++)
			oldest = f;
	}
	if (n > LEGS_MAX)
		oldest->dead = true;
}

int feed_add(enum feed_kind kind, int fd, uint64_t nr, struct inet_sock *k,
	     const struct inet_addr *to)
{
	struct feed *f = kzalloc(sizeof(*f));
	int err = f ? start_pump() : -ENOMEM;

	if (err) {
		host_close(fd);
		if (kind != FEED_LEG)
			unlisten(nr);
		kfree(f);
		return err;
	}
	f->kind = kind;
	f->fd = fd;
	f->nr = nr;
	f->k = k;
	if (to)
		f->to = *to;
	inet_get(k);
	mutex_lock(&feeds.lock);
	list_add_tail(&f->link, feed_list());
	store_once(&feeds.n, feeds.n + 1);
	if (kind == FEED_LEG)
		limit_legs(k);
	mutex_unlock(&feeds.lock);
	wake_pump();
	return 0;
}
