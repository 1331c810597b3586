/* SPDX-License-Identifier: Apache-2.0 */
/*
 * patch.c: rewrite the `syscall` sites of a guest, so that they jump.
 *
 * A thunk is 32 bytes: copies of the guest's instructions (tier A), then
 *	lea	site+2(%rip), %rcx
 *	jmp	*%gs:THREAD_ENTRY
 * Thunk i of an image belongs to record i of its file's table.
 *
 * Cross-modifying code: while the kernel writes to a page of text or thunks,
 * the host has it readable and writable but not executable.  A thread that
 * comes there meanwhile faults, and patch_fault() lets it try again; taking
 * the permission away flushes the other CPUs' translations, which no
 * instruction outlasts.  So no thread ever fetches half of a change, whatever
 * block or line it crosses, and it costs no more than the two mprotects that
 * a write to text needs anyway.
 *
 * patch_state.lock is the one lock under which guest memory is reached: it
 * belongs to one process, nothing is waited for under it but the host, and
 * who only would like to patch does not wait for it.
 */
#include "interposer/patch.h"

#include <linux/elf.h>
#include <linux/errno.h>
#include <linux/mman.h>

#include "emul/abi/regs.h"
#include "emul/entry/uaccess.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/mm/mm.h"
#include "emul/task/task.h"
#include "emul/vfs/vfs.h"
#include "interposer/insn.h"
#include "interposer/sites.h"

#define THUNK_SIZE	32
#define FAULT_SEGV	11	/* SIGSEGV, and a page fault that was ... */
#define FAULT_PAGE	14
#define FAULT_TRAP	5	/* SIGTRAP, and a debug exception: a step */
#define FAULT_DEBUG	1
#define FAULT_FETCH	0x10	/* ... the fetch of an instruction */
#define AREA_SIZE	((uint64_t)SITES_MAX * THUNK_SIZE)
#define HEAD_SIZE	2048	/* bytes of an ELF file that tell it apart */
#define SEEN		256
#define TRAPS_FIRST	5	/* a site is looked at when it traps so often */
#define FAMILY_SITES	64	/* that a parent learns of from its children */

/* Text of a file in one address space. */
struct patch_image {
	struct patch_image *next;	/* immutable */
	uint64_t start, end;	/* of the mapping; both 0: it is gone */
	uint64_t area;		/* of its thunks, or 0 */
	bool closed;		/* no more patches: the guest meddled */
	struct site_file *sites;
	struct eh_image eh;	/* without .mem */
};

/*
 * What the processes that came of one execve(2) by fork know together: the
 * same text lies at the same addresses in them.  A child that lives for ten
 * calls traps at each site once; its parent, which may never come there
 * itself, rewrites the site for the children to come.
 */
struct patch_family {
	struct ref ref;
	/*
	 * Traps by hash of the site, no lock: if two sites share one, the
	 * second is looked at too early, which does no harm.
	 */
	uint8_t seen[SEEN];
	struct mutex lock;	/* of additions */
	uint32_t n;		/* release: sites below are there */
	uint64_t site[FAMILY_SITES];	/* were planned in one of them */
};

struct patch_state {
	struct mutex lock;	/* protects all below, but for readers of: */
	struct patch_image *images;	/* grows at its head; release */
	struct patch_family *family;	/* a reference; immutable */
	uint32_t n_learnt;	/* of the family's sites */
	bool off;		/* patch_disable() was here */
};

static struct patch_stats stats __arena;

