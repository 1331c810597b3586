/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc-map.c: maps and smaps of a process, from the vma tree; proc(5).
 *
 * Which pages are in memory only the host knows, and it tells but how many of
 * a process: of a single mapping every page is told to be.
 */
#include "emul/fs/proc.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/mm/mm.h"
#include "emul/task/resident.h"
#include "emul/task/task.h"
#include "emul/vfs/fdtable.h"

#define PROT_R		1
#define PROT_W		2
#define PROT_X		4
#define NAME_COLUMN	73

static void put_name(struct text *b, size_t start, const struct vma *v,
		     const struct path *root, char *buf)
{
	const char *name = NULL;

	if (v->file && v->file->path.dentry) {
		name = path_name(&v->file->path, root, buf,
				 PATH_LEN_MAX + 16);
		if (is_err(name))
			name = "?";
	} else if (v->file && v->file->kind &&
		   !strncmp(v->file->kind, "/SYSV", 5)) {
		name = v->file->kind;
	} else if (v->file) {
		name = v->flags & VMA_SHARED ? "/dev/zero (deleted)" : NULL;
	} else if (v->flags & VMA_HEAP) {
		name = "[heap]";
	} else if (v->flags & VMA_STACK) {
		name = "[stack]";
	} else if (v->flags & VMA_VDSO) {
		name = "[vdso]";
	} else if (v->flags & VMA_SHARED) {
		name = "/dev/zero (deleted)";
	}
	if (name) {
		while (b->len - start < NAME_COLUMN && !b->failed)
			text_put(b, " ", 1);
		/* A newline in a name must not look like another line. */
		for (const char *s = name; *s; s++) {
			if (*s == '\n')
				text_put(b, "\\012", 4);
			else
				text_put(b, s, 1);
		}
	}
	text_put(b, "\n", 1);
}

static void put_vma(struct text *b, const struct vma *v,
		    const struct path *root, char *buf)
{
	size_t start = b->len;
	struct kstat st = { .dev = 0 };

	if (v->file)
		inode_fill_stat(v->file->inode, &st);
	text_printf(b, "%08lx-%08lx %c%c%c%c %08lx %02lx:%02lx %lu ",
		    (unsigned long)v->start, (unsigned long)v->end,
		    v->prot & PROT_R ? 'r' : '-', v->prot & PROT_W ? 'w' : '-',
		    v->prot & PROT_X ? 'x' : '-',
		    v->flags & VMA_SHARED ? 's' : 'p',
		    v->file ? (unsigned long)v->off : 0,
		    (unsigned long)(st.dev >> 8 & 0xfff),
		    (unsigned long)((st.dev & 0xff) |
				    (st.dev >> 12 & 0xfff00)),
		    (unsigned long)st.ino);
	put_name(b, start, v, root, buf);
}

/* @parts: also how it is made up, as only the sum of all mappings has it. */
static void put_usage(struct text *b, uint64_t size, uint64_t anon,
		      uint64_t file, const struct resident *parts)
{
	static const char *const zero[] = {
		"KSM", "LazyFree", "AnonHugePages", "ShmemPmdMapped",
		"FilePmdMapped", "Shared_Hugetlb", "Private_Hugetlb", "Swap",
		"SwapPss", "Locked",
	};

	text_printf(b, "Rss:            %8lu kB\nPss:            %8lu kB\n"
		    "Pss_Dirty:      %8lu kB\n", (unsigned long)size,
		    (unsigned long)size, (unsigned long)anon);
	if (parts)
		text_printf(b, "Pss_Anon:       %8lu kB\n"
			    "Pss_File:       %8lu kB\nPss_Shmem:      %8lu kB\n",
			    (unsigned long)parts->anon_kb,
			    (unsigned long)parts->file_kb,
			    (unsigned long)parts->shmem_kb);
	text_printf(b, "Shared_Clean:   %8d kB\nShared_Dirty:   %8d kB\n"
		    "Private_Clean:  %8lu kB\nPrivate_Dirty:  %8lu kB\n"
		    "Referenced:     %8lu kB\nAnonymous:      %8lu kB\n",
		    0, 0, (unsigned long)file,
		    (unsigned long)anon, (unsigned long)size,
		    (unsigned long)anon);
	for (unsigned int i = 0; i < ARRAY_SIZE(zero); i++) {
		text_printf(b, "%s:", zero[i]);
		for (size_t n = strlen(zero[i]) + 1; n < 16; n++)
			text_put(b, " ", 1);
		text_printf(b, "%8d kB\n", 0);
	}
}

