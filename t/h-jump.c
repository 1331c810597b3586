/* SPDX-License-Identifier: Apache-2.0 */
/*
 * h-jump.c: control where it should not go, registers as they should not be.
 *
 *	h-jump text SEED	a random place of the kernel's text, with random
 *				registers; after that, on with calls
 *	h-jump case N		one of the cases below
 *	h-jump count		how many there are, as exit status
 */
#include "t/hostile.h"

/* Registers that an attack is started with. */
static uint64_t regs[16] __attribute__((__used__));
static uint64_t target __attribute__((__used__));
static unsigned char spare[65536] __attribute__((__aligned__(4096)));

/* All registers from regs[], then to target. */
__asm__("leap:\n"
	"	mov regs+0(%rip), %rax\n"
	"	mov regs+8(%rip), %rbx\n"
	"	mov regs+16(%rip), %rcx\n"
	"	mov regs+24(%rip), %rdx\n"
	"	mov regs+32(%rip), %rsi\n"
	"	mov regs+40(%rip), %rdi\n"
	"	mov regs+48(%rip), %rbp\n"
	"	mov regs+56(%rip), %r8\n"
	"	mov regs+64(%rip), %r9\n"
	"	mov regs+72(%rip), %r10\n"
	"	mov regs+80(%rip), %r11\n"
	"	mov regs+88(%rip), %r12\n"
	"	mov regs+96(%rip), %r13\n"
	"	mov regs+104(%rip), %r14\n"
	"	mov regs+112(%rip), %r15\n"
	"	mov regs+120(%rip), %rsp\n"
	"	jmp *target(%rip)\n");
extern const char leap[];

static void __attribute__((__noreturn__)) jump(void)
{
	__asm__ volatile("jmp leap" ::: "memory");
	__builtin_unreachable();
}

static int text_jump(long seed)
{
	uint64_t state = (uint64_t)seed;
	uint64_t end = *(const uint64_t *)(IMAGE_BASE + 8);
	unsigned int i;

	for (i = 0; i < 16; i++)
		switch (random_next(&state) % 6) {
		case 0:
			regs[i] = random_next(&state);
			break;
		case 1:
			regs[i] = region_pointers[random_next(&state) %
						  COUNT(region_pointers)];
			break;
		case 2:
			regs[i] = random_next(&state) % 512;
			break;
		case 3:
			regs[i] = META_BASE + random_next(&state) % 0x800000;
			break;
		case 4:
			regs[i] = SLOTS_BASE + random_next(&state) % 0x10000;
			break;
		default:
			regs[i] = (uint64_t)spare + 32768;
			break;
		}
	if (random_next(&state) % 2)
		regs[15] = (uint64_t)spare + 32768;
	target = IMAGE_BASE + random_next(&state) % (end - IMAGE_BASE);
	jump();
}

static void calls(void)
{
	unsigned int i;

	for (i = 0; i < 8; i++)
		sys(__NR_getpid);
	say("went on\n");
	sys(__NR_mmap, 0, 4096, 3, 0x22, -1, 0);
}

/* A call, and a fault, with the stack pointer at a place. */
static int call_with_stack(uint64_t sp)
{
	long ret;

	__asm__ volatile("mov %%rsp, %%r15\n"
			 "mov %[sp], %%rsp\n"
			 "syscall\n"
			 "mov %%r15, %%rsp\n"
			 : "=a"(ret) : "a"(__NR_getpid), [sp] "r"(sp)
			 : "rcx", "r11", "r15", "memory");
	return ret > 0 ? 0 : EXIT_BREACH;
}

static int __attribute__((__noreturn__)) fault_with_stack(uint64_t sp)
{
	__asm__ volatile("mov %[sp], %%rsp\n"
			 "mov (0), %%rax\n"
			 "hlt" :: [sp] "r"(sp) : "memory");
	__builtin_unreachable();
}

static void set_gs(uint64_t v)
{
	__asm__ volatile("wrgsbase %0" :: "r"(v));
}

static void set_fs(uint64_t v)
{
	__asm__ volatile("wrfsbase %0" :: "r"(v));
}

static int gs_case(uint64_t v)
{
	set_gs(v);
	calls();
	/* With the kernel's door taken as a thunk takes it. */
	set_gs(v);
	__asm__ volatile("lea 1f(%%rip), %%rcx\n"
			 "jmp *%%gs:8\n"
			 "1:" :: "a"(__NR_getpid) : "rcx", "r11", "memory");
	return 0;
}

#define INSN(text) __asm__ volatile(text ::: "memory", "rax", "rbx", "rcx", \
				    "rdx", "rsi", "rdi", "r8", "r11")

