/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf-mutate.c: for t1010-elf-fuzz.sh.
 *
 *	elf-mutate mutate IN OUT SEED	a program with its headers spoilt
 *	elf-mutate exec FILE		start it; if that fails tell the errno
 *
 * The same seed gives the same file.  Addresses are kept out of the places
 * where the sandbox and Linux differ on purpose: the kernel's region.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static uint64_t state;

static uint64_t rnd(uint64_t n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (state >> 33) % n;
}

static uint64_t value(uint64_t old)
{
	static const uint64_t some[] = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 55, 56, 57, 64, 255, 256,
		0x1000, 0x1001, 0xfff, 0x2000, 0x10000, 0xffff, 0x400000,
		0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
		0x10000000000, 0x7fffffffffffffff, 0x8000000000000000,
		UINT64_MAX, UINT64_MAX - 0xfff, 0x800000000000,
	};

	switch (rnd(4)) {
	case 0:
		return old ^ 1ULL << rnd(24);
	case 1:
		return old + rnd(9) * 0x800 - 0x2000;
	default:
		return some[rnd(sizeof(some) / sizeof(some[0]))];
	}
}

static void spoil(unsigned char *buf, size_t n)
{
	static const struct {
		unsigned char off, size;
	} head[] = {
		{ 0, 4 }, { 4, 1 }, { 5, 1 }, { 6, 1 }, { 16, 2 }, { 18, 2 },
		{ 20, 4 }, { 24, 8 }, { 32, 8 }, { 40, 8 }, { 48, 4 },
		{ 52, 2 }, { 54, 2 }, { 56, 2 }, { 58, 2 },
	}, phdr[] = {
		{ 0, 4 }, { 4, 4 }, { 8, 8 }, { 16, 8 }, { 24, 8 }, { 32, 8 },
		{ 40, 8 }, { 48, 8 },
	};
	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)(const void *)buf;
	uint64_t v = 0;
	size_t off, size;

	if (rnd(5) == 0) {
		size_t i = rnd(sizeof(head) / sizeof(head[0]));

		off = head[i].off;
		size = head[i].size;
	} else {
		size_t i = rnd(sizeof(phdr) / sizeof(phdr[0]));

		off = sizeof(*eh) + rnd(eh->e_phnum ? eh->e_phnum : 1) * 56 +
			phdr[i].off;
		size = phdr[i].size;
	}
	if (off + size > n)
		return;
	memcpy(&v, buf + off, size);
	v = value(v);
	/* A fixed address below what vm.mmap_min_addr may be. */
	if (eh->e_type == ET_EXEC && (off - sizeof(*eh)) % 56 == 16 &&
	    v < 0x10000)
		v += 0x10000;
	memcpy(buf + off, &v, size);
}

static int mutate(const char *in, const char *out, const char *seed)
{
	static unsigned char buf[1 << 16];
	FILE *f = fopen(in, "rb");
	size_t n;
	int fd;

	if (!f)
		return 99;
	n = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	state = strtoull(seed, NULL, 10) * 0x9e3779b97f4a7c15u + 1;
	for (uint64_t k = 1 + rnd(3); k; k--)
		spoil(buf, n);
	if (rnd(12) == 0)
		n = rnd(2) ? rnd(400) : rnd(n);
	unlink(out);
	fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	if (fd < 0 || write(fd, buf, n) != (ssize_t)n)
		return 99;
	close(fd);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "mutate"))
		return mutate(argv[2], argv[3], argv[4]);
	if (argc != 3)
		return 99;
	/* Root may map the lowest pages natively; nobody can in the sandbox. */
	prctl(PR_CAPBSET_DROP, CAP_SYS_RAWIO, 0, 0, 0);
	execv(argv[2], argv + 2);
	printf("errno %d\n", errno);
	return 100;
}
