/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipe.c: pipes; pipe(7).
 *
 * A pipe is a stream (vfs/stream.h), and who has its ends open.
 *
 * Linux counts the room of a pipe in pages, this one in bytes: it takes at
 * least as much as Linux does.
 */
#include "emul/fs/pipe.h"

#include <asm/ioctls.h>
#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/magic.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"
#include "emul/lib/live.h"
#include "emul/lib/string.h"
#include "emul/task/task.h"
#include "emul/task/turn.h"
#include "emul/vfs/fdtable.h"

#define POLL_READ	(EPOLLIN | EPOLLRDNORM)
#define POLL_WRITE	(EPOLLOUT | EPOLLWRNORM)

static struct sb_once pipefs __arena;
LOCK_CLASS(pipefs, LOCK_ONCE);

struct pipe *pipe_new(void)
{
	struct pipe *p = kzalloc(sizeof(*p));

	if (!p)
		return NULL;
	live_add(LIVE_PIPE, 1);
	waitqueue_init(&p->queue);
	mutex_init_class(&p->lock, LOCK_OBJECT);
	stream_init(&p->s, PIPE_DEF_SIZE);
	return p;
}

void pipe_free(struct pipe *p)
{
	stream_destroy(&p->s);
	kfree(p->packets);
	live_add(LIVE_PIPE, -1);
	kfree(p);
}

/* What of @n bytes may be read at once, and where the next read starts. */
static size_t packet_limit(struct pipe *p, size_t n, uint64_t *skip_to)
{
	struct packet *k;

	mutex_lock(&p->lock);
	if (p->n_packets) {
		k = &p->packets[p->first_packet];
		if (k->start > p->s.tail) {
			n = MIN(n, k->start - p->s.tail);
		} else {
			n = MIN(n, k->end - p->s.tail);
			*skip_to = k->end;
			p->first_packet = (p->first_packet + 1) %
				p->max_packets;
			store_once(&p->n_packets, p->n_packets - 1);
		}
	}
	mutex_unlock(&p->lock);
	return n;
}

static int packet_room(struct pipe *p)
{
	uint32_t max = p->s.cap / (uint32_t)PAGE_SIZE;
	struct packet *ring;
	int r = 1;

	if (load_once(&p->n_packets) >= max)
		return 0;
	mutex_lock(&p->lock);
	if (p->n_packets == p->max_packets) {
		ring = kmalloc(max * sizeof(*ring));
		if (!ring) {
			r = -ENOMEM;
			goto out;
		}
		for (uint32_t i = 0; i < p->n_packets; i++)
			ring[i] = p->packets[(p->first_packet + i) %
					     p->max_packets];
		kfree(p->packets);
		p->packets = ring;
		p->first_packet = 0;
		p->max_packets = max;
	}
out:
	mutex_unlock(&p->lock);
	return r;
}

static void packet_add(struct pipe *p, uint64_t start, uint64_t end)
{
	mutex_lock(&p->lock);
	p->packets[(p->first_packet + p->n_packets) % p->max_packets] =
		(struct packet){ start, end };
	store_once(&p->n_packets, p->n_packets + 1);
	mutex_unlock(&p->lock);
}

/* Sleep until there is data or nobody is left to write any. */
static int wait_data(struct pipe *p, struct task *t)
{
	int err = 0;

	t->waiter.key = POLL_READ | EPOLLHUP;
	t->waiter.exclusive = true;
	__atomic_fetch_add(&p->data_sleepers, 1, __ATOMIC_SEQ_CST);
	wait_add(&p->queue, &t->waiter, t);
	for (;;) {
		uint32_t seq = wait_prepare(t);

		if (stream_used(&p->s) || !load_acquire(&p->writers))
			break;
		err = wait_sleep(t, seq, NEVER_NS);
		if (err)
			break;
	}
	wait_del(&t->waiter);
	__atomic_fetch_sub(&p->data_sleepers, 1, __ATOMIC_SEQ_CST);
	if (!err)
		return 0;
	wait_wake(&p->queue, POLL_READ, 1);
	return -ERESTARTSYS;
}

