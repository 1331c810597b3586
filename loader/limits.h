/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits.h: how much a sandbox may use: --memory, --cpus, --pids and so on.
 *
 * Each is held in up to three places, the strongest that is there:
 *
 *	cgroup		the host counts, whatever the sandbox does (cgroup.h)
 *	outside		sbx itself: the monitor's clock, the meter's sums
 *			(meter.h), the CPUs that sbx may run on, limits of
 *			the host's that the sandbox inherits
 *	inside		the sandbox's kernel: programs cannot go around it, one
 *			that has taken the kernel over could
 *
 * limits_explain() says which, and SECURITY what that leaves.
 */
#ifndef SBX_LIMITS_H
#define SBX_LIMITS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "loader/err.h"

struct limits {
	uint64_t memory;	/* bytes of all processes and files in memory */
	uint64_t cpu_milli;	/* thousandths of a CPU */
	uint64_t pids;		/* threads of all processes */
	uint64_t files;		/* descriptors a process */
	uint64_t fsize;		/* bytes a file */
	uint64_t timeout_ms;	/* then SIGTERM, and exit status 124 */
	uint64_t kill_ms;	/* after that, SIGKILL */
	bool kill_set;
	bool best_effort;	/* what cannot be held is left out */
	/* What limits_check() has found. */
	bool cgroup_memory, cgroup_cpus, cgroup_pids;
};

/* Of SIGTERM, where --kill-after does not say. */
#define LIMITS_KILL_MS	10000u

/*
 * A number of bytes that is not 0, with or without a suffix K, M, G or T.
 * False: @s is something else, or it is too large.
 */
bool size_parse(const char *s, uint64_t *out);
/*
 * Parse the argument of an option into *out: bytes with a suffix K, M, G or T
 * (powers of 1024), a number from @min on, thousandths of a decimal number,
 * or milliseconds of a time with a suffix s, m, h or d (of seconds if none).
 * @option is for messages.  0, or -1 with *e.
 */
int limit_bytes(uint64_t *out, const char *option, const char *arg,
		struct err *e);
int limit_count(uint64_t *out, const char *option, const char *arg,
		uint64_t min, struct err *e);
int limit_milli(uint64_t *out, const char *option, const char *arg,
		struct err *e);
int limit_time(uint64_t *out, const char *option, const char *arg,
	       struct err *e);

/*
 * Can all that is asked be held on this host?  Fills what has been found.
 * Before sbx starts anything; nothing is changed.  0, or -1 with *e.
 */
int limits_check(struct limits *l, struct err *e);

/* A line a limit: what it is, and what holds it. */
void limits_explain(const struct limits *l, FILE *f);

/*
 * For the whole of sbx, before it forks: the CPUs it may run on.  0, or -1
 * with *e.
 */
int limits_apply(const struct limits *l, struct err *e);

/* In the child: what the host holds for each process. */
void limits_child(const struct limits *l);

#endif
