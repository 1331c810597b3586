/* SPDX-License-Identifier: Apache-2.0 */
/* ids.c: the tables of System V IPC objects; sysvipc(7). */
#include <linux/capability.h>
#include <linux/errno.h>

#include "emul/host/host.h"
#include "emul/ipc/ipc.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/lib/uapi.h"
#include "emul/task/task.h"

/* An identifier: a place in the table, and how often places were reused. */
#define INDEX_BITS	15
#define INDEX_MAX	(1u << INDEX_BITS)
#define SEQ_MAX		(INT32_MAX >> INDEX_BITS)
#define MIN_CYCLE	64u	/* places that are used before one is again */

struct ipc_table shm_table __arena, sem_table __arena, msg_table __arena;
LOCK_CLASS(shm_table, LOCK_IPC);
LOCK_CLASS(sem_table, LOCK_IPC);
LOCK_CLASS(msg_table, LOCK_IPC);

static struct ipc_limits limits __arena;
static struct mutex limits_lock __arena;
static bool limits_set __arena;

struct ipc_limits *ipc_limits(void)
{
	if (likely(load_acquire(&limits_set)))
		return &limits;
	mutex_lock(&limits_lock);
	if (!limits_set) {
		limits = (struct ipc_limits){
			.shmmax = UINT64_MAX - (1UL << 24),
			.shmall = UINT64_MAX - (1UL << 24),
			.shmmni = 4096,
			.sem = { 32000, 1024000000, 500, 32000 },
			.msgmax = 8192, .msgmnb = 16384, .msgmni = 32000,
		};
		store_release(&limits_set, true);
	}
	mutex_unlock(&limits_lock);
	return &limits;
}

int64_t ipc_time(void)
{
	return host_clock_ns(CLOCK_REALTIME) / NSEC_PER_SEC;
}

static struct ipc_obj *find_key(struct ipc_table *tab, int key)
{
	struct rb_node *n = tab->keys.node;

	while (n) {
		struct ipc_obj *o = rb_entry(n, struct ipc_obj, node);

		if (o->key == key)
			return o;
		n = key < o->key ? n->left : n->right;
	}
	return NULL;
}

static void add_key(struct ipc_table *tab, struct ipc_obj *o)
{
	struct rb_node **link = &tab->keys.node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = o->key < rb_entry(parent, struct ipc_obj, node)->key ?
			&parent->left : &parent->right;
	}
	rb_insert(&tab->keys, &o->node, parent, link);
}

void ipc_hide(struct ipc_table *tab, struct ipc_obj *o)
{
	if (o->key != IPC_PRIVATE)
		rb_erase(&tab->keys, &o->node);
	o->key = IPC_PRIVATE;
}

static int grow(struct ipc_table *tab, uint32_t n)
{
	struct ipc_obj **slot;

	if (n <= tab->n_slots)
		return 0;
	n = MIN(MAX(n, tab->n_slots * 2), INDEX_MAX);
	slot = krealloc(tab->slot, n * sizeof(struct ipc_obj *));
	if (!slot)
		return -ENOMEM;
	memset(slot + tab->n_slots, 0,
	       (n - tab->n_slots) * sizeof(struct ipc_obj *));
	tab->slot = slot;
	tab->n_slots = n;
	return 0;
}

/*
 * Places are given out in a circle, so that an identifier does not come back
 * soon.  There is one free: the caller has looked.
 */
static void enter(struct ipc_table *tab, uint32_t circle, struct ipc_obj *o)
{
	uint32_t i = tab->next;

	for (;;) {
		if (i >= circle)
			i = 0;
		if (!tab->slot[i])
			break;
		i++;
	}
	if (tab->next && i <= tab->last)
		tab->seq = tab->seq == SEQ_MAX ? 0 : tab->seq + 1;
	tab->last = i;
	tab->next = i + 1;
	tab->slot[i] = o;
	tab->in_use++;
	o->seq = tab->seq;
	o->id = (int)(o->seq << INDEX_BITS | i);
	if (o->key != IPC_PRIVATE)
		add_key(tab, o);
}

static long make(struct task *t, struct ipc_table *tab,
		 const struct ipc_kind *k, int key, uint64_t size, int flags)
{
	uint32_t circle = MIN(MAX(tab->in_use * 3 / 2, MIN_CYCLE), INDEX_MAX);
	struct ipc_obj *o;

	if (k->valid && k->valid(size))
		return -EINVAL;
	if (tab->in_use >= MIN(k->max(), INDEX_MAX))
		return -ENOSPC;
	if (grow(tab, circle))
		return -ENOMEM;
	o = k->make(t, key, size, flags);
	if (is_err(o))
		return ptr_err(o);
	ref_init(&o->ref);
	mutex_init_class(&o->lock, LOCK_OBJECT);
	o->key = key;
	o->uid = o->cuid = t->cred->euid;
	o->gid = o->cgid = t->cred->egid;
	o->mode |= (uint32_t)flags & IPC_MODE;
	enter(tab, circle, o);
	return o->id;
}

