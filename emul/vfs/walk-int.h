/* SPDX-License-Identifier: Apache-2.0 */
/* walk-int.h: the steps of a path walk, for path.c and what it calls. */
#ifndef SBX_VFS_WALK_INT_H
#define SBX_VFS_WALK_INT_H

#include "emul/vfs/walk.h"

#define TRY_AGAIN	1	/* the cache changed: go the slow way */

static inline const char *skip_slashes(const char *s, const char *end)
{
	while (s < end && *s == '/')
		s++;
	return s;
}

/* With references that of @d is the caller's, and is taken over. */
static inline void move_to(struct walk *w, struct mount *mnt, struct dentry *d)
{
	if (w->refs) {
		struct path old = w->at;

		ref_get(&mnt->ref);
		w->at.mnt = mnt;
		w->at.dentry = d;	/* the caller's reference */
		path_put(&old);
	} else {
		w->at.mnt = mnt;
		w->at.dentry = d;
	}
}

/*
 * lookup.c: as lookup_child(), of the component @len at w->now.s, with what
 * the file system may know beforehand.  The walk has references.
 */
struct dentry *walk_lookup(struct walk *w, size_t len, uint32_t hash)
	__must_check;

/*
 * walk-link.c: go on with the text of the symbolic link @i; the walk stands in
 * its directory, w->now begins behind its name, @last says that nothing
 * follows.  0, -errno or TRY_AGAIN.
 */
int walk_into_link(struct walk *w, struct inode *i, bool last) __must_check;

#endif
