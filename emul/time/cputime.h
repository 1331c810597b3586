/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cputime.h: CPU time of threads and processes.
 *
 * The host counts it: of the calling thread and its process by a call, of
 * other processes by a request to the broker.  What other threads of the
 * process have used they tell themselves when they are asked (WORK_CPU).
 *
 * A process of the guest is a host process, with two exceptions: a child of
 * vfork(2) runs on its parent's host thread, and one of clone(2) with CLONE_VM
 * in its parent's host process.  Then the threads are counted one by one, and
 * what they used is taken off the process that owns the host's.
 */
#ifndef SBX_TIME_CPUTIME_H
#define SBX_TIME_CPUTIME_H

#include "emul/lib/list.h"
#include "emul/lib/lock.h"
#include "emul/lib/types.h"
#include "emul/time/ktimer.h"

struct task;
struct tgroup;

struct cputime {
	uint64_t total_ns;
	uint64_t user_ns;	/* of it, in user mode as the host saw it */
};

/* Which clock: all, or what was spent in user mode. */
enum cpu_clock {
	CPU_TOTAL,
	CPU_USER,
};

/* One deadline on a CPU clock.  Of current()'s process. */
struct cputimer {
	struct list_head link;
	struct task *task;	/* the thread, or NULL: the whole process */
	enum cpu_clock clock;
	bool armed;		/* group->cpu.lock protects */
	int64_t expires_ns;	/* on that clock */
	int64_t look_ns;	/* of a thread: when it has to look next */
	/*
	 * The clock shows @now_ns, which is not before expires_ns.  Returns
	 * when it is to expire next, or NEVER_NS.  cpu.lock is held.
	 */
	int64_t (*fn)(struct cputimer *ct, int64_t now_ns);
};

/* The part of a process. */
struct group_cpu {
	int64_t adj_ns;		/* to be added to what the host counts; atomic */
	struct tgroup *owner;	/* a reference; NULL: the host process is ours */
	uint64_t nvcsw;		/* of threads that have ended; atomic */

	struct mutex split_lock;	/* protects: */
	uint64_t split_total, split_user;	/* last known together */

	struct mutex lock;	/* as timers_lock; protects: */
	struct list_head armed;	/* struct cputimer */
	uint32_t n_group;	/* of them, those on the process's clocks */
	struct ktimer look;	/* when a thread shall look at them next */
	uint64_t looked_ns;	/* total at the last look */
	unsigned int idle;	/* looks in a row that found no work done */
	struct cputimer limit;	/* RLIMIT_CPU */
	struct cputimer itimer[2];	/* ITIMER_VIRTUAL, ITIMER_PROF */
	int64_t itimer_interval_ns[2];
};

void cputime_init(struct tgroup *g);

/*
 * CPU time of @g, living or a zombie.  May ask the broker, so no spinning
 * lock may be held.  0, or -ESRCH: it is not known (any more).
 */
int cputime_group(struct tgroup *g, struct cputime *c);
/* All of it alone, of current()'s group: never asks. */
uint64_t cputime_own_group(struct task *t);
/* Of the thread @t; another one's may be as old as its last answer. */
void cputime_task(struct task *t, struct cputime *c);

/*
 * Hooks of clone, exec and exit.
 *
 * The new process @n gets no host process of its own but runs in that of
 * @parent; on its very thread if @carried, then this thread calls.
 */
void cputime_child(struct task *n, struct task *parent, bool carried);
/*
 * The calling thread, of @t, carries another task from now on; since then,
 * and has it back.
 */
int64_t cputime_carry(void);
void cputime_carried(struct task *t, int64_t since_ns);
/*
 * execve(2): the calling thread, of @t, is to be left for one in another host
 * process; and that one has taken over.
 */
struct cputime_move {
	int64_t thread_ns, process_ns;
};
void cputime_leave(struct task *t, struct cputime_move *m);
void cputime_arrive(struct task *t, const struct cputime_move *m);
/* The calling thread @t ends. */
void cputime_exit(struct task *t);
/* The last reference of @g goes. */
void cputime_release(struct tgroup *g);

/* WORK_CPU: tell the CPU time, look at timers.  No lock may be held. */
void cputime_work(struct task *t);

/* cputimer.c */
void cputimer_init(struct cputimer *ct, struct task *task,
		   enum cpu_clock clock,
		   int64_t (*fn)(struct cputimer *ct, int64_t now_ns));
/* What its clock shows, for current(). */
int64_t cputimer_now(struct task *t, const struct cputimer *ct);
/*
 * Let it expire at @expires_ns of its clock, NEVER_NS: not at all; by a thread
 * of its process.  0, or -EAGAIN.
 */
int cputimer_set(struct task *t, struct cputimer *ct, int64_t expires_ns)
	__must_check;
void cputimer_cancel(struct tgroup *g, struct cputimer *ct);
/* When it expires; NEVER_NS: it is not set. */
int64_t cputimer_expires(struct tgroup *g, struct cputimer *ct);
/* Fire what is due; arm the next look. */
void cputimer_check(struct task *t);
void cputimer_group_init(struct tgroup *g);
/* The thread ends, the process ends: so do their timers. */
void cputimer_thread_exit(struct task *t);
void cputimer_group_exit(struct tgroup *g);
/* RLIMIT_CPU of @g was changed, or is there from the start. */
int cputimer_limit(struct tgroup *g) __must_check;

#endif
