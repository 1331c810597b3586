/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc-pid.c: /proc/PID; proc(5).
 *
 * Memory, files and directories of another process cannot be looked at from
 * here: those files are empty and those links refused, as Linux does for
 * processes that one may not trace.
 */
#include <linux/errno.h>

#include "emul/entry/uaccess.h"
#include "emul/fs/proc.h"
#include "emul/lib/alloc.h"
#include "emul/lib/print.h"
#include "emul/lib/string.h"
#include "emul/lib/uapi.h"
#include "emul/mm/mm.h"
#include "emul/seccomp/seccomp.h"
#include "emul/task/reap.h"
#include "emul/task/sched.h"
#include "emul/task/task.h"
#include "emul/time/time.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/namei.h"

#define TICK_NS		10000000LL	/* of the 100 a second that are told */
#define COPY_MAX	(2u << 20)	/* of arguments and environment */
#define NICE_PRIORITY	20

struct task *proc_own(struct task *t)
{
	struct task *me = current();

	return t->group == me->group ? me : NULL;
}

/* Guest memory of the caller's own process, as far as it can be read. */
static void put_memory(struct text *b, struct task *t, uint64_t start,
		       uint64_t end)
{
	char buf[512];

	if (!proc_own(t) || end < start || end - start > COPY_MAX)
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
	struct task *me = proc_own(t);

	if (me && me->mm)
		put_memory(b, t, me->mm->arg_start, me->mm->arg_end);
}

static void show_environ(struct text *b, struct task *t)
{
	struct task *me = proc_own(t);

	if (me && me->mm)
		put_memory(b, t, me->mm->env_start, me->mm->env_end);
}

static void show_auxv(struct text *b, struct task *t)
{
	struct task *me = proc_own(t);

	if (me && me->mm)
		text_put(b, me->mm->auxv,
			 me->mm->n_auxv * sizeof(me->mm->auxv[0]));
}

static void show_comm(struct text *b, struct task *t)
{
	text_printf(b, "%s\n", t->comm);
}

static int write_comm(struct task *t, char *s, size_t n)
{
	if (!proc_own(t))
		return -EINVAL;
	(void)n;	/* a newline is part of it, as on Linux */
	strcopy(t->comm, s, sizeof(t->comm));
	return 0;
}

/* Signals that are ignored and that are caught, as sets. */
static void actions(const struct task *t, sigset64_t *ign, sigset64_t *cgt)
{
	struct sighand *h = t->group->sighand;

	*ign = *cgt = 0;
	if (!h)
		return;
	mutex_lock(&h->lock);
	for (int i = 0; i < NSIG64; i++) {
		if (h->action[i].handler == 1)	/* SIG_IGN */
			*ign |= SIGBIT(i + 1);
		else if (h->action[i].handler)
			*cgt |= SIGBIT(i + 1);
	}
	mutex_unlock(&h->lock);
}

static char state(struct task *t)
{
	if (!load_once(&t->thread))	/* init is an object only */
		return t->group->unkillable ? 'S' : 'Z';
	if (t->group->stopped)
		return 'T';
	return t == current() ? 'R' : 'S';
}

static int parent_pid(const struct task *t)
{
	int pid;

	mutex_lock(&pids_lock);
	pid = t->group->parent ? t->group->parent->pid : 0;
	mutex_unlock(&pids_lock);
	return pid;
}

/* What was used: by the process, or by the thread in its own directory. */
static void usages(const struct text *b, struct task *t, struct usage *self,
		   struct usage *kids)
{
	struct cputime c;

	mutex_lock(&pids_lock);
	*kids = t->group->child_usage;
	mutex_unlock(&pids_lock);
	usage_get(t->group, self);
	if (b->arg == PROC_ARG_THREAD) {
		cputime_task(t, &c);
		self->utime_ns = c.user_ns;
		self->stime_ns = c.total_ns - c.user_ns;
	}
}

