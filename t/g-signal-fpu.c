/* SPDX-License-Identifier: Apache-2.0 */
/* g-signal-fpu.c: vector and floating point state around handlers. */
#define _GNU_SOURCE
#include "t/guest.h"

#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define MAGIC1	0x46505853u
#define MAGIC2	0x46505845u

static uint32_t handler_mxcsr;
static uint16_t handler_cw;
static int aligned, magic1, magic2, flags_ok, stack_ok, header_ok;
static int change_mxcsr, use_avx, use_avx512;

static void on_signal(int sig, siginfo_t *i, void *ucv)
{
	ucontext_t *uc = ucv;
	char *fp = (char *)uc->uc_mcontext.fpregs;
	uint32_t size = *(uint32_t *)(fp + 464 + 16);
	uint64_t features = *(uint64_t *)(fp + 464 + 8);
	uint64_t bv = *(uint64_t *)(fp + 512);
	uint64_t sp = (uint64_t)__builtin_frame_address(0) + 8;

	(void)sig;
	(void)i;
	__asm__ volatile("stmxcsr %0" : "=m"(handler_mxcsr));
	__asm__ volatile("fnstcw %0" : "=m"(handler_cw));
	aligned = !((uint64_t)fp & 63);
	magic1 = *(uint32_t *)(fp + 464) == MAGIC1;
	magic2 = *(uint32_t *)(fp + size) == MAGIC2;
	header_ok = (features & 3) == 3 && (bv & 3) == 3 && !(bv & ~features) &&
		    *(uint32_t *)(fp + 464 + 4) == size + 4;
	flags_ok = (uc->uc_flags & 7) == 7;
	stack_ok = !(sp & 7) && ((sp & 15) == 8 || (sp & 15) == 0);
	if (change_mxcsr)
		*(uint32_t *)(fp + 24) = 0x1f80 | 0x6000;

	/* Clobber what there is. */
	__asm__ volatile("pcmpeqb %%xmm0, %%xmm0\n"
			 "pcmpeqb %%xmm7, %%xmm7\n"
			 "pcmpeqb %%xmm15, %%xmm15\n"
			 "fldz\n fldz\n"
			 ::: "xmm0", "xmm7", "xmm15", "st", "st(1)");
	if (use_avx)
		__asm__ volatile("vpcmpeqb %%xmm3, %%xmm3, %%xmm3\n"
				 "vinsertf128 $1, %%xmm3, %%ymm3, %%ymm3\n"
				 "vmovaps %%ymm3, %%ymm12\n" ::: "xmm3", "xmm12");
	if (use_avx512)
		__asm__ volatile("vpternlogd $255, %%zmm1, %%zmm1, %%zmm1\n"
				 "vmovaps %%zmm1, %%zmm20\n"
				 "kxnorw %%k1, %%k1, %%k3\n"
				 "vzeroupper\n" ::: "xmm1");
}

/*
 * With known values in the registers, send the signal by the call itself, so
 * that no C code comes in between.
 */
static int sse_survives(void)
{
	static uint64_t in[2] = { 0x1122334455667788, 0x99aabbccddeeff00 };
	static uint64_t out[6];
	long ret = SYS_kill;

	__asm__ volatile("movups %2, %%xmm0\n movups %2, %%xmm7\n"
			 "movups %2, %%xmm15\n"
			 "fld1\n"
			 "syscall\n"
			 "movups %%xmm0, 0+%1\n movups %%xmm7, 16+%1\n"
			 "movups %%xmm15, 32+%1\n"
			 "fstp %%st(0)\n"
			 : "+a"(ret), "=m"(out)
			 : "m"(in), "D"((long)getpid()), "S"((long)SIGUSR1)
			 : "rcx", "r11", "xmm0", "xmm7", "xmm15", "memory");
	return !ret && !memcmp(out, in, 16) && !memcmp(out + 2, in, 16) &&
	       !memcmp(out + 4, in, 16);
}

static int avx_survives(void)
{
	static uint64_t in[4] = { 1, 2, 3, 4 }, out[8];
	long ret = SYS_kill;

	__asm__ volatile("vmovups %2, %%ymm3\n vmovups %2, %%ymm12\n"
			 "syscall\n"
			 "vmovups %%ymm3, 0+%1\n vmovups %%ymm12, 32+%1\n"
			 "vzeroupper\n"
			 : "+a"(ret), "=m"(out)
			 : "m"(in), "D"((long)getpid()), "S"((long)SIGUSR1)
			 : "rcx", "r11", "xmm3", "xmm12", "memory");
	return !ret && !memcmp(out, in, 32) && !memcmp(out + 4, in, 32);
}

static int avx512_survives(void)
{
	static uint64_t in[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, out[16];
	static uint16_t mask;
	long ret = SYS_kill;

	__asm__ volatile("vmovups %3, %%zmm1\n vmovups %3, %%zmm20\n"
			 "mov $0x5a5a, %%ecx\n kmovw %%ecx, %%k3\n"
			 "syscall\n"
			 "vmovups %%zmm1, 0+%1\n vmovups %%zmm20, 64+%1\n"
			 "kmovw %%k3, %%ecx\n mov %%cx, %2\n"
			 "vzeroupper\n"
			 : "+a"(ret), "=m"(out), "=m"(mask)
			 : "m"(in), "D"((long)getpid()), "S"((long)SIGUSR1)
			 : "rcx", "r11", "xmm1", "memory");
	return !ret && !memcmp(out, in, 64) && !memcmp(out + 8, in, 64) &&
	       mask == 0x5a5a;
}

int main(void)
{
	struct sigaction a = {
		.sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO,
	};
	uint32_t csr = 0x1f80 | 0x2000, now;

	use_avx = __builtin_cpu_supports("avx");
	use_avx512 = __builtin_cpu_supports("avx512f");
	sigaction(SIGUSR1, &a, NULL);
	__asm__ volatile("ldmxcsr %0" :: "m"(csr));
	ok(sse_survives(), "SSE registers survive a handler");
	ok(handler_mxcsr == 0x1f80, "the handler starts with mxcsr's default");
	is(handler_cw, 0x37f, "and the control word's");
	ok(aligned, "the state in the frame is aligned to 64");
	ok(magic1, "its first magic");
	ok(magic2, "its second magic");
	ok(header_ok, "its sizes and features");
	ok(flags_ok, "uc_flags");
	ok(stack_ok, "the stack is aligned");
	__asm__ volatile("stmxcsr %0" : "=m"(now));
	ok(now == csr, "mxcsr survives");
	change_mxcsr = 1;
	raise(SIGUSR1);
	__asm__ volatile("stmxcsr %0" : "=m"(now));
	ok((now & 0x6000) == 0x6000, "the handler changes mxcsr");
	change_mxcsr = 0;
	ok(!use_avx || avx_survives(), "AVX registers survive");
	ok(!use_avx512 || avx512_survives(), "AVX-512 registers survive");
	return done_testing();
}
