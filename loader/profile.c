/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile.c: files of settings; sbx-profile(5).
 *
 * A line is a row of options.h: its name and its argument.  Everything that
 * is not understood is an error, with file, line and column: a profile that
 * says less than its author thinks is worse than none.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader/settings.h"
#include "profile-text.h"

#define VERSION_LINE	"sbx-profile"
#define FORMAT		"1"
#define SHIPPED_DIR	SBX_DATADIR "/sbx/profiles"
#define INCLUDES_MAX	16
#define SIZE_MAX_BYTES	(1L << 20)

/* One profile that is being read. */
struct source {
	struct settings *s;
	const char *title;	/* as messages call it; kept for ever */
	const char *dir;	/* where paths of includes start */
	int rank;
	bool shipped;		/* with sbx */
	uint64_t resets;	/* rows that what it includes has in vain */
	unsigned int line;
	const char *start;	/* of the line */
	const char *at, *end;	/* what is left of it */
};

static int bad(const struct source *f, const char *at, struct err *e,
	       const char *why, const char *what, size_t n)
{
	return err_set(e, EXIT_SBX, "%s:%u:%u: %s%s%.*s", f->title, f->line,
		       (unsigned int)(at - f->start) + 1, why,
		       n ? ": " : "", (int)(n < 200 ? n : 200), what);
}

/* Text that grows. */
struct text {
	char *s;
	size_t n, size;
};

static void put(struct text *t, const char *s, size_t n)
{
	if (t->n + n + 1 > t->size) {
		t->size = 2 * (t->n + n) + 64;
		t->s = xrealloc(t->s, t->size);
	}
	memcpy(t->s + t->n, s, n);
	t->n += n;
	t->s[t->n] = '\0';
}

