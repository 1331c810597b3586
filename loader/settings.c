/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c: from all that was read to the view, and the program in it. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader/settings.h"

/* Where the program starts; base_cwd is that directory on the host, if any. */
static int working_dir(struct settings *s, char base_cwd[PATH_MAX],
		       struct err *e)
{
	struct policy *p = s->p;

	if (s->workdir.value) {
		p->cwd = path_clean(*s->cwd ? s->cwd : "/", s->workdir.value);
		if (p->foreign_root || !realpath(p->cwd, base_cwd))
			*base_cwd = '\0';	/* one of the view alone */
		return 0;
	}
	*base_cwd = '\0';
	if (p->foreign_root) {
		p->cwd = xstrdup("/");
		return 0;
	}
	if (!*s->cwd)
		return err_set(e, EXIT_SBX, "working directory: %s "
			       "(--workdir gives another)", strerror(ENOENT));
	p->cwd = xstrdup(s->cwd);
	snprintf(base_cwd, PATH_MAX, "%s", s->cwd);
	return 0;
}

/* Is there a directory where the program should start? */
static int check_workdir(const struct policy *p, struct err *e)
{
	const struct view_mount *m = view_lookup(p, p->cwd);
	char *host = view_find(p, p->cwd);
	bool is_way = false;
	struct stat st;
	int r = 0;

	/* Memory holds at first what leads to a mount, and nothing else. */
	for (size_t i = 0; i < p->n_mounts; i++)
		if (p->mounts[i].kind != VIEW_HIDE &&
		    path_beneath(p->mounts[i].guest, p->cwd))
			is_way = true;
	if (m && m->kind == VIEW_DENY)
		r = err_set(e, EXIT_SBX, "working directory: %s: it is denied "
			    "(%s)", p->cwd, origin_text(m->from));
	else if (!is_way && (!m || m->kind == VIEW_HIDE ||
			     m->kind == VIEW_TMPFS))
		r = err_set(e, EXIT_SBX, "working directory: %s: it is not "
			    "in the view", p->cwd);
	else if (!is_way && host && stat(host, &st) < 0)
		r = err_set(e, EXIT_SBX, "working directory: %s: %s", p->cwd,
			    strerror(errno));
	else if (host && stat(host, &st) == 0 && !S_ISDIR(st.st_mode))
		r = err_set(e, EXIT_SBX, "working directory: %s: %s", p->cwd,
			    strerror(ENOTDIR));
	free(host);
	return r;
}

/* A setting whose value is a kind of rule, as a rule.  False: none. */
static bool as_rule(const struct single *o, struct view_mount *rule)
{
	if (!o->value || !strcmp(o->value, "none"))
		return false;
	*rule = (struct view_mount){ .rank = o->rank, .from = o->from };
	rule->kind = !strcmp(o->value, "ro") ? VIEW_RO :
		     !strcmp(o->value, "rw") ? VIEW_RW : VIEW_OVERLAY;
	return true;
}

/* Where names are resolved by the broker's resolver, the libraries ask it. */
static void view_resolver(struct policy *p)
{
	static const char text[] = "nameserver 127.0.0.53\n"
		"options timeout:2 attempts:3\n";
	int fd = memfd_create("resolv.conf", MFD_CLOEXEC);
	struct view_mount m = {
		.kind = VIEW_RO, .rank = RANK_CLI - 1,
	};

	if (fd < 0 || write(fd, text, sizeof(text) - 1) < 0)
		return;		/* then names are not resolved */
	fchmod(fd, 0444);
	m.guest = xstrdup("/etc/resolv.conf");
	m.host = xasprintf("/proc/self/fd/%d", fd);
	view_add(p, &m);
	view_mount_free(&m);
}

int settings_view(struct settings *s, const char *program, struct err *e)
{
	struct policy *p = s->p;
	struct view_base b = { .home = s->home };
	struct view_mount rule;
	char base_cwd[PATH_MAX];
	size_t shown;

	if (working_dir(s, base_cwd, e) < 0)
		return -1;
	b.cwd = *base_cwd ? base_cwd : NULL;
	if (as_rule(&s->cwd_kind, &rule)) {
		/* To stand somewhere says more than what is hidden there. */
		rule.rank++;
		if (view_cwd(p, &b, &rule, e) < 0)
			return -1;
	}
	if (view_hides(p, 0, e) < 0)
		return -1;
	shown = p->n_mounts;
	as_rule(&s->own_dir, &b.own);
	/* A view can be explained without one. */
	if (program && program_find(p, &b, program, e) < 0)
		return -1;
	if (p->n_mounts > shown && view_hides(p, shown, e) < 0)
		return -1;
	for (char *const *d = profile_dirs(s); *d; d++)
		view_protect(p, *d);
	if (net_names(&p->net))
		view_resolver(p);
	if (view_finish(p, e) < 0)
		return -1;
	return check_workdir(p, e);
}
