/* SPDX-License-Identifier: Apache-2.0 */
/* sys_prctl.c: prctl(2), arch_prctl(2), personality(2). */
#include <asm/prctl.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>

#include "emul/abi/regs.h"
#include "emul/entry/uaccess.h"
#include "emul/lib/string.h"
#include "emul/lib/uapi.h"
#include "emul/mm/mm.h"
#include "emul/seccomp/seccomp.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "interposer/patch.h"

#ifndef PR_SET_VMA
#define PR_SET_VMA	0x53564d41
#endif
#ifndef ARCH_GET_XCOMP_SUPP
#define ARCH_GET_XCOMP_SUPP	0x1021
#define ARCH_GET_XCOMP_PERM	0x1022
#define ARCH_REQ_XCOMP_PERM	0x1023
#endif
#define PR_SPEC_LAST	2		/* PR_SPEC_L1D_FLUSH */
#define TSC_ENABLE	1		/* PR_TSC_ENABLE */
#define DEFAULT_SLACK	50000
#define CAP_LAST	40		/* CAP_CHECKPOINT_RESTORE */

static long set_name(struct task *t, uaddr_t arg)
{
	char name[TASK_COMM_LEN] = { 0 };
	long n = copy_str(name, arg, sizeof(name));

	if (n == -EFAULT)
		return -EFAULT;
	name[TASK_COMM_LEN - 1] = 0;
	memcpy(t->comm, name, sizeof(name));
	return 0;
}

static long cap_ambient(struct task *t, unsigned long op, unsigned long cap)
{
	const struct cred *c = t->cred;
	struct cred *n;

	if (op == PR_CAP_AMBIENT_CLEAR_ALL)
		cap = 0;
	if (cap > CAP_LAST)
		return -EINVAL;
	if (op == PR_CAP_AMBIENT_IS_SET)
		return c->cap_ambient >> cap & 1;
	if (op != PR_CAP_AMBIENT_CLEAR_ALL && op != PR_CAP_AMBIENT_RAISE &&
	    op != PR_CAP_AMBIENT_LOWER)
		return -EINVAL;
	if (op == PR_CAP_AMBIENT_RAISE &&
	    (!(c->cap_permitted & c->cap_inheritable & 1ULL << cap) ||
	     (t->securebits & SECBIT_NO_CAP_AMBIENT_RAISE)))
		return -EPERM;
	n = cred_copy(c);
	if (!n)
		return -ENOMEM;
	if (op == PR_CAP_AMBIENT_CLEAR_ALL)
		n->cap_ambient = 0;
	else if (op == PR_CAP_AMBIENT_RAISE)
		n->cap_ambient |= 1ULL << cap;
	else
		n->cap_ambient &= ~(1ULL << cap);
	cred_commit(t, n);
	return 0;
}

static long cap_drop(struct task *t, unsigned long cap)
{
	struct cred *n;

	if (!task_capable(t, CAP_SETPCAP))
		return -EPERM;
	if (cap > CAP_LAST)
		return -EINVAL;
	n = cred_copy(t->cred);
	if (!n)
		return -ENOMEM;
	n->cap_bounding &= ~(1ULL << cap);
	cred_commit(t, n);
	return 0;
}

/* Locked bits stay; base bits need CAP_SETPCAP. */
static long set_securebits(struct task *t, unsigned long bits)
{
	uint32_t old = t->securebits;

	if (((old & SECURE_ALL_LOCKS) >> 1 & (old ^ (uint32_t)bits)) ||
	    (old & SECURE_ALL_LOCKS & ~(uint32_t)bits) ||
	    (bits & ~(unsigned long)(SECURE_ALL_LOCKS | SECURE_ALL_BITS)) ||
	    !task_capable(t, CAP_SETPCAP))
		return -EPERM;
	t->securebits = (uint32_t)bits;
	return 0;
}

static long keep_caps(struct task *t, unsigned long on)
{
	if (on > 1)
		return -EINVAL;
	if (t->securebits & SECBIT_KEEP_CAPS_LOCKED)
		return -EPERM;
	t->securebits &= ~(uint32_t)SECBIT_KEEP_CAPS;
	if (on)
		t->securebits |= SECBIT_KEEP_CAPS;
	return 0;
}

