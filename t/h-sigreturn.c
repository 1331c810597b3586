/* SPDX-License-Identifier: Apache-2.0 */
/*
 * h-sigreturn.c: forged signal frames.
 *
 *	h-sigreturn own CASE	for the kernel's rt_sigreturn
 *	h-sigreturn gate CASE	for the host's, at the gate
 *	h-sigreturn count	how many cases there are, as exit status
 */
#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/ucontext.h>

#include "t/hostile.h"

/* What lies on the stack when a handler has returned: see rt_sigreturn(2). */
static struct {
	struct ucontext uc;
	siginfo_t info;
	/* Vector state; the host wants it aligned to 64. */
	unsigned char xstate[8192] __attribute__((__aligned__(64)));
} frame __attribute__((__aligned__(64)));

static unsigned char stack[65536] __attribute__((__aligned__(64)));

/* Where a frame that is taken leads. */
static void __attribute__((__noreturn__, __used__)) landed(void)
{
	unsigned int i;

	__asm__ volatile("cld");
	for (i = 0; i < 16; i++)
		sys(__NR_getpid);
	say("landed\n");
	sys(__NR_write, -1, 0, 0);
	quit(3);
}

__asm__("landing:\n"
	"	and $-16, %rsp\n"
	"	call landed\n"
	"	hlt\n");
extern const char landing[];

static uint64_t set_xstate(unsigned int kind)
{
	uint32_t *magic;
	unsigned int i;

	switch (kind) {
	case 0:
		return 0;
	case 1:	/* all ones: mxcsr too */
		memset(frame.xstate, 0xff, sizeof(frame.xstate));
		return (uint64_t)frame.xstate;
	case 2:	/* says it is extended, and is not */
		for (i = 0; i < sizeof(frame.xstate); i++)
			frame.xstate[i] = (unsigned char)i;
		magic = (uint32_t *)(frame.xstate + 464);
		magic[0] = 0x46505853;
		magic[1] = 4096;
		magic[2] = magic[3] = 0xffffffff;
		magic[4] = 2696;
		return (uint64_t)frame.xstate;
	case 3:
		return (uint64_t)META_BASE;
	case 4:
		return 0x8000000000000000UL;
	case 5:
		return (uint64_t)frame.xstate + 1;
	default:
		return 8;
	}
}

