/* SPDX-License-Identifier: Apache-2.0 */
/* vetted.c: print the table of vetted host calls (sbx --vetted). */
#include <stddef.h>
#include <string.h>

#include "loader/broker/broker.h"

struct vetted_row {
	int nr;
	const char *name;
	const char *args;
	const char *when;
	const char *why;
	const char *safe;
	const char *allow;	/* one way a line */
};

#define VETTED_ROW(nr, name, args, when, why, safe, allow) \
	{ nr, name, args, when, why, safe, allow },
static const struct vetted_row rows[] = {
#include "vetted-rows.h"
};

static void print_allow(FILE *out, const char *s)
{
	while (*s) {
		size_t n = strcspn(s, "\n");

		fprintf(out, "\tallow  %.*s\n", (int)n, s);
		s += n + (s[n] == '\n');
	}
}

void vetted_print(FILE *out)
{
	fprintf(out,
		"The host calls that may leave a sandbox, all of them.  What "
		"is not here, or has other\narguments, ends the process that "
		"tries it.  Made from the table that makes the filter.\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct vetted_row *r = &rows[i];

		fprintf(out, "\n%s(%s)\t[%d]\n", r->name, r->args, r->nr);
		if (!strcmp(r->when, "scope"))
			fprintf(out, "\tonly where the host keeps signals "
				"inside the sandbox\n");
		if (!strcmp(r->when, "net"))
			fprintf(out, "\tonly where a network is granted\n");
		fprintf(out, "\twhy    %s\n\tsafe   %s\n", r->why, r->safe);
		print_allow(out, r->allow);
	}
}
