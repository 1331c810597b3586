/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pi.c: futexes that know their owner: FUTEX_LOCK_PI and its like.
 *
 * The host schedules, so no priority is inherited; everything else of these
 * locks is here: they are handed from owner to first waiter, who waits for
 * oneself by a detour gets EDEADLK, and those of a dead owner go to the next
 * one with FUTEX_OWNER_DIED in the word.
 *
 * pi_lock protects who has what and who waits for what of all locks; it is
 * taken inside of a bucket's lock.  Only contended locks come here at all.
 */
#include <linux/futex.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"
#include "emul/lib/live.h"
#include "emul/lib/uapi.h"
#include "emul/sync/queue.h"
#include "emul/task/task.h"

static struct mutex pi_lock __arena;

static struct task *owner_find(uint32_t val)
{
	uint32_t tid = val & FUTEX_TID_MASK;

	return tid ? task_find((int)tid) : NULL;
}

int pi_try_begin(struct task *t, struct pi_try *p, uaddr_t addr,
		 unsigned int find)
{
	int err;

	p->who = t;
	p->addr = addr;
	p->owner = NULL;
	p->spare = NULL;
	p->set_waiters = false;
	err = futex_key(t, addr, find | FUTEX_FIND_WRITE, &p->key);
	if (err)
		return err;
	p->b = futex_bucket_of(&p->key);
	return pi_try_again(p);
}

int pi_try_again(struct pi_try *p)
{
	uint32_t seen;

	task_put(p->owner);
	p->owner = NULL;
	if (get_user(&p->val, p->addr))
		return -EFAULT;
	/* It has to be there for writing too, before any lock is held. */
	if (cmpxchg_user(p->addr, p->val, p->val, &seen))
		return -EFAULT;
	p->owner = owner_find(p->val);
	if (!p->spare)
		p->spare = kzalloc(sizeof(*p->spare));
	return p->spare ? 0 : -ENOMEM;
}

void pi_try_end(struct pi_try *p)
{
	task_put(p->owner);
	kfree(p->spare);
}

struct futex_pi *pi_make(struct pi_try *p, struct task *owner)
{
	struct futex_pi *pi = p->spare;
	bool dead;

	pi->key = p->key;
	pi->waiters = 0;
	mutex_lock(&pi_lock);
	dead = owner->pi_dead;
	if (!dead) {
		pi->owner = owner;
		list_add_tail(&pi->link, &owner->pi_owned);
	}
	mutex_unlock(&pi_lock);
	if (dead)
		return NULL;
	p->spare = NULL;
	live_add(LIVE_PI, 1);
	return pi;
}

void pi_drop(struct futex_pi *pi)
{
	if (pi->waiters)
		return;
	mutex_lock(&pi_lock);
	list_del(&pi->link);
	mutex_unlock(&pi_lock);
	live_add(LIVE_PI, -1);
	kfree(pi);
}

/* There are waiters: is what the word says of its owner what we know? */
static int pi_known(struct futex_waiter *first, uint32_t val,
		    struct futex_pi **out)
{
	uint32_t tid = val & FUTEX_TID_MASK;
	struct futex_pi *pi = first->pi;

	if (first->kind != FUTEX_KIND_PI)
		return -EINVAL;
	/* On its way to the next one, who has not seen it yet. */
	if (!pi->owner || ((val & FUTEX_OWNER_DIED) && !tid))
		goto out;
	if (tid != (uint32_t)pi->owner->tid)
		return -EINVAL;
out:
	*out = pi;
	return 0;
}

/* The word changed to @new: 0, -EAGAIN, -EFAULT. */
static int change(struct pi_try *p, uint32_t new)
{
	uint32_t seen;

	if (cmpxchg_user(p->addr, p->val, new, &seen))
		return -EFAULT;
	if (seen != p->val)
		return -EAGAIN;
	p->val = new;
	return 0;
}

