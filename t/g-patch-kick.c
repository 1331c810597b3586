/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-patch-kick.c: signals that come at any instruction on the way of a call,
 * and single steps over it.  A handler sees the program's own code alone, and
 * registers that fit: the number before the call, the result behind it.
 */
#define _GNU_SOURCE
#include "t/guest.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define SIGNALS	3000

long site(void);
long stepped(void);
extern const char site_call[], site_end[], __executable_start[], etext[];

__asm__(
"	.text\n"
"	.globl site, stepped, site_call, site_end\n"
"	.p2align 5\n"
"site:	.cfi_startproc\n"
"	xor	%edi, %edi\n"
"	mov	$110, %eax\n"
"	mov	%rdi, %rsi\n"
"site_call:\n"
"	syscall\n"
"site_end:\n"
"	ret\n"
"	.cfi_endproc\n"
"	.p2align 5\n"
/* Call site() with the trap flag on. */
"stepped: .cfi_startproc\n"
"	pushfq\n"
"	orl	$0x100, (%rsp)\n"
"	popfq\n"
"	call	site\n"
"	pushfq\n"
"	andl	$~0x100, (%rsp)\n"
"	popfq\n"
"	ret\n"
"	.cfi_endproc\n");

static long ppid;
static volatile long seen, foreign, misfit, at_call;
static volatile int stop;

static void handler(int sig, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;
	uintptr_t rip = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
	long rax = (long)uc->uc_mcontext.gregs[REG_RAX];

	(void)sig;
	(void)info;
	seen = seen + 1;
	if (rip < (uintptr_t)__executable_start || rip >= (uintptr_t)etext)
		foreign = foreign + 1;
	if (rip == (uintptr_t)site_call) {
		at_call = at_call + 1;
		if (rax != SYS_getppid)
			misfit = misfit + 1;
	}
	if (rip == (uintptr_t)site_end && rax != ppid)
		misfit = misfit + 1;
}

static void *run(void *arg)
{
	long *wrong = arg;

	while (!stop)
		*wrong += site() != ppid;
	return NULL;
}

int main(void)
{
	struct sigaction sa;
	pthread_t t;
	long wrong = 0;

	ppid = getppid();
	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = handler;
	sa.sa_flags = SA_SIGINFO;
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGTRAP, &sa, NULL);
	if (pthread_create(&t, NULL, run, &wrong))
		return 99;
	for (int i = 0; i < SIGNALS; i++) {
		long before = seen;

		pthread_kill(t, SIGUSR1);
		for (int spin = 0; seen == before && spin < 100000; spin++)
			__builtin_ia32_pause();
	}
	stop = 1;
	pthread_join(t, NULL);
	ok(seen > 0, "signals come");
	is(foreign, 0, "always in the program's code");
	is(misfit, 0, "with registers that fit");
	is(wrong, 0, "and no call is disturbed");

	seen = foreign = misfit = at_call = wrong = 0;
	for (int i = 0; i < 8; i++)
		wrong += stepped() != ppid;
	ok(seen >= 8 * 6, "steps");
	is(foreign, 0, "all in the program's code");
	is(misfit, 0, "with registers that fit, step by step");
	is(wrong, 0, "and the right results");
	return done_testing();
}
