/* SPDX-License-Identifier: Apache-2.0 */
/* host.c: the bodies of emul/host/host.h: one call of the gate each. */
#include "emul/host/host.h"

#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/futex.h>
#include <linux/time.h>
#include <linux/time_types.h>

#include "emul/abi/hostclone.h"
#include "emul/abi/hostfd.h"
#include "emul/host/hoststat.h"
#include "interposer/interposer.h"
#include "interposer/rawhost.h"

uint64_t host_calls[HOST_CALLS_MAX] __arena_table;

static inline void count(long nr)
{
	__atomic_fetch_add(&host_calls[nr], 1, __ATOMIC_RELAXED);
}

static inline long host6(long nr, long a, long b, long c, long d, long e,
			 long f)
{
	count(nr);
	return raw_host6(nr, a, b, c, d, e, f);
}

static inline long host4(long nr, long a, long b, long c, long d)
{
	return host6(nr, a, b, c, d, 0, 0);
}

long host_mmap(uaddr_t addr, size_t len, int prot, int flags, int fd,
	       off_t off)
{
	return host6(__NR_mmap, (long)addr, (long)len, prot, flags, fd, off);
}

long host_munmap(uaddr_t addr, size_t len)
{
	return host4(__NR_munmap, (long)addr, (long)len, 0, 0);
}

long host_mprotect(uaddr_t addr, size_t len, int prot)
{
	return host4(__NR_mprotect, (long)addr, (long)len, prot, 0);
}

long host_mremap(uaddr_t old, size_t old_len, size_t new_len, int flags,
		 uaddr_t new_addr)
{
	return host6(__NR_mremap, (long)old, (long)old_len, (long)new_len,
		     flags, (long)new_addr, 0);
}

long host_madvise(uaddr_t addr, size_t len, int advice)
{
	return host4(__NR_madvise, (long)addr, (long)len, advice, 0);
}

long host_read(int fd, void *buf, size_t n)
{
	return host4(__NR_read, fd, (long)buf, (long)n, 0);
}

/*
 * One call for writes with and without an offset, to keep the vetted table
 * short: those of files on the host are rare beside its reads.
 */
#define OWN_POSITION	(-1L)

struct host_iovec {
	const void *base;
	size_t len;
};

#define RWF_APPEND_	0x10

long host_write(int fd, const void *buf, size_t n)
{
	struct host_iovec v = { buf, n };

	return host6(__NR_pwritev2, fd, (long)&v, 1, OWN_POSITION, 0, 0);
}

long host_pread(int fd, void *buf, size_t n, off_t off)
{
	return host4(__NR_pread64, fd, (long)buf, (long)n, off);
}

long host_pwrite(int fd, const void *buf, size_t n, off_t off)
{
	struct host_iovec v = { buf, n };

	if (off < 0)
		return -EINVAL;
	return host6(__NR_pwritev2, fd, (long)&v, 1, off, 0, 0);
}

long host_append(int fd, const void *buf, size_t n)
{
	struct host_iovec v = { buf, n };

	return host6(__NR_pwritev2, fd, (long)&v, 1, 0, 0, RWF_APPEND_);
}

long host_close(int fd)
{
	return host4(__NR_close, fd, 0, 0, 0);
}

long host_fallocate(int fd, int mode, off_t off, off_t len)
{
	return host4(__NR_fallocate, fd, mode, off, len);
}

long host_sendmsg(int fd, const struct msghdr *m, int flags)
{
	return host4(__NR_sendmsg, fd, (long)m, flags, 0);
}

long host_recvmsg(int fd, struct msghdr *m, int flags)
{
	return host4(__NR_recvmsg, fd, (long)m, flags, 0);
}

static const struct __kernel_timespec *
to_timespec(struct __kernel_timespec *ts, int64_t ns)
{
	if (ns == NEVER_NS)
		return NULL;
	if (ns < 0)
		ns = 0;
	ts->tv_sec = ns / NSEC_PER_SEC;
	ts->tv_nsec = ns % NSEC_PER_SEC;
	return ts;
}