int pi_try_take(struct pi_try *p, struct futex_pi **pi)
{
	uint32_t now, tid = p->val & FUTEX_TID_MASK, me = (uint32_t)p->who->tid;
	struct futex_waiter *first;
	int err;

	if (get_user(&now, p->addr))
		return -EFAULT;
	if (now != p->val)
		return -EAGAIN;
	if (tid == me)
		return -EDEADLK;
	first = futex_first(p->b, &p->key);
	if (first)
		return pi_known(first, p->val, pi);
	if (!tid) {
		err = change(p, (p->val & FUTEX_OWNER_DIED) | me |
			     (p->set_waiters ? FUTEX_WAITERS : 0));
		return err ? err : 1;
	}
	/* From now on its owner has to come here to give it back. */
	err = change(p, p->val | FUTEX_WAITERS);
	if (err)
		return err;
	*pi = p->owner ? pi_make(p, p->owner) : NULL;
	if (*pi)
		return 0;
	/* An owner that has just ended has marked its locks. */
	if (get_user(&now, p->addr))
		return -EFAULT;
	return now == p->val ? -ESRCH : -EAGAIN;
}

int pi_wait_on(struct futex_waiter *f, struct futex_bucket *b,
	       struct futex_pi *pi)
{
	const struct futex_pi *next = pi;
	int err = 0;

	mutex_lock(&pi_lock);
	/* A ring cannot have come about, for each would-be one ended here. */
	while (next && next->owner && !err) {
		if (next->owner == f->task)
			err = -EDEADLK;
		next = next->owner->pi_waits;
	}
	if (!err)
		f->task->pi_waits = pi;
	mutex_unlock(&pi_lock);
	if (err)
		return err;
	pi->waiters++;
	f->key = pi->key;
	f->kind = FUTEX_KIND_PI;
	f->pi = pi;
	store_release(&f->bucket, b);
	list_add_tail(&f->link, &b->waiters);
	return 0;
}

/* @f, which is queued, gets what it waits for, or (@gets false) gives up. */
static void pi_leave(struct futex_waiter *f, bool gets)
{
	struct futex_pi *pi = f->pi;

	list_del(&f->link);
	pi->waiters--;
	mutex_lock(&pi_lock);
	f->task->pi_waits = NULL;
	if (gets) {
		list_del(&pi->link);
		pi->owner = NULL;
		if (pi->waiters) {
			pi->owner = f->task;
			list_add_tail(&pi->link, &f->task->pi_owned);
		}
	}
	mutex_unlock(&pi_lock);
	pi_drop(pi);
	f->pi = NULL;
	f->got = gets;
	/* It may go on as soon as it sees this. */
	store_release(&f->bucket, NULL);
}

/* The owner died, and @t is the next one: the word is to say so. */
static int claim(const struct task *t, uaddr_t addr)
{
	uint32_t val, seen, new;

	if (get_user(&val, addr))
		return -EFAULT;
	for (;;) {
		new = (uint32_t)t->tid | FUTEX_OWNER_DIED | FUTEX_WAITERS;
		if (cmpxchg_user(addr, val, new, &seen))
			return -EFAULT;
		if (seen == val)
			return 0;
		val = seen;
	}
}

/* The lock of a dead owner to the first who waits for it. */
static void pi_offer(struct futex_bucket *b, const struct futex_key *k,
		     struct futex_wakes *w)
{
	struct futex_waiter *f = futex_first(b, k);

	if (!f || f->kind != FUTEX_KIND_PI || f->pi->owner)
		return;
	store_release(&f->got, true);
	futex_wakes_add(w, f->task);
}

int pi_wait_end(struct futex_waiter *f, uaddr_t addr, int err)
{
	struct futex_bucket *b = futex_lock_waiter(f);
	struct futex_wakes w = { .n = 0 };
	struct futex_key key;

	if (!b)
		return f->got ? 0 : err;
	if (f->got)
		err = claim(f->task, addr);
	key = f->key;
	if (err) {
		bool offered = f->got;

		pi_leave(f, false);
		if (offered)
			pi_offer(b, &key, &w);
	} else {
		pi_leave(f, true);
	}
	mutex_unlock(&b->lock);
	futex_wakes_do(&w);
	return err;
}

