/* SPDX-License-Identifier: Apache-2.0 */
/* fifo.c: pipes that have a name; fifo(7). */
#include <linux/errno.h>
#include <linux/fcntl.h>

#include "emul/fs/pipe.h"
#include "emul/task/task.h"

/* Sleep until *@count is not @old any more. */
static int wait_partner(struct pipe *p, struct task *t, uint32_t *count,
			uint32_t old)
{
	int err = 0;

	t->waiter.key = 0;
	t->waiter.exclusive = false;
	wait_add(&p->queue, &t->waiter, t);
	for (;;) {
		uint32_t seq = wait_prepare(t);

		if (load_acquire(count) != old)
			break;
		err = wait_sleep(t, seq, NEVER_NS);
		if (err)
			break;
	}
	wait_del(&t->waiter);
	return err ? -ERESTARTSYS : 0;
}

/* open(2) of a fifo; it may sleep until the other side comes. */
int fifo_open(struct inode *i, struct file *f)
{
	struct task *t = current();
	uint32_t r_count, w_count;
	bool no_reader, no_writer;
	struct pipe *p;
	int err = 0;
	/* /proc/self/fd of an end of pipe(2) waits for nobody. */
	bool wait = !pipe_is_unnamed(i);

	/* An inherited one; or one that may not be opened here. */
	if (i->ops && i->ops->open) {
		err = i->ops->open(i, f);
		if (err || f->ops)
			return err;
	}
	if (!(f->mode & (FMODE_READ | FMODE_WRITE)))
		return -EINVAL;
	mutex_lock(&i->lock);
	p = i->special;
	if (!p)
		p = pipe_new();
	if (!p) {
		mutex_unlock(&i->lock);
		return -ENOMEM;
	}
	mutex_lock(&p->lock);
	if ((f->mode & (FMODE_READ | FMODE_WRITE)) == FMODE_WRITE &&
	    (f->flags & O_NONBLOCK) && !p->readers && wait)
		err = -ENXIO;
	if (!err) {
		i->special = p;
		p->files++;
		if (f->mode & FMODE_READ) {
			p->readers++;
			p->r_count++;
		}
		if (f->mode & FMODE_WRITE) {
			p->writers++;
			p->w_count++;
		}
	}
	r_count = p->r_count;
	w_count = p->w_count;
	/* Looked at once: a partner may see this end, and go at once. */
	no_writer = !(f->mode & FMODE_WRITE) && !p->writers;
	no_reader = !(f->mode & FMODE_READ) && !p->readers;
	mutex_unlock(&p->lock);
	if (err && !p->files)
		pipe_free(p);
	mutex_unlock(&i->lock);
	if (err)
		return err;

	f->ops = &pipe_fops;
	f->priv = p;
	f->mode &= ~FMODE_SEEK;
	f->pos = -1;
	wait_wake(&p->queue, 0, INT32_MAX);
	if (!wait)
		return 0;
	if (no_writer) {
		if (f->flags & O_NONBLOCK)
			f->pos = (off_t)w_count;
		else
			err = wait_partner(p, t, &p->w_count, w_count);
	} else if (no_reader) {
		err = wait_partner(p, t, &p->r_count, r_count);
	}
	if (err)
		pipe_release(f);
	return err;
}
