/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc-stat.c: stat, statm and status of a process or a thread; proc(5).
 *
 * CPU time is what emul/time/cputime.c knows of it.
 */
#include "emul/fs/proc.h"
#include "emul/host/host.h"
#include "emul/lib/string.h"
#include "emul/lib/uapi.h"
#include "emul/mm/mm.h"
#include "emul/seccomp/seccomp.h"
#include "emul/signal/queue.h"
#include "emul/task/reap.h"
#include "emul/task/sched.h"
#include "emul/task/task.h"
#include "emul/time/cputime.h"
#include "emul/tty/tty.h"
#include "emul/vfs/fdtable.h"

#define TICK_NS		10000000LL	/* of the 100 a second that are told */
#define NICE_PRIORITY	20
#define RT_PRIORITY	99
#define FLAGS		0x400000u	/* PF_RANDOMIZE */
#define FLAG_NO_EXEC	0x40u		/* PF_FORKNOEXEC */

/* Signals that are ignored and that are caught, as sets. */
static void actions(const struct task *t, sigset64_t *ign, sigset64_t *cgt)
{
	const struct sighand *h = t->group->sighand;

	*ign = *cgt = 0;
	if (!h)
		return;
	mutex_lock(&t->group->lock);
	for (int i = 0; i < NSIG64; i++) {
		if (h->action[i].handler == 1)	/* SIG_IGN */
			*ign |= SIGBIT(i + 1);
		else if (h->action[i].handler)
			*cgt |= SIGBIT(i + 1);
	}
	mutex_unlock(&t->group->lock);
}

/* Numbers of its family. */
struct family {
	int ppid, pgid, sid;
	int zombie_status;	/* 0: it is none */
	bool zombie;
	struct usage children;
};

static void get_family(const struct task *t, struct family *f)
{
	const struct tgroup *g = t->group;

	memset(f, 0, sizeof(*f));
	mutex_lock(&pids_lock);
	f->ppid = g->parent ? g->parent->pid : 0;
	f->pgid = g->pgid;
	f->sid = g->sid;
	f->zombie = g->zombie;
	f->zombie_status = g->wait_status;
	f->children = g->child_usage;
	mutex_unlock(&pids_lock);
}

/* What was used: by the process, or by the thread in its own directory. */
static void get_usage(struct task *t, bool thread, struct usage *u)
{
	struct cputime c;

	usage_get(t->group, u);
	if (thread) {
		cputime_task(t, &c);
		u->utime_ns = c.user_ns;
		u->stime_ns = c.total_ns - c.user_ns;
	}
}

static uint64_t ticks(uint64_t ns)
{
	return ns / TICK_NS;
}

static void put_mm_fields(struct text *b, const struct mm *mm, bool may)
{
	if (!mm || !may) {
		text_printf(b, mm ? "1 1 0 0 0 " : "0 0 0 0 0 ");
		return;
	}
	text_printf(b, "%lu %lu %lu 0 0 ", mm->code_start, mm->code_end,
		    mm->start_stack);
}

static void put_mm_end(struct text *b, const struct mm *mm, bool may)
{
	if (!mm || !may) {
		text_printf(b, "0 0 0 0 0 0 0 ");
		return;
	}
	text_printf(b, "%lu %lu %lu %lu %lu %lu %lu ", mm->data_start,
		    mm->data_end, mm->brk_start, mm->arg_start, mm->arg_end,
		    mm->env_start, mm->env_end);
}

void proc_show_stat(struct text *b, struct task *t)
{
	struct tgroup *g = t->group;
	bool may = proc_may_trace(t), rt;
	unsigned int flags = FLAGS;
	struct proc_sizes sz;
	sigset64_t ign, cgt;
	struct family f;
	struct usage u;
	struct mm *mm;
	struct tty *tty;
	int prio, foreground = -1;

	mm = proc_mm(t);
	tty = tty_of(g, &foreground);
	get_family(t, &f);
	proc_sizes(t, mm, &sz);
	actions(t, &ign, &cgt);
	get_usage(t, b->thread, &u);
	if (g->no_exec_yet)
		flags |= FLAG_NO_EXEC;
	rt = t->sched_policy == 1 || t->sched_policy == 2;
	prio = rt ? -1 - 1 : NICE_PRIORITY + t->nice;

	text_printf(b, "%d (%s) %c %d %d %d %d %d %u %lu 0 %lu 0 ", t->tid,
		    t->comm, proc_state(t), f.ppid, f.pgid, f.sid,
		    tty ? (int)tty->rdev : 0, tty ? foreground : -1, flags,
		    u.minflt, u.majflt);
	text_printf(b, "%lu %lu %lu %lu %d %d %u 0 ", ticks(u.utime_ns),
		    ticks(u.stime_ns), ticks(f.children.utime_ns),
		    ticks(f.children.stime_ns), prio, t->nice,
		    MAX(load_once(&g->n_threads), 1u));
	text_printf(b, "%lu %lu %lu %lu ",
		    (unsigned long)(g->start_ns / TICK_NS),
		    sz.total * PAGE_SIZE, sz.rss,
		    g->rlimits[5].cur);		/* RLIMIT_RSS */
	put_mm_fields(b, mm, may);
	text_printf(b, "%lu %lu %lu %lu 0 0 0 %d 0 %d %d 0 0 0 ",
		    t->pending.set & 0x7fffffff, t->blocked & 0x7fffffff,
		    ign & 0x7fffffff, cgt & 0x7fffffff,
		    t->tid == g->pid ? g->exit_signal : -1, rt ? 1 : 0,
		    t->sched_policy);
	put_mm_end(b, mm, may);
	text_printf(b, "%d\n", may && f.zombie ? f.zombie_status : 0);
	mm_put(mm);
	if (tty)
		tty_put(tty);
}

