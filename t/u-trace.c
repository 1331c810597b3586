/* SPDX-License-Identifier: Apache-2.0 */
/* u-trace.c: the trace shows calls as strace does, whatever guests pass. */
#define _GNU_SOURCE
#include "emul/entry/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "emul/abi/regs.h"
#include "emul/entry/argkind.h"
#include "emul/entry/dispatch.h"
#include "emul/entry/uaccess.h"
#include "emul/task/task.h"
#include "t/unit.h"

#define NO ARG_NO_REF
#define BAD 0x10		/* an address that faults */

/* What the trace needs of the rest of the kernel. */
struct dispatch_ctl dispatch_ctl;
_Thread_local struct task *hosted_current;
static char line[2 * TRACE_LINE_MAX];

/* Of the one thread here: what the kernel's own file of stubs would bring. */
_Thread_local struct task *hosted_current;

void trace_emit(const char *text, size_t n)
{
	ck_assert_uint_le(n, TRACE_LINE_MAX);
	memcpy(line, text, n);
	line[n] = '\0';
}

/* The host's own copy: whatever address is tried, it fails as it should. */
int copy_in(void *dst, uaddr_t src, size_t n)
{
	struct iovec to = { .iov_base = dst, .iov_len = n };
	struct iovec from = { .iov_base = (void *)src, .iov_len = n };

	if (n && process_vm_readv(getpid(), &to, 1, &from, 1, 0) != (ssize_t)n)
		return -EFAULT;
	return 0;
}

long copy_str(char *dst, uaddr_t src, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++) {
		if (copy_in(dst + i, src + i, 1))
			return -EFAULT;
		if (!dst[i])
			return (long)i;
	}
	return -ENAMETOOLONG;
}

/* The line of a call with these arguments, and this result. */
static const char *traced(const struct sysdesc *d, long ret, uint64_t a,
			  uint64_t b, uint64_t c, uint64_t e, uint64_t f)
{
	static const struct task t = { .tid = 17 };
	const struct regs r = {
		.rdi = a, .rsi = b, .rdx = c, .r10 = e, .r8 = f,
		.orig_rax = 400,
	};
	struct trace_line l;

	line[0] = '\0';
	trace_enter(&l, &t, d, &r);
	trace_exit(&l, d, ret);
	return line;
}

#define P(p) ((uint64_t)(uintptr_t)(p))

static const struct sysdesc d_openat = {
	.name = "openat", .ret = AK_FD, .nargs = 4,
	.kind = { AK_DIRFD, AK_PATH, AK_OFLAGS, AK_MODE },
	.ref = { NO, NO, NO, NO },
};

static const struct sysdesc d_write = {
	.name = "write", .ret = AK_SIZE, .nargs = 3,
	.kind = { AK_FD, AK_IBUF, AK_SIZE }, .ref = { NO, 2, NO },
};

static const struct sysdesc d_read = {
	.name = "read", .ret = AK_SIZE, .nargs = 3,
	.kind = { AK_FD, AK_OBUF, AK_SIZE }, .ref = { NO, 2, NO },
};

static const struct sysdesc d_mmap = {
	.name = "mmap", .ret = AK_UADDR, .nargs = 5,
	.kind = { AK_UADDR, AK_SIZE, AK_PROT, AK_MAPFLAGS, AK_FD },
	.ref = { NO, NO, NO, NO, NO },
};

/* A call with one argument of a kind, and a size behind it. */
static const char *one(enum argkind kind, uint64_t v, uint64_t size, long ret)
{
	const struct sysdesc d = {
		.name = "x", .ret = AK_INT, .nargs = 1,
		.kind = { (uint8_t)kind, AK_SIZE }, .ref = { 1, NO },
	};
	char *end;

	traced(&d, ret, v, size, 0, 0, 0);
	/* Only what is between the parentheses. */
	end = strstr(line, ") = ");
	ck_assert_ptr_nonnull(end);
	ck_assert_ptr_eq(strchr(line, '\n'), line + strlen(line) - 1);
	*end = '\0';
	return strchr(line, '(') + 1;
}

START_TEST(test_line)
{
	ck_assert_str_eq(traced(&d_openat, 3, (uint64_t)AT_FDCWD,
				P("/etc/passwd"), O_RDONLY | O_CLOEXEC, 0, 0),
		"17 openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY|O_CLOEXEC, 0)"
		" = 3\n");
	ck_assert_str_eq(traced(&d_openat, -ENOENT, 0xffffff9c, P("x"),
				O_WRONLY | O_CREAT | O_TRUNC, 0644, 0),
		"17 openat(AT_FDCWD, \"x\", O_WRONLY|O_CREAT|O_TRUNC, 0644)"
		" = -1 ENOENT (No such file or directory)\n");
	ck_assert_str_eq(traced(&d_mmap, 0x7f0000001000, 0, 8192,
				PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, 0xffffffff),
		"17 mmap(NULL, 8192, PROT_READ|PROT_WRITE,"
		" MAP_PRIVATE|MAP_ANONYMOUS, -1) = 0x7f0000001000\n");
}
END_TEST

