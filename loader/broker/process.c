/* SPDX-License-Identifier: Apache-2.0 */
/* process.c: requests about the sandbox's processes and its end. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "loader/broker/server.h"

/*
 * A number from the sandbox says nothing; that we could wait for the process
 * says that it is our child, and as nobody but us reaps it, the number cannot
 * have gone to another process by the time the signal is sent.
 */
bool process_is_ours(int tgid)
{
	siginfo_t si = { 0 };

	if (tgid <= 1)
		return false;
	if (waitid(P_PID, (id_t)tgid, &si, WEXITED | WNOHANG | WNOWAIT) < 0)
		return false;
	return !si.si_pid;	/* else it has exited already */
}

int process_kick(int tgid, int tid)
{
	if (tid <= 1 || !process_is_ours(tgid))
		return -ESRCH;
	if (syscall(SYS_tgkill, tgid, tid, HOST_SIGKICK) < 0)
		return -errno;
	return 0;
}

int serve_kick(struct call *c)
{
	if (c->req.arg[0] > INT_MAX || c->req.arg[1] > INT_MAX)
		return -ESRCH;
	return process_kick((int)c->req.arg[0], (int)c->req.arg[1]);
}

void process_end(struct monitor *m)
{
	siginfo_t si = { 0 };

	if (m->ending)
		return;
	m->ending = true;
	/* The group's number stays taken while any of it is unreaped. */
	if (m->child <= 1 ||
	    waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT))
		return;
	/* Just started, it may not have made its group yet. */
	if (syscall(SYS_kill, -(long)m->child, SIGKILL) < 0 &&
	    process_is_ours(m->child))
		syscall(SYS_kill, (long)m->child, SIGKILL);
}

int serve_stop(struct call *c)
{
	uint64_t sig = c->req.arg[0];

	if (sig < SIGSTOP || sig > SIGTTOU)
		return BROKEN;
	c->m->stop_sig = (int)sig;	/* once the reply is out */
	return 0;
}

int serve_exit(struct call *c)
{
	uint64_t status = c->req.arg[0];

	/* An exit status, or a signal with or without a core. */
	if (status & ~0xffffULL || ((status & 0x7f) && (status & 0xff00)) ||
	    (status & 0x7f) > 64 || (status & 0xff) == 0x80)
		return BROKEN;
	/* Nothing dies of these; sbx would be stopped for good by raising one. */
	if ((status & 0x7f) >= SIGSTOP && (status & 0x7f) <= SIGTTOU)
		return BROKEN;
	if (!c->m->exit_known) {
		c->m->exit_known = true;
		c->m->status = (int)(status & ~0x80ULL);
	}
	if (c->req.flags & BROKER_EXIT_NOW)
		process_end(c->m);
	return 0;
}

int serve_commit(struct call *c)
{
	struct monitor *m = c->m;

	if (!m->commit || !m->exit_known || m->status || m->committed)
		return BROKEN;
	m->committed = true;
	if (c->req.len1)
		monitor_fail(m, "--commit: %.*s", (int)c->req.len1, c->s1);
	return 0;
}

int serve_log(struct call *c)
{
	monitor_say(c->m, "", c->s1, c->req.len1);
	return 0;
}

/*
 * The numbers behind the word "at" in its last line, by name.  It may lie; a
 * number that is none of the kernel's text is left out.
 */
static void say_frames(const struct call *c)
{
	const char *s = strstr(c->s1, "\n  at");
	uint64_t off;

	if (!s || !c->m->symbol)
		return;
	for (s += strlen("\n  at"); *s == ' ';) {
		char line[160], *end;
		/* Where calls return to: the call is before that. */
		uint64_t at = strtoull(s, &end, 16) - 1;
		const char *name = c->m->symbol(at, &off);

		if (end == s)
			return;
		s = end;
		if (!name)
			continue;
		snprintf(line, sizeof(line), "%s+0x%llx", name,
			 (unsigned long long)off + 1);
		monitor_say(c->m, "  in ", line, strlen(line));
	}
}

int serve_panic(struct call *c)
{
	/* First the end: standard error may be a pipe that nobody reads. */
	monitor_fail(c->m, "the sandbox's kernel panicked");
	monitor_say(c->m, "sbx: panic: ", c->s1, c->req.len1);
	say_frames(c);
	return 0;
}

static uint64_t tv_ns(const struct timeval *tv)
{
	return (uint64_t)tv->tv_sec * 1000000000 +
	       (uint64_t)tv->tv_usec * 1000;
}

