/* SPDX-License-Identifier: Apache-2.0 */
/* sys_info.h: what the kernel calls itself, also for /proc. */
#ifndef SBX_MISC_SYS_INFO_H
#define SBX_MISC_SYS_INFO_H

#include "emul/lib/types.h"

struct boot;

/* A release that libcs and runtimes find new enough. */
#define UTS_RELEASE	"6.1.0-sbx"
#define UTS_RELEASE_26	"2.6.61-sbx"	/* with UNAME26, personality(2) */
#define UTS_VERSION	"#1 SMP PREEMPT_DYNAMIC sbx"

struct sysinfo_boot {
	char hostname[65];
	/* Limits of the sandbox, 0: none. */
	uint64_t max_memory;		/* bytes */
	uint64_t max_cpu_milli;		/* thousandths of a CPU */
	uint64_t max_pids;		/* threads */
	uint64_t mem_total, mem_free;	/* bytes, when the sandbox started */
};

void sysinfo_init(const struct boot *boot);
const struct sysinfo_boot *sysinfo_get(void);

#endif
