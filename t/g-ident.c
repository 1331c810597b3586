/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-ident.c: ids, groups, sessions, limits, names, prctl.
 *
 * What a process inherits is asked for, not taken for granted: the test may
 * run in a pid namespace whose session is led from outside (getsid() is 0),
 * in a user namespace that maps few ids (EINVAL for the others), under a
 * filter (PR_GET_SECCOMP is 2), as a leader of its session, niced, as a batch
 * job, with a personality, a timer slack or limits of somebody's choice.
 */
#define _GNU_SOURCE
#include "t/guest.h"

#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/fsuid.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEEP	((uid_t)-1)

/* Above what any pid_max allows. */
#define NOBODY	5000000

/*
 * An id that is not ours, of a process without capabilities: EPERM where it
 * exists, EINVAL in a user namespace that does not map it.
 */
static void is_refused(long ret, const char *name)
{
	int err = ret == -1 ? errno : 0;

	if (!ok(err == EPERM || err == EINVAL, name))
		printf("# got %ld, errno %d\n", ret, err);
}

/* One of ours, which a user namespace may leave without a map: then EINVAL. */
static void is_own(long ret, int mapped, const char *name)
{
	int err = ret == -1 ? errno : 0;

	if (!ok(!err || (!mapped && err == EINVAL), name))
		printf("# got %ld, errno %d\n", ret, err);
}

static void test_ids(void)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	ok(getpid() > 0, "getpid");
	is(getpid(), syscall(SYS_gettid), "the first thread's id is the same");
	ok(getppid() >= 0 && getppid() != getpid(), "getppid");
	ok(getuid() == geteuid(), "getuid and geteuid");
	ok(getgid() == getegid(), "getgid and getegid");
	getresuid(&r, &e, &s);
	ok(r == getuid() && e == r && s == r, "getresuid");
	getresgid(&rg, &eg, &sg);
	ok(rg == getgid() && eg == rg && sg == rg, "getresgid");
	is_errno(syscall(SYS_getresuid, 8, &e, &s), EFAULT, "getresuid: pointer");
	is(setresuid(KEEP, KEEP, KEEP), 0, "setresuid of nothing");
	is_own(setuid(getuid()), id_mapped("/proc/self/uid_map", getuid()),
	       "setuid to oneself");
	is_own(setgid(getgid()), id_mapped("/proc/self/gid_map", getgid()),
	       "setgid to oneself");
	is_errno(syscall(SYS_setuid, -1), EINVAL, "setuid(-1)");
	is_errno(syscall(SYS_setgid, -1), EINVAL, "setgid(-1)");
	ok(setfsuid(getuid()) == (int)getuid(), "setfsuid tells the old one");
	ok(setfsgid(getgid()) == (int)getgid(), "setfsgid tells the old one");
	ok(getgroups(0, NULL) >= 0, "getgroups: how many");
	is_errno(syscall(SYS_getgroups, -1, NULL), EINVAL, "getgroups(-1)");
}

static void test_groups(void)
{
	ok(getpgrp() == getpgid(0), "getpgrp is getpgid(0)");
	ok(getpgid(getpid()) == getpgrp(), "getpgid of oneself");
	ok(getsid(0) >= 0, "getsid");
	ok(getsid(getpid()) == getsid(0), "getsid of oneself");
	is_errno(getpgid(NOBODY), ESRCH, "getpgid of nobody");
	is_errno(getsid(NOBODY), ESRCH, "getsid of nobody");
	is_errno(setpgid(0, -1), EINVAL, "setpgid: negative");
	is_errno(setpgid(NOBODY, 0), ESRCH, "setpgid of nobody");
	is_errno(setpgid(getpid() == 1 ? NOBODY : 1, 0), ESRCH,
		 "setpgid of one that is no child");
	is_errno(setpgid(0, NOBODY), EPERM, "setpgid to no group");
	/* A leader of a session keeps its group, which is its own. */
	if (getsid(0) == getpid())
		is_errno(setpgid(0, 0), EPERM, "setpgid to a group of one's own");
	else
		is(setpgid(0, 0), 0, "setpgid to a group of one's own");
	ok(getpgrp() == getpid(), "it leads it now");
	is_errno(setsid(), EPERM, "a leader gets no session");
	is_errno(waitpid(-1, NULL, WNOHANG), ECHILD, "no children to wait for");
	is_errno(waitpid(-1, NULL, 0x1000), EINVAL, "unknown option of wait4");
}

