/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aio.c: io_setup(2), io_submit(2) and their relatives.
 *
 * A request is done when it is submitted, by the thread that submits it: what
 * is in memory or in the host's page cache is there at once, and Linux, too,
 * submits without waiting only where a file system can.  So a context is a
 * queue of results.  Its number is the address of a page of the guest's, as
 * libaio looks there; what it finds makes it ask by the call.
 */
#include "emul/fs/aio.h"

#include "emul/entry/uaccess.h"
#include "emul/fs/eventfd.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/mm/mm.h"
#include "emul/signal/signal.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/poll.h"

#define AIO_MAX		65536u		/* requests of all: aio-max-nr */
#define AIO_SANE	(0x10000000u / sizeof(struct guest_event) / 2)
#define BATCH		16u		/* results copied out at a time */

enum {
	CMD_PREAD, CMD_PWRITE, CMD_FSYNC, CMD_FDSYNC, CMD_POLL = 5, CMD_NOOP,
	CMD_PREADV, CMD_PWRITEV,
};
#define FLAG_RESFD	1u

/* struct iocb and struct io_event of <linux/aio_abi.h>. */
struct guest_iocb {
	uint64_t data;
	uint32_t key;
	int32_t rw_flags;
	uint16_t opcode;
	int16_t reqprio;
	int32_t fd;
	uint64_t buf;
	uint64_t nbytes;
	int64_t offset;
	uint64_t reserved2;
	uint32_t flags;
	int32_t resfd;
};
_Static_assert(sizeof(struct guest_iocb) == 64, "struct iocb");

struct guest_event {
	uint64_t data, obj;
	int64_t res, res2;
};

struct aio {
	struct ref ref;
	struct aio *next;		/* of the address space; aio_lock */
	uaddr_t id;
	struct mutex lock;		/* protects the rest */
	bool dead;
	uint32_t size;			/* results that it holds at most */
	uint32_t head, n;		/* the oldest, and how many there are */
	uint32_t n_busy;		/* places taken for what is being done */
	struct guest_event *ring;	/* of size */
	struct waitqueue queue;
};

static __arena struct mutex aio_lock;	/* the lists of contexts, aio_used */
static __arena uint32_t aio_used;

static void aio_put(struct aio *a)
{
	if (!ref_put(&a->ref))
		return;
	mutex_lock(&aio_lock);
	aio_used -= a->size;
	mutex_unlock(&aio_lock);
	kfree(a->ring);
	kfree(a);
}

/* The context @id with a reference, or NULL. */
static struct aio *aio_find(struct mm *mm, uint64_t id)
{
	struct aio *a;

	mutex_lock(&aio_lock);
	for (a = mm->aio; a && a->id != id; a = a->next)
		;
	if (a)
		ref_get(&a->ref);
	mutex_unlock(&aio_lock);
	return a;
}

static struct aio *aio_unlink(struct mm *mm, uint64_t id)
{
	struct aio **at = &mm->aio, *a;

	mutex_lock(&aio_lock);
	while (*at && (*at)->id != id)
		at = &(*at)->next;
	a = *at;
	if (a)
		*at = a->next;
	mutex_unlock(&aio_lock);
	return a;
}

void aio_exit(struct mm *mm)
{
	struct aio *a = mm->aio, *next;

	mm->aio = NULL;
	for (; a; a = next) {
		next = a->next;
		aio_put(a);
	}
}

static struct aio *aio_new(uint32_t n)
{
	struct aio *a = kzalloc(sizeof(*a));

	if (!a)
		return NULL;
	a->ring = kmalloc(n * sizeof(*a->ring));
	if (!a->ring) {
		kfree(a);
		return NULL;
	}
	ref_init(&a->ref);
	mutex_init(&a->lock);
	waitqueue_init(&a->queue);
	a->size = n;
	return a;
}

long sys_io_setup(struct task *t, unsigned int nr_events, uaddr_t ctxp)
{
	struct mm *mm = t->mm;
	uint64_t id;
	struct aio *a;
	long page;

	if (get_user(&id, ctxp))
		return -EFAULT;
	if (id || !nr_events || nr_events > AIO_SANE)
		return -EINVAL;
	mutex_lock(&aio_lock);
	if (nr_events > AIO_MAX - aio_used) {
		mutex_unlock(&aio_lock);
		return -EAGAIN;
	}
	aio_used += nr_events;
	mutex_unlock(&aio_lock);
	a = aio_new(nr_events);
	if (!a) {
		mutex_lock(&aio_lock);
		aio_used -= nr_events;
		mutex_unlock(&aio_lock);
		return -ENOMEM;
	}
	/* PROT_READ, PROT_WRITE; MAP_PRIVATE, MAP_ANONYMOUS */
	page = mm_map(mm, 0, PAGE_SIZE, 3, 0x22, NULL, 0);
	if (page < 0) {
		aio_put(a);
		return -ENOMEM;
	}
	a->id = id = (uint64_t)page;
	mutex_lock(&aio_lock);
	a->next = mm->aio;
	mm->aio = a;
	mutex_unlock(&aio_lock);
	if (put_user(ctxp, &id)) {
		(void)sys_io_destroy(t, id);
		return -EFAULT;
	}
	return 0;
}

