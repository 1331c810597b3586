/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock.h: the kernel's one kind of lock, and reference counts.
 *
 * A mutex is a futex word in the arena, so that it works across the processes
 * of a sandbox; the word tells which thread holds it (rule R9).  It is never
 * held over an access to guest memory, a request that may wait on the network,
 * or a sleep.
 *
 * The order of locks is written in emul/task/task.h, and once more here as
 * classes.  A kernel configured with --enable-debug panics when a thread takes
 * a lock against that order, or one that it has, and names both locks.
 */
#ifndef SBX_LIB_LOCK_H
#define SBX_LIB_LOCK_H

#include "emul/abi/regs.h"
#include "emul/lib/types.h"

/*
 * Outer first: with a lock held, only one of a class further down may be
 * taken.  Of the classes marked (n), one more of the same: the order among
 * them is said where they are taken.
 */
enum lock_class {
	LOCK_UNSET,		/* zeroed memory: LOCK_CLASS()'s, or a leaf */
	LOCK_TIMERS,		/* tgroup->timers_lock, of a timerfd */
	LOCK_CPUTIMERS,		/* tgroup->cpu.lock */
	LOCK_POS,		/* file->pos_lock */
	LOCK_RENAME,
	LOCK_INODE,		/* (n) a directory, then its child */
	LOCK_PATCH,		/* text of an address space that is rewritten */
	LOCK_MM,		/* (n) mm_dup(): the copy is nobody else's */
	LOCK_FS,		/* fs_ctx */
	LOCK_FILES,		/* descriptor tables */
	LOCK_WATCH,		/* epoll: what watches what */
	LOCK_EPOLL,		/* (n) one epoll that watches another */
	LOCK_HOSTWATCH,		/* events of the host are handed on */
	LOCK_NOTIFY,		/* who watches which file */
	LOCK_RECORD,		/* flock.c: all advisory locks */
	LOCK_IPC,		/* tables of System V objects; lists to undo */
	LOCK_NAMES,		/* of sockets that have no file */
	LOCK_OBJECT,		/* of a pipe, a terminal, a queue of messages */
	LOCK_PIDS,
	LOCK_KTIMER,
	LOCK_TGROUP,		/* (n) of two groups, under pids_lock */
	LOCK_SIGHAND,
	LOCK_KINIT,		/* one asks kinit for a process, a thread */
	LOCK_FUTEX,		/* (n) two buckets, by address */
	LOCK_WAITQUEUE,		/* (n) an epoll's after that of its target */
	LOCK_READY,		/* epoll: what is ready */
	LOCK_ONCE,		/* what is made when it is first used */
	LOCK_LEAF,		/* the others: nothing below but memory */
	LOCK_DCACHE,
	LOCK_ALLOC,
	LOCK_PAGES,
	LOCK_N
};

struct mutex {
	uint32_t word;		/* 0, or LOCK_ME of the holder, and LOCK_WAITED */
#ifdef SBX_DEBUG
	uint32_t class;
	const char *name;
#endif
};

#define LOCK_WAITED	(1u << 31)

#ifdef SBX_HOSTED
#define LOCK_ME		1u
static inline void lock_count(int n)
{
	(void)n;
}
#else
/*
 * The holder: its thread block's address without the lower 16 bits, which are
 * zero, and without the top, which all slots share.
 */
static inline uint32_t lock_me(void)
{
	uint64_t self;

	__asm__("mov %%gs:0, %0" : "=r"(self));
	return (uint32_t)(self >> 16) & ~LOCK_WAITED;
}
#define LOCK_ME		lock_me()

/*
 * How many locks a thread holds, or is about to take: known from outside when
 * the host has killed it.  Only the thread itself changes it.
 */
static inline void lock_count(int n)
{
	if (n > 0)
		__asm__ volatile("incl %%gs:%c0" :: "i"(THREAD_LOCKS) : "cc",
				 "memory");
	else
		__asm__ volatile("decl %%gs:%c0" :: "i"(THREAD_LOCKS) : "cc",
				 "memory");
}
#endif

