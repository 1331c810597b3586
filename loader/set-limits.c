/* SPDX-License-Identifier: Apache-2.0 */
/*
 * set-limits.c: options about limits.  Of several the lowest holds, but what
 * the command line says beats profiles.
 */
#include "loader/settings.h"

static void lower(struct settings *s, uint64_t *limit, uint64_t value)
{
	uint64_t bit = 1ULL << (limit - &s->p->limits.memory);
	bool cli = *s->name == '-';

	if (s->limits_by_cli & bit && !cli)
		return;
	if (!*limit || value < *limit || (cli && !(s->limits_by_cli & bit)))
		*limit = value;
	if (cli)
		s->limits_by_cli |= bit;
}

int option_MEMORY(struct settings *s, const char *arg, struct err *e)
{
	uint64_t v;

	if (limit_bytes(&v, s->name, arg, e))
		return -1;
	/* A program's own start takes about so much. */
	if (v < 1 << 20)
		return option_bad(s, arg, "less than 1M", e);
	lower(s, &s->p->limits.memory, v);
	return 0;
}

int option_CPUS(struct settings *s, const char *arg, struct err *e)
{
	uint64_t v;

	if (limit_milli(&v, s->name, arg, e))
		return -1;
	lower(s, &s->p->limits.cpu_milli, v);
	return 0;
}

int option_PIDS(struct settings *s, const char *arg, struct err *e)
{
	uint64_t v;

	if (limit_count(&v, s->name, arg, 1, e))
		return -1;
	lower(s, &s->p->limits.pids, v);
	return 0;
}

int option_FILES(struct settings *s, const char *arg, struct err *e)
{
	uint64_t v;

	if (limit_count(&v, s->name, arg, 3, e))
		return -1;
	lower(s, &s->p->limits.files, v);
	return 0;
}

int option_FSIZE(struct settings *s, const char *arg, struct err *e)
{
	uint64_t v;

	if (limit_bytes(&v, s->name, arg, e))
		return -1;
	lower(s, &s->p->limits.fsize, v);
	return 0;
}

int option_TIMEOUT(struct settings *s, const char *arg, struct err *e)
{
	uint64_t v;

	if (limit_time(&v, s->name, arg, e))
		return -1;
	lower(s, &s->p->limits.timeout_ms, v);
	return 0;
}

int option_KILL_AFTER(struct settings *s, const char *arg, struct err *e)
{
	uint64_t v;

	if (limit_time(&v, s->name, arg, e))
		return -1;
	lower(s, &s->p->limits.kill_ms, v);
	s->p->limits.kill_set = true;
	return 0;
}

int option_BEST_EFFORT(struct settings *s, const char *arg, struct err *e)
{
	(void)arg;
	(void)e;
	s->p->limits.best_effort = true;
	return 0;
}
