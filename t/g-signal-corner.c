/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-signal-corner.c: faults inside of handlers, stacks that move and run out,
 * ways out of a handler without its return, and what siginfo says of each.
 */
#define _GNU_SOURCE
#include "t/guest.h"

#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef SS_AUTODISARM
#define SS_AUTODISARM	(1U << 31)
#endif
#define STACK	65536

static volatile sig_atomic_t hits;
static volatile int seen_code, seen_signo;
static void *volatile seen_addr;
static sigjmp_buf out;
static char *guarded;
static long page;
/* Not a constant, or the compiler knows better. */
static char *volatile nowhere = (char *)8;

static int child(int (*fn)(void))
{
	struct rlimit none = { 0, 0 };
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		setrlimit(RLIMIT_CORE, &none);
		_exit(fn());
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) :
	       WEXITSTATUS(status);
}

static void handle(int sig, void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = {
		.sa_sigaction = fn, .sa_flags = SA_SIGINFO | flags,
	};

	sigaction(sig, &sa, NULL);
}

static void leave(int sig, siginfo_t *si, void *uc)
{
	(void)uc;
	hits++;
	seen_signo = sig;
	seen_code = si->si_code;
	seen_addr = si->si_addr;
	siglongjmp(out, 1);
}

static stack_t new_stack(size_t size, unsigned int flags)
{
	stack_t ss = { .ss_size = size, .ss_flags = (int)flags };

	ss.ss_sp = mmap(NULL, size + (size_t)page, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	/* Below it nothing may be written. */
	mprotect(ss.ss_sp, (size_t)page, PROT_NONE);
	ss.ss_sp = (char *)ss.ss_sp + page;
	sigaltstack(&ss, NULL);
	return ss;
}

/* Run `what`, which is to fault; 0 if it did, with this signal and code. */
#define FAULT(sig, code, name, ...) do {				\
	seen_signo = 0;							\
	if (!sigsetjmp(out, 1)) {					\
		__VA_ARGS__;						\
	}								\
	is(seen_signo * 1000 + seen_code, (sig) * 1000 + (code), name);	\
} while (0)

static volatile int zero, minus_one = -1;
static volatile double dzero, big = 1e308, tiny = 1e-308, dres;

static void unmask(uint32_t bits)
{
	uint32_t csr = 0x1f80 & ~bits;

	__asm__ volatile("ldmxcsr %0" :: "m"(csr));
}

static void unmask87(uint16_t bits)
{
	uint16_t cw = 0x37f & ~bits;

	__asm__ volatile("fninit\n fldcw %0" :: "m"(cw));
}

