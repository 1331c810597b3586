/* SPDX-License-Identifier: Apache-2.0 */
/* hoststat.h: how often each host call was made, for --stats. */
#ifndef SBX_HOST_HOSTSTAT_H
#define SBX_HOST_HOSTSTAT_H

#include <stdint.h>

#define HOST_CALLS_MAX	512

/* By call number. */
extern uint64_t host_calls[HOST_CALLS_MAX];

#endif
