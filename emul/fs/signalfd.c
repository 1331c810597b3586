/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signalfd.c: signals read from a file; signalfd(2).
 *
 * The file is but a mask: what is read, and whether there is something, is
 * what waits for the thread that asks.  Who waits for that lies on a queue of
 * the process that it was in then, as on Linux.  Those queues are few, never
 * freed and shared by chance: an epoll may outlive the process.
 */
#include "emul/fs/signalfd.h"

#include <linux/errno.h>
#include <linux/eventpoll.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"
#include "emul/signal/queue.h"
#include "emul/signal/siginfo.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "emul/vfs/fdtable.h"

#define N_QUEUES	64U	/* a power of two */

static struct {
	struct mutex lock;
	bool ready;
	struct waitqueue of[N_QUEUES];
} queues __arena_table;

struct signalfd {
	sigset64_t mask;
};

/* struct signalfd_siginfo */
struct guest_siginfo {
	uint32_t signo;
	int32_t err, code;
	uint32_t pid, uid;
	int32_t fd;
	uint32_t tid, band, overrun, trapno;
	int32_t status, val;
	uint64_t ptr, utime, stime, addr;
	uint16_t addr_lsb, pad2;
	int32_t syscall;
	uint64_t call_addr;
	uint32_t arch;
	uint8_t pad[28];
};

_Static_assert(sizeof(struct guest_siginfo) == 128, "signalfd_siginfo");

static struct waitqueue *queue_of(const struct tgroup *g)
{
	return &queues.of[((uintptr_t)g >> 6) % N_QUEUES];
}

void signalfd_notify(const struct tgroup *g)
{
	if (load_acquire(&queues.ready))
		wait_wake(queue_of(g), EPOLLIN, INT32_MAX);
}

static void queues_init(void)
{
	mutex_lock(&queues.lock);
	for (unsigned int i = 0; !queues.ready && i < N_QUEUES; i++)
		waitqueue_init(&queues.of[i]);
	store_release(&queues.ready, true);
	mutex_unlock(&queues.lock);
}

static uint32_t low(uint64_t word)
{
	return (uint32_t)word;
}

static uint32_t high(uint64_t word)
{
	return (uint32_t)(word >> 32);
}

static void convert(struct guest_siginfo *s, const struct siginfo128 *i)
{
	memset(s, 0, sizeof(*s));
	s->signo = (uint32_t)i->signo;
	s->err = i->err;
	s->code = i->code;
	switch (siginfo_layout(i->signo, i->code)) {
	case SIGINFO_KILL:
		s->pid = low(i->fields[0]);
		s->uid = high(i->fields[0]);
		break;
	case SIGINFO_QUEUE:
		s->pid = low(i->fields[0]);
		s->uid = high(i->fields[0]);
		s->ptr = i->fields[1];
		s->val = (int32_t)low(i->fields[1]);
		break;
	case SIGINFO_TIMER:
		s->tid = low(i->fields[0]);
		s->overrun = high(i->fields[0]);
		s->ptr = i->fields[1];
		s->val = (int32_t)low(i->fields[1]);
		break;
	case SIGINFO_POLL:
		s->band = low(i->fields[0]);
		s->fd = (int32_t)low(i->fields[1]);
		break;
	case SIGINFO_FAULT:
		s->addr = i->fields[0];
		break;
	case SIGINFO_CHILD:
		s->pid = low(i->fields[0]);
		s->uid = high(i->fields[0]);
		s->status = (int32_t)low(i->fields[1]);
		s->utime = i->fields[2];
		s->stime = i->fields[3];
		break;
	case SIGINFO_SYSCALL:
		s->call_addr = i->fields[0];
		s->syscall = (int32_t)low(i->fields[1]);
		s->arch = high(i->fields[1]);
		break;
	}
}

static int take(struct task *t, const struct signalfd *sf,
		struct siginfo128 *info)
{
	int signo;

	mutex_lock(&t->group->lock);
	signo = signal_dequeue(t, ~load_once(&sf->mask), info);
	mutex_unlock(&t->group->lock);
	return signo;
}