START_TEST(test_unknown)
{
	static const struct sysdesc none = { .err = ENOSYS };
	static const struct sysdesc leave = {
		.name = "exit", .ret = AK_NONE, .nargs = 1,
		.kind = { AK_INT }, .ref = { NO },
	};

	ck_assert_str_eq(traced(&none, -ENOSYS, 1, 2, 3, 4, 5),
		"17 syscall_0x190() = -1 ENOSYS (Function not implemented)\n");
	/* Told at the entry, for there may be no exit. */
	ck_assert_str_eq(traced(&leave, 0, 1, 2, 3, 4, 5),
		"17 exit(1) = ?\n");
	ck_assert_str_eq(traced(&d_write, -512, 1, 0, 0, 0, 0),
		"17 write(1, NULL, 0) = ? ERESTARTSYS"
		" (To be restarted if SA_RESTART is set)\n");
}
END_TEST

START_TEST(test_strings)
{
	char big[5000];

	ck_assert_str_eq(traced(&d_write, 6, 1, P("a\n\"\\\0017"), 6, 0, 0),
		"17 write(1, \"a\\n\\\"\\\\\\0017\", 6) = 6\n");
	ck_assert_str_eq(one(AK_STR, P("\377\001"), 0, 0), "\"\\377\\1\"");
	ck_assert_str_eq(one(AK_STR,
			 P("0123456789012345678901234567890123"), 0, 0),
			 "\"01234567890123456789012345678901\"...");
	/* A read shows what it got, a failed one where it should go. */
	ck_assert_str_eq(traced(&d_read, 2, 0, P("hello"), 5, 0, 0),
		"17 read(0, \"he\", 5) = 2\n");
	ck_assert_str_eq(traced(&d_read, -EBADF, 0, 0x5000, 5, 0, 0),
		"17 read(0, 0x5000, 5) = -1 EBADF (Bad file descriptor)\n");
	ck_assert_str_eq(traced(&d_write, -EFAULT, 1, BAD, 5, 0, 0),
		"17 write(1, 0x10, 5) = -1 EFAULT (Bad address)\n");
	ck_assert_str_eq(traced(&d_write, 0, 1, 0x5000, 0, 0, 0),
		"17 write(1, \"\", 0) = 0\n");
	/* All bytes escaped, longest: the line ends, with its result. */
	memset(big, 0x80, sizeof(big));
	big[sizeof(big) - 1] = '\0';
	traced(&d_openat, -ENAMETOOLONG, 3, P(big), 0, 0, 0);
	ck_assert_ptr_nonnull(strstr(line,
		"...) = -1 ENAMETOOLONG (File name too long)\n"));
}
END_TEST

START_TEST(test_symbols)
{
	ck_assert_str_eq(one(AK_PROT, 0, 0, 0), "PROT_NONE");
	ck_assert_str_eq(one(AK_PROT, 7 | 0x800000, 0, 0),
			 "PROT_READ|PROT_WRITE|PROT_EXEC|0x800000");
	ck_assert_str_eq(one(AK_OFLAGS, O_RDWR | O_SYNC | O_TMPFILE, 0, 0),
			 "O_RDWR|O_SYNC|O_TMPFILE");
	ck_assert_str_eq(one(AK_FDFLAGS, O_CLOEXEC | O_NONBLOCK, 0, 0),
			 "O_CLOEXEC|O_NONBLOCK");
	ck_assert_str_eq(one(AK_SIG, SIGTERM, 0, 0), "SIGTERM");
	ck_assert_str_eq(one(AK_SIG, 34, 0, 0), "SIGRT_2");
	ck_assert_str_eq(one(AK_SIG, 0, 0, 0), "0");
	ck_assert_str_eq(one(AK_WHENCE, SEEK_END, 0, 0), "SEEK_END");
	ck_assert_str_eq(one(AK_CLOCKID, CLOCK_BOOTTIME, 0, 0),
			 "CLOCK_BOOTTIME");
	ck_assert_str_eq(one(AK_CLONEFLAGS, 0x3d0f00, 0, 0),
		"CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|"
		"CLONE_SYSVSEM|CLONE_SETTLS|CLONE_PARENT_SETTID|"
		"CLONE_CHILD_CLEARTID");
	ck_assert_str_eq(one(AK_CLONEFLAGS, 0x01200011, 0, 0),
		"CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD");
	ck_assert_str_eq(one(AK_FUTEXOP, FUTEX_WAIT_PRIVATE, 0, 0),
			 "FUTEX_WAIT|FUTEX_PRIVATE_FLAG");
	ck_assert_str_eq(one(AK_SOCKTYPE, 1 | 02000000, 0, 0),
			 "SOCK_STREAM|SOCK_CLOEXEC");
	ck_assert_str_eq(one(AK_ACCMODE, 0, 0, 0), "F_OK");
	ck_assert_str_eq(one(AK_ACCMODE, 5, 0, 0), "R_OK|X_OK");
	ck_assert_str_eq(one(AK_IOCTLCMD, 0x5413, 0, 0), "TIOCGWINSZ");
	ck_assert_str_eq(one(AK_IOCTLCMD, 0x1234, 0, 0), "0x1234");
	ck_assert_str_eq(one(AK_FCNTLARG, O_APPEND, F_SETFL, 0),
			 "O_RDONLY|O_APPEND");
	ck_assert_str_eq(one(AK_FCNTLARG, FD_CLOEXEC, F_SETFD, 0),
			 "FD_CLOEXEC");
	ck_assert_str_eq(one(AK_FCNTLARG, 10, F_DUPFD, 0), "10");
	ck_assert_str_eq(one(AK_WAITOPTS, 0x80000001, 0, 0),
			 "WNOHANG|__WCLONE");
}
END_TEST

