/* SPDX-License-Identifier: Apache-2.0 */
/* sys_futex.c: futex(2) and its successors: arguments and restarts. */
#include <linux/futex.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"
#include "emul/lib/uapi.h"
#include "emul/sync/futex.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "emul/time/time.h"

#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2	13
#endif
#define WAITV_MAX	128	/* FUTEX_WAITV_MAX */
#define FLAG_SIZE_MASK	3u	/* of futex_waitv: FUTEX2_SIZE_* */
#define FLAG_SIZE_U32	2u
#define FLAG_PRIVATE	128u

static long wait_restart(struct task *t)
{
	struct restart_block *rb = &t->restart;
	long err = futex_wait(t, rb->arg[0], (unsigned int)rb->arg[1],
			      (uint32_t)rb->arg[2], rb->deadline_ns,
			      (uint32_t)rb->arg[3]);

	if (err != -EINTR)
		return err;
	rb->fn = wait_restart;
	return -ERESTART_RESTARTBLOCK;
}

static long do_wait(struct task *t, uaddr_t uaddr, unsigned int find,
		    uint32_t val, int64_t deadline_ns, uint32_t bitset)
{
	struct restart_block *rb = &t->restart;
	long err;

	if (!bitset)
		return -EINVAL;
	err = futex_wait(t, uaddr, find, val, deadline_ns, bitset);
	if (err != -EINTR)
		return err;
	if (deadline_ns == NEVER_NS)
		return -ERESTARTSYS;
	rb->fn = wait_restart;
	rb->deadline_ns = deadline_ns;
	rb->arg[0] = uaddr;
	rb->arg[1] = find;
	rb->arg[2] = val;
	rb->arg[3] = bitset;
	return -ERESTART_RESTARTBLOCK;
}

/* The timeout of a wait: relative for FUTEX_WAIT, a time otherwise. */
static int get_deadline(uaddr_t timeout, int op, int64_t *deadline_ns)
{
	struct timespec64 ts;

	*deadline_ns = NEVER_NS;
	if (!timeout)
		return 0;
	if (get_user(&ts, timeout))
		return -EFAULT;
	if ((op & FUTEX_CMD_MASK) == FUTEX_WAIT)
		return time_deadline(&ts, deadline_ns);
	if (!timespec_ok(&ts))
		return -EINVAL;
	*deadline_ns = time_deadline_at(op & FUTEX_CLOCK_REALTIME ?
					CLOCK_REALTIME : CLOCK_MONOTONIC,
					timespec_ns(&ts));
	return 0;
}

static long lock_pi(struct task *t, uaddr_t uaddr, unsigned int find,
		    int64_t deadline_ns)
{
	long err = futex_lock_pi(t, uaddr, find, deadline_ns, false);

	return err == -EINTR ? -ERESTARTNOINTR : err;
}

/* Which of them take the clock to wait by. */
static bool has_clock(int cmd)
{
	return cmd == FUTEX_WAIT_BITSET || cmd == FUTEX_WAIT_REQUEUE_PI ||
	       cmd == FUTEX_LOCK_PI2;
}

long sys_futex(struct task *t, uaddr_t uaddr, int op, unsigned int val,
	       uaddr_t timeout, uaddr_t uaddr2, unsigned int val3)
{
	unsigned int find = op & FUTEX_PRIVATE_FLAG ? FUTEX_FIND_PRIVATE : 0;
	int cmd = op & FUTEX_CMD_MASK;
	int64_t deadline;
	int err;

	if ((op & FUTEX_CLOCK_REALTIME) && !has_clock(cmd))
		return -ENOSYS;
	switch (cmd) {
	case FUTEX_WAIT:
		val3 = FUTEX_BITSET_MATCH_ANY;
		__fallthrough;
	case FUTEX_WAIT_BITSET:
		err = get_deadline(timeout, op, &deadline);
		if (err)
			return err;
		return do_wait(t, uaddr, find, val, deadline, val3);
	case FUTEX_WAKE:
		val3 = FUTEX_BITSET_MATCH_ANY;
		__fallthrough;
	case FUTEX_WAKE_BITSET:
		if (!val3)
			return -EINVAL;
		/* Linux wakes one where none was asked for. */
		return futex_wake(t, uaddr, find, (int)val > 0 ? (int)val : 1,
				  val3);
	case FUTEX_REQUEUE:
		return futex_requeue(t, uaddr, find, uaddr2, find, (int)val,
				     (int)timeout, NULL);
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(t, uaddr, find, uaddr2, find, (int)val,
				     (int)timeout, &val3);
	case FUTEX_WAKE_OP:
		return futex_wake_op(t, uaddr, uaddr2, find, (int)val,
				     (int)timeout, val3);
	case FUTEX_LOCK_PI:
		/* Always a time of the wall clock. */
		op |= FUTEX_CLOCK_REALTIME;
		__fallthrough;
	case FUTEX_LOCK_PI2:
		err = get_deadline(timeout, op, &deadline);
		return err ? err : lock_pi(t, uaddr, find, deadline);
	case FUTEX_TRYLOCK_PI:
		return futex_lock_pi(t, uaddr, find, NEVER_NS, true);
	case FUTEX_UNLOCK_PI:
		return futex_unlock_pi(t, uaddr, find);
	case FUTEX_WAIT_REQUEUE_PI:
		err = get_deadline(timeout, op, &deadline);
		return err ? err : futex_wait_requeue_pi(t, uaddr, find, val,
							 deadline, uaddr2);
	case FUTEX_CMP_REQUEUE_PI:
		return futex_requeue_pi(t, uaddr, uaddr2, find, (int)val,
					(int)timeout, val3);
	default:
		return -ENOSYS;
	}
}

