/* SPDX-License-Identifier: Apache-2.0 */
/* program.c: find the program that is to be run. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader/policy.h"

/* Used where PATH is not set, as execvp(3) of glibc does. */
#define DEFAULT_PATH "/bin:/usr/bin"

/* May its directory be made visible, as it is not yet? */
static bool may_show(const struct view_base *b, const struct view_mount *m)
{
	if (!b->own.from.file)
		return false;
	if (!m)
		return true;
	if (m->kind == VIEW_PROC || m->kind == VIEW_SYS || m->kind == VIEW_DEV)
		return false;
	/* Kept from view on purpose. */
	return m->rank <= b->own.rank || !m->guest[1];
}

/*
 * Can the guest's @path be executed, as far as can be told from outside?
 * 0 or an errno.  What the view does not show yet may be there all the same:
 * the program's own directory is added to it.
 */
static int try_path(const struct policy *p, const struct view_base *b,
		    const char *path)
{
	char *host = view_find(p, path);
	struct stat st;
	int err = 0;

	if (!host && (p->foreign_root || !may_show(b, view_lookup(p, path))))
		return ENOENT;
	if (!host)
		host = xstrdup(path);
	if (stat(host, &st) < 0)
		err = errno;
	else if (S_ISDIR(st.st_mode))
		err = EACCES;
	else if (access(host, X_OK) < 0)
		err = errno;
	free(host);
	return err;
}

static int not_run(struct err *e, const char *name, int err)
{
	return err_set(e, err == ENOENT || err == ENOTDIR ? EXIT_NOTFOUND :
		       EXIT_NOEXEC, "%s: %s", name, strerror(err));
}

/*
 * @dir of PATH; an empty one is the working directory.  With @shown only what
 * the view shows already is good.
 */
static int try_dir(struct policy *p, const struct view_base *b,
		   const char *dir, size_t len, const char *name, bool shown)
{
	char *start = xstrndup(dir, len);
	char *typed = len ? xconcat(start, "/", name) : xstrdup(name);
	char *path = path_clean(p->cwd, typed);
	char *host = shown ? view_host_path(p, path) : NULL;
	int err = shown && !host ? ENOENT : try_path(p, b, path);

	if (!err) {
		view_own_dir(p, b, path);
		p->program = typed;
		typed = NULL;
	}
	free(start);
	free(typed);
	free(path);
	free(host);
	return err;
}

/* As execvp(3): 0 or an errno; EACCES where a file may not be executed. */
static int search(struct policy *p, const struct view_base *b,
		  const char *dirs, const char *name, bool shown)
{
	int seen = ENOENT;

	for (;;) {
		size_t len = strcspn(dirs, ":");
		int err = try_dir(p, b, dirs, len, name, shown);

		if (!err)
			return 0;
		if (err == EACCES)
			seen = EACCES;
		dirs += len;
		if (!*dirs++)
			return seen;
	}
}

int program_find(struct policy *p, const struct view_base *b,
		 const char *name, struct err *e)
{
	const char *dirs;
	struct stat st;
	bool here;
	int err;

	if (!*name)
		return not_run(e, "''", ENOENT);
	if (strchr(name, '/')) {
		err = try_dir(p, b, "", 0, name, false);
		return err ? not_run(e, name, err) : 0;
	}
	here = !stat(name, &st) && S_ISREG(st.st_mode);
	dirs = env_get(p->env, "PATH");
	if (!dirs)
		dirs = DEFAULT_PATH;
	/* What the program would find itself, then what its user would. */
	err = search(p, b, dirs, name, true);
	if (err)
		err = search(p, b, dirs, name, false);
	if (err == ENOENT)
		return err_set(e, EXIT_NOTFOUND, "%s: not found in PATH%s%s%s",
			       name, here ? " (there is a ./" : "",
			       here ? name : "", here ? ")" : "");
	return err ? not_run(e, name, err) : 0;
}
