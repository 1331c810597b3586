/* SPDX-License-Identifier: Apache-2.0 */
/* g-mmap.c: mmap and munmap, anonymous and of files. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "t/guest.h"

#define P 4096L
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

static sigjmp_buf env;
static volatile int sig_code;
static void *volatile sig_addr;

static void on_fault(int sig, siginfo_t *si, void *ctx)
{
	(void)ctx;
	sig_code = si->si_code;
	sig_addr = si->si_addr;
	siglongjmp(env, sig);
}

/* The signal that a read of @p raises, or 0. */
static int fault_read(const volatile char *p)
{
	int sig = sigsetjmp(env, 1);

	if (!sig)
		(void)*p;
	return sig;
}

static int fault_write(volatile char *p)
{
	int sig = sigsetjmp(env, 1);

	if (!sig)
		*p = 1;
	return sig;
}

static void test_anon(void)
{
	char *p = mmap(NULL, 5 * P, RW, ANON, -1, 0), *q;
	long sum = 0;

	ok(p != MAP_FAILED, "anonymous");
	for (long i = 0; i < 5 * P; i++)
		sum += p[i];
	is(sum, 0, "anonymous memory is zero");
	memset(p, 7, 5 * (size_t)P);
	is(munmap(p + P, P), 0, "munmap of a page in the middle");
	is(fault_read(p + P), SIGSEGV, "it is gone");
	is(sig_code, SEGV_MAPERR, "and not mapped");
	ok(sig_addr == p + P, "fault address");
	is(p[0] + p[2 * P] + p[4 * P], 21, "the rest is there");
	q = mmap(p + P, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
	ok(q == p + P, "MAP_FIXED_NOREPLACE into the hole");
	is_errno((long)mmap(p, 2 * P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0),
		 EEXIST, "MAP_FIXED_NOREPLACE over something");
	q = mmap(p + 2 * P, P, PROT_READ, ANON | MAP_FIXED, -1, 0);
	ok(q == p + 2 * P, "MAP_FIXED over something");
	is(q[0], 0, "it is new");
	is(fault_write(q), SIGSEGV, "and read-only");
	is(sig_code, SEGV_ACCERR, "access is denied");
	q = mmap(p, P, RW, ANON, -1, 0);
	ok(q != MAP_FAILED && q != p, "a hint that is taken");
	munmap(q, P);
	is(munmap(p, 5 * P), 0, "munmap of several mappings");
	is(munmap(p, 5 * P), 0, "munmap of nothing");
	q = mmap(p, 5 * P, RW, ANON, -1, 0);
	ok(q == p, "a hint that is free");
	munmap(q, 5 * P);
	q = mmap(NULL, P, RW, ANON | MAP_32BIT, -1, 0);
	ok((uintptr_t)q < 0x80000000UL, "MAP_32BIT");
	munmap(q, P);
	q = mmap(NULL, P, RW, ANON | MAP_POPULATE | MAP_STACK | MAP_NORESERVE,
		 -1, 0);
	ok(q != MAP_FAILED && !q[0], "MAP_POPULATE, MAP_STACK, MAP_NORESERVE");
	munmap(q, P);
	q = mmap(NULL, 1L << 36, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
	ok(q != MAP_FAILED, "64 GiB reserved");
	munmap(q, 1L << 36);
}

static void test_errors(void)
{
	char *p = mmap(NULL, 2 * P, RW, ANON, -1, 0);
	int fd;

	is_errno((long)mmap(NULL, 0, RW, ANON, -1, 0), EINVAL, "length 0");
	is_errno((long)mmap(NULL, P, RW, MAP_ANONYMOUS, -1, 0), EINVAL,
		 "neither shared nor private");
	is_errno((long)mmap(p + 1, P, RW, ANON | MAP_FIXED, -1, 0), EINVAL,
		 "MAP_FIXED not aligned");
	is_errno((long)mmap(NULL, P, RW, MAP_PRIVATE, -1, 0), EBADF, "no fd");
	is_errno(syscall(SYS_mmap, NULL, P, RW, MAP_PRIVATE, 0, 1), EINVAL,
		 "offset not aligned");
	is_errno((long)mmap(NULL, 1UL << 62, RW, ANON, -1, 0), ENOMEM,
		 "too long");
	is_errno((long)mmap(NULL, (size_t)-1, RW, ANON, -1, 0), ENOMEM,
		 "length wraps");
	is_errno((long)mmap((void *)0x7ffffffff000, P, RW, ANON | MAP_FIXED,
			    -1, 0), ENOMEM, "above the guest");
	is_errno((long)mmap((void *)-P, P, RW, ANON | MAP_FIXED, -1, 0),
		 ENOMEM, "at the end of the address space");
	is_errno(munmap(p, 0), EINVAL, "munmap of nothing");
	is_errno(munmap(p + 1, P), EINVAL, "munmap not aligned");
	is_errno(munmap((void *)-P, P), EINVAL, "munmap above the guest");
	is_errno(munmap(p, (size_t)-P), EINVAL, "munmap too long");
	is_errno((long)mmap(NULL, P, RW, ANON | MAP_HUGETLB |
			    5 << MAP_HUGE_SHIFT, -1, 0), EINVAL,
		 "huge pages of a size that is none");
	is_errno((long)mmap(NULL, P, RW, MAP_SHARED | MAP_ANONYMOUS |
			    MAP_GROWSDOWN, -1, 0), EINVAL,
		 "shared and growing");
	fd = open("/", O_RDONLY);
	is_errno((long)mmap(NULL, P, PROT_READ, MAP_PRIVATE, fd, 0), ENODEV,
		 "a directory");
	close(fd);
	fd = open("/", O_PATH);
	is_errno((long)mmap(NULL, P, PROT_READ, MAP_PRIVATE, fd, 0), EBADF,
		 "an O_PATH descriptor");
	close(fd);
	munmap(p, 2 * P);
}

static void test_zero(void)
{
	int fd = open("/dev/zero", O_RDWR);
	char *p = mmap(NULL, 2 * P, RW, MAP_PRIVATE, fd, 0);

	if (!ok(p != MAP_FAILED, "/dev/zero, private"))
		return;
	is(p[0] + p[P], 0, "it is zero");
	p[P] = 1;
	munmap(p, 2 * P);
	p = mmap(NULL, 2 * P, RW, MAP_SHARED, fd, 0);
	ok(p != MAP_FAILED && !p[P], "/dev/zero, shared");
	if (p != MAP_FAILED) {
		p[P] = 1;
		munmap(p, 2 * P);
	}
	close(fd);
	fd = open("/dev/null", O_RDWR);
	is_errno((long)mmap(NULL, P, RW, MAP_PRIVATE, fd, 0), ENODEV,
		 "/dev/null");
	close(fd);
}

static void test_shared_anon(void)
{
	char *p = mmap(NULL, 4 * P, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *q;

	if (!ok(p != MAP_FAILED, "shared anonymous"))
		return;
	is(p[0] + p[3 * P], 0, "it is zero");
	p[0] = 5;
	p[3 * P] = 6;
	/* A second view of the same pages. */
	q = mremap(p, 0, 4 * P, MREMAP_MAYMOVE);
	if (ok(q != MAP_FAILED && q != p, "mremap of length 0 copies it")) {
		q[P] = 9;
		is(p[P], 9, "the copy shows the same memory");
		is(q[3 * P], 6, "all of it");
		munmap(q, 4 * P);
	}
	is(munmap(p, 4 * P), 0, "munmap of shared memory");
}

static void test_file(const char *name)
{
	char buf[8] = { 0 }, *p, *q;
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644), ro;

	if (!ok(fd >= 0, "create a file"))
		return;
	is(ftruncate(fd, 2 * P + 10), 0, "give it a size");
	is(pwrite(fd, "abc", 3, P), 3, "write to it");
	p = mmap(NULL, 4 * P, RW, MAP_SHARED, fd, 0);
	ok(p != MAP_FAILED, "map it shared");
	q = mmap(NULL, 3 * P, RW, MAP_PRIVATE, fd, 0);
	ok(q != MAP_FAILED, "map it private");
	is(memcmp(p + P, "abc", 3), 0, "shared view");
	is(memcmp(q + P, "abc", 3), 0, "private view");
	p[P] = 'X';
	is(q[P], 'X', "a store to the one is seen in the other");
	is(pread(fd, buf, 3, P), 3, "read it");
	is(buf[0], 'X', "and by read");
	pwrite(fd, "Z", 1, P + 1);
	is(p[P + 1], 'Z', "a write is seen in the mapping");
	q[P] = 'p';
	is(p[P], 'X', "a store to a private mapping stays there");
	pread(fd, buf, 1, P);
	is(buf[0], 'X', "and out of the file");
	is(p[2 * P + 10], 0, "zeroes behind the end");
	is(fault_read(p + 3 * P), SIGBUS, "a page beyond the end");
	is(sig_code, BUS_ADRERR, "of the file");
	is(msync(p, 4 * P, MS_SYNC), 0, "msync");
	is(ftruncate(fd, 4 * P), 0, "the file grows");
	is(fault_write(p + 3 * P), 0, "then the page is there");
	is(pread(fd, buf, 1, 3 * P), 1, "read it back");
	is(buf[0], 1, "and is the file's");
	is(ftruncate(fd, 2 * P), 0, "the file shrinks a little");
	is_errno(pread(fd, p + 2 * P, 4, 0), EFAULT, "read to behind the end");
	is(ftruncate(fd, 4 * P), 0, "and grows again");
	is(pread(fd, p + 2 * P, 4, P), 4, "read there");
	is(p[2 * P], 'X', "and it is there");
	is(ftruncate(fd, P), 0, "the file shrinks");
	is(fault_read(p + P), SIGBUS, "and the page goes");
	is(fault_read(p), 0, "the first stays");
	munmap(p, 4 * P);
	munmap(q, 3 * P);

	ro = open(name, O_RDONLY);
	is_errno((long)mmap(NULL, P, RW, MAP_SHARED, ro, 0), EACCES,
		 "shared and writable wants a writable descriptor");
	p = mmap(NULL, P, PROT_READ, MAP_SHARED, ro, 0);
	ok(p != MAP_FAILED, "shared and readable does not");
	is_errno(mprotect(p, P, RW), EACCES, "mprotect knows it too");
	munmap(p, P);
	p = mmap(NULL, P, RW, MAP_PRIVATE, ro, 0);
	ok(p != MAP_FAILED, "private and writable does not");
	is(fault_write(p), 0, "write to it");
	munmap(p, P);
	close(ro);
	ro = open(name, O_WRONLY);
	is_errno((long)mmap(NULL, P, PROT_WRITE, MAP_SHARED, ro, 0), EACCES,
		 "a descriptor that cannot read");
	close(ro);
	p = mmap(NULL, P, PROT_READ, MAP_SHARED, fd, 64 * P);
	ok(p != MAP_FAILED, "map beyond the end");
	is(fault_read(p), SIGBUS, "to no avail");
	munmap(p, P);
	is_errno((long)mmap(NULL, P, PROT_READ, MAP_SHARED_VALIDATE | 1 << 25,
			    fd, 0), EOPNOTSUPP, "unknown flags");
	p = mmap(NULL, P, RW, MAP_SHARED, fd, 0);
	close(fd);
	is(unlink(name), 0, "unlink it");
	p[0] = 'k';
	is(p[0], 'k', "the mapping outlives descriptor and name");
	munmap(p, P);
}

static void test_growsdown(void)
{
	char *room = mmap(NULL, 16 << 20, PROT_NONE, ANON, -1, 0), *p;

	munmap(room, 16 << 20);
	p = mmap(room + (8 << 20), P, RW, ANON | MAP_GROWSDOWN | MAP_FIXED, -1,
		 0);
	if (!ok(p == room + (8 << 20), "MAP_GROWSDOWN"))
		return;
	is(fault_write(p - P), 0, "it grows by a page");
	is(fault_write(p - 40 * P), 0, "and by many");
	is(fault_read(p - 41 * P), 0, "a load will do");
	(void)mmap(room + (1 << 20), P, RW, ANON | MAP_FIXED, -1, 0);
	is(fault_write(room + (1 << 20) + 2 * P), SIGSEGV,
	   "not close to a neighbour");
	is(fault_write(room + (3 << 20)), 0, "but further away");
	munmap(room, 16 << 20);
}

static void test_limits(void)
{
	struct rlimit old, as = { 0, 0 };
	char *p;

	getrlimit(RLIMIT_AS, &old);
	as = old;
	as.rlim_cur = 1UL << 30;
	is(setrlimit(RLIMIT_AS, &as), 0, "set RLIMIT_AS");
	is_errno((long)mmap(NULL, 2UL << 30, PROT_NONE, ANON, -1, 0), ENOMEM,
		 "RLIMIT_AS");
	p = mmap(NULL, 1UL << 20, PROT_NONE, ANON, -1, 0);
	ok(p != MAP_FAILED, "below it");
	munmap(p, 1UL << 20);
	setrlimit(RLIMIT_AS, &old);
}

static void test_advice(void)
{
	char *p = mmap(NULL, 4 * P, RW, ANON, -1, 0);
	unsigned char vec[4];

	memset(p, 3, 4 * (size_t)P);
	is(madvise(p, 2 * P, MADV_DONTNEED), 0, "MADV_DONTNEED");
	is(p[0] + p[P], 0, "the pages are gone");
	is(p[2 * P], 3, "the others not");
	is(madvise(p, P, MADV_WILLNEED), 0, "MADV_WILLNEED");
	is(madvise(p, P, MADV_SEQUENTIAL), 0, "MADV_SEQUENTIAL");
	is(madvise(p, P, MADV_DONTFORK), 0, "MADV_DONTFORK");
	is(madvise(p, P, MADV_DOFORK), 0, "MADV_DOFORK");
	is_errno(madvise(p, P, 9999), EINVAL, "an advice that is none");
	is_errno(madvise(p + 1, P, MADV_DONTNEED), EINVAL, "not aligned");
	is(madvise(p, 0, MADV_DONTNEED), 0, "length 0");
	munmap(p + P, P);
	is_errno(madvise(p, 4 * P, MADV_DONTNEED), ENOMEM, "over a hole");
	is(p[2 * P], 0, "what is mapped was advised");
	is_errno(mincore(p, 4 * P, vec), ENOMEM, "mincore over a hole");
	is_errno(mincore(p + 1, P, vec), EINVAL, "mincore not aligned");
	p[2 * P] = 1;
	is(mincore(p + 2 * P, P, vec), 0, "mincore");
	is(vec[0] & 1, 1, "a page in memory");
	is_errno(mincore(p, P, (unsigned char *)8), EFAULT, "bad vector");
	is_errno(msync(p, 4 * P, MS_SYNC), ENOMEM, "msync over a hole");
	is_errno(msync(p, P, MS_SYNC | MS_ASYNC), EINVAL, "msync both ways");
	is_errno(msync(p + 1, P, MS_SYNC), EINVAL, "msync not aligned");
	is_errno(msync(p, P, 64), EINVAL, "msync of unknown flags");
	is(mlock(p, P), 0, "mlock");
	is_errno(madvise(p, P, MADV_DONTNEED), EINVAL, "MADV_DONTNEED, locked");
	is_errno(mlock(p, 2 * P), ENOMEM, "mlock over a hole");
	is(munlock(p, P), 0, "munlock");
	is(madvise(p, P, MADV_DONTNEED), 0, "MADV_DONTNEED, unlocked");
	is_errno(mlockall(0), EINVAL, "mlockall of nothing");
	munmap(p, 4 * P);
}

int main(void)
{
	char name[40];

	struct sigaction sa = {
		.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO,
	};

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	test_anon();
	test_errors();
	test_zero();
	test_shared_anon();
	test_file("g-mmap.tmp");
	snprintf(name, sizeof(name), "/tmp/g-mmap.%d", getpid());
	test_file(name);
	test_growsdown();
	test_limits();
	test_advice();
	return done_testing();
}
