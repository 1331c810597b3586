/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jobctl.c: sessions, process groups and their terminal; credentials(7),
 * ioctl_tty(2).
 */
#include <linux/capability.h>

#include <asm/ioctls.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/uapi.h"
#include "emul/signal/queue.h"
#include "emul/signal/siginfo.h"
#include "emul/task/pid.h"
#include "emul/task/session.h"
#include "emul/task/task.h"
#include "emul/tty/tty.h"

/* The terminals that have a session; pids_lock protects. */
static struct list_head controlling __arena;

void tty_init(struct tty *tty, const struct tty_ops *ops, uint64_t rdev)
{
	ref_init(&tty->ref);
	tty->ops = ops;
	tty->rdev = rdev;
	tty->sid = tty->pgrp = 0;
	list_init(&tty->link);
}

void tty_put(struct tty *tty)
{
	if (tty && ref_put(&tty->ref))
		tty->ops->free(tty);
}

bool tty_controls(const struct tty *tty, const struct tgroup *g)
{
	int sid = load_once(&tty->sid);

	return sid && sid == load_once(&g->sid) && !load_once(&g->no_tty);
}

/* pids_lock is held. */
static struct tty *find(const struct tgroup *g)
{
	struct tty *tty;

	if (!controlling.next || g->no_tty)
		return NULL;
	list_for_each(tty, &controlling, link)
		if (tty->sid == g->sid)
			return tty;
	return NULL;
}

struct tty *tty_of(const struct tgroup *g, int *pgrp)
{
	struct tty *tty;

	mutex_lock(&pids_lock);
	tty = find(g);
	if (tty) {
		tty_get(tty);
		if (pgrp)
			*pgrp = tty->pgrp;
	}
	mutex_unlock(&pids_lock);
	return tty;
}

/* pids_lock is held. */
static void send(struct tgroup *g, int sig)
{
	struct siginfo128 info;

	siginfo_init(&info, sig, SICODE_KERNEL);
	signal_send_group(g, &info);
}

/* pids_lock is held. */
static void send_pgrp(int pgid, int sig)
{
	struct siginfo128 info;

	siginfo_init(&info, sig, SICODE_KERNEL);
	pgrp_signal(pgid, &info);
}

void tty_signal(const struct tty *tty, int sig)
{
	if (!load_once(&tty->pgrp))
		return;
	mutex_lock(&pids_lock);
	send_pgrp(tty->pgrp, sig);
	mutex_unlock(&pids_lock);
}

void tty_stop_self(int sig)
{
	mutex_lock(&pids_lock);
	send_pgrp(current()->group->pgid, sig);
	mutex_unlock(&pids_lock);
}

int tty_check(struct tty *tty, int sig)
{
	struct task *t = current();
	struct tgroup *g = t->group;
	int pgrp = load_once(&tty->pgrp), err = 0;

	if (!pgrp || pgrp == load_once(&g->pgid) || !tty_controls(tty, g))
		return 0;
	if (signal_ignored(t, sig))
		return sig == SIGTTIN ? -EIO : 0;
	mutex_lock(&pids_lock);
	if (pgrp_orphaned(g->pgid, NULL)) {
		err = -EIO;
	} else {
		send_pgrp(g->pgid, sig);
		err = -ERESTARTSYS;
	}
	mutex_unlock(&pids_lock);
	return err;
}

/* pids_lock is held. */
static void drop(struct tty *tty)
{
	store_once(&tty->sid, 0);
	store_once(&tty->pgrp, 0);
	list_del(&tty->link);
}

void tty_drop_session(struct tty *tty)
{
	mutex_lock(&pids_lock);
	drop(tty);
	mutex_unlock(&pids_lock);
}

/* Make @tty that of @g's session.  pids_lock is held. */
static void take(struct tty *tty, struct tgroup *g)
{
	if (!controlling.next)
		list_init(&controlling);
	store_once(&tty->sid, g->sid);
	store_once(&tty->pgrp, g->pgid);
	list_del(&tty->link);
	list_add_tail(&tty->link, &controlling);
	g->no_tty = false;
	g->hup_pgrp = 0;
}

void tty_begin(struct tty *tty, struct tgroup *g)
{
	mutex_lock(&pids_lock);
	if (!find(g))
		take(tty, g);
	mutex_unlock(&pids_lock);
}