static void show_stat(struct text *b, struct task *t)
{
	struct task *me = proc_own(t);
	const struct mm *mm = me ? me->mm : NULL;
	struct usage self, kids;
	struct proc_sizes sz;
	sigset64_t ign, cgt;

	proc_sizes(t, &sz);
	actions(t, &ign, &cgt);
	usages(b, t, &self, &kids);
	text_printf(b, "%d (%s) %c %d %d %d 0 -1 4194304 0 0 0 0 "
		    "%lu %lu %lu %lu ",
		    t->tid, t->comm, state(t), parent_pid(t), t->group->pgid,
		    t->group->sid, (unsigned long)(self.utime_ns / TICK_NS),
		    (unsigned long)(self.stime_ns / TICK_NS),
		    (unsigned long)(kids.utime_ns / TICK_NS),
		    (unsigned long)(kids.stime_ns / TICK_NS));
	text_printf(b, "%d %d %u 0 %lu %lu %lu %lu ",
		    NICE_PRIORITY + t->nice, t->nice, t->group->n_threads,
		    (unsigned long)(t->group->start_ns / TICK_NS),
		    (unsigned long)(sz.total * PAGE_SIZE),
		    (unsigned long)sz.rss,
		    (unsigned long)t->group->rlimits[5].cur); /* RSS */
	text_printf(b, "%lu %lu %lu 0 0 %lu %lu %lu %lu 0 0 0 17 0 0 0 0 0 0 ",
		    mm ? (unsigned long)mm->code_start : 0,
		    mm ? (unsigned long)mm->code_end : 0,
		    mm ? (unsigned long)mm->stack_top : 0,
		    (unsigned long)(t->pending.set & 0x7fffffff),
		    (unsigned long)(t->blocked & 0x7fffffff),
		    (unsigned long)(ign & 0x7fffffff),
		    (unsigned long)(cgt & 0x7fffffff));
	text_printf(b, "%lu %lu %lu %lu %lu %lu %lu 0\n",
		    mm ? (unsigned long)mm->data_start : 0,
		    mm ? (unsigned long)mm->data_end : 0,
		    mm ? (unsigned long)mm->brk_start : 0,
		    mm ? (unsigned long)mm->arg_start : 0,
		    mm ? (unsigned long)mm->arg_end : 0,
		    mm ? (unsigned long)mm->env_start : 0,
		    mm ? (unsigned long)mm->env_end : 0);
}

static void show_statm(struct text *b, struct task *t)
{
	struct proc_sizes s;

	proc_sizes(t, &s);
	text_printf(b, "%lu %lu %lu %lu 0 %lu 0\n", (unsigned long)s.total,
		    (unsigned long)s.rss, (unsigned long)s.file,
		    (unsigned long)s.text, (unsigned long)(s.data + s.stack));
}

static const char *state_word(char c)
{
	switch (c) {
	case 'R':
		return "R (running)";
	case 'T':
		return "T (stopped)";
	case 'Z':
		return "Z (zombie)";
	default:
		return "S (sleeping)";
	}
}

static void put_kb(struct text *b, const char *name, uint64_t pages)
{
	text_printf(b, "%s:\t%8lu kB\n", name,
		    (unsigned long)(pages * (PAGE_SIZE / 1024)));
}

static void show_status_mm(struct text *b, struct task *t)
{
	struct proc_sizes s;

	proc_sizes(t, &s);
	put_kb(b, "VmPeak", s.total);
	put_kb(b, "VmSize", s.total);
	put_kb(b, "VmLck", 0);
	put_kb(b, "VmPin", 0);
	put_kb(b, "VmHWM", s.rss);
	put_kb(b, "VmRSS", s.rss);
	put_kb(b, "RssAnon", s.anon);
	put_kb(b, "RssFile", s.file);
	put_kb(b, "RssShmem", 0);
	put_kb(b, "VmData", s.data);
	put_kb(b, "VmStk", s.stack);
	put_kb(b, "VmExe", s.text);
	put_kb(b, "VmLib", s.lib);
	put_kb(b, "VmPTE", s.total / 512 + 1);
	put_kb(b, "VmSwap", 0);
	put_kb(b, "HugetlbPages", 0);
	text_printf(b, "CoreDumping:\t0\nTHP_enabled:\t%d\n",
		    !t->thp_disable);
}

