/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.h: what a program may see and do, as options and profiles ask it.
 *
 * The view is a list of mounts over an empty root.  The order in which rules
 * were given never matters: the most specific path wins; of two rules for the
 * same path the one that was asked closer to the user (the command line, then
 * a profile, then what that includes); of those, deny beats hide, hide beats
 * ro, ro beats overlay, overlay beats rw.
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
#include "loader/net.h"

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
	VIEW_DENY,	/* there, and EACCES */
};

/* Where a rule comes from. */
struct origin {
	const char *file;	/* "--ro", "default": kept for ever */
	unsigned int line;	/* 0: it is no file */
};
/* "--ro", "default:7"; malloc'd. */
char *origin_text(struct origin from);

/* How close to the user a rule was asked for. */
#define RANK_SBX	10000	/* sbx itself: nobody may change it */
#define RANK_CLI	1000
#define RANK_PROFILE	998	/* 2 less for each include */

struct view_mount {
	enum view_kind kind;
	char *guest;		/* absolute, clean; "/" first */
	char *host;		/* of RW, OVERLAY, RO: absolute host path */
	char *target;		/* of SYMLINK */
	struct origin from;
	int rank;		/* RANK_* */
	bool is_dir;
	bool shipped;		/* from a profile of sbx's own */
	bool by_link;		/* where a link leads that is in the view */
	bool read_only;		/* of TMPFS: an empty directory, no more */
	mode_t mode;		/* of TMPFS: of its root */
	uint64_t size;		/* of TMPFS: bytes at most; 0: no limit */
};

/* A list of mounts has room for so many at first; a power of two. */
#define MOUNTS_MIN	64

struct policy {
	/* Sorted by guest path: a directory comes before what is in it. */
	struct view_mount *mounts;
	size_t n_mounts;
	/* HIDE and DENY, as asked for; view_hides() makes mounts of them. */
	struct view_mount *hides;
	size_t n_hides;
	bool foreign_root;	/* the root is not the host's */

	char *program;		/* guest path to execute, maybe relative */
	char **argv;		/* the program's; NULL at the end */
	char **env;		/* NULL at the end */
	char *cwd;		/* guest path, absolute */

	struct limits limits;
	struct net_policy net;

	bool trace;
	uint64_t trace_set[16];	/* bit per call's number: what to trace */
	char *trace_file;	/* host path; NULL: standard error */
	bool stats;
	bool quiet;
	bool diff;		/* list what the overlays hold at the end */
	bool commit;		/* write it back */

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

/* Where somebody stands, and what may be made visible for that. */
struct view_base {
	char *cwd;		/* host path, absolute and real; NULL: none */
	const char *home;	/* the same */
	struct view_mount own;	/* of the program's directory: kind, rank,
				 * from; no from.file: not to be shown */
};

/*
 * Make the environment of the program from @host (a list like environ).
 * Returns a new list that ends with NULL.
 */
char **env_make(const struct env_rules *r, char *const *host);

/*
 * set-process.c: pass what sd_listen_fds(3) says that sbx was started with, and
 * tell the program in p->env that it is for it.  0, or -1 with @e.
 */
int pass_listeners(struct policy *p, struct err *e);

/* The value of @name in the list @env, or NULL. */
const char *env_get(char *const *env, const char *name);

/* Clean path (no ".", "..", "//", trailing slash) below @base; malloc'd. */
char *path_clean(const char *base, const char *path);
/* Is @path @dir itself or beneath it?  Both clean. */
bool path_beneath(const char *path, const char *dir);

/* Add a rule.  @m is copied, its strings (but from.file) too. */
void view_add(struct policy *p, const struct view_mount *m);
/*
 * Show the working directory as @rule (kind, rank, from) says, unless that
 * would bare the root or what holds the homes: then it is there, but empty.
 * -1 with *e where writes are to be kept and it cannot be shown.
 */
int view_cwd(struct policy *p, const struct view_base *b,
	     const struct view_mount *rule, struct err *e);
/*
 * Let the program's own directory be read: @guest is its path as it will be
 * executed.  Whole directories are not opened for it where that would bare
 * the home or a shared temporary directory: only the file is, then.
 */
void view_own_dir(struct policy *p, const struct view_base *b,
		  const char *guest);
/*
 * Hide what is to be hidden wherever a host mount, from number @first on,
 * bares it, under any name.  0, or -1 with *e.
 */
int view_hides(struct policy *p, size_t first, struct err *e);
/* No profile of sbx's is ever to be changed from inside. */
void view_protect(struct policy *p, const char *dir);
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
 * The path to which @path of the guest leads in the view, links followed;
 * malloc'd.  Only needed with a foreign root: elsewhere the host's own walk
 * comes to the same place.
 */
char *view_resolve(const struct policy *p, const char *path);
/* As view_host_path(), links followed where that takes knowing the view. */
char *view_find(const struct policy *p, const char *path);

/*
 * Parse the argument of --ro and the like, PATH[:DEST], or of --tmpfs,
 * PATH[:size=N,mode=N], into *m, relative to @cwd; a backslash before a colon
 * makes it part of the path, a question mark at the end lets it be missing.
 * @option is for messages.  1: it is missing and may be; 0, or -1 with *e; in
 * all cases view_mount_free(m).
 */
int view_parse(struct view_mount *m, enum view_kind kind, const char *option,
	       const char *arg, const char *cwd, struct err *e);
/* podman's --mount type=T,src=S,dst=D,... and -v S:D[:OPTIONS]; the same. */
int view_parse_mount(struct view_mount *m, const char *option,
		     const char *arg, const char *cwd, struct err *e);
int view_parse_volume(struct view_mount *m, const char *option,
		      const char *arg, const char *cwd, struct err *e);
/* --root DIR[:ro|rw|overlay]. */
int view_parse_root(struct view_mount *m, const char *option,
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
