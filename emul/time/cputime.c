/* SPDX-License-Identifier: Apache-2.0 */
/* cputime.c: who used how much of the CPU; see cputime.h. */
#include "emul/time/cputime.h"

#include "emul/abi/regs.h"
#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/lib/string.h"
#include "emul/lib/uapi.h"
#include "emul/task/hostproc.h"
#include "emul/task/task.h"
#include "emul/time/time.h"

/* The host tells user and system apart by samples of about this distance. */
#define SAMPLE_NS	(4 * NSEC_PER_MSEC)
/* A thread that does not get a CPU for so long answers later. */
#define ANSWER_NS	(100 * NSEC_PER_MSEC)

/* Who waits for a thread's answer. */
static struct {
	struct mutex lock;
	bool ready;
	struct waitqueue queue;
} askers __arena;

static int64_t thread_clock(void)
{
	return host_clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static int64_t own_thread(const struct task *t)
{
	int64_t ns = thread_clock() + t->cpu_adj_ns;

	return MAX(ns, 0L);
}

/* Of all threads, one by one: @g shares its host process with others. */
static int64_t sum_of_threads(struct tgroup *g)
{
	int64_t sum = __atomic_load_n(&g->cpu.adj_ns, __ATOMIC_RELAXED);
	struct task *t = current(), *o;

	mutex_lock(&g->lock);
	list_for_each(o, &g->threads, thread_link)
		if (o->thread)
			sum += o == t ? own_thread(o) :
			       (int64_t)load_once(&o->cpu_seen_ns);
	mutex_unlock(&g->lock);
	return sum;
}

uint64_t cputime_own_group(struct task *t)
{
	struct tgroup *g = t->group;
	int64_t ns;

	if (load_acquire(&g->cpu.owner))
		ns = sum_of_threads(g);
	else
		ns = host_clock_ns(CLOCK_PROCESS_CPUTIME_ID) +
		     __atomic_load_n(&g->cpu.adj_ns, __ATOMIC_RELAXED);
	return (uint64_t)MAX(ns, 0L);
}

#ifdef SBX_HOSTED
static int ask(struct tgroup *g, struct cputime *c)
{
	(void)g;
	c->total_ns = (uint64_t)host_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	c->user_ns = c->total_ns;
	return 0;
}
#else
/* What the host knows of that process. */
static int ask(struct tgroup *g, struct cputime *c)
{
	struct broker_req req;
	struct broker_rep rep;
	int err, tid;

	memset(&req, 0, sizeof(req));
	req.op = BROKER_CPUTIME;
	req.arg[0] = (uint64_t)(unsigned int)hostproc_of(g, &tid);
	if (!req.arg[0])
		return -ESRCH;
	err = broker_call(&req, NULL, &rep, NULL, 0, NULL);
	c->total_ns = rep.val[0];
	c->user_ns = rep.val[1];
	return err;
}
#endif

/* The host killed what we counted: what was known last has to do. */
static bool lost(void)
{
#ifdef SBX_HOSTED
	return false;
#else
	return hostproc_was_killed(this_thread());
#endif
}

/*
 * Keep both parts from ever going backwards: the host's split is a guess that
 * it corrects.
 */
static void settle(struct tgroup *g, struct cputime *c)
{
	struct group_cpu *u = &g->cpu;

	mutex_lock(&u->split_lock);
	c->total_ns = MAX(c->total_ns, u->split_total);
	c->user_ns = MAX(c->user_ns, u->split_user);
	c->user_ns = MIN(c->user_ns,
			 u->split_user + (c->total_ns - u->split_total));
	u->split_total = c->total_ns;
	u->split_user = c->user_ns;
	mutex_unlock(&u->split_lock);
}

static uint64_t scale(uint64_t part, uint64_t whole, uint64_t to)
{
	/* In microseconds: no product of two hours' worth overflows. */
	part /= NSEC_PER_USEC;
	whole /= NSEC_PER_USEC;
	while (whole > UINT32_MAX) {
		whole >>= 1;
		part >>= 1;
	}
	if (!whole)
		return to;
	return to / whole * part + to % whole * part / whole;
}

int cputime_group(struct tgroup *g, struct cputime *c)
{
	struct task *t = current();
	bool own = t && t->group == g;
	struct cputime host;
	int err = 0;

	if (!own && load_acquire(&g->cpu.owner)) {
		c->total_ns = (uint64_t)MAX(sum_of_threads(g), 0L);
		c->user_ns = c->total_ns;
		settle(g, c);
		return 0;
	}
	if (own && lost()) {
		c->total_ns = c->user_ns = 0;
		settle(g, c);
		return 0;
	}
	if (own) {
		c->total_ns = cputime_own_group(t);
		/* Below what the host could tell apart it is all the guest's. */
		if (g->cpu.owner ||
		    c->total_ns < load_once(&g->cpu.split_total) + SAMPLE_NS) {
			c->user_ns = UINT64_MAX;
			settle(g, c);
			return 0;
		}
	}
	err = ask(g, &host);
	if (err) {
		memset(c, 0, sizeof(*c));
		return err;
	}
	if (!own)
		c->total_ns = (uint64_t)
			MAX((int64_t)host.total_ns +
			    __atomic_load_n(&g->cpu.adj_ns, __ATOMIC_RELAXED),
			    0L);
	c->user_ns = scale(host.user_ns, host.total_ns, c->total_ns);
	settle(g, c);
	return 0;
}

static void askers_init(void)
{
	mutex_lock(&askers.lock);
	if (!askers.ready)
		waitqueue_init(&askers.queue);
	store_release(&askers.ready, true);
	mutex_unlock(&askers.lock);
}

/* Let @o say what it has used, and wait for that a little. */
static void ask_thread(struct task *o)
{
	struct task *t = current();
	uint32_t old = load_acquire(&o->cpu_answers), seq;
	int64_t deadline = time_now() + ANSWER_NS;

	askers_init();
	t->waiter.key = 0;
	t->waiter.exclusive = false;
	wait_add(&askers.queue, &t->waiter, t);
	task_notify(o, WORK_CPU);
	for (;;) {
		seq = wait_prepare(t);
		if (load_acquire(&o->cpu_answers) != old ||
		    !load_once(&o->thread))
			break;
		/* A signal may wait for the answer, but not long. */
		if (wait_sleep(t, seq, deadline) == -EINTR)
			host_sched_yield();
		if (time_now() >= deadline)
			break;
	}
	wait_del(&t->waiter);
}

void cputime_task(struct task *t, struct cputime *c)
{
	struct task *me = current();
	struct tgroup *g = t->group;

	if (t == me) {
		c->total_ns = (uint64_t)own_thread(t);
	} else {
		if (load_once(&t->thread))
			ask_thread(t);
		c->total_ns = load_once(&t->cpu_seen_ns);
	}
	/* Of the split only the process's is known. */
	c->user_ns = scale(load_once(&g->cpu.split_user),
			   load_once(&g->cpu.split_total), c->total_ns);
	c->user_ns = MIN(c->user_ns, c->total_ns);
}

static void publish(struct task *t)
{
	store_once(&t->cpu_seen_ns, (uint64_t)own_thread(t));
	__atomic_fetch_add(&t->cpu_answers, 1, __ATOMIC_RELEASE);
	if (load_acquire(&askers.ready))
		wait_wake(&askers.queue, 0, INT32_MAX);
}

void cputime_work(struct task *t)
{
	publish(t);
	if (!list_empty(&t->group->cpu.armed))
		cputimer_check(t);
}

void cputime_init(struct tgroup *g)
{
	struct group_cpu *u = &g->cpu;

	mutex_init_class(&u->split_lock, LOCK_LEAF);
	mutex_init_class(&u->lock, LOCK_CPUTIMERS);
	list_init(&u->armed);
	cputimer_group_init(g);
}

void cputime_child(struct task *n, struct task *parent, bool carried)
{
	struct tgroup *owner = parent->group->cpu.owner;

	if (!owner)
		owner = parent->group;
	ref_get(&owner->ref);
	store_release(&n->group->cpu.owner, owner);
	if (carried)
		n->cpu_adj_ns = -thread_clock();
}

int64_t cputime_carry(void)
{
	return thread_clock();
}

void cputime_carried(struct task *t, int64_t since_ns)
{
	t->cpu_adj_ns -= thread_clock() - since_ns;
}

/* What was used in the host process of @owner was @g's. */
static void move_ns(struct tgroup *g, struct tgroup *owner, int64_t ns)
{
	__atomic_fetch_add(&g->cpu.adj_ns, ns, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&owner->cpu.adj_ns, ns, __ATOMIC_RELAXED);
}

void cputime_exit(struct task *t)
{
	struct group_cpu *u = &t->group->cpu;

	if (lost())
		return;
	/* Of a leader it can be asked until the whole group is gone. */
	if (t->tid == t->group->pid || load_acquire(&askers.ready))
		publish(t);
	if (u->owner)
		move_ns(t->group, u->owner, own_thread(t));
	__atomic_fetch_add(&u->nvcsw, t->nvcsw, __ATOMIC_RELAXED);
	if (!list_empty(&u->armed))
		cputimer_thread_exit(t);
}

void cputime_leave(struct task *t, struct cputime_move *m)
{
	m->thread_ns = own_thread(t);
	m->process_ns = host_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

void cputime_arrive(struct task *t, const struct cputime_move *m)
{
	struct group_cpu *u = &t->group->cpu;
	struct tgroup *owner = u->owner;

	if (owner) {
		move_ns(t->group, owner, m->thread_ns);
		store_release(&u->owner, NULL);
		tgroup_put(owner);
	} else {
		__atomic_fetch_add(&u->adj_ns, m->process_ns,
				   __ATOMIC_RELAXED);
	}
	t->cpu_adj_ns = m->thread_ns;
}

void cputime_release(struct tgroup *g)
{
	tgroup_put(g->cpu.owner);
}
