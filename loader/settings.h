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

struct settings {
	struct policy *p;		/* what a row may set directly */

	/* Of the row that is being read. */
	const char *name;		/* as it was spelled: "--ro", "ro" */

	const char *cwd;		/* sbx's, absolute; "" when gone */
	struct env_rules env;
	char *workdir;
	struct view_mount *mounts;
	size_t n_mounts;
	uint64_t limits_by_cli;		/* bit n: the n-th of struct limits */
	bool explain;
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

enum option_group { FILES, LIMITS, ENVIRONMENT, REPORT, ABOUT, GROUPS };

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
const struct option_row *option_find(const char *name);

/* *e = "name: arg: why" (or "name: why" where arg is NULL).  Returns -1. */
int option_bad(const struct settings *s, const char *arg, const char *why,
	       struct err *e);
/* Append to a list of strings that ends with NULL. */
void add_string(char ***list, const char *s);
/* The last word of what sbx itself prints: 1, or -1 with *e (a full disk). */
int finish_output(struct err *e);

#endif
