/* SPDX-License-Identifier: Apache-2.0 */
/* view.c: the files a program sees: rules, and how they are merged. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader/policy.h"

char *path_clean(const char *base, const char *path)
{
	char *in = path[0] == '/' ? xstrdup(path) :
		xconcat(base, "/", path);
	char *out = xmalloc(strlen(in) + 2);
	size_t n = 0;

	for (char *p = in; *p; ) {
		size_t len = strcspn(p, "/");

		if (len == 2 && p[0] == '.' && p[1] == '.') {
			while (n && out[--n] != '/')
				;
		} else if (len && !(len == 1 && p[0] == '.')) {
			out[n++] = '/';
			memcpy(out + n, p, len);
			n += len;
		}
		p += len;
		p += *p == '/';
	}
	if (!n)
		out[n++] = '/';
	out[n] = '\0';
	free(in);
	return out;
}

char *origin_text(struct origin from)
{
	if (!from.file)
		return xstrdup("sbx");
	if (!from.line)
		return xstrdup(from.file);
	return xasprintf("%s:%u", from.file, from.line);
}

bool path_beneath(const char *path, const char *dir)
{
	/* Most differ at once. */
	if (!dir[1])
		return true;
	if (path[1] != dir[1])
		return false;
	for (; *dir; dir++, path++)
		if (*path != *dir)
			return false;
	return *path == '/' || !*path;
}

static bool is_host(const struct view_mount *m)
{
	return m->kind <= VIEW_RO;
}

static bool is_hidden(const struct view_mount *m)
{
	return m->kind == VIEW_HIDE || m->kind == VIEW_DENY;
}

void view_mount_free(struct view_mount *m)
{
	free(m->guest);
	free(m->host);
	free(m->target);
}

void view_add(struct policy *p, const struct view_mount *m)
{
	struct view_mount *n;

	/* Room for the default view at once. */
	if (!p->n_mounts || (p->n_mounts >= MOUNTS_MIN &&
			     !(p->n_mounts & (p->n_mounts - 1))))
		p->mounts = xrealloc(p->mounts, (p->n_mounts ? 2 * p->n_mounts :
						 MOUNTS_MIN) * sizeof(*n));
	n = &p->mounts[p->n_mounts++];
	*n = *m;
	n->guest = xstrdup(m->guest);
	n->host = m->host ? xstrdup(m->host) : NULL;
	n->target = m->target ? xstrdup(m->target) : NULL;
}

/* Does @a win over @b at the same path? */
static bool stronger(const struct view_mount *a, const struct view_mount *b)
{
	if (a->rank != b->rank)
		return a->rank > b->rank;
	return a->kind > b->kind;
}

/* The rule for @path; only those for a directory above it with @above. */
static struct view_mount *find(const struct policy *p, const char *path,
			       bool above)
{
	struct view_mount *best = NULL;
	size_t best_len = 0, len;

	for (size_t i = 0; i < p->n_mounts; i++) {
		struct view_mount *m = &p->mounts[i];

		/* No path that is freed is ever a mount's: a false alarm. */
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		if (!path_beneath(path, m->guest) ||
		    (above && !strcmp(path, m->guest)))
			continue;
		len = strlen(m->guest);
		if (!best || len > best_len ||
		    (len == best_len && stronger(m, best))) {
			best = m;
			best_len = len;
		}
	}
	return best;
}

const struct view_mount *view_lookup(const struct policy *p, const char *path)
{
	return find(p, path, false);
}

const struct view_mount *view_parent(const struct policy *p,
				     const struct view_mount *m,
				     const char **rel)
{
	const struct view_mount *up = find(p, m->guest, true);

	if (up && rel) {
		*rel = m->guest + strlen(up->guest);
		*rel += **rel == '/';
	}
	return up;
}

static char *join(const char *dir, const char *rel)
{
	if (!*rel)
		return xstrdup(dir);
	return xconcat(dir[1] ? dir : "", "/", rel);
}

/* Where @path lies if it belongs to the host mount @m. */
static char *host_of(const struct view_mount *m, const char *path)
{
	const char *rel = path + strlen(m->guest);

	if (*rel && !m->is_dir)
		return NULL;
	return join(m->host, rel + (*rel == '/'));
}

/* Take the view's own symbolic links at the front of @path; frees @path. */
static char *follow(const struct policy *p, char *path)
{
	for (int hops = 0; hops < 8; hops++) {
		const struct view_mount *m = view_lookup(p, path);
		char *dir, *to, *next;

		if (!m || m->kind != VIEW_SYMLINK)
			break;
		dir = xstrndup(m->guest,
			       (size_t)(strrchr(m->guest, '/') - m->guest));
		to = path_clean(*dir ? dir : "/", m->target);
		next = xconcat(to[1] ? to : "", path + strlen(m->guest), "");
		free(dir);
		free(to);
		free(path);
		path = next;
	}
	return path;
}

