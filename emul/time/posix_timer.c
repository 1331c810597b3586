/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posix_timer.c: timers with an identity, timer_create(2).
 *
 * Those of wall clocks are the timer thread's, those of CPU clocks are fired
 * by the threads of the process, see cputimer.c.
 *
 * A timer whose signal still waits only counts; the count goes along with the
 * signal when it is taken, see posix_timer_taken().
 */
#include "emul/lib/live.h"
#include "emul/time/posix_timer.h"

#include "emul/entry/uaccess.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/signal/queue.h"
#include "emul/signal/siginfo.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "emul/time/ktimer.h"
#include "emul/time/time.h"

#define NOTIFY_SIGNAL		0
#define NOTIFY_NONE		1
#define NOTIFY_THREAD		2
#define NOTIFY_THREAD_ID	4
#define OVERRUN_MAX		INT32_MAX
#define CPUCLOCK_FD		3	/* of a clock id below 0: a descriptor */

struct posix_timer {
	struct list_head link;		/* group->lock protects */
	struct ktimer kt;
	bool cpu;			/* by a CPU clock: ct in place of kt */
	struct cputimer ct;
	struct task *cpu_task;		/* a reference; NULL: the process's */
	struct tgroup *group;		/* goes before the timer does */
	struct task *target;		/* a reference; NULL: the group */
	int id, clock, notify, signo;
	uint64_t value;
	int64_t interval_ns;
	/* At a time of its clock, which may be set; 0: at kt's deadline. */
	int64_t wall_ns;		/* ktimer's lock protects, once armed */
	/* group->lock protects: */
	bool pending;			/* its signal waits */
	int64_t overrun;		/* expiries since that was sent */
	int64_t overrun_last;		/* of the signal that was taken last */
};

struct guest_sigevent {
	uint64_t value;
	int32_t signo, notify, tid;
	int32_t pad[11];
};

struct guest_itimerspec {
	struct timespec64 interval, value;
};

_Static_assert(sizeof(struct guest_sigevent) == 64, "struct sigevent");

/* The one with @id; group->lock is held. */
static struct posix_timer *find(struct tgroup *g, int id)
{
	struct posix_timer *p;

	list_for_each(p, &g->timers, link)
		if (p->id == id)
			return p;
	return NULL;
}

/* It expired, and @missed times more. */
static void notify(struct posix_timer *p, int64_t missed)
{
	struct siginfo128 info;
	bool send;

	if (p->notify == NOTIFY_NONE)
		return;
	mutex_lock(&p->group->lock);
	send = !p->pending;
	if (send) {
		p->pending = true;
		p->overrun = missed;
	} else {
		p->overrun += missed + 1;
	}
	mutex_unlock(&p->group->lock);
	if (!send)
		return;
	siginfo_init(&info, p->signo, SICODE_TIMER);
	info.fields[0] = (uint32_t)p->id;
	info.fields[1] = p->value;
	if (!p->target)
		signal_send_group(p->group, &info);
	else
		signal_send(p->target, &info, false);
}

static int64_t posix_fire(struct ktimer *kt)
{
	struct posix_timer *p = container_of(kt, struct posix_timer, kt);
	int64_t missed, next, now;

	if (p->wall_ns) {
		now = host_clock_ns(p->clock);
		if (now < p->wall_ns)
			return time_look_at(p->clock, p->wall_ns);
		next = timer_next(p->wall_ns, p->interval_ns, now, &missed);
		notify(p, missed);
		store_once(&p->wall_ns, next);
		return time_look_at(p->clock, next);
	}
	next = timer_next(kt->expires_ns, p->interval_ns, time_now(), &missed);
	notify(p, missed);
	return next;
}

static int64_t posix_cpu_fire(struct cputimer *ct, int64_t now_ns)
{
	struct posix_timer *p = container_of(ct, struct posix_timer, ct);
	int64_t missed, next;

	next = timer_next(ct->expires_ns, p->interval_ns, now_ns, &missed);
	notify(p, missed);
	return next;
}

void posix_timer_taken(struct tgroup *g, struct siginfo128 *info)
{
	struct posix_timer *p = find(g, (int)(uint32_t)info->fields[0]);

	if (!p)
		return;
	p->overrun_last = MIN(p->overrun, (int64_t)OVERRUN_MAX);
	p->overrun = 0;
	p->pending = false;
	info->fields[0] |= (uint64_t)p->overrun_last << 32;
}

