/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ktimer.h: call a function at a time.
 *
 * One thread of the sandbox, which runs no guest, sleeps until the next
 * deadline.  It is started with the first timer.
 */
#ifndef SBX_TIME_KTIMER_H
#define SBX_TIME_KTIMER_H

#include "emul/lib/rbtree.h"
#include "emul/lib/types.h"

struct ktimer {
	struct rb_node node;
	int64_t expires_ns;	/* CLOCK_MONOTONIC */
	bool armed;
	/*
	 * Called with the lock of all timers held, which comes before
	 * tgroup->lock; must not sleep.  Returns the next deadline, or
	 * NEVER_NS: that was all.
	 */
	int64_t (*fn)(struct ktimer *kt);
};

void ktimer_init(struct ktimer *kt, int64_t (*fn)(struct ktimer *kt));
/*
 * Let @kt expire at @expires_ns (NEVER_NS: not at all), whatever it was set
 * to before.  Its function does not run once this has returned.  0, or
 * -EAGAIN: there is no thread to be had.
 */
int ktimer_set(struct ktimer *kt, int64_t expires_ns) __must_check;
void ktimer_cancel(struct ktimer *kt);
/* When it expires; NEVER_NS: it is not set. */
int64_t ktimer_deadline(const struct ktimer *kt);

/* How many threads there are for it: 0 or 1. */
unsigned int ktimer_threads(void);

/* Run what is due at @now_ns; the next deadline comes back. For unit tests. */
int64_t ktimer_run(int64_t now_ns);

#endif