static void test_limits(void)
{
	struct rlimit r, old;

	is(getrlimit(RLIMIT_NOFILE, &old), 0, "getrlimit");
	ok(old.rlim_cur <= old.rlim_max, "soft is not above hard");
	r = old;
	r.rlim_cur = 64;
	is(setrlimit(RLIMIT_NOFILE, &r), 0, "setrlimit");
	getrlimit(RLIMIT_NOFILE, &r);
	is((long)r.rlim_cur, 64, "it holds");
	ok(r.rlim_max == old.rlim_max, "hard is as it was");
	is(prlimit(0, RLIMIT_NOFILE, &old, &r), 0, "prlimit");
	is((long)r.rlim_cur, 64, "which tells the old one");
	is_errno(prlimit(NOBODY, RLIMIT_NOFILE, NULL, &r), ESRCH,
		 "prlimit of nobody");
	is_errno(syscall(SYS_getrlimit, 16, &r), EINVAL, "no limit 16");
	is_errno(syscall(SYS_getrlimit, RLIMIT_CPU, 8), EFAULT,
		 "getrlimit: pointer");
	r.rlim_cur = 10;
	r.rlim_max = 5;
	is_errno(setrlimit(RLIMIT_CORE, &r), EINVAL, "soft above hard");
	/* fs.nr_open bounds it, and is an int. */
	r.rlim_cur = RLIM_INFINITY;
	r.rlim_max = RLIM_INFINITY;
	is_errno(setrlimit(RLIMIT_NOFILE, &r), EPERM, "more files than any");
}

static void test_names(void)
{
	struct utsname u;
	struct sysinfo s;
	char name[17] = "", buf[64], zero[64] = "";

	is(uname(&u), 0, "uname");
	ok(!strcmp(u.sysname, "Linux"), "sysname");
	ok(!strcmp(u.machine, "x86_64"), "machine");
	ok(u.release[0] >= '3' && u.release[0] <= '9', "release");
	is_errno(syscall(SYS_uname, 8), EFAULT, "uname: pointer");
	is(sysinfo(&s), 0, "sysinfo");
	ok(s.totalram * s.mem_unit > 1 << 24 && s.procs > 0, "its numbers");
	is((long)getrandom(buf, sizeof(buf), 0), sizeof(buf), "getrandom");
	ok(memcmp(buf, zero, sizeof(buf)), "it is not all zero");
	is_errno(getrandom(buf, 1, 8), EINVAL, "getrandom: unknown flag");
	is_errno(getrandom(buf, 1, GRND_RANDOM | 4), EINVAL,
		 "getrandom: both flags");
	is_errno(syscall(SYS_getrandom, 8, 8, 0), EFAULT, "getrandom: pointer");
	is((long)getrandom(NULL, 0, 0), 0, "getrandom of nothing");

	is(prctl(PR_SET_NAME, "a name that is too long"), 0, "PR_SET_NAME");
	is(prctl(PR_GET_NAME, name), 0, "PR_GET_NAME");
	ok(!strcmp(name, "a name that is "), "cut to 15 characters");
	is_errno(prctl(PR_SET_NAME, 8), EFAULT, "PR_SET_NAME: pointer");
}

static void test_prctl(void)
{
	int v = -1, slack;

	is(prctl(PR_GET_DUMPABLE), 1, "dumpable");
	is_errno(prctl(PR_SET_DUMPABLE, 2), EINVAL, "PR_SET_DUMPABLE 2");
	is(prctl(PR_SET_DUMPABLE, 0), 0, "PR_SET_DUMPABLE 0");
	is(prctl(PR_GET_DUMPABLE), 0, "not dumpable");
	is(prctl(PR_SET_DUMPABLE, 1), 0, "PR_SET_DUMPABLE 1");
	is(prctl(PR_SET_PDEATHSIG, SIGUSR1), 0, "PR_SET_PDEATHSIG");
	is(prctl(PR_GET_PDEATHSIG, &v), 0, "PR_GET_PDEATHSIG");
	is(v, SIGUSR1, "its signal");
	is_errno(prctl(PR_SET_PDEATHSIG, 65), EINVAL, "no signal 65");
	is(prctl(PR_GET_KEEPCAPS), 0, "PR_GET_KEEPCAPS");
	is(prctl(PR_SET_KEEPCAPS, 1), 0, "PR_SET_KEEPCAPS");
	is(prctl(PR_GET_KEEPCAPS), 1, "kept");
	is_errno(prctl(PR_SET_KEEPCAPS, 2), EINVAL, "PR_SET_KEEPCAPS 2");
	prctl(PR_SET_KEEPCAPS, 0);
	ok(prctl(PR_GET_TIMERSLACK) >= 0, "PR_GET_TIMERSLACK");
	is(prctl(PR_SET_TIMERSLACK, 0), 0, "PR_SET_TIMERSLACK at first");
	slack = prctl(PR_GET_TIMERSLACK);
	is(prctl(PR_SET_TIMERSLACK, 1000), 0, "PR_SET_TIMERSLACK");
	is(prctl(PR_GET_TIMERSLACK), 1000, "it is kept");
	is(prctl(PR_SET_TIMERSLACK, 0), 0, "PR_SET_TIMERSLACK 0");
	is(prctl(PR_GET_TIMERSLACK), slack, "is the default");
	is_errno(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL,
		 "PR_SET_NO_NEW_PRIVS 0");
	is(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0, "PR_SET_NO_NEW_PRIVS");
	is(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1, "no new privileges");
	is(prctl(PR_SET_CHILD_SUBREAPER, 1), 0, "PR_SET_CHILD_SUBREAPER");
	is(prctl(PR_GET_CHILD_SUBREAPER, &v), 0, "PR_GET_CHILD_SUBREAPER");
	is(v, 1, "a subreaper");
	is_errno(prctl(PR_CAPBSET_READ, 200), EINVAL, "no capability 200");
	is_errno(prctl(99999), EINVAL, "no such option");
	v = prctl(PR_GET_SECCOMP);
	ok(v == 0 || v == 2, "PR_GET_SECCOMP");
}

