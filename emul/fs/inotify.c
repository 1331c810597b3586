/* SPDX-License-Identifier: Apache-2.0 */
/* inotify.c: inotify_init1(2), inotify_add_watch(2), and what they make. */
#include <linux/errno.h>
#include <linux/eventpoll.h>

#include "emul/entry/uaccess.h"
#include "emul/fs/hostwatch.h"
#include "emul/fs/inotify.h"
#include "emul/fs/proc.h"
#include "emul/lib/alloc.h"
#include "emul/lib/live.h"
#include "emul/lib/rbtree.h"
#include "emul/lib/string.h"
#include "emul/sysproto.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/fsnotify.h"
#include "emul/vfs/namei.h"

/* What /proc/sys/fs/inotify tells too. */
#define INSTANCES_MAX	INOTIFY_INSTANCES
#define WATCHES_MAX	INOTIFY_WATCHES
#define QUEUE_MAX	INOTIFY_EVENTS

#define MASK_FLAGS	(IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK | \
			 IN_MASK_ADD | IN_MASK_CREATE | IN_ISDIR | IN_ONESHOT)
#define MASK_KNOWN	(IN_ALL_EVENTS | IN_UNMOUNT | IN_Q_OVERFLOW |	\
			 IN_IGNORED | MASK_FLAGS)
#define FIONREAD_CMD	0x541bu

/* As struct inotify_event, that ends with a name. */
struct event_head {
	int32_t wd;
	uint32_t mask, cookie, len;
};

_Static_assert(sizeof(struct event_head) == sizeof(struct inotify_event),
	       "struct inotify_event");

struct event {
	struct list_head link;
	struct event_head e;
	char name[];		/* e.len bytes, zeroes behind the name */
};

struct group {
	struct mutex lock;	/* protects the queue */
	struct list_head queue;
	uint32_t n_queued;
	uint32_t bytes;		/* of what is queued, as read(2) gives it */
	bool dead;
	struct waitqueue wait;
	/* fsn_lock protects: */
	struct rb_root by_wd;
	uint32_t n_watches;
	int last_wd;
};

struct watch {
	struct fsn_mark mark;
	struct rb_node node;
	struct group *group;
	int wd;
};

static __arena uint32_t n_instances, n_watches;

static struct watch *watch_of(struct fsn_mark *m)
{
	return container_of(m, struct watch, mark);
}

/* As Linux: the names of equal events, not their cookies. */
static bool equal(const struct event *a, const struct event *b)
{
	return a->e.wd == b->e.wd && a->e.mask == b->e.mask &&
	       a->e.len == b->e.len && !memcmp(a->name, b->name, a->e.len);
}

static struct event *event_new(int wd, const struct fsn_event *e)
{
	/* Names end with a NUL at least and fill up whole events. */
	size_t room = e->name ? (e->len + 16) & ~15UL : 0;
	struct event *ev = kzalloc(sizeof(*ev) + room);

	if (!ev)
		return NULL;
	ev->e.wd = wd;
	ev->e.mask = e->mask;
	ev->e.cookie = e->cookie;
	ev->e.len = (uint32_t)room;
	if (e->name)
		memcpy(ev->name, e->name, e->len);
	return ev;
}

/* The group's lock is held. */
static void append(struct group *g, struct event *ev)
{
	list_add_tail(&ev->link, &g->queue);
	g->n_queued++;
	g->bytes += (uint32_t)(sizeof(ev->e) + ev->e.len);
}

static void queue_event(struct group *g, int wd, const struct fsn_event *e)
{
	static const struct fsn_event overflow = { .mask = IN_Q_OVERFLOW };
	struct event *ev = NULL;

	mutex_lock(&g->lock);
	if (g->n_queued < QUEUE_MAX)
		ev = event_new(wd, e);
	if (!ev && g->n_queued <= QUEUE_MAX)
		ev = event_new(-1, &overflow);
	if (ev && !list_empty(&g->queue) && !(e->mask & IN_IGNORED) &&
	    equal(list_entry(g->queue.prev, struct event, link), ev)) {
		kfree(ev);
		ev = NULL;
	} else if (ev) {
		append(g, ev);
	}
	mutex_unlock(&g->lock);
	if (ev)
		wait_wake(&g->wait, EPOLLIN, INT32_MAX);
}

