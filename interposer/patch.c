/* SPDX-License-Identifier: Apache-2.0 */
/*
 * patch.c: rewrite the `syscall` sites of a guest, so that they jump: when.
 * image.c says where, thunk.c does it, detour.c hides it.
 */
#include "interposer/patch.h"

#include <linux/errno.h>

#include "emul/mm/mm.h"
#include "emul/task/task.h"
#include "interposer/rewrite.h"

struct patch_stats patch_stats __arena;

void patch_get_stats(struct patch_stats *st)
{
	*st = patch_stats;
}

/* Rewrite @site of @im, if that can be done; the lock of the state is held. */
static bool rewrite(struct mm *mm, struct patch_image *im, uaddr_t site)
{
	int i = sites_find(im->sites, (uint32_t)(site - im->start));

	if (i < 0)
		i = image_plan(im, site);
	if (i < 0 || !thunk_apply(mm, im, (uint32_t)i, (uint32_t)i + 1))
		return false;
	patch_count(&patch_stats.live);
	return true;
}

/* Rewrite what is known of @im, which is run; the lock of the state is held. */
static void apply_known(struct mm *mm, struct patch_image *im)
{
	unsigned int n = thunk_apply(mm, im, 0, sites_count(im->sites));

	im->runs = true;
	__atomic_fetch_add(&patch_stats.known, n, __ATOMIC_RELAXED);
}

/* The `syscall` at @site trapped; at the @last, no other call will follow. */
static void site_trapped(struct task *t, uaddr_t site, bool last)
{
	struct mm *mm = t->mm;
	struct patch_state *st;
	struct patch_image *im;

	if (mm->no_patch) {
		/* It may have been found to use GS just now. */
		st = patch_state_of(mm, false);
		if (st && !st->off)
			patch_disable(mm);
		return;
	}
	st = patch_state_of(mm, true);
	if (!st || !mutex_trylock(&st->lock))
		return;
	im = image_get(mm, st, site, true);
	if (im && !im->runs && !last)
		apply_known(mm, im);
	if (im && sites_often(im->sites, (uint32_t)(site - im->start)) &&
	    rewrite(mm, im, site))
		family_tell(st->family, site);
	mutex_unlock(&st->lock);
}

void patch_site_trapped(struct task *t, uaddr_t site)
{
	site_trapped(t, site, false);
}

void patch_last_call(struct task *t)
{
	struct thread *th = t->thread;
	uint32_t work = load_once(&th->work);

	if (likely(!(work & WORK_PATCH)))
		return;
	__atomic_fetch_and(&th->work, ~WORK_PATCH, __ATOMIC_RELAXED);
	site_trapped(t, th->trap_site, true);
}

/* What other processes of the family found; st->lock is held. */
static void learn(struct mm *mm, struct patch_state *st)
{
	uint32_t n = family_told(st->family);
	struct patch_image *im;
	uint64_t site;

	if (mm->no_patch)
		return;
	while (st->n_learnt < n) {
		site = family_site(st->family, st->n_learnt++);
		im = image_get(mm, st, site, true);
		if (im)
			(void)rewrite(mm, im, site);
	}
}

void patch_mapped(struct mm *mm, uint64_t start)
{
	struct patch_state *st;
	struct patch_image *im;

	if (mm->no_patch || mm->own_loader)
		return;
	st = patch_state_of(mm, true);
	if (!st || !mutex_trylock(&st->lock))
		return;
	im = image_get(mm, st, start, false);
	if (im && !im->runs)
		apply_known(mm, im);
	mutex_unlock(&st->lock);
}

static bool touches(const struct patch_image *im, uint64_t start, uint64_t end)
{
	return (start < im->end && im->start < end) ||
	       (im->area && start < im->area + AREA_SIZE && im->area < end);
}

static void leave(struct mm *mm, uint64_t start, uint64_t end, bool unmap)
{
	struct patch_state *st = patch_state_of(mm, false);
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
		thunk_restore(im, area ? 0 : start, area ? UINT64_MAX : end);
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
	struct patch_state *st = patch_state_of(mm, false);

	store_once(&mm->no_patch, true);
	if (st)
		st->off = true;
	leave(mm, 0, UINT64_MAX, false);
}

int patch_pause(struct mm *mm)
{
	struct patch_state *st = patch_state_of(mm, true);

	if (!st)
		return -ENOMEM;
	mutex_lock(&st->lock);
	learn(mm, st);
	return 0;
}

void patch_resume(struct mm *mm)
{
	mutex_unlock(&patch_state_of(mm, false)->lock);
}
