/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup.c: a control group of the sandbox's own, cgroups(7). */
#include "config.h"

#include "loader/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader/limits.h"

#define CPU_PERIOD_US	100000UL

/* Of the sandbox itself: its first process, timers, what takes over. */
#define OWN_THREADS	16UL

static const char *const controller[CGROUP_KINDS] = {
	[CGROUP_MEMORY] = "memory", [CGROUP_CPU] = "cpu",
	[CGROUP_PIDS] = "pids",
};

/* Is @word one of the words of @list, between spaces or commas? */
static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);
	const char *at = list;

	while ((at = strstr(at, word))) {
		bool starts = at == list || strchr(" ,", at[-1]);

		if (starts && (!at[n] || strchr(" ,\n", at[n])))
			return true;
		at += n;
	}
	return false;
}

static bool file_has_word(const char *dir, const char *name, const char *word)
{
	char *path = xconcat(dir, "/", name), line[512];
	FILE *f = fopen(path, "re");
	bool found = f && fgets(line, sizeof(line), f) && has_word(line, word);

	if (f)
		fclose(f);
	free(path);
	return found;
}

/*
 * Our own group: of @word in version 1, in version 2 where @word is "".  The
 * path is relative to the root of the hierarchy; malloc'd, or NULL.
 */
static char *own_group(const char *word)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char line[PATH_MAX + 256], *found = NULL;

	while (f && !found && fgets(line, sizeof(line), f)) {
		char *list = strchr(line, ':');
		char *path = list ? strchr(list + 1, ':') : NULL;

		if (!path)
			continue;
		*path++ = '\0';
		path[strcspn(path, "\n")] = '\0';
		list++;
		if (*word ? has_word(list, word) : !*list)
			found = xstrdup(path);
	}
	if (f)
		fclose(f);
	return found;
}

/*
 * Where the hierarchy is mounted: version 1 has @word among the options of its
 * super block; version 2 has a type of its own.  Format: proc(5), mountinfo.
 */
static char *mount_of(const char *word, char **root)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[2 * PATH_MAX], *found = NULL;

	while (f && !found && fgets(line, sizeof(line), f)) {
		char from[PATH_MAX], at[PATH_MAX], *tail, opts[512], type[64];

		tail = strstr(line, " - ");
		if (!tail || sscanf(line, "%*d %*d %*s %4095s %4095s", from,
				    at) != 2 ||
		    sscanf(tail, " - %63s %*s %511s", type, opts) != 2)
			continue;
		if (*word ? strcmp(type, "cgroup") || !has_word(opts, word) :
			    strcmp(type, "cgroup2"))
			continue;
		found = xstrdup(at);
		*root = xstrdup(from);
	}
	if (f)
		fclose(f);
	return found;
}

/* The directory of our own group; malloc'd, or NULL: it is not in sight. */
static char *own_dir(const char *word)
{
	char *group = own_group(word), *root = NULL, *dir = NULL;
	char *at = group ? mount_of(word, &root) : NULL;

	if (at) {
		const char *rest = group;
		size_t n = strcmp(root, "/") != 0 ? strlen(root) : 0;

		if (!strncmp(group, root, n) && (!group[n] || group[n] == '/'))
			rest = group + n;
		dir = xconcat(at, strcmp(rest, "/") != 0 ? rest : "", "");
	}
	free(group);
	free(root);
	free(at);
	return dir;
}

static bool may_write(const char *dir, const char *name)
{
	char *path = xconcat(dir, "/", name);
	bool ok = !access(path, W_OK);

	free(path);
	return ok;
}

/* Of version 2: where a group can be made that we can go into. */
static char *parent_v2(enum cgroup_kind kind)
{
	char *dir = own_dir("");

	/* Our own group; else, as a rule, the one above it. */
	for (int up = 0; dir && up < 2; up++) {
		char *slash;

		if (may_write(dir, ".") && may_write(dir, "cgroup.procs") &&
		    file_has_word(dir, "cgroup.subtree_control",
				  controller[kind]))
			return dir;
		slash = strrchr(dir, '/');
		if (!slash || slash == dir)
			break;
		*slash = '\0';
	}
	free(dir);
	return NULL;
}

/* Where a group of this kind would be made; malloc'd, or NULL. */
static char *parent_of(enum cgroup_kind kind, bool *v2)
{
	char *dir = own_dir(controller[kind]);

	*v2 = !dir;
	if (!dir)
		return parent_v2(kind);
	if (may_write(dir, ".") && may_write(dir, "cgroup.procs"))
		return dir;
	free(dir);
	return NULL;
}

