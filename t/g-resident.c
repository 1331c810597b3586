/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-resident.c: how much memory a process uses, as /proc/PID/status, statm,
 * stat and getrusage(2) tell it: what was touched, not what is mapped.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t/guest.h"

#define KIB(mib)	((long)(mib) << 10)
/* The host counts in batches on each of its CPUs. */
#define SLACK		KIB(16)
#define BIG		KIB(64)

static char text[8192];

static ssize_t slurp(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return slurp_file(path, text, sizeof(text));
}

static long status_kib(pid_t pid, const char *key)
{
	const char *s;

	if (slurp(pid, "status") < 0)
		return -1;
	s = strstr(text, key);
	return s ? strtol(s + strlen(key), NULL, 10) : -1;
}

/* The @n-th number of statm, from 0, in KiB. */
static long statm_kib(pid_t pid, int n)
{
	char *s = text;
	long v = -1;

	if (slurp(pid, "statm") < 0)
		return -1;
	for (int i = 0; i <= n; i++)
		v = strtol(s, &s, 10);
	return v * (sysconf(_SC_PAGESIZE) / 1024);
}

static long stat_rss_kib(pid_t pid)
{
	char *s;

	if (slurp(pid, "stat") < 0)
		return -1;
	s = strrchr(text, ')');
	for (int i = 0; s && i < 22; i++)
		s = strchr(s + 1, ' ');
	return s ? strtol(s, NULL, 10) * (sysconf(_SC_PAGESIZE) / 1024) : -1;
}

static long maxrss(int who)
{
	struct rusage ru;

	return getrusage(who, &ru) ? -1 : ru.ru_maxrss;
}

static char *map(long kib, int flags)
{
	char *p = mmap(NULL, (size_t)kib << 10, PROT_READ | PROT_WRITE,
		       flags | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		skip_all("too little memory");
	/* Or one byte brings in two megabytes. */
	madvise(p, (size_t)kib << 10, MADV_NOHUGEPAGE);
	return p;
}

static void touch(char *p, long kib)
{
	for (long i = 0; i < kib; i += 4)
		((volatile char *)p)[i << 10] = 1;
}

static int near(long got, long wanted)
{
	if (got >= wanted - SLACK && got <= wanted + SLACK)
		return 1;
	printf("# %ld KiB where about %ld are expected\n", got, wanted);
	return 0;
}

static void test_anon(void)
{
	pid_t me = getpid();
	long base = status_kib(me, "\nVmRSS:");
	long size = status_kib(me, "\nVmSize:");
	char *p = map(8 * BIG, MAP_PRIVATE | MAP_NORESERVE);

	ok(base > 0 && base < SLACK, "a small program uses little memory");
	ok(status_kib(me, "\nVmSize:") >= size + 8 * BIG, "much more is mapped");
	ok(near(status_kib(me, "\nVmRSS:"), base), "that is not used");
	ok(near(maxrss(RUSAGE_SELF), base), "nor by getrusage");
	touch(p, BIG);
	ok(near(status_kib(me, "\nVmRSS:"), base + BIG), "until it is touched");
	ok(near(status_kib(me, "\nRssAnon:"), BIG), "as anonymous memory");
	ok(near(statm_kib(me, 1), base + BIG), "statm");
	ok(near(stat_rss_kib(me), base + BIG), "stat");
	ok(near(maxrss(RUSAGE_SELF), base + BIG), "getrusage");
	ok(near(status_kib(me, "\nVmHWM:"), base + BIG), "the most it was");
	is(madvise(p, (size_t)BIG << 10, MADV_DONTNEED), 0, "given back");
	ok(near(status_kib(me, "\nVmRSS:"), base), "it is used no more");
	ok(near(maxrss(RUSAGE_SELF), base + BIG), "but was");
	ok(near(status_kib(me, "\nVmHWM:"), base + BIG), "the most it was");
	munmap(p, (size_t)(8 * BIG) << 10);
}

static void test_shared(void)
{
	pid_t me = getpid();
	char *p = map(2 * BIG, MAP_SHARED);

	touch(p, BIG);
	ok(near(status_kib(me, "\nRssShmem:"), BIG), "shared memory");
	ok(near(statm_kib(me, 2), BIG), "in statm");
	munmap(p, (size_t)(2 * BIG) << 10);
	ok(near(status_kib(me, "\nRssShmem:"), 0), "unmapped");
}

/* A child that has mapped four times, and touched once, BIG. */
static void test_child(void)
{
	int ready[2], go[2], status;
	struct rusage ru;
	char c = 0;
	pid_t pid;

	if (pipe(ready) || pipe(go))
		exit(1);
	pid = fork();
	if (!pid) {
		close(go[1]);
		touch(map(4 * BIG, MAP_PRIVATE | MAP_NORESERVE), BIG);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		_exit((int)read(go[0], &c, 1));
	}
	is(read(ready[0], &c, 1), 1, "a child has touched memory");
	ok(near(status_kib(pid, "\nVmRSS:"), BIG), "others see how much");
	ok(near(statm_kib(pid, 1), BIG), "in statm too");
	close(go[1]);
	is(wait4(pid, &status, 0, &ru), pid, "it ends");
	ok(near(ru.ru_maxrss, BIG), "and is waited for: what it used");
	ok(near(maxrss(RUSAGE_CHILDREN), BIG), "the most of all children");
	close(ready[0]);
	close(ready[1]);
	close(go[0]);
}

int main(void)
{
	need_own_proc();
	test_child();
	test_anon();
	test_shared();
	return done_testing();
}