static void on_event(struct fsn_mark *m, const struct fsn_event *e)
{
	const struct watch *w = watch_of(m);

	queue_event(w->group, e->mask & IN_Q_OVERFLOW ? -1 : w->wd, e);
}

static void on_gone(struct fsn_mark *m)
{
	static const struct fsn_event ignored = { .mask = IN_IGNORED };
	struct watch *w = watch_of(m);

	rb_erase(&w->group->by_wd, &w->node);
	w->group->n_watches--;
	__atomic_fetch_sub(&n_watches, 1, __ATOMIC_RELAXED);
	if (!w->group->dead)
		queue_event(w->group, w->wd, &ignored);
	live_add(LIVE_WATCH, -1);
	kfree(w);
}

static const struct fsn_group_ops inotify_group = {
	.event = on_event,
	.gone = on_gone,
};

static ssize_t give(struct group *g, struct uio *u)
{
	struct event *ev;
	ssize_t n;

	mutex_lock(&g->lock);
	ev = list_empty(&g->queue) ? NULL :
		list_first(&g->queue, struct event, link);
	if (ev && sizeof(ev->e) + ev->e.len > u->left) {
		mutex_unlock(&g->lock);
		return -EINVAL;
	}
	if (ev) {
		list_del(&ev->link);
		g->n_queued--;
		g->bytes -= (uint32_t)(sizeof(ev->e) + ev->e.len);
	}
	mutex_unlock(&g->lock);
	if (!ev)
		return -EAGAIN;
	n = uio_write(u, &ev->e, sizeof(ev->e));
	if (n == sizeof(ev->e) && ev->e.len)
		n = uio_write(u, ev->name, ev->e.len) == (ssize_t)ev->e.len ?
			n + (ssize_t)ev->e.len : -EFAULT;
	else if (n != sizeof(ev->e))
		n = -EFAULT;
	kfree(ev);
	return n;
}

/* All events that fit; -EAGAIN: there is none. */
static ssize_t give_all(struct group *g, struct uio *u)
{
	ssize_t sum = 0, n;

	hostwatch_drain();
	for (;;) {
		n = give(g, u);
		if (n <= 0)
			break;
		sum += n;
	}
	return sum && n != -EFAULT ? sum : n;
}

static ssize_t inotify_read(struct file *f, struct uio *u, off_t *pos)
{
	struct group *g = f->priv;
	struct task *t = current();
	ssize_t n = give_all(g, u);

	(void)pos;
	if (n != -EAGAIN || u->nonblock)
		return n;
	t->waiter.key = EPOLLIN;
	wait_add(&g->wait, &t->waiter, t);
	for (;;) {
		uint32_t seq = wait_prepare(t);

		n = give_all(g, u);
		if (n != -EAGAIN)
			break;
		if (wait_sleep(t, seq, NEVER_NS)) {
			n = -ERESTARTSYS;
			break;
		}
	}
	wait_del(&t->waiter);
	return n;
}

static uint32_t inotify_poll(struct file *f, struct waiter *w)
{
	struct group *g = f->priv;

	hostwatch_drain();
	if (w)
		wait_add(&g->wait, w, w->task);
	return __atomic_load_n(&g->n_queued, __ATOMIC_SEQ_CST) ?
		EPOLLIN | EPOLLRDNORM : 0;
}

static long inotify_ioctl(struct file *f, unsigned int cmd, uaddr_t arg)
{
	struct group *g = f->priv;
	int n;

	if (cmd != FIONREAD_CMD)
		return -ENOTTY;
	hostwatch_drain();
	n = (int)load_once(&g->bytes);
	return put_user(arg, &n);
}

static void group_free(struct group *g)
{
	struct event *ev, *n;

	list_for_each_safe(ev, n, &g->queue, link)
		kfree(ev);
	__atomic_fetch_sub(&n_instances, 1, __ATOMIC_RELAXED);
	kfree(g);
}

