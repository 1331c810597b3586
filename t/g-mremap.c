/* SPDX-License-Identifier: Apache-2.0 */
/* g-mremap.c: mremap with all of its flags. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t/guest.h"

#define P 4096L
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#define MOVE_TO (MREMAP_MAYMOVE | MREMAP_FIXED)

static sigjmp_buf env;

static void on_fault(int sig)
{
	siglongjmp(env, sig);
}

static int try(const volatile char *p)
{
	int sig = sigsetjmp(env, 1);

	if (!sig)
		(void)*p;
	return sig;
}

/* Room of @n pages that we know to be free. */
static char *room(long n)
{
	char *p = mmap(NULL, (size_t)(n * P), PROT_NONE, ANON, -1, 0);

	munmap(p, (size_t)(n * P));
	return p;
}

static void test_grow(void)
{
	char *base = room(16), *p, *q;

	p = mmap(base, 2 * P, RW, ANON | MAP_FIXED, -1, 0);
	p[0] = 'a';
	p[P] = 'b';
	ok(mremap(p, 2 * P, 4 * P, 0) == p, "grow in place");
	is(p[0] + p[P] + p[3 * P], 'a' + 'b', "old data, new zeroes");
	ok(mremap(p, 4 * P, 2 * P, 0) == p, "shrink");
	is(try(p + 2 * P), SIGSEGV, "the tail is gone");
	(void)mmap(base + 3 * P, P, RW, ANON | MAP_FIXED, -1, 0);
	ok(mremap(p, 2 * P, 3 * P, 0) == p, "grow up to a neighbour");
	is_errno((long)mremap(p, 3 * P, 4 * P, 0), ENOMEM, "and no further");
	q = mremap(p, 3 * P, 8 * P, MREMAP_MAYMOVE);
	ok(q != MAP_FAILED && q != p, "so it moves");
	is(q[0] + q[P] + q[7 * P], 'a' + 'b', "with its data");
	is(try(p), SIGSEGV, "from the old place");
	q[7 * P] = 'h';
	ok(mremap(q, 8 * P, 8 * P, 0) == q, "the same size");
	/* A part in the middle. */
	p = mremap(q + P, P, 2 * P, MREMAP_MAYMOVE);
	ok(p != MAP_FAILED, "a part moves");
	is(p[0], 'b', "with its data");
	is(try(q + P), SIGSEGV, "and leaves a hole");
	is(q[0] + q[7 * P], 'a' + 'h', "the rest stays");
	munmap(p, 2 * P);
	munmap(q, 8 * P);
	munmap(base, 16 * P);
}

static void test_fixed(void)
{
	char *base = room(16), *p, *q;

	p = mmap(base, 4 * P, RW, ANON | MAP_FIXED, -1, 0);
	for (int i = 0; i < 4; i++)
		p[i * P] = (char)('0' + i);
	(void)mmap(base + 8 * P, 2 * P, PROT_READ, ANON | MAP_FIXED, -1, 0);
	q = mremap(p, 2 * P, 2 * P, MOVE_TO, base + 8 * P);
	ok(q == base + 8 * P, "to a place, over something");
	is(q[P], '1', "with its data");
	q[P] = 'x';
	is(try(p), SIGSEGV, "the old place is free");
	is(p[2 * P], '2', "but for the rest");
	q = mremap(p + 2 * P, 2 * P, P, MOVE_TO, base + 12 * P);
	ok(q == base + 12 * P, "and made shorter");
	is(q[0], '2', "with its data");
	is(try(p + 3 * P), SIGSEGV, "the tail is gone");
	is(try(q + P), SIGSEGV, "here too");
	q = mremap(q, P, 3 * P, MOVE_TO, base);
	ok(q == base, "and made longer");
	is(q[0] + q[2 * P], '2', "zeroes at the end");
	is_errno((long)mremap(q, 3 * P, 3 * P, MOVE_TO, q + P), EINVAL,
		 "over itself");
	is_errno((long)mremap(q, 3 * P, 3 * P, MOVE_TO, q + 1), EINVAL,
		 "to an address that is not aligned");
	is_errno((long)mremap(q, 3 * P, 3 * P, MREMAP_FIXED, base + 8 * P),
		 EINVAL, "MREMAP_FIXED alone");
	is_errno((long)mremap(q, P, P, MOVE_TO, (void *)-(8 * P)), EINVAL,
		 "above the guest");
	p = mremap(q, 3 * P, 3 * P, MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
		   NULL);
	if (ok(p != MAP_FAILED && p != q, "MREMAP_DONTUNMAP")) {
		is(p[0], '2', "the data went");
		is(q[0], 0, "the place stayed");
		q[0] = 1;
		munmap(p, 3 * P);
	}
	is_errno((long)mremap(q, 3 * P, 2 * P, MREMAP_MAYMOVE |
			      MREMAP_DONTUNMAP, NULL), EINVAL,
		 "MREMAP_DONTUNMAP of another size");
	munmap(base, 16 * P);
}

static void test_errors(void)
{
	char *p = mmap(NULL, 2 * P, RW, ANON, -1, 0);

	is_errno((long)mremap(p, P, P, 64), EINVAL, "unknown flags");
	is_errno((long)mremap(p + 1, P, P, 0), EINVAL, "not aligned");
	is_errno((long)mremap(p, P, 0, 0), EINVAL, "new length 0");
	is_errno((long)mremap(p, 0, P, MREMAP_MAYMOVE), EINVAL,
		 "old length 0 of a private mapping");
	munmap(p + P, P);
	is_errno((long)mremap(p + P, P, 2 * P, MREMAP_MAYMOVE), EFAULT,
		 "nothing mapped");
	is_errno((long)mremap(p, 3 * P, 4 * P, MREMAP_MAYMOVE), EFAULT,
		 "more than one mapping");
	munmap(p, P);
}

static void test_file(void)
{
	int fd = open("g-mremap.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *p, *q;

	if (!ok(fd >= 0, "create a file"))
		return;
	is(ftruncate(fd, 8 * P), 0, "give it a size");
	for (int i = 0; i < 8; i++)
		pwrite(fd, &(char){ (char)('0' + i) }, 1, i * P);
	p = mmap(NULL, 2 * P, RW, MAP_SHARED, fd, P);
	q = mremap(p, 2 * P, 6 * P, MREMAP_MAYMOVE);
	ok(q != MAP_FAILED, "a shared file mapping grows");
	is(q[0] * 256 + q[5 * P], '1' * 256 + '6', "and shows the file");
	q[5 * P] = 'w';
	pread(fd, &(char){ 0 }, 1, 0);
	p = mmap(NULL, P, PROT_READ, MAP_SHARED, fd, 6 * P);
	is(p[0], 'w', "a store to it reaches the file");
	munmap(p, P);
	munmap(q, 6 * P);
	p = mmap(NULL, 2 * P, RW, MAP_PRIVATE, fd, 0);
	p[P] = 'P';
	q = mremap(p, 2 * P, 4 * P, MREMAP_MAYMOVE);
	ok(q != MAP_FAILED, "a private file mapping grows");
	is(q[P] * 256 + q[3 * P], 'P' * 256 + '3', "its own page went along");
	munmap(q, 4 * P);
	close(fd);
	unlink("g-mremap.tmp");
}

int main(void)
{
	signal(SIGSEGV, on_fault);
	test_grow();
	test_fixed();
	test_errors();
	test_file();
	return done_testing();
}
