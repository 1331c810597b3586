/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own.h: the user's own terminal, inherited by the sandbox.
 *
 * Its settings and its bytes are the host's.  Whose it is in here is the
 * kernel's own matter, for all of the sandbox is one process group, sbx's, to
 * the host: what is typed there as a signal comes by sbx (emul/signal/outside.c).
 * Descriptors are named by their index (emul/abi/hostfd.h).
 */
#ifndef SBX_TTY_OWN_H
#define SBX_TTY_OWN_H

#include "emul/abi/boot.h"
#include "emul/tty/tty.h"

/*
 * The descriptor @index is a terminal, as @in describes it.  If it controls
 * sbx, it controls the session of the first program. 0, -ENOMEM.
 */
int own_tty_add(unsigned int index, const struct boot_inherited *in)
	__must_check;
/* Is it one? */
bool own_tty_is(unsigned int index);
/* tty_check(), also for a sandbox that is in the background itself. */
int own_tty_check(unsigned int index, int sig) __must_check;
/* Before a write: TOSTOP. */
int own_tty_check_write(unsigned int index) __must_check;
/* As file_ops->ioctl. */
long own_tty_ioctl(unsigned int index, struct file *f, unsigned int cmd,
		   uaddr_t arg);
/* @sig was typed, or is of the terminal's doing.  False: nobody is in front. */
bool own_tty_signal(int sig);

#endif
