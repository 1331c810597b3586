/* SPDX-License-Identifier: Apache-2.0 */
/*
 * h-region.c: memory calls on the kernel's region.
 *
 *	h-region		calls of the program's own: each is refused
 *	h-region gate CASE	at the gate: the filter refuses, or the sandbox
 *				destroys itself
 *	h-region count		how many cases there are, as exit status
 */
#include <asm-generic/mman-common.h>
#include <linux/mman.h>

#include "t/hostile.h"

#define EFAULT	14
#define EINVAL	22
#define ENOMEM	12
#define EEXIST	17

static char page[4096] __attribute__((__aligned__(4096)));
static int failed;

static void refused(const char *name, uint64_t addr, long ret)
{
	if (ret < 0 && ret > -4096)
		return;
	say("allowed: ");
	say(name);
	say(" at ");
	say_hex(addr);
	say(" gives ");
	say_hex((unsigned long)ret);
	say("\n");
	failed = EXIT_BREACH;
}

static void try_maps(uint64_t at, long len)
{
	static const long prots[] = { 0, 1, 3, 5, 7 };
	long a = (long)at;

	for (unsigned int i = 0; i < COUNT(prots); i++) {
		refused("mmap", at, sys(__NR_mmap, a, len, prots[i],
					MAP_PRIVATE | MAP_ANONYMOUS |
					MAP_FIXED, -1, 0));
		refused("mmap shared", at,
			sys(__NR_mmap, a, len, prots[i],
			    MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
		refused("mmap noreplace", at,
			sys(__NR_mmap, a, len, prots[i],
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
			    -1, 0));
		refused("mprotect", at, sys(__NR_mprotect, a, len, prots[i]));
		refused("pkey_mprotect", at,
			sys(__NR_pkey_mprotect, a, len, prots[i], -1));
	}
	refused("mmap growsdown", at,
		sys(__NR_mmap, a, len, 3, MAP_PRIVATE | MAP_ANONYMOUS |
		    MAP_FIXED | MAP_GROWSDOWN, -1, 0));
}

static void try_others(uint64_t at, long len)
{
	long a = (long)at, p = ptr(page);

	refused("munmap", at, sys(__NR_munmap, a, len));
	refused("mremap", at, sys(__NR_mremap, a, len, len, 0, 0));
	refused("mremap grow", at, sys(__NR_mremap, a, len, 2 * len, 1, 0));
	refused("mremap shrink", at, sys(__NR_mremap, a, 2 * len, len, 0, 0));
	refused("mremap out", at, sys(__NR_mremap, a, len, len, 3, p));
	refused("mremap dup", at, sys(__NR_mremap, a, 0, len, 1, 0));
	refused("mremap in", at, sys(__NR_mremap, p, 4096, len, 3, a));
	refused("mremap dontunmap", at, sys(__NR_mremap, p, 4096, 4096, 7, a));
	for (long advice = 0; advice < 26; advice++)
		refused("madvise", at, sys(__NR_madvise, a, len, advice));
	refused("madvise poison", at, sys(__NR_madvise, a, len, 100));
	refused("mincore", at, sys(__NR_mincore, a, len, p));
	refused("mincore to", at, sys(__NR_mincore, p, 4096, a));
	refused("msync", at, sys(__NR_msync, a, len, 4));
	refused("mlock", at, sys(__NR_mlock, a, len));
	refused("mlock2", at, sys(__NR_mlock2, a, len, 1));
	refused("munlock", at, sys(__NR_munlock, a, len));
	refused("remap_file_pages", at,
		sys(__NR_remap_file_pages, a, len, 0, 0, 0));
	refused("mbind", at, sys(__NR_mbind, a, len, 1, p, 64, 0));
	refused("shmat", at, sys(__NR_shmat, 0, a, 040000));
	refused("mseal", at, sys(462, a, len, 0));
	refused("set_mempolicy_home_node", at, sys(450, a, len, 0, 0));
}

static void try_around(void)
{
	long end = (long)REGION_START;

	/* From below into it, and around the end of all addresses. */
	refused("munmap over", REGION_START - 4096,
		sys(__NR_munmap, end - 4096, 8192));
	refused("munmap all", 0, sys(__NR_munmap, 0, (long)REGION_END));
	refused("munmap wrap", REGION_START - 4096,
		sys(__NR_munmap, end - 4096, -4096L));
	refused("mmap over", REGION_START - 4096,
		sys(__NR_mmap, end - 4096, 8192, 3, 0x32, -1, 0));
	refused("mmap wrap", REGION_START - 4096,
		sys(__NR_mmap, end - 4096, -4096L, 3, 0x32, -1, 0));
	refused("mprotect over", REGION_START - 4096,
		sys(__NR_mprotect, end - 4096, 8192, 7));
	refused("mremap over", REGION_START - 4096,
		sys(__NR_mremap, ptr(page), 4096, 8192, 3, end - 4096));
	refused("madvise over", REGION_START - 4096,
		sys(__NR_madvise, end - 4096, 1L << 40, 4));
}

/* A hint there is no order: what is given lies where the guest may be. */
static void try_hints(uint64_t at)
{
	long r = sys(__NR_mmap, (long)at, 4096, 3,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (r > 0 && (uint64_t)r < REGION_START)
		sys(__NR_munmap, r, 4096);
	else if (r > 0 || r < -4095)
		refused("mmap hint", at, r);
	r = sys(__NR_brk, (long)at);
	if ((uint64_t)r >= REGION_START)
		refused("brk", at, r);
}

static int own_calls(void)
{
	unsigned int i;

	for (i = 0; i < COUNT(region_pointers); i++) {
		uint64_t at = region_pointers[i];

		try_hints(at);
		try_hints(at & ~4095UL);
		if (at < REGION_START)
			continue;
		try_maps(at, 4096);
		try_others(at, 4096);
		try_maps(at & ~4095UL, 4096);
		try_others(at & ~4095UL, 4096);
		try_maps(at & ~4095UL, 1L << 32);
		try_others(at & ~4095UL, 1L << 32);
	}
	try_around();
	/* The kernel is whole. */
	if (sys(__NR_getpid) <= 0)
		return EXIT_BREACH;
	say("done\n");
	return failed;
}

#define FIX	(MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)
#define R(x)	((long)(x))
#define BEFORE	R(REGION_START - 4096)

static const struct {
	int nr;
	struct args x;
} at_gate[] = {
	/* The filter sees the start and refuses. */
	{ __NR_mmap, { { R(GATE_ADDR), 4096, 7, FIX, -1, 0 } } },
	{ __NR_mmap, { { R(META_BASE), 4096, 3, FIX, -1, 0 } } },
	{ __NR_munmap, { { R(IMAGE_BASE), 4096 } } },
	{ __NR_munmap, { { R(SLOTS_BASE), 65536 } } },
	{ __NR_mprotect, { { R(GATE_ADDR), 4096, 7 } } },
	{ __NR_mprotect, { { R(META_BASE), 4096, 0 } } },
	{ __NR_mremap, { { R(GATE_ADDR), 4096, 4096, 3, 0x10000000 } } },
	{ __NR_mremap, { { R(0x10000000), 4096, 4096, 3, R(GATE_ADDR) } } },
	{ __NR_madvise, { { R(META_BASE), 1L << 32, 4 } } },
	{ __NR_madvise, { { R(META_BASE), 1L << 32, 9 } } },
	{ __NR_fallocate, { { 40, 3, 0, 1L << 32 } } },
	{ __NR_mmap, { { 0x20000000, 4096, 7, 0x2022, -1, 0 } } },
	{ __NR_mmap, { { R(SLOTS_BASE), 65536, 7, 0x11, 4, 0 } } },
	{ __NR_mmap, { { R(SLOTS_BASE), 65536, 3, 0x11, 0, 0 } } },
	{ __NR_mmap, { { R(SLOTS_BASE), 65536, 0, 0x4032, -1, 0 } } },
	{ __NR_mmap, { { R(SLOTS_BASE), R(SLOTS_SIZE), 3, 0x11, 4, 0 } } },
	{ __NR_mmap, { { R(SLOTS_BASE), 1L << 40, 0, 0x4032, -1, 0 } } },
	/* It sees only the start: the sandbox destroys itself. */
	{ __NR_mmap, { { BEFORE, R(REGION_END - REGION_START), 3, FIX,
			 -1, 0 } } },
	{ __NR_mmap, { { BEFORE, 1L << 31, 7, FIX, -1, 0 } } },
	{ __NR_munmap, { { BEFORE, R(REGION_END - REGION_START) } } },
	{ __NR_munmap, { { 0, R(REGION_END) } } },
	{ __NR_munmap, { { BEFORE, 0x200000 } } },
	{ __NR_munmap, { { BEFORE, 1L << 31 } } },
	{ __NR_mprotect, { { BEFORE, R(REGION_END - REGION_START), 0 } } },
	{ __NR_mprotect, { { BEFORE, R(REGION_END - REGION_START), 7 } } },
	{ __NR_madvise, { { BEFORE, R(REGION_END - REGION_START), 4 } } },
	{ __NR_madvise, { { BEFORE, R(REGION_END - REGION_START), 10 } } },
	{ __NR_mremap, { { BEFORE, R(META_SIZE), 4096, 0, 0 } } },
	{ __NR_fallocate, { { HOSTFD_META, 3, 0, R(META_SIZE) } } },
	{ __NR_fallocate, { { HOSTFD_SLOTS, 3, 0, R(SLOTS_SIZE) } } },
	{ __NR_fallocate, { { HOSTFD_DATA, 3, 0, R(DATA_SIZE) } } },
	/* Beyond the end of the memfds, and all of the guest's memory. */
	{ __NR_fallocate, { { HOSTFD_META, 0, R(META_SIZE), 1L << 40 } } },
	{ __NR_fallocate, { { HOSTFD_DATA, 0, R(DATA_SIZE), 1L << 20 } } },
	{ __NR_pwritev2, { { HOSTFD_META, R(META_BASE), 1, R(META_SIZE), 0,
			     0 } } },
	{ __NR_munmap, { { 0, BEFORE } } },
	{ __NR_mprotect, { { 0, BEFORE, 1 } } },
};

static int gate_case(long n)
{
	long ret;

	if (n < 0 || n >= (long)COUNT(at_gate))
		return EXIT_BROKEN;
	ret = gate6(at_gate[n].nr, at_gate[n].x);
	/* Go on as if nothing had been: the kernel meets what is left. */
	say_number(ret);
	say("\n");
	sys(__NR_mmap, 0, 4096, 3, 0x22, -1, 0);
	sys(__NR_getpid);
	return 0;
}

int attack(int argc, char **argv)
{
	if (argc < 2)
		return own_calls();
	if (argc == 2)
		return COUNT(at_gate);
	return gate_case(number(argv[2]));
}
