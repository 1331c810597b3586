/* SPDX-License-Identifier: Apache-2.0 */
/* hostwatch.c: read what the host tells of its files; see hostwatch.h. */
#include "emul/fs/hostwatch.h"

#include <asm/poll.h>

#include "emul/fs/hostfs.h"
#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/task/hostproc.h"
#include "emul/task/kinit.h"
#include "emul/task/task.h"
#include "emul/vfs/dcache.h"
#ifndef SBX_HOSTED
#include "interposer/interposer.h"
#endif

#define BUF_SIZE	8192u
#define BUCKETS		64u

__arena uint32_t hostwatch_count;

static __arena_table struct {
	struct mutex lock;	/* readers take turns; protects: */
	int fd;			/* of the host's inotify + 1; 0: none yet */
	char buf[BUF_SIZE];
	bool running;		/* the thread is there, or is being started */
	/* fsn_lock protects: */
	struct list_head by_wd[BUCKETS];
} watch;
LOCK_CLASS(watch, LOCK_HOSTWATCH);

static struct list_head *bucket(int wd)
{
	return &watch.by_wd[(unsigned int)wd % BUCKETS];
}

/* The first watch brings the descriptor along. */
static int ask(struct fsn_inode *w, int *wd)
{
	struct broker_req req = { .op = BROKER_WATCH };
	struct broker_rep rep;
	int fd = -1, err;

	mutex_lock(&watch.lock);
	if (!watch.fd)
		req.flags = BROKER_WATCH_FD;
	err = host_request(w->dentry, &req, &rep, NULL, 0, &fd);
	if (!err && fd >= 0)
		watch.fd = fd + 1;
	mutex_unlock(&watch.lock);
	if (!err)
		*wd = (int)rep.val[0];
	return err;
}

#ifndef SBX_HOSTED
static void watch_thread(void *arg)
{
	(void)arg;
	hostsig_thread(this_thread());
	for (;;) {
		struct pollfd p = { .fd = watch.fd - 1, .events = POLLIN };

		(void)host_ppoll(&p, 1, NEVER_NS);
		hostwatch_drain_slow();
	}
}

/* Without it who sleeps is not woken: not to be had is as no watch. */
static int start_thread(void)
{
	struct thread *th;

	if (load_acquire(&watch.running) ||
	    __atomic_exchange_n(&watch.running, true, __ATOMIC_ACQ_REL))
		return 0;
	th = slot_get();
	if (th && !kinit_thread(th, watch_thread, NULL))
		return 0;
	if (th)
		slot_drop(th);
	store_release(&watch.running, false);
	return -ENOSPC;
}
#else
static int start_thread(void)
{
	return -ENOSPC;
}
#endif

unsigned int hostwatch_threads(void)
{
	return load_acquire(&watch.running);
}

static void unwatch(int wd)
{
	struct broker_req req = {
		.op = BROKER_UNWATCH, .arg = { (unsigned int)wd },
	};
	struct broker_rep rep;

	(void)broker_call(&req, NULL, &rep, NULL, 0, NULL);
}

int hostwatch_add(struct fsn_inode *w)
{
	int wd = 0, err = ask(w, &wd);

	if (err)
		return err == -ENOSPC || err == -EMFILE ? -ENOSPC : 0;
	err = start_thread();
	if (err) {
		unwatch(wd);
		return err;
	}
	mutex_lock(&fsn_lock);
	if (!watch.by_wd[0].next)
		for (unsigned int k = 0; k < BUCKETS; k++)
			list_init(&watch.by_wd[k]);
	w->host_wd = wd;
	list_add_tail(&w->host_link, bucket(wd));
	__atomic_fetch_add(&hostwatch_count, 1, __ATOMIC_RELEASE);
	mutex_unlock(&fsn_lock);
	return 0;
}

void hostwatch_del(struct fsn_inode *w)
{
	struct fsn_inode *o;
	bool shared = false;

	mutex_lock(&fsn_lock);
	list_del(&w->host_link);
	/* Another name of the same file. */
	list_for_each(o, bucket(w->host_wd), host_link)
		shared |= o->host_wd == w->host_wd;
	__atomic_fetch_sub(&hostwatch_count, 1, __ATOMIC_RELEASE);
	mutex_unlock(&fsn_lock);
	if (!shared)
		unwatch(w->host_wd);
}

