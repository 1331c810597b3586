/* SPDX-License-Identifier: Apache-2.0 */
/*
 * epoll.c: interest lists and what is ready of them; epoll(7).
 *
 * An item lies on the wait queue of its file for as long as it exists; a wake
 * of that queue puts it on the ready list of its epoll.  What lies there may
 * be ready: the file is asked when the event is taken.  So a wait costs what is
 * ready, not what is watched.
 *
 * Descriptors of the host wake nobody.  Those are asked one by one, and who
 * has to sleep does so in the host's poll.
 *
 * Order of locks: watch_lock, epoll->lock of the outer before that of an inner
 * epoll, a file's waitqueue, epoll->ready_lock, epoll->queue.
 */
#include "emul/fs/epoll.h"

#include <asm/poll.h>
#include <linux/errno.h>
#include <linux/eventpoll.h>

#include "emul/entry/uaccess.h"
#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/list.h"
#include "emul/lib/live.h"
#include "emul/lib/rbtree.h"
#include "emul/net/socket.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "emul/time/time.h"
#include "emul/vfs/poll.h"

#define PRIVATE_BITS	(EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE)
#define MAX_EVENTS	(INT32_MAX / (int)sizeof(struct epoll_event))
#define MAX_NESTS	5	/* epolls in epolls */
#define FAST_HOSTS	16	/* host descriptors polled without kmalloc */
#define BATCH		32	/* events copied out at once */

struct epoll {
	struct mutex lock;	/* protects items and hosts */
	struct rb_root items;	/* by file, then descriptor */
	struct list_head hosts;	/* items of host descriptors */
	unsigned int n_hosts;
	/*
	 * Sockets of the host are watched by an epoll of the host, made with
	 * the first of them, that tells their edges.
	 */
	int host_fd;		/* or -1 */
	struct file *file;	/* no reference */

	struct mutex ready_lock;	/* protects ready */
	struct list_head ready;
	int n_ready;		/* on it */

	struct waitqueue queue;	/* epoll_wait, and polls of the epoll */
};

struct item {
	struct rb_node node;
	struct epoll *ep;
	struct file *file;	/* no reference: epoll_forget() ends it */
	int fd;
	uint32_t events;	/* 0 but for PRIVATE_BITS: a shot one */
	uint64_t data;
	bool is_ready;		/* on ep->ready */
	struct list_head ready_link;
	bool on_hosts;		/* on ep->hosts */
	bool edges;		/* watched by ep->host_fd */
	bool looked;		/* got is what the host said just now */
	uint32_t got;
	struct list_head host_link;
	struct item *next_watch;	/* of file->watchers */
	struct waiter waiter;
};

/* Protects file->watchers, and that no epoll goes while it is used so. */
static struct mutex watch_lock __arena;
LOCK_CLASS(watch_lock, LOCK_WATCH);

static uint32_t epoll_poll(struct file *f, struct waiter *w);

static void make_ready(struct item *it)
{
	struct epoll *ep = it->ep;

	mutex_lock(&ep->ready_lock);
	if (!it->is_ready) {
		it->is_ready = true;
		list_add_tail(&it->ready_link, &ep->ready);
		ep->n_ready++;
	}
	mutex_unlock(&ep->ready_lock);
}

/* The file's queue was woken: waiter.fn; its lock is held. */
static void item_woken(struct waiter *w, uint32_t key)
{
	struct item *it = container_of(w, struct item, waiter);

	(void)key;
	make_ready(it);
	wait_wake(&it->ep->queue, EPOLLIN | EPOLLRDNORM, 1);
}

static int compare(const struct item *it, const struct file *f, int fd)
{
	if (it->file != f)
		return it->file < f ? -1 : 1;
	return it->fd < fd ? -1 : it->fd > fd;
}

static struct item *find(struct epoll *ep, const struct file *f, int fd)
{
	struct rb_node *n = ep->items.node;

	while (n) {
		struct item *it = rb_entry(n, struct item, node);
		int c = compare(it, f, fd);

		if (!c)
			return it;
		n = c < 0 ? n->right : n->left;
	}
	return NULL;
}

