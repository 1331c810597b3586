/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hosted.c: what the unit tests' build has in place of the interposer: the
 * current task, host calls by way of libc, guest memory that is just memory.
 */
#ifdef SBX_HOSTED
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#ifdef HAVE_LIBUNWIND
#define UNW_LOCAL_ONLY
#include <libunwind.h>
#endif

#include "emul/entry/trace.h"
#include "emul/entry/uaccess.h"
#include "emul/fs/stdio.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/print.h"
#include "emul/lib/string.h"
#include "emul/report.h"
#include "emul/task/task.h"

_Thread_local struct task *hosted_current;

#define RET(call)						\
	do {							\
		long r_ = (long)(call);				\
		return r_ == -1 ? -errno : r_;			\
	} while (0)

long host_mmap(uaddr_t addr, size_t len, int prot, int flags, int fd,
	       off_t off)
{
	RET(mmap((void *)addr, len, prot, flags, fd, off));
}

long host_munmap(uaddr_t addr, size_t len)
{
	RET(munmap((void *)addr, len));
}

long host_mprotect(uaddr_t addr, size_t len, int prot)
{
	RET(mprotect((void *)addr, len, prot));
}

long host_mremap(uaddr_t old, size_t old_len, size_t new_len, int flags,
		 uaddr_t new_addr)
{
	RET(syscall(SYS_mremap, old, old_len, new_len, flags, new_addr));
}

long host_madvise(uaddr_t addr, size_t len, int advice)
{
	RET(madvise((void *)addr, len, advice));
}

long host_read(int fd, void *buf, size_t n)
{
	RET(read(fd, buf, n));
}

long host_write(int fd, const void *buf, size_t n)
{
	RET(write(fd, buf, n));
}

long host_pread(int fd, void *buf, size_t n, off_t off)
{
	RET(pread(fd, buf, n, off));
}

long host_pwrite(int fd, const void *buf, size_t n, off_t off)
{
	RET(pwrite(fd, buf, n, off));
}

long host_append(int fd, const void *buf, size_t n)
{
	off_t end = lseek(fd, 0, SEEK_END);

	RET(pwrite(fd, buf, n, end));
}

long host_close(int fd)
{
	RET(close(fd));
}

long host_fallocate(int fd, int mode, off_t off, off_t len)
{
	RET(syscall(SYS_fallocate, fd, mode, off, len));
}

void host_exit_group(int status)
{
	_exit(status);
}

long host_sendmsg(int fd, const struct msghdr *m, int flags)
{
	RET(sendmsg(fd, m, flags));
}

long host_recvmsg(int fd, struct msghdr *m, int flags)
{
	RET(recvmsg(fd, m, flags));
}

static const struct timespec *to_timespec(struct timespec *ts, int64_t ns)
{
	if (ns == NEVER_NS)
		return NULL;
	ts->tv_sec = ns / NSEC_PER_SEC;
	ts->tv_nsec = ns % NSEC_PER_SEC;
	return ts;
}

long host_epoll_wait(int fd, struct epoll_event *ev, int max,
		     int64_t deadline_ns)
{
	(void)deadline_ns;
	RET(syscall(SYS_epoll_wait, fd, ev, max, 0));
}

long host_futex_wait(uint32_t *word, uint32_t val, int64_t deadline_ns)
{
	struct timespec ts;

	RET(syscall(SYS_futex, word, FUTEX_WAIT_BITSET, val,
		    to_timespec(&ts, deadline_ns), NULL,
		    FUTEX_BITSET_MATCH_ANY));
}

long host_futex_wait_lock(uint32_t *word, uint32_t val)
{
	RET(syscall(SYS_futex, word, FUTEX_WAIT, val, NULL, NULL, 0));
}

long host_futex_wake(uint32_t *word, int n)
{
	RET(syscall(SYS_futex, word, FUTEX_WAKE, n, NULL, NULL, 0));
}

long host_ppoll(struct pollfd *fds, unsigned int n, int64_t deadline_ns)
{
	struct timespec ts;

	if (deadline_ns != NEVER_NS) {
		deadline_ns -= host_clock_ns(CLOCK_MONOTONIC);
		if (deadline_ns < 0)
			deadline_ns = 0;
	}
	RET(ppoll(fds, n, to_timespec(&ts, deadline_ns), NULL));
}

