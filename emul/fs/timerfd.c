/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timerfd.c: timers as files; timerfd_create(2).
 *
 * How often a timer has expired follows from when it was due and the time it
 * is now, so that a read is right however late the timer thread is.  That
 * thread only wakes who waits; a timer that nobody has read since it expired
 * is not armed again.
 */
#include <linux/errno.h>
#include <linux/eventpoll.h>

#include "emul/entry/uaccess.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "emul/time/ktimer.h"
#include "emul/time/time.h"
#include "emul/vfs/fdtable.h"

/* <linux/timerfd.h> wants fcntl.h of a libc. */
#define TFD_TIMER_ABSTIME	1
#define TFD_TIMER_CANCEL_ON_SET	2

/* Reading two clocks takes less; whoever sets one moves it further. */
#define JUMP_NS		(10 * NSEC_PER_MSEC)
/* How often a clock is looked at for who is to be told that it was set. */
#define SET_LOOK_NS	NSEC_PER_SEC

struct timerfd {
	/*
	 * Protects the rest but for looks of poll; comes, as the lock of a
	 * process's timers, before that of all timers.
	 */
	struct mutex lock;
	struct ktimer kt;	/* at due_ns, until that has come */
	int64_t due_ns;		/* on the clock base; NEVER_NS: it is off */
	int base;		/* clock, if it was set to a time of it */
	int64_t interval_ns;
	int clock;		/* immutable */
	bool cancel_on_set;
	int64_t wall_ns;	/* the wall clock ahead of the monotonic one */
	struct waitqueue queue;
};

struct guest_itimerspec {
	struct timespec64 interval, value;
};

static const struct file_ops timerfd_fops;

static int64_t wall_ahead(void)
{
	return host_clock_ns(CLOCK_REALTIME) - time_now();
}

/* Was the wall clock set since the timer was? */
static bool wall_was_set(const struct timerfd *tf)
{
	int64_t moved;

	if (!load_once(&tf->cancel_on_set))
		return false;
	moved = wall_ahead() - load_once(&tf->wall_ns);
	return moved > JUMP_NS || moved < -JUMP_NS;
}

/* When to look whether @due_ns of @base has come, or the clock was set. */
static int64_t look_at(const struct timerfd *tf, int base, int64_t due_ns)
{
	int64_t at = time_look_at(base, due_ns);

	if (at == NEVER_NS || !load_once(&tf->cancel_on_set))
		return at;
	return MIN(at, time_now() + SET_LOOK_NS);
}

static int64_t timerfd_fire(struct ktimer *kt)
{
	struct timerfd *tf = container_of(kt, struct timerfd, kt);
	int base = load_once(&tf->base);
	int64_t due = load_once(&tf->due_ns);

	if (due != NEVER_NS && host_clock_ns(base) < due && !wall_was_set(tf))
		return look_at(tf, base, due);
	wait_wake(&tf->queue, EPOLLIN, INT32_MAX);
	return NEVER_NS;
}

/* 0, or -EAGAIN: the timer is off. */
static int set_due(struct timerfd *tf, int64_t due_ns)
{
	int err;

	/* First what poll looks at: the timer may wake it at once. */
	__atomic_store_n(&tf->due_ns, due_ns, __ATOMIC_SEQ_CST);
	err = ktimer_set(&tf->kt, look_at(tf, tf->base, due_ns));
	if (err)
		store_once(&tf->due_ns, NEVER_NS);
	return err;
}

/*
 * What a read gives: expiries until now, 0 for none, or -ECANCELED; the timer
 * goes on from there.
 */
static int64_t take(struct timerfd *tf)
{
	int64_t n = 0, now;

	mutex_lock(&tf->lock);
	now = host_clock_ns(tf->base);
	if (wall_was_set(tf)) {
		store_once(&tf->wall_ns, wall_ahead());
		n = -ECANCELED;
		set_due(tf, tf->due_ns);
	} else if (tf->due_ns <= now) {
		n = 1;
		if (tf->interval_ns)
			n += (now - tf->due_ns) / tf->interval_ns;
		if (!tf->interval_ns ||
		    tf->interval_ns > (NEVER_NS - 1 - tf->due_ns) / n)
			set_due(tf, NEVER_NS);
		else
			set_due(tf, tf->due_ns + n * tf->interval_ns);
	}
	mutex_unlock(&tf->lock);
	return n;
}

static int64_t wait_for(struct timerfd *tf)
{
	struct task *t = current();
	int64_t n;
	int err;

	t->waiter.key = EPOLLIN;
	t->waiter.exclusive = false;
	wait_add(&tf->queue, &t->waiter, t);
	for (;;) {
		uint32_t seq = wait_prepare(t);

		n = take(tf);
		if (n)
			break;
		err = wait_sleep(t, seq, NEVER_NS);
		if (err) {
			n = -ERESTARTSYS;
			break;
		}
	}
	wait_del(&t->waiter);
	return n;
}

static ssize_t timerfd_read(struct file *f, struct uio *u, off_t *pos)
{
	struct timerfd *tf = f->priv;
	int64_t n;
	ssize_t r;

	(void)pos;
	if (u->left < sizeof(n))
		return -EINVAL;
	n = take(tf);
	if (!n) {
		if (u->nonblock)
			return -EAGAIN;
		n = wait_for(tf);
	}
	if (n < 0)
		return n;
	r = uio_write(u, &n, sizeof(n));
	return r < 0 || r == sizeof(n) ? r : -EFAULT;
}

