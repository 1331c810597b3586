/* SPDX-License-Identifier: Apache-2.0 */
/* epoll-host.c: descriptors of the host in an epoll. */
#include <asm/poll.h>
#include <linux/errno.h>

#include "emul/fs/epoll.h"
#include "emul/fs/epoll-item.h"
#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/net/socket.h"
#include "emul/task/task.h"

void item_set_on_hosts(struct item *it, bool on)
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

bool item_attach_host(struct item *it)
{
	struct file *f = it->file;
	bool polls = file_polls_host(f);
	int err = -EEXIST;

	it->edges = polls && socket_of(f) && edges_fd(it->ep) >= 0;
	if (it->edges) {
		err = broker_watch(it->ep->host_fd, f->host_fd, (uint64_t)f);
		/* Another item of the file, or one before, is as good. */
		it->edges = !err || err == -EEXIST;
	}
	/* The edge of what is there may have come while there was no item. */
	if (it->edges && err)
		__atomic_fetch_add(&f->host_edges, 1, __ATOMIC_SEQ_CST);
	item_set_on_hosts(it, polls && !it->edges);
	return !err;
}

void epoll_host_changed(struct file *f)
{
	struct item *it;

	mutex_lock(&epoll_watch_lock);
	for (it = f->watchers; it; it = it->next_watch) {
		mutex_lock(&it->ep->lock);
		(void)item_attach_host(it);
		mutex_unlock(&it->ep->lock);
		item_make_ready(it);		/* look again */
		wait_wake(&it->ep->queue, 0, INT32_MAX);
	}
	mutex_unlock(&epoll_watch_lock);
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

void epoll_ask_hosts(struct epoll *ep)
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
			item_make_ready(it);
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

void epoll_take_edges(struct epoll *ep, const struct epoll_event *ev, int n)
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
			__atomic_fetch_add(&it->file->host_edges, 1,
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
			item_make_ready(it);
		}
	}
}

int epoll_sleep_host(struct task *t, struct epoll *ep, uint32_t seq,
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
