/* SPDX-License-Identifier: Apache-2.0 */
/* landlock.h: Landlock for the sandbox's own processes. */
#ifndef SBX_LANDLOCK_H
#define SBX_LANDLOCK_H

#include <stdbool.h>

/* Does the host's Landlock keep signals inside a domain (Linux 6.12)? */
bool landlock_scopes_signals(void);

/*
 * Shut the calling process and its children off from every file, every TCP
 * port, and signals and abstract sockets to the outside, as far as the host's
 * Landlock can: a second fence, for the filter lets no such call through, but
 * for signals: it lets through what landlock_scopes_signals() promised here.
 * Returns 0, also where there is no Landlock, or -1 with errno.
 */
int landlock_shut(void);

#endif
