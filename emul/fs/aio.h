/* SPDX-License-Identifier: Apache-2.0 */
/* aio.h: the contexts of io_setup(2) of an address space. */
#ifndef SBX_FS_AIO_H
#define SBX_FS_AIO_H

struct mm;

/* The address space goes, and with it its contexts. */
void aio_exit(struct mm *mm);

#endif
