/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-rlimits.c: resource limits, each in a child that tells by its exit status
 * how it went: 0, or the number of the step that failed; getrlimit(2).
 */
#define _GNU_SOURCE
#include "t/guest.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KB	1024UL
#define MB	(1024UL * KB)
#define CANNOT	77		/* the place does not let us try */
#define SOMEBODY 12345		/* a user without rights */

static int limit(int which, rlim_t soft, rlim_t hard)
{
	struct rlimit r = { soft, hard }, old;

	getrlimit(which, &old);
	if (hard > old.rlim_max)
		r.rlim_max = old.rlim_max;
	if (soft > r.rlim_max)
		r.rlim_cur = r.rlim_max;
	return setrlimit(which, &r);
}

/* Exit status of @fn in a child; 1000 and the signal that it died of. */
static int child(int (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(fn());
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) :
	       WEXITSTATUS(status);
}

/* @r failed with @err, or leave as step @n. */
#define FAILS(n, r, err) do {						\
	errno = 0;							\
	if ((long)(r) != -1 || errno != (err))				\
		return (n);						\
} while (0)
#define WORKS(n, r) do {						\
	if ((long)(r) == -1)						\
		return (n);						\
} while (0)

static void test_calls(void)
{
	struct rlimit r, old;

	is(getrlimit(RLIMIT_NOFILE, &r), 0, "getrlimit");
	is_errno(getrlimit(16, &r), EINVAL, "of what");
	is_errno(syscall(SYS_getrlimit, RLIMIT_CORE, 8), EFAULT, "where to");
	r.rlim_cur = 2;
	r.rlim_max = 1;
	is_errno(setrlimit(RLIMIT_CORE, &r), EINVAL, "soft beyond hard");
	is(prlimit(0, RLIMIT_CORE, NULL, &old), 0, "prlimit");
	is(prlimit(getpid(), RLIMIT_CORE, &old, NULL), 0, "by number");
	is_errno(syscall(SYS_prlimit64, 1999999999, 16, NULL, &old), ESRCH,
		 "of whom comes before what");
	is_errno(prlimit(1999999999, RLIMIT_CORE, NULL, &old), ESRCH,
		 "of nobody");
	r.rlim_cur = r.rlim_max = 1UL << 40;
	is_errno(setrlimit(RLIMIT_NOFILE, &r), EPERM, "more than nr_open");
}

/* Give up root, if we have it. */
static int drop(void)
{
	if (geteuid())
		return 0;
	if (!id_mapped("/proc/self/uid_map", SOMEBODY))
		return -1;
	return setresuid(SOMEBODY, SOMEBODY, SOMEBODY);
}

static int raise_hard(void)
{
	struct rlimit r = { 10, 10 };

	if (drop())
		return CANNOT;
	WORKS(1, setrlimit(RLIMIT_CORE, &r));
	r.rlim_max = 11;
	FAILS(2, setrlimit(RLIMIT_CORE, &r), EPERM);
	r.rlim_cur = r.rlim_max = 9;
	WORKS(3, setrlimit(RLIMIT_CORE, &r));
	return 0;
}

