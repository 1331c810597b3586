/* SPDX-License-Identifier: Apache-2.0 */
/* g-fork.c: new processes: what they share with their parent and what not. */
#define _GNU_SOURCE
#include "t/guest.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static volatile int word = 1;

/* Exit status of the child @pid, or 1000 + signal. */
static int end_of(pid_t pid)
{
	int status = 0;

	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) :
	       WEXITSTATUS(status);
}

static void test_memory(void)
{
	volatile int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int *gone = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int *wiped = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t me = getpid(), pid;

	*gone = *wiped = 5;
	is(madvise(gone, 4096, MADV_DONTFORK), 0, "MADV_DONTFORK");
	is(madvise(wiped, 4096, MADV_WIPEONFORK), 0, "MADV_WIPEONFORK");
	pid = fork();
	if (!pid) {
		int good = word == 1 && getppid() == me && getpid() != me &&
			*wiped == 0 && madvise(gone, 4096, 0) &&
			errno == ENOMEM;

		word = 2;
		*shared = 7;
		_exit(good ? 3 : 4);
	}
	ok(pid > 0, "fork");
	is(end_of(pid), 3, "the child sees its own memory");
	is(word, 1, "its writes stay its own");
	is(*shared, 7, "but for shared memory");
	is(*wiped, 5, "what it found wiped is here");
}

static void test_vfork(void)
{
	volatile int seen = 0;
	pid_t pid = vfork();

	if (!pid) {
		seen = 9;
		word = 11;
		_exit(2);
	}
	ok(pid > 0, "vfork");
	is(seen, 9, "the child's stack is the parent's");
	is(word, 11, "its memory too");
	is(end_of(pid), 2, "its end");
	word = 1;
	pid = vfork();
	if (!pid) {
		execl("/bin/sh", "sh", "-c", "exit 5", (char *)NULL);
		_exit(127);
	}
	is(end_of(pid), 5, "vfork and execve");
	pid = vfork();
	if (!pid) {
		pid_t inner = vfork();

		if (!inner)
			_exit(6);
		_exit(end_of(inner) + 1);
	}
	is(end_of(pid), 7, "vfork in a vfork");
	pid = vfork();
	if (!pid) {
		pid_t inner = fork();

		if (!inner)
			_exit(8);
		_exit(end_of(inner) + 1);
	}
	is(end_of(pid), 9, "fork in a vfork");
	pid = vfork();
	if (!pid) {
		kill(getpid(), SIGKILL);
		_exit(1);
	}
	is(end_of(pid), 1000 + SIGKILL, "a vfork child kills itself");
}

static void test_spawn(void)
{
	char sh[] = "sh", opt[] = "-c", exit4[] = "exit 4", print[] = "printf x";
	char *argv[] = { sh, opt, exit4, NULL };
	posix_spawn_file_actions_t fa;
	pid_t pid = -1;
	int p[2];
	char c = 0;

	is(posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ), 0,
	   "posix_spawn");
	is(end_of(pid), 4, "the program's status");
	is(posix_spawn(&pid, "/no/such/program", NULL, NULL, argv, environ),
	   ENOENT, "posix_spawn of nothing tells why");
	is_errno(waitpid(-1, NULL, 0), ECHILD, "and leaves no child");
	is(pipe(p), 0, "pipe");
	argv[2] = print;
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, p[1], 1);
	is(posix_spawn(&pid, "/bin/sh", &fa, NULL, argv, environ), 0,
	   "posix_spawn with actions");
	is(end_of(pid), 0, "its end");
	close(p[1]);
	is((long)read(p[0], &c, 1), 1, "what it wrote");
	is(c, 'x', "is here");
	is((long)read(p[0], &c, 1), 0, "and no more");
	close(p[0]);
	posix_spawn_file_actions_destroy(&fa);
}

static void test_files(void)
{
	int fd = open("/dev/zero", O_RDONLY), p[2], n;
	char buf[8];
	pid_t pid;

	is(pipe(p), 0, "a pipe");
	pid = fork();
	if (!pid) {
		close(fd);
		_exit(write(p[1], "abc", 3) == 3 ? 0 : 1);
	}
	is(end_of(pid), 0, "the child writes");
	is((long)read(p[0], buf, 8), 3, "the parent reads");
	ok(fcntl(fd, F_GETFD) == 0, "what the child closed is open here");
	/* Their own table too. */
	pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, NULL, NULL,
			     NULL);
	if (!pid) {
		close(fd);
		_exit(0);
	}
	is(end_of(pid), 0, "CLONE_FILES");
	is_errno(fcntl(fd, F_GETFD), EBADF, "one table for both");
	for (n = 0; n < 2; n++)
		close(p[n]);
}

static void clone_pidfd(void)
{
	int fd = 0;
	struct clone_args a = {
		.exit_signal = SIGCHLD, .flags = CLONE_PIDFD,
		.pidfd = (uintptr_t)&fd,
	};
	pid_t pid = (pid_t)syscall(SYS_clone3, &a, sizeof(a));

	if (!pid)
		_exit(fcntl(fd, F_GETFD) < 0 || !fd ? 13 : 14);
	ok(fcntl(fd, F_GETFD) == FD_CLOEXEC, "CLONE_PIDFD gives a descriptor");
	close(fd);
	is(end_of(pid), 13, "to the parent alone");
	a.pidfd = 8;
	is_errno(syscall(SYS_clone3, &a, sizeof(a)), EFAULT, "nowhere for it");
}

