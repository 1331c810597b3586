/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostsig.c: handlers of the host's signals: trap, faults, kick.
 *
 * A handler emulates nothing (rule R4).  It moves the thread to the right
 * door and returns: from then on there is no signal frame, the guest's vector
 * state is in the registers, and the signal mask is what it always is.
 *
 * The handlers trust no register of the guest: the thread block is found from
 * their own stack, which lies in the thread's slot.
 */
#include <asm/signal.h>
#include <asm/siginfo.h>
#include <asm/sigcontext.h>
#include <asm/ucontext.h>
#include <linux/audit.h>

#include "emul/abi/boot.h"
#include "emul/abi/hostfd.h"
#include "emul/lib/print.h"
#include "emul/mm/mm.h"
#include "emul/task/task.h"
#include "interposer/extable.h"
#include "interposer/interposer.h"
#include "interposer/rawhost.h"

#define FLAG_TF		0x100ULL
#define FLAG_AC		0x40000ULL
#define VSYSCALL_PAGE	0xffffffffff600000ULL
#define X32_BIT		0x40000000u

/* struct siginfo's part for SIGSYS, siginfo(2). */
struct sigsys_info {
	int32_t signo, err, code, pad;
	uint64_t call_addr;
	int32_t nr;
	uint32_t arch;
};

struct fault_info {
	int32_t signo, err, code, pad;
	uint64_t addr;
};

extern const struct extable_entry extable_start[], extable_end[];

uint64_t extable_find(uint64_t rip)
{
	const struct extable_entry *e;

	for (e = extable_start; e < extable_end; e++)
		if (e->from == rip)
			return e->to;
	return 0;
}

static struct thread *thread_of_stack(void)
{
	uint64_t sp = (uint64_t)__builtin_frame_address(0);

	return (struct thread *)(sp & ~(SLOT_SIZE - 1));
}

static bool in_code(uint64_t rip, const char *from, const char *to)
{
	return rip >= (uint64_t)from && rip < (uint64_t)to;
}

static bool in_image(uint64_t rip)
{
	return rip >= IMAGE_BASE && rip < (uint64_t)image_text_end;
}

/*
 * Both call the host's vdso: the kernel on a stack of its own, the guest (by
 * emul/vdso/) on one of the guest's.
 */
static bool in_kernel(const struct sigcontext *sc)
{
	if (sc->rip < HOST_VDSO_BASE)
		return sc->rip >= REGION_START;
	return sc->rsp - SLOTS_BASE < SLOTS_SIZE;
}

static void set_work(struct thread *th, uint32_t bits)
{
	__atomic_fetch_or(&th->work, bits, __ATOMIC_SEQ_CST);
}

/*
 * Back to the kernel's GS.  Guest code that runs with another one has set it
 * by itself, by an instruction or by arch_prctl(2): it gets it back on each
 * way out (WORK_GS), and none of its sites may jump by way of GS any more.
 */
static void take_gs(struct thread *th, bool from_guest)
{
	uint64_t gs;

	__asm__ volatile("rdgsbase %0" : "=r"(gs));
	if (gs == (uint64_t)th)
		return;
	set_gs_base(th);
	if (!from_guest)
		return;
	th->guest_gs = gs;
	set_work(th, WORK_GS | WORK_PATCH);
	if (th->task && th->task->mm)
		store_once(&th->task->mm->no_patch, true);
}

/*
 * Send a thread that was in guest code through the fault door: its registers
 * become the frame on the kernel stack, and the kernel decides.
 */
static void to_fault_door(struct thread *th, struct sigcontext *sc)
{
	struct regs *r = thread_frame(th);

	r->r15 = sc->r15;
	r->r14 = sc->r14;
	r->r13 = sc->r13;
	r->r12 = sc->r12;
	r->rbp = sc->rbp;
	r->rbx = sc->rbx;
	r->r11 = sc->r11;
	r->r10 = sc->r10;
	r->r9 = sc->r9;
	r->r8 = sc->r8;
	r->rax = sc->rax;
	r->rcx = sc->rcx;
	r->rdx = sc->rdx;
	r->rsi = sc->rsi;
	r->rdi = sc->rdi;
	r->orig_rax = (uint64_t)-1;
	r->rip = sc->rip;
	r->cs = sc->cs;
	r->eflags = sc->eflags;
	r->rsp = sc->rsp;
	r->ss = 0x2b;
	th->inside = 1;
	set_work(th, WORK_RESTORE);
	sc->rip = (uint64_t)fault_entry;
	sc->rsp = (uint64_t)r;
	sc->eflags &= ~(FLAG_TF | FLAG_AC);
}

/*
 * The entry code has not changed anything of the guest's yet but rsp: undo
 * that, so that the `syscall` is still to come.
 */
static void undo_entry(struct thread *th, struct sigcontext *sc)
{
	if (sc->rip != (uint64_t)entry_jump)
		sc->rsp = th->user_rsp;
	sc->rip = sc->rcx - 2;
}

static void on_sigsys(int sig, const struct sigsys_info *info,
		      struct ucontext *uc)
{
	struct thread *th = thread_of_stack();
	struct sigcontext *sc = &uc->uc_mcontext;