long sys_io_destroy(struct task *t, uint64_t ctx)
{
	struct aio *a = aio_unlink(t->mm, ctx);

	if (!a)
		return -EINVAL;
	mutex_lock(&a->lock);
	a->dead = true;
	mutex_unlock(&a->lock);
	wait_wake(&a->queue, 0, INT32_MAX);
	(void)mm_unmap(t->mm, ctx, PAGE_SIZE);
	aio_put(a);
	return 0;
}

/* Take a place for a result. */
static int reserve(struct aio *a)
{
	int err = 0;

	mutex_lock(&a->lock);
	if (a->n + a->n_busy >= a->size)
		err = -EAGAIN;
	else
		a->n_busy++;
	mutex_unlock(&a->lock);
	return err;
}

static void unreserve(struct aio *a)
{
	mutex_lock(&a->lock);
	a->n_busy--;
	mutex_unlock(&a->lock);
}

static void complete(struct aio *a, const struct guest_iocb *b, uaddr_t obj,
		     long res)
{
	struct guest_event *e;

	mutex_lock(&a->lock);
	e = &a->ring[(a->head + a->n) % a->size];
	*e = (struct guest_event){ b->data, obj, res, 0 };
	a->n++;
	a->n_busy--;
	mutex_unlock(&a->lock);
	wait_wake(&a->queue, 0, INT32_MAX);
}

/* What keeps a request from being taken at all. */
static int check(struct task *t, const struct guest_iocb *b)
{
	bool write = b->opcode == CMD_PWRITE || b->opcode == CMD_PWRITEV;
	const struct file_ops *ops;
	struct fd f = fdget(t, b->fd);
	int err = 0;

	if (!f.file)
		return -EBADF;
	ops = f.file->ops;
	switch (b->opcode) {
	case CMD_PREAD:
	case CMD_PWRITE:
	case CMD_PREADV:
	case CMD_PWRITEV:
		if (!(f.file->mode & (write ? FMODE_WRITE : FMODE_READ)))
			err = -EBADF;
		else if (!(write ? ops->write : ops->read))
			err = -EINVAL;
		else if (b->offset < 0 && (f.file->mode & FMODE_SEEK))
			err = -EINVAL;
		break;
	case CMD_FSYNC:
	case CMD_FDSYNC:
		if (b->buf || b->offset || b->nbytes || b->rw_flags ||
		    !ops->fsync)
			err = -EINVAL;
		break;
	default:	/* to poll without waiting: not here */
		err = -EINVAL;
	}
	fdput(f);
	return err;
}

static bool can_seek(struct task *t, int n)
{
	struct fd f = fdget(t, n);
	bool yes = f.file && (f.file->mode & FMODE_SEEK);

	if (f.file)
		fdput(f);
	return yes;
}

static long perform(struct task *t, const struct guest_iocb *b)
{
	/* What has no position is read as it comes: -1. */
	int64_t pos = can_seek(t, b->fd) ? b->offset : -1;
	unsigned long at = (unsigned long)pos;

	switch (b->opcode) {
	case CMD_PREAD:
		return pos < 0 ? sys_read(t, b->fd, b->buf, b->nbytes) :
			sys_pread64(t, b->fd, b->buf, b->nbytes, pos);
	case CMD_PWRITE:
		return pos < 0 ? sys_write(t, b->fd, b->buf, b->nbytes) :
			sys_pwrite64(t, b->fd, b->buf, b->nbytes, pos);
	case CMD_PREADV:
		return sys_preadv2(t, b->fd, b->buf, b->nbytes, at, 0,
				   b->rw_flags);
	case CMD_PWRITEV:
		return sys_pwritev2(t, b->fd, b->buf, b->nbytes, at, 0,
				    b->rw_flags);
	case CMD_FSYNC:
		return sys_fsync(t, b->fd);
	default:
		return sys_fdatasync(t, b->fd);
	}
}

/* Nobody restarts a request: it was interrupted. */
static long as_result(long r)
{
	return r <= -512 && r >= -516 ? -EINTR : r;
}

static int submit_one(struct task *t, struct aio *a, uaddr_t obj)
{
	const uint32_t key = 0;
	struct fd resfd = { NULL, false };
	struct guest_iocb b;
	long r;
	int err;

	if (get_user(&b, obj))
		return -EFAULT;
	if (b.reserved2 ||
	    (int64_t)b.nbytes < 0)
		return -EINVAL;
	err = reserve(a);
	if (err)
		return err;
	err = check(t, &b);
	if (!err && (b.flags & FLAG_RESFD)) {
		resfd = fdget(t, b.resfd);
		if (!resfd.file)
			err = -EBADF;
		else if (!eventfd_is(resfd.file))
			err = -EINVAL;
	}
	if (!err && put_user(obj + offsetof(struct guest_iocb, key), &key))
		err = -EFAULT;
	if (err) {
		unreserve(a);
	} else {
		r = as_result(perform(t, &b));
		complete(a, &b, obj, r);
		if (resfd.file)
			eventfd_signal(resfd.file);
	}
	if (resfd.file)
		fdput(resfd);
	return err;
}

