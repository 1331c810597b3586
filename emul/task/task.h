/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task.h: tasks (threads), thread groups (processes), and the lock order.
 *
 * Order of the kernel's locks, outer first.  A lock is never held over an
 * access to guest memory or a sleep, except that mm->lock may be held over a
 * host call on mappings and the locks marked (b) over a broker request.
 *
 *	tgroup->timers_lock		calls on timers
 *	file->pos_lock (b)
 *	  rename_lock (b)		renames of directories
 *	    inode->lock (b)		a directory, then its child
 *	patch's lock			text that is being rewritten
 *	  mm->lock			vma tree
 *	fs_ctx's, files->lock		directories; a descriptor table
 *	epoll's locks
 *	the host's events (b), watches of files, advisory locks (b)
 *	tables of IPC
 *	those of objects: pipes, terminals, queues, semaphores
 *	pids_lock			the pid table, parents, groups
 *	  ktimer's lock			the tree of timers
 *	  tgroup->lock			threads, signal state of a group
 *	    sighand->lock
 *	kinit's lock			asking for a process or a thread
 *	futex buckets			in order of address
 *	waitqueue->lock			an epoll's after its target's
 *	leaves, then dcache_lock	of one object; nothing below but memory
 *	allocator's locks		innermost
 *
 * emul/lib/lock.h has the same order as classes, which a debug build checks;
 * a lock of no class is a leaf.
 */
#ifndef SBX_TASK_TASK_H
#define SBX_TASK_TASK_H

#include "emul/abi/hostproc.h"
#include "emul/abi/regs.h"
#include "emul/lib/list.h"
#include "emul/lib/lock.h"
#include "emul/lib/types.h"
#include "emul/signal/signal.h"
#include "emul/sync/futex.h"
#include "emul/task/wait.h"
#include "emul/time/cputime.h"
#include "emul/time/ktimer.h"

struct boot;
struct cred;
struct file;
struct files;
struct fs_ctx;
struct ipc_sleep;
struct mm;
struct seccomp_filter;
struct sem_undo_list;

#define FIRST_PID	HOSTPROC_FIRST_PID
#define TASK_COMM_LEN	16
#define NR_RLIMITS	16

struct rlimit_pair {
	uint64_t cur, max;
};

/* Who a task is; shared by its threads, copied on write. */
struct cred {
	struct ref ref;
	uid_t uid, euid, suid, fsuid;
	gid_t gid, egid, sgid, fsgid;
	uint64_t cap_effective, cap_permitted, cap_inheritable, cap_bounding;
	uint64_t cap_ambient;
	uint32_t n_groups;
	gid_t *groups;		/* kmalloc'd, or NULL */
};

/* What a process has used, getrusage(2). */
struct usage {
	uint64_t utime_ns, stime_ns;
	uint64_t minflt, majflt, inblock, oublock, nvcsw, nivcsw;
	uint64_t maxrss_kb;
};

/*
 * A thread group: what Linux's getpid() names.  After its last thread it is a
 * zombie until its parent has waited for it, emul/task/reap.h.
 */
struct tgroup {
	struct ref ref;
	int pid;				/* immutable */
	/* pids_lock protects: */
	int pgid, sid;
	struct list_head pgrp_link;	/* ring of its process group, no head */
	struct tgroup *parent;		/* it outlives this; NULL: init, reaped */
	struct task *parent_task;	/* its thread; only to be compared */
	struct list_head children, sibling;
	struct list_head all_link;
	bool no_tty;		/* it gave up its session's terminal */
	int hup_pgrp;		/* was in front when the terminal hung up */
	int exit_signal;	/* for the parent at the end; 0: none */
	uint32_t n_execs;
	uint32_t parent_execs;	/* the parent's n_execs when this was made */
	bool zombie;		/* wait_status holds */
	bool reaped;		/* it has no number any more */
	int wait_status;	/* as wait4 tells it */
	struct usage usage;	/* of the zombie */
	uint64_t rss_seen_ns;	/* its CPU time when maxrss_kb was noted */
	struct usage child_usage;	/* of children waited for, and theirs */
	struct waitqueue wait_chldexit;	/* key: child_key() of the child */
	struct waitqueue wait_pidfd;	/* those who poll descriptors of it */

