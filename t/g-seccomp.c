/* SPDX-License-Identifier: Apache-2.0 */
/* g-seccomp.c: a program's own filters of system calls. */
#define _GNU_SOURCE
#include "t/guest.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef SYS_SECCOMP
#define SYS_SECCOMP	1
#endif
#define NR		offsetof(struct seccomp_data, nr)
#define ARCH		offsetof(struct seccomp_data, arch)
#define IP		offsetof(struct seccomp_data, instruction_pointer)
#define ARG(n)		(offsetof(struct seccomp_data, args) + 8 * (n))
#define LOAD(at)	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (at))
#define RET(v)		BPF_STMT(BPF_RET | BPF_K, (v))
/* If the number is `nr` then `v`; the next instruction otherwise. */
#define WHEN(nr, v)							\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1), RET(v)
#define ALLOW		RET(SECCOMP_RET_ALLOW)

static long set_filter(struct sock_filter *f, unsigned int n,
		       unsigned int flags)
{
	struct sock_fprog p = { (unsigned short)n, f };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &p);
}

#define FILTER(flags, ...) ({						\
	struct sock_filter f_[] = { __VA_ARGS__ };			\
									\
	set_filter(f_, sizeof(f_) / sizeof(f_[0]), (flags));		\
})

static int no_new_privs(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* What becomes of fn in a child: its exit status, or 1000 and the signal. */
static int child(int (*fn)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (!pid)
		_exit(fn());
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	if (WIFSIGNALED(status))
		return 1000 + WTERMSIG(status);
	return WEXITSTATUS(status);
}

static int as_nobody(void)
{
	if (!geteuid() && setresuid(65534, 65534, 65534))
		return 1;
	return 0;
}

static int needs_privs(void)
{
	if (as_nobody() || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0))
		return 99;	/* cannot be tried here */
	errno = 0;
	FILTER(0, ALLOW);
	return errno == EACCES ? 0 : 1;
}

static int errnos(void)
{
	no_new_privs();
	if (FILTER(0, LOAD(NR), WHEN(SYS_getppid, SECCOMP_RET_ERRNO | 99),
		   WHEN(SYS_getuid, SECCOMP_RET_ERRNO | 0xffff),
		   WHEN(SYS_getgid, SECCOMP_RET_ERRNO), ALLOW))
		return 1;
	errno = 0;
	if (syscall(SYS_getppid) != -1 || errno != 99)
		return 2;
	if (syscall(SYS_getuid) != -1 || errno != 4095)
		return 3;
	if (syscall(SYS_getgid) != 0)
		return 4;
	if (syscall(SYS_getpid) != getpid())
		return 5;
	return prctl(PR_GET_SECCOMP) == 2 ? 0 : 6;
}

static int arguments(void)
{
	no_new_privs();
	/* dup of anything but 1; the high half of the argument is looked at */
	if (FILTER(0, LOAD(ARCH),
		   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		   RET(SECCOMP_RET_KILL_PROCESS),
		   LOAD(NR),
		   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_dup, 1, 0), ALLOW,
		   LOAD(ARG(0) + 4),
		   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2),
		   LOAD(ARG(0)),
		   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 1, 0),
		   RET(SECCOMP_RET_ERRNO | EPERM), ALLOW))
		return 1;
	if (syscall(SYS_dup, 1) < 0)
		return 2;
	errno = 0;
	if (syscall(SYS_dup, 0) != -1 || errno != EPERM)
		return 3;
	errno = 0;
	if (syscall(SYS_dup, 1L << 32 | 1) != -1 || errno != EPERM)
		return 4;
	return 0;
}

