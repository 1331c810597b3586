/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqueue.c: POSIX message queues; mq_open(3), mq_send(3), mq_receive(3).
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
#include "emul/lib/string.h"
#include "emul/net/socket.h"
#include "emul/signal/queue.h"
#include "emul/signal/siginfo.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "emul/time/time.h"
#include "emul/vfs/dcache.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/namei.h"

#define SICODE_MESGQ	(-3)
#define NOTIFY_SIGNAL	0
#define NOTIFY_NONE_	1
#define NOTIFY_THREAD_	2
#define POLL_READ	((uint32_t)(EPOLLIN | EPOLLRDNORM))
#define POLL_WRITE	((uint32_t)(EPOLLOUT | EPOLLWRNORM))

_Static_assert(sizeof(struct mq_attr_guest) == sizeof(struct mq_attr),
	       "struct mq_attr");

struct guest_sigevent {
	uint64_t value;
	int32_t signo, notify;
	int32_t pad[12];
};

_Static_assert(sizeof(struct guest_sigevent) == 64, "struct sigevent");

/* s.mem: the message that is to be put in, or that came. */
struct mq_sleep {
	struct ipc_sleep s;
};

/* What is to be done once the lock is released. */
struct mq_after {
	struct ipc_wakes wakes;
	uint32_t poll;			/* pollers to be woken for */
	struct tgroup *notify;		/* a reference */
	struct siginfo128 info;
	struct file *sock;		/* a reference, or NULL: to be told */
	char cookie[MQ_COOKIE_LEN];
};

#define MQ_WOKENUP	1	/* the last byte of a cookie, NOTIFY_WOKENUP */
#define MQ_REMOVED	2

/* SIGEV_THREAD: libc's thread reads the cookie, and why it comes. */
static void tell_thread(struct file *sock, char *cookie, char why)
{
	int err;

	cookie[MQ_COOKIE_LEN - 1] = why;
	err = netlink_push(socket_of(sock), cookie, MQ_COOKIE_LEN);
	(void)err;		/* it has read nothing for long */
	file_put(sock);
}

static struct mqueue *queue_of(struct file *f)
{
	return f->inode->priv;
}

void mqueue_free(struct mqueue *q)
{
	struct rb_node *n;

	while ((n = rb_first(&q->messages))) {
		rb_erase(&q->messages, n);
		kfree(rb_entry(n, struct ipc_msg, node));
	}
	if (q->notify)
		tgroup_put(q->notify);
	if (q->notify_sock)
		tell_thread(q->notify_sock, q->notify_cookie, MQ_REMOVED);
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
	if (!a->notify)
		return;
	if (a->sock)
		tell_thread(a->sock, a->cookie, MQ_WOKENUP);
	if (a->info.signo)
		signal_send_group(a->notify, &a->info);
	tgroup_put(a->notify);
}

