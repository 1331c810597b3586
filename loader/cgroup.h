/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup.h: a control group of the sandbox's own, cgroups(7), of version 2 or
 * of version 1, where the host lets us make one: in our own group or, as
 * version 2 forbids processes beside groups, next to it.  What exists already
 * is not changed.
 */
#ifndef SBX_CGROUP_H
#define SBX_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "loader/err.h"

struct limits;

enum cgroup_kind { CGROUP_MEMORY, CGROUP_CPU, CGROUP_PIDS, CGROUP_KINDS };

/* One directory for each kind; in version 2 it is the same one. */
struct cgroup {
	char *dir[CGROUP_KINDS];	/* NULL: none */
	int procs[CGROUP_KINDS];	/* its list of processes; -1: none */
	int oom_fd;			/* has a line `oom_kill N'; -1: none */
};

/* Could a group with this controller be made? */
bool cgroup_can(enum cgroup_kind kind);
/*
 * Make the groups that l->cgroup_* ask for and set their limits.  0, or -1
 * with *e; in both cases cgroup_close(g) and, when all its processes have
 * ended, cgroup_remove(g).
 */
int cgroup_make(struct cgroup *g, const struct limits *l, struct err *e);
/* The calling process goes into it, by what is open.  0 or -errno. */
int cgroup_enter(const struct cgroup *g);
/* Close the lists of processes. */
void cgroup_close(struct cgroup *g);
/* False: not yet, there are processes in it. */
bool cgroup_remove(struct cgroup *g);

#endif