static void test_codes(void)
{
	static const int flags[] = { SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGTRAP };
	char path[] = "/tmp/g-signal-XXXXXX";
	char *map;
	int fd;

	for (unsigned int i = 0; i < 5; i++)
		handle(flags[i], leave, 0);
	FAULT(SIGFPE, FPE_INTDIV, "1 / 0",
	      __asm__ volatile("idivl %0" :: "m"(zero), "a"(1), "d"(0)));
	FAULT(SIGFPE, FPE_INTDIV, "the quotient does not fit",
	      __asm__ volatile("idivl %0" :: "m"(minus_one),
			       "a"(1U << 31), "d"(-1)));
	FAULT(SIGFPE, FPE_FLTDIV, "SSE: division by zero",
	      unmask(0x200); dres = 1.0 / dzero);
	FAULT(SIGFPE, FPE_FLTINV, "SSE: 0 / 0",
	      unmask(0x080); dres = dzero / dzero);
	FAULT(SIGFPE, FPE_FLTOVF, "SSE: overflow",
	      unmask(0x400); dres = big * big);
	FAULT(SIGFPE, FPE_FLTUND, "SSE: underflow",
	      unmask(0x800); dres = tiny * tiny);
	FAULT(SIGFPE, FPE_FLTRES, "SSE: not exact",
	      unmask(0x1000); dres = 1.0 / (dzero + 3.0));
	unmask(0);
	FAULT(SIGFPE, FPE_FLTDIV, "x87: division by zero",
	      unmask87(4);
	      __asm__ volatile("fld1\n fldz\n fdivrp\n fwait\n" ::: "st"));
	FAULT(SIGFPE, FPE_FLTINV, "x87: 0 / 0",
	      unmask87(1);
	      __asm__ volatile("fldz\n fldz\n fdivrp\n fwait\n" ::: "st"));
	__asm__ volatile("fninit");
	FAULT(SIGILL, ILL_ILLOPN, "ud2", __asm__ volatile("ud2"));
	FAULT(SIGSEGV, SI_KERNEL, "in", __asm__ volatile("in $0x80, %%al" :::
						       "rax"));
	FAULT(SIGSEGV, SI_KERNEL, "cli", __asm__ volatile("cli"));
	FAULT(SIGSEGV, SEGV_MAPERR, "no memory", *nowhere = 1);
	ok(seen_addr == (void *)8, "at this address");
	FAULT(SIGSEGV, SEGV_ACCERR, "no right to it", *guarded = 1);
	ok(seen_addr == guarded, "at its address");
	FAULT(SIGTRAP, SI_KERNEL, "int3", __asm__ volatile("int3"));

	fd = mkstemp(path);
	unlink(path);
	if (fd < 0 || ftruncate(fd, page + 10))
		return;
	map = mmap(NULL, 3 * (size_t)page, PROT_READ | PROT_WRITE, MAP_SHARED,
		   fd, 0);
	map[page + 20] = 1;
	ok(1, "the last page of a file is whole");
	FAULT(SIGBUS, BUS_ADRERR, "beyond the end of a file",
	      map[2 * page + 7] = 1);
	ok(seen_addr == map + 2 * page + 7, "at that address");
	FAULT(SIGBUS, BUS_ADRERR, "read beyond the end",
	      zero = (unsigned char)map[2 * page]);
	zero = 0;
	if (ftruncate(fd, 0))
		return;
	FAULT(SIGBUS, BUS_ADRERR, "the file was cut",
	      zero = (unsigned char)map[0]);
	zero = 0;
	close(fd);
	munmap(map, 3 * (size_t)page);
}

/* A heap that is brought in by its faults: write barriers, a page at a time. */
#define HEAP	64
static char *heap;
static volatile int n_faults;

static void barrier(int sig, siginfo_t *si, void *uc)
{
	char *p = (char *)((uintptr_t)si->si_addr & ~(uintptr_t)(page - 1));

	(void)uc;
	if (sig != SIGSEGV || p < heap || p >= heap + HEAP * page)
		_exit(9);
	n_faults++;
	mprotect(p, (size_t)page, PROT_READ | PROT_WRITE);
}

static void test_heap(void)
{
	int sum = 0;

	heap = mmap(NULL, HEAP * (size_t)page, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	handle(SIGSEGV, barrier, 0);
	n_faults = 0;
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < HEAP; i++)
			heap[i * page + round]++;
		mprotect(heap, HEAP * (size_t)page, PROT_READ);
	}
	for (int i = 0; i < HEAP; i++)
		for (int round = 0; round < 20; round++)
			sum += heap[i * page + round];
	is(n_faults, 20 * HEAP, "a fault for each page written");
	is(sum, 20 * HEAP, "each was written once");
	/* The kernel's own accesses do not count: EFAULT. */
	mprotect(heap, HEAP * (size_t)page, PROT_NONE);
	n_faults = 0;
	is_errno(write(1, heap, 1), EFAULT, "a call does not fault");
	is(n_faults, 0, "and the handler hears nothing");
	munmap(heap, HEAP * (size_t)page);
}

static volatile int depth, deepest;

static void nests(int sig, siginfo_t *si, void *uc)
{
	(void)sig;
	(void)si;
	(void)uc;
	if (++depth > deepest)
		deepest = depth;
	if (depth < 5)
		*nowhere = 1;
	siglongjmp(out, 1);
}

static int nested_blocked(void)
{
	handle(SIGSEGV, nests, 0);
	*nowhere = 1;
	return 1;
}

static int ignored(void)
{
	signal(SIGSEGV, SIG_IGN);
	*nowhere = 1;
	return 1;
}