long futex_lock_pi(struct task *t, uaddr_t addr, unsigned int find,
		   int64_t deadline_ns, bool try)
{
	struct futex_waiter *f = &t->futex;
	struct futex_pi *pi;
	struct pi_try p;
	uint32_t seq;
	int err;

	err = pi_try_begin(t, &p, addr, find);
	while (!err) {
		seq = wait_prepare(t);
		f->task = t;
		f->got = false;
		f->bitset = ~0U;
		mutex_lock(&p.b->lock);
		err = pi_try_take(&p, &pi);
		if (!err) {
			err = try ? -EWOULDBLOCK : pi_wait_on(f, p.b, pi);
			if (err)
				pi_drop(pi);
			mutex_unlock(&p.b->lock);
			break;
		}
		mutex_unlock(&p.b->lock);
		if (err != -EAGAIN)
			break;
		err = pi_try_again(&p);
	}
	pi_try_end(&p);
	if (err)
		return err > 0 ? 0 : err;
	while (load_acquire(&f->bucket) && !load_acquire(&f->got)) {
		err = wait_sleep(t, seq, deadline_ns);
		if (err)
			break;
		seq = wait_prepare(t);
	}
	return pi_wait_end(f, addr, err);
}

/* With the bucket's lock held; -EAGAIN: the word has changed. */
static int unlock(struct task *t, uaddr_t addr, uint32_t val,
		  struct futex_bucket *b, const struct futex_key *k,
		  struct futex_wakes *w)
{
	struct futex_waiter *f = futex_first(b, k);
	uint32_t new = 0, seen;

	if (f) {
		if (f->kind != FUTEX_KIND_PI || f->pi->owner != t)
			return -EINVAL;
		new = FUTEX_WAITERS | (uint32_t)f->task->tid;
	}
	if (cmpxchg_user(addr, val, new, &seen))
		return -EFAULT;
	if (seen != val)
		return !f || seen == (val | FUTEX_WAITERS) ? -EAGAIN : -EINVAL;
	if (f) {
		futex_wakes_add(w, f->task);
		pi_leave(f, true);
	}
	return 0;
}

long futex_unlock_pi(struct task *t, uaddr_t addr, unsigned int find)
{
	struct futex_wakes w = { .n = 0 };
	struct futex_bucket *b;
	struct futex_key key;
	uint32_t val;
	int err;

	do {
		if (get_user(&val, addr))
			return -EFAULT;
		if ((val & FUTEX_TID_MASK) != (uint32_t)t->tid)
			return -EPERM;
		err = futex_key(t, addr, find | FUTEX_FIND_WRITE, &key);
		if (err)
			return err;
		b = futex_bucket_of(&key);
		mutex_lock(&b->lock);
		err = unlock(t, addr, val, b, &key, &w);
		mutex_unlock(&b->lock);
	} while (err == -EAGAIN);
	futex_wakes_do(&w);
	return err;
}

/* The lock of @key, if it is @t's, has no owner from now on. */
static void disown(struct task *t, const struct futex_key *key)
{
	struct futex_bucket *b = futex_bucket_of(key);
	struct futex_wakes w = { .n = 0 };
	struct futex_pi *pi;

	mutex_lock(&b->lock);
	mutex_lock(&pi_lock);
	list_for_each(pi, &t->pi_owned, link)
		if (futex_key_is(&pi->key, key)) {
			pi->owner = NULL;
			list_del(&pi->link);
			break;
		}
	mutex_unlock(&pi_lock);
	pi_offer(b, key, &w);
	mutex_unlock(&b->lock);
	futex_wakes_do(&w);
}

void pi_exit(struct task *t, bool dead)
{
	struct futex_key key;
	bool more;

	for (;;) {
		mutex_lock(&pi_lock);
		t->pi_dead = dead;
		more = !list_empty(&t->pi_owned);
		if (more)
			key = list_first(&t->pi_owned, struct futex_pi,
					 link)->key;
		mutex_unlock(&pi_lock);
		if (!more)
			return;
		disown(t, &key);
	}
}