static void count(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

void patch_get_stats(struct patch_stats *st)
{
	*st = stats;
}

static struct patch_family *family_alloc(void)
{
	struct patch_family *fam = kzalloc(sizeof(*fam));

	if (!fam)
		return NULL;
	ref_init(&fam->ref);
	mutex_init(&fam->lock);
	return fam;
}

static void family_put(struct patch_family *fam)
{
	if (ref_put(&fam->ref))
		kfree(fam);
}

/* The others are to rewrite @site as well. */
static void family_tell(struct patch_family *fam, uint64_t site)
{
	uint32_t i;

	mutex_lock(&fam->lock);
	for (i = 0; i < fam->n && fam->site[i] != site; i++)
		;
	if (i == fam->n && i < FAMILY_SITES) {
		fam->site[fam->n] = site;
		store_release(&fam->n, fam->n + 1);
	}
	mutex_unlock(&fam->lock);
}

static struct patch_state *state_of(struct mm *mm, bool make)
{
	struct patch_state *st = load_acquire(&mm->patch), *none = NULL;

	if (st || !make)
		return st;
	st = kzalloc(sizeof(*st));
	if (!st)
		return NULL;
	st->family = family_alloc();
	if (!st->family) {
		kfree(st);
		return NULL;
	}
	mutex_init_class(&st->lock, LOCK_PATCH);
	if (__atomic_compare_exchange_n(&mm->patch, &none, st, false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return st;
	family_put(st->family);
	kfree(st);
	return none;
}

#define for_each_image(im, st) \
	for (im = load_acquire(&(st)->images); im; im = im->next)

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
	k.dev = inode->sb ? inode->sb->dev : 0;
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

/*
 * The image that holds @addr; a new one if need be, when its file is known
 * or @make.  st->lock is held.
 */
static struct patch_image *image_get(struct mm *mm, struct patch_state *st,
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

/* Plan the site, and put the plan into the file's table.  Index, or < 0. */
static int plan_site(struct patch_image *im, uaddr_t site)
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
	count(plan.tier == SITE_A ? &stats.known_a :
	      plan.tier == SITE_B ? &stats.known_b : &stats.known_c);
	if (plan.tier == SITE_C && plan.why < ARRAY_SIZE(stats.why_c))
		count(&stats.why_c[plan.why]);
	return r;
}

static void put_rel32(uint8_t *p, uint64_t to, uint64_t next)
{
	uint32_t rel = (uint32_t)(to - next);

	memcpy(p, &rel, sizeof(rel));
}

/*
 * Let displacements from rip in the copies mean what they did: @moved is how
 * far the copies lie below the originals.  False: out of reach.
 */
static bool adapt_copies(uint8_t *copy, size_t n, uint64_t moved)
{
	struct insn in;
	size_t at;

	for (at = 0; at < n; at += in.len) {
		int32_t disp;
		int64_t now;

		if (insn_decode(copy + at, n - at, &in) < 0)
			return false;
		if (!in.disp_off)
			continue;
		memcpy(&disp, copy + at + in.disp_off, sizeof(disp));
		now = (int64_t)((uint64_t)(int64_t)disp + moved);
		disp = (int32_t)now;
		if (disp != now)
			return false;
		memcpy(copy + at + in.disp_off, &disp, sizeof(disp));
	}
	return true;
}

static bool make_thunk(const struct patch_image *im, uint32_t i,
		       uint8_t thunk[THUNK_SIZE])
{
	static const uint8_t jump[] = {
		0x65, 0xff, 0x24, 0x25, THREAD_ENTRY, 0, 0, 0
	};
	const struct site_rec *r = sites_rec(im->sites, i);
	uint64_t at = im->area + (uint64_t)i * THUNK_SIZE;
	uint8_t *p = thunk + r->copy_len;

	memset(thunk, 0xcc, THUNK_SIZE);
	memcpy(thunk, r->copy, r->copy_len);
	p[0] = 0x48;
	p[1] = 0x8d;
	p[2] = 0x0d;
	put_rel32(p + 3, im->start + r->site + SITE_LEN, at + r->copy_len + 7);
	memcpy(p + 7, jump, sizeof(jump));
	return adapt_copies(thunk, r->copy_len, im->start + r->at - at);
}

/* The bytes that go to rec->at, and for tier B to rec->pad. */
static size_t make_jump(const struct patch_image *im, uint32_t i,
			uint8_t at[SITE_JMP32], uint8_t pad[SITE_JMP32])
{
	const struct site_rec *r = sites_rec(im->sites, i);
	uint64_t thunk = im->area + (uint64_t)i * THUNK_SIZE;

	if (r->tier == SITE_A) {
		at[0] = 0xe9;
		put_rel32(at + 1, thunk, im->start + r->at + SITE_JMP32);
		return SITE_JMP32;
	}
	at[0] = 0xeb;
	at[1] = (uint8_t)(r->pad - (r->at + SITE_LEN));
	pad[0] = 0xe9;
	put_rel32(pad + 1, thunk, im->start + r->pad + SITE_JMP32);
	return SITE_LEN;
}

/* Are the bytes around the site what the plan was made from? */
static bool text_is_original(const struct patch_image *im,
			     const struct site_rec *r)
{
	uint8_t now[SITE_COPY_MAX + SITE_LEN], want[sizeof(now)];
	size_t n = r->copy_len;

	memcpy(want, r->copy, n);
	want[n] = 0x0f;
	want[n + 1] = 0x05;
	if (copy_in(now, im->start + r->at, n + SITE_LEN) ||
	    memcmp(now, want, n + SITE_LEN))
		return false;
	return r->tier == SITE_A ||
	       (!copy_in(now, im->start + r->pad, SITE_JMP32) &&
		!memcmp(now, r->pad_old, SITE_JMP32));
}

/* Is record @i rewritten in this process? */
static bool text_is_patched(const struct patch_image *im, uint32_t i)
{
	const struct site_rec *r = sites_rec(im->sites, i);
	uint8_t at[SITE_JMP32], pad[SITE_JMP32], now[SITE_JMP32];
	size_t n;

	if (r->tier == SITE_C)
		return false;
	n = make_jump(im, i, at, pad);
	return !copy_in(now, im->start + r->at, n) && !memcmp(now, at, n);
}

/* Pages that were made writable, and go back to being executable. */
struct window {
	uint64_t start, end;
};

static bool window_open(struct window *w, uint64_t start, uint64_t end)
{
	w->start = PAGE_DOWN(start);
	w->end = PAGE_UP(end);
	return !host_mprotect(w->start, w->end - w->start,
			      PROT_READ | PROT_WRITE);
}

static void window_close(const struct window *w)
{
	/* It cannot fail: it makes mappings fewer.  patch_fault() repairs. */
	if (host_mprotect(w->start, w->end - w->start, PROT_READ | PROT_EXEC))
		count(&stats.failed);
}

static void grow(struct window *w, uint64_t start, uint64_t len)
{
	w->start = MIN(w->start, start);
	w->end = MAX(w->end, start + len);
}

/* Thunks that cannot be made are struck from @todo. */
static bool write_thunks(const struct patch_image *im, uint64_t *todo,
			 uint32_t from, uint32_t to)
{
	uint8_t thunk[THUNK_SIZE];
	struct window w;
	uint32_t i;
	bool good = true;

	if (!window_open(&w, im->area + (uint64_t)from * THUNK_SIZE,
			 im->area + (uint64_t)to * THUNK_SIZE))
		return false;
	for (i = from; i < to; i++) {
		if (!(todo[i / 64] >> i % 64 & 1))
			continue;
		if (!make_thunk(im, i, thunk))
			todo[i / 64] &= ~(1ULL << i % 64);
		else if (copy_out(im->area + (uint64_t)i * THUNK_SIZE, thunk,
				  THUNK_SIZE))
			good = false;
	}
	window_close(&w);
	return good;
}

static bool write_jump(const struct patch_image *im, uint32_t i)
{
	const struct site_rec *r = sites_rec(im->sites, i);
	uint8_t at[SITE_JMP32], pad[SITE_JMP32];
	size_t n = make_jump(im, i, at, pad);

	if (r->tier == SITE_B &&
	    copy_out(im->start + r->pad, pad, SITE_JMP32))
		return false;
	return !copy_out(im->start + r->at, at, n);
}

/*
 * Rewrite the records [from, to) where they are still the original.  Returns
 * how many were; st->lock is held.
 */
static unsigned int apply(struct mm *mm, struct patch_image *im, uint32_t from,
			  uint32_t to)
{
	uint64_t todo[SITES_MAX / 64] = { 0 };
	struct window w = { .start = UINT64_MAX };
	unsigned int n = 0;
	long area;
	uint32_t i;

	for (i = from; i < to; i++) {
		const struct site_rec *r = sites_rec(im->sites, i);

		if (r->tier == SITE_C || !text_is_original(im, r))
			continue;
		todo[i / 64] |= 1ULL << i % 64;
		grow(&w, im->start + r->at, SITE_JMP32);
		if (r->tier == SITE_B)
			grow(&w, im->start + r->pad, SITE_JMP32);
		n++;
	}
	if (!n)
		return 0;
	if (!im->area) {
		area = mm_map_thunks(mm, im->start, im->end, AREA_SIZE);
		if (area < 0)
			return 0;
		im->area = (uint64_t)area;
	}
	if (!write_thunks(im, todo, from, to) ||
	    !window_open(&w, w.start, MIN(w.end, im->end))) {
		count(&stats.failed);
		return 0;
	}
	for (i = from, n = 0; i < to; i++)
		if (todo[i / 64] >> i % 64 & 1)
			n += write_jump(im, i);
	window_close(&w);
	return n;
}

/* Give the text of [start, end) back as it was; st->lock is held. */
static void restore(struct patch_image *im, uint64_t start, uint64_t end)
{
	uint32_t i, n = sites_count(im->sites);
	struct window w;

	for (i = 0; i < n; i++) {
		const struct site_rec *r = sites_rec(im->sites, i);
		uint64_t site = im->start + r->site;
		uint64_t lo = im->start + r->at, hi = site + SITE_LEN;

		if (r->tier == SITE_B) {
			lo = MIN(site, im->start + r->pad);
			hi = MAX(hi, im->start + r->pad + SITE_JMP32);
		}
		if (hi <= start || lo >= end || !text_is_patched(im, i) ||
		    !window_open(&w, lo, hi))
			continue;
		/* The jump first: its filler is reached no more then. */
		if (copy_out(im->start + r->at, r->old,
			     r->tier == SITE_A ? SITE_JMP32 : SITE_LEN) ||
		    (r->tier == SITE_B &&
		     copy_out(im->start + r->pad, r->pad_old, SITE_JMP32)))
			count(&stats.failed);
		window_close(&w);
		count(&stats.restored);
	}
}

/* Rewrite @site, which traps often, if that can be done; st->lock is held. */
static bool rewrite(struct mm *mm, struct patch_state *st, uaddr_t site)
{
	struct patch_image *im = image_get(mm, st, site, true);
	int i;

	if (!im)
		return false;
	i = sites_find(im->sites, (uint32_t)(site - im->start));
	if (i < 0)
		i = plan_site(im, site);
	if (i < 0 || !apply(mm, im, (uint32_t)i, (uint32_t)i + 1))
		return false;
	count(&stats.live);
	return true;
}

void patch_site_trapped(struct task *t, uaddr_t site)
{
	struct mm *mm = t->mm;
	struct patch_state *st;
	uint8_t *traps;

	if (mm->no_patch) {
		/* It may have been found to use GS just now. */
		st = state_of(mm, false);
		if (st && !st->off)
			patch_disable(mm);
		return;
	}
	st = state_of(mm, true);
	if (!st)
		return;
	traps = &st->family->seen[(site ^ site >> 8 ^ site >> 16) % SEEN];
	if (load_once(traps) < TRAPS_FIRST - 1) {
		store_once(traps, (uint8_t)(*traps + 1));
		return;
	}
	if (!mutex_trylock(&st->lock))
		return;
	if (rewrite(mm, st, site))
		family_tell(st->family, site);
	mutex_unlock(&st->lock);
}

void patch_last_call(struct task *t)
{
	struct thread *th = t->thread;
	uint32_t work = load_once(&th->work);

	if (likely(!(work & WORK_PATCH)))
		return;
	__atomic_fetch_and(&th->work, ~WORK_PATCH, __ATOMIC_RELAXED);
	patch_site_trapped(t, th->trap_site);
}

/* What other processes of the family found; st->lock is held. */
static void learn(struct mm *mm, struct patch_state *st)
{
	uint32_t n = load_acquire(&st->family->n);

	if (mm->no_patch)
		return;
	while (st->n_learnt < n)
		(void)rewrite(mm, st, st->family->site[st->n_learnt++]);
}

void patch_mapped(struct mm *mm, struct file *file, uint64_t start,
		  uint64_t end, off_t off)
{
	struct patch_state *st;
	struct patch_image *im;
	unsigned int n;

	(void)file;
	(void)end;
	(void)off;
	if (mm->no_patch)
		return;
	st = state_of(mm, true);
	if (!st || !mutex_trylock(&st->lock))
		return;
	im = image_get(mm, st, start, false);
	if (im) {
		n = apply(mm, im, 0, sites_count(im->sites));
		__atomic_fetch_add(&stats.mapped, n, __ATOMIC_RELAXED);
	}
	mutex_unlock(&st->lock);
}

static bool touches(const struct patch_image *im, uint64_t start, uint64_t end)
{
	return (start < im->end && im->start < end) ||
	       (im->area && start < im->area + AREA_SIZE && im->area < end);
}

static void leave(struct mm *mm, uint64_t start, uint64_t end, bool unmap)
{
	struct patch_state *st = state_of(mm, false);
	struct patch_image *im;
	bool text, area;

	if (!st)
		return;
	for_each_image(im, st)
		if (touches(im, start, end))
			break;
	if (!im)
		return;
	mutex_lock(&st->lock);
	for_each_image(im, st) {
		text = start < im->end && im->start < end;
		area = im->area && start < im->area + AREA_SIZE &&
		       im->area < end;
		if (!text && !area)
			continue;
		if (unmap && start <= im->start && im->end <= end) {
			/* As a whole: its thunks wait for another image. */
			store_once(&im->end, 0);
			store_once(&im->start, 0);
			if (area)
				im->area = 0;
			continue;
		}
		restore(im, area ? 0 : start, area ? UINT64_MAX : end);
		if (text)
			im->closed = true;
		if (area && unmap)
			im->area = 0;
	}
	mutex_unlock(&st->lock);
}

void patch_unmap(struct mm *mm, uint64_t start, uint64_t end)
{
	leave(mm, start, end, true);
}

void patch_change(struct mm *mm, uint64_t start, uint64_t end)
{
	leave(mm, start, end, false);
}

void patch_disable(struct mm *mm)
{
	struct patch_state *st = state_of(mm, false);

	store_once(&mm->no_patch, true);
	if (st)
		st->off = true;
	leave(mm, 0, UINT64_MAX, false);
}

/*
 * An instruction could not be fetched at @addr.  Is that because of a window,
 * of another thread's or (after a fork in the middle) one that nobody will
 * close?
 */
static bool fetch_fault(struct mm *mm, struct patch_state *st, uint64_t addr)
{
	struct vma *v;
	int prot = 0;

	mutex_lock(&mm->lock);
	v = vma_find(mm, addr);
	if (v)
		prot = v->flags & VMA_KERNEL ? PROT_READ | PROT_EXEC : v->prot;
	mutex_unlock(&mm->lock);
	if (!(prot & PROT_EXEC))
		return false;
	if (mutex_trylock(&st->lock)) {
		host_mprotect(PAGE_DOWN(addr), PAGE_SIZE, prot);
		mutex_unlock(&st->lock);
	}
	return true;
}

/*
 * The instruction of the guest's for which @rip stands.  *detour: the step
 * to @rip was none of the guest's, but of the jumps to its thunk.
 */
static uint64_t guest_rip(struct patch_state *st, uint64_t rip, bool *detour)
{
	struct patch_image *im;
	const struct site_rec *r;
	uint32_t i, n;
	uint64_t off;

	*detour = false;
	for_each_image(im, st) {
		if (im->start == im->end)
			continue;
		n = sites_count(im->sites);
		if (im->area && rip - im->area < AREA_SIZE) {
			i = (uint32_t)((rip - im->area) / THUNK_SIZE);
			off = (rip - im->area) % THUNK_SIZE;
			if (i >= n)
				return rip;
			r = sites_rec(im->sites, i);
			*detour = off == 0 || off > r->copy_len;
			if (off < r->copy_len)
				return im->start + r->at + off;
			return im->start + r->site;
		}
		if (rip < im->start || rip >= im->end)
			continue;
		for (i = 0; i < n; i++) {
			r = sites_rec(im->sites, i);
			if (r->tier == SITE_B && rip == im->start + r->pad) {
				*detour = true;
				return im->start + r->site;
			}
		}
	}
	return rip;
}

bool patch_fault(struct task *t, struct regs *r)
{
	struct patch_state *st = state_of(t->mm, false);
	struct thread *th = t->thread;
	uint64_t rip;
	bool detour;

	if (!st)
		return false;
	rip = guest_rip(st, r->rip, &detour);
	/* Or a guest that steps would never get past the jump. */
	if (detour && th->fault_signo == FAULT_TRAP &&
	    th->fault_trapno == FAULT_DEBUG)
		return true;
	if (th->fault_signo == FAULT_SEGV && th->fault_trapno == FAULT_PAGE &&
	    (th->fault_err & FAULT_FETCH) &&
	    fetch_fault(t->mm, st, th->fault_addr)) {
		r->rip = rip;
		return true;
	}
	if (th->fault_addr == r->rip)
		th->fault_addr = rip;
	r->rip = rip;
	return false;
}

int patch_pause(struct mm *mm)
{
	struct patch_state *st = state_of(mm, true);

	if (!st)
		return -ENOMEM;
	mutex_lock(&st->lock);
	learn(mm, st);
	return 0;
}

void patch_resume(struct mm *mm)
{
	mutex_unlock(&state_of(mm, false)->lock);
}

int patch_fork(struct mm *to, const struct mm *from)
{
	const struct patch_state *old = load_acquire(&from->patch);
	struct patch_state *st;
	struct patch_image *im, *copy;

	to->patch = NULL;
	if (!old)
		return 0;
	st = kzalloc(sizeof(*st));
	if (!st)
		return -ENOMEM;
	st->family = old->family;
	ref_get(&st->family->ref);
	st->n_learnt = old->n_learnt;
	st->off = old->off;
	mutex_init_class(&st->lock, LOCK_PATCH);
	to->patch = st;
	for_each_image(im, old) {
		copy = kzalloc(sizeof(*copy));
		if (!copy) {
			patch_free(to);
			return -ENOMEM;
		}
		*copy = *im;
		copy->next = st->images;
		st->images = copy;
	}
	return 0;
}

void patch_free(struct mm *mm)
{
	struct patch_state *st = mm->patch;
	struct patch_image *im, *next;

	if (!st)
		return;
	mm->patch = NULL;
	for (im = st->images; im; im = next) {
		next = im->next;
		kfree(im);
	}
	family_put(st->family);
	kfree(st);
}
