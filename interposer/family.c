/* SPDX-License-Identifier: Apache-2.0 */
/* family.c: what a process, and those it was forked with, know of sites. */
#include <linux/errno.h>

#include "emul/lib/alloc.h"
#include "emul/mm/mm.h"
#include "interposer/rewrite.h"

#define FAMILY_SITES	64	/* that a parent learns of from its children */

/*
 * What the processes that came of one execve(2) by fork know together: the
 * same text lies at the same addresses in them.  A child that lives for ten
 * calls traps at each site once; its parent, which may never come there
 * itself, rewrites the site for the children to come.
 */
struct patch_family {
	struct ref ref;
	struct mutex lock;	/* of additions */
	uint32_t n;		/* release: sites below are there */
	uint64_t site[FAMILY_SITES];	/* were planned in one of them */
};

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

void family_tell(struct patch_family *fam, uint64_t site)
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

uint32_t family_told(const struct patch_family *fam)
{
	return load_acquire(&fam->n);
}

uint64_t family_site(const struct patch_family *fam, uint32_t i)
{
	return fam->site[i];
}

struct patch_state *patch_state_of(struct mm *mm, bool make)
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
