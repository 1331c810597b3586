/* SPDX-License-Identifier: Apache-2.0 */
/*
 * futex.c: queues of sleepers by word.
 *
 * The word is compared under its queue's lock, so that no wake-up falls
 * between the comparison and the sleep.  That is the one place where guest
 * memory is read with a lock held (rule R6): it has been read once before
 * without, so it is there unless another thread just unmapped it, and an
 * access never takes a lock of its own.
 *
 * A waker takes waiters off the queue under the lock and wakes them after it,
 * for a wake-up is a host call; until then it holds a reference to each.
 */
#include "emul/sync/queue.h"

#include "emul/abi/regs.h"
#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"
#include "emul/lib/uapi.h"
#include "emul/mm/mm.h"
#include "emul/signal/queue.h"
#include "emul/task/task.h"
#include "emul/vfs/vfs.h"

#define BACK_OFF	16	/* pauses: about 0.5 us */
#define SCORE_MAX	16
#define TRY_EVERY	16
#define BUCKETS		1024	/* a power of two */
/*
 * In a key's address: the word was named without FUTEX_PRIVATE_FLAG though it
 * is private.  As in Linux, such a waiter is no private wake-up's.
 */
#define KEY_NOT_PRIVATE	1UL

static struct futex_bucket buckets[BUCKETS] __arena_table;
LOCK_CLASS(buckets, LOCK_FUTEX);

/*
 * At its first use: to set them all up at start would touch 16 pages of the
 * arena, most of them for nothing.
 */
static void bucket_init(struct futex_bucket *b)
{
	mutex_lock(&b->lock);
	if (!b->waiters.next) {
		b->waiters.prev = &b->waiters;
		store_release(&b->waiters.next, &b->waiters);
	}
	mutex_unlock(&b->lock);
}

struct futex_bucket *futex_bucket_of(const struct futex_key *k)
{
	uint64_t h = (k->object >> 4) ^ (k->where >> 2);
	struct futex_bucket *b;

	h *= 0x9e3779b97f4a7c15ULL;
	b = &buckets[h >> 32 & (BUCKETS - 1)];
	if (unlikely(!load_acquire(&b->waiters.next)))
		bucket_init(b);
	return b;
}

int futex_key(struct task *t, uaddr_t addr, unsigned int find,
	      struct futex_key *k)
{
	struct vma *v;

	if (addr & 3)
		return -EINVAL;
	if (!uaddr_ok(addr, 4))
		return -EFAULT;
	k->object = (uint64_t)t->mm;
	k->where = addr;
	if (find & FUTEX_FIND_PRIVATE)
		return 0;
	mutex_lock(&t->mm->lock);
	v = vma_find(t->mm, addr);
	if (v && (v->flags & VMA_SHARED) && v->file) {
		k->object = (uint64_t)v->file->inode;
		k->where = (uint64_t)v->off + (addr - v->start);
	} else {
		k->where |= KEY_NOT_PRIVATE;
	}
	mutex_unlock(&t->mm->lock);
	return v ? 0 : -EFAULT;
}

void futex_lock_both(struct futex_bucket *a, struct futex_bucket *b)
{
	if (a > b) {
		struct futex_bucket *c = a;

		a = b;
		b = c;
	}
	mutex_lock(&a->lock);
	if (a != b)
		mutex_lock(&b->lock);
}

void futex_unlock_both(struct futex_bucket *a, struct futex_bucket *b)
{
	mutex_unlock(&a->lock);
	if (a != b)
		mutex_unlock(&b->lock);
}

void futex_wakes_add(struct futex_wakes *w, struct task *t)
{
	ref_get(&t->ref);
	w->task[w->n++] = t;
}

void futex_wakes_do(struct futex_wakes *w)
{
	for (unsigned int i = 0; i < w->n; i++) {
		wait_wake_task(w->task[i]);
		task_put(w->task[i]);
	}
	w->n = 0;
}

/*
 * Move up to @n of the word's waiters to @w; the lock is held.  How many, or
 * -EINVAL.
 */
