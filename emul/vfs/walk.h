/* SPDX-License-Identifier: Apache-2.0 */
/* walk.h: the path walk, for what opens and creates. */
#ifndef SBX_VFS_WALK_H
#define SBX_VFS_WALK_H

#include "emul/vfs/fdtable.h"
#include "emul/vfs/namei.h"

#define LINKS_MAX	40	/* symbolic links followed in one walk */

struct rest {
	const char *s, *end;
};

struct walk {
	struct task *t;
	unsigned int flags;		/* LOOKUP_* */
	bool refs;			/* at and root are referenced */
	bool in_text;			/* in that of a link, while !refs */
	bool need_dir;			/* a slash stood behind the last one */
	unsigned int n_links, depth, n_bufs;
	uint32_t seq;			/* of dcache_seq, while !refs */
	struct path at, root;
	struct fd dir;			/* where it started, if a descriptor */
	struct rest now;
	struct last last;		/* with LOOKUP_PARENT */
	struct rest outer[LINKS_MAX];	/* behind the links gone into */
	char *buf[LINKS_MAX];		/* texts of links, kmalloc'd */
};

/*
 * Walk.  On success w->at is the place (w->refs: always set then), on failure
 * nothing is held but what walk_end() gives back; to be called in any case.
 */
int walk_begin(struct walk *w, struct task *t, int dfd, const char *name,
	       size_t len, unsigned int flags) __must_check;
void walk_end(struct walk *w);
/*
 * After a walk to the parent found that the last component @d is a symbolic
 * link: follow it, again up to its last component.
 */
int walk_link(struct walk *w, struct dentry *d) __must_check;
/* Cross to what is mounted on *@p; the references move. */
void path_follow_mounts(struct path *p);

#endif
