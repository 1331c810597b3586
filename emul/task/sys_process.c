/* SPDX-License-Identifier: Apache-2.0 */
/* sys_process.c: who am I and whose child; waiting for children. */
#include <linux/wait.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/uapi.h"
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

/* No process has children yet: only the arguments can be wrong. */
long sys_wait4(struct task *t, int pid, uaddr_t wstatus, int options,
	       uaddr_t rusage)
{
	(void)t;
	(void)wstatus;
	(void)rusage;
	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD |
			__WCLONE | __WALL))
		return -EINVAL;
	if (pid == (int)0x80000000)
		return -ESRCH;
	return -ECHILD;
}

long sys_waitid(struct task *t, int idtype, int id, uaddr_t info, int options,
		uaddr_t rusage)
{
	(void)t;
	(void)info;
	(void)rusage;
	if (options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED |
			__WNOTHREAD | __WCLONE | __WALL))
		return -EINVAL;
	if (!(options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	switch (idtype) {
	case P_ALL:
		break;
	case P_PID:
		if (id <= 0)
			return -EINVAL;
		break;
	case P_PGID:
		if (id < 0)
			return -EINVAL;
		break;
	case P_PIDFD:
		return id < 0 ? -EINVAL : -EBADF;
	default:
		return -EINVAL;
	}
	return -ECHILD;
}
