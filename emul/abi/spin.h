/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spin.h: whether to look again for what will soon be there, or to sleep.
 *
 * A CPU that went idle takes tens of microseconds to wake up in a virtual
 * machine; a request to the broker takes less than that.  So both ends look a
 * few times without sleeping, while that pays: where both share a CPU, or the
 * other has longer to do, it never does, and after each failure twice as many
 * turns sleep at once.
 */
#ifndef SBX_ABI_SPIN_H
#define SBX_ABI_SPIN_H

#include <stdint.h>

#define SPIN_LOOKS	128	/* a look is a host call */
#define SPIN_SKIP_MAX	127u

/* Zeroes at first.  Threads may share one: what they lose are hints. */
struct spin {
	uint32_t skip;		/* turns to sleep at once */
	uint32_t last;		/* how many they were last time */
};

/* How often to look before sleeping, this turn: 0 for not at all. */
static inline int spin_looks(struct spin *s)
{
	uint32_t skip = __atomic_load_n(&s->skip, __ATOMIC_RELAXED);

	if (!skip)
		return SPIN_LOOKS;
	__atomic_store_n(&s->skip, skip - 1, __ATOMIC_RELAXED);
	return 0;
}

/* What a turn that looked came to: @found before it had to sleep. */
static inline void spin_ended(struct spin *s, int found)
{
	uint32_t last = __atomic_load_n(&s->last, __ATOMIC_RELAXED);

	last = found ? last / 2 : 2 * last + 1;
	if (last > SPIN_SKIP_MAX)
		last = SPIN_SKIP_MAX;
	__atomic_store_n(&s->last, last, __ATOMIC_RELAXED);
	__atomic_store_n(&s->skip, found ? 0 : last, __ATOMIC_RELAXED);
}

#endif