static int no_stack(void)
{
	handle(SIGSEGV, nests, 0);
	/* Nowhere to put the frame: the default then. */
	__asm__ volatile("mov $64, %%rsp\n movb $1, 8\n" ::: "memory");
	return 1;
}


static void eats(int sig, siginfo_t *si, void *uc)
{
	(void)sig;
	(void)si;
	(void)uc;
	/* SA_NODEFER: each one a frame deeper on a stack that ends. */
	*nowhere = 1;
}

static int alt_runs_out(void)
{
	new_stack(STACK, 0);
	handle(SIGSEGV, eats, SA_ONSTACK | SA_NODEFER);
	*nowhere = 1;
	return 1;
}

static void test_nested(void)
{
	handle(SIGSEGV, nests, SA_NODEFER);
	depth = deepest = 0;
	if (!sigsetjmp(out, 1))
		*nowhere = 1;
	depth = 0;
	is(deepest, 5, "faults in the handler of faults");
	is(child(nested_blocked), 1000 + SIGSEGV, "which is blocked: the end");
	is(child(ignored), 1000 + SIGSEGV, "ignoring a fault does not help");
	is(child(no_stack), 1000 + SIGSEGV, "no stack for the frame");
	is(child(alt_runs_out), 1000 + SIGSEGV, "the alternate stack runs out");
}

static int on_alt(const stack_t *ss, const void *p)
{
	return (const char *)p >= (const char *)ss->ss_sp &&
	       (const char *)p < (const char *)ss->ss_sp + ss->ss_size;
}

static stack_t alt;
static volatile int outer_on, inner_on, flags_in, set_err;

static void inner(int sig, siginfo_t *si, void *uc)
{
	char here;

	(void)sig;
	(void)si;
	(void)uc;
	inner_on = on_alt(&alt, &here);
}

static void outer(int sig, siginfo_t *si, void *uc_)
{
	ucontext_t *uc = uc_;
	stack_t now, other = { .ss_size = STACK, .ss_sp = guarded };
	char here;

	(void)sig;
	(void)si;
	outer_on = on_alt(&alt, &here);
	sigaltstack(NULL, &now);
	flags_in = now.ss_flags;
	set_err = sigaltstack(&other, NULL) ? errno : 0;
	if (uc->uc_stack.ss_sp != alt.ss_sp ||
	    uc->uc_stack.ss_size != alt.ss_size)
		outer_on = 2;
	if (!set_err)
		sigaltstack(&now, NULL);
	raise(SIGUSR2);
	raise(SIGUSR2);
}

static void test_stacks(void)
{
	stack_t now;

	alt = new_stack(STACK, 0);
	handle(SIGUSR1, outer, SA_ONSTACK);
	handle(SIGUSR2, inner, SA_ONSTACK);
	raise(SIGUSR1);
	is(outer_on, 1, "on the alternate stack");
	is(inner_on, 1, "a second handler further down on it");
	is(flags_in, SS_ONSTACK, "sigaltstack says so");
	is(set_err, EPERM, "and lets nothing be changed");
	handle(SIGUSR2, inner, 0);
	inner_on = 0;
	raise(SIGUSR1);
	is(inner_on, 1, "one without SA_ONSTACK stays on it too");
	sigaltstack(NULL, &now);
	is(now.ss_flags, 0, "afterwards it is free");

	/* Armed once: a handler finds none, and may set one. */
	alt = new_stack(STACK, SS_AUTODISARM);
	handle(SIGUSR2, inner, SA_ONSTACK);
	sigaltstack(NULL, &now);
	is(now.ss_flags, (int)SS_AUTODISARM, "the flag is told");
	outer_on = inner_on = 0;
	raise(SIGUSR1);
	is(outer_on, 1, "SS_AUTODISARM: on it");
	is(flags_in, SS_DISABLE, "SS_AUTODISARM: but there is none now");
	is(set_err, 0, "SS_AUTODISARM: so another may be set");
	is(inner_on, 1, "SS_AUTODISARM: a second handler is where the first is");
	sigaltstack(NULL, &now);
	is(now.ss_flags, (int)SS_AUTODISARM, "SS_AUTODISARM: armed again");
	ok(now.ss_sp == alt.ss_sp, "SS_AUTODISARM: the same one");
}

