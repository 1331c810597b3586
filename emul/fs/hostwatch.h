/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostwatch.h: changes of host directories that others make.
 *
 * The broker watches, the sandbox reads: it has the descriptor of inotify
 * once the first file of the host is watched.  It is read whenever somebody
 * looks for events, so that they are there as soon as the call that made them
 * is done, and by a thread of kinit, for those who sleep.
 */
#ifndef SBX_FS_HOSTWATCH_H
#define SBX_FS_HOSTWATCH_H

#include "emul/vfs/fsnotify.h"

extern uint32_t hostwatch_count __hidden;

/*
 * Have the host watch @w->dentry, which nobody else sees yet.  Where it does
 * not, host_wd stays 0; -ENOSPC: it has no more watches.
 */
int hostwatch_add(struct fsn_inode *w) __must_check;
/* @w, which nobody can find any more, is not watched any more. */
void hostwatch_del(struct fsn_inode *w);
/* Threads of kinit for it: 0 or 1. */
unsigned int hostwatch_threads(void);

/* Hand on all that the host has told so far.  fsn_lock is not held. */
void hostwatch_drain_slow(void);
static inline void hostwatch_drain(void)
{
	if (unlikely(load_once(&hostwatch_count)))
		hostwatch_drain_slow();
}

#endif
