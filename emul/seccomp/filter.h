/* SPDX-License-Identifier: Apache-2.0 */
/* filter.h: one filter of a chain, for the files of emul/seccomp alone. */
#ifndef SBX_SECCOMP_FILTER_H
#define SBX_SECCOMP_FILTER_H

#include "emul/lib/lock.h"
#include "emul/seccomp/bpf.h"
#include "emul/sysproto.h"

#define CACHE_WORDS	((NR_SYSCALLS + 63) / 64)

struct seccomp_filter {
	struct ref ref;
	uint32_t n;			/* instructions */
	struct seccomp_filter *prev;	/* older, a reference; or NULL */
	/* Numbers that it and all before it allow, whatever the arguments. */
	uint64_t allowed[CACHE_WORDS];
	struct sock_filter prog[];
};

#endif
