/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-nameless.c: descriptors that have no name, by their links in
 * /proc/self/fd: what takes a path takes those too.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "t/guest.h"
#include "t/oracle.h"

#ifndef FICLONE
#define FICLONE		0x40049409
#define FIGETBSZ	2
#endif

#define NS_GET_NSTYPE_	0xb703

static const struct timespec past[2] = { { 1, 0 }, { 2, 0 } };

/* A pipe or a socket is its maker's, who may change what it is. */
static void owned(const char *kind, int fd)
{
	char name[64];
	struct stat st;
	int n;

	printf("# %s\n", kind);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	TZ(n = inotify_init());
	TZ(inotify_add_watch(n, name, IN_ATTRIB));
	close(n);
	T(chmod(name, 0640));
	T(fstat(fd, &st));
	is(st.st_mode & 07777, 0640, kind);
	T(chown(name, (uid_t)-1, getgid()));
	T(utimensat(AT_FDCWD, name, past, 0));
	T(fstat(fd, &st));
	is(st.st_mtim.tv_sec, 2, kind);
	T(setxattr(name, "user.a", "1", 1, 0));
	T(ioctl(fd, FICLONE, fd));
}

static void paths(const char *kind, int fd)
{
	struct statfs sf;
	struct stat st;
	char name[64];
	int n;

	printf("# %s\n", kind);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	T(stat(name, &st));
	T(statfs(name, &sf));
	T(access(name, F_OK));
	T(chdir(name));
	T(mkdir(name, 0700));
	T(mknod(name, S_IFIFO | 0600, 0));
	T(linkat(AT_FDCWD, name, AT_FDCWD, "linked", AT_SYMLINK_FOLLOW));
	TZ(n = open(name, O_PATH));
	close(n);
	TZ(n = open(name, O_RDONLY | O_DIRECTORY));
	TZ(n = open(name, O_RDONLY | O_NOFOLLOW));
	T(syscall(SYS_execveat, fd, "", (char *[]){ NULL }, (char *[]){ NULL },
		  AT_EMPTY_PATH));
	T(ioctl(fd, FIGETBSZ, &n));
}

/* Of the one inode of all of them Linux tells this and that; it is asked. */
static void anonymous(const char *kind, int fd)
{
	char name[64];
	long r = 0;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	paths(kind, fd);
	T(lseek(fd, 5, SEEK_SET));
	T(lseek(fd, 0, SEEK_CUR));
	T(lseek(fd, -1, SEEK_END));
	T(lseek(fd, 0, 99));
	T(pread(fd, name, 0, 0));
	r |= chmod(name, 0600);
	r |= utimensat(AT_FDCWD, name, past, 0);
	r |= chown(name, getuid(), getgid());
	ok(r == 0 || r == -1, kind);
}

/* A namespace can be opened and compared; what it is called is its number. */
static void namespace(const char *kind)
{
	char name[64], text[64], other[64];
	struct stat st, same;
	ssize_t n;
	int fd;

	printf("# %s\n", kind);
	snprintf(name, sizeof(name), "/proc/self/ns/%s", kind);
	n = readlink(name, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = 0;
	TZ(stat(name, &st));
	snprintf(other, sizeof(other), "%s:[%lu]", kind,
		 (unsigned long)st.st_ino);
	ok(!strcmp(text, other), "it is called by its number");
	TZ(fd = open(name, O_RDONLY));
	TZ(fstat(fd, &same));
	ok(st.st_ino == same.st_ino && st.st_dev == same.st_dev, "the same");
	T(st.st_mode);
	T(read(fd, text, 1));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = 0;
	ok(!strcmp(text, other), "so is its descriptor");
	T(chdir(name));
	T(ioctl(fd, NS_GET_NSTYPE_));
	T(ioctl(fd, 0xb7ff));
	close(fd);
}

int main(void)
{
	int p[2], s[2];
	sigset_t m;

	sigemptyset(&m);
	sigaddset(&m, SIGUSR1);
	if (pipe(p) || socketpair(AF_UNIX, SOCK_STREAM, 0, s))
		return 1;
	owned("a pipe", p[0]);
	owned("its other end", p[1]);
	owned("a socket", s[0]);
	paths("a pipe", p[0]);
	paths("a socket", s[0]);
	T(lseek(p[0], 0, SEEK_SET));
	T(lseek(s[0], 0, SEEK_SET));
	anonymous("eventfd", eventfd(0, EFD_NONBLOCK));
	anonymous("epoll", epoll_create1(0));
	anonymous("signalfd", signalfd(-1, &m, SFD_NONBLOCK));
	anonymous("timerfd", timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	anonymous("inotify", inotify_init1(IN_NONBLOCK));
	namespace("mnt");
	namespace("pid");
	namespace("user");
	return done_testing();
}
