/* SPDX-License-Identifier: Apache-2.0 */
/* view-parse.c: arguments of options that are paths, in all spellings. */
#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "loader/policy.h"

/* One part of an argument. */
struct part {
	char *s;
	bool optional;		/* it ended with a question mark */
};

/*
 * Take a part off *@at, up to @sep that no backslash precedes; backslashes are
 * taken away.  *@at is NULL after the last one.
 */
static struct part take(char **at, char sep)
{
	struct part part = { .s = *at };
	char *in = *at, *out = in;
	bool mark = false;

	for (; *in && *in != sep; in++) {
		mark = *in == '?';
		if (in[0] == '\\' && in[1] && strchr("\\:?,", in[1])) {
			in++;
			mark = false;
		}
		*out++ = *in;
	}
	*at = *in ? in + 1 : NULL;
	if (mark)
		out--;
	*out = '\0';
	part.optional = mark;
	return part;
}

static int set_size(struct view_mount *m, const char *option, const char *s,
		    struct err *e)
{
	if (!size_parse(s, &m->size))
		return err_set(e, EXIT_SBX, "%s: %s: not a size "
			       "(a number, then K, M, G or T)", option, s);
	return 0;
}

static int set_mode(struct view_mount *m, const char *option, const char *s,
		    struct err *e)
{
	char *end;
	unsigned long mode = strtoul(s, &end, 8);

	if (*s < '0' || *s > '7' || *end || mode > 07777)
		return err_set(e, EXIT_SBX, "%s: %s: not a mode (octal)",
			       option, s);
	m->mode = (mode_t)mode;
	return 0;
}

/* size=N,mode=N */
static int tmpfs_options(struct view_mount *m, const char *option, char *at,
			 struct err *e)
{
	while (at) {
		struct part o = take(&at, ',');
		int r;

		if (!strncmp(o.s, "size=", 5))
			r = set_size(m, option, o.s + 5, e);
		else if (!strncmp(o.s, "mode=", 5))
			r = set_mode(m, option, o.s + 5, e);
		else
			r = err_set(e, EXIT_SBX, "%s: %s: only size=N and "
				    "mode=N can be given", option, o.s);
		if (r < 0)
			return -1;
	}
	return 0;
}

/*
 * Is @path on a proc?  What lies there opens the memory of every process of
 * the user, sbx's own among them: no grant of it keeps anything in.
 */
static bool is_procfs(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/*
 * The host's @path as the source of *m.  A link leads to what it names now.
 * 1: it is missing and may be.
 */
static int set_source(struct view_mount *m, const char *option,
		      const char *path, const char *cwd, bool optional,
		      struct err *e)
{
	char *full = path[0] == '/' ? xstrdup(path) : xconcat(cwd, "/", path);
	char real[PATH_MAX];
	struct stat st;
	int r = 0;

	errno = ENOENT;		/* the working directory is gone */
	if ((!*cwd && path[0] != '/') ||
	    !realpath(full, real) || stat(real, &st) < 0) {
		r = optional && (errno == ENOENT || errno == ENOTDIR) ? 1 :
			err_set(e, EXIT_SBX, "%s: %s: %s", option, path,
				strerror(errno));
	} else if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)) {
		r = err_set(e, EXIT_SBX, "%s: %s: neither a file nor a "
			    "directory", option, path);
	} else if (is_procfs(real)) {
		r = err_set(e, EXIT_SBX, "%s: %s: the host's processes cannot "
			    "be granted; the sandbox has a /proc of its own",
			    option, path);
	} else {
		m->host = xstrdup(real);
		m->is_dir = S_ISDIR(st.st_mode);
	}
	free(full);
	return r;
}

/* Where *m is to be seen. */
static int set_place(struct view_mount *m, const char *option,
		     const char *dest, const char *cwd, struct err *e)
{
	m->guest = path_clean(cwd, dest);
	if (m->guest[1] || m->is_dir)
		return 0;
	return err_set(e, EXIT_SBX, "%s: %s: the root must be a directory",
		       option, m->host ? m->host : dest);
}

static void start(struct view_mount *m, enum view_kind kind)
{
	memset(m, 0, sizeof(*m));
	m->kind = kind;
	m->mode = 0755;
}

static int set_tmpfs(struct view_mount *m, const char *option,
		     const char *path, const char *cwd, char *rest,
		     struct err *e)
{
	m->is_dir = true;
	m->guest = path_clean(cwd, path);
	return tmpfs_options(m, option, rest, e);
}