/* Sums of constants and memory: the machine itself. */
static int machine(void)
{
	no_new_privs();
	if (FILTER(0, LOAD(NR),
		   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 1, 0),
		   ALLOW,
		   BPF_STMT(BPF_LD | BPF_IMM, 7),
		   BPF_STMT(BPF_ST, 3),
		   BPF_STMT(BPF_LDX | BPF_IMM, 5),
		   BPF_STMT(BPF_ALU | BPF_MUL | BPF_X, 0),	/* 35 */
		   BPF_STMT(BPF_ALU | BPF_SUB | BPF_K, 1),	/* 34 */
		   BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 2),	/* 136 */
		   BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 1),	/* 68 */
		   BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 3),	/* 22 */
		   BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, 1),	/* 23 */
		   BPF_STMT(BPF_MISC | BPF_TAX, 0),
		   BPF_STMT(BPF_LD | BPF_MEM, 3),		/* 7 */
		   BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),	/* 30 */
		   BPF_STMT(BPF_ALU | BPF_NEG, 0),
		   BPF_STMT(BPF_ALU | BPF_NEG, 0),
		   BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 0),	/* 64 */
		   BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),	/* 94 */
		   BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xfe),
		   BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO),
		   BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 2, 0, 2),
		   BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 0x50000, 0, 1),
		   BPF_STMT(BPF_RET | BPF_A, 0),
		   RET(SECCOMP_RET_ERRNO | 1)))
		return 1;
	errno = 0;
	if (syscall(SYS_getppid) != -1)
		return 2;
	return errno;
}

static int by_zero(void)
{
	no_new_privs();
	/* A division by 0 ends the program with 0: KILL_THREAD. */
	FILTER(0, LOAD(NR),
	       BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 1, 0), ALLOW,
	       BPF_STMT(BPF_LDX | BPF_IMM, 0),
	       BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), ALLOW);
	syscall(SYS_getppid);
	return 1;
}

static int stacked(void)
{
	no_new_privs();
	FILTER(0, LOAD(NR), WHEN(SYS_getppid, SECCOMP_RET_ERRNO | 1),
	       WHEN(SYS_getuid, SECCOMP_RET_ERRNO | 1),
	       WHEN(SYS_getgid, SECCOMP_RET_LOG),
	       WHEN(SYS_geteuid, SECCOMP_RET_TRACE | 5), ALLOW);
	FILTER(0, LOAD(NR), WHEN(SYS_getppid, SECCOMP_RET_ERRNO | 2),
	       WHEN(SYS_getuid, SECCOMP_RET_LOG),
	       WHEN(SYS_getgid, SECCOMP_RET_ALLOW), ALLOW);
	errno = 0;
	if (syscall(SYS_getppid) != -1 || errno != 2)
		return 1;	/* the newest of equals */
	if (syscall(SYS_getuid) != -1 || errno != 1)
		return 2;	/* the strictest */
	if (syscall(SYS_getgid) == -1)
		return 3;
	if (syscall(SYS_geteuid) != -1 || errno != ENOSYS)
		return 4;	/* nobody traces */
	return 0;
}

static volatile int trapped;
static volatile siginfo_t seen;	/* or syscall() "cannot change" it */
static volatile greg_t seen_rax, seen_rip;

static void on_sys(int sig, siginfo_t *si, void *uc_)
{
	ucontext_t *uc = uc_;

	(void)sig;
	trapped++;
	seen = *si;
	seen_rax = uc->uc_mcontext.gregs[REG_RAX];
	seen_rip = uc->uc_mcontext.gregs[REG_RIP];
	uc->uc_mcontext.gregs[REG_RAX] = 4711;
}

static int trap(void)
{
	struct sigaction sa = {
		.sa_sigaction = on_sys, .sa_flags = SA_SIGINFO,
	};
	long ret;

	sigaction(SIGSYS, &sa, NULL);
	no_new_privs();
	FILTER(0, LOAD(NR), WHEN(SYS_getppid, SECCOMP_RET_TRAP | 17),
	       WHEN(1000, SECCOMP_RET_TRAP | 18), ALLOW);
	ret = syscall(SYS_getppid);
	if (ret != 4711 || trapped != 1)
		return 1;
	if (seen.si_signo != SIGSYS || seen.si_code != SYS_SECCOMP ||
	    seen.si_errno != 17 || seen.si_syscall != SYS_getppid ||
	    seen.si_arch != AUDIT_ARCH_X86_64)
		return 2;
	if (seen_rax != SYS_getppid || (greg_t)seen.si_call_addr != seen_rip)
		return 3;
	/* The instruction before is the call. */
	if (((unsigned char *)seen.si_call_addr)[-2] != 0x0f ||
	    ((unsigned char *)seen.si_call_addr)[-1] != 0x05)
		return 4;
	for (int i = 0; i < 10; i++)
		if (syscall(SYS_getppid) != 4711)
			return 5;
	if (syscall(1000) != 4711 || seen.si_syscall != 1000 ||
	    seen.si_errno != 18)
		return 6;
	return 0;
}

