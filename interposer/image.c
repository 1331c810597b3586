/* SPDX-License-Identifier: Apache-2.0 */
/* image.c: the text of a file in one address space, and plans for its sites. */
#include <linux/elf.h>
#include <linux/errno.h>
#include <linux/mman.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/mm/mm.h"
#include "emul/vfs/vfs.h"
#include "interposer/rewrite.h"

#define HEAD_SIZE	2048	/* bytes of an ELF file that tell it apart */

static struct patch_image *image_at(struct patch_state *st, uint64_t addr)
{
	struct patch_image *im;

	for_each_image(im, st)
		if (addr >= im->start && addr < im->end)
			return im;
	return NULL;
}

/*
 * Text as it is in the file: what this process reads, with the originals of
 * all records of the file laid over, rewritten here or not.
 */
struct text_mem {
	struct gmem mem;
	const struct patch_image *im;
};

static void overlay(void *dst, uint64_t addr, size_t n, const uint8_t *old,
		    uint64_t at, size_t len)
{
	uint64_t from = MAX(addr, at), to = MIN(addr + n, at + len);

	if (from < to)
		memcpy((char *)dst + (from - addr), old + (from - at),
		       to - from);
}

static int text_read(const struct gmem *m, void *dst, uint64_t addr, size_t n)
{
	/* .mem is its first member. */
	const struct patch_image *im =
		((const struct text_mem *)(const void *)m)->im;
	uint32_t i, count_recs;
	int err = copy_in(dst, addr, n);

	if (err || addr >= im->end || addr + n <= im->start)
		return err;
	count_recs = sites_count(im->sites);
	for (i = 0; i < count_recs; i++) {
		const struct site_rec *r = sites_rec(im->sites, i);

		if (r->tier == SITE_C)
			continue;
		overlay(dst, addr, n, r->old, im->start + r->at,
			r->tier == SITE_A ? SITE_JMP32 : SITE_LEN);
		if (r->tier == SITE_B)
			overlay(dst, addr, n, r->pad_old, im->start + r->pad,
				SITE_JMP32);
	}
	return 0;
}

/* .eh_frame_hdr of the image whose file begins with @head at @addr. */
static void find_eh(struct patch_image *im, const uint8_t *head, uint64_t addr)
{
	Elf64_Ehdr eh;
	Elf64_Phdr ph, frame = { 0 };
	uint64_t lo = UINT64_MAX, hi = 0, bias;
	unsigned int i;

	memcpy(&eh, head, sizeof(eh));
	if (memcmp(eh.e_ident, ELFMAG, SELFMAG) ||
	    eh.e_phentsize != sizeof(ph) || eh.e_phoff > HEAD_SIZE ||
	    eh.e_phnum > (HEAD_SIZE - eh.e_phoff) / sizeof(ph))
		return;
	for (i = 0; i < eh.e_phnum; i++) {
		memcpy(&ph, head + eh.e_phoff + i * sizeof(ph), sizeof(ph));
		if (ph.p_type == PT_LOAD) {
			if (ph.p_offset < PAGE_SIZE && lo == UINT64_MAX)
				lo = ph.p_vaddr - ph.p_offset;
			hi = ph.p_vaddr + ph.p_filesz;
		} else if (ph.p_type == PT_GNU_EH_FRAME) {
			frame = ph;
		}
	}
	if (lo == UINT64_MAX || hi < lo || hi - lo > 0x7fffffff)
		return;
	bias = addr - lo;
	im->eh.lo = addr;
	im->eh.hi = bias + hi;
	if (frame.p_type && uaddr_ok(addr, hi - lo)) {
		im->eh.hdr = bias + frame.p_vaddr;
		im->eh.hdr_size = frame.p_memsz;
	}
}

/* What makes a file with its text the same as another. */
struct image_key {
	uint64_t dev, ino, size, mtime, mtime_ns, off, len, head;
};

/*
 * Describe the text around @addr into *im.  Returns false when it is not
 * what may be rewritten.
 */
