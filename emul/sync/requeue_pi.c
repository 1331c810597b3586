/* SPDX-License-Identifier: Apache-2.0 */
/*
 * requeue_pi.c: from a condition's word to its lock: FUTEX_WAIT_REQUEUE_PI
 * and FUTEX_CMP_REQUEUE_PI.
 */
#include <linux/futex.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/uapi.h"
#include "emul/sync/queue.h"
#include "emul/task/task.h"

/* Not moved to the lock, as it seems: is that so? */
static bool left_first_queue(struct futex_waiter *f)
{
	struct futex_bucket *b = futex_lock_waiter(f);
	bool left;

	if (!b)
		return false;
	left = f->kind == FUTEX_KIND_TO_PI;
	if (left) {
		list_del(&f->link);
		f->bucket = NULL;
	}
	mutex_unlock(&b->lock);
	return left;
}

long futex_wait_requeue_pi(struct task *t, uaddr_t addr, unsigned int find,
			   uint32_t val, int64_t deadline_ns, uaddr_t lock)
{
	struct futex_waiter *f = &t->futex;
	uint32_t seq = wait_prepare(t);
	struct futex_key key;
	int err;

	if (addr == lock)
		return -EINVAL;
	err = futex_key(t, lock, find | FUTEX_FIND_WRITE, &f->pi_key);
	if (!err)
		err = futex_key(t, addr, find, &key);
	if (err)
		return err;
	if (futex_key_is(&key, &f->pi_key))
		return -EINVAL;
	err = futex_enqueue(t, f, addr, find, val, ~0U, FUTEX_KIND_TO_PI);
	if (err)
		return err;
	while (load_acquire(&f->bucket) && !load_acquire(&f->got)) {
		err = wait_sleep(t, seq, deadline_ns);
		if (err)
			break;
		seq = wait_prepare(t);
	}
	if (left_first_queue(f))
		return err == -EINTR ? -ERESTARTNOINTR : err;
	err = pi_wait_end(f, lock, err);
	/* The word has changed, so a second try would say that. */
	return err == -EINTR ? -EWOULDBLOCK : err;
}

/* Is @f one that may go to the lock of @k? */
static bool expects(const struct futex_waiter *f, const struct futex_key *k)
{
	return f->kind == FUTEX_KIND_TO_PI && futex_key_is(&f->pi_key, k);
}

/* Move up to @n waiters of @k1 to @pi.  How many, or -errno. */
static int move(struct futex_bucket *b1, const struct futex_key *k1,
		struct pi_try *p, struct futex_pi *pi, int n)
{
	struct futex_waiter *f, *next;
	int moved = 0;

	list_for_each_safe(f, next, &b1->waiters, link) {
		int err;

		if (moved >= n)
			break;
		if (!futex_key_is(&f->key, k1))
			continue;
		if (!expects(f, &p->key))
			return -EINVAL;
		list_del(&f->link);
		err = pi_wait_on(f, p->b, pi);
		if (err) {
			list_add_tail(&f->link, &next->link);
			return err;
		}
		moved++;
	}
	return moved;
}

/*
 * With both locks held: the lock to the first waiter if it is free, the
 * others to its queue.  How many; -EAGAIN: the lock's word has changed.
 */
static int requeue(struct futex_bucket *b1, const struct futex_key *k1,
		   struct pi_try *p, int n_move, struct futex_wakes *w)
{
	struct futex_waiter *top = futex_first(b1, k1);
	struct futex_pi *pi = NULL;
	int err, got = 0;

	if (!top)
		return 0;
	if (!expects(top, &p->key))
		return -EINVAL;
	p->who = top->task;
	p->set_waiters = n_move > 0;
	err = pi_try_take(p, &pi);
	if (err < 0)
		return err;
	if (err > 0) {
		list_del(&top->link);
		top->got = true;
		futex_wakes_add(w, top->task);
		got = 1;
		pi = pi_make(p, top->task);
		/* From here on it runs, and may end. */
		store_release(&top->bucket, NULL);
	} else {
		/* The one that would have been woken is moved, too. */
		n_move++;
	}
	if (!pi)
		return got;
	err = move(b1, k1, p, pi, n_move);
	pi_drop(pi);
	return err < 0 ? err : got + err;
}

long futex_requeue_pi(struct task *t, uaddr_t from, uaddr_t lock,
		      unsigned int find, int n_wake, int n_move, uint32_t cmp)
{
	struct futex_wakes w = { .n = 0 };
	struct futex_bucket *b1;
	struct futex_key k1;
	struct pi_try p;
	uint32_t now;
	int err;

	if (n_wake < 0 || n_move < 0 || from == lock || n_wake != 1)
		return -EINVAL;
	err = futex_key(t, from, find, &k1);
	if (err)
		return err;
	if (get_user(&now, from))
		return -EFAULT;
	b1 = futex_bucket_of(&k1);
	err = pi_try_begin(t, &p, lock, find);
	if (!err && futex_key_is(&k1, &p.key))
		err = -EINVAL;
	while (!err) {
		bool differs = false;

		futex_lock_both(b1, p.b);
		if (get_user(&now, from))
			err = -EFAULT;
		else if (now != cmp)
			differs = true;
		else
			err = requeue(b1, &k1, &p, n_move, &w);
		futex_unlock_both(b1, p.b);
		if (differs)
			err = -EAGAIN;
		if (differs || err != -EAGAIN)
			break;
		err = pi_try_again(&p);
	}
	pi_try_end(&p);
	futex_wakes_do(&w);
	return err;
}
