/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reap.c: the end of processes as their families see it.
 *
 * pids_lock is held over a whole step of it, so that a wait sees a process
 * as child of exactly one other, and as zombie once.
 */
#include "emul/task/reap.h"

#include "emul/host/broker.h"
#include "emul/lib/uapi.h"
#include "emul/signal/queue.h"
#include "emul/signal/siginfo.h"
#include "emul/task/pid.h"
#include "emul/task/session.h"
#include "emul/task/task.h"

#define TICK_NS		10000000	/* of the 100 a second that are told */

static void set_parent(struct tgroup *g, struct tgroup *p, struct task *pt)
{
	list_del(&g->sibling);
	list_add_tail(&g->sibling, &p->children);
	g->parent = p;
	g->parent_task = pt;
	g->parent_execs = p->n_execs;
}

void group_adopted(struct tgroup *g, struct task *t, bool sibling,
		   int exit_signal)
{
	struct tgroup *me = t->group;

	if (sibling && me->parent) {
		set_parent(g, me->parent, me->parent_task);
		g->parent_execs = me->parent_execs;
		g->exit_signal = me->exit_signal;
	} else {
		set_parent(g, me, t);
		g->exit_signal = exit_signal;
	}
	g->no_exec_yet = true;
	g->sid = me->sid;
	g->pgid = me->pgid;
	g->no_tty = me->no_tty;
	list_add_tail(&g->pgrp_link, &me->pgrp_link);
}

void group_exec(struct tgroup *g)
{
	mutex_lock(&pids_lock);
	g->no_exec_yet = false;
	g->n_execs++;
	g->exit_signal = SIGCHLD;
	mutex_unlock(&pids_lock);
}

void group_release(struct tgroup *g)
{
	struct task *leader = pid_lookup(g->pid);

	pid_leave(g->pid);
	__atomic_fetch_sub(&task_count, 1, __ATOMIC_RELAXED);
	list_del(&g->sibling);
	list_del(&g->pgrp_link);
	list_del(&g->all_link);
	g->parent = NULL;
	g->parent_task = NULL;
	g->reaped = true;
	task_put(leader);
	tgroup_put(g);
}

void group_unborn(struct task *t)
{
	struct tgroup *g = t->group, *p;

	mutex_lock(&g->lock);
	g->n_live--;
	mutex_unlock(&g->lock);
	(void)task_unlink(t);
	mutex_lock(&pids_lock);
	p = g->parent;
	group_release(g);
	/* Another thread may have seen it, and wait for it. */
	if (p)
		wait_wake(&p->wait_chldexit, 0, INT32_MAX);
	mutex_unlock(&pids_lock);
}

uid_t group_uid(struct tgroup *g)
{
	const struct task *leader = pid_lookup(g->pid);
	uid_t uid = 0;

	/* Under the lock, for a new cred frees the old one. */
	mutex_lock(&g->lock);
	if (leader)
		uid = leader->cred->uid;
	mutex_unlock(&g->lock);
	return uid;
}

/* SIGCHLD or its like for the end or the stop of @g. */
static void child_info(struct tgroup *g, int signo, int code, int status,
		       struct siginfo128 *info)
{
	struct usage u;

	usage_get(g, &u);
	siginfo_init(info, signo, code);
	siginfo_sender(info, g->pid, group_uid(g));
	info->fields[1] = (uint32_t)status;
	info->fields[2] = u.utime_ns / TICK_NS;
	info->fields[3] = u.stime_ns / TICK_NS;
}

/*
 * Tell the parent that @g is a zombie.  True: it does not want to wait for
 * it, wait(2), NOTES.
 */
static bool tell_end(struct tgroup *g)
{
	struct tgroup *p = g->parent;
	int sig = g->exit_signal, status = g->wait_status;
	struct siginfo128 info;
	struct ksigaction a;
	bool reap = false;

	/* Another program would not know an unusual signal. */
	if (g->parent_execs != p->n_execs)
		sig = SIGCHLD;
	if (sig == SIGCHLD) {
		mutex_lock(&p->lock);
		a = p->sighand->action[SIGCHLD - 1];
		mutex_unlock(&p->lock);
		reap = a.handler == SIGACT_IGN || (a.flags & SA_NOCLDWAIT);
		if (a.handler == SIGACT_IGN)
			sig = 0;
	}
	if (sig) {
		if (status & 0x7f)
			child_info(g, sig, status & 0x80 ? SICODE_DUMPED :
				   SICODE_KILLED, status & 0x7f, &info);
		else
			child_info(g, sig, SICODE_EXITED, status >> 8 & 0xff,
				   &info);
		signal_send_group(p, &info);
	}
	wait_wake(&p->wait_chldexit, child_key(g->pid), INT32_MAX);
	return reap;
}

