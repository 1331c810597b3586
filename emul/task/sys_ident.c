/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_ident.c: user and group ids, groups and capabilities; credentials(7).
 *
 * Every change makes a new struct cred, which others may be reading.
 */
#include <linux/capability.h>
#include <linux/securebits.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"
#include "emul/lib/uapi.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"

#define KEEP		((uint32_t)-1)	/* "leave as it is" */
#define NGROUPS_MAX_	65536

long sys_getuid(struct task *t)
{
	return t->cred->uid;
}

long sys_geteuid(struct task *t)
{
	return t->cred->euid;
}

long sys_getgid(struct task *t)
{
	return t->cred->gid;
}

long sys_getegid(struct task *t)
{
	return t->cred->egid;
}

long sys_getresuid(struct task *t, uaddr_t ruid, uaddr_t euid, uaddr_t suid)
{
	const struct cred *c = t->cred;

	return put_user(ruid, &c->uid) || put_user(euid, &c->euid) ||
	       put_user(suid, &c->suid) ? -EFAULT : 0;
}

long sys_getresgid(struct task *t, uaddr_t rgid, uaddr_t egid, uaddr_t sgid)
{
	const struct cred *c = t->cred;

	return put_user(rgid, &c->gid) || put_user(egid, &c->egid) ||
	       put_user(sgid, &c->sgid) ? -EFAULT : 0;
}

/* What becomes of capabilities when user ids change, capabilities(7). */
static void fix_caps(const struct task *t, const struct cred *old,
		     struct cred *new)
{
	bool was_root = !old->uid || !old->euid || !old->suid;
	bool is_root = !new->uid || !new->euid || !new->suid;

	if (t->securebits & SECBIT_NO_SETUID_FIXUP)
		return;
	if (was_root && !is_root) {
		if (!(t->securebits & SECBIT_KEEP_CAPS))
			new->cap_permitted = new->cap_effective = 0;
		new->cap_ambient = 0;
	}
	if (!old->euid && new->euid)
		new->cap_effective = 0;
	if (old->euid && !new->euid)
		new->cap_effective = new->cap_permitted;
}

static long commit_uids(struct task *t, struct cred *new)
{
	new->fsuid = new->euid;
	fix_caps(t, t->cred, new);
	cred_commit(t, new);
	return 0;
}

static bool own_uid(const struct cred *c, uint32_t id)
{
	return id == c->uid || id == c->euid || id == c->suid;
}

static bool own_gid(const struct cred *c, uint32_t id)
{
	return id == c->gid || id == c->egid || id == c->sgid;
}

long sys_setuid(struct task *t, uint32_t uid)
{
	const struct cred *c = t->cred;
	bool cap = task_capable(t, CAP_SETUID);
	struct cred *n;

	if (uid == KEEP)
		return -EINVAL;
	if (!cap && uid != c->uid && uid != c->suid)
		return -EPERM;
	n = cred_copy(c);
	if (!n)
		return -ENOMEM;
	n->euid = uid;
	if (cap)
		n->uid = n->suid = uid;
	return commit_uids(t, n);
}

long sys_setreuid(struct task *t, uint32_t ruid, uint32_t euid)
{
	const struct cred *c = t->cred;
	bool cap = task_capable(t, CAP_SETUID);
	struct cred *n;

	if (!cap && ((ruid != KEEP && ruid != c->uid && ruid != c->euid) ||
		     (euid != KEEP && !own_uid(c, euid))))
		return -EPERM;
	n = cred_copy(c);
	if (!n)
		return -ENOMEM;
	if (ruid != KEEP)
		n->uid = ruid;
	if (euid != KEEP)
		n->euid = euid;
	if (ruid != KEEP || (euid != KEEP && euid != c->uid))
		n->suid = n->euid;
	return commit_uids(t, n);
}

