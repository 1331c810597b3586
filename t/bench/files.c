/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files.c: what files cost, by case; and how the cost of one grows with their
 * number.
 *
 * usage: files DIR DISK MEMORY [CASE...]
 *        files grow DISK MEMORY
 *
 * DIR has what t/bench/run.sh puts there: list/ with 1000 names, cold/ with
 * COLD_DIRS directories of COLD_FILES files, big, and deep/ of DEEP more
 * directories one in the other with a file in the last.  DISK and MEMORY are
 * directories to write to.  Prints a line a case: its name and nanoseconds a
 * round; with "grow" its name and what one costs where there are few and where
 * there are many.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SLICES		5
#define SLICE_NS	4000000
#define COLD_DIRS	20
#define COLD_FILES	100
#define DEEP		30
#define TREE_DIRS	200
#define TREE_FILES	100
#define FEW		1000
#define MANY		100000
#define MANY_OPEN	10000

static char buf[131072];
static const char *dir, *disk, *memory;
static char deep[PATH_MAX], missing[PATH_MAX], list[PATH_MAX], big[PATH_MAX];
static char disk_file[PATH_MAX], memory_file[PATH_MAX];

static void need(long ret, const char *what)
{
	if (ret >= 0)
		return;
	fprintf(stderr, "files: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000L + ts.tv_nsec;
}

static void write_file(const char *path, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	need(fd, path);
	need(write(fd, buf, len), path);
	close(fd);
}

static void case_stat_deep(void)
{
	struct stat st;

	need(stat(deep, &st), deep);
}

static void case_stat_missing(void)
{
	struct stat st;

	if (!stat(missing, &st) || errno != ENOENT)
		need(-1, missing);
}

static void case_readdir_1000(void)
{
	int fd = open(list, O_RDONLY | O_DIRECTORY);
	long n;

	need(fd, list);
	while ((n = syscall(SYS_getdents64, fd, buf, 32768)) > 0)
		;
	need(n, list);
	close(fd);
}

static void cycle_4k(const char *path)
{
	write_file(path, 4096);
	need(unlink(path), path);
}

static void case_disk_4k(void)
{
	cycle_4k(disk_file);
}

static void case_memory_4k(void)
{
	cycle_4k(memory_file);
}

/* Each of these is only done once, and times itself. */
static int64_t once_cold_open(void)
{
	char path[PATH_MAX];
	int64_t start = now_ns();

	for (int d = 0; d < COLD_DIRS; d++)
		for (int f = 0; f < COLD_FILES; f++) {
			int fd;

			snprintf(path, sizeof(path), "%s/cold/%d/%d", dir, d,
				 f);
			fd = open(path, O_RDONLY);
			need(fd, path);
			close(fd);
		}
	return (now_ns() - start) / (COLD_DIRS * COLD_FILES);
}

static int64_t once_read_big(void)
{
	int fd = open(big, O_RDONLY);
	int64_t start = now_ns(), took;
	ssize_t n;

	need(fd, big);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		;
	need(n, big);
	took = now_ns() - start;
	close(fd);
	return took;
}

static int64_t once_rm_20k(void)
{
	char path[PATH_MAX], top[PATH_MAX];
	static char rm[] = "rm", rf[] = "-rf";
	char *argv[] = { rm, rf, top, NULL };
	int64_t start;
	pid_t pid;
	int status;

	snprintf(top, sizeof(top), "%s/tree-%d", disk, getpid());
	need(mkdir(top, 0700), top);
	for (int d = 0; d < TREE_DIRS; d++) {
		snprintf(path, sizeof(path), "%s/tree-%d/%d", disk, getpid(),
			 d);
		need(mkdir(path, 0700), path);
		for (int f = 0; f < TREE_FILES; f++) {
			snprintf(path, sizeof(path), "%s/tree-%d/%d/%d", disk,
				 getpid(), d, f);
			write_file(path, 1000);
		}
	}
	start = now_ns();
	if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, NULL) ||
	    waitpid(pid, &status, 0) != pid || status)
		need(-1, "rm -rf");
	return now_ns() - start;
}

static const struct {
	const char *name;
	void (*fn)(void);
	int64_t (*once)(void);
} cases[] = {
	{ "stat-deep", case_stat_deep, NULL },
	{ "stat-missing", case_stat_missing, NULL },
	{ "open-cold", NULL, once_cold_open },
	{ "readdir-1000", case_readdir_1000, NULL },
	{ "tmpfs-4k:disk", case_disk_4k, NULL },
	{ "tmpfs-4k", case_memory_4k, NULL },
	{ "read-big", NULL, once_read_big },
	{ "rm-20k", NULL, once_rm_20k },
};

static double measure(void (*fn)(void))
{
	double best = 1e18;
	long rounds = 4;

	fn();
	for (int slice = 0; slice < SLICES; slice++) {
		int64_t start = now_ns(), took;

		for (long i = 0; i < rounds; i++)
			fn();
		took = now_ns() - start;
		if (took < SLICE_NS / 2 && rounds < 1L << 30) {
			rounds *= 2;
			slice--;
			continue;
		}
		if ((double)took / (double)rounds < best)
			best = (double)took / (double)rounds;
	}
	return best;
}

static int wanted(int argc, char **argv, const char *name)
{
	if (argc <= 4)
		return 1;
	for (int i = 4; i < argc; i++)
		if (!strcmp(argv[i], name))
			return 1;
	return 0;
}

