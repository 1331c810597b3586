/* SPDX-License-Identifier: Apache-2.0 */
/*
 * futex.h: futex(2) in the arena.
 *
 * A word is known by (mm, address) when it is private, and by (inode, offset)
 * when it lies in a shared mapping of a file, so that processes meet on it.
 */
#ifndef SBX_SYNC_FUTEX_H
#define SBX_SYNC_FUTEX_H

#include "emul/lib/list.h"
#include "emul/lib/types.h"

struct futex_bucket;
struct futex_pi;
struct task;

struct futex_key {
	uint64_t object;	/* struct mm or struct inode */
	uint64_t where;		/* guest address or offset */
};

enum futex_kind {
	FUTEX_KIND_PLAIN,	/* waits to be woken */
	FUTEX_KIND_TO_PI,	/* waits to be moved to a lock */
	FUTEX_KIND_PI,		/* waits for a lock */
};

/* One thread asleep on one word; in arena memory. */
struct futex_waiter {
	struct list_head link;		/* bucket's lock protects */
	struct futex_bucket *bucket;	/* NULL: on none, woken or never on */
	struct futex_key key;
	struct task *task;
	uint32_t bitset;
	uint8_t kind;			/* enum futex_kind; as link */
	bool got;			/* the lock is this one's; as link */
	struct futex_pi *pi;		/* of KIND_PI */
	struct futex_key pi_key;	/* of KIND_TO_PI: the lock */
};

#define FUTEX_FIND_PRIVATE	1u	/* FUTEX_PRIVATE_FLAG was given */
#define FUTEX_FIND_WRITE	2u	/* the word will be written */


/*
 * Wake at most @n waiters of the word at @addr whose bitset meets @bitset.
 * The number woken, -EINVAL (@addr is not aligned, or waiters for a lock are
 * there), -EFAULT.
 */
long futex_wake(struct task *t, uaddr_t addr, unsigned int find, int n,
		uint32_t bitset);
/*
 * Sleep while the word at @addr is @val.  @deadline_ns: absolute time of
 * CLOCK_MONOTONIC, or NEVER_NS.  0, -EAGAIN, -ETIMEDOUT, -EINTR, -EFAULT.
 */
long futex_wait(struct task *t, uaddr_t addr, unsigned int find, uint32_t val,
		int64_t deadline_ns, uint32_t bitset);
/*
 * FUTEX_REQUEUE and FUTEX_CMP_REQUEUE (@cmp not NULL): wake @n_wake waiters
 * of @from, move @n_move others to @to.  Both counts together, or -errno.
 */
long futex_requeue(struct task *t, uaddr_t from, unsigned int find_from,
		   uaddr_t to, unsigned int find_to, int n_wake, int n_move,
		   const uint32_t *cmp);
/* FUTEX_WAKE_OP, with @op as its last argument. */
long futex_wake_op(struct task *t, uaddr_t addr1, uaddr_t addr2,
		   unsigned int find, int n1, int n2, uint32_t op);
/* One element of futex_waitv(2), checked. */
struct futex_vec {
	uaddr_t addr;
	uint32_t val;
	unsigned int find;
};
/* Sleep on all of @n words; the index of one that was woken, or -errno. */
long futex_wait_many(struct task *t, const struct futex_vec *v, unsigned int n,
		     int64_t deadline_ns);

/*
 * pi.c: locks that know their owner.  The word holds its tid, with
 * FUTEX_WAITERS when it has to be given back by a call.  @deadline_ns as in
 * futex_wait().  futex_lock_pi(): 0, -EAGAIN (@try), -EDEADLK, -EINTR, -ESRCH,
 * -ETIMEDOUT, -EINVAL, -EFAULT.
 */
long futex_lock_pi(struct task *t, uaddr_t addr, unsigned int find,
		   int64_t deadline_ns, bool try);
long futex_unlock_pi(struct task *t, uaddr_t addr, unsigned int find);
/*
 * requeue_pi.c: FUTEX_WAIT_REQUEUE_PI: wait on @addr until moved to the lock
 * at @lock by futex_requeue_pi(), and for that.  -ERESTARTNOINTR too.
 */
long futex_wait_requeue_pi(struct task *t, uaddr_t addr, unsigned int find,
			   uint32_t val, int64_t deadline_ns, uaddr_t lock);
/* FUTEX_CMP_REQUEUE_PI: the lock to one waiter, @n_move others to its queue. */
long futex_requeue_pi(struct task *t, uaddr_t from, uaddr_t lock,
		      unsigned int find, int n_wake, int n_move, uint32_t cmp);

/*
 * robust.c: mark and wake the locks that @t still holds, and the word that
 * tells of its end; it leaves its memory, by exit or (futex_exec()) by execve.
 */
void futex_exit(struct task *t);
void futex_exec(struct task *t);

#endif