static bool clock_ok(int clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC ||
	       clock == CLOCK_BOOTTIME || clock == CLOCK_TAI;
}

/* Whom @e wants told; with a reference in *@target when it is a thread. */
static int check_event(struct task *t, const struct guest_sigevent *e,
		       struct task **target)
{
	struct task *o;

	*target = NULL;
	switch (e->notify) {
	case NOTIFY_NONE:
		return 0;
	case NOTIFY_SIGNAL:
	case NOTIFY_THREAD:
	case NOTIFY_SIGNAL | NOTIFY_THREAD_ID:
		break;
	default:
		return -EINVAL;
	}
	if (e->signo < 1 || e->signo > NSIG64)
		return -EINVAL;
	if (!(e->notify & NOTIFY_THREAD_ID))
		return 0;
	o = task_find(e->tid);
	if (!o || o->group != t->group) {
		task_put(o);
		return -EINVAL;
	}
	*target = o;
	return 0;
}

/* Give @p a number and a place; the numbers of a process count up. */
static void enter(struct tgroup *g, struct posix_timer *p)
{
	mutex_lock(&g->lock);
	do {
		p->id = g->next_timer++ & INT32_MAX;
	} while (find(g, p->id));
	list_add_tail(&p->link, &g->timers);
	mutex_unlock(&g->lock);
}

static void stop(struct posix_timer *p)
{
	if (p->cpu)
		cputimer_cancel(p->group, &p->ct);
	else
		ktimer_cancel(&p->kt);
}

static void destroy(struct posix_timer *p)
{
	stop(p);
	task_put(p->target);
	task_put(p->cpu_task);
	signal_uncharge();
	live_add(LIVE_TIMER, -1);
	kfree(p);
}

/* The clock @clockid for @p: one of its own process, if it is of CPU time. */
static int set_clock(struct task *t, struct posix_timer *p, int clockid)
{
	struct tgroup *group;
	enum cpu_clock which;
	int err;

	ktimer_init(&p->kt, posix_fire);
	p->clock = clockid;
	if (clock_ok(clockid))
		return 0;
	if (clockid < 0 && (clockid & 7) == CPUCLOCK_FD)
		return -EOPNOTSUPP;
	if (clockid > CLOCK_THREAD_CPUTIME_ID)
		return clock_read(t, clockid) < 0 ? -EINVAL : -EOPNOTSUPP;
	err = cpu_clock_of(t, clockid, &p->cpu_task, &which, &group);
	if (err)
		return err;
	tgroup_put(group);
	if (!p->cpu_task && group != t->group)
		return -EOPNOTSUPP;
	p->cpu = true;
	cputimer_init(&p->ct, p->cpu_task, which, posix_cpu_fire);
	return 0;
}

long sys_timer_create(struct task *t, int clockid, uaddr_t sevp, uaddr_t timerid)
{
	struct guest_sigevent e;
	struct posix_timer *p;
	struct task *target;
	int err;

	memset(&e, 0, sizeof(e));
	e.signo = SIGALRM;
	if (sevp && get_user(&e, sevp))
		return -EFAULT;
	err = check_event(t, &e, &target);
	if (err)
		return err;
	err = -EAGAIN;
	if (!signal_charge(t))
		goto put_target;
	p = kzalloc(sizeof(*p));
	if (!p)
		goto uncharge;
	live_add(LIVE_TIMER, 1);
	p->group = t->group;
	p->target = target;
	p->notify = e.notify;
	p->signo = e.signo;
	p->value = e.value;
	err = set_clock(t, p, clockid);
	if (err) {
		destroy(p);
		return err;
	}
	enter(t->group, p);
	if (!sevp)
		p->value = (uint64_t)p->id;
	if (put_user(timerid, &p->id)) {
		sys_timer_delete(t, p->id);
		return -EFAULT;
	}
	return 0;

uncharge:
	signal_uncharge();
put_target:
	task_put(target);
	return err;
}

/*
 * Threads that use one timer at once have to get along: a timer that is
 * deleted under another's call would be freed under it.  Calls on timers of
 * a process therefore exclude each other.
 */
static struct posix_timer *timer_get(struct task *t, int id)
{
	struct posix_timer *p;

