/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostfd.h: the numbers that host descriptors have inside a sandbox.
 *
 * All processes of a sandbox share one host descriptor table.  Its lowest
 * numbers are laid out by the launcher and never change: the filter names
 * them, because it sees numbers and not files.  Anything else that the
 * broker passes in lands at HOSTFD_FIRST_FREE or above, for the launcher
 * fills every number below (unused ones with a descriptor of the life line)
 * before the filter is on, and close is only let through above them.
 */
#ifndef SBX_ABI_HOSTFD_H
#define SBX_ABI_HOSTFD_H

/* Inherited: they keep the offset and flags shared with the outside. */
#define HOSTFD_STDIN		0
#define HOSTFD_STDOUT		1
#define HOSTFD_STDERR		2

#define HOSTFD_META		3	/* memfd of the kernel's data */
#define HOSTFD_SLOTS		4	/* memfd of the thread slots */
#define HOSTFD_DATA		5	/* memfd of file data */
#define HOSTFD_LIFE		6	/* read end of the life line */
#define HOSTFD_TRACE		7	/* where --trace goes */

/*
 * Kernel ends of the channels to the broker: an aligned block of four, which
 * the filter tests by one masked comparison.  The broker serves one request at
 * a time; more channels would only make the start longer.
 */
#define HOSTFD_CHANNEL		8
#define HOSTFD_CHANNELS		4

/* Further inherited descriptors (--pass-fd), in the order given. */
#define HOSTFD_PASS		16
#define HOSTFD_PASS_MAX		16

#define HOSTFD_FIRST_FREE	32
#define HOSTFD_END		65536	/* RLIMIT_NOFILE is set to it */
#define HOSTFD_ROOM		4096	/* of the table at the start */

/*
 * Inherited descriptors as requests to the broker name them: 0, 1, 2 are
 * the standard ones, 3.. are HOSTFD_PASS...
 */
#define INHERITED_MAX		(3 + HOSTFD_PASS_MAX)

/*
 * The one host signal by which a thread is pulled into the kernel: SIGURG.
 * It is ignored by default, so a kick before the handler is there is lost
 * and not fatal, and it does not queue.
 */
#define HOST_SIGKICK		23

#endif
