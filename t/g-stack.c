/* SPDX-License-Identifier: Apache-2.0 */
/* g-stack.c: the main thread's stack grows up to RLIMIT_STACK. */
#define _GNU_SOURCE
#include <alloca.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>

#include "t/guest.h"

static sigjmp_buf env;
static volatile uintptr_t fault_at;

static void on_fault(int sig, siginfo_t *si, void *ctx)
{
	(void)ctx;
	fault_at = (uintptr_t)si->si_addr;
	siglongjmp(env, sig);
}

/* Touch each page from here down to @depth bytes. */
static __attribute__((noinline)) int dig(size_t depth)
{
	volatile char here;
	char *base = (char *)((uintptr_t)&here & ~4095UL);
	int sig = sigsetjmp(env, 1);

	if (sig)
		return sig;
	/* Below the stack pointer is fair on Linux since 4.20. */
	for (size_t i = 4096; i < depth; i += 4096)
		*(volatile char *)(base - i) = 1;
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction sa = {
		.sa_sigaction = on_fault,
		.sa_flags = SA_SIGINFO | SA_ONSTACK,
	};
	static char alt[65536];
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) };
	struct rlimit lim, more;
	size_t depth;

	sigaltstack(&ss, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	if (argc == 1) {
		/* Start again with a limit that we know. */
		getrlimit(RLIMIT_STACK, &lim);
		lim.rlim_cur = 4 << 20;
		setrlimit(RLIMIT_STACK, &lim);
		execl("/proc/self/exe", argv[0], "again", NULL);
		execl(argv[0], argv[0], "again", NULL);
		perror("exec");
		return 1;
	}
	getrlimit(RLIMIT_STACK, &lim);
	is((long)lim.rlim_cur, 4 << 20, "the limit comes with exec");
	is(dig(1 << 20), 0, "1 MiB of stack");
	is(dig((4 << 20) - (64 << 10)), 0, "nearly 4 MiB");
	is(dig(8 << 20), SIGSEGV, "8 MiB are too much");
	depth = (uintptr_t)&depth - fault_at;
	ok(depth < (4 << 20) + (64 << 10) &&
	   depth > (4 << 20) - (64 << 10),
	   "the limit is where it has to be");
	is(dig(1 << 20), 0, "what is there stays");
	more = lim;
	more.rlim_cur = 16 << 20;
	if (more.rlim_max == RLIM_INFINITY || more.rlim_max >= 16 << 20) {
		is(setrlimit(RLIMIT_STACK, &more), 0, "a higher limit");
		is(dig(15 << 20), 0, "is heeded at once");
		is(dig(20 << 20), SIGSEGV, "and an end too");
	}
	return done_testing();
}