void group_report(struct tgroup *g)
{
	struct siginfo128 info;
	struct ksigaction a;
	struct tgroup *p;
	int code, signo;

	if (likely(!load_once(&g->cld_todo)))
		return;
	wakes_hold();
	mutex_lock(&pids_lock);
	mutex_lock(&g->lock);
	code = g->cld_todo;
	signo = code == SICODE_CONTINUED ? SIGCONT : g->stop_report;
	g->cld_todo = 0;
	mutex_unlock(&g->lock);
	p = g->parent;
	if (code && p) {
		mutex_lock(&p->lock);
		a = p->sighand->action[SIGCHLD - 1];
		mutex_unlock(&p->lock);
		if (a.handler != SIGACT_IGN && !(a.flags & SA_NOCLDSTOP)) {
			child_info(g, SIGCHLD, code, signo, &info);
			signal_send_group(p, &info);
		}
		wait_wake(&p->wait_chldexit, child_key(g->pid), INT32_MAX);
	}
	mutex_unlock(&pids_lock);
	wakes_release();
	/* The parent of the first program is outside. */
	if (code == SICODE_STOPPED && g->pid == FIRST_PID &&
	    load_once(&g->stopped))
		broker_stop(signo);
}

static bool has_stopped(int pgid)
{
	struct tgroup *first = pgrp_first(pgid), *g;

	pgrp_for_each(g, first)
		if (load_once(&g->stop_told))
			return true;
	return false;
}

/*
 * @g loses its parent @p, or dies itself as child of @p (@dies): was that what
 * kept its process group from being orphaned?  Its stopped members learn it.
 */
static void check_orphaned(const struct tgroup *g, const struct tgroup *p,
			   bool dies)
{
	struct siginfo128 info;

	/* Init never kept a group, whatever its session: orphans die often. */
	if (!p || p->unkillable || p->pgid == g->pgid || p->sid != g->sid)
		return;
	if (!has_stopped(g->pgid) || !pgrp_orphaned(g->pgid, dies ? g : NULL))
		return;
	siginfo_init(&info, SIGHUP, SICODE_KERNEL);
	pgrp_signal(g->pgid, &info);
	info.signo = SIGCONT;
	pgrp_signal(g->pgid, &info);
}

/* prctl(2), PR_SET_PDEATHSIG: threads of @g learn that @dead has ended. */
static void send_pdeath(struct tgroup *g, const struct task *dead)
{
	struct siginfo128 info;
	struct task *o;
	sigset64_t todo = 0;

	mutex_lock(&g->lock);
	list_for_each(o, &g->threads, thread_link)
		if (o->pdeath_signal)
			todo |= SIGBIT(o->pdeath_signal);
	mutex_unlock(&g->lock);
	for (; todo; todo &= todo - 1) {
		siginfo_init(&info, __builtin_ctzll(todo) + 1, SICODE_USER);
		siginfo_sender(&info, dead->group->pid, dead->cred->uid);
		signal_send_group(g, &info);
	}
}

/* Some thread of @g that has not begun to exit, or NULL. */
static struct task *living_thread(struct tgroup *g)
{
	struct task *o, *found = NULL;

	mutex_lock(&g->lock);
	list_for_each(o, &g->threads, thread_link)
		if (!o->exiting) {
			found = o;
			break;
		}
	mutex_unlock(&g->lock);
	return found;
}

void children_thread_gone(struct task *t)
{
	struct task *heir = NULL;
	struct tgroup *c, *n;

	list_for_each_safe(c, n, &t->group->children, sibling) {
		if (c->parent_task != t)
			continue;
		if (!heir)
			heir = living_thread(t->group);
		c->parent_task = heir;
		send_pdeath(c, t);
	}
}

/* Who gets the children of @g: see PR_SET_CHILD_SUBREAPER in prctl(2). */
static struct tgroup *find_reaper(const struct tgroup *g, struct task **t)
{
	struct tgroup *p;

	for (p = g->parent; p && p->pid != 1; p = p->parent) {
		if (!p->subreaper)
			continue;
		*t = living_thread(p);
		if (*t)
			return p;
	}
	*t = pid_lookup(1);
	return (*t)->group;
}

static void children_leave(struct task *t)
{
	struct tgroup *g = t->group, *c, *n, *reaper;
	struct task *heir;

	if (list_empty(&g->children))
		return;
	reaper = find_reaper(g, &heir);
	list_for_each_safe(c, n, &g->children, sibling) {
		set_parent(c, reaper, heir);
		send_pdeath(c, t);
		c->exit_signal = SIGCHLD;
		if (c->zombie && tell_end(c)) {
			check_orphaned(c, g, false);
			group_release(c);
		} else {
			check_orphaned(c, g, false);
		}
	}
}

void group_dead(struct task *t, int status)
{
	struct tgroup *g = t->group;

	usage_get(g, &g->usage);
	wakes_hold();
	mutex_lock(&pids_lock);
	children_leave(t);
	check_orphaned(g, g->parent, true);
	g->wait_status = status;
	__atomic_store_n(&g->zombie, true, __ATOMIC_SEQ_CST);
	wait_wake(&g->wait_pidfd, 0, INT32_MAX);
	/* Init itself has no parent. */
	if (g->parent && tell_end(g))
		group_release(g);
	mutex_unlock(&pids_lock);
	wakes_release();
}
