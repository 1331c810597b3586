/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cputimer.c: deadlines on CPU clocks.
 *
 * Nobody is told by the host when a CPU clock has come somewhere.  So the
 * time is reckoned at which it can have at the earliest, all threads running;
 * then the timer thread makes a thread of the process look (WORK_CPU), which
 * fires what is due and reckons again.  Nothing of this happens unless some
 * timer is armed.
 */
#include "emul/abi/regs.h"
#include "emul/lib/uapi.h"
#include "emul/signal/queue.h"
#include "emul/signal/siginfo.h"
#include "emul/task/sched.h"
#include "emul/task/task.h"
#include "emul/time/cputime.h"
#include "emul/time/time.h"

/* Not looked at more often; Linux does it by the tick. */
#define LOOK_MIN_NS	NSEC_PER_MSEC
/* Work done between two looks below which nobody has run. */
#define IDLE_NS		(NSEC_PER_MSEC / 2)
/* A process that does not run is looked at less and less often. */
#define IDLE_SHIFT_MAX	6
/* A thread that was told has not come by: tell another. */
#define AGAIN_NS	(20 * NSEC_PER_MSEC)

void cputimer_init(struct cputimer *ct, struct task *task,
		   enum cpu_clock clock,
		   int64_t (*fn)(struct cputimer *ct, int64_t now_ns))
{
	list_init(&ct->link);
	ct->task = task;
	ct->clock = clock;
	ct->fn = fn;
	ct->armed = false;
	ct->expires_ns = NEVER_NS;
}

/* The timer thread: make somebody look.  The lock of all timers is held. */
static int64_t look_fire(struct ktimer *kt)
{
	struct group_cpu *u = container_of(kt, struct group_cpu, look);
	struct tgroup *g = container_of(u, struct tgroup, cpu);
	struct task *o, *any = NULL, *awake = NULL;

	mutex_lock(&g->lock);
	list_for_each(o, &g->threads, thread_link) {
		if (!o->thread)
			continue;
		any = o;
		if (load_once(&o->n_cputimers))
			task_notify(o, WORK_CPU);
		if (!awake && !wait_asleep(o))
			awake = o;
	}
	if (!awake)
		awake = any;
	if (awake && load_once(&u->n_group))
		task_notify(awake, WORK_CPU);
	mutex_unlock(&g->lock);
	return awake ? time_now() + AGAIN_NS : NEVER_NS;
}

int64_t cputimer_now(struct task *t, const struct cputimer *ct)
{
	struct cputime c;

	if (ct->task) {
		cputime_task(ct->task, &c);
		return (int64_t)(ct->clock == CPU_USER ? c.user_ns :
				 c.total_ns);
	}
	if (ct->clock == CPU_TOTAL)
		return (int64_t)cputime_own_group(t);
	if (cputime_group(t->group, &c))
		return 0;
	return (int64_t)c.user_ns;
}

/* cpu.lock is held. */
static void disarm(struct tgroup *g, struct cputimer *ct)
{
	if (!ct->armed)
		return;
	list_del(&ct->link);
	ct->armed = false;
	__atomic_fetch_sub(ct->task ? &ct->task->n_cputimers :
			   &g->cpu.n_group, 1, __ATOMIC_RELAXED);
}

static void enlist(struct tgroup *g, struct cputimer *ct)
{
	if (ct->armed)
		return;
	list_add_tail(&ct->link, &g->cpu.armed);
	ct->armed = true;
	__atomic_fetch_add(ct->task ? &ct->task->n_cputimers :
			   &g->cpu.n_group, 1, __ATOMIC_RELAXED);
}

/* How long until @left_ns of CPU time can have gone by. */
static int64_t soonest(const struct tgroup *g, const struct cputimer *ct,
		       int64_t left_ns)
{
	unsigned int n = MIN(load_once(&g->n_live), sched_cpus());

	return ct->task || n < 2 ? left_ns : left_ns / n;
}

/*
 * Set the next look, @wait_ns from now unless one is to come before that
 * where @keep.  cpu.lock is held.
 */
static int look_in(struct tgroup *g, int64_t wait_ns, bool keep)
{
	int64_t now = time_now(), at;

	wait_ns = MAX(wait_ns, LOOK_MIN_NS);
	at = wait_ns > NEVER_NS - now ? NEVER_NS : now + wait_ns;
	if (keep && ktimer_deadline(&g->cpu.look) <= at)
		return 0;
	return ktimer_set(&g->cpu.look, at);
}

