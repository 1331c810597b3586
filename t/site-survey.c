/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site-survey.c: which tier each `syscall` of an ELF file would get.
 *
 *	objdump -d FILE | awk '/\tsyscall/ { print $1 }' |
 *		site-survey [-v] [-n] FILE
 *
 * Prints one line of counts; -v: one line a site too; -n: as if the file had
 * no FDEs.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interposer/site.h"
#include "t/asan.h"

static const uint8_t *file;
static const Elf64_Ehdr *eh;
static const Elf64_Phdr *ph;

static int read_image(const struct gmem *m, void *dst, uint64_t addr, size_t n)
{
	(void)m;
	for (int i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD && addr >= ph[i].p_vaddr &&
		    n <= ph[i].p_filesz &&
		    addr - ph[i].p_vaddr <= ph[i].p_filesz - n) {
			memcpy(dst, file + ph[i].p_offset +
			       (addr - ph[i].p_vaddr), n);
			return 0;
		}
	}
	return -14;
}

int main(int argc, char **argv)
{
	struct gmem mem = { .read = read_image };
	struct eh_image im = { .mem = &mem, .lo = UINT64_MAX };
	const char *name = argv[argc - 1];
	int verbose = 0, no_fde = 0, opt;
	unsigned int tier[128] = { 0 }, whys[SITE_N_WHY] = { 0 };
	unsigned int n = 0, detours = 0, block16 = 0;
	static struct site_span used[4096];
	size_t n_used = 0;
	struct stat st;
	char line[64];
	int fd;

	while ((opt = getopt(argc, argv, "vn")) != -1) {
		if (opt == '?')
			return 2;
		verbose |= opt == 'v';
		no_fde |= opt == 'n';
	}
	fd = optind < argc ? open(name, O_RDONLY) : -1;
	if (fd < 0 || fstat(fd, &st))
		return 2;
	file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file == MAP_FAILED)
		return 2;
	eh = (const void *)file;
	ph = (const void *)(file + eh->e_phoff);
	for (int i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD) {
			if (ph[i].p_vaddr < im.lo)
				im.lo = ph[i].p_vaddr;
			im.hi = ph[i].p_vaddr + ph[i].p_filesz;
		} else if (ph[i].p_type == PT_GNU_EH_FRAME &&
			   !no_fde) {
			im.hdr = ph[i].p_vaddr;
			im.hdr_size = ph[i].p_memsz;
		}
	}
	while (fgets(line, sizeof(line), stdin)) {
		struct site_request rq = {
			.im = &im, .site = strtoull(line, NULL, 16),
			.used = used, .n_used = n_used,
		};
		struct site_plan plan;

		for (int i = 0; i < eh->e_phnum; i++)
			if (ph[i].p_type == PT_LOAD &&
			    rq.site - ph[i].p_vaddr < ph[i].p_filesz) {
				rq.lo = ph[i].p_vaddr;
				rq.hi = rq.lo + ph[i].p_filesz;
			}
		site_plan(&rq, &plan);
		n++;
		tier[(int)plan.tier]++;
		whys[plan.why]++;
		detours += plan.detour;
		if (plan.tier == SITE_A && plan.at % 16 <= 11)
			block16++;
		if (plan.tier == SITE_B) {
			block16 += plan.at % 16 <= 14;
			used[n_used++] = (struct site_span){
				plan.pad, plan.pad + SITE_JMP32 };
		}
		if (verbose)
			printf("site %lx %c at %lx pad %lx copy %u %s\n",
			       (unsigned long)rq.site, plan.tier,
			       (unsigned long)plan.at,
			       (unsigned long)plan.pad, plan.copy_len,
			       site_whys[plan.why]);
	}
	printf("%-34s sites %4u A %4u (detours %u) B %4u C %3u: %3u%%, live "
	       "%3u%%;", name, n, tier['A'], detours, tier['B'], tier['C'],
	       n ? (n - tier['C']) * 100 / n : 0, n ? block16 * 100 / n : 0);
	for (int i = SITE_SIGRETURN; i < SITE_N_WHY; i++)
		printf(" %s %u", site_whys[i], whys[i]);
	printf(" eh %d\n", im.hdr != 0);
	return 0;
}
