/* SPDX-License-Identifier: Apache-2.0 */
/* cli.c: options into a policy. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader/broker/broker.h"
#include "loader/cli.h"
#include "loader/settings.h"

static const char *const group_name[GROUPS] = {
	[FILES] = "Files", [LIMITS] = "Limits",
	[ENVIRONMENT] = "Environment",
	[REPORT] = "Reports", [ABOUT] = "About sbx",
};

enum {
	N_ROWS = 0
#define OPTION(row, letter, id, takes, where, group, help) + 1
#include "loader/options.h"
#undef OPTION
};

/* What getopt_long() returns for a row: its place, beyond all letters. */
#define OPT_FIRST 256

static void help(void)
{
	printf("usage: sbx [options] [--] program [args]\n"
	       "Run a program on a Linux kernel of its own, "
	       "within its own process.\n");
	for (int g = 0; g < GROUPS; g++) {
		printf("\n%s\n", group_name[g]);
		for (size_t i = 0; i < N_ROWS; i++) {
			const struct option_row *r = &option_rows[i];
			char left[64];
			bool opt = r->arg && *r->arg == '[';

			if ((int)r->group != g)
				continue;
			snprintf(left, sizeof(left), "--%s%s%s%s", r->name,
				 !r->arg ? "" : opt ? "[=" : " ",
				 r->arg ? r->arg + opt : "", "");
			if (r->letter)
				printf("  -%c, %-24s %s\n", r->letter, left,
				       r->help);
			else
				printf("      %-24s %s\n", left, r->help);
		}
	}
	printf("\nExit status: the program's; 125: sbx failed; 126, 127: the "
	       "program cannot\nbe run or found; 128+n: it was killed by "
	       "signal n.  See sbx(1).\n");
}

int finish_output(struct err *e)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 1;
	return err_set(e, EXIT_SBX, "standard output: %s", strerror(errno));
}

int std_fds_hold(bool closed[3], struct err *e)
{
	for (int fd = 0; fd < 3; fd++) {
		closed[fd] = fcntl(fd, F_GETFD) < 0;
		/* O_PATH: reads and writes are EBADF, as on a closed one. */
		if (closed[fd] && open("/dev/null", O_PATH | O_CLOEXEC) != fd)
			return err_set(e, EXIT_SBX, "/dev/null: %s",
				       strerror(errno));
	}
	return 0;
}

int option_EXPLAIN(struct settings *s, const char *arg, struct err *e)
{
	(void)arg;
	(void)e;
	s->explain = true;
	return 0;
}

int option_SYSCALLS(struct settings *s, const char *arg, struct err *e)
{
	(void)s;
	(void)arg;
	syscalls_print(e);
	return finish_output(e);
}

int option_VETTED(struct settings *s, const char *arg, struct err *e)
{
	(void)s;
	(void)arg;
	vetted_print(stdout);
	return finish_output(e);
}

int option_HELP(struct settings *s, const char *arg, struct err *e)
{
	(void)s;
	(void)arg;
	help();
	return finish_output(e);
}

int option_VERSION(struct settings *s, const char *arg, struct err *e)
{
	(void)s;
	(void)arg;
	printf("%s\n", PACKAGE_STRING);
	return finish_output(e);
}

/* getopt tells what is wrong in words of its own; ours is one line. */
static int bad_option(char **argv, int c, struct err *e)
{
	/* musl goes one further where the argument of a letter is missing. */
	const char *word = argv[optind - 1] ? argv[optind - 1] :
		argv[optind - 2];
	char letter[3] = { '-', (char)optopt, '\0' };
	const char *name = letter;

	if (!optopt || optopt >= OPT_FIRST || !strncmp(word, "--", 2))
		name = word;
	if (c == ':')
		return err_set(e, EXIT_SBX, "%s: an argument is missing "
			       "(see sbx --help)", name);
	if (optopt >= OPT_FIRST)
		return err_set(e, EXIT_SBX, "%s: it takes no argument "
			       "(see sbx --help)", word);
	return err_set(e, EXIT_SBX, "%s: there is no such option "
		       "(see sbx --help)", name);
}

static void fill_getopt(struct option *longs, char *shorts)
{
	size_t n = 2;

	memcpy(shorts, "+:", 2);
	for (size_t i = 0; i < N_ROWS; i++) {
		const struct option_row *r = &option_rows[i];

		longs[i] = (struct option){ r->name, !r->arg ? no_argument :
			*r->arg == '[' ? optional_argument :
			required_argument, NULL, OPT_FIRST + (int)i };
		if (r->letter) {
			shorts[n++] = (char)r->letter;
			if (r->arg)
				shorts[n++] = ':';
		}
	}
	longs[N_ROWS] = (struct option){ 0 };
	shorts[n] = '\0';
}

/* The row that getopt_long() found, which returned @id. */
static const struct option_row *row_of(int id)
{
	if (id >= OPT_FIRST)
		return &option_rows[id - OPT_FIRST];
	for (size_t i = 0; i < N_ROWS; i++)
		if (option_rows[i].letter == id)
			return &option_rows[i];
	return NULL;
}

