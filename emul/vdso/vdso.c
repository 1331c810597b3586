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
#include "emul/host/host.h"
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

/* The arena's file over the vma at @at, or else a copy. */
static int fill(uint64_t at, const char *p)
{
	long r;

	r = host_mmap(at, PAGE_SIZE, PROT_READ | PROT_EXEC,
		      MAP_PRIVATE | MAP_FIXED, HOSTFD_META,
		      (off_t)((uint64_t)p - META_BASE));
	if (r >= 0)
		return 0;
	/* The host does not let files of its memory be executed. */
	if (host_mprotect(at, PAGE_SIZE, PROT_READ | PROT_WRITE) < 0 ||
	    copy_out(at, p, PAGE_SIZE))
		return -1;
	return host_mprotect(at, PAGE_SIZE, PROT_READ | PROT_EXEC) < 0;
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
	at = mm_map_special(mm, hint, PAGE_SIZE, PROT_READ | PROT_EXEC,
			    MAP_PRIVATE | MAP_ANONYMOUS, VMA_VDSO);
	if (at < 0)
		return;
	if (fill((uint64_t)at, p)) {
		mm_unmap(mm, (uint64_t)at, PAGE_SIZE);
		return;
	}
	mm->vdso = (uint64_t)at;
}