static ssize_t pipe_read(struct file *f, struct uio *u, off_t *pos)
{
	struct task *t = current();
	struct pipe *p = f->priv;
	uint64_t n, skip_to, left, before;
	ssize_t done;
	uint32_t writers;

	(void)pos;
	if (!u->left)
		return 0;
	for (;;) {
		int err = turn_take(&p->s.rd, t);

		if (err)
			return err;
		/* Before the data: what the last one wrote has to count. */
		writers = load_acquire(&p->writers);
		n = stream_used(&p->s);
		if (n)
			break;
		turn_give(&p->s.rd);
		if (!writers)
			return 0;
		if (u->nonblock)
			return -EAGAIN;
		err = wait_data(p, t);
		if (err)
			return err;
	}
	n = MIN(n, u->left);
	before = p->s.tail;
	skip_to = 0;
	if (unlikely(load_once(&p->n_packets)))
		n = packet_limit(p, n, &skip_to);
	done = stream_copy(&p->s, u, 0, n);
	if (done > 0 || skip_to)
		stream_drop(&p->s, skip_to ? skip_to - before : (uint64_t)done);
	n = p->s.tail - before;
	turn_give(&p->s.rd);		/* the fence in it orders these */
	left = stream_used(&p->s);
	/* There is room where there was none; or for the next who waits. */
	if (left + PIPE_BUF_BYTES <= p->s.cap &&
	    (left + n + PIPE_BUF_BYTES > p->s.cap ||
	     load_once(&p->room_sleepers)))
		wait_wake(&p->queue, POLL_WRITE, 1);
	if (left && load_once(&p->data_sleepers))
		wait_wake(&p->queue, POLL_READ, 1);
	return done;
}

int pipe_reserve(struct file *f)
{
	struct task *t = current();
	struct pipe *p = f->priv;
	int err = turn_take(&p->s.wr, t);

	if (err)
		return err;
	if (p->s.size < p->s.cap)
		err = stream_grow(&p->s, t, p->s.cap - stream_used(&p->s));
	turn_give(&p->s.wr);
	return err;
}

ssize_t pipe_drain(struct file *f, size_t len, pipe_take_fn *take, void *ctx,
		   bool keep)
{
	struct pipe *p = f->priv;
	uint64_t n, skip_to = 0;
	size_t done = 0;
	ssize_t r = turn_take(&p->s.rd, current());

	if (r)
		return r;
	n = MIN(stream_used(&p->s), len);
	if (n && unlikely(load_once(&p->n_packets)) && !keep)
		n = packet_limit(p, n, &skip_to);
	while (done < n) {
		uint64_t from = (p->s.tail + done) & (p->s.size - 1);
		size_t here = MIN(n - done, p->s.size - from);

		r = take(ctx, p->s.buf + from, here);
		if (r > 0)
			done += (size_t)r;
		if (r < (ssize_t)here)
			break;
	}
	if (!keep && (done || skip_to))
		stream_drop(&p->s, skip_to ? skip_to - p->s.tail : done);
	turn_give(&p->s.rd);
	if (done && !keep)
		wait_wake(&p->queue, POLL_WRITE, INT32_MAX);
	if (stream_used(&p->s) && load_once(&p->data_sleepers))
		wait_wake(&p->queue, POLL_READ, 1);
	return done ? (ssize_t)done : r;
}

uint64_t pipe_room(const struct file *f)
{
	return stream_room(&((const struct pipe *)f->priv)->s);
}

static ssize_t broken(struct task *t, ssize_t done)
{
	long err = signal_epipe(t);

	return done ? done : err;
}