static int inherit(void)
{
	struct rlimit r = { 7, 8 };
	int status;
	pid_t pid;

	WORKS(1, setrlimit(RLIMIT_CORE, &r));
	pid = fork();
	if (!pid) {
		getrlimit(RLIMIT_CORE, &r);
		_exit(r.rlim_cur == 7 && r.rlim_max == 8 ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	return status ? 2 : 0;
}

static int nofile(void)
{
	struct pollfd p[20] = { { .fd = -1 } };
	int high = dup2(0, 50), fds[2];

	WORKS(1, high);
	WORKS(2, limit(RLIMIT_NOFILE, 12, RLIM_INFINITY));
	while (dup(0) >= 0)
		;
	if (errno != EMFILE)
		return 3;
	FAILS(4, open("/", O_RDONLY), EMFILE);
	FAILS(5, pipe(fds), EMFILE);
	FAILS(6, dup2(0, 12), EBADF);
	FAILS(7, fcntl(0, F_DUPFD, 12), EINVAL);
	FAILS(8, fcntl(0, F_DUPFD, 0), EMFILE);
	WORKS(9, fcntl(50, F_GETFD));
	WORKS(10, dup2(0, 11));
	FAILS(11, poll(p, 20, 0), EINVAL);
	return 0;
}

static volatile sig_atomic_t count;

static void on_signal(int sig)
{
	(void)sig;
	count++;
}

static int fsize(void)
{
	int fd = memfd_create("limit", 0);
	char buf[100] = "";
	FILE *f = fd < 0 ? tmpfile() : NULL;

	if (f)
		fd = fileno(f);
	if (fd < 0)
		return CANNOT;
	signal(SIGXFSZ, on_signal);
	WORKS(1, limit(RLIMIT_FSIZE, 150, RLIM_INFINITY));
	if (write(fd, buf, 100) != 100 || write(fd, buf, 100) != 50)
		return 2;
	if (count)
		return 3;
	FAILS(4, write(fd, buf, 100), EFBIG);
	if (count != 1)
		return 5;
	FAILS(6, ftruncate(fd, 151), EFBIG);
	if (count != 2)
		return 7;
	WORKS(8, ftruncate(fd, 150));
	WORKS(9, pwrite(fd, buf, 10, 140));
	FAILS(10, pwrite(fd, buf, 10, 150), EFBIG);
	if (count != 3)
		return 11;
	FAILS(12, posix_fallocate(fd, 100, 100) ? -1 : 0, errno);
	return 0;
}

static int fsize_dies(void)
{
	int fd = memfd_create("limit", 0);

	if (fd < 0)
		return CANNOT;
	limit(RLIMIT_CORE, 0, RLIM_INFINITY);
	limit(RLIMIT_FSIZE, 0, RLIM_INFINITY);
	return write(fd, "x", 1) == 1;
}

static void *map(size_t size, int prot)
{
	return mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int as(void)
{
	void *p;

	WORKS(1, limit(RLIMIT_AS, 64 * MB, RLIM_INFINITY));
	FAILS(2, map(64 * MB, PROT_READ), ENOMEM);
	p = map(MB, PROT_READ);
	WORKS(3, p);
	FAILS(4, mremap(p, MB, 70 * MB, MREMAP_MAYMOVE), ENOMEM);
	FAILS(5, sbrk(70 * MB), ENOMEM);
	FAILS(6, map(70 * MB, PROT_NONE), ENOMEM);
	WORKS(7, munmap(p, MB));
	return 0;
}

static int data(void)
{
	void *p;

	WORKS(1, limit(RLIMIT_DATA, 32 * MB, RLIM_INFINITY));
	FAILS(2, map(40 * MB, PROT_READ | PROT_WRITE), ENOMEM);
	p = map(40 * MB, PROT_READ);
	WORKS(3, p);
	FAILS(4, mprotect(p, 40 * MB, PROT_READ | PROT_WRITE), ENOMEM);
	FAILS(5, sbrk(40 * MB), ENOMEM);
	WORKS(6, map(MB, PROT_READ | PROT_WRITE));
	return 0;
}

/* Or a compiler makes a loop of it. */
static volatile char *volatile deepest;

static __attribute__((noinline)) int dig(int depth)
{
	volatile char page[4096];

	deepest = page;
	page[0] = (char)depth;
	if (depth)
		return dig(depth - 1) + page[0];
	return page[0];
}

static int stack(void)
{
	limit(RLIMIT_CORE, 0, RLIM_INFINITY);
	WORKS(1, limit(RLIMIT_STACK, 512 * KB, RLIM_INFINITY));
	return dig(1000) ? 2 : 3;
}

static int stack_fits(void)
{
	WORKS(1, limit(RLIMIT_STACK, 8 * MB, RLIM_INFINITY));
	dig(100);
	return 0;
}

static int nproc(void)
{
	pid_t pid;

	if (drop())
		return CANNOT;
	WORKS(1, limit(RLIMIT_NPROC, 0, RLIM_INFINITY));
	errno = 0;
	pid = fork();
	if (!pid)
		_exit(0);
	return pid < 0 && errno == EAGAIN ? 0 : 2;
}

static int sigpending_(void)
{
	union sigval v = { .sival_int = 1 };
	struct sigevent e = { .sigev_notify = SIGEV_SIGNAL,
			      .sigev_signo = SIGUSR1 };
	sigset_t s;
	timer_t t;

	sigfillset(&s);
	sigprocmask(SIG_BLOCK, &s, NULL);
	WORKS(1, limit(RLIMIT_SIGPENDING, 0, RLIM_INFINITY));
	FAILS(2, sigqueue(getpid(), SIGRTMIN, v), EAGAIN);
	WORKS(3, kill(getpid(), SIGUSR2));
	WORKS(4, kill(getpid(), SIGRTMIN));
	sigpending(&s);
	if (!sigismember(&s, SIGUSR2) || !sigismember(&s, SIGRTMIN))
		return 5;
	FAILS(6, timer_create(CLOCK_MONOTONIC, &e, &t), EAGAIN);
	return 0;
}

static int memlock(void)
{
	void *p = map(MB, PROT_READ | PROT_WRITE);

	if (drop())
		return CANNOT;
	WORKS(1, limit(RLIMIT_MEMLOCK, 64 * KB, RLIM_INFINITY));
	FAILS(2, mlock(p, 128 * KB), ENOMEM);
	WORKS(3, limit(RLIMIT_MEMLOCK, 0, RLIM_INFINITY));
	FAILS(4, mlock(p, 4 * KB), EPERM);
	FAILS(5, mlockall(MCL_FUTURE), EPERM);
	return 0;
}

static int nice_(void)
{
	struct sched_param sp = { .sched_priority = 1 };

	if (drop())
		return CANNOT;
	WORKS(1, limit(RLIMIT_NICE, 0, 0));
	WORKS(2, limit(RLIMIT_RTPRIO, 0, 0));
	WORKS(3, setpriority(PRIO_PROCESS, 0, 19));
	FAILS(4, setpriority(PRIO_PROCESS, 0, 18), EACCES);
	FAILS(5, sched_setscheduler(0, SCHED_FIFO, &sp), EPERM);
	return 0;
}

static void burn(void)
{
	volatile unsigned long n = 0;

	for (;;)
		n++;
}

static int cpu_soft(void)
{
	limit(RLIMIT_CORE, 0, RLIM_INFINITY);
	WORKS(1, limit(RLIMIT_CPU, 1, RLIM_INFINITY));
	burn();
	return 2;
}

static int cpu_hard(void)
{
	WORKS(1, limit(RLIMIT_CPU, 1, 1));
	signal(SIGXCPU, SIG_IGN);
	burn();
	return 2;
}

/* Inherited, it counts what the child alone uses. */
static int cpu_child(void)
{
	int status;
	pid_t pid;

	WORKS(1, limit(RLIMIT_CPU, 1, 1));
	pid = fork();
	if (!pid) {
		burn();
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		return 2;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 0 : 3;
}

static void outcome(int got, int wanted, const char *name)
{
	/* The same text wherever it cannot be tried. */
	if (got == CANNOT)
		got = wanted;
	is(got, wanted, name);
}

int main(void)
{
	need_ids();
	test_calls();
	outcome(child(raise_hard), 0, "the hard limit");
	outcome(child(inherit), 0, "limits are inherited");
	outcome(child(nofile), 0, "RLIMIT_NOFILE");
	outcome(child(fsize), 0, "RLIMIT_FSIZE");
	outcome(child(fsize_dies), 1000 + SIGXFSZ, "SIGXFSZ ends");
	outcome(child(as), 0, "RLIMIT_AS");
	outcome(child(data), 0, "RLIMIT_DATA");
	outcome(child(stack), 1000 + SIGSEGV, "RLIMIT_STACK");
	outcome(child(stack_fits), 0, "a stack that fits");
	outcome(child(nproc), 0, "RLIMIT_NPROC");
	outcome(child(sigpending_), 0, "RLIMIT_SIGPENDING");
	outcome(child(memlock), 0, "RLIMIT_MEMLOCK");
	outcome(child(nice_), 0, "RLIMIT_NICE and RLIMIT_RTPRIO");
	outcome(child(cpu_soft), 1000 + SIGXCPU, "RLIMIT_CPU: soft");
	outcome(child(cpu_hard), 1000 + SIGKILL, "RLIMIT_CPU: hard");
	outcome(child(cpu_child), 0, "RLIMIT_CPU of a child");
	return done_testing();
}