/* A variable's value goes into a path as it is, whatever is in it. */
static void put_value(struct text *t, const char *value, bool is_path)
{
	for (; *value; value++) {
		if (is_path && strchr("\\:?,", *value))
			put(t, "\\", 1);
		put(t, value, 1);
	}
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static void skip_space(struct source *f)
{
	while (f->at < f->end && is_space(*f->at))
		f->at++;
}

/* The variable @name of @n bytes.  NULL: there is none such, or no value. */
static const char *variable(const struct source *f, const char *name,
			    size_t n, bool *known)
{
	static char id[2][16];

	*known = true;
	if (n == 4 && !memcmp(name, "HOME", 4))
		return f->s->home;
	if (n == 3 && !memcmp(name, "PWD", 3))
		return *f->s->cwd ? f->s->cwd : NULL;
	if (n == 3 && !memcmp(name, "UID", 3)) {
		snprintf(id[0], sizeof(id[0]), "%u", getuid());
		return id[0];
	}
	if (n == 3 && !memcmp(name, "GID", 3)) {
		snprintf(id[1], sizeof(id[1]), "%u", getgid());
		return id[1];
	}
	*known = false;
	return NULL;
}

/*
 * Where an argument is put together.  A variable without value makes *unset
 * point at it.
 */
struct word {
	struct text text;
	bool is_path;
	const char *unset;
	size_t unset_n;
};

static int put_variable(struct source *f, struct word *w, struct err *e)
{
	const char *name = f->at + 2, *close = name;
	const char *value;
	bool known;

	if (f->at + 1 < f->end && f->at[1] == '$') {
		put(&w->text, "$", 1);
		f->at += 2;
		return 0;
	}
	while (close < f->end && *close != '}')
		close++;
	if (f->at + 1 >= f->end || f->at[1] != '{' || close == f->end)
		return bad(f, f->at, e, "a dollar sign is written $$, a "
			   "variable ${NAME}", "", 0);
	value = variable(f, name, (size_t)(close - name), &known);
	if (!known)
		return bad(f, f->at, e, "there are HOME, PWD, UID and GID, "
			   "and no", name, (size_t)(close - name));
	if (value) {
		put_value(&w->text, value, w->is_path);
	} else {
		w->unset = name;
		w->unset_n = (size_t)(close - name);
	}
	f->at = close + 1;
	return 0;
}

/* A tilde at the start of a path. */
static void put_home(struct source *f, struct word *w)
{
	if (f->at == f->end || *f->at != '~' || !w->is_path ||
	    (f->at + 1 < f->end && !strchr("/?: \t", f->at[1])))
		return;
	if (f->s->home) {
		put_value(&w->text, f->s->home, true);
	} else {
		w->unset = "HOME";
		w->unset_n = 4;
	}
	f->at++;
}

static int quoted(struct source *f, struct word *w, struct err *e)
{
	const char *open = f->at++;

	put_home(f, w);
	while (f->at < f->end && *f->at != '"') {
		if (*f->at == '$') {
			if (put_variable(f, w, e) < 0)
				return -1;
			continue;
		}
		if (*f->at == '\\') {
			if (f->at + 1 == f->end ||
			    !strchr("\"\\", f->at[1]))
				return bad(f, f->at, e, "only \\\" and \\\\ "
					   "are known here", "", 0);
			f->at++;
		}
		put(&w->text, f->at++, 1);
	}
	if (f->at == f->end)
		return bad(f, open, e, "the quote is not closed", "", 0);
	f->at++;
	return 0;
}

static int plain(struct source *f, struct word *w, struct err *e)
{
	put_home(f, w);
	while (f->at < f->end && !is_space(*f->at)) {
		if (*f->at == '"')
			return bad(f, f->at, e, "quotes go around the whole "
				   "argument", "", 0);
		if (*f->at == '$') {
			if (put_variable(f, w, e) < 0)
				return -1;
			continue;
		}
		put(&w->text, f->at++, 1);
	}
	return 0;
}

/* The argument of a line.  1: there is one, 0: none, -1 with *e. */
static int argument(struct source *f, struct word *w, struct err *e)
{
	int r;

	skip_space(f);
	if (f->at == f->end || *f->at == '#')
		return 0;
	put(&w->text, "", 0);
	r = *f->at == '"' ? quoted(f, w, e) : plain(f, w, e);
	if (r < 0)
		return -1;
	skip_space(f);
	if (f->at < f->end && *f->at != '#')
		return bad(f, f->at, e, "one argument is taken; spaces go "
			   "between quotes", "", 0);
	return 1;
}

static bool ends_optional(const struct text *t)
{
	return t->n && t->s[t->n - 1] == '?' &&
		(t->n == 1 || t->s[t->n - 2] != '\\');
}

static int unset(const struct source *f, const char *at, const struct word *w,
		 struct err *e)
{
	if (w->is_path && ends_optional(&w->text))
		return 0;
	return bad(f, at, e, "this variable has no value", w->unset,
		   w->unset_n);
}

static int include(struct source *f, const char *at, const char *name,
		   struct err *e);

static uint64_t row_bit(const struct option_row *row)
{
	return 1ULL << (row - option_rows);
}

/* The directive that "reset" at @at names, with @*n bytes; or NULL. */
static const struct option_row *reset_row(const char *at, const char *end,
					  size_t *n)
{
	const struct option_row *row;

	for (*n = 0; at + *n < end && !is_space(at[*n]) && at[*n] != '#';)
		++*n;
	row = option_find(at, *n);
	return row && row->where == BOTH ? row : NULL;
}

/* Known before anything is included, for the order of lines does not matter. */
static void find_resets(struct source *f, const char *text, size_t n)
{
	static const char word[] = "reset";
	const char *stop = text + n, *end;

	for (const char *at = text; at < stop; at = end + 1) {
		const struct option_row *row;
		size_t len;

		end = memchr(at, '\n', (size_t)(stop - at));
		if (!end)
			end = stop;
		while (at < end && is_space(*at))
			at++;
		if ((size_t)(end - at) < sizeof(word) ||
		    memcmp(at, word, sizeof(word) - 1) != 0)
			continue;
		at += sizeof(word) - 1;
		if (!is_space(*at))
			continue;
		while (at < end && is_space(*at))
			at++;
		row = reset_row(at, end, &len);
		if (row)
			f->resets |= row_bit(row);
	}
}

static int check_reset(struct source *f, const char *at, struct err *e)
{
	size_t n;

	if (reset_row(at, f->end, &n))
		return 0;
	return bad(f, at, e, "there is no such directive", at, n);
}

/* What a row of the table says to @w, which comes from place @at. */
static int take_row(struct source *f, const struct option_row *row,
		    const char *at, const struct word *w, struct err *e)
{
	struct settings *s = f->s;
	struct err inner = { 0 };
	struct origin from = s->from;
	int rank = s->rank, r;

	if (s->dropped & row_bit(row))
		return 0;
	s->shipped = f->shipped;
	s->name = row->name;
	s->from = (struct origin){ f->title, f->line };
	s->rank = f->rank;
	r = row->take(s, w->text.s, &inner);
	s->from = from;
	s->rank = rank;
	s->shipped = false;
	return r < 0 ? bad(f, at, e, inner.text, "", 0) : 0;
}

static int directive(struct source *f, struct err *e)
{
	const char *name = f->at, *arg;
	const struct option_row *row;
	struct word w = { 0 };
	bool is_include, is_text, is_reset;
	size_t n;
	int r;

	while (f->at < f->end && !is_space(*f->at) && *f->at != '#')
		f->at++;
	n = (size_t)(f->at - name);
	is_include = n == 7 && !memcmp(name, "include", n);
	is_text = n == 11 && !memcmp(name, "description", n);
	is_reset = n == 5 && !memcmp(name, "reset", n);
	row = is_include || is_text || is_reset ? NULL : option_find(name, n);
	if (!is_include && !is_text && !is_reset && (!row || row->where != BOTH))
		return bad(f, name, e, row ? "only the command line has this" :
			   n > 2 && name[0] == '-' ? "directives have no "
			   "dashes" : "there is no such directive", name, n);
	w.is_path = is_include || (row && row->arg &&
				   !strncmp(row->arg, "PATH", 4));
	skip_space(f);
	arg = f->at;
	r = argument(f, &w, e);
	if (r < 0)
		goto out;
	if (r && row && !row->arg)
		r = bad(f, arg, e, "it takes no argument", name, n);
	else if (!r && (!row || (row->arg && *row->arg != '[')))
		r = bad(f, name, e, "an argument is missing", name, n);
	else if (w.unset)
		r = unset(f, arg, &w, e);
	else if (is_reset)
		r = check_reset(f, arg, e);
	else if (is_include)
		r = include(f, arg, w.text.s, e);
	else
		r = row ? take_row(f, row, arg, &w, e) : 0;
out:
	free(w.text.s);
	return r < 0 ? -1 : 0;
}

/* The first line that says anything. */
static int version(const struct source *f, struct err *e)
{
	static const char want[] = VERSION_LINE " " FORMAT;
	const char *end = f->end;
	size_t n;

	while (end > f->at && is_space(end[-1]))
		end--;
	n = (size_t)(end - f->at);
	if (n == sizeof(want) - 1 && !memcmp(f->at, want, n))
		return 0;
	if (n > sizeof(VERSION_LINE) &&
	    !memcmp(f->at, VERSION_LINE " ", sizeof(VERSION_LINE)))
		return bad(f, f->at, e, "this sbx knows version " FORMAT
			   " alone", "", 0);
	return bad(f, f->at, e, "the first line is to be '" VERSION_LINE " "
		   FORMAT "'", "", 0);
}

int profile_parse(struct settings *s, const char *title, const char *dir,
		  const char *text, size_t n, int rank, struct err *e)
{
	struct source f = {
		.s = s, .title = title, .dir = dir, .rank = rank,
		.shipped = !*dir || !strcmp(dir, SHIPPED_DIR),
		.start = text, .at = text,
	};
	const char *stop = text + n, *zero = memchr(text, '\0', n);
	bool first = true;

	find_resets(&f, text, n);
	for (; f.start < stop; f.start = f.end + 1) {
		f.line++;
		f.end = memchr(f.start, '\n', (size_t)(stop - f.start));
		if (!f.end)
			f.end = stop;
		f.at = f.start;
		if (zero && zero < f.end)
			return bad(&f, zero, e, "a byte of zero", "", 0);
		skip_space(&f);
		if (f.at == f.end || *f.at == '#')
			continue;
		if (first ? version(&f, e) : directive(&f, e))
			return -1;
		first = false;
	}
	if (!first)
		return 0;
	f.line = 1;
	f.start = f.at = f.end = text;
	return version(&f, e);
}

/* The whole of a file, *n bytes; NULL with errno. */
static char *read_file(const char *path, size_t *n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct text t = { 0 };
	struct stat st;
	char buf[4096];
	ssize_t got;

	if (fd < 0)
		return NULL;
	if (!fstat(fd, &st) && S_ISDIR(st.st_mode)) {
		close(fd);
		errno = EISDIR;
		return NULL;
	}
	put(&t, "", 0);
	while ((got = read(fd, buf, sizeof(buf))) > 0) {
		put(&t, buf, (size_t)got);
		if (t.n > SIZE_MAX_BYTES) {
			errno = EFBIG;
			got = -1;
			break;
		}
	}
	if (got < 0) {
		int saved = errno;

		free(t.s);
		close(fd);
		errno = saved;
		return NULL;
	}
	close(fd);
	*n = t.n;
	return t.s;
}

char *const *profile_dirs(const struct settings *s)
{
	static char *dirs[4];
	const char *config = getenv("XDG_CONFIG_HOME");
	size_t n = 0;

	if (dirs[0])
		return dirs;
	if (config && *config == '/')
		dirs[n++] = xconcat(config, "/sbx/profiles", "");
	else if (s->home)
		dirs[n++] = xconcat(s->home, "/.config/sbx/profiles", "");
	dirs[n++] = xstrdup(SBX_CONFDIR "/sbx/profiles");
	dirs[n++] = xstrdup(SHIPPED_DIR);
	return dirs;
}

static bool is_name(const char *s)
{
	if (!*s || *s == '.')
		return false;
	for (; *s; s++)
		if (!(*s >= 'a' && *s <= 'z') && !(*s >= 'A' && *s <= 'Z') &&
		    !(*s >= '0' && *s <= '9') && !strchr("._+-", *s))
			return false;
	return true;
}

/* The file at @path.  1: it is not there, 0, or -1 with *e. */
static int read_path(struct settings *s, const char *path, int rank,
		     struct err *e)
{
	size_t n = 0;
	char *text = read_file(path, &n), *dir;
	int r;

	if (!text && errno == ENOENT)
		return 1;
	if (!text)
		return err_set(e, EXIT_SBX, "profile %s: %s", path,
			       strerror(errno));
	dir = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	r = profile_parse(s, xstrdup(path), dir, text, n, rank, e);
	free(dir);
	free(text);
	return r;
}

static int read_name(struct settings *s, const char *name, int rank,
		     struct err *e)
{
	for (char *const *d = profile_dirs(s); *d; d++) {
		char *path;
		int r;

		/* As under su(1), that keeps HOME: it is another's place. */
		if (access(*d, X_OK))
			continue;
		path = xconcat(*d, "/", name);
		r = read_path(s, path, rank, e);
		free(path);
		if (r <= 0)
			return r;
	}
	for (size_t i = 0; i < sizeof(built_in) / sizeof(built_in[0]); i++)
		if (!strcmp(built_in[i].name, name))
			return profile_parse(s, built_in[i].name, "",
					     built_in[i].text,
					     strlen(built_in[i].text), rank, e);
	return 1;
}

int profile_read(struct settings *s, const char *name, int rank,
		 struct err *e)
{
	char *path;
	int r;

	if (!strchr(name, '/')) {
		r = is_name(name) ? read_name(s, name, rank, e) : 1;
	} else {
		path = *name == '/' || !*s->cwd ? xstrdup(name) :
			path_clean(s->cwd, name);
		r = read_path(s, path, rank, e);
		free(path);
	}
	if (r == 1 && strchr(name, '/'))
		return err_set(e, EXIT_SBX, "profile %s: %s", name,
			       strerror(ENOENT));
	if (r == 1)
		return err_set(e, EXIT_SBX, "profile %s: there is none such "
			       "(a path has a slash)", name);
	return r;
}

/* Paths start where the including file is. */
static int include(struct source *f, const char *at, const char *name,
		   struct err *e)
{
	const uint64_t dropped = f->s->dropped;
	struct text t = { 0 };
	bool optional;
	char *path;
	int r;

	if (f->rank <= RANK_PROFILE - 2 * INCLUDES_MAX)
		return bad(f, at, e, "too many files include each other",
			   name, strlen(name));
	put(&t, name, strlen(name));
	optional = ends_optional(&t);
	if (optional)
		t.s[--t.n] = '\0';
	f->s->dropped |= f->resets;
	if (strchr(t.s, '/')) {
		path = path_clean(f->dir, t.s);
		r = read_path(f->s, path, f->rank - 2, e);
		free(path);
	} else {
		r = is_name(t.s) ? read_name(f->s, t.s, f->rank - 2, e) : 1;
	}
	f->s->dropped = dropped;
	if (r == 1)
		r = optional ? 0 : bad(f, at, e, "there is no such profile",
				       t.s, t.n);
	free(t.s);
	return r;
}

int profiles_read(struct settings *s, struct err *e)
{
	if (s->no_profile && s->profiles)
		return err_set(e, EXIT_SBX, "--no-profile: and --profile %s",
			       s->profiles[0]);
	if (s->no_profile)
		return 0;
	/* What holds where nothing is asked is weaker than all that is. */
	if (!s->profiles)
		return profile_read(s, s->has_root ? "image" : "default",
				    RANK_PROFILE - 2, e);
	for (char **name = s->profiles; *name; name++)
		if (profile_read(s, *name, RANK_PROFILE, e) < 0)
			return -1;
	return 0;
}
