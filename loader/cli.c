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
	[FILES] = "Files", [NETWORK] = "Network",
	[LIMITS] = "Limits",
	[ENVIRONMENT] = "Environment", [PROFILES] = "Profiles",
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

int option_PROFILE(struct settings *s, const char *arg, struct err *e)
{
	(void)e;
	add_string(&s->profiles, arg);
	return 0;
}

int option_NO_PROFILE(struct settings *s, const char *arg, struct err *e)
{
	(void)arg;
	(void)e;
	s->no_profile = true;
	return 0;
}

int option_EXPLAIN(struct settings *s, const char *arg, struct err *e)
{
	(void)e;
	s->explain = true;
	if (arg)
		s->explain_path = path_clean(*s->cwd ? s->cwd : "/", arg);
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

_Static_assert(N_ROWS <= 64, "a bit of settings.dropped for each");

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

/* An option of the command line that waits for the profiles. */
struct waiting {
	const struct option_row *row;
	const char *name, *arg;
};

struct command {
	struct settings s;
	struct waiting *list;
	size_t n;
};

static int take(struct settings *s, const struct waiting *o, struct err *e)
{
	s->name = o->name;
	s->from = (struct origin){ o->name, 0 };
	s->rank = RANK_CLI;
	return o->row->take(s, o->arg, e);
}

/*
 * Options that are directives too are taken after the profiles, for a profile
 * is an option itself.  0: go on, 1: all is done, -1 with *e.
 */
static int options(struct command *c, int argc, char **argv, struct err *e)
{
	struct option longs[N_ROWS + 1];
	char shorts[2 * N_ROWS + 3];
	int id;

	fill_getopt(longs, shorts);
	opterr = 0;
	optind = 1;
	c->list = xmalloc((size_t)argc * sizeof(*c->list));
	while ((id = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		struct waiting o = { .row = row_of(id), .arg = optarg };
		int r;

		if (!o.row)
			return bad_option(argv, id, e);
		o.name = xconcat("--", o.row->name, "");
		/* It says which profile holds where none is asked for. */
		if (o.row->take == option_ROOT)
			c->s.has_root = true;
		if (o.row->where == BOTH) {
			c->list[c->n++] = o;
			continue;
		}
		r = take(&c->s, &o, e);
		if (r)
			return r;
	}
	if (optind == argc && !c->s.explain)
		return err_set(e, EXIT_SBX, "no program is given "
			       "(see sbx --help)");
	return 0;
}

/* The home, by its real name; NULL when there is none. */
static char *home_of(void)
{
	const char *home = getenv("HOME");
	char real[PATH_MAX];

	if (!home || *home != '/' || !realpath(home, real) || !real[1])
		return NULL;
	return xstrdup(real);
}

int cli_parse(struct policy *p, int argc, char **argv, struct err *e)
{
	extern char **environ;
	char cwd[PATH_MAX];
	struct command c = { .s = { .p = p, .cwd = cwd } };
	struct settings *s = &c.s;
	int r;

	if (!getcwd(cwd, sizeof(cwd)) || *cwd != '/')
		*cwd = '\0';
	r = options(&c, argc, argv, e);
	if (r)
		return r < 0 ? -1 : 0;
	s->home = home_of();
	if (profiles_read(s, e) < 0)
		return -1;
	for (size_t i = 0; i < c.n; i++)
		if (take(s, &c.list[i], e) < 0)
			return -1;
	free(c.list);
	if (user_settle(p, e) < 0 || net_settle(&p->net, e) < 0)
		return -1;
	p->argv = argv + optind;
	p->env = env_make(&s->env, environ);
	if (pass_listeners(p, e) < 0)
		return -1;
	if (settings_view(s, p->argv[0], e) < 0)
		return -1;
	if (limits_check(&p->limits, e) < 0)
		return -1;
	if (s->explain)
		return explain(s, e);
	return 1;
}
