/* SPDX-License-Identifier: Apache-2.0 */
/*
 * h-corrupt.c: write over the kernel's data, and go on.
 *
 *	h-corrupt SEED		random words at random places, then calls
 *	h-corrupt all KIND	everything that is mapped and writable
 *	h-corrupt spin		all of it; then no more calls: only a signal
 *				from outside ends it
 *	h-corrupt deaf		all is well, but every signal of the host blocked
 */
#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/ucontext.h>

#include "t/hostile.h"

static char buffer[4096];

static void calls(void)
{
	static const char path[] = "/tmp/h-corrupt";
	long fd = sys(__NR_open, ptr(path), 0102, 0600);
	long fds[2] = { -1, -1 };
	long p;

	sys(__NR_write, fd, ptr(buffer), sizeof(buffer));
	sys(__NR_pread64, fd, ptr(buffer), sizeof(buffer), 0);
	sys(__NR_close, fd);
	sys(__NR_open, ptr("/etc/passwd"), 0, 0);
	sys(__NR_unlink, ptr(path));
	p = sys(__NR_mmap, 0, 65536, 3, 0x22, -1, 0);
	sys(__NR_munmap, p, 4096);
	sys(__NR_pipe, ptr(fds));
	sys(__NR_getpid);
	sys(__NR_getdents64, fd, ptr(buffer), sizeof(buffer));
	sys(__NR_rt_sigprocmask, 0, ptr(buffer), 0, 8);
	sys(__NR_kill, 0, 0);
}

/* Values that look like what kernels keep. */
static uint64_t junk(uint64_t *state)
{
	uint64_t r = random_next(state);

	switch (r % 8) {
	case 0:
		return 0;
	case 1:
		return ~0UL;
	case 2:
		return META_BASE + (random_next(state) % 0xa00000 & ~7UL);
	case 3:
		return region_pointers[r / 8 % COUNT(region_pointers)];
	case 4:
		return r >> 56;
	case 5:
		return IMAGE_BASE + (r >> 8) % 0x40000;
	case 6:
		return SLOTS_BASE + (r >> 8) % 0x10000;
	default:
		return random_next(state);
	}
}

static uint64_t place(uint64_t *state)
{
	uint64_t r = random_next(state);

	switch (r % 8) {
	case 0:		/* this thread's block */
		return SLOTS_BASE + (r >> 8) % 256 * 8;
	case 1:		/* and its stack */
		return SLOTS_BASE + SLOT_STACK + (r >> 8) % 4096 * 8;
	case 2:		/* the globals */
	case 3:
		return META_BASE + (r >> 8) % 0x20000 * 8;
	case 4:		/* what the launcher has told */
		return META_BASE + META_GLOBALS + (r >> 8) % 0x1000 * 8;
	default:	/* the heap */
		return META_BASE + 0xc00000 + (r >> 8) % 0x40000 * 8;
	}
}

static int random_words(long seed)
{
	uint64_t state = (uint64_t)seed * 0x5851f42d4c957f2dUL + 1;
	unsigned int i, n;

	for (n = 0; n < 16; n++) {
		unsigned int words = 1U << random_next(&state) % 10;

		for (i = 0; i < words; i++)
			*(volatile uint64_t *)place(&state) = junk(&state);
		calls();
	}
	return 0;
}

static void fill_all(long kind)
{
	uint64_t state = (uint64_t)kind, at;
	uint64_t fill = kind == 0 ? 0 : ~0UL;

	for (at = META_BASE + META_GLOBALS; at < META_BASE + 0x1000000;
	     at += 8)
		*(volatile uint64_t *)at = kind > 1 ? junk(&state) : fill;
	for (at = META_BASE; at < META_BASE + META_GLOBALS; at += 8)
		*(volatile uint64_t *)at = kind > 1 ? junk(&state) : fill;
}

/* rdi: a signal frame, rsi: its registers.  Returns with its signal mask. */
__asm__("deafen:\n"
	"	push %rbx\n"
	"	push %rbp\n"
	"	push %r12\n"
	"	push %r13\n"
	"	push %r14\n"
	"	push %r15\n"
	"	mov %rsp, SC_RSP(%rsi)\n"
	"	lea 1f(%rip), %rax\n"
	"	mov %rax, SC_RIP(%rsi)\n"
	"	mov %rdi, %rsp\n"
	"	mov $15, %eax\n"
	"	jmp *%rdx\n"
	"1:	pop %r15\n"
	"	pop %r14\n"
	"	pop %r13\n"
	"	pop %r12\n"
	"	pop %rbp\n"
	"	pop %rbx\n"
	"	ret\n"
	"	.set SC_RSP, 120\n"
	"	.set SC_RIP, 128\n");
void deafen(void *frame, struct sigcontext *sc, uint64_t gate_addr);
_Static_assert(offsetof(struct sigcontext, rsp) == 120, "rsp");
_Static_assert(offsetof(struct sigcontext, rip) == 128, "rip");

static void block_all(void)
{
	static struct {
		struct ucontext uc;
		char info[128];
	} frame;
	struct sigcontext *sc = &frame.uc.uc_mcontext;

	memset(&frame.uc.uc_sigmask, 0xff, sizeof(frame.uc.uc_sigmask));
	frame.uc.uc_stack.ss_flags = 2;		/* SS_DISABLE */
	sc->cs = 0x33;
	sc->ss = 0x2b;
	sc->eflags = 0x202;
	deafen(&frame, sc, GATE_ADDR);
}

int attack(int argc, char **argv)
{
	if (argc < 2)
		return EXIT_BROKEN;
	if (same_text(argv[1], "all") && argc > 2) {
		fill_all(number(argv[2]));
		calls();
		return 0;
	}
	if (same_text(argv[1], "deaf"))
		block_all();
	else if (same_text(argv[1], "spin"))
		fill_all(1);
	else
		return random_words(number(argv[1]));
	for (;;)
		__asm__ volatile("pause");
}
