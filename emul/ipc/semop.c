/* SPDX-License-Identifier: Apache-2.0 */
/*
 * semop.c: operations on sets of semaphores; semop(2).
 *
 * A set of operations is done at once or not at all.  Who has to wait stands
 * in one of two lines: those that want zeroes and nothing else may all go when
 * they come; the others go in order of arrival as far as values allow.
 */
#include <linux/errno.h>

#include "emul/entry/uaccess.h"
#include "emul/ipc/sem.h"
#include "emul/lib/alloc.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "emul/time/time.h"

#define OPS_FAST	8u

struct sem_sleep {
	struct ipc_sleep s;
	struct sem_ops ops;
	bool mixed;
};

/* Take the first @n operations back. */
static void take_back(struct sem_set *set, const struct sem_ops *o,
		      unsigned int n)
{
	while (n-- > 0) {
		const struct sembuf *op = &o->op[n];

		set->sem[op->sem_num].val -= op->sem_op;
		if (op->sem_op && (op->sem_flg & SEM_UNDO))
			o->undo->adj[op->sem_num] =
				(int16_t)(o->undo->adj[op->sem_num] +
					  op->sem_op);
	}
}

int sem_try(struct sem_set *set, struct sem_ops *o)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < o->n; i++) {
		const struct sembuf *op = &o->op[i];
		struct sem *s = &set->sem[op->sem_num];
		int val = s->val + op->sem_op;

		if ((!op->sem_op && s->val) || val < 0) {
			err = op->sem_flg & IPC_NOWAIT ? -EAGAIN : SEM_BLOCKS;
			break;
		}
		if (val > SEMVMX) {
			err = -ERANGE;
			break;
		}
		if (op->sem_op && (op->sem_flg & SEM_UNDO)) {
			int adj = o->undo->adj[op->sem_num] - op->sem_op;

			if (adj < -SEMAEM - 1 || adj > SEMAEM) {
				err = -ERANGE;
				break;
			}
			o->undo->adj[op->sem_num] = (int16_t)adj;
		}
		s->val = val;
	}
	if (err) {
		o->blocking = i;
		take_back(set, o, i);
		return err;
	}
	for (i = 0; i < o->n; i++)
		set->sem[o->op[i].sem_num].pid = o->pid;
	return 0;
}

/* Could it do anything now?  Quick, and wrong only in saying yes. */
static bool hopeless(const struct sem_set *set, const struct sem_ops *o)
{
	const struct sembuf *op = &o->op[o->blocking];
	int val;

	if (o->n > 1)
		return false;
	val = set->sem[op->sem_num].val;
	return op->sem_op ? val + op->sem_op < 0 : val != 0;
}

static void serve_zeros(struct sem_set *set, struct ipc_wakes *w)
{
	struct sem_sleep *z, *next;

	list_for_each_safe(z, next, &set->zeros, s.link) {
		int r = hopeless(set, &z->ops) ? SEM_BLOCKS :
			sem_try(set, &z->ops);

		if (r != SEM_BLOCKS)
			ipc_done(&z->s, r, w);
	}
}

/* May what @o just did help somebody further up in the line? */
static bool helps_others(const struct sem_set *set, const struct sem_ops *o)
{
	if (set->n_mixed)
		return true;
	for (unsigned int i = 0; i < o->n; i++)
		if (o->op[i].sem_op > 0)
			return true;
	return false;
}

void sem_changed(struct sem_set *set, struct ipc_wakes *w)
{
	struct sem_sleep *a, *next;
	bool again;

	do {
		again = false;
		serve_zeros(set, w);
		list_for_each_safe(a, next, &set->alters, s.link) {
			int r;

			if (hopeless(set, &a->ops))
				continue;
			r = sem_try(set, &a->ops);
			if (r == SEM_BLOCKS)
				continue;
			set->n_mixed -= a->mixed;
			if (!r)
				again = helps_others(set, &a->ops);
			ipc_done(&a->s, r, w);
			if (!r)
				serve_zeros(set, w);
			if (again)
				break;
		}
	} while (again);
}

void sem_expel(struct sem_set *set, int status, struct ipc_wakes *w)
{
	struct ipc_sleep *s, *next;

	list_for_each_safe(s, next, &set->zeros, link)
		ipc_done(s, status, w);
	list_for_each_safe(s, next, &set->alters, link)
		ipc_done(s, status, w);
	set->n_mixed = 0;
}

