/* SPDX-License-Identifier: Apache-2.0 */
/* proc-info.c: what /proc says of the whole system, and /proc/sys; proc(5). */
#include "emul/fs/inotify.h"
#include "emul/fs/pipe.h"
#include "emul/fs/proc.h"
#include "emul/host/host.h"
#include "emul/ipc/proc.h"
#include "emul/lib/alloc.h"
#include "emul/lib/print.h"
#include "emul/lib/random.h"
#include "emul/lib/string.h"
#include "emul/lib/uapi.h"
#include "emul/misc/sys_info.h"
#include "emul/task/pid.h"
#include "emul/task/sched.h"
#include "emul/task/task.h"
#include "emul/time/time.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/flock.h"

#define TICKS		100	/* a second */

static void show_version(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "Linux version %s (sbx) %s\n", UTS_RELEASE,
		    UTS_VERSION);
}

static void show_uptime(struct text *b, struct task *t)
{
	int64_t ns = host_clock_ns(CLOCK_BOOTTIME);
	int64_t idle = ns * sched_cpus();

	(void)t;
	text_printf(b, "%ld.%02ld %ld.%02ld\n", (long)(ns / NSEC_PER_SEC),
		    (long)(ns % NSEC_PER_SEC / 10000000),
		    (long)(idle / NSEC_PER_SEC),
		    (long)(idle % NSEC_PER_SEC / 10000000));
}

/* The host's load is nobody's business inside. */
static void show_loadavg(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "0.00 0.00 0.00 %u/%u %d\n", proc_running(),
		    load_once(&task_count),
		    pid_newest());
}

/* All of version 2: runtimes look whether those that they need are there. */
static void show_cgroups(struct text *b, struct task *t)
{
	static const char *const names[] = {
		"cpuset", "cpu", "cpuacct", "blkio", "memory", "pids",
	};

	(void)t;
	text_printf(b, "#subsys_name\thierarchy\tnum_cgroups\tenabled\n");
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		text_printf(b, "%s\t0\t1\t1\n", names[i]);
}

static void show_meminfo(struct text *b, struct task *t)
{
	static const char *const zero_a[] = {
		"Buffers", "Cached", "SwapCached", "Active", "Inactive",
		"Active(anon)", "Inactive(anon)", "Active(file)",
		"Inactive(file)", "Unevictable", "Mlocked", "SwapTotal",
		"SwapFree", "Dirty", "Writeback",
	};
	const struct sysinfo_boot *i = sysinfo_get();
	unsigned long total = i->mem_total / 1024, free = i->mem_free / 1024;
	unsigned long used = alloc_used() / 1024;

	(void)t;
	text_printf(b, "MemTotal:       %8lu kB\nMemFree:        %8lu kB\n"
		    "MemAvailable:   %8lu kB\n", total, free, free);
	for (unsigned int n = 0; n < ARRAY_SIZE(zero_a); n++) {
		char name[24];

		ksnprintf(name, sizeof(name), "%s:", zero_a[n]);
		text_printf(b, "%-15s %8d kB\n", name, 0);
	}
	text_printf(b, "AnonPages:      %8lu kB\nMapped:         %8d kB\n"
		    "Shmem:          %8d kB\nKReclaimable:   %8d kB\n"
		    "Slab:           %8lu kB\nSReclaimable:   %8d kB\n"
		    "SUnreclaim:     %8lu kB\nKernelStack:    %8d kB\n"
		    "PageTables:     %8d kB\n", total - free, 0, 0, 0, used, 0,
		    used, 0, 0);
	text_printf(b, "CommitLimit:    %8lu kB\nCommitted_AS:   %8d kB\n"
		    "VmallocTotal:   34359738367 kB\n"
		    "VmallocUsed:    %8d kB\nVmallocChunk:   %8d kB\n",
		    total, 0, 0, 0);
	text_printf(b, "HugePages_Total:   %5d\nHugePages_Free:    %5d\n"
		    "HugePages_Rsvd:    %5d\nHugePages_Surp:    %5d\n"
		    "Hugepagesize:       2048 kB\n"
		    "Hugetlb:        %8d kB\n", 0, 0, 0, 0, 0);
}

