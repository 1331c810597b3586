/* SPDX-License-Identifier: Apache-2.0 */
/* filemap.c: how the host maps what a vma shows: pieces of host files. */
#include <linux/errno.h>
#include <linux/mman.h>

#include "emul/abi/hostfd.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/mm/vma.h"
#include "emul/task/task.h"
#include "emul/vfs/vfs.h"

/* Room for one more. */
static int pieces_grow(struct pieces *ps)
{
	struct piece *p;

	if (ps->n < ps->cap)
		return 0;
	p = kmalloc(2 * ps->cap * sizeof(*p));
	if (!p)
		return -ENOMEM;
	memcpy(p, ps->p, ps->n * sizeof(*p));
	if (ps->p != ps->first)
		kfree(ps->p);
	ps->p = p;
	ps->cap *= 2;
	return 0;
}

int pieces_get(struct pieces *ps, struct file *f, off_t off, uint64_t len,
	       int prot, int flags)
{
	ps->n = 0;
	ps->cap = PIECES_INLINE;
	ps->len = 0;
	ps->p = ps->first;
	while (ps->len < len) {
		struct backing b = { .fd = -1 };
		struct piece *p;
		int err;

		err = f->ops->mmap(f, off + (off_t)ps->len, len - ps->len,
				   prot, flags, &b);
		if (!err && b.len)
			err = pieces_grow(ps);
		if (err) {
			pieces_put(ps);
			return err;
		}
		if (!b.len)
			break;
		p = &ps->p[ps->n++];
		p->fd = b.fd;
		p->off = b.off;
		p->len = MIN(PAGE_UP(MIN(b.len, len)), len - ps->len);
		/* Memory behind the end is not the file's yet. */
		if (b.fd == HOSTFD_DATA) {
			uint64_t at = (uint64_t)off + ps->len;
			uint64_t size = PAGE_UP(load_once(&f->inode->size));

			if (at + p->len > size) {
				p->len = size > at ? size - at : 0;
				ps->len += p->len;
				ps->n -= !p->len;
				break;
			}
		}
		ps->len += p->len;
	}
	return 0;
}

void pieces_put(struct pieces *ps)
{
	if (ps->p != ps->first)
		kfree(ps->p);
	ps->p = ps->first;
	ps->n = 0;
}

int anon_map(uint64_t addr, uint64_t len, int prot, uint32_t vma_flags)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
	long r;

	if (vma_flags & VMA_NORESERVE)
		flags |= MAP_NORESERVE;
	r = host_mmap(addr, len, prot, flags, -1, 0);
	return is_err((void *)r) ? (int)r : 0;
}

int hole_map(uint64_t addr, uint64_t len)
{
	return anon_map(addr, len, PROT_NONE, VMA_NORESERVE);
}

int pieces_map(const struct pieces *ps, uint64_t addr, uint64_t len, int prot,
	       uint32_t vma_flags)
{
	uint64_t done = 0;

	for (unsigned int i = 0; i < ps->n && done < len; i++) {
		const struct piece *p = &ps->p[i];
		uint64_t n = MIN(p->len, len - done);
		int flags = MAP_FIXED;
		long r;

		if (p->fd < 0) {
			int err = anon_map(addr + done, n, prot, vma_flags);

			if (err)
				return err;
			done += n;
			continue;
		}
		flags |= vma_flags & VMA_SHARED ? MAP_SHARED : MAP_PRIVATE;
		if (vma_flags & VMA_NORESERVE)
			flags |= MAP_NORESERVE;
		r = host_mmap(addr + done, n, prot, flags, p->fd, p->off);
		if (is_err((void *)r))
			return (int)r;
		done += n;
	}
	return done < len ? hole_map(addr + done, len - done) : 0;
}

void mm_truncated(struct mm *mm, struct inode *inode, uint64_t size)
{
	struct vma *v;

	size = PAGE_UP(size);
	mutex_lock(&mm->lock);
	for (v = vma_first(mm); v; v = vma_next(v)) {
		uint64_t end = v->hole, start = v->start;

		if (!v->file || v->file->inode != inode)
			continue;
		if ((uint64_t)v->off < size)
			start += size - (uint64_t)v->off;
		if (start >= end)
			continue;
		/* Without memory for it the old pages stay: the host's OOM. */
		if (!hole_map(start, end - start))
			v->hole = start;
	}
	mutex_unlock(&mm->lock);
}

/* The file behind the hole that @addr lies in may have grown: map it again. */
static bool fill_hole(struct mm *mm, uaddr_t addr)
{
	struct pieces ps;
	struct vma *v, *dead = NULL;
	struct file *f;
	uint64_t at, len;
	off_t off;
	int prot;
	uint32_t flags;
	bool filled = false;

	mutex_lock(&mm->lock);
	v = vma_find(mm, addr);
	if (!v || !v->file || addr < v->hole) {
		/* Somebody was faster. */
		mutex_unlock(&mm->lock);
		return v && v->file;
	}
	f = v->file;
	file_get(f);
	at = v->hole;
	len = v->end - at;
	off = v->off + (off_t)(at - v->start);
	prot = v->prot;
	flags = v->flags;
	mutex_unlock(&mm->lock);

	if (pieces_get(&ps, f, off, len, prot,
		       flags & VMA_SHARED ? MAP_SHARED : MAP_PRIVATE)) {
		file_put(f);
		return false;
	}
	mutex_lock(&mm->lock);
	v = vma_find(mm, addr);
	if (v && v->file == f && v->hole == at && v->prot == prot &&
	    v->flags == flags && v->off + (off_t)(at - v->start) == off &&
	    ps.len > addr - at) {
		uint64_t n = MIN(ps.len, v->end - at);

		if (!pieces_map(&ps, at, n, prot, flags)) {
			v->hole = at + n;
			filled = true;
			vma_merge(mm, v->start, v->end, &dead);
		}
	}
	mutex_unlock(&mm->lock);
	vma_free_list(dead);
	pieces_put(&ps);
	file_put(f);
	return filled;
}

#define CODE_MAPERR	1	/* SEGV_MAPERR */
#define CODE_ADRERR	2	/* BUS_ADRERR */

int mm_fault(struct mm *mm, uaddr_t addr, bool write, int host_sig,
	     int host_code, int *code)
{
	bool hole, allowed, below;
	struct vma *v, *next;

	*code = host_code;
	if (host_sig != SIGSEGV || addr < GUEST_MIN || addr >= REGION_START)
		return host_sig;
	mutex_lock(&mm->lock);
	v = vma_find(mm, addr);
	hole = v && v->file && addr >= v->hole;
	allowed = v && (v->prot & (write ? PROT_WRITE :
				   PROT_READ | PROT_WRITE | PROT_EXEC));
	next = v ? NULL : vma_find_above(mm, addr);
	below = next && (next->flags & VMA_GROWSDOWN);
	/* The host has something there that the guest knows nothing of. */
	if (!v || (v->flags & VMA_KERNEL))
		*code = CODE_MAPERR;
	mutex_unlock(&mm->lock);
	if (below && mm_grow_down(mm, addr))
		return 0;
	if (!hole || !allowed)
		return host_sig;
	if (fill_hole(mm, addr))
		return 0;
	*code = CODE_ADRERR;
	return SIGBUS;
}

bool mm_fault_in(uaddr_t addr, bool write)
{
	struct task *t = current();
	int code;

	return t && t->mm && !mm_fault(t->mm, addr, write, SIGSEGV, 0, &code);
}