static bool image_describe(struct mm *mm, uaddr_t addr, struct patch_image *im,
			   uint64_t *key)
{
	uint8_t head[HEAD_SIZE];
	struct image_key k = { 0 };
	struct vma *v, *first;
	uint64_t head_at = 0;
	struct inode *inode;
	int i;

	mutex_lock(&mm->lock);
	v = vma_find(mm, addr);
	if (!v || !v->file || !v->file->inode ||
	    (v->flags & (VMA_SHARED | VMA_VDSO | VMA_KERNEL)) ||
	    !(v->prot & PROT_EXEC) || (v->prot & PROT_WRITE)) {
		mutex_unlock(&mm->lock);
		return false;
	}
	inode = v->file->inode;
	im->start = v->start;
	im->end = v->end;
	k.dev = inode->dev;
	k.ino = inode->ino;
	k.size = inode->size;
	k.mtime = (uint64_t)inode->mtime.sec;
	k.mtime_ns = inode->mtime.nsec;
	k.off = (uint64_t)v->off;
	k.len = v->end - v->start;
	/* The mapping of the file's beginning lies right below, if any. */
	for (i = 0, first = v; first && i < 8; i++) {
		if (!first->file || first->file->inode != inode)
			break;
		if (first->off == 0) {
			head_at = first->start;
			break;
		}
		first = vma_find(mm, first->start - 1);
	}
	mutex_unlock(&mm->lock);

	if (head_at && !copy_in(head, head_at, sizeof(head))) {
		k.head = sites_hash(head, sizeof(head));
		find_eh(im, head, head_at);
	}
	*key = sites_hash(&k, sizeof(k));
	return true;
}

/* Could the thunks of @old serve the text of @new? */
static bool in_reach(const struct patch_image *old,
		     const struct patch_image *new)
{
	const uint64_t reach = (1ULL << 31) - PAGE_SIZE;

	return !old->area || (old->area + AREA_SIZE < new->start + reach &&
			      new->end < old->area + reach);
}

struct patch_image *image_get(struct mm *mm, struct patch_state *st,
			      uaddr_t addr, bool make)
{
	struct patch_image found = { 0 }, *im = image_at(st, addr), *old;
	uint64_t key;

	if (im)
		return im->closed ? NULL : im;
	if (!image_describe(mm, addr, &found, &key))
		return NULL;
	found.sites = sites_of(key, make);
	if (!found.sites)
		return NULL;
	/* Take over what an image left that is gone, with its thunks. */
	for_each_image(old, st) {
		if (old->start == old->end && in_reach(old, &found)) {
			old->sites = found.sites;
			old->eh = found.eh;
			old->closed = false;
			old->runs = false;
			store_once(&old->start, found.start);
			store_release(&old->end, found.end);
			return old;
		}
	}
	im = kzalloc(sizeof(*im));
	if (!im)
		return NULL;
	*im = found;
	im->next = st->images;
	store_release(&st->images, im);
	return im;
}

int image_plan(struct patch_image *im, uaddr_t site)
{
	struct text_mem tm = { .mem = { .read = text_read }, .im = im };
	struct eh_image eh = im->eh;
	struct site_span used[16];
	struct site_request rq = {
		.im = &eh, .lo = im->start, .hi = im->end, .site = site,
		.used = used,
	};
	struct site_plan plan;
	struct site_rec rec = { .site = (uint32_t)(site - im->start) };
	uint32_t i, n = sites_count(im->sites);
	int r;

	eh.mem = &tm.mem;
	for (i = 0; i < n && rq.n_used < ARRAY_SIZE(used); i++) {
		const struct site_rec *o = sites_rec(im->sites, i);

		if (o->tier != SITE_B || o->pad + 256 < rec.site ||
		    o->pad > rec.site + 256)
			continue;
		used[rq.n_used].start = im->start + o->pad;
		used[rq.n_used++].end = im->start + o->pad + SITE_JMP32;
	}
	site_plan(&rq, &plan);
	rec.tier = plan.tier;
	rec.copy_len = plan.copy_len;
	if (plan.tier != SITE_C) {
		rec.at = (uint32_t)(plan.at - im->start);
		rec.pad = (uint32_t)(plan.pad - im->start);
	}
	memcpy(rec.old, plan.old, sizeof(rec.old));
	memcpy(rec.pad_old, plan.pad_old, sizeof(rec.pad_old));
	memcpy(rec.copy, plan.copy, sizeof(rec.copy));
	r = sites_add(im->sites, &rec);
	if (r < (int)n)
		return r;	/* somebody else's, or an error */
	patch_count(plan.tier == SITE_A ? &patch_stats.known_a :
		    plan.tier == SITE_B ? &patch_stats.known_b :
					  &patch_stats.known_c);
	if (plan.tier == SITE_C && plan.why < ARRAY_SIZE(patch_stats.why_c))
		patch_count(&patch_stats.why_c[plan.why]);
	return r;
}
