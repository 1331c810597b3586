/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rewrite.h: what patch.c, family.c, image.c, thunk.c and detour.c share; the
 * rest of the kernel sees patch.h.
 *
 * A thunk is 32 bytes: copies of the guest's instructions (tier A), then
 *	lea	site+2(%rip), %rcx
 *	jmp	*%gs:THREAD_ENTRY
 * Thunk i of an image belongs to record i of its file's table.
 *
 * patch_state.lock is the one lock under which guest memory is reached: it
 * belongs to one process, nothing is waited for under it but the host, and
 * who only would like to patch does not wait for it.
 */
#ifndef SBX_INTERPOSER_REWRITE_H
#define SBX_INTERPOSER_REWRITE_H

#include "emul/lib/lock.h"
#include "interposer/ehframe.h"
#include "interposer/patch.h"
#include "interposer/sites.h"

struct patch_family;

#define THUNK_SIZE	32
#define AREA_SIZE	((uint64_t)SITES_MAX * THUNK_SIZE)

/* Text of a file in one address space. */
struct patch_image {
	struct patch_image *next;	/* immutable */
	uint64_t start, end;	/* of the mapping; both 0: it is gone */
	uint64_t area;		/* of its thunks, or 0 */
	bool closed;		/* no more patches: the guest meddled */
	bool runs;		/* it does: what is known of it is applied */
	struct site_file *sites;
	struct eh_image eh;	/* without .mem */
};

struct patch_state {
	struct mutex lock;	/* protects all below, but for readers of: */
	struct patch_image *images;	/* grows at its head; release */
	struct patch_family *family;	/* a reference; immutable */
	uint32_t n_learnt;	/* of the family's sites */
	bool off;		/* patch_disable() was here */
};

#define for_each_image(im, st) \
	for (im = load_acquire(&(st)->images); im; im = im->next)

/* Counters of the sandbox: patch_get_stats() copies them. */
extern struct patch_stats patch_stats;

static inline void patch_count(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

/* family.c */

/* What @mm knows of its rewriting; made if need be when @make.  Or NULL. */
struct patch_state *patch_state_of(struct mm *mm, bool make);

/* The others of @fam are to rewrite @site as well. */
void family_tell(struct patch_family *fam, uint64_t site);

/* How many sites others have told of, and number @i of them. */
uint32_t family_told(const struct patch_family *fam);
uint64_t family_site(const struct patch_family *fam, uint32_t i);

/* image.c */

/*
 * The image in @st of @mm that holds @addr; a new one if need be, when its
 * file is known or @make.  NULL: there is none, or it is closed.  st->lock is
 * held.
 */
struct patch_image *image_get(struct mm *mm, struct patch_state *st,
			      uaddr_t addr, bool make);

/*
 * Plan the site of @im at @site, and put the plan into the table of its file.
 * The record's number, or a negative error.
 */
int image_plan(struct patch_image *im, uaddr_t site);

/* thunk.c */

/*
 * Rewrite the records [@from, @to) of @im where the text of @mm is still the
 * original.  Returns how many were; the lock of the state is held.
 */
unsigned int thunk_apply(struct mm *mm, struct patch_image *im, uint32_t from,
			 uint32_t to);

/*
 * Give the text of @im in [@start, @end) back as it was; the lock of the state
 * is held.
 */
void thunk_restore(struct patch_image *im, uint64_t start, uint64_t end);

#endif
