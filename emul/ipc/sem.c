/* SPDX-License-Identifier: Apache-2.0 */
/* sem.c: sets of semaphores: semget(2), semctl(2). */
#include "emul/ipc/sem.h"

#include <linux/errno.h>

#include "emul/entry/uaccess.h"
#include "emul/fs/proc.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"

#ifndef SEM_STAT_ANY
#define SEM_STAT_ANY	20
#endif

_Static_assert(sizeof(struct semid64_ds) == 104, "struct semid_ds");

static uint32_t sems_used __arena;	/* the table's lock protects */

static struct sem_set *set_of(struct ipc_obj *o)
{
	return container_of(o, struct sem_set, ipc);
}

static struct ipc_obj *sem_make(struct task *t, int key, uint64_t n,
				int flags)
{
	const struct ipc_limits *lim = ipc_limits();
	struct sem_set *set;

	(void)t;
	(void)key;
	(void)flags;
	if (sems_used + n > lim->sem[1])
		return err_ptr(-ENOSPC);
	set = kzalloc(sizeof(*set) + n * sizeof(set->sem[0]));
	if (!set)
		return err_ptr(-ENOMEM);
	list_init(&set->zeros);
	list_init(&set->alters);
	list_init(&set->undos);
	set->n = (uint32_t)n;
	set->ctime = ipc_time();
	sems_used += set->n;
	return &set->ipc;
}

static int sem_valid(uint64_t n)
{
	return n ? 0 : -EINVAL;
}

static int sem_check(struct ipc_obj *o, uint64_t n)
{
	return n > set_of(o)->n ? -EINVAL : 0;
}

static void sem_free(struct ipc_obj *o)
{
	kfree(set_of(o));
}

static uint64_t sem_max(void)
{
	return ipc_limits()->sem[3];
}

static const struct ipc_kind sem_kind = {
	sem_make, sem_valid, sem_check, sem_free, sem_max,
};

struct sem_set *sem_find(int id)
{
	struct ipc_obj *o = ipc_find(&sem_table, id);

	return o ? set_of(o) : NULL;
}

void sem_put(struct sem_set *set)
{
	ipc_put(&set->ipc, &sem_kind);
}

long sys_semget(struct task *t, int key, int nsems, int flags)
{
	if (nsems < 0 || (uint32_t)nsems > ipc_limits()->sem[0])
		return -EINVAL;
	return ipc_get(t, &sem_table, &sem_kind, key, (uint64_t)nsems, flags);
}

static long sem_info(int cmd, uaddr_t buf)
{
	const struct ipc_limits *lim = ipc_limits();
	struct seminfo i = {
		.semmni = (int)lim->sem[3], .semmns = (int)lim->sem[1],
		.semmsl = (int)lim->sem[0], .semopm = (int)lim->sem[2],
		.semvmx = SEMVMX, .semmnu = SEMMNU, .semmap = SEMMAP,
		.semume = SEMUME, .semusz = SEMUSZ, .semaem = SEMAEM,
	};

	if (cmd == SEM_INFO) {
		mutex_lock(&sem_table.lock);
		i.semusz = (int)sem_table.in_use;
		i.semaem = (int)sems_used;
		mutex_unlock(&sem_table.lock);
	}
	if (put_user(buf, &i))
		return -EFAULT;
	return ipc_max_index(&sem_table);
}

static long sem_stat(struct task *t, int semid, int cmd, uaddr_t buf)
{
	struct semid64_ds d;
	struct ipc_obj *o;
	struct sem_set *set;
	long r = ipc_stat_lock(t, &sem_table, semid, cmd,
			       cmd == SEM_STAT_ANY, &o);

	if (!o)
		return r;
	set = set_of(o);
	memset(&d, 0, sizeof(d));
	ipc_fill_perm(o, &d.sem_perm);
	d.sem_otime = set->otime;
	d.sem_ctime = set->ctime;
	d.sem_nsems = set->n;
	mutex_unlock(&o->lock);
	sem_put(set);
	if (r >= 0 && put_user(buf, &d))
		r = -EFAULT;
	return r;
}

static long sem_change(struct task *t, int semid, int cmd, uaddr_t buf)
{
	struct ipc_wakes w = { .n = 0 };
	struct semid64_ds d;
	struct sem_set *set;
	long r;

	if (cmd == IPC_SET && get_user(&d, buf))
		return -EFAULT;
	set = sem_find(semid);
	if (!set)
		return -EINVAL;
	mutex_lock(&sem_table.lock);
	mutex_lock(&set->ipc.lock);
	r = set->ipc.gone ? -EIDRM : ipc_owner(t, &set->ipc);
	if (!r && cmd == IPC_SET) {
		r = ipc_set_perm(&set->ipc, &d.sem_perm);
		if (!r)
			set->ctime = ipc_time();
	} else if (!r) {
		ipc_remove(&sem_table, &set->ipc);
		sems_used -= set->n;
		sem_undo_gone(set);
		sem_expel(set, -EIDRM, &w);
	}
	mutex_unlock(&set->ipc.lock);
	mutex_unlock(&sem_table.lock);
	ipc_wake(&w);
	sem_put(set);
	return r;
}

/* One semaphore's. The set's lock is held. */
static long sem_get(const struct sem_set *set, unsigned int num, int cmd)
{
	switch (cmd) {
	case GETVAL:
		return set->sem[num].val;
	case GETPID:
		return set->sem[num].pid;
	case GETNCNT:
		return sem_count_waiters(set, num, false);
	default:
		return sem_count_waiters(set, num, true);
	}
}

