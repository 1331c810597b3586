/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz-elf.c: program files under libFuzzer: headers, scripts, and mapping
 * them, with a host that only looks at what it is asked for.
 *
 * Whatever a file says, every host call stays in the guest's range, at a
 * fixed place, in whole pages, and the vma tree keeps its order.
 */
#include <errno.h>
#include <linux/mman.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emul/entry/uaccess.h"
#include "emul/fs/aio.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/misc/sys_info.h"
#include "emul/mm/args.h"
#include "emul/mm/mm.h"
#include "emul/task/elf.h"
#include "emul/task/exec.h"
#include "emul/task/task.h"
#include "emul/vfs/vfs.h"
#include "interposer/patch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

_Thread_local struct task *hosted_current;
static const uint8_t *bytes;
static size_t n_bytes;

#define never(cond)							\
	do {								\
		if (cond) {						\
			fprintf(stderr, "never: %s\n", #cond);		\
			abort();					\
		}							\
	} while (0)

void *kmalloc(size_t size) { return malloc(size); }
void *kzalloc(size_t size) { return calloc(1, size); }
void *krealloc(void *p, size_t size) { return realloc(p, size); }
void kfree(void *p) { free(p); }
void mutex_lock_slow(struct mutex *m) { never(m); }
void mutex_unlock_slow(struct mutex *m) { never(m); }
void file_put(struct file *f) { never(ref_put(&f->ref)); }
void inode_read(struct inode *i, const struct mount *m, unsigned int flags)
{ (void)i, (void)m, (void)flags; }
void patch_mapped(struct mm *mm, uint64_t a) { (void)mm, (void)a; }
void patch_unmap(struct mm *mm, uint64_t a, uint64_t b)
{ (void)mm, (void)a, (void)b; }
void patch_change(struct mm *mm, uint64_t a, uint64_t b)
{ (void)mm, (void)a, (void)b; }
int patch_fork(struct mm *a, const struct mm *b) { return a == b; }
void patch_free(struct mm *mm) { never(mm->patch); }
void args_share(struct mm *mm, const struct mm *from)
{ (void)mm, (void)from; }
void args_free(struct mm *mm) { (void)mm; }
void aio_exit(struct mm *mm) { (void)mm; }
const struct sysinfo_boot *sysinfo_get(void)
{
	static const struct sysinfo_boot none;

	return &none;
}
struct file *tmpfs_memfd(const char *name, unsigned int flags)
{ (void)name, (void)flags; return err_ptr(-ENOMEM); }

ssize_t file_kread(struct file *f, void *buf, size_t n, off_t pos)
{
	(void)f;
	if (pos < 0)
		return -EINVAL;
	if ((size_t)pos >= n_bytes)
		return 0;
	n = MIN(n, n_bytes - (size_t)pos);
	memcpy(buf, bytes + pos, n);
	return (ssize_t)n;
}

static void check(uint64_t addr, uint64_t len)
{
	never(addr % PAGE_SIZE || len % PAGE_SIZE || !len);
	never(addr < GUEST_MIN || addr >= REGION_START);
	never(len > REGION_START - addr);
}

long host_mmap(uaddr_t addr, size_t len, int prot, int flags, int fd,
	       off_t off)
{
	check(addr, len);
	never(!(flags & MAP_FIXED) || off % (off_t)PAGE_SIZE || prot & ~7);
	never((fd >= 0) == !!(flags & MAP_ANONYMOUS));
	return (long)addr;
}

long host_munmap(uaddr_t addr, size_t len)
{
	check(addr, len);
	return 0;
}

long host_mprotect(uaddr_t addr, size_t len, int prot)
{
	check(addr, len);
	never(prot & ~7);
	return 0;
}

long host_madvise(uaddr_t addr, size_t len, int advice)
{
	check(addr, len);
	return advice < 0;
}

/* Nothing faults here. */
bool mm_grow_down(struct mm *mm, uaddr_t addr)
{
	never(mm && addr);
	return false;
}

/* A program's segments are private. */
struct file *mm_shared_zero(uint64_t size)
{
	never(size <= UINT64_MAX);
	return NULL;
}

int clear_out(uaddr_t dst, size_t n)
{
	never(n > PAGE_SIZE);
	return uaddr_ok(dst, n) && dst < REGION_START ? 0 : -EFAULT;
}

long copy_str(char *dst, uaddr_t src, size_t size)
{
	(void)dst, (void)src, (void)size;
	return -EFAULT;
}

static int map_it(struct file *f, off_t off, size_t len, int prot, int flags,
		  struct backing *b)
{
	(void)f, (void)prot, (void)flags;
	never(off < 0 || off % (off_t)PAGE_SIZE);
	b->fd = 100;
	b->off = off;
	b->len = len;
	return 0;
}

static void check_tree(struct mm *mm)
{
	uint64_t end = GUEST_MIN;

	for (struct vma *v = vma_first(mm); v; v = vma_next(v)) {
		never(v->start < end || v->end <= v->start);
		end = v->end;
	}
	never(end > REGION_START);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct file_ops ops = { .mmap = map_it };
	static struct inode inode;
	struct file f = { .ref = { 1 }, .ops = &ops, .inode = &inode,
			  .mode = FMODE_READ };
	char line[SCRIPT_LINE] = { 0 }, *interp, *arg;
	struct elf_image img;
	struct elf_place at;
	char *name;

	bytes = data;
	n_bytes = size;
	memcpy(line, data, MIN(size, sizeof(line)));
	if (!script_parse(line, &interp, &arg)) {
		never(interp < line || interp >= line + sizeof(line));
		never(arg && (arg <= interp || arg >= line + sizeof(line)));
	}
	if (elf_read(&f, NULL, &img, -ENOEXEC))
		return 0;
	if (!elf_interp(&f, &img, &name) && name)
		never(strlen(name) >= ELF_INTERP_MAX);
	else
		name = NULL;
	free(name);
	for (int way = 0; way < 3; way++) {
		struct mm *mm = mm_create();
		int err;

		never(!mm);
		mm->mmap_base = 0x7f0000000000;
		err = elf_map(mm, &f, &img, way == 1 ? 0x555555554000 : 0,
			      way == 2, &at);
		check_tree(mm);
		never(!err && at.entry >= REGION_START);
		mm_put(mm);
	}
	free(img.ph);
	return 0;
}