/* 0: go on, 1: all is done, -1 with *e. */
static int options(struct settings *s, int argc, char **argv, struct err *e)
{
	struct option longs[N_ROWS + 1];
	char shorts[2 * N_ROWS + 3];
	char name[64];
	int id;

	fill_getopt(longs, shorts);
	opterr = 0;
	optind = 1;
	while ((id = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct option_row *row = row_of(id);
		int r;

		if (!row)
			return bad_option(argv, id, e);
		snprintf(name, sizeof(name), "--%s", row->name);
		s->name = name;
		r = row->take(s, optarg, e);
		if (r)
			return r;
	}
	if (optind == argc)
		return err_set(e, EXIT_SBX, "no program is given "
			       "(see sbx --help)");
	return 0;
}

/* The home, by its real name; NULL when there is none. */
static const char *home_of(char real[PATH_MAX])
{
	const char *home = getenv("HOME");

	if (!home || *home != '/' || !realpath(home, real) || !real[1])
		return NULL;
	return real;
}

static int working_dir(struct policy *p, struct settings *c, const char *cwd,
		       char base_cwd[PATH_MAX], struct err *e)
{
	if (!c->workdir) {
		if (!*cwd)
			return err_set(e, EXIT_SBX, "working directory: %s "
				       "(--workdir gives another)",
				       strerror(errno));
		p->cwd = xstrdup(cwd);
		snprintf(base_cwd, PATH_MAX, "%s", cwd);
		return 0;
	}
	p->cwd = path_clean(*cwd ? cwd : "/", c->workdir);
	if (!realpath(p->cwd, base_cwd))
		*base_cwd = '\0';	/* a directory of the view alone */
	return 0;
}

/* Is there a directory where the program should start? */
static int check_workdir(const struct policy *p, struct err *e)
{
	const struct view_mount *m = view_lookup(p, p->cwd);
	char *host = view_host_path(p, p->cwd);
	bool is_way = false;
	struct stat st;
	int r = 0;

	/* Memory holds at first what leads to a mount, and nothing else. */
	for (size_t i = 0; i < p->n_mounts; i++)
		if (p->mounts[i].kind != VIEW_HIDE &&
		    path_beneath(p->mounts[i].guest, p->cwd))
			is_way = true;
	if ((!m || m->kind == VIEW_HIDE || m->kind == VIEW_TMPFS) && !is_way)
		r = err_set(e, EXIT_SBX, "working directory: %s: it is not "
			    "in the view", p->cwd);
	else if (host && stat(host, &st) < 0)
		r = err_set(e, EXIT_SBX, "working directory: %s: %s", p->cwd,
			    strerror(errno));
	else if (host && !S_ISDIR(st.st_mode))
		r = err_set(e, EXIT_SBX, "working directory: %s: %s", p->cwd,
			    strerror(ENOTDIR));
	free(host);
	return r;
}

static void explain(const struct policy *p)
{
	static const char *const word[] = {
		[VIEW_RW] = "rw", [VIEW_OVERLAY] = "overlay",
		[VIEW_RO] = "ro", [VIEW_TMPFS] = "tmpfs",
		[VIEW_PROC] = "proc", [VIEW_SYS] = "sys", [VIEW_DEV] = "dev",
		[VIEW_SYMLINK] = "symlink", [VIEW_HIDE] = "hide",
	};

	printf("program  %s\nworkdir  %s\n", p->program, p->cwd);
	if (p->uid_set)
		printf("user     %u:%u\n", p->uid, p->gid);
	for (size_t i = 0; i < p->n_mounts; i++) {
		const struct view_mount *m = &p->mounts[i];

		printf("%-8s %s", m->read_only ? "empty" : word[m->kind],
		       m->guest);
		if (m->kind == VIEW_SYMLINK)
			printf(" -> %s", m->target);
		if (m->host && strcmp(m->host, m->guest) != 0)
			printf(" from %s", m->host);
		if (m->size)
			printf(" size=%llu", (unsigned long long)m->size);
		printf("%s\n", m->asked ? "" : " (default)");
	}
	limits_explain(&p->limits, stdout);
	for (char *const *v = p->env; *v; v++)
		printf("env      %s\n", *v);
}

int cli_parse(struct policy *p, int argc, char **argv, struct err *e)
{
	extern char **environ;
	char cwd_buf[PATH_MAX], base_cwd[PATH_MAX] = "", home[PATH_MAX];
	const char *cwd = getcwd(cwd_buf, sizeof(cwd_buf));
	struct settings c = { .p = p };
	struct view_base b = { 0 };
	int saved = errno, r;

	if (!cwd || *cwd != '/') {
		if (cwd)
			saved = ENOENT;
		cwd = "";
	}
	c.cwd = cwd;
	r = options(&c, argc, argv, e);
	if (r)
		return r < 0 ? -1 : 0;
	if (user_settle(p, e) < 0)
		return -1;
	errno = saved;
	if (working_dir(p, &c, cwd, base_cwd, e) < 0)
		return -1;
	b.cwd = *base_cwd ? base_cwd : NULL;
	b.home = home_of(home);
	p->argv = argv + optind;
	p->env = env_make(&c.env, environ);
	view_defaults(p, &b);
	for (size_t i = 0; i < c.n_mounts; i++) {
		view_add(p, &c.mounts[i]);
		view_mount_free(&c.mounts[i]);
	}
	free(c.mounts);
	free(c.env.set);
	free(c.env.keep);
	free(c.env.unset);
	if (program_find(p, &b, p->argv[0], e) < 0)
		return -1;
	view_hides(p, &b);
	if (view_finish(p, e) < 0 || check_workdir(p, e) < 0 ||
	    limits_check(&p->limits, e) < 0)
		return -1;
	if (c.explain) {
		explain(p);
		return finish_output(e) < 0 ? -1 : 0;
	}
	return 1;
}
