/* SPDX-License-Identifier: Apache-2.0 */
/* pty.c: the two ends of a pseudo-terminal; pty(7). */
#include "emul/tty/pty.h"

#include <linux/capability.h>
#include <linux/eventpoll.h>
#include <linux/major.h>

#include "emul/lib/alloc.h"
#include "emul/lib/uapi.h"
#include "emul/task/task.h"
#include "emul/time/time.h"

#define CHUNK		1024u	/* bytes that are moved without the lock */
#define DECISECOND_NS	(100 * NSEC_PER_MSEC)
#define POLL_READ	(EPOLLIN | EPOLLRDNORM)
#define POLL_WRITE	(EPOLLOUT | EPOLLWRNORM)
#define POLL_ALL	(POLL_READ | POLL_WRITE | EPOLLPRI | EPOLLHUP | EPOLLERR)

static int pty_open_by_tty(struct tty *tty, struct file *f)
{
	return pty_open_slave(container_of(tty, struct pty, tty), f,
			      O_NOCTTY);
}

static void pty_free(struct tty *tty)
{
	struct pty *p = container_of(tty, struct pty, tty);

	pts_free_index(p->index);
	kfree(p);
}

static const struct tty_ops pty_tty_ops = {
	.open = pty_open_by_tty,
	.free = pty_free,
};

struct pty *pty_new(uint32_t index)
{
	struct pty *p = kzalloc(sizeof(*p));

	if (!p)
		return NULL;
	tty_init(&p->tty, &pty_tty_ops,
		 (uint64_t)UNIX98_PTY_SLAVE_MAJOR << 8 | (index & 0xff) |
		 (uint64_t)(index & ~0xffu) << 12);
	p->index = index;
	mutex_init_class(&p->lock, LOCK_OBJECT);
	ring_init(&p->in, p->in_buf, PTY_IN_SIZE);
	ring_init(&p->out, p->out_buf, PTY_OUT_SIZE);
	line_init(&p->line, &p->out);
	p->locked = true;
	for (int end = 0; end < 2; end++) {
		turn_init(&p->read_turn[end]);
		turn_init(&p->write_turn[end]);
		waitqueue_init(&p->queue[end]);
	}
	return p;
}

/* The newer of two that exclude each other holds. */
static void note_status(struct pty *p, uint8_t bits)
{
	if (bits & (TIOCPKT_STOP | TIOCPKT_START))
		p->status &= (uint8_t)~(TIOCPKT_STOP | TIOCPKT_START);
	if (bits & (TIOCPKT_DOSTOP | TIOCPKT_NOSTOP))
		p->status &= (uint8_t)~(TIOCPKT_DOSTOP | TIOCPKT_NOSTOP);
	p->status |= bits;
}

void pty_unlock(struct pty *p)
{
	uint32_t events = p->line.events, for_master = 0;
	sigset64_t signals = p->line.signals;

	if (p->line.packet && p->packet) {
		note_status(p, p->line.packet);
		for_master = POLL_READ | EPOLLPRI;
	}
	p->line.packet = 0;
	p->line.events = 0;
	p->line.signals = 0;
	mutex_unlock(&p->lock);
	if (events & LINE_OUT)
		for_master |= POLL_READ;
	if (events & LINE_ROOM)
		for_master |= POLL_WRITE;
	if (for_master)
		wait_wake(&p->queue[PTY_MASTER], for_master, INT32_MAX);
	if (events & LINE_READABLE)
		wait_wake(&p->queue[PTY_SLAVE], POLL_READ, INT32_MAX);
	if (events & LINE_ROOM)
		wait_wake(&p->queue[PTY_SLAVE], POLL_WRITE, INT32_MAX);
	for (; signals; signals &= signals - 1)
		tty_signal(&p->tty, __builtin_ctzll(signals) + 1);
}

void pty_type(struct pty *p)
{
	const char *s;
	uint32_t n;

	while ((n = ring_run(&p->in, &s))) {
		n = (uint32_t)line_type(&p->line, s, n);
		if (!n)
			break;
		p->in.tail += n;
		p->line.events |= LINE_ROOM;
	}
}

static int take_turn(struct turn *x, const struct uio *u)
{
	if (turn_try(x))
		return 0;
	return u->nonblock ? -EAGAIN : turn_wait(x, current());
}

