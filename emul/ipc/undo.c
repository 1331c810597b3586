/* SPDX-License-Identifier: Apache-2.0 */
/* undo.c: SEM_UNDO: what semop(2) did is taken back at exit. */
#include <linux/errno.h>

#include "emul/ipc/sem.h"
#include "emul/ipc/task.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/task/task.h"

static struct sem_undo_list *undo_list(struct task *t)
{
	struct sem_undo_list *l = t->sem_undos;

	if (l)
		return l;
	l = kzalloc(sizeof(*l));
	if (!l)
		return NULL;
	ref_init(&l->ref);
	mutex_init_class(&l->lock, LOCK_IPC);
	list_init(&l->undos);
	t->sem_undos = l;
	return l;
}

int ipc_clone(struct task *t, struct task *n, bool share)
{
	struct sem_undo_list *l;

	if (!share)
		return 0;
	l = undo_list(t);
	if (!l)
		return -ENOMEM;
	ref_get(&l->ref);
	n->sem_undos = l;
	return 0;
}

static void undo_free(struct sem_undo *u)
{
	list_del(&u->link);
	sem_put(u->set);
	kfree(u);
}

/* The one for @set; on the way those of removed sets go.  l->lock is held. */
static struct sem_undo *find(struct sem_undo_list *l, struct sem_set *set)
{
	struct sem_undo *u, *next;

	list_for_each_safe(u, next, &l->undos, link) {
		if (load_once(&u->gone))
			undo_free(u);
		else if (u->set == set)
			return u;
	}
	return NULL;
}

struct sem_undo *sem_undo_get(struct task *t, struct sem_set *set)
{
	struct sem_undo_list *l = undo_list(t);
	struct sem_undo *u;

	if (!l)
		return NULL;
	mutex_lock(&l->lock);
	u = find(l, set);
	if (!u) {
		u = kzalloc(sizeof(*u) + set->n * sizeof(u->adj[0]));
		if (u) {
			ref_get(&set->ipc.ref);
			u->set = set;
			list_init(&u->set_link);
			list_add(&u->link, &l->undos);
			mutex_lock(&set->ipc.lock);
			if (set->ipc.gone)
				u->gone = true;
			else
				list_add(&u->set_link, &set->undos);
			mutex_unlock(&set->ipc.lock);
		}
	}
	mutex_unlock(&l->lock);
	return u;
}

void sem_undo_clear(struct sem_set *set, int num)
{
	struct sem_undo *u;

	list_for_each(u, &set->undos, set_link) {
		if (num >= 0)
			u->adj[num] = 0;
		else
			memset(u->adj, 0, set->n * sizeof(u->adj[0]));
	}
}

void sem_undo_gone(struct sem_set *set)
{
	struct sem_undo *u, *next;

	list_for_each_safe(u, next, &set->undos, set_link) {
		list_del(&u->set_link);
		store_once(&u->gone, true);
	}
}

static void apply(struct sem_undo *u, int pid)
{
	struct ipc_wakes w = { .n = 0 };
	struct sem_set *set = u->set;

	mutex_lock(&set->ipc.lock);
	if (!u->gone) {
		list_del(&u->set_link);
		for (uint32_t i = 0; i < set->n; i++) {
			struct sem *s = &set->sem[i];

			if (!u->adj[i])
				continue;
			/* As Linux: it goes as far as it goes. */
			s->val = MIN(MAX(s->val + u->adj[i], 0), SEMVMX);
			s->pid = pid;
		}
		set->otime = ipc_time();
		sem_changed(set, &w);
	}
	mutex_unlock(&set->ipc.lock);
	ipc_wake(&w);
}

void sem_exit(struct task *t)
{
	struct sem_undo_list *l = t->sem_undos;
	struct sem_undo *u, *next;

	t->sem_undos = NULL;
	if (!l || !ref_put(&l->ref))
		return;
	list_for_each_safe(u, next, &l->undos, link) {
		apply(u, t->group->pid);
		undo_free(u);
	}
	kfree(l);
}

void ipc_exit(struct task *t)
{
	ipc_abandon(t);
	sem_exit(t);
}
