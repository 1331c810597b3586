/* SPDX-License-Identifier: Apache-2.0 */
/* limits.c: limits from options, and which of them this host can hold. */
#include "config.h"

#include "loader/limits.h"

#include <ctype.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "emul/abi/hostfd.h"
#include "loader/cgroup.h"
#include "loader/meter.h"

/* A number in decimal digits; false: none, or it is too large. */
static bool digits(const char **s, uint64_t *out)
{
	uint64_t v = 0;

	if (!isdigit((unsigned char)**s))
		return false;
	for (; isdigit((unsigned char)**s); ++*s) {
		uint64_t d = (uint64_t)(**s - '0');

		if (v > (UINT64_MAX - d) / 10)
			return false;
		v = v * 10 + d;
	}
	*out = v;
	return true;
}

/* As digits(), with up to three places behind a point, in thousandths. */
static bool decimal(const char **s, uint64_t *out)
{
	uint64_t v, unit = 100;

	if (!digits(s, &v) || v > UINT64_MAX / 1000)
		return false;
	v *= 1000;
	if (**s == '.') {
		++*s;
		for (; isdigit((unsigned char)**s); ++*s, unit /= 10)
			v += (uint64_t)(**s - '0') * unit;
	}
	*out = v;
	return true;
}

bool size_parse(const char *s, uint64_t *out)
{
	static const char suffixes[] = "KMGT";
	unsigned int shift = 0;
	const char *at;
	uint64_t v;

	if (!digits(&s, &v) || !v)
		return false;
	at = *s ? strchr(suffixes, toupper((unsigned char)*s)) : NULL;
	if (at) {
		shift = 10 * (unsigned int)(at - suffixes + 1);
		s++;
	}
	if (*s || v > UINT64_MAX >> shift)
		return false;
	*out = v << shift;
	return true;
}

int limit_bytes(uint64_t *out, const char *option, const char *arg,
		struct err *e)
{
	if (size_parse(arg, out) && *out <= INT64_MAX)
		return 0;
	return err_set(e, EXIT_SBX, "%s: '%s': not a size like 512M (K, M, G, "
		       "T)", option, arg);
}

int limit_count(uint64_t *out, const char *option, const char *arg,
		uint64_t min, struct err *e)
{
	const char *s = arg;

	if (digits(&s, out) && !*s && *out >= min && *out <= INT32_MAX)
		return 0;
	return err_set(e, EXIT_SBX, "%s: '%s': not a number from %lu on",
		       option, arg, (unsigned long)min);
}

int limit_milli(uint64_t *out, const char *option, const char *arg,
		struct err *e)
{
	const char *s = arg;

	/* The host's smallest quota is a hundredth of its period. */
	if (decimal(&s, out) && !*s && *out >= 10 && *out <= 1000 * 8192)
		return 0;
	return err_set(e, EXIT_SBX, "%s: '%s': not a number of CPUs like 2 or "
		       "0.5", option, arg);
}

