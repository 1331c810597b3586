/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xstate.h: vector state of the guest in its signal frames.
 *
 * The area on the guest's stack is what xsave writes, with the words that
 * <asm/sigcontext.h> describes in the reserved part of its first 512 bytes
 * and FP_XSTATE_MAGIC2 behind it.
 */
#ifndef SBX_SIGNAL_XSTATE_H
#define SBX_SIGNAL_XSTATE_H

#include "emul/lib/types.h"

struct sigaltstack_state;
struct task;

/* Bytes of the area with the word behind it. */
size_t xstate_frame_size(void);
/* Write the live state to guest memory at @at, aligned to 64. 0, -EFAULT. */
int xstate_push(uaddr_t at) __must_check;
/* Load it from there; 0: none, the initial state. 0, -EFAULT, -EINVAL. */
int xstate_pop(uaddr_t at) __must_check;
/* The state a handler and a new program start with. */
void xstate_reset(void);

/*
 * The live state as an object of the kernel's, for kfree(), or NULL: no
 * memory; and back into the registers.
 */
void *xstate_save(void) __must_check;
void xstate_load(const void *area);

/* sys_signal.c: sigaltstack(2) with the guest's stack pointer @sp. */
int sigstack_set(struct task *t, uaddr_t ss_sp, int flags, size_t size,
		 uint64_t sp);
/* frame.c: is @sp on the alternate stack? */
bool sigstack_on(const struct task *t, uint64_t sp);

#endif
