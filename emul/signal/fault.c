/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault.c: from a fault of the guest to its signal.
 *
 * The host has decided already what the fault was; its siginfo is right but
 * where it shows that the kernel lives in the guest's address space.
 */
#include "emul/signal/fault.h"

#include "emul/lib/uapi.h"

#include "emul/abi/regs.h"
#include "emul/mm/mm.h"
#include "emul/signal/siginfo.h"
#include "emul/task/task.h"

#define SEGV_MAPERR_	1
#define TRAP_PAGE	14	/* page fault, as the CPU numbers it */
#define FAULT_PRESENT	1u	/* bits of its error code */
#define FAULT_WRITE	2u

void signal_fault(struct task *t, struct regs *r)
{
	const struct thread *th = t->thread;
	struct siginfo128 info;
	int signo = th->fault_signo, code = th->fault_code;

	t->trap_nr = th->fault_trapno;
	t->trap_err = th->fault_err;
	if (th->fault_trapno == TRAP_PAGE)
		t->trap_cr2 = th->fault_addr;
	if (signo == SIGSEGV && th->fault_addr >= REGION_START) {
		/* Nothing is there, as far as the guest is concerned. */
		code = code == SICODE_KERNEL ? code : SEGV_MAPERR_;
		t->trap_err |= FAULT_PRESENT;
	}
	r->orig_rax = (uint64_t)-1;
	if (th->fault_trapno == TRAP_PAGE && t->mm) {
		signo = mm_fault(t->mm, th->fault_addr,
				 th->fault_err & FAULT_WRITE, signo, code,
				 &code);
		if (!signo)
			return;
	}
	siginfo_init(&info, signo, code);
	/* A general protection fault has no address: 0, as Linux says. */
	info.fields[0] = th->fault_addr;
	signal_force(t, &info);
}
