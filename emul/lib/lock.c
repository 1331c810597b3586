/* SPDX-License-Identifier: Apache-2.0 */
/* lock.c: the slow ways of a mutex: somebody has to wait. */
#include "emul/lib/lock.h"

#include "emul/host/host.h"

/*
 * Holders leave within a microsecond unless they were preempted; a look or
 * two saves the two host calls.  More would only burn the other CPU's time.
 */
#define SPINS	20

void mutex_lock_slow(struct mutex *m)
{
	int i;

	for (i = 0; i < SPINS; i++) {
		if (!load_once(&m->word) && mutex_trylock(m))
			return;
		__builtin_ia32_pause();
	}
	/* 2: somebody waits, so the holder has to wake. */
	while (__atomic_exchange_n(&m->word, 2, __ATOMIC_ACQUIRE))
		host_futex_wait_lock(&m->word, 2);
}

void mutex_unlock_slow(struct mutex *m)
{
	host_futex_wake(&m->word, 1);
}