static void test_flags(void)
{
	int tid = 0, ptid = 0;
	struct clone_args a = { .exit_signal = SIGCHLD };
	int lacks = host_lacks(SYS_clone3);
	pid_t pid;

	pid = (pid_t)syscall(SYS_clone, CLONE_PARENT_SETTID | SIGCHLD, 0, &ptid,
			     NULL, NULL);
	if (!pid)
		_exit(0);
	is(end_of(pid), 0, "CLONE_PARENT_SETTID");
	is(ptid, pid, "tells the number");
	pid = (pid_t)syscall(SYS_clone, CLONE_CHILD_SETTID | SIGCHLD, 0, NULL,
			     &tid, NULL);
	if (!pid)
		_exit(tid == getpid() ? 0 : 1);
	is(end_of(pid), 0, "CLONE_CHILD_SETTID");
	is(tid, 0, "tells the child alone");
	if (lacks) {
		ok(1, "clone3");
	} else {
		pid = (pid_t)syscall(SYS_clone3, &a, sizeof(a));
		if (!pid)
			_exit(12);
		is(end_of(pid), 12, "clone3");
	}
	pid = (pid_t)syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, NULL, NULL,
			     NULL);
	if (!pid) {
		word = 77;
		_exit(0);
	}
	is(end_of(pid), 0, "CLONE_VFORK without CLONE_VM");
	is(word, 1, "has memory of its own");
	if (lacks) {
		ok(1, "CLONE_PIDFD gives a descriptor");
		ok(1, "to the parent alone");
		ok(1, "nowhere for it");
	} else {
		clone_pidfd();
	}
	is_errno(syscall(SYS_clone, CLONE_THREAD | SIGCHLD, 0, 0, 0, 0), EINVAL,
		 "CLONE_THREAD alone");
	is_errno(syscall(SYS_clone, CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0),
		 EINVAL, "CLONE_SIGHAND alone");
}

static char stack[65536] __attribute__((__aligned__(16)));

static int in_our_memory(void *arg)
{
	*(int *)arg = (int)syscall(SYS_getpid);
	return 21;
}

static void test_vm(void)
{
	int pid_seen = 0;
	pid_t pid = clone(in_our_memory, stack + sizeof(stack),
			  CLONE_VM | SIGCHLD, &pid_seen);

	ok(pid > 0, "CLONE_VM, another process");
	is(end_of(pid), 21, "its end");
	ok(*(volatile int *)&pid_seen == pid, "it wrote to our memory");
	pid = clone(in_our_memory, stack + sizeof(stack),
		    CLONE_VM | CLONE_VFORK | SIGCHLD, &pid_seen);
	is(end_of(pid), 21, "with CLONE_VFORK on a stack of its own");
	ok(*(volatile int *)&pid_seen == pid, "it wrote there too");
}

static void *forker(void *arg)
{
	volatile long bad = 0;

	(void)arg;
	for (volatile int i = 0; i < 20; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(i);
		bad += end_of(pid) != i;
		pid = vfork();
		if (!pid)
			_exit(i);
		bad += end_of(pid) != i;
	}
	return (void *)(intptr_t)bad;
}

static void test_threads(void)
{
	pthread_t th[4];
	void *bad;
	long all = 0;

	for (int i = 0; i < 4; i++)
		pthread_create(&th[i], NULL, forker, NULL);
	for (int i = 0; i < 4; i++) {
		pthread_join(th[i], &bad);
		all += (long)bad;
	}
	is(all, 0, "four threads fork");
}

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught = sig;
}

static void test_inherit(void)
{
	struct sigaction sa = { .sa_handler = on_signal }, was;
	struct rlimit r;
	sigset_t set, now;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigaction(SIGUSR1, &sa, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR2);
	getrlimit(RLIMIT_NOFILE, &r);
	pid = fork();
	if (!pid) {
		struct rlimit c;

		raise(SIGUSR1);
		sigprocmask(SIG_BLOCK, NULL, &now);
		getrlimit(RLIMIT_NOFILE, &c);
		if (caught != SIGUSR1 || !sigismember(&now, SIGUSR2))
			_exit(1);
		sigpending(&now);
		if (sigismember(&now, SIGUSR2))
			_exit(2);	/* what was pending is not */
		_exit(c.rlim_cur == r.rlim_cur ? 0 : 3);
	}
	is(end_of(pid), 0, "handlers, mask and limits are inherited");
	is(caught, 0, "the child's signal was its own");
	pid = fork();
	if (!pid) {
		execl("/bin/sh", "sh", "-c", "kill -USR1 $$", (char *)NULL);
		_exit(127);
	}
	is(end_of(pid), 1000 + SIGUSR1, "a program has no handlers");
	sigaction(SIGUSR1, NULL, &was);
	ok(was.sa_handler == on_signal, "the parent has its own");
}

int main(void)
{
	test_memory();
	test_vfork();
	test_spawn();
	test_files();
	test_flags();
	test_vm();
	test_threads();
	test_inherit();
	return done_testing();
}