bool cgroup_can(enum cgroup_kind kind)
{
	bool v2;
	char *dir = parent_of(kind, &v2);

	free(dir);
	return dir != NULL;
}

/* 0 or -errno. */
static int put(const char *dir, const char *name, const char *text)
{
	char *path = xconcat(dir, "/", name);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));
	int err = n < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	free(path);
	return err;
}

static int put_number(const char *dir, const char *name, uint64_t v)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", (unsigned long)v);
	return put(dir, name, text);
}

static int set_memory(const char *dir, bool v2, uint64_t bytes)
{
	int err;

	if (!v2) {
		err = put_number(dir, "memory.limit_in_bytes", bytes);
		/* Only where the host counts swap. */
		put_number(dir, "memory.memsw.limit_in_bytes", bytes);
		return err;
	}
	err = put_number(dir, "memory.max", bytes);
	put(dir, "memory.swap.max", "0");
	/* All of it is one program. */
	put(dir, "memory.oom.group", "1");
	return err;
}

static int set_cpu(const char *dir, bool v2, uint64_t milli)
{
	uint64_t quota = milli * (CPU_PERIOD_US / 1000);
	char text[64];
	int err;

	if (v2) {
		snprintf(text, sizeof(text), "%lu %lu", (unsigned long)quota,
			 CPU_PERIOD_US);
		return put(dir, "cpu.max", text);
	}
	err = put_number(dir, "cpu.cfs_period_us", CPU_PERIOD_US);
	return err ? err : put_number(dir, "cpu.cfs_quota_us", quota);
}

static int set(enum cgroup_kind kind, const char *dir, bool v2,
	       const struct limits *l)
{
	switch (kind) {
	case CGROUP_MEMORY:
		return set_memory(dir, v2, l->memory);
	case CGROUP_CPU:
		return set_cpu(dir, v2, l->cpu_milli);
	default:
		return put_number(dir, "pids.max", l->pids + OWN_THREADS);
	}
}

static int open_in(const char *dir, const char *name, int flags)
{
	char *path = xconcat(dir, "/", name);
	int fd = open(path, flags | O_CLOEXEC);

	free(path);
	return fd;
}

static int make_one(struct cgroup *g, enum cgroup_kind kind,
		    const struct limits *l)
{
	bool v2;
	char *parent = parent_of(kind, &v2);
	int err;

	if (!parent)
		return -ENOENT;
	g->dir[kind] = xasprintf("%s/sbx-%d", parent, (int)getpid());
	free(parent);
	if (mkdir(g->dir[kind], 0755) && errno != EEXIST) {
		err = -errno;
		free(g->dir[kind]);
		g->dir[kind] = NULL;
		return err;
	}
	g->procs[kind] = open_in(g->dir[kind], "cgroup.procs", O_WRONLY);
	if (g->procs[kind] < 0)
		return -errno;
	if (kind == CGROUP_MEMORY)
		g->oom_fd = open_in(g->dir[kind], v2 ? "memory.events" :
				    "memory.oom_control", O_RDONLY);
	return set(kind, g->dir[kind], v2, l);
}

int cgroup_make(struct cgroup *g, const struct limits *l, struct err *e)
{
	const bool want[CGROUP_KINDS] = {
		[CGROUP_MEMORY] = l->cgroup_memory,
		[CGROUP_CPU] = l->cgroup_cpus,
		[CGROUP_PIDS] = l->cgroup_pids,
	};
	int err;

	*g = (struct cgroup){ .procs = { -1, -1, -1 }, .oom_fd = -1 };
	for (int k = 0; k < CGROUP_KINDS; k++) {
		err = want[k] ? make_one(g, (enum cgroup_kind)k, l) : 0;
		if (err)
			return err_set(e, EXIT_SBX, "cgroup of %s: %s: %s",
				       controller[k], g->dir[k] ? g->dir[k] :
				       "no place for it", strerror(-err));
	}
	return 0;
}

int cgroup_enter(const struct cgroup *g)
{
	for (int k = 0; k < CGROUP_KINDS; k++)
		if (g->procs[k] >= 0 && write(g->procs[k], "0", 1) < 0)
			return -errno;
	return 0;
}

void cgroup_close(struct cgroup *g)
{
	for (int k = 0; k < CGROUP_KINDS; k++)
		if (g->procs[k] >= 0)
			close(g->procs[k]);
}

bool cgroup_remove(struct cgroup *g)
{
	bool gone = true;

	for (int k = 0; k < CGROUP_KINDS; k++) {
		if (!g->dir[k])
			continue;
		if (rmdir(g->dir[k]) && errno == EBUSY) {
			gone = false;
			continue;
		}
		free(g->dir[k]);
		g->dir[k] = NULL;
	}
	return gone;
}
