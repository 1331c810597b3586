/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host.h: the one door to the host kernel.
 *
 * Each function is one call of the vetted table, returns what the host
 * returns, or -errno, and is counted for --stats.  Nothing else in the kernel
 * reaches the host.
 */
#ifndef SBX_HOST_HOST_H
#define SBX_HOST_HOST_H

#include "emul/lib/types.h"

struct iovec;
struct msghdr;
struct pollfd;
struct thread;

/* mmap(2): the host's flags and protections; returns the address. */
long host_mmap(uaddr_t addr, size_t len, int prot, int flags, int fd,
	       off_t off);
long host_munmap(uaddr_t addr, size_t len);
long host_mprotect(uaddr_t addr, size_t len, int prot);
long host_mremap(uaddr_t old, size_t old_len, size_t new_len, int flags,
		 uaddr_t new_addr);
long host_madvise(uaddr_t addr, size_t len, int advice);

/*
 * Reads and writes of host descriptors.  @buf may be a guest address that was
 * range-checked (then the host answers -EFAULT itself) or kernel memory.
 */
long host_read(int fd, void *buf, size_t n);
long host_write(int fd, const void *buf, size_t n);
long host_pread(int fd, void *buf, size_t n, off_t off);
long host_pwrite(int fd, const void *buf, size_t n, off_t off);
/* At the end of the file, wherever that is when its turn comes. */
long host_append(int fd, const void *buf, size_t n);
long host_close(int fd);
long host_fallocate(int fd, int mode, off_t off, off_t len);
long host_sendmsg(int fd, const struct msghdr *m, int flags);
long host_recvmsg(int fd, struct msghdr *m, int flags);

/*
 * Sleep until *@word is no longer @val, or the absolute CLOCK_MONOTONIC time
 * @deadline_ns (NEVER_NS: none) comes.  A thread with work pending does not
 * fall asleep, and a kick ends the sleep: -EINTR.  0, -EAGAIN, -ETIMEDOUT.
 */
long host_futex_wait(uint32_t *word, uint32_t val, int64_t deadline_ns);
/* As above but deaf to kicks: for the kernel's own locks only. */
long host_futex_wait_lock(uint32_t *word, uint32_t val);
long host_futex_wake(uint32_t *word, int n);
/* poll(2) on host descriptors under the same rule for kicks. */
long host_ppoll(struct pollfd *fds, unsigned int n, int64_t deadline_ns);
struct epoll_event;
/* The same on an epoll of the broker's; only where a network is granted. */
long host_epoll_wait(int fd, struct epoll_event *ev, int max,
		     int64_t deadline_ns);
/* Blocking read and write (terminals, inherited pipes), with the rule too. */
long host_read_wait(int fd, void *buf, size_t n);
long host_write_wait(int fd, const void *buf, size_t n);

long host_tgkill(int tgid, int tid, int sig);
long host_membarrier(int cmd);
long host_sched_yield(void);
void host_exit_thread(int status) __attribute__((noreturn));
void host_exit_group(int status) __attribute__((noreturn));

/*
 * A new host thread of this process, or (with !@thread) a new process, which
 * starts at @fn(@arg) on the stack that ends at @stack_top, never returns, and
 * has GS at @th from its first instruction of C on; its host tid is kept in
 * @th->host_tid, which the host clears when it has ended.  Returns that tid.
 */
long host_clone(bool thread, uint64_t stack_top, struct thread *th,
		void (*fn)(void *), void *arg);

/* Nanoseconds of the host's clocks, from the vvar page, without a call. */
int64_t host_clock_ns(int clock);

#endif
