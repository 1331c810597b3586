/* SPDX-License-Identifier: Apache-2.0 */
/*
 * h-fd.c: descriptors closed, replaced and used under the kernel's feet.
 *
 *	h-fd		by calls of its own: harmless
 *	h-fd close N	the host's descriptor N, at the gate
 *	h-fd all	every free number closed at the gate, then calls
 *	h-fd use N	read, write, positions and memory of descriptor N, at
 *			the gate
 *	h-fd high	is there any that nobody gave?
 */
#include <linux/fcntl.h>
#include <linux/mman.h>

#include "t/hostile.h"

static char buffer[4096] __attribute__((__aligned__(4096)));

static int own_calls(void)
{
	static const char text[] = "still here\n";
	long out = sys(__NR_fcntl, 1, F_DUPFD, 900);
	long fd;

	for (fd = 0; fd < 2048; fd++)
		if (fd != out)
			sys(__NR_close, fd);
	sys(__NR_close_range, 0, out - 1, 0);
	for (fd = 0; fd < 64; fd++) {
		long got = sys(__NR_openat, -100, ptr("/"), 0, 0);

		if (got >= 0 && got != fd)
			return EXIT_BREACH;
	}
	for (fd = 0; fd < 64; fd++)
		sys(__NR_dup2, out, fd);
	for (fd = 0; fd < 64; fd++) {
		sys(__NR_fallocate, fd, 3, 0, 1L << 40);
		sys(__NR_ftruncate, fd, 0);
		sys(__NR_lseek, fd, 0, 0);
		sys(__NR_fcntl, fd, F_SETFL, -1);
		sys(__NR_fcntl, fd, F_SETOWN, 1);
	}
	sys(__NR_close_range, 64, -1L, 0);
	sys(__NR_write, 3, ptr(text), sizeof(text) - 1);
	return sys(__NR_getpid) > 0 ? 0 : EXIT_BREACH;
}

static int use(long fd)
{
	struct { const void *base; unsigned long len; } vector = { buffer, 64 };
	long at = 0x30000000;

	gate(__NR_pread64, fd, ptr(buffer), 64, 0);
	gate(__NR_pread64, fd, ptr(buffer), 64, -4096L);
	gate(__NR_pwritev2, fd, ptr(&vector), 1, 1L << 62, 0, 0);
	gate(__NR_mmap, at, 4096, 7, MAP_PRIVATE | MAP_FIXED, fd, 0);
	gate(__NR_mmap, at, 4096, 7, MAP_SHARED | MAP_FIXED, fd, 0);
	gate(__NR_mmap, at, 4096, 1, MAP_SHARED | MAP_FIXED, fd, 1L << 62);
	/* Descriptors 0 to 2 are the user's: nothing is written to them. */
	if (fd > HOSTFD_STDERR && fd != HOSTFD_TRACE)
		gate(__NR_pwritev2, fd, ptr(&vector), 1, -1L, 0, 0);
	return 0;
}

static int high(void)
{
	for (long fd = 1024; fd < HOSTFD_END; fd++)
		if (gate(__NR_pread64, fd, ptr(buffer), 1, 0) != -9 /* EBADF */)
			return EXIT_BREACH;
	return 0;
}

int attack(int argc, char **argv)
{
	long fd;

	if (argc < 2)
		return own_calls();
	if (same_text(argv[1], "high"))
		return high();
	if (argc == 3 && same_text(argv[1], "close")) {
		gate(__NR_close, number(argv[2]));
		return EXIT_BREACH;
	}
	if (argc == 3 && same_text(argv[1], "use"))
		return use(number(argv[2]));
	for (fd = HOSTFD_FIRST_FREE; fd < 1024; fd++)
		gate(__NR_close, fd);
	fd = sys(__NR_openat, -100, ptr(argv[0]), 0, 0);
	sys(__NR_read, fd, ptr(buffer), 64);
	sys(__NR_mmap, 0, 4096, 1, MAP_PRIVATE, fd, 0);
	return 0;
}
