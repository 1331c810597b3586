/* SPDX-License-Identifier: Apache-2.0 */
/*
 * u-cgroup.c: control groups of both versions, of which a host has one: where
 * sbx would make its own, and what it writes there.  The hierarchy is a tree
 * of plain files.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char tree[] = "/tmp/u-cgroup.XXXXXX";

/* What /proc/self would say of this host. */
static FILE *fake_open(const char *path, const char *mode)
{
	char at[256];

	if (!strncmp(path, "/proc/self/", 11)) {
		snprintf(at, sizeof(at), "%s/%s", tree, path + 11);
		path = at;
	}
	return fopen(path, mode);
}
#define fopen fake_open
#include "loader/cgroup.c" /* NOLINT(bugprone-suspicious-include) */
#undef fopen

/* What sbx would have said lives until it ends. */
#define ASAN_LEAKS_ARE_FINE	1
#include "t/unit.h"

/* The file @rel below the hierarchy, made with its directories. */
static void file(const char *rel, const char *text)
{
	char *path = xconcat(tree, "/", rel);
	FILE *f;

	for (char *s = strchr(path + strlen(tree) + 1, '/'); s;
	     s = strchr(s + 1, '/')) {
		*s = '\0';
		mkdir(path, 0755);
		*s = '/';
	}
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	free(path);
}

/* An empty file in the group of this process below @group. */
static void own(const char *group, const char *name)
{
	char rel[256];

	snprintf(rel, sizeof(rel), "%s/sbx-%d/%s", group, (int)getpid(), name);
	file(rel, "");
}

static void has(const char *name, const char *wanted)
{
	char path[512], text[256] = "";
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", tree, name);
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "no %s", path);
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	ck_assert_msg(!strcmp(text, wanted), "%s: '%s' not '%s'", name, text,
		      wanted);
}

/* The same in the group of this process. */
static void own_has(const char *group, const char *name, const char *wanted)
{
	char rel[256];

	snprintf(rel, sizeof(rel), "%s/sbx-%d/%s", group, (int)getpid(), name);
	has(rel, wanted);
}

/* A host whose hierarchy is a tree of its own. */
static void host(const char *groups)
{
	ck_assert_ptr_nonnull(mkdtemp(tree));
	file("cgroup", groups);
	file("mountinfo", "");
}

/* @root of a hierarchy is mounted on @on in the tree; @type: and its options */
static void mounted(const char *root, const char *on, const char *type)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/mountinfo", tree);
	f = fopen(path, "a");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "30 1 0:26 %s %s/%s rw - %s\n", root, tree, on, type);
	fclose(f);
}

static void clean(void)
{
	char *cmd = xasprintf("rm -r %s", tree);

	ck_assert_int_eq(system(cmd), 0);
	free(cmd);
}

#define V2	"cgroup2 cgroup2 rw,nsdelegate"

static const struct limits all = {
	.memory = 64 << 20, .cpu_milli = 1500, .pids = 20,
	.cgroup_memory = true, .cgroup_cpus = true, .cgroup_pids = true,
};

/* A delegated group whose processes lie in a group below it. */
START_TEST(test_v2_above)
{
	struct cgroup g;
	struct err e = { 0 };

	host("0::/user/session\n");
	mounted("/", "c", V2);
	file("c/cgroup.procs", "");
	file("c/cgroup.subtree_control", "cpuset cpu io memory pids\n");
	file("c/user/cgroup.procs", "");
	file("c/user/cgroup.subtree_control", "memory pids cpu\n");
	file("c/user/session/cgroup.procs", "");
	file("c/user/session/cgroup.subtree_control", "\n");
	for (int k = 0; k < CGROUP_KINDS; k++)
		ck_assert(cgroup_can((enum cgroup_kind)k));
	own("c/user", "cgroup.procs");
	own("c/user", "memory.events");
	own("c/user", "memory.max");
	own("c/user", "memory.swap.max");
	own("c/user", "memory.oom.group");
	own("c/user", "cpu.max");
	own("c/user", "pids.max");
	ck_assert_msg(!cgroup_make(&g, &all, &e), "%s", e.text);
	ck_assert_int_ge(g.oom_fd, 0);
	ck_assert_int_eq(cgroup_enter(&g), 0);
	cgroup_close(&g);
	own_has("c/user", "memory.max", "67108864");
	own_has("c/user", "memory.swap.max", "0");
	own_has("c/user", "memory.oom.group", "1");
	own_has("c/user", "cpu.max", "150000 100000");
	own_has("c/user", "pids.max", "36");
	own_has("c/user", "cgroup.procs", "0");
	clean();
}
END_TEST