/* Sleep until there is one: its number, or -ERESTARTSYS. */
static int wait_for(struct task *t, const struct signalfd *sf,
		    struct siginfo128 *info)
{
	int signo;

	t->waiter.key = EPOLLIN;
	t->waiter.exclusive = false;
	wait_add(queue_of(t->group), &t->waiter, t);
	for (;;) {
		uint32_t seq = wait_prepare(t);

		signo = take(t, sf, info);
		if (signo)
			break;
		if (wait_sleep(t, seq, NEVER_NS)) {
			signo = -ERESTARTSYS;
			break;
		}
	}
	wait_del(&t->waiter);
	return signo;
}

static ssize_t signalfd_read(struct file *f, struct uio *u, off_t *pos)
{
	struct task *t = current();
	struct guest_siginfo out;
	struct siginfo128 info;
	ssize_t done = 0, r;
	int signo;

	(void)pos;
	if (u->left < sizeof(out))
		return -EINVAL;
	while (u->left >= sizeof(out)) {
		signo = take(t, f->priv, &info);
		/* The first is waited for, the others only taken along. */
		if (!signo && !done && !u->nonblock)
			signo = wait_for(t, f->priv, &info);
		if (signo <= 0) {
			if (done)
				break;
			return signo ? signo : -EAGAIN;
		}
		convert(&out, &info);
		r = uio_write(u, &out, sizeof(out));
		if (r != sizeof(out))
			return done ? done : -EFAULT;
		done += r;
	}
	return done;
}

static uint32_t signalfd_poll(struct file *f, struct waiter *w)
{
	struct signalfd *sf = f->priv;
	struct task *t = current();
	sigset64_t pending;

	if (w)
		wait_add(queue_of(t->group), w, w->task);
	/* No lock: an epoll's is held.  Who sends sets first and wakes then. */
	pending = __atomic_load_n(&t->pending.set, __ATOMIC_SEQ_CST) |
		  __atomic_load_n(&t->group->pending.set, __ATOMIC_SEQ_CST);
	return pending & load_once(&sf->mask) ? EPOLLIN : 0;
}

static void signalfd_release(struct file *f)
{
	kfree(f->priv);
}

static const struct file_ops signalfd_fops = {
	.read = signalfd_read,
	.poll = signalfd_poll,
	.release = signalfd_release,
	.seek_stays = true,
};

static long signalfd_new(struct task *t, sigset64_t mask, int flags)
{
	struct signalfd *sf = kzalloc(sizeof(*sf));
	struct file *f;

	if (!sf)
		return -ENOMEM;
	queues_init();
	sf->mask = mask;
	f = file_new_anon(&signalfd_fops, (unsigned int)(flags & O_NONBLOCK) |
			  O_RDWR, "[signalfd]", sf);
	if (!f) {
		kfree(sf);
		return -ENOMEM;
	}
	return fd_add(t, f, (unsigned int)flags & O_CLOEXEC);
}

long sys_signalfd4(struct task *t, int fd, uaddr_t mask, size_t sizemask,
		   int flags)
{
	struct signalfd *sf;
	sigset64_t set;
	struct fd f;

	if (sizemask != sizeof(set))
		return -EINVAL;
	if (get_user(&set, mask))
		return -EFAULT;
	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	/* Those two are nobody's to take. */
	set &= ~(SIGBIT(SIGKILL) | SIGBIT(SIGSTOP));
	if (fd == -1)
		return signalfd_new(t, set, flags);
	f = fdget(t, fd);
	if (!f.file)
		return -EBADF;
	if (f.file->ops != &signalfd_fops) {
		fdput(f);
		return -EINVAL;
	}
	sf = f.file->priv;
	store_once(&sf->mask, set);
	wait_wake(queue_of(t->group), EPOLLIN, INT32_MAX);
	fdput(f);
	return fd;
}

long sys_signalfd(struct task *t, int fd, uaddr_t mask, size_t sizemask)
{
	return sys_signalfd4(t, fd, mask, sizemask, 0);
}