long host_futex_wait(uint32_t *word, uint32_t val, int64_t deadline_ns)
{
	struct __kernel_timespec ts;

	/* FUTEX_WAIT_BITSET: the one form with an absolute time. */
	count(__NR_futex);
	return raw_host6_wait(__NR_futex, (long)word, FUTEX_WAIT_BITSET,
			      (long)val, (long)to_timespec(&ts, deadline_ns),
			      0, FUTEX_BITSET_MATCH_ANY);
}

long host_futex_wait_lock(uint32_t *word, uint32_t val)
{
	return host6(__NR_futex, (long)word, FUTEX_WAIT, (long)val, 0, 0, 0);
}

long host_futex_wake(uint32_t *word, int n)
{
	return host6(__NR_futex, (long)word, FUTEX_WAKE, n, 0, 0, 0);
}

long host_ppoll(struct pollfd *fds, unsigned int n, int64_t deadline_ns)
{
	struct __kernel_timespec ts;

	if (deadline_ns != NEVER_NS) {
		deadline_ns -= host_clock_ns(CLOCK_MONOTONIC);
		if (deadline_ns < 0)
			deadline_ns = 0;
	}
	count(__NR_ppoll);
	return raw_host6_wait(__NR_ppoll, (long)fds, (long)n,
			      (long)to_timespec(&ts, deadline_ns), 0, 8, 0);
}

long host_epoll_wait(int fd, struct epoll_event *ev, int max,
		     int64_t deadline_ns)
{
	int ms = -1;

	if (deadline_ns && deadline_ns != NEVER_NS) {
		deadline_ns -= host_clock_ns(CLOCK_MONOTONIC);
		/* Not too early: it would be asked again and again. */
		deadline_ns = (deadline_ns + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC;
		ms = deadline_ns > INT32_MAX ? INT32_MAX : (int)deadline_ns;
	}
	if (deadline_ns <= 0)
		ms = 0;
	count(__NR_epoll_pwait);
	return raw_host6_wait(__NR_epoll_pwait, fd, (long)ev, max, ms, 0, 8);
}

long host_read_wait(int fd, void *buf, size_t n)
{
	count(__NR_read);
	return raw_host6_wait(__NR_read, fd, (long)buf, (long)n, 0, 0, 0);
}

long host_write_wait(int fd, const void *buf, size_t n)
{
	struct host_iovec v = { buf, n };

	count(__NR_pwritev2);
	return raw_host6_wait(__NR_pwritev2, fd, (long)&v, 1, OWN_POSITION, 0,
			      0);
}

long host_tgkill(int tgid, int tid, int sig)
{
	return host4(__NR_tgkill, tgid, tid, sig, 0);
}

long host_membarrier(int cmd)
{
	return host4(__NR_membarrier, cmd, 0, 0, 0);
}

long host_sched_yield(void)
{
	return host4(__NR_sched_yield, 0, 0, 0, 0);
}

void host_exit_thread(int status)
{
	for (;;)
		host4(__NR_exit, status, 0, 0, 0);
}

void host_exit_group(int status)
{
	for (;;)
		host4(__NR_exit_group, status, 0, 0, 0);
}

long host_clone(bool thread, uint64_t stack_top, struct thread *th,
		void (*fn)(void *), void *arg)
{
	/* The host writes it there now, and clears it at the thread's end. */
	long tid_at = (long)&th->host_tid;
	register long r10 __asm__("r10") = tid_at;
	register long r8 __asm__("r8") = 0;
	register void *rbx __asm__("rbx") = th;
	register void (*r12)(void *) __asm__("r12") = fn;
	register void *r13 __asm__("r13") = arg;
	uint64_t *sp = (uint64_t *)ALIGN_DOWN(stack_top, 16UL);
	long ret = __NR_clone;

	/* The child comes back from the gate by this address. */
	*--sp = 0;
	*--sp = (uint64_t)clone_start;
	count(__NR_clone);
	__asm__ volatile("call host_gate"
			 : "+a"(ret)
			 : "D"(thread ? HOST_CLONE_THREAD : HOST_CLONE_PROCESS),
			   "S"(sp), "d"(tid_at), "r"(r10), "r"(r8), "r"(rbx),
			   "r"(r12), "r"(r13)
			 : "rcx", "r11", "memory", "cc");
	return ret;
}
