/* SPDX-License-Identifier: Apache-2.0 */
/* set-files.c: options about files. */
#include <stdlib.h>
#include <string.h>

#include "loader/settings.h"

static int add_mount(struct settings *s, enum view_kind kind, const char *arg,
		     struct err *e)
{
	struct view_mount m;

	if (view_parse(&m, kind, s->name, arg, s->cwd, e) < 0) {
		view_mount_free(&m);
		return -1;
	}
	s->mounts = xrealloc(s->mounts, (s->n_mounts + 1) * sizeof(m));
	s->mounts[s->n_mounts++] = m;
	return 0;
}

int option_RO(struct settings *s, const char *arg, struct err *e)
{
	return add_mount(s, VIEW_RO, arg, e);
}

int option_RW(struct settings *s, const char *arg, struct err *e)
{
	return add_mount(s, VIEW_RW, arg, e);
}

int option_OVERLAY(struct settings *s, const char *arg, struct err *e)
{
	return add_mount(s, VIEW_OVERLAY, arg, e);
}

int option_TMPFS(struct settings *s, const char *arg, struct err *e)
{
	return add_mount(s, VIEW_TMPFS, arg, e);
}

int option_HIDE(struct settings *s, const char *arg, struct err *e)
{
	return add_mount(s, VIEW_HIDE, arg, e);
}

int option_WORKDIR(struct settings *s, const char *arg, struct err *e)
{
	if (!*arg)
		return option_bad(s, NULL, "the path is empty", e);
	free(s->workdir);
	s->workdir = xstrdup(arg);
	return 0;
}
