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
struct task;

struct futex_key {
	uint64_t object;	/* struct mm or struct inode */
	uint64_t where;		/* guest address or offset */
};

/* One thread asleep on one word; in arena memory. */
struct futex_waiter {
	struct list_head link;		/* bucket's lock protects */
	struct futex_bucket *bucket;	/* NULL: on none, woken or never on */
	struct futex_key key;
	struct task *task;
	uint32_t bitset;
};

#define FUTEX_FIND_PRIVATE	1u	/* FUTEX_PRIVATE_FLAG was given */
#define FUTEX_FIND_WRITE	2u	/* the word will be written */


/*
 * Wake at most @n waiters of the word at @addr whose bitset meets @bitset.
 * The number woken, -EINVAL (@addr is not aligned), -EFAULT.
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
long futex_requeue(struct task *t, uaddr_t from, uaddr_t to, unsigned int find,
		   int n_wake, int n_move, const uint32_t *cmp);
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

/* robust.c: mark and wake the locks that @t, which is ending, still holds. */
void futex_exit(struct task *t);

#endif