static int trap_blocked(void)
{
	struct sigaction sa = {
		.sa_sigaction = on_sys, .sa_flags = SA_SIGINFO,
	};
	sigset_t s;

	sigaction(SIGSYS, &sa, NULL);
	sigemptyset(&s);
	sigaddset(&s, SIGSYS);
	sigprocmask(SIG_BLOCK, &s, NULL);
	no_new_privs();
	FILTER(0, LOAD(NR), WHEN(SYS_getppid, SECCOMP_RET_TRAP), ALLOW);
	syscall(SYS_getppid);
	return 1;
}

static int kill_process(void)
{
	struct sigaction sa = {
		.sa_sigaction = on_sys, .sa_flags = SA_SIGINFO,
	};

	sigaction(SIGSYS, &sa, NULL);	/* of no use */
	no_new_privs();
	FILTER(0, LOAD(NR), WHEN(SYS_getppid, SECCOMP_RET_KILL_PROCESS),
	       ALLOW);
	syscall(SYS_getppid);
	return 1;
}

static int kill_unknown(void)
{
	no_new_privs();
	FILTER(0, LOAD(NR), WHEN(SYS_getppid, 0x12340000), ALLOW);
	syscall(SYS_getppid);
	return 1;
}

static int kill_alone(void)
{
	no_new_privs();
	FILTER(0, LOAD(NR), WHEN(SYS_getppid, SECCOMP_RET_KILL_THREAD), ALLOW);
	syscall(SYS_getppid);
	return 1;
}

static void *caller(void *arg)
{
	syscall(SYS_getppid);
	return arg;
}

static int kill_thread(void)
{
	void *ret = (void *)1;
	pthread_t t;

	no_new_privs();
	FILTER(0, LOAD(NR), WHEN(SYS_getppid, SECCOMP_RET_KILL_THREAD), ALLOW);
	pthread_create(&t, NULL, caller, NULL);
	/* It does not come back, and nobody else is harmed. */
	pthread_join(t, &ret);
	return 7;
}

static int strict(void)
{
	int fd = open("/dev/null", O_RDWR);
	char c;

	if (fd < 0 || syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL))
		return 1;
	if (write(fd, "x", 1) != 1 || read(fd, &c, 1) != 0)
		return 2;
	syscall(SYS_exit, 8);
	return 3;
}

static int strict_killed(void)
{
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
		return 1;
	syscall(SYS_getppid);
	return 2;
}

static int strict_then_filter(void)
{
	no_new_privs();
	if (FILTER(0, ALLOW))
		return 1;
	errno = 0;
	syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL);
	return errno == EINVAL ? 0 : 2;
}

