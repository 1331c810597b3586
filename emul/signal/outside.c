/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outside.c: signals that were sent to sbx itself.
 *
 * The monitor counts them in struct hostsig and kicks the thread that is
 * named there; whoever comes by here first takes what is new and gives it to
 * the first process, or to whoever is in front of the user's terminal.
 */
#include "emul/signal/outside.h"

#include "emul/abi/boot.h"
#include "emul/abi/broker.h"
#include "emul/abi/regs.h"
#include "emul/lib/uapi.h"
#include "emul/signal/queue.h"
#include "emul/signal/siginfo.h"
#include "emul/task/hostproc.h"
#include "emul/task/killed.h"
#include "emul/task/session.h"
#include "emul/task/task.h"
#include "emul/tty/own.h"

#ifdef SBX_HOSTED
static struct hostsig page;
#define HOSTSIG		(&page)
#else
#define HOSTSIG		((struct hostsig *)(META_BASE + HOSTSIG_OFFSET))
#endif

static struct {
	struct mutex lock;	/* protects: */
	struct tgroup *group;	/* who gets them; a reference */
	uint32_t seq;
	uint32_t killed;
	uint32_t count[NSIG64 + 1], keys[NSIG64 + 1];
} outside __arena;

void outside_watch(struct task *t)
{
	struct hostsig *h = HOSTSIG;

	mutex_lock(&outside.lock);
	if (!outside.group) {
		outside.group = t->group;
		ref_get(&t->group->ref);
	}
	if (outside.group == t->group) {
		store_once(&h->tid, 0);
		store_once(&h->tgid, (uint32_t)hostproc_pid(t->thread));
		store_release(&h->tid, (uint32_t)t->thread->host_tid);
	}
	mutex_unlock(&outside.lock);
}

void outside_moved(struct task *t)
{
	if (t->group != load_once(&outside.group))
		return;
	outside_watch(t);
	/* What came for the old one. */
	__atomic_fetch_or(&t->thread->work, WORK_SIGNAL, __ATOMIC_SEQ_CST);
}

void outside_leave(struct task *t)
{
	struct task *o, *next = NULL;

	/* A vfork child has its parent's host thread. */
	if (t->group != load_once(&outside.group) ||
	    load_acquire(&HOSTSIG->tid) != (uint32_t)t->thread->host_tid)
		return;
	mutex_lock(&t->group->lock);
	list_for_each(o, &t->group->threads, thread_link)
		if (!o->exiting && o->thread && o->thread->live)
			next = o;
	/* Under the lock: should it end, it comes by here after this. */
	if (next) {
		ref_get(&next->ref);
		store_release(&HOSTSIG->tid,
			      (uint32_t)next->thread->host_tid);
	}
	mutex_unlock(&t->group->lock);
	if (!next)
		return;
	/* What came for the old one is the new one's to see. */
	task_notify(next, WORK_SIGNAL);
	task_put(next);
}

/* The signals of which *@now is ahead of *@old; that is brought up to it. */
static uint64_t newer(const uint32_t *now, uint32_t *old)
{
	uint64_t fresh = 0;
	uint32_t n;

	for (int sig = 1; sig <= NSIG64; sig++) {
		n = load_once(&now[sig]);
		if (n != old[sig])
			fresh |= SIGBIT(sig);
		old[sig] = n;
	}
	return fresh;
}

/* From somebody outside to sbx: to the first process. */
static void send(struct tgroup *g, int sig)
{
	struct siginfo128 info;

	siginfo_init(&info, sig, SICODE_USER);
	if (sig != SIGCONT) {
		signal_send_group(g, &info);
		return;
	}
	/* A shell continues all of the job that it stopped. */
	mutex_lock(&pids_lock);
	pgrp_signal(g->pgid, &info);
	mutex_unlock(&pids_lock);
}

static void take_new(void)
{
	struct tgroup *g;
	uint64_t fresh, typed;
	uint32_t seq, killed;
	bool deaths;

	mutex_lock(&outside.lock);
	g = outside.group;
	seq = load_acquire(&HOSTSIG->seq);
	fresh = newer(HOSTSIG->count, outside.count);
	typed = newer(HOSTSIG->keys, outside.keys);
	killed = load_once(&HOSTSIG->killed);
	deaths = killed != outside.killed;
	outside.killed = killed;
	store_once(&outside.seq, seq);
	if (g)
		ref_get(&g->ref);
	mutex_unlock(&outside.lock);
	store_release(&HOSTSIG->taken, seq);
	if (deaths)
		killed_reap();
	if (!g)
		return;
	for (; typed; typed &= typed - 1) {
		int sig = __builtin_ctzll(typed) + 1;

		/* When the line is dropped a session's leader learns it too. */
		if (!own_tty_signal(sig) || sig == SIGHUP)
			fresh |= SIGBIT(sig);
	}
	for (; fresh; fresh &= fresh - 1)
		send(g, __builtin_ctzll(fresh) + 1);
	tgroup_put(g);
}

void outside_poll(void)
{
	if (unlikely(load_once(&HOSTSIG->seq) != load_once(&outside.seq)))
		take_new();
}
