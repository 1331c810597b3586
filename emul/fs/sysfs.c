/* SPDX-License-Identifier: Apache-2.0 */
/* sysfs.c: the few files of /sys that programs look at. */
#include <linux/magic.h>

#include "emul/fs/proc.h"
#include "emul/lib/print.h"
#include "emul/lib/string.h"
#include "emul/task/sched.h"

static void show_cpus(struct text *b, struct task *t)
{
	unsigned int n = sched_cpus();

	(void)t;
	if (n > 1)
		text_printf(b, "0-%u\n", n - 1);
	else
		text_printf(b, "0\n");
}

static void show_kernel_max(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "8191\n");
}

static void show_thp(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "always [madvise] never\n");
}

static void show_thp_size(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "2097152\n");
}

static void show_node(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "0\n");
}

#define FILE_OF(n, fn)	{ .name = n, .mode = S_IFREG | 0444, .show = fn }
#define DIR_OF(n, tab)	{ .name = n, .mode = S_IFDIR | 0755, .children = tab }
#define END		{ .name = NULL }

static const struct proc_entry empty_dir[] = { END };

static const struct proc_entry cpu_dir[] = {
	FILE_OF("kernel_max", show_kernel_max),
	FILE_OF("online", show_cpus),
	FILE_OF("possible", show_cpus),
	FILE_OF("present", show_cpus),
	END
};

static const struct proc_entry node0_dir[] = {
	FILE_OF("cpulist", show_cpus),
	END
};

static const struct proc_entry node_dir[] = {
	DIR_OF("node0", node0_dir),
	FILE_OF("online", show_node),
	FILE_OF("possible", show_node),
	END
};

static const struct proc_entry system_dir[] = {
	DIR_OF("cpu", cpu_dir),
	DIR_OF("node", node_dir),
	END
};

static const struct proc_entry devices_dir[] = {
	DIR_OF("system", system_dir),
	END
};

static const struct proc_entry thp_dir[] = {
	FILE_OF("enabled", show_thp),
	FILE_OF("hpage_pmd_size", show_thp_size),
	END
};

static const struct proc_entry mm_dir[] = {
	DIR_OF("transparent_hugepage", thp_dir),
	END
};

static const struct proc_entry kernel_dir[] = {
	DIR_OF("mm", mm_dir),
	END
};

static const struct proc_entry fs_dir[] = {
	DIR_OF("cgroup", empty_dir),
	END
};

static const struct proc_entry class_dir[] = {
	DIR_OF("net", empty_dir),
	END
};

static const struct proc_entry root_dir[] = {
	DIR_OF("block", empty_dir),
	DIR_OF("class", class_dir),
	DIR_OF("devices", devices_dir),
	DIR_OF("fs", fs_dir),
	DIR_OF("kernel", kernel_dir),
	END
};

static const struct proc_entry root_entry = {
	.name = "/", .mode = S_IFDIR | 0555, .children = root_dir,
};

struct superblock *sys_super(void)
{
	return proc_tree("sysfs", SYSFS_MAGIC, &root_entry);
}