static int take(struct futex_bucket *b, const struct futex_key *k,
		uint32_t bitset, int n, struct futex_wakes *w)
{
	struct futex_waiter *f, *next;
	int got = 0;

	list_for_each_safe(f, next, &b->waiters, link) {
		if (got >= n || w->n == FUTEX_WAKE_BATCH)
			break;
		if (!futex_key_is(&f->key, k) || !(f->bitset & bitset))
			continue;
		/* Those get a lock, not a wake-up. */
		if (f->kind != FUTEX_KIND_PLAIN)
			return got ? got : -EINVAL;
		futex_wakes_add(w, f->task);
		list_del(&f->link);
		/* The sleeper may go on as soon as it sees this. */
		store_release(&f->bucket, NULL);
		got++;
	}
	return got;
}

long futex_wake(struct task *t, uaddr_t addr, unsigned int find, int n,
		uint32_t bitset)
{
	struct futex_wakes w = { .n = 0 };
	struct futex_bucket *b;
	struct futex_key key;
	int err, got, sum = 0;

	err = futex_key(t, addr, find, &key);
	if (err)
		return err;
	b = futex_bucket_of(&key);
	/* A waiter that is not there yet has still to compare the word. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!load_acquire(&b->lock.word) &&
	    load_once(&b->waiters.next) == &b->waiters)
		return 0;
	do {
		mutex_lock(&b->lock);
		got = take(b, &key, bitset, n - sum, &w);
		mutex_unlock(&b->lock);
		futex_wakes_do(&w);
		if (got < 0)
			return sum ? sum : got;
		sum += got;
	} while (got == FUTEX_WAKE_BATCH && sum < n);
	return sum;
}

int futex_enqueue(struct task *t, struct futex_waiter *f, uaddr_t addr,
		  unsigned int find, uint32_t val, uint32_t bitset,
		  enum futex_kind kind)
{
	struct futex_bucket *b;
	uint32_t now;
	int err;

	err = futex_key(t, addr, find, &f->key);
	if (err)
		return err;
	if (get_user(&now, addr))
		return -EFAULT;
	if (now != val)
		return -EAGAIN;
	b = futex_bucket_of(&f->key);
	f->task = t;
	f->bitset = bitset;
	f->kind = (uint8_t)(kind);
	f->got = false;
	mutex_lock(&b->lock);
	if (get_user(&now, addr)) {
		err = -EFAULT;
	} else if (now != val) {
		err = -EAGAIN;
	} else {
		f->bucket = b;
		list_add_tail(&f->link, &b->waiters);
	}
	mutex_unlock(&b->lock);
	return err;
}

struct futex_bucket *futex_lock_waiter(struct futex_waiter *f)
{
	struct futex_bucket *b;

	for (;;) {
		b = load_acquire(&f->bucket);
		if (!b)
			return NULL;
		mutex_lock(&b->lock);
		/* Requeued meanwhile? */
		if (f->bucket == b)
			return b;
		mutex_unlock(&b->lock);
	}
}

/* Off the queue again; true: somebody has woken it already. */
static bool dequeue(struct futex_waiter *f)
{
	struct futex_bucket *b = futex_lock_waiter(f);

	if (!b)
		return true;
	list_del(&f->link);
	f->bucket = NULL;
	mutex_unlock(&b->lock);
	return false;
}

/*
 * Is it the end of a thread that @t waits for, as pthread_join(3) does: by the
 * word that is cleared then, which has its number?  Its slot, or NULL;
 * wait_join_end() is due.
 */
static struct thread *joins(struct task *t, uaddr_t addr, unsigned int find,
			    uint32_t val)
{
	struct thread *of = NULL;
	struct task *o;

	if ((find & FUTEX_FIND_PRIVATE) ||
	    load_once(&t->group->n_threads) == 1)
		return NULL;
	o = task_find((int)val);
	if (!o)
		return NULL;
	if (o != t && o->group == t->group && o->clear_child_tid == addr)
		of = load_acquire(&o->thread);
	/* A slot is always one, whoever has it: wait_sleep_join() looks. */
	if (of && (load_acquire(&of->proc) != t->thread->proc ||
		   !wait_join(t, of)))
		of = NULL;
	task_put(o);
	return of;
}

