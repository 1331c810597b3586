/* SPDX-License-Identifier: Apache-2.0 */
/* passed.h: sockets of the host that sbx has inherited. */
#ifndef SBX_NET_PASSED_H
#define SBX_NET_PASSED_H

#include "emul/lib/types.h"

struct file;

/*
 * The inherited descriptor of that index, which is @fd and a socket, as a file
 * with one reference.  NULL: it is of no kind that is known here.
 */
struct file *passed_file(unsigned int index, int fd, unsigned int flags)
	__must_check;

#endif
