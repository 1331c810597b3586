/* SPDX-License-Identifier: Apache-2.0 */
/*
 * affinity.c: which CPUs a thread runs on; sched_setaffinity(2).
 *
 * A guest's thread is a host's, so the host binds it; the broker asks for
 * that, as the sandbox may not.  A mask is kept for the thread and told.
 */
#include "emul/abi/boot.h"
#include "emul/abi/regs.h"
#include "emul/entry/uaccess.h"
#include "emul/host/broker.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/lib/uapi.h"
#include "emul/sysproto.h"
#include "emul/task/hostproc.h"
#include "emul/task/sched.h"
#include "emul/task/task.h"

#define MASK_WORDS	SCHED_MASK_WORDS

static uint64_t cpu_mask[MASK_WORDS] __arena;
static uint32_t cpu_count __arena;
static bool template_bound __arena;

void sched_init(const struct boot *boot)
{
	memcpy(cpu_mask, boot->cpu_mask, sizeof(cpu_mask));
	cpu_count = 0;
	for (unsigned int i = 0; i < MASK_WORDS; i++)
		cpu_count += (uint32_t)__builtin_popcountll(cpu_mask[i]);
}

unsigned int sched_cpus(void)
{
	return cpu_count;
}

bool sched_has_cpu(unsigned int cpu)
{
	return cpu_mask[cpu / 64] >> cpu % 64 & 1;
}

unsigned int sched_mask(struct task *t, uint64_t *mask)
{
	unsigned int n = 1;

	mutex_lock(&t->group->lock);
	memcpy(mask, t->cpus ? t->cpus : cpu_mask, sizeof(cpu_mask));
	mutex_unlock(&t->group->lock);
	/* As many as the machine has, whatever a thread was given of them. */
	for (unsigned int i = 1; i < MASK_WORDS; i++)
		if (cpu_mask[i])
			n = i + 1;
	return n;
}

int sched_inherit(struct task *to, struct task *from)
{
	if (!load_once(&from->cpus))
		return 0;
	to->cpus = kmalloc(sizeof(cpu_mask));
	if (!to->cpus)
		return -ENOMEM;
	sched_mask(from, to->cpus);
	return 0;
}

int sched_ask(struct task *o, unsigned int what, uint64_t value,
	      const uint64_t *mask)
{
	struct broker_req req = {
		.op = BROKER_SCHED,
		.len1 = mask ? sizeof(cpu_mask) : 0,
		.arg = { 0, 0, what, value },
	};
	struct broker_rep rep;
	struct thread *th;

	/* The host's numbers hold while its thread is there. */
	mutex_lock(&o->group->lock);
	th = o->thread;
	/* A vfork child's is its parent's: it gets one of its own by execve. */
	if (th && th->carrier) {
		mutex_unlock(&o->group->lock);
		return 0;
	}
	if (th) {
		req.arg[0] = (uint32_t)hostproc_pid(th);
		req.arg[1] = (uint32_t)load_acquire(&th->host_tid);
	}
	mutex_unlock(&o->group->lock);
	if (!req.arg[1])
		return -ESRCH;
	return broker_call(&req, mask, &rep, NULL, 0, NULL);
}

void sched_template(const struct task *t)
{
	template_bound = t && t->cpus;
}

void sched_arrive(struct task *t)
{
	/* What the host refuses now it would have refused before. */
	if (t->cpus || template_bound)
		(void)sched_ask(t, BROKER_SCHED_AFFINITY, 0,
				t->cpus ? t->cpus : cpu_mask);
	if (t->nice)
		(void)sched_ask(t, BROKER_SCHED_NICE,
				(uint64_t)t->nice + 20, NULL);
	if (t->ioprio)
		(void)sched_ask(t, BROKER_SCHED_IOPRIO, t->ioprio, NULL);
}

long sys_sched_getaffinity(struct task *t, int pid, unsigned int len,
			   uaddr_t mask)
{
	uint64_t cpus[MASK_WORDS];
	unsigned int size;
	struct task *o;

	if (len & 7)
		return -EINVAL;
	o = sched_target(t, pid);
	if (!o)
		return -ESRCH;
	/* Linux wants room for the CPUs there may be, in whole words. */
	size = 8 * sched_mask(o, cpus);
	task_put(o);
	if (len < size)
		return -EINVAL;
	return copy_out(mask, cpus, size) ? -EFAULT : (long)size;
}

static long bind(struct task *o, uint64_t *want)
{
	uint64_t *old;
	int err = sched_ask(o, BROKER_SCHED_AFFINITY, 0, want);

	/* One that has just ended is bound to anything. */
	if (err && err != -ESRCH)
		return err;
	mutex_lock(&o->group->lock);
	old = o->cpus;
	o->cpus = want;
	mutex_unlock(&o->group->lock);
	kfree(old);
	return 0;
}

long sys_sched_setaffinity(struct task *t, int pid, unsigned int len,
			   uaddr_t mask)
{
	uint64_t *want = kzalloc(sizeof(cpu_mask));
	struct task *o;
	bool any = false;
	long err = 0;

	if (!want)
		return -ENOMEM;
	if (copy_in(want, mask, MIN((size_t)len, sizeof(cpu_mask)))) {
		kfree(want);
		return -EFAULT;
	}
	for (unsigned int i = 0; i < MASK_WORDS; i++) {
		want[i] &= cpu_mask[i];
		any |= want[i] != 0;
	}
	o = sched_target(t, pid);
	if (!o)
		err = -ESRCH;
	else if (!sched_allowed(t, o))
		err = -EPERM;
	else if (!any)
		err = -EINVAL;
	if (!err)
		err = bind(o, want);
	task_put(o);
	if (err)
		kfree(want);
	return err;
}