static void inotify_release(struct file *f)
{
	struct group *g = f->priv;
	struct fsn_inode *last;
	struct rb_node *n;

	for (;;) {
		last = NULL;
		mutex_lock(&fsn_lock);
		g->dead = true;
		n = rb_first(&g->by_wd);
		if (n)
			last = fsn_del(&rb_entry(n, struct watch, node)->mark);
		mutex_unlock(&fsn_lock);
		fsn_inode_put(last);
		if (!n)
			break;
	}
	group_free(g);
}

/* A device number as Linux has it within, not as stat(2) tells it. */
static unsigned long kernel_dev(uint64_t dev)
{
	return (dev >> 8 & 0xfff) << 20 | (dev & 0xff) | (dev >> 12 & 0xfff00);
}

static void inotify_fdinfo(struct file *f, struct text *b)
{
	struct group *g = f->priv;
	struct rb_node *n;

	mutex_lock(&fsn_lock);
	for (n = rb_first(&g->by_wd); n; n = rb_next(n)) {
		const struct watch *w = rb_entry(n, struct watch, node);
		const struct inode *i;

		if (!w->mark.where)
			continue;
		i = w->mark.where->inode;
		text_printf(b, "inotify wd:%x ino:%lx sdev:%lx mask:%x"
			    " ignored_mask:0 \n", (unsigned int)w->wd,
			    (unsigned long)i->ino, kernel_dev(i->dev),
			    w->mark.mask & IN_ALL_EVENTS);
	}
	mutex_unlock(&fsn_lock);
}

static const struct file_ops inotify_fops = {
	.read = inotify_read,
	.poll = inotify_poll,
	.ioctl = inotify_ioctl,
	.release = inotify_release,
	.show_fdinfo = inotify_fdinfo,
	.seek_stays = true,
};

long sys_inotify_init1(struct task *t, int flags)
{
	struct group *g;
	struct file *f;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	g = kzalloc(sizeof(*g));
	if (!g)
		return -ENOMEM;
	mutex_init_class(&g->lock, LOCK_OBJECT);
	list_init(&g->queue);
	waitqueue_init(&g->wait);
	if (__atomic_fetch_add(&n_instances, 1, __ATOMIC_RELAXED) >=
	    INSTANCES_MAX) {
		group_free(g);
		return -EMFILE;
	}
	f = file_new_anon(&inotify_fops, (unsigned int)flags & O_NONBLOCK,
			  "inotify", g);
	if (!f) {
		group_free(g);
		return -ENOMEM;
	}
	return fd_add(t, f, (unsigned int)flags & O_CLOEXEC);
}

long sys_inotify_init(struct task *t)
{
	return sys_inotify_init1(t, 0);
}

static void set_mask(struct fsn_mark *m, uint32_t mask, bool add)
{
	uint32_t events = IN_UNMOUNT | (mask & IN_ALL_EVENTS);
	uint32_t flags = mask & (IN_ONESHOT | IN_EXCL_UNLINK);

	m->mask = add ? m->mask | events : events;
	m->flags = add ? m->flags | flags : flags;
}

/* A watch of @i that @g has already: change it.  Its wd, or 0: none. */
static int change(struct group *g, const struct inode *i, uint32_t mask)
{
	const struct fsn_inode *where;
	struct fsn_mark *m;
	int wd = 0;

	mutex_lock(&fsn_lock);
	where = load_once((struct fsn_inode *const *)&i->watch);
	if (where)
		list_for_each(m, &where->marks, on) {
			if (m->ops != &inotify_group ||
			    watch_of(m)->group != g)
				continue;
			wd = watch_of(m)->wd;
			if (mask & IN_MASK_CREATE)
				wd = -EEXIST;
			else
				set_mask(m, mask, mask & IN_MASK_ADD);
			break;
		}
	mutex_unlock(&fsn_lock);
	return wd;
}

/* fsn_lock is held. */
static struct watch *find(struct group *g, int wd)
{
	struct rb_node *n = g->by_wd.node;