START_TEST(test_narrow)
{
	/* The upper halves of registers mean nothing to an int. */
	ck_assert_str_eq(one(AK_FD, 0xdead00000003, 0, 0), "3");
	ck_assert_str_eq(one(AK_FD, 0xffffffff, 0, 0), "-1");
	ck_assert_str_eq(one(AK_MODE, 0x101ff, 0, 0), "0777");
	ck_assert_str_eq(one(AK_UID, 0xffffffff, 0, 0), "-1");
	ck_assert_str_eq(one(AK_OFF, (uint64_t)-5, 0, 0), "-5");
	ck_assert_str_eq(one(AK_SIZE, (uint64_t)-1, 0, 0),
			 "18446744073709551615");
}
END_TEST

START_TEST(test_structs)
{
	struct timespec ts[2] = { { 1, 500 }, { 0, UTIME_OMIT } };
	uint64_t rl[2] = { 8192 * 1024, UINT64_MAX };
	struct stat st = { .st_mode = S_IFREG | 0644, .st_size = 42 };
	struct stat chr = { .st_mode = S_IFCHR | 0666, .st_rdev = 0x103 };
	struct pollfd pf[2] = { { 3, POLLIN, POLLIN | POLLHUP },
				{ 4, POLLOUT, 0 } };
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET,
				  .data.u64 = 7 };
	uint64_t set = 1ull << (SIGINT - 1) | 1ull << (SIGTERM - 1);
	uint64_t all_but = ~(1ull << (SIGSEGV - 1));
	uint64_t act[4] = { 1, SA_RESTART, 0, set };
	int fds[2] = { 5, 6 };
	uint32_t status = 0x300;

	ck_assert_str_eq(one(AK_TIMESPEC, P(ts), 0, 0),
			 "{tv_sec=1, tv_nsec=500}");
	ck_assert_str_eq(one(AK_TIMESPEC2, P(ts), 0, 0),
			 "[{tv_sec=1, tv_nsec=500}, UTIME_OMIT]");
	ck_assert_str_eq(one(AK_TIMESPEC, BAD, 0, 0), "0x10");
	ck_assert_str_eq(one(AK_OTIMESPEC, 0x5000, 0, -EINVAL), "0x5000");
	ck_assert_str_eq(one(AK_RLIMIT, P(rl), 0, 0),
			 "{rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}");
	ck_assert_str_eq(one(AK_OSTAT, P(&st), 0, 0),
			 "{st_mode=S_IFREG|0644, st_size=42, ...}");
	ck_assert_str_eq(one(AK_OSTAT, P(&chr), 0, 0),
			 "{st_mode=S_IFCHR|0666, st_rdev=makedev(1, 3), ...}");
	ck_assert_str_eq(one(AK_POLLFDS, P(pf), 2, 1),
			 "[{fd=3, events=POLLIN, revents=POLLIN|POLLHUP}, "
			 "{fd=4, events=POLLOUT}]");
	ck_assert_str_eq(one(AK_EPEVENT, P(&ev), 0, 0),
			 "{events=EPOLLIN|EPOLLET, data=0x7}");
	ck_assert_str_eq(one(AK_OEPEVENTS, P(&ev), 10, 1),
			 "[{events=EPOLLIN|EPOLLET, data=0x7}]");
	ck_assert_str_eq(one(AK_SIGSET, P(&set), 0, 0), "[INT TERM]");
	ck_assert_str_eq(one(AK_SIGSET, P(&all_but), 0, 0), "~[SEGV]");
	ck_assert_str_eq(one(AK_SIGACT, P(act), 0, 0),
			 "{sa_handler=SIG_IGN, sa_mask=[INT TERM], "
			 "sa_flags=SA_RESTART}");
	ck_assert_str_eq(one(AK_OFDPAIR, P(fds), 0, 0), "[5, 6]");
	ck_assert_str_eq(one(AK_OWSTATUS, P(&status), 0, 0),
			 "[{WIFEXITED(s) && WEXITSTATUS(s) == 3}]");
	status = SIGKILL;
	ck_assert_str_eq(one(AK_OWSTATUS, P(&status), 0, 0),
			 "[{WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL}]");
}
END_TEST

