/* SPDX-License-Identifier: Apache-2.0 */
/* set-process.c: options about what a program inherits, and reports. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emul/abi/hostproc.h"
#include "loader/cli.h"
#include "loader/settings.h"

static int add_names(struct settings *s, char ***list, const char *arg,
		     struct err *e)
{
	if (!*arg || *arg == '=')
		return err_set(e, EXIT_SBX, "%s: '%s': not the name of a "
			       "variable", s->name, arg);
	add_string(list, arg);
	return 0;
}

int option_ENV(struct settings *s, const char *arg, struct err *e)
{
	return add_names(s, &s->env.set, arg, e);
}

int option_KEEP_ENV(struct settings *s, const char *arg, struct err *e)
{
	return add_names(s, &s->env.keep, arg, e);
}

int option_UNSET_ENV(struct settings *s, const char *arg, struct err *e)
{
	return add_names(s, &s->env.unset, arg, e);
}

int option_CLEAR_ENV(struct settings *s, const char *arg, struct err *e)
{
	(void)arg;
	(void)e;
	s->env.clear = true;
	return 0;
}

static int pass_fd(struct policy *p, int n, const char *what, struct err *e)
{
	struct stat st;

	if (fstat(n, &st) < 0)
		return err_set(e, EXIT_SBX, "%s: descriptor %d: %s", what, n,
			       strerror(errno));
	/* Out of a directory there is a way to every file. */
	if (S_ISDIR(st.st_mode))
		return err_set(e, EXIT_SBX, "%s: descriptor %d: %s", what, n,
			       strerror(EISDIR));
	for (unsigned int i = 0; i < p->n_pass; i++)
		if (p->pass[i] == n)
			return 0;
	if (p->n_pass == HOSTFD_PASS_MAX)
		return err_set(e, EXIT_SBX, "%s: at most %d can be given",
			       what, HOSTFD_PASS_MAX);
	p->pass[p->n_pass++] = n;
	return 0;
}

int option_PASS_FD(struct settings *s, const char *arg, struct err *e)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(arg, &end, 10);
	if (errno || end == arg || *end || n < 3 || n > INT_MAX)
		return option_bad(s, arg, "not a number from 3 on", e);
	return pass_fd(s->p, (int)n, s->name, e);
}

/* A number of 1 or more, or 0. */
static long number_of(const char *s)
{
	char *end;
	long n = s ? strtol(s, &end, 10) : 0;

	return n > 0 && n < INT_MAX && !*end ? n : 0;
}

int pass_listeners(struct policy *p, struct err *e)
{
	static const char name[] = "LISTEN_PID=";
	long n = number_of(env_get(p->env, "LISTEN_FDS"));
	char text[32];

	if (!n || number_of(env_get(p->env, "LISTEN_PID")) != getpid())
		return 0;
	for (int fd = 3; fd < 3 + n; fd++)
		if (pass_fd(p, fd, "LISTEN_FDS", e) < 0)
			return -1;
	snprintf(text, sizeof(text), "%s%d", name, HOSTPROC_FIRST_PID);
	for (char **v = p->env; *v; v++) {
		if (strncmp(*v, name, sizeof(name) - 1) != 0)
			continue;
		free(*v);
		*v = xstrdup(text);
	}
	return 0;
}

int option_TRACE(struct settings *s, const char *arg, struct err *e)
{
	s->p->trace = true;
	return trace_parse(s->p->trace_set, arg, e);
}

int option_OUTPUT(struct settings *s, const char *arg, struct err *e)
{
	(void)e;
	free(s->p->trace_file);
	s->p->trace_file = path_clean(s->cwd, arg);
	return 0;
}

int option_STATS(struct settings *s, const char *arg, struct err *e)
{
	(void)arg;
	(void)e;
	s->p->stats = true;
	return 0;
}

int option_QUIET(struct settings *s, const char *arg, struct err *e)
{
	(void)arg;
	(void)e;
	s->p->quiet = true;
	return 0;
}
