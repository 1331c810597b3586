/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc-pid.c: /proc/PID and /proc/PID/task/TID; proc(5).
 *
 * The memory of another process cannot be read from here: of its arguments
 * and environment there is a copy from the exec, see emul/mm/args.c.
 */
#include <linux/capability.h>
#include <linux/errno.h>

#include "emul/abi/regs.h"
#include "emul/entry/uaccess.h"
#include "emul/fs/proc.h"
#include "emul/lib/alloc.h"
#include "emul/lib/print.h"
#include "emul/lib/string.h"
#include "emul/lib/uapi.h"
#include "emul/mm/args.h"
#include "emul/mm/mm.h"
#include "emul/task/pid.h"
#include "emul/task/task.h"
#include "emul/time/cputime.h"

#define COPY_MAX	(2u << 20)	/* of arguments and environment */
#define OOM_MIN		(-1000)
#define OOM_MAX		1000

/* Guest memory of the caller's own address space, as far as it is there. */
static void put_memory(struct text *b, uint64_t start, uint64_t end)
{
	char buf[512];

	if (end < start || end - start > COPY_MAX)
		return;
	while (start < end) {
		size_t n = MIN(end - start, sizeof(buf));
		size_t missing = copy_in_partial(buf, start, n);

		text_put(b, buf, n - missing);
		if (missing)
			return;
		start += n;
	}
}

static void show_cmdline(struct text *b, struct task *t)
{
	struct mm *mm = proc_mm(t);
	char *title;
	size_t n;

	if (!mm)
		return;
	if (mm == current()->mm)
		args_refresh(mm);
	else
		args_ask(t);
	title = args_title(mm, &n);
	if (title)
		text_put(b, title, n);
	kfree(title);
	mm_put(mm);
}

static void show_environ(struct text *b, struct task *t)
{
	struct mm *mm = proc_mm(t);
	const char *env;
	size_t n;

	if (!mm)
		return;
	if (mm == current()->mm) {
		put_memory(b, mm->env_start, mm->env_end);
	} else {
		env = args_environ(mm, &n);
		text_put(b, env, n);
	}
	mm_put(mm);
}

static void show_auxv(struct text *b, struct task *t)
{
	struct mm *mm = proc_mm(t);

	if (mm)
		text_put(b, mm->auxv, mm->n_auxv * sizeof(mm->auxv[0]));
	mm_put(mm);
}

static void show_comm(struct text *b, struct task *t)
{
	text_printf(b, "%s\n", t->comm);
}

static int write_comm(struct task *t, char *s, size_t n)
{
	if (t->group != current()->group)
		return -EINVAL;
	(void)n;	/* a newline is part of it, as on Linux */
	strcopy(t->comm, s, sizeof(t->comm));
	return 0;
}

static void show_oom_adj(struct text *b, struct task *t)
{
	text_printf(b, "%d\n", load_once(&t->group->oom_score_adj));
}

/* It is kept and inherited; the host's killer does not hear of it. */
static int write_oom_adj(struct task *t, char *s, size_t n)
{
	struct tgroup *g = t->group;
	bool minus = *s == '-';
	int v = 0;

	(void)n;
	s += minus;
	if (*s < '0' || *s > '9')
		return -EINVAL;
	for (; *s >= '0' && *s <= '9' && v <= OOM_MAX; s++)
		v = v * 10 + (*s - '0');
	if (*s && !(*s == '\n' && !s[1]))
		return -EINVAL;
	if (minus)
		v = -v;
	if (v < OOM_MIN || v > OOM_MAX)
		return -EINVAL;
	if (v < load_once(&g->oom_score_adj_min) &&
	    !task_capable(current(), CAP_SYS_RESOURCE))
		return -EACCES;
	if (task_capable(current(), CAP_SYS_RESOURCE))
		store_once(&g->oom_score_adj_min, (int16_t)v);
	store_once(&g->oom_score_adj, (int16_t)v);
	return 0;
}

