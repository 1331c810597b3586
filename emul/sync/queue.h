/* SPDX-License-Identifier: Apache-2.0 */
/* queue.h: the queues of futex.c, for the files of emul/sync alone. */
#ifndef SBX_SYNC_QUEUE_H
#define SBX_SYNC_QUEUE_H

#include "emul/lib/lock.h"
#include "emul/sync/futex.h"

#define FUTEX_WAKE_BATCH	32

struct futex_bucket {
	struct mutex lock;
	struct list_head waiters;	/* in the order they came */
} __attribute__((aligned(64)));

/* Tasks to be woken when the locks are open again; a reference to each. */
struct futex_wakes {
	unsigned int n;
	struct task *task[FUTEX_WAKE_BATCH];
};

void futex_wakes_add(struct futex_wakes *w, struct task *t);
void futex_wakes_do(struct futex_wakes *w);

/* Which word is it?  A shared one is where its file has it. */
int futex_key(struct task *t, uaddr_t addr, unsigned int find,
	      struct futex_key *k) __must_check;
struct futex_bucket *futex_bucket_of(const struct futex_key *k);
void futex_lock_both(struct futex_bucket *a, struct futex_bucket *b);
void futex_unlock_both(struct futex_bucket *a, struct futex_bucket *b);
/* The bucket that @f is queued in, locked; NULL: in none any more. */
struct futex_bucket *futex_lock_waiter(struct futex_waiter *f);
/*
 * Queue @f on the word at @addr if that is still @val.  0, -EAGAIN, -EFAULT,
 * -EINVAL.
 */
int futex_enqueue(struct task *t, struct futex_waiter *f, uaddr_t addr,
		  unsigned int find, uint32_t val, uint32_t bitset,
		  enum futex_kind kind) __must_check;

static inline bool futex_key_is(const struct futex_key *a,
				const struct futex_key *b)
{
	return a->where == b->where && a->object == b->object;
}

/* The first waiter of @k in @b, whose lock is held; or NULL. */
static inline struct futex_waiter *futex_first(struct futex_bucket *b,
					       const struct futex_key *k)
{
	struct futex_waiter *f;

	list_for_each(f, &b->waiters, link)
		if (futex_key_is(&f->key, k))
			return f;
	return NULL;
}

/*
 * pi.c: a lock that is waited for.  It is there while @waiters is not 0 or a
 * call works on it with the bucket's lock held.
 */
struct futex_pi {
	struct list_head link;	/* in owner->pi_owned; pi_lock protects */
	/* NULL: it died.  Changed under the bucket's lock and pi_lock. */
	struct task *owner;
	struct futex_key key;
	uint32_t waiters;	/* the bucket's lock protects */
};

/* One try for the lock at @addr in the name of @who. */
struct pi_try {
	struct task *who;
	uaddr_t addr;
	struct futex_key key;
	struct futex_bucket *b;
	uint32_t val;		/* of the word, read before ... */
	struct task *owner;	/* ... and whom it names; a reference or NULL */
	struct futex_pi *spare;	/* memory for a new one, or NULL */
	bool set_waiters;	/* others will wait at once */
};

/*
 * Get ready, without locks: 0, -ENOMEM, -EFAULT, -EINVAL; to be repeated after
 * -EAGAIN; to be ended by pi_try_end() in any case.
 */
int pi_try_begin(struct task *t, struct pi_try *p, uaddr_t addr,
		 unsigned int find) __must_check;
int pi_try_again(struct pi_try *p) __must_check;
void pi_try_end(struct pi_try *p);
/*
 * With the bucket's lock held: 1: p->who has the lock now; 0: *@pi is what to
 * wait for (pi_drop() if not); -EAGAIN: the word has changed, or -errno.
 */
int pi_try_take(struct pi_try *p, struct futex_pi **pi) __must_check;
/* A state for a lock that @owner has, made of p->spare. */
struct futex_pi *pi_make(struct pi_try *p, struct task *owner);
/* Free @pi if nobody waits for it. */
void pi_drop(struct futex_pi *pi);
/* @f, which is in no queue, waits for @pi: -EDEADLK if it would for ever. */
int pi_wait_on(struct futex_waiter *f, struct futex_bucket *b,
	       struct futex_pi *pi) __must_check;
/*
 * The sleep of @f is over, with @err: it has the lock (0), or leaves its queue
 * (@err, which is not 0).
 */
int pi_wait_end(struct futex_waiter *f, uaddr_t addr, int err);
/* @t leaves its memory: its locks go to who waits; @dead: it gets no more. */
void pi_exit(struct task *t, bool dead);

#endif
