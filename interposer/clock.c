/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.c: the host's clocks, read by the code of the host's vdso.
 *
 * The vdso is found by its ELF symbols once at boot; its functions run on the
 * kernel stack as any other code of the kernel.  A clock it cannot read by
 * itself ends in a `syscall` of its own, which traps and fails (see
 * hostsig.c): then the gate is asked.
 */
#include <asm/unistd.h>
#include <linux/elf.h>
#include <linux/time.h>
#include <linux/time_types.h>

#include "emul/host/host.h"
#include "emul/lib/string.h"
#include "interposer/clock.h"
#include "interposer/rawhost.h"

#define CPU_CLOCK_PROCESS	2	/* CLOCK_PROCESS_CPUTIME_ID */
#define CPU_CLOCK_THREAD	3	/* CLOCK_THREAD_CPUTIME_ID */

typedef int clock_fn(int clock, struct __kernel_timespec *ts);

static clock_fn *vdso_clock __arena;
static uint64_t vdso_ehdr __arena;

uint64_t host_vdso_symbol(const char *name)
{
	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)vdso_ehdr;
	const Elf64_Phdr *ph;
	const Elf64_Dyn *dyn = NULL;
	const Elf64_Sym *sym = NULL;
	const char *str = NULL;
	const uint32_t *hash = NULL;
	uint64_t bias = vdso_ehdr;
	uint32_t i;

	if (!eh)
		return 0;
	ph = (const Elf64_Phdr *)(vdso_ehdr + eh->e_phoff);
	for (i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_DYNAMIC)
			dyn = (const Elf64_Dyn *)(vdso_ehdr + ph[i].p_offset);
		else if (ph[i].p_type == PT_LOAD && !ph[i].p_offset)
			bias = vdso_ehdr - ph[i].p_vaddr;
	for (; dyn && dyn->d_tag != DT_NULL; dyn++) {
		if (dyn->d_tag == DT_SYMTAB)
			sym = (const Elf64_Sym *)(bias + dyn->d_un.d_ptr);
		else if (dyn->d_tag == DT_STRTAB)
			str = (const char *)(bias + dyn->d_un.d_ptr);
		else if (dyn->d_tag == DT_HASH)
			hash = (const uint32_t *)(bias + dyn->d_un.d_ptr);
	}
	if (!sym || !str)
		return 0;
	/*
	 * Newer vdsos have no DT_HASH; the string table lies behind the
	 * symbols in every vdso, and says where they end.
	 */
	for (i = 1; hash ? i < hash[1] : (const char *)&sym[i + 1] <= str; i++)
		if (sym[i].st_value && !strcmp(str + sym[i].st_name, name))
			return bias + sym[i].st_value;
	return 0;
}

void clock_boot(uint64_t ehdr)
{
	vdso_ehdr = ehdr;
	vdso_clock = (clock_fn *)host_vdso_symbol("__vdso_clock_gettime");
}

int64_t host_clock_ns(int clock)
{
	struct __kernel_timespec ts = { 0 };

	/* The vdso knows no CPU clocks: its own call would only trap. */
	if (clock != CPU_CLOCK_PROCESS && clock != CPU_CLOCK_THREAD &&
	    vdso_clock && !vdso_clock(clock, &ts))
		return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
	if (raw_host4(__NR_clock_gettime, clock, (long)&ts, 0, 0))
		return -1;
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}
