/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commit.h: the parts of --commit.  commit.c brings things to the host,
 * commit-attr.c their attributes; clash.c looks before whether the host is
 * still as the program found it.
 */
#ifndef SBX_FS_COMMIT_H
#define SBX_FS_COMMIT_H

#include "emul/fs/changes.h"

struct commit {
	struct changes *c;
	struct change *h;	/* that is being done */
	uint32_t n_temps;
	uint32_t n_failed;	/* changes that could not be made */
	uint32_t n_owners, n_modes, n_xattrs;	/* not to be kept */
};

/* A request about a path under the grant of the change. */
__hidden int commit_ask(struct commit *t, const char *path,
			struct broker_req *req, int *fd);
__hidden int commit_simple(struct commit *t, uint16_t op, const char *path,
			   uint64_t arg);
/* The same about a file that is open. */
__hidden int commit_fd_ask(struct commit *t, int fd, struct broker_req *req);

/* Times of @i, for what has the name @path. */
__hidden int commit_times(struct commit *t, const char *path,
			  const struct inode *i);
/* Its owner, extended attributes, mode and times. */
__hidden int commit_attrs(struct commit *t, const char *path, struct inode *i);
/* The same for a file that has no name yet, and now the attributes @st. */
__hidden int commit_fd_attrs(struct commit *t, int fd, struct inode *i,
			     const struct broker_stat *st);

/*
 * Has the host changed, since the program saw it, what change @h would put
 * something else in the place of?  1, 0 or -errno.  To be asked before anything
 * is written back, for that changes it too.
 */
__hidden int change_clashes(const struct changes *c, const struct change *h);
/*
 * Remove what a commit that was killed has left in the directory @dir under a
 * grant: a file between its two names.  It is known by its own inode number in
 * its name, so nobody else's is taken for one.
 */
__hidden void commit_sweep(const struct changes *c, uint16_t grant,
			   const char *dir);

#endif
