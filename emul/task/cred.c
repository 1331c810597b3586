/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cred.c: who a task is: user and group ids, capabilities(7).
 *
 * Credentials are the sandbox's own: the host's never change.  A guest that
 * is root has the capabilities that a container's root has, less those whose
 * calls the kernel refuses to everybody.
 */
#include <linux/capability.h>

#include "emul/abi/boot.h"
#include "emul/lib/alloc.h"
#include "emul/lib/live.h"
#include "emul/lib/string.h"
#include "emul/lib/uapi.h"
#include "emul/task/sched.h"
#include "emul/task/task.h"

#define CAPBIT(c)	(1ULL << (c))
#define ROOT_CAPS							\
	(CAPBIT(CAP_CHOWN) | CAPBIT(CAP_DAC_OVERRIDE) |			\
	 CAPBIT(CAP_FOWNER) | CAPBIT(CAP_FSETID) | CAPBIT(CAP_KILL) |	\
	 CAPBIT(CAP_SETGID) | CAPBIT(CAP_SETUID) |			\
	 CAPBIT(CAP_SETPCAP) | CAPBIT(CAP_NET_BIND_SERVICE) |		\
	 CAPBIT(CAP_SETFCAP) | CAPBIT(CAP_DAC_READ_SEARCH) |		\
	 CAPBIT(CAP_MKNOD) | CAPBIT(CAP_SYS_CHROOT) |			\
	 CAPBIT(CAP_SYS_ADMIN))

struct cred *cred_boot(const struct boot *boot)
{
	struct cred *c = kzalloc(sizeof(*c));
	const uint32_t *groups;

	if (!c)
		return NULL;
	ref_init(&c->ref);
	c->uid = c->euid = c->suid = c->fsuid = boot->uid;
	c->gid = c->egid = c->sgid = c->fsgid = boot->gid;
	c->cap_bounding = ROOT_CAPS;
	if (!c->uid)
		c->cap_permitted = c->cap_effective = ROOT_CAPS;
	if (boot->n_groups) {
		groups = (const uint32_t *)((const char *)boot + boot->groups);
		c->groups = kmalloc(boot->n_groups * sizeof(gid_t));
		if (!c->groups) {
			kfree(c);
			return NULL;
		}
		memcpy(c->groups, groups, boot->n_groups * sizeof(gid_t));
		c->n_groups = boot->n_groups;
	}
	live_add(LIVE_CRED, 1);
	return c;
}

void cred_put(struct cred *c)
{
	if (!c || !ref_put(&c->ref))
		return;
	kfree(c->groups);
	live_add(LIVE_CRED, -1);
	kfree(c);
}

struct cred *cred_copy(const struct cred *c)
{
	struct cred *n = kmalloc(sizeof(*n));

	if (!n)
		return NULL;
	*n = *c;
	ref_init(&n->ref);
	if (c->n_groups) {
		n->groups = kmalloc(c->n_groups * sizeof(gid_t));
		if (!n->groups) {
			kfree(n);
			return NULL;
		}
		memcpy(n->groups, c->groups, c->n_groups * sizeof(gid_t));
	} else {
		n->groups = NULL;
	}
	live_add(LIVE_CRED, 1);
	return n;
}

/* Others read @t's credentials under its group's lock: kill(2). */
void cred_commit(struct task *t, struct cred *new)
{
	struct cred *old = t->cred;

	/* A process that changed who it is may not be looked into. */
	if (old->euid != new->euid || old->egid != new->egid ||
	    old->fsuid != new->fsuid || old->fsgid != new->fsgid) {
		t->group->dumpable = false;
		t->pdeath_signal = 0;
	}
	mutex_lock(&t->group->lock);
	t->cred = new;
	mutex_unlock(&t->group->lock);
	cred_put(old);
}

bool cred_in_group(const struct cred *c, gid_t gid)
{
	if (c->fsgid == gid)
		return true;
	for (uint32_t i = 0; i < c->n_groups; i++)
		if (c->groups[i] == gid)
			return true;
	return false;
}
