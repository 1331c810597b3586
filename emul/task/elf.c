/* SPDX-License-Identifier: Apache-2.0 */
/* elf.c: what the headers of a program say. */
#include "emul/task/elf.h"

#include <linux/errno.h>
#include <linux/mman.h>

#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/vfs/vfs.h"

int elf_check(const struct elf64_hdr *eh)
{
	if (memcmp(eh->e_ident, ELFMAG, SELFMAG))
		return -ENOEXEC;
	if (eh->e_type != ET_EXEC && eh->e_type != ET_DYN)
		return -ENOEXEC;
	if (eh->e_machine != EM_X86_64)
		return -ENOEXEC;
	return 0;
}

int elf_check_table(const struct elf64_hdr *eh)
{
	if (eh->e_phentsize != sizeof(struct elf64_phdr) || !eh->e_phnum ||
	    eh->e_phnum > ELF_PHDRS_MAX / sizeof(struct elf64_phdr))
		return -ENOEXEC;
	return 0;
}

uint64_t elf_span(const struct elf64_phdr *ph, unsigned int n)
{
	uint64_t lo = UINT64_MAX, hi = 0;
	bool any = false;

	for (unsigned int i = 0; i < n; i++) {
		if (ph[i].p_type != PT_LOAD)
			continue;
		lo = MIN(lo, PAGE_DOWN(ph[i].p_vaddr));
		hi = MAX(hi, ph[i].p_vaddr + ph[i].p_memsz);
		any = true;
	}
	return any ? hi - lo : 0;
}

uint64_t elf_align(const struct elf64_phdr *ph, unsigned int n)
{
	uint64_t align = 0;

	for (unsigned int i = 0; i < n; i++) {
		uint64_t a = ph[i].p_align;

		/* What is no power of two is ignored. */
		if (ph[i].p_type == PT_LOAD && a && !(a & (a - 1)))
			align = MAX(align, a);
	}
	return align ? PAGE_UP(align) : 0;
}

uint64_t elf_phdr_addr(const struct elf64_hdr *eh,
		       const struct elf64_phdr *ph)
{
	uint64_t addr = 0;

	for (unsigned int i = 0; i < eh->e_phnum; i++) {
		const struct elf64_phdr *p = &ph[i];

		if (p->p_type == PT_LOAD && p->p_offset <= eh->e_phoff &&
		    eh->e_phoff < p->p_offset + p->p_filesz)
			addr = eh->e_phoff - p->p_offset + p->p_vaddr;
	}
	return addr;
}

int elf_prot(uint32_t p_flags)
{
	int prot = 0;

	if (p_flags & PF_R)
		prot |= PROT_READ;
	if (p_flags & PF_W)
		prot |= PROT_WRITE;
	if (p_flags & PF_X)
		prot |= PROT_EXEC;
	return prot;
}

const struct elf64_phdr *elf_find(const struct elf64_phdr *ph, unsigned int n,
				  uint32_t type)
{
	for (unsigned int i = 0; i < n; i++)
		if (ph[i].p_type == type)
			return &ph[i];
	return NULL;
}

/* All of @n bytes at @off: 0, -EIO when the file is shorter, or -errno. */
static int read_all(struct file *f, void *buf, size_t n, uint64_t off)
{
	size_t done = 0;

	while (done < n) {
		ssize_t r = file_kread(f, (char *)buf + done, n - done,
				       (off_t)(off + done));

		if (r < 0)
			return (int)r;
		if (!r)
			return -EIO;
		done += (size_t)r;
	}
	return 0;
}

int elf_read(struct file *f, const void *head, struct elf_image *img, int bad)
{
	size_t size;
	int err;

	img->ph = NULL;
	if (head) {
		memcpy(&img->eh, head, sizeof(img->eh));
	} else {
		err = read_all(f, &img->eh, sizeof(img->eh), 0);
		if (err)
			return err;
	}
	if (elf_check(&img->eh)) {
		/*
		 * Of an interpreter the type is looked at too late for an
		 * error code: the caller asks again.
		 */
		if (bad == -ENOEXEC || memcmp(img->eh.e_ident, ELFMAG,
					      SELFMAG) ||
		    img->eh.e_machine != EM_X86_64)
			return bad;
	}
	if (!f->ops->mmap || elf_check_table(&img->eh))
		return bad;
	size = img->eh.e_phnum * sizeof(struct elf64_phdr);
	img->ph = kmalloc(size);
	if (!img->ph)
		return -ENOMEM;
	if (read_all(f, img->ph, size, img->eh.e_phoff)) {
		kfree(img->ph);
		img->ph = NULL;
		return bad;
	}
	return 0;
}

int elf_interp(struct file *f, const struct elf_image *img, char **name)
{
	const struct elf64_phdr *p = elf_find(img->ph, img->eh.e_phnum,
					      PT_INTERP);
	int err;

	*name = NULL;
	if (!p)
		return 0;
	if (p->p_filesz > ELF_INTERP_MAX || p->p_filesz < 2)
		return -ENOEXEC;
	if ((off_t)p->p_offset < 0)
		return -EINVAL;
	*name = kmalloc(p->p_filesz);
	if (!*name)
		return -ENOMEM;
	err = read_all(f, *name, p->p_filesz, p->p_offset);
	if (!err && (*name)[p->p_filesz - 1])
		err = -ENOEXEC;
	if (err) {
		kfree(*name);
		*name = NULL;
	}
	return err;
}
