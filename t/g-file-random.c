/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-file-random.c: random reads, writes, truncations, holes and mappings of
 * one file, compared at each step with a copy in memory.
 *
 * usage: g-file-random [STEPS [SEED]]
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "t/guest.h"

#define MAX	(768 * 1024)

static unsigned char model[MAX], buf[MAX];
static size_t size;
static int fd, step;
static unsigned long long state;

static unsigned int next(unsigned int n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return n ? (unsigned int)(state >> 33) % n : 0;
}

/* Mostly small and near the start, sometimes anywhere. */
static size_t place(void)
{
	switch (next(4)) {
	case 0:
		return next(MAX - 1);
	case 1:
		return next(64) * 4096;
	default:
		return next(40000);
	}
}

static size_t length(size_t at)
{
	size_t n = next(8) ? next(9000) + 1 : next(200000) + 1;

	return n > MAX - at ? MAX - at : n;
}

static int fail(const char *what, size_t at, size_t n)
{
	printf("not ok - step %d: %s at %zu, %zu bytes, size %zu\n", step,
	       what, at, n, size);
	return 0;
}

static void fill(size_t n)
{
	unsigned char c = (unsigned char)next(256);

	for (size_t i = 0; i < n; i++)
		buf[i] = (unsigned char)(c + i * 7);
}

static void model_write(size_t at, size_t n)
{
	if (at > size)
		memset(model + size, 0, at - size);
	memcpy(model + at, buf, n);
	if (at + n > size)
		size = at + n;
}

static int do_read(void)
{
	size_t at = place(), n = length(at), want;
	ssize_t got = pread(fd, buf, n, (off_t)at);

	want = at >= size ? 0 : n > size - at ? size - at : n;
	if (got != (ssize_t)want || memcmp(buf, model + at, want))
		return fail("read", at, n);
	return 1;
}

static int do_write(void)
{
	size_t at = place(), n = length(at);
	struct iovec v[2];
	ssize_t got;

	fill(n);
	if (next(3)) {
		got = pwrite(fd, buf, n, (off_t)at);
	} else {
		v[0].iov_base = buf;
		v[0].iov_len = n / 3;
		v[1].iov_base = buf + n / 3;
		v[1].iov_len = n - n / 3;
		got = pwritev(fd, v, 2, (off_t)at);
	}
	if (got != (ssize_t)n)
		return fail("write", at, n);
	model_write(at, n);
	return 1;
}

static int do_append(void)
{
	size_t n = next(5000) + 1;
	int a;

	if (size + n > MAX)
		return 1;
	a = open("file", O_WRONLY | O_APPEND);
	fill(n);
	if (write(a, buf, n) != (ssize_t)n)
		return fail("append", size, n);
	close(a);
	model_write(size, n);
	return 1;
}

static int do_truncate(void)
{
	size_t n = next(10) ? place() : 0;

	if (ftruncate(fd, (off_t)n))
		return fail("truncate", n, 0);
	if (n > size)
		memset(model + size, 0, n - size);
	size = n;
	return 1;
}

static int do_hole(void)
{
	size_t at = place(), n = length(at);

	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      (off_t)at, (off_t)n))
		return fail("hole", at, n);
	if (at < size)
		memset(model + at, 0, n > size - at ? size - at : n);
	return 1;
}

static int do_map(int write)
{
	size_t at = place() & ~4095ul, n = length(at), k;
	unsigned char *p;
	int good = 1;

	if (at >= size)
		return 1;
	if (n > size - at)
		n = size - at;
	p = mmap(NULL, n, PROT_READ | (write ? PROT_WRITE : 0),
		 next(4) || write ? MAP_SHARED : MAP_PRIVATE, fd, (off_t)at);
	if (p == MAP_FAILED)
		return fail("mmap", at, n);
	if (memcmp(p, model + at, n))
		good = fail("mapped", at, n);
	if (write && good) {
		k = next((unsigned int)n);
		n -= k;
		fill(n);
		memcpy(p + k, buf, n);
		memcpy(model + at + k, buf, n);
		n += k;
	}
	munmap(p, n);
	return good;
}

static int do_reopen(void)
{
	struct stat st = { .st_size = 0 };

	close(fd);
	fd = open("file", O_RDWR);
	if (fd < 0 || fstat(fd, &st) || st.st_size != (off_t)size)
		return fail("size", (size_t)st.st_size, 0);
	return 1;
}

int main(int argc, char **argv)
{
	int steps = argc > 1 ? atoi(argv[1]) : 4000, good = 1;

	state = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	for (step = 0; good && step < steps; step++) {
		switch (next(12)) {
		case 0: case 1: case 2:
			good = do_read();
			break;
		case 3: case 4: case 5:
			good = do_write();
			break;
		case 6:
			good = do_append();
			break;
		case 7:
			good = do_truncate();
			break;
		case 8:
			good = do_hole();
			break;
		case 9:
			good = do_map(0);
			break;
		case 10:
			good = do_map(1);
			break;
		case 11:
			good = do_reopen();
			break;
		}
	}
	ok(good, "every byte as in the copy");
	return done_testing();
}
