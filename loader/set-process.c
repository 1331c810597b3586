/* SPDX-License-Identifier: Apache-2.0 */
/* set-process.c: options about what a program inherits, and reports. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

int option_PASS_FD(struct settings *s, const char *arg, struct err *e)
{
	struct policy *p = s->p;
	struct stat st;
	char *end;
	long n;

	errno = 0;
	n = strtol(arg, &end, 10);
	if (errno || end == arg || *end || n < 3 || n > INT_MAX)
		return option_bad(s, arg, "not a number from 3 on", e);
	if (fstat((int)n, &st) < 0)
		return option_bad(s, arg, strerror(errno), e);
	/* Out of a directory there is a way to every file. */
	if (S_ISDIR(st.st_mode))
		return option_bad(s, arg, strerror(EISDIR), e);
	if (p->n_pass == HOSTFD_PASS_MAX)
		return err_set(e, EXIT_SBX, "%s: at most %d can be given",
			       s->name, HOSTFD_PASS_MAX);
	p->pass[p->n_pass++] = (int)n;
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
