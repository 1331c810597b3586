/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flock.c: advisory locks on files, and who waits for them.
 *
 * Three kinds: of a process (fcntl), of an open file (OFD), whole files
 * (flock).  The first two exclude each other.  An owner is a descriptor table
 * or a file.  One lock protects them all: who waits for whom is looked for
 * across files.
 *
 * A file that others on the host see too has to be locked there as well, in
 * the name of the whole sandbox: inode_ops->lock.  Whoever waits for somebody
 * outside asks again from time to time.
 */
#include "emul/vfs/flock-int.h"

#include "emul/fs/proc.h"
#include "emul/lib/alloc.h"
#include "emul/time/time.h"

#define HOST_WAIT_FIRST_NS	1000000
#define HOST_WAIT_MAX_NS	50000000
#define DEADLOCK_STEPS		1000

struct file_locks {
	struct list_head list;
	struct waitqueue queue;
};

static struct {
	struct mutex lock;
	struct list_head all;		/* for /proc/locks */
	struct list_head waiting;	/* requests that sleep */
} locks __arena;
LOCK_CLASS(locks, LOCK_RECORD);

static void locks_enter(void)
{
	mutex_lock(&locks.lock);
	if (unlikely(!locks.all.next)) {
		list_init(&locks.all);
		list_init(&locks.waiting);
	}
}

static void locks_leave(void)
{
	mutex_unlock(&locks.lock);
}

static struct file_locks *locks_of(const struct inode *i)
{
	return load_acquire((struct file_locks *const *)&i->locks);
}

static struct file_locks *locks_get(struct inode *i)
{
	struct file_locks *l = locks_of(i);

	if (l)
		return l;
	l = kzalloc(sizeof(*l));
	if (!l)
		return NULL;
	list_init(&l->list);
	waitqueue_init(&l->queue);
	mutex_lock(&i->lock);
	if (i->locks) {
		kfree(l);
		l = i->locks;
	} else {
		store_release((struct file_locks **)&i->locks, l);
	}
	mutex_unlock(&i->lock);
	return l;
}

static bool overlap(const struct lock *a, const struct lock *b)
{
	return a->start <= b->end && b->start <= a->end;
}

static struct lock *find_conflict(struct file_locks *l, const struct lock *new)
{
	struct lock *k;

	list_for_each(k, &l->list, link)
		if (k->whole == new->whole && k->owner != new->owner &&
		    overlap(k, new) &&
		    (k->type == F_WRLCK || new->type == F_WRLCK))
			return k;
	return NULL;
}

static void lock_free(struct lock *k)
{
	list_del(&k->link);
	list_del(&k->all_link);
	kfree(k);
}

/*
 * Take @new's range from what its owner has, then add @new unless it is an
 * unlock.  *@spare is used for the second half when one is cut in two.
 */
static void apply(struct file_locks *l, struct lock *new, struct lock **spare)
{
	struct lock *k, *n;

	list_for_each_safe(k, n, &l->list, link) {
		if (k->whole != new->whole || k->owner != new->owner)
			continue;
		/* What touches it and is of the same type becomes one. */
		if (k->type == new->type &&
		    (k->end == INT64_MAX || k->end + 1 >= new->start) &&
		    (new->end == INT64_MAX || new->end + 1 >= k->start)) {
			new->start = MIN(new->start, k->start);
			new->end = MAX(new->end, k->end);
			lock_free(k);
			continue;
		}
		if (!overlap(k, new))
			continue;
		if (k->start < new->start && k->end > new->end) {
			/* NOLINTNEXTLINE: an owner has but one such lock */
			**spare = *k;
			(*spare)->start = new->end + 1;
			list_add(&(*spare)->link, &k->link);
			list_add(&(*spare)->all_link, &k->all_link);
			*spare = NULL;
			k->end = new->start - 1;
		} else if (k->start < new->start) {
			k->end = new->start - 1;
		} else if (k->end > new->end) {
			k->start = new->end + 1;
		} else {
			lock_free(k);
		}
	}
	if (new->type != F_UNLCK) {
		list_add_tail(&new->link, &l->list);
		list_add_tail(&new->all_link, &locks.all);
	}
}

/* A process's locks alone: what others do is not in its hands. */
static bool is_posix(const struct lock *k)
{
	return !k->whole && k->pid != OFD_PID;
}

/*
 * Would @new wait for somebody who waits, over others perhaps, for its owner?
 * fcntl(2): EDEADLK.
 */
