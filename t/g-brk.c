/* SPDX-License-Identifier: Apache-2.0 */
/* g-brk.c: the heap's end. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "t/guest.h"

#define P 4096UL

static sigjmp_buf env;

static void on_fault(int sig)
{
	siglongjmp(env, sig);
}

static int try(const volatile char *p)
{
	int sig = sigsetjmp(env, 1);

	if (!sig)
		(void)*p;
	return sig;
}

static uintptr_t brk_to(uintptr_t addr)
{
	return (uintptr_t)syscall(SYS_brk, addr);
}

int main(void)
{
	struct rlimit old, low;
	uintptr_t start, end;
	char *p;

	/* No stdio here that would use the heap meanwhile. */
	setvbuf(stdout, NULL, _IONBF, 0);
	signal(SIGSEGV, on_fault);
	start = brk_to(0);
	end = (start + P - 1) & -P;
	ok(start != 0, "brk(0) tells where it is");
	ok(brk_to(1) == start, "brk below the heap changes nothing");
	ok(brk_to((uintptr_t)-1) == start, "nor above everything");
	ok(brk_to(0x7fffffffe000) == start, "nor into the stack");
	ok(brk_to(end + 4 * P + 5) == end + 4 * P + 5, "it grows to the byte");
	p = (char *)end;
	is(p[0] + p[4 * P], 0, "zeroes");
	p[0] = 1;
	p[4 * P + 100] = 2;
	is(try(p + 5 * P), SIGSEGV, "no more than asked");
	ok(brk_to(end + 4 * P) == end + 4 * P, "it shrinks");
	is(try(p + 4 * P), SIGSEGV, "the page is gone");
	is(p[0], 1, "the others are there");
	ok(brk_to(end + 8 * P) == end + 8 * P, "and grows again");
	is(p[4 * P + 100], 0, "zeroes again");
	ok(mmap(p + 16 * P, P, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
		MAP_FIXED, -1, 0) == p + 16 * P, "something in the way");
	ok(brk_to(end + 17 * P) == end + 8 * P, "stops it");
	ok(brk_to(end + 16 * P) == end + 8 * P, "a page before");
	ok(brk_to(end + 15 * P) == end + 15 * P, "up to there it grows");
	is(munmap(p + 16 * P, P), 0, "out of the way");
	getrlimit(RLIMIT_DATA, &old);
	low = old;
	low.rlim_cur = 1 << 20;
	is(setrlimit(RLIMIT_DATA, &low), 0, "set RLIMIT_DATA");
	ok(brk_to(end + (64 << 20)) == end + 15 * P, "it is heeded");
	setrlimit(RLIMIT_DATA, &old);
	ok(brk_to(end + (64 << 20)) == end + (64 << 20), "64 MiB");
	p[(64 << 20) - 1] = 1;
	ok(brk_to(start) == start, "and all the way back");
	is(try(p), SIGSEGV, "all gone");
	return done_testing();
}
