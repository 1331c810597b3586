/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poll.c: waiting for several files (rule R7).
 *
 * The first look takes no lock and no memory.  Only who has to sleep puts a
 * waiter on the queue of each file.  Where descriptors of the host are among
 * the files the sleep is the host's poll, out of which wakers kick the thread.
 */
#include "emul/vfs/poll.h"

#include <asm/poll.h>
#include <linux/errno.h>
#include <linux/eventpoll.h>

#include "emul/entry/uaccess.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/time/time.h"

#define FAST_HOST	4

uint32_t host_file_poll(struct file *f, struct waiter *w)
{
	struct pollfd p = {
		.fd = f->host_fd,
		.events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP,
	};
	long n;

	(void)w;
	if (!(f->mode & FMODE_READ))
		p.events &= ~(POLLIN | POLLRDHUP);
	if (!(f->mode & FMODE_WRITE))
		p.events &= ~POLLOUT;
	n = host_ppoll(&p, 1, 0);
	if (n <= 0)
		return 0;
	/* The bits of poll and epoll are the same; these come in pairs. */
	if (p.revents & POLLIN)
		p.revents |= POLLRDNORM;
	if (p.revents & POLLOUT)
		p.revents |= POLLWRNORM;
	return (uint16_t)p.revents;
}

int poll_sleep(struct task *t, uint32_t seq, struct pollfd *fds,
	       unsigned int n, int64_t deadline_ns)
{
	if (!n)
		return wait_sleep(t, seq, deadline_ns);
	return wait_sleep_host(t, seq, fds, n, deadline_ns);
}

static int look(struct poll_entry *e, unsigned int n)
{
	int ready = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (!e[i].fd.file)
			continue;
		e[i].got = file_poll(e[i].fd.file, NULL) &
			(e[i].events | EPOLLERR | EPOLLHUP);
		ready += e[i].got != 0;
	}
	return ready;
}

/* As look(), and put a waiter on each file's queue. */
static int look_and_wait(struct task *t, struct poll_entry *e, unsigned int n,
			 struct waiter *w)
{
	int ready = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (!e[i].fd.file)
			continue;
		w[i].task = t;
		w[i].key = e[i].events | EPOLLERR | EPOLLHUP;
		e[i].got = file_poll(e[i].fd.file, &w[i]) & w[i].key;
		ready += e[i].got != 0;
	}
	return ready;
}

static unsigned int host_fds(const struct poll_entry *e, unsigned int n,
			     struct pollfd *fds)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < n; i++) {
		const struct file *f = e[i].fd.file;

		if (!f || !file_polls_host(f))
			continue;
		if (fds) {
			fds[count].fd = f->host_fd;
			fds[count].events = (short)e[i].events;
			fds[count].revents = 0;
		}
		count++;
	}
	return count;
}

int poll_entries(struct task *t, struct poll_entry *e, unsigned int n,
		 int64_t deadline_ns)
{
	struct pollfd fast[FAST_HOST], *fds = fast;
	struct waiter *w = NULL;
	unsigned int n_host;
	uint32_t seq;
	int ready;

	ready = look(e, n);
	if (ready || !deadline_ns)
		return ready;

	n_host = host_fds(e, n, NULL);
	if (n) {
		w = kzalloc(n * sizeof(*w));
		if (!w)
			return -ENOMEM;
	}
	if (n_host > FAST_HOST) {
		fds = kmalloc(n_host * sizeof(*fds));
		if (!fds) {
			kfree(w);
			return -ENOMEM;
		}
	}
	host_fds(e, n, fds);
	seq = wait_prepare(t);
	ready = look_and_wait(t, e, n, w);
	while (!ready) {
		int err = poll_sleep(t, seq, fds, n_host, deadline_ns);

		seq = wait_prepare(t);
		ready = look(e, n);
		if (ready || err == -ETIMEDOUT)
			break;
		if (err)
			ready = err;
	}
	for (unsigned int i = 0; i < n; i++)
		wait_del(&w[i]);
	kfree(w);
	if (fds != fast)
		kfree(fds);
	return ready;
}

static int64_t deadline_in(int64_t ns)
{
	int64_t now = time_now();

	return ns > NEVER_NS - 1 - now ? NEVER_NS : now + ns;
}

int64_t poll_deadline_ms(int ms)
{
	if (ms < 0)
		return NEVER_NS;
	return ms ? deadline_in(ms * NSEC_PER_MSEC) : 0;
}

int poll_deadline_ts(uaddr_t timeout, int64_t *deadline_ns)
{
	struct timespec64 ts;

	*deadline_ns = NEVER_NS;
	if (!timeout)
		return 0;
	if (get_user(&ts, timeout))
		return -EFAULT;
	if (!timespec_ok(&ts))
		return -EINVAL;
	*deadline_ns = ts.sec || ts.nsec ? deadline_in(timespec_ns(&ts)) : 0;
	return 0;
}