/* Accesses to what has no access right are no memory in use. */
static uint64_t kb_of(const struct vma *v)
{
	return v->prot ? (v->end - v->start) / 1024 : 0;
}

static void put_flags(struct text *b, const struct vma *v)
{
	text_printf(b, "THPeligible:    %8d\nVmFlags: %s%s%s%s%s%s%s%s\n", 0,
		    v->prot & PROT_R ? "rd " : "",
		    v->prot & PROT_W ? "wr " : "",
		    v->prot & PROT_X ? "ex " : "",
		    v->flags & VMA_SHARED ? "sh " : "", "mr mw me ",
		    v->flags & VMA_GROWSDOWN ? "gd " : "",
		    v->flags & VMA_NORESERVE ? "nr " : "",
		    v->file ? "" : "ac ");
}

static void show(struct text *b, struct task *t, bool usage)
{
	struct mm *mm = proc_mm(t);
	struct path root;
	char *buf;

	if (!mm)
		return;
	buf = kmalloc(PATH_LEN_MAX + 16);
	if (!buf) {
		b->failed = true;
		mm_put(mm);
		return;
	}
	fs_get_root(current()->fs, &root);
	mutex_lock(&mm->lock);
	for (struct vma *v = vma_first(mm); v; v = vma_next(v)) {
		uint64_t kb = kb_of(v);

		if (v->flags & VMA_KERNEL)
			continue;
		put_vma(b, v, &root, buf);
		if (!usage)
			continue;
		text_printf(b, "Size:           %8lu kB\n"
			    "KernelPageSize: %8d kB\n"
			    "MMUPageSize:    %8d kB\n",
			    (unsigned long)((v->end - v->start) / 1024), 4, 4);
		put_usage(b, kb, v->file ? 0 : kb, v->file ? kb : 0,
			  NULL);
		put_flags(b, v);
	}
	mutex_unlock(&mm->lock);
	path_put(&root);
	kfree(buf);
	mm_put(mm);
}

void proc_show_maps(struct text *b, struct task *t)
{
	show(b, t, false);
}

void proc_show_smaps(struct text *b, struct task *t)
{
	show(b, t, true);
}

void proc_show_smaps_rollup(struct text *b, struct task *t)
{
	struct mm *mm = proc_mm(t);
	uint64_t low = 0, high = 0;
	struct resident r;

	if (!mm)
		return;
	mutex_lock(&mm->lock);
	for (struct vma *v = vma_first(mm); v; v = vma_next(v)) {
		if (v->flags & VMA_KERNEL)
			continue;
		if (!low)
			low = v->start;
		high = v->end;
	}
	mutex_unlock(&mm->lock);
	resident_get(t->group, mm, &r);
	mm_put(mm);
	text_printf(b, "%08lx-%08lx ---p 00000000 00:00 0 %26s[rollup]\n",
		    (unsigned long)low, (unsigned long)high, "");
	put_usage(b, r.anon_kb + r.file_kb + r.shmem_kb, r.anon_kb,
		  r.file_kb + r.shmem_kb, &r);
}

static uint64_t pages(uint64_t kb)
{
	return kb / (PAGE_SIZE / 1024);
}

static void in_memory(struct task *t, struct mm *mm, struct proc_sizes *s)
{
	struct resident r;

	resident_get(t->group, mm, &r);
	s->file = pages(r.file_kb);
	s->shmem = pages(r.shmem_kb);
	s->anon = pages(r.anon_kb);
	s->rss = s->file + s->shmem + s->anon;
	s->peak = MAX(pages(r.peak_kb), s->rss);
}

void proc_sizes(struct task *t, struct mm *mm, struct proc_sizes *s)
{
	memset(s, 0, sizeof(*s));
	if (!mm)
		return;
	mutex_lock(&mm->lock);
	for (struct vma *v = vma_first(mm); v; v = vma_next(v)) {
		uint64_t n = (v->end - v->start) / PAGE_SIZE;

		if (v->flags & VMA_KERNEL)
			continue;
		s->total += n;
		if (v->flags & VMA_STACK)
			s->stack += n;
		else if ((v->prot & PROT_W) && !(v->flags & VMA_SHARED))
			s->data += n;
		else if ((v->prot & PROT_X) && v->file)
			s->lib += n;
	}
	s->text = (PAGE_UP(mm->code_end) - PAGE_DOWN(mm->code_start)) /
		PAGE_SIZE;
	s->lib = s->lib > s->text ? s->lib - s->text : 0;
	mutex_unlock(&mm->lock);
	in_memory(t, mm, s);
}
