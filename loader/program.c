/* SPDX-License-Identifier: Apache-2.0 */
/* program.c: find the program that is to be run; arguments that are paths. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader/policy.h"

/* Used where PATH is not set, as execvp(3) of glibc does. */
#define DEFAULT_PATH "/bin:/usr/bin"

/*
 * Can the guest's @path be executed, as far as can be told from outside?
 * 0 or an errno.  What the view does not show yet may be there all the same:
 * the program's own directory is added to it.
 */
static int try_path(const struct policy *p, const char *path)
{
	const struct view_mount *m = view_lookup(p, path);
	char *host = view_host_path(p, path);
	struct stat st;
	int err = 0;

	if (!host && m && (m->kind == VIEW_HIDE || m->asked ||
			   m->kind == VIEW_PROC || m->kind == VIEW_SYS ||
			   m->kind == VIEW_DEV))
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
	int err = shown && !host ? ENOENT : try_path(p, path);

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
	int err;

	if (!*name)
		return not_run(e, "''", ENOENT);
	if (strchr(name, '/')) {
		err = try_dir(p, b, "", 0, name, false);
		return err ? not_run(e, name, err) : 0;
	}
	dirs = env_get(p->env, "PATH");
	if (!dirs)
		dirs = DEFAULT_PATH;
	/* What the program would find itself, then what its user would. */
	err = search(p, b, dirs, name, true);
	if (err)
		err = search(p, b, dirs, name, false);
	if (err == ENOENT)
		return err_set(e, EXIT_NOTFOUND, "%s: not found in PATH",
			       name);
	return err ? not_run(e, name, err) : 0;
}

/* Split at the first colon that no backslash precedes; takes them away. */
static char *split(char *s)
{
	char *out = s;

	for (; *s; s++) {
		if (s[0] == '\\' && (s[1] == ':' || s[1] == '\\')) {
			*out++ = *++s;
			continue;
		}
		if (*s == ':') {
			*out = '\0';
			return s + 1;
		}
		*out++ = *s;
	}
	*out = '\0';
	return NULL;
}

static int parse_size(const char *s, uint64_t *size)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *end;
	int shift = 0;

	errno = 0;
	if (*s < '0' || *s > '9')
		return -1;
	*size = strtoull(s, &end, 10);
	if (errno)
		return -1;
	if (*end) {
		unit = strchr(units, *end & ~0x20);
		if (!unit || end[1])
			return -1;
		shift = 10 * (int)(unit - units + 1);
	}
	if (*size > UINT64_MAX >> shift || !*size)
		return -1;
	*size <<= shift;
	return 0;
}

static int parse_tmpfs(struct view_mount *m, const char *option,
		       const char *extra, const char *cwd, const char *path,
		       struct err *e)
{
	m->is_dir = true;
	m->mode = 0755;
	m->guest = path_clean(cwd, path);
	if (!extra)
		return 0;
	if (strncmp(extra, "size=", 5) != 0)
		return err_set(e, EXIT_SBX, "%s: %s: only size=N can be given",
			       option, extra);
	if (parse_size(extra + 5, &m->size) < 0)
		return err_set(e, EXIT_SBX, "%s: %s: not a size "
			       "(a number, then K, M, G or T)", option,
			       extra + 5);
	return 0;
}

int view_parse(struct view_mount *m, enum view_kind kind, const char *option,
	       const char *arg, const char *cwd, struct err *e)
{
	char real[PATH_MAX];
	char *path = xstrdup(arg);
	char *extra = split(path);
	struct stat st;
	int r = 0;

	memset(m, 0, sizeof(*m));
	m->kind = kind;
	m->asked = true;
	if (!*path) {
		r = err_set(e, EXIT_SBX, "%s: the path is empty", option);
		goto out;
	}
	if (kind == VIEW_TMPFS) {
		r = parse_tmpfs(m, option, extra, cwd, path, e);
		goto out;
	}
	if (kind == VIEW_HIDE) {
		if (extra)
			r = err_set(e, EXIT_SBX, "%s: %s: no DEST is taken",
				    option, arg);
		m->guest = path_clean(cwd, path);
		goto out;
	}
	if (extra && *extra != '/') {
		r = err_set(e, EXIT_SBX, "%s: %s: DEST is not absolute",
			    option, extra);
		goto out;
	}
	m->guest = path_clean(cwd, extra ? extra : path);
	if (!realpath(path, real) || stat(real, &st) < 0) {
		r = err_set(e, EXIT_SBX, "%s: %s: %s", option, path,
			    strerror(errno));
		goto out;
	}
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)) {
		r = err_set(e, EXIT_SBX, "%s: %s: neither a file nor a "
			    "directory", option, path);
		goto out;
	}
	m->host = xstrdup(real);
	m->is_dir = S_ISDIR(st.st_mode);
	if (m->guest[1] == '\0' && !m->is_dir)
		r = err_set(e, EXIT_SBX, "%s: %s: the root must be a "
			    "directory", option, path);
out:
	free(path);
	return r;
}
