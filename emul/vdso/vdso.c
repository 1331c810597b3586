/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vdso.c: give each program the vdso.
 *
 * Its page is made once, in the arena, and every process maps the arena's
 * file there, privately: no copy, and a debugger's breakpoint stays its own.
 *
 * Code of the host's vdso, between HOST_VDSO_BASE and the end of the region,
 * runs as guest code: faults and kicks there are the guest's.
 */
#include <linux/elf.h>
#include <linux/mman.h>

#include "emul/abi/hostfd.h"
#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"
#include "emul/lib/lock.h"
#include "emul/lib/string.h"
#include "emul/mm/vma.h"
#include "emul/task/exec.h"
#include "interposer/clock.h"

#define VDSO_TABLE	0xfc0	/* as emul/vdso/vdso.lds puts it */

extern const char vdso_image[], vdso_image_end[];

static __arena struct mutex page_lock;
static __arena char *page;

static char *get_page(void)
{
	static const char names[5][24] = {
		"__vdso_clock_gettime", "__vdso_gettimeofday", "__vdso_time",
		"__vdso_getcpu", "__vdso_clock_getres",
	};
	char *p = load_acquire(&page);

	if (p)
		return p;
	mutex_lock(&page_lock);
	if (!page) {
		p = page_alloc(1);
		if (p) {
			uint64_t *table = (uint64_t *)(p + VDSO_TABLE);
			size_t n = (size_t)(vdso_image_end - vdso_image);

			memcpy(p, vdso_image, MIN(n, VDSO_TABLE));
			/* Section headers lie behind the page. */
			((struct elf64_hdr *)p)->e_shoff = 0;
			((struct elf64_hdr *)p)->e_shnum = 0;
			((struct elf64_hdr *)p)->e_shstrndx = 0;
			for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
				table[i] = host_vdso_symbol(names[i]);
			store_release(&page, p);
		}
	}
	mutex_unlock(&page_lock);
	return page;
}

/* A copy, where the host does not let files of its memory be executed. */
static long map_copy(struct mm *mm, uint64_t hint, const char *p)
{
	long at = mm_map_special(mm, hint, PAGE_SIZE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, VMA_VDSO);

	if (at < 0)
		return at;
	if (copy_out((uint64_t)at, p, PAGE_SIZE) ||
	    mm_protect(mm, (uint64_t)at, PAGE_SIZE, PROT_READ | PROT_EXEC)) {
		mm_unmap(mm, (uint64_t)at, PAGE_SIZE);
		return -1;
	}
	return at;
}

void vdso_map(struct task *t, struct mm *mm)
{
	const char *p = get_page();
	uint64_t hint = 0;
	long at;

	if (!p)
		return;
	/* Above the stack where there is room, as on Linux. */
	if (REGION_START - mm->stack_top > 16 * PAGE_SIZE)
		hint = mm->stack_top + PAGE_SIZE + exec_random(t, 8);
	at = mm_map_host(mm, hint, PAGE_SIZE, PROT_READ | PROT_EXEC,
			 MAP_PRIVATE, VMA_VDSO, HOSTFD_META,
			 (off_t)((uint64_t)p - META_BASE));
	if (at < 0)
		at = map_copy(mm, hint, p);
	if (at > 0)
		mm->vdso = (uint64_t)at;
}