long host_read_wait(int fd, void *buf, size_t n)
{
	return host_read(fd, buf, n);
}

long host_write_wait(int fd, const void *buf, size_t n)
{
	return host_write(fd, buf, n);
}

long host_tgkill(int tgid, int tid, int sig)
{
	RET(syscall(SYS_tgkill, tgid, tid, sig));
}

long host_membarrier(int cmd)
{
	RET(syscall(SYS_membarrier, cmd, 0, 0));
}

long host_sched_yield(void)
{
	RET(syscall(SYS_sched_yield));
}

void host_exit_thread(int status)
{
	syscall(SYS_exit, status);
	abort();
}

void report_thread(const struct thread *th)
{
	(void)th;
}

void report_end(void)
{
}

int64_t host_clock_ns(int clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

void *kmalloc(size_t size)
{
	return malloc(size);
}

void *kzalloc(size_t size)
{
	return calloc(1, size);
}

void *krealloc(void *p, size_t size)
{
	return realloc(p, size);
}

void kfree(void *p)
{
	free(p);
}

void *page_alloc(size_t n)
{
	void *p = aligned_alloc(PAGE_SIZE, n * PAGE_SIZE);

	return p ? memset(p, 0, n * PAGE_SIZE) : NULL;
}

void page_free(void *p, size_t n)
{
	(void)n;
	free(p);
}

size_t alloc_used(void)
{
	return 0;
}

int copy_in(void *dst, uaddr_t src, size_t n)
{
	if (src < PAGE_SIZE && n)
		return -EFAULT;
	memcpy(dst, (const void *)src, n);
	return 0;
}

int copy_out(uaddr_t dst, const void *src, size_t n)
{
	if (dst < PAGE_SIZE && n)
		return -EFAULT;
	memcpy((void *)dst, src, n);
	return 0;
}

size_t copy_in_partial(void *dst, uaddr_t src, size_t n)
{
	return copy_in(dst, src, n) ? n : 0;
}

size_t copy_out_partial(uaddr_t dst, const void *src, size_t n)
{
	return copy_out(dst, src, n) ? n : 0;
}

int clear_out(uaddr_t dst, size_t n)
{
	if (dst < PAGE_SIZE && n)
		return -EFAULT;
	memset((void *)dst, 0, n);
	return 0;
}

long copy_str(char *dst, uaddr_t src, size_t size)
{
	size_t n;

	if (src < PAGE_SIZE)
		return -EFAULT;
	n = strnlen((const char *)src, size);
	if (n == size)
		return -ENAMETOOLONG;
	memcpy(dst, (const void *)src, n + 1);
	return (long)n;
}

int cmpxchg_user(uaddr_t addr, uint32_t old, uint32_t new, uint32_t *seen)
{
	if (addr < PAGE_SIZE)
		return -EFAULT;
	__atomic_compare_exchange_n((uint32_t *)addr, &old, new, false,
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	*seen = old;
	return 0;
}

/* Nothing is inherited from outside. */
int stdio_open_tty(unsigned int index, struct file *f)
{
	(void)index;
	(void)f;
	return -ENXIO;
}

void kprintf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
}

#ifdef HAVE_LIBUNWIND
/* The kernel itself has frame pointers; a hosted one is as it was built. */
static void backtrace(void)
{
	unw_word_t off;
	unw_context_t here;
	unw_cursor_t at;
	char name[128];

	if (unw_getcontext(&here) || unw_init_local(&at, &here))
		return;
	while (unw_step(&at) > 0)
		if (!unw_get_proc_name(&at, name, sizeof(name), &off))
			fprintf(stderr, "\n  in %s+0x%lx", name,
				(unsigned long)off);
	fputc('\n', stderr);
}
#else
static void backtrace(void)
{
}
#endif

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	backtrace();
	abort();
}

/* A test that looks at the trace has its own. */
void __attribute__((weak)) trace_emit(const char *line, size_t n)
{
	fwrite(line, 1, n, stderr);
}

#endif
