/* SPDX-License-Identifier: Apache-2.0 */
/* hostwatch.h: changes of host directories that others make. */
#ifndef SBX_FS_HOSTWATCH_H
#define SBX_FS_HOSTWATCH_H

#include "emul/vfs/fsnotify.h"

static inline void hostwatch_add(struct fsn_inode *w)
{
	(void)w;
}
static inline void hostwatch_del(struct fsn_inode *w)
{
	(void)w;
}
static inline void hostwatch_drain(void)
{
}

#endif
