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

const struct option_row *option_find(const char *name)
{
	for (const struct option_row *r = option_rows; r->name; r++)
		if (!strcmp(r->name, name))
			return r;
	return NULL;
}

int option_bad(const struct settings *s, const char *arg, const char *why,
	       struct err *e)
{
	return err_set(e, EXIT_SBX, "%s: %s%s%s", s->name, arg ? arg : "",
		       arg ? ": " : "", why);
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