static const struct {
	uint64_t rip, rsp;	/* 0: what is good */
	uint64_t eflags;
	uint16_t cs, ss;
	uint64_t mask;
	unsigned int xstate;
	uint64_t alt_sp;
} cases[] = {
	{ 0, 0, 0x202, 0x33, 0x2b, 0, 0, 0 },
	{ GATE_ADDR, 0, 0x202, 0x33, 0x2b, 0, 0, 0 },
	{ IMAGE_BASE, 0, 0x202, 0x33, 0x2b, 0, 0, 0 },
	{ META_BASE, 0, 0x202, 0x33, 0x2b, 0, 0, 0 },
	{ REGION_END, 0, 0x202, 0x33, 0x2b, 0, 0, 0 },
	{ 0x800000000000, 0, 0x202, 0x33, 0x2b, 0, 0, 0 },
	{ 0xffffffff81000000, 0, 0x202, 0x33, 0x2b, 0, 0, 0 },
	{ ~0UL, 0, 0x202, 0x33, 0x2b, 0, 0, 0 },
	{ 8, 0, 0x202, 0x33, 0x2b, 0, 0, 0 },
	{ 0, META_BASE, 0x202, 0x33, 0x2b, 0, 0, 0 },
	{ 0, SLOTS_BASE + 64, 0x202, 0x33, 0x2b, 0, 0, 0 },
	{ 0, SLOTS_BASE + SLOT_STACK_END, 0x202, 0x33, 0x2b, 0, 0, 0 },
	{ 0, SLOTS_BASE + SLOT_ALT + 64, 0x202, 0x33, 0x2b, 0, 0, 0 },
	{ 0, 0x8000000000000000, 0x202, 0x33, 0x2b, 0, 0, 0 },
	{ 0, 8, 0x202, 0x33, 0x2b, 0, 0, 0 },
	/* Other segments: 32-bit code, the kernel's, none, nonsense. */
	{ 0, 0, 0x202, 0x23, 0x2b, 0, 0, 0 },
	{ 0, 0, 0x202, 0x10, 0x18, 0, 0, 0 },
	{ 0, 0, 0x202, 0, 0, 0, 0, 0 },
	{ 0, 0, 0x202, 0x33, 0x18, 0, 0, 0 },
	{ 0, 0, 0x202, 0x33, 0, 0, 0, 0 },
	{ 0, 0, 0x202, 0xffff, 0xffff, 0, 0, 0 },
	{ 0, 0, 0x202, 0x07, 0x0f, 0, 0, 0 },
	/* Flags: TF, DF, IOPL, NT, AC, RF, VM, all. */
	{ 0, 0, 0x302, 0x33, 0x2b, 0, 0, 0 },
	{ 0, 0, 0x602, 0x33, 0x2b, 0, 0, 0 },
	{ 0, 0, 0x3202, 0x33, 0x2b, 0, 0, 0 },
	{ 0, 0, 0x4202, 0x33, 0x2b, 0, 0, 0 },
	{ 0, 0, 0x40202, 0x33, 0x2b, 0, 0, 0 },
	{ 0, 0, 0x10202, 0x33, 0x2b, 0, 0, 0 },
	{ 0, 0, 0x20202, 0x33, 0x2b, 0, 0, 0 },
	{ 0, 0, ~0UL, 0x33, 0x2b, 0, 0, 0 },
	{ 0, 0, 0, 0x33, 0x2b, 0, 0, 0 },
	/* Signal masks: with SIGSYS blocked the next trap is the last. */
	{ 0, 0, 0x202, 0x33, 0x2b, ~0UL, 0, 0 },
	{ 0, 0, 0x202, 0x33, 0x2b, 1UL << 30, 0, 0 },
	{ 0, 0, 0x202, 0x33, 0x2b, 1UL << 22, 0, 0 },
	{ 0, 0, 0x202, 0x33, 0x2b, 1UL << 10, 0, 0 },
	/* Vector state. */
	{ 0, 0, 0x202, 0x33, 0x2b, 0, 1, 0 },
	{ 0, 0, 0x202, 0x33, 0x2b, 0, 2, 0 },
	{ 0, 0, 0x202, 0x33, 0x2b, 0, 3, 0 },
	{ 0, 0, 0x202, 0x33, 0x2b, 0, 4, 0 },
	{ 0, 0, 0x202, 0x33, 0x2b, 0, 5, 0 },
	{ 0, 0, 0x202, 0x33, 0x2b, 0, 6, 0 },
	/* Alternate stacks: elsewhere in the region, nowhere. */
	{ 0, 0, 0x202, 0x33, 0x2b, 0, 0, META_BASE },
	{ 0, 0, 0x202, 0x33, 0x2b, 0, 0, SLOTS_BASE },
	{ 0, 0, 0x202, 0x33, 0x2b, 0, 0, 0x8000000000000000 },
	{ 0, 0, 0x202, 0x33, 0x2b, 0, 0, 64 },
};

static void forge(long n)
{
	struct sigcontext *sc = &frame.uc.uc_mcontext;

	frame.uc.uc_flags = 6;	/* SS is valid, and strict */
	if (cases[n].xstate)
		frame.uc.uc_flags |= 1;
	sc->rip = cases[n].rip ? cases[n].rip : (uint64_t)landing;
	sc->rsp = cases[n].rsp ? cases[n].rsp :
		  (uint64_t)(stack + sizeof(stack));
	sc->eflags = cases[n].eflags;
	sc->cs = cases[n].cs;
	sc->ss = cases[n].ss;
	sc->rax = __NR_exit;
	sc->fpstate = (void *)set_xstate(cases[n].xstate);
	memcpy(&frame.uc.uc_sigmask, &cases[n].mask, 8);
	frame.uc.uc_stack.ss_sp = (void *)cases[n].alt_sp;
	frame.uc.uc_stack.ss_size = cases[n].alt_sp ? 65536 : 0;
	frame.uc.uc_stack.ss_flags = cases[n].alt_sp ? 0 : 2;
}

int attack(int argc, char **argv)
{
	long n;

	if (argc < 3)
		return COUNT(cases);
	n = number(argv[2]);
	if (n < 0 || n >= (long)COUNT(cases))
		return EXIT_BROKEN;
	forge(n);
	if (same_text(argv[1], "own"))
		__asm__ volatile("mov %0, %%rsp\n"
				 "mov $15, %%eax\n"
				 "syscall\n"
				 "hlt"
				 :: "r"(&frame) : "memory");
	else
		__asm__ volatile("mov %0, %%rsp\n"
				 "mov $15, %%eax\n"
				 "jmp *%1\n"
				 :: "r"(&frame), "r"(GATE_ADDR) : "memory");
	return EXIT_BREACH;
}