static void show_limits(struct text *b, struct task *t)
{
	static const struct {
		const char *name, *unit;
		int limit;
	} rows[] = {
		{ "Max cpu time", "seconds", 0 },
		{ "Max file size", "bytes", 1 },
		{ "Max data size", "bytes", 2 },
		{ "Max stack size", "bytes", 3 },
		{ "Max core file size", "bytes", 4 },
		{ "Max resident set", "bytes", 5 },
		{ "Max processes", "processes", 6 },
		{ "Max open files", "files", 7 },
		{ "Max locked memory", "bytes", 8 },
		{ "Max address space", "bytes", 9 },
		{ "Max file locks", "locks", 10 },
		{ "Max pending signals", "signals", 11 },
		{ "Max msgqueue size", "bytes", 12 },
		{ "Max nice priority", "", 13 },
		{ "Max realtime priority", "", 14 },
		{ "Max realtime timeout", "us", 15 },
	};

	text_printf(b, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit",
		    "Hard Limit", "Units");
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct rlimit_pair *l =
			&t->group->rlimits[rows[i].limit];

		text_printf(b, "%-25s ", rows[i].name);
		if (l->cur == UINT64_MAX)
			text_printf(b, "%-20s ", "unlimited");
		else
			text_printf(b, "%-20lu ", (unsigned long)l->cur);
		if (l->max == UINT64_MAX)
			text_printf(b, "%-20s ", "unlimited");
		else
			text_printf(b, "%-20lu ", (unsigned long)l->max);
		text_printf(b, *rows[i].unit ? "%-10s\n" : "\n", rows[i].unit);
	}
}

/* The call that it sleeps in, where it can be said. */
static void show_syscall(struct text *b, struct task *t)
{
	struct tgroup *g = t->group;
	struct regs r;
	bool known;

	mutex_lock(&g->lock);
	known = t->thread && (t == current() ||
			      load_once(&t->thread->waiting));
	if (known)
		r = *thread_frame(t->thread);
	mutex_unlock(&g->lock);
	if (!known)
		text_printf(b, "running\n");
	else if ((int64_t)r.orig_rax < 0)
		text_printf(b, "-1 0x%lx 0x%lx\n", r.rsp, r.rip);
	else
		text_printf(b, "%ld 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx 0x%lx "
			    "0x%lx\n", (long)r.orig_rax, r.rdi, r.rsi, r.rdx,
			    r.r10, r.r8, r.r9, r.rsp, r.rip);
}

static void show_schedstat(struct text *b, struct task *t)
{
	struct cputime c;

	cputime_task(t, &c);
	text_printf(b, "%lu 0 %lu\n", c.total_ns, t->nvcsw);
}

static void show_children(struct text *b, struct task *t)
{
	struct tgroup *c;

	mutex_lock(&pids_lock);
	list_for_each(c, &t->group->children, sibling)
		if (c->parent_task == t)
			text_printf(b, "%d ", c->pid);
	mutex_unlock(&pids_lock);
}

static void show_personality(struct text *b, struct task *t)
{
	text_printf(b, "%08lx\n", (unsigned long)t->personality);
}

static void show_zero(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "0\n");
}

static void show_cgroup(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "0::/\n");
}

/* Who has logged in, and in which session: as audit(8) would know it. */
static uint32_t n_sessions __arena;

static void show_loginuid(struct text *b, struct task *t)
{
	text_printf(b, "%u", load_once(&t->group->loginuid));
}

static void show_sessionid(struct text *b, struct task *t)
{
	text_printf(b, "%u", load_once(&t->group->sessionid));
}

/* pam_loginuid(8) does.  It is for a process itself; to change it, a right. */
static int write_loginuid(struct task *t, char *s, size_t n)
{
	struct tgroup *g = t->group;
	uint32_t session = UINT32_MAX;
	uint64_t v = 0;

	(void)n;
	if (g != current()->group)
		return -EPERM;
	if (*s < '0' || *s > '9')
		return -EINVAL;
	for (; *s >= '0' && *s <= '9' && v <= UINT32_MAX; s++)
		v = v * 10 + (uint64_t)(*s - '0');
	if (v > UINT32_MAX || (*s && !(*s == '\n' && !s[1])))
		return -EINVAL;
	if (g->loginuid != UINT32_MAX &&
	    !task_capable(current(), CAP_AUDIT_CONTROL))
		return -EPERM;
	if (v != UINT32_MAX)
		session = __atomic_add_fetch(&n_sessions, 1, __ATOMIC_RELAXED);
	store_once(&g->loginuid, (uint32_t)v);
	store_once(&g->sessionid, session);
	return 0;
}

