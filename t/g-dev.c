/* SPDX-License-Identifier: Apache-2.0 */
/* g-dev.c: the devices that every program expects. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "t/guest.h"

static char buf[70000];
static void *volatile bad = (void *)8;

static int all(int c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (buf[i] != c)
			return 0;
	return 1;
}

static void node(const char *path, unsigned int maj, unsigned int min)
{
	char name[64];
	struct stat st;

	snprintf(name, sizeof(name), "%s is a device", path);
	ok(stat(path, &st) == 0 && S_ISCHR(st.st_mode) &&
	   st.st_rdev == makedev(maj, min), name);
	snprintf(name, sizeof(name), "%s is for all", path);
	is(st.st_mode & 07777, 0666, name);
}

static void test_null(void)
{
	struct pollfd p = { .events = POLLIN | POLLOUT };
	int fd = open("/dev/null", O_RDWR);

	is(write(fd, "abc", 3), 3, "write to null");
	is(write(fd, bad, 3), 3, "it does not look at the bytes");
	is(read(fd, buf, 10), 0, "read of null");
	is(lseek(fd, 100, SEEK_SET), 0, "lseek of null");
	is(pwrite(fd, "abc", 3, 1L << 40), 3, "pwrite to null");
	p.fd = fd;
	is(poll(&p, 1, 0), 1, "poll of null");
	is(p.revents, POLLIN | POLLOUT, "always ready");
	ok(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED &&
	   errno == ENODEV, "null cannot be mapped");
	ok(!isatty(fd) && errno == ENOTTY, "null is no terminal");
	close(fd);
	fd = open("/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	ok(fd >= 0, "as the shell opens it");
	close(fd);
}

static void test_zero(void)
{
	int fd = open("/dev/zero", O_RDWR);
	char *m;

	memset(buf, 1, sizeof(buf));
	is(read(fd, buf, sizeof(buf)), sizeof(buf), "read of zero");
	ok(all(0, sizeof(buf)), "gives zeroes");
	is_errno(read(fd, bad, 10), EFAULT, "read to nowhere");
	is(write(fd, "abc", 3), 3, "write to zero");
	is(pread(fd, buf, 10, 1000), 10, "pread of zero");
	m = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	ok(m != MAP_FAILED && !m[0] && !m[8191], "map of zero");
	m[5000] = 1;
	munmap(m, 8192);
	m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ok(m != MAP_FAILED && !m[0], "shared map of zero");
	munmap(m, 4096);
	close(fd);
}

static void test_full(void)
{
	int fd = open("/dev/full", O_RDWR);

	is_errno(write(fd, "x", 1), ENOSPC, "write to full");
	memset(buf, 1, 100);
	is(read(fd, buf, 100), 100, "read of full");
	ok(all(0, 100), "gives zeroes");
	close(fd);
}

static void test_random(const char *path)
{
	unsigned char a[4096], b[4096];
	int seen[256] = { 0 }, kinds = 0, fd = open(path, O_RDWR);
	char name[64];

	snprintf(name, sizeof(name), "%s: read", path);
	is(read(fd, a, sizeof(a)), sizeof(a), name);
	read(fd, b, sizeof(b));
	snprintf(name, sizeof(name), "%s: never the same", path);
	ok(memcmp(a, b, sizeof(a)) != 0, name);
	for (size_t i = 0; i < sizeof(a); i++)
		kinds += !seen[a[i]]++;
	snprintf(name, sizeof(name), "%s: every byte comes", path);
	ok(kinds > 250, name);
	snprintf(name, sizeof(name), "%s: write", path);
	is(write(fd, a, 10), 10, name);
	snprintf(name, sizeof(name), "%s: read to nowhere", path);
	is_errno(read(fd, bad, 10), EFAULT, name);
	close(fd);
}

static void test_links(void)
{
	struct stat a, b;
	char link[64] = "";
	int fd[2];

	ok(readlink("/dev/fd", link, sizeof(link) - 1) > 0 &&
	   !strcmp(link, "/proc/self/fd"), "/dev/fd");
	is(pipe(fd), 0, "pipe");
	is(write(fd[1], "hi", 2), 2, "write");
	snprintf(link, sizeof(link), "/dev/fd/%d", fd[0]);
	is(stat(link, &a), 0, "stat by /dev/fd");
	fstat(fd[0], &b);
	ok(a.st_ino == b.st_ino && a.st_dev == b.st_dev, "the same pipe");
	fd[1] = open(link, O_RDONLY);
	ok(fd[1] >= 0, "open by /dev/fd");
	is(read(fd[1], buf, 10), 2, "and read");
	ok(stat("/dev/stdin", &a) == 0, "/dev/stdin");
	ok(stat("/dev/stdout", &a) == 0, "/dev/stdout");
	ok(stat("/dev/shm", &a) == 0 && S_ISDIR(a.st_mode), "/dev/shm");
	is_errno(open("/dev/no-such", O_RDONLY), ENOENT, "no such device");
}

int main(void)
{
	node("/dev/null", 1, 3);
	node("/dev/zero", 1, 5);
	node("/dev/full", 1, 7);
	node("/dev/random", 1, 8);
	node("/dev/urandom", 1, 9);
	node("/dev/tty", 5, 0);
	test_null();
	test_zero();
	test_full();
	test_random("/dev/urandom");
	test_random("/dev/random");
	test_links();
	return done_testing();
}
