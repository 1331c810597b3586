/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view-make.c: rules that depend on where somebody stands, on what else can be
 * seen, and on what is found there: the working directory, the program's own,
 * and what is hidden.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader/policy.h"

/* Directories that all write to. */
static const char *const shared_dirs[] = {
	"/tmp", "/var/tmp", "/dev/shm", "/run",
};

/* Host directory or file @path where it is; nothing if it is not there. */
static bool add_host(struct policy *p, const char *path,
		     const struct view_mount *rule)
{
	char real[PATH_MAX];
	char *guest = xstrdup(path);
	struct view_mount m = {
		.kind = rule->kind, .guest = guest, .host = real,
		.rank = rule->rank, .from = rule->from,
	};
	struct stat st;
	bool found = realpath(path, real) && stat(real, &st) == 0 &&
		(S_ISDIR(st.st_mode) || S_ISREG(st.st_mode));

	if (found) {
		m.is_dir = S_ISDIR(st.st_mode);
		view_add(p, &m);
	}
	free(guest);
	return found;
}

static bool emulated(const char *dir)
{
	return path_beneath(dir, "/proc") || path_beneath(dir, "/sys") ||
		path_beneath(dir, "/dev");
}

/* Is @dir the directory that holds the home, and others perhaps? */
static bool holds_home(const struct view_base *b, const char *dir)
{
	size_t n = strlen(dir);

	return b->home && path_beneath(b->home, dir) && b->home[n] &&
		!strchr(b->home + n + 1, '/');
}

/*
 * Directories that are never bared just because somebody stands in them:
 * the root, and what holds the homes.
 */
static bool too_broad(const struct view_base *b, const char *dir)
{
	static const char *const broad[] = {
		"/", "/home", "/proc", "/sys", "/dev", "/run",
	};

	for (size_t i = 0; i < sizeof(broad) / sizeof(broad[0]); i++)
		if (!strcmp(dir, broad[i]))
			return true;
	return emulated(dir) || holds_home(b, dir);
}

int view_cwd(struct policy *p, const struct view_base *b,
	     const struct view_mount *rule, struct err *e)
{
	if (!b->cwd)
		return 0;
	if (!too_broad(b, b->cwd)) {
		if (add_host(p, b->cwd, rule))
			return 0;
		return err_set(e, EXIT_SBX, "%s: %s: %s",
			       origin_text(rule->from), b->cwd,
			       strerror(errno));
	}
	if (rule->kind == VIEW_RW)
		return err_set(e, EXIT_SBX, "%s: %s: too much to be made "
			       "writable by standing in it (--rw would)",
			       origin_text(rule->from), b->cwd);
	/* There, to be stood in, but empty. */
	if (b->cwd[1] && !emulated(b->cwd) && !view_host_path(p, b->cwd))
		view_add(p, &(struct view_mount){
			.kind = VIEW_TMPFS, .guest = b->cwd,
			.is_dir = true, .mode = 0755, .read_only = true,
			.rank = rule->rank, .from = rule->from });
	return 0;
}

/* May the whole of @dir be bared for the program that lies in it? */
static bool own_dir_ok(const struct view_base *b, const char *dir)
{
	if (too_broad(b, dir))
		return false;
	if (b->home && path_beneath(b->home, dir))
		return false;
	for (size_t i = 0; i < sizeof(shared_dirs) / sizeof(shared_dirs[0]); i++)
		if (!strcmp(dir, shared_dirs[i]))
			return false;
	return true;
}

static void own_path(struct policy *p, const struct view_base *b,
		     const char *path)
{
	const struct view_mount *m = view_lookup(p, path);
	char *host, *dir;

	/* Kept from view on purpose. */
	if (m && m->guest[1] && m->rank > b->own.rank)
		return;
	host = view_host_path(p, path);
	if (host && access(host, F_OK) == 0) {
		free(host);
		return;
	}
	free(host);
	dir = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	if (*dir && own_dir_ok(b, dir))
		add_host(p, dir, &b->own);
	else
		add_host(p, path, &b->own);
	free(dir);
}

void view_own_dir(struct policy *p, const struct view_base *b,
		  const char *guest)
{
	char real[PATH_MAX];
	char *host = view_host_path(p, guest);
	const char *at = host ? host : guest;

	if (!b->own.from.file) {
		free(host);
		return;
	}
	own_path(p, b, guest);
	/* The program may be a link to where its files really are. */
	if (realpath(at, real) && strcmp(real, at) != 0)
		own_path(p, b, real);
	free(host);
}

