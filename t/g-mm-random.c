/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-mm-random.c: many changes to mappings in a window, as chance has it.
 *
 * What each call answers goes into a sum, and so do the window's lines of
 * /proc/self/maps and its contents now and then; the sums are printed, and
 * the sandbox must come to the same.  With an argument every call is shown.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t/guest.h"

#define P	4096UL
#define BASE	0x200000000000UL
#define PAGES	40u
#define FILE_PAGES 24

static uint64_t state, sum;
static int verbose, fd;
static sigjmp_buf env;

static void on_fault(int sig)
{
	siglongjmp(env, sig);
}

static unsigned int rnd(unsigned int n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned int)(state >> 33) % n;
}

static void mix(uint64_t x)
{
	sum = (sum ^ x) * 0x100000001b3u;
	sum ^= sum >> 29;
}

/* A byte of the page, or minus the signal. */
static int look(const volatile char *p)
{
	int sig = sigsetjmp(env, 1);

	return sig ? -sig : *p;
}

static int touch(volatile char *p, char c)
{
	int sig = sigsetjmp(env, 1);

	if (!sig)
		*p = c;
	return sig;
}

/* Lines that touch the window, by what does not depend on chance. */
static void mix_maps(void)
{
	char line[512], perm[8];
	uint64_t from, to, off, at = 0;
	char last[8] = "";
	FILE *f = fopen("/proc/self/maps", "r");

	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64,
			   &from, &to, perm, &off) != 4)
			continue;
		if (to <= BASE || from >= BASE + PAGES * P)
			continue;
		/* Only where a right begins: neighbours may be joined or not. */
		if (from != at || strcmp(perm, last)) {
			mix(from);
			mix((uint64_t)perm[0] << 24 | perm[1] << 16 |
			    perm[2] << 8 | perm[3]);
			if (verbose)
				printf("#\t%" PRIx64 " %s\n", from, perm);
		}
		at = to;
		memcpy(last, perm, sizeof(last));
	}
	fclose(f);
}

static void mix_contents(void)
{
	for (unsigned int i = 0; i < PAGES; i++) {
		int c = look((char *)(BASE + i * P) + 77);

		mix((uint64_t)c);
		if (verbose)
			printf("%s%d", i ? " " : "#\t", c);
	}
	if (verbose)
		printf("\n");
}

static long result(void *p)
{
	return p == MAP_FAILED ? -errno : (long)((uintptr_t)p - BASE);
}

static long one(void)
{
	static const int prots[] = {
		PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE,
		PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC,
	};
	static const int advices[] = {
		MADV_DONTNEED, MADV_WILLNEED, MADV_NORMAL, MADV_DONTFORK,
		MADV_DOFORK,
	};
	unsigned int from = rnd(PAGES), len = 1 + rnd(PAGES - from), to, what;
	unsigned int other;
	int prot = prots[rnd(5)], flags;
	char *at = (char *)(BASE + from * P);
	long r;

	len = len > 9 ? 9 : len;
	what = rnd(18);
	switch (what) {
	case 0: case 1: case 2:
		r = result(mmap(at, len * P, prot, MAP_PRIVATE | MAP_ANONYMOUS |
				MAP_FIXED, -1, 0));
		break;
	case 3:
		r = result(mmap(at, len * P, prot, MAP_PRIVATE | MAP_ANONYMOUS |
				0x100000, -1, 0));
		break;
	case 4: case 5:
		flags = rnd(2) ? MAP_SHARED : MAP_PRIVATE;
		r = result(mmap(at, len * P, prot, flags | MAP_FIXED, fd,
				(off_t)(rnd(FILE_PAGES) * P)));
		break;
	case 6: case 7:
		r = munmap(at, len * P) ? -errno : 0;
		break;
	case 8: case 9: case 10:
		r = mprotect(at, len * P, prot) ? -errno : 0;
		break;
	case 11: case 12:
		to = rnd(PAGES - 10);
		other = 1 + rnd(9);
		/* Of the same size Linux 6.17 moves several at once. */
		other += other == len;
		r = result(mremap(at, len * P, other * P,
				  MREMAP_MAYMOVE | MREMAP_FIXED,
				  BASE + to * P));
		/* Kernels differ in what a failure has unmapped already. */
		if (r == -EFAULT) {
			munmap((char *)(BASE + to * P), other * P);
			if (other < len)
				munmap(at + other * P, (len - other) * P);
		}
		break;
	case 13:
		r = result(mremap(at, len * P, (1 + rnd(9)) * P, 0));
		break;
	case 14:
		r = madvise(at, len * P, advices[rnd(5)]) ? -errno : 0;
		break;
	case 15:
		r = ftruncate(fd, (off_t)(rnd(FILE_PAGES) * P + rnd(2) * 99));
		break;
	case 16:
		r = pwrite(fd, "p", 1, (off_t)(rnd(FILE_PAGES) * P + 77));
		break;
	default:
		r = 0;
		for (unsigned int i = from; i < from + len; i++)
			r = r * 3 + touch((char *)(BASE + i * P) + 77,
					  (char)rnd(100));
		break;
	}
	if (verbose)
		printf("# what %u from %u len %u prot %d: %ld\n", what, from,
		       len, prot, r);
	return r;
}

int main(int argc, char **argv)
{
	unsigned int first = 1, last = 40;

	verbose = argc > 1;
	if (verbose)
		first = last = (unsigned int)atoi(argv[1]);
	signal(SIGSEGV, on_fault);
	signal(SIGBUS, on_fault);
	fd = open("g-mm-random.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (!ok(fd >= 0, "create a file"))
		return 1;
	unlink("g-mm-random.tmp");
	for (unsigned int seed = first; seed <= last; seed++) {
		char name[64];

		if (ftruncate(fd, 0) || ftruncate(fd, (FILE_PAGES - 4) * P))
			return 1;
		state = seed;
		sum = 0;
		for (int step = 0; step < 250; step++) {
			mix((uint64_t)one());
			if (step % 25 == 24) {
				mix_maps();
				mix_contents();
			}
		}
		munmap((void *)BASE, PAGES * P);
		snprintf(name, sizeof(name), "seed %u: %016" PRIx64, seed, sum);
		ok(1, name);
	}
	return done_testing();
}
