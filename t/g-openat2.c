/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-openat2.c: openat2(2): what it resolves and what it does not, and flags of
 * opens that are seen nowhere else.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "t/guest.h"
#include "t/oracle.h"

static int dir;

/* Below ".." Linux says EAGAIN while anybody renames anything. */
static long try_open(int dfd, const char *path, const void *how, size_t size)
{
	long fd;

	do
		fd = syscall(SYS_openat2, dfd, path, how, size);
	while (fd < 0 && errno == EAGAIN);
	return fd;
}

static long open2(int dfd, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = { .flags = flags, .resolve = resolve };
	long fd = try_open(dfd, path, &how, sizeof(how));

	if (fd < 0)
		return fd;
	close((int)fd);
	return 0;
}

static void make_tree(void)
{
	int fd;

	mkdir("d", 0755);
	mkdir("d/sub", 0755);
	fd = open("d/f", O_CREAT | O_WRONLY, 0644);
	close(fd);
	fd = open("outside", O_CREAT | O_WRONLY, 0644);
	close(fd);
	T(symlink("f", "d/near"));
	T(symlink("../outside", "d/far"));
	T(symlink("/f", "d/top"));
	T(symlink("/sub/../f", "d/round"));
	T(symlink("loop", "d/loop"));
	T(symlink("/proc/self/fd/0", "d/magic"));
	T(symlink("sub", "d/to-sub"));
	dir = open("d", O_RDONLY | O_DIRECTORY);
}

static void resolve_all(uint64_t resolve)
{
	static const char *const paths[] = {
		"f", "./f", "sub", "sub/../f", "sub/../../d/f", "..", "../d",
		"../outside", "near", "far", "top", "round", "loop", "/f",
		"/", ".", "missing", "missing/x", "f/x", "to-sub",
		"to-sub/../f", "sub/..", "sub/../..", "",
	};

	for (size_t k = 0; k < sizeof(paths) / sizeof(*paths); k++) {
		printf("# %s\n", paths[k]);
		T(open2(dir, paths[k], O_RDONLY, resolve));
		T(open2(dir, paths[k], O_PATH | O_NOFOLLOW, resolve));
	}
}

static void resolving(void)
{
	resolve_all(RESOLVE_BENEATH);
	resolve_all(RESOLVE_IN_ROOT);
	resolve_all(RESOLVE_NO_SYMLINKS);
	resolve_all(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	T(open2(dir, "f", O_RDONLY, RESOLVE_BENEATH | RESOLVE_IN_ROOT));
	T(open2(dir, "near", O_RDONLY, RESOLVE_NO_MAGICLINKS));
	T(open2(AT_FDCWD, "/proc/self/fd/0", O_PATH, RESOLVE_NO_MAGICLINKS));
	T(open2(AT_FDCWD, "/proc/self/fd/0", O_PATH | O_NOFOLLOW,
		RESOLVE_NO_MAGICLINKS));
	T(open2(dir, "magic", O_PATH, RESOLVE_NO_MAGICLINKS));
	T(open2(dir, "sub", O_RDONLY, RESOLVE_NO_XDEV));
	T(open2(AT_FDCWD, "/proc/self", O_PATH | O_NOFOLLOW, RESOLVE_NO_XDEV));
	T(open2(dir, "f", O_RDONLY, 0x100));
}

/* Made below it, or not at all. */
static void creating(void)
{
	struct open_how how = { .flags = O_CREAT | O_EXCL | O_RDWR,
				.mode = 0640, .resolve = RESOLVE_BENEATH };
	struct stat st;
	long fd;

	fd = try_open(dir, "sub/new", &how, sizeof(how));
	ok(fd >= 0, "made below");
	T(fstat((int)fd, &st));
	is((long)(st.st_mode & 0777), 0640, "with its mode");
	close((int)fd);
	T(try_open(dir, "../new", &how, sizeof(how)));
	T(try_open(dir, "sub/new", &how, sizeof(how)));
	T(access("new", F_OK));
	how.resolve = RESOLVE_IN_ROOT;
	fd = try_open(dir, "/../../in-root", &how, sizeof(how));
	ok(fd >= 0, "made in the root");
	close((int)fd);
	T(access("d/in-root", F_OK));
}

/* The structure may grow, and knows no garbage. */
static void structure(void)
{
	struct {
		struct open_how how;
		uint64_t more;
	} big = { .how = { .flags = O_RDONLY } };
	struct open_how how = { .flags = O_RDONLY };
	long fd;

	T(try_open(dir, "f", &how, sizeof(how) - 1));
	T(try_open(dir, "f", &how, (size_t)0));
	T(try_open(dir, "f", NULL, sizeof(how)));
	T(try_open(dir, "f", &how, (size_t)8192));
	fd = try_open(dir, "f", &big, sizeof(big));
	ok(fd >= 0, "a larger one of zeros");
	close((int)fd);
	big.more = 1;
	T(try_open(dir, "f", &big, sizeof(big)));
	how.mode = 0600;
	T(try_open(dir, "f", &how, sizeof(how)));
	how = (struct open_how){ .flags = O_CREAT | O_WRONLY, .mode = 0x10000 };
	T(try_open(dir, "f", &how, sizeof(how)));
	how = (struct open_how){ .flags = 1ULL << 40 };
	T(try_open(dir, "f", &how, sizeof(how)));
	how = (struct open_how){ .flags = O_PATH | O_RDWR };
	T(try_open(dir, "f", &how, sizeof(how)));
	how = (struct open_how){ .flags = O_PATH | O_TRUNC };
	T(try_open(dir, "f", &how, sizeof(how)));
	how = (struct open_how){ .flags = O_RDONLY };
	T(try_open(99, "f", &how, sizeof(how)));
}

static void no_atime(void)
{
	int fd = open("d/f", O_RDONLY | O_NOATIME);

	ok(fd >= 0, "O_NOATIME of one's own file");
	is(fcntl(fd, F_GETFL) & O_NOATIME, O_NOATIME, "it is kept");
	T(fcntl(fd, F_SETFL, 0));
	is(fcntl(fd, F_GETFL) & O_NOATIME, 0, "and can go");
	close(fd);
}

int main(void)
{
	if (host_lacks(SYS_openat2))
		skip_all("the host has no openat2");
	make_tree();
	resolving();
	creating();
	structure();
	no_atime();
	return done_testing();
}
