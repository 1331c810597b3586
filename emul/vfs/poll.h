/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poll.h: waiting for several files; what poll, select and epoll share.
 */
#ifndef SBX_VFS_POLL_H
#define SBX_VFS_POLL_H

#include "emul/vfs/fdtable.h"
#include "emul/vfs/vfs.h"

struct pollfd;

/* One file that is waited for.  The array of them may be on the stack. */
struct poll_entry {
	struct fd fd;		/* file NULL: not looked at */
	uint32_t events;	/* wanted; EPOLLERR and EPOLLHUP always are */
	uint32_t got;		/* of them, what is ready */
};

/*
 * Wait until one of the @n entries is ready or @deadline_ns (CLOCK_MONOTONIC,
 * NEVER_NS; 0: do not wait) comes.  How many are ready, -EINTR, -ENOMEM.
 */
int poll_entries(struct task *t, struct poll_entry *e, unsigned int n,
		 int64_t deadline_ns);

/* file_ops->poll of files that are a descriptor of the host: it is asked. */
__hidden uint32_t host_file_poll(struct file *f, struct waiter *w);
static inline bool file_polls_host(const struct file *f)
{
	return f->ops->polls_host && load_once(&f->host_fd) >= 0;
}

/*
 * Sleep until the thread's word moved from @seq (as wait_sleep) or one of
 * @n host descriptors is ready.  0, -EINTR, -ETIMEDOUT.
 */
int poll_sleep(struct task *t, uint32_t seq, struct pollfd *fds,
	       unsigned int n, int64_t deadline_ns);

/*
 * Deadlines of the calls: @ms of poll and epoll_wait, and a timespec64 in
 * guest memory (0: none).  -EFAULT, -EINVAL.
 */
int64_t poll_deadline_ms(int ms);
int poll_deadline_ts(uaddr_t timeout, int64_t *deadline_ns) __must_check;

#endif
