/* SPDX-License-Identifier: Apache-2.0 */
/* sys_seccomp.c: seccomp(2), and what prctl(2) has of it. */
#include <linux/errno.h>
#include <linux/seccomp.h>

#include "emul/entry/dispatch.h"
#include "emul/entry/uaccess.h"
#include "emul/seccomp/seccomp.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"

#ifndef SECCOMP_FILTER_FLAG_TSYNC_ESRCH
#define SECCOMP_FILTER_FLAG_TSYNC_ESRCH	(1UL << 4)
#endif
/* Not those of a listener: there is none. */
#define FLAGS_KNOWN							\
	(SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG |		\
	 SECCOMP_FILTER_FLAG_SPEC_ALLOW | SECCOMP_FILTER_FLAG_TSYNC_ESRCH)

static long set_strict(struct task *t)
{
	long err = 0;

	mutex_lock(&t->group->lock);
	if (t->seccomp_mode && t->seccomp_mode != SECCOMP_MODE_STRICT)
		err = -EINVAL;
	else
		store_release(&t->seccomp_mode, SECCOMP_MODE_STRICT);
	mutex_unlock(&t->group->lock);
	if (!err)
		__atomic_fetch_or(&dispatch_ctl.flags, DISPATCH_SECCOMP,
				  __ATOMIC_SEQ_CST);
	return err;
}

long seccomp_op(struct task *t, unsigned int op, unsigned int flags,
		uaddr_t args)
{
	struct seccomp_notif_sizes sizes = {
		sizeof(struct seccomp_notif),
		sizeof(struct seccomp_notif_resp),
		sizeof(struct seccomp_data),
	};
	uint32_t action;

	switch (op) {
	case SECCOMP_SET_MODE_STRICT:
		return flags || args ? -EINVAL : set_strict(t);
	case SECCOMP_SET_MODE_FILTER:
		if (flags & ~FLAGS_KNOWN)
			return -EINVAL;
		return seccomp_attach(t, flags, args);
	case SECCOMP_GET_ACTION_AVAIL:
		if (flags)
			return -EINVAL;
		if (get_user(&action, args))
			return -EFAULT;
		return seccomp_action_known(action) ? 0 : -EOPNOTSUPP;
	case SECCOMP_GET_NOTIF_SIZES:
		if (flags)
			return -EINVAL;
		return put_user(args, &sizes);
	default:
		return -EINVAL;
	}
}

long sys_seccomp(struct task *t, unsigned int op, unsigned int flags,
		 uaddr_t args)
{
	return seccomp_op(t, op, flags, args);
}
