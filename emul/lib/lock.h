/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock.h: the kernel's one kind of lock, and reference counts.
 *
 * A mutex is a futex word in the arena, so that it works across the processes
 * of a sandbox; it knows its owner's tid (rule R9).  It is never held over an
 * access to guest memory, a request that may wait on the network, or a sleep.
 * The order of locks is written in emul/task/task.h.
 */
#ifndef SBX_LIB_LOCK_H
#define SBX_LIB_LOCK_H

#include "emul/lib/types.h"

struct mutex {
	uint32_t word;		/* 0 free, 1 held, 2 held and waited for */
	int32_t owner;		/* guest tid of who last had to wait for it */
};

void mutex_lock_slow(struct mutex *m);
void mutex_unlock_slow(struct mutex *m);

static inline void mutex_init(struct mutex *m)
{
	m->word = 0;
	m->owner = 0;
}

static inline bool __must_check mutex_trylock(struct mutex *m)
{
	uint32_t zero = 0;

	return __atomic_compare_exchange_n(&m->word, &zero, 1, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void mutex_lock(struct mutex *m)
{
	if (unlikely(!mutex_trylock(m)))
		mutex_lock_slow(m);
}

static inline void mutex_unlock(struct mutex *m)
{
	if (unlikely(__atomic_exchange_n(&m->word, 0, __ATOMIC_RELEASE) == 2))
		mutex_unlock_slow(m);
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