static void show_stat(struct text *b, struct task *t)
{
	unsigned long up = (unsigned long)host_clock_ns(CLOCK_BOOTTIME) /
		(NSEC_PER_SEC / TICKS);
	unsigned int n = sched_cpus();
	long boot = (long)((host_clock_ns(CLOCK_REALTIME) -
			    host_clock_ns(CLOCK_BOOTTIME)) / NSEC_PER_SEC);

	(void)t;
	text_printf(b, "cpu  0 0 0 %lu 0 0 0 0 0 0\n", up * n);
	for (unsigned int i = 0; i < n; i++)
		text_printf(b, "cpu%u 0 0 0 %lu 0 0 0 0 0 0\n", i, up);
	text_printf(b, "intr 0\nctxt 0\nbtime %ld\nprocesses %d\n"
		    "procs_running %u\nprocs_blocked 0\n"
		    "softirq 0 0 0 0 0 0 0 0 0 0 0\n", boot, pid_newest(),
		    proc_running());
}

/* Of the host's memory nothing moves that is anybody's business here. */
static void show_vmstat(struct text *b, struct task *t)
{
	static const char *const zero[] = {
		"nr_dirty", "nr_writeback", "pgpgin", "pgpgout", "pswpin",
		"pswpout", "pgalloc_normal", "pgfree", "pgfault", "pgmajfault",
		"oom_kill",
	};

	(void)t;
	text_printf(b, "nr_free_pages %lu\n",
		    (unsigned long)(sysinfo_get()->mem_free / PAGE_SIZE));
	for (unsigned int i = 0; i < ARRAY_SIZE(zero); i++)
		text_printf(b, "%s 0\n", zero[i]);
}

static void show_filesystems(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\n"
		    "nodev\tdevtmpfs\nnodev\tpipefs\n\text4\nnodev\toverlay\n");
}

/* The one key that has a meaning here: a crash, to see what it says. */
static int write_sysrq(struct task *t, char *s, size_t n)
{
	(void)t;
	if (n && *s == 'c')
		panic("sysrq triggered crash");
	return 0;
}

static void show_swaps(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\t"
		    "Priority\n");
}

static void show_empty(struct text *b, struct task *t)
{
	(void)b;
	(void)t;
}

static void show_cmdline(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "\n");
}

struct mounts_arg {
	struct text *b;
	bool info;
	struct path root;
	char *buf;
};

