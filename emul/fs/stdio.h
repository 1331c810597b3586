/* SPDX-License-Identifier: Apache-2.0 */
/* stdio.h: descriptors that the sandbox inherits from outside. */
#ifndef SBX_FS_STDIO_H
#define SBX_FS_STDIO_H

#include "emul/abi/boot.h"
#include "emul/vfs/vfs.h"

/*
 * The inherited descriptor of that index (emul/abi/hostfd.h), which the host
 * describes by @in, as a file with one reference.  NULL: no memory.
 */
struct file *stdio_file(unsigned int index, const struct boot_inherited *in)
	__must_check;

/* @f becomes one of the terminal of that index, as by inode_ops->open. */
int stdio_open_tty(unsigned int index, struct file *f) __must_check;

#endif