	mutex_lock(&t->group->timers_lock);
	mutex_lock(&t->group->lock);
	p = find(t->group, id);
	mutex_unlock(&t->group->lock);
	if (!p)
		mutex_unlock(&t->group->timers_lock);
	return p;
}

static void timer_done(struct task *t)
{
	mutex_unlock(&t->group->timers_lock);
}

static void get_value(struct task *t, struct posix_timer *p,
		      struct guest_itimerspec *v)
{
	int64_t at, left = 0;

	if (p->cpu) {
		at = cputimer_expires(p->group, &p->ct);
		if (at != NEVER_NS)
			left = MAX(at - cputimer_now(t, &p->ct), 1L);
	} else {
		at = ktimer_deadline(&p->kt);
		if (at != NEVER_NS && p->wall_ns)
			at = time_deadline_at(p->clock,
					      load_once(&p->wall_ns));
		if (at != NEVER_NS)
			left = MAX(at - time_now(), 1L);
	}
	v->value = ns_timespec(left);
	v->interval = ns_timespec(p->interval_ns);
}

/* Let @p expire at @v, or that time from now. */
static int start(struct task *t, struct posix_timer *p,
		 const struct timespec64 *v, bool absolute)
{
	int64_t at = NEVER_NS, value = timespec_ns(v), now;

	if (!value)
		return 0;
	if (p->cpu) {
		if (p->cpu_task && !load_once(&p->cpu_task->thread))
			return -ESRCH;
		now = absolute ? 0 : cputimer_now(t, &p->ct);
		return cputimer_set(t, &p->ct, value > NEVER_NS - now ?
				    NEVER_NS : now + value);
	}
	if (absolute) {
		if (p->clock != CLOCK_MONOTONIC)
			p->wall_ns = value;
		at = time_look_at(p->clock, value);
	} else if (time_deadline(v, &at)) {
		at = NEVER_NS;
	}
	return ktimer_set(&p->kt, at);
}

long sys_timer_settime(struct task *t, int timerid, int flags,
		       uaddr_t new_value, uaddr_t old_value)
{
	struct guest_itimerspec new, old;
	struct posix_timer *p;
	int err;

	if (!new_value)
		return -EINVAL;
	if (get_user(&new, new_value))
		return -EFAULT;
	if (!timespec_ok(&new.value) || !timespec_ok(&new.interval))
		return -EINVAL;
	p = timer_get(t, timerid);
	if (!p)
		return -EINVAL;
	get_value(t, p, &old);
	stop(p);
	p->wall_ns = 0;
	p->interval_ns = timespec_ns(&new.interval);
	mutex_lock(&t->group->lock);
	p->overrun = p->overrun_last = 0;
	mutex_unlock(&t->group->lock);
	err = start(t, p, &new.value, flags & TIMER_ABSTIME);
	timer_done(t);
	if (!err && old_value && put_user(old_value, &old))
		return -EFAULT;
	return err;
}

long sys_timer_gettime(struct task *t, int timerid, uaddr_t value)
{
	struct posix_timer *p = timer_get(t, timerid);
	struct guest_itimerspec v;

	if (!p)
		return -EINVAL;
	get_value(t, p, &v);
	timer_done(t);
	return put_user(value, &v);
}

long sys_timer_getoverrun(struct task *t, int timerid)
{
	struct posix_timer *p = timer_get(t, timerid);
	long n;

	if (!p)
		return -EINVAL;
	n = p->overrun_last;
	timer_done(t);
	return n;
}

long sys_timer_delete(struct task *t, int timerid)
{
	struct posix_timer *p = timer_get(t, timerid);

	if (!p)
		return -EINVAL;
	mutex_lock(&t->group->lock);
	list_del(&p->link);
	mutex_unlock(&t->group->lock);
	destroy(p);
	timer_done(t);
	return 0;
}

void posix_timers_exec(struct tgroup *g)
{
	struct posix_timer *p, *n;

	mutex_lock(&g->timers_lock);
	list_for_each_safe(p, n, &g->timers, link) {
		mutex_lock(&g->lock);
		list_del(&p->link);
		mutex_unlock(&g->lock);
		destroy(p);
	}
	mutex_unlock(&g->timers_lock);
}

void posix_timers_exit(struct tgroup *g)
{
	ktimer_cancel(&g->real_timer);
	posix_timers_exec(g);
	cputimer_group_exit(g);
}
