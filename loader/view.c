/* SPDX-License-Identifier: Apache-2.0 */
/* view.c: the files a program sees: rules, and how they are merged. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

bool path_beneath(const char *path, const char *dir)
{
	if (!dir[1])
		return true;
	for (; *dir; dir++, path++)
		if (*path != *dir)
			return false;
	return *path == '/' || !*path;
}

static bool is_host(const struct view_mount *m)
{
	return m->kind <= VIEW_RO;
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

	if (!(p->n_mounts & (p->n_mounts - 1)))
		p->mounts = xrealloc(p->mounts, (p->n_mounts ? 2 * p->n_mounts :
						 1) * sizeof(*n));
	n = &p->mounts[p->n_mounts++];
	*n = *m;
	n->guest = xstrdup(m->guest);
	n->host = m->host ? xstrdup(m->host) : NULL;
	n->target = m->target ? xstrdup(m->target) : NULL;
}

/* Does @a win over @b at the same path? */
static bool stronger(const struct view_mount *a, const struct view_mount *b)
{
	if (a->asked != b->asked)
		return a->asked;
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

static bool same_source(const struct view_mount *a, const struct view_mount *b)
{
	if (a->kind != b->kind)
		return false;
	if (is_host(a))
		return !strcmp(a->host, b->host);
	return a->size == b->size;
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
		if (m->asked && is_host(m) && is_host(last) &&
		    !same_source(m, last) && strcmp(m->host, last->host) != 0)
			err_set(e, EXIT_SBX, "%s: both %s and %s are to be "
				"seen here", m->guest, last->host, m->host);
		view_mount_free(m);
	}
	p->n_mounts = out;
	return e->status ? -1 : 0;
}

/* Does the rule @m only repeat what the one above it gives? */
static bool redundant(const struct policy *p, const struct view_mount *m)
{
	const struct view_mount *up = view_parent(p, m, NULL);
	char *host;
	bool same;

	if (m->kind == VIEW_HIDE)
		return !up || up->kind == VIEW_HIDE ||
			(up->kind == VIEW_TMPFS);
	if (!is_host(m) || !up || up->kind != m->kind)
		return false;
	host = host_of(up, m->guest);
	same = host && !strcmp(host, m->host);
	free(host);
	return same;
}

/* A place in a host directory can carry a mount only if it is there. */
static int check_place(const struct policy *p, struct view_mount *m,
		       struct err *e)
{
	struct view_mount *up = find(p, m->guest, true);
	struct stat st;
	char *host;
	int r = 0;

	if (!up || m->kind == VIEW_HIDE)
		return 0;
	if (up->kind == VIEW_HIDE) {
		/* Hidden, but for the way to what is not. */
		up->kind = VIEW_TMPFS;
		up->read_only = true;
		up->mode = 0755;
		up->is_dir = true;
		return 0;
	}
	if (!is_host(up))
		return up->kind == VIEW_TMPFS ||
			!strcmp(m->guest, "/dev/shm") ? 0 :
			err_set(e, EXIT_SBX, "%s: nothing can be placed "
				"here", m->guest);
	host = host_of(up, m->guest);
	if (!host || stat(host, &st) < 0)
		r = err_set(e, EXIT_SBX, "%s: no place for it: %s", m->guest,
			    strerror(host ? errno : ENOTDIR));
	else if (S_ISDIR(st.st_mode) != m->is_dir)
		r = err_set(e, EXIT_SBX, "%s: no place for it: %s", m->guest,
			    strerror(m->is_dir ? ENOTDIR : EISDIR));
	free(host);
	return r;
}

int view_finish(struct policy *p, struct err *e)
{
	/* What the user named by way of /bin lies in /usr/bin. */
	for (size_t i = 0; i < p->n_mounts; i++) {
		struct view_mount *m = &p->mounts[i];

		if (m->kind != VIEW_SYMLINK)
			m->guest = follow(p, m->guest);
	}
	qsort(p->mounts, p->n_mounts, sizeof(*p->mounts), by_path);
	if (merge_same(p, e) < 0)
		return -1;
	for (size_t i = 0; i < p->n_mounts; i++)
		if (check_place(p, &p->mounts[i], e) < 0)
			return -1;
	for (size_t i = 0; i < p->n_mounts; i++) {
		struct view_mount m = p->mounts[i];

		/* Only what stays above it is asked: the list is sorted. */
		if (redundant(p, &m)) {
			view_mount_free(&m);
			memmove(&p->mounts[i], &p->mounts[i + 1],
				(p->n_mounts - i - 1) * sizeof(m));
			p->n_mounts--;
			i--;
		}
	}
	return 0;
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
