/* SPDX-License-Identifier: Apache-2.0 */
/* sysfs.c: the few files of /sys that programs look at. */
#include <linux/magic.h>

#include "emul/fs/proc.h"
#include "emul/lib/alloc.h"
#include "emul/lib/print.h"
#include "emul/lib/string.h"
#include "emul/task/sched.h"

void sys_show_cpus(struct text *b, struct task *t)
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

static void put_mask(struct text *b, unsigned int from, unsigned int to)
{
	for (unsigned int w = (sched_cpus() + 31) / 32; w--; ) {
		uint32_t mask = 0;

		for (unsigned int i = w * 32; i < w * 32 + 32; i++)
			if (i >= from && i < to)
				mask |= 1u << (i % 32);
		text_printf(b, "%08x%s", mask, w ? "," : "\n");
	}
}

static void show_mask(struct text *b, struct task *t)
{
	(void)t;
	put_mask(b, 0, sched_cpus());
}

static void show_own_mask(struct text *b, struct task *t)
{
	(void)t;
	put_mask(b, (unsigned int)b->arg - 1, (unsigned int)b->arg);
}

static void show_number(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "%d\n", b->arg - 1);
}

#define FILE_OF(n, fn)	{ .name = n, .mode = S_IFREG | 0444, .show = fn }
#define DIR_OF(n, tab)	{ .name = n, .mode = S_IFDIR | 0755, .children = tab }
#define END		{ .name = NULL }

static const struct proc_entry empty_dir[] = { END };

/* In each cpuN: text.arg is N + 1.  Every CPU is a core of its own. */
static const struct proc_entry topology_dir[] = {
	FILE_OF("core_cpus", show_own_mask),
	FILE_OF("core_cpus_list", show_number),
	FILE_OF("core_id", show_number),
	FILE_OF("core_siblings", show_mask),
	FILE_OF("core_siblings_list", sys_show_cpus),
	FILE_OF("package_cpus", show_mask),
	FILE_OF("package_cpus_list", sys_show_cpus),
	FILE_OF("physical_package_id", show_node),
	FILE_OF("thread_siblings", show_own_mask),
	FILE_OF("thread_siblings_list", show_number),
	END
};

static const struct proc_entry one_cpu_dir[] = {
	DIR_OF("topology", topology_dir),
	END
};

static const struct proc_entry cpu_files[] = {
	FILE_OF("kernel_max", show_kernel_max),
	FILE_OF("online", sys_show_cpus),
	FILE_OF("possible", sys_show_cpus),
	FILE_OF("present", sys_show_cpus),
};

static const struct proc_entry node0_dir[] = {
	FILE_OF("cpulist", sys_show_cpus),
	FILE_OF("cpumap", show_mask),
	END
};

static const struct proc_entry node_dir[] = {
	DIR_OF("node0", node0_dir),
	FILE_OF("online", show_node),
	FILE_OF("possible", show_node),
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

static const struct proc_entry lo_stats_dir[] = {
	FILE_OF("rx_bytes", show_node),
	FILE_OF("rx_dropped", show_node),
	FILE_OF("rx_errors", show_node),
	FILE_OF("rx_packets", show_node),
	FILE_OF("tx_bytes", show_node),
	FILE_OF("tx_dropped", show_node),
	FILE_OF("tx_errors", show_node),
	FILE_OF("tx_packets", show_node),
	END
};

#define LO(name, str)							\
static void show_lo_##name(struct text *b, struct task *t)		\
{									\
	(void)t;							\
	text_printf(b, str "\n");					\
}

LO(addr_len, "6")
LO(address, "00:00:00:00:00:00")
LO(carrier, "1")
LO(flags, "0x9")
LO(mtu, "65536")
LO(operstate, "unknown")
LO(queue, "1000")
LO(type, "772")

static const struct proc_entry lo_dir[] = {
	FILE_OF("addr_len", show_lo_addr_len),
	FILE_OF("address", show_lo_address),
	FILE_OF("broadcast", show_lo_address),
	FILE_OF("carrier", show_lo_carrier),
	FILE_OF("dormant", show_node),
	FILE_OF("flags", show_lo_flags),
	FILE_OF("ifindex", show_lo_carrier),
	FILE_OF("iflink", show_lo_carrier),
	FILE_OF("link_mode", show_node),
	FILE_OF("mtu", show_lo_mtu),
	FILE_OF("operstate", show_lo_operstate),
	DIR_OF("statistics", lo_stats_dir),
	FILE_OF("tx_queue_len", show_lo_queue),
	FILE_OF("type", show_lo_type),
	END
};

static const struct proc_entry net_dir[] = {
	DIR_OF("lo", lo_dir),
	END
};

static const struct proc_entry class_dir[] = {
	DIR_OF("net", net_dir),
	END
};

static const struct proc_entry dev_dir[] = {
	DIR_OF("block", empty_dir),
	DIR_OF("char", empty_dir),
	END
};

/* The tables that know how many CPUs there are. */
struct cpu_tables {
	struct proc_entry root_dir[7], devices_dir[2], system_dir[3];
	struct proc_entry root;
	struct proc_entry cpu_dir[];
};

static void add_cpus(struct cpu_tables *c, char (*names)[12], unsigned int n)
{
	unsigned int k = ARRAY_SIZE(cpu_files);

	memcpy(c->cpu_dir, cpu_files, sizeof(cpu_files));
	for (unsigned int i = 0; i < n; i++) {
		ksnprintf(names[i], sizeof(names[i]), "cpu%u", i);
		c->cpu_dir[k + i] = (struct proc_entry){
			.name = names[i], .mode = S_IFDIR | 0755,
			.children = one_cpu_dir, .arg = (int)i + 1,
		};
	}
}

struct superblock *sys_super(void)
{
	unsigned int n = sched_cpus();
	size_t entries = ARRAY_SIZE(cpu_files) + n + 1;
	struct cpu_tables *c = kzalloc(sizeof(*c) +
				       entries * sizeof(c->cpu_dir[0]));
	char (*names)[12] = kmalloc(n * sizeof(*names) + 1);

	if (!c || !names) {
		kfree(c);
		kfree(names);
		return NULL;
	}
	add_cpus(c, names, n);
	c->system_dir[0] = (struct proc_entry)DIR_OF("cpu", c->cpu_dir);
	c->system_dir[1] = (struct proc_entry)DIR_OF("node", node_dir);
	c->devices_dir[0] = (struct proc_entry)DIR_OF("system",
						      c->system_dir);
	c->root_dir[0] = (struct proc_entry)DIR_OF("block", empty_dir);
	c->root_dir[1] = (struct proc_entry)DIR_OF("class", class_dir);
	c->root_dir[2] = (struct proc_entry)DIR_OF("devices", c->devices_dir);
	c->root_dir[3] = (struct proc_entry)DIR_OF("dev", dev_dir);
	c->root_dir[4] = (struct proc_entry)DIR_OF("fs", fs_dir);
	c->root_dir[5] = (struct proc_entry)DIR_OF("kernel", kernel_dir);
	c->root = (struct proc_entry){
		.name = "/", .mode = S_IFDIR | 0555, .children = c->root_dir,
	};
	return proc_tree("sysfs", SYSFS_MAGIC, &c->root);
}
