/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flock.c: advisory locks on files.
 *
 * Three kinds: of a process (fcntl), of an open file (OFD), whole files
 * (flock).  The first two exclude each other.  An owner is a descriptor table
 * or a file; deadlocks are not looked for.
 */
#include "emul/vfs/flock.h"

#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"
#include "emul/sysproto.h"
#include "emul/vfs/fdtable.h"

struct lock {
	struct list_head link;
	const void *owner;
	off_t start, end;	/* inclusive */
	int pid;		/* -1 for those of an open file */
	short type;		/* F_RDLCK, F_WRLCK, F_UNLCK */
	bool whole;		/* flock's */
};

struct file_locks {
	struct mutex lock;
	struct list_head list;
	struct waitqueue queue;
};

/* struct flock of x86-64. */
struct guest_flock {
	int16_t type, whence;
	int32_t pad;
	int64_t start, len;
	int32_t pid, pad2;
};

static struct file_locks *locks_get(struct inode *i)
{
	struct file_locks *l = load_acquire((struct file_locks **)&i->locks);

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

static struct lock *find_conflict(struct file_locks *l, const struct lock *new)
{
	struct lock *k;

	list_for_each(k, &l->list, link)
		if (k->whole == new->whole && k->owner != new->owner &&
		    k->start <= new->end && new->start <= k->end &&
		    (k->type == F_WRLCK || new->type == F_WRLCK))
			return k;
	return NULL;
}

/*
 * Take @new's range from what its owner has, then add @new unless it is an
 * unlock.  @spare is used for the second half when one is cut in two.
 * Returns what was not used of @new and @spare in the array.
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
			list_del(&k->link);
			kfree(k);
			continue;
		}
		if (k->end < new->start || k->start > new->end)
			continue;
		if (k->start < new->start && k->end > new->end) {
			**spare = *k;
			(*spare)->start = new->end + 1;
			list_add(&(*spare)->link, &k->link);
			*spare = NULL;
			k->end = new->start - 1;
		} else if (k->start < new->start) {
			k->end = new->start - 1;
		} else if (k->end > new->end) {
			k->start = new->end + 1;
		} else {
			list_del(&k->link);
			kfree(k);
		}
	}
	if (new->type != F_UNLCK)
		list_add_tail(&new->link, &l->list);
}

static long lock_apply(struct task *t, struct inode *i, const struct lock *want,
		       bool wait)
{
	struct file_locks *l;
	struct lock *new, *spare;
	bool done = false, queued = false;
	long err = 0;

	if (want->type == F_UNLCK && !load_once(&i->locks))
		return 0;
	l = locks_get(i);
	new = kmalloc(sizeof(*new));
	spare = kmalloc(sizeof(*spare));
	if (!l || !new || !spare) {
		err = -ENOLCK;
		goto out;
	}
	*new = *want;
	for (;;) {
		uint32_t seq = wait_prepare(t);

		mutex_lock(&l->lock);
		done = want->type == F_UNLCK || !find_conflict(l, new);
		if (done)
			apply(l, new, &spare);
		mutex_unlock(&l->lock);
		if (done)
			break;
		if (!wait) {
			err = -EAGAIN;
			break;
		}
		if (!queued) {
			wait_add(&l->queue, &t->waiter, t);
			queued = true;
			continue;	/* look again, now that wakers see us */
		}
		err = wait_sleep(t, seq, NEVER_NS);
		if (err) {
			err = -ERESTARTSYS;
			break;
		}
	}
	if (queued)
		wait_del(&t->waiter);
	if (done)
		wait_wake(&l->queue, 0, INT32_MAX);
out:
	if (!done || want->type == F_UNLCK)
		kfree(new);
	kfree(spare);
	return err;
}

static int range_in(struct file *f, const struct guest_flock *g,
		    struct lock *k)
{
	off_t base = 0, end;

