/* SPDX-License-Identifier: Apache-2.0 */
/* g-pgrp.c: process groups and sessions, and signals to them. */
#define _GNU_SOURCE
#include "t/guest.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int hold[2];	/* children read it until it is closed */

static void wait_held(void)
{
	char c;

	close(hold[1]);
	(void)!read(hold[0], &c, 1);
	_exit(0);
}

static pid_t held(void)
{
	pid_t pid = fork();

	if (!pid)
		wait_held();
	return pid;
}

static int reap(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return status;
}

static void let_go(void)
{
	close(hold[0]);
	close(hold[1]);
	while (wait(NULL) > 0)
		;
	(void)!pipe(hold);
}

/* Run @fn in a child; its result is the exit status. */
static int in_child(int (*fn)(void))
{
	pid_t pid = fork();

	if (!pid)
		_exit(fn());
	return WEXITSTATUS(reap(pid));
}

static int new_session(void)
{
	pid_t me = getpid();

	if (setsid() != me)
		return 1;
	if (getpgrp() != me || getsid(0) != me || getpgid(0) != me)
		return 2;
	if (setsid() != -1 || errno != EPERM)
		return 3;
	if (setpgid(0, 0) != -1 || errno != EPERM)
		return 4;
	return 0;
}

static int leader_cannot(void)
{
	if (setpgid(0, 0))
		return 1;
	if (setsid() != -1 || errno != EPERM)
		return 2;
	return getpgrp() == getpid() ? 0 : 3;
}

/* The child of a session leader may not go to a group of another session. */
static int other_session(void)
{
	pid_t old = getpgrp(), pid;
	int r = 0;

	if (setsid() < 0)
		return 1;
	if (setpgid(0, old) != -1 || errno != EPERM)
		return 2;
	pid = held();
	if (setpgid(pid, old) != -1 || errno != EPERM)
		r = 3;
	else if (setpgid(pid, pid) || getpgid(pid) != pid)
		r = 4;
	else if (setpgid(pid, getpid()) || getpgid(pid) != getpid())
		r = 5;
	kill(pid, SIGKILL);
	reap(pid);
	return r;
}

static void test_sessions(void)
{
	is(in_child(new_session), 0, "setsid");
	is(in_child(leader_cannot), 0, "the leader of a group makes no session");
	is(in_child(other_session), 0, "groups stay in their session");
	is_errno(getsid(-1), ESRCH, "getsid of nobody");
	is_errno(getpgid(-1), ESRCH, "getpgid of nobody");
}

static void test_setpgid(void)
{
	pid_t a = held(), b = held(), grandchild;
	int fd[2];

	is(getpgid(a), getpgrp(), "a child is in its parent's group");
	is(setpgid(a, 0), 0, "a group of its own");
	is(getpgid(a), a, "has its number");
	is(setpgid(b, a), 0, "another joins");
	is(getpgid(b), a, "and is there");
	is_errno(setpgid(b, 0x3ffffff), EPERM, "a group that does not exist");
	is_errno(setpgid(0x3ffffff, 0), ESRCH, "a process that does not exist");
	is_errno(setpgid(a, -1), EINVAL, "a negative group");
	is_errno(setpgid(-1, 0), EINVAL, "nor the one of a negative process");
	is_errno(setpgid(getppid() ? getppid() : 0x3ffffff, 0), ESRCH,
		 "the parent is no child");
	(void)!pipe(fd);
	if (!fork()) {
		grandchild = held();
		(void)!write(fd[1], &grandchild, sizeof(grandchild));
		wait_held();
	}
	(void)!read(fd[0], &grandchild, sizeof(grandchild));
	is_errno(setpgid(grandchild, 0), ESRCH, "nor is a grandchild");
	close(fd[0]);
	close(fd[1]);

	is(kill(-a, 0), 0, "kill(-group, 0)");
	is(kill(-a, SIGKILL), 0, "kill(-group)");
	is(WTERMSIG(reap(a)), SIGKILL, "reached the first");
	is(WTERMSIG(reap(b)), SIGKILL, "and the second");
	is_errno(kill(-a, 0), ESRCH, "then the group is gone");
	let_go();
}

/* A group outlives its leader, and its number is not free until then. */
static void test_leader_ends(void)
{
	pid_t a = held(), b = held();

	setpgid(a, a);
	setpgid(b, a);
	kill(a, SIGKILL);
	is(WTERMSIG(reap(a)), SIGKILL, "the leader of a group ends");
	is(getpgid(b), a, "the group stays");
	is_errno(kill(a, 0), ESRCH, "the process does not");
	is(kill(-a, SIGTERM), 0, "it can be sent to");
	is(waitpid(-a, NULL, 0), b, "and waited for");
	is_errno(waitpid(-a, NULL, 0), ECHILD, "once");
}

static int hits;

static void on_usr1(int sig)
{
	(void)sig;
	hits++;
}

/* In a group of its own, so that nobody else is hit. */
static int kill_zero(void)
{
	pid_t a, b, other;
	int r = 0;

	setpgid(0, 0);
	other = held();
	setpgid(other, other);
	a = held();
	b = held();
	signal(SIGUSR1, on_usr1);
	if (kill(0, SIGUSR1))
		r = 1;
	if (hits != 1)
		r = 2;
	if (WTERMSIG(reap(a)) != SIGUSR1 || WTERMSIG(reap(b)) != SIGUSR1)
		r = 3;
	if (waitpid(other, NULL, WNOHANG))
		r = 4;
	kill(other, SIGKILL);
	reap(other);
	return r;
}

