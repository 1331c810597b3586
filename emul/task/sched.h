/* SPDX-License-Identifier: Apache-2.0 */
/* sched.h: what the files of emul/task tell each other. */
#ifndef SBX_TASK_SCHED_H
#define SBX_TASK_SCHED_H

#include "emul/lib/types.h"

struct boot;
struct cred;
struct task;
struct thread;

/* Keep the CPU mask that the launcher found. */
void sched_init(const struct boot *boot);
unsigned int sched_cpus(void);		/* how many the sandbox may use */

/* notify.c: how threads are kicked. */
void notify_init(const struct boot *boot);

/* The credentials of the first tasks; the caller has the reference. */
struct cred *cred_boot(const struct boot *boot) __must_check;

/* clone.c: leave files, directories and memory. */
void task_release_parts(struct task *t);

#define SAS_DISABLE	2	/* SS_DISABLE of sigaltstack(2) */

#endif
