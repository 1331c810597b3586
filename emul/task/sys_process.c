/* SPDX-License-Identifier: Apache-2.0 */
/* sys_process.c: who am I and whose child. */
#include "emul/sysproto.h"
#include "emul/task/pid.h"
#include "emul/task/task.h"

long sys_getpid(struct task *t)
{
	return t->group->pid;
}

long sys_gettid(struct task *t)
{
	return t->tid;
}

long sys_getppid(struct task *t)
{
	struct tgroup *p;
	long pid;

	mutex_lock(&pids_lock);
	p = t->group->parent;
	pid = p ? p->pid : 0;
	mutex_unlock(&pids_lock);
	return pid;
}

long sys_set_tid_address(struct task *t, uaddr_t tidptr)
{
	t->clear_child_tid = tidptr;
	return t->tid;
}
