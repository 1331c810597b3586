/* SPDX-License-Identifier: Apache-2.0 */
/* sched.h: what the files of emul/task tell each other. */
#ifndef SBX_TASK_SCHED_H
#define SBX_TASK_SCHED_H

#include "emul/lib/types.h"

struct boot;
struct cred;
struct mm;
struct task;
struct thread;

/* Keep the CPU mask that the launcher found. */
void sched_init(const struct boot *boot);
unsigned int sched_cpus(void);		/* how many the sandbox may use */
bool sched_has_cpu(unsigned int cpu);	/* may it use that one? */

/* sys_sched.c: the task @pid, 0: @t; with a reference; NULL: none. */
struct task *sched_target(struct task *t, int pid) __must_check;
/* May @t change how @o is scheduled? */
bool sched_allowed(struct task *t, struct task *o);

/*
 * affinity.c: the CPUs that @t may run on, as SCHED_MASK_WORDS words, and how
 * many of the words count.
 */
#define SCHED_MASK_WORDS	16
unsigned int sched_mask(struct task *t, uint64_t *mask);
/* The mask of @from for @to, which is new.  -ENOMEM. */
int sched_inherit(struct task *to, struct task *from) __must_check;
/*
 * The host thread of @t is new and not cloned from its old one: tell the host
 * what @t was given.  It is cloned from kinit's, which was cloned from that of
 * the task which sched_template() told of (NULL: none).
 */
void sched_template(const struct task *t);
void sched_arrive(struct task *t);
/* Ask the broker for BROKER_SCHED_* @what on the host thread of @o. */
int sched_ask(struct task *o, unsigned int what, uint64_t value,
	      const uint64_t *mask);

/* sys_prio.c: nice value @nice for @o, if @t may.  0, -EPERM, -EACCES. */
long sched_set_nice(struct task *t, struct task *o, int nice);

/* notify.c: how threads are kicked. */
void notify_init(const struct boot *boot);

/* The credentials of the first tasks; the caller has the reference. */
struct cred *cred_boot(const struct boot *boot) __must_check;

/* clone.c: leave files, directories and memory. */
void task_release_parts(struct task *t);
/* clone.c: change what others may be looking at. */
void task_set_mm(struct task *t, struct mm *mm);

#define SAS_DISABLE	2	/* SS_DISABLE of sigaltstack(2) */

#endif