/* Out of a handler on the alternate stack by a jump, again and again. */
static void __attribute__((noinline)) recurse(volatile char *p)
{
	volatile char big_one[8192];

	big_one[0] = *p;
	if (!zero)
		recurse(big_one);
	big_one[1] = 1;
}

static int jumps_out(void)
{
	struct rlimit rl = { 1 << 20, 1 << 20 };
	char c = 0;

	setrlimit(RLIMIT_STACK, &rl);
	new_stack(STACK, 0);
	handle(SIGSEGV, leave, SA_ONSTACK);
	hits = 0;
	for (int i = 0; i < 20; i++)
		if (!sigsetjmp(out, 1))
			recurse(&c);
	return hits;
}

/* siglongjmp does not put the flag "on the stack" back: the place decides. */
static int jump_twice(void)
{
	stack_t ss;

	alt = new_stack(STACK, 0);
	handle(SIGUSR1, leave, SA_ONSTACK);
	hits = 0;
	for (int i = 0; i < 3; i++)
		if (!sigsetjmp(out, 1))
			raise(SIGUSR1);
	sigaltstack(NULL, &ss);
	return ss.ss_flags ? 50 : (int)hits;
}

/* Without the mask the signal stays blocked. */
static int jump_plain(void)
{
	sigset_t s;

	handle(SIGUSR1, leave, 0);
	if (!sigsetjmp(out, 0))
		raise(SIGUSR1);
	sigprocmask(SIG_BLOCK, NULL, &s);
	return sigismember(&s, SIGUSR1);
}

static void test_jumps(void)
{
	is(child(jumps_out), 20, "out of twenty stack overflows");
	is(child(jump_twice), 3, "out of the alternate stack, thrice");
	is(child(jump_plain), 1, "a jump without the mask");
}

/* Changes in the frame count: registers, mask, stack, vector state. */
static void edits(int sig, siginfo_t *si, void *uc_)
{
	ucontext_t *uc = uc_;

	(void)sig;
	(void)si;
	sigaddset(&uc->uc_sigmask, SIGHUP);
	uc->uc_mcontext.gregs[REG_RBX] = 0x1234;
	uc->uc_mcontext.gregs[REG_EFL] |= 1;
	uc->uc_mcontext.fpregs->_xmm[15].element[0] = 0x5678;
}

static void bad_rip_frame(int sig, siginfo_t *si, void *uc_)
{
	ucontext_t *uc = uc_;

	(void)sig;
	(void)si;
	uc->uc_mcontext.gregs[REG_RIP] = (greg_t)0x8000000000000000;
}

static int bad_rip(void)
{
	signal(SIGSEGV, SIG_DFL);
	handle(SIGUSR1, bad_rip_frame, 0);
	raise(SIGUSR1);
	return 1;
}

static void test_frames(void)
{
	uint32_t lo = 0;
	long rbx = 0, flags = 0;
	sigset_t s;
	pid_t me = getpid();

	handle(SIGUSR1, edits, 0);
	__asm__ volatile("pxor %%xmm15, %%xmm15\n"
			 "clc\n"
			 "syscall\n"
			 "mov %%rbx, %0\n"
			 "pushf\n"
			 "pop %1\n"
			 "movd %%xmm15, %2\n"
			 : "=&r"(rbx), "=&r"(flags), "=&r"(lo)
			 : "a"(62L), "D"((long)me), "S"((long)SIGUSR1)
			 : "rbx", "rcx", "r11", "xmm15", "memory", "cc");
	is(rbx, 0x1234, "a register");
	is(flags & 1, 1, "the carry");
	is(lo, 0x5678, "a vector register");
	sigprocmask(SIG_BLOCK, NULL, &s);
	ok(sigismember(&s, SIGHUP), "the mask");
	is(child(bad_rip), 1000 + SIGSEGV, "to nowhere");
}

int main(void)
{
	alarm(50);
	page = sysconf(_SC_PAGESIZE);
	guarded = mmap(NULL, STACK, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);
	test_codes();
	test_heap();
	test_nested();
	test_stacks();
	test_jumps();
	test_frames();
	return done_testing();
}