static int set_hidden(struct view_mount *m, const char *option,
		      const char *path, const char *cwd, const char *rest,
		      struct err *e)
{
	if (rest)
		return err_set(e, EXIT_SBX, "%s: %s: no DEST is taken",
			       option, rest);
	m->mode = 0;
	m->guest = path_clean(cwd, path);
	if (!m->guest[1])
		return err_set(e, EXIT_SBX, "%s: the root cannot be hidden",
			       option);
	return 0;
}

static int set_bind(struct view_mount *m, const char *option,
		    const struct part *src, const char *dest, bool optional,
		    const char *cwd, struct err *e)
{
	int r;

	if (dest && *dest != '/')
		return err_set(e, EXIT_SBX, "%s: %s: DEST is not absolute",
			       option, dest);
	r = set_source(m, option, src->s, cwd, src->optional || optional, e);
	if (r)
		return r;
	return set_place(m, option, dest ? dest : src->s, cwd, e);
}

int view_parse(struct view_mount *m, enum view_kind kind, const char *option,
	       const char *arg, const char *cwd, struct err *e)
{
	char *copy = xstrdup(arg), *at = copy;
	struct part path = take(&at, ':'), dest = { 0 };
	int r;

	start(m, kind);
	if (!*path.s) {
		r = err_set(e, EXIT_SBX, "%s: the path is empty", option);
	} else if (kind == VIEW_TMPFS) {
		r = set_tmpfs(m, option, path.s, cwd, at, e);
	} else if (kind == VIEW_HIDE || kind == VIEW_DENY) {
		r = set_hidden(m, option, path.s, cwd, at, e);
	} else {
		if (at)
			dest = take(&at, ':');
		if (at)
			r = err_set(e, EXIT_SBX, "%s: %s: more than PATH:DEST "
				    "(a colon in a name is written \\:)",
				    option, arg);
		else
			r = set_bind(m, option, &path, dest.s, dest.optional,
				     cwd, e);
	}
	free(copy);
	return r;
}

int view_parse_root(struct view_mount *m, const char *option,
		    const char *arg, const char *cwd, struct err *e)
{
	char *copy = xstrdup(arg), *at = copy;
	struct part dir = take(&at, ':');
	int r;

	start(m, VIEW_OVERLAY);
	if (at && !strcmp(at, "ro"))
		m->kind = VIEW_RO;
	else if (at && !strcmp(at, "rw"))
		m->kind = VIEW_RW;
	else if (at && strcmp(at, "overlay") != 0) {
		r = err_set(e, EXIT_SBX, "%s: %s: neither ro, rw nor overlay",
			    option, at);
		goto out;
	}
	r = set_source(m, option, dir.s, cwd, false, e);
	if (!r)
		r = set_place(m, option, "/", cwd, e);
out:
	free(copy);
	return r;
}

/* One of -v's options.  False: it is none. */
static bool volume_option(struct view_mount *m, const char *o)
{
	if (!strcmp(o, "ro"))
		m->kind = VIEW_RO;
	else if (!strcmp(o, "rw"))
		m->kind = VIEW_RW;
	else if (!strcmp(o, "O") || !strcmp(o, "overlay"))
		m->kind = VIEW_OVERLAY;
	else
		return false;
	return true;
}

int view_parse_volume(struct view_mount *m, const char *option,
		      const char *arg, const char *cwd, struct err *e)
{
	char *copy = xstrdup(arg), *at = copy;
	struct part src = take(&at, ':'), dest = { 0 };
	int r = 0;

	start(m, VIEW_RW);
	if (at)
		dest = take(&at, ':');
	if (!*src.s || !dest.s || !*dest.s) {
		r = err_set(e, EXIT_SBX, "%s: %s: not SRC:DST[:ro|rw|overlay]",
			    option, arg);
		goto out;
	}
	while (at && !r) {
		struct part o = take(&at, ',');

		if (!volume_option(m, o.s))
			r = err_set(e, EXIT_SBX, "%s: %s: neither ro, rw nor "
				    "overlay", option, o.s);
	}
	if (!r)
		r = set_bind(m, option, &src, dest.s, dest.optional, cwd, e);
out:
	free(copy);
	return r;
}

