/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imagemap.c: bring the kernel's image to its place.
 *
 * The image lies in the file of sbx as data: page aligned, whole pages.  To map
 * it from there costs half of moving the mapping that sbx started with; that is
 * the way where the file cannot be opened again, as without /proc.
 */
#include "config.h"

#include "loader/imagemap.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>

#include "emul/abi/region.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE	0x100000
#endif

extern const char kernel_image[], kernel_image_end[];
extern const char __ehdr_start[] __attribute__((visibility("hidden")));

/*
 * Words of the image: 1: where its text ends, 2: where what each start runs
 * does; interposer/boot.c.  To be read here and now, for it is moved away.
 */
static size_t size_of(int word)
{
	const volatile uint64_t *head = (const void *)kernel_image;

	return (size_t)(head[word] - IMAGE_BASE);
}

/*
 * A fault maps all of the file that lies together in the host's memory, but for
 * what is another mapping: so what is seldom run is one.
 */
static void part_cold(size_t text)
{
	size_t hot = size_of(2);

	madvise((char *)IMAGE_BASE + hot, text - hot, MADV_DONTDUMP);
}

/* Where the image is in the file; -1: not to be told. */
static off_t image_offset(void)
{
	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)(const void *)__ehdr_start;
	const Elf64_Phdr *ph =
		(const Elf64_Phdr *)(const void *)(__ehdr_start + eh->e_phoff);
	uint64_t first = 0, at;

	for (int i = eh->e_phnum - 1; i >= 0; i--)
		if (ph[i].p_type == PT_LOAD)
			first = ph[i].p_vaddr - ph[i].p_offset;
	at = first + (uint64_t)(kernel_image - __ehdr_start);
	for (int i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_LOAD && at >= ph[i].p_vaddr &&
		    at - ph[i].p_vaddr < ph[i].p_filesz)
			return (off_t)(at - ph[i].p_vaddr + ph[i].p_offset);
	return -1;
}

int image_open(void)
{
	return open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
}

bool image_map(int fd)
{
	size_t size = (size_t)(kernel_image_end - kernel_image);
	size_t text = size_of(1);
	off_t at = image_offset();
	char *base = (char *)IMAGE_BASE;

	if (fd < 0 || at < 0)
		return false;
	/* Before Linux 4.17 the flag is a hint alone. */
	if (mmap(base, text, PROT_READ | PROT_EXEC,
		 MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd, at) != base)
		return false;
	part_cold(text);
	return mmap(base + text, size - text, PROT_READ,
		    MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd,
		    at + (off_t)text) == base + text;
}

bool image_move(void)
{
	size_t size = (size_t)(kernel_image_end - kernel_image);
	size_t text = size_of(1);

	return mremap((void *)(uintptr_t)kernel_image, size, size,
		      MREMAP_MAYMOVE | MREMAP_FIXED, (void *)IMAGE_BASE) !=
		MAP_FAILED &&
		!mprotect((void *)IMAGE_BASE, text, PROT_READ | PROT_EXEC);
}
