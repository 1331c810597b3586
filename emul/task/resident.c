/* SPDX-License-Identifier: Apache-2.0 */
/* resident.c: how much of a process's memory is in memory; see resident.h. */
#include "emul/task/resident.h"

#include <linux/errno.h>

#include "emul/abi/region.h"
#include "emul/fs/hostfs.h"
#include "emul/host/broker.h"
#include "emul/lib/string.h"
#include "emul/mm/mm.h"
#include "emul/mm/vma.h"
#include "emul/task/hostproc.h"
#include "emul/task/task.h"

/* What a mapping could have in memory, in KiB. */
struct bounds {
	uint64_t private;	/* any private page becomes anonymous */
	uint64_t file, shmem;
	uint64_t anon;		/* what is likely to be */
};

static void bounds_add(struct bounds *b, const struct vma *v, uint64_t kb)
{
	if (!(v->flags & VMA_SHARED))
		b->private += kb;
	if (v->flags & VMA_KERNEL)
		return;
	if (!v->file)
		b->anon += kb;
	else if (host_file_below(v->file))
		b->file += kb;
	else
		b->shmem += kb;
}

/* What cannot be touched now may have been before, but mostly was not. */
static void get_bounds(struct mm *mm, struct bounds *b)
{
	memset(b, 0, sizeof(*b));
	mutex_lock(&mm->lock);
	for (struct vma *v = vma_first(mm); v; v = vma_next(v)) {
		uint64_t start = v->start;

		/* Of the room of the stack a part is used. */
		if (v->flags & VMA_STACK)
			start = MAX(start, PAGE_DOWN(mm->start_stack));
		if (v->prot)
			bounds_add(b, v, (v->end - start) / 1024);
		else
			b->private += (v->end - start) / 1024;
	}
	mutex_unlock(&mm->lock);
}

uint64_t resident_mapped(struct mm *mm)
{
	struct bounds b;

	get_bounds(mm, &b);
	return b.anon + b.file + b.shmem;
}

#ifdef SBX_HOSTED
static int ask(struct tgroup *g, struct broker_memory *m)
{
	(void)g;
	(void)m;
	return -EOPNOTSUPP;
}

static uint64_t image_kb(void)
{
	return 0;
}
#else
static int ask(struct tgroup *g, struct broker_memory *m)
{
	struct broker_req req;
	struct broker_rep rep;
	int err, tid;

	memset(&req, 0, sizeof(req));
	req.op = BROKER_MEMORY;
	req.arg[0] = (uint64_t)(unsigned int)hostproc_of(g, &tid);
	req.arg[1] = (uint64_t)(unsigned int)tid;
	if (!req.arg[0] || hostproc_was_killed(this_thread()))
		return -ESRCH;
	err = broker_call(&req, NULL, &rep, m, sizeof(*m), NULL);
	if (!err && rep.len != sizeof(*m))
		return -EPROTO;
	return err;
}

/* The kernel's own text and constants, most of which each process has. */
static uint64_t image_kb(void)
{
	extern const char image_end[];

	return ((uint64_t)image_end - IMAGE_BASE) / 1024;
}
#endif

void resident_get(struct tgroup *g, struct mm *mm, struct resident *r)
{
	struct broker_memory m;
	struct bounds b;
	uint64_t all, ours;

	get_bounds(mm, &b);
	if (ask(g, &m)) {
		r->anon_kb = b.anon;
		r->file_kb = b.file;
		r->shmem_kb = b.shmem;
		r->peak_kb = b.anon + b.file + b.shmem;
		return;
	}
	all = m.anon_kib + m.file_kib + m.shmem_kib;
	r->anon_kb = MIN(m.anon_kib, b.private);
	r->file_kb = MIN(m.file_kib - MIN(m.file_kib, image_kb()), b.file);
	r->shmem_kb = MIN(m.shmem_kib, b.shmem);
	ours = all - (r->anon_kb + r->file_kb + r->shmem_kb);
	r->peak_kb = MAX(m.peak_kib, all) - ours;
}