	struct mutex lock;	/* protects: */
	struct list_head threads;
	uint32_t n_threads;
	uint32_t n_live;	/* of them, those that have not begun to exit */
	struct task *alone;	/* in group_alone(), or NULL */
	bool exiting;		/* exit_group began: exit_code is set */
	bool stopped;		/* by job control: every thread parks */
	bool stop_told;		/* all have parked and the parent knows */
	bool continued;		/* by SIGCONT, not yet waited for */
	uint32_t n_parked;
	int stop_signo;		/* what it stops by */
	int stop_report;	/* the same, if not yet waited for */
	int cld_todo;		/* CLD_* for the parent, group_report() */
	uint32_t n_conts;	/* times that SIGCONT came */
	bool unkillable;	/* init: only what it handles reaches it */
	int exit_code;		/* as wait4's status word */
	struct sigpending pending;
	struct rlimit_pair rlimits[NR_RLIMITS];
	bool dumpable;
	int16_t oom_score_adj, oom_score_adj_min;
	uint32_t loginuid, sessionid;	/* UINT32_MAX: none */

	struct mutex timers_lock;	/* outside lock: calls on timers */
	struct list_head timers;	/* lock protects */
	unsigned int next_timer;	/* lock protects */
	struct ktimer real_timer;	/* ITIMER_REAL */
	int64_t real_interval_ns;
	struct group_cpu cpu;		/* emul/time/cputime.h */

	struct sighand *sighand;
	bool no_exec_yet;	/* setpgid(2) by the parent is allowed */
	bool subreaper;
	int64_t start_ns;	/* CLOCK_MONOTONIC at its start; immutable */
};

/* A thread. */
struct task {
	struct ref ref;
	int tid;				/* immutable */
	struct tgroup *group;			/* immutable */
	struct list_head thread_link;		/* group->lock protects */
	bool exiting;				/* group->lock protects */
	struct thread *thread;	/* its slot; NULL once the host thread ended */

	/* Private to the thread, or fixed while it runs. */
	struct mm *mm;
	struct files *files;
	struct fs_ctx *fs;
	struct cred *cred;
	uint64_t fs_base_hint;	/* last FS base set by a call, for reports */
	uaddr_t clear_child_tid;
	uaddr_t robust_list;
	size_t robust_list_len;
	char comm[TASK_COMM_LEN];
	uint64_t personality;

	/* Signals: see emul/signal/signal.h. */
	sigset64_t blocked;
	sigset64_t real_blocked; /* the mask that sigtimedwait put aside */
	sigset64_t saved_mask;	/* to be put back by sigsuspend, ppoll, ... */
	bool restore_mask;
	struct sigpending pending;	/* group->lock protects */
	struct sigaltstack_state altstack;
	struct restart_block restart;

	/* The last fault, as sigcontext(7) shows it. */
	uint64_t trap_nr, trap_err, trap_cr2;

	/* Who waits for this to have a program or an end; a reference. */
	struct task *vfork_parent;

	/* Messages of sockets that are still to be freed: unix-data.c. */
	struct list_head late_skbs;
	bool frees_skbs;

	struct waiter waiter;	/* for sleeps on one queue */
	struct futex_waiter futex;
	/* futex_wait(): does it help to wait a little before; how many did not. */
	uint8_t futex_score, futex_waits;
	struct list_head pi_owned;	/* emul/sync/pi.c's pi_lock protects: */
	struct futex_pi *pi_waits;
	bool pi_dead;			/* it gets no more locks */
	struct ipc_sleep *ipc_sleep;	/* while it waits in a line */
	struct sem_undo_list *sem_undos; /* shared by CLONE_SYSVSEM, or NULL */
	struct cork *corked;	/* may hold what this one wrote, or NULL */
	uint64_t nvcsw;
	int64_t cpu_adj_ns;	/* to be added to the host thread's clock */
	uint64_t cpu_seen_ns;	/* CPU time when it told it last */
	uint32_t cpu_answers;	/* how often it did */
	uint32_t n_cputimers;	/* armed ones on its clock; atomic */