static bool is_deadlock(const struct lock *new, const struct lock *blocker)
{
	for (int n = 0; n < DEADLOCK_STEPS && blocker; n++) {
		const void *owner = blocker->owner;
		struct lock *w;

		if (!is_posix(blocker))
			return false;
		if (owner == new->owner)
			return true;
		blocker = NULL;
		list_for_each(w, &locks.waiting, link)
			if (is_posix(w) && w->owner == owner) {
				blocker = find_conflict(locks_of(w->inode), w);
				break;
			}
	}
	return false;
}

/* The next byte at @from or behind it that nobody but @own has locked. */
static off_t next_unlocked(struct file_locks *l, const struct lock *own,
			   off_t from, off_t *end)
{
	struct lock *k;
	bool again;

	do {
		again = false;
		list_for_each(k, &l->list, link) {
			if (k->whole != own->whole || k->owner == own->owner ||
			    k->start > from || k->end < from)
				continue;
			if (k->end == INT64_MAX)
				return INT64_MAX;
			from = k->end + 1;
			again = true;
		}
	} while (again);
	*end = own->end;
	list_for_each(k, &l->list, link)
		if (k->whole == own->whole && k->owner != own->owner &&
		    k->start > from && k->start <= *end)
			*end = k->start - 1;
	return from;
}

/*
 * What the host has to know of the change @new: a lock as it is, for nobody
 * in here has one that is stronger; an unlock where no other is left.
 */
static int tell_host(struct inode *i, struct file_locks *l,
		     const struct lock *new)
{
	off_t at = new->start, end;

	if (likely(!i->ops || !i->ops->lock))
		return 0;
	if (new->type != F_UNLCK)
		return i->ops->lock(i, new->type, new->start, new->end,
				    new->whole);
	while (at <= new->end) {
		at = next_unlocked(l, new, at, &end);
		if (at > new->end || at == INT64_MAX)
			break;
		(void)i->ops->lock(i, F_UNLCK, at, end, new->whole);
		if (end == INT64_MAX)
			break;
		at = end + 1;
	}
	return 0;
}

/* flock(2): another type is taken after the old one was given up. */
static bool drop_other_type(struct file_locks *l, const struct lock *new)
{
	struct lock *k, *n;
	bool gone = false;

	list_for_each_safe(k, n, &l->list, link)
		if (k->whole && k->owner == new->owner &&
		    k->type != new->type) {
			lock_free(k);
			gone = true;
		}
	return gone;
}

struct attempt {
	struct inode *inode;
	struct file_locks *l;
	struct lock *new, *spare;
	bool wait;
	bool queued;
	bool listed;		/* @new is among those who wait */
	int64_t host_wait_ns;	/* 0: nobody outside is in the way */
};

/* 0: done; -EAGAIN: not now; other errors are final. */
static int attempt(struct attempt *a)
{
	struct lock *k;
	bool wake = false;
	int err = 0;

	locks_enter();
	if (a->listed) {
		list_del(&a->new->link);
		a->listed = false;
	}
	if (a->new->whole)
		wake = drop_other_type(a->l, a->new);
	k = a->new->type == F_UNLCK ? NULL : find_conflict(a->l, a->new);
	a->host_wait_ns = 0;
	if (k) {
		err = -EAGAIN;
		if (a->wait && is_posix(a->new) && is_deadlock(a->new, k))
			err = -EDEADLK;
	} else {
		err = tell_host(a->inode, a->l, a->new);
		if (err == -EAGAIN)
			a->host_wait_ns = HOST_WAIT_FIRST_NS;
	}
	if (!err) {
		apply(a->l, a->new, &a->spare);
		wake = true;
	} else if (err == -EAGAIN && a->wait && a->queued) {
		list_add_tail(&a->new->link, &locks.waiting);
		a->listed = true;
	}
	locks_leave();
	if (wake)
		wait_wake(&a->l->queue, 0, INT32_MAX);
	return err;
}

static int wait_for_it(struct task *t, struct attempt *a)
{
	int64_t backoff_ns = HOST_WAIT_FIRST_NS;
	int err;

	for (;;) {
		uint32_t seq = wait_prepare(t);

		err = attempt(a);
		if (err != -EAGAIN || !a->wait)
			break;
		if (!a->queued) {
			wait_add(&a->l->queue, &t->waiter, t);
			a->queued = true;
			continue;	/* look again, now that wakers see us */
		}
		if (a->host_wait_ns) {
			err = wait_sleep(t, seq, time_now() + backoff_ns);
			backoff_ns = MIN(backoff_ns * 2, HOST_WAIT_MAX_NS);
		} else {
			err = wait_sleep(t, seq, NEVER_NS);
		}
		if (err == -EINTR) {
			err = -ERESTARTSYS;
			break;
		}
	}
	if (a->queued)
		wait_del(&t->waiter);
	if (a->listed) {
		locks_enter();
		list_del(&a->new->link);
		locks_leave();
	}
	return err;
}

