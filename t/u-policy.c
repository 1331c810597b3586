/* SPDX-License-Identifier: Apache-2.0 */
/* u-policy.c: rules of the command line: paths, merging, environment. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader/settings.h"
/* A policy lives until sbx ends: what is not freed here is no leak. */
#define ASAN_LEAKS_ARE_FINE	1
#include "t/unit.h"

static char dir[] = "/tmp/u-policy.XXXXXX";

static char *at(const char *rel)
{
	return xasprintf("%s/%s", dir, rel);
}

static void make(const char *rel, bool is_dir)
{
	char *path = at(rel);
	FILE *f;

	if (is_dir) {
		ck_assert_int_eq(mkdir(path, 0755), 0);
	} else {
		f = fopen(path, "w");
		ck_assert_ptr_nonnull(f);
		fclose(f);
		chmod(path, 0755);
	}
	free(path);
}

static void setup_tree(void)
{
	char real[4096];

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_ptr_nonnull(realpath(dir, real));
	ck_assert_str_eq(real, dir);
	make("a", true);
	make("a/b", true);
	make("a/b/f", false);
	make("c", true);
	make("home", true);
	make("home/.ssh", true);
	make("home/proj", true);
	make("home/app", false);
	ck_assert_int_eq(symlink("a", xasprintf("%s/link", dir)), 0);
}

static void clean_tree(void)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	/* NOLINTNEXTLINE(cert-env33-c): a constant and a name of ours */
	ck_assert_int_eq(system(cmd), 0);
}

/* A row of the table, as the command line has it. */
static void option(struct policy *p, const char *name, const char *arg)
{
	struct settings s = {
		.p = p, .cwd = dir, .name = name, .from = { name, 0 },
		.rank = RANK_CLI,
	};
	const struct option_row *row = option_find(name, strlen(name));
	struct err e = { 0 };

	ck_assert_ptr_nonnull(row);
	ck_assert_msg(row->take(&s, arg, &e) == 0, "%s", e.text);
}

static void rule(struct policy *p, enum view_kind kind, const char *arg)
{
	static const char *const names[] = {
		[VIEW_RO] = "ro", [VIEW_RW] = "rw", [VIEW_HIDE] = "hide",
		[VIEW_OVERLAY] = "overlay", [VIEW_TMPFS] = "tmpfs",
		[VIEW_DENY] = "deny",
	};

	option(p, names[kind], arg);
}

/* What holds where nothing is asked, for one who stands at @b. */
static void defaults(struct policy *p, const struct view_base *b)
{
	struct settings s = { .p = p, .cwd = b->cwd, .home = b->home };
	const struct view_mount cwd = {
		.kind = VIEW_OVERLAY, .rank = RANK_PROFILE - 1,
		.from = { "default", 0 },
	};
	struct err e = { 0 };

	ck_assert_msg(profiles_read(&s, &e) == 0, "%s", e.text);
	ck_assert_msg(view_cwd(p, b, &cwd, &e) == 0, "%s", e.text);
}

static void hides(struct policy *p)
{
	struct err e = { 0 };

	ck_assert_msg(view_hides(p, 0, &e) == 0, "%s", e.text);
}

static const struct view_mount *look(const struct policy *p, const char *rel)
{
	char *path = at(rel);
	const struct view_mount *m = view_lookup(p, path);

	free(path);
	return m;
}

static void finish(struct policy *p)
{
	struct err e = { 0 };

	ck_assert_msg(view_finish(p, &e) == 0, "%s", e.text);
	for (size_t i = 1; i < p->n_mounts; i++)
		ck_assert_str_ne(p->mounts[i].guest, p->mounts[i - 1].guest);
}

START_TEST(test_clean)
{
	static const struct {
		const char *base, *path, *want;
	} rows[] = {
		{ "/", "a", "/a" }, { "/x/y", "a/../b", "/x/y/b" },
		{ "/x", "..", "/" }, { "/x", "../../..", "/" },
		{ "/x", "/a//b/./c/", "/a/b/c" }, { "/", "/", "/" },
		{ "/x", ".", "/x" }, { "/", "/a/...", "/a/..." },
		{ "/", "/..a/b..", "/..a/b.." },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *got = path_clean(rows[i].base, rows[i].path);

		ck_assert_str_eq(got, rows[i].want);
		free(got);
	}
	ck_assert(path_beneath("/a/b", "/a"));
	ck_assert(path_beneath("/a", "/a"));
	ck_assert(path_beneath("/a", "/"));
	ck_assert(!path_beneath("/ab", "/a"));
	ck_assert(!path_beneath("/", "/a"));
}
END_TEST