long sys_setresuid(struct task *t, uint32_t ruid, uint32_t euid, uint32_t suid)
{
	const struct cred *c = t->cred;
	bool cap = task_capable(t, CAP_SETUID);
	struct cred *n;

	if (!cap && ((ruid != KEEP && !own_uid(c, ruid)) ||
		     (euid != KEEP && !own_uid(c, euid)) ||
		     (suid != KEEP && !own_uid(c, suid))))
		return -EPERM;
	n = cred_copy(c);
	if (!n)
		return -ENOMEM;
	if (ruid != KEEP)
		n->uid = ruid;
	if (euid != KEEP)
		n->euid = euid;
	if (suid != KEEP)
		n->suid = suid;
	return commit_uids(t, n);
}

long sys_setgid(struct task *t, uint32_t gid)
{
	const struct cred *c = t->cred;
	bool cap = task_capable(t, CAP_SETGID);
	struct cred *n;

	if (gid == KEEP)
		return -EINVAL;
	if (!cap && gid != c->gid && gid != c->sgid)
		return -EPERM;
	n = cred_copy(c);
	if (!n)
		return -ENOMEM;
	n->egid = n->fsgid = gid;
	if (cap)
		n->gid = n->sgid = gid;
	cred_commit(t, n);
	return 0;
}

long sys_setregid(struct task *t, uint32_t rgid, uint32_t egid)
{
	const struct cred *c = t->cred;
	bool cap = task_capable(t, CAP_SETGID);
	struct cred *n;

	if (!cap && ((rgid != KEEP && rgid != c->gid && rgid != c->egid) ||
		     (egid != KEEP && !own_gid(c, egid))))
		return -EPERM;
	n = cred_copy(c);
	if (!n)
		return -ENOMEM;
	if (rgid != KEEP)
		n->gid = rgid;
	if (egid != KEEP)
		n->egid = egid;
	if (rgid != KEEP || (egid != KEEP && egid != c->gid))
		n->sgid = n->egid;
	n->fsgid = n->egid;
	cred_commit(t, n);
	return 0;
}

long sys_setresgid(struct task *t, uint32_t rgid, uint32_t egid, uint32_t sgid)
{
	const struct cred *c = t->cred;
	bool cap = task_capable(t, CAP_SETGID);
	struct cred *n;

	if (!cap && ((rgid != KEEP && !own_gid(c, rgid)) ||
		     (egid != KEEP && !own_gid(c, egid)) ||
		     (sgid != KEEP && !own_gid(c, sgid))))
		return -EPERM;
	n = cred_copy(c);
	if (!n)
		return -ENOMEM;
	if (rgid != KEEP)
		n->gid = rgid;
	if (egid != KEEP)
		n->egid = egid;
	if (sgid != KEEP)
		n->sgid = sgid;
	n->fsgid = n->egid;
	cred_commit(t, n);
	return 0;
}

/* The old id comes back, whether or not anything changed; setfsuid(2). */
long sys_setfsuid(struct task *t, uint32_t uid)
{
	const struct cred *c = t->cred;
	uint32_t old = c->fsuid;
	struct cred *n;

	if (uid == KEEP || uid == old ||
	    (!own_uid(c, uid) && !task_capable(t, CAP_SETUID)))
		return old;
	n = cred_copy(c);
	if (!n)
		return old;
	n->fsuid = uid;
	cred_commit(t, n);
	return old;
}

long sys_setfsgid(struct task *t, uint32_t gid)
{
	const struct cred *c = t->cred;
	uint32_t old = c->fsgid;
	struct cred *n;

	if (gid == KEEP || gid == old ||
	    (!own_gid(c, gid) && !task_capable(t, CAP_SETGID)))
		return old;
	n = cred_copy(c);
	if (!n)
		return old;
	n->fsgid = gid;
	cred_commit(t, n);
	return old;
}

long sys_getgroups(struct task *t, int size, uaddr_t list)
{
	const struct cred *c = t->cred;

	if (size < 0)
		return -EINVAL;
	if (!size)
		return c->n_groups;
	if ((uint32_t)size < c->n_groups)
		return -EINVAL;
	if (c->n_groups && copy_out(list, c->groups,
				    c->n_groups * sizeof(gid_t)))
		return -EFAULT;
	return c->n_groups;
}