/*
 * Who fights for a lock asks for a sleep while the owner is about to let go.  A
 * call costs so little here that it would be back at once, to take the word's
 * cache line from the owner again and again, or asleep for nothing; so it gives
 * the owner as long as another kernel's call would.  Only where that has helped
 * of late: not those who really sleep, nor where there is one CPU.
 */
static bool back_off(struct task *t, unsigned int find)
{
	if (!(find & FUTEX_FIND_PRIVATE) ||
	    load_once(&t->group->n_threads) == 1)
		return false;
	if (!t->futex_score && ++t->futex_waits % TRY_EVERY)
		return false;
	for (int i = 0; i < BACK_OFF; i++)
		__builtin_ia32_pause();
	return true;
}

static void back_off_was(struct task *t, bool good)
{
	if (good)
		t->futex_score = SCORE_MAX;
	else if (t->futex_score)
		t->futex_score--;
}

long futex_wait(struct task *t, uaddr_t addr, unsigned int find, uint32_t val,
		int64_t deadline_ns, uint32_t bitset)
{
	struct futex_waiter *f = &t->futex;
	uint32_t seq = wait_prepare(t);
	bool paused = back_off(t, find);
	struct thread *of;
	int err;

	err = futex_enqueue(t, f, addr, find, val, bitset,
			    FUTEX_KIND_PLAIN);
	if (paused)
		back_off_was(t, err == -EAGAIN);
	if (err)
		return err;
	of = joins(t, addr, find, val);
	while (load_acquire(&f->bucket)) {
		err = of ? wait_sleep_join(t, seq, of, deadline_ns) :
		      wait_sleep(t, seq, deadline_ns);
		/* A kick that is no signal must not be seen as one. */
		if (of && err == -EINTR && !signal_interrupts(t))
			err = 0;
		if (err)
			break;
		seq = wait_prepare(t);
	}
	if (of)
		wait_join_end(t, of);
	return dequeue(f) ? 0 : err;
}

long futex_requeue(struct task *t, uaddr_t from, unsigned int find_from,
		   uaddr_t to, unsigned int find_to, int n_wake, int n_move,
		   const uint32_t *cmp)
{
	struct futex_key k1, k2;
	struct futex_bucket *b1, *b2;
	struct futex_waiter *f, *next;
	struct futex_wakes w = { .n = 0 };
	uint32_t now;
	int err, sum = 0, moved = 0;

	if (n_wake < 0 || n_move < 0)
		return -EINVAL;
	err = futex_key(t, from, find_from, &k1);
	if (!err)
		err = futex_key(t, to, find_to, &k2);
	if (err)
		return err;
	if (cmp && get_user(&now, from))
		return -EFAULT;
	b1 = futex_bucket_of(&k1);
	b2 = futex_bucket_of(&k2);
	for (;;) {
		int got;

		futex_lock_both(b1, b2);
		if (cmp && get_user(&now, from))
			err = -EFAULT;
		else if (cmp && now != *cmp)
			err = -EAGAIN;
		if (err) {
			futex_unlock_both(b1, b2);
			/* After the first round some were woken already. */
			return sum ? sum : err;
		}
		got = take(b1, &k1, ~0U, n_wake - sum, &w);
		if (got < 0) {
			futex_unlock_both(b1, b2);
			return sum ? sum : got;
		}
		sum += got;
		if (got < FUTEX_WAKE_BATCH || sum >= n_wake)
			break;
		futex_unlock_both(b1, b2);
		futex_wakes_do(&w);
	}
	list_for_each_safe(f, next, &b1->waiters, link) {
		if (moved >= n_move)
			break;
		if (!futex_key_is(&f->key, &k1))
			continue;
		if (f->kind != FUTEX_KIND_PLAIN) {
			err = sum + moved ? 0 : -EINVAL;
			break;
		}
		moved++;
		if (futex_key_is(&k1, &k2))
			continue;
		f->key = k2;
		if (b1 != b2) {
			list_del(&f->link);
			list_add_tail(&f->link, &b2->waiters);
			store_release(&f->bucket, b2);
		}
	}
	futex_unlock_both(b1, b2);
	futex_wakes_do(&w);
	return err ? err : sum + moved;
}

