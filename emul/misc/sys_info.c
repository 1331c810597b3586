/* SPDX-License-Identifier: Apache-2.0 */
/* sys_info.c: what the system is, how it fares, and random bytes. */
#include "emul/misc/sys_info.h"

#include <linux/personality.h>
#include <linux/random.h>

#include "emul/abi/boot.h"
#include "emul/entry/uaccess.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/random.h"
#include "emul/lib/string.h"
#include "emul/lib/uapi.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"

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
	info.max_memory = boot->max_memory;
	info.max_cpu_milli = boot->max_cpu_milli;
	info.max_pids = boot->max_pids;
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

	memset(&u, 0, sizeof(u));
	strcopy(u.sysname, "Linux", sizeof(u.sysname));
	strcopy(u.nodename, info.hostname, sizeof(u.nodename));
	strcopy(u.release, t->personality & UNAME26 ? UTS_RELEASE_26 :
		UTS_RELEASE, sizeof(u.release));
	strcopy(u.version, UTS_VERSION, sizeof(u.version));
	strcopy(u.machine, (t->personality & PER_MASK) == PER_LINUX32 ?
		"i686" : "x86_64", sizeof(u.machine));
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
