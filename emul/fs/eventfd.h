/* SPDX-License-Identifier: Apache-2.0 */
/* eventfd.h: for those in the kernel who tell by an eventfd. */
#ifndef SBX_FS_EVENTFD_H
#define SBX_FS_EVENTFD_H

#include "emul/lib/types.h"

struct file;

bool eventfd_is(const struct file *f);
/* Count one more, if there is room. */
void eventfd_signal(struct file *f);

#endif
