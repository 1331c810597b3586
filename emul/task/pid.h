/* SPDX-License-Identifier: Apache-2.0 */
/* pid.h: the table behind task_find(); pids_lock is held for all of these. */
#ifndef SBX_TASK_PID_H
#define SBX_TASK_PID_H

struct task;
struct tgroup;

#define PID_MAX		4194304		/* as /proc/sys/kernel/pid_max */

void pid_init(void);
/* Enter @t under a new number, which is returned; -EAGAIN: none is left. */
int pid_enter(struct task *t);
void pid_leave(int pid);
/* Enter @t under @pid, which is in use already. */
void pid_put(int pid, struct task *t);
/* Borrowed, good while pids_lock is held. */
struct task *pid_lookup(int pid);
/*
 * The lowest number above @after of a process, or with @g of a thread in it;
 * -1: none.  The one that takes pids_lock by itself.
 */
int pid_next(int after, const struct tgroup *g);
/* The number given last, for /proc/loadavg; needs no lock. */
int pid_newest(void);

#endif
