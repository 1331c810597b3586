/* SPDX-License-Identifier: Apache-2.0 */
/* g-unnamed.c: files that have no name, never had one or lost it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "t/guest.h"
#include "t/oracle.h"

static char link_name[64];

static const char *proc_name(int fd)
{
	snprintf(link_name, sizeof(link_name), "/proc/self/fd/%d", fd);
	return link_name;
}

static void show(const char *what, int fd)
{
	struct stat st;

	memset(&st, 0, sizeof(st));
	fstat(fd, &st);
	printf("%s: mode %o size %ld nlink %ld mtime %ld\n", what, st.st_mode,
	       (long)st.st_size, (long)st.st_nlink,
	       st.st_mtim.tv_sec < 1000 ? (long)st.st_mtim.tv_sec : -1L);
}

static void changes(int fd)
{
	const struct timespec ts[2] = { { 7, 8 }, { 9, 10 } };
	char buf[8] = "";

	T(write(fd, "hello", 5));
	show("written", fd);
	T(ftruncate(fd, 3));
	T(ftruncate(fd, 100));
	T(pread(fd, buf, 5, 0));
	ok(!memcmp(buf, "hel\0", 5), "cut and grown");
	T(fchmod(fd, 0604));
	T(futimens(fd, ts));
	T(fchown(fd, -1, getegid()));
	show("changed", fd);
	T(fsync(fd));
	T(lseek(fd, 0, SEEK_END));
}

static void tmpfile_named(void)
{
	char buf[8] = "", name[64];
	struct stat a, b;
	int fd = open(".", O_TMPFILE | O_RDWR, 0640), fd2;

	show("new", fd);
	changes(fd);
	T(linkat(AT_FDCWD, proc_name(fd), AT_FDCWD, "named",
		 AT_SYMLINK_FOLLOW));
	show("named", fd);
	T(stat("named", &a));
	T(fstat(fd, &b));
	ok(a.st_ino == b.st_ino, "the name is that file's");
	T(linkat(AT_FDCWD, proc_name(fd), AT_FDCWD, "twice",
		 AT_SYMLINK_FOLLOW));
	T(linkat(AT_FDCWD, proc_name(fd), AT_FDCWD, "twice",
		 AT_SYMLINK_FOLLOW));
	show("twice", fd);
	fd2 = open("named", O_RDWR);
	T(pwrite(fd2, "HE", 2, 0));
	T(pread(fd, buf, 3, 0));
	ok(!memcmp(buf, "HEl", 3), "seen by both");
	T(unlink("named"));
	T(unlink("twice"));
	show("unnamed again", fd);
	T(linkat(AT_FDCWD, proc_name(fd), AT_FDCWD, "again",
		 AT_SYMLINK_FOLLOW));
	snprintf(name, sizeof(name), "%s", proc_name(fd));
	T(close(fd2));
	fd2 = open(name, O_RDWR);
	ok(fd2 >= 0, "opened again");
	T(pread(fd2, buf, 3, 0));
	close(fd2);
	close(fd);
}

static void tmpfile_bad(void)
{
	int fd = open(".", O_TMPFILE | O_RDWR | O_EXCL, 0600);

	ok(fd >= 0, "with O_EXCL");
	T(linkat(AT_FDCWD, proc_name(fd), AT_FDCWD, "excl",
		 AT_SYMLINK_FOLLOW));
	close(fd);
	T(open(".", O_TMPFILE | O_RDONLY, 0600));
	T(open("nothing", O_TMPFILE | O_RDWR, 0600));
	close(open("plain", O_RDWR | O_CREAT, 0600));
	T(open("plain", O_TMPFILE | O_RDWR, 0600));
	fd = open(".", O_TMPFILE | O_WRONLY, 0000);
	ok(fd >= 0, "of no rights");
	T(write(fd, "x", 1));
	T(read(fd, &fd, 0));
	T(linkat(AT_FDCWD, proc_name(fd), AT_FDCWD, "plain",
		 AT_SYMLINK_FOLLOW));
	T(linkat(AT_FDCWD, proc_name(fd), AT_FDCWD, "none/plain",
		 AT_SYMLINK_FOLLOW));
	T(linkat(AT_FDCWD, proc_name(fd), AT_FDCWD, "wronly",
		 AT_SYMLINK_FOLLOW));
	close(fd);
}

/* Another file has the name by now. */
static void unlinked(void)
{
	int fd = open("f", O_RDWR | O_CREAT, 0600), fd2;

	T(unlink("f"));
	show("unlinked", fd);
	fd2 = open("f", O_RDWR | O_CREAT, 0600);
	T(write(fd2, "other", 5));
	changes(fd);
	show("other", fd2);
	T(fchmod(fd2, 0600));
	T(rename("f", "g"));
	T(write(fd2, "!", 1));
	T(ftruncate(fd2, 4));
	show("renamed", fd2);
	close(fd);
	fd = open("f", O_RDWR | O_CREAT, 0600);
	T(write(fd, "third", 5));
	T(rename("f", "g"));
	show("replaced", fd2);
	T(ftruncate(fd2, 2));
	show("cut", fd2);
	show("in its place", fd);
	T(access("g", F_OK));
	T(access("f", F_OK));
	close(fd);
	close(fd2);
}

int main(void)
{
	int fd = open(".", O_TMPFILE | O_RDWR, 0600);

	umask(022);
	if (fd < 0)
		skip_all("no O_TMPFILE on this file system");
	close(fd);
	tmpfile_named();
	tmpfile_bad();
	unlinked();
	return done_testing();
}