/* A group in the one that sbx is in, seen from inside a container. */
START_TEST(test_v2_here)
{
	host("0::/box\n");
	mounted("/box", "c", "cgroup2 cgroup rw");
	file("c/cgroup.procs", "");
	file("c/cgroup.subtree_control", "memory\n");
	ck_assert(cgroup_can(CGROUP_MEMORY));
	ck_assert(!cgroup_can(CGROUP_CPU));
	ck_assert(!cgroup_can(CGROUP_PIDS));
	clean();
}
END_TEST

/* Words that begin or end alike are others; two groups up is not ours. */
START_TEST(test_v2_none)
{
	host("0::/a/b/c\n");
	mounted("/", "c", V2);
	file("c/cgroup.procs", "");
	file("c/cgroup.subtree_control", "memory pids cpu\n");
	file("c/a/cgroup.procs", "");
	file("c/a/cgroup.subtree_control", "memory pids cpu\n");
	file("c/a/b/cgroup.procs", "");
	file("c/a/b/cgroup.subtree_control", "cpuset memoryx xpids\n");
	file("c/a/b/c/cgroup.procs", "");
	file("c/a/b/c/cgroup.subtree_control", "");
	for (int k = 0; k < CGROUP_KINDS; k++)
		ck_assert(!cgroup_can((enum cgroup_kind)k));
	clean();
}
END_TEST

/* What the host does not take is an error that says where. */
START_TEST(test_v2_refused)
{
	struct cgroup g;
	struct err e = { 0 };

	host("0::/\n");
	mounted("/", "c", V2);
	file("c/cgroup.procs", "");
	file("c/cgroup.subtree_control", "memory pids cpu\n");
	own("c", "cgroup.procs");
	ck_assert_int_eq(cgroup_make(&g, &all, &e), -1);
	ck_assert_int_eq(e.status, EXIT_SBX);
	ck_assert_ptr_nonnull(strstr(e.text, "cgroup of memory"));
	cgroup_close(&g);
	clean();
}
END_TEST

/* Version 1: a hierarchy for each; memory alone is where sbx may write. */
START_TEST(test_v1)
{
	struct limits l = all;
	struct cgroup g;
	struct err e = { 0 };

	host("4:memory:/box\n1:cpu,cpuacct:/box\n0::/\n");
	mounted("/", "m", "cgroup cgroup rw,memory");
	mounted("/", "u", "cgroup cgroup rw,cpu,cpuacct");
	file("m/box/cgroup.procs", "");
	ck_assert(cgroup_can(CGROUP_MEMORY));
	ck_assert(!cgroup_can(CGROUP_CPU));
	ck_assert(!cgroup_can(CGROUP_PIDS));
	file("u/box/cgroup.procs", "");
	ck_assert(cgroup_can(CGROUP_CPU));
	l.cgroup_pids = false;
	own("m/box", "cgroup.procs");
	own("m/box", "memory.oom_control");
	own("m/box", "memory.limit_in_bytes");
	own("u/box", "cgroup.procs");
	own("u/box", "cpu.cfs_period_us");
	own("u/box", "cpu.cfs_quota_us");
	ck_assert_msg(!cgroup_make(&g, &l, &e), "%s", e.text);
	ck_assert_int_eq(cgroup_enter(&g), 0);
	cgroup_close(&g);
	own_has("m/box", "memory.limit_in_bytes", "67108864");
	own_has("m/box", "cgroup.procs", "0");
	own_has("u/box", "cpu.cfs_period_us", "100000");
	own_has("u/box", "cpu.cfs_quota_us", "150000");
	own_has("u/box", "cgroup.procs", "0");
	clean();
}
END_TEST

/* A group that has nothing in it goes. */
START_TEST(test_remove)
{
	struct cgroup g = { .oom_fd = -1 };

	ck_assert_ptr_nonnull(mkdtemp(tree));
	g.dir[0] = xasprintf("%s/sbx-1", tree);
	ck_assert_int_eq(mkdir(g.dir[0], 0755), 0);
	ck_assert(cgroup_remove(&g));
	ck_assert_ptr_null(g.dir[0]);
	ck_assert_int_eq(rmdir(tree), 0);
}
END_TEST

UNIT_MAIN("cgroup", test_v2_above, test_v2_here, test_v2_none,
	  test_v2_refused, test_v1, test_remove)