START_TEST(test_specific_wins)
{
	struct policy p = { 0 };

	setup_tree();
	rule(&p, VIEW_RW, "a/b");
	rule(&p, VIEW_RO, "a");
	ck_assert_int_eq(look(&p, "a/b/f")->kind, VIEW_RW);
	ck_assert_int_eq(look(&p, "a/x")->kind, VIEW_RO);
	ck_assert_ptr_null(look(&p, "c"));
	finish(&p);
	ck_assert_uint_eq(p.n_mounts, 2);
	ck_assert_int_eq(p.mounts[0].kind, VIEW_RO);
	policy_free(&p);
	clean_tree();
}
END_TEST

START_TEST(test_same_path)
{
	static const enum view_kind order[] = {
		VIEW_RW, VIEW_OVERLAY, VIEW_RO, VIEW_HIDE, VIEW_DENY
	};

	setup_tree();
	for (size_t i = 0; i < 5; i++) {
		for (size_t j = 0; j < 5; j++) {
			struct policy p = { 0 };

			rule(&p, VIEW_RO, "a");
			rule(&p, order[i], "a/b");
			rule(&p, order[j], "a/b");
			hides(&p);
			ck_assert_int_eq(look(&p, "a/b")->kind,
					 order[i > j ? i : j]);
			finish(&p);
			ck_assert_int_eq(look(&p, "a/b")->kind,
					 order[i > j ? i : j]);
			policy_free(&p);
		}
	}
	clean_tree();
}
END_TEST

START_TEST(test_asked_beats_default)
{
	struct policy p = { 0 };
	struct view_base b = { 0 };

	setup_tree();
	b.cwd = at("home");
	b.home = b.cwd;
	defaults(&p, &b);
	rule(&p, VIEW_RW, "home");
	hides(&p);
	finish(&p);
	ck_assert_int_eq(look(&p, "home/x")->kind, VIEW_RW);
	ck_assert_int_eq(look(&p, "home/.ssh/id")->kind, VIEW_HIDE);
	ck_assert_int_eq(view_lookup(&p, "/etc/shadow")->kind, VIEW_HIDE);
	ck_assert_int_eq(view_lookup(&p, "/etc/passwd")->kind, VIEW_OVERLAY);
	ck_assert_int_eq(view_lookup(&p, "/root/x")->kind, VIEW_TMPFS);
	policy_free(&p);

	memset(&p, 0, sizeof(p));
	defaults(&p, &b);
	rule(&p, VIEW_RO, "home/.ssh");
	hides(&p);
	finish(&p);
	ck_assert_int_eq(look(&p, "home/.ssh/id")->kind, VIEW_RO);
	policy_free(&p);
	clean_tree();
}
END_TEST

START_TEST(test_home_hidden)
{
	struct policy p = { 0 };
	struct view_base b = { 0 };
	const struct view_mount *m;

	setup_tree();
	b.cwd = at("home/proj");
	b.home = at("home");
	defaults(&p, &b);
	rule(&p, VIEW_RO, dir);
	hides(&p);
	finish(&p);
	ck_assert_int_eq(look(&p, "home/proj/x")->kind, VIEW_OVERLAY);
	m = look(&p, "home/.ssh");
	ck_assert_int_eq(m->kind, VIEW_TMPFS);
	ck_assert(m->read_only);
	policy_free(&p);

	/* Who stands above the home does not bare it. */
	memset(&p, 0, sizeof(p));
	b.cwd = dir;
	defaults(&p, &b);
	ck_assert_int_eq(look(&p, "a")->kind, VIEW_TMPFS);
	ck_assert(look(&p, "")->read_only);
	policy_free(&p);
	clean_tree();
}
END_TEST

START_TEST(test_hide_renamed)
{
	struct policy p = { 0 };
	char *arg;

	setup_tree();
	arg = xasprintf("%s/a:/d", dir);
	rule(&p, VIEW_RO, arg);
	rule(&p, VIEW_HIDE, "link/b");
	hides(&p);
	finish(&p);
	ck_assert_int_eq(view_lookup(&p, "/d/b/f")->kind, VIEW_HIDE);
	ck_assert_int_eq(view_lookup(&p, "/d/x")->kind, VIEW_RO);
	policy_free(&p);
	clean_tree();
}
END_TEST

