/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqueue.c: messages of POSIX queues; mq_send(3), mq_receive(3).
 *
 * A message goes straight to the first receiver that waits; room goes to the
 * first sender that waits, whose message is put in for it.
 */
#include <linux/eventpoll.h>
#include <linux/mqueue.h>

#include "emul/entry/uaccess.h"
#include "emul/ipc/mqueue-int.h"
#include "emul/lib/alloc.h"
#include "emul/lib/print.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "emul/time/time.h"
#include "emul/vfs/fdtable.h"

#define POLL_READ	((uint32_t)(EPOLLIN | EPOLLRDNORM))
#define POLL_WRITE	((uint32_t)(EPOLLOUT | EPOLLWRNORM))

_Static_assert(sizeof(struct mq_attr_guest) == sizeof(struct mq_attr),
	       "struct mq_attr");

/* s.mem: the message that is to be put in, or that came. */
struct mq_sleep {
	struct ipc_sleep s;
};

/* What is to be done once the lock is released. */
struct mq_after {
	struct ipc_wakes wakes;
	uint32_t poll;			/* pollers to be woken for */
	struct mq_notice notice;
};

void mqueue_free(struct mqueue *q)
{
	struct rb_node *n;

	while ((n = rb_first(&q->messages))) {
		rb_erase(&q->messages, n);
		kfree(rb_entry(n, struct ipc_msg, node));
	}
	mq_notify_free(q);
	kfree(q);
}

/* The highest priority first, and in order of arrival. */
static void insert(struct mqueue *q, struct ipc_msg *m)
{
	struct rb_node **link = &q->messages.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = m->type > rb_entry(parent, struct ipc_msg, node)->type ?
			&parent->left : &parent->right;
	}
	rb_insert(&q->messages, &m->node, parent, link);
	q->curmsgs++;
	q->bytes += m->size;
}

static struct ipc_msg *take(struct mqueue *q)
{
	struct rb_node *n = rb_first(&q->messages);
	struct ipc_msg *m = rb_entry(n, struct ipc_msg, node);

	rb_erase(&q->messages, n);
	q->curmsgs--;
	q->bytes -= m->size;
	return m;
}

static void after(struct mqueue *q, struct mq_after *a)
{
	ipc_wake(&a->wakes);
	if (a->poll)
		wait_wake(&q->pollers, a->poll, INT32_MAX);
	mq_notify_tell(&a->notice);
}

static void put_in(struct task *t, struct mqueue *q, struct ipc_msg *m,
		   struct mq_after *a)
{
	struct mq_sleep *r;

	if (!list_empty(&q->receivers)) {
		r = list_first(&q->receivers, struct mq_sleep, s.link);
		r->s.mem = m;
		ipc_done(&r->s, 0, &a->wakes);
		return;
	}
	insert(q, m);
	if (q->curmsgs == 1)
		mq_notify_take(t, q, &a->notice);
	a->poll |= POLL_READ;
}

static struct ipc_msg *take_out(struct mqueue *q, struct mq_after *a)
{
	struct ipc_msg *m = take(q);
	struct mq_sleep *s;

	if (list_empty(&q->senders)) {
		a->poll |= POLL_WRITE;
	} else {
		s = list_first(&q->senders, struct mq_sleep, s.link);
		insert(q, s->s.mem);
		s->s.mem = NULL;
		ipc_done(&s->s, 0, &a->wakes);
	}
	return m;
}

static int get_deadline(uaddr_t timeout, int64_t *deadline_ns)
{
	struct timespec64 ts;

	*deadline_ns = NEVER_NS;
	if (!timeout)
		return 0;
	if (get_user(&ts, timeout))
		return -EFAULT;
	if (!timespec_ok(&ts))
		return -EINVAL;
	*deadline_ns = time_deadline_at(CLOCK_REALTIME, timespec_ns(&ts));
	return 0;
}

struct fd mqueue_fdget(struct task *t, int fd, uint32_t mode)
{
	struct fd f = fdget(t, fd);

	if (f.file && (f.file->ops != &mqueue_fops ||
		       (f.file->mode & mode) != mode))
		return fd_refuse(f);
	return f;
}

static long sleep_in(struct mq_sleep *s, int64_t deadline_ns)
{
	int r = ipc_sleep(&s->s, deadline_ns);

	return r == -EINTR ? -ERESTARTSYS : r;
}

static void stamp(struct inode *i, bool sent)
{
	i->atime = i->ctime = ktime_now();
	if (sent)
		i->mtime = i->atime;
}

static long send(struct task *t, struct file *f, struct ipc_msg *m,
		 int64_t deadline_ns)
{
	struct mq_after a = { .poll = 0 };
	struct mqueue *q = mqueue_of(f);
	struct mq_sleep s;
	long r = 0;

	s.s.mem = m;
	mutex_lock(&q->lock);
	if (q->curmsgs < q->maxmsg) {
		put_in(t, q, m, &a);
		s.s.mem = NULL;
	} else if (f->flags & O_NONBLOCK) {
		r = -EAGAIN;
	} else {
		ipc_line_up(&s.s, &q->lock, &q->senders, t);
		r = IPC_PENDING;
	}
	mutex_unlock(&q->lock);
	after(q, &a);
	if (r == IPC_PENDING)
		r = sleep_in(&s, deadline_ns);
	kfree(s.s.mem);
	if (!r)
		stamp(f->inode, true);
	return r;
}