static int inherited(void)
{
	int status;
	pid_t pid;

	no_new_privs();
	FILTER(0, LOAD(NR), WHEN(SYS_getppid, SECCOMP_RET_ERRNO | 33), ALLOW);
	pid = fork();
	if (!pid) {
		FILTER(0, LOAD(NR), WHEN(SYS_getuid, SECCOMP_RET_ERRNO | 34),
		       ALLOW);
		if (syscall(SYS_getppid) != -1 || errno != 33)
			_exit(1);
		if (syscall(SYS_getuid) != -1 || errno != 34)
			_exit(2);
		execl("/proc/self/exe", "g-seccomp", "inside", NULL);
		_exit(3);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 4;
	if (WEXITSTATUS(status))
		return 10 + WEXITSTATUS(status);
	/* The child's filter is the child's. */
	return syscall(SYS_getuid) == (long)getuid() ? 0 : 5;
}

/* After the exec in inherited(). */
static int inside(void)
{
	errno = 0;
	if (syscall(SYS_getppid) != -1 || errno != 33)
		return 4;
	if (syscall(SYS_getuid) != -1 || errno != 34)
		return 5;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 6;
}

static pthread_barrier_t bar;

static void *synced(void *arg)
{
	long mine = 0;

	if (arg)
		FILTER(0, LOAD(NR), WHEN(SYS_getgid, SECCOMP_RET_ERRNO | 1),
		       ALLOW);
	pthread_barrier_wait(&bar);
	pthread_barrier_wait(&bar);
	errno = 0;
	if (syscall(SYS_getppid) == -1)
		mine = errno;
	return (void *)mine;
}

static int tsync(void)
{
	long tid, ret;
	void *r;
	pthread_t t;

	no_new_privs();
	pthread_barrier_init(&bar, NULL, 2);
	pthread_create(&t, NULL, synced, NULL);
	pthread_barrier_wait(&bar);
	if (FILTER(SECCOMP_FILTER_FLAG_TSYNC, LOAD(NR),
		   WHEN(SYS_getppid, SECCOMP_RET_ERRNO | 21), ALLOW))
		return 1;
	pthread_barrier_wait(&bar);
	pthread_join(t, &r);
	if ((long)r != 21)
		return 2;

	/* One with a filter of its own cannot be synced. */
	pthread_create(&t, NULL, synced, (void *)1);
	pthread_barrier_wait(&bar);
	ret = FILTER(SECCOMP_FILTER_FLAG_TSYNC, LOAD(NR),
		     WHEN(SYS_getppid, SECCOMP_RET_ERRNO | 22), ALLOW);
	tid = ret;
	if (tid <= 0 || tid == getpid())
		return 3;
	errno = 0;
	ret = FILTER(SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH,
		     ALLOW);
	if (ret != -1 || errno != ESRCH)
		return 4;
	pthread_barrier_wait(&bar);
	pthread_join(t, &r);
	return (long)r == 21 ? 0 : 5;
}

static long status_line(const char *name)
{
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");
	long v = -1;

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			v = atol(line + strlen(name));
	if (f)
		fclose(f);
	return v;
}

static int status(void)
{
	long mode = status_line("Seccomp:"), n = status_line("Seccomp_filters:");

	no_new_privs();
	FILTER(0, LOAD(NR), WHEN(SYS_getppid, SECCOMP_RET_ERRNO | 1), ALLOW);
	FILTER(SECCOMP_FILTER_FLAG_LOG, LOAD(NR), ALLOW);
	if (status_line("Seccomp:") != 2 || status_line("NoNewPrivs:") != 1)
		return 1;
	if (n >= 0 && status_line("Seccomp_filters:") != n + 2)
		return 2;
	return mode == 0 || mode == 2 ? 0 : 3;
}

/* A number that the kernel's table does not have, and one of x32. */
static int odd_numbers(void)
{
	no_new_privs();
	FILTER(0, LOAD(NR), WHEN(5000, SECCOMP_RET_ERRNO | 41),
	       WHEN(0x40000000 + SYS_getpid, SECCOMP_RET_ERRNO | 42),
	       WHEN(0xffffffff, SECCOMP_RET_ERRNO | 43), ALLOW);
	errno = 0;
	if (syscall(5000) != -1 || errno != 41)
		return 1;
	if (syscall(0x40000000 + SYS_getpid) != -1 || errno != 42)
		return 2;
	if (syscall(-1L) != -1 || errno != 43)
		return 3;
	return 0;
}

/* The place of the call, as a filter sees it. */
static int place(void)
{
	no_new_privs();
	/* Nothing calls from the first page. */
	FILTER(0, LOAD(NR),
	       BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 1, 0), ALLOW,
	       LOAD(IP + 4),
	       BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 0x7fff, 2, 0),
	       LOAD(IP),
	       BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 4096, 1, 0),
	       RET(SECCOMP_RET_ERRNO | 51), ALLOW);
	return syscall(SYS_getppid) == -1 ? 1 : 0;
}

