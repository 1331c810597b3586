/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroupfs.c: /sys/fs/cgroup, by which programs size themselves: one group of
 * version 2 as in a container, with the sandbox's limits; cgroups(7) and the
 * host kernel's Documentation/admin-guide/cgroup-v2.rst.  It is read-only.
 */
#include <linux/magic.h>

#include "emul/fs/proc.h"
#include "emul/misc/sys_info.h"
#include "emul/task/pid.h"
#include "emul/task/sched.h"
#include "emul/task/task.h"

#define PERIOD_US	100000UL

static void show_max(struct text *b, uint64_t max)
{
	if (max)
		text_printf(b, "%lu\n", (unsigned long)max);
	else
		text_printf(b, "max\n");
}

static void show_none(struct text *b, struct task *t)
{
	(void)t;
	show_max(b, 0);
}

static void show_zero(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "0\n");
}

static void show_empty(struct text *b, struct task *t)
{
	(void)b;
	(void)t;
}

static void show_memory(struct text *b, struct task *t)
{
	(void)t;
	show_max(b, sysinfo_get()->max_memory);
}

static void show_pids(struct text *b, struct task *t)
{
	(void)t;
	show_max(b, sysinfo_get()->max_pids);
}

static void show_pids_now(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "%u\n", load_once(&task_count));
}

static void show_cpu(struct text *b, struct task *t)
{
	uint64_t milli = sysinfo_get()->max_cpu_milli;

	(void)t;
	/* What is held by fewer CPUs shows by their number. */
	if (milli && milli < 1000UL * sched_cpus())
		text_printf(b, "%lu %lu\n",
			    (unsigned long)(milli * (PERIOD_US / 1000)),
			    PERIOD_US);
	else
		text_printf(b, "max %lu\n", PERIOD_US);
}

static void show_weight(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "100\n");
}

static void show_controllers(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "cpuset cpu memory pids\n");
}

static void show_events(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "populated 1\nfrozen 0\n");
}

static void show_type(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "domain\n");
}

static void show_procs(struct text *b, struct task *t)
{
	(void)t;
	for (int pid = pid_next(0, NULL); pid > 0; pid = pid_next(pid, NULL))
		text_printf(b, "%d\n", pid);
}

#define FILE_OF(n, fn)	{ .name = n, .mode = S_IFREG | 0444, .show = fn }

static const struct proc_entry files[] = {
	FILE_OF("cgroup.controllers", show_controllers),
	FILE_OF("cgroup.events", show_events),
	FILE_OF("cgroup.procs", show_procs),
	FILE_OF("cgroup.subtree_control", show_empty),
	FILE_OF("cgroup.type", show_type),
	FILE_OF("cpu.max", show_cpu),
	FILE_OF("cpu.weight", show_weight),
	FILE_OF("cpuset.cpus", sys_show_cpus),
	FILE_OF("cpuset.cpus.effective", sys_show_cpus),
	FILE_OF("cpuset.mems", show_zero),
	FILE_OF("cpuset.mems.effective", show_zero),
	FILE_OF("memory.high", show_none),
	FILE_OF("memory.low", show_zero),
	FILE_OF("memory.max", show_memory),
	FILE_OF("memory.swap.max", show_zero),
	FILE_OF("pids.current", show_pids_now),
	FILE_OF("pids.max", show_pids),
	{ .name = NULL }
};

static const struct proc_entry root = {
	.name = "/", .mode = S_IFDIR | 0555, .children = files,
};

struct superblock *cgroup_super(void)
{
	return proc_tree("cgroup2", CGROUP2_SUPER_MAGIC, &root);
}