char *view_host_path(const struct policy *p, const char *path)
{
	char *real = follow(p, xstrdup(path));
	const struct view_mount *m = view_lookup(p, real);
	char *host = m && is_host(m) ? host_of(m, real) : NULL;

	free(real);
	return host;
}

/* The text of the link at @path of the guest, malloc'd, or NULL. */
static char *link_text(const struct policy *p, const char *path)
{
	const struct view_mount *m = view_lookup(p, path);
	char text[PATH_MAX];
	char *host;
	ssize_t n;

	if (m && m->kind == VIEW_SYMLINK && !strcmp(m->guest, path))
		return xstrdup(m->target);
	host = m && is_host(m) ? host_of(m, path) : NULL;
	n = host ? readlink(host, text, sizeof(text)) : -1;
	free(host);
	return n < 0 || n == sizeof(text) ? NULL : xstrndup(text, (size_t)n);
}

char *view_resolve(const struct policy *p, const char *path)
{
	char *done = xstrdup("/"), *rest = xstrdup(path);
	int hops = 0;

	while (*rest) {
		size_t skip = strspn(rest, "/"), n = strcspn(rest + skip, "/");
		char *name = xstrndup(rest + skip, n);
		char *tail = xstrdup(rest + skip + n);
		char *at = path_clean(done, name);
		char *text = n && hops < 40 ? link_text(p, at) : NULL;

		free(rest);
		rest = tail;
		if (text) {
			hops++;
			rest = xconcat(text, "/", tail);
			free(tail);
			free(at);
			at = xstrdup(*text == '/' ? "/" : done);
		}
		free(name);
		free(text);
		free(done);
		done = at;
	}
	free(rest);
	return done;
}

char *view_find(const struct policy *p, const char *path)
{
	char *real, *host;

	if (!p->foreign_root)
		return view_host_path(p, path);
	real = view_resolve(p, path);
	host = view_host_path(p, real);
	free(real);
	return host;
}

static int by_path(const void *a, const void *b)
{
	const struct view_mount *x = a, *y = b;

	/* '/' sorts first, so that /a/b comes before /a-b. */
	for (const char *s = x->guest, *t = y->guest; ; s++, t++) {
		int c = *s == '/' ? 1 : (unsigned char)*s + !!*s;
		int d = *t == '/' ? 1 : (unsigned char)*t + !!*t;

		if (c != d)
			return c - d;
		if (!c)
			break;
	}
	/* The winner first. */
	return stronger(x, y) ? -1 : stronger(y, x);
}

/* Two rules for one path that cannot both be meant. */
static bool contradict(const struct view_mount *a, const struct view_mount *b)
{
	if (a->rank != b->rank)
		return false;
	if (is_host(a) && is_host(b))
		return strcmp(a->host, b->host) != 0;
	return a->kind == VIEW_TMPFS && b->kind == VIEW_TMPFS &&
		(a->size != b->size || a->mode != b->mode);
}

/* Of several rules for one path, keep the first.  The list is sorted. */
static int merge_same(struct policy *p, struct err *e)
{
	size_t out = 0;

	for (size_t i = 0; i < p->n_mounts; i++) {
		struct view_mount *m = &p->mounts[i];
		struct view_mount *last = out ? &p->mounts[out - 1] : NULL;

		if (!last || strcmp(last->guest, m->guest) != 0) {
			p->mounts[out++] = *m;
			continue;
		}
		if (contradict(m, last))
			err_set(e, EXIT_SBX, "%s: both %s (%s) and %s (%s) are "
				"to be seen here", m->guest,
				last->host ? last->host : "one tmpfs",
				origin_text(last->from), m->host ? m->host : "another",
				origin_text(m->from));
		view_mount_free(m);
	}
	p->n_mounts = out;
	return e->status ? -1 : 0;
}

/* Does the host directory in which @m lies have the same link there? */
static bool same_link(const struct view_mount *up, const struct view_mount *m)
{
	char *host = host_of(up, m->guest);
	char text[PATH_MAX];
	ssize_t n = host ? readlink(host, text, sizeof(text) - 1) : -1;

	free(host);
	if (n < 0)
		return false;
	text[n] = '\0';
	return !strcmp(text, m->target);
}

/* Does the rule @m only repeat what @up, the one above it, gives? */
static bool redundant(const struct view_mount *up, const struct view_mount *m)
{
	char *host;
	bool same;

	if (is_hidden(m) && up && is_hidden(up))
		return up->kind == m->kind;
	if (m->kind == VIEW_HIDE)
		return !up || up->kind == VIEW_TMPFS;
	if (m->kind == VIEW_SYMLINK)
		return up && is_host(up);
	if (!is_host(m) || !up || !is_host(up))
		return false;
	/* Named by way of a link, it is what the rule above says it is. */
	if (up->kind != m->kind && !(m->by_link && up->rank >= m->rank))
		return false;
	host = host_of(up, m->guest);
	same = host && !strcmp(host, m->host);
	free(host);
	return same;
}