START_TEST(test_parse)
{
	static const struct {
		enum view_kind kind;
		const char *arg, *want;
	} bad[] = {
		{ VIEW_RO, "", "the path is empty" },
		{ VIEW_RO, "/nowhere/at/all", "No such file" },
		{ VIEW_RO, "/dev/null", "neither a file nor" },
		{ VIEW_RO, "/usr:rel", "not absolute" },
		{ VIEW_RO, "/etc/passwd:/", "must be a directory" },
		{ VIEW_TMPFS, "/x:size=", "not a size" },
		{ VIEW_TMPFS, "/x:size=1X", "not a size" },
		{ VIEW_TMPFS, "/x:size=-1", "not a size" },
		{ VIEW_TMPFS, "/x:size=0", "not a size" },
		{ VIEW_TMPFS, "/x:size=99999999999999999999", "not a size" },
		{ VIEW_TMPFS, "/x:size=99999999999T", "not a size" },
		{ VIEW_TMPFS, "/x:uid=1", "only size=" },
		{ VIEW_TMPFS, "/x:mode=8", "not a mode" },
		{ VIEW_HIDE, "/a:/b", "no DEST" },
		{ VIEW_HIDE, "/", "the root cannot" },
		{ VIEW_DENY, "/x/..", "the root cannot" },
		{ VIEW_RO, "/usr:/a:/b", "more than PATH:DEST" },
	};
	struct view_mount m;
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&e, 0, sizeof(e));
		ck_assert_int_eq(view_parse(&m, bad[i].kind, "--x", bad[i].arg,
					    "/", &e), -1);
		ck_assert_int_eq(e.status, EXIT_SBX);
		ck_assert_msg(strstr(e.text, bad[i].want) != NULL, "%s",
			      e.text);
		view_mount_free(&m);
	}
	memset(&e, 0, sizeof(e));
	ck_assert_int_eq(view_parse(&m, VIEW_TMPFS, "--x", "x\\:y:size=4m",
				    "/w", &e), 0);
	ck_assert_str_eq(m.guest, "/w/x:y");
	ck_assert_uint_eq(m.size, 4u << 20);
	view_mount_free(&m);
	ck_assert_int_eq(view_parse(&m, VIEW_RO, "--x", "/no/such?", "/", &e),
			 1);
	ck_assert_int_eq(view_parse(&m, VIEW_RO, "--x", "/usr?:/d", "/", &e),
			 0);
	ck_assert_str_eq(m.guest, "/d");
	ck_assert_int_eq(view_parse(&m, VIEW_RO, "--x", "/no/such\\?", "/",
				    &e), -1);
}
END_TEST

START_TEST(test_place)
{
	struct policy p = { 0 };
	struct err e = { 0 };

	setup_tree();
	rule(&p, VIEW_RW, "a");
	rule(&p, VIEW_TMPFS, "a/none");
	ck_assert_int_eq(view_finish(&p, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.text, "no place"));
	policy_free(&p);
	clean_tree();
}
END_TEST

/* Read @text as a profile; its error, or "". */
static struct err parse(const char *text, size_t n)
{
	struct policy p = { 0 };
	struct settings s = { .p = &p, .cwd = "/tmp", .home = "/home/u" };
	struct err e = { 0 };
	int r = profile_parse(&s, "title", "", text, n, RANK_PROFILE, &e);

	ck_assert_int_eq(r < 0, e.status != 0);
	return e;
}

START_TEST(test_profile)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "sbx-profile 1\nhide ~/x\nenv A=1", "" },
		{ "sbx-profile 1\nhide \"/a b\"", "" },
		{ "# x\n\n\tsbx-profile 1 \n", "" },
		{ "", "title:1:1: the first line" },
		{ "sbx-profile 2", "title:1:1: this sbx knows" },
		{ "sbx-profile 1\nfrob", "title:2:1: there is no such" },
		{ "sbx-profile 1\n  ro", "title:2:3: an argument is" },
		{ "sbx-profile 1\nro \"x", "title:2:4: the quote is" },
		{ "sbx-profile 1\nro ${X}", "title:2:4: there are HOME" },
		{ "sbx-profile 1\nro a b", "title:2:6: one argument" },
		{ "sbx-profile 1\nexplain", "title:2:1: only the command" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = parse(rows[i].text, strlen(rows[i].text));

		ck_assert_msg(!strncmp(e.text, rows[i].want,
				       strlen(rows[i].want)) &&
			      !*e.text == !*rows[i].want, "%s", e.text);
	}
}
END_TEST