void tty_opened(struct tty *tty, const struct file *f, unsigned int flags)
{
	struct tgroup *g = current()->group;

	if ((flags & O_NOCTTY) || !(f->mode & FMODE_READ) ||
	    load_once(&g->sid) != g->pid || load_once(&tty->sid))
		return;
	mutex_lock(&pids_lock);
	if (g->sid == g->pid && !tty->sid && !find(g))
		take(tty, g);
	mutex_unlock(&pids_lock);
}

void tty_hangup(struct tty *tty)
{
	struct task *leader;

	mutex_lock(&pids_lock);
	leader = tty->sid ? pid_lookup(tty->sid) : NULL;
	if (leader) {
		/* Its end will be told to the group that was in front. */
		leader->group->hup_pgrp = tty->pgrp;
		send(leader->group, SIGHUP);
		send(leader->group, SIGCONT);
	}
	drop(tty);
	mutex_unlock(&pids_lock);
}

void tty_leader_exit(struct tgroup *g)
{
	struct tty *tty;

	mutex_lock(&pids_lock);
	tty = find(g);
	if (tty) {
		send_pgrp(tty->pgrp, SIGHUP);
		drop(tty);
	} else if (g->hup_pgrp) {
		send_pgrp(g->hup_pgrp, SIGHUP);
		send_pgrp(g->hup_pgrp, SIGCONT);
	}
	mutex_unlock(&pids_lock);
}

/* TIOCNOTTY. pids_lock is held. */
static long give_up(struct tty *tty, struct tgroup *g)
{
	if (!tty_controls(tty, g))
		return -ENOTTY;
	if (g->sid == g->pid) {
		send_pgrp(tty->pgrp, SIGHUP);
		send_pgrp(tty->pgrp, SIGCONT);
		drop(tty);
	}
	g->no_tty = true;
	return 0;
}

/* TIOCSCTTY. pids_lock is held. */
static long acquire(struct tty *tty, struct task *t, const struct file *f,
		    uaddr_t steal)
{
	struct tgroup *g = t->group;

	if (g->sid == g->pid && tty->sid == g->sid)
		return 0;
	if (g->sid != g->pid || find(g))
		return -EPERM;
	if (tty->sid) {
		if (steal != 1 || !task_capable(t, CAP_SYS_ADMIN))
			return -EPERM;
		drop(tty);
	}
	if (!(f->mode & FMODE_READ) && !task_capable(t, CAP_SYS_ADMIN))
		return -EPERM;
	take(tty, g);
	return 0;
}

/* TIOCSPGRP. pids_lock is held. */
static long set_pgrp(struct tty *tty, const struct tgroup *me, int pgid)
{
	const struct tgroup *g;

	if (!tty_controls(tty, me))
		return -ENOTTY;
	g = pgrp_first(pgid);
	if (!g)
		return -ESRCH;
	if (g->sid != me->sid)
		return -EPERM;
	store_once(&tty->pgrp, pgid);
	return 0;
}

static long put_number(struct tty *tty, unsigned int cmd, uaddr_t arg,
		       bool other)
{
	int id;

	if (!other && !tty_controls(tty, current()->group))
		return -ENOTTY;
	id = load_once(cmd == TIOCGSID ? &tty->sid : &tty->pgrp);
	if (cmd == TIOCGSID && !id)
		return -ENOTTY;
	return put_user(arg, &id);
}

long tty_group_ioctl(struct tty *tty, const struct file *f, unsigned int cmd,
		     uaddr_t arg, bool other)
{
	struct task *t = current();
	int pgid = 0;
	long err = 0;

	switch (cmd) {
	case TIOCGPGRP:
	case TIOCGSID:
		return put_number(tty, cmd, arg, other);
	case TIOCSPGRP:
		err = tty_check(tty, SIGTTOU);
		if (err)
			return err == -EIO ? -ENOTTY : err;
		if (get_user(&pgid, arg))
			return -EFAULT;
		if (pgid < 0)
			return -EINVAL;
		break;
	case TIOCSCTTY:
	case TIOCNOTTY:
		break;
	default:
		return -ENOIOCTLCMD;
	}
	mutex_lock(&pids_lock);
	if (cmd == TIOCSPGRP)
		err = set_pgrp(tty, t->group, pgid);
	else if (cmd == TIOCSCTTY)
		err = acquire(tty, t, f, arg);
	else
		err = give_up(tty, t->group);
	mutex_unlock(&pids_lock);
	return err;
}

int tty_open_own(struct inode *i, struct file *f)
{
	struct tty *tty = tty_of(current()->group, NULL);
	int err;

	(void)i;
	if (!tty)
		return -ENXIO;
	err = tty->ops->open(tty, f);
	tty_put(tty);
	return err;
}
