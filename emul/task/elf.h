/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf.h: ELF64 programs, elf(5): what their headers say, and mapping them.
 *
 * Checks and errors are those of Linux's loader, no stricter: what it takes,
 * this takes.
 */
#ifndef SBX_TASK_ELF_H
#define SBX_TASK_ELF_H

#include <linux/elf.h>

#include "emul/lib/types.h"

struct file;
struct mm;

/* Linux's limit for the table of program headers. */
#define ELF_PHDRS_MAX	65536u
#define ELF_INTERP_MAX	4096u

struct elf_image {
	struct elf64_hdr eh;
	struct elf64_phdr *ph;	/* eh.e_phnum of them; kmalloc'd */
};

/* Is it a header of a program for us?  0 or -ENOEXEC. */
int elf_check(const struct elf64_hdr *eh) __must_check;
/* Is the size of the table acceptable?  0 or -ENOEXEC. */
int elf_check_table(const struct elf64_hdr *eh) __must_check;
/* Bytes from the first PT_LOAD's page to the end of the last; 0: none. */
uint64_t elf_span(const struct elf64_phdr *ph, unsigned int n);
/* The largest sound p_align of its PT_LOADs, at least a page; 0: none. */
uint64_t elf_align(const struct elf64_phdr *ph, unsigned int n);
/* The last PT_LOAD that holds the program headers gives their address; or 0. */
uint64_t elf_phdr_addr(const struct elf64_hdr *eh,
		       const struct elf64_phdr *ph);
/* PROT_* of a segment. */
int elf_prot(uint32_t p_flags);
/*
 * The first segment of type @type, or NULL.
 */
const struct elf64_phdr *elf_find(const struct elf64_phdr *ph, unsigned int n,
				  uint32_t type);

/*
 * Read the header (unless @head, its first bytes, are there already) and the
 * table of @f.  @bad is what a file that is none gives: -ENOEXEC, -ELIBBAD.
 * img->ph is the caller's to kfree() when 0 is returned.
 */
int elf_read(struct file *f, const void *head, struct elf_image *img, int bad)
	__must_check;
/*
 * The interpreter's name into *@name (kfree() it; NULL: it has none).
 * 0, -ENOEXEC, -EIO, -ENOMEM.
 */
int elf_interp(struct file *f, const struct elf_image *img, char **name)
	__must_check;

/* Where a program was put. */
struct elf_place {
	uint64_t bias;
	uint64_t entry;
	uint64_t phdr;		/* address of the program headers, or 0 */
	uint64_t brk;		/* end of the last segment */
	uint64_t code_start, code_end, data_start, data_end;
};

/*
 * Map @img of @f into @mm: at @bias if it is position independent (0: where
 * there is room).  @replace: segments of ET_EXEC may lie over what is there.
 * 0 or -errno; nothing is undone on failure.
 */
int elf_map(struct mm *mm, struct file *f, const struct elf_image *img,
	    uint64_t bias, bool replace, struct elf_place *out) __must_check;

#endif
