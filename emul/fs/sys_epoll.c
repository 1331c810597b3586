/* SPDX-License-Identifier: Apache-2.0 */
/* sys_epoll.c: epoll_create(2), epoll_ctl(2), epoll_wait(2). */
#include <linux/errno.h>

#include "emul/entry/uaccess.h"
#include "emul/fs/epoll-item.h"
#include "emul/lib/alloc.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "emul/time/time.h"
#include "emul/vfs/fdtable.h"

#define MAX_EVENTS	(INT32_MAX / (int)sizeof(struct epoll_event))

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
	r = epoll_change(t, e.file->priv, f.file, op, fd, &ev);
out:
	fdput(f);
out_e:
	fdput(e);
	return r;
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

/* What the sleep brought of the host's. */
struct edges {
	int n;
	struct epoll_event ev[BATCH];
};

/* So short a time the host's epoll, which counts in ms, would stretch. */
#define SHORT_NS	(20 * NSEC_PER_MSEC)

/* Would a sleep of @ep be in the host's epoll, which tells what it brought? */
static bool sleeps_in_host(struct epoll *ep, int64_t deadline_ns)
{
	return load_once(&ep->host_fd) >= 0 && !load_once(&ep->n_hosts) &&
		(deadline_ns == NEVER_NS ||
		 deadline_ns - time_now() >= SHORT_NS);
}

/*
 * Is there anything to be looked at before the sleep?  Of what is the host's
 * the sleep tells at once, by the same call as a look at it would take.
 */
static bool look_first(struct epoll *ep, int64_t deadline_ns)
{
	if (deadline_ns && sleeps_in_host(ep, deadline_ns))
		return epoll_may_be_ready(ep) && epoll_drop_drained(ep);
	return epoll_may_be_ready(ep) || load_once(&ep->n_hosts) ||
		load_once(&ep->host_fd) >= 0;
}

/* Wait until something may be ready: 0, -EINTR, -ETIMEDOUT. */
static int wait_ready(struct task *t, struct epoll *ep, struct edges *e,
		      int64_t deadline_ns)
{
	uint32_t seq = wait_prepare(t);

	e->n = 0;
	if (epoll_may_be_ready(ep))
		return 0;
	if (sleeps_in_host(ep, deadline_ns))
		return wait_sleep_events(t, seq, ep->host_fd, e->ev, BATCH,
					 &e->n, deadline_ns);
	if (load_once(&ep->n_hosts) || load_once(&ep->host_fd) >= 0)
		return epoll_sleep_host(t, ep, seq, deadline_ns);
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
	n = epoll_harvest(ep, ev, max, e->ev, e->n);
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
	r = look_first(ep, deadline_ns) ? copy_events(ep, &e, events, max) : 0;
	if (r || !deadline_ns) {
		/* Who came while they were taken found none. */
		if (epoll_may_be_ready(ep))
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
	if (epoll_may_be_ready(ep))
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
