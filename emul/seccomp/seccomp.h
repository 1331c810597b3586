/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp.h: a guest's own filters of system calls, seccomp(2).
 *
 * They have nothing to do with the filter that makes the sandbox: that one is
 * the host's.  These are a chain for each task, newest first, which a child
 * shares with its parent; every call runs all of them, unless a bitmap says
 * that its number passes whatever its arguments.
 */
#ifndef SBX_SECCOMP_SECCOMP_H
#define SBX_SECCOMP_SECCOMP_H

#include "emul/lib/types.h"

struct regs;
struct seccomp_filter;
struct task;

/* As in struct task: the SECCOMP_MODE_* of linux/seccomp.h. */

/*
 * Before a call of a task with a mode: may it be done?  If not, *@ret is
 * what rax gets.  May not return: the task was ended.
 */
bool seccomp_allows(struct task *t, struct regs *r, long *ret);

/* The mode of @from for @to, which is new and has none. */
void seccomp_inherit(struct task *to, const struct task *from);
/* @t is gone. */
void seccomp_release(struct task *t);
/* How many filters @t has, for /proc/PID/status. */
unsigned int seccomp_count(const struct task *t);

/* filter.c, for sys_seccomp.c: another filter from the guest's sock_fprog. */
long seccomp_attach(struct task *t, unsigned int flags, uaddr_t fprog);
/* Is @action one that is to be had? */
bool seccomp_action_known(uint32_t action);
/* The body of seccomp(2), for prctl(2) too. */
long seccomp_op(struct task *t, unsigned int op, unsigned int flags,
		uaddr_t args);

#endif
