/* SPDX-License-Identifier: Apache-2.0 */
/*
 * h-corrupt.c: write over the kernel's data, and go on.
 *
 *	h-corrupt SEED		random words at random places, then calls
 *	h-corrupt all KIND	everything that is mapped and writable
 *	h-corrupt spin		the kernel's locks held for ever, then calls;
 *				only a signal from outside ends it
 */
#include "t/hostile.h"

static char buffer[4096];

static void calls(void)
{
	static const char path[] = "/tmp/h-corrupt";
	long fd = sys(__NR_open, ptr(path), 0102, 0600);
	long fds[2] = { -1, -1 };
	long p;

	sys(__NR_write, fd, ptr(buffer), sizeof(buffer));
	sys(__NR_pread64, fd, ptr(buffer), sizeof(buffer), 0);
	sys(__NR_close, fd);
	sys(__NR_open, ptr("/etc/passwd"), 0, 0);
	sys(__NR_unlink, ptr(path));
	p = sys(__NR_mmap, 0, 65536, 3, 0x22, -1, 0);
	sys(__NR_munmap, p, 4096);
	sys(__NR_pipe, ptr(fds));
	sys(__NR_getpid);
	sys(__NR_getdents64, fd, ptr(buffer), sizeof(buffer));
	sys(__NR_rt_sigprocmask, 0, ptr(buffer), 0, 8);
	sys(__NR_kill, 0, 0);
}

/* Values that look like what kernels keep. */
static uint64_t junk(uint64_t *state)
{
	uint64_t r = random_next(state);

	switch (r % 8) {
	case 0:
		return 0;
	case 1:
		return ~0UL;
	case 2:
		return META_BASE + (random_next(state) % 0xa00000 & ~7UL);
	case 3:
		return region_pointers[r / 8 % COUNT(region_pointers)];
	case 4:
		return r >> 56;
	case 5:
		return IMAGE_BASE + (r >> 8) % 0x40000;
	case 6:
		return SLOTS_BASE + (r >> 8) % 0x10000;
	default:
		return random_next(state);
	}
}

static uint64_t place(uint64_t *state)
{
	uint64_t r = random_next(state);

	switch (r % 8) {
	case 0:		/* this thread's block */
		return SLOTS_BASE + (r >> 8) % 256 * 8;
	case 1:		/* and its stack */
		return SLOTS_BASE + SLOT_STACK + (r >> 8) % 4096 * 8;
	case 2:		/* the globals */
	case 3:
		return META_BASE + (r >> 8) % 0x20000 * 8;
	case 4:		/* what the launcher has told */
		return META_BASE + META_GLOBALS + (r >> 8) % 0x1000 * 8;
	default:	/* the heap */
		return META_BASE + 0xc00000 + (r >> 8) % 0x40000 * 8;
	}
}

static int random_words(long seed)
{
	uint64_t state = (uint64_t)seed * 0x5851f42d4c957f2dUL + 1;
	unsigned int i, n;

	for (n = 0; n < 16; n++) {
		unsigned int words = 1U << random_next(&state) % 10;

		for (i = 0; i < words; i++)
			*(volatile uint64_t *)place(&state) = junk(&state);
		calls();
	}
	return 0;
}

static int all(long kind)
{
	uint64_t state = (uint64_t)kind, at;
	uint64_t fill = kind == 0 ? 0 : ~0UL;

	for (at = META_BASE + META_GLOBALS; at < META_BASE + 0x1000000;
	     at += 8)
		*(volatile uint64_t *)at = kind > 1 ? junk(&state) : fill;
	for (at = META_BASE; at < META_BASE + META_GLOBALS; at += 8)
		*(volatile uint64_t *)at = kind > 1 ? junk(&state) : fill;
	calls();
	return 0;
}

int attack(int argc, char **argv)
{
	if (argc < 2)
		return EXIT_BROKEN;
	if (same_text(argv[1], "all") && argc > 2)
		return all(number(argv[2]));
	if (same_text(argv[1], "spin"))
		for (;;)
			all(1);
	return random_words(number(argv[1]));
}
