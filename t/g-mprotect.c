/* SPDX-License-Identifier: Apache-2.0 */
/* g-mprotect.c: protections, and what a fault says of them. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t/guest.h"

#define P 4096L
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)
#define RX (PROT_READ | PROT_EXEC)

static sigjmp_buf env;
static volatile int sig_code;

static void on_fault(int sig, siginfo_t *si, void *ctx)
{
	(void)ctx;
	sig_code = si->si_code;
	siglongjmp(env, sig);
}

static int try(volatile char *p, int write)
{
	int sig = sigsetjmp(env, 1);

	if (!sig) {
		if (write)
			*p = 1;
		else
			(void)*p;
	}
	return sig;
}

/* Call the code at @p; -signal if it faults. */
static int call(void *p)
{
	int (*volatile fn)(void) = (int (*)(void))p;
	int sig = sigsetjmp(env, 1);

	return sig ? -sig : fn();
}

int main(void)
{
	/* mov $42, %eax; ret */
	static const unsigned char code[] = { 0xb8, 42, 0, 0, 0, 0xc3 };
	struct sigaction sa = {
		.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO,
	};
	char *p = mmap(NULL, 6 * P, RW, ANON, -1, 0);

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	memset(p, 1, 6 * (size_t)P);
	is(mprotect(p + P, 2 * P, PROT_READ), 0, "a part becomes read-only");
	is(try(p + P, 1), SIGSEGV, "a store there");
	is(sig_code, SEGV_ACCERR, "is denied");
	is(try(p + P, 0), 0, "a load is not");
	is(try(p, 1) + try(p + 3 * P, 1), 0, "its neighbours are writable");
	is(mprotect(p + 2 * P, P, PROT_NONE), 0, "nothing");
	is(try(p + 2 * P, 0), SIGSEGV, "a load there");
	is(sig_code, SEGV_ACCERR, "is denied too");
	is(mprotect(p, 6 * P, RW), 0, "all writable again");
	is(try(p + 2 * P, 1), 0, "a store");

	memcpy(p, code, sizeof(code));
	is(call(p), -SIGSEGV, "memory that is not executable");
	is(mprotect(p, P, RX), 0, "becomes executable");
	is(call(p), 42, "and runs");
	is(mprotect(p, P, RW | PROT_EXEC), 0, "writable too");
	p[1] = 43;
	is(call(p), 43, "code that changes");
	is(mprotect(p, P, RX), 0, "and not any more");
	is(try(p, 1), SIGSEGV, "a store to it");

	is_errno(mprotect(p + 1, P, PROT_READ), EINVAL, "not aligned");
	is_errno(mprotect(p, P, 0x1000), EINVAL, "unknown protection");
	is(mprotect(p, 0, PROT_READ), 0, "length 0");
	is_errno(mprotect((void *)-P, P, PROT_READ), ENOMEM, "no memory there");
	is_errno(mprotect((void *)0x10000, P, PROT_READ), ENOMEM,
		 "nothing mapped");
	is_errno(mprotect(p, (size_t)-P, PROT_READ), ENOMEM, "too long");
	is_errno(mprotect(p, P, PROT_READ | PROT_GROWSDOWN), EINVAL,
		 "PROT_GROWSDOWN of what does not grow");
	is_errno(mprotect(p, P, PROT_READ | PROT_GROWSUP), EINVAL,
		 "PROT_GROWSUP");
	munmap(p + 4 * P, P);
	is_errno(mprotect(p + 3 * P, 3 * P, PROT_READ), ENOMEM, "over a hole");
	is(try(p + 3 * P, 1), SIGSEGV, "what is before the hole changed");
	is(try(p + 5 * P, 1), 0, "what is behind it not");
	is(mprotect(p, 3 * P, PROT_NONE), 0, "several at once");
	is(munmap(p, 6 * P), 0, "munmap");

	/* Many small pieces, and together again. */
	p = mmap(NULL, 256 * P, PROT_NONE, ANON, -1, 0);
	for (int i = 0; i < 256; i += 2)
		if (mprotect(p + i * P, P, RW) < 0)
			ok(0, "mprotect of every second page");
	for (int i = 0; i < 256; i += 2)
		p[i * P] = (char)i;
	is(try(p + P, 0), SIGSEGV, "a page between");
	is(mprotect(p, 256 * P, PROT_READ), 0, "all of them");
	is(p[254 * P], (char)254, "the data is there");
	is(try(p + 255 * P, 0), 0, "and the pages between");
	munmap(p, 256 * P);
	return done_testing();
}
