/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter.c: chains of filters: attach, inherit, let go.
 *
 * A filter never changes and holds a reference to the one before it.  A task's
 * chain only ever grows at its head, by itself or, with TSYNC, by another
 * thread to a chain that has its own as tail: so a thread may walk what it
 * read at the start of the call without a lock.
 */
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/seccomp.h>

#include "emul/entry/dispatch.h"
#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"
#include "emul/lib/live.h"
#include "emul/lib/string.h"
#include "emul/lib/uapi.h"
#include "emul/seccomp/filter.h"
#include "emul/seccomp/seccomp.h"
#include "emul/task/task.h"

#define PATH_INSNS_MAX	32768	/* of a chain, MAX_INSNS_PER_PATH */
#define FILTER_COST	4	/* what each counts besides its length */

/* As struct sock_fprog of the guest. */
struct guest_fprog {
	uint16_t len;
	uint16_t pad[3];
	uaddr_t filter;
};

static void filter_put(struct seccomp_filter *f)
{
	struct seccomp_filter *prev;

	for (; f && ref_put(&f->ref); f = prev) {
		prev = f->prev;
		live_add(LIVE_SECCOMP, -1);
		kfree(f);
	}
}

void seccomp_inherit(struct task *to, const struct task *from)
{
	struct seccomp_filter *f = load_once(&from->seccomp);

	if (f)
		ref_get(&f->ref);
	filter_put(to->seccomp);
	to->seccomp = f;
	store_release(&to->seccomp_mode, load_once(&from->seccomp_mode));
	if (from->no_new_privs)
		to->no_new_privs = true;
}

void seccomp_release(struct task *t)
{
	filter_put(t->seccomp);
	t->seccomp = NULL;
}

unsigned int seccomp_count(const struct task *t)
{
	const struct seccomp_filter *f;
	unsigned int n = 0;

	/* The group's lock is held: nobody adds, and the task is there. */
	for (f = t->seccomp; f; f = f->prev)
		n++;
	return n;
}

bool seccomp_action_known(uint32_t action)
{
	switch (action) {
	case SECCOMP_RET_KILL_PROCESS:
	case SECCOMP_RET_KILL_THREAD:
	case SECCOMP_RET_TRAP:
	case SECCOMP_RET_ERRNO:
	case SECCOMP_RET_TRACE:
	case SECCOMP_RET_LOG:
	case SECCOMP_RET_ALLOW:
		return true;
	default:
		return false;
	}
}

/* Which numbers get an ALLOW without a look at anything else? */
static void fill_cache(struct seccomp_filter *f)
{
	struct seccomp_data d;

	memset(&d, 0, sizeof(d));
	d.arch = AUDIT_ARCH_X86_64;
	for (unsigned int nr = 0; nr < NR_SYSCALLS; nr++) {
		bool looked = false;

		if (f->prev && !(f->prev->allowed[nr / 64] >> nr % 64 & 1))
			continue;
		d.nr = (int)nr;
		if (bpf_run(f->prog, &d, true, &looked) == SECCOMP_RET_ALLOW &&
		    !looked)
			f->allowed[nr / 64] |= 1ULL << nr % 64;
	}
}

/* What the guest's sock_fprog at @addr says, checked; err_ptr(). */
static struct seccomp_filter *filter_read(struct task *t, uaddr_t addr)
{
	struct guest_fprog p;
	struct seccomp_filter *f;
	size_t size;
	int err;

	if (get_user(&p, addr))
		return err_ptr(-EFAULT);
	if (!p.len || p.len > BPF_MAXINSNS)
		return err_ptr(-EINVAL);
	/* Else a set-id program could be fooled by its filter. */
	if (!t->no_new_privs && !task_capable(t, CAP_SYS_ADMIN))
		return err_ptr(-EACCES);
	if (!p.filter)
		return err_ptr(-EINVAL);
	size = p.len * sizeof(f->prog[0]);
	f = kzalloc(sizeof(*f) + size);
	if (!f)
		return err_ptr(-ENOMEM);
	ref_init(&f->ref);
	f->n = p.len;
	err = copy_in(f->prog, p.filter, size) ? -EFAULT :
	      bpf_check(f->prog, f->n);
	if (err) {
		kfree(f);
		return err_ptr(err);
	}
	return f;
}

/* Is @old a tail of @f, or nothing? */
static bool ancestor(const struct seccomp_filter *old,
		     const struct seccomp_filter *f)
{
	if (!old)
		return true;
	for (; f; f = f->prev)
		if (f == old)
			return true;
	return false;
}

/* The first thread of the group whose filters are not @t's; NULL: none. */
static const struct task *stranger(struct task *t)
{
	struct task *o;

	list_for_each(o, &t->group->threads, thread_link)
		if (o != t && o->thread &&
		    (o->seccomp_mode == SECCOMP_MODE_STRICT ||
		     !ancestor(o->seccomp, t->seccomp)))
			return o;
	return NULL;
}

/* The new filter @f to @t, with the group's lock held; @f is ours then. */
static long attach(struct task *t, struct seccomp_filter *f,
		   unsigned int flags)
{
	bool sync = flags & SECCOMP_FILTER_FLAG_TSYNC;
	const struct task *other;
	struct task *o;
	uint64_t total = f->n;

	if (t->seccomp_mode == SECCOMP_MODE_STRICT)
		return -EINVAL;
	for (const struct seccomp_filter *p = t->seccomp; p; p = p->prev)
		total += p->n + FILTER_COST;
	if (total > PATH_INSNS_MAX)
		return -ENOMEM;
	other = sync ? stranger(t) : NULL;
	if (other)
		return flags & SECCOMP_FILTER_FLAG_TSYNC_ESRCH ? -ESRCH :
		       other->tid;
	f->prev = t->seccomp;	/* with its reference */
	live_add(LIVE_SECCOMP, 1);
	fill_cache(f);
	store_release(&t->seccomp, f);
	store_release(&t->seccomp_mode, SECCOMP_MODE_FILTER);
	/* From now on calls are looked at before they are done. */
	__atomic_fetch_or(&dispatch_ctl.flags, DISPATCH_SECCOMP,
			  __ATOMIC_SEQ_CST);
	if (!sync)
		return 0;
	list_for_each(o, &t->group->threads, thread_link)
		if (o != t && o->thread)
			seccomp_inherit(o, t);
	return 0;
}

long seccomp_attach(struct task *t, unsigned int flags, uaddr_t fprog)
{
	struct seccomp_filter *f = filter_read(t, fprog);
	long ret;

	if (is_err(f))
		return ptr_err(f);
	mutex_lock(&t->group->lock);
	ret = attach(t, f, flags);
	mutex_unlock(&t->group->lock);
	if (ret)
		kfree(f);
	return ret;
}