/* What --mount says before it is made a rule. */
struct mount_words {
	const char *type, *size, *mode;
	struct part src, dst;
	int read_only;		/* -1: not said */
};

static bool is_true(const char *s)
{
	return !s || !strcmp(s, "true") || !strcmp(s, "1");
}

static bool is_bool(const char *s)
{
	return is_true(s) || !strcmp(s, "false") || !strcmp(s, "0");
}

static bool among(const char *s, const char *a, const char *b, const char *c)
{
	return !strcmp(s, a) || !strcmp(s, b) || (c && !strcmp(s, c));
}

/* key or key=value, at @o.  False: there is none such. */
static bool mount_word(struct mount_words *w, const struct part *o)
{
	char *key = o->s, *value = strchr(key, '=');
	struct part part = { .optional = o->optional };

	if (value)
		*value++ = '\0';
	part.s = value;
	if (among(key, "ro", "readonly", NULL) && is_bool(value))
		w->read_only = is_true(value);
	else if (!strcmp(key, "rw") && is_bool(value))
		w->read_only = !is_true(value);
	else if (!value)
		return false;
	else if (!strcmp(key, "type"))
		w->type = value;
	else if (among(key, "src", "source", NULL))
		w->src = part;
	else if (among(key, "dst", "destination", "target"))
		w->dst = part;
	else if (among(key, "size", "tmpfs-size", NULL))
		w->size = value;
	else if (among(key, "mode", "tmpfs-mode", NULL))
		w->mode = value;
	else
		return false;
	return true;
}

static const struct {
	const char *type;
	enum view_kind kind;
} mount_types[] = {
	{ "bind", VIEW_RW }, { "overlay", VIEW_OVERLAY },
	{ "tmpfs", VIEW_TMPFS }, { "proc", VIEW_PROC }, { "sysfs", VIEW_SYS },
	{ "dev", VIEW_DEV },
};

static int mount_rule(struct view_mount *m, const struct mount_words *w,
		      const char *option, const char *cwd, struct err *e)
{
	size_t k = 0;

	while (strcmp(w->type, mount_types[k].type) != 0)
		if (++k == sizeof(mount_types) / sizeof(mount_types[0]))
			return err_set(e, EXIT_SBX, "%s: type=%s: not bind, "
				       "overlay, tmpfs, proc, sysfs or dev",
				       option, w->type);
	start(m, mount_types[k].kind);
	if (!w->dst.s || *w->dst.s != '/')
		return err_set(e, EXIT_SBX, "%s: dst= with an absolute path "
			       "is missing", option);
	if ((w->size || w->mode) && m->kind != VIEW_TMPFS)
		return err_set(e, EXIT_SBX, "%s: size and mode are of a tmpfs",
			       option);
	if (m->kind == VIEW_RW || m->kind == VIEW_OVERLAY) {
		if (!w->src.s || !*w->src.s)
			return err_set(e, EXIT_SBX, "%s: src= is missing",
				       option);
		if (w->read_only == 1)
			m->kind = VIEW_RO;
		return set_bind(m, option, &w->src, w->dst.s, w->dst.optional,
				cwd, e);
	}
	if (w->src.s && m->kind != VIEW_TMPFS)
		return err_set(e, EXIT_SBX, "%s: type=%s has no src=", option,
			       w->type);
	if (w->read_only == 1 && m->kind != VIEW_TMPFS)
		return err_set(e, EXIT_SBX, "%s: type=%s cannot be made "
			       "read-only", option, w->type);
	m->read_only = w->read_only == 1;
	m->is_dir = true;
	m->guest = path_clean("/", w->dst.s);
	if (w->size && set_size(m, option, w->size, e) < 0)
		return -1;
	return w->mode ? set_mode(m, option, w->mode, e) : 0;
}

int view_parse_mount(struct view_mount *m, const char *option,
		     const char *arg, const char *cwd, struct err *e)
{
	char *copy = xstrdup(arg), *at = copy;
	struct mount_words w = { .type = "bind", .read_only = -1 };
	int r = 0;

	start(m, VIEW_RW);
	while (at && !r) {
		struct part o = take(&at, ',');

		if (!mount_word(&w, &o))
			r = err_set(e, EXIT_SBX, "%s: %s: there is no such "
				    "word", option, o.s);
	}
	if (!r)
		r = mount_rule(m, &w, option, cwd, e);
	free(copy);
	return r;
}
