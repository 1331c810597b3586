/* SPDX-License-Identifier: Apache-2.0 */
/* g-dir.c: listings, working directories. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "t/oracle.h"

static char base[4096];

static int by_name(const void *a, const void *b)
{
	const struct dirent *const *x = a, *const *y = b;

	return strcmp((*x)->d_name, (*y)->d_name);
}

static void list(const char *dir)
{
	struct dirent **e;
	int n = scandir(dir, &e, NULL, NULL);

	printf("%s: %d entries", dir, n);
	if (n < 0) {
		printf(" errno %d\n", errno);
		return;
	}
	qsort(e, (size_t)n, sizeof(*e), by_name);
	for (int i = 0; i < n; i++) {
		if (n < 20)
			printf(" %s(%d)", e[i]->d_name, e[i]->d_type);
		free(e[i]);
	}
	printf("\n");
	free(e);
}

static void listings(void)
{
	char buf[4096];
	struct stat st;
	DIR *d;
	struct dirent *e;
	int fd, n;

	list(".");
	T(mkdir("d", 0755));
	TZ(creat("d/f", 0644));
	T(symlink("x", "d/l"));
	T(mkdir("d/s", 0755));
	T(mkfifo("d/p", 0600));
	list("d");
	T(rename("d/f", "d/g"));
	T(unlink("d/l"));
	list("d");
	list("nothing");
	list("d/g");
	T(fd = open("d", O_RDONLY));
	T(syscall(SYS_getdents64, fd, buf, 10));
	T(syscall(SYS_getdents64, fd, buf, 24));
	T(syscall(SYS_getdents64, fd, (void *)8, 1000));
	T(syscall(SYS_getdents64, 99, buf, sizeof(buf)));
	T(syscall(SYS_getdents64, 0, buf, sizeof(buf)) == -1);
	T(lseek(fd, 0, SEEK_SET));
	while ((n = (int)syscall(SYS_getdents64, fd, buf, 64)) > 0)
		;
	T(n);
	T(unlink("d/g"));
	T(unlink("d/p"));
	T(rmdir("d/s"));
	T(rmdir("d"));
	T(syscall(SYS_getdents64, fd, buf, sizeof(buf)));
	T(fstat(fd, &st));
	T(openat(fd, "x", O_CREAT | O_RDWR, 0600));
	T(openat(fd, ".", O_RDONLY) >= 0);
	T(mkdirat(fd, "x", 0700));
	close(fd);

	/* Names removed while they are being listed. */
	mkdir("many", 0755);
	for (int i = 0; i < 1000; i++) {
		snprintf(buf, sizeof(buf), "many/file-%d", i);
		close(creat(buf, 0600));
	}
	list("many");
	d = opendir("many");
	n = 0;
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		unlinkat(dirfd(d), e->d_name, 0);
		n++;
	}
	T(n);
	rewinddir(d);
	n = 0;
	while (readdir(d))
		n++;
	T(n);
	closedir(d);
	T(rmdir("many"));
}

static const char *cwd(void)
{
	static char buf[4096];
	char *p = getcwd(buf, sizeof(buf));

	if (!p)
		return strerror(errno);
	return strncmp(p, base, strlen(base)) ? p : p + strlen(base);
}

static void working(void)
{
	char small[2];
	int fd;

	T(mkdir("a", 0755));
	T(mkdir("a/b", 0755));
	T(chdir("a/b"));
	puts(cwd());
	T(chdir(".."));
	puts(cwd());
	T(chdir("nothing"));
	T(chdir(""));
	TZ(creat("f", 0600));
	T(chdir("f"));
	T(chdir("b/../../a/./b/"));
	puts(cwd());
	T(syscall(SYS_getcwd, small, sizeof(small)));
	T(syscall(SYS_getcwd, small, 0));
	T(syscall(SYS_getcwd, (void *)8, 4096));
	T(symlink("..", "up"));
	T(chdir("up"));
	puts(cwd());
	T(fd = open("b", O_RDONLY));
	T(fchdir(fd));
	puts(cwd());
	T(fchdir(99));
	T(rename("../../a", "../../c"));
	puts(cwd());
	T(unlink("up"));
	T(unlink("../f"));
	T(rmdir("../b"));
	puts(cwd());
	T(access(".", F_OK));
	T(access("..", F_OK));
	T(open("x", O_CREAT | O_RDWR, 0600));
	T(mkdir("x", 0700));
	T(chdir(".."));
	puts(cwd());
	T(chdir(base));
	T(rmdir("c"));
	T(chdir("/"));
	puts(cwd());
	T(chdir("/.."));
	puts(cwd());
	T(chdir(base));
	close(fd);
}

int main(void)
{
	umask(022);
	for (int i = 3; i < 20; i++)
		close(i);
	if (!getcwd(base, sizeof(base)))
		return 1;
	listings();
	working();
	return 0;
}