/* Sleep until @need bytes fit or nobody is left to read them. */
static int wait_room(struct pipe *p, struct task *t, uint64_t need,
		     bool packet)
{
	int err = 0;

	t->waiter.key = POLL_WRITE | EPOLLERR;
	t->waiter.exclusive = true;
	__atomic_fetch_add(&p->room_sleepers, 1, __ATOMIC_SEQ_CST);
	wait_add(&p->queue, &t->waiter, t);
	for (;;) {
		uint32_t seq = wait_prepare(t);

		if (!load_acquire(&p->readers) ||
		    (stream_room(&p->s) >= need && (!packet || load_once(&p->n_packets) <
					 p->s.cap / PAGE_SIZE)))
			break;
		err = wait_sleep(t, seq, NEVER_NS);
		if (err)
			break;
	}
	wait_del(&t->waiter);
	__atomic_fetch_sub(&p->room_sleepers, 1, __ATOMIC_SEQ_CST);
	if (!err)
		return 0;
	wait_wake(&p->queue, POLL_WRITE, 1);
	return -ERESTARTSYS;
}

/*
 * Put in what fits, at least @need bytes or none.  The writer's turn is held.
 * Bytes, 0 when there is no room, or -errno.
 */
static ssize_t put_some(struct pipe *p, struct task *t, struct uio *u,
			uint64_t need, bool packet)
{
	uint64_t n = u->left, free = stream_room(&p->s);
	ssize_t r;

	if (packet) {
		n = need = MIN(n, PAGE_SIZE);
		r = packet_room(p);
		if (r <= 0)
			return r;
	}
	if (free < need || !free)
		return 0;
	n = MIN(n, free);
	r = stream_fill(&p->s, t, u, n);
	if (r <= 0)
		return r;
	if (packet)
		packet_add(p, p->s.head, p->s.head + (uint64_t)r);
	stream_push(&p->s, (uint64_t)r);
	return r;
}

static ssize_t pipe_write(struct file *f, struct uio *u, off_t *pos)
{
	struct task *t = current();
	struct pipe *p = f->priv;
	bool packet = f->flags & O_DIRECT;
	uint64_t need = u->left <= PIPE_BUF_BYTES ? u->left : 1;
	ssize_t r, done = 0;

	(void)pos;
	if (!u->left)
		return 0;
	for (;;) {
		r = turn_take(&p->s.wr, t);
		if (r)
			break;
		if (unlikely(!load_acquire(&p->readers))) {
			turn_give(&p->s.wr);
			return broken(t, done);
		}
		r = put_some(p, t, u, need, packet);
		turn_give(&p->s.wr);
		if (r < 0)
			break;
		if (r) {
			done += r;
			wait_wake(&p->queue, POLL_READ, 1);
			if (!u->left)
				break;
			if (packet)
				continue;
		}
		if (u->nonblock) {
			r = -EAGAIN;
			break;
		}
		r = wait_room(p, t, need > 1 ? need : PIPE_BUF_BYTES, packet);
		if (r)
			break;
	}
	/* Room may be left for the next that waits for it. */
	if (load_once(&p->room_sleepers) && stream_room(&p->s) >= PIPE_BUF_BYTES)
		wait_wake(&p->queue, POLL_WRITE, 1);
	return done ? done : r;
}

static uint32_t pipe_poll(struct file *f, struct waiter *w)
{
	struct pipe *p = f->priv;
	uint32_t mask = 0;

	if (w)
		wait_add(&p->queue, w, w->task);
	if (f->mode & FMODE_READ) {
		/* A fifo's reader that came first has not lost a writer yet. */
		if (!load_acquire(&p->writers) &&
		    f->pos != (off_t)load_once(&p->w_count))
			mask |= EPOLLHUP;
		if (stream_used(&p->s))
			mask |= POLL_READ;
	}
	if (f->mode & FMODE_WRITE) {
		if (stream_room(&p->s) >= PIPE_BUF_BYTES)
			mask |= POLL_WRITE;
		if (!load_acquire(&p->readers))
			mask |= EPOLLERR;
	}
	return mask;
}

static long pipe_ioctl(struct file *f, unsigned int cmd, uaddr_t arg)
{
	struct pipe *p = f->priv;
	int n;

	if (cmd != FIONREAD)
		return -ENOTTY;
	n = (int)stream_used(&p->s);
	return put_user(arg, &n);
}

