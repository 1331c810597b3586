/* SPDX-License-Identifier: Apache-2.0 */
/* script.c: the first line of a script, execve(2). */
#include "emul/task/script.h"

#include <linux/errno.h>

#include "emul/lib/string.h"

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The first in [@s, @end] that is no blank, or NULL. */
static char *skip_blanks(char *s, char *end)
{
	for (; s <= end; s++)
		if (!blank(*s))
			return s;
	return NULL;
}

/* The first blank or NUL in [@s, @end], or NULL. */
static char *find_end(char *s, char *end)
{
	for (; s <= end; s++)
		if (blank(*s) || !*s)
			return s;
	return NULL;
}

int script_parse(char buf[SCRIPT_LINE], char **interp, char **arg)
{
	char *last = buf + SCRIPT_LINE - 1, *end, *name, *sep;

	if (buf[0] != '#' || buf[1] != '!')
		return -ENOEXEC;
	end = memchr(buf, '\n', strnlen(buf, SCRIPT_LINE));
	if (!end) {
		end = skip_blanks(buf + 2, last);
		if (!end)
			return -ENOEXEC;
		/* Without an end in sight the name is cut off. */
		if (!find_end(end, last))
			return -ENOEXEC;
		end = last;
	}
	while (blank(end[-1]))
		end--;
	name = skip_blanks(buf + 2, end);
	if (!name || name == end)
		return -ENOEXEC;
	*arg = NULL;
	sep = find_end(name, end);
	if (sep && *sep)
		*arg = skip_blanks(sep, end);
	*end = 0;
	if (sep)
		*sep = 0;
	*interp = name;
	return 0;
}