/* A set of CPUs as a row of words and as a list of ranges. */
static void show_cpus(struct text *b, struct task *t)
{
	uint64_t mask[SCHED_MASK_WORDS];
	unsigned int n = 64 * sched_mask(t, mask), first, last;
	const char *comma = "";

	while (n > 1 && !sched_has_cpu(n - 1))
		n--;
	text_printf(b, "Cpus_allowed:\t");
	for (unsigned int i = (n + 31) / 32; i--; ) {
		unsigned int bits = MIN(n - i * 32, 32u);

		text_printf(b, "%0*x%s", (int)(bits + 3) / 4,
			    (uint32_t)(mask[i / 2] >> i % 2 * 32),
			    i ? "," : "\nCpus_allowed_list:\t");
	}
	for (first = 0; first < n; first = last + 1) {
		last = first;
		if (!(mask[first / 64] >> first % 64 & 1))
			continue;
		while (last + 1 < n &&
		       (mask[(last + 1) / 64] >> (last + 1) % 64 & 1))
			last++;
		text_printf(b, "%s%u", comma, first);
		if (last > first)
			text_printf(b, "-%u", last);
		comma = ",";
	}
	text_printf(b, "\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
}

static void show_status(struct text *b, struct task *t)
{
	const struct cred *c = t->cred;
	struct task *me = proc_own(t);
	sigset64_t ign, cgt;
	unsigned int filters;

	actions(t, &ign, &cgt);
	mutex_lock(&t->group->lock);
	filters = seccomp_count(t);
	mutex_unlock(&t->group->lock);
	text_printf(b, "Name:\t%s\n", t->comm);
	if (me && me->fs)
		text_printf(b, "Umask:\t%04o\n", me->fs->umask);
	text_printf(b, "State:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\n"
		    "PPid:\t%d\nTracerPid:\t0\n", state_word(state(t)),
		    t->group->pid, t->tid, parent_pid(t));
	text_printf(b, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n",
		    c->uid, c->euid, c->suid, c->fsuid,
		    c->gid, c->egid, c->sgid, c->fsgid);
	text_printf(b, "FDSize:\t%u\nGroups:\t", me && me->files ?
		    load_once(&me->files->arr->n) : 0);
	for (uint32_t i = 0; i < c->n_groups; i++)
		text_printf(b, "%s%u", i ? " " : "", c->groups[i]);
	text_printf(b, " \nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\n"
		    "NSsid:\t%d\n", t->group->pid, t->tid, t->group->pgid,
		    t->group->sid);
	if (me && me->mm)
		show_status_mm(b, t);
	text_printf(b, "Threads:\t%u\nSigQ:\t0/%lu\n", t->group->n_threads,
		    (unsigned long)t->group->rlimits[11].cur);
	text_printf(b, "SigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\n"
		    "SigIgn:\t%016lx\nSigCgt:\t%016lx\n",
		    (unsigned long)t->pending.set,
		    (unsigned long)t->group->pending.set,
		    (unsigned long)t->blocked, (unsigned long)ign,
		    (unsigned long)cgt);
	text_printf(b, "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\n"
		    "CapBnd:\t%016lx\nCapAmb:\t%016lx\n",
		    (unsigned long)c->cap_inheritable,
		    (unsigned long)c->cap_permitted,
		    (unsigned long)c->cap_effective,
		    (unsigned long)c->cap_bounding,
		    (unsigned long)c->cap_ambient);
	text_printf(b, "NoNewPrivs:\t%d\nSeccomp:\t%u\nSeccomp_filters:\t%u\n"
		    "Speculation_Store_Bypass:\tunknown\n"
		    "SpeculationIndirectBranch:\tunknown\n",
		    t->no_new_privs, t->seccomp_mode, filters);
	show_cpus(b, t);
	text_printf(b, "voluntary_ctxt_switches:\t%lu\n"
		    "nonvoluntary_ctxt_switches:\t0\n",
		    (unsigned long)t->nvcsw);
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
		text_printf(b, "%-10s\n", rows[i].unit);
	}
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

static void show_loginuid(struct text *b, struct task *t)
{
	(void)t;
	text_printf(b, "4294967295");
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

void proc_show_fdinfo(struct text *b, struct task *t, int fd)
{
	struct task *me = proc_own(t);
	bool cloexec = false;
	struct file *f;

	if (!me || files_next(me->files, (unsigned int)fd, &f, &cloexec) < 0)
		return;
	text_printf(b, "pos:\t%ld\nflags:\t0%o\nmnt_id:\t%u\nino:\t%lu\n",
		    f->mode & FMODE_SEEK ? (long)f->pos : 0L,
		    f->flags | (cloexec ? O_CLOEXEC : 0u),
		    f->path.mnt ? f->path.mnt->id : 0,
		    (unsigned long)f->inode->ino);
	if (f->ops->show_fdinfo)
		f->ops->show_fdinfo(f, b);
	file_put(f);
}

static ssize_t name_of(const struct path *p, char *buf, size_t size)
{
	struct task *me = current();
	struct path root;
	char *tmp, *s;
	size_t n;

	tmp = kmalloc(PATH_LEN_MAX + 16);
	if (!tmp)
		return -ENOMEM;
	fs_get_root(me->fs, &root);
	s = path_name(p, &root, tmp, PATH_LEN_MAX + 16);
	path_put(&root);
	if (is_err(s)) {
		kfree(tmp);
		return ptr_err(s);
	}
	n = MIN(strlen(s), size);
	memcpy(buf, s, n);
	kfree(tmp);
	return (ssize_t)n;
}

/*
 * A file without a name can be opened again by its link in /proc/PID/fd.  The
 * way there is a name in a mount of its own that nothing else shows.
 */
static struct {
	struct mutex lock;
	struct mount *mnt;
} nameless __arena;

static int nameless_path(struct file *f, struct path *out)
{
	struct inode *i = f->inode;
	struct mount *m;
	struct dentry *d;

	inode_get(i);
	d = d_alloc_root(i->sb, i);
	if (!d) {
		inode_put(i);
		return -ENOMEM;
	}
	mutex_lock(&nameless.lock);
	m = nameless.mnt;
	if (!m) {
		m = kzalloc(sizeof(*m));
		if (m) {
			ref_init(&m->ref);
			m->sb = i->sb;
			m->root = dget(d);
			m->source = "none";
			nameless.mnt = m;
		}
	}
	if (m)
		ref_get(&m->ref);
	mutex_unlock(&nameless.lock);
	if (!m) {
		dput(d);
		return -ENOMEM;
	}
	out->mnt = m;
	out->dentry = d;
	return 0;
}

static struct file *own_file(struct task *t, int fd)
{
	struct task *me = proc_own(t);
	struct file *f;
	int n;

	if (!me)
		return NULL;
	n = files_next(me->files, (unsigned int)fd, &f, NULL);
	if (n == fd)
		return f;
	if (n >= 0)
		file_put(f);
	return NULL;
}

ssize_t proc_fd_readlink(struct task *t, int fd, char *buf, size_t size)
{
	struct file *f = own_file(t, fd);
	char name[64];
	ssize_t n;
	int len;

	if (!f)
		return proc_own(t) ? -ENOENT : -EACCES;
	if (f->path.dentry && f->path.mnt != load_once(&nameless.mnt)) {
		n = name_of(&f->path, buf, size);
		file_put(f);
		return n;
	}
	if (S_ISFIFO(f->inode->mode))
		len = ksnprintf(name, sizeof(name), "pipe:[%lu]",
				(unsigned long)f->inode->ino);
	else if (S_ISSOCK(f->inode->mode))
		len = ksnprintf(name, sizeof(name), "socket:[%lu]",
				(unsigned long)f->inode->ino);
	else if (S_ISCHR(f->inode->mode) && f->inode->rdev == 0x103)
		len = ksnprintf(name, sizeof(name), "/dev/null");
	else if (f->kind && f->kind[0] != '[')
		len = ksnprintf(name, sizeof(name), "/dev/%s", f->kind);
	else
		len = ksnprintf(name, sizeof(name), "anon_inode:%s",
				f->kind ? f->kind : "inode");
	file_put(f);
	n = MIN((ssize_t)len, (ssize_t)size);
	memcpy(buf, name, (size_t)n);
	return n;
}

int proc_fd_follow(struct task *t, int fd, struct path *out)
{
	struct file *f = own_file(t, fd);
	int err = 0;

	if (!f)
		return proc_own(t) ? -ENOENT : -EACCES;
	if (f->path.dentry) {
		path_get(&f->path);
		*out = f->path;
	} else {
		err = nameless_path(f, out);
	}
	file_put(f);
	return err;
}

static int exe_follow(struct task *t, struct path *out)
{
	struct task *me = proc_own(t);
	struct file *f;

	if (!me)
		return -EACCES;
	f = me->mm ? me->mm->exe : NULL;
	if (!f || !f->path.dentry)
		return -ENOENT;
	path_get(&f->path);
	*out = f->path;
	return 0;
}

static int cwd_follow(struct task *t, struct path *out)
{
	struct task *me = proc_own(t);

	if (!me)
		return -EACCES;
	fs_get_pwd(me->fs, out);
	return 0;
}

static int root_follow(struct task *t, struct path *out)
{
	struct task *me = proc_own(t);

	if (!me)
		return -EACCES;
	fs_get_root(me->fs, out);
	return 0;
}

static ssize_t link_text(struct task *t, char *buf, size_t size,
			 int (*follow)(struct task *t, struct path *out))
{
	struct path p;
	ssize_t n = follow(t, &p);

	if (n)
		return n;
	n = name_of(&p, buf, size);
	path_put(&p);
	return n;
}

static ssize_t exe_link(struct task *t, char *buf, size_t size)
{
	return link_text(t, buf, size, exe_follow);
}

static ssize_t cwd_link(struct task *t, char *buf, size_t size)
{
	return link_text(t, buf, size, cwd_follow);
}

static ssize_t root_link(struct task *t, char *buf, size_t size)
{
	return link_text(t, buf, size, root_follow);
}

/* What a task has, whether it is seen as a process or as a thread. */
#define COMMON								\
	{ .name = "fd", .mode = S_IFDIR | 0500, .special = PROC_FDS },	\
	{ .name = "fdinfo", .mode = S_IFDIR | 0555,			\
	  .special = PROC_FDINFOS },					\
	{ .name = "auxv", .mode = S_IFREG | 0400, .show = show_auxv },	\
	{ .name = "cgroup", .mode = S_IFREG | 0444,			\
	  .show = show_cgroup },					\
	{ .name = "cmdline", .mode = S_IFREG | 0444,			\
	  .show = show_cmdline },					\
	{ .name = "comm", .mode = S_IFREG | 0644, .show = show_comm,	\
	  .write = write_comm },					\
	{ .name = "cwd", .mode = S_IFLNK | 0777, .link = cwd_link,	\
	  .follow = cwd_follow },					\
	{ .name = "environ", .mode = S_IFREG | 0400,			\
	  .show = show_environ },					\
	{ .name = "exe", .mode = S_IFLNK | 0777, .link = exe_link,	\
	  .follow = exe_follow },					\
	{ .name = "gid_map", .mode = S_IFREG | 0444,			\
	  .show = show_id_map },					\
	{ .name = "limits", .mode = S_IFREG | 0444,			\
	  .show = show_limits },					\
	{ .name = "loginuid", .mode = S_IFREG | 0444,			\
	  .show = show_loginuid },					\
	{ .name = "maps", .mode = S_IFREG | 0444,			\
	  .show = proc_show_maps },					\
	{ .name = "mountinfo", .mode = S_IFREG | 0444,			\
	  .show = proc_show_mountinfo },				\
	{ .name = "mounts", .mode = S_IFREG | 0444,			\
	  .show = proc_show_mounts },					\
	{ .name = "oom_score", .mode = S_IFREG | 0444,			\
	  .show = show_zero },						\
	{ .name = "oom_score_adj", .mode = S_IFREG | 0444,		\
	  .show = show_zero },						\
	{ .name = "personality", .mode = S_IFREG | 0400,		\
	  .show = show_personality },					\
	{ .name = "root", .mode = S_IFLNK | 0777, .link = root_link,	\
	  .follow = root_follow },					\
	{ .name = "sessionid", .mode = S_IFREG | 0444,			\
	  .show = show_loginuid },					\
	{ .name = "setgroups", .mode = S_IFREG | 0444,			\
	  .show = show_setgroups },					\
	{ .name = "smaps", .mode = S_IFREG | 0444,			\
	  .show = proc_show_smaps },					\
	{ .name = "smaps_rollup", .mode = S_IFREG | 0444,		\
	  .show = proc_show_smaps_rollup },				\
	{ .name = "stat", .mode = S_IFREG | 0444, .show = show_stat },	\
	{ .name = "statm", .mode = S_IFREG | 0444,			\
	  .show = show_statm },						\
	{ .name = "status", .mode = S_IFREG | 0444,			\
	  .show = show_status },					\
	{ .name = "uid_map", .mode = S_IFREG | 0444,			\
	  .show = show_id_map }

static const struct proc_entry tid_entries[] = {
	COMMON,
	{ .name = NULL }
};

static const struct proc_entry pid_entries[] = {
	{ .name = "task", .mode = S_IFDIR | 0555, .special = PROC_TIDS },
	COMMON,
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
const struct proc_entry proc_fd_link = {
	.name = "FD", .mode = S_IFLNK | 0700,
};
const struct proc_entry proc_fdinfo_file = {
	.name = "FDINFO", .mode = S_IFREG | 0444,
};
