/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-fs-corners.c: what calls on files say at their corners: limits, flags that
 * do not go together, and files known by more than one name or by none.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/falloc.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "t/guest.h"
#include "t/oracle.h"

#ifndef F_GET_RW_HINT
#define F_GET_RW_HINT	(1024 + 11)
#define F_SET_RW_HINT	(1024 + 12)
#endif

static int new_file(const char *name, int flags)
{
	return open(name, O_RDWR | O_CREAT | O_TRUNC | flags, 0644);
}

/* The signal is blocked, and taken when it came. */
static int got_xfsz(void)
{
	const struct timespec none = { 0, 0 };
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGXFSZ);
	return sigtimedwait(&s, NULL, &none) == SIGXFSZ;
}

static void size_limit(void)
{
	struct rlimit old, lim;
	int fd = new_file("limit", 0), smaller;
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGXFSZ);
	sigprocmask(SIG_BLOCK, &s, NULL);
	getrlimit(RLIMIT_FSIZE, &old);
	lim = old;
	lim.rlim_cur = 8192;
	setrlimit(RLIMIT_FSIZE, &lim);
	T(ftruncate(fd, 8192));
	ok(!got_xfsz(), "to the limit");
	T(ftruncate(fd, 8193));
	ok(got_xfsz(), "truncate beyond it");
	T(truncate("limit", 8193));
	ok(got_xfsz(), "by its name");
	T(fallocate(fd, 0, 4096, 4096));
	ok(!got_xfsz(), "allocate to the limit");
	T(fallocate(fd, 0, 4096, 4097));
	ok(got_xfsz(), "allocate beyond it");
	T(pwrite(fd, "abc", 3, 8190));
	ok(!got_xfsz(), "a part of it fits");
	T(pwrite(fd, "abc", 3, 8192));
	ok(got_xfsz(), "write beyond the limit");
	/* Nothing is printed meanwhile: the output may be a file. */
	lim.rlim_cur = 100;
	setrlimit(RLIMIT_FSIZE, &lim);
	smaller = ftruncate(fd, 4096);
	setrlimit(RLIMIT_FSIZE, &old);
	ok(!smaller && !got_xfsz(), "smaller is never too large");
	close(fd);
}

/* Where the end of a file is, when something else has moved it. */
static void appending(void)
{
	int fd = new_file("end", O_APPEND), fd2;

	T(fallocate(fd, 0, 0, 5000));
	T(write(fd, "abc", 3));
	T(lseek(fd, 0, SEEK_CUR));
	T(link("end", "end2"));
	fd2 = open("end2", O_RDWR);
	T(pwrite(fd2, "x", 1, 9999));
	T(write(fd, "defg", 4));
	T(lseek(fd, 0, SEEK_CUR));
	T(ftruncate(fd2, 10));
	T(write(fd, "h", 1));
	T(lseek(fd, 0, SEEK_CUR));
	T(lseek(fd2, 0, SEEK_END));
	close(fd);
	close(fd2);
}

/* What only a descriptor by O_PATH still means. */
static void by_path(void)
{
	const struct timespec ts[2] = { { 1, 2 }, { 3, 4 } };
	int fd = new_file("gone", 0), at = open("gone", O_PATH);
	struct stat st = { 0 };

	T(futimens(fd, ts));
	T(unlink("gone"));
	T(pwrite(fd, "0123456789", 10, 0));
	T(ftruncate(fd, 7));
	close(fd);
	T(fstat(at, &st));
	ok(st.st_size == 7 && !st.st_nlink, "its size and links");
	ok(st.st_mtim.tv_sec > 1000, "written since its time was set");
	close(at);
}

/* A directory that was removed while it is open. */
static void removed(void)
{
	int fd;

	T(mkdir("dir", 0700));
	fd = open("dir", O_RDONLY);
	T(rmdir("dir"));
	T(fsync(fd));
	T(fdatasync(fd));
	close(fd);
}

static void modes(void)
{
	int fd = new_file("modes", 0), ro = open("modes", O_RDONLY), p[2];
	loff_t off = 0;

	T(fallocate(ro, FALLOC_FL_PUNCH_HOLE, 0, 10));
	T(fallocate(ro, FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_KEEP_SIZE, 0, 10));
	T(fallocate(ro, 0, 0, 10));
	T(fallocate(fd, 0, 0, 0));
	T(fallocate(fd, 0, INT64_MAX, 5));
	T(sync_file_range(fd, INT64_MAX, 5, 0));
	T(sync_file_range(fd, 0, 0, 8));
	T(sync_file_range(-1, 0, 0, 8));
	if (pipe(p))
		return;
	T(splice(fd, NULL, p[0], &off, 5, 0));
	T(splice(p[0], &off, ro, NULL, 5, 0));
	T(splice(fd, NULL, p[0], NULL, 5, 0));
	close(p[0]);
	close(p[1]);
	T(mkfifo("fifo", 0600));
	T(open("fifo", 3));
	T(open("fifo", O_RDWR | O_DIRECT));
	close(fd);
	close(ro);
}

