/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sem.h: System V semaphores, for the files that have them.
 *
 * Locks: sem_undo_list.lock, then the set's.
 */
#ifndef SBX_IPC_SEM_H
#define SBX_IPC_SEM_H

#include <linux/sem.h>

#include "emul/ipc/ipc.h"
#include "emul/ipc/sleep.h"
#include "emul/lib/list.h"

struct sem {
	int val;
	int pid;		/* who changed it last */
};

struct sem_set {
	struct ipc_obj ipc;
	/* ipc.lock protects: */
	int64_t otime, ctime;
	struct list_head zeros;		/* wait for zeroes alone */
	struct list_head alters;	/* wait to change something */
	struct list_head undos;
	uint32_t n_mixed;		/* of alters, those that wait for 0 too */
	uint32_t n;			/* immutable */
	struct sem sem[];
};

/* What exit gives back for those that share the list. */
struct sem_undo {
	struct list_head link;		/* the list's lock protects */
	struct list_head set_link;	/* the set's lock protects the rest */
	struct sem_set *set;		/* a reference */
	bool gone;			/* the set was removed */
	int16_t adj[];			/* for each semaphore */
};

/* Of a task, and of those made by clone(CLONE_SYSVSEM). */
struct sem_undo_list {
	struct ref ref;
	struct mutex lock;
	struct list_head undos;
};

/* semop(2) */
struct sem_ops {
	const struct sembuf *op;
	unsigned int n;
	unsigned int blocking;		/* the one that could not be done */
	struct sem_undo *undo;		/* if one of them has SEM_UNDO */
	int pid;
	bool alter;			/* one is not for zero */
};

#define SEM_BLOCKS	1

/*
 * Do all or nothing.  0, SEM_BLOCKS, -EAGAIN (it blocks, with IPC_NOWAIT) or
 * -ERANGE.  The set's lock is held here and below.
 */
int sem_try(struct sem_set *set, struct sem_ops *o);
/* Values changed: do for those who wait what can be done now. */
void sem_changed(struct sem_set *set, struct ipc_wakes *w);
/* Everybody who waits gets @status. */
void sem_expel(struct sem_set *set, int status, struct ipc_wakes *w);
/* semctl's GETNCNT and GETZCNT. */
int sem_count_waiters(const struct sem_set *set, unsigned int num, bool zero);

struct sem_set *sem_find(int id) __must_check;
void sem_put(struct sem_set *set);

/*
 * undo.c: that of @t for @set, made if there is none; NULL: no memory.  The
 * set's lock is not held.
 */
struct sem_undo *sem_undo_get(struct task *t, struct sem_set *set)
	__must_check;
/* @num of @set, or all of them with @num < 0, got a value: forget. */
void sem_undo_clear(struct sem_set *set, int num);
/* The set goes. */
void sem_undo_gone(struct sem_set *set);

#endif
