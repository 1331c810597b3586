/* SPDX-License-Identifier: Apache-2.0 */
/* ask.c: a call of a task that has a mode: may it be done? */
#include <linux/audit.h>
#include <linux/errno.h>
#include <linux/seccomp.h>

#include "emul/abi/regs.h"
#include "emul/lib/uapi.h"
#include "emul/seccomp/filter.h"
#include "emul/seccomp/seccomp.h"
#include "emul/signal/siginfo.h"
#include "emul/task/task.h"

#define MAX_ERRNO	4095
#define SYS_SECCOMP_CODE 1	/* si_code of SIGSYS */

/* The strictest answer of the chain; of equals the newest filter's. */
static uint32_t ask(const struct seccomp_filter *f,
		    const struct seccomp_data *d)
{
	uint32_t best = SECCOMP_RET_ALLOW;

	for (; f; f = f->prev) {
		uint32_t ret = bpf_run(f->prog, d, false, NULL);

		/* As signed numbers: KILL_PROCESS is below all others. */
		if ((int32_t)(ret & SECCOMP_RET_ACTION_FULL) <
		    (int32_t)(best & SECCOMP_RET_ACTION_FULL))
			best = ret;
	}
	return best;
}

/* The call is not done: SIGSYS, with the registers as they were before. */
static long trap(struct task *t, const struct regs *r, uint32_t reason)
{
	struct siginfo128 info;

	siginfo_init(&info, SIGSYS, SYS_SECCOMP_CODE);
	info.err = (int)reason;
	info.fields[0] = r->rip;
	info.fields[1] = (uint32_t)r->orig_rax |
			 (uint64_t)AUDIT_ARCH_X86_64 << 32;
	signal_force(t, &info);
	return (long)r->orig_rax;
}

static bool strict_allows(struct task *t, uint32_t nr)
{
	if (nr == NR_read || nr == NR_write || nr == NR_exit ||
	    nr == NR_rt_sigreturn)
		return true;
	task_exit(t, SIGKILL);
}

bool seccomp_allows(struct task *t, struct regs *r, long *ret)
{
	const struct seccomp_filter *f = load_acquire(&t->seccomp);
	uint32_t nr = (uint32_t)r->orig_rax, action, data;
	struct seccomp_data d;

	if (t->seccomp_mode == SECCOMP_MODE_STRICT)
		return strict_allows(t, nr);
	if (nr < NR_SYSCALLS && (f->allowed[nr / 64] >> nr % 64 & 1))
		return true;
	d = (struct seccomp_data){
		.nr = (int)nr,
		.arch = AUDIT_ARCH_X86_64,
		.instruction_pointer = r->rip,
		.args = { r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9 },
	};
	action = ask(f, &d);
	data = action & SECCOMP_RET_DATA;
	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
		return true;
	case SECCOMP_RET_ERRNO:
		*ret = -(long)MIN(data, MAX_ERRNO);
		return false;
	case SECCOMP_RET_TRAP:
		*ret = trap(t, r, data);
		return false;
	case SECCOMP_RET_TRACE:
	case SECCOMP_RET_USER_NOTIF:
		/* There is nobody to ask. */
		*ret = -ENOSYS;
		return false;
	case SECCOMP_RET_KILL_THREAD:
		if (load_once(&t->group->n_live) > 1)
			task_exit(t, SIGSYS);
		__fallthrough;
	default:
		group_exit(t, SIGSYS);
	}
}