void cputimer_check(struct task *t)
{
	struct tgroup *g = t->group;
	struct group_cpu *u = &g->cpu;
	struct cputimer *ct, *next;
	int64_t now, left, wait = NEVER_NS, clock = time_now();
	uint64_t total;

	mutex_lock(&u->lock);
	list_for_each_safe(ct, next, &u->armed, link) {
		if (ct->task && ct->task != t) {
			/* It looks by itself; if it is late, it was told. */
			left = ct->look_ns - clock;
			wait = MIN(wait, left > 0 ? left : AGAIN_NS);
			continue;
		}
		now = cputimer_now(t, ct);
		if (now >= ct->expires_ns) {
			ct->expires_ns = ct->fn(ct, now);
			if (ct->expires_ns == NEVER_NS) {
				disarm(g, ct);
				continue;
			}
		}
		left = soonest(g, ct, MAX(ct->expires_ns - now, 0L));
		ct->look_ns = clock + MIN(left, NEVER_NS - clock);
		wait = MIN(wait, left);
	}
	total = cputime_own_group(t);
	if (total - u->looked_ns > IDLE_NS)
		u->idle = 0;
	else if (u->idle < IDLE_SHIFT_MAX)
		u->idle++;
	u->looked_ns = total;
	if (list_empty(&u->armed))
		ktimer_cancel(&u->look);
	else if (look_in(g, MAX(wait, u->idle ? LOOK_MIN_NS << u->idle : 0),
			 false))
		u->idle = 0;	/* the thread is there: it made us look */
	mutex_unlock(&u->lock);
}

int cputimer_set(struct task *t, struct cputimer *ct, int64_t expires_ns)
{
	struct tgroup *g = t->group;
	int64_t now = cputimer_now(t, ct), left, clock;
	int err = 0;

	mutex_lock(&g->cpu.lock);
	ct->expires_ns = expires_ns;
	if (expires_ns == NEVER_NS) {
		disarm(g, ct);
	} else {
		enlist(g, ct);
		g->cpu.idle = 0;
		left = soonest(g, ct, MAX(expires_ns - now, 0L));
		clock = time_now();
		ct->look_ns = clock + MIN(left, NEVER_NS - clock);
		err = look_in(g, left, true);
		if (err) {
			disarm(g, ct);
			ct->expires_ns = NEVER_NS;
		}
	}
	mutex_unlock(&g->cpu.lock);
	return err;
}

void cputimer_cancel(struct tgroup *g, struct cputimer *ct)
{
	mutex_lock(&g->cpu.lock);
	disarm(g, ct);
	ct->expires_ns = NEVER_NS;
	mutex_unlock(&g->cpu.lock);
}

int64_t cputimer_expires(struct tgroup *g, struct cputimer *ct)
{
	int64_t at;

	mutex_lock(&g->cpu.lock);
	at = ct->expires_ns;
	mutex_unlock(&g->cpu.lock);
	return at;
}

void cputimer_thread_exit(struct task *t)
{
	struct tgroup *g = t->group;
	struct group_cpu *u = &g->cpu;
	struct cputimer *ct, *next;

	mutex_lock(&u->lock);
	list_for_each_safe(ct, next, &u->armed, link)
		if (ct->task == t)
			disarm(g, ct);
	mutex_unlock(&u->lock);
}

void cputimer_group_exit(struct tgroup *g)
{
	struct cputimer *ct, *next;

	mutex_lock(&g->cpu.lock);
	list_for_each_safe(ct, next, &g->cpu.armed, link)
		disarm(g, ct);
	ktimer_cancel(&g->cpu.look);
	mutex_unlock(&g->cpu.lock);
}

/* RLIMIT_CPU: SIGXCPU at the soft limit and each second, SIGKILL at the hard. */
static int64_t limit_fire(struct cputimer *ct, int64_t now_ns)
{
	struct group_cpu *u = container_of(ct, struct group_cpu, limit);
	struct tgroup *g = container_of(u, struct tgroup, cpu);
	struct rlimit_pair *r = &g->rlimits[RLIMIT_CPU];
	uint64_t now = (uint64_t)now_ns / NSEC_PER_SEC;
	struct siginfo128 info;
	int signo = 0;

	mutex_lock(&g->lock);
	if (r->cur != UINT64_MAX && r->max != UINT64_MAX && now >= r->max) {
		signo = SIGKILL;
	} else if (now >= r->cur) {
		signo = SIGXCPU;
		r->cur++;	/* as Linux does, for all to see */
	}
	now = MIN(r->cur, (uint64_t)SEC_MAX - 1);
	mutex_unlock(&g->lock);
	if (signo) {
		siginfo_init(&info, signo, SICODE_KERNEL);
		signal_send_group(g, &info);
	}
	return signo == SIGKILL || now == SEC_MAX - 1 ? NEVER_NS :
	       (int64_t)now * NSEC_PER_SEC;
}

void cputimer_group_init(struct tgroup *g)
{
	ktimer_init(&g->cpu.look, look_fire);
	cputimer_init(&g->cpu.limit, NULL, CPU_TOTAL, limit_fire);
}

int cputimer_limit(struct tgroup *g)
{
	uint64_t cur = load_once(&g->rlimits[RLIMIT_CPU].cur);
	struct cputimer *ct = &g->cpu.limit;
	int err = 0;

	if (cur >= (uint64_t)SEC_MAX - 1) {
		if (ct->expires_ns != NEVER_NS)
			cputimer_cancel(g, ct);
		return 0;
	}
	mutex_lock(&g->cpu.lock);
	/* None at all counts as one second. */
	ct->expires_ns = (int64_t)MAX(cur, 1UL) * NSEC_PER_SEC;
	enlist(g, ct);
	/* It may be another process's, whose clock it looks at by itself. */
	err = look_in(g, 0, true);
	mutex_unlock(&g->cpu.lock);
	return err;
}
