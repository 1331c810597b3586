/* SPDX-License-Identifier: Apache-2.0 */
/* explain.c: say what a program would see, and which rule decides. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "loader/settings.h"

static const char *word(const struct view_mount *m)
{
	static const char *const words[] = {
		[VIEW_RW] = "rw", [VIEW_OVERLAY] = "overlay",
		[VIEW_RO] = "ro", [VIEW_TMPFS] = "tmpfs",
		[VIEW_PROC] = "proc", [VIEW_SYS] = "sys", [VIEW_DEV] = "dev",
		[VIEW_SYMLINK] = "symlink", [VIEW_HIDE] = "hide",
		[VIEW_DENY] = "deny",
	};

	return m->read_only && m->kind == VIEW_TMPFS ? "empty" :
		words[m->kind];
}

static void print_rule(const struct view_mount *m)
{
	printf("%-8s %s", word(m), m->guest);
	if (m->kind == VIEW_SYMLINK)
		printf(" -> %s", m->target);
	if (m->host && strcmp(m->host, m->guest) != 0)
		printf(" from %s", m->host);
	if (m->size)
		printf(" size=%llu", (unsigned long long)m->size);
	printf(" (%s)\n", origin_text(m->from));
}

static void explain_net(const struct net_policy *n)
{
	static const char *const words[] = {
		[NET_NONE] = "none", [NET_HOST] = "host",
		[NET_FILTER] = "filter",
	};
	char buf[64];

	printf("net      %s\n", words[n->mode]);
	for (size_t i = 0; i < n->n_rules; i++)
		printf("allow-net %s\n", n->rules[i].text);
	for (size_t i = 0; i < n->n_binds; i++)
		printf("allow-bind %s\n", n->binds[i].text);
	for (size_t i = 0; i < n->n_publishes; i++)
		printf("publish  %s\n", n->publishes[i].text);
	for (size_t i = 0; i < n->n_servers; i++)
		printf("dns      %s\n", net_text(&n->servers[i], buf,
						  sizeof(buf)));
}

static void explain_all(const struct policy *p)
{
	if (p->program)
		printf("program  %s\n", p->program);
	printf("workdir  %s\n", p->cwd);
	if (p->uid_set)
		printf("user     %u:%u\n", p->uid, p->gid);
	for (size_t i = 0; i < p->n_mounts; i++)
		print_rule(&p->mounts[i]);
	explain_net(&p->net);
	limits_explain(&p->limits, stdout);
	for (char *const *v = p->env; *v; v++)
		printf("env      %s\n", *v);
}

/* What comes of @path by the rule @m that decides over it. */
static void print_fate(const struct policy *p, const struct view_mount *m,
		       const char *path)
{
	bool exact = m && !strcmp(m->guest, path);
	char *host = view_find(p, path);
	struct stat st;

	printf("%s: ", path);
	if (m && m->kind == VIEW_DENY)
		printf("denied\n");
	else if (m && m->kind == VIEW_HIDE)
		printf("hidden\n");
	else if (m && host && lstat(host, &st) < 0)
		printf("not there: %s: %s\n", host, strerror(errno));
	else if (m && host)
		printf("%s%s%s\n", m->kind == VIEW_RO ? "read-only" :
		       m->kind == VIEW_RW ? "writable, and kept" :
		       p->commit ? "writable, and written back" :
		       "writable, and lost at the end",
		       strcmp(host, path) != 0 ? ", from " : "",
		       strcmp(host, path) != 0 ? host : "");
	else if (!m || (m->kind == VIEW_TMPFS && !exact))
		printf("not there at the start\n");
	else if (m->kind == VIEW_SYMLINK)
		printf("a symbolic link\n");
	else
		printf("of the sandbox's own\n");
	free(host);
}

int explain(const struct settings *s, struct err *e)
{
	const struct policy *p = s->p;
	const struct view_mount *m;
	char *real;

	if (!s->explain_path) {
		explain_all(p);
		return finish_output(e) < 0 ? -1 : 0;
	}
	/* Of the links on the way, to where they lead. */
	real = view_resolve(p, s->explain_path);
	if (strcmp(real, s->explain_path) != 0)
		printf("%s leads to %s\n", s->explain_path, real);
	m = view_lookup(p, real);
	print_fate(p, m, real);
	if (m)
		print_rule(m);
	else
		printf("no rule\n");
	free(real);
	return finish_output(e) < 0 ? -1 : 0;
}
