/* SPDX-License-Identifier: Apache-2.0 */
/* g-file.c: open flags, reading, writing, positions, sizes, and errors. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "t/oracle.h"

static char buf[65536];

static void dump(int fd)
{
	struct stat st;
	unsigned int sum = 0;
	ssize_t n, at = 0;

	fstat(fd, &st);
	while ((n = pread(fd, buf, sizeof(buf), at)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			sum = sum * 31 + (unsigned char)buf[i];
		at += n;
	}
	printf("size %ld read %ld sum %u end %ld\n", (long)st.st_size,
	       (long)at, sum, (long)n);
}

static void open_flags(void)
{
	int fd;

	T(open("f", O_RDONLY));
	T(open("f", O_RDWR | O_CREAT | O_EXCL, 0604));
	T(open("f", O_RDWR | O_CREAT | O_EXCL, 0600));
	T(write(3, "0123456789", 10));
	T(open("f", O_RDONLY));
	T(write(4, "x", 1));
	T(read(4, buf, 4));
	T(lseek(4, 0, SEEK_CUR));
	T(open("f", O_WRONLY | O_APPEND));
	T(read(5, buf, 1));
	T(write(5, "abc", 3));
	T(lseek(5, 0, SEEK_CUR));
	T(pwrite(5, "X", 1, 0));
	dump(3);
	T(fcntl(5, F_GETFL));
	T(fcntl(5, F_SETFL, 0));
	T(fcntl(5, F_GETFL));
	T(pwrite(5, "Y", 1, 0));
	dump(3);
	T(open("f", O_RDONLY | O_DIRECTORY));
	T(open("f/", O_RDONLY));
	T(open("f/x", O_RDONLY));
	T(open(".", O_RDWR));
	T(open(".", O_WRONLY | O_CREAT, 0600));
	T(open("nothing/", O_RDWR | O_CREAT, 0600));
	T(open("nothing", O_DIRECTORY | O_RDONLY));
	T(open("", O_RDONLY));
	T(open("new", O_CREAT | O_DIRECTORY, 0600));
	T(fd = open(".", O_RDONLY));
	T(read(fd, buf, 1));
	T(write(fd, buf, 1));
	T(openat(fd, "f", O_RDONLY));
	T(openat(3, "f", O_RDONLY));
	T(openat(99, "f", O_RDONLY));
	T(fd = open("f", O_PATH));
	T(read(fd, buf, 1));
	T(fcntl(fd, F_GETFL));
	T(fchmod(fd, 0600));
	T(ftruncate(fd, 0));
	T(lseek(fd, 0, SEEK_SET));
	T(fsync(fd));
	T(dup(fd));
	T(open("f", O_WRONLY | O_TRUNC));
	dump(3);
	T(open("f", O_RDONLY | 3));
	T(open(".", O_TMPFILE | O_RDONLY, 0600));
	T(fd = open(".", O_TMPFILE | O_RDWR, 0600));
	T(write(fd, "tmp", 3));
	dump(fd);
	for (int i = 3; i < 20; i++)
		close(i);
	T(close(3));
	T(close(-1));
	T(read(99, buf, 1));
	T(write(-1, buf, 1));
}

static void positions(void)
{
	struct iovec v[3] = { { buf, 3 }, { buf + 3, 0 }, { buf + 3, 4 } };
	int fd;

	T(fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0600));
	memset(buf, 'a', sizeof(buf));
	T(write(fd, buf, 10000));
	T(lseek(fd, -1, SEEK_SET));
	T(lseek(fd, 0, SEEK_END));
	T(lseek(fd, 100, SEEK_END));
	T(read(fd, buf, 10));
	T(write(fd, "end", 3));
	dump(fd);
	T(lseek(fd, 5, 9));
	T(lseek(fd, -20000, SEEK_CUR));
	T(lseek(fd, 0x7fffffffffffffff, SEEK_CUR));
	T(lseek(fd, 1, SEEK_SET));
	T(lseek(fd, 0x7fffffffffffffff, SEEK_CUR));
	T(read(fd, (void *)8, 10));
	T(read(fd, (void *)8, 0));
	T(write(fd, (void *)8, 10));
	T(pread(fd, buf, 10, -1));
	T(pwrite(fd, buf, 10, -1));
	T(pread(fd, buf, 10, 1000000));
	T(readv(fd, v, 3));
	T(lseek(fd, 0, SEEK_CUR));
	T(writev(fd, v, 3));
	T(readv(fd, v, -1));
	T(readv(fd, v, 2000));
	T(readv(fd, (void *)8, 2));
	T(readv(fd, v, 0));
	T(preadv(fd, v, 3, 10));
	T(pwritev(fd, v, 3, 20000));
	T(preadv2(fd, v, 3, -1, 0));
	T(preadv2(fd, v, 3, 0, 0x8000));
	T(pwritev2(fd, v, 3, 0, 0x10));
	dump(fd);
	v[0].iov_len = (size_t)-1;
	T(readv(fd, v, 1));
	T(ftruncate(fd, 5));
	dump(fd);
	T(ftruncate(fd, 10000));
	dump(fd);
	T(ftruncate(fd, -1));
	T(truncate("f", 100));
	T(truncate("f", -1));
	T(truncate(".", 1));
	T(truncate("nothing", 1));
	T(truncate("", 1));
	dump(fd);
	close(fd);
	T(fd = open("f", O_RDONLY));
	T(ftruncate(fd, 1));
	T(fallocate(fd, 0, 0, 1));
	close(fd);
}

static void holes(void)
{
	int fd;

	T(fd = open("h", O_RDWR | O_CREAT | O_TRUNC, 0600));
	T(pwrite(fd, "x", 1, 1 << 20));
	T(pwrite(fd, "y", 1, 5));
	dump(fd);
	T(lseek(fd, 0, SEEK_DATA));
	T(lseek(fd, 2 << 20, SEEK_DATA));
	T(lseek(fd, 2 << 20, SEEK_HOLE));
	T(lseek(fd, 1 << 20, SEEK_HOLE));
	T(fallocate(fd, 0, 0, 3 << 20));
	dump(fd);
	T(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 4 << 20));
	dump(fd);
	T(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 10));
	T(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 3, 9000));
	dump(fd);
	T(fallocate(fd, 0, -1, 10));
	T(fallocate(fd, 0, 0, 0));
	T(fallocate(fd, 0x8000, 0, 10));
	T(ftruncate(fd, 1000));
	T(pwrite(fd, "z", 1, 70000));
	dump(fd);
	T(pwrite(fd, buf, sizeof(buf), 12345));
	T(ftruncate(fd, 20000));
	T(ftruncate(fd, 200000));
	dump(fd);
	close(fd);
	T(unlink("h"));
}

static void copies(void)
{
	loff_t in_off = 10, out_off = 5;
	off_t off = 3;
	int in, out;

	memset(buf, 'q', sizeof(buf));
	T(in = open("in", O_RDWR | O_CREAT | O_TRUNC, 0600));
	T(out = open("out", O_RDWR | O_CREAT | O_TRUNC, 0600));
	T(write(in, buf, 30000));
	T(sendfile(out, in, NULL, 100));
	T(lseek(in, 0, SEEK_SET));
	T(sendfile(out, in, NULL, 100000));
	T(sendfile(out, in, &off, 100));
	T(off);
	dump(out);
	T(copy_file_range(in, &in_off, out, &out_off, 50, 0));
	T(in_off);
	T(out_off);
	T(copy_file_range(in, NULL, out, NULL, 50, 0));
	T(copy_file_range(in, &in_off, out, &out_off, 50, 1));
	T(copy_file_range(in, &in_off, in, &out_off, 50, 0));
	dump(out);
	T(posix_fadvise(in, 0, 0, POSIX_FADV_SEQUENTIAL));
	T(posix_fadvise(in, 0, 0, 77));
	T(readahead(in, 0, 4096));
	T(fsync(in));
	T(fdatasync(in));
	T(syncfs(in));
	T(sync_file_range(in, 0, 0, 0));
	T(sync_file_range(in, 0, 0, 99));
	close(in);
	close(out);
	T(unlink("in"));
	T(unlink("out"));
}

/* An open file goes on without a name. */
static void unlinked(void)
{
	struct stat st;
	int fd;

	T(fd = open("u", O_RDWR | O_CREAT, 0600));
	T(write(fd, "still", 5));
	T(unlink("u"));
	T(fstat(fd, &st));
	T(st.st_nlink);
	T(write(fd, " here", 5));
	dump(fd);
	T(open("u", O_RDONLY));
	T(fchmod(fd, 0644));
	T(linkat(fd, "", AT_FDCWD, "u2", AT_EMPTY_PATH) == 0 ? 0 : 1);
	close(fd);
}

int main(void)
{
	umask(022);
	for (int i = 3; i < 20; i++)
		close(i);
	open_flags();
	positions();
	holes();
	copies();
	unlinked();
	T(unlink("f"));
	return 0;
}
