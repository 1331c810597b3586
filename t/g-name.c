/* SPDX-License-Identifier: Apache-2.0 */
/* g-name.c: calls that make, move and remove names, and their errors. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "t/oracle.h"

static int put(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	int n = fd < 0 ? -1 : (int)write(fd, text, strlen(text));

	close(fd);
	return n;
}

static void show(const char *name)
{
	struct stat st;
	char buf[100];
	ssize_t n;
	int fd;

	if (lstat(name, &st)) {
		printf("%s: errno %d\n", name, errno);
		return;
	}
	printf("%s: mode %o nlink %lu", name, st.st_mode,
	       S_ISDIR(st.st_mode) ? 0UL : (unsigned long)st.st_nlink);
	if (S_ISREG(st.st_mode)) {
		fd = open(name, O_RDONLY);
		n = read(fd, buf, sizeof(buf));
		printf(" size %ld text %.*s", (long)st.st_size, (int)n, buf);
		close(fd);
	} else if (S_ISLNK(st.st_mode)) {
		n = readlink(name, buf, sizeof(buf));
		printf(" to %.*s", (int)n, buf);
	}
	printf("\n");
}

static int rename2(const char *a, const char *b, unsigned int flags)
{
	return (int)syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, flags);
}

static void directories(void)
{
	T(mkdir("d", 0777));
	T(mkdir("d", 0777));
	T(mkdir("d/", 0777));
	T(mkdir("e/", 0750));
	show("d");
	show("e");
	T(mkdir("no/such", 0777));
	T(mkdir("", 0777));
	T(mkdir(".", 0777));
	T(mkdir("..", 0777));
	T(mkdir("/", 0777));
	T(mkdir("d/.", 0777));
	T(mkdir("d/..", 0777));
	T(mkdir("d/sub", 01777));
	show("d/sub");
	T(rmdir("d"));
	T(rmdir("d/sub/."));
	T(rmdir("d/sub/.."));
	T(rmdir("."));
	T(rmdir(".."));
	T(rmdir("/"));
	T(rmdir(""));
	T(rmdir("nothing"));
	T(unlink("d/sub"));
	T(unlink("d/sub/"));
	T(unlink("."));
	T(rmdir("d/sub/"));
	T(put("f", "hello"));
	T(rmdir("f"));
	T(rmdir("f/"));
	T(unlink("f/"));
	T(mkdir("f/x", 0777));
	T(mkdir("f", 0777));
	T(unlink("nothing"));
	T(unlink("nothing/"));
	T(unlinkat(AT_FDCWD, "f", AT_REMOVEDIR));
	T(unlinkat(AT_FDCWD, "f", 0x1000));
	T(unlinkat(-5, "f", 0));
	T(unlinkat(-5, "/nothing", 0));
}

static void links(void)
{
	T(symlink("f", "l"));
	T(symlink("f", "l"));
	T(symlink("", "l2"));
	T(symlink("x", ""));
	T(symlink("loop", "loop"));
	T(symlink("d", "ld"));
	T(symlink("nowhere", "dangling"));
	T(symlink("x", "nothing/l"));
	T(symlink("x", "new/"));
	show("l");
	show("dangling");
	T(link("f", "h"));
	T(link("f", "h"));
	T(link("d", "hd"));
	T(link("nothing", "x"));
	T(link("f", "nothing/x"));
	T(link("f", "x/"));
	T(link("f/", "x"));
	T(link("l", "hl"));
	show("hl");
	T(linkat(AT_FDCWD, "l", AT_FDCWD, "hf", AT_SYMLINK_FOLLOW));
	T(linkat(AT_FDCWD, "l", AT_FDCWD, "hf", 0x8000));
	T(linkat(AT_FDCWD, "dangling", AT_FDCWD, "q", AT_SYMLINK_FOLLOW));
	show("f");
	T(put("h", "changed"));
	show("f");
	T(unlink("f"));
	show("h");
	T(link("h", "f"));
	T(unlink("h"));
	T(unlink("hf"));
	show("f");
	T(access("loop", F_OK));
	T(open("loop", O_RDONLY));
	T(open("loop/x", O_RDONLY));
	T(access("dangling", F_OK));
	T(open("l", O_RDONLY | O_NOFOLLOW));
	T(open("ld", O_RDONLY | O_NOFOLLOW | O_DIRECTORY));
	T(open("l/", O_RDONLY));
	T(open("dangling", O_RDWR | O_CREAT | O_EXCL, 0600));
	TZ(open("dangling", O_RDWR | O_CREAT, 0600));
	show("nowhere");
	show("dangling");
	T(unlink("nowhere"));
	T(mkdir("dangling", 0777));
	T(mkdir("ld", 0777));
	T(rmdir("ld"));
	T(rmdir("ld/"));
	T(unlink("ld/"));
	T(unlink("ld"));
	T(unlink("l"));
}

static void renames(void)
{
	T(rename("f", "g"));
	show("f");
	show("g");
	T(rename("f", "g"));
	T(rename("g", "g"));
	T(rename("g", "d"));
	T(rename("d", "g"));
	T(rename("g", "d/g"));
	T(rename("d/g", "g"));
	T(rename("d", "d/inside"));
	T(rename("d", "e"));
	show("d");
	T(mkdir("d", 0700));
	T(put("d/x", "x"));
	T(rename("e", "d"));
	T(rename("d", "e"));
	show("e/x");
	T(rename("e", "e/x"));
	T(rename("e/x", "e"));
	T(rename("e", "."));
	T(rename(".", "e"));
	T(rename("e/..", "q"));
	T(rename("e", "e/.."));
	T(rename("", "q"));
	T(rename("g", ""));
	T(rename("g", "new/"));
	T(rename("g/", "new"));
	T(rename("e/", "e2/"));
	T(rename("e2", "e"));
	T(rename("nothing", "q"));
	T(rename("g", "nothing/q"));
	T(put("a", "aaa"));
	T(rename2("a", "g", 1));
	T(rename2("a", "b", 1));
	T(rename2("b", "g", 2));
	show("b");
	show("g");
	T(rename2("b", "e", 2));
	show("b/x");
	T(rename2("b", "e", 2));
	T(rename2("b", "nothing", 2));
	T(rename2("b", "e", 3));
	T(rename2("b", "e", 0x80));
	T(link("b", "b2"));
	T(rename("b", "b2"));
	show("b");
	show("b2");
	T(symlink("e", "le"));
	T(rename("le", "le2"));
	show("le2");
	T(rename("le2/", "le3"));
	T(rename("e", "le2"));
	T(rename("b", "le2"));
	show("le2");
	T(unlink("b2"));
	T(unlink("le2"));
	T(unlink("e/x"));
	T(rmdir("e"));
}

static void nodes(void)
{
	T(mknod("reg", S_IFREG | 0640, 0));
	T(mknod("reg", S_IFREG | 0640, 0));
	T(mknod("plain", 0600, 0));
	T(mknod("fifo", S_IFIFO | 0600, 0));
	T(mknod("sock", S_IFSOCK | 0600, 0));
	T(mknod("dir", S_IFDIR | 0700, 0));
	T(mknod("lnk", S_IFLNK | 0700, 0));
	show("reg");
	show("plain");
	show("sock");
	T(open("sock", O_RDONLY));
	T(open("fifo", O_WRONLY | O_NONBLOCK));
	T(truncate("fifo", 0));
	T(unlink("fifo"));
	T(unlink("reg"));
	T(unlink("plain"));
	T(unlink("sock"));
}

static void long_names(void)
{
	char name[300], path[5000];

	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	TZ(open(name, O_CREAT | O_RDWR, 0600));
	T(unlink(name));
	name[255] = 'n';
	name[256] = '\0';
	T(open(name, O_CREAT | O_RDWR, 0600));
	T(access(name, F_OK));
	T(unlink(name));
	memset(path, '/', sizeof(path));
	path[4095] = '\0';
	T(access(path, F_OK));
	path[4095] = '/';
	path[4096] = '\0';
	T(access(path, F_OK));
	for (int i = 0; i < 4090; i += 2)
		memcpy(path + i, "./", 3);
	T(access(path, F_OK));
	T(access("././//.//./", F_OK));
	T(access((const char *)8, F_OK));
	T(mkdir((const char *)8, 0700));
	T(rename("g", (const char *)8));
	T(symlink((const char *)8, "q"));
}

int main(void)
{
	umask(022);
	directories();
	links();
	renames();
	nodes();
	long_names();
	T(unlink("g"));
	T(unlink("b"));
	T(unlink("hl"));
	T(unlink("loop"));
	T(unlink("dangling"));
	T(unlink("a"));
	return 0;
}
