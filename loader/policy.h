/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.h: what a program may see and do, as options and defaults ask it.
 *
 * The view is a list of mounts over an empty root.  The order in which rules
 * were given never matters: the most specific path wins; of two rules for the
 * same path hide beats ro, ro beats overlay, overlay beats rw; what was asked
 * beats what is there by default.
 */
#ifndef SBX_POLICY_H
#define SBX_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "emul/abi/hostfd.h"
#include "loader/err.h"
#include "loader/limits.h"

/* In the order of precedence at one path, weakest first. */
enum view_kind {
	VIEW_RW,	/* host, writes go there */
	VIEW_OVERLAY,	/* host, writes stay in the sandbox and are lost */
	VIEW_RO,	/* host, writes are refused */
	VIEW_TMPFS,
	VIEW_PROC,
	VIEW_SYS,
	VIEW_DEV,
	VIEW_SYMLINK,	/* a link in a directory of the view's own */
	VIEW_HIDE,	/* as if it were not there */
};

struct view_mount {
	enum view_kind kind;
	char *guest;		/* absolute, clean; "/" first */
	char *host;		/* of RW, OVERLAY, RO: absolute host path */
	char *target;		/* of SYMLINK */
	bool is_dir;
	bool asked;		/* by the user, not by default */
	bool read_only;		/* of TMPFS: an empty directory, no more */
	mode_t mode;		/* of TMPFS: of its root */
	uint64_t size;		/* of TMPFS: bytes at most; 0: no limit */
};

struct policy {
	/* Sorted by guest path: a directory comes before what is in it. */
	struct view_mount *mounts;
	size_t n_mounts;

	char *program;		/* guest path to execute, maybe relative */
	char **argv;		/* the program's; NULL at the end */
	char **env;		/* NULL at the end */
	char *cwd;		/* guest path, absolute */

	struct limits limits;

	bool trace;
	uint64_t trace_set[16];	/* bit per call's number: what to trace */
	char *trace_file;	/* host path; NULL: standard error */
	bool stats;
	bool quiet;

	uint32_t uid, gid;	/* as the program sees itself */
	bool uid_set, gid_set;	/* they were asked for */

	bool std_closed[3];	/* 0, 1, 2 were closed when sbx started */
	int pass[HOSTFD_PASS_MAX];	/* further descriptors to inherit */
	unsigned int n_pass;
};

/* How the environment is made; each list of strings ends with NULL. */
struct env_rules {
	bool clear;
	char **set;		/* NAME=VALUE, or NAME to copy it */
	char **keep;		/* patterns of glob(7) over names */
	char **unset;
};

/* What the default view is made from. */
struct view_base {
	char *cwd;		/* host path, absolute and real */
	const char *home;	/* NULL: none */
};

/*
 * Make the environment of the program from @host (a list like environ).
 * Returns a new list that ends with NULL.
 */
char **env_make(const struct env_rules *r, char *const *host);

/* The value of @name in the list @env, or NULL. */
const char *env_get(char *const *env, const char *name);

/* Clean path (no ".", "..", "//", trailing slash) below @base; malloc'd. */
char *path_clean(const char *base, const char *path);
/* Is @path @dir itself or beneath it?  Both clean. */
bool path_beneath(const char *path, const char *dir);

/* Add a rule.  @m is copied, its strings too. */
void view_add(struct policy *p, const struct view_mount *m);
/* Add the rules that hold by default; users.md has the list: sbx(1). */
void view_defaults(struct policy *p, const struct view_base *b);
/*
 * Let the program's own directory be read: @guest is its path as it will be
 * executed.  Whole directories are not opened for it where that would bare
 * the home or a shared temporary directory: only the file is, then.
 */
void view_own_dir(struct policy *p, const struct view_base *b,
		  const char *guest);
/*
 * Hide the usual places of keys and passwords, and what was asked to be
 * hidden, wherever a rule so far bares them, under any name.
 */
void view_hides(struct policy *p, const struct view_base *b);
/* Sort, merge, drop what says nothing new.  0, or -1 with *e. */
int view_finish(struct policy *p, struct err *e);

/* The mount that decides over the guest path @path (clean), or NULL. */
const struct view_mount *view_lookup(const struct policy *p, const char *path);
/*
 * The mount in which @m is placed, or NULL for the root; *@rel is the place
 * relative to it.  A VIEW_HIDE, or anything else, in a host mount must be
 * refused there by the broker too.
 */
const struct view_mount *view_parent(const struct policy *p,
				     const struct view_mount *m,
				     const char **rel);
/*
 * The host path that the guest's @path names, malloc'd; NULL when it is not a
 * host file.  Symbolic links are not followed.
 */
char *view_host_path(const struct policy *p, const char *path);

/*
 * Parse the argument of --ro and the like, PATH[:DEST], or of --tmpfs,
 * PATH[:size=N], into *m, relative to @cwd; a backslash before a colon makes
 * it part of the path.  @option is for messages.  0, or -1 with *e; in both
 * cases view_mount_free(m).
 */
int view_parse(struct view_mount *m, enum view_kind kind, const char *option,
	       const char *arg, const char *cwd, struct err *e);
void view_mount_free(struct view_mount *m);
void policy_free(struct policy *p);

/*
 * Find the program as execvp(3) does: @name without a slash is looked for in
 * PATH of p->env.  Sets p->program.  0, or -1 with *e (126 or 127).
 */
int program_find(struct policy *p, const struct view_base *b,
		 const char *name, struct err *e);

#endif