static void sem_set_val(struct task *t, struct sem_set *set, unsigned int num,
			int val)
{
	set->sem[num].val = val;
	set->sem[num].pid = t->group->pid;
}

/* GETVAL, SETVAL and their like. */
static long sem_one(struct task *t, int semid, int num, int cmd, int val)
{
	struct ipc_wakes w = { .n = 0 };
	struct sem_set *set;
	long r;

	if (cmd == SETVAL && (val < 0 || val > SEMVMX))
		return -ERANGE;
	set = sem_find(semid);
	if (!set)
		return -EINVAL;
	mutex_lock(&set->ipc.lock);
	r = 0;
	if (cmd == SETVAL && (num < 0 || (uint32_t)num >= set->n))
		r = -EINVAL;
	if (!r)
		r = ipc_permission(t, &set->ipc, cmd == SETVAL ? IPC_W : IPC_R);
	if (!r && set->ipc.gone)
		r = -EIDRM;
	if (!r && (num < 0 || (uint32_t)num >= set->n))
		r = -EINVAL;
	if (!r && cmd == SETVAL) {
		sem_undo_clear(set, num);
		sem_set_val(t, set, (unsigned int)num, val);
		set->ctime = ipc_time();
		sem_changed(set, &w);
	} else if (!r) {
		r = sem_get(set, (unsigned int)num, cmd);
	}
	mutex_unlock(&set->ipc.lock);
	ipc_wake(&w);
	sem_put(set);
	return r;
}

static long sem_set_all(struct task *t, struct sem_set *set, uint16_t *val,
			uaddr_t buf)
{
	struct ipc_wakes w = { .n = 0 };
	long r = 0;

	if (copy_in(val, buf, set->n * sizeof(*val)))
		return -EFAULT;
	for (uint32_t i = 0; i < set->n; i++)
		if (val[i] > SEMVMX)
			return -ERANGE;
	mutex_lock(&set->ipc.lock);
	if (set->ipc.gone) {
		r = -EIDRM;
	} else {
		for (uint32_t i = 0; i < set->n; i++)
			sem_set_val(t, set, i, val[i]);
		sem_undo_clear(set, -1);
		set->ctime = ipc_time();
		sem_changed(set, &w);
	}
	mutex_unlock(&set->ipc.lock);
	ipc_wake(&w);
	return r;
}

static long sem_get_all(struct sem_set *set, uint16_t *val, uaddr_t buf)
{
	long r = 0;

	mutex_lock(&set->ipc.lock);
	if (set->ipc.gone)
		r = -EIDRM;
	for (uint32_t i = 0; i < set->n; i++)
		val[i] = (uint16_t)set->sem[i].val;
	mutex_unlock(&set->ipc.lock);
	if (!r && copy_out(buf, val, set->n * sizeof(*val)))
		r = -EFAULT;
	return r;
}

static long sem_all(struct task *t, int semid, int cmd, uaddr_t buf)
{
	struct sem_set *set = sem_find(semid);
	uint16_t *val;
	long r;

	if (!set)
		return -EINVAL;
	mutex_lock(&set->ipc.lock);
	r = ipc_permission(t, &set->ipc, cmd == SETALL ? IPC_W : IPC_R);
	mutex_unlock(&set->ipc.lock);
	if (!r) {
		val = kmalloc(set->n * sizeof(*val));
		if (!val)
			r = -ENOMEM;
		else if (cmd == SETALL)
			r = sem_set_all(t, set, val, buf);
		else
			r = sem_get_all(set, val, buf);
		kfree(val);
	}
	sem_put(set);
	return r;
}

long sys_semctl(struct task *t, int semid, int semnum, int cmd,
		unsigned long arg)
{
	if (semid < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
	case SEM_INFO:
		return sem_info(cmd, arg);
	case IPC_STAT:
	case SEM_STAT:
	case SEM_STAT_ANY:
		return sem_stat(t, semid, cmd, arg);
	case IPC_SET:
	case IPC_RMID:
		return sem_change(t, semid, cmd, arg);
	case GETVAL:
	case GETPID:
	case GETNCNT:
	case GETZCNT:
	case SETVAL:
		return sem_one(t, semid, semnum, cmd, (int)arg);
	case GETALL:
	case SETALL:
		return sem_all(t, semid, cmd, arg);
	default:
		return -EINVAL;
	}
}

void ipc_show_sem(struct text *b, struct task *t)
{
	int max = ipc_max_index(&sem_table);

	(void)t;
	text_printf(b, "       key      semid perms      nsems   uid   gid  "
		    "cuid  cgid      otime      ctime\n");
	for (int i = 0; i <= max; i++) {
		struct ipc_obj *o = ipc_at(&sem_table, i);
		struct sem_set *set;

		if (!o)
			continue;
		set = set_of(o);
		mutex_lock(&o->lock);
		text_printf(b, "%10d %10d  %4o %10u %5u %5u %5u %5u "
			    "%10lu %10lu\n", o->key, o->id, o->mode, set->n,
			    o->uid, o->gid, o->cuid, o->cgid,
			    (unsigned long)set->otime,
			    (unsigned long)set->ctime);
		mutex_unlock(&o->lock);
		sem_put(set);
	}
}
