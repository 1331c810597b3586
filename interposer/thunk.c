/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thunk.c: write thunks, and the jumps to them, and take them back.
 *
 * Cross-modifying code: while the kernel writes to a page of text or thunks,
 * the host has it readable and writable but not executable.  A thread that
 * comes there meanwhile faults, and patch_fault() lets it try again; taking
 * the permission away flushes the other CPUs' translations, which no
 * instruction outlasts.  So no thread ever fetches half of a change, whatever
 * block or line it crosses, and it costs no more than the two mprotects that
 * a write to text needs anyway.
 */
#include <linux/mman.h>

#include "emul/entry/uaccess.h"
#include "emul/host/host.h"
#include "emul/lib/string.h"
#include "emul/mm/mm.h"
#include "interposer/insn.h"
#include "interposer/rewrite.h"

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
		patch_count(&patch_stats.failed);
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
unsigned int thunk_apply(struct mm *mm, struct patch_image *im, uint32_t from,
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
		patch_count(&patch_stats.failed);
		return 0;
	}
	for (i = from, n = 0; i < to; i++)
		if (todo[i / 64] >> i % 64 & 1)
			n += write_jump(im, i);
	window_close(&w);
	return n;
}

void thunk_restore(struct patch_image *im, uint64_t start, uint64_t end)
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
			patch_count(&patch_stats.failed);
		window_close(&w);
		patch_count(&patch_stats.restored);
	}
}