/* The queue is no longer empty: tell who asked to be told, once. */
static void notify(struct task *t, struct mqueue *q, struct mq_after *a)
{
	if (!q->notify)
		return;
	a->notify = q->notify;
	q->notify = NULL;
	a->sock = q->notify_sock;
	q->notify_sock = NULL;
	memcpy(a->cookie, q->notify_cookie, sizeof(a->cookie));
	siginfo_init(&a->info, q->notify_how == NOTIFY_SIGNAL ?
		     q->notify_signo : 0, SICODE_MESGQ);
	siginfo_sender(&a->info, t->group->pid, t->cred->uid);
	a->info.fields[1] = q->notify_value;
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
		notify(t, q, a);
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

/* The queue that @fd names and is open for @mode; file NULL: -EBADF. */
static struct fd get_queue(struct task *t, int fd, uint32_t mode)
{
	struct fd f = fdget(t, fd);

	if (f.file && (f.file->ops != &mqueue_fops ||
		       (f.file->mode & mode) != mode)) {
		fdput(f);
		f.file = NULL;
	}
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
	struct mqueue *q = queue_of(f);
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
	f = get_queue(t, mqdes, FMODE_WRITE);
	if (!f.file)
		return -EBADF;
	if (len > (size_t)queue_of(f.file)->msgsize) {
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
	struct mqueue *q = queue_of(f);
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
	f = get_queue(t, mqdes, FMODE_READ);
	if (!f.file)
		return -EBADF;
	m = len < (size_t)queue_of(f.file)->msgsize ? err_ptr(-EMSGSIZE) :
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

/* Ask to be told of the next message that finds the queue empty. */
static int ask(struct task *t, struct mqueue *q, const struct guest_sigevent *e,
	       struct file *sock, const char *cookie)
{
	struct file *old_sock = NULL;
	struct tgroup *old = NULL;
	int err = 0;

	mutex_lock(&q->lock);
	/* Who was killed by the host could not take it back. */
	if (q->notify && !load_once(&q->notify->n_live)) {
		old = q->notify;
		q->notify = NULL;
		old_sock = q->notify_sock;
		q->notify_sock = NULL;
	}
	if (q->notify) {
		err = -EBUSY;
	} else {
		ref_get(&t->group->ref);
		q->notify = t->group;
		q->notify_how = e->notify;
		q->notify_signo = e->signo;
		q->notify_value = e->value;
		if (sock) {
			file_get(sock);
			q->notify_sock = sock;
			memcpy(q->notify_cookie, cookie, MQ_COOKIE_LEN);
		}
	}
	mutex_unlock(&q->lock);
	if (old)
		tgroup_put(old);
	if (old_sock)
		file_put(old_sock);
	return err;
}

/* No longer, if it was @g who asked. */
static void ask_no_more(struct mqueue *q, const struct tgroup *g)
{
	struct tgroup *old = NULL;
	struct file *sock = NULL;
	char cookie[MQ_COOKIE_LEN];

	mutex_lock(&q->lock);
	if (q->notify == g) {
		old = q->notify;
		q->notify = NULL;
		sock = q->notify_sock;
		q->notify_sock = NULL;
		memcpy(cookie, q->notify_cookie, sizeof(cookie));
	}
	mutex_unlock(&q->lock);
	if (sock)
		tell_thread(sock, cookie, MQ_REMOVED);
	if (old)
		tgroup_put(old);
}

long sys_mq_notify(struct task *t, int mqdes, uaddr_t sevp)
{
	struct guest_sigevent e;
	char cookie[MQ_COOKIE_LEN];
	struct fd f, sock = { NULL, false };
	const struct socket *s;
	long r = 0;

	memset(&e, 0, sizeof(e));
	if (sevp) {
		if (get_user(&e, sevp))
			return -EFAULT;
		if (e.notify != NOTIFY_NONE_ && e.notify != NOTIFY_SIGNAL &&
		    e.notify != NOTIFY_THREAD_)
			return -EINVAL;
		if (e.notify == NOTIFY_SIGNAL &&
		    (e.signo < 0 || e.signo > NSIG64))
			return -EINVAL;
		if (e.notify == NOTIFY_THREAD_) {
			/* The signal is a netlink socket. */
			if (copy_in(cookie, e.value, sizeof(cookie)))
				return -EFAULT;
			sock = fdget(t, e.signo);
			if (!sock.file)
				return -EBADF;
			s = socket_of(sock.file);
			if (!s || !netlink_is(s)) {
				fdput(sock);
				return s ? -EINVAL : -ENOTSOCK;
			}
		}
	}
	f = get_queue(t, mqdes, 0);
	if (!f.file)
		r = -EBADF;
	else if (sevp)
		r = ask(t, queue_of(f.file), &e, sock.file, cookie);
	else
		ask_no_more(queue_of(f.file), t->group);
	if (f.file)
		fdput(f);
	if (sock.file)
		fdput(sock);
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
	f = get_queue(t, mqdes, 0);
	if (!f.file)
		return -EBADF;
	q = queue_of(f.file);
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

/* One name, without a slash. */
static int get_name(struct pathname *n, uaddr_t name)
{
	int err = path_copy_in(n, name, 0);

	if (err)
		return err;
	if (!strcmp(n->s, ".") || !strcmp(n->s, "..") || strchr(n->s, '/'))
		return -EACCES;
	return n->len > NAME_LEN_MAX ? -ENAMETOOLONG : 0;
}

static unsigned int open_mask(unsigned int flags)
{
	static const uint8_t mask[3] = {
		MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE
	};

	return mask[flags & O_ACCMODE];
}

/* The queue's name @d was looked up; the root directory is locked. */
static int may_open(struct task *t, struct dentry *root, struct dentry *d,
		    unsigned int flags, mode_t mode,
		    const struct mq_attr_guest *a)
{
	int err;

	if (d->inode) {
		if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
			return -EEXIST;
		if ((flags & O_ACCMODE) == O_ACCMODE)
			return -EINVAL;
		return inode_permission(t->cred, d->inode, open_mask(flags));
	}
	if (!(flags & O_CREAT))
		return -ENOENT;
	err = inode_permission(t->cred, root->inode, MAY_WRITE | MAY_EXEC);
	if (err)
		return err;
	return mqueue_create(root->inode, d, mode & ~t->fs->umask, a);
}

static struct file *open_queue(struct task *t, const struct pathname *n,
			       unsigned int flags, mode_t mode,
			       const struct mq_attr_guest *a)
{
	struct mount *mnt = mqueue_mount();
	struct path p = { .mnt = mnt };
	struct inode *dir;
	struct file *f;
	int err;

	if (!mnt)
		return err_ptr(-ENOMEM);
	dir = mnt->root->inode;
	mutex_lock(&dir->lock);
	p.dentry = lookup_one(mnt->root, n->s, n->len,
			      name_hash(n->s, n->len));
	err = is_err(p.dentry) ? (int)ptr_err(p.dentry) :
		may_open(t, mnt->root, p.dentry, flags, mode, a);
	mutex_unlock(&dir->lock);
	if (is_err(p.dentry))
		return err_ptr(err);
	if (err) {
		dput(p.dentry);
		return err_ptr(err);
	}
	ref_get(&mnt->ref);
	f = file_open_path(&p, flags & (O_ACCMODE | O_NONBLOCK));
	if (is_err(f))
		path_put(&p);
	return f;
}

long sys_mq_open(struct task *t, uaddr_t name, int oflag, uint16_t mode,
		 uaddr_t attr)
{
	struct mq_attr_guest a;
	struct pathname n;
	struct file *f;
	int err;

	if (attr && get_user(&a, attr))
		return -EFAULT;
	err = get_name(&n, name);
	if (err)
		return err;
	f = open_queue(t, &n, (unsigned int)oflag, mode, attr ? &a : NULL);
	/* As on Linux, whatever the flags say. */
	return is_err(f) ? ptr_err(f) : fd_add(t, f, O_CLOEXEC);
}

long sys_mq_unlink(struct task *t, uaddr_t name)
{
	struct mount *mnt = mqueue_mount();
	struct pathname n;
	struct path dir;
	int err = get_name(&n, name);

	if (err)
		return err;
	if (!mnt)
		return -ENOMEM;
	dir = (struct path){ mnt, mnt->root };
	return vfs_unlink(t, &dir, n.s, n.len);
}

/* What /dev/mqueue shows; mq_overview(7). */
static ssize_t mqueue_read(struct file *f, struct uio *u, off_t *pos)
{
	struct mqueue *q = queue_of(f);
	char text[80];
	ssize_t r = 0;
	int n;

	mutex_lock(&q->lock);
	n = ksnprintf(text, sizeof(text),
		      "QSIZE:%-10lu NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n",
		      (unsigned long)q->bytes,
		      q->notify ? q->notify_how : 0,
		      q->notify && q->notify_how == NOTIFY_SIGNAL ?
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
	struct mqueue *q = queue_of(f);
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
		ask_no_more(queue_of(f), t->group);
	return 0;
}

const struct file_ops mqueue_fops = {
	.read = mqueue_read,
	.poll = mqueue_poll,
	.flush = mqueue_flush,
};
