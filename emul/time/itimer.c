/* SPDX-License-Identifier: Apache-2.0 */
/*
 * itimer.c: alarm(2) and the interval timers of a process, setitimer(2).
 */
#include "emul/entry/uaccess.h"
#include "emul/lib/string.h"
#include "emul/signal/queue.h"
#include "emul/signal/siginfo.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "emul/time/time.h"

#define WHICH_REAL	0	/* ITIMER_REAL */
#define WHICH_VIRTUAL	1	/* ITIMER_VIRTUAL */
#define WHICH_LAST	2	/* ITIMER_PROF */

struct guest_itimerval {
	struct timeval64 interval, value;
};

int64_t timer_next(int64_t due_ns, int64_t interval_ns, int64_t now_ns,
		   int64_t *missed)
{
	int64_t n;

	*missed = 0;
	if (!interval_ns)
		return NEVER_NS;
	if (now_ns > due_ns)
		*missed = (now_ns - due_ns) / interval_ns;
	n = *missed + 1;
	return interval_ns > (NEVER_NS - 1 - due_ns) / n ? NEVER_NS :
	       due_ns + n * interval_ns;
}

static int64_t itimer_fire(struct ktimer *kt)
{
	struct tgroup *g = container_of(kt, struct tgroup, real_timer);
	struct siginfo128 info;
	int64_t missed;

	siginfo_init(&info, SIGALRM, SICODE_KERNEL);
	signal_send_group(g, &info);
	return timer_next(kt->expires_ns, g->real_interval_ns, time_now(),
			  &missed);
}

static int64_t cpu_fire(struct tgroup *g, unsigned int i, int signo,
			int64_t now_ns)
{
	struct siginfo128 info;
	int64_t missed;

	siginfo_init(&info, signo, SICODE_KERNEL);
	signal_send_group(g, &info);
	return timer_next(g->cpu.itimer[i].expires_ns,
			  g->cpu.itimer_interval_ns[i], now_ns, &missed);
}

static int64_t virtual_fire(struct cputimer *ct, int64_t now_ns)
{
	return cpu_fire(container_of(ct, struct tgroup, cpu.itimer[0]), 0,
			SIGVTALRM, now_ns);
}

static int64_t prof_fire(struct cputimer *ct, int64_t now_ns)
{
	return cpu_fire(container_of(ct, struct tgroup, cpu.itimer[1]), 1,
			SIGPROF, now_ns);
}

void itimer_init(struct tgroup *g)
{
	ktimer_init(&g->real_timer, itimer_fire);
	cputimer_init(&g->cpu.itimer[0], NULL, CPU_USER, virtual_fire);
	cputimer_init(&g->cpu.itimer[1], NULL, CPU_TOTAL, prof_fire);
}

static bool timeval_ok(const struct timeval64 *tv)
{
	return tv->sec >= 0 && tv->usec >= 0 && tv->usec < 1000000;
}

static int64_t timeval_ns(const struct timeval64 *tv)
{
	if (tv->sec >= SEC_MAX)
		return NEVER_NS;
	return tv->sec * NSEC_PER_SEC + tv->usec * NSEC_PER_USEC;
}

static struct timeval64 ns_timeval(int64_t ns)
{
	struct timeval64 tv = {
		ns / NSEC_PER_SEC, ns % NSEC_PER_SEC / NSEC_PER_USEC
	};

	return tv;
}

/* What is left, at least a microsecond while it is armed. */
static int64_t left_ns(const struct tgroup *g)
{
	int64_t at = ktimer_deadline(&g->real_timer), left;

	if (at == NEVER_NS)
		return 0;
	left = at - time_now();
	return MAX(left, NSEC_PER_USEC);
}

static int arm(struct tgroup *g, int64_t value_ns, int64_t interval_ns)
{
	int64_t now = time_now(), at = NEVER_NS;

	if (value_ns && value_ns < NEVER_NS - now)
		at = now + value_ns;
	ktimer_cancel(&g->real_timer);
	g->real_interval_ns = interval_ns;
	return ktimer_set(&g->real_timer, at);
}

long sys_alarm(struct task *t, unsigned int seconds)
{
	int64_t left = left_ns(t->group);

	if (arm(t->group, seconds * NSEC_PER_SEC, 0))
		return 0;
	/* Rounded, but never to nothing, alarm(2). */
	if (!left)
		return 0;
	return MAX((left + NSEC_PER_SEC / 2) / NSEC_PER_SEC, 1L);
}

static void current_value(struct task *t, int which, struct guest_itimerval *v)
{
	struct tgroup *g = t->group;
	struct cputimer *ct;
	int64_t at, left = 0;

	if (which == WHICH_REAL) {
		v->value = ns_timeval(left_ns(g));
		v->interval = ns_timeval(g->real_interval_ns);
		return;
	}
	ct = &g->cpu.itimer[which - WHICH_VIRTUAL];
	at = cputimer_expires(g, ct);
	if (at != NEVER_NS)
		left = MAX(at - cputimer_now(t, ct), NSEC_PER_USEC);
	v->value = ns_timeval(left);
	v->interval = ns_timeval(load_once(
		&g->cpu.itimer_interval_ns[which - WHICH_VIRTUAL]));
}

/* Those of CPU time: @value_ns from what their clock shows. */
static int arm_cpu(struct task *t, int which, int64_t value_ns,
		   int64_t interval_ns)
{
	struct tgroup *g = t->group;
	struct cputimer *ct = &g->cpu.itimer[which - WHICH_VIRTUAL];
	int64_t now, at = NEVER_NS;

	if (value_ns) {
		now = cputimer_now(t, ct);
		if (value_ns < NEVER_NS - now)
			at = now + value_ns;
	}
	cputimer_cancel(g, ct);
	store_once(&g->cpu.itimer_interval_ns[which - WHICH_VIRTUAL],
		   interval_ns);
	return at == NEVER_NS ? 0 : cputimer_set(t, ct, at);
}

long sys_getitimer(struct task *t, int which, uaddr_t value)
{
	struct guest_itimerval v;

	if (which < 0 || which > WHICH_LAST)
		return -EINVAL;
	current_value(t, which, &v);
	return put_user(value, &v);
}

long sys_setitimer(struct task *t, int which, uaddr_t new_value,
		   uaddr_t old_value)
{
	struct guest_itimerval new, old;
	int64_t ns;
	int err;

	memset(&new, 0, sizeof(new));
	if (new_value && get_user(&new, new_value))
		return -EFAULT;
	if (!timeval_ok(&new.value) || !timeval_ok(&new.interval) ||
	    which < 0 || which > WHICH_LAST)
		return -EINVAL;
	current_value(t, which, &old);
	ns = timeval_ns(&new.value);
	if (which == WHICH_REAL)
		err = arm(t->group, ns, timeval_ns(&new.interval));
	else
		err = arm_cpu(t, which, ns, timeval_ns(&new.interval));
	if (err)
		return err;
	return old_value ? put_user(old_value, &old) : 0;
}