int limit_time(uint64_t *out, const char *option, const char *arg,
	       struct err *e)
{
	static const struct {
		char suffix;
		uint64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	const char *s = arg;
	uint64_t factor = 1;

	if (decimal(&s, out)) {
		for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
			if (*s == units[i].suffix) {
				factor = units[i].seconds;
				s++;
				break;
			}
		/* A poll's timeout is an int; a month is long enough. */
		if (!*s && *out <= INT32_MAX / factor) {
			*out *= factor;
			return 0;
		}
	}
	return err_set(e, EXIT_SBX, "%s: '%s': not a time like 10, 1.5s, 5m or "
		       "2h, of up to 24d", option, arg);
}

static unsigned int cpus_here(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	return (unsigned int)CPU_COUNT(&set);
}

/* Whole CPUs can be had without a cgroup, and more than there are is none. */
static bool whole_cpus(const struct limits *l)
{
	return !(l->cpu_milli % 1000) || l->cpu_milli > 1000UL * cpus_here();
}

int limits_check(struct limits *l, struct err *e)
{
	if (l->kill_set && !l->timeout_ms)
		return err_set(e, EXIT_SBX, "--kill-after: it goes with "
			       "--timeout");
	if (l->files > HOSTFD_END)
		return err_set(e, EXIT_SBX, "--files: %lu: at most %d can be "
			       "had", (unsigned long)l->files, HOSTFD_END);
	if (!l->kill_set)
		l->kill_ms = LIMITS_KILL_MS;
	if (!l->memory && !l->cpu_milli && !l->pids)
		return 0;
	l->cgroup_memory = l->memory && cgroup_can(CGROUP_MEMORY);
	l->cgroup_cpus = l->cpu_milli && cgroup_can(CGROUP_CPU);
	l->cgroup_pids = l->pids && cgroup_can(CGROUP_PIDS);
	if (l->cpu_milli && !l->cgroup_cpus && !whole_cpus(l) &&
	    !l->best_effort)
		return err_set(e, EXIT_SBX, "--cpus: a part of a CPU needs a "
			       "cgroup, which this host does not let us make; "
			       "give a whole number, or --best-effort");
	if (l->memory && !l->cgroup_memory && !meter_can()) {
		if (!l->best_effort)
			return err_set(e, EXIT_SBX, "--memory: it needs a "
				       "cgroup, or a /proc that lists children "
				       "of a process; or give --best-effort");
		l->memory = 0;
	}
	return 0;
}

int limits_apply(const struct limits *l, struct err *e)
{
	uint64_t n = (l->cpu_milli + 999) / 1000;
	cpu_set_t set;
	size_t i;

	if (!l->cpu_milli || n >= cpus_here())
		return 0;
	if (sched_getaffinity(0, sizeof(set), &set))
		return err_set(e, EXIT_SBX, "--cpus: %s", strerror(errno));
	/* From the last on: what others pin goes to the first. */
	for (i = 0; i < CPU_SETSIZE && (uint64_t)CPU_COUNT(&set) > n; i++)
		CPU_CLR(i, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		return err_set(e, EXIT_SBX, "--cpus: %s", strerror(errno));
	return 0;
}

void limits_child(const struct limits *l)
{
	struct rlimit rl;

	if (!l->fsize)
		return;
	/* The kernel inside answers first; for one that does not, EFBIG. */
	rl.rlim_cur = rl.rlim_max = l->fsize;
	setrlimit(RLIMIT_FSIZE, &rl);
	signal(SIGXFSZ, SIG_IGN);
}

static void print_ms(FILE *f, uint64_t ms)
{
	if (ms % 1000)
		fprintf(f, "%lu.%03lus", (unsigned long)(ms / 1000),
			(unsigned long)(ms % 1000));
	else
		fprintf(f, "%lus", (unsigned long)(ms / 1000));
}

void limits_explain(const struct limits *l, FILE *f)
{
	if (l->memory)
		fprintf(f, "memory   %lu (%s)\n", (unsigned long)l->memory,
			l->cgroup_memory ? "cgroup" :
			"measured by sbx, may be passed for a moment");
	if (l->cpu_milli)
		fprintf(f, "cpus     %lu.%03lu (%s)\n",
			(unsigned long)(l->cpu_milli / 1000),
			(unsigned long)(l->cpu_milli % 1000),
			l->cgroup_cpus ? "cgroup" : whole_cpus(l) ?
			"on so many CPUs alone" :
			"best effort: on so many CPUs alone, rounded up");
	if (l->pids)
		fprintf(f, "pids     %lu (%s)\n", (unsigned long)l->pids,
			l->cgroup_pids ? "cgroup" : "the sandbox's kernel");
	if (l->files)
		fprintf(f, "files    %lu (the sandbox's kernel; in all at most "
			"%d)\n", (unsigned long)l->files, HOSTFD_END);
	if (l->fsize)
		fprintf(f, "fsize    %lu (the host's limit)\n",
			(unsigned long)l->fsize);
	if (l->timeout_ms) {
		fprintf(f, "timeout  ");
		print_ms(f, l->timeout_ms);
		fprintf(f, ", killed after ");
		print_ms(f, l->kill_ms);
		fprintf(f, " more (the monitor)\n");
	}
}
