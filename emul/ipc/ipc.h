/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipc.h: System V IPC: what shared memory, semaphores and message queues have
 * in common; sysvipc(7).
 *
 * An object is found by its identifier or its key in the table of its kind,
 * and lives as long as somebody has a reference.  The table's lock protects
 * the table, the object's lock the object; the table's is the outer one.
 * ipc_obj.gone is set under both.
 */
#ifndef SBX_IPC_IPC_H
#define SBX_IPC_IPC_H

#include <linux/ipc.h>

#include "emul/lib/lock.h"
#include "emul/lib/rbtree.h"
#include "emul/lib/types.h"

struct task;
struct text;

#define IPC_MODE	0777u		/* of ipc_obj.mode */
#define IPC_R		0444u
#define IPC_W		0222u
#define IPC_X		0111u

/* Limits as Linux sets them at start; root may change them: proc_sys(5). */
struct ipc_limits {
	uint64_t shmmax, shmall, shmmni;
	uint32_t sem[4];		/* SEMMSL, SEMMNS, SEMOPM, SEMMNI */
	uint32_t msgmax, msgmnb, msgmni;
};

struct ipc_obj {
	struct ref ref;			/* the table has one while it is in */
	struct mutex lock;
	struct rb_node node;		/* by key; the table's lock protects */
	int id;				/* immutable */
	uint32_t seq;			/* immutable */
	int key;			/* the table's lock protects */
	uid_t uid, cuid;
	gid_t gid, cgid;
	uint32_t mode;
	bool gone;			/* removed: calls give EIDRM */
};

struct ipc_table {
	struct mutex lock;
	struct ipc_obj **slot;
	uint32_t n_slots;
	uint32_t in_use;
	uint32_t next, last, seq;	/* of the next identifier */
	struct rb_root keys;
};

/* What the three kinds do differently. */
struct ipc_kind {
	/*
	 * A new object for shmget and its like, its ipc_obj empty; @size is
	 * the call's, and valid.  The table is locked.  err_ptr().
	 */
	struct ipc_obj *(*make)(struct task *t, int key, uint64_t size,
				int flags);
	/* Can there be one of @size?  -EINVAL.  NULL: there can. */
	int (*valid)(uint64_t size);
	/* An object was found: is @size good for it?  -EINVAL.  NULL: it is. */
	int (*check)(struct ipc_obj *o, uint64_t size);
	void (*free)(struct ipc_obj *o);	/* the last reference went */
	uint64_t (*max)(void);			/* objects of the kind */
};

extern struct ipc_table shm_table, sem_table, msg_table;

/* Set at the first use. */
struct ipc_limits *ipc_limits(void);

/* shmget(2) and its like: the identifier or -errno. */
long ipc_get(struct task *t, struct ipc_table *tab, const struct ipc_kind *k,
	     int key, uint64_t size, int flags);
/* By identifier; with a reference, or NULL. */
struct ipc_obj *ipc_find(struct ipc_table *tab, int id) __must_check;
/* By place in the table, for the *_STAT commands and /proc. */
struct ipc_obj *ipc_at(struct ipc_table *tab, int index) __must_check;
/* The highest place in use; 0 if there is none. */
int ipc_max_index(struct ipc_table *tab);
void ipc_put(struct ipc_obj *o, const struct ipc_kind *k);

/* Both locks are held: take @o out of the table; its reference goes. */
void ipc_remove(struct ipc_table *tab, struct ipc_obj *o);
/* Both locks are held: nobody finds it by its key any more. */
void ipc_hide(struct ipc_table *tab, struct ipc_obj *o);

/* Rights; the object's lock is held.  @want is of IPC_R, IPC_W, IPC_X. */
int ipc_permission(const struct task *t, const struct ipc_obj *o,
		   unsigned int want);
/*
 * Of the *_STAT commands, by identifier with IPC_STAT, else by place: what the
 * call comes to unless the guest's memory fails, 0, the identifier or -errno.
 * *@o has a reference and its lock held even so; NULL: there is none.
 * @any: whoever may read it or not.
 */
long ipc_stat_lock(const struct task *t, struct ipc_table *tab, int id,
		   int cmd, bool any, struct ipc_obj **o) __must_check;
/* May @t change or remove it?  -EPERM. */
int ipc_owner(const struct task *t, const struct ipc_obj *o);

/* The object's lock is held, except in ipc_get_perm. */
void ipc_fill_perm(const struct ipc_obj *o, struct ipc64_perm *p);
int ipc_set_perm(struct ipc_obj *o, const struct ipc64_perm *p);

/* Wall time in seconds, as these objects stamp it. */
int64_t ipc_time(void);

/* /proc/sysvipc */
void ipc_show_shm(struct text *b, struct task *t);
void ipc_show_sem(struct text *b, struct task *t);
void ipc_show_msg(struct text *b, struct task *t);

#endif
