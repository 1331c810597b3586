/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock.c: the slow ways of a mutex: somebody has to wait; and the checks of
 * the debug build.
 */
#include "emul/lib/lock.h"

#include "emul/host/host.h"
#include "emul/lib/print.h"
#include "emul/task/task.h"

/*
 * Holders leave within a microsecond unless they were preempted; a look or
 * two saves the two host calls.  More would only burn the other CPU's time.
 */
#define SPINS	20

void mutex_lock_slow(struct mutex *m)
{
	uint32_t me = LOCK_ME, old;
	int i;

	for (i = 0; i < SPINS; i++) {
		if (!load_once(&m->word) && mutex_try(m))
			return;
		__builtin_ia32_pause();
	}
#ifndef SBX_HOSTED
	if (mutex_holder(m) == me)
		panic("lock at %p: taken again by its holder", (void *)m);
#endif
	for (;;) {
		old = load_once(&m->word);
		/* Others may wait as well, so who takes it has to wake. */
		if (!old) {
			if (__atomic_compare_exchange_n(&m->word, &old,
							me | LOCK_WAITED,
							false, __ATOMIC_ACQUIRE,
							__ATOMIC_RELAXED))
				return;
			continue;
		}
		if (!(old & LOCK_WAITED) &&
		    !__atomic_compare_exchange_n(&m->word, &old,
						 old | LOCK_WAITED, false,
						 __ATOMIC_RELAXED,
						 __ATOMIC_RELAXED))
			continue;
		host_futex_wait_lock(&m->word, old | LOCK_WAITED);
	}
}

void mutex_unlock_slow(struct mutex *m)
{
	host_futex_wake(&m->word, 1);
}

#ifdef SBX_DEBUG
#define NESTS								\
	(1u << LOCK_TGROUP | 1u << LOCK_INODE | 1u << LOCK_MM |		\
	 1u << LOCK_EPOLL | 1u << LOCK_FUTEX | 1u << LOCK_WAITQUEUE)

static const char *const class_names[LOCK_N] = {
	[LOCK_UNSET] = "none",
	[LOCK_TIMERS] = "timers",
	[LOCK_CPUTIMERS] = "cputimers",
	[LOCK_POS] = "pos",
	[LOCK_RENAME] = "rename",
	[LOCK_INODE] = "inode",
	[LOCK_PATCH] = "patch",
	[LOCK_MM] = "mm",
	[LOCK_FS] = "fs",
	[LOCK_FILES] = "files",
	[LOCK_RECORD] = "record",
	[LOCK_HOSTWATCH] = "hostwatch",
	[LOCK_NOTIFY] = "notify",
	[LOCK_WATCH] = "watch",
	[LOCK_EPOLL] = "epoll",
	[LOCK_IPC] = "ipc",
	[LOCK_NAMES] = "names",
	[LOCK_OBJECT] = "object",
	[LOCK_PIDS] = "pids",
	[LOCK_KTIMER] = "ktimer",
	[LOCK_TGROUP] = "tgroup",
	[LOCK_SIGHAND] = "sighand",
	[LOCK_KINIT] = "kinit",
	[LOCK_FUTEX] = "futex",
	[LOCK_WAITQUEUE] = "waitqueue",
	[LOCK_READY] = "ready",
	[LOCK_ONCE] = "once",
	[LOCK_LEAF] = "leaf",
	[LOCK_DCACHE] = "dcache",
	[LOCK_ALLOC] = "alloc",
	[LOCK_PAGES] = "pages",
};

/* kernel.lds: all of LOCK_CLASS(). */
extern const struct lock_range lock_range_start[] __hidden;
extern const struct lock_range lock_range_end[] __hidden;

/* Of a lock that nobody has initialized: it starts as zero, as the arena. */
static void set_class(struct mutex *m)
{
	const struct lock_range *r;

	m->name = "static";
	for (r = lock_range_start; r < lock_range_end; r++)
		if ((uint64_t)m - (uint64_t)r->start < r->size)
			break;
	if (r < lock_range_end)
		m->name = r->name;
	m->class = r < lock_range_end ? r->class : (uint32_t)LOCK_LEAF;
}

static __cold void complain(struct thread *th, const struct mutex *held,
			    const struct mutex *m)
{
	th->n_held = THREAD_HELD_MAX + 1;	/* no more checks */
	panic("lock order: %s (%s, %p) is held, %s (%s, %p) is taken%s",
	      class_names[held->class], held->name, (const void *)held,
	      class_names[m->class], m->name, (const void *)m,
	      held == m ? " again" : "");
}

void lock_debug_take(struct mutex *m, bool try)
{
	struct thread *th = this_thread();

	if (!m->class)
		set_class(m);
	if (th->n_held > THREAD_HELD_MAX)
		return;
	for (uint32_t i = 0; i < th->n_held && !try; i++) {
		const struct mutex *h = th->held[i];

		if (h == m || h->class > m->class ||
		    (h->class == m->class && !(NESTS >> m->class & 1)))
			complain(th, h, m);
	}
	if (th->n_held == THREAD_HELD_MAX)
		panic("lock %s: too many are held", m->name);
	th->held[th->n_held++] = m;
}

void lock_debug_drop(struct mutex *m)
{
	struct thread *th = this_thread();
	uint32_t i;

	if (th->n_held > THREAD_HELD_MAX)
		return;
	for (i = th->n_held; i && th->held[i - 1] != m; i--)
		;
	if (!i) {
		th->n_held = THREAD_HELD_MAX + 1;
		panic("lock %s (%p): dropped by who has it not", m->name,
		      (void *)m);
	}
	for (th->n_held--; i <= th->n_held; i++)
		th->held[i - 1] = th->held[i];
}
#endif
