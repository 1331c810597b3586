/* SPDX-License-Identifier: Apache-2.0 */
/* perm.c: who may do what to a file; path_resolution(7), capabilities(7). */
#include <linux/capability.h>

#include "emul/vfs/namei.h"

bool cred_capable(const struct cred *c, unsigned int cap)
{
	return c->cap_effective >> cap & 1;
}

bool cred_owns(const struct cred *c, const struct inode *i)
{
	return c->fsuid == i->uid || cred_capable(c, CAP_FOWNER);
}

int inode_permission(const struct cred *c, const struct inode *i,
		     unsigned int mask)
{
	unsigned int mode = i->mode;

	if (likely(c->fsuid == i->uid))
		mode >>= 6;
	else if (((mode >> 3 ^ mode) & 7) && cred_in_group(c, i->gid))
		mode >>= 3;
	if (likely(!(mask & ~mode & 7)))
		return 0;
	if (S_ISDIR(i->mode)) {
		if (!(mask & MAY_WRITE) &&
		    cred_capable(c, CAP_DAC_READ_SEARCH))
			return 0;
		return cred_capable(c, CAP_DAC_OVERRIDE) ? 0 : -EACCES;
	}
	if ((mask & (MAY_READ | MAY_WRITE | MAY_EXEC)) == MAY_READ &&
	    cred_capable(c, CAP_DAC_READ_SEARCH))
		return 0;
	/* Even root executes only what somebody may execute. */
	if ((!(mask & MAY_EXEC) || (i->mode & 0111)) &&
	    cred_capable(c, CAP_DAC_OVERRIDE))
		return 0;
	return -EACCES;
}
