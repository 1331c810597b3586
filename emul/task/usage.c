/* SPDX-License-Identifier: Apache-2.0 */
/* usage.c: what processes have used; getrusage(2). */
#include "emul/entry/uaccess.h"
#include "emul/host/host.h"
#include "emul/lib/string.h"
#include "emul/lib/uapi.h"
#include "emul/task/reap.h"
#include "emul/task/task.h"

struct guest_rusage {
	struct timeval64 utime, stime;
	int64_t maxrss, ixrss, idrss, isrss, minflt, majflt, nswap;
	int64_t inblock, oublock, msgsnd, msgrcv, nsignals, nvcsw, nivcsw;
};

_Static_assert(sizeof(struct guest_rusage) == 144, "struct rusage");

/* Of a living one only the caller's own process is known so far. */
void usage_get(struct tgroup *g, struct usage *u)
{
	if (g->zombie) {
		*u = g->usage;
		return;
	}
	memset(u, 0, sizeof(*u));
	if (g == current()->group)
		u->utime_ns =
			(uint64_t)host_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
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
