/* SPDX-License-Identifier: Apache-2.0 */
/* eventfd.c: eventfd, eventfd2, and the file they make; eventfd(2). */
#include "emul/fs/eventfd.h"

#include <linux/errno.h>
#include <linux/eventpoll.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "emul/vfs/fdtable.h"

/* <linux/eventfd.h> is newer than the headers of Debian 12. */
#define EFD_SEMAPHORE	1
#define EFD_CLOEXEC	O_CLOEXEC
#define EFD_NONBLOCK	O_NONBLOCK

#define COUNT_MAX	(UINT64_MAX - 1)

struct eventfd {
	struct mutex lock;
	uint64_t count;
	bool semaphore;
	struct waitqueue queue;
};

/* Take from the counter, if there is something. */
static bool take(struct eventfd *e, uint64_t *value)
{
	mutex_lock(&e->lock);
	*value = e->semaphore && e->count ? 1 : e->count;
	e->count -= *value;
	mutex_unlock(&e->lock);
	return *value;
}

static bool add(struct eventfd *e, uint64_t *value)
{
	bool fits;

	mutex_lock(&e->lock);
	fits = COUNT_MAX - e->count >= *value;
	if (fits)
		e->count += *value;
	mutex_unlock(&e->lock);
	return fits;
}

/* Sleep until @try succeeds. */
static int wait_for(struct eventfd *e, uint32_t key, uint64_t *value,
		    bool (*try)(struct eventfd *e, uint64_t *value))
{
	struct task *t = current();
	int err = 0;

	t->waiter.key = key;
	t->waiter.exclusive = true;
	wait_add(&e->queue, &t->waiter, t);
	for (;;) {
		uint32_t seq = wait_prepare(t);

		if (try(e, value))
			break;
		err = wait_sleep(t, seq, NEVER_NS);
		if (err)
			break;
	}
	wait_del(&t->waiter);
	if (!err)
		return 0;
	wait_wake(&e->queue, key, 1);
	return -ERESTARTSYS;
}

static ssize_t eventfd_read(struct file *f, struct uio *u, off_t *pos)
{
	struct eventfd *e = f->priv;
	uint64_t value;
	ssize_t r;

	(void)pos;
	if (u->left < sizeof(value))
		return -EINVAL;
	if (!take(e, &value)) {
		if (u->nonblock)
			return -EAGAIN;
		r = wait_for(e, EPOLLIN, &value, take);
		if (r)
			return r;
	}
	wait_wake(&e->queue, EPOLLOUT, 1);
	if (load_once(&e->count))
		wait_wake(&e->queue, EPOLLIN, 1);
	r = uio_write(u, &value, sizeof(value));
	return r < 0 || r == sizeof(value) ? r : -EFAULT;
}

static ssize_t eventfd_write(struct file *f, struct uio *u, off_t *pos)
{
	struct eventfd *e = f->priv;
	uint64_t value;
	ssize_t r;

	(void)pos;
	if (u->left < sizeof(value))
		return -EINVAL;
	if (uio_read(u, &value, sizeof(value)) != sizeof(value))
		return -EFAULT;
	if (value == UINT64_MAX)
		return -EINVAL;
	if (!add(e, &value)) {
		if (u->nonblock)
			return -EAGAIN;
		r = wait_for(e, EPOLLOUT, &value, add);
		if (r)
			return r;
	}
	wait_wake(&e->queue, EPOLLIN, 1);
	return sizeof(value);
}

static uint32_t eventfd_poll(struct file *f, struct waiter *w)
{
	struct eventfd *e = f->priv;
	uint64_t count;

	if (w)
		wait_add(&e->queue, w, w->task);
	count = __atomic_load_n(&e->count, __ATOMIC_SEQ_CST);
	return (count ? EPOLLIN : 0) | (count < COUNT_MAX ? EPOLLOUT : 0);
}

static void eventfd_release(struct file *f)
{
	kfree(f->priv);
}

static const struct file_ops eventfd_fops = {
	.read = eventfd_read,
	.write = eventfd_write,
	.poll = eventfd_poll,
	.release = eventfd_release,
	.seek_stays = true,
};

bool eventfd_is(const struct file *f)
{
	return f->ops == &eventfd_fops;
}

void eventfd_signal(struct file *f)
{
	struct eventfd *e = f->priv;
	uint64_t one = 1;

	if (add(e, &one))
		wait_wake(&e->queue, EPOLLIN, 1);
}

long sys_eventfd2(struct task *t, unsigned int initval, int flags)
{
	struct eventfd *e;
	struct file *f;

	if (flags & ~(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK))
		return -EINVAL;
	e = kzalloc(sizeof(*e));
	if (!e)
		return -ENOMEM;
	mutex_init(&e->lock);
	waitqueue_init(&e->queue);
	e->count = initval;
	e->semaphore = flags & EFD_SEMAPHORE;
	f = file_new_anon(&eventfd_fops, (unsigned int)(flags & O_NONBLOCK) |
			  O_RDWR, "[eventfd]", e);
	if (!f) {
		kfree(e);
		return -ENOMEM;
	}
	return fd_add(t, f, (unsigned int)flags & O_CLOEXEC);
}

long sys_eventfd(struct task *t, unsigned int initval)
{
	return sys_eventfd2(t, initval, 0);
}