static long set_seccomp(struct task *t, unsigned long mode, uaddr_t args)
{
	switch (mode) {
	case SECCOMP_MODE_STRICT:
		return seccomp_op(t, SECCOMP_SET_MODE_STRICT, 0, 0);
	case SECCOMP_MODE_FILTER:
		return seccomp_op(t, SECCOMP_SET_MODE_FILTER, 0, args);
	default:
		return -EINVAL;
	}
}

static long put_int(uaddr_t addr, int v)
{
	return put_user(addr, &v);
}

/* The options that are a word of the task, to be set or read. */
static long prctl_word(struct task *t, int option, unsigned long a,
		       unsigned long more)
{
	switch (option) {
	case PR_SET_DUMPABLE:
		if (a > 1)
			return -EINVAL;
		t->group->dumpable = a;
		return 0;
	case PR_GET_DUMPABLE:
		return t->group->dumpable;
	case PR_SET_PDEATHSIG:
		if (a > NSIG64)
			return -EINVAL;
		t->pdeath_signal = (int)a;
		return 0;
	case PR_GET_PDEATHSIG:
		return put_int(a, t->pdeath_signal);
	case PR_SET_NO_NEW_PRIVS:
		if (a != 1 || more)
			return -EINVAL;
		t->no_new_privs = true;
		return 0;
	case PR_GET_NO_NEW_PRIVS:
		return a || more ? -EINVAL : t->no_new_privs;
	case PR_SET_TIMERSLACK:
		t->timer_slack_ns = (long)a > 0 ? a : DEFAULT_SLACK;
		return 0;
	case PR_GET_TIMERSLACK:
		return (long)t->timer_slack_ns;
	case PR_SET_THP_DISABLE:
		if (more)
			return -EINVAL;
		t->thp_disable = a;
		return 0;
	case PR_GET_THP_DISABLE:
		return a || more ? -EINVAL : t->thp_disable;
	case PR_SET_CHILD_SUBREAPER:
		t->group->subreaper = a;
		return 0;
	case PR_GET_CHILD_SUBREAPER:
		return put_int(a, t->group->subreaper);
	case PR_SET_KEEPCAPS:
		return keep_caps(t, a);
	case PR_GET_KEEPCAPS:
		return t->securebits & SECBIT_KEEP_CAPS ? 1 : 0;
	case PR_SET_SECUREBITS:
		return set_securebits(t, a);
	case PR_GET_SECUREBITS:
		return t->securebits;
	default:
		return -EINVAL;
	}
}

/* What to do about broken memory; the kernel never hears of any. */
static long mce_kill(struct task *t, unsigned long op, unsigned long policy)
{
	if (op == PR_MCE_KILL_CLEAR && !policy) {
		t->mce_kill = 0;
		return 0;
	}
	if (op != PR_MCE_KILL_SET || policy > PR_MCE_KILL_DEFAULT)
		return -EINVAL;
	t->mce_kill = policy == PR_MCE_KILL_DEFAULT ? 0 : (uint8_t)policy + 1;
	return 0;
}

/* No guest has the capability; Linux checks it last. */
static long set_mm(struct task *t, unsigned long op, unsigned long arg4,
		   unsigned long arg5)
{
	if (arg5 || (arg4 && op != PR_SET_MM_AUXV) || op == PR_SET_MM_MAP ||
	    op == PR_SET_MM_MAP_SIZE)
		return -EINVAL;
	return task_capable(t, CAP_SYS_RESOURCE) ? -EINVAL : -EPERM;
}

static long io_flusher(const struct task *t)
{
	return task_capable(t, CAP_SYS_RESOURCE) ? -EINVAL : -EPERM;
}

/*
 * What the host does about speculation is not ours to tell or to change: it
 * is to be thought on.
 */
static long get_speculation(unsigned long which)
{
	return which > PR_SPEC_LAST ? -ENODEV : (long)PR_SPEC_ENABLE;
}

static long set_speculation(unsigned long which)
{
	return which > PR_SPEC_LAST ? -ENODEV : -ENXIO;
}

