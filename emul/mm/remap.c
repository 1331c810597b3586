/* SPDX-License-Identifier: Apache-2.0 */
/* remap.c: mremap; mremap(2). */
#include <linux/errno.h>
#include <linux/mman.h>

#include "emul/host/host.h"
#include "emul/mm/vma.h"
#include "emul/vfs/vfs.h"
#include "interposer/patch.h"

/* What is asked, and the vma as it was seen under the lock. */
struct remap {
	uint64_t addr, old_len, new_len, new_addr;
	int flags;
	uint32_t vma_flags;
	int prot;
	struct file *file;	/* a reference */
	off_t off;		/* of addr */
	struct pieces ps;	/* of the file, from off on, new_len long */
};

/*
 * Move host pages.  The host may have split what is one vma here: it answers
 * -EFAULT then, and halves are tried.
 */
static long move_pages(uint64_t from, uint64_t to, uint64_t len)
{
	uint64_t half;
	long r;

	r = host_mremap(from, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	if (r >= 0)
		return 0;
	if (r != -EFAULT || len <= PAGE_SIZE)
		return r;
	half = PAGE_DOWN(len / 2);
	r = move_pages(from, to, half);
	if (r < 0)
		return r;
	return move_pages(from + half, to + half, len - half);
}

/* Look at what is to be moved, without the lock held afterwards. */
static int look(struct mm *mm, struct remap *m)
{
	struct vma *v;
	int err = 0;

	mutex_lock(&mm->lock);
	v = vma_find(mm, m->addr);
	if (!v || (v->flags & VMA_KERNEL))
		err = -EFAULT;
	else if (v->flags & VMA_SEALED)
		err = -EPERM;
	else if (!m->old_len && !(v->flags & VMA_SHARED))
		err = -EINVAL;
	if (!err) {
		m->vma_flags = v->flags;
		m->prot = v->prot;
		m->file = v->file;
		m->off = v->off;
		if (v->file) {
			m->off += (off_t)(m->addr - v->start);
			file_get(v->file);
		}
	}
	mutex_unlock(&mm->lock);
	return err;
}

/* Is it still as look() saw it?  Returns the vma, or NULL. */
static struct vma *same(struct mm *mm, const struct remap *m)
{
	struct vma *v = vma_find(mm, m->addr);

	if (!v || v->file != m->file || v->flags != m->vma_flags ||
	    v->prot != m->prot)
		return NULL;
	if (v->file && v->off + (off_t)(m->addr - v->start) != m->off)
		return NULL;
	return v;
}

/* Limits for growing by @pages. */
static int check_growth(struct mm *mm, const struct vma *v, uint64_t pages)
{
	if (v->flags & VMA_LOCKED &&
	    mm->locked_pages + pages > mm_rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT)
		return -EAGAIN;
	if (mm->total_pages + pages > mm_rlimit(RLIMIT_AS) >> PAGE_SHIFT)
		return -ENOMEM;
	if ((v->prot & PROT_WRITE) && !(v->flags & (VMA_SHARED | VMA_STACK)) &&
	    mm->data_pages + pages > mm_rlimit(RLIMIT_DATA) >> PAGE_SHIFT)
		return -ENOMEM;
	return 0;
}

/*
 * Make host memory for the part of the mapping from @skip bytes on, at @at;
 * *@hole is set to where it ends to be backed.
 */
static int map_rest(const struct remap *m, uint64_t skip, uint64_t at,
		    uint64_t len, uint64_t *hole)
{
	struct pieces rest = { .n = 0 };
	uint64_t seen = 0;

	*hole = at + len;
	if (!m->file)
		return anon_map(at, len, m->prot, m->vma_flags);
	rest.cap = PIECES_INLINE;
	rest.p = rest.first;
	for (unsigned int i = 0; i < m->ps.n; i++) {
		const struct piece *p = &m->ps.p[i];
		uint64_t cut = skip > seen ? MIN(skip - seen, p->len) : 0;
		struct pieces one = {
			.n = 1, .cap = 1, .len = p->len - cut,
			.p = one.first,
			.first = {{ p->fd, p->off + (off_t)cut,
				    p->len - cut }},
		};
		int err;

		seen += p->len;
		if (cut == p->len)
			continue;
		err = pieces_map(&one, at + rest.len, MIN(one.len,
				 len - rest.len), m->prot, m->vma_flags);
		if (err)
			return err;
		rest.len += MIN(one.len, len - rest.len);
	}
	*hole = at + rest.len;
	return rest.len < len ? hole_map(at + rest.len, len - rest.len) : 0;
}

static long grow_in_place(struct mm *mm, const struct remap *m, struct vma *v,
			  struct vma **dead)
{
	uint64_t at = m->addr + m->old_len, hole;
	int err;

	err = map_rest(m, m->old_len, at, m->new_len - m->old_len, &hole);
	if (err)
		return err;
	if (v->hole == v->end)
		v->hole = hole;
	vma_set_range(mm, v, v->start, m->addr + m->new_len);
	vma_merge(mm, v->start, v->end, dead);
	return (long)m->addr;
}

/*
 * Move (or for old_len 0 copy) to @to, which is free.  The old place was
 * made a vma of its own.
 */
static long move_to(struct mm *mm, const struct remap *m, struct vma *v,
		    uint64_t to, struct vma *new, struct vma **dead)
{
	uint64_t keep = MIN(m->old_len, m->new_len), hole, backed;
	bool dontunmap = m->flags & MREMAP_DONTUNMAP;
	long r;

	backed = v->hole > m->addr ? MIN(v->hole - m->addr, keep) : 0;
	if (m->file && (m->vma_flags & VMA_SHARED)) {
		/* The file has the data: just map it there. */
		r = map_rest(m, 0, to, m->new_len, &hole);
		if (r < 0)
			return r;
	} else {
		hole = to + keep;
		r = backed ? move_pages(m->addr, to, backed) : 0;
		if (r < 0)
			return r;
		if (backed < keep) {
			hole = to + backed;
			r = hole_map(hole, m->new_len - backed);
		} else if (m->new_len > keep) {
			r = map_rest(m, keep, to + keep, m->new_len - keep,
				     &hole);
		}
		if (r < 0) {
			host_munmap(to + keep, m->new_len - keep);
			if (backed)
				move_pages(to, m->addr, backed);
			return r;
		}
	}
	new->start = to;
	new->end = to + m->new_len;
	new->hole = MIN(hole, new->end);
	new->flags = v->flags & ~(VMA_STACK | VMA_HEAP);
	new->prot = v->prot;
	new->off = v->file ? m->off : 0;
	if (v->file) {
		file_get(v->file);
		vma_set_file(new, v->file);
	}
	if (m->old_len && !dontunmap) {
		/* v spans the old place just so. */
		uint64_t start = v->start, len = v->end - v->start;

		vma_erase(mm, v);
		vma_bury(dead, v);
		host_munmap(start, len);
	} else if (m->old_len && dontunmap) {
		if (!(m->file && (m->vma_flags & VMA_SHARED))) {
			if (m->file)
				r = map_rest(m, 0, m->addr, m->old_len, &hole);
			else
				r = anon_map(m->addr, m->old_len, m->prot,
					     m->vma_flags);
			if (r < 0)
				host_munmap(m->addr, m->old_len);
		}
		vma_set_mode(mm, v, v->prot, v->flags & ~VMA_LOCKED);
	}
	vma_insert(mm, new);
	vma_merge(mm, to, to + m->new_len, dead);
	return (long)to;
}

/* Where to. */
static long place(struct mm *mm, const struct remap *m)
{
	uint64_t at;

	if (m->flags & MREMAP_FIXED)
		return (long)m->new_addr;
	if ((m->flags & MREMAP_DONTUNMAP) && m->new_addr >= GUEST_MIN &&
	    !vma_overlaps(mm, m->new_addr, m->new_addr + m->new_len))
		return (long)m->new_addr;
	at = vma_gap_down(mm, GUEST_MIN, mm->mmap_base, m->new_len, PAGE_SIZE);
	if (!at)
		at = vma_gap_up(mm, GUEST_MIN, REGION_START, m->new_len,
				PAGE_SIZE);
	return at ? (long)at : -ENOMEM;
}

/* Make [addr, addr + old_len) a vma by itself. */
static int isolate(struct mm *mm, const struct remap *m, struct vma **v)
{
	uint64_t end = m->addr + m->old_len;
	struct vma *upper = NULL, *rest = NULL;

	if (!m->old_len)
		return 0;
	if (mm->n_vmas + 3 > MM_MAX_VMAS)
		return -ENOMEM;
	if ((*v)->start < m->addr) {
		upper = vma_alloc();
		if (!upper)
			return -ENOMEM;
	}
	if ((*v)->end > end) {
		rest = vma_alloc();
		if (!rest) {
			vma_free(upper);
			return -ENOMEM;
		}
	}
	if (upper) {
		vma_split(mm, *v, m->addr, upper);
		*v = upper;
	}
	if (rest)
		vma_split(mm, *v, end, rest);
	return 0;
}

static long remap_locked(struct mm *mm, struct remap *m, struct vma **dead)
{
	bool must_move = m->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP);
	struct vma *v = same(mm, m), *next, *new;
	long at, r;
	int err;

	if (!v)
		return -EAGAIN;		/* changed meanwhile: look again */
	/* As Linux: the new place is emptied even if it comes to nothing. */
	if (m->flags & MREMAP_FIXED) {
		err = unmap_locked(mm, m->new_addr, m->new_addr + m->new_len,
				   dead);
		if (!err && m->old_len > m->new_len)
			err = unmap_locked(mm, m->addr + m->new_len,
					   m->addr + m->old_len, dead);
		if (err)
			return err;
		m->old_len = MIN(m->old_len, m->new_len);
		v = vma_find(mm, m->addr);
	}
	if (m->old_len > v->end - m->addr)
		return -EFAULT;
	if (m->new_len > m->old_len || (m->flags & MREMAP_DONTUNMAP)) {
		err = check_growth(mm, v, (m->flags & MREMAP_DONTUNMAP ?
				   m->new_len : m->new_len - m->old_len) >>
				   PAGE_SHIFT);
		if (err)
			return err;
	}
	if (!must_move) {
		next = vma_next(v);
		if (m->old_len && m->addr + m->old_len == v->end &&
		    m->addr + m->new_len <= REGION_START &&
		    (!next || next->start >= m->addr + m->new_len))
			return grow_in_place(mm, m, v, dead);
		if (!(m->flags & MREMAP_MAYMOVE))
			return -ENOMEM;
	}
	new = vma_alloc();
	if (!new)
		return -ENOMEM;
	at = place(mm, m);
	if (at < 0) {
		vma_free(new);
		return at;
	}
	err = isolate(mm, m, &v);
	if (err) {
		vma_free(new);
		return err;
	}
	r = move_to(mm, m, v, (uint64_t)at, new, dead);
	if (r < 0) {
		vma_free(new);
		vma_merge(mm, m->addr, m->addr + m->old_len, dead);
	}
	return r;
}

