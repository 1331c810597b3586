/* SPDX-License-Identifier: Apache-2.0 */
/* sys_info.c: what the system is, how it fares, and random bytes. */
#include "emul/misc/sys_info.h"

#include <linux/random.h>

#include "emul/abi/boot.h"
#include "emul/entry/uaccess.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/random.h"
#include "emul/lib/string.h"
#include "emul/lib/uapi.h"
#include "emul/mm/mm.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "emul/time/time.h"

#define TICKS_PER_SEC	100

struct guest_utsname {
	char sysname[65], nodename[65], release[65], version[65];
	char machine[65], domainname[65];
};

static struct sysinfo_boot info __arena;

void sysinfo_init(const struct boot *boot)
{
	const char *name = boot->hostname ? boot_str(boot, boot->hostname) :
			   "sbx";

	strcopy(info.hostname, name, sizeof(info.hostname));
	info.mem_total = boot->mem_total;
	info.mem_free = boot->mem_free;
}

const struct sysinfo_boot *sysinfo_get(void)
{
	return &info;
}

long sys_uname(struct task *t, uaddr_t buf)
{
	struct guest_utsname u;

	(void)t;
	memset(&u, 0, sizeof(u));
	strcopy(u.sysname, "Linux", sizeof(u.sysname));
	strcopy(u.nodename, info.hostname, sizeof(u.nodename));
	strcopy(u.release, UTS_RELEASE, sizeof(u.release));
	strcopy(u.version, UTS_VERSION, sizeof(u.version));
	strcopy(u.machine, "x86_64", sizeof(u.machine));
	strcopy(u.domainname, "(none)", sizeof(u.domainname));
	return put_user(buf, &u);
}

struct guest_sysinfo {
	int64_t uptime;
	uint64_t loads[3];
	uint64_t totalram, freeram, sharedram, bufferram;
	uint64_t totalswap, freeswap;
	uint16_t procs, pad;
	uint32_t pad2;
	uint64_t totalhigh, freehigh;
	uint32_t mem_unit;
	uint32_t pad3;
};

_Static_assert(sizeof(struct guest_sysinfo) == 112, "struct sysinfo");

long sys_sysinfo(struct task *t, uaddr_t buf)
{
	struct guest_sysinfo s;

	(void)t;
	memset(&s, 0, sizeof(s));
	s.uptime = host_clock_ns(CLOCK_BOOTTIME) / NSEC_PER_SEC;
	s.totalram = info.mem_total;
	s.freeram = info.mem_free;
	s.procs = (uint16_t)MIN(load_once(&task_count), 0xffffU);
	s.mem_unit = 1;
	return put_user(buf, &s);
}

long sys_getrandom(struct task *t, uaddr_t buf, size_t len, unsigned int flags)
{
	uint8_t block[RANDOM_BLOCK];
	struct random_stream s;
	size_t done = 0, n;

	if (flags & ~(unsigned int)(GRND_NONBLOCK | GRND_RANDOM |
				    GRND_INSECURE))
		return -EINVAL;
	if ((flags & (GRND_RANDOM | GRND_INSECURE)) ==
	    (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	len = MIN(len, (size_t)INT32_MAX);
	if (!uaddr_ok(buf, len))
		return -EFAULT;
	if (!len)
		return 0;
	random_stream(&s);
	while (done < len) {
		n = MIN(len - done, sizeof(block));
		random_next(&s, block);
		if (copy_out(buf + done, block, n))
			return done ? (long)done : -EFAULT;
		done += n;
		/* A long one gives way to signals, getrandom(2). */
		if (!(done & 0xffff) && done < len && task_interrupted(t))
			break;
	}
	return (long)done;
}

struct guest_rusage {
	struct timeval64 utime, stime;
	int64_t maxrss, ixrss, idrss, isrss, minflt, majflt, nswap;
	int64_t inblock, oublock, msgsnd, msgrcv, nsignals, nvcsw, nivcsw;
};

_Static_assert(sizeof(struct guest_rusage) == 144, "struct rusage");

static struct timeval64 ns_timeval(uint64_t ns)
{
	struct timeval64 tv = {
		(int64_t)ns / NSEC_PER_SEC,
		(int64_t)ns % NSEC_PER_SEC / NSEC_PER_USEC
	};

	return tv;
}

#ifndef RUSAGE_SELF
#define RUSAGE_SELF	0
#define RUSAGE_CHILDREN	(-1)
#endif
#define RUSAGE_THREAD_	1

long sys_getrusage(struct task *t, int who, uaddr_t usage)
{
	uint64_t total = 0, user = 0;
	struct guest_rusage r;
	int err = 0;

	if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN &&
	    who != RUSAGE_THREAD_)
		return -EINVAL;
	memset(&r, 0, sizeof(r));
	/* There are no children yet. */
	if (who != RUSAGE_CHILDREN)
		err = cpu_time(t, &total, &user);
	if (err)
		return err;
	r.utime = ns_timeval(user);
	r.stime = ns_timeval(total - user);
	r.maxrss = (int64_t)(t->mm ? t->mm->total_pages * PAGE_SIZE / 1024 : 0);
	r.nvcsw = (int64_t)t->nvcsw;
	if (who == RUSAGE_CHILDREN)
		r.maxrss = r.nvcsw = 0;
	return put_user(usage, &r);
}

long sys_times(struct task *t, uaddr_t buf)
{
	uint64_t total, user;
	int64_t ticks[4] = { 0 };
	int err;

	if (buf) {
		err = cpu_time(t, &total, &user);
		if (err)
			return err;
		ticks[0] = (int64_t)user * TICKS_PER_SEC / NSEC_PER_SEC;
		ticks[1] = (int64_t)(total - user) * TICKS_PER_SEC /
			   NSEC_PER_SEC;
		if (put_user(buf, &ticks))
			return -EFAULT;
	}
	return host_clock_ns(CLOCK_BOOTTIME) / (NSEC_PER_SEC / TICKS_PER_SEC);
}
