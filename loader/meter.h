/* SPDX-License-Identifier: Apache-2.0 */
/*
 * meter.h: a process beside the monitor, for what takes rights that the
 * monitor gives up: it measures the memory of a sandbox that has no cgroup, and
 * removes the cgroup of one that has.  The sandbox cannot reach it: it takes no
 * requests, and reads numbers of the host's alone.
 */
#ifndef SBX_METER_H
#define SBX_METER_H

#include <stdint.h>
#include <sys/types.h>

#include "loader/cgroup.h"
#include "loader/err.h"

/* Files in memory that the sandbox fills. */
#define METER_FILES	3

struct meter {
	uint64_t limit;		/* bytes; 0: nothing is measured */
	int files[METER_FILES];
	struct cgroup *cgroup;

	/* Set by meter_start(). */
	pid_t pid;		/* a child that only __WCLONE waits for */
	int over;		/* readable when the limit is passed */
	int life;		/* it ends when all copies are closed */
};

/* Can the processes of a sandbox be measured here? */
bool meter_can(void);
/*
 * Start it for the sandbox whose processes will be children of the caller.
 * 0, or -1 with *e.
 */
int meter_start(struct meter *m, struct err *e);

#endif