static uint32_t timerfd_poll(struct file *f, struct waiter *w)
{
	struct timerfd *tf = f->priv;
	int64_t due;

	if (w)
		wait_add(&tf->queue, w, w->task);
	due = __atomic_load_n(&tf->due_ns, __ATOMIC_SEQ_CST);
	if (due != NEVER_NS && due <= host_clock_ns(load_once(&tf->base)))
		return EPOLLIN;
	return wall_was_set(tf) ? EPOLLIN : 0;
}

static void timerfd_release(struct file *f)
{
	struct timerfd *tf = f->priv;

	ktimer_cancel(&tf->kt);
	kfree(tf);
}

static const struct file_ops timerfd_fops = {
	.read = timerfd_read,
	.poll = timerfd_poll,
	.release = timerfd_release,
	.seek_stays = true,
};

long sys_timerfd_create(struct task *t, int clockid, int flags)
{
	struct timerfd *tf;
	struct file *f;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	switch (clockid) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
		break;
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
		/* Nobody in here can wake a suspended machine. */
		return -EPERM;
	default:
		return -EINVAL;
	}
	tf = kzalloc(sizeof(*tf));
	if (!tf)
		return -ENOMEM;
	mutex_init_class(&tf->lock, LOCK_TIMERS);
	waitqueue_init(&tf->queue);
	ktimer_init(&tf->kt, timerfd_fire);
	tf->due_ns = NEVER_NS;
	tf->clock = clockid;
	tf->base = CLOCK_MONOTONIC;
	f = file_new_anon(&timerfd_fops, (unsigned int)(flags & O_NONBLOCK) |
			  O_RDWR, "[timerfd]", tf);
	if (!f) {
		kfree(tf);
		return -ENOMEM;
	}
	return fd_add(t, f, (unsigned int)flags & O_CLOEXEC);
}

/* What is left; the lock is held. */
static void get_value(const struct timerfd *tf, struct guest_itimerspec *v)
{
	int64_t left = 0, now = host_clock_ns(tf->base);

	if (tf->due_ns != NEVER_NS) {
		left = tf->due_ns - now;
		/* Expired and not read: until the next time. */
		if (left <= 0 && tf->interval_ns)
			left = tf->interval_ns - -left % tf->interval_ns;
		left = MAX(left, 0L);
	}
	v->value = ns_timespec(left);
	v->interval = ns_timespec(tf->interval_ns);
}

/* The timer behind @ufd; *@f is to be put.  NULL with *@err set. */
static struct timerfd *timerfd_get(struct task *t, int ufd, struct fd *f,
				   long *err)
{
	*f = fdget(t, ufd);
	*err = -EBADF;
	if (!f->file)
		return NULL;
	*err = -EINVAL;
	if (f->file->ops != &timerfd_fops) {
		fdput(*f);
		return NULL;
	}
	return f->file->priv;
}

static int arm(struct timerfd *tf, const struct guest_itimerspec *v, int flags)
{
	int64_t value = timespec_ns(&v->value), at = NEVER_NS;
	bool absolute = flags & TFD_TIMER_ABSTIME;

	tf->cancel_on_set = absolute && (flags & TFD_TIMER_CANCEL_ON_SET) &&
			    tf->clock == CLOCK_REALTIME;
	if (tf->cancel_on_set)
		tf->wall_ns = wall_ahead();
	ktimer_cancel(&tf->kt);
	store_once(&tf->due_ns, NEVER_NS);
	store_once(&tf->base, absolute ? tf->clock : CLOCK_MONOTONIC);
	if (value && absolute)
		at = value;
	else if (value && time_deadline(&v->value, &at))
		at = NEVER_NS;
	tf->interval_ns = timespec_ns(&v->interval);
	return set_due(tf, at);
}

long sys_timerfd_settime(struct task *t, int ufd, int flags,
			 uaddr_t new_value, uaddr_t old_value)
{
	struct guest_itimerspec new, old;
	struct timerfd *tf;
	struct fd f;
	long err;

	if (get_user(&new, new_value))
		return -EFAULT;
	if ((flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) ||
	    !timespec_ok(&new.value) || !timespec_ok(&new.interval))
		return -EINVAL;
	tf = timerfd_get(t, ufd, &f, &err);
	if (!tf)
		return err;
	mutex_lock(&tf->lock);
	get_value(tf, &old);
	err = arm(tf, &new, flags);
	mutex_unlock(&tf->lock);
	fdput(f);
	if (!err && old_value && put_user(old_value, &old))
		return -EFAULT;
	return err;
}

long sys_timerfd_gettime(struct task *t, int ufd, uaddr_t value)
{
	struct guest_itimerspec v;
	struct timerfd *tf;
	struct fd f;
	long err;

	tf = timerfd_get(t, ufd, &f, &err);
	if (!tf)
		return err;
	mutex_lock(&tf->lock);
	get_value(tf, &v);
	mutex_unlock(&tf->lock);
	fdput(f);
	return put_user(value, &v);
}