void proc_show_statm(struct text *b, struct task *t)
{
	struct mm *mm = proc_mm(t);
	struct proc_sizes s;

	proc_sizes(t, mm, &s);
	text_printf(b, "%lu %lu %lu %lu 0 %lu 0\n", s.total, s.rss,
		    s.file + s.shmem, s.text, s.data + s.stack);
	mm_put(mm);
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

static void show_status_mm(struct text *b, struct task *t, struct mm *mm)
{
	struct proc_sizes s;

	proc_sizes(t, mm, &s);
	put_kb(b, "VmPeak", s.total);
	put_kb(b, "VmSize", s.total);
	put_kb(b, "VmLck", load_once(&mm->locked_pages));
	put_kb(b, "VmPin", 0);
	put_kb(b, "VmHWM", s.peak);
	put_kb(b, "VmRSS", s.rss);
	put_kb(b, "RssAnon", s.anon);
	put_kb(b, "RssFile", s.file);
	put_kb(b, "RssShmem", s.shmem);
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

static void show_name(struct text *b, const struct task *t)
{
	text_printf(b, "Name:\t");
	for (const char *s = t->comm; *s; s++) {
		if (*s == '\n')
			text_put(b, "\\n", 2);
		else if (*s == '\\')
			text_put(b, "\\\\", 2);
		else
			text_put(b, s, 1);
	}
	text_put(b, "\n", 1);
}

static void show_who(struct text *b, struct task *t)
{
	struct files *files = proc_files(t);
	const struct cred *c;

	mutex_lock(&t->group->lock);
	c = t->cred;
	text_printf(b, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n",
		    c->uid, c->euid, c->suid, c->fsuid,
		    c->gid, c->egid, c->sgid, c->fsgid);
	text_printf(b, "FDSize:\t%u\nGroups:\t",
		    files ? load_once(&files->arr->n) : 0);
	for (uint32_t i = 0; i < c->n_groups; i++)
		text_printf(b, "%s%u", i ? " " : "", c->groups[i]);
	mutex_unlock(&t->group->lock);
	if (files)
		files_put(files);
}

static void show_caps(struct text *b, struct task *t)
{
	struct cred c;

	proc_cred(t, &c);
	text_printf(b, "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\n"
		    "CapBnd:\t%016lx\nCapAmb:\t%016lx\n",
		    c.cap_inheritable, c.cap_permitted, c.cap_effective,
		    c.cap_bounding, c.cap_ambient);
}

void proc_show_status(struct text *b, struct task *t)
{
	struct tgroup *g = t->group;
	struct fs_ctx *fs = proc_fs(t);
	struct mm *mm = proc_mm(t);
	unsigned int n_filters;
	sigset64_t ign, cgt;
	struct family f;

	get_family(t, &f);
	actions(t, &ign, &cgt);
	show_name(b, t);
	if (fs) {
		text_printf(b, "Umask:\t%04o\n", load_once(&fs->umask));
		fs_ctx_put(fs);
	}
	text_printf(b, "State:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\n"
		    "PPid:\t%d\nTracerPid:\t0\n", state_word(proc_state(t)),
		    g->pid, t->tid, f.ppid);
	show_who(b, t);
	text_printf(b, " \nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\n"
		    "NSsid:\t%d\n", g->pid, t->tid, f.pgid, f.sid);
	if (mm)
		show_status_mm(b, t, mm);
	mm_put(mm);
	text_printf(b, "Threads:\t%u\nSigQ:\t%u/%lu\n",
		    MAX(load_once(&g->n_threads), 1u), signal_queued(),
		    g->rlimits[11].cur);	/* RLIMIT_SIGPENDING */
	text_printf(b, "SigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\n"
		    "SigIgn:\t%016lx\nSigCgt:\t%016lx\n", t->pending.set,
		    g->pending.set, t->blocked, ign, cgt);
	show_caps(b, t);
	mutex_lock(&g->lock);
	n_filters = t->thread ? seccomp_count(t) : 0;
	mutex_unlock(&g->lock);
	text_printf(b, "NoNewPrivs:\t%d\nSeccomp:\t%u\n"
		    "Seccomp_filters:\t%u\n"
		    "Speculation_Store_Bypass:\tunknown\n"
		    "SpeculationIndirectBranch:\tunknown\n",
		    t->no_new_privs, t->seccomp_mode, n_filters);
	show_cpus(b, t);
	text_printf(b, "voluntary_ctxt_switches:\t%lu\n"
		    "nonvoluntary_ctxt_switches:\t0\n",
		    (unsigned long)t->nvcsw);
}