static int reply_reaped(struct call *c)
{
	struct broker_rusage out = { 0 };
	struct rusage ru;

	if (getrusage(RUSAGE_CHILDREN, &ru) < 0)
		return -errno;
	out.utime_ns = tv_ns(&ru.ru_utime);
	out.stime_ns = tv_ns(&ru.ru_stime);
	out.maxrss_kib = (uint64_t)ru.ru_maxrss;
	out.minflt = (uint64_t)ru.ru_minflt;
	out.majflt = (uint64_t)ru.ru_majflt;
	out.inblock = (uint64_t)ru.ru_inblock;
	out.oublock = (uint64_t)ru.ru_oublock;
	out.nvcsw = (uint64_t)ru.ru_nvcsw;
	out.nivcsw = (uint64_t)ru.ru_nivcsw;
	c->rep.val[0] = out.utime_ns + out.stime_ns;
	c->rep.val[1] = out.utime_ns;
	memcpy(c->body, &out, sizeof(out));
	c->rep.len = sizeof(out);
	return 0;
}

/* The CPU clocks of another process; see clock_getcpuclockid(3). */
static int cpu_clock(int tgid, unsigned int which, uint64_t *ns)
{
	clockid_t id = (clockid_t)(~(unsigned int)tgid << 3 | which);
	struct timespec ts;

	if (clock_gettime(id, &ts) < 0)
		return -errno;
	*ns = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
	return 0;
}

int serve_cputime(struct call *c)
{
	int tgid = (int)c->req.arg[0];
	uint64_t user = 0, both = 0;
	int ret;

	if (c->req.arg[0] > INT_MAX)
		return -ESRCH;
	if (!tgid)
		return reply_reaped(c);
	if (!process_is_ours(tgid))
		return -ESRCH;
	ret = cpu_clock(tgid, 2, &c->rep.val[0]);
	if (!ret)
		ret = cpu_clock(tgid, 1, &user);
	if (!ret)
		ret = cpu_clock(tgid, 0, &both);
	if (ret < 0)
		return ret;
	/*
	 * The first is exact, the others are sampled: only how they relate is
	 * of use.  What no sample met counts as the program's.
	 */
	c->rep.val[1] = c->rep.val[0];
	if (both && user < both)
		c->rep.val[1] = (uint64_t)((double)c->rep.val[0] *
					   (double)user / (double)both);
	return 0;
}

int serve_affinity(struct call *c)
{
	long n = syscall(SYS_sched_getaffinity, 0, 8192, c->body);

	if (n < 0)
		return -errno;
	c->rep.len = (uint32_t)n;
	return 0;
}

/*
 * That a thread is of a process of ours is seen by a signal that is none.
 * Were the thread to end here and its number to be another's at once, that
 * one would get a CPU mask or a nice value that it may have anyway: nothing
 * that the same user's processes could not do to each other.
 */
static bool thread_is_ours(int tgid, int tid)
{
	return tid > 1 && process_is_ours(tgid) &&
	       !syscall(SYS_tgkill, tgid, tid, 0);
}

static int set_affinity(const struct call *c, int tid)
{
	uint64_t mine[128] = { 0 }, want[128] = { 0 };
	bool any = false;

	if (!c->req.len1 || c->req.len1 > sizeof(want) || (c->req.len1 & 7) ||
	    c->req.arg[3])
		return BROKEN;
	if (syscall(SYS_sched_getaffinity, 0, sizeof(mine), mine) < 0)
		return -errno;
	memcpy(want, c->s1, c->req.len1);
	for (size_t i = 0; i < 128; i++) {
		want[i] &= mine[i];
		any |= want[i] != 0;
	}
	if (!any)
		return -EINVAL;
	return syscall(SYS_sched_setaffinity, tid, sizeof(want), want) < 0 ?
	       -errno : 0;
}

int serve_sched(struct call *c)
{
	uint64_t v = c->req.arg[3];
	int tid;

	if (c->req.arg[0] > INT_MAX || c->req.arg[1] > INT_MAX)
		return -ESRCH;
	tid = (int)c->req.arg[1];
	if (c->req.len1 && c->req.arg[2] != BROKER_SCHED_AFFINITY)
		return BROKEN;
	if (!thread_is_ours((int)c->req.arg[0], tid))
		return -ESRCH;
	switch (c->req.arg[2]) {
	case BROKER_SCHED_AFFINITY:
		return set_affinity(c, tid);
	case BROKER_SCHED_NICE:
		if (v > 39)
			return BROKEN;
		return setpriority(PRIO_PROCESS, (id_t)tid, (int)v - 20) < 0 ?
		       -errno : 0;
	case BROKER_SCHED_IOPRIO:
		if (v > 0xffff)
			return BROKEN;
		return syscall(SYS_ioprio_set, 1, tid, (int)v) < 0 ?
		       -errno : 0;
	default:
		return BROKEN;
	}
}
