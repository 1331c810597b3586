/* SPDX-License-Identifier: Apache-2.0 */
/*
 * h-setid.c: other contents for a program that has more rights than its
 * caller.
 *
 *	h-setid FILE...		by a mapping, and by a write
 */
#include <linux/fcntl.h>
#include <linux/mman.h>

#include "t/hostile.h"

static const char text[] = "#!/bin/sh\n";

int attack(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		long fd = sys(__NR_open, ptr(argv[i]), O_RDWR, 0);
		long at;

		if (fd < 0)
			return EXIT_BROKEN;
		at = sys(__NR_mmap, 0, 4096, 3, MAP_SHARED, fd, 0);
		if (at < 0 && at > -4096)
			return EXIT_BROKEN;
		memcpy((void *)(uintptr_t)at, text, sizeof(text) - 1);
		sys(__NR_pwrite64, fd, ptr(text), sizeof(text) - 1, 64);
	}
	return 0;
}
