/* SPDX-License-Identifier: Apache-2.0 */
/* g-peek.c: kcmp, and process_vm_readv of one's own memory. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t/guest.h"
#include "t/oracle.h"

static long same(long r)
{
	return r > 0 ? 1 : r;	/* which comes first is nobody's business */
}

static long cmp(pid_t a, pid_t b, int type, unsigned long x, unsigned long y)
{
	return same(syscall(SYS_kcmp, a, b, type, x, y));
}

static void compare(void)
{
	int fd = open("f", O_RDWR | O_CREAT, 0600), fd2 = dup(fd), p[2];
	int fd3 = open("f", O_RDWR);
	pid_t me = getpid(), child;
	char c;

	for (int type = 0; type < 7; type++) {
		printf("type %d: ", type);
		T(cmp(me, me, type, (unsigned long)fd, (unsigned long)fd));
	}
	T(cmp(me, me, 0, (unsigned long)fd, (unsigned long)fd2));
	T(cmp(me, me, 0, (unsigned long)fd, (unsigned long)fd3));
	T(cmp(me, me, 0, (unsigned long)fd, 99));
	T(cmp(me, me, 99, 0, 0));
	T(cmp(me, 0x7ffffff, 0, 0, 0));
	if (pipe(p))
		return;
	child = fork();
	if (!child) {
		close(p[1]);
		(void)!read(p[0], &c, 1);
		_exit(0);
	}
	for (int type = 1; type < 5; type++) {
		printf("child, type %d: ", type);
		T(cmp(me, child, type, 0, 0));
	}
	T(cmp(me, child, 0, (unsigned long)fd, (unsigned long)fd2));
	T(cmp(me, child, 0, (unsigned long)fd, (unsigned long)fd3));
	close(p[1]);
	waitpid(child, NULL, 0);
}

/* What an epoll watches, and memory that is spoken of. */
static void watched(void)
{
	int fd = eventfd(0, 0), fd2 = eventfd(0, 0), ep = epoll_create1(0);
	struct epoll_event ev = { .events = EPOLLIN };
	uint32_t slot[3] = { (uint32_t)ep, (uint32_t)fd, 0 };
	pid_t me = getpid();
	char *m = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec v[2] = { { m, 4096 }, { m + 4096, 4096 } };
	int pidfd = (int)syscall(SYS_pidfd_open, me, 0);

	T(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
	T(cmp(me, me, 7, (unsigned long)fd, (unsigned long)slot));
	T(cmp(me, me, 7, (unsigned long)fd2, (unsigned long)slot));
	T(cmp(me, me, 7, 99, (unsigned long)slot));
	T(cmp(me, me, 7, (unsigned long)fd, 8));
	slot[2] = 1;
	T(cmp(me, me, 7, (unsigned long)fd, (unsigned long)slot));
	slot[0] = (uint32_t)fd;
	T(cmp(me, me, 7, (unsigned long)fd, (unsigned long)slot));
	slot[0] = 99;
	T(cmp(me, me, 7, (unsigned long)fd, (unsigned long)slot));
	T(syscall(SYS_process_madvise, pidfd, v, 2, MADV_WILLNEED, 0));
	T(syscall(SYS_process_madvise, pidfd, v, 2, MADV_WILLNEED, 1));
	T(syscall(SYS_process_madvise, 99, v, 2, MADV_WILLNEED, 0));
	munmap(m + 4096, 4096);
	T(syscall(SYS_process_madvise, pidfd, v, 2, MADV_COLD, 0));
	T(syscall(SYS_process_madvise, pidfd, v + 1, 1, MADV_COLD, 0));
}

static void memory(void)
{
	char *m = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char buf[64] = "";
	struct iovec l[2] = { { buf, 4 }, { buf + 8, 4 } };
	struct iovec r[2] = { { m, 3 }, { m + 100, 10 } };
	pid_t me = getpid();

	snprintf(m, 8, "abc");
	snprintf(m + 100, 20, "defghijklm");
	T(process_vm_readv(me, l, 2, r, 2, 0));
	ok(!memcmp(buf, "abcd", 4) && !memcmp(buf + 8, "efgh", 4), "read");
	snprintf(buf, sizeof(buf), "1234");
	T(process_vm_writev(me, l, 1, r + 1, 1, 0));
	ok(!memcmp(m + 100, "1234hij", 7), "written");
	munmap(m + 4096, 4096);
	r[0].iov_base = m + 4090;
	r[0].iov_len = 64;
	l[0].iov_len = 64;
	T(process_vm_readv(me, l, 1, r, 1, 0));
	r[0].iov_base = m + 4096;
	T(process_vm_readv(me, l, 1, r, 1, 0));
	r[0].iov_base = (void *)8;
	T(process_vm_readv(me, l, 1, r, 1, 0));
	T(process_vm_readv(me, l, 1, r, 1, 1));
	T(process_vm_readv(0x7ffffff, l, 1, r, 1, 0));
	T(process_vm_readv(me, l, 0, r, 1, 0));
	T(process_vm_readv(me, (void *)8, 1, r, 1, 0));
	T(process_vm_readv(me, l, 2000, r, 1, 0));
}

int main(void)
{
	struct iovec v = { &v, 1 };

	if (host_lacks(SYS_kcmp) || host_lacks(SYS_process_madvise) ||
	    process_vm_readv(getpid(), &v, 1, &v, 1, 0) != 1 ||
	    syscall(SYS_kcmp, getpid(), getpid(), 1, 0, 0))
		skip_all("the host lets nobody look");
	compare();
	watched();
	memory();
	return done_testing();
}
