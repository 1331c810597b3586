/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings.h: what options and profiles say, on its way into a policy.
 *
 * Rows of options.h, each with its function here.  The order in which they
 * come must not matter: a function notes what it is told, and what follows
 * from it is reckoned when all has been read.
 */
#ifndef SBX_SETTINGS_H
#define SBX_SETTINGS_H

#include "loader/policy.h"

/* A setting that there is one of: the strongest rank has it. */
struct single {
	char *value;		/* NULL: not said */
	int rank;
	struct origin from;
};

struct settings {
	struct policy *p;		/* what a row may set directly */

	/* Of the row that is being read. */
	const char *name;		/* as it was spelled: "--ro", "ro" */
	struct origin from;
	int rank;			/* RANK_* */
	bool shipped;			/* from a profile of sbx's own */
	uint64_t dropped;		/* bit n: what profiles say of row n
					 * counts not, for who includes them
					 * has a "reset" of it */

	const char *cwd;		/* sbx's, absolute; "" when gone */
	const char *home;		/* real path, or NULL */
	struct env_rules env;
	uint64_t limits_by_cli;		/* bit n: the n-th of struct limits */
	struct single workdir, cwd_kind, own_dir;
	char **profiles;		/* --profile, as given */
	bool no_profile, has_root;
	bool explain;
	char *explain_path;		/* NULL: the whole view */
};

/*
 * Take one row.  @arg is NULL where none was given, and stays the caller's.
 * 0: go on; 1: all is done, end with 0 (--help); -1 with *e, whose text begins
 * with s->name.
 */
#define OPTION(row, letter, id, takes, where, group, help) \
	int option_##id(struct settings *s, const char *arg, struct err *e);
#include "loader/options.h"
#undef OPTION

/*
 * set-user.c: fill p->uid and p->gid, and where sbx is root and another user
 * was asked for, become that.  0, or -1 with *e.
 */
int user_settle(struct policy *p, struct err *e);

enum option_where {
	BOTH,		/* the command line and profiles */
	CLI,
};

enum option_group {
	FILES, NETWORK, LIMITS, ENVIRONMENT, PROFILES, REPORT, ABOUT, GROUPS
};

struct option_row {
	const char *name;
	int letter;
	const char *arg;	/* NULL: none; "[...]": optional */
	enum option_where where;
	enum option_group group;
	const char *help;
	int (*take)(struct settings *s, const char *arg, struct err *e);
};

extern const struct option_row option_rows[];	/* a name of NULL at the end */
const struct option_row *option_find(const char *name, size_t len);

/* *e = "name: arg: why" (or "name: why" where arg is NULL).  Returns -1. */
int option_bad(const struct settings *s, const char *arg, const char *why,
	       struct err *e);
/*
 * Set what there is one of: @arg is copied.  Said twice at one rank it must be
 * the same, or -1 with *e.
 */
int option_single(const struct settings *s, struct single *to,
		  const char *arg, struct err *e);
/* Append to a list of strings that ends with NULL. */
void add_string(char ***list, const char *s);
/* The last word of what sbx itself prints: 1, or -1 with *e (a full disk). */
int finish_output(struct err *e);

/*
 * profile.c: read the profile @name, a path where it has a slash, and what it
 * includes, into *s, the rules with @rank.  0, or -1 with *e ("file:line: ").
 */
int profile_read(struct settings *s, const char *name, int rank,
		 struct err *e);
/*
 * The same for @n bytes of text, called @title in messages; @dir is where
 * paths of includes start.
 */
int profile_parse(struct settings *s, const char *title, const char *dir,
		  const char *text, size_t n, int rank, struct err *e);
/* All profiles that are asked for, or the default one. */
int profiles_read(struct settings *s, struct err *e);
/* Directories of profiles, the user's first; NULL at the end. */
char *const *profile_dirs(const struct settings *s);

/* settings.c: make the view from all that was read.  0, or -1 with *e. */
int settings_view(struct settings *s, const char *program, struct err *e);

/* explain.c: print the policy, or what decides over s->explain_path. */
int explain(const struct settings *s, struct err *e);

#endif
