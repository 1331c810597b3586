/* SPDX-License-Identifier: Apache-2.0 */
/* fault.h: from a fault of the guest to its signal. */
#ifndef SBX_SIGNAL_FAULT_H
#define SBX_SIGNAL_FAULT_H

struct regs;
struct task;

/*
 * The guest of @t faulted with registers @r; t->thread->fault_* say how, as
 * the host's siginfo and sigcontext had it.  Forces the signal that Linux
 * would send.
 */
void signal_fault(struct task *t, struct regs *r);

#endif
