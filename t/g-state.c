/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-state.c: the state that a system call leaves alone: general registers,
 * flags, red zone, x87, MXCSR, vector and opmask registers.  Each of the
 * sites is called several times: at first it traps, then it is rewritten, one
 * in either way; the third is one that cannot be.
 */
#include "t/guest.h"

#include <cpuid.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* In the order of struct user_regs_struct, and with rax the result. */
struct state {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r8;
	uint64_t r9, r10, r11, r12, r13, r14, r15, flags;
	uint64_t red[16];	/* at 128 */
	uint8_t fx[512];	/* at 256: fxsave64 */
	uint64_t k[8];		/* at 768 */
	uint8_t pad[64];
	uint8_t zmm[32][64];	/* at 896 */
} __attribute__((aligned(64)));

struct state state_in, state_out;
unsigned int state_level;	/* 0: xmm by fxrstor, 1: ymm, 2: zmm, opmasks */

void call_a(void);
void call_b(void);
void call_c(void);
extern const char after_a[], after_b[], after_c[];

/* Everything but the site itself. */
#define BEFORE								\
	"	push	%rbx\n	push	%rbp\n	push	%r12\n"		\
	"	push	%r13\n	push	%r14\n	push	%r15\n"		\
	"	lea	state_in+128(%rip), %rsi\n"			\
	"	lea	-128(%rsp), %rdi\n"				\
	"	mov	$16, %ecx\n"					\
	"	rep movsq\n"						\
	"	fxrstor64 state_in+256(%rip)\n"				\
	"	cmpl	$1, state_level(%rip)\n"			\
	"	jb	3f\n"						\
	"	ja	2f\n"						\
	"	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"		\
	"	vmovdqa	state_in+896+64*\\n(%rip), %ymm\\n\n"		\
	"	.endr\n"						\
	"	jmp	3f\n"						\
	"2:\n"								\
	"	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,"	\
	"19,20,21,22,23,24,25,26,27,28,29,30,31\n"			\
	"	vmovdqa64 state_in+896+64*\\n(%rip), %zmm\\n\n"		\
	"	.endr\n"						\
	"	.irp n,0,1,2,3,4,5,6,7\n"				\
	"	kmovq	state_in+768+8*\\n(%rip), %k\\n\n"		\
	"	.endr\n"						\
	"3:\n"								\
	"	lea	-128(%rsp), %rsp\n"				\
	"	pushq	state_in+120(%rip)\n"				\
	"	popfq\n"						\
	"	lea	128(%rsp), %rsp\n"				\
	"	mov	state_in+8(%rip), %rbx\n"			\
	"	mov	state_in+24(%rip), %rdx\n"			\
	"	mov	state_in+32(%rip), %rsi\n"			\
	"	mov	state_in+40(%rip), %rdi\n"			\
	"	mov	state_in+48(%rip), %rbp\n"			\
	"	mov	state_in+56(%rip), %r8\n"			\
	"	mov	state_in+64(%rip), %r9\n"			\
	"	mov	state_in+72(%rip), %r10\n"			\
	"	mov	state_in+88(%rip), %r12\n"			\
	"	mov	state_in+96(%rip), %r13\n"			\
	"	mov	state_in+104(%rip), %r14\n"			\
	"	mov	state_in+112(%rip), %r15\n"

#define AFTER								\
	"	mov	%rax, state_out+0(%rip)\n"			\
	"	mov	%rbx, state_out+8(%rip)\n"			\
	"	mov	%rcx, state_out+16(%rip)\n"			\
	"	mov	%rdx, state_out+24(%rip)\n"			\
	"	mov	%rsi, state_out+32(%rip)\n"			\
	"	mov	%rdi, state_out+40(%rip)\n"			\
	"	mov	%rbp, state_out+48(%rip)\n"			\
	"	mov	%r8, state_out+56(%rip)\n"			\
	"	mov	%r9, state_out+64(%rip)\n"			\
	"	mov	%r10, state_out+72(%rip)\n"			\
	"	mov	%r11, state_out+80(%rip)\n"			\
	"	mov	%r12, state_out+88(%rip)\n"			\
	"	mov	%r13, state_out+96(%rip)\n"			\
	"	mov	%r14, state_out+104(%rip)\n"			\
	"	mov	%r15, state_out+112(%rip)\n"			\
	"	lea	-128(%rsp), %rsp\n"				\
	"	pushfq\n"						\
	"	popq	state_out+120(%rip)\n"				\
	"	pushq	$0x202\n"					\
	"	popfq\n"						\
	"	lea	128(%rsp), %rsp\n"				\
	"	lea	-128(%rsp), %rsi\n"				\
	"	lea	state_out+128(%rip), %rdi\n"			\
	"	mov	$16, %ecx\n"					\
	"	rep movsq\n"						\
	"	fxsave64 state_out+256(%rip)\n"				\
	"	cmpl	$1, state_level(%rip)\n"			\
	"	jb	3f\n"						\
	"	ja	2f\n"						\
	"	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"		\
	"	vmovdqa	%ymm\\n, state_out+896+64*\\n(%rip)\n"		\
	"	.endr\n"						\
	"	vzeroupper\n"						\
	"	jmp	3f\n"						\
	"2:\n"								\
	"	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,"	\
	"19,20,21,22,23,24,25,26,27,28,29,30,31\n"			\
	"	vmovdqa64 %zmm\\n, state_out+896+64*\\n(%rip)\n"	\
	"	.endr\n"						\
	"	.irp n,0,1,2,3,4,5,6,7\n"				\
	"	kmovq	%k\\n, state_out+768+8*\\n(%rip)\n"		\
	"	.endr\n"						\
	"	vzeroall\n"						\
	"3:\n"								\
	"	fninit\n"						\
	"	ldmxcsr	default_mxcsr(%rip)\n"				\
	"	pop	%r15\n	pop	%r14\n	pop	%r13\n"		\
	"	pop	%r12\n	pop	%rbp\n	pop	%rbx\n"		\
	"	ret\n"

