/* SPDX-License-Identifier: Apache-2.0 */
/* usage.c: what processes have used; getrusage(2). */
#include "emul/entry/uaccess.h"
#include "emul/host/host.h"
#include "emul/lib/string.h"
#include "emul/lib/uapi.h"
#include "emul/mm/mm.h"
#include "emul/sysproto.h"
#include "emul/task/reap.h"
#include "emul/task/resident.h"
#include "emul/task/task.h"
#include "emul/time/cputime.h"

#define TICKS_PER_SEC	100

/* The headers of a libc have only two of them without _GNU_SOURCE. */
#define WHO_SELF	0
#define WHO_CHILDREN	(-1)
#define WHO_THREAD	1

struct guest_rusage {
	struct timeval64 utime, stime;
	int64_t maxrss, ixrss, idrss, isrss, minflt, majflt, nswap;
	int64_t inblock, oublock, msgsnd, msgrcv, nsignals, nvcsw, nivcsw;
};

_Static_assert(sizeof(struct guest_rusage) == 144, "struct rusage");

/* Who uses so little CPU in between has touched little memory. */
#define FRESH_NS	(200 * NSEC_PER_USEC)
/*
 * What a process that ends has mapped is told as what it had in memory, where
 * it is less than this: asking the host costs 30 us.
 */
#define SMALL_KB	(32 * 1024)

static void raise_maxrss(struct tgroup *g, uint64_t kb)
{
	if (kb > g->usage.maxrss_kb)
		g->usage.maxrss_kb = kb;
}

void usage_note(struct task *t)
{
	struct resident r;
	uint64_t kb;

	if (!t->mm)
		return;
	kb = resident_mapped(t->mm);
	if (kb > SMALL_KB && kb > t->group->usage.maxrss_kb) {
		resident_get(t->group, t->mm, &r);
		kb = r.peak_kb;
	}
	raise_maxrss(t->group, kb);
}

/* What @t has in memory now, for itself. */
static void note_now(struct task *t)
{
	struct tgroup *g = t->group;
	uint64_t ns = cputime_own_group(t);
	struct resident r;

	if (g->usage.maxrss_kb && ns < load_once(&g->rss_seen_ns) + FRESH_NS)
		return;
	resident_get(g, t->mm, &r);
	raise_maxrss(g, r.peak_kb);
	store_once(&g->rss_seen_ns, cputime_own_group(t));
}

/* Of a living one others see only what the host tells of it. */
void usage_get(struct tgroup *g, struct usage *u)
{
	struct cputime c;
	struct task *o;

	*u = g->usage;
	if (g->zombie)
		return;
	if (!cputime_group(g, &c)) {
		u->utime_ns = c.user_ns;
		u->stime_ns = c.total_ns - c.user_ns;
	}
	u->nvcsw = __atomic_load_n(&g->cpu.nvcsw, __ATOMIC_RELAXED);
	mutex_lock(&g->lock);
	list_for_each(o, &g->threads, thread_link)
		u->nvcsw += load_once(&o->nvcsw);
	mutex_unlock(&g->lock);
}

void usage_add(struct usage *to, const struct usage *u)
{
	to->utime_ns += u->utime_ns;
	to->stime_ns += u->stime_ns;
	to->minflt += u->minflt;
	to->majflt += u->majflt;
	to->inblock += u->inblock;
	to->oublock += u->oublock;
	to->nvcsw += u->nvcsw;
	to->nivcsw += u->nivcsw;
	to->maxrss_kb = MAX(to->maxrss_kb, u->maxrss_kb);
}

static struct timeval64 ns_timeval(uint64_t ns)
{
	struct timeval64 tv = {
		(int64_t)ns / NSEC_PER_SEC,
		(int64_t)ns % NSEC_PER_SEC / NSEC_PER_USEC
	};

	return tv;
}

int usage_put(uaddr_t addr, const struct usage *u)
{
	struct guest_rusage r;

	memset(&r, 0, sizeof(r));
	r.utime = ns_timeval(u->utime_ns);
	r.stime = ns_timeval(u->stime_ns);
	r.maxrss = (int64_t)u->maxrss_kb;
	r.minflt = (int64_t)u->minflt;
	r.majflt = (int64_t)u->majflt;
	r.inblock = (int64_t)u->inblock;
	r.oublock = (int64_t)u->oublock;
	r.nvcsw = (int64_t)u->nvcsw;
	r.nivcsw = (int64_t)u->nivcsw;
	return put_user(addr, &r);
}

static void of_children(struct task *t, struct usage *u)
{
	mutex_lock(&pids_lock);
	*u = t->group->child_usage;
	mutex_unlock(&pids_lock);
}

long sys_getrusage(struct task *t, int who, uaddr_t usage)
{
	struct cputime c;
	struct usage u;

	switch (who) {
	case WHO_SELF:
		note_now(t);
		usage_get(t->group, &u);
		break;
	case WHO_CHILDREN:
		of_children(t, &u);
		break;
	case WHO_THREAD:
		note_now(t);
		usage_get(t->group, &u);
		cputime_task(t, &c);
		u.utime_ns = c.user_ns;
		u.stime_ns = c.total_ns - c.user_ns;
		u.nvcsw = t->nvcsw;
		break;
	default:
		return -EINVAL;
	}
	return usage_put(usage, &u);
}

static int64_t ticks(uint64_t ns)
{
	return (int64_t)(ns / (NSEC_PER_SEC / TICKS_PER_SEC));
}

long sys_times(struct task *t, uaddr_t buf)
{
	struct usage self, children;
	int64_t v[4];

	if (buf) {
		usage_get(t->group, &self);
		of_children(t, &children);
		v[0] = ticks(self.utime_ns);
		v[1] = ticks(self.stime_ns);
		v[2] = ticks(children.utime_ns);
		v[3] = ticks(children.stime_ns);
		if (put_user(buf, &v))
			return -EFAULT;
	}
	return host_clock_ns(CLOCK_BOOTTIME) / (NSEC_PER_SEC / TICKS_PER_SEC);
}