static void insert(struct epoll *ep, struct item *it)
{
	struct rb_node **link = &ep->items.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = compare(rb_entry(parent, struct item, node), it->file,
			       it->fd) < 0 ? &parent->right : &parent->left;
	}
	rb_insert(&ep->items, &it->node, parent, link);
}

/* ep->lock is held. */
static void set_on_hosts(struct item *it, bool on)
{
	struct epoll *ep = it->ep;

	if (it->on_hosts == on)
		return;
	it->on_hosts = on;
	if (on) {
		list_add_tail(&it->host_link, &ep->hosts);
		store_once(&ep->n_hosts, ep->n_hosts + 1);
	} else {
		list_del(&it->host_link);
		store_once(&ep->n_hosts, ep->n_hosts - 1);
	}
}

/* The host's epoll for sockets, or -1.  ep->lock is held. */
static int edges_fd(struct epoll *ep)
{
	struct broker_req req = { .op = BROKER_NET_EPOLL };
	struct broker_rep rep;
	int fd = -1;

	if (ep->host_fd < 0 &&
	    !broker_call(&req, NULL, &rep, NULL, 0, &fd) && fd >= 0) {
		store_release(&ep->host_fd, fd);
		/* For who polls the epoll itself. */
		store_release(&ep->file->host_fd, fd);
	}
	return ep->host_fd;
}

/* What the host tells of it, and how.  ep->lock is held. */
static void attach_host(struct item *it)
{
	struct file *f = it->file;
	bool polls = file_polls_host(f);

	it->edges = polls && socket_of(f) && edges_fd(it->ep) >= 0;
	if (it->edges) {
		int err = broker_watch(it->ep->host_fd, f->host_fd,
				       (uint64_t)f);

		/* Another item of the file, or one before, is as good. */
		it->edges = !err || err == -EEXIST;
	}
	set_on_hosts(it, polls && !it->edges);
}

void epoll_host_changed(struct file *f)
{
	struct item *it;

	mutex_lock(&watch_lock);
	for (it = f->watchers; it; it = it->next_watch) {
		mutex_lock(&it->ep->lock);
		attach_host(it);
		mutex_unlock(&it->ep->lock);
		make_ready(it);		/* look again */
		wait_wake(&it->ep->queue, 0, INT32_MAX);
	}
	mutex_unlock(&watch_lock);
}

/* ep->lock and watch_lock are held. */
static void item_free(struct item *it)
{
	struct epoll *ep = it->ep;
	struct item **link = (struct item **)&it->file->watchers;

	wait_del(&it->waiter);
	while (*link != it)
		link = &(*link)->next_watch;
	*link = it->next_watch;
	rb_erase(&ep->items, &it->node);
	set_on_hosts(it, false);
	mutex_lock(&ep->ready_lock);
	if (it->is_ready) {
		list_del(&it->ready_link);
		ep->n_ready--;
	}
	mutex_unlock(&ep->ready_lock);
	live_add(LIVE_WATCH, -1);
	kfree(it);
}

void epoll_forget(struct file *f)
{
	mutex_lock(&watch_lock);
	while (f->watchers) {
		struct item *it = f->watchers;
		struct epoll *ep = it->ep;

		mutex_lock(&ep->lock);
		item_free(it);
		mutex_unlock(&ep->lock);
	}
	mutex_unlock(&watch_lock);
}

static void epoll_release(struct file *f)
{
	struct epoll *ep = f->priv;
	struct rb_node *n;

	mutex_lock(&watch_lock);
	mutex_lock(&ep->lock);
	while ((n = rb_first(&ep->items)))
		item_free(rb_entry(n, struct item, node));
	mutex_unlock(&ep->lock);
	mutex_unlock(&watch_lock);
	if (ep->host_fd >= 0)
		host_close(ep->host_fd);
	live_add(LIVE_EPOLL, -1);
	kfree(ep);
}

static const struct file_ops epoll_fops = {
	.poll = epoll_poll,
	.release = epoll_release,
	.polls_host = true,
};

