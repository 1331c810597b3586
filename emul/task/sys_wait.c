/* SPDX-License-Identifier: Apache-2.0 */
/* sys_wait.c: wait4, waitid; wait(2). */
#include <linux/wait.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/uapi.h"
#include "emul/signal/siginfo.h"
#include "emul/sysproto.h"
#include "emul/task/pid.h"
#include "emul/task/pidfd.h"
#include "emul/task/reap.h"
#include "emul/task/task.h"

#define OPTIONS_BOTH	(WNOHANG | __WNOTHREAD | __WCLONE | __WALL)
#define STATUS_CONTINUED 0xffff

/* Which children, and what was found. */
struct wait_req {
	int idtype;		/* P_ALL, P_PID, P_PGID */
	int id;
	const struct tgroup *only;	/* not another with the same number */
	unsigned int options;	/* WSTOPPED is wait4's WUNTRACED */
	bool any;		/* there is a child that may do so yet */

	int pid;		/* 0: none found */
	uid_t uid;
	int code, status;	/* as waitid tells it */
	int word;		/* as wait4 does */
	struct usage usage;
};

static bool eligible(const struct wait_req *w, const struct task *t,
		     const struct tgroup *g)
{
	if (w->idtype == P_PID && g->pid != w->id)
		return false;
	if (w->only && g != w->only)
		return false;
	if (w->idtype == P_PGID && g->pgid != w->id)
		return false;
	if ((w->options & __WNOTHREAD) && g->parent_task != t)
		return false;
	if (w->options & __WALL)
		return true;
	return (g->exit_signal != SIGCHLD) == !!(w->options & __WCLONE);
}

static void found(struct wait_req *w, struct tgroup *g, int code, int status,
		  int word)
{
	w->pid = g->pid;
	w->uid = group_uid(g);
	w->code = code;
	w->status = status;
	w->word = word;
	usage_get(g, &w->usage);
	usage_add(&w->usage, &g->child_usage);
}

static void take_zombie(struct wait_req *w, struct tgroup *g)
{
	int word = g->wait_status;
	struct tgroup *p = g->parent;

	if (!(word & 0x7f))
		found(w, g, SICODE_EXITED, word >> 8 & 0xff, word);
	else
		found(w, g, word & 0x80 ? SICODE_DUMPED : SICODE_KILLED,
		      word & 0x7f, word);
	if (w->options & WNOWAIT)
		return;
	usage_add(&p->child_usage, &w->usage);
	group_release(g);
}

static void take_jobctl(struct wait_req *w, struct tgroup *g)
{
	bool keep = w->options & WNOWAIT, continued = false;
	int signo = 0;

	mutex_lock(&g->lock);
	if ((w->options & WSTOPPED) && g->stop_report) {
		signo = g->stop_report;
		if (!keep)
			g->stop_report = 0;
	} else if ((w->options & WCONTINUED) && g->continued) {
		continued = true;
		if (!keep)
			g->continued = false;
	}
	mutex_unlock(&g->lock);
	if (signo)
		found(w, g, SICODE_STOPPED, signo, signo << 8 | 0x7f);
	else if (continued)
		found(w, g, SICODE_CONTINUED, SIGCONT, STATUS_CONTINUED);
}

/* Is @g, a child of @t's group, what is waited for? */
static void consider(struct wait_req *w, struct task *t, struct tgroup *g)
{
	if (!eligible(w, t, g))
		return;
	if (g->zombie) {
		/* It will neither stop nor go on: no reason to wait. */
		if (w->options & WEXITED) {
			w->any = true;
			take_zombie(w, g);
		}
		return;
	}
	w->any = true;
	if (w->options & (WSTOPPED | WCONTINUED))
		take_jobctl(w, g);
}

static void look(struct wait_req *w, struct task *t)
{
	struct tgroup *g, *n;
	struct task *o;

	w->any = false;
	mutex_lock(&pids_lock);
	if (w->idtype == P_PID) {
		o = pid_lookup(w->id);
		if (o && o->group->pid == w->id && o->group->parent == t->group)
			consider(w, t, o->group);
	} else {
		list_for_each_safe(g, n, &t->group->children, sibling) {
			consider(w, t, g);
			if (w->pid)
				break;
		}
	}
	mutex_unlock(&pids_lock);
}