/*
 * Hide the host's @path in every mount of the host that bares it.  True: one
 * of them is the rule itself.
 */
static bool hide_host(struct policy *p, size_t first, const char *path,
		      const struct view_mount *rule)
{
	size_t count = p->n_mounts;
	bool same = false;

	for (size_t i = first; i < count; i++) {
		const struct view_mount *m = &p->mounts[i];
		const char *rel;
		char *guest;

		if (m->kind > VIEW_RO || !m->is_dir ||
		    !path_beneath(path, m->host) || !strcmp(path, m->host))
			continue;
		rel = path + strlen(m->host);
		rel += *rel == '/';
		guest = xconcat(m->guest[1] ? m->guest : "", "/", rel);
		view_add(p, &(struct view_mount){
			.kind = rule->kind, .guest = guest,
			.rank = rule->rank, .from = rule->from });
		same |= !strcmp(guest, rule->guest);
		free(guest);
	}
	return same;
}

/* Where the view has something at @guest that no host path stands for. */
static int hide_guest(struct policy *p, const struct view_mount *rule,
		      struct err *e)
{
	const struct view_mount *m = view_lookup(p, rule->guest);
	char *host;
	bool as_named;

	if (!m)
		return 0;
	if (m->kind == VIEW_PROC || m->kind == VIEW_SYS || m->kind == VIEW_DEV)
		return !strcmp(m->guest, rule->guest) && m->rank >= rule->rank ?
			0 : err_set(e, EXIT_SBX, "%s: %s: it is the kernel's "
				    "own and cannot be hidden",
				    origin_text(rule->from), rule->guest);
	host = view_host_path(p, rule->guest);
	as_named = host && !strcmp(host, rule->guest) &&
		strcmp(m->guest, rule->guest) != 0;
	free(host);
	/* Done, by its host path. */
	if (as_named || m->kind == VIEW_SYMLINK)
		return 0;
	if (m->kind == VIEW_TMPFS && strcmp(m->guest, rule->guest) != 0)
		return 0;
	view_add(p, rule);
	return 0;
}

int view_hides(struct policy *p, size_t first, struct err *e)
{
	char real[PATH_MAX];

	for (size_t i = 0; i < p->n_hides; i++) {
		const struct view_mount *h = &p->hides[i];
		bool done = hide_host(p, first, h->guest, h);

		/*
		 * What sbx brings along names things, not links to them; to
		 * follow links costs more than the rest of such a rule.
		 */
		if (!h->shipped && realpath(h->guest, real) &&
		    strcmp(real, h->guest) != 0)
			hide_host(p, first, real, h);
		if (!first && !done && hide_guest(p, h, e) < 0)
			return -1;
	}
	return 0;
}

/* Where @dir lies, or would come to lie, once links are followed; malloc'd. */
static char *real_place(const char *dir)
{
	char *head = xstrdup(dir), real[PATH_MAX], *slash, *place;

	while (!realpath(head, real)) {
		slash = strrchr(head, '/');
		if (!slash || slash == head) {
			free(head);
			return xstrdup(dir);
		}
		*slash = '\0';
	}
	place = xconcat(real[1] ? real : "", dir + strlen(head), "");
	free(head);
	return place;
}

/* May the host's files there be other ones afterwards? */
static bool may_change(const struct policy *p, const struct view_mount *m)
{
	return m->kind == VIEW_RW || (m->kind == VIEW_OVERLAY && p->commit);
}

/* Hide the host's @dir in what may be changed. */
static void protect(struct policy *p, const char *dir)
{
	char *guest = xstrdup(dir);
	const struct view_mount rule = {
		.kind = VIEW_HIDE, .guest = guest, .rank = RANK_SBX, .from = { "sbx", 0 },
	};
	size_t count = p->n_mounts;

	for (size_t i = 0; i < count; i++) {
		const struct view_mount *m = &p->mounts[i];

		if (may_change(p, m) && path_beneath(dir, m->host) &&
		    view_lookup(p, m->guest) == m) {
			hide_host(p, 0, dir, &rule);
			break;
		}
	}
	free(guest);
}

void view_protect(struct policy *p, const char *dir)
{
	bool any = false;
	char *place;

	for (size_t i = 0; i < p->n_mounts; i++)
		any = any || may_change(p, &p->mounts[i]);
	if (!any)
		return;
	place = real_place(dir);
	/* By the name that sbx goes by, and by where a link there leads. */
	protect(p, dir);
	if (strcmp(place, dir) != 0)
		protect(p, place);
	free(place);
}