/* A zombie is a member; one that is reaped is not. */
static int zombie_member(void)
{
	pid_t z;
	siginfo_t i;

	z = fork();
	if (!z)
		_exit(0);
	if (setpgid(z, z) && errno != EACCES)
		return 10;
	waitid(P_PID, (id_t)z, &i, WEXITED | WNOWAIT);
	if (getpgid(z) != z)
		return 1;
	if (kill(-z, SIGTERM))
		return 2;
	reap(z);
	if (kill(-z, 0) != -1 || errno != ESRCH)
		return 3;
	if (getpgid(z) != -1 || errno != ESRCH)
		return 4;
	return 0;
}

static void test_kill(void)
{
	is(in_child(kill_zero), 0, "kill(0) reaches the own group alone");
	is(in_child(zombie_member), 0, "a zombie is in its group");
	is_errno(kill(getpid(), 65), EINVAL, "no such signal");
	is_errno(kill(getpid(), -1), EINVAL, "nor a negative one");
	is_errno(kill(0x3ffffff, 65), ESRCH, "first the process is looked for");
	is_errno(kill((pid_t)0x80000000, 0), ESRCH, "the smallest number");
	is_errno(syscall(SYS_tkill, 0, 0), EINVAL, "tkill of 0");
	is_errno(syscall(SYS_tgkill, getpid(), -1, 0), EINVAL, "tgkill of -1");
	is_errno(syscall(SYS_tgkill, getpid(), 0x3ffffff, 0), ESRCH,
		 "tgkill of nobody");
	is(syscall(SYS_tgkill, getpid(), gettid(), 0), 0, "tgkill of oneself");
}

static void *other_thread(void *arg)
{
	*(pid_t *)arg = gettid();
	for (;;)
		pause();
	return NULL;
}

static void test_tids(void)
{
	volatile pid_t tid = 0;
	pthread_t p;
	pid_t pid;

	pthread_create(&p, NULL, other_thread, (void *)(uintptr_t)&tid);
	while (!tid)
		sched_yield();
	is(getpgid(tid), getpgrp(), "getpgid of a thread's number");
	is(kill(tid, 0), 0, "kill by a thread's number");
	is_errno(setpgid(tid, 0), EINVAL, "setpgid of a thread");
	pid = held();
	is_errno(syscall(SYS_tgkill, getpid(), pid, 0), ESRCH,
		 "tgkill of another process's thread");
	is(syscall(SYS_tgkill, pid, pid, SIGKILL), 0, "with its process it is");
	is(WTERMSIG(reap(pid)), SIGKILL, "found");
}

static void test_queue(void)
{
	union sigval v = { .sival_int = 77 };
	siginfo_t i;
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pid = fork();
	if (!pid) {
		int sum = 0;

		for (int n = 0; n < 3; n++)
			if (sigwaitinfo(&set, &i) == SIGRTMIN &&
			    i.si_code == SI_QUEUE && i.si_pid == getppid())
				sum += i.si_value.sival_int;
		_exit(sum);
	}
	for (int n = 0; n < 3; n++)
		is(sigqueue(pid, SIGRTMIN, v), 0, "sigqueue to a child");
	is(WEXITSTATUS(reap(pid)), 231, "it got all of them");
	memset(&i, 0, sizeof(i));
	i.si_code = SI_USER;
	pid = held();
	is_errno(syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, &i), EPERM,
		 "nobody pretends to be kill");
	i.si_code = SI_TKILL;
	is_errno(syscall(SYS_rt_tgsigqueueinfo, pid, pid, SIGUSR1, &i), EPERM,
		 "nor tkill");
	i.si_code = SI_QUEUE;
	is(syscall(SYS_rt_tgsigqueueinfo, pid, pid, SIGUSR1, &i), 0,
	   "but sigqueue");
	is(WTERMSIG(reap(pid)), SIGUSR1, "is delivered");
}

/* setpgid(2): not after the child has executed a program. */
static void test_exec(const char *self)
{
	int fd[2];
	pid_t pid;
	char c;

	(void)!pipe(fd);
	pid = fork();
	if (!pid) {
		char in[16], out[16];

		snprintf(in, sizeof(in), "%d", hold[0]);
		snprintf(out, sizeof(out), "%d", fd[1]);
		close(hold[1]);
		execl(self, self, out, in, NULL);
		_exit(1);
	}
	is(read(fd[0], &c, 1), 1, "a child has begun a program");
	is_errno(setpgid(pid, 0), EACCES, "its group is its own matter");
	kill(pid, SIGKILL);
	reap(pid);
	close(fd[0]);
	close(fd[1]);
}

int main(int argc, char **argv)
{
	char c = 'x';

	if (argc == 3) {
		(void)!write(atoi(argv[1]), &c, 1);
		(void)!read(atoi(argv[2]), &c, 1);
		return 0;
	}
	signal(SIGCHLD, SIG_DFL);
	(void)!pipe(hold);
	test_sessions();
	test_setpgid();
	test_leader_ends();
	test_kill();
	test_tids();
	test_queue();
	test_exec(argv[0]);
	return done_testing();
}
