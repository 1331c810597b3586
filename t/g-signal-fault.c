/* SPDX-License-Identifier: Apache-2.0 */
/* g-signal-fault.c: signals of a program's own faults, and going on after. */
#define _GNU_SOURCE
#include "t/guest.h"

#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static sigjmp_buf env;
static volatile uintptr_t one = 1;
static volatile siginfo_t seen;
static volatile uint64_t seen_trapno, seen_err, seen_cr2;
static volatile uint64_t seen_rip;

static void on_fault(int sig, siginfo_t *i, void *ucv)
{
	ucontext_t *uc = ucv;

	(void)sig;
	seen = *i;
	seen_trapno = (uint64_t)uc->uc_mcontext.gregs[REG_TRAPNO];
	seen_err = (uint64_t)uc->uc_mcontext.gregs[REG_ERR];
	seen_cr2 = (uint64_t)uc->uc_mcontext.gregs[REG_CR2];
	seen_rip = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
	siglongjmp(env, 1);
}

static void catch(int sig, int flags)
{
	struct sigaction a = {
		.sa_sigaction = on_fault,
		.sa_flags = SA_SIGINFO | flags,
	};

	sigaction(sig, &a, NULL);
}

static void test_segv(void)
{
	char *volatile p = mmap(NULL, 8192, PROT_READ,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile char c = *(volatile char *)p;

	catch(SIGSEGV, 0);
	if (!sigsetjmp(env, 1))
		*(volatile char *)(p + 17) = 1;
	is(seen.si_code, SEGV_ACCERR, "write to a read-only page");
	ok(seen.si_addr == p + 17, "its address");
	is((long)seen_trapno, 14, "its trap number");
	is((long)seen_err, 7, "its error code");
	ok(seen_cr2 == (uint64_t)p + 17, "its cr2");
	munmap(p, 8192);
	if (!sigsetjmp(env, 1))
		c = *(volatile char *)(p + 4099);
	is(seen.si_code, SEGV_MAPERR, "read where nothing is");
	ok(seen.si_addr == p + 4099, "its address too");
	is((long)seen_err, 4, "its error code too");
	if (!sigsetjmp(env, 1))
		c = *(volatile char *)one;
	is(seen.si_code, SEGV_MAPERR, "read at 1");
	ok(seen.si_addr == (void *)1, "the address is 1");
	if (!sigsetjmp(env, 1))
		c = *(volatile char *)0x8000000000000000UL;
	is(seen.si_code, SI_KERNEL, "not canonical: a protection fault");
	is((long)seen_trapno, 13, "its trap number is another");
	if (!sigsetjmp(env, 1))
		__asm__ volatile("hlt");
	is(seen.si_code, SI_KERNEL, "privileged instruction");
	if (!sigsetjmp(env, 1))
		((void (*)(void))1)();
	ok(seen_rip == 1, "jump to nowhere: rip is there");
	if (!sigsetjmp(env, 1))
		((void (*)(void))0x8000000000000000UL)();
	is(seen.si_signo, SIGSEGV, "jump to a bad address");
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*p = (char)0xc3;
	if (!sigsetjmp(env, 1))
		((void (*)(void))(uintptr_t)p)();
	is(seen.si_code, SEGV_ACCERR, "jump to data");
	is((long)seen_err, 0x15, "an instruction fetch");
	munmap(p, 4096);
	(void)c;
}

static void test_others(void)
{
	volatile int zero = 0, num = 1;

	catch(SIGFPE, 0);
	catch(SIGILL, 0);
	catch(SIGTRAP, 0);
	if (!sigsetjmp(env, 1))
		num = num / zero;	/* NOLINT: on purpose */
	is(seen.si_signo, SIGFPE, "division by zero");
	is(seen.si_code, FPE_INTDIV, "its code");
	ok((uint64_t)seen.si_addr == seen_rip, "its address is the code's");
	if (!sigsetjmp(env, 1))
		__asm__ volatile("ud2");
	is(seen.si_signo, SIGILL, "ud2");
	is(seen.si_code, ILL_ILLOPN, "its code is ILL_ILLOPN");
	if (!sigsetjmp(env, 1))
		__asm__ volatile("int3");
	is(seen.si_signo, SIGTRAP, "int3");
	is(seen.si_code, SI_KERNEL, "its code is SI_KERNEL");
	is((long)seen_trapno, 3, "its trap number is 3");
	if (!sigsetjmp(env, 1))
		__asm__ volatile("int $0x42");
	is(seen.si_signo, SIGSEGV, "int $0x42");

	/* Floating point: by the vector unit's exceptions. */
	if (!sigsetjmp(env, 1)) {
		uint32_t csr = 0x1f80 & ~0x200U;
		volatile double a = 1, b = 0;

		__asm__ volatile("ldmxcsr %0" :: "m"(csr));
		a = a / b;
	}
	is(seen.si_signo, SIGFPE, "floating point division by zero");
	is(seen.si_code, FPE_FLTDIV, "its code is FPE_FLTDIV");
}

static void on_skip(int sig, siginfo_t *i, void *ucv)
{
	ucontext_t *uc = ucv;

	(void)sig;
	(void)i;
	uc->uc_mcontext.gregs[REG_RIP] += 2;
	uc->uc_mcontext.gregs[REG_RAX] = 77;
}

static void test_skip(void)
{
	struct sigaction a = {
		.sa_sigaction = on_skip,
		.sa_flags = SA_SIGINFO,
	};
	long v = 1;

	sigaction(SIGILL, &a, NULL);
	__asm__ volatile("ud2" : "+a"(v));
	is(v, 77, "the handler steps over the instruction");
}

static char *page;

static void on_unprotect(int sig)
{
	(void)sig;
	mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

static void test_retry(void)
{
	page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	signal(SIGSEGV, on_unprotect);
	*(volatile char *)page = 5;
	is(*page, 5, "the handler makes the page writable");
	munmap(page, 4096);
}

static volatile int steps;

static void on_step(int sig, siginfo_t *i, void *ucv)
{
	ucontext_t *uc = ucv;

	(void)sig;
	if (i->si_code == TRAP_TRACE)
		steps++;
	else if (i->si_code == SI_KERNEL)
		uc->uc_mcontext.gregs[REG_EFL] ^= 0x100;
}

static void test_single_step(void)
{
	struct sigaction a = {
		.sa_sigaction = on_step,
		.sa_flags = SA_SIGINFO,
	};

	sigaction(SIGTRAP, &a, NULL);
	__asm__ volatile("int3\n nop\n nop\n nop\n nop\n int3\n nop\n" ::: "cc");
	is(steps, 4, "single steps by the trap flag");
}

static volatile int level;

static int __attribute__((noinline)) deeper(int n)
{
	volatile char room[4096];

	room[0] = (char)n;
	level = n;
	if (n < 0)
		return 0;
	return deeper(n + 1) + room[0];
}

static void test_overflow(void)
{
	stack_t ss = { .ss_size = 65536 };
	volatile int i, good = 1;

	ss.ss_sp = malloc(ss.ss_size);
	sigaltstack(&ss, NULL);
	catch(SIGSEGV, SA_ONSTACK);
	for (i = 0; i < 3; i++) {
		level = 0;
		memset((void *)(uintptr_t)&seen, 0, sizeof(seen));
		if (!sigsetjmp(env, 1))
			deeper(0);
		good &= level > 100 && seen.si_signo == SIGSEGV;
	}
	ok(good, "stack overflow is handled on the alternate stack, thrice");
}

int main(void)
{
	test_segv();
	test_others();
	test_skip();
	test_retry();
	test_single_step();
	test_overflow();
	return done_testing();
}