static void make_names(void)
{
	int n = snprintf(deep, sizeof(deep), "%s/deep", dir);

	for (int i = 0; i < DEEP; i++)
		n += snprintf(deep + n, sizeof(deep) - (size_t)n, "/d%d", i);
	snprintf(deep + n, sizeof(deep) - (size_t)n, "/file");
	snprintf(missing, sizeof(missing), "%s/deep/d0/missing", dir);
	snprintf(list, sizeof(list), "%s/list", dir);
	snprintf(big, sizeof(big), "%s/big", dir);
	snprintf(disk_file, sizeof(disk_file), "%s/4k-%d", disk, getpid());
	snprintf(memory_file, sizeof(memory_file), "%s/4k-%d", memory,
		 getpid());
}

/* What one file costs in a directory of @n: create, stat, list, unlink. */
#define DIR_STEPS	4
static const char *const dir_step[DIR_STEPS] = {
	"create", "stat", "list", "unlink",
};

static int unlink_listed(int fd, int really)
{
	char *p;
	long n;
	int seen = 0;

	while ((n = syscall(SYS_getdents64, fd, buf, 32768)) > 0)
		for (p = buf; p < buf + n; ) {
			const struct dirent64 *e = (const void *)p;

			p += e->d_reclen;
			if (e->d_name[0] == '.')
				continue;
			seen++;
			if (really)
				need(unlinkat(fd, e->d_name, 0), e->d_name);
		}
	need(n, "getdents");
	return seen;
}

static void dir_of(const char *where, int n, double *cost)
{
	char top[PATH_MAX], name[32];
	int64_t at[DIR_STEPS + 1];
	struct stat st;
	int fd;

	snprintf(top, sizeof(top), "%s/grow-%d", where, getpid());
	need(mkdir(top, 0700), top);
	fd = open(top, O_RDONLY | O_DIRECTORY);
	need(fd, top);
	at[0] = now_ns();
	for (int i = 0; i < n; i++) {
		int file;

		snprintf(name, sizeof(name), "file-%d", i);
		file = openat(fd, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
		need(file, name);
		close(file);
	}
	at[1] = now_ns();
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "file-%ld",
			 (i * 7919L + 13) % n);
		need(fstatat(fd, name, &st, 0), name);
	}
	at[2] = now_ns();
	if (unlink_listed(fd, 0) != n)
		need(-1, "not all listed");
	at[3] = now_ns();
	lseek(fd, 0, SEEK_SET);
	unlink_listed(fd, 1);
	close(fd);
	need(rmdir(top), top);
	at[4] = now_ns();
	for (int i = 0; i < DIR_STEPS; i++)
		cost[i] = (double)(at[i + 1] - at[i]) / n;
}

static void grow_dir(const char *what, const char *where)
{
	double few[DIR_STEPS], many[DIR_STEPS], again[DIR_STEPS];

	dir_of(where, FEW, again);	/* caches warm up */
	dir_of(where, FEW, few);
	dir_of(where, MANY, many);
	for (int i = 0; i < DIR_STEPS; i++)
		printf("%s-%s %.1f %.1f\n", what, dir_step[i], few[i],
		       many[i]);
}

static void open_many(int n, double *cost)
{
	int *fd = calloc((size_t)n, sizeof(*fd));
	int64_t at[3];

	if (!fd)
		exit(1);
	at[0] = now_ns();
	for (int i = 0; i < n; i++) {
		fd[i] = open(memory_file, O_RDONLY | O_CLOEXEC);
		need(fd[i], "open");
	}
	at[1] = now_ns();
	for (int i = 0; i < n; i++)
		close(fd[i]);
	at[2] = now_ns();
	cost[0] = (double)(at[1] - at[0]) / n;
	cost[1] = (double)(at[2] - at[1]) / n;
	free(fd);
}

static void grow_open(void)
{
	double few[2], many[2];
	struct rlimit r;
	int n = MANY_OPEN;

	if (!getrlimit(RLIMIT_NOFILE, &r)) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
		if (r.rlim_cur < (rlim_t)n + 16)
			n = (int)r.rlim_cur - 16;
	}
	write_file(memory_file, 1);
	open_many(n, few);		/* the table has its size then */
	open_many(n / 10, few);
	open_many(n, many);
	unlink(memory_file);
	printf("open-10k %.1f %.1f\nclose-10k %.1f %.1f\n", few[0], many[0],
	       few[1], many[1]);
}

/* A path of @len bytes that leads to @top by way of ".", a byte's cost. */
static double path_of(const char *top, size_t len)
{
	char path[PATH_MAX];
	size_t n = (size_t)snprintf(path, sizeof(path), "%s", top);
	double best = 1e18;
	struct stat st;

	while (n + 2 < len)
		n += (size_t)snprintf(path + n, sizeof(path) - n, "/.");
	for (int slice = 0; slice < 20; slice++) {
		int64_t start = now_ns();
		double took;

		for (int i = 0; i < 100; i++)
			need(stat(path, &st), "stat of a long path");
		took = (double)(now_ns() - start) / 100;
		if (took < best)
			best = took;
	}
	return best / (double)n;
}

static int grow(void)
{
	grow_dir("memory", memory);
	grow_dir("disk", disk);
	grow_open();
	printf("path-4000 %.2f %.2f\n", path_of(disk, 400),
	       path_of(disk, 4000));
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: files DIR|grow DISK MEMORY [CASE...]\n");
		return 2;
	}
	dir = argv[1];
	disk = argv[2];
	memory = argv[3];
	make_names();
	if (!strcmp(dir, "grow"))
		return grow();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!wanted(argc, argv, cases[i].name))
			continue;
		printf("%s %.1f\n", cases[i].name,
		       cases[i].fn ? measure(cases[i].fn) :
				     (double)cases[i].once());
		fflush(stdout);
	}
	return 0;
}