/* The flags of the calls below as FUTEX_FIND_*; -EINVAL. */
static int get_flags(uint32_t flags, unsigned int *find)
{
	if ((flags & ~(FLAG_SIZE_MASK | FLAG_PRIVATE)) ||
	    (flags & FLAG_SIZE_MASK) != FLAG_SIZE_U32)
		return -EINVAL;
	*find = flags & FLAG_PRIVATE ? FUTEX_FIND_PRIVATE : 0;
	return 0;
}

/* The absolute time of those calls; NEVER_NS without one. */
static int get_time(uaddr_t timeout, int clockid, int64_t *deadline_ns)
{
	struct timespec64 ts;

	*deadline_ns = NEVER_NS;
	if (!timeout)
		return 0;
	if (clockid != CLOCK_MONOTONIC && clockid != CLOCK_REALTIME)
		return -EINVAL;
	if (get_user(&ts, timeout))
		return -EFAULT;
	if (!timespec_ok(&ts))
		return -EINVAL;
	*deadline_ns = time_deadline_at(clockid, timespec_ns(&ts));
	return 0;
}

struct guest_waitv {
	uint64_t val;
	uaddr_t uaddr;
	uint32_t flags;
	uint32_t reserved;
};

static int get_waitv(uaddr_t waiters, unsigned int n, struct futex_vec *v)
{
	struct guest_waitv w;

	for (unsigned int i = 0; i < n; i++) {
		if (get_user(&w, waiters + i * sizeof(w)))
			return -EFAULT;
		if (get_flags(w.flags, &v[i].find) || w.reserved || w.val >> 32)
			return -EINVAL;
		v[i].addr = w.uaddr;
		v[i].val = (uint32_t)w.val;
	}
	return 0;
}

long sys_futex_waitv(struct task *t, uaddr_t waiters, unsigned int nr_futexes,
		     unsigned int flags, uaddr_t timeout, int clockid)
{
	struct futex_vec *v;
	int64_t deadline;
	long err;

	if (flags || !nr_futexes || nr_futexes > WAITV_MAX || !waiters)
		return -EINVAL;
	err = get_time(timeout, clockid, &deadline);
	if (err)
		return err;
	v = kmalloc(nr_futexes * sizeof(*v));
	if (!v)
		return -ENOMEM;
	err = get_waitv(waiters, nr_futexes, v);
	if (!err)
		err = futex_wait_many(t, v, nr_futexes, deadline);
	kfree(v);
	return err == -EINTR ? -ERESTARTSYS : err;
}

long sys_futex_wake(struct task *t, uaddr_t uaddr, unsigned long mask, int nr,
		    unsigned int flags)
{
	unsigned int find;

	if (get_flags(flags, &find) || mask >> 32 || !mask)
		return -EINVAL;
	return futex_wake(t, uaddr, find, nr < 0 ? 1 : nr, (uint32_t)mask);
}

long sys_futex_wait(struct task *t, uaddr_t uaddr, unsigned long val,
		    unsigned long mask, unsigned int flags, uaddr_t timeout,
		    int clockid)
{
	unsigned int find;
	int64_t deadline;
	long err;

	if (get_flags(flags, &find) || val >> 32 || mask >> 32)
		return -EINVAL;
	err = get_time(timeout, clockid, &deadline);
	if (err)
		return err;
	if (!mask)
		return -EINVAL;
	err = futex_wait(t, uaddr, find, (uint32_t)val, deadline,
			 (uint32_t)mask);
	return err == -EINTR ? -ERESTARTSYS : err;
}

long sys_futex_requeue(struct task *t, uaddr_t waiters, unsigned int flags,
		       int nr_wake, int nr_requeue)
{
	struct futex_vec v[2];
	int err;

	if (flags || !waiters)
		return -EINVAL;
	err = get_waitv(waiters, 2, v);
	if (err)
		return err;
	return futex_requeue(t, v[0].addr, v[0].find, v[1].addr, v[1].find,
			     nr_wake, nr_requeue, &v[0].val);
}
