/* SPDX-License-Identifier: Apache-2.0 */
/* overlay.h: a host directory whose changes stay in memory. */
#ifndef SBX_FS_OVERLAY_H
#define SBX_FS_OVERLAY_H

#include "emul/abi/boot.h"
#include "emul/vfs/vfs.h"

/* A superblock over the grant that @m names.  err_ptr() on failure. */
struct superblock *overlay_super(const struct boot_mount *m) __must_check;

#endif
