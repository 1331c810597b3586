/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame.c: signal frames of x86-64, as the guest's unwinders and runtimes
 * know them, and rt_sigreturn(2).
 *
 * From the top: the vector state on a boundary of 64 bytes, then the frame,
 * 8 below a boundary of 16, so that the handler starts as if it was called.
 * The guest's vector state is live in the registers while the kernel runs:
 * xsave writes it straight to the guest's stack, and xrstor takes it back.
 */
#include "emul/abi/boot.h"
#include "emul/abi/regs.h"
#include "emul/entry/uaccess.h"
#include "emul/lib/string.h"
#include "emul/lib/uapi.h"
#include "emul/signal/queue.h"
#include "emul/signal/siginfo.h"
#include "emul/signal/xstate.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"

#define RED_ZONE	128
#define USER_CS		0x33
#define USER_SS		0x2b

#define FLAG_TF		0x100ULL
#define FLAG_DF		0x400ULL
#define FLAG_RF		0x10000ULL
/* AC OF DF TF SF ZF AF PF CF RF: what a frame may set. */
#define FLAGS_FREE	0x50dd5ULL

#define UC_XSTATE		0x1u	/* UC_FP_XSTATE */
#define UC_SS			0x2u	/* UC_SIGCONTEXT_SS */
#define UC_STRICT_SS		0x4u	/* UC_STRICT_RESTORE_SS */

#ifndef SA_RESTORER
#define SA_RESTORER		0x04000000
#endif
#define STACK_AUTODISARM	(1U << 31)	/* SS_AUTODISARM */

struct guest_stack {
	uaddr_t sp;
	int32_t flags;
	uint32_t pad;
	uint64_t size;
};

struct guest_sigcontext {
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip;
	uint64_t eflags;
	uint16_t cs, gs, fs, ss;
	uint64_t err, trapno, oldmask, cr2;
	uaddr_t fpstate;
	uint64_t reserved[8];
};

struct guest_ucontext {
	uint64_t flags;
	uaddr_t link;
	struct guest_stack stack;
	struct guest_sigcontext mc;
	sigset64_t mask;
};

struct guest_frame {
	uaddr_t pretcode;
	struct guest_ucontext uc;
	struct siginfo128 info;
};

_Static_assert(sizeof(struct guest_sigcontext) == 256, "sigcontext");
_Static_assert(sizeof(struct guest_frame) == 440, "rt_sigframe");

size_t signal_min_stack(void)
{
	size_t n = sizeof(struct guest_frame) + 15 + xstate_frame_size() + 63;

	return ALIGN_UP(n, (size_t)16);
}

void signal_reset_fpu(void)
{
	xstate_reset();
}

/* Is @sp on the alternate stack? */
bool sigstack_on(const struct task *t, uint64_t sp)
{
	const struct sigaltstack_state *s = &t->altstack;

	if ((unsigned int)s->flags & STACK_AUTODISARM)
		return false;
	return sp > s->sp && sp - s->sp <= s->size;
}

static void save_context(const struct task *t, const struct regs *r,
			 struct guest_sigcontext *c)
{
	c->r8 = r->r8;
	c->r9 = r->r9;
	c->r10 = r->r10;
	c->r11 = r->r11;
	c->r12 = r->r12;
	c->r13 = r->r13;
	c->r14 = r->r14;
	c->r15 = r->r15;
	c->rdi = r->rdi;
	c->rsi = r->rsi;
	c->rbp = r->rbp;
	c->rbx = r->rbx;
	c->rdx = r->rdx;
	c->rax = r->rax;
	c->rcx = r->rcx;
	c->rsp = r->rsp;
	c->rip = r->rip;
	c->eflags = r->eflags;
	c->cs = USER_CS;
	c->ss = USER_SS;
	c->err = t->trap_err;
	c->trapno = t->trap_nr;
	c->cr2 = t->trap_cr2;
}