/* Sleep until @ready says so. 0, -ERESTARTSYS, -ETIMEDOUT. */
static int wait_until(struct pty *p, int end, uint32_t key,
		      bool (*ready)(const struct pty *p, uint32_t arg),
		      uint32_t arg, int64_t deadline_ns)
{
	struct task *t = current();
	bool done;
	int err = 0;

	t->waiter.key = key;
	t->waiter.exclusive = false;
	wait_add(&p->queue[end], &t->waiter, t);
	for (;;) {
		uint32_t seq = wait_prepare(t);

		mutex_lock(&p->lock);
		done = ready(p, arg);
		mutex_unlock(&p->lock);
		if (done)
			break;
		err = wait_sleep(t, seq, deadline_ns);
		if (err)
			break;
	}
	wait_del(&t->waiter);
	return err == -EINTR ? -ERESTARTSYS : err;
}

/*
 * The slave.
 */
static bool slave_readable(const struct pty *p, uint32_t min)
{
	return p->hung_up || line_has(&p->line, min);
}

static bool slave_writable(const struct pty *p, uint32_t arg)
{
	(void)arg;
	return p->hung_up || line_can_write(&p->line);
}

/* How read(2) ends without the bytes wanted, see termios(3). */
struct limits {
	uint32_t min;		/* it goes on until it has so many */
	int64_t first_ns;	/* when nothing came until then */
	int64_t gap_ns;		/* or nothing more for so long; 0: for ever */
};

static struct limits read_limits(const struct line *l)
{
	struct limits lim = { 0, NEVER_NS, 0 };
	int64_t time_ns = l->tio.c_cc[VTIME] * DECISECOND_NS;

	if (line_canonical(l))
		return lim;
	lim.min = l->tio.c_cc[VMIN];
	if (lim.min) {
		lim.gap_ns = time_ns;
		return lim;
	}
	lim.min = 1;
	lim.first_ns = time_ns ? time_now() + time_ns : 0;
	return lim;
}

static ssize_t slave_read_some(struct pty *p, struct uio *u)
{
	struct limits lim;
	int64_t deadline_ns;
	char buf[CHUNK];
	ssize_t done = 0, r;
	bool end, hung_up;
	size_t n;
	int err;

	pty_lock(p);
	lim = read_limits(&p->line);
	mutex_unlock(&p->lock);
	deadline_ns = lim.first_ns;
	while (u->left) {
		pty_lock(p);
		hung_up = p->hung_up;
		n = line_take(&p->line, buf, MIN(u->left, CHUNK), &end);
		if (n || end)
			pty_type(p);
		pty_unlock(p);
		if (n) {
			r = uio_write(u, buf, n);
			if (r < 0)
				return done ? done : r;
			done += r;
			if (lim.gap_ns)
				deadline_ns = time_now() + lim.gap_ns;
		}
		if (end)
			break;
		if (n)
			continue;
		/* In a line there is nothing before its end that waits. */
		if (hung_up || (done && (uint32_t)done >= lim.min) ||
		    !deadline_ns)
			break;
		if (u->nonblock)
			return done ? done : -EAGAIN;
		err = wait_until(p, PTY_SLAVE, POLL_READ | EPOLLHUP,
				 slave_readable, 1, deadline_ns);
		if (err == -ETIMEDOUT)
			break;
		if (err)
			return done ? done : err;
	}
	return done;
}

static ssize_t slave_read(struct file *f, struct uio *u, off_t *pos)
{
	struct pty *p = f->priv;
	ssize_t r = 0;

	(void)pos;
	if (!load_once(&p->hung_up))
		r = tty_check(&p->tty, SIGTTIN);
	if (!r)
		r = take_turn(&p->read_turn[PTY_SLAVE], u);
	if (r)
		return r;
	r = slave_read_some(p, u);
	turn_give(&p->read_turn[PTY_SLAVE]);
	return r;
}

/* Put @n bytes out; how many were taken, *@err says why not all of them. */
static size_t slave_put(struct pty *p, const char *buf, size_t n,
			bool nonblock, int *err)
{
	size_t at = 0;

	for (;;) {
		pty_lock(p);
		if (p->hung_up)
			*err = -EIO;
		else
			at += line_write(&p->line, buf + at, n - at);
		pty_unlock(p);
		if (at == n || *err)
			return at;
		if (nonblock)
			*err = -EAGAIN;
		else
			*err = wait_until(p, PTY_SLAVE, POLL_WRITE | EPOLLHUP,
					  slave_writable, 0, NEVER_NS);
		if (*err)
			return at;
	}
}