static int count_in(const struct list_head *line, unsigned int num, bool zero)
{
	const struct sem_sleep *s;
	int n = 0;

	list_for_each(s, line, s.link) {
		const struct sembuf *op = &s->ops.op[s->ops.blocking];

		if (op->sem_num == num && zero == !op->sem_op)
			n++;
	}
	return n;
}

int sem_count_waiters(const struct sem_set *set, unsigned int num, bool zero)
{
	return count_in(&set->zeros, num, zero) +
	       count_in(&set->alters, num, zero);
}

static long sleep_on(struct sem_set *set, struct task *t, struct sem_sleep *s,
		     int64_t deadline_ns)
{
	int r = ipc_sleep(&s->s, deadline_ns);

	/* It left the line by itself. */
	if ((r == -EINTR || r == -ETIMEDOUT) && s->mixed) {
		mutex_lock(&set->ipc.lock);
		if (!set->ipc.gone)
			set->n_mixed--;
		mutex_unlock(&set->ipc.lock);
	}
	(void)t;
	return r == -ETIMEDOUT ? -EAGAIN : r;
}

/* The operations are in @s->ops; the caller has a reference to @set. */
static long do_ops(struct task *t, struct sem_set *set, struct sem_sleep *s,
		   unsigned int max_num, bool undos, bool zeros,
		   int64_t deadline_ns)
{
	struct ipc_wakes w = { .n = 0 };
	struct sem_ops *o = &s->ops;
	long r;

	if (undos) {
		o->undo = sem_undo_get(t, set);
		if (!o->undo)
			return -ENOMEM;
	}
	if (max_num >= set->n)
		return -EFBIG;
	mutex_lock(&set->ipc.lock);
	r = ipc_permission(t, &set->ipc, o->alter ? IPC_W : IPC_R);
	if (!r && set->ipc.gone)
		r = -EIDRM;
	if (!r)
		r = sem_try(set, o);
	if (!r) {
		set->otime = ipc_time();
		if (o->alter)
			sem_changed(set, &w);
	} else if (r == SEM_BLOCKS) {
		s->mixed = o->alter && zeros;
		set->n_mixed += s->mixed;
		ipc_line_up(&s->s, &set->ipc.lock,
			    o->alter ? &set->alters : &set->zeros, t);
	}
	mutex_unlock(&set->ipc.lock);
	ipc_wake(&w);
	return r == SEM_BLOCKS ? sleep_on(set, t, s, deadline_ns) : r;
}

static long semop(struct task *t, int semid, uaddr_t uops, unsigned int n,
		  int64_t deadline_ns)
{
	struct sembuf fast[OPS_FAST], *op = fast;
	struct sem_sleep s = { .ops = { .n = n, .pid = t->group->pid } };
	unsigned int max_num = 0;
	bool undos = false, zeros = false;
	struct sem_set *set;
	long r = -EFAULT;

	if (n > OPS_FAST) {
		op = kmalloc(n * sizeof(*op));
		if (!op)
			return -ENOMEM;
		s.s.mem = op;
	}
	if (copy_in(op, uops, n * sizeof(*op)))
		goto out;
	for (unsigned int i = 0; i < n; i++) {
		max_num = MAX(max_num, op[i].sem_num);
		if (op[i].sem_op)
			s.ops.alter = true;
		else
			zeros = true;
		if (op[i].sem_op && (op[i].sem_flg & SEM_UNDO))
			undos = true;
	}
	s.ops.op = op;
	r = -EINVAL;
	set = sem_find(semid);
	if (set) {
		r = do_ops(t, set, &s, max_num, undos, zeros, deadline_ns);
		sem_put(set);
	}
out:
	if (op != fast)
		kfree(op);
	return r;
}

long sys_semtimedop(struct task *t, int semid, uaddr_t sops,
		    unsigned int nsops, uaddr_t timeout)
{
	int64_t deadline_ns = NEVER_NS;
	struct timespec64 ts;

	if (timeout && get_user(&ts, timeout))
		return -EFAULT;
	if (nsops > ipc_limits()->sem[2])
		return -E2BIG;
	if (!nsops || semid < 0)
		return -EINVAL;
	if (timeout && time_deadline(&ts, &deadline_ns))
		return -EINVAL;
	return semop(t, semid, sops, nsops, deadline_ns);
}

long sys_semop(struct task *t, int semid, uaddr_t sops, unsigned int nsops)
{
	return sys_semtimedop(t, semid, sops, nsops, 0);
}