/* Blanks in names are written in octal, proc(5). */
static void put_escaped(struct text *b, const char *s)
{
	for (; *s; s++) {
		if (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\\')
			text_printf(b, "\\%03o", *s);
		else
			text_put(b, s, 1);
	}
}

static bool put_mount(struct mount *m, void *arg)
{
	struct mounts_arg *a = arg;
	const char *opt = m->flags & MNT_RDONLY ? "ro" : "rw";
	const char *at;
	struct path p = { m, m->root };

	if (!mount_is_reachable(m, &a->root))
		return true;
	if (a->info) {
		const struct mount *above = load_once(&m->parent);

		at = mount_root_name(m, a->buf, PATH_LEN_MAX + 16);
		text_printf(a->b, "%u %u %lu:%lu ", m->id,
			    above ? above->id : m->id,
			    (unsigned long)(m->sb->dev >> 8 & 0xfff),
			    (unsigned long)(m->sb->dev & 0xff));
		put_escaped(a->b, is_err(at) ? "/" : at);
		text_put(a->b, " ", 1);
	}
	at = path_name(&p, &a->root, a->buf, PATH_LEN_MAX + 16);
	if (is_err(at))
		at = "/";
	if (!a->info) {
		put_escaped(a->b, m->source ? m->source : "none");
		text_put(a->b, " ", 1);
	}
	put_escaped(a->b, at);
	if (!a->info)
		text_printf(a->b, " %s", m->sb->type);
	text_printf(a->b, " %s%s%s%s,%s", opt,
		    m->flags & MNT_NOSUID ? ",nosuid" : "",
		    m->flags & MNT_NODEV ? ",nodev" : "",
		    m->flags & MNT_NOEXEC ? ",noexec" : "",
		    m->flags & MNT_NOATIME ? "noatime" : "relatime");
	if (a->info) {
		text_printf(a->b, " - %s ", m->sb->type);
		put_escaped(a->b, m->source ? m->source : "none");
		text_printf(a->b, " %s\n", opt);
	} else {
		text_printf(a->b, " 0 0\n");
	}
	return true;
}

static void show_mounts(struct text *b, bool info)
{
	struct mounts_arg a = { .b = b, .info = info };

	a.buf = kmalloc(PATH_LEN_MAX + 16);
	if (!a.buf) {
		b->failed = true;
		return;
	}
	fs_get_root(current()->fs, &a.root);
	mounts_each(put_mount, &a);
	path_put(&a.root);
	kfree(a.buf);
}

void proc_show_mounts(struct text *b, struct task *t)
{
	(void)t;
	show_mounts(b, false);
}

void proc_show_mountinfo(struct text *b, struct task *t)
{
	(void)t;
	show_mounts(b, true);
}

static ssize_t self_link(struct task *t, char *buf, size_t size)
{
	char s[16];
	int n = ksnprintf(s, sizeof(s), "%d", t->group->pid);

	n = MIN(n, (int)size);
	memcpy(buf, s, (size_t)n);
	return n;
}

static ssize_t thread_self_link(struct task *t, char *buf, size_t size)
{
	char s[48];
	int n = ksnprintf(s, sizeof(s), "%d/task/%d", t->group->pid, t->tid);

	n = MIN(n, (int)size);
	memcpy(buf, s, (size_t)n);
	return n;
}

static ssize_t mounts_link(struct task *t, char *buf, size_t size)
{
	(void)t;
	memcpy(buf, "self/mounts", MIN(size, 11));
	return (ssize_t)MIN(size, 11);
}

static ssize_t net_link(struct task *t, char *buf, size_t size)
{
	(void)t;
	memcpy(buf, "self/net", MIN(size, 8));
	return (ssize_t)MIN(size, 8);
}

/* Files of one fixed word or number. */
#define FIXED(name, str)						\
	static void show_##name(struct text *b, struct task *t)		\
	{								\
		(void)t;						\
		text_printf(b, "%s\n", str);				\
	}
#define NUMBER(name, value)						\
	static void show_##name(struct text *b, struct task *t)		\
	{								\
		(void)t;						\
		text_printf(b, "%lu\n", (unsigned long)(value));	\
	}

FIXED(ostype, "Linux")
FIXED(osrelease, UTS_RELEASE)
FIXED(actions_avail, "kill_process kill_thread trap errno trace log allow")
FIXED(actions_logged, "")
FIXED(osversion, UTS_VERSION)
FIXED(hostname, sysinfo_get()->hostname)
FIXED(domainname, "(none)")
FIXED(core_pattern, "core")
FIXED(file_nr, "0\t0\t1048576")
NUMBER(pid_max, PID_MAX)
NUMBER(threads_max, 65536)
NUMBER(cap_last, 40)
NUMBER(ngroups_max, 65536)
NUMBER(random_va, 2)
NUMBER(zero, 0)
NUMBER(one, 1)
NUMBER(overcommit_ratio, 50)
NUMBER(max_map_count, 65530)
NUMBER(mmap_min, GUEST_MIN)
NUMBER(swappiness, 60)
NUMBER(file_max, 1048576)
NUMBER(nr_open, 1048576)
NUMBER(pipe_max, PIPE_MAX_SIZE)
NUMBER(overflow, 65534)
NUMBER(entropy, 256)
NUMBER(poolsize, 256)
NUMBER(perf_paranoid, 4)

static void put_uuid(struct text *b, const uint8_t in[16])
{
	uint8_t u[16];

	memcpy(u, in, sizeof(u));
	u[6] = (u[6] & 0x0f) | 0x40;
	u[8] = (u[8] & 0x3f) | 0x80;
	for (int i = 0; i < 16; i++)
		text_printf(b, i == 4 || i == 6 || i == 8 || i == 10 ?
			    "-%02x" : "%02x", u[i]);
	text_printf(b, "\n");
}

static void show_uuid(struct text *b, struct task *t)
{
	uint8_t u[16];

	(void)t;
	random_bytes(u, sizeof(u));
	put_uuid(b, u);
}

/* One of the sandbox's own, the same as long as it lives. */
static void show_boot_id(struct text *b, struct task *t)
{
	static struct {
		struct mutex lock;
		bool made;
		uint8_t id[16];
	} boot __arena;
	LOCK_CLASS(boot, LOCK_ONCE);

	(void)t;
	mutex_lock(&boot.lock);
	if (!boot.made)
		random_bytes(boot.id, sizeof(boot.id));
	boot.made = true;
	mutex_unlock(&boot.lock);
	put_uuid(b, boot.id);
}

#define FILE_OF(n, fn)	{ .name = n, .mode = S_IFREG | 0444, .show = fn }
#define DIR_OF(n, tab)	{ .name = n, .mode = S_IFDIR | 0555, .children = tab }
#define END		{ .name = NULL }

static const struct proc_entry seccomp_dir[] = {
	FILE_OF("actions_avail", show_actions_avail),
	FILE_OF("actions_logged", show_actions_logged),
	END
};

static const struct proc_entry random_dir[] = {
	FILE_OF("boot_id", show_boot_id),
	FILE_OF("entropy_avail", show_entropy),
	FILE_OF("poolsize", show_poolsize),
	FILE_OF("uuid", show_uuid),
	END
};

static const struct proc_entry kernel_dir[] = {
	FILE_OF("cap_last_cap", show_cap_last),
	FILE_OF("core_pattern", show_core_pattern),
	FILE_OF("domainname", show_domainname),
	FILE_OF("hostname", show_hostname),
	IPC_LIMIT_OF("msgmax", msgmax),
	IPC_LIMIT_OF("msgmnb", msgmnb),
	IPC_LIMIT_OF("msgmni", msgmni),
	FILE_OF("ngroups_max", show_ngroups_max),
	FILE_OF("osrelease", show_osrelease),
	FILE_OF("ostype", show_ostype),
	FILE_OF("overflowgid", show_overflow),
	FILE_OF("overflowuid", show_overflow),
	FILE_OF("perf_event_paranoid", show_perf_paranoid),
	FILE_OF("pid_max", show_pid_max),
	DIR_OF("random", random_dir),
	FILE_OF("randomize_va_space", show_random_va),
	DIR_OF("seccomp", seccomp_dir),
	IPC_LIMIT_OF("sem", sem_limits),
	IPC_LIMIT_OF("shmall", shmall),
	IPC_LIMIT_OF("shmmax", shmmax),
	IPC_LIMIT_OF("shmmni", shmmni),
	FILE_OF("threads-max", show_threads_max),
	FILE_OF("version", show_osversion),
	END
};

static const struct proc_entry vm_dir[] = {
	FILE_OF("max_map_count", show_max_map_count),
	FILE_OF("mmap_min_addr", show_mmap_min),
	FILE_OF("nr_hugepages", show_zero),
	FILE_OF("overcommit_memory", show_zero),
	FILE_OF("overcommit_ratio", show_overcommit_ratio),
	FILE_OF("swappiness", show_swappiness),
	END
};

static void show_inotify_events(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "%u\n", INOTIFY_EVENTS);
}