long flock_apply(struct task *t, struct inode *i, const struct lock *want,
		 bool wait)
{
	struct attempt a = { .inode = i, .wait = wait };
	long err = -ENOLCK;
	bool kept;

	if (want->type == F_UNLCK && !load_once(&i->locks))
		return 0;
	a.l = locks_get(i);
	a.new = kmalloc(sizeof(*a.new));
	a.spare = kmalloc(sizeof(*a.spare));
	kept = false;
	if (want->type != F_UNLCK && i->ops && i->ops->lock_begin)
		i->ops->lock_begin(i);
	if (a.l && a.new && a.spare) {
		*a.new = *want;
		a.new->inode = i;
		err = wait_for_it(t, &a);
		kept = !err && want->type != F_UNLCK;
	}
	if (!kept)
		kfree(a.new);
	kfree(a.spare);
	return err;
}

/* Also with type F_UNLCK, for locks of the same open file: Linux 6.5. */
static struct lock *find_blocker(struct file_locks *l, const struct lock *want)
{
	struct lock *k;

	if (want->type != F_UNLCK)
		return find_conflict(l, want);
	list_for_each(k, &l->list, link)
		if (!k->whole && k->owner == want->owner && overlap(k, want))
			return k;
	return NULL;
}

int flock_test(struct inode *i, struct lock *want)
{
	struct file_locks *l = locks_of(i);
	const struct lock *k = NULL;
	int err = 0;

	locks_enter();
	if (l)
		k = find_blocker(l, want);
	if (k) {
		*want = *k;
	} else if (i->ops && i->ops->test_lock && want->type != F_UNLCK) {
		err = i->ops->test_lock(i, &want->type, &want->start,
					&want->end);
		want->pid = 0;		/* nobody that has a number in here */
	} else {
		want->type = F_UNLCK;
	}
	locks_leave();
	return err;
}

void locks_release(struct inode *i, const void *owner)
{
	struct file_locks *l = locks_of(i);
	struct lock undo[2] = {
		{ .owner = owner, .end = INT64_MAX, .type = F_UNLCK },
		{ .owner = owner, .end = INT64_MAX, .type = F_UNLCK,
		  .whole = true },
	};
	bool gone[2] = { false, false };
	struct lock *k, *n;

	if (!l)
		return;
	locks_enter();
	list_for_each_safe(k, n, &l->list, link) {
		if (k->owner != owner)
			continue;
		gone[k->whole] = true;
		lock_free(k);
	}
	for (int w = 0; w < 2; w++)
		if (gone[w])
			(void)tell_host(i, l, &undo[w]);
	locks_leave();
	if (gone[0] || gone[1])
		wait_wake(&l->queue, 0, INT32_MAX);
}

void locks_free(struct inode *i)
{
	struct file_locks *l = i->locks;
	struct lock *k, *n;

	locks_enter();
	list_for_each_safe(k, n, &l->list, link)
		lock_free(k);
	locks_leave();
	kfree(l);
	i->locks = NULL;
}

static void show_one(struct text *b, unsigned int nr, const struct lock *k,
		     bool waits)
{
	const struct inode *i = k->inode;

	text_printf(b, "%u: %s%s ADVISORY  %s %d %02x:%02x:%lu ", nr,
		    waits ? "-> " : "",
		    k->whole ? "FLOCK " : k->pid == OFD_PID ? "OFDLCK" :
		    "POSIX ", k->type == F_WRLCK ? "WRITE" : "READ", k->pid,
		    (unsigned int)(i->dev >> 8 & 0xfff),
		    (unsigned int)(i->dev & 0xff), (unsigned long)i->ino);
	if (k->end == INT64_MAX)
		text_printf(b, "%ld EOF\n", (long)k->start);
	else
		text_printf(b, "%ld %ld\n", (long)k->start, (long)k->end);
}

void locks_show_all(struct text *b, struct task *t)
{
	unsigned int nr = 0;
	struct lock *k, *w;

	(void)t;
	locks_enter();
	list_for_each(k, &locks.all, all_link) {
		show_one(b, ++nr, k, false);
		list_for_each(w, &locks.waiting, link)
			if (w->inode == k->inode &&
			    find_conflict(locks_of(w->inode), w) == k)
				show_one(b, nr, w, true);
	}
	locks_leave();
}

void locks_show_of(struct text *b, const struct file *f, const void *owner)
{
	struct file_locks *l = locks_of(f->inode);
	unsigned int nr = 0;
	struct lock *k;

	if (!l)
		return;
	locks_enter();
	list_for_each(k, &l->list, link)
		if (k->owner == f || k->owner == owner) {
			text_printf(b, "lock:\t");
			show_one(b, ++nr, k, false);
		}
	locks_leave();
}
