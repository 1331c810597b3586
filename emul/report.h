/* SPDX-License-Identifier: Apache-2.0 */
/* report.h: what the kernel tells the user of sbx: --trace, --stats, panics. */
#ifndef SBX_EMUL_REPORT_H
#define SBX_EMUL_REPORT_H

#include "emul/abi/boot.h"
#include "emul/lib/types.h"

/* Take over what @b asks to be traced and counted. */
void report_boot(const struct boot *b);

/*
 * When the last process of the sandbox ends: the table of --stats, if it was
 * asked for, on sbx's standard error.
 */
void report_end(void);

/* Add the counts of a thread that ends to the totals. */
struct thread;
void report_thread(const struct thread *th);

#endif
