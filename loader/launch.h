/* SPDX-License-Identifier: Apache-2.0 */
/* launch.h: start a sandbox and stay with it until it ends. */
#ifndef SBX_LAUNCH_H
#define SBX_LAUNCH_H

#include "loader/err.h"
#include "loader/policy.h"

/*
 * Make sure that sbx's own pages leave the kernel's place free; the host's
 * address randomisation may, once in some hundred thousand starts, put them
 * there.  Runs sbx anew then.  First thing in main().
 */
void launch_check_place(char **argv);

/*
 * Run p->program under *p.  Returns the wait status with which sbx is to end
 * (as wait(2) gives it), or -1 with *e when nothing was run.
 */
int launch_run(const struct policy *p, struct err *e);

#endif
