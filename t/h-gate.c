/* SPDX-License-Identifier: Apache-2.0 */
/*
 * h-gate.c: one call at the gate with hostile arguments.
 *
 *	h-gate NR SET		NR with argument set SET: 0..5, or mix, one by NR
 *	h-gate NR A B C D E F	NR with these; what is returned is printed
 *
 * Numbers that are not vetted must not return: exit status 99 if they do.
 */
#include "t/hostile.h"

static const char path[] = "/etc/passwd";
static char buffer[4096] __attribute__((__aligned__(4096)));

static struct args make_args(long set)
{
	long p = ptr(path), b = ptr(buffer);

	switch (set) {
	case 0:
		return (struct args){ { 0 } };
	case 1:
		return (struct args){ { -1, -1, -1, -1, -1, -1 } };
	case 2:
		return (struct args){ { p, p, p, p, p, p } };
	case 3:	/* the *at() family: AT_FDCWD, path, ... */
		return (struct args){ { -100, p, 0, b, 0, 0 } };
	case 4:
		return (struct args){ { HOSTFD_META, b, 4096, 0, b, 0 } };
	default:
		return (struct args){ {
			(long)META_BASE, (long)GATE_ADDR, (long)SLOTS_BASE,
			(long)META_BASE, (long)DATA_BASE, (long)GATE_ADDR
		} };
	}
}

int attack(int argc, char **argv)
{
	struct args x;
	long nr, ret;

	if (argc < 3)
		return EXIT_BROKEN;
	nr = number(argv[1]);
	if (argc < 8) {
		if (same_text(argv[2], "mix"))
			gate6(nr, make_args((long)((unsigned long)nr % 6)));
		else
			gate6(nr, make_args(number(argv[2])));
		return EXIT_BREACH;
	}
	x = (struct args){ {
		number(argv[2]), number(argv[3]), number(argv[4]),
		number(argv[5]), number(argv[6]), number(argv[7])
	} };
	ret = gate6(nr, x);
	say_number(ret);
	say("\n");
	return 0;
}