/* Whatever is in a file, it is read or refused, with its place. */
START_TEST(test_profile_rubbish)
{
	static const char *const words[] = {
		"sbx-profile 1\n", "hide", "ro ", "tmpfs /x:", "size=", "1G",
		"mount type=", "bind,src=", "dst=/", "${", "HOME", "}", "~",
		"\"", "\\", "?", ":", "\n", " ", "#", "env A=", "$$", ",", "/",
		"include x?", "volume ", "root ", "cwd rw", "\t", "\xff", "..",
	};
	unsigned int seed = 1;
	char text[512];

	for (int i = 0; i < 4000; i++) {
		size_t n = 0;
		struct err e;

		for (int k = rand_r(&seed) % 40; k >= 0; k--) {
			const char *w = words[(size_t)rand_r(&seed) %
				(sizeof(words) / sizeof(words[0]))];
			size_t len = strlen(w);

			if (!k || n + len > sizeof(text))
				break;
			if (!n)
				w = words[0];
			for (; *w; w++)
				text[n++] = *w;
		}
		if (n && rand_r(&seed) % 8 == 0)
			text[(size_t)rand_r(&seed) % n] = (char)rand_r(&seed);
		e = parse(text, n);
		if (e.status)
			ck_assert_msg(!strncmp(e.text, "title:", 6), "%s",
				      e.text);
	}
}
END_TEST

static bool has(char **env, const char *var)
{
	for (; *env; env++)
		if (!strcmp(*env, var))
			return true;
	return false;
}

START_TEST(test_environment)
{
	static char v0[] = "PATH=/bin", v1[] = "MY_TOKEN=1", v2[] = "LD_X=1",
		v3[] = "aws_key=2", v4[] = "A=", v5[] = "noequals";
	char *host[] = { v0, v1, v2, v3, v4, v5, NULL };
	static char s0[] = "NEW=1", s1[] = "A=2", s2[] = "LD_X", s3[] = "NONE";
	char *set[] = { s0, s1, s2, s3, NULL };
	static char k0[] = "MY_*";
	char *keep[] = { k0, NULL };
	static char u0[] = "PA*";
	char *unset[] = { u0, NULL };
	struct env_rules r = { 0 };
	char **env = env_make(&r, host);

	ck_assert(has(env, "PATH=/bin") && has(env, "A="));
	ck_assert(has(env, "noequals"));
	ck_assert(!has(env, "MY_TOKEN=1") && !has(env, "LD_X=1"));
	ck_assert(!has(env, "aws_key=2"));
	r.set = set;
	r.keep = keep;
	r.unset = unset;
	env = env_make(&r, host);
	ck_assert(!has(env, "PATH=/bin") && has(env, "MY_TOKEN=1"));
	ck_assert(has(env, "NEW=1") && has(env, "A=2") && !has(env, "A="));
	ck_assert(has(env, "LD_X=1"));
	ck_assert_str_eq(env_get(env, "A"), "2");
	ck_assert_ptr_null(env_get(env, "NONE"));
	r.clear = true;
	r.set = NULL;
	env = env_make(&r, host);
	ck_assert(has(env, "MY_TOKEN=1") && !env[1]);
}
END_TEST

START_TEST(test_program)
{
	struct policy p = { 0 };
	struct view_base b = { 0 };
	struct err e = { 0 };
	char *app;

	setup_tree();
	b.cwd = at("c");
	b.home = at("home");
	p.cwd = xstrdup(b.cwd);
	p.env = xmalloc(2 * sizeof(char *));
	b.own = (struct view_mount){
		.kind = VIEW_OVERLAY, .rank = RANK_PROFILE - 2,
		.from = { "default", 0 } };
	p.env[0] = xasprintf("PATH=/nonexistent:%s/a:%s/a/b", dir, dir);
	defaults(&p, &b);
	ck_assert_int_eq(program_find(&p, &b, "f", &e), 0);
	ck_assert_str_eq(strrchr(p.program, '/'), "/f");
	ck_assert_int_eq(look(&p, "a/b/other")->kind, VIEW_OVERLAY);
	ck_assert_int_eq(look(&p, "a/c")->kind, VIEW_TMPFS);

	/* A program in the home bares itself, not the home. */
	app = at("home/app");
	ck_assert_int_eq(program_find(&p, &b, app, &e), 0);
	ck_assert_int_eq(look(&p, "home/app")->kind, VIEW_OVERLAY);
	ck_assert_int_eq(look(&p, "home/.ssh")->kind, VIEW_TMPFS);

	ck_assert_int_eq(program_find(&p, &b, "none", &e), -1);
	ck_assert_int_eq(e.status, EXIT_NOTFOUND);
	memset(&e, 0, sizeof(e));
	ck_assert_int_eq(program_find(&p, &b, "/usr", &e), -1);
	ck_assert_int_eq(e.status, EXIT_NOEXEC);
	memset(&e, 0, sizeof(e));
	ck_assert_int_eq(program_find(&p, &b, "", &e), -1);
	ck_assert_int_eq(e.status, EXIT_NOTFOUND);
	clean_tree();
}
END_TEST

UNIT_MAIN("policy", test_clean, test_specific_wins, test_same_path,
	  test_asked_beats_default, test_home_hidden, test_hide_renamed,
	  test_parse, test_place, test_profile, test_profile_rubbish,
	  test_environment, test_program)