START_TEST(test_lists)
{
	const char *argv[] = { "ls", "-l", NULL };
	struct iovec iov[2] = {
		{ .iov_base = (char *)(uintptr_t)P("abc"), .iov_len = 3 },
		{ .iov_base = (char *)(uintptr_t)P("defg"), .iov_len = 4 },
	};
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/s" };
	uint64_t fdset[16] = { 0x9 };

	ck_assert_str_eq(one(AK_STRV, P(argv), 0, 0), "[\"ls\", \"-l\"]");
	ck_assert_ptr_nonnull(strstr(one(AK_ENVV, P(argv), 0, 0),
				     "/* 2 vars */"));
	ck_assert_str_eq(one(AK_IIOV, P(iov), 2, 7),
			 "[{iov_base=\"abc\", iov_len=3}, "
			 "{iov_base=\"defg\", iov_len=4}]");
	ck_assert_str_eq(one(AK_OIOV, P(iov), 2, 4),
			 "[{iov_base=\"abc\", iov_len=3}, "
			 "{iov_base=\"d\", iov_len=4}]");
	/* A count that nobody can mean. */
	ck_assert_str_eq(one(AK_IIOV, BAD, UINT64_MAX, -EFAULT), "0x10");
	one(AK_IIOV, P(iov), UINT64_MAX, -EINVAL);
	ck_assert_str_eq(one(AK_SOCKADDR, P(&un), sizeof(un), 0),
			 "{sa_family=AF_UNIX, sun_path=\"/s\"}");
	un.sun_path[0] = '\0';
	ck_assert_str_eq(one(AK_SOCKADDR, P(&un), 4, 0),
			 "{sa_family=AF_UNIX, sun_path=@\"s\"}");
	ck_assert_str_eq(one(AK_FDSET, P(fdset), 10, 1), "[0 3]");
	/* However many are asked for, the set has 1024. */
	ck_assert_str_eq(one(AK_FDSET, P(fdset), UINT64_MAX, 1), "[0 3]");
}
END_TEST

/* Every kind with addresses and numbers of every sort: no crash, one line. */
START_TEST(test_any_kind)
{
	static const uint64_t values[] = {
		0, 1, BAD, 4095, 0x7fffffff, 0x80000000, 0xffffffff,
		UINT64_MAX,
	};
	static char page[8192];
	size_t i, j;
	int kind;

	for (i = 0; i < sizeof(page); i++)
		page[i] = (char)(i * 37);
	for (kind = 0; kind < AK_MAX; kind++) {
		for (i = 0; i < 4; i++) {
			one((enum argkind)kind, values[i], values[i + 4], 0);
			one((enum argkind)kind, values[i], values[i + 4],
			    -EINVAL);
		}
		for (j = 0; j < 3; j++)
			one((enum argkind)kind, P(page), j * 16,
			    (long)j * 16);
	}
}
END_TEST

START_TEST(test_unsupported)
{
	static const struct task t = { .tid = 9 };

	line[0] = '\0';
	ck_assert_int_eq(unsupported(&t, "epoll_ctl flags", 0x40), -EINVAL);
	ck_assert_str_eq(line, "");
	dispatch_ctl.flags = DISPATCH_TRACE;
	ck_assert_int_eq(unsupported(&t, "epoll_ctl flags", 0x40), -EINVAL);
	ck_assert_str_eq(line, "9 -- epoll_ctl flags 0x40 not supported\n");
}
END_TEST

UNIT_MAIN("entry-trace", test_line, test_unknown, test_strings, test_symbols,
	  test_narrow, test_structs, test_lists, test_any_kind,
	  test_unsupported)