/* 0 with w->pid set, or not (WNOHANG); -ECHILD, -ERESTARTSYS. */
static long do_wait(struct wait_req *w, struct task *t)
{
	struct waitqueue *q = &t->group->wait_chldexit;
	long err = 0;

	look(w, t);
	if (w->pid)
		return 0;
	if (!w->any)
		return -ECHILD;
	if (w->options & WNOHANG)
		return 0;
	t->waiter.key = w->idtype == P_PID ? child_key(w->id) : 0;
	t->waiter.exclusive = false;
	wait_add(q, &t->waiter, t);
	for (;;) {
		uint32_t seq = wait_prepare(t);

		look(w, t);
		if (w->pid)
			break;
		if (!w->any) {
			err = -ECHILD;
			break;
		}
		if (wait_sleep(t, seq, NEVER_NS)) {
			err = -ERESTARTSYS;
			break;
		}
	}
	wait_del(&t->waiter);
	return err;
}

static int own_pgid(const struct task *t)
{
	return load_once(&t->group->pgid);
}

long sys_wait4(struct task *t, int pid, uaddr_t wstatus, int options,
	       uaddr_t rusage)
{
	struct wait_req w = {
		.idtype = P_PID,
		.id = pid,
		.options = (unsigned int)options | WEXITED,
	};
	long err;

	if ((unsigned int)options &
	    ~(unsigned int)(OPTIONS_BOTH | WUNTRACED | WCONTINUED))
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	if (pid == -1)
		w.idtype = P_ALL;
	else if (pid <= 0)
		w.idtype = P_PGID;
	if (pid <= 0)
		w.id = pid ? -pid : own_pgid(t);
	err = do_wait(&w, t);
	if (err || !w.pid)
		return err;
	if (wstatus && put_user(wstatus, &w.word))
		return -EFAULT;
	if (rusage && usage_put(rusage, &w.usage))
		return -EFAULT;
	return w.pid;
}

/* What waitid(2) writes of the guest's siginfo_t; the rest is left alone. */
static int put_info(uaddr_t info, const struct wait_req *w)
{
	int32_t head[3] = { w->pid ? SIGCHLD : 0, 0, w->code };
	int32_t body[3] = { w->pid, (int32_t)w->uid, w->status };

	return copy_out(info, head, sizeof(head)) ||
	       copy_out(info + offsetof(struct siginfo128, fields), body,
			sizeof(body)) ? -EFAULT : 0;
}

long sys_waitid(struct task *t, int idtype, int id, uaddr_t info, int options,
		uaddr_t rusage)
{
	struct wait_req w = {
		.idtype = idtype,
		.id = id,
		.options = (unsigned int)options,
	};
	struct tgroup *only = NULL;
	bool nonblock = false;
	long err;

	if (w.options & ~(unsigned int)(OPTIONS_BOTH | WNOWAIT | WEXITED |
					WSTOPPED | WCONTINUED))
		return -EINVAL;
	if (!(w.options & (WEXITED | WSTOPPED | WCONTINUED)))
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
		if (!id)
			w.id = own_pgid(t);
		break;
	case P_PIDFD:
		if (id < 0)
			return -EINVAL;
		only = pidfd_group(t, id, &nonblock);
		if (!only)
			return -EBADF;
		w.idtype = P_PID;
		w.id = only->pid;
		w.only = only;
		nonblock = nonblock && !(options & WNOHANG);
		if (nonblock)
			w.options |= WNOHANG;
		break;
	default:
		return -EINVAL;
	}
	err = do_wait(&w, t);
	if (!err && !w.pid && nonblock)
		err = -EAGAIN;
	tgroup_put(only);
	if (w.pid && rusage && usage_put(rusage, &w.usage))
		return -EFAULT;
	if (info && put_info(info, &w))
		return -EFAULT;
	return err;
}