static uint32_t item_poll(struct item *it)
{
	if (!(it->events & ~PRIVATE_BITS))
		return 0;
	return file_poll(it->file, NULL) &
		((it->events & ~PRIVATE_BITS) | EPOLLERR | EPOLLHUP);
}

/*
 * The descriptors of ep->hosts for the host's poll, those that are shot as -1;
 * kmalloc'd unless @fast, of FAST_HOSTS, is enough.  NULL: no memory.  ep->lock
 * is held.
 */
static struct pollfd *host_list(struct epoll *ep, struct pollfd *fast)
{
	struct pollfd *fds = fast;
	struct item *it;
	unsigned int n = 0;

	if (ep->n_hosts > FAST_HOSTS)
		fds = kmalloc((ep->n_hosts + 1) * sizeof(*fds));
	if (!fds)
		return NULL;
	list_for_each(it, &ep->hosts, host_link) {
		fds[n].fd = it->events & ~PRIVATE_BITS ? it->file->host_fd : -1;
		fds[n].events = (short)(it->events & 0xffff);
		fds[n++].revents = 0;
	}
	return fds;
}

/* Ask the host's descriptors, all by one call.  ep->lock is held. */
static void look_at_hosts(struct epoll *ep)
{
	struct pollfd fast[FAST_HOSTS], *fds = host_list(ep, fast), *p = fds;
	struct item *it;
	long n;

	if (!fds)
		return;
	n = host_ppoll(fds, ep->n_hosts, 0);
	list_for_each(it, &ep->hosts, host_link) {
		uint32_t got = n > 0 ? (uint16_t)p->revents : 0;

		got |= load_once(&it->file->host_ready);
		if (got & EPOLLIN)
			got |= EPOLLRDNORM;
		if (got & EPOLLOUT)
			got |= EPOLLWRNORM;
		/* An epoll in it has told of an edge, maybe of nothing. */
		it->looked = p->fd >= 0 && it->file->ops != &epoll_fops;
		it->got = got;
		if (p->fd >= 0 && (it->looked ? got : item_poll(it)))
			make_ready(it);
		p++;
	}
	if (fds != fast)
		kfree(fds);
}

/* The first item of @f in @ep, or NULL. */
static struct item *first_of(struct epoll *ep, const struct file *f)
{
	struct rb_node *n = ep->items.node;
	struct item *found = NULL;

	while (n) {
		struct item *it = rb_entry(n, struct item, node);

		if (it->file == f)
			found = it;
		n = it->file < f ? n->right : n->left;
	}
	return found;
}

/*
 * Edges that the host has told.  The file is looked for, not looked at: it may
 * have gone meanwhile.  ep->lock is held.
 */
