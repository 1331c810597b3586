/* SPDX-License-Identifier: Apache-2.0 */
/* g-auxv.c: what a program finds on its stack, and the vdso. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "t/guest.h"

extern char **environ;

static void *vdso_sym(const char *name)
{
	const char *base = (const char *)getauxval(AT_SYSINFO_EHDR);
	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)base;
	const Elf64_Phdr *ph;
	const Elf64_Sym *sym = NULL;
	const char *str = NULL;
	const uint32_t *hash = NULL;

	if (!base)
		return NULL;
	ph = (const Elf64_Phdr *)(base + eh->e_phoff);
	for (int i = 0; i < eh->e_phnum; i++) {
		const Elf64_Dyn *d;

		if (ph[i].p_type != PT_DYNAMIC)
			continue;
		for (d = (const Elf64_Dyn *)(base + ph[i].p_vaddr); d->d_tag;
		     d++) {
			if (d->d_tag == DT_SYMTAB)
				sym = (const Elf64_Sym *)(base + d->d_un.d_ptr);
			if (d->d_tag == DT_STRTAB)
				str = base + d->d_un.d_ptr;
			if (d->d_tag == DT_HASH)
				hash = (const uint32_t *)(base + d->d_un.d_ptr);
		}
	}
	for (uint32_t i = 0; hash && sym && str && i < hash[1]; i++)
		if (!strcmp(str + sym[i].st_name, name))
			return (void *)(uintptr_t)(base + sym[i].st_value);
	return NULL;
}

static void test_values(char **argv)
{
	const Elf64_Phdr *ph = (const void *)getauxval(AT_PHDR);
	const char *platform = (const char *)getauxval(AT_PLATFORM);
	const char *execfn = (const char *)getauxval(AT_EXECFN);
	const unsigned char *r = (const void *)getauxval(AT_RANDOM);
	int load = 0, sum = 0;

	is((long)getauxval(AT_PAGESZ), 4096, "AT_PAGESZ");
	is((long)getauxval(AT_CLKTCK), 100, "AT_CLKTCK");
	is((long)getauxval(AT_PHENT), sizeof(*ph), "AT_PHENT");
	is((long)getauxval(AT_FLAGS), 0, "AT_FLAGS");
	is((long)getauxval(AT_SECURE), 0, "AT_SECURE");
	is((long)getauxval(AT_UID), (long)getuid(), "AT_UID");
	is((long)getauxval(AT_EUID), (long)geteuid(), "AT_EUID");
	is((long)getauxval(AT_GID), (long)getgid(), "AT_GID");
	is((long)getauxval(AT_EGID), (long)getegid(), "AT_EGID");
	ok(platform && !strcmp(platform, "x86_64"), "AT_PLATFORM");
	ok(execfn && strstr(execfn, "g-auxv"), "AT_EXECFN");
	ok(getauxval(AT_HWCAP) != 0, "AT_HWCAP");
	ok(getauxval(AT_MINSIGSTKSZ) >= 1024, "AT_MINSIGSTKSZ");
	ok(getauxval(AT_ENTRY) != 0, "AT_ENTRY");
	for (unsigned long i = 0; ph && i < getauxval(AT_PHNUM); i++)
		load += ph[i].p_type == PT_LOAD;
	ok(load > 0, "AT_PHDR and AT_PHNUM");
	for (int i = 0; r && i < 16; i++)
		sum |= r[i];
	ok(sum != 0, "AT_RANDOM");
	/* The order on the stack. */
	ok((uintptr_t)argv % 8 == 0 && ((uintptr_t)argv - 8) % 16 == 0,
	   "the stack is aligned");
	ok(argv[1] == NULL && &argv[2] == environ, "envp follows argv");
	ok(argv[0] + strlen(argv[0]) + 1 == environ[0],
	   "so do their strings");
}

static void test_vdso(void)
{
	int (*gettime)(clockid_t, struct timespec *);
	int (*getday)(struct timeval *, void *);
	time_t (*get)(time_t *);
	int (*cpu)(unsigned int *, unsigned int *, void *);
	int (*res)(clockid_t, struct timespec *);
	struct timespec a, b, c;
	struct timeval tv;
	unsigned int n = 99999;

	*(void **)&gettime = vdso_sym("__vdso_clock_gettime");
	*(void **)&getday = vdso_sym("__vdso_gettimeofday");
	*(void **)&get = vdso_sym("__vdso_time");
	*(void **)&cpu = vdso_sym("__vdso_getcpu");
	*(void **)&res = vdso_sym("__vdso_clock_getres");
	if (!ok(gettime && getday && get && cpu && res,
		"the vdso has its functions"))
		return;
	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &a);
	is(gettime(CLOCK_MONOTONIC, &b), 0, "clock_gettime");
	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &c);
	ok(a.tv_sec <= b.tv_sec && b.tv_sec <= c.tv_sec &&
	   (a.tv_sec < b.tv_sec || a.tv_nsec <= b.tv_nsec) &&
	   (b.tv_sec < c.tv_sec || b.tv_nsec <= c.tv_nsec),
	   "the same clock by call and by vdso");
	is(gettime(CLOCK_PROCESS_CPUTIME_ID, &b), 0, "a clock it does not know");
	ok(gettime(12345, &b) < 0, "a clock that nobody knows");
	is(getday(&tv, NULL), 0, "gettimeofday");
	ok(tv.tv_sec > 1700000000, "a time of ours");
	/* It is the last tick's, which may be of the second before. */
	ok(get(NULL) >= tv.tv_sec - 1, "time");
	is(cpu(&n, NULL, NULL), 0, "getcpu");
	ok(n < 99999, "a processor");
	is(res(CLOCK_MONOTONIC, &a), 0, "clock_getres");
	ok(clock_gettime(CLOCK_REALTIME, &a) == 0 && a.tv_sec >= tv.tv_sec,
	   "libc's clock_gettime");
}

int main(int argc, char **argv)
{
	(void)argc;
	test_values(argv);
	test_vdso();
	return done_testing();
}