static int __attribute__((__noinline__)) insn_case(long n)
{
	switch (n) {
	case 0: INSN("mov $1, %%eax; int $0x80"); break;		/* exit */
	case 1: INSN("mov $11, %%eax; int $0x80"); break;	/* execve */
	case 2: INSN("mov $4, %%eax; mov $1, %%ebx; int $0x80"); break;
	case 3: INSN("mov $2, %%eax; int $0x80"); break;		/* fork */
	case 4: INSN("mov $1, %%eax; sysenter"); break;
	case 5: INSN("mov $0x40000027, %%eax; syscall"); break;	/* x32 */
	case 6: INSN("mov $0xffffffff, %%eax; syscall"); break;
	case 7: INSN("mov $0xffffffffff600000, %%rax; xor %%edi, %%edi;"
		     "xor %%esi, %%esi; call *%%rax"); break;
	case 8: INSN("mov $0xffffffffff600400, %%rax; xor %%edi, %%edi;"
		     "call *%%rax"); break;
	case 9: INSN("mov $0xffffffffff600123, %%rax; call *%%rax"); break;
	case 10: INSN("ud2"); break;
	case 11: INSN("hlt"); break;
	case 12: INSN("cli"); break;
	case 13: INSN("wrmsr"); break;
	case 14: INSN("mov %%cr3, %%rax"); break;
	case 15: INSN("in $0x80, %%al"); break;
	case 16: INSN("lgdt (%%rsp)"); break;
	case 17: INSN("int3"); break;
	case 18: INSN("int $0x20"); break;
	case 19: INSN("int $0x2d"); break;
	case 20: INSN("mov $8, %%eax; mov %%eax, %%ds"); break;
	case 21: INSN("mov $0x2b, %%eax; mov %%eax, %%gs"); break;
	case 22: INSN("xor %%eax, %%eax; mov %%eax, %%gs"); break;
	case 23: INSN("mov $0xffff, %%eax; mov %%eax, %%fs"); break;
	case 24: INSN("pushq $0x23; pushq $0x10000; lretq"); break;
	case 25: INSN("pushfq; orl $0x100, (%%rsp); popfq"); break; /* TF */
	case 26: INSN("pushfq; orl $0x40000, (%%rsp); popfq"); break; /* AC */
	case 27: INSN("pushfq; orl $0x4000, (%%rsp); popfq"); break; /* NT */
	case 28: INSN("std"); break;
	case 29: INSN("xor %%ecx, %%ecx; xgetbv; xor %%edx, %%edx; xsetbv"); break;
	case 30: INSN("swapgs"); break;
	case 31: INSN("syscall"); break;
	case 32: INSN("mov $-1, %%rax; jmp *%%rax"); break;
	case 33: INSN("mov $0x800000000000, %%rax; jmp *%%rax"); break;
	/* TF on over a call, and the door taken with it on. */
	case 34: INSN("pushfq; orl $0x100, (%%rsp); popfq;"
		      "mov $39, %%eax; syscall"); break;
	case 35: INSN("pushfq; orl $0x100, (%%rsp); popfq;"
		      "mov $39, %%eax; lea 1f(%%rip), %%rcx; jmp *%%gs:8; 1:");
		 break;
	/* A return address that is the kernel's, or none. */
	case 36: INSN("mov $39, %%eax; mov $0x7f8000200000, %%rcx;"
		      "jmp *%%gs:8"); break;
	case 37: INSN("mov $39, %%eax; mov $0x8000000000000000, %%rcx;"
		      "jmp *%%gs:8"); break;
	case 38: INSN("mov $39, %%eax; mov $0x7f8000201000, %%rcx;"
		      "jmp *%%gs:8"); break;
	case 39: INSN("mov $39, %%eax; xor %%ecx, %%ecx; jmp *%%gs:8"); break;
	case 40: INSN("mov $15, %%eax; lea 1f(%%rip), %%rcx; jmp *%%gs:8; 1:");
		 break;
	default: return -1;
	}
	calls();
	return 0;
}

#define INSNS	41
static const uint64_t bases[] = {
	0, 8, 0x10000, REGION_START, IMAGE_BASE, META_BASE, SLOTS_BASE,
	SLOTS_BASE + 8, SLOTS_BASE + 0x8000, DATA_BASE, REGION_END,
	0x7ffffffffff8, 0xffff800000000000,
};

int attack(int argc, char **argv)
{
	long n, k = COUNT(bases);

	if (argc < 3)
		return (int)(INSNS + 4 * k);
	n = number(argv[2]);
	if (same_text(argv[1], "text"))
		return text_jump(n);
	if (n < INSNS)
		return insn_case(n);
	n -= INSNS;
	if (n < k)
		return gs_case(bases[n]);
	if (n < 2 * k) {
		set_fs(bases[n - k]);
		calls();
		return 0;
	}
	if (n < 3 * k)
		return call_with_stack(bases[n - 2 * k] + 0x8000);
	if (n < 4 * k)
		fault_with_stack(bases[n - 3 * k] + 0x8000);
	return EXIT_BROKEN;
}