/* The same for the master, of which all but the end is the line's matter. */
static size_t master_put(struct pty *p, const char *buf, size_t n,
			 bool nonblock, int *err);

static ssize_t write_by(struct pty *p, struct uio *u,
			size_t (*put)(struct pty *, const char *, size_t,
				      bool, int *))
{
	char buf[CHUNK];
	ssize_t done = 0, n;
	struct uio before;
	int err = 0;

	while (u->left && !err) {
		size_t at;

		/* Typing that nobody reads is dropped, and never blocks. */
		if (done && task_interrupted(current()))
			break;
		before = *u;
		n = uio_read(u, buf, CHUNK);
		if (n < 0)
			return done ? done : n;
		at = put(p, buf, (size_t)n, u->nonblock, &err);
		done += (ssize_t)at;
		if (err) {
			*u = before;
			uio_advance(u, at);
		}
	}
	return done ? done : err;
}

static ssize_t slave_write(struct file *f, struct uio *u, off_t *pos)
{
	struct pty *p = f->priv;
	ssize_t r = 0;

	(void)pos;
	if (load_once(&p->hung_up))
		return -EIO;
	if (load_once(&p->line.tio.c_lflag) & TOSTOP)
		r = tty_check(&p->tty, SIGTTOU);
	if (!r)
		r = take_turn(&p->write_turn[PTY_SLAVE], u);
	if (r)
		return r;
	r = write_by(p, u, slave_put);
	turn_give(&p->write_turn[PTY_SLAVE]);
	return r;
}

static uint32_t slave_poll(struct file *f, struct waiter *w)
{
	struct pty *p = f->priv;
	const struct line *l = &p->line;
	uint32_t mask = 0, min;

	if (w)
		wait_add(&p->queue[PTY_SLAVE], w, w->task);
	mutex_lock(&p->lock);
	min = l->tio.c_cc[VTIME] || !l->tio.c_cc[VMIN] ? 1 :
		l->tio.c_cc[VMIN];
	if (line_has(l, min))
		mask |= POLL_READ;
	if (line_can_write(l))
		mask |= POLL_WRITE;
	if (p->hung_up)
		mask = POLL_READ | POLL_WRITE | EPOLLERR | EPOLLHUP;
	mutex_unlock(&p->lock);
	return mask;
}

static void slave_release(struct file *f)
{
	struct pty *p = f->priv;
	bool last;

	mutex_lock(&p->lock);
	last = --p->n_slaves == 0;
	if (last) {
		p->no_slave = true;
		p->packet = false;
		p->exclusive = false;
	}
	mutex_unlock(&p->lock);
	if (last) {
		tty_drop_session(&p->tty);
		wait_wake(&p->queue[PTY_MASTER], POLL_ALL, INT32_MAX);
	}
	pty_put(p);
}

const struct file_ops pty_slave_fops = {
	.read = slave_read,
	.write = slave_write,
	.poll = slave_poll,
	.ioctl = pty_slave_ioctl,
	.release = slave_release,
};

int pty_open_slave(struct pty *p, struct file *f, unsigned int flags)
{
	int err = 0;

	mutex_lock(&p->lock);
	if (p->hung_up || p->locked)
		err = -EIO;
	else if (p->exclusive && !task_capable(current(), CAP_SYS_ADMIN))
		err = -EBUSY;
	if (!err) {
		p->n_slaves++;
		p->no_slave = false;
		pty_get(p);
	}
	mutex_unlock(&p->lock);
	if (err)
		return err;
	f->ops = &pty_slave_fops;
	f->priv = p;
	f->mode &= ~FMODE_SEEK;
	tty_opened(&p->tty, f, flags);
	return 0;
}

/*
 * The master.
 */
static bool master_readable(const struct pty *p, uint32_t arg)
{
	(void)arg;
	return ring_used(&p->out) || (p->packet && p->status) || p->no_slave;
}

static bool master_writable(const struct pty *p, uint32_t arg)
{
	(void)arg;
	return ring_room(&p->in) && !p->held;
}