long sys_io_submit(struct task *t, uint64_t ctx, long nr, uaddr_t iocbs)
{
	struct aio *a;
	long k, err = 0;
	uint64_t obj;

	if (nr < 0)
		return -EINVAL;
	a = aio_find(t->mm, ctx);
	if (!a)
		return -EINVAL;
	for (k = 0; k < nr && !err; k++) {
		if (get_user(&obj, iocbs + (uint64_t)k * sizeof(obj)))
			err = -EFAULT;
		else
			err = submit_one(t, a, obj);
		if (err)
			break;
	}
	aio_put(a);
	return k ? k : err;
}

/* All that was submitted is done: there is nothing to take back. */
long sys_io_cancel(struct task *t, uint64_t ctx, uaddr_t iocb, uaddr_t result)
{
	struct aio *a;
	uint32_t key;

	(void)result;
	if (get_user(&key, iocb + offsetof(struct guest_iocb, key)))
		return -EFAULT;
	a = aio_find(t->mm, ctx);
	if (a)
		aio_put(a);
	return -EINVAL;
}

/* Up to @max results that are there; how many, or -EFAULT. */
static long collect(struct aio *a, long max, uaddr_t events)
{
	struct guest_event e[BATCH];
	uint32_t k, n;
	long done = 0;

	do {
		mutex_lock(&a->lock);
		n = (uint32_t)MIN((long)MIN(a->n, BATCH), max - done);
		for (k = 0; k < n; k++)
			e[k] = a->ring[(a->head + k) % a->size];
		a->head = (a->head + n) % a->size;
		a->n -= n;
		mutex_unlock(&a->lock);
		if (n && copy_out(events + (uint64_t)done * sizeof(*e), e,
				  n * sizeof(*e)))
			return done ? done : -EFAULT;
		done += n;
	} while (n);
	return done;
}

static bool has_news(struct aio *a)
{
	bool yes;

	mutex_lock(&a->lock);
	yes = a->n || a->dead;
	mutex_unlock(&a->lock);
	return yes;
}

static int wait_for_news(struct task *t, struct aio *a, int64_t deadline_ns)
{
	int err = 0;

	t->waiter.key = 0;
	t->waiter.exclusive = false;
	wait_add(&a->queue, &t->waiter, t);
	while (!err) {
		uint32_t seq = wait_prepare(t);

		if (has_news(a))
			break;
		err = wait_sleep(t, seq, deadline_ns);
	}
	wait_del(&t->waiter);
	return err;
}

static long get_events(struct task *t, uint64_t ctx, long min_nr, long nr,
		       uaddr_t events, int64_t deadline_ns)
{
	struct aio *a = aio_find(t->mm, ctx);
	long done = 0, n;
	int err = 0;

	if (!a)
		return -EINVAL;
	if (min_nr > nr || min_nr < 0) {
		aio_put(a);
		return -EINVAL;
	}
	for (;;) {
		n = collect(a, nr - done,
			    events + (uint64_t)done *
			    sizeof(struct guest_event));
		if (n < 0)
			break;
		done += n;
		if (done >= min_nr || err)
			break;
		if (load_once(&a->dead)) {
			n = -EINVAL;
			break;
		}
		err = wait_for_news(t, a, deadline_ns);
	}
	aio_put(a);
	if (done)
		return done;
	return n < 0 ? n : err == -EINTR ? -EINTR : 0;
}

long sys_io_getevents(struct task *t, uint64_t ctx, long min_nr, long nr,
		      uaddr_t events, uaddr_t timeout)
{
	int64_t deadline_ns;
	int err = poll_deadline_ts(timeout, &deadline_ns);

	return err ? err : get_events(t, ctx, min_nr, nr, events, deadline_ns);
}

long sys_io_pgetevents(struct task *t, uint64_t ctx, long min_nr, long nr,
		       uaddr_t events, uaddr_t timeout, uaddr_t usig)
{
	struct {
		uint64_t mask, size;
	} sig = { 0, sizeof(uint64_t) };
	int64_t deadline_ns;
	long r;

	if (usig && get_user(&sig, usig))
		return -EFAULT;
	r = poll_deadline_ts(timeout, &deadline_ns);
	if (!r)
		r = signal_mask_enter(t, sig.mask, sig.size);
	if (r)
		return r;
	r = get_events(t, ctx, min_nr, nr, events, deadline_ns);
	signal_mask_leave(t, r == -EINTR);
	return r == -EINTR ? -ERESTARTNOHAND : r;
}