/* The operation of FUTEX_WAKE_OP on *@addr; 1: wake there too, 0, -errno. */
static int wake_op_user(uaddr_t addr, uint32_t op)
{
	int how = (int)(op >> 28 & 7), cmp = (int)(op >> 24 & 15);
	/* Both arguments are 12 bits with a sign. */
	int32_t arg = (int32_t)(op << 8) >> 20, cmparg = (int32_t)(op << 20) >> 20;
	uint32_t old, new, seen;

	if (op >> 31)
		arg = (int32_t)(1U << (arg & 31));
	if (get_user(&old, addr))
		return -EFAULT;
	for (;;) {
		switch (how) {
		case 0:
			new = (uint32_t)arg;
			break;
		case 1:
			new = old + (uint32_t)arg;
			break;
		case 2:
			new = old | (uint32_t)arg;
			break;
		case 3:
			new = old & ~(uint32_t)arg;
			break;
		case 4:
			new = old ^ (uint32_t)arg;
			break;
		default:
			return -ENOSYS;
		}
		if (cmpxchg_user(addr, old, new, &seen))
			return -EFAULT;
		if (seen == old)
			break;
		old = seen;
	}
	switch (cmp) {
	case 0:
		return (int32_t)old == cmparg;
	case 1:
		return (int32_t)old != cmparg;
	case 2:
		return (int32_t)old < cmparg;
	case 3:
		return (int32_t)old <= cmparg;
	case 4:
		return (int32_t)old > cmparg;
	case 5:
		return (int32_t)old >= cmparg;
	default:
		return -ENOSYS;
	}
}

long futex_wake_op(struct task *t, uaddr_t addr1, uaddr_t addr2,
		   unsigned int find, int n1, int n2, uint32_t op)
{
	long a, b = 0;
	int also;

	/*
	 * The operation comes first and is atomic by itself; who compares
	 * either word afterwards sees its result and does not sleep, so the
	 * two queues need not be locked together.
	 */
	if ((addr1 | addr2) & 3)
		return -EINVAL;
	also = wake_op_user(addr2, op);
	if (also < 0)
		return also;
	a = futex_wake(t, addr1, find, n1, ~0U);
	if (a < 0 || !also)
		return a;
	b = futex_wake(t, addr2, find, n2, ~0U);
	return b < 0 ? b : a + b;
}

long futex_wait_many(struct task *t, const struct futex_vec *v, unsigned int n,
		     int64_t deadline_ns)
{
	struct futex_waiter *f = kzalloc(n * sizeof(*f));
	uint32_t seq = wait_prepare(t);
	long woken = -1, err = 0;
	unsigned int i, queued;
	bool any = false;

	if (!f)
		return -ENOMEM;
	for (queued = 0; queued < n; queued++) {
		err = futex_enqueue(t, &f[queued], v[queued].addr, v[queued].find,
			      v[queued].val, ~0U, FUTEX_KIND_PLAIN);
		if (err)
			break;
	}
	while (!err) {
		for (i = 0; i < n; i++)
			any |= !load_acquire(&f[i].bucket);
		if (any)
			break;
		err = wait_sleep(t, seq, deadline_ns);
		seq = wait_prepare(t);
	}
	/* The last one that was woken counts, as in Linux. */
	for (i = 0; i < queued; i++)
		if (dequeue(&f[i]))
			woken = i;
	kfree(f);
	return woken >= 0 ? woken : err;
}