long sys_setgroups(struct task *t, int size, uaddr_t list)
{
	gid_t *groups = NULL;
	struct cred *n;

	if (!task_capable(t, CAP_SETGID))
		return -EPERM;
	if (size < 0 || size > NGROUPS_MAX_)
		return -EINVAL;
	if (size) {
		groups = kmalloc((size_t)size * sizeof(gid_t));
		if (!groups)
			return -ENOMEM;
		if (copy_in(groups, list, (size_t)size * sizeof(gid_t))) {
			kfree(groups);
			return -EFAULT;
		}
	}
	n = cred_copy(t->cred);
	if (!n) {
		kfree(groups);
		return -ENOMEM;
	}
	kfree(n->groups);
	n->groups = groups;
	n->n_groups = (uint32_t)size;
	cred_commit(t, n);
	return 0;
}

struct guest_cap_header {
	uint32_t version;
	int32_t pid;
};

struct guest_cap_data {
	uint32_t effective, permitted, inheritable;
};

/* How many words the caller's version has; an unknown one is told ours. */
static int cap_header(uaddr_t hdr, struct guest_cap_header *h)
{
	uint32_t version = _LINUX_CAPABILITY_VERSION_3;

	if (get_user(&h->version, hdr))
		return -EFAULT;
	if (h->version != _LINUX_CAPABILITY_VERSION_1 &&
	    h->version != _LINUX_CAPABILITY_VERSION_2 &&
	    h->version != _LINUX_CAPABILITY_VERSION_3)
		return put_user(hdr, &version) ? -EFAULT : -EINVAL;
	if (get_user(h, hdr))
		return -EFAULT;
	return h->version == _LINUX_CAPABILITY_VERSION_1 ? 1 : 2;
}

long sys_capget(struct task *t, uaddr_t hdr, uaddr_t data)
{
	struct guest_cap_header h;
	struct guest_cap_data d[2];
	struct task *o;
	int words = cap_header(hdr, &h);

	if (words < 0)
		return words == -EINVAL && !data ? 0 : words;
	if (h.pid < 0)
		return -EINVAL;
	o = h.pid && h.pid != t->tid ? task_find(h.pid) : t;
	if (!o)
		return -ESRCH;
	mutex_lock(&o->group->lock);
	for (int i = 0; i < 2; i++) {
		d[i].effective = (uint32_t)(o->cred->cap_effective >> 32 * i);
		d[i].permitted = (uint32_t)(o->cred->cap_permitted >> 32 * i);
		d[i].inheritable =
			(uint32_t)(o->cred->cap_inheritable >> 32 * i);
	}
	mutex_unlock(&o->group->lock);
	if (o != t)
		task_put(o);
	if (!data)
		return 0;
	return copy_out(data, d, (size_t)words * sizeof(d[0]));
}

long sys_capset(struct task *t, uaddr_t hdr, uaddr_t data)
{
	struct guest_cap_data d[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
	const struct cred *c = t->cred;
	struct guest_cap_header h;
	uint64_t e, p, i;
	struct cred *n;
	int words = cap_header(hdr, &h);

	if (words < 0)
		return words;
	if (h.pid && h.pid != t->tid)
		return -EPERM;
	if (copy_in(d, data, (size_t)words * sizeof(d[0])))
		return -EFAULT;
	e = d[0].effective | (uint64_t)d[1].effective << 32;
	p = d[0].permitted | (uint64_t)d[1].permitted << 32;
	i = d[0].inheritable | (uint64_t)d[1].inheritable << 32;
	if ((i & ~(c->cap_inheritable | c->cap_permitted)) &&
	    !task_capable(t, CAP_SETPCAP))
		return -EPERM;
	if ((i & ~(c->cap_inheritable | c->cap_bounding)) ||
	    (p & ~c->cap_permitted) || (e & ~p))
		return -EPERM;
	n = cred_copy(c);
	if (!n)
		return -ENOMEM;
	n->cap_effective = e;
	n->cap_permitted = p;
	n->cap_inheritable = i;
	n->cap_ambient &= p & i;
	cred_commit(t, n);
	return 0;
}