static void take_edges(struct epoll *ep, const struct epoll_event *ev, int n)
{
	for (; n > 0; n--, ev++) {
		const struct file *f = (const struct file *)ev->data;
		struct item *it = first_of(ep, f);
		struct rb_node *node = it ? &it->node : NULL;
		uint32_t got = ev->events;

		if (got & EPOLLIN)
			got |= EPOLLRDNORM;
		if (got & EPOLLOUT)
			got |= EPOLLWRNORM;
		if (it) {
			__atomic_store_n(&it->file->host_drained, false,
					 __ATOMIC_SEQ_CST);
			if (got & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
				store_once(&it->file->host_ended, true);
		}
		for (; node; node = rb_next(node)) {
			it = rb_entry(node, struct item, node);
			if (it->file != f)
				break;
			if (!it->edges)
				continue;
			it->got = (it->looked ? it->got : 0) | got;
			it->looked = true;
			make_ready(it);
		}
	}
}

/* What is ready of it, for who takes its event.  ep->lock is held. */
static uint32_t item_got(struct item *it)
{
	uint32_t want = (it->events & ~PRIVATE_BITS) | EPOLLERR | EPOLLHUP;

	if (it->looked) {
		it->looked = false;
		return it->events & ~PRIVATE_BITS & ~(EPOLLERR | EPOLLHUP) ?
			it->got & want : 0;
	}
	/* Who has read all of it waits for the next edge. */
	if (it->edges && load_once(&it->file->host_drained) &&
	    !load_once(&it->file->host_ended) && !(it->events & EPOLLOUT))
		return 0;
	return item_poll(it);
}

/* The first on @from, ep->ready or what was; taken from it; NULL: none. */
static struct item *take_ready(struct epoll *ep, struct list_head *from)
{
	struct item *it = NULL;

	mutex_lock(&ep->ready_lock);
	if (!list_empty(from)) {
		it = list_first(from, struct item, ready_link);
		list_del(&it->ready_link);
		it->is_ready = false;
		ep->n_ready--;
	}
	mutex_unlock(&ep->ready_lock);
	return it;
}

/*
 * Take at most @max events.  Those that stay ready go to the end of the list,
 * once all were looked at.  Who is woken meanwhile, after it was looked at, is
 * for the next time: nobody is told of twice.  @n_edges of @edge, of BATCH,
 * have come from the host; 0: it is asked.
 */
static int harvest(struct epoll *ep, struct epoll_event *ev, int max,
		   struct epoll_event *edge, int n_edges)
{
	struct list_head todo, again;
	struct item *it;
	int n = 0;

	list_init(&todo);
	list_init(&again);
	mutex_lock(&ep->lock);
	if (ep->n_hosts)
		look_at_hosts(ep);
	if (ep->host_fd >= 0 && !n_edges)
		n_edges = (int)host_epoll_wait(ep->host_fd, edge, BATCH, 0);
	take_edges(ep, edge, n_edges);
	mutex_lock(&ep->ready_lock);
	list_splice_tail(&ep->ready, &todo);
	mutex_unlock(&ep->ready_lock);
	while (n < max && (it = take_ready(ep, &todo))) {
		uint32_t got = item_got(it);

		if (!got)
			continue;
		ev[n].events = got;
		ev[n].data = it->data;
		n++;
		if (it->events & EPOLLONESHOT)
			it->events &= PRIVATE_BITS;
		else if (!(it->events & EPOLLET) && !it->on_hosts) {
			/* Its link is free: woken meanwhile, it keeps it. */
			mutex_lock(&ep->ready_lock);
			if (!it->is_ready) {
				it->is_ready = true;
				list_add_tail(&it->ready_link, &again);
				ep->n_ready++;
			}
			mutex_unlock(&ep->ready_lock);
		}
	}
	mutex_lock(&ep->ready_lock);
	/* First those that were not looked at, then who came since. */
	list_splice_tail(&ep->ready, &todo);
	list_splice_tail(&again, &todo);
	list_splice_tail(&todo, &ep->ready);
	mutex_unlock(&ep->ready_lock);
	mutex_unlock(&ep->lock);
	return n;
}

static uint32_t epoll_poll(struct file *f, struct waiter *w)
{
	struct epoll_event edge[BATCH];
	struct epoll *ep = f->priv;
	struct item *it;
	bool ready = false;

	if (w)
		wait_add(&ep->queue, w, w->task);
	mutex_lock(&ep->lock);
	if (ep->n_hosts)
		look_at_hosts(ep);
	if (ep->host_fd >= 0)
		take_edges(ep, edge, (int)host_epoll_wait(ep->host_fd, edge,
							  BATCH, 0));
	/* What proves not to be ready is dropped on the way. */
	while (!ready && (it = take_ready(ep, &ep->ready))) {
		bool looked = it->looked;

		ready = item_got(it) != 0;
		it->looked = looked;
		if (ready)
			make_ready(it);
	}
	mutex_unlock(&ep->lock);
	return ready ? EPOLLIN | EPOLLRDNORM : 0;
}

/* Is @ep in the set of @f, or so deep that nobody would look?  */
static bool would_loop(const struct file *f, const struct epoll *ep, int depth)
{
	struct epoll *in = f->priv;
	bool loop = false;

	if (f->ops != &epoll_fops)
		return false;
	if (in == ep || depth >= MAX_NESTS)
		return true;
	mutex_lock(&in->lock);
	for (struct rb_node *n = rb_first(&in->items); n && !loop;
	     n = rb_next(n))
		loop = would_loop(rb_entry(n, struct item, node)->file, ep,
				  depth + 1);
	mutex_unlock(&in->lock);
	return loop;
}

static int add(struct task *t, struct epoll *ep, struct file *f, int fd,
	       const struct epoll_event *ev)
{
	struct item *it = kzalloc(sizeof(*it));

	if (!it)
		return -ENOMEM;
	live_add(LIVE_WATCH, 1);
	it->ep = ep;
	it->file = f;
	it->fd = fd;
	it->events = ev->events | EPOLLERR | EPOLLHUP;
	it->data = ev->data;
	list_init(&it->ready_link);
	list_init(&it->host_link);
	it->waiter.task = t;
	it->waiter.fn = item_woken;
	it->waiter.key = it->events & ~PRIVATE_BITS;
	it->next_watch = f->watchers;
	f->watchers = it;
	insert(ep, it);
	attach_host(it);
	/* An edge is told when the watch begins. */
	if ((file_poll(f, &it->waiter) & it->waiter.key) &&
	    (!it->edges || load_once(&f->host_ready)))
		item_woken(&it->waiter, 0);
	else if (it->on_hosts)
		wait_wake(&ep->queue, 0, INT32_MAX);	/* look again */
	return 0;
}

static void modify(struct item *it, const struct epoll_event *ev)
{
	it->events = ev->events | EPOLLERR | EPOLLHUP;
	it->data = ev->data;
	store_once(&it->waiter.key, it->events & ~PRIVATE_BITS);
	/* Who wakes the queue from here on sees the new key. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (item_poll(it))
		item_woken(&it->waiter, 0);
}

static int ctl(struct task *t, struct epoll *ep, struct file *f, int op,
	       int fd, const struct epoll_event *ev)
{
	struct item *it;
	int err = 0;

	mutex_lock(&watch_lock);
	if (op == EPOLL_CTL_ADD && f->ops == &epoll_fops &&
	    would_loop(f, ep, 1)) {
		mutex_unlock(&watch_lock);
		return -ELOOP;
	}
	mutex_lock(&ep->lock);
	it = find(ep, f, fd);
	switch (op) {
	case EPOLL_CTL_ADD:
		err = it ? -EEXIST : add(t, ep, f, fd, ev);
		break;
	case EPOLL_CTL_DEL:
		if (it)
			item_free(it);
		else
			err = -ENOENT;
		break;
	case EPOLL_CTL_MOD:
		if (!it)
			err = -ENOENT;
		else if (it->events & EPOLLEXCLUSIVE)
			err = -EINVAL;
		else
			modify(it, ev);
		break;
	default:
		err = -EINVAL;
	}
	mutex_unlock(&ep->lock);
	mutex_unlock(&watch_lock);
	return err;
}

long sys_epoll_ctl(struct task *t, int epfd, int op, int fd, uaddr_t event)
{
	struct epoll_event ev = { 0 };
	struct fd e, f;
	long r = -EBADF;

	if (op != EPOLL_CTL_DEL && get_user(&ev, event))
		return -EFAULT;
	e = fdget(t, epfd);
	if (!e.file)
		return -EBADF;
	f = fdget(t, fd);
	if (!f.file)
		goto out_e;
	r = -EPERM;
	if (!f.file->ops->poll)
		goto out;
	r = -EINVAL;
	if (f.file == e.file || e.file->ops != &epoll_fops)
		goto out;
	if ((ev.events & EPOLLEXCLUSIVE) &&
	    (op == EPOLL_CTL_MOD || f.file->ops == &epoll_fops ||
	     (ev.events & ~(EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP |
			    EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE))))
		goto out;
	r = ctl(t, e.file->priv, f.file, op, fd, &ev);
out:
	fdput(f);
out_e:
	fdput(e);
	return r;
}

static long epoll_new(struct task *t, unsigned int flags)
{
	struct epoll *ep = kzalloc(sizeof(*ep));
	struct file *f;

	if (!ep)
		return -ENOMEM;
	mutex_init_class(&ep->lock, LOCK_EPOLL);
	mutex_init_class(&ep->ready_lock, LOCK_READY);
	rb_init(&ep->items, NULL);
	ep->host_fd = -1;
	list_init(&ep->hosts);
	list_init(&ep->ready);
	waitqueue_init(&ep->queue);
	f = file_new_anon(&epoll_fops, O_RDWR, "[eventpoll]", ep);
	if (!f) {
		kfree(ep);
		return -ENOMEM;
	}
	ep->file = f;
	live_add(LIVE_EPOLL, 1);
	return fd_add(t, f, flags);
}

long sys_epoll_create1(struct task *t, int flags)
{
	if (flags & ~O_CLOEXEC)
		return -EINVAL;
	return epoll_new(t, (unsigned int)flags);
}

long sys_epoll_create(struct task *t, int size)
{
	return size > 0 ? epoll_new(t, 0) : -EINVAL;
}

static bool may_be_ready(struct epoll *ep)
{
	return !list_empty(&ep->ready);
}

/* Sleep in the host's poll, with those descriptors that are not shot. */
static int sleep_host(struct task *t, struct epoll *ep, uint32_t seq,
		      int64_t deadline_ns)
{
	struct pollfd fast[FAST_HOSTS + 1], *fds;
	unsigned int n;
	int err;

	mutex_lock(&ep->lock);
	fds = host_list(ep, fast);
	n = ep->n_hosts;
	if (fds && ep->host_fd >= 0)
		fds[n++] = (struct pollfd){ .fd = ep->host_fd,
					    .events = POLLIN };
	mutex_unlock(&ep->lock);
	if (!fds)
		return -ENOMEM;
	err = poll_sleep(t, seq, fds, n, deadline_ns);
	if (fds != fast)
		kfree(fds);
	return err;
}

/* What the sleep brought of the host's. */
struct edges {
	int n;
	struct epoll_event ev[BATCH];
};

/* So short a time the host's epoll, which counts in ms, would stretch. */
#define SHORT_NS	(20 * NSEC_PER_MSEC)

/* Wait until something may be ready: 0, -EINTR, -ETIMEDOUT. */
static int wait_ready(struct task *t, struct epoll *ep, struct edges *e,
		      int64_t deadline_ns)
{
	uint32_t seq = wait_prepare(t);

	e->n = 0;
	if (may_be_ready(ep))
		return 0;
	if (load_once(&ep->n_hosts) || (load_once(&ep->host_fd) >= 0 &&
					deadline_ns != NEVER_NS &&
					deadline_ns - time_now() < SHORT_NS))
		return sleep_host(t, ep, seq, deadline_ns);
	if (load_once(&ep->host_fd) >= 0)
		return wait_sleep_events(t, seq, ep->host_fd, e->ev, BATCH,
					 &e->n, deadline_ns);
	return wait_sleep(t, seq, deadline_ns);
}

static int copy_events(struct epoll *ep, struct edges *e, uaddr_t events,
		       int max)
{
	struct epoll_event fast[BATCH], *ev = fast;
	int n, room = load_once(&ep->n_ready) +
		(int)load_once(&ep->n_hosts);

	if (load_once(&ep->host_fd) >= 0)
		room += BATCH;
	max = MIN(max, MAX(room, 1));
	if (max > BATCH)
		ev = kmalloc((size_t)max * sizeof(*ev));
	if (!ev) {
		ev = fast;
		max = BATCH;
	}
	n = harvest(ep, ev, max, e->ev, e->n);
	e->n = 0;
	if (n && copy_out(events, ev, (unsigned int)n * sizeof(ev[0])))
		n = -EFAULT;
	if (ev != fast)
		kfree(ev);
	return n;
}

static long do_wait(struct task *t, int epfd, uaddr_t events, int max,
		    int64_t deadline_ns)
{
	struct edges e = { .n = 0 };
	struct epoll *ep;
	struct fd f;
	int r, err = 0;

	if (max <= 0 || max > MAX_EVENTS)
		return -EINVAL;
	if (!uaddr_ok(events, (size_t)max * sizeof(struct epoll_event)))
		return -EFAULT;
	f = fdget(t, epfd);
	if (!f.file)
		return -EBADF;
	if (f.file->ops != &epoll_fops) {
		fdput(f);
		return -EINVAL;
	}
	ep = f.file->priv;
	r = may_be_ready(ep) || load_once(&ep->n_hosts) ||
		load_once(&ep->host_fd) >= 0 ?
		copy_events(ep, &e, events, max) : 0;
	if (r || !deadline_ns) {
		/* Who came while they were taken found none. */
		if (may_be_ready(ep))
			wait_wake(&ep->queue, EPOLLIN | EPOLLRDNORM, 1);
		fdput(f);
		return r;
	}
	t->waiter.key = EPOLLIN | EPOLLRDNORM;
	t->waiter.exclusive = true;
	wait_add(&ep->queue, &t->waiter, t);
	while (!r && !err) {
		err = wait_ready(t, ep, &e, deadline_ns);
		r = copy_events(ep, &e, events, max);
	}
	wait_del(&t->waiter);
	/* Another one may do what is left, or what this one was woken for. */
	if (may_be_ready(ep))
		wait_wake(&ep->queue, EPOLLIN | EPOLLRDNORM, 1);
	fdput(f);
	if (r || err == -ETIMEDOUT)
		return r;
	return err;
}

/*
 * A call that no handler interrupted goes on: the kick that wakes from the
 * host's poll is seen by nobody.
 */
static long wait_again(struct task *t)
{
	struct restart_block *b = &t->restart;
	long r = do_wait(t, (int)b->arg[0], b->arg[1], (int)b->arg[2],
			 b->deadline_ns);

	if (r != -EINTR)
		return r;
	b->ends_by_stop = true;
	return -ERESTART_RESTARTBLOCK;
}

static long wait_until(struct task *t, int epfd, uaddr_t events, int max,
		       int64_t deadline_ns)
{
	long r = do_wait(t, epfd, events, max, deadline_ns);

	if (r != -EINTR)
		return r;
	t->restart.fn = wait_again;
	t->restart.deadline_ns = deadline_ns;
	t->restart.arg[0] = (uint64_t)epfd;
	t->restart.arg[1] = events;
	t->restart.arg[2] = (uint64_t)max;
	t->restart.ends_by_stop = true;
	return -ERESTART_RESTARTBLOCK;
}

long sys_epoll_wait(struct task *t, int epfd, uaddr_t events, int maxevents,
		    int timeout_ms)
{
	return wait_until(t, epfd, events, maxevents,
			  poll_deadline_ms(timeout_ms));
}

static long masked_wait(struct task *t, int epfd, uaddr_t events, int max,
			int64_t deadline_ns, uaddr_t mask, size_t size)
{
	long r = signal_mask_enter(t, mask, size);

	if (r)
		return r;
	if (!mask)
		return wait_until(t, epfd, events, max, deadline_ns);
	r = do_wait(t, epfd, events, max, deadline_ns);
	signal_mask_leave(t, r == -EINTR);
	if (r != -EINTR)
		return r;
	t->restart.ends_by_stop = true;
	return -ERESTARTNOHAND;
}

long sys_epoll_pwait(struct task *t, int epfd, uaddr_t events, int maxevents,
		     int timeout_ms, uaddr_t sigmask, size_t sigsetsize)
{
	return masked_wait(t, epfd, events, maxevents,
			   poll_deadline_ms(timeout_ms), sigmask, sigsetsize);
}

long sys_epoll_pwait2(struct task *t, int epfd, uaddr_t events, int maxevents,
		      uaddr_t timeout, uaddr_t sigmask, size_t sigsetsize)
{
	int64_t deadline_ns;
	int err = poll_deadline_ts(timeout, &deadline_ns);

	if (err)
		return err;
	return masked_wait(t, epfd, events, maxevents, deadline_ns, sigmask,
			   sigsetsize);
}
