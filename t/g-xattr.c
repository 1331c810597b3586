/* SPDX-License-Identifier: Apache-2.0 */
/* g-xattr.c: extended attributes: names, values, limits, who may do what. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "t/guest.h"
#include "t/oracle.h"

static char big[70000];

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The user. names of a list, in an order of their own. */
static void show_list(const char *what, const char *list, ssize_t n)
{
	char *name[64];
	size_t k = 0;

	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(list + at) + 1)
		if (!strncmp(list + at, "user.", 5) && k < 64)
			name[k++] = (char *)(size_t)(list + at);
	if (k)
		qsort(name, k, sizeof(*name), by_name);
	printf("%s:", what);
	for (size_t j = 0; j < k; j++)
		printf(" %s", name[j]);
	printf("\n");
}

static void values(void)
{
	char buf[64] = "";
	char list[512];
	int fd = open("f", O_RDWR), path = open("f", O_PATH);

	T(setxattr("f", "user.a", "12345", 5, 0));
	T(getxattr("f", "user.a", buf, sizeof(buf)));
	ok(!memcmp(buf, "12345", 6), "value is what was set");
	T(getxattr("f", "user.a", NULL, 0));
	T(getxattr("f", "user.a", buf, 4));
	T(getxattr("f", "user.a", buf, 5));
	T(getxattr("f", "user.b", buf, 5));
	T(setxattr("f", "user.a", "x", 1, XATTR_CREATE));
	T(setxattr("f", "user.b", "x", 1, XATTR_REPLACE));
	T(setxattr("f", "user.b", "x", 1, XATTR_CREATE));
	T(setxattr("f", "user.b", "yy", 2, XATTR_REPLACE));
	T(setxattr("f", "user.empty", "", 0, 0));
	T(getxattr("f", "user.empty", buf, sizeof(buf)));
	T(fsetxattr(fd, "user.fd", "fd", 2, 0));
	T(fgetxattr(fd, "user.fd", buf, sizeof(buf)));
	T(fgetxattr(path, "user.fd", buf, sizeof(buf)));
	T(flistxattr(path, NULL, 0));
	T(fsetxattr(99, "user.fd", "fd", 2, 0));
	show_list("list", list, listxattr("f", list, sizeof(list)));
	show_list("flist", list, flistxattr(fd, list, sizeof(list)));
	T(listxattr("f", list, 3));
	T(listxattr("nothing", list, 3));
	T(removexattr("f", "user.empty"));
	T(removexattr("f", "user.empty"));
	T(fremovexattr(fd, "user.fd"));
	show_list("left", list, listxattr("f", list, sizeof(list)));
	close(fd);
	close(path);
}

static void bad(void)
{
	char buf[8];

	T(setxattr("f", "", "x", 1, 0));
	T(setxattr("f", "user.", "x", 1, 0));
	T(setxattr("f", "user", "x", 1, 0));
	T(setxattr("f", "nobody.knows", "x", 1, 0));
	T(getxattr("f", "nobody.knows", buf, 8));
	T(setxattr("f", "user.x", "x", 1, 4));
	T(setxattr("f", "user.x", "x", 70000, 0));
	T(setxattr("f", "user.x", (void *)8, 4, 0));
	T(setxattr("f", (char *)8, "x", 1, 0));
	T(setxattr("nothing", "user.x", "x", 1, 0));
	T(getxattr("f", "user.a", (void *)8, 8));
	memset(big, 'n', 300);
	memcpy(big, "user.", 5);
	big[300] = 0;
	T(setxattr("f", big, "x", 1, 0));
	big[256] = 0;
	T(setxattr("f", big, "x", 1, 0));
	big[255] = 0;
	T(setxattr("f", big, "x", 1, 0));
	T(getxattr("f", big, buf, 8));
	T(removexattr("f", big));
}

static void kinds(void)
{
	char buf[8];

	T(setxattr("d", "user.a", "x", 1, 0));
	T(getxattr("d", "user.a", buf, 8));
	T(setxattr("l", "user.l", "x", 1, 0));
	T(getxattr("f", "user.l", buf, 8));
	T(lsetxattr("l", "user.l", "x", 1, 0));
	T(lgetxattr("l", "user.l", buf, 8));
	T(lremovexattr("l", "user.l"));
	T(setxattr("p", "user.p", "x", 1, 0));
	T(getxattr("p", "user.p", buf, 8));
	T(link("f", "hard"));
	T(getxattr("hard", "user.l", buf, 8));
	T(rename("hard", "moved"));
	T(getxattr("moved", "user.l", buf, 8));
	T(unlink("moved"));
	T(getxattr("f", "user.l", buf, 8));
}

static void as_nobody(void)
{
	char buf[64], caps[20] = { 0, 0, 0, 2 };
	const int me = geteuid() != 0;

	if (!me && (setgid(65534) || setuid(65534)))
		_exit(1);
	T(setxattr("f", "trusted.a", "x", 1, 0));
	T(getxattr("f", "trusted.a", buf, 8));
	T(setxattr("f", "security.capability", caps, 20, 0));
	T(setxattr("f", "security.capability", caps, 3, 0));
	T(setxattr("f", "security.other", "x", 1, 0));
	T(getxattr("f", "security.other", buf, 8));
	T(removexattr("f", "security.capability"));
	if (!me) {
		T(setxattr("f", "user.n", "x", 1, 0));
		T(getxattr("f", "user.a", buf, 8));
		T(getxattr("closed", "user.a", buf, 8));
		T(setxattr("sticky", "user.n", "x", 1, 0));
	}
	exit(0);
}

static void rights(void)
{
	int st;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		as_nobody();
	waitpid(pid, &st, 0);
	ok(!st, "the other user");
	if (geteuid()) {
		char buf[8];

		T(chmod("closed", 0));
		T(getxattr("closed", "user.a", buf, 8));
		T(setxattr("closed", "user.a", "x", 1, 0));
		T(chmod("closed", 0600));
	}
}

static void ops(void)
{
	char buf[8];
	int p[2], fd;

	T(pipe(p));
	T(fsetxattr(p[0], "user.a", "x", 1, 0));
	T(flistxattr(p[0], NULL, 0));
	fd = open("ro", O_RDONLY | O_CREAT, 0644);
	T(fsetxattr(fd, "user.a", "x", 1, 0));
	T(fgetxattr(fd, "user.a", buf, 8));
	T(unlink("ro"));
	T(fgetxattr(fd, "user.a", buf, 8));
	close(fd);
}

int main(void)
{
	close(open("f", O_RDWR | O_CREAT, 0644));
	close(open("closed", O_RDWR | O_CREAT, 0600));
	(void)!mkdir("d", 0755);
	(void)!mkdir("sticky", 0755);
	(void)!chmod("sticky", 01777);
	(void)!mkfifo("p", 0644);
	(void)!symlink("f", "l");
	if (setxattr("f", "user.try", "x", 1, 0))
		skip_all("no attributes of users on this file system");
	removexattr("f", "user.try");
	setxattr("closed", "user.a", "x", 1, 0);
	values();
	bad();
	kinds();
	rights();
	ops();
	return done_testing();
}