static void show_inotify_instances(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "%u\n", INOTIFY_INSTANCES);
}

static void show_inotify_watches(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "%u\n", INOTIFY_WATCHES);
}

static const struct proc_entry inotify_dir[] = {
	FILE_OF("max_queued_events", show_inotify_events),
	FILE_OF("max_user_instances", show_inotify_instances),
	FILE_OF("max_user_watches", show_inotify_watches),
	END
};

static const struct proc_entry fs_dir[] = {
	FILE_OF("file-max", show_file_max),
	FILE_OF("file-nr", show_file_nr),
	DIR_OF("inotify", inotify_dir),
	DIR_OF("mqueue", proc_mqueue_dir),
	FILE_OF("nr_open", show_nr_open),
	FILE_OF("pipe-max-size", show_pipe_max),
	FILE_OF("protected_hardlinks", show_one),
	FILE_OF("protected_symlinks", show_one),
	END
};

static const struct proc_entry sys_dir[] = {
	DIR_OF("fs", fs_dir),
	DIR_OF("kernel", kernel_dir),
	DIR_OF("net", proc_sys_net_dir),
	DIR_OF("vm", vm_dir),
	END
};

static const struct proc_entry root_dir[] = {
	FILE_OF("cgroups", show_cgroups),
	FILE_OF("cmdline", show_cmdline),
	FILE_OF("cpuinfo", proc_show_cpuinfo),
	FILE_OF("devices", show_empty),
	FILE_OF("filesystems", show_filesystems),
	FILE_OF("loadavg", show_loadavg),
	FILE_OF("locks", locks_show_all),
	FILE_OF("meminfo", show_meminfo),
	{ .name = "mounts", .mode = S_IFLNK | 0777, .link = mounts_link },
	{ .name = "net", .mode = S_IFLNK | 0777, .link = net_link },
	{ .name = "self", .mode = S_IFLNK | 0777, .link = self_link },
	FILE_OF("stat", show_stat),
	FILE_OF("swaps", show_swaps),
	DIR_OF("sys", sys_dir),
	DIR_OF("sysvipc", proc_sysvipc_dir),
	{ .name = "sysrq-trigger", .mode = S_IFREG | 0200,
	  .write = write_sysrq },
	{ .name = "thread-self", .mode = S_IFLNK | 0777,
	  .link = thread_self_link },
	FILE_OF("uptime", show_uptime),
	FILE_OF("version", show_version),
	FILE_OF("vmstat", show_vmstat),
	END
};

const struct proc_entry proc_root_entry = {
	.name = "/", .mode = S_IFDIR | 0555, .children = root_dir,
	.special = PROC_PIDS,
};
