/* SPDX-License-Identifier: Apache-2.0 */
/* set-files.c: options about files. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loader/settings.h"

/*
 * @m is seen where the host has it, and named by a link that leads there
 * directly: then the view has the link, and what it leads to at its own place.
 */
static void add_link(struct policy *p, struct view_mount *m)
{
	char text[PATH_MAX], *dir, *to;
	ssize_t n;

	/* Not a link, if the two are the same. */
	if (!m->host || !strcmp(m->guest, m->host))
		return;
	n = readlink(m->guest, text, sizeof(text) - 1);
	if (n <= 0)
		return;
	text[n] = '\0';
	dir = xstrndup(m->guest, (size_t)(strrchr(m->guest, '/') - m->guest));
	to = path_clean(*dir ? dir : "/", text);
	if (!strcmp(to, m->host)) {
		struct view_mount link = *m;

		link.kind = VIEW_SYMLINK;
		link.target = text;
		link.host = NULL;
		view_add(p, &link);
		free(m->guest);
		m->guest = xstrdup(m->host);
		m->by_link = true;
	}
	free(dir);
	free(to);
}

static void add_hide(struct policy *p, const struct view_mount *m)
{
	if (!p->n_hides || (p->n_hides >= MOUNTS_MIN &&
			    !(p->n_hides & (p->n_hides - 1))))
		p->hides = xrealloc(p->hides, (p->n_hides ? 2 * p->n_hides :
					       MOUNTS_MIN) * sizeof(*m));
	p->hides[p->n_hides] = *m;
	p->hides[p->n_hides++].guest = xstrdup(m->guest);
}

/* @r is what the parser said of *m. */
static int add_rule(struct settings *s, struct view_mount *m, int r)
{
	m->rank = s->rank;
	m->from = s->from;
	m->shipped = s->shipped;
	if (!r && (m->kind == VIEW_HIDE || m->kind == VIEW_DENY))
		add_hide(s->p, m);
	else if (!r)
		view_add(s->p, m);
	view_mount_free(m);
	return r < 0 ? -1 : 0;
}

static int add_path(struct settings *s, enum view_kind kind, const char *arg,
		    struct err *e)
{
	struct view_mount m;
	int r = view_parse(&m, kind, s->name, arg, s->cwd, e);

	m.rank = s->rank;
	m.from = s->from;
	if (!r && !strchr(arg, ':'))
		add_link(s->p, &m);
	return add_rule(s, &m, r);
}

int option_RO(struct settings *s, const char *arg, struct err *e)
{
	return add_path(s, VIEW_RO, arg, e);
}

int option_RW(struct settings *s, const char *arg, struct err *e)
{
	return add_path(s, VIEW_RW, arg, e);
}

int option_OVERLAY(struct settings *s, const char *arg, struct err *e)
{
	return add_path(s, VIEW_OVERLAY, arg, e);
}

int option_TMPFS(struct settings *s, const char *arg, struct err *e)
{
	return add_path(s, VIEW_TMPFS, arg, e);
}

int option_HIDE(struct settings *s, const char *arg, struct err *e)
{
	return add_path(s, VIEW_HIDE, arg, e);
}

int option_DENY(struct settings *s, const char *arg, struct err *e)
{
	return add_path(s, VIEW_DENY, arg, e);
}

int option_VOLUME(struct settings *s, const char *arg, struct err *e)
{
	struct view_mount m;

	return add_rule(s, &m, view_parse_volume(&m, s->name, arg, s->cwd, e));
}

int option_MOUNT(struct settings *s, const char *arg, struct err *e)
{
	struct view_mount m;

	return add_rule(s, &m, view_parse_mount(&m, s->name, arg, s->cwd, e));
}

int option_ROOT(struct settings *s, const char *arg, struct err *e)
{
	struct view_mount m;
	int r = view_parse_root(&m, s->name, arg, s->cwd, e);

	if (!r && m.host[1])
		s->p->foreign_root = true;
	return add_rule(s, &m, r);
}

/*
 * The devices are the kernel's own; none of the host's is ever opened for a
 * sandbox, for to open one is an act by itself that nobody can vet.
 */
int option_DEV(struct settings *s, const char *arg, struct err *e)
{
	static const char *const own[] = {
		"null", "zero", "full", "random", "urandom", "tty", "ptmx",
	};

	if (!strncmp(arg, "/dev/", 5))
		arg += 5;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (!strcmp(arg, own[i]))
			return 0;
	return option_bad(s, arg, "devices of the host are not granted; there "
			  "are null, zero, full, random, urandom, tty and ptmx",
			  e);
}

static bool one_of(const char *const *words, const char *arg)
{
	while (*words && strcmp(*words, arg) != 0)
		words++;
	return *words;
}

int option_CWD(struct settings *s, const char *arg, struct err *e)
{
	static const char *const words[] = {
		"none", "ro", "overlay", "rw", NULL
	};

	if (!one_of(words, arg))
		return option_bad(s, arg, "not none, ro, overlay or rw", e);
	return option_single(s, &s->cwd_kind, arg, e);
}

int option_OWN_DIR(struct settings *s, const char *arg, struct err *e)
{
	static const char *const words[] = { "none", "ro", "overlay", NULL };

	if (!one_of(words, arg))
		return option_bad(s, arg, "not none, ro or overlay", e);
	return option_single(s, &s->own_dir, arg, e);
}

int option_WORKDIR(struct settings *s, const char *arg, struct err *e)
{
	if (!*arg)
		return option_bad(s, NULL, "the path is empty", e);
	return option_single(s, &s->workdir, arg, e);
}

int option_DIFF(struct settings *s, const char *arg, struct err *e)
{
	(void)arg;
	(void)e;
	s->p->diff = true;
	return 0;
}

int option_COMMIT(struct settings *s, const char *arg, struct err *e)
{
	(void)arg;
	(void)e;
	s->p->commit = true;
	return 0;
}
