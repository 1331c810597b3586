/* SPDX-License-Identifier: Apache-2.0 */
/* boot.h: the kernel's part of starting a sandbox. */
#ifndef SBX_EMUL_BOOT_H
#define SBX_EMUL_BOOT_H

#include "emul/abi/boot.h"
#include "emul/lib/types.h"

struct thread;

/*
 * Make the first objects, load the program that @b names, and go to it on the
 * calling thread, whose block is @th.  A program that cannot be loaded ends
 * the sandbox with 126 or 127 and one line.
 */
void emul_boot(const struct boot *b, struct thread *th) __noreturn;

#endif