const uint32_t default_mxcsr = 0x1f80;

#define FUNCTION(name, site, behind)					\
	__asm__(							\
	"	.text\n"						\
	"	.p2align 6\n"						\
	"	.globl	call_" #name ", after_" #name "\n"		\
	"	.type	call_" #name ", @function\n"			\
	"call_" #name ":\n"						\
	"	.cfi_startproc\n"					\
	BEFORE								\
	site								\
	"	syscall\n"						\
	"after_" #name ":\n"						\
	behind								\
	AFTER								\
	"	.cfi_endproc\n"						\
	"	.size	call_" #name ", . - call_" #name "\n"		\
	"	.fill	16, 1, 0xcc\n")

/* A long instruction before it; getppid is 110. */
FUNCTION(a, "	mov	$110, %eax\n", "");
/* Short ones, but room for a jump within reach; rax comes out of r15. */
FUNCTION(b,
	".macro short\n	mov	%r15, %rax\n	nop\n	.endm\n"
	"	.rept 8\n	short\n	.endr\n",
	"	jmp	1f\n	.fill	8, 1, 0xcc\n1:\n");
/* A branch before it, nothing behind. */
FUNCTION(c,
	"	mov	%r15, %rax\n	jmp	1f\n1:\n", "");

static uint64_t seed = 88172645463325252u;

static uint64_t noise(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void fill(void *p, size_t n)
{
	uint8_t *b = p;

	while (n--)
		*b++ = (uint8_t)(noise() >> 32);
}

static void fill_state(uint64_t flags)
{
	uint16_t fcw = 0x27f;
	uint32_t mxcsr = 0x1f80 | 0x6000 | 0x8000;
	size_t i;

	fill(&state_in, sizeof(state_in));
	state_in.flags = flags;
	state_in.r15 = SYS_getppid;
	memset(state_in.fx, 0, 160);
	memcpy(state_in.fx, &fcw, 2);
	state_in.fx[4] = 0xff;
	memcpy(state_in.fx + 24, &mxcsr, 4);
	for (i = 0; i < 8; i++)
		fill(state_in.fx + 32 + 16 * i, 10);
	memset(&state_out, 0, sizeof(state_out));
}

static unsigned int find_level(void)
{
	unsigned int a, b, c, d, lo, hi;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & (1u << 27)))
		return 0;
	__asm__("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	if ((lo & 6) != 6 || !(c & (1u << 28)))
		return 0;
	if ((lo & 0xe0) != 0xe0 ||
	    !__get_cpuid_count(7, 0, &a, &b, &c, &d) ||
	    !(b & (1u << 16)) || !(b & (1u << 30)))
		return 1;
	return 2;
}

struct result {
	int value, general, link, flags, red, x87, vector;
};

static void compare(struct result *r, const char *after)
{
	const struct state *i = &state_in, *o = &state_out;
	size_t n, width = state_level == 2 ? 64 : 32;

	r->value &= o->rax == (uint64_t)getppid();
	r->general &= i->rbx == o->rbx && i->rdx == o->rdx &&
		      i->rsi == o->rsi && i->rdi == o->rdi &&
		      i->rbp == o->rbp && i->r8 == o->r8 && i->r9 == o->r9 &&
		      i->r10 == o->r10 && i->r12 == o->r12 &&
		      i->r13 == o->r13 && i->r14 == o->r14 && i->r15 == o->r15;
	r->link &= o->rcx == (uint64_t)after && o->r11 == o->flags;
	r->flags &= o->flags == i->flags;
	r->red &= !memcmp(i->red, o->red, sizeof(i->red));
	r->x87 &= !memcmp(i->fx, o->fx, 5) &&
		  !memcmp(i->fx + 24, o->fx + 24, 4);
	for (n = 0; n < 8; n++)
		r->x87 &= !memcmp(i->fx + 32 + 16 * n, o->fx + 32 + 16 * n, 10);
	if (state_level == 0) {
		r->vector &= !memcmp(i->fx + 160, o->fx + 160, 256);
		return;
	}
	for (n = 0; n < (state_level == 2 ? 32 : 16); n++)
		r->vector &= !memcmp(i->zmm[n], o->zmm[n], width);
	if (state_level == 2)
		r->vector &= !memcmp(i->k, o->k, sizeof(i->k));
}

static void try(const char *name, void (*call)(void), const char *after)
{
	/* none; all arithmetic ones; direction; alignment check; ID */
	static const uint64_t flags[] = {
		0x202, 0xad7, 0x602, 0x40202, 0x200202, 0x240ed7,
	};
	struct result r = { 1, 1, 1, 1, 1, 1, 1 };
	char text[64];

	for (int turn = 0; turn < 4; turn++) {
		for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
			fill_state(flags[i]);
			call();
			compare(&r, after);
		}
	}
#define OK(what) do {							\
		snprintf(text, sizeof(text), "%s: %s", name, #what);	\
		ok(r.what, text);					\
	} while (0)
	OK(value);
	OK(general);
	OK(link);
	OK(flags);
	OK(red);
	OK(x87);
	OK(vector);
}

int main(void)
{
	state_level = find_level();
	try("mov before", call_a, after_a);
	try("filler behind", call_b, after_b);
	try("neither", call_c, after_c);
	return done_testing();
}