	(void)sig;
	take_gs(th, !in_kernel(sc));
	if (in_kernel(sc)) {
		/*
		 * The vdso fell back to a call: its clock cannot be read
		 * without one.  host_clock_ns() then asks through the gate.
		 */
		if (!in_image(sc->rip)) {
			sc->rax = (uint64_t)-38;	/* -ENOSYS */
			return;
		}
		panic("system call %d outside the gate at %lx", info->nr,
		      (unsigned long)sc->rip);
	}
	th->n_trap++;
	if (info->arch != AUDIT_ARCH_X86_64) {
		/* int 0x80: as on a kernel without 32-bit emulation. */
		sc->rip = info->call_addr - 2;
		th->fault_signo = SIGSEGV;
		th->fault_code = SI_KERNEL;
		th->fault_addr = 0;
		th->fault_trapno = 13;
		th->fault_err = 0x80 * 8 + 2;
		to_fault_door(th, sc);
		return;
	}
	/*
	 * A call of the vsyscall page has "returned" already: rip is where
	 * its caller goes on, and there is no site to rewrite.
	 */
	if ((info->call_addr & PAGE_MASK) != VSYSCALL_PAGE) {
		th->trap_site = sc->rip - 2;
		set_work(th, WORK_PATCH);
	}
	if (sc->eflags & FLAG_TF) {
		sc->eflags &= ~FLAG_TF;
		set_work(th, WORK_STEP);
	}
	sc->rcx = sc->rip;
	sc->rip = (uint64_t)entry_jump;
}

static void on_fault(int sig, const struct fault_info *info,
		     struct ucontext *uc)
{
	struct thread *th = thread_of_stack();
	struct sigcontext *sc = &uc->uc_mcontext;
	uint64_t to;

	take_gs(th, !in_kernel(sc));
	if (in_kernel(sc)) {
		/* Flags the guest left on; its own copy is in the frame. */
		if (sig == SIGTRAP && (sc->eflags & FLAG_TF)) {
			/* At the entry: it steps over a call. */
			sc->eflags &= ~FLAG_TF;
			set_work(th, WORK_STEP);
			return;
		}
		if (sig == SIGBUS && (sc->eflags & FLAG_AC)) {
			sc->eflags &= ~FLAG_AC;
			return;
		}
		to = extable_find(sc->rip);
		if (to) {
			sc->rip = to;
			return;
		}
		th->fault_addr = info->addr;
		panic("signal %d in the kernel at %lx, address %lx, stack %lx",
		      sig, (unsigned long)sc->rip, (unsigned long)info->addr,
		      (unsigned long)sc->rsp);
	}
	th->fault_signo = sig;
	th->fault_code = info->code;
	th->fault_addr = info->addr;
	th->fault_trapno = sc->trapno;
	th->fault_err = sc->err;
	to_fault_door(th, sc);
}

static void on_kick(int sig, const void *info, struct ucontext *uc)
{
	struct thread *th = thread_of_stack();
	struct sigcontext *sc = &uc->uc_mcontext;
	uint64_t rip = sc->rip;

	(void)sig;
	(void)info;
	take_gs(th, !in_kernel(sc));
	if (!in_kernel(sc)) {
		set_work(th, WORK_SIGNAL);
		th->fault_signo = 0;
		to_fault_door(th, sc);
		return;
	}
	if (in_code(rip, entry_jump, entry_done)) {
		undo_entry(th, sc);
		set_work(th, WORK_SIGNAL);
		th->fault_signo = 0;
		to_fault_door(th, sc);
		return;
	}
	set_work(th, WORK_SIGNAL);
	if (in_code(rip, exit_test, exit_end)) {
		if (in_code(rip, exit_full, exit_end))
			set_work(th, WORK_RESTORE);
		th->inside = 1;
		sc->rip = (uint64_t)exit_test;
		sc->rsp = (uint64_t)thread_frame(th);
		return;
	}
	if (!th->waiting)
		return;
	if (rip == (uint64_t)gate_syscall)
		sc->rsp += 8;	/* back over its call */
	else if (!in_code(rip, gate_wait_test, gate_wait_end))
		return;
	sc->rip = (uint64_t)gate_wait_test;
}

/* As the host's rt_sigaction takes it. */
struct host_sigaction {
	const void *handler;
	uint64_t flags;
	const void *restorer;
	uint64_t mask;
};

#define HOST_SA_RESTORER	0x04000000ULL

static void set_handler(int sig, const void *fn)
{
	struct host_sigaction sa = {
		.handler = fn,
		.flags = SA_SIGINFO | SA_ONSTACK | HOST_SA_RESTORER,
		.restorer = host_restorer,
		.mask = ~0ULL,
	};

	if (raw_host4(__NR_rt_sigaction, sig, (long)&sa, 0, 8))
		panic("rt_sigaction(%d) refused", sig);
}

void hostsig_boot(void)
{
	static const uint8_t faults[] = {
		SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP
	};
	uint64_t open = SIGBIT(SIGSYS) | SIGBIT(HOST_SIGKICK);
	unsigned int i;

	set_handler(SIGSYS, (const void *)on_sigsys);
	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		set_handler(faults[i], (const void *)on_fault);
		open |= SIGBIT(faults[i]);
	}
	set_handler(HOST_SIGKICK, (const void *)on_kick);
	/* All others are blocked for good: terminals and pipes have no say. */
	open = ~open;
	if (raw_host4(__NR_rt_sigprocmask, SIG_SETMASK, (long)&open, 0, 8))
		panic("rt_sigprocmask refused");
}

void hostsig_thread(struct thread *th)
{
	struct {
		uint64_t sp;
		int32_t flags, pad;
		uint64_t size;
	} ss = {
		.sp = (uint64_t)th + SLOT_ALT,
		.size = SLOT_ALT_SIZE,
	};

	if (raw_host4(__NR_sigaltstack, (long)&ss, 0, 0, 0))
		panic("sigaltstack refused");
}
