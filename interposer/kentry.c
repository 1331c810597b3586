/* SPDX-License-Identifier: Apache-2.0 */
/* kentry.c: what entry.S calls: calls, faults, and work before the way out. */
#include <asm/siginfo.h>
#include <asm/signal.h>

#include "emul/entry/dispatch.h"
#include "emul/mm/args.h"
#include "emul/mm/mm.h"
#include "emul/signal/fault.h"
#include "emul/task/clone.h"
#include "emul/task/task.h"
#include "interposer/interposer.h"
#include "interposer/patch.h"

#define FLAG_TF		0x100ULL

void kernel_entry(struct regs *r)
{
	struct thread *th = this_thread();
	long ret = dispatch_call(th->task, r);

	r->rax = (uint64_t)ret;
	/* A restart is decided on the way out, even if the signal is gone. */
	if (unlikely((unsigned long)(ret + ERESTART_RESTARTBLOCK) <=
		     ERESTART_RESTARTBLOCK - ERESTARTSYS))
		__atomic_fetch_or(&th->work, WORK_SIGNAL, __ATOMIC_RELAXED);
}

void kernel_exit_work(struct regs *r)
{
	struct thread *th = this_thread();
	struct task *t = th->task;
	uint32_t work;

	work = __atomic_fetch_and(&th->work, ~(WORK_SIGNAL | WORK_PATCH |
					       WORK_STEP | WORK_CPU |
					       WORK_ARGS | WORK_CARRIER),
				  __ATOMIC_ACQ_REL);
	if (work & WORK_CARRIER)
		vfork_carrier_ends(th);
	if (work & WORK_EXIT)
		task_exit(t, 0);
	if (work & WORK_CPU)
		cputime_work(t);
	if (work & WORK_ARGS)
		args_refresh(t->mm);
	if (work & WORK_PATCH)
		patch_site_trapped(t, th->trap_site);
	if (work & WORK_STEP) {
		r->eflags |= FLAG_TF;
		r->r11 |= FLAG_TF;
	}
	if (work & WORK_SIGNAL)
		signal_deliver(t, r);
}

void kernel_fault(struct regs *r)
{
	struct thread *th = this_thread();
	struct task *t = th->task;

	/* What the guest may see is the site of a call, not our thunk (R5). */
	if (patch_fault(t, r))
		return;
	if (th->fault_signo)
		signal_fault(t, r);
}

void kernel_bad_return(struct regs *r)
{
	struct thread *th = this_thread();

	th->fault_signo = SIGSEGV;
	th->fault_code = SI_KERNEL;
	th->fault_addr = 0;
	th->fault_trapno = 13;
	th->fault_err = 0;
	__atomic_fetch_or(&th->work, WORK_RESTORE, __ATOMIC_RELAXED);
	signal_fault(th->task, r);
}