/*
 * A place that is denied is there, as what it is on the host; what is not
 * there, yet, is kept from being made.
 */
static void check_deny(struct view_mount *up, struct view_mount *m)
{
	char *host = up && is_host(up) ? host_of(up, m->guest) : NULL;
	struct stat st;

	m->is_dir = true;
	if (!host)
		return;
	if (lstat(host, &st) < 0 || S_ISLNK(st.st_mode))
		m->kind = VIEW_HIDE;
	else
		m->is_dir = S_ISDIR(st.st_mode);
	free(host);
}

/* In @up, which is hidden or denied, something is to be seen. */
static void make_way(struct view_mount *up)
{
	up->is_dir = true;
	up->read_only = true;
	up->mode = 0755;
	if (up->kind == VIEW_DENY)
		up->mode = 0111;
	else
		up->kind = VIEW_TMPFS;
}

static int no_place(const struct view_mount *m, int err, struct err *e)
{
	return err_set(e, EXIT_SBX, "%s: %s: no place for it: %s",
		       origin_text(m->from), m->guest, strerror(err));
}

/* A place in a host directory can carry a mount if it can be there. */
static int check_host_place(struct view_mount *up, const struct view_mount *m,
			    struct err *e)
{
	char *host = host_of(up, m->guest);
	struct stat st;
	int err = 0;

	if (m->kind == VIEW_SYMLINK)
		err = same_link(up, m) ? 0 : EEXIST;
	else if (!host)
		err = ENOTDIR;
	else if (stat(host, &st) == 0)
		err = S_ISDIR(st.st_mode) == m->is_dir ? 0 :
			m->is_dir ? ENOTDIR : EISDIR;
	else if (errno != ENOENT || up->kind == VIEW_RW)
		err = errno;	/* else it is made, in memory */
	free(host);
	return err ? no_place(m, err, e) : 0;
}

/* @up: the rule above @m, or NULL. */
static int check_place(struct view_mount *up, struct view_mount *m,
		       struct err *e)
{
	if (m->kind == VIEW_DENY)
		check_deny(up, m);
	if (!up || is_hidden(m))
		return 0;
	if (is_hidden(up)) {
		make_way(up);
		return 0;
	}
	if (is_host(up))
		return check_host_place(up, m, e);
	if (up->kind == VIEW_TMPFS || !strcmp(m->guest, "/dev/shm"))
		return 0;
	return err_set(e, EXIT_SBX, "%s: %s: nothing can be placed here",
		       origin_text(m->from), m->guest);
}

/* Is there a link of the view's own at the front of @path? */
static bool by_way_of_link(const struct policy *p, const char *path)
{
	for (size_t i = 0; i < p->n_mounts; i++)
		if (p->mounts[i].kind == VIEW_SYMLINK &&
		    path_beneath(path, p->mounts[i].guest))
			return true;
	return false;
}

/*
 * Check each rule against the one above it; drop those that say nothing new.
 * The list is sorted, so that those above are the last ones that hold it.
 */
static int check_all(struct policy *p, struct err *e)
{
	size_t *up = xmalloc((p->n_mounts + 1) * sizeof(*up));
	size_t out = 0;
	int r = 0;

	for (size_t i = 0; i < p->n_mounts && !r; i++) {
		struct view_mount m = p->mounts[i];
		struct view_mount *above = NULL;
		/* 1 + the place of the one above that of the last one... */
		size_t k = out;

		while (k && !path_beneath(m.guest, p->mounts[k - 1].guest))
			k = up[k - 1];
		if (k)
			above = &p->mounts[k - 1];
		r = check_place(above, &m, e);
		if (!r && redundant(above, &m)) {
			view_mount_free(&m);
			continue;
		}
		up[out] = k;
		p->mounts[out++] = m;
	}
	if (!r)
		p->n_mounts = out;
	free(up);
	return r;
}

int view_finish(struct policy *p, struct err *e)
{
	/* What the user named by way of /bin lies in /usr/bin. */
	for (size_t i = 0; i < p->n_mounts; i++) {
		struct view_mount *m = &p->mounts[i];

		if (m->kind != VIEW_SYMLINK && by_way_of_link(p, m->guest))
			m->guest = follow(p, m->guest);
	}
	qsort(p->mounts, p->n_mounts, sizeof(*p->mounts), by_path);
	if (merge_same(p, e) < 0)
		return -1;
	if (p->n_mounts && !p->mounts[0].guest[1] && is_hidden(&p->mounts[0]))
		return err_set(e, EXIT_SBX, "%s: the root cannot be hidden",
			       origin_text(p->mounts[0].from));
	return check_all(p, e);
}

void policy_free(struct policy *p)
{
	for (size_t i = 0; i < p->n_mounts; i++)
		view_mount_free(&p->mounts[i]);
	free(p->mounts);
	for (char **v = p->env; v && *v; v++)
		free(*v);
	free(p->env);
	free(p->program);
	free(p->cwd);
	free(p->trace_file);
	memset(p, 0, sizeof(*p));
}
