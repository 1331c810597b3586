/* SPDX-License-Identifier: Apache-2.0 */
/* bootpage.h: the launcher's side of emul/abi/boot.h. */
#ifndef SBX_BOOTPAGE_H
#define SBX_BOOTPAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "emul/abi/broker.h"
#include "loader/err.h"
#include "loader/policy.h"

/* The broker's grant for a mount, and what lies at its root. */
struct grant_root {
	uint32_t grant;
	struct broker_stat st;
};

struct boot_vdso;

/*
 * Note the resource limits and the signal dispositions that the guest is to
 * see, before the launcher changes its own.
 */
void bootpage_keep(void);

/*
 * Where the host has put vvar and vdso in this process, in order of address.
 * Without /proc there is no vdso for the kernel, and time costs it a call.
 */
void bootpage_vdso(struct boot_vdso *v);

/*
 * Write struct boot for the policy into the memfd @meta_fd.  @grants[i] is
 * the broker's grant of p->mounts[i], where that is a host's; @scoped: the
 * host keeps signals inside the sandbox; @net: there may be its sockets.
 * 0, or -1 with *e.
 */
int bootpage_write(int meta_fd, const struct policy *p,
		   const struct grant_root *grants, bool scoped,
		   bool net, struct err *e);

#endif