static void test_sched(void)
{
	struct sched_param p = { 0 };
	cpu_set_t set;
	unsigned int cpu, node;

	CPU_ZERO(&set);
	is(sched_getaffinity(0, sizeof(set), &set), 0, "sched_getaffinity");
	ok(CPU_COUNT(&set) > 0, "some CPU is there");
	is(sched_setaffinity(0, sizeof(set), &set), 0, "all there are");
	CPU_ZERO(&set);
	is_errno(sched_setaffinity(0, sizeof(set), &set), EINVAL, "no CPU");
	is_errno(sched_getaffinity(NOBODY, sizeof(set), &set), ESRCH,
		 "affinity of nobody");
	is_errno(syscall(SYS_sched_getaffinity, 0, 3, &set), EINVAL,
		 "no room for the mask");
	is(syscall(SYS_getcpu, &cpu, &node, NULL), 0, "getcpu");
	ok(cpu < 4096 && node < 64, "its numbers");
	ok(sched_getscheduler(0) >= 0, "sched_getscheduler");
	is(sched_setscheduler(0, SCHED_OTHER, &p), 0, "SCHED_OTHER");
	is(sched_getscheduler(0), SCHED_OTHER, "is what there is now");
	is(sched_getparam(0, &p), 0, "sched_getparam");
	is(p.sched_priority, 0, "no priority");
	p.sched_priority = 5;
	is_errno(sched_setscheduler(0, SCHED_OTHER, &p), EINVAL,
		 "SCHED_OTHER has none");
	p.sched_priority = 0;
	is_errno(sched_setscheduler(0, 77, &p), EINVAL, "no policy 77");
	is(sched_setscheduler(0, SCHED_BATCH, &p), 0, "SCHED_BATCH");
	is(sched_getscheduler(0), SCHED_BATCH, "is told");
	sched_setscheduler(0, SCHED_OTHER, &p);
	is(sched_get_priority_max(SCHED_FIFO), 99, "highest priority");
	is(sched_get_priority_min(SCHED_FIFO), 1, "lowest priority");
	is_errno(sched_get_priority_max(77), EINVAL, "of no policy");
	is(sched_yield(), 0, "sched_yield");
	errno = 0;
	getpriority(PRIO_PROCESS, 0);
	is(errno, 0, "getpriority");
	is(setpriority(PRIO_PROCESS, 0, 19), 0, "setpriority");
	is(getpriority(PRIO_PROCESS, 0), 19, "the highest nice value");
	is_errno(getpriority(9, 0), EINVAL, "getpriority of what");
	is_errno(getpriority(PRIO_PROCESS, NOBODY), ESRCH,
		 "getpriority of nobody");
	ok(host_lacks(SYS_personality) || personality(0xffffffff) >= 0,
	   "personality");
}

static void test_caps(void)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2];
	unsigned int other = 12345;

	while (other == getuid() || other == getgid())
		other++;
	is(syscall(SYS_capget, &h, d), 0, "capget");
	is(syscall(SYS_capset, &h, d), 0, "capset to what there is");
	h.version = 1;
	is_errno(syscall(SYS_capget, &h, d), EINVAL, "capget: unknown version");
	ok(h.version == _LINUX_CAPABILITY_VERSION_3, "which is told");
	h.pid = NOBODY;
	is_errno(syscall(SYS_capget, &h, d), ESRCH, "capget of nobody");
	h.pid = 0;
	d[0].effective = d[0].permitted = d[0].inheritable = 0;
	d[1] = d[0];
	is(syscall(SYS_capset, &h, d), 0, "capset to none");
	d[0].permitted = 1 << CAP_SYS_ADMIN;
	is_errno(syscall(SYS_capset, &h, d), EPERM, "there is no way back");
	is_refused(syscall(SYS_setuid, other), "setuid to another");
	is_refused(syscall(SYS_setgid, other), "setgid to another");
	is_refused(syscall(SYS_setresuid, other, -1, -1),
		   "setresuid to another");
	is_errno(setgroups(0, NULL), EPERM, "setgroups");
	is_errno(prctl(PR_CAPBSET_DROP, CAP_CHOWN), EPERM, "PR_CAPBSET_DROP");
}

int main(void)
{
	test_ids();
	test_groups();
	test_limits();
	test_names();
	test_prctl();
	test_sched();
	test_caps();
	return done_testing();
}