long sys_mq_timedsend(struct task *t, int mqdes, uaddr_t text, size_t len,
		      unsigned int prio, uaddr_t timeout)
{
	int64_t deadline_ns;
	struct ipc_msg *m;
	struct fd f;
	long r = get_deadline(timeout, &deadline_ns);

	if (r)
		return r;
	if (prio >= MQ_PRIO_MAX)
		return -EINVAL;
	f = mqueue_fdget(t, mqdes, FMODE_WRITE);
	if (!f.file)
		return -EBADF;
	if (len > (size_t)mqueue_of(f.file)->msgsize) {
		r = -EMSGSIZE;
	} else {
		m = ipc_msg_load(text, len);
		if (is_err(m)) {
			r = ptr_err(m);
		} else {
			m->type = prio;
			r = send(t, f.file, m, deadline_ns);
		}
	}
	fdput(f);
	return r;
}

/* The next message, or err_ptr(). */
static struct ipc_msg *receive(struct task *t, struct file *f,
			       int64_t deadline_ns)
{
	struct mq_after a = { .poll = 0 };
	struct mqueue *q = mqueue_of(f);
	struct ipc_msg *m = NULL;
	struct mq_sleep s;
	long r;

	s.s.mem = NULL;
	mutex_lock(&q->lock);
	if (q->curmsgs)
		m = take_out(q, &a);
	else if (f->flags & O_NONBLOCK)
		m = err_ptr(-EAGAIN);
	else
		ipc_line_up(&s.s, &q->lock, &q->receivers, t);
	mutex_unlock(&q->lock);
	after(q, &a);
	if (!m) {
		r = sleep_in(&s, deadline_ns);
		m = r ? err_ptr(r) : s.s.mem;
	}
	if (!is_err(m))
		stamp(f->inode, false);
	return m;
}

long sys_mq_timedreceive(struct task *t, int mqdes, uaddr_t text, size_t len,
			 uaddr_t uprio, uaddr_t timeout)
{
	int64_t deadline_ns;
	struct ipc_msg *m;
	unsigned int prio;
	struct fd f;
	long r = get_deadline(timeout, &deadline_ns);

	if (r)
		return r;
	f = mqueue_fdget(t, mqdes, FMODE_READ);
	if (!f.file)
		return -EBADF;
	m = len < (size_t)mqueue_of(f.file)->msgsize ? err_ptr(-EMSGSIZE) :
		receive(t, f.file, deadline_ns);
	fdput(f);
	if (is_err(m))
		return ptr_err(m);
	prio = (unsigned int)m->type;
	r = (long)m->size;
	if ((uprio && put_user(uprio, &prio)) ||
	    copy_out(text, m->text, m->size))
		r = -EFAULT;
	kfree(m);
	return r;
}

long sys_mq_getsetattr(struct task *t, int mqdes, uaddr_t newattr,
		       uaddr_t oldattr)
{
	struct mq_attr_guest n, o;
	struct mqueue *q;
	struct fd f;

	memset(&o, 0, sizeof(o));
	memset(&n, 0, sizeof(n));
	if (newattr) {
		if (get_user(&n, newattr))
			return -EFAULT;
		if (n.flags & ~(int64_t)O_NONBLOCK)
			return -EINVAL;
	}
	f = mqueue_fdget(t, mqdes, 0);
	if (!f.file)
		return -EBADF;
	q = mqueue_of(f.file);
	mutex_lock(&q->lock);
	o.flags = f.file->flags & O_NONBLOCK;
	o.maxmsg = q->maxmsg;
	o.msgsize = q->msgsize;
	o.curmsgs = q->curmsgs;
	if (newattr)
		f.file->flags = (f.file->flags & ~(uint32_t)O_NONBLOCK) |
			(uint32_t)n.flags;
	mutex_unlock(&q->lock);
	fdput(f);
	if (oldattr && put_user(oldattr, &o))
		return -EFAULT;
	return 0;
}

/* What /dev/mqueue shows; mq_overview(7). */
static ssize_t mqueue_read(struct file *f, struct uio *u, off_t *pos)
{
	struct mqueue *q = mqueue_of(f);
	char text[80];
	ssize_t r = 0;
	int n;

	mutex_lock(&q->lock);
	n = ksnprintf(text, sizeof(text),
		      "QSIZE:%-10lu NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n",
		      (unsigned long)q->bytes,
		      q->notify ? q->notify_how : 0,
		      q->notify && q->notify_how == MQ_NOTIFY_SIGNAL ?
		      q->notify_signo : 0, q->notify ? q->notify->pid : 0);
	mutex_unlock(&q->lock);
	if (*pos >= 0 && *pos < n)
		r = uio_write(u, text + *pos, MIN(u->left,
						  (size_t)(n - *pos)));
	if (r > 0)
		*pos += r;
	return r;
}

static uint32_t mqueue_poll(struct file *f, struct waiter *w)
{
	struct mqueue *q = mqueue_of(f);
	uint32_t mask = 0;

	if (w)
		wait_add(&q->pollers, w, w->task);
	mutex_lock(&q->lock);
	if (q->curmsgs)
		mask |= POLL_READ;
	if (q->curmsgs < q->maxmsg)
		mask |= POLL_WRITE;
	mutex_unlock(&q->lock);
	return mask;
}

static int mqueue_flush(struct file *f)
{
	const struct task *t = current();

	if (t)
		mq_notify_cancel(mqueue_of(f), t->group);
	return 0;
}

const struct file_ops mqueue_fops = {
	.read = mqueue_read,
	.poll = mqueue_poll,
	.flush = mqueue_flush,
};