	switch (g->whence) {
	case 0:
		break;
	case 1:
		base = f->pos;
		break;
	case 2:
		base = (off_t)load_once(&f->inode->size);
		break;
	default:
		return -EINVAL;
	}
	if (__builtin_add_overflow(base, g->start, &k->start))
		return -EOVERFLOW;
	if (k->start < 0)
		return -EINVAL;
	if (g->len > 0) {
		if (__builtin_add_overflow(k->start, g->len - 1, &end))
			return -EOVERFLOW;
		k->end = end;
	} else if (g->len < 0) {
		if (k->start + g->len < 0)
			return -EINVAL;
		k->end = k->start - 1;
		k->start += g->len;
	} else {
		k->end = INT64_MAX;
	}
	return 0;
}

static long get_lock(struct inode *i, struct guest_flock *g,
		     const struct lock *want, uaddr_t arg)
{
	struct file_locks *l = load_acquire((struct file_locks **)&i->locks);
	struct lock *k = NULL;

	if (l) {
		mutex_lock(&l->lock);
		k = find_conflict(l, want);
		if (k) {
			g->type = k->type;
			g->start = k->start;
			g->len = k->end == INT64_MAX ? 0 :
				k->end - k->start + 1;
			g->pid = k->pid;
			g->whence = 0;
		}
		mutex_unlock(&l->lock);
	}
	if (!k)
		g->type = F_UNLCK;
	return put_user(arg, g);
}

long fcntl_lock(struct task *t, struct file *f, unsigned int cmd, uaddr_t arg)
{
	bool ofd = cmd == F_OFD_GETLK || cmd == F_OFD_SETLK ||
		   cmd == F_OFD_SETLKW;
	struct lock want = { .owner = t->files, .pid = t->group->pid };
	struct guest_flock g;
	int err;

	if (get_user(&g, arg))
		return -EFAULT;
	if (ofd) {
		if (g.pid)
			return -EINVAL;
		want.owner = f;
		want.pid = -1;
	}
	err = range_in(f, &g, &want);
	if (err)
		return err;
	want.type = g.type;
	if (cmd == F_GETLK || cmd == F_OFD_GETLK) {
		if (want.type != F_RDLCK && want.type != F_WRLCK)
			return -EINVAL;
		return get_lock(f->inode, &g, &want, arg);
	}
	switch (want.type) {
	case F_RDLCK:
		if (!(f->mode & FMODE_READ))
			return -EBADF;
		break;
	case F_WRLCK:
		if (!(f->mode & FMODE_WRITE))
			return -EBADF;
		break;
	case F_UNLCK:
		break;
	default:
		return -EINVAL;
	}
	return lock_apply(t, f->inode, &want,
			  cmd == F_SETLKW || cmd == F_OFD_SETLKW);
}

long sys_flock(struct task *t, int fd, unsigned int op)
{
	struct lock want = { .end = INT64_MAX, .pid = t->group->pid,
			     .whole = true };
	struct fd f;
	long err;

	switch (op & ~4u) {	/* LOCK_NB */
	case 1:
		want.type = F_RDLCK;
		break;
	case 2:
		want.type = F_WRLCK;
		break;
	case 8:
		want.type = F_UNLCK;
		break;
	default:
		return -EINVAL;
	}
	f = fdget(t, fd);
	if (!f.file)
		return -EBADF;
	want.owner = f.file;
	if (want.type != F_UNLCK && !(f.file->mode & (FMODE_READ |
						      FMODE_WRITE)))
		err = -EBADF;
	else
		err = lock_apply(t, f.file->inode, &want, !(op & 4u));
	fdput(f);
	return err;
}

void locks_release(struct inode *i, const void *owner)
{
	struct file_locks *l = load_acquire((struct file_locks **)&i->locks);
	struct lock *k, *n;
	bool gone = false;

	if (!l)
		return;
	mutex_lock(&l->lock);
	list_for_each_safe(k, n, &l->list, link) {
		if (k->owner != owner)
			continue;
		list_del(&k->link);
		kfree(k);
		gone = true;
	}
	mutex_unlock(&l->lock);
	if (gone)
		wait_wake(&l->queue, 0, INT32_MAX);
}

void locks_free(struct inode *i)
{
	struct file_locks *l = i->locks;
	struct lock *k, *n;

	list_for_each_safe(k, n, &l->list, link)
		kfree(k);
	kfree(l);
	i->locks = NULL;
}