	while (n) {
		struct watch *w = rb_entry(n, struct watch, node);

		if (w->wd == wd)
			return w;
		n = wd < w->wd ? n->left : n->right;
	}
	return NULL;
}

static void number(struct group *g, struct watch *w)
{
	struct rb_node **link = &g->by_wd.node, *parent = NULL;

	mutex_lock(&fsn_lock);
	do
		g->last_wd = g->last_wd == INT32_MAX ? 1 : g->last_wd + 1;
	while (find(g, g->last_wd));
	w->wd = g->last_wd;
	while (*link) {
		parent = *link;
		link = w->wd < rb_entry(parent, struct watch, node)->wd ?
			&parent->left : &parent->right;
	}
	rb_insert(&g->by_wd, &w->node, parent, link);
	g->n_watches++;
	mutex_unlock(&fsn_lock);
}

/*
 * Numbers are given before the watch is on, for then it may go at any moment.
 * Until then nobody else finds it: fsn_del() of it does nothing.
 */
static long add(struct group *g, const struct path *p, uint32_t mask)
{
	struct watch *w = kzalloc(sizeof(*w));
	int err, wd;

	if (!w)
		return -ENOMEM;
	if (__atomic_fetch_add(&n_watches, 1, __ATOMIC_RELAXED) >=
	    WATCHES_MAX) {
		__atomic_fetch_sub(&n_watches, 1, __ATOMIC_RELAXED);
		kfree(w);
		return -ENOSPC;
	}
	live_add(LIVE_WATCH, 1);
	w->group = g;
	w->mark.ops = &inotify_group;
	set_mask(&w->mark, mask, false);
	number(g, w);
	wd = w->wd;
	err = fsn_add(&w->mark, p);
	if (!err)
		return wd;
	mutex_lock(&fsn_lock);
	rb_erase(&g->by_wd, &w->node);
	mutex_unlock(&fsn_lock);
	__atomic_fetch_sub(&n_watches, 1, __ATOMIC_RELAXED);
	live_add(LIVE_WATCH, -1);
	kfree(w);
	return err;
}

static long add_watch(struct task *t, struct group *g, uaddr_t path,
		      uint32_t mask)
{
	unsigned int flags = mask & IN_DONT_FOLLOW ? 0 : LOOKUP_FOLLOW;
	struct path p;
	long r;

	if (mask & IN_ONLYDIR)
		flags |= LOOKUP_DIRECTORY;
	r = path_lookup(t, AT_FDCWD, path, flags, &p);
	if (r)
		return r;
	r = inode_permission(t->cred, p.dentry->inode, MAY_READ);
	if (!r) {
		r = change(g, p.dentry->inode, mask);
		if (!r)
			r = add(g, &p, mask);
	}
	path_put(&p);
	return r;
}

long sys_inotify_add_watch(struct task *t, int fd, uaddr_t path,
			   uint32_t mask)
{
	struct fd f;
	long r = -EINVAL;

	if (!(mask & MASK_KNOWN))
		return -EINVAL;
	f = fdget(t, fd);
	if (!f.file)
		return -EBADF;
	if (f.file->ops == &inotify_fops &&
	    (mask & (IN_MASK_ADD | IN_MASK_CREATE)) !=
	    (IN_MASK_ADD | IN_MASK_CREATE))
		r = add_watch(t, f.file->priv, path, mask);
	fdput(f);
	return r;
}

long sys_inotify_rm_watch(struct task *t, int fd, int wd)
{
	struct fd f = fdget(t, fd);
	struct fsn_inode *last = NULL;
	struct watch *w = NULL;
	struct group *g;

	if (!f.file)
		return -EBADF;
	if (f.file->ops == &inotify_fops) {
		g = f.file->priv;
		hostwatch_drain();
		mutex_lock(&fsn_lock);
		w = find(g, wd);
		if (w && !w->mark.where)
			w = NULL;	/* another thread is just adding it */
		if (w)
			last = fsn_del(&w->mark);
		mutex_unlock(&fsn_lock);
		fsn_inode_put(last);
	}
	fdput(f);
	return w ? 0 : -EINVAL;
}
