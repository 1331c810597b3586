/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_sched.c: scheduling, sched(7).
 *
 * The host schedules.  Policies that only ask for less (batch, idle, a
 * higher nice value) are kept and told, for they are hints; what would take
 * from others is refused, as the user of sbx could not have it either.
 */
#include <linux/capability.h>
#include <linux/sched.h>

#include "emul/entry/uaccess.h"
#include "emul/host/host.h"
#include "emul/lib/string.h"
#include "emul/lib/uapi.h"
#include "emul/sysproto.h"
#include "emul/task/pid.h"
#include "emul/task/sched.h"
#include "emul/task/task.h"
#include "emul/time/time.h"

#define POLICY_OTHER	0
#define POLICY_FIFO	1
#define POLICY_RR	2
#define POLICY_BATCH	3
#define POLICY_IDLE	5
#define POLICY_DEADLINE	6

struct task *sched_target(struct task *t, int pid)
{
	if (!pid || pid == t->tid) {
		ref_get(&t->ref);
		return t;
	}
	return task_find(pid);
}

bool sched_allowed(struct task *t, struct task *o)
{
	bool ok;

	if (t->group == o->group || task_capable(t, CAP_SYS_NICE))
		return true;
	mutex_lock(&o->group->lock);
	ok = t->cred->euid == o->cred->euid || t->cred->euid == o->cred->uid;
	mutex_unlock(&o->group->lock);
	return ok;
}

long sys_sched_yield(struct task *t)
{
	(void)t;
	return host_sched_yield();
}

static bool policy_known(int policy)
{
	return policy >= POLICY_OTHER && policy <= POLICY_DEADLINE &&
	       policy != 4;
}

static bool policy_realtime(int policy)
{
	return policy == POLICY_FIFO || policy == POLICY_RR;
}

static long set_policy(struct task *t, int pid, int policy, int prio)
{
	int base = policy & ~0x40000000;	/* SCHED_RESET_ON_FORK */
	struct task *o;
	long err = 0;

	if (!policy_known(base) || base == POLICY_DEADLINE)
		return -EINVAL;
	if (policy_realtime(base) ? prio < 1 || prio > 99 : prio)
		return -EINVAL;
	o = sched_target(t, pid);
	if (!o)
		return -ESRCH;
	if (!sched_allowed(t, o) || policy_realtime(base)) {
		err = -EPERM;
	} else {
		o->sched_policy = base;
		o->sched_reset_on_fork = policy != base;
	}
	task_put(o);
	return err;
}

long sys_sched_setscheduler(struct task *t, int pid, int policy, uaddr_t param)
{
	int prio;

	if (!param || pid < 0 || policy < 0)
		return -EINVAL;
	if (get_user(&prio, param))
		return -EFAULT;
	return set_policy(t, pid, policy, prio);
}

long sys_sched_getscheduler(struct task *t, int pid)
{
	struct task *o;
	long ret;

	if (pid < 0)
		return -EINVAL;
	o = sched_target(t, pid);
	if (!o)
		return -ESRCH;
	ret = o->sched_policy |
	      (o->sched_reset_on_fork ? 0x40000000 : 0);
	task_put(o);
	return ret;
}

long sys_sched_setparam(struct task *t, int pid, uaddr_t param)
{
	struct task *o;
	int prio;

	if (!param || pid < 0)
		return -EINVAL;
	if (get_user(&prio, param))
		return -EFAULT;
	o = sched_target(t, pid);
	if (!o)
		return -ESRCH;
	task_put(o);
	/* No policy that is to be had has another priority. */
	return prio ? -EINVAL : 0;
}

long sys_sched_getparam(struct task *t, int pid, uaddr_t param)
{
	struct task *o;
	int prio = 0;

	if (!param || pid < 0)
		return -EINVAL;
	o = sched_target(t, pid);
	if (!o)
		return -ESRCH;
	task_put(o);
	return put_user(param, &prio);
}

long sys_sched_get_priority_max(struct task *t, int policy)
{
	(void)t;
	if (!policy_known(policy))
		return -EINVAL;
	return policy_realtime(policy) ? 99 : 0;
}

long sys_sched_get_priority_min(struct task *t, int policy)
{
	(void)t;
	if (!policy_known(policy))
		return -EINVAL;
	return policy_realtime(policy) ? 1 : 0;
}

long sys_sched_rr_get_interval(struct task *t, int pid, uaddr_t interval)
{
	/* What the host gives a task of an ordinary policy. */
	struct timespec64 ts = { 0, 4000000 };
	struct task *o;

	if (pid < 0)
		return -EINVAL;
	o = sched_target(t, pid);
	if (!o)
		return -ESRCH;
	task_put(o);
	return put_user(interval, &ts);
}

struct guest_sched_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

#define ATTR_VER0	48

long sys_sched_getattr(struct task *t, int pid, uaddr_t attr,
		       unsigned int size, unsigned int flags)
{
	struct guest_sched_attr a;
	struct task *o;

	if (!attr || pid < 0 || size > PAGE_SIZE || size < ATTR_VER0 || flags)
		return -EINVAL;
	o = sched_target(t, pid);
	if (!o)
		return -ESRCH;
	memset(&a, 0, sizeof(a));
	a.policy = (uint32_t)o->sched_policy;
	a.flags = o->sched_reset_on_fork;
	a.nice = o->nice;
	a.util_max = 1024;
	task_put(o);
	a.size = MIN(size, (unsigned int)sizeof(a));
	return copy_out(attr, &a, a.size);
}

long sys_sched_setattr(struct task *t, int pid, uaddr_t attr,
		       unsigned int flags)
{
	struct guest_sched_attr a;
	struct task *o;
	uint32_t size;
	long err;

	if (!attr || pid < 0 || flags)
		return -EINVAL;
	if (get_user(&size, attr))
		return -EFAULT;
	if (!size)
		size = ATTR_VER0;
	if (size < ATTR_VER0 || size > PAGE_SIZE)
		return -E2BIG;
	memset(&a, 0, sizeof(a));
	if (copy_in(&a, attr, MIN(size, (uint32_t)sizeof(a))))
		return -EFAULT;
	if ((int)a.policy < 0 || (a.flags & ~1ULL))
		return -EINVAL;
	err = set_policy(t, pid, (int)a.policy | (a.flags ? 0x40000000 : 0),
			 (int)a.priority);
	if (err || (a.policy != POLICY_OTHER && a.policy != POLICY_BATCH))
		return err;
	o = sched_target(t, pid);
	if (!o)
		return -ESRCH;
	err = sched_set_nice(t, o, a.nice);
	task_put(o);
	return err == -EACCES ? -EPERM : err;
}

/*
 * The limit of segment 15 is the CPU's number on every x86-64 Linux, as the
 * vdso knows: reading it is no host call.
 */
long sys_getcpu(struct task *t, uaddr_t cpu, uaddr_t node, uaddr_t tcache)
{
	uint32_t seg = 15 * 8 + 3, lim = 0, c, n;

	(void)t;
	(void)tcache;
	__asm__ volatile("lsl %1, %0" : "+r"(lim) : "r"(seg) : "cc");
	c = lim & 0xfff;
	n = lim >> 12;
	if ((cpu && put_user(cpu, &c)) || (node && put_user(node, &n)))
		return -EFAULT;
	return 0;
}
