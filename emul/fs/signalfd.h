/* SPDX-License-Identifier: Apache-2.0 */
/* signalfd.h: what sending signals needs of signalfd(2). */
#ifndef SBX_FS_SIGNALFD_H
#define SBX_FS_SIGNALFD_H

struct tgroup;

/* A signal was queued for @g or one of its threads.  g->lock may be held. */
void signalfd_notify(const struct tgroup *g);

#endif