static void show_slack(struct text *b, struct task *t)
{
	text_printf(b, "%lu\n", (unsigned long)t->timer_slack_ns);
}

static void show_id_map(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "%10u %10u %10u\n", 0, 0, UINT32_MAX);
}

static void show_setgroups(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "allow\n");
}

static void show_cpuset(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "/\n");
}

static void show_filter(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "00000033\n");
}

/* Nothing can be told of where in the kernel it sleeps. */
static void show_wchan(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "0");
}

/* Where the link of a namespace leads, and what it says: nsfs.c. */
#define NAMESPACE(name, kind)						\
	static ssize_t name##_link(struct task *t, char *buf, size_t size) \
	{								\
		(void)t;						\
		return nsfs_link(kind, buf, size);			\
	}								\
	static int name##_follow(struct task *t, struct path *out)	\
	{								\
		(void)t;						\
		return nsfs_follow(kind, out);				\
	}
NAMESPACE(ns_cgroup, NS_CGROUP)
NAMESPACE(ns_ipc, NS_IPC)
NAMESPACE(ns_mnt, NS_MNT)
NAMESPACE(ns_net, NS_NET)
NAMESPACE(ns_pid, NS_PID)
NAMESPACE(ns_time, NS_TIME)
NAMESPACE(ns_user, NS_USER)
NAMESPACE(ns_uts, NS_UTS)

