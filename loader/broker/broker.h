/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker.h: the trusted process beside a sandbox.
 *
 * It is the monitor (parent and reaper of the sandbox's processes, forwarder
 * of signals) and the broker (opener of host files under the policy) in one
 * single-threaded loop.  Everything it reads from the sandbox is hostile.
 *
 * Order of start, for the launcher:
 *	monitor_init, monitor_grant..., monitor_hide..., [channels, memfds]
 *	fork; the child closes what is not its own, lifeline_arm(), waits for go
 *	monitor_start(m, child): group and signals
 *	monitor_confine(m): Landlock and filter, irrevocable
 *	let the child go
 *	monitor_run(m): until the sandbox has ended
 */
#ifndef SBX_BROKER_H
#define SBX_BROKER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "emul/abi/broker.h"
#include "emul/abi/hostfd.h"
#include "emul/abi/hostproc.h"

#define MONITOR_GRANTS_MAX	1024
#define MONITOR_FIXED_MAX	32

struct file_id {
	uint64_t dev;
	uint64_t ino;
};

/* A place under a grant that must not be reached through it. */
struct hide {
	char *path;		/* relative to the grant */
	bool listed;		/* READDIR tells its name all the same */
	bool known;		/* id holds: it exists */
	struct file_id id;
};

struct grant {
	int dirfd;		/* O_PATH, opened at start */
	char *guest;		/* where the guest sees it: absolute, clean */
	bool writable;
	bool commit;		/* writable after an exit with 0 */
	bool is_file;
	uint64_t dev;			/* of the root: major << 32 | minor */
	struct hide *hides;
	size_t hide_count;
};

struct monitor {
	int channel[HOSTFD_CHANNELS];	/* our ends; -1: closed */
	int meta_fd;			/* memfd of the kernel's data */
	int slots_fd;			/* memfd of the thread slots, or -1 */
	off_t hostsig_off;		/* of struct hostsig in it */
	off_t hostproc_off;		/* of the table of processes */
	int life_fd;			/* write end of the life line */
	pid_t child;			/* first process, leader of the group */

	struct grant *grants;
	size_t grant_count;
	int inherited[INHERITED_MAX];	/* our duplicates; -1: closed */
	struct file_id fixed[MONITOR_FIXED_MAX];	/* monitor_fix */
	size_t fixed_count;
	struct file_id arena[3];	/* monitor_arena */
	size_t arena_count;

	struct net *net;		/* net.h; NULL: no network at all */

	bool no_openat2;		/* the host refuses it, or forced */
	bool no_landlock;		/* set by monitor_confine */
	int proc_fd;			/* /proc/self/fd, O_PATH, or -1 */
	int watch_fd;			/* of inotify, or -1: none yet */
	int watches[BROKER_WATCH_MAX];	/* its numbers */
	size_t watch_count;

	/* Names an address of the kernel's, or NULL; loader/symbols.h. */
	const char *(*symbol)(uint64_t at, uint64_t *off);

	/* The state of the run. */
	int signal_fd;
	int child_fd;			/* SIGCHLD alone */
	int first_fd;			/* pidfd of the first process, or -1 */
	int64_t reap_ms;		/* look for the dead then; 0: when told */
	int epoll_fd;
	bool asked;			/* a request came just now */
	sigset_t old_mask;
	bool exit_known;		/* the kernel told its status */
	bool ending;			/* the group has been killed */
	bool commit;			/* an exit with 0 is to be followed */
	bool committed;			/* by this, or there is a reason */
	int stop_sig;			/* to stop by; 0: go on */
	int status;			/* wait status for sbx */
	char reason[256];		/* why it was ended by us, or "" */
	struct hostsig hostsig;		/* our copy: what we count */
	int unheard;			/* signal not taken yet, or 0 ... */
	int64_t unheard_ms;		/* ... and since when */

