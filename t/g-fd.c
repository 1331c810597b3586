/* SPDX-License-Identifier: Apache-2.0 */
/* g-fd.c: descriptors: dup, fcntl, close_range, locks. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "t/guest.h"
#include "t/oracle.h"

static void dups(void)
{
	T(open("f", O_RDWR | O_CREAT, 0600));
	T(dup(3));
	T(dup(99));
	T(dup2(3, 10));
	T(dup2(3, 3));
	T(dup2(99, 99));
	T(dup2(3, -1));
	T(dup2(3, 100000000));
	T(dup3(3, 11, O_CLOEXEC));
	T(dup3(3, 3, 0));
	T(dup3(3, 12, O_APPEND));
	T(fcntl(11, F_GETFD));
	T(fcntl(10, F_GETFD));
	T(fcntl(3, F_DUPFD, 20));
	T(fcntl(3, F_DUPFD, -1));
	T(fcntl(3, F_DUPFD, 1000000000));
	T(fcntl(3, F_DUPFD_CLOEXEC, 5));
	T(fcntl(5, F_GETFD));
	T(fcntl(5, F_SETFD, 0));
	T(fcntl(5, F_GETFD));
	T(fcntl(99, F_GETFD));
	T(write(3, "abc", 3));
	T(lseek(10, 0, SEEK_CUR));
	T(close(4));
	T(open("f", O_RDONLY));
	T(lseek(4, 0, SEEK_CUR));
	T(syscall(SYS_close_range, 10, 15, 4));
	T(fcntl(10, F_GETFD));
	T(syscall(SYS_close_range, 10, 15, 0));
	T(fcntl(10, F_GETFD));
	T(fcntl(20, F_GETFD));
	T(syscall(SYS_close_range, 5, 4, 0));
	T(syscall(SYS_close_range, 5, 6, 0x80));
	T(syscall(SYS_close_range, 4, ~0U, 0));
	T(fcntl(20, F_GETFD));
	T(dup(3));
	T(close(4));
}

static void flags(void)
{
	int n = 1;

	T(fcntl(3, F_GETFL));
	T(fcntl(3, F_SETFL, O_NONBLOCK | O_APPEND | O_RDONLY));
	T(fcntl(3, F_GETFL));
	T(fcntl(3, F_SETFL, 0));
	T(ioctl(3, FIONBIO, &n));
	T(fcntl(3, F_GETFL));
	T(ioctl(3, FIOCLEX));
	T(fcntl(3, F_GETFD));
	T(ioctl(3, FIONCLEX));
	T(fcntl(3, F_GETFD));
	T(lseek(3, 1, SEEK_SET));
	T(ioctl(3, FIONREAD, &n));
	T(n);
	T(ioctl(3, TIOCGWINSZ, &n));
	T(ioctl(3, 0x12345, &n));
	T(ioctl(99, FIONREAD, &n));
	T(fcntl(3, 12345));
	T(fcntl(3, F_GETOWN));
	T(fcntl(3, F_SETSIG, 5));
	T(fcntl(3, F_GETSIG));
	T(fcntl(3, F_SETSIG, 100));
	T(fcntl(3, F_GETLEASE));
	T(fcntl(3, F_GETPIPE_SZ));
	T(isatty(3));
}

static int lock(int fd, int cmd, int type, off_t start, off_t len)
{
	struct flock l = { .l_type = (short)type, .l_whence = SEEK_SET,
			   .l_start = start, .l_len = len };
	int r = fcntl(fd, cmd, &l);

	if (!r && (cmd == F_GETLK || cmd == F_OFD_GETLK))
		printf("type %d start %ld len %ld pid %d\n", l.l_type,
		       (long)l.l_start, (long)l.l_len,
		       l.l_pid == getpid() ? 1 : l.l_pid);
	return r;
}

static void locks(void)
{
	int a, b;

	T(a = open("f", O_RDWR));
	T(b = open("f", O_RDWR));
	T(lock(a, F_SETLK, F_WRLCK, 0, 100));
	T(lock(b, F_SETLK, F_WRLCK, 50, 100));
	T(lock(b, F_GETLK, F_WRLCK, 0, 0));
	T(lock(b, F_OFD_GETLK, F_WRLCK, 0, 0));
	T(lock(b, F_OFD_SETLK, F_RDLCK, 0, 10));
	T(lock(a, F_SETLK, F_UNLCK, 20, 10));
	T(lock(b, F_OFD_GETLK, F_RDLCK, 20, 10));
	T(lock(b, F_OFD_SETLK, F_RDLCK, 20, 10));
	T(lock(a, F_GETLK, F_WRLCK, 0, 0));
	T(lock(a, F_SETLK, F_WRLCK, 25, 1));
	T(lock(a, F_SETLK, F_WRLCK, -1, 1));
	T(lock(a, F_SETLK, 7, 0, 1));
	T(lock(99, F_SETLK, F_WRLCK, 0, 1));
	T(lock(a, F_SETLK, F_WRLCK, 10, -5));
	T(fcntl(a, F_SETLK, (void *)8));
	T(close(b));
	T(lock(a, F_OFD_GETLK, F_WRLCK, 0, 0));
	T(b = open("f", O_RDONLY));
	T(lock(b, F_SETLK, F_WRLCK, 0, 1));
	T(flock(a, LOCK_EX));
	T(flock(b, LOCK_SH | LOCK_NB));
	T(flock(a, LOCK_SH));
	T(flock(b, LOCK_SH | LOCK_NB));
	T(flock(a, LOCK_EX | LOCK_NB));
	T(flock(a, LOCK_UN));
	T(flock(b, 77));
	T(flock(99, LOCK_SH));
	T(close(a));
	T(close(b));
}

static void many(void)
{
	struct rlimit r;
	int n = 0, fd;

	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = 500;
	T(setrlimit(RLIMIT_NOFILE, &r));
	/* NOLINTNEXTLINE: they are left open on purpose */
	while ((fd = open("f", O_RDONLY)) >= 0)
		n++;
	T(errno);
	T(n);
	T(dup(3));
	T(close(200));
	T(dup(3));
	T(fcntl(3, F_DUPFD, 400));
	T(dup2(3, 499));
	T(dup2(3, 500));
	T(syscall(SYS_close_range, 4, ~0U, 0));
	T(dup(3));
}

int main(void)
{
	if (host_lacks(SYS_close_range))
		skip_all("the host has no close_range");
	for (int i = 3; i < 20; i++)
		close(i);
	dups();
	flags();
	locks();
	many();
	T(unlink("f"));
	return 0;
}
