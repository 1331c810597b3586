/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-fs-races.c: processes that take names, files and directories away from each
 * other while they use them.  What each sees depends on who was quicker; that
 * nothing else than the errors of that comes, and nobody hangs, is the test.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t/guest.h"

#define ROUNDS	300

static sigjmp_buf back;

/* 0, or the error where it is none of those that losing a race may give. */
static int odd(long r)
{
	static const int fine[] = {
		ENOENT, EEXIST, ENOTDIR, EISDIR, ENOTEMPTY, EBUSY, ELOOP,
		ETXTBSY, EINVAL, ESTALE,
	};

	if (r >= 0)
		return 0;
	for (size_t i = 0; i < sizeof(fine) / sizeof(*fine); i++)
		if (errno == fine[i])
			return 0;
	return errno;
}

static int close_odd(int fd)
{
	int err = odd(fd);

	if (fd >= 0)
		close(fd);
	return err;
}

static int renames(int i)
{
	return odd(rename(i % 2 ? "a" : "b", i % 2 ? "b" : "a")) ?:
		odd(rename("d1/f", "d2/f")) ?: odd(rename("d2/f", "d1/f")) ?:
		odd(renameat2(AT_FDCWD, "d1", AT_FDCWD, "d2", RENAME_EXCHANGE));
}

static int looks(int i)
{
	struct stat st;

	(void)i;
	return odd(stat("a", &st)) ?: odd(stat("b/../d1/f", &st)) ?:
		odd(access("d2/f", R_OK)) ?:
		close_odd(open("d1/f", O_RDWR | O_CREAT, 0644));
}

static int unlinks(int i)
{
	(void)i;
	return odd(unlink("a")) ?: odd(unlink("d2/f")) ?: odd(unlink("deep/x"));
}

static int opens(int i)
{
	int fd = open("a", O_RDWR | O_CREAT | (i % 3 ? 0 : O_TRUNC), 0644), err;

	err = odd(fd);
	if (fd < 0)
		return err;
	err = odd(write(fd, "abcdefgh", 8)) ?: odd(link("a", "d2/f")) ?:
		odd(fsync(fd));
	close(fd);
	return err;
}

/* The current directory goes and comes. */
static int removes(int i)
{
	int err = odd(mkdir("deep", 0755)), there;

	(void)i;
	there = open("deep", O_RDONLY | O_DIRECTORY);
	err = err ?: odd(there) ?: odd(rmdir("deep"));
	if (there >= 0) {
		err = err ?: odd(mkdirat(there, "x", 0755)) ?:
			close_odd(openat(there, "x", O_RDWR | O_CREAT, 0644)) ?:
			odd(unlinkat(there, "x", 0)) ?:
			odd(unlinkat(there, "x", AT_REMOVEDIR));
		close(there);
	}
	return err;
}

static int lists(int i)
{
	DIR *d = opendir(i % 2 ? "." : "d1");

	if (!d)
		return odd(-1);
	while (readdir(d))
		;
	closedir(d);
	return 0;
}

static int walks(int i)
{
	char name[64];
	int err = odd(chdir("deep"));

	(void)i;
	/* Not there any more: getcwd says so, and ".." is still the way back. */
	if (!getcwd(name, sizeof(name)) && errno != ERANGE)
		err = err ?: odd(-1);
	return err ?: odd(fchdir(100));
}

static void on_bus(int sig)
{
	siglongjmp(back, sig);
}

/* Others cut what is mapped: SIGBUS, and nothing worse. */
static int maps(int i)
{
	int fd = open("m", O_RDWR | O_CREAT, 0644);
	char *volatile p;

	if (fd < 0)
		return odd(-1);
	if (ftruncate(fd, i % 4 * 4096L)) {
		close(fd);
		return errno;
	}
	p = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		return errno;
	if (!sigsetjmp(back, 1))
		for (int k = 0; k < 4; k++)
			p[k * 4096] = (char)(p[k * 4096] + 1);
	munmap(p, 16384);
	return 0;
}

/* A program that is written and run; children that write beside us. */
static int runs(int i)
{
	char arg[] = "prog", *const argv[] = { arg, NULL };
	int fd = open("prog", O_WRONLY | O_CREAT, 0755), st;
	pid_t pid;

	if (fd < 0)
		return odd(-1);
	if (write(fd, "#!/nonexistent\n", 15) != 15) {
		close(fd);
		return errno;
	}
	pid = fork();
	if (!pid) {
		if (i % 2)
			close(fd);
		execv("prog", argv);
		_exit(errno == ENOENT || errno == ETXTBSY ? 0 : 1);
	}
	st = write(fd, "#", 1) == 1 ? 0 : -1;
	close(fd);
	if (pid < 0 || st)
		return EIO;
	return waitpid(pid, &st, 0) == pid && !st ? 0 : ECHILD;
}

static const struct {
	const char *name;
	int (*fn)(int i);
} actors[] = {
	{ "renames", renames }, { "looks", looks }, { "unlinks", unlinks },
	{ "opens", opens }, { "removes", removes }, { "lists", lists },
	{ "walks", walks }, { "maps", maps }, { "maps too", maps },
	{ "runs", runs },
};
#define N	(sizeof(actors) / sizeof(*actors))

static int act(size_t k)
{
	int err = 0;

	if (dup2(open(".", O_RDONLY | O_DIRECTORY), 100) != 100)
		return 1;
	signal(SIGBUS, on_bus);
	for (int i = 0; i < ROUNDS && !err; i++)
		err = actors[k].fn(i);
	return err;
}

int main(void)
{
	pid_t pid[N];
	int st;

	mkdir("d1", 0755);
	mkdir("d2", 0755);
	for (size_t k = 0; k < N; k++) {
		pid[k] = fork();
		if (!pid[k])
			_exit(act(k));
	}
	for (size_t k = 0; k < N; k++) {
		st = -1;
		waitpid(pid[k], &st, 0);
		if (!ok(!st, actors[k].name))
			printf("# status %x\n", (unsigned int)st);
	}
	return done_testing();
}