/*
 * Up to @n bytes for the master into @buf: a status, or bytes, in packet mode
 * with a zero before the first.  0: nothing there.
 */
static size_t master_take(struct pty *p, char *buf, size_t n, bool first,
			  bool *status)
{
	size_t head = first && p->packet, got;

	*status = false;
	if (head && p->status) {
		buf[0] = (char)p->status;
		p->status = 0;
		*status = true;
		return 1;
	}
	if (!ring_used(&p->out))
		return 0;
	buf[0] = TIOCPKT_DATA;
	got = ring_get(&p->out, buf + head, n - head);
	line_echo_rest(&p->line);
	p->line.events |= LINE_ROOM;
	return head + got;
}

static ssize_t master_read_some(struct pty *p, struct uio *u)
{
	char buf[CHUNK];
	ssize_t done = 0, r;
	bool status, gone;
	size_t n;
	int err;

	while (u->left) {
		pty_lock(p);
		n = master_take(p, buf, MIN(u->left, CHUNK), !done, &status);
		gone = p->no_slave;
		pty_unlock(p);
		if (n) {
			r = uio_write(u, buf, n);
			if (r < 0)
				return done ? done : r;
			done += r;
			if (status)
				break;
			continue;
		}
		if (done)
			break;
		if (gone)
			return -EIO;
		if (u->nonblock)
			return -EAGAIN;
		err = wait_until(p, PTY_MASTER,
				 POLL_READ | EPOLLPRI | EPOLLHUP,
				 master_readable, 0, NEVER_NS);
		if (err)
			return err;
	}
	return done;
}

static ssize_t master_read(struct file *f, struct uio *u, off_t *pos)
{
	struct pty *p = f->priv;
	ssize_t r;

	(void)pos;
	r = take_turn(&p->read_turn[PTY_MASTER], u);
	if (r)
		return r;
	r = master_read_some(p, u);
	turn_give(&p->read_turn[PTY_MASTER]);
	return r;
}

static size_t master_put(struct pty *p, const char *buf, size_t n,
			 bool nonblock, int *err)
{
	size_t at = 0;

	for (;;) {
		pty_lock(p);
		if (!p->held)
			at += ring_put(&p->in, buf + at, n - at);
		pty_type(p);
		pty_unlock(p);
		if (at == n)
			return at;
		if (nonblock)
			*err = -EAGAIN;
		else
			*err = wait_until(p, PTY_MASTER, POLL_WRITE,
					  master_writable, 0, NEVER_NS);
		if (*err)
			return at;
	}
}

static ssize_t master_write(struct file *f, struct uio *u, off_t *pos)
{
	struct pty *p = f->priv;
	ssize_t r;

	(void)pos;
	r = take_turn(&p->write_turn[PTY_MASTER], u);
	if (r)
		return r;
	r = write_by(p, u, master_put);
	turn_give(&p->write_turn[PTY_MASTER]);
	return r;
}

static uint32_t master_poll(struct file *f, struct waiter *w)
{
	struct pty *p = f->priv;
	uint32_t mask = 0;

	if (w)
		wait_add(&p->queue[PTY_MASTER], w, w->task);
	mutex_lock(&p->lock);
	if (ring_used(&p->out))
		mask |= POLL_READ;
	if (p->packet && p->status)
		mask |= POLL_READ | EPOLLPRI;
	if (master_writable(p, 0))
		mask |= POLL_WRITE;
	if (p->no_slave)
		mask |= EPOLLHUP;
	mutex_unlock(&p->lock);
	return mask;
}

static void master_release(struct file *f)
{
	struct pty *p = f->priv;

	pts_remove(p);
	mutex_lock(&p->lock);
	p->hung_up = true;
	p->packet = false;
	p->in.head = p->in.tail;
	line_flush_input(&p->line);
	pty_unlock(p);
	tty_hangup(&p->tty);
	wait_wake(&p->queue[PTY_SLAVE], POLL_ALL, INT32_MAX);
	pty_put(p);
}

const struct file_ops pty_master_fops = {
	.read = master_read,
	.write = master_write,
	.poll = master_poll,
	.ioctl = pty_master_ioctl,
	.release = master_release,
};

int pty_open_master(struct pty *p, struct file *f)
{
	pty_get(p);
	f->ops = &pty_master_fops;
	f->priv = p;
	f->mode &= ~FMODE_SEEK;
	return 0;
}
