/* SPDX-License-Identifier: Apache-2.0 */
/* hostproc.c: host processes, and the slots of threads that have ended. */
#include "emul/task/hostproc.h"

#include "emul/abi/boot.h"
#include "emul/abi/regs.h"
#include "emul/host/host.h"
#include "emul/lib/lock.h"
#include "emul/lib/print.h"
#include "emul/task/deadlist.h"
#include "emul/task/task.h"
#ifndef SBX_HOSTED
#include "interposer/interposer.h"
#endif

#ifndef SBX_HOSTED
/* So many that the host still has are looked at in search of others. */
#define REAP_LOOK	4

#define TABLE	((struct hostproc *)(META_BASE + HOSTPROC_OFFSET))

/* Also for the users of entries. */
static struct mutex dead_lock __arena;
/* Slots of threads that have ended, until the host lets go of them. */
static struct dead_list dead __arena;
static struct hostproc *first __arena;

void hostproc_enter(struct thread *th, int pid)
{
	struct hostproc *p = TABLE + (uint32_t)pid % HOSTPROC_N;

	mutex_lock(&dead_lock);
	for (int i = 0; i < HOSTPROC_PROBE; i++, p++) {
		if (p->pid && (!load_acquire(&p->end) || p->users))
			continue;
		p->users = 1;
		p->kinit = 0;
		p->end = HOSTPROC_ALIVE;
		store_release(&p->pid, (uint32_t)pid);
		th->proc = p;
		if (!first)
			first = p;
		break;
	}
	mutex_unlock(&dead_lock);
	if (!th->proc)
		panic("no room for host process %d", pid);
}

void hostproc_join(struct thread *th, const struct thread *of)
{
	if (th->proc)
		__atomic_fetch_sub(&th->proc->users, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&of->proc->users, 1, __ATOMIC_RELAXED);
	th->proc = of->proc;
}

bool hostproc_was_killed(const struct thread *th)
{
	const struct hostproc *p = load_acquire(&th->proc);

	return p && load_acquire(&p->end) == HOSTPROC_KILLED;
}

int hostproc_pid(const struct thread *th)
{
	const struct hostproc *p = load_acquire(&th->proc);

	return p ? (int)p->pid : 0;
}

int hostproc_of(struct tgroup *g, int *tid)
{
	struct thread *th = this_thread();
	struct task *o;
	int pid = 0;

	*tid = 0;
	if (g == current()->group) {
		*tid = (int)load_once(&th->host_tid);
		return hostproc_pid(th);
	}
	mutex_lock(&g->lock);
	list_for_each(o, &g->threads, thread_link) {
		if (!o->thread || pid)
			continue;
		pid = hostproc_pid(o->thread);
		*tid = (int)load_once(&o->thread->host_tid);
	}
	mutex_unlock(&g->lock);
	return pid;
}

bool hostproc_is_first(const struct thread *th)
{
	return th->proc == first;
}

void hostproc_park(void)
{
	uint32_t word = 0;

	for (;;)
		host_futex_wait_lock(&word, 0);
}

void slot_retire(struct thread *th)
{
	mutex_lock(&dead_lock);
	dead_add(&dead, th);
	mutex_unlock(&dead_lock);
}

void slot_drop(struct thread *th)
{
	if (th->base)
		slot_drop(th->base);
	if (th->proc)
		__atomic_fetch_sub(&th->proc->users, 1, __ATOMIC_RELAXED);
	th->proc = NULL;
	slot_free(th);
}

/* The host does not touch the stacks of @th any more. */
static bool has_ended(const struct thread *th)
{
	/* Its host thread began with another slot, which goes with this. */
	if (th->base)
		th = th->base;
	/*
	 * It clears the number at a thread's end, but not at that of the last
	 * one of its process, of which the monitor tells.
	 */
	return !load_acquire(&th->host_tid) || load_acquire(&th->proc->end);
}

/* Give back what the host has left. */
static void slots_reap(void)
{
	struct thread *th, *todo;

	if (!load_once(&dead.first))
		return;
	mutex_lock(&dead_lock);
	todo = dead_take(&dead, has_ended, REAP_LOOK);
	mutex_unlock(&dead_lock);
	while ((th = todo)) {
		todo = th->next_dead;
		slot_drop(th);
	}
}

#ifdef SBX_DEBUG
void slots_drain(void)
{
	while (load_once(&dead.first)) {
		slots_reap();
		host_sched_yield();
	}
}
#endif

struct thread *slot_get(void)
{
	slots_reap();
	return slot_alloc();
}
#else
void hostproc_join(struct thread *th, const struct thread *of)
{
	(void)th;
	(void)of;
}

int hostproc_pid(const struct thread *th)
{
	(void)th;
	return 0;
}

bool hostproc_is_first(const struct thread *th)
{
	(void)th;
	return true;
}

struct thread *slot_get(void)
{
	return NULL;
}

void slot_retire(struct thread *th)
{
	(void)th;
}

void slot_drop(struct thread *th)
{
	(void)th;
}
#endif