	/* Limits, and what has come of them; set before monitor_start. */
	int64_t timeout_ms, kill_ms;	/* of --timeout; 0: none */
	uint64_t memory;		/* of --memory, bytes */
	uint64_t fsize;			/* of --fsize, bytes; 0: none */
	int meter_fd;			/* readable: that was passed; or -1 */
	int meter_life;			/* when it closes, the meter ends ... */
	pid_t meter;			/* ... or 0: there is none */
	int oom_fd;			/* of the cgroup, or -1 */
	int64_t due_ms;			/* the next end of time, or -1 */
	int end_status;			/* sbx's, for an end by limit; or 0 */
	bool late_commit;		/* the time is over, while it writes */
};

/*
 * Fill *m: everything empty, duplicates of 0, 1 and 2 taken (of those that
 * are open).  Returns 0 or -errno.
 */
int monitor_init(struct monitor *m);

/*
 * Grant what lies at the host path, to be seen by the guest at guest (which
 * is copied).  Symbolic links in host are followed here, once.  Devices,
 * fifos and sockets are refused with -ENXIO.  Returns its index or -errno.
 * A grant seen beneath another's place in the guest is hidden from the other,
 * so that the narrower right holds; monitor_confine does that.
 */
int monitor_grant(struct monitor *m, const char *host, const char *guest,
		  bool writable);

/* What lies at the root of a grant.  0 or -errno. */
int monitor_grant_stat(const struct monitor *m, size_t grant,
		       struct broker_stat *st);

/* Hide the path rel under a grant from the sandbox.  0 or -errno. */
int monitor_hide(struct monitor *m, size_t grant, const char *rel);
/*
 * As monitor_hide, for a place that the kernel puts something else over: its
 * name stays in the directory's list.
 */
int monitor_cover(struct monitor *m, size_t grant, const char *rel);

/*
 * What the sandbox keeps in memory of this grant may be written back once its
 * program has exited with 0, and must be: else sbx ends with 125.
 */
void monitor_commit(struct monitor *m, size_t grant);

/* Duplicate fd as inherited number index (3..).  Returns 0 or -errno. */
int monitor_pass(struct monitor *m, unsigned int index, int fd);

/*
 * The sandbox has fd for its data alone: mode, owner and times of that file
 * are not to be changed through it.  What is inherited is fixed by itself.
 * Returns 0 or -errno.
 */
int monitor_fix(struct monitor *m, int fd);
/* The same, and it is memory: the sandbox alone takes more of it. */
int monitor_arena(struct monitor *m, int fd);

struct net_policy;
/*
 * Let the sandbox have what the policy (which stays the caller's, and must
 * live on) grants of the network.  The sockets of what is published are made
 * and bound.  0, or -errno with *what: which of them failed.
 */
int monitor_net(struct monitor *m, const struct net_policy *policy,
		const char **what);
/* The port of the host that publication i has got. */
uint16_t monitor_net_port(const struct monitor *m, size_t i);

/*
 * After fork, in the parent: child is the first process, in a session of its
 * own.  Blocks the signals that will be forwarded.  Returns 0 or -errno.
 */
int monitor_start(struct monitor *m, pid_t child);

/*
 * Drop everything that serving does not need: no_new_privs, Landlock where
 * the host has it, the broker's own filter.  Returns 0 or -errno; with an
 * error nothing may be run.
 */
int monitor_confine(struct monitor *m);

/*
 * Serve, reap and forward until the sandbox has ended.  Returns the wait
 * status with which sbx ends (exit status, or a signal to re-raise); a
 * failure of the sandbox as such is 125 << 8, with a line on standard error.
 */
int monitor_run(struct monitor *m);

/* Close and free what *m holds. */
void monitor_destroy(struct monitor *m);

/*
 * In the sandbox's first process, after setsid(): have the host kill the
 * whole group when the last write end of the pipe that fd reads from goes
 * away.  Returns 0 or -errno.
 */
int lifeline_arm(int fd);

/* Print the table of vetted host calls (sbx --vetted). */
void vetted_print(FILE *out);

#endif
