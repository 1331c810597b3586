/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-signal-step.c: the trap flag, set in a handler's frame or by popf: which
 * instructions are stepped over, system calls among them.
 */
#define _GNU_SOURCE
#include "t/guest.h"

#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define FLAG_TF		0x100

/* int3 switches stepping on, the second one off. */
extern const char loop_start[], loop_end[];
long step_loop(long n, long nr);

__asm__(
"	.text\n"
"	.globl	step_loop, loop_start, loop_end\n"
"step_loop:\n"
"loop_start:\n"
"	push	%rbx\n"
"	push	%r12\n"
"	mov	%rdi, %r12\n"
"	int3\n"
"1:	mov	$39, %eax\n"		/* getpid: a site of tier A */
"	syscall\n"
"	nop\n"
"	mov	%rsi, %rax\n"		/* one without a constant */
"	nop\n"
"	syscall\n"
"	mov	%rax, %r8\n"
"	pushf\n"
"	popf\n"
"	xor	%eax, %eax\n"
"	cpuid\n"
"	dec	%r12\n"
"	jnz	1b\n"
"	int3\n"
"	mov	%r8, %rax\n"
"	pop	%r12\n"
"	pop	%rbx\n"
"	ret\n"
"loop_end:\n");

#define MAX	2048

static int stepping, n_steps, odd;
static unsigned char at[MAX];
static int code_first, code_step, trapno;

static void on_trap(int sig, siginfo_t *si, void *uc_)
{
	ucontext_t *uc = uc_;
	greg_t *r = uc->uc_mcontext.gregs;
	long off = r[REG_RIP] - (long)(intptr_t)loop_start;

	(void)sig;
	if (off < 0 || off > loop_end - loop_start) {
		odd++;
		r[REG_EFL] &= ~FLAG_TF;
		return;
	}
	if (si->si_code == SI_KERNEL) {
		/* int3 */
		code_first = si->si_code;
		stepping = !stepping;
		if (stepping)
			r[REG_EFL] |= FLAG_TF;
		else
			r[REG_EFL] &= ~FLAG_TF;
		return;
	}
	code_step = si->si_code;
	trapno = (int)r[REG_TRAPNO];
	if ((greg_t)(intptr_t)si->si_addr != r[REG_RIP])
		odd++;
	if (!(r[REG_EFL] & FLAG_TF))
		odd++;
	if (n_steps < MAX)
		at[n_steps++] = (unsigned char)off;
}

static void show(const char *what)
{
	printf("# %s:", what);
	for (int i = 0; i < n_steps; i++)
		printf(" %d", at[i]);
	printf("\n");
}

static void test_loop(long n, long nr, const char *what)
{
	n_steps = odd = stepping = 0;
	step_loop(n, nr);
	show(what);
	is(odd, 0, what);
}

static void *stack_mem;

static void test_popf(void)
{
	n_steps = odd = 0;
	stepping = 1;
	/* Outside of the loop: the handler ends it at once. */
	__asm__ volatile("sub $128, %%rsp\n"
			 "pushf\n"
			 "orq $0x100, (%%rsp)\n"
			 "popf\n"
			 "nop\n"
			 "nop\n"
			 "add $128, %%rsp\n" ::: "cc", "memory");
	is(odd, 1, "popf switches it on, the handler off");
}

/* A signal while stepping: the handler itself is not stepped. */
static volatile int usr1;

static void on_usr1(int sig)
{
	usr1 = sig;
}

static void test_signal(void)
{
	struct sigaction sa = { .sa_handler = on_usr1 };

	sigaction(SIGUSR1, &sa, NULL);
	n_steps = odd = stepping = 0;
	alarm(20);
	step_loop(3, SYS_getuid);
	raise(SIGUSR1);
	is(usr1, SIGUSR1, "a signal between two loops");
	step_loop(3, SYS_getuid);
	is(odd, 0, "nothing odd then");
}

int main(void)
{
	struct sigaction sa = {
		.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO,
	};
	stack_t ss = { .ss_size = 65536 };

	sigaction(SIGTRAP, &sa, NULL);
	test_loop(1, SYS_getppid, "once around");
	test_loop(6, SYS_getppid, "six times around");
	is(code_first, SI_KERNEL, "si_code of int3");
	is(code_step, TRAP_TRACE, "si_code of a step");
	is(trapno, 1, "trap number of a step");
	/* Not stepped, so often that every site is known; then again. */
	for (int i = 0; i < 20; i++)
		syscall(SYS_getpid);
	test_loop(4, SYS_getuid, "four times around");
	test_loop(2, 100000, "a call that there is not");

	stack_mem = mmap(NULL, ss.ss_size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ss.ss_sp = stack_mem;
	sigaltstack(&ss, NULL);
	sa.sa_sigaction = on_trap;
	sa.sa_flags = SA_SIGINFO | SA_ONSTACK;
	sigaction(SIGTRAP, &sa, NULL);
	test_loop(3, SYS_getppid, "on the alternate stack");
	test_popf();
	test_signal();
	return done_testing();
}
