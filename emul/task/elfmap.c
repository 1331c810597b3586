/* SPDX-License-Identifier: Apache-2.0 */
/* elfmap.c: map the segments of a program. */
#include <linux/errno.h>
#include <linux/mman.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"
#include "emul/mm/mm.h"
#include "emul/task/elf.h"
#include "emul/vfs/vfs.h"

static uint64_t in_page(uint64_t addr)
{
	return addr & (PAGE_SIZE - 1);
}

/*
 * The file's part of a segment at @addr.  With @span the whole image is
 * mapped first and the rest of it unmapped again, so that there is room for
 * all.  The address of the first page or -errno.
 */
static long map_file(struct mm *mm, struct file *f,
		     const struct elf64_phdr *p, uint64_t addr, int flags,
		     uint64_t span)
{
	uint64_t size = p->p_filesz + in_page(p->p_vaddr);
	uint64_t off = p->p_offset - in_page(p->p_vaddr);
	int prot = elf_prot(p->p_flags);
	long r;

	addr = PAGE_DOWN(addr);
	size = PAGE_UP(size);
	/* Nothing of it in the file; a size of 0 would be an error. */
	if (!size)
		return (long)addr;
	if (off & (PAGE_SIZE - 1) || off + PAGE_UP(size) < off)
		return -EINVAL;
	if (span) {
		span = PAGE_UP(span);
		r = mm_map(mm, addr, span, prot, flags, f, (off_t)off);
		if (r >= 0 && span > size)
			mm_unmap(mm, (uint64_t)r + size, span - size);
		return r;
	}
	return mm_map(mm, addr, size, prot, flags, f, (off_t)off);
}

static int map_zero(struct mm *mm, uint64_t start, uint64_t end, int prot)
{
	long r;

	if (end <= start)
		return 0;
	r = mm_map(mm, start, end - start,
		   PROT_READ | PROT_WRITE | (prot & PROT_EXEC),
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NULL, 0);
	return r < 0 ? (int)r : 0;
}

/* A whole segment: the file's part, and zeroes behind it. */
static long map_segment(struct mm *mm, struct file *f,
			const struct elf64_phdr *p, uint64_t addr, int flags,
			uint64_t span)
{
	int prot = elf_prot(p->p_flags), err;
	uint64_t zero, zero_end, at;
	long r;

	if (p->p_filesz) {
		r = map_file(mm, f, p, addr, flags, span);
		if (r < 0)
			return r;
		at = (uint64_t)r;
		zero = at + in_page(p->p_vaddr) + p->p_filesz;
		zero_end = at + in_page(p->p_vaddr) + p->p_memsz;
		/* Of a segment that is not writable the file's bytes stay. */
		if (p->p_memsz > p->p_filesz && in_page(zero) &&
		    clear_out(zero, PAGE_SIZE - in_page(zero)) &&
		    (prot & PROT_WRITE))
			return -EFAULT;
	} else {
		at = zero = PAGE_DOWN(addr);
		zero_end = zero + in_page(p->p_vaddr) + p->p_memsz;
	}
	if (p->p_memsz > p->p_filesz) {
		err = map_zero(mm, PAGE_UP(zero), PAGE_UP(zero_end), prot);
		if (err)
			return err;
	}
	return (long)at;
}

/* The bounds that Linux tests, after the segment is mapped. */
static int check_bounds(const struct elf64_phdr *p, uint64_t start)
{
	if (start >= REGION_START || p->p_filesz > p->p_memsz ||
	    p->p_memsz > REGION_START || REGION_START - p->p_memsz < start)
		return -EINVAL;
	return 0;
}

/* Room for a position independent image of @span bytes, aligned. */
static long find_room(struct mm *mm, uint64_t span, uint64_t align)
{
	long r;

	span = PAGE_UP(span) + align;
	r = mm_map(mm, 0, span, PROT_NONE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, NULL, 0);
	if (r < 0)
		return r;
	mm_unmap(mm, (uint64_t)r, span);
	return (long)ALIGN_UP((uint64_t)r, align);
}

static void note_segment(struct elf_place *out, const struct elf64_phdr *p)
{
	uint64_t start = p->p_vaddr, file_end = start + p->p_filesz;

	if ((p->p_flags & PF_X) && start < out->code_start)
		out->code_start = start;
	if (start > out->data_start)
		out->data_start = start;
	if ((p->p_flags & PF_X) && file_end > out->code_end)
		out->code_end = file_end;
	if (file_end > out->data_end)
		out->data_end = file_end;
	if (start + p->p_memsz > out->brk)
		out->brk = start + p->p_memsz;
}

int elf_map(struct mm *mm, struct file *f, const struct elf_image *img,
	    uint64_t bias, bool replace, struct elf_place *out)
{
	bool dyn = img->eh.e_type == ET_DYN, first = true;
	unsigned int n = img->eh.e_phnum;
	uint64_t span = elf_span(img->ph, n), align = elf_align(img->ph, n);

	*out = (struct elf_place){ .code_start = UINT64_MAX };
	if (!dyn && img->eh.e_type != ET_EXEC)
		return -EINVAL;
	for (unsigned int i = 0; i < n; i++) {
		const struct elf64_phdr *p = &img->ph[i];
		int flags = MAP_PRIVATE, err;
		long r;

		if (p->p_type != PT_LOAD)
			continue;
		if (!first) {
			flags |= MAP_FIXED;
		} else if (!dyn) {
			flags |= replace ? MAP_FIXED : MAP_FIXED_NOREPLACE;
		} else {
			if (!span)
				return -EINVAL;
			if (bias) {
				if (align)
					bias = ALIGN_DOWN(bias, align);
				flags |= MAP_FIXED_NOREPLACE;
			} else if (align > PAGE_SIZE) {
				r = find_room(mm, span, align);
				if (r < 0)
					return (int)r;
				bias = (uint64_t)r;
				flags |= MAP_FIXED_NOREPLACE;
			}
			if (bias)
				out->bias = PAGE_DOWN(bias - p->p_vaddr);
			else
				out->bias = -PAGE_DOWN(p->p_vaddr);
		}
		r = map_segment(mm, f, p, out->bias + p->p_vaddr, flags,
				first && (dyn || replace) ? span : 0);
		if (r < 0)
			return (int)r;
		if (first && dyn)
			out->bias = (uint64_t)r - PAGE_DOWN(p->p_vaddr);
		first = false;
		err = check_bounds(p, out->bias + p->p_vaddr);
		if (err)
			return err;
		note_segment(out, p);
	}
	if (dyn && first)
		return -EINVAL;
	out->entry = img->eh.e_entry + out->bias;
	/* Without an address it is the bias that AT_PHDR shows. */
	out->phdr = elf_phdr_addr(&img->eh, img->ph) + out->bias;
	out->brk += out->bias;
	out->code_start += out->bias;
	out->code_end += out->bias;
	out->data_start += out->bias;
	out->data_end += out->bias;
	if (out->entry >= REGION_START)
		return -EINVAL;
	return 0;
}
