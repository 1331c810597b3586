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

enum option_id {
	OPT_NONE = 256,
#define OPTION(name, letter, id, arg, group, help) OPT_##id,
#include "loader/options.h"
#undef OPTION
};

enum option_group { FILES, ENVIRONMENT, REPORT, ABOUT, GROUPS };

static const char *const group_name[GROUPS] = {
	[FILES] = "Files", [ENVIRONMENT] = "Environment",
	[REPORT] = "Reports", [ABOUT] = "About sbx",
};

struct option_row {
	const char *name;
	int letter;
	int id;
	const char *arg;	/* NULL: none; "[...]": optional */
	enum option_group group;
	const char *help;
};

static const struct option_row rows[] = {
#define OPTION(name, letter, id, arg, group, help) \
	{ name, letter, OPT_##id, arg, group, help },
#include "loader/options.h"
#undef OPTION
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* What options say before it can be made into a policy. */
struct cli {
	struct env_rules env;
	char *workdir;
	struct view_mount *mounts;
	size_t n_mounts;
	bool explain;
};

static void help(void)
{
	printf("usage: sbx [options] [--] program [args]\n"
	       "Run a program on a Linux kernel of its own, "
	       "within its own process.\n");
	for (int g = 0; g < GROUPS; g++) {
		printf("\n%s\n", group_name[g]);
		for (size_t i = 0; i < ROWS; i++) {
			const struct option_row *r = &rows[i];
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

/* The last word of what sbx itself prints: a full disk is an error. */
static int finish_output(struct err *e)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
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

static void add_string(char ***list, char *s)
{
	size_t n = 0;

	while (*list && (*list)[n])
		n++;
	*list = xrealloc(*list, (n + 2) * sizeof(**list));
	(*list)[n] = s;
	(*list)[n + 1] = NULL;
}

static int add_mount(struct cli *c, enum view_kind kind, const char *option,
		     const char *arg, const char *cwd, struct err *e)
{
	struct view_mount m;

	if (view_parse(&m, kind, option, arg, cwd, e) < 0) {
		view_mount_free(&m);
		return -1;
	}
	c->mounts = xrealloc(c->mounts, (c->n_mounts + 1) * sizeof(m));
	c->mounts[c->n_mounts++] = m;
	return 0;
}

static int check_name(const char *arg, const char *option, struct err *e)
{
	if (*arg && *arg != '=')
		return 0;
	return err_set(e, EXIT_SBX, "%s: '%s': not the name of a variable",
		       option, arg);
}

static int pass_fd(struct policy *p, const char *arg, struct err *e)
{
	struct stat st;
	char *end;
	long n;

	errno = 0;
	n = strtol(arg, &end, 10);
	if (errno || end == arg || *end || n < 3 || n > INT_MAX)
		return err_set(e, EXIT_SBX, "--pass-fd: %s: not a number "
			       "from 3 on", arg);
	if (fstat((int)n, &st) < 0)
		return err_set(e, EXIT_SBX, "--pass-fd: %s: %s", arg,
			       strerror(errno));
	/* Out of a directory there is a way to every file. */
	if (S_ISDIR(st.st_mode))
		return err_set(e, EXIT_SBX, "--pass-fd: %s: %s", arg,
			       strerror(EISDIR));
	if (p->n_pass == HOSTFD_PASS_MAX)
		return err_set(e, EXIT_SBX, "--pass-fd: at most %d can be "
			       "given", HOSTFD_PASS_MAX);
	p->pass[p->n_pass++] = (int)n;
	return 0;
}

/* One option.  1: go on, 0: all is done, -1 with *e. */
static int take(struct policy *p, struct cli *c, int id, char *arg,
		const char *cwd, struct err *e)
{
	switch (id) {
	case OPT_RO:
		return add_mount(c, VIEW_RO, "--ro", arg, cwd, e) < 0 ? -1 : 1;
	case OPT_RW:
		return add_mount(c, VIEW_RW, "--rw", arg, cwd, e) < 0 ? -1 : 1;
	case OPT_OVERLAY:
		return add_mount(c, VIEW_OVERLAY, "--overlay", arg, cwd,
				 e) < 0 ? -1 : 1;
	case OPT_TMPFS:
		return add_mount(c, VIEW_TMPFS, "--tmpfs", arg, cwd,
				 e) < 0 ? -1 : 1;
	case OPT_HIDE:
		return add_mount(c, VIEW_HIDE, "--hide", arg, cwd,
				 e) < 0 ? -1 : 1;
	case OPT_WORKDIR:
		if (!*arg)
			return err_set(e, EXIT_SBX, "--workdir: the path is "
				       "empty");
		c->workdir = arg;
		return 1;
	case OPT_ENV:
		add_string(&c->env.set, arg);
		return check_name(arg, "--env", e) < 0 ? -1 : 1;
	case OPT_KEEP_ENV:
		add_string(&c->env.keep, arg);
		return check_name(arg, "--keep-env", e) < 0 ? -1 : 1;
	case OPT_UNSET_ENV:
		add_string(&c->env.unset, arg);
		return check_name(arg, "--unset-env", e) < 0 ? -1 : 1;
	case OPT_CLEAR_ENV:
		c->env.clear = true;
		return 1;
	case OPT_PASS_FD:
		return pass_fd(p, arg, e) < 0 ? -1 : 1;
	case OPT_TRACE:
		p->trace = true;
		return trace_parse(p->trace_set, arg, e) < 0 ? -1 : 1;
	case OPT_OUTPUT:
		free(p->trace_file);
		p->trace_file = path_clean(cwd, arg);
		return 1;
	case OPT_STATS:
		p->stats = true;
		return 1;
	case OPT_QUIET:
		p->quiet = true;
		return 1;
	case OPT_EXPLAIN:
		c->explain = true;
		return 1;
	case OPT_SYSCALLS:
		syscalls_print(e);
		return finish_output(e);
	case OPT_VETTED:
		vetted_print(stdout);
		return finish_output(e);
	case OPT_HELP:
		help();
		return finish_output(e);
	case OPT_VERSION:
		printf("%s\n", PACKAGE_STRING);
		return finish_output(e);
	}
	return -1;
}

/* getopt tells what is wrong in words of its own; ours is one line. */
static int bad_option(char **argv, int c, struct err *e)
{
	/* musl goes one further where the argument of a letter is missing. */
	const char *word = argv[optind - 1] ? argv[optind - 1] :
		argv[optind - 2];
	char letter[3] = { '-', (char)optopt, '\0' };
	const char *name = letter;

	if (!optopt || optopt >= 256 || !strncmp(word, "--", 2))
		name = word;
	if (c == ':')
		return err_set(e, EXIT_SBX, "%s: an argument is missing "
			       "(see sbx --help)", name);
	if (optopt >= 256)
		return err_set(e, EXIT_SBX, "%s: it takes no argument "
			       "(see sbx --help)", word);
	return err_set(e, EXIT_SBX, "%s: there is no such option "
		       "(see sbx --help)", name);
}

static int options(struct policy *p, struct cli *c, int argc, char **argv,
		   const char *cwd, struct err *e)
{
	struct option longs[ROWS + 1];
	char shorts[2 * ROWS + 3] = "+:";
	size_t n = 2;
	int id;

	for (size_t i = 0; i < ROWS; i++) {
		const struct option_row *r = &rows[i];

		longs[i] = (struct option){ r->name, !r->arg ? no_argument :
			*r->arg == '[' ? optional_argument :
			required_argument, NULL, r->id };
		if (r->letter) {
			shorts[n++] = (char)r->letter;
			if (r->arg)
				shorts[n++] = ':';
		}
	}
	longs[ROWS] = (struct option){ 0 };
	shorts[n] = '\0';
	opterr = 0;
	optind = 1;
	while ((id = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		int r;

		if (id == '?' || id == ':')
			return bad_option(argv, id, e);
		for (size_t i = 0; id < 256 && i < ROWS; i++)
			if (rows[i].letter == id)
				id = rows[i].id;
		r = take(p, c, id, optarg, cwd, e);
		if (r <= 0)
			return r;
	}
	if (optind == argc)
		return err_set(e, EXIT_SBX, "no program is given "
			       "(see sbx --help)");
	return 1;
}

/* The home, by its real name; NULL when there is none. */
static const char *home_of(char real[PATH_MAX])
{
	const char *home = getenv("HOME");

	if (!home || *home != '/' || !realpath(home, real) || !real[1])
		return NULL;
	return real;
}

static int working_dir(struct policy *p, struct cli *c, const char *cwd,
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
	for (char *const *v = p->env; *v; v++)
		printf("env      %s\n", *v);
}

int cli_parse(struct policy *p, int argc, char **argv, struct err *e)
{
	extern char **environ;
	char cwd_buf[PATH_MAX], base_cwd[PATH_MAX] = "", home[PATH_MAX];
	const char *cwd = getcwd(cwd_buf, sizeof(cwd_buf));
	struct cli c = { 0 };
	struct view_base b = { 0 };
	int saved = errno, r;

	if (!cwd || *cwd != '/') {
		if (cwd)
			saved = ENOENT;
		cwd = "";
	}
	r = options(p, &c, argc, argv, cwd, e);
	if (r <= 0)
		return r;
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
	if (view_finish(p, e) < 0 || check_workdir(p, e) < 0)
		return -1;
	if (c.explain) {
		explain(p);
		return finish_output(e);
	}
	return 1;
}
