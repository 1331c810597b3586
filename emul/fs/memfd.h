/* SPDX-License-Identifier: Apache-2.0 */
/* memfd.h: files of memfd_create(2) and their seals. */
#ifndef SBX_FS_MEMFD_H
#define SBX_FS_MEMFD_H

#define MEMFD_SEAL_EXEC	0x20	/* F_SEAL_EXEC */

#include "emul/vfs/vfs.h"

/* F_ADD_SEALS and F_GET_SEALS; as file_ops->fcntl. */
__hidden long memfd_fcntl(struct file *f, unsigned int cmd, uaddr_t arg);

#endif