long ipc_get(struct task *t, struct ipc_table *tab, const struct ipc_kind *k,
	     int key, uint64_t size, int flags)
{
	struct ipc_obj *o = NULL;
	long r;

	mutex_lock(&tab->lock);
	if (key != IPC_PRIVATE)
		o = find_key(tab, key);
	if (!o) {
		r = key == IPC_PRIVATE || (flags & IPC_CREAT) ?
			make(t, tab, k, key, size, flags) : -ENOENT;
	} else if ((flags & IPC_CREAT) && (flags & IPC_EXCL)) {
		r = -EEXIST;
	} else {
		mutex_lock(&o->lock);
		r = k->check ? k->check(o, size) : 0;
		if (!r)
			r = ipc_permission(t, o, (unsigned int)flags);
		if (!r)
			r = o->id;
		mutex_unlock(&o->lock);
	}
	mutex_unlock(&tab->lock);
	return r;
}

struct ipc_obj *ipc_find(struct ipc_table *tab, int id)
{
	uint32_t i = (uint32_t)id & (INDEX_MAX - 1);
	struct ipc_obj *o;

	if (id < 0)
		return NULL;
	mutex_lock(&tab->lock);
	o = i < tab->n_slots ? tab->slot[i] : NULL;
	if (o && o->id != id)
		o = NULL;
	if (o)
		ref_get(&o->ref);
	mutex_unlock(&tab->lock);
	return o;
}

struct ipc_obj *ipc_at(struct ipc_table *tab, int index)
{
	struct ipc_obj *o = NULL;

	/* As Linux: an identifier serves as well as its place. */
	index &= (int)(INDEX_MAX - 1);
	mutex_lock(&tab->lock);
	if ((uint32_t)index < tab->n_slots)
		o = tab->slot[index];
	if (o)
		ref_get(&o->ref);
	mutex_unlock(&tab->lock);
	return o;
}

int ipc_max_index(struct ipc_table *tab)
{
	int i;

	mutex_lock(&tab->lock);
	for (i = (int)tab->n_slots - 1; i > 0 && !tab->slot[i]; i--)
		;
	mutex_unlock(&tab->lock);
	return MAX(i, 0);
}

void ipc_put(struct ipc_obj *o, const struct ipc_kind *k)
{
	if (ref_put(&o->ref))
		k->free(o);
}

void ipc_remove(struct ipc_table *tab, struct ipc_obj *o)
{
	ipc_hide(tab, o);
	tab->slot[(uint32_t)o->id & (INDEX_MAX - 1)] = NULL;
	tab->in_use--;
	o->gone = true;
	/* The caller has a reference of its own. */
	if (ref_put(&o->ref))
		__builtin_unreachable();
}

int ipc_permission(const struct task *t, const struct ipc_obj *o,
		   unsigned int want)
{
	const struct cred *c = t->cred;
	unsigned int granted = o->mode;

	want = want >> 6 | want >> 3 | want;
	if (c->euid == o->cuid || c->euid == o->uid)
		granted >>= 6;
	else if (c->egid == o->cgid || c->egid == o->gid ||
		 cred_in_group(c, o->cgid) || cred_in_group(c, o->gid))
		granted >>= 3;
	if (!(want & ~granted & 7) || task_capable(t, CAP_IPC_OWNER))
		return 0;
	return -EACCES;
}

long ipc_stat_lock(const struct task *t, struct ipc_table *tab, int id,
		   int cmd, bool any, struct ipc_obj **o)
{
	long r;

	*o = cmd == IPC_STAT ? ipc_find(tab, id) : ipc_at(tab, id);
	if (!*o)
		return -EINVAL;
	mutex_lock(&(*o)->lock);
	r = any ? 0 : ipc_permission(t, *o, IPC_R);
	if (!r && (*o)->gone)
		r = -EIDRM;
	if (!r && cmd != IPC_STAT)
		r = (*o)->id;
	return r;
}

int ipc_owner(const struct task *t, const struct ipc_obj *o)
{
	uid_t uid = t->cred->euid;

	return uid == o->cuid || uid == o->uid ||
	       task_capable(t, CAP_SYS_ADMIN) ? 0 : -EPERM;
}

void ipc_fill_perm(const struct ipc_obj *o, struct ipc64_perm *p)
{
	memset(p, 0, sizeof(*p));
	p->key = o->key;
	p->uid = o->uid;
	p->gid = o->gid;
	p->cuid = o->cuid;
	p->cgid = o->cgid;
	p->mode = o->mode;
	p->seq = (unsigned short)o->seq;
}

int ipc_set_perm(struct ipc_obj *o, const struct ipc64_perm *p)
{
	if (p->uid == (uid_t)-1 || p->gid == (gid_t)-1)
		return -EINVAL;
	o->uid = p->uid;
	o->gid = p->gid;
	o->mode = (o->mode & ~IPC_MODE) | (p->mode & IPC_MODE);
	return 0;
}
