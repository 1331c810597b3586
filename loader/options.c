/* SPDX-License-Identifier: Apache-2.0 */
/* options.c: the table of options.h. */
#include <string.h>

#include "loader/settings.h"

const struct option_row option_rows[] = {
#define OPTION(row, letter, id, takes, where, group, help) \
	{ row, letter, takes, where, group, help, option_##id },
#include "loader/options.h"
#undef OPTION
	{ 0 }
};

const struct option_row *option_find(const char *name, size_t len)
{
	for (const struct option_row *r = option_rows; r->name; r++)
		if (!strncmp(r->name, name, len) && !r->name[len])
			return r;
	return NULL;
}

int option_bad(const struct settings *s, const char *arg, const char *why,
	       struct err *e)
{
	return err_set(e, EXIT_SBX, "%s: %s%s%s", s->name, arg ? arg : "",
		       arg ? ": " : "", why);
}

int option_single(const struct settings *s, struct single *to,
		  const char *arg, struct err *e)
{
	if (to->value && to->rank > s->rank)
		return 0;
	if (to->value && to->rank == s->rank && strcmp(to->value, arg) != 0)
		return err_set(e, EXIT_SBX, "%s: both %s (%s) and %s are given",
			       s->name, to->value, origin_text(to->from), arg);
	*to = (struct single){ xstrdup(arg), s->rank, s->from };
	return 0;
}

void add_string(char ***list, const char *s)
{
	size_t n = 0;

	while (*list && (*list)[n])
		n++;
	*list = xrealloc(*list, (n + 2) * sizeof(**list));
	(*list)[n] = xstrdup(s);
	(*list)[n + 1] = NULL;
}
