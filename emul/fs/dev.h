/* SPDX-License-Identifier: Apache-2.0 */
/* dev.h: /dev of the sandbox. */
#ifndef SBX_FS_DEV_H
#define SBX_FS_DEV_H

#include "emul/vfs/vfs.h"

/* A new tree of devices, to be mounted at /dev; NULL: no memory. */
struct superblock *dev_super(void) __must_check;
/* Make *@st tell of the node /dev/tty, where there is one: what it is of. */
void dev_tty_getattr(struct kstat *st);

#endif
