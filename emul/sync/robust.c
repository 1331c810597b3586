/* SPDX-License-Identifier: Apache-2.0 */
/*
 * robust.c: the locks that a dead thread still holds; get_robust_list(2).
 *
 * The list lies in the guest's memory and is believed no further than that
 * every word is reached by the access functions and the walk is bounded.
 */
#include <linux/capability.h>
#include <linux/futex.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/uapi.h"
#include "emul/mm/mm.h"
#include "emul/sync/queue.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"

struct guest_robust_head {
	uaddr_t next;
	int64_t futex_offset;
	uaddr_t pending;
};

#define PI_BIT	1UL	/* in a pointer of the list */

/* The word of a lock that @t may hold: pass it on. */
static int owner_died(struct task *t, uaddr_t word, bool pi, bool pending)
{
	uint32_t val, seen, new;

	if (word & 3)
		return -EINVAL;
	if (get_user(&val, word))
		return -EFAULT;
	for (;;) {
		uint32_t owner = val & FUTEX_TID_MASK;

		if (owner != (uint32_t)t->tid) {
			/*
			 * It died between unlocking and waking: nobody else
			 * would do the wake-up.
			 */
			if (pending && !pi && !owner)
				futex_wake(t, word, 0, 1, ~0U);
			return 0;
		}
		new = (val & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
		if (cmpxchg_user(word, val, new, &seen))
			return -EFAULT;
		if (seen == val)
			break;
		val = seen;
	}
	if (!pi && (val & FUTEX_WAITERS))
		futex_wake(t, word, 0, 1, ~0U);
	return 0;
}

static void robust_exit(struct task *t)
{
	struct guest_robust_head h;
	uaddr_t entry, next, pending;
	unsigned int limit = 2048;	/* ROBUST_LIST_LIMIT */
	bool pi;
	int err;

	if (get_user(&h, t->robust_list))
		return;
	pending = h.pending & ~PI_BIT;
	entry = h.next & ~PI_BIT;
	pi = h.next & PI_BIT;
	while (entry != t->robust_list && limit--) {
		err = get_user(&next, entry);
		if (entry != pending &&
		    owner_died(t, entry + (uint64_t)h.futex_offset, pi, false))
			return;
		if (err)
			return;
		pi = next & PI_BIT;
		entry = next & ~PI_BIT;
	}
	if (pending)
		owner_died(t, pending + (uint64_t)h.futex_offset,
			   h.pending & PI_BIT, true);
}

static void leave(struct task *t, bool dead)
{
	uint32_t zero = 0;

	if (!t->mm)
		return;
	if (t->robust_list)
		robust_exit(t);
	t->robust_list = 0;
	pi_exit(t, dead);
	/* Nobody else of this memory: nobody to tell. */
	if (t->clear_child_tid && load_once(&t->mm->n_tasks) > 1 &&
	    !put_user(t->clear_child_tid, &zero))
		futex_wake(t, t->clear_child_tid, 0, 1, ~0U);
	t->clear_child_tid = 0;
}

void futex_exit(struct task *t)
{
	leave(t, true);
}

void futex_exec(struct task *t)
{
	leave(t, false);
}

long sys_set_robust_list(struct task *t, uaddr_t head, size_t len)
{
	if (len != sizeof(struct guest_robust_head))
		return -EINVAL;
	t->robust_list = head;
	t->robust_list_len = len;
	return 0;
}

/* May @t look into @o?  As for PTRACE_MODE_READ_REALCREDS, ptrace(2). */
static bool may_look(struct task *t, struct task *o)
{
	const struct cred *c = t->cred, *oc;
	bool ok;

	if (o->group == t->group)
		return true;
	mutex_lock(&o->group->lock);
	oc = o->cred;
	ok = c->uid == oc->euid && c->uid == oc->suid && c->uid == oc->uid &&
	     c->gid == oc->egid && c->gid == oc->sgid && c->gid == oc->gid &&
	     o->group->dumpable &&
	     !(oc->cap_permitted & ~c->cap_permitted);
	mutex_unlock(&o->group->lock);
	return ok || task_capable(t, CAP_SYS_PTRACE);
}

long sys_get_robust_list(struct task *t, int pid, uaddr_t head_ptr,
			 uaddr_t len_ptr)
{
	size_t len = sizeof(struct guest_robust_head);
	struct task *o = pid ? task_find(pid) : t;
	uaddr_t head = 0;
	bool ok;

	if (!o)
		return -ESRCH;
	ok = may_look(t, o);
	head = o->robust_list;
	if (pid)
		task_put(o);
	if (!ok)
		return -EPERM;
	if (put_user(len_ptr, &len) || put_user(head_ptr, &head))
		return -EFAULT;
	return 0;
}
