/* SPDX-License-Identifier: Apache-2.0 */
/* sys_kill.c: the calls that send signals. */
#include <linux/capability.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/uapi.h"
#include "emul/signal/queue.h"
#include "emul/signal/siginfo.h"
#include "emul/sysproto.h"
#include "emul/task/pid.h"
#include "emul/task/pidfd.h"
#include "emul/task/session.h"
#include "emul/task/task.h"

/* kill(2): same user, or CAP_KILL; SIGCONT also inside a session. */
static bool may_signal(struct task *t, struct task *o, int sig)
{
	const struct cred *c = t->cred, *oc;
	bool ok;

	if (t->group == o->group || task_capable(t, CAP_KILL))
		return true;
	mutex_lock(&o->group->lock);
	oc = o->cred;
	ok = c->euid == oc->suid || c->euid == oc->uid ||
	     c->uid == oc->suid || c->uid == oc->uid;
	mutex_unlock(&o->group->lock);
	return ok || (sig == SIGCONT && t->group->sid == o->group->sid);
}

/* The number is looked at after the process, as Linux does. */
static int check_kill(struct task *t, struct task *o, int sig)
{
	if (sig < 0 || sig > NSIG64)
		return -EINVAL;
	return may_signal(t, o, sig) ? 0 : -EPERM;
}

static long send_group(struct task *t, struct task *o,
		       const struct siginfo128 *info)
{
	int err = check_kill(t, o, info->signo);

	if (err || !info->signo)
		return err;
	if (o == t)
		return signal_send(t, info, true);
	return signal_send_group(o->group, info);
}

/* kill(2): a process group. */
static long send_pgrp(struct task *t, int pgid, const struct siginfo128 *info)
{
	struct tgroup *first, *g;
	long ret = -ESRCH;

	mutex_lock(&pids_lock);
	first = pgrp_first(pgid);
	/* One that was reached is success. */
	pgrp_for_each(g, first)
		if (ret)
			ret = send_group(t, pid_lookup(g->pid), info);
		else
			send_group(t, pid_lookup(g->pid), info);
	mutex_unlock(&pids_lock);
	return ret;
}

/* kill(2) with -1: all but init and the caller's own. */
static long send_all(struct task *t, const struct siginfo128 *info)
{
	long ret = -ESRCH, err;
	struct tgroup *g;

	mutex_lock(&pids_lock);
	list_for_each(g, &all_groups, all_link) {
		if (g->pid == 1 || g == t->group)
			continue;
		err = send_group(t, pid_lookup(g->pid), info);
		if (err != -EPERM)
			ret = err;
		else if (ret == -ESRCH)
			ret = 0;
	}
	mutex_unlock(&pids_lock);
	return ret;
}

static long send_to(struct task *t, int pid, const struct siginfo128 *info)
{
	struct task *o;
	long err;

	if (pid == t->group->pid && t->tid == pid)
		return send_group(t, t, info);
	if (pid == (int)0x80000000)
		return -ESRCH;
	if (pid == -1)
		return send_all(t, info);
	if (pid <= 0)
		return send_pgrp(t, pid ? -pid : load_once(&t->group->pgid),
				 info);
	o = task_find(pid);
	if (!o)
		return -ESRCH;
	err = send_group(t, o, info);
	task_put(o);
	return err;
}

long sys_kill(struct task *t, int pid, int sig)
{
	struct siginfo128 info;

	siginfo_init(&info, sig, SICODE_USER);
	siginfo_sender(&info, t->group->pid, t->cred->uid);
	return send_to(t, pid, &info);
}

/* To the thread @tid of the group @tgid (0: any). */
static long send_thread(struct task *t, int tgid, int tid,
			const struct siginfo128 *info)
{
	struct task *o;
	long err;

	if (tid == t->tid) {
		o = t;
		ref_get(&t->ref);
	} else {
		o = task_find(tid);
	}
	if (!o)
		return -ESRCH;
	if (tgid && o->group->pid != tgid)
		err = -ESRCH;
	else
		err = check_kill(t, o, info->signo);
	if (!err && info->signo)
		err = signal_send(o, info, false);
	task_put(o);
	return err;
}

static long do_tkill(struct task *t, int tgid, int tid, int sig)
{
	struct siginfo128 info;

	siginfo_init(&info, sig, SICODE_TKILL);
	siginfo_sender(&info, t->group->pid, t->cred->uid);
	return send_thread(t, tgid, tid, &info);
}

long sys_tkill(struct task *t, int tid, int sig)
{
	return tid <= 0 ? -EINVAL : do_tkill(t, 0, tid, sig);
}

long sys_tgkill(struct task *t, int tgid, int tid, int sig)
{
	return tid <= 0 || tgid <= 0 ? -EINVAL : do_tkill(t, tgid, tid, sig);
}

/* What Linux keeps of the guest's siginfo_t; the rest is told as 0. */
#define SIGINFO_USED	48

static int siginfo_get(uaddr_t addr, struct siginfo128 *info)
{
	memset(info, 0, sizeof(*info));
	return copy_in(info, addr, SIGINFO_USED);
}

/* Nobody may pretend to be the kernel or kill(2) towards another. */
static bool pretends(const struct siginfo128 *info)
{
	return info->code >= 0 || info->code == SICODE_TKILL;
}

long sys_rt_sigqueueinfo(struct task *t, int pid, int sig, uaddr_t info)
{
	struct siginfo128 si;
	struct task *o;
	long ret;

	if (siginfo_get(info, &si))
		return -EFAULT;
	si.signo = sig;
	if (pid != t->tid && pretends(&si))
		return -EPERM;
	o = task_find(pid);
	if (!o)
		return -ESRCH;
	ret = send_group(t, o, &si);
	task_put(o);
	return ret;
}

long sys_rt_tgsigqueueinfo(struct task *t, int tgid, int tid, int sig,
			   uaddr_t info)
{
	struct siginfo128 si;

	if (siginfo_get(info, &si))
		return -EFAULT;
	si.signo = sig;
	if (tid <= 0 || tgid <= 0)
		return -EINVAL;
	if (tid != t->tid && pretends(&si))
		return -EPERM;
	return send_thread(t, tgid, tid, &si);
}

static long send_pidfd(struct task *t, const struct tgroup *g, int sig,
		       uaddr_t info)
{
	struct siginfo128 si;
	struct task *o;
	long ret;

	if (info) {
		if (siginfo_get(info, &si))
			return -EFAULT;
		if (si.signo != sig)
			return -EINVAL;
		if (g != t->group && pretends(&si))
			return -EPERM;
	} else {
		siginfo_init(&si, sig, SICODE_USER);
		siginfo_sender(&si, t->group->pid, t->cred->uid);
	}
	o = group_leader(g);
	if (!o)
		return -ESRCH;
	ret = send_group(t, o, &si);
	task_put(o);
	return ret;
}

long sys_pidfd_send_signal(struct task *t, int pidfd, int sig, uaddr_t info,
			   unsigned int flags)
{
	struct tgroup *g;
	long ret;

	if (flags)
		return -EINVAL;
	ret = pidfd_or_dir(t, pidfd, &g);
	if (ret)
		return ret;
	ret = send_pidfd(t, g, sig, info);
	tgroup_put(g);
	return ret;
}

long signal_epipe(struct task *t)
{
	struct siginfo128 info;

	siginfo_init(&info, SIGPIPE, 0 /* SI_USER */);
	siginfo_sender(&info, t->group->pid, t->cred->uid);
	signal_send(t, &info, false);
	return -EPIPE;
}