long sys_prctl(struct task *t, int option, unsigned long arg2,
	       unsigned long arg3, unsigned long arg4, unsigned long arg5)
{
	switch (option) {
	case PR_SET_NAME:
		return set_name(t, arg2);
	case PR_GET_NAME:
		return copy_out(arg2, t->comm, sizeof(t->comm));
	case PR_CAPBSET_READ:
		if (arg2 > CAP_LAST)
			return -EINVAL;
		return t->cred->cap_bounding >> arg2 & 1;
	case PR_CAPBSET_DROP:
		return cap_drop(t, arg2);
	case PR_CAP_AMBIENT:
		return arg4 || arg5 ? -EINVAL : cap_ambient(t, arg2, arg3);
	case PR_GET_TIMING:
		return PR_TIMING_STATISTICAL;
	case PR_SET_TIMING:
		return arg2 == PR_TIMING_STATISTICAL ? 0 : -EINVAL;
	case PR_GET_TSC:
		return put_int(arg2, TSC_ENABLE);
	case PR_SET_TSC:
		return arg2 == TSC_ENABLE ? 0 : -EINVAL;
	case PR_GET_SECCOMP:
		return t->seccomp_mode;
	case PR_SET_SECCOMP:
		return set_seccomp(t, arg2, arg3);
	case PR_GET_TID_ADDRESS:
		return put_user(arg2, &t->clear_child_tid);
	case PR_MCE_KILL:
		return arg4 || arg5 ? -EINVAL : mce_kill(t, arg2, arg3);
	case PR_MCE_KILL_GET:
		if (arg2 || arg3 || arg4 || arg5)
			return -EINVAL;
		return t->mce_kill ? t->mce_kill - 1 : PR_MCE_KILL_DEFAULT;
	case PR_SET_MM:
		return set_mm(t, arg2, arg4, arg5);
	case PR_SET_IO_FLUSHER:
	case PR_GET_IO_FLUSHER:
		return io_flusher(t);
	case PR_TASK_PERF_EVENTS_DISABLE:
	case PR_TASK_PERF_EVENTS_ENABLE:
		return 0;	/* there are none */
	case PR_GET_SPECULATION_CTRL:
		return arg3 || arg4 || arg5 ? -EINVAL : get_speculation(arg2);
	case PR_SET_SPECULATION_CTRL:
		return arg4 || arg5 ? -EINVAL : set_speculation(arg2);
	case PR_SET_SYSCALL_USER_DISPATCH:
		/* To have it off is what there is. */
		return arg2 != PR_SYS_DISPATCH_OFF || arg3 || arg4 || arg5 ?
			-EINVAL : 0;
	default:
		return prctl_word(t, option, arg2, arg3 | arg4 | arg5);
	}
}

#ifndef SBX_HOSTED
static uint64_t fs_base(void)
{
	uint64_t v;

	__asm__ volatile("rdfsbase %0" : "=r"(v));
	return v;
}

static void set_fs_base(uint64_t v)
{
	__asm__ volatile("wrfsbase %0" :: "r"(v));
}
#else
static uint64_t fs_base(void)
{
	return 0;
}

static void set_fs_base(uint64_t v)
{
	(void)v;
}
#endif

/* From now on GS is changed at each border, and sites stay as they are. */
static long set_gs(struct task *t, uint64_t base)
{
	struct thread *th = t->thread;

	patch_disable(t->mm);
	th->guest_gs = base;
	__atomic_fetch_or(&th->work, WORK_GS, __ATOMIC_SEQ_CST);
	return 0;
}

long sys_arch_prctl(struct task *t, int option, unsigned long addr)
{
	uint64_t v = 1, feat = 7;	/* x87, SSE, AVX at least */

	switch (option) {
	case ARCH_SET_FS:
		if (addr >= REGION_START)
			return -EPERM;
		t->fs_base_hint = addr;
		set_fs_base(addr);
		return 0;
	case ARCH_GET_FS:
		v = fs_base();
		return put_user(addr, &v);
	case ARCH_SET_GS:
		return addr >= REGION_START ? -EPERM : set_gs(t, addr);
	case ARCH_GET_GS:
		v = t->thread->guest_gs;
		return put_user(addr, &v);
	case ARCH_GET_CPUID:
		return 1;
	case ARCH_SET_CPUID:
		return addr ? 0 : -ENODEV;
	case ARCH_GET_XCOMP_SUPP:
	case ARCH_GET_XCOMP_PERM:
		return put_user(addr, &feat);
	default:
		return -EINVAL;
	}
}

long sys_personality(struct task *t, unsigned int persona)
{
	/* Nothing here behaves otherwise by it; it is kept for exec and told. */
	unsigned int old = (unsigned int)t->personality;

	if (persona != 0xffffffff)
		t->personality = persona;
	return old;
}