struct changed {
	struct fsn_inode *last;		/* to be put */
	struct dentry *dir;		/* a reference, or NULL */
};

/* The next of those with that number behind @after; fsn_lock is held. */
static struct fsn_inode *next_of(int wd, struct fsn_inode *after)
{
	struct list_head *head = bucket(wd), *pos;

	for (pos = after ? after->host_link.next : head->next; pos != head;
	     pos = pos->next) {
		struct fsn_inode *w = list_entry(pos, struct fsn_inode,
						 host_link);

		if (w->host_wd == wd)
			return w;
	}
	return NULL;
}

/*
 * Close of a file that was open for writing: of one of ours, if we have closed
 * some; then the guest was told of it when it closed.
 */
static bool is_ours(const struct fsn_event *e)
{
	uint32_t n = load_once(&host_closes.n);

	if (!(e->mask & IN_CLOSE_WRITE))
		return false;
	while (n)
		if (__atomic_compare_exchange_n(&host_closes.n, &n, n - 1,
						true, __ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST))
			return true;
	return false;
}

static void tell(int wd, const struct fsn_event *e)
{
	struct changed c[4];
	struct fsn_inode *w, *next;
	unsigned int n = 0;

	mutex_lock(&fsn_lock);
	for (w = next_of(wd, NULL); w && n < ARRAY_SIZE(c); w = next) {
		next = next_of(wd, w);
		c[n].dir = dget(w->dentry);
		c[n++].last = fsn_host_event(w, e);
	}
	mutex_unlock(&fsn_lock);
	while (n--) {
		host_changed(c[n].dir, e->name, e->len);
		dput(c[n].dir);
		fsn_inode_put(c[n].last);
	}
}

/* More was lost than was told: all who watch the host's files hear of it. */
static void tell_overflow(void)
{
	const struct fsn_event e = { .mask = IN_Q_OVERFLOW };
	struct fsn_inode *w;

	mutex_lock(&fsn_lock);
	for (unsigned int k = 0; k < BUCKETS; k++)
		list_for_each(w, &watch.by_wd[k], host_link)
			fsn_overflow(w, &e);
	mutex_unlock(&fsn_lock);
}

/* Events as the host gives them; the lock is held. */
static void hand_on(const char *p, const char *end)
{
	struct inotify_event in;

	while ((size_t)(end - p) >= sizeof(in)) {
		struct fsn_event e;

		memcpy(&in, p, sizeof(in));
		p += sizeof(in);
		if (in.len > (size_t)(end - p))
			break;
		e = (struct fsn_event){
			.mask = in.mask, .cookie = in.cookie,
			.name = in.len ? p : NULL,
			.len = in.len ? strnlen(p, in.len) : 0,
		};
		if (in.mask & IN_Q_OVERFLOW)
			tell_overflow();
		else if (!is_ours(&e))
			tell(in.wd, &e);
		p += in.len;
	}
}

void hostwatch_drain_slow(void)
{
	uint32_t turn = 0, busy = 1, closes = 0;
	long n;

	mutex_lock(&watch.lock);
	while (watch.fd) {
		turn = __atomic_load_n(&host_closes.turn, __ATOMIC_SEQ_CST);
		busy = __atomic_load_n(&host_closes.busy, __ATOMIC_SEQ_CST);
		closes = __atomic_load_n(&host_closes.n, __ATOMIC_SEQ_CST);
		n = host_read(watch.fd - 1, watch.buf, sizeof(watch.buf));
		if (n == -EINTR)
			continue;
		if (n <= 0)
			break;
		hand_on(watch.buf, watch.buf + n);
	}
	/* All that we had closed before has been told by now. */
	if (!busy && closes &&
	    __atomic_load_n(&host_closes.turn, __ATOMIC_SEQ_CST) == turn)
		(void)__atomic_compare_exchange_n(&host_closes.n, &closes, 0,
						  false, __ATOMIC_SEQ_CST,
						  __ATOMIC_SEQ_CST);
	mutex_unlock(&watch.lock);
}