static void vectors(void)
{
	int fd = new_file("vec", 0), wo = open("vec", O_WRONLY), p[2];
	char buf[8] = "";
	struct iovec v = { buf, sizeof(buf) };
	int ev = eventfd(0, EFD_NONBLOCK);

	T(pwritev2(fd, &v, 1, 0, 0));
	T(preadv2(fd, &v, 1, 0, RWF_APPEND));
	T(preadv2(fd, &v, 1, 0, 1 << 20));
	T(preadv2(wo, &v, 1, 0, 1 << 20));
	T(pwritev2(fd, &v, 1, 0, 1 << 20));
	T(preadv2(fd, &v, 1, -2, 0));
	T(preadv2(-1, &v, 1, 0, 1 << 20));
	T(readv(ev, &v, 0));
	T(writev(ev, &v, 0));
	if (pipe(p))
		return;
	T(preadv2(p[0], &v, 1, 0, 1 << 20));
	close(p[0]);
	close(p[1]);
	close(ev);
	close(wo);
	close(fd);
}

static void flags(void)
{
	int fd = new_file("flags", 0), on = 1, off = 0;
	uint64_t hint = 9;

	T(fcntl(fd, F_SETFL, O_ASYNC));
	T(fcntl(fd, F_GETFL) & O_ASYNC);
	T(ioctl(fd, FIOASYNC, &on));
	T(ioctl(fd, FIOASYNC, &off));
	T(fcntl(fd, F_SETOWN, 0x7ffffff));
	T(fcntl(fd, F_SETOWN, -0x7ffffff));
	T(fcntl(fd, F_SETOWN, getpid()));
	T(fcntl(fd, F_SETOWN, 0));
	T(fcntl(fd, F_GET_RW_HINT, &hint));
	T((long)hint);
	hint = 3;
	T(fcntl(fd, F_SET_RW_HINT, &hint));
	hint = 0;
	T(fcntl(fd, F_GET_RW_HINT, &hint));
	T((long)hint);
	hint = 6;
	T(fcntl(fd, F_SET_RW_HINT, &hint));
	close(fd);
}

/* Pages of a shared file, in another order. */
static void remapped(void)
{
	int fd = new_file("pages", 0);
	size_t page = 4096;
	char *m;

	T(ftruncate(fd, 4 * 4096));
	m = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (m == MAP_FAILED)
		return;
	for (size_t i = 0; i < 4; i++)
		m[i * page] = (char)('a' + i);
	T(remap_file_pages(m, page, 0, 2, 0));
	T(remap_file_pages(m + 3 * page, page, 0, 0, 0));
	ok(m[0] == 'c' && m[page] == 'b' && m[3 * page] == 'a', "remapped");
	m[0] = 'z';
	ok(m[2 * page] == 'z', "it is the same page");
	T(remap_file_pages(m, page, PROT_READ, 2, 0));
	T(remap_file_pages(m, 0, 0, 2, 0));
	munmap(m + page, page);
	T(remap_file_pages(m, 2 * page, 0, 0, 0));
	T(remap_file_pages(m + page, page, 0, 0, 0));
	munmap(m, 4 * page);
	close(fd);
}

static void what_it_is(int fd)
{
	const struct timespec past[2] = { { 1, 0 }, { 2, 0 } };
	const struct timespec bad[2] = { { 1, 1000000000 }, { 2, 0 } };
	struct stat st;

	T(fchownat(fd, "", (uid_t)-1, (gid_t)-1, AT_EMPTY_PATH));
	T(fchownat(fd, "", getuid(), getgid(), AT_EMPTY_PATH));
	T(fchownat(fd, "x", getuid(), getgid(), AT_EMPTY_PATH));
	T(fchownat(fd, "", getuid(), getgid(), 0));
	T(utimensat(fd, "", past, AT_EMPTY_PATH));
	T(fstat(fd, &st));
	T(utimensat(fd, "", past, 0));
	T(futimens(fd, past));
	T(futimens(fd, bad));
	T(futimens(fd, NULL));
	T(linkat(fd, "", AT_FDCWD, "linked", 0));
	T(syscall(SYS_faccessat2, fd, "", R_OK, AT_EMPTY_PATH));
	T(syscall(SYS_faccessat2, fd, "", R_OK, 0));
}

/* Pipes and sockets by an empty path: they have none. */
static void without_path(void)
{
	int p[2], s[2];

	if (!pipe(p)) {
		what_it_is(p[0]);
		close(p[0]);
		close(p[1]);
	}
	if (!socketpair(AF_UNIX, SOCK_STREAM, 0, s)) {
		what_it_is(s[0]);
		close(s[0]);
		close(s[1]);
	}
}

/* What is not there is told before that a name is too long. */
static void missing(void)
{
	char name[300];
	int fd;

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	T(rename("missing", name));
	T(syscall(SYS_renameat2, AT_FDCWD, "missing", AT_FDCWD, name, 1U));
	T(rename(name, "missing"));
	T(rename("missing", "nowhere/x"));
	fd = open("/dev/full", O_RDWR);
	T(write(fd, "", 0));
	T(write(fd, "x", 1));
	T(pwrite(fd, "", 0, 0));
	close(fd);
}

int main(void)
{
	size_limit();
	appending();
	by_path();
	removed();
	modes();
	vectors();
	flags();
	remapped();
	without_path();
	missing();
	return done_testing();
}