/* A new address is looked at even where it is a mere hint. */
static int check_fixed(const struct remap *m)
{
	if (!(m->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)))
		return 0;
	if (m->new_addr & ~PAGE_MASK || m->new_len > REGION_START ||
	    m->new_addr > REGION_START - m->new_len)
		return -EINVAL;
	if (m->addr + m->old_len > m->new_addr &&
	    m->new_addr + m->new_len > m->addr)
		return -EINVAL;
	if ((m->flags & MREMAP_FIXED) && m->new_addr < GUEST_MIN)
		return -EPERM;
	return 0;
}

long mm_remap(struct mm *mm, uaddr_t addr, size_t old_len, size_t new_len,
	      int flags, uaddr_t new_addr)
{
	struct remap m = {
		.addr = addr, .old_len = PAGE_UP(old_len),
		.new_len = PAGE_UP(new_len), .new_addr = new_addr,
		.flags = flags,
	};
	long r;
	int err;

	if (flags & ~(MREMAP_FIXED | MREMAP_MAYMOVE | MREMAP_DONTUNMAP))
		return -EINVAL;
	if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) &&
	    !(flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if ((flags & MREMAP_DONTUNMAP) && m.old_len != m.new_len)
		return -EINVAL;
	if ((addr & ~PAGE_MASK) || !m.new_len || m.old_len < old_len)
		return -EINVAL;
	if (m.addr + m.old_len < m.addr || m.new_len > REGION_START)
		return -EINVAL;
	err = check_fixed(&m);
	if (err)
		return err;

	for (;;) {
		struct vma *dead = NULL;

		err = look(mm, &m);
		if (err)
			return err;
		/* Less or the same, where it is. */
		if (m.old_len >= m.new_len &&
		    !(flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))) {
			if (m.file)
				file_put(m.file);
			err = m.old_len == m.new_len ? 0 :
				mm_unmap(mm, addr + m.new_len,
					 m.old_len - m.new_len);
			return err ? err : (long)addr;
		}
		if (m.file) {
			err = pieces_get(&m.ps, m.file, m.off, m.new_len,
					 m.prot, m.vma_flags & VMA_SHARED ?
					 MAP_SHARED : MAP_PRIVATE);
			if (err) {
				file_put(m.file);
				return err;
			}
			if (m.prot & PROT_EXEC)
				patch_change(mm, addr, addr + m.old_len);
		}
		if (flags & MREMAP_FIXED)
			patch_unmap(mm, m.new_addr, m.new_addr + m.new_len);
		mutex_lock(&mm->lock);
		r = remap_locked(mm, &m, &dead);
		mutex_unlock(&mm->lock);
		vma_free_list(dead);
		if (m.file) {
			pieces_put(&m.ps);
			file_put(m.file);
		}
		if (r != -EAGAIN)
			return r;
		/* A limit of locked memory is final; a change is not. */
		mutex_lock(&mm->lock);
		err = same(mm, &m) ? -EAGAIN : 0;
		mutex_unlock(&mm->lock);
		if (err)
			return err;
	}
}