/*
 * Locks that @th holds; if its host thread is dead, what they protect is not
 * to be trusted.
 */
static inline uint32_t locks_held(const struct thread *th)
{
	return load_once(&th->n_locks);
}

/* Who holds @m, as LOCK_ME tells it; 0: nobody. */
static inline uint32_t mutex_holder(const struct mutex *m)
{
	return load_once(&m->word) & ~LOCK_WAITED;
}

void mutex_lock_slow(struct mutex *m);
void mutex_unlock_slow(struct mutex *m);

#ifdef SBX_DEBUG
/* What becomes of zeroed memory that is a lock, or has one in it. */
struct lock_range {
	const void *start;
	size_t size;
	uint32_t class;
	const char *name;
};
#define LOCK_CLASS(var, c)						\
	static const struct lock_range lock_range_##var			\
	__attribute__((used, section(".data.rel.ro.lock_class"))) =	\
		{ &(var), sizeof(var), c, #var }
#define mutex_init_class(m, c)						\
	do {								\
		struct mutex *m_ = (m);					\
									\
		m_->word = 0;						\
		m_->class = (c);					\
		m_->name = #m;						\
	} while (0)
void lock_debug_take(struct mutex *m, bool try);
void lock_debug_drop(struct mutex *m);
#else
/* The class of a static lock, or of those in a static struct. */
#define LOCK_CLASS(var, c)						\
	_Static_assert(sizeof(var) > 0 && (c) > LOCK_UNSET, #var)
/* Make @m a free lock of class @c. */
#define mutex_init_class(m, c)						\
	do {								\
		(m)->word = 0;						\
		_Static_assert((c) > LOCK_UNSET, #m);			\
	} while (0)
static inline void lock_debug_take(struct mutex *m, bool try)
{
	(void)m;
	(void)try;
}
static inline void lock_debug_drop(struct mutex *m)
{
	(void)m;
}
#endif
#define mutex_init(m)	mutex_init_class(m, LOCK_LEAF)

static inline bool mutex_try(struct mutex *m)
{
	uint32_t zero = 0;

	return __atomic_compare_exchange_n(&m->word, &zero, LOCK_ME, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline bool __must_check mutex_trylock(struct mutex *m)
{
	lock_count(1);
	if (likely(mutex_try(m))) {
		lock_debug_take(m, true);
		return true;
	}
	lock_count(-1);
	return false;
}

static inline void mutex_lock(struct mutex *m)
{
	lock_debug_take(m, false);
	lock_count(1);
	if (unlikely(!mutex_try(m)))
		mutex_lock_slow(m);
}

static inline void mutex_unlock(struct mutex *m)
{
	lock_debug_drop(m);
	if (unlikely(__atomic_exchange_n(&m->word, 0, __ATOMIC_RELEASE) &
		     LOCK_WAITED))
		mutex_unlock_slow(m);
	lock_count(-1);
}

/* References: an object lives until ref_put() says that the last went. */
struct ref {
	uint32_t count;
};

static inline void ref_init(struct ref *r)
{
	store_once(&r->count, 1);
}

static inline void ref_get(struct ref *r)
{
	__atomic_fetch_add(&r->count, 1, __ATOMIC_RELAXED);
}

/* Take a reference unless the object is already on its way out. */
static inline bool __must_check ref_get_unless_zero(struct ref *r)
{
	uint32_t c = load_once(&r->count);

	while (c)
		if (__atomic_compare_exchange_n(&r->count, &c, c + 1, true,
						__ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return true;
	return false;
}

/* Returns true when the caller dropped the last reference. */
static inline bool __must_check ref_put(struct ref *r)
{
	return __atomic_fetch_sub(&r->count, 1, __ATOMIC_ACQ_REL) == 1;
}

#endif