int frame_push(struct task *t, struct regs *r, const struct ksigaction *a,
	       const struct siginfo128 *info, sigset64_t mask)
{
	struct guest_frame f;
	uint64_t sp = r->rsp - RED_ZONE, fp;
	bool nested = sigstack_on(t, sp), entering = false;

	if ((a->flags & SA_ONSTACK) && !nested && t->altstack.size) {
		sp = t->altstack.sp + t->altstack.size;
		entering = true;
	}
	fp = ALIGN_DOWN(sp - xstate_frame_size(), 64UL);
	sp = ALIGN_DOWN(fp - sizeof(f), 16UL) - 8;
	/* An alternate stack that is too small is not run over. */
	if ((nested || entering) &&
	    (sp <= t->altstack.sp || sp - t->altstack.sp > t->altstack.size))
		return -EFAULT;
	if (!(a->flags & SA_RESTORER))
		return -EFAULT;
	if (xstate_push(fp))
		return -EFAULT;

	memset(&f, 0, sizeof(f));
	f.pretcode = a->restorer;
	f.uc.flags = UC_XSTATE | UC_SS | UC_STRICT_SS;
	f.uc.stack.sp = t->altstack.sp;
	f.uc.stack.flags = t->altstack.flags;
	f.uc.stack.size = t->altstack.size;
	save_context(t, r, &f.uc.mc);
	f.uc.mc.oldmask = mask;
	f.uc.mc.fpstate = fp;
	f.uc.mask = mask;
	if (a->flags & SA_SIGINFO)
		f.info = *info;
	if (put_user(sp, &f))
		return -EFAULT;

	if ((unsigned int)t->altstack.flags & STACK_AUTODISARM) {
		t->altstack.sp = 0;
		t->altstack.size = 0;
		t->altstack.flags = SS_DISABLE;
	}
	xstate_reset();
	r->rdi = (uint64_t)info->signo;
	r->rsi = sp + offsetof(struct guest_frame, info);
	r->rdx = sp + offsetof(struct guest_frame, uc);
	r->rax = 0;
	r->rip = a->handler;
	r->rsp = sp;
	r->cs = USER_CS;
	r->ss = USER_SS;
	r->eflags &= ~(FLAG_DF | FLAG_RF | FLAG_TF);
	r->orig_rax = (uint64_t)-1;
	__atomic_fetch_or(&t->thread->work, WORK_RESTORE, __ATOMIC_RELAXED);
	return 0;
}

static int restore_context(struct task *t, struct regs *r,
			   const struct guest_sigcontext *c)
{
	/* 32-bit code has no way into the kernel, so nobody may go there. */
	if ((c->cs | 3) != USER_CS)
		return -EINVAL;
	r->r8 = c->r8;
	r->r9 = c->r9;
	r->r10 = c->r10;
	r->r11 = c->r11;
	r->r12 = c->r12;
	r->r13 = c->r13;
	r->r14 = c->r14;
	r->r15 = c->r15;
	r->rdi = c->rdi;
	r->rsi = c->rsi;
	r->rbp = c->rbp;
	r->rbx = c->rbx;
	r->rdx = c->rdx;
	r->rax = c->rax;
	r->rcx = c->rcx;
	r->rsp = c->rsp;
	r->rip = c->rip;
	r->eflags = (r->eflags & ~FLAGS_FREE) | (c->eflags & FLAGS_FREE);
	r->cs = USER_CS;
	r->ss = USER_SS;
	r->orig_rax = (uint64_t)-1;
	t->restart.fn = restart_none;
	/* The host's vdso is the guest's to call: it may be interrupted. */
	if (c->rip >= REGION_START && c->rip < HOST_VDSO_BASE)
		return -EINVAL;
	return xstate_pop(c->fpstate);
}

long sys_rt_sigreturn(struct task *t)
{
	struct regs *r = task_regs(t);
	uaddr_t at = r->rsp - sizeof(uaddr_t);
	struct guest_ucontext uc;

	r->orig_rax = (uint64_t)-1;
	__atomic_fetch_or(&t->thread->work, WORK_RESTORE, __ATOMIC_RELAXED);
	if (get_user(&uc, at + offsetof(struct guest_frame, uc)))
		goto bad;
	signal_set_blocked(t, uc.mask);
	if (restore_context(t, r, &uc.mc))
		goto bad;
	/* Errors of this one do not count, sigreturn(2). */
	sigstack_set(t, uc.stack.sp, uc.stack.flags, uc.stack.size, r->rsp);
	return (long)r->rax;
bad:
	signal_force_kernel(t, SIGSEGV);
	return (long)r->rax;
}