	/* prctl(2), sched(7): kept and told; the host is not asked. */
	uint64_t timer_slack_ns;
	uint32_t securebits;
	int pdeath_signal;
	int nice;
	int sched_policy;
	unsigned int ioprio;
	uint64_t *cpus;		/* affinity.c: NULL: all; group->lock */
	uint32_t seccomp_mode;		/* group->lock to change both */
	struct seccomp_filter *seccomp;	/* emul/seccomp/seccomp.h */
	uint8_t mce_kill;		/* PR_MCE_KILL_* + 1; 0: the default */
	bool no_new_privs;
	bool thp_disable;
	bool sched_reset_on_fork;
};

/* The task of the calling thread. */
#ifdef SBX_HOSTED
extern _Thread_local struct task *hosted_current;
static inline struct task *current(void)
{
	return hosted_current;
}
#else
static inline struct thread *this_thread(void)
{
	struct thread *t;

	__asm__("mov %%gs:0, %0" : "=r"(t));
	return t;
}

static inline struct task *current(void)
{
	return this_thread()->task;
}
#endif

/* The guest's registers while @t is in the kernel; of current() only. */
static inline struct regs *task_regs(struct task *t)
{
	return (struct regs *)(t->thread->kstack - sizeof(struct regs));
}

extern struct mutex pids_lock;
extern struct list_head all_groups;	/* pids_lock protects */
extern uint32_t task_count;		/* threads that exist, atomic */

/*
 * The first two processes: 1, init, an object only, and 2, the first guest
 * process, which is returned with its one thread and no mm, files, fs and
 * slot: the caller fills them in.  NULL: no memory.
 */
struct task *task_init(const struct boot *boot) __must_check;

/*
 * A new thread of @g, not yet in its list or the pid table; identity,
 * signal mask and the like come from @from unless that is NULL.  The caller
 * has the one reference.  NULL: no memory.
 */
struct task *task_alloc(struct tgroup *g, struct task *from) __must_check;
/* A new group with a table of actions; the caller has the one reference. */
struct tgroup *tgroup_alloc(void) __must_check;
/*
 * Give @t a number and a place in its group.  0, -EAGAIN (no number left), or
 * -ERESTARTNOINTR when the group is ending.
 */
int task_link(struct task *t) __must_check;
/*
 * @t leaves its group.  Was it the last?  Then, and where it is the leader,
 * the number and the table's reference stay until the group is reaped.
 */
bool task_unlink(struct task *t);

/* Soft limit @resource of @t's group. */
static inline uint64_t rlimit_cur(const struct task *t, int resource)
{
	return load_once(&t->group->rlimits[resource].cur);
}

/* Does @t have capability CAP_* @cap in effect? */
static inline bool task_capable(const struct task *t, int cap)
{
	return t->cred->cap_effective >> cap & 1;
}

/*
 * cred.c: @c with a reference of its own for its taker; a private copy to be
 * changed (NULL: no memory); and putting that in force for @t.
 */
void cred_put(struct cred *c);
struct cred *cred_copy(const struct cred *c) __must_check;
void cred_commit(struct task *t, struct cred *new);
bool cred_in_group(const struct cred *c, gid_t gid);

/*
 * Find by guest id; a reference comes with what is returned, NULL if there is
 * none.  Give it back with task_put() or tgroup_put().
 */
struct task *task_find(int tid) __must_check;
struct tgroup *tgroup_find(int pid) __must_check;
void task_put(struct task *t);
void tgroup_put(struct tgroup *g);

/* The same for a thread of kinit's, which has no task: it clears the work. */
void thread_notify(struct thread *th);
/*
 * Make @t look at WORK_* @bits before it returns to the guest, wherever it is
 * now: awake in the kernel, asleep in a wait (which ends with -EINTR), or in
 * guest code (it is kicked).
 */
void task_notify(struct task *t, uint32_t bits);

/* Does @t have to give up a sleep? */
static inline bool task_interrupted(const struct task *t)
{
	return load_once(&t->thread->work) & (WORK_SIGNAL | WORK_EXIT);
}

/*
 * End the calling thread, with the status word @status; the last thread ends
 * the group.
 */
void task_exit(struct task *t, int status) __noreturn;
/*
 * execve(2): end all other threads of @t's group and wait until they are
 * gone; @t has the group's number then.  0, or -ERESTARTNOINTR: @t has to end.
 */
int group_alone(struct task *t) __must_check;
/* End the whole group: every thread leaves, the status word is @status. */
void group_exit(struct task *t, int status) __noreturn;

#endif
