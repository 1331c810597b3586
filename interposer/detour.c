/* SPDX-License-Identifier: Apache-2.0 */
/* detour.c: a fault among the thunks, as the guest would have met it. */
#include <linux/mman.h>

#include "emul/abi/regs.h"
#include "emul/host/host.h"
#include "emul/mm/mm.h"
#include "emul/task/task.h"
#include "interposer/rewrite.h"

#define FAULT_SEGV	11	/* SIGSEGV, and a page fault that was ... */
#define FAULT_PAGE	14
#define FAULT_FETCH	0x10	/* ... the fetch of an instruction */
#define FAULT_TRAP	5	/* SIGTRAP, and a debug exception: a step */
#define FAULT_DEBUG	1

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
	struct patch_state *st = patch_state_of(t->mm, false);
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
