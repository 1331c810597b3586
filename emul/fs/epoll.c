/* SPDX-License-Identifier: Apache-2.0 */
/* epoll.c: interest lists and what is ready of them; epoll(7). */
#include "emul/fs/epoll.h"

#include <linux/errno.h>

#include "emul/fs/epoll-item.h"
#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/live.h"
#include "emul/task/task.h"
#include "emul/vfs/fdtable.h"

#define MAX_NESTS	5	/* epolls in epolls */

struct mutex epoll_watch_lock __arena;
LOCK_CLASS(epoll_watch_lock, LOCK_WATCH);

static uint32_t epoll_poll(struct file *f, struct waiter *w);

void item_make_ready(struct item *it)
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
	item_make_ready(it);
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

/* ep->lock and epoll_watch_lock are held. */
static void item_free(struct item *it)
{
	struct epoll *ep = it->ep;
	struct item **link = (struct item **)&it->file->watchers;

	wait_del(&it->waiter);
	while (*link != it)
		link = &(*link)->next_watch;
	*link = it->next_watch;
	rb_erase(&ep->items, &it->node);
	item_set_on_hosts(it, false);
	mutex_lock(&ep->ready_lock);
	if (it->is_ready) {
		list_del(&it->ready_link);
		ep->n_ready--;
	}
	mutex_unlock(&ep->ready_lock);
	live_add(LIVE_WATCH, -1);
	kfree(it);
}

const void *epoll_target(struct file *f, int fd, uint32_t nth, int *err)
{
	const void *file = NULL;
	struct rb_node *n;
	struct epoll *ep;

	*err = -EINVAL;
	if (f->ops->poll != epoll_poll)
		return NULL;
	*err = -ENOENT;
	ep = f->priv;
	mutex_lock(&ep->lock);
	for (n = rb_first(&ep->items); n && !file; n = rb_next(n)) {
		const struct item *it = rb_entry(n, struct item, node);

		if (it->fd == fd && !nth--)
			file = it->file;
	}
	mutex_unlock(&ep->lock);
	return file;
}

void epoll_forget(struct file *f)
{
	mutex_lock(&epoll_watch_lock);
	while (f->watchers) {
		struct item *it = f->watchers;
		struct epoll *ep = it->ep;

		mutex_lock(&ep->lock);
		item_free(it);
		mutex_unlock(&ep->lock);
	}
	mutex_unlock(&epoll_watch_lock);
}

static void epoll_release(struct file *f)
{
	struct epoll *ep = f->priv;
	struct rb_node *n;

	mutex_lock(&epoll_watch_lock);
	mutex_lock(&ep->lock);
	while ((n = rb_first(&ep->items)))
		item_free(rb_entry(n, struct item, node));
	mutex_unlock(&ep->lock);
	mutex_unlock(&epoll_watch_lock);
	if (ep->host_fd >= 0)
		host_close(ep->host_fd);
	live_add(LIVE_EPOLL, -1);
	kfree(ep);
}

const struct file_ops epoll_fops = {
	.poll = epoll_poll,
	.release = epoll_release,
	.polls_host = true,
	.seek_stays = true,
};

uint32_t item_poll(struct item *it)
{
	if (!(it->events & ~PRIVATE_BITS))
		return 0;
	return file_poll(it->file, NULL) &
		((it->events & ~PRIVATE_BITS) | EPOLLERR | EPOLLHUP);
}

/* Who has read all of it waits for the next edge.  ep->lock is held. */
static bool item_drained(const struct item *it)
{
	const struct file *f = it->file;

	return it->edges && !it->looked && !(it->events & EPOLLOUT) &&
		load_acquire(&f->host_drained) == load_acquire(&f->host_edges)
		&& !load_once(&f->host_ended);
}

bool epoll_drop_drained(struct epoll *ep)
{
	struct item *it, *next;
	bool left;

	mutex_lock(&ep->lock);
	mutex_lock(&ep->ready_lock);
	list_for_each_safe(it, next, &ep->ready, ready_link) {
		if (!item_drained(it))
			continue;
		list_del(&it->ready_link);
		it->is_ready = false;
		ep->n_ready--;
	}
	left = !list_empty(&ep->ready);
	mutex_unlock(&ep->ready_lock);
	mutex_unlock(&ep->lock);
	return left;
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
	return item_drained(it) ? 0 : item_poll(it);
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

int epoll_harvest(struct epoll *ep, struct epoll_event *ev, int max,
		   struct epoll_event *edge, int n_edges)
{
	struct list_head todo, again;
	struct item *it;
	int n = 0;

	list_init(&todo);
	list_init(&again);
	mutex_lock(&ep->lock);
	if (ep->n_hosts)
		epoll_ask_hosts(ep);
	if (ep->host_fd >= 0 && !n_edges)
		n_edges = (int)host_epoll_wait(ep->host_fd, edge, BATCH, 0);
	epoll_take_edges(ep, edge, n_edges);
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
		epoll_ask_hosts(ep);
	if (ep->host_fd >= 0)
		epoll_take_edges(ep, edge, (int)host_epoll_wait(ep->host_fd, edge,
							  BATCH, 0));
	/* What proves not to be ready is dropped on the way. */
	while (!ready && (it = take_ready(ep, &ep->ready))) {
		bool looked = it->looked;

		ready = item_got(it) != 0;
		it->looked = looked;
		if (ready)
			item_make_ready(it);
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
	bool told;

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
	told = item_attach_host(it);
	if ((file_poll(f, &it->waiter) & it->waiter.key) &&
	    (!told || load_once(&f->host_ready)))
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

int epoll_change(struct task *t, struct epoll *ep, struct file *f, int op,
	       int fd, const struct epoll_event *ev)
{
	struct item *it;
	int err = 0;

	mutex_lock(&epoll_watch_lock);
	if (op == EPOLL_CTL_ADD && f->ops == &epoll_fops &&
	    would_loop(f, ep, 1)) {
		mutex_unlock(&epoll_watch_lock);
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
	mutex_unlock(&epoll_watch_lock);
	return err;
}

long epoll_new(struct task *t, unsigned int flags)
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