void pipe_release(struct file *f)
{
	struct pipe *p = f->priv;
	struct inode *i = f->inode;
	bool last;

	mutex_lock(&i->lock);
	mutex_lock(&p->lock);
	if (f->mode & FMODE_READ)
		store_release(&p->readers, p->readers - 1);
	if (f->mode & FMODE_WRITE)
		store_release(&p->writers, p->writers - 1);
	last = --p->files == 0;
	if (last)
		i->special = NULL;
	mutex_unlock(&p->lock);
	mutex_unlock(&i->lock);
	if (last)
		pipe_free(p);
	else
		wait_wake(&p->queue, POLL_READ | POLL_WRITE | EPOLLHUP |
			  EPOLLERR, INT32_MAX);
}

static long set_size(struct pipe *p, struct task *t, uint64_t arg)
{
	uint64_t size = PAGE_SIZE;
	long err;

	if (arg > INT32_MAX)
		return -EINVAL;
	while (size < arg)
		size *= 2;
	if (size > PIPE_MAX_SIZE && size > p->s.cap &&
	    !task_capable(t, 24 /* CAP_SYS_RESOURCE */))
		return -EPERM;
	err = turn_take(&p->s.wr, t);
	if (err)
		return err;
	err = turn_take(&p->s.rd, t);
	if (err)
		goto out_wr;
	if (stream_used(&p->s) > size || p->n_packets > size / PAGE_SIZE) {
		err = -EBUSY;
		goto out;
	}
	if (p->s.size > size)
		err = stream_resize(&p->s, (uint32_t)size);
	if (!err) {
		store_once(&p->s.cap, (uint32_t)size);
		err = (long)size;
	}
out:
	turn_give(&p->s.rd);
out_wr:
	turn_give(&p->s.wr);
	if (err > 0)
		wait_wake(&p->queue, POLL_WRITE, INT32_MAX);
	return err;
}

/* F_GETPIPE_SZ and F_SETPIPE_SZ, fcntl(2). */
static long pipe_fcntl(struct file *f, unsigned int cmd, uaddr_t arg)
{
	struct pipe *p = f->priv;

	if (cmd == F_GETPIPE_SZ)
		return (long)p->s.cap;
	if (cmd != F_SETPIPE_SZ)
		return -EINVAL;
	return set_size(p, current(), arg);
}

const struct file_ops pipe_fops = {
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.ioctl = pipe_ioctl,
	.fcntl = pipe_fcntl,
	.release = pipe_release,
};

bool pipe_is_unnamed(const struct inode *i)
{
	return i->sb == load_acquire(&pipefs.sb);
}

int pipe_create(struct file *end[2], unsigned int flags)
{
	struct superblock *sb = sb_once(&pipefs, "pipefs", PIPEFS_MAGIC);
	struct inode *i;
	struct pipe *p;

	if (!sb)
		return -ENOMEM;
	i = inode_new(sb);
	if (!i)
		return -ENOMEM;
	p = pipe_new();
	if (!p)
		goto out_inode;
	i->mode = S_IFIFO | 0600;
	i->special = p;
	p->readers = p->writers = p->r_count = p->w_count = 1;
	p->files = 2;
	inode_get(i);
	end[0] = file_new(i, &pipe_fops, O_RDONLY | (flags & O_NONBLOCK),
			  "pipe", p);
	if (!end[0])
		goto out_pipe;
	end[0]->pos = -1;
	end[1] = file_new(i, &pipe_fops,
			  O_WRONLY | (flags & (O_NONBLOCK | O_DIRECT)),
			  "pipe", p);
	if (!end[1]) {
		/* The other end frees the pipe; file_new put the inode. */
		p->files = 1;
		p->writers = 0;
		file_put(end[0]);
		return -ENOMEM;
	}
	return 0;

out_pipe:
	pipe_free(p);
out_inode:
	inode_put(i);
	return -ENOMEM;
}
