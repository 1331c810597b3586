/* SPDX-License-Identifier: Apache-2.0 */
/* session.h: process groups and sessions; pids_lock is held for all of it. */
#ifndef SBX_TASK_SESSION_H
#define SBX_TASK_SESSION_H

#include "emul/lib/types.h"

struct siginfo128;
struct tgroup;

/* Some member of the process group @pgid; NULL: it does not exist. */
struct tgroup *pgrp_first(int pgid);
/* The next member after @g in a walk that began at @first; NULL at its end. */
struct tgroup *pgrp_next(const struct tgroup *g, const struct tgroup *first);
#define pgrp_for_each(g, first)						\
	for (g = (first); g; g = pgrp_next(g, first))

/* Put @g into the process group @pgid; its session is the caller's matter. */
void pgrp_move(struct tgroup *g, int pgid);
/*
 * Is nobody left who could continue the stopped members of @pgid: a parent in
 * the same session and another group?  @but does not count (NULL: all do).
 */
bool pgrp_orphaned(int pgid, const struct tgroup *but);
/* Send to all members; false: there is none. */
bool pgrp_signal(int pgid, const struct siginfo128 *info);

#endif
