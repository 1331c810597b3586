/* SPDX-License-Identifier: Apache-2.0 */
/* syslist.c: the system calls by name, for --syscalls and --trace=SET. */
#include <stdio.h>
#include <string.h>

#include "emul/sysnames.h"
#include "loader/cli.h"

#define COUNT (sizeof(sysnames) / sizeof(sysnames[0]))

int syscalls_print(struct err *e)
{
	(void)e;	/* the caller looks at stdout when it closes it */
	for (size_t i = 0; i < COUNT; i++) {
		const struct sysname *s = &sysnames[i];

		printf("%3d  %-24s %-8s", s->nr, s->name, s->level);
		if (*s->error)
			printf(" %s%s", s->error, *s->note ? ":" : "");
		printf("%s%s\n", *s->note ? " " : "", s->note);
	}
	return 0;
}

static void set_bit(uint64_t bits[16], int nr)
{
	if (nr >= 0 && nr < 16 * 64)
		bits[nr / 64] |= 1ULL << (nr % 64);
}

int trace_parse(uint64_t bits[16], const char *set, struct err *e)
{
	bool invert = set && *set == '!';

	memset(bits, 0, 16 * sizeof(*bits));
	for (const char *s = set ? set + invert : ""; *s; ) {
		size_t len = strcspn(s, ",");
		bool found = false;

		for (size_t i = 0; i < COUNT; i++) {
			if (strlen(sysnames[i].name) != len ||
			    memcmp(sysnames[i].name, s, len) != 0)
				continue;
			set_bit(bits, sysnames[i].nr);
			found = true;
		}
		if (!found)
			return err_set(e, EXIT_SBX, "--trace: %.*s: there is "
				       "no such call", (int)len, s);
		s += len;
		s += *s == ',';
	}
	if (!set || invert)
		for (int i = 0; i < 16; i++)
			bits[i] = ~bits[i];
	return 0;
}
