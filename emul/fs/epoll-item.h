/* SPDX-License-Identifier: Apache-2.0 */
/*
 * epoll-item.h: what epoll.c, epoll-host.c and sys_epoll.c share of interest
 * lists; epoll.h is for the rest of the kernel.
 *
 * An item lies on the wait queue of its file for as long as it exists; a wake
 * of that queue puts it on the ready list of its epoll.  What lies there may
 * be ready: the file is asked when the event is taken.  So a wait costs what is
 * ready, not what is watched.
 *
 * Descriptors of the host wake nobody.  Those are asked one by one, and who
 * has to sleep does so in the host's poll.
 *
 * Order of locks: epoll_watch_lock, epoll->lock of the outer before that of an
 * inner epoll, a file's waitqueue, epoll->ready_lock, epoll->queue.
 */
#ifndef SBX_FS_EPOLL_ITEM_H
#define SBX_FS_EPOLL_ITEM_H

#include <linux/eventpoll.h>

#include "emul/lib/list.h"
#include "emul/lib/lock.h"
#include "emul/lib/rbtree.h"
#include "emul/vfs/poll.h"

#define PRIVATE_BITS	(EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE)
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
extern struct mutex epoll_watch_lock;

extern const struct file_ops epoll_fops __hidden;

static inline bool epoll_may_be_ready(struct epoll *ep)
{
	return !list_empty(&ep->ready);
}

/* epoll.c */

/* A new one, as a descriptor of @t with @flags, O_CLOEXEC; or -errno. */
long epoll_new(struct task *t, unsigned int flags);
/* As epoll_ctl(2): @op on the item of @f at @fd; @ev has been copied in. */
int epoll_change(struct task *t, struct epoll *ep, struct file *f, int op,
		 int fd, const struct epoll_event *ev);
/* @it is to be looked at by who waits. */
void item_make_ready(struct item *it);
/* What is ready of what @it is to tell of. */
uint32_t item_poll(struct item *it);
/* Those that are known not to be ready leave the list: are there others? */
bool epoll_drop_drained(struct epoll *ep);
/*
 * Take at most @max events into @ev.  Those that stay ready go to the end of
 * the list, once all were looked at.  Who is woken meanwhile, after it was
 * looked at, is for the next time: nobody is told of twice.  @n_edges of @edge,
 * of BATCH, have come from the host; 0: it is asked.  How many were taken.
 */
int epoll_harvest(struct epoll *ep, struct epoll_event *ev, int max,
		  struct epoll_event *edge, int n_edges);

/* epoll-host.c; ep->lock is held but by epoll_sleep_host() */

void item_set_on_hosts(struct item *it, bool on);
/* What the host tells of it, and how.  True: it will tell what is ready now. */
bool item_attach_host(struct item *it);
/* Ask the host's descriptors, all by one call. */
void epoll_ask_hosts(struct epoll *ep);
/*
 * The host has told of @n edges.  The file is looked for, not looked at: it may
 * have gone meanwhile.
 */
void epoll_take_edges(struct epoll *ep, const struct epoll_event *ev, int n);
/*
 * Sleep in the host's poll, with those descriptors that are not shot.  As
 * wait_sleep().
 */
int epoll_sleep_host(struct task *t, struct epoll *ep, uint32_t seq,
		     int64_t deadline_ns);

#endif