#define NS_OF(n, fn)							\
	{ .name = n, .mode = S_IFLNK | 0777, .link = ns_##fn##_link,	\
	  .follow = ns_##fn##_follow }
static const struct proc_entry ns_entries[] = {
	NS_OF("cgroup", cgroup),
	NS_OF("ipc", ipc),
	NS_OF("mnt", mnt),
	NS_OF("net", net),
	NS_OF("pid", pid),
	NS_OF("pid_for_children", pid),
	NS_OF("time", time),
	NS_OF("time_for_children", time),
	NS_OF("user", user),
	NS_OF("uts", uts),
	{ .name = NULL }
};

/* /proc/PID/mem, of the caller's own address space alone. */
static ssize_t mem_rw(struct file *f, struct uio *u, off_t *pos, bool write)
{
	struct task *me = current(), *t = proc_task(f->inode->priv);
	struct mm *mm = t ? proc_mm(t) : NULL;
	bool own = mm && mm == me->mm;
	char buf[512];
	ssize_t done = 0, n;

	mm_put(mm);
	if (t)
		task_put(t);
	if (!own)
		return mm ? -EIO : 0;
	while (u->left) {
		size_t part = MIN(u->left, sizeof(buf)), missing;

		if (!uaddr_ok((uaddr_t)*pos, part))
			break;
		if (write) {
			n = uio_read(u, buf, part);
			if (n < 0)
				return done ? done : n;
			part = (size_t)n;
			missing = copy_out((uaddr_t)*pos, buf, part) ? part : 0;
		} else {
			missing = copy_in_partial(buf, (uaddr_t)*pos, part);
			n = uio_write(u, buf, part - missing);
			if (n < 0)
				return done ? done : n;
		}
		done += (ssize_t)(part - missing);
		*pos += (off_t)(part - missing);
		if (missing || !part)
			break;
	}
	return done ? done : -EIO;
}

static ssize_t mem_read(struct file *f, struct uio *u, off_t *pos)
{
	return mem_rw(f, u, pos, false);
}

static ssize_t mem_write(struct file *f, struct uio *u, off_t *pos)
{
	return mem_rw(f, u, pos, true);
}

static const struct file_ops mem_fops = {
	.read = mem_read,
	.write = mem_write,
	.lseek = lseek_endless,
};

/* What a task has, whether it is seen as a process or as a thread. */
#define COMMON								\
	{ .name = "fd", .mode = S_IFDIR | 0500, .special = PROC_FDS },	\
	{ .name = "fdinfo", .mode = S_IFDIR | 0555,			\
	  .special = PROC_FDINFOS },					\
	{ .name = "net", .mode = S_IFDIR | 0555,			\
	  .children = proc_net_dir },					\
	{ .name = "ns", .mode = S_IFDIR | 0511,				\
	  .children = ns_entries },					\
	{ .name = "auxv", .mode = S_IFREG | 0400, .show = show_auxv,	\
	  .traced = true },						\
	{ .name = "cgroup", .mode = S_IFREG | 0444,			\
	  .show = show_cgroup },					\
	{ .name = "cmdline", .mode = S_IFREG | 0444,			\
	  .show = show_cmdline },					\
	{ .name = "comm", .mode = S_IFREG | 0644, .show = show_comm,	\
	  .write = write_comm },					\
	{ .name = "cpuset", .mode = S_IFREG | 0444,			\
	  .show = show_cpuset },					\
	{ .name = "cwd", .mode = S_IFLNK | 0777,			\
	  .link = proc_cwd_link, .follow = proc_cwd_follow },		\
	{ .name = "environ", .mode = S_IFREG | 0400,			\
	  .show = show_environ, .traced = true },			\
	{ .name = "exe", .mode = S_IFLNK | 0777,			\
	  .link = proc_exe_link, .follow = proc_exe_follow },		\
	{ .name = "gid_map", .mode = S_IFREG | 0444,			\
	  .show = show_id_map },					\
	{ .name = "limits", .mode = S_IFREG | 0444,			\
	  .show = show_limits },					\
	{ .name = "loginuid", .mode = S_IFREG | 0644,			\
	  .show = show_loginuid, .write = write_loginuid },		\
	{ .name = "maps", .mode = S_IFREG | 0444,			\
	  .show = proc_show_maps, .traced = true },			\
	{ .name = "mem", .mode = S_IFREG | 0600, .fops = &mem_fops,	\
	  .traced = true },						\
	{ .name = "mountinfo", .mode = S_IFREG | 0444,			\
	  .show = proc_show_mountinfo },				\
	{ .name = "mounts", .mode = S_IFREG | 0444,			\
	  .show = proc_show_mounts },					\
	{ .name = "oom_score", .mode = S_IFREG | 0444,			\
	  .show = show_zero },						\
	{ .name = "oom_score_adj", .mode = S_IFREG | 0644,		\
	  .show = show_oom_adj, .write = write_oom_adj },		\
	{ .name = "personality", .mode = S_IFREG | 0400,		\
	  .show = show_personality, .traced = true },			\
	{ .name = "root", .mode = S_IFLNK | 0777,			\
	  .link = proc_root_link, .follow = proc_root_follow },		\
	{ .name = "schedstat", .mode = S_IFREG | 0444,			\
	  .show = show_schedstat },					\
	{ .name = "sessionid", .mode = S_IFREG | 0444,			\
	  .show = show_sessionid },					\
	{ .name = "setgroups", .mode = S_IFREG | 0444,			\
	  .show = show_setgroups },					\
	{ .name = "smaps", .mode = S_IFREG | 0444,			\
	  .show = proc_show_smaps, .traced = true },			\
	{ .name = "smaps_rollup", .mode = S_IFREG | 0444,		\
	  .show = proc_show_smaps_rollup, .traced = true },		\
	{ .name = "stat", .mode = S_IFREG | 0444,			\
	  .show = proc_show_stat },					\
	{ .name = "statm", .mode = S_IFREG | 0444,			\
	  .show = proc_show_statm },					\
	{ .name = "status", .mode = S_IFREG | 0444,			\
	  .show = proc_show_status },					\
	{ .name = "syscall", .mode = S_IFREG | 0400,			\
	  .show = show_syscall, .traced = true },			\
	{ .name = "uid_map", .mode = S_IFREG | 0444,			\
	  .show = show_id_map },					\
	{ .name = "wchan", .mode = S_IFREG | 0444,			\
	  .show = show_wchan }

static const struct proc_entry tid_entries[] = {
	COMMON,
	{ .name = "children", .mode = S_IFREG | 0444, .show = show_children },
	{ .name = NULL }
};

static const struct proc_entry pid_entries[] = {
	{ .name = "task", .mode = S_IFDIR | 0555, .special = PROC_TIDS },
	COMMON,
	{ .name = "coredump_filter", .mode = S_IFREG | 0444,
	  .show = show_filter },
	{ .name = "timerslack_ns", .mode = S_IFREG | 0444,
	  .show = show_slack },
	{ .name = NULL }
};

const struct proc_entry proc_pid_entry = {
	.name = "PID", .mode = S_IFDIR | 0555, .children = pid_entries,
};
const struct proc_entry proc_tid_entry = {
	.name = "TID", .mode = S_IFDIR | 0555, .children = tid_entries,
};
