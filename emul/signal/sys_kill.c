/* SPDX-License-Identifier: Apache-2.0 */
/* sys_kill.c: the calls that send signals. */
#include <linux/capability.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/uapi.h"
#include "emul/signal/queue.h"
#include "emul/signal/siginfo.h"
#include "emul/sysproto.h"
#include "emul/task/pid.h"
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

static long send_group(struct task *t, struct task *o,
		       const struct siginfo128 *info)
{
	if (!may_signal(t, o, info->signo))
		return -EPERM;
	if (!info->signo)
		return 0;
	if (o == t)
		return signal_send(t, info, true);
	return signal_send_group(o->group, info);
}

/* The groups with @pgid, or all but init and the caller's own (@pgid 0). */
static long send_many(struct task *t, int pgid, const struct siginfo128 *info)
{
	long ret = -ESRCH, err;
	struct tgroup *g;
	struct task *o;

	mutex_lock(&pids_lock);
	list_for_each(g, &all_groups, all_link) {
		if (pgid ? g->pgid != pgid : g->pid == 1 || g == t->group)
			continue;
		o = pid_lookup(g->pid);
		err = o ? send_group(t, o, info) : -ESRCH;
		/* One that was reached is success. */
		if (!err || ret == -ESRCH)
			ret = err;
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
	if (pid == 0)
		return send_many(t, t->group->pgid, info);
	if (pid == -1)
		return send_many(t, 0, info);
	if (pid < 0)
		return send_many(t, -pid, info);
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

	if (sig < 0 || sig > NSIG64)
		return -EINVAL;
	siginfo_init(&info, sig, SICODE_USER);
	siginfo_sender(&info, t->group->pid, t->cred->uid);
	return send_to(t, pid, &info);
}

/* To the thread @tid of the group @tgid (0: any). */
static long send_thread(struct task *t, int tgid, int tid,
			const struct siginfo128 *info)
{
	struct task *o;
	long err = 0;

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
	else if (!may_signal(t, o, info->signo))
		err = -EPERM;
	else if (info->signo)
		err = signal_send(o, info, false);
	task_put(o);
	return err;
}

static long do_tkill(struct task *t, int tgid, int tid, int sig)
{
	struct siginfo128 info;

	if (sig < 0 || sig > NSIG64)
		return -EINVAL;
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

/* Nobody may pretend to be the kernel or kill(2) towards another. */
static int siginfo_get(struct task *t, uaddr_t addr, int sig, int pid,
		       struct siginfo128 *info)
{
	if (get_user(info, addr))
		return -EFAULT;
	info->signo = sig;
	if ((info->code >= 0 || info->code == SICODE_TKILL) && pid != t->tid &&
	    pid != t->group->pid)
		return -EPERM;
	if (sig < 0 || sig > NSIG64)
		return -EINVAL;
	return 0;
}

long sys_rt_sigqueueinfo(struct task *t, int pid, int sig, uaddr_t info)
{
	struct siginfo128 si;
	int err = siginfo_get(t, info, sig, pid, &si);
	struct task *o;
	long ret;

	if (err)
		return err;
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
	int err;

	if (tid <= 0 || tgid <= 0)
		return -EINVAL;
	err = siginfo_get(t, info, sig, tid, &si);
	return err ? err : send_thread(t, tgid, tid, &si);
}

long signal_epipe(struct task *t)
{
	struct siginfo128 info;

	siginfo_init(&info, SIGPIPE, 0 /* SI_USER */);
	siginfo_sender(&info, t->group->pid, t->cred->uid);
	signal_send(t, &info, false);
	return -EPIPE;
}