static void test_refused(void)
{
	struct sock_fprog p = { 1, NULL };
	struct sock_filter f[4], *big;
	uint32_t act;
	unsigned short sizes[3];
	int i;

	is_errno(syscall(SYS_seccomp, 77, 0, NULL), EINVAL, "no such operation");
	is_errno(syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 1, NULL), EINVAL,
		 "strict takes no flags");
	is_errno(syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, &p), EINVAL,
		 "strict takes no argument");
	is_errno(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0x8000, &p),
		 EINVAL, "no such flag");
	is_errno(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL),
		 EFAULT, "no program");
	is_errno(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &p), EINVAL,
		 "no instructions");
	p.filter = (struct sock_filter *)8;
	is_errno(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &p), EFAULT,
		 "instructions nowhere");
	is_errno(prctl(PR_SET_SECCOMP, 0, 0), EINVAL, "no such mode");
	p.filter = f;
	p.len = 0;
	is_errno(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &p), EINVAL,
		 "an empty program");

	is_errno(FILTER(0, LOAD(NR)), EINVAL, "no return at the end");
	is_errno(FILTER(0, LOAD(64), ALLOW), EINVAL, "beyond the data");
	is_errno(FILTER(0, LOAD(2), ALLOW), EINVAL, "not on a word");
	is_errno(FILTER(0, LOAD(0xfffff000), ALLOW), EINVAL, "no ancillary data");
	is_errno(FILTER(0, BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0), ALLOW),
		 EINVAL, "no half words");
	is_errno(FILTER(0, BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0), ALLOW),
		 EINVAL, "no indirect loads");
	is_errno(FILTER(0, BPF_STMT(BPF_ST, 16), ALLOW), EINVAL,
		 "no such scratch word");
	is_errno(FILTER(0, BPF_STMT(BPF_LD | BPF_MEM, 1), ALLOW), EINVAL,
		 "a scratch word that nobody wrote");
	is_errno(FILTER(0, LOAD(NR),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1),
			BPF_STMT(BPF_ST, 1),
			BPF_STMT(BPF_LD | BPF_MEM, 1), ALLOW), EINVAL,
		 "or only on one way");
	is_errno(FILTER(0, BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), ALLOW),
		 EINVAL, "a division by 0");
	is_errno(FILTER(0, BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 3), ALLOW),
		 EINVAL, "no remainders");
	is_errno(FILTER(0, BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), ALLOW),
		 EINVAL, "a shift too far");
	is_errno(FILTER(0, BPF_STMT(BPF_JMP | BPF_JA, 1), ALLOW), EINVAL,
		 "a jump behind the end");
	is_errno(FILTER(0, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), ALLOW),
		 EINVAL, "a branch behind the end");
	is_errno(FILTER(0, BPF_STMT(0x1234, 0), ALLOW), EINVAL,
		 "no such instruction");
	is_errno(FILTER(0, BPF_STMT(BPF_RET | BPF_X, 0)), EINVAL,
		 "no return of X");

	big = calloc(4097, sizeof(*big));
	for (i = 0; i < 4097; i++)
		big[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
						      SECCOMP_RET_ALLOW);
	is_errno(set_filter(big, 4097, 0), EINVAL, "too many instructions");
	free(big);

	act = SECCOMP_RET_TRAP;
	is(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &act), 0,
	   "trap is to be had");
	act = SECCOMP_RET_KILL_PROCESS;
	is(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &act), 0,
	   "so is kill_process");
	act = 0x12340000;
	is_errno(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &act),
		 EOPNOTSUPP, "this is not");
	is_errno(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 1, &act),
		 EINVAL, "and it takes no flags");
	is(syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, sizes), 0,
	   "sizes of notifications");
	is(sizes[2], 64, "of the data");
}

int main(int argc, char **argv)
{
	int ret, filtered;

	if (argc > 1 && !strcmp(argv[1], "inside"))
		return inside();
	alarm(50);
	ret = child(needs_privs);
	ok(ret == 0 || ret == 99, "a filter needs no_new_privs");
	is(child(errnos), 0, "errno");
	is(child(arguments), 0, "arguments");
	is(child(machine), 94, "arithmetic");
	is(child(by_zero), 1000 + SIGSYS, "a division by X, which is 0");
	is(child(stacked), 0, "two filters");
	is(child(trap), 0, "SIGSYS");
	is(child(trap_blocked), 1000 + SIGSYS, "SIGSYS is blocked");
	is(child(kill_process), 1000 + SIGSYS, "kill the process");
	is(child(kill_unknown), 1000 + SIGSYS, "an unknown action kills");
	is(child(kill_alone), 1000 + SIGSYS, "kill the one thread");
	is(child(kill_thread), 7, "kill one thread of two");
	/* From behind a container's filter no way leads to strict mode. */
	filtered = getenv("SBX_TEST_NATIVE") && prctl(PR_GET_SECCOMP) == 2;
	is(filtered ? 8 : child(strict), 8, "strict mode");
	is(filtered ? 1000 + SIGKILL : child(strict_killed), 1000 + SIGKILL,
	   "strict mode, another call");
	is(child(strict_then_filter), 0, "no strict mode after a filter");
	is(child(inherited), 0, "over fork and exec");
	is(child(tsync), 0, "all threads at once");
	is(child(status), 0, "/proc/self/status");
	is(child(odd_numbers), 0, "numbers beyond the table");
	is(child(place), 0, "where the call is");
	no_new_privs();
	test_refused();
	return done_testing();
}
