/* SPDX-License-Identifier: Apache-2.0 */
/* exec.h: start a program in a task; execve(2). */
#ifndef SBX_TASK_EXEC_H
#define SBX_TASK_EXEC_H

#include "emul/abi/boot.h"
#include "emul/lib/types.h"

struct regs;
struct task;

/*
 * The first program of the sandbox: load what @b names into @t, which has no
 * mm yet, and set @r so that leaving to the guest starts it.  0 or the -errno
 * that execve(2) would give.
 */
long exec_boot(struct task *t, const struct boot *b, struct regs *r);

#endif
