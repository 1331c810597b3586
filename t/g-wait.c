/* SPDX-License-Identifier: Apache-2.0 */
/* g-wait.c: wait4, waitid: what is told, of whom, with which options. */
#define _GNU_SOURCE
#include "t/guest.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int chld_count, chld_code, chld_status, chld_pid;

static void on_chld(int sig, siginfo_t *i, void *uc)
{
	(void)sig;
	(void)uc;
	chld_count++;
	chld_code = i->si_code;
	chld_status = i->si_status;
	chld_pid = i->si_pid;
}

static void on_chld_action(int flags)
{
	struct sigaction a = { .sa_sigaction = on_chld };

	a.sa_flags = SA_SIGINFO | flags;
	sigaction(SIGCHLD, &a, NULL);
}

/* A child that ends with @status, or by the signal -@status. */
static pid_t child(int status)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (status < 0) {
		signal(-status, SIG_DFL);
		raise(-status);
		pause();
	}
	_exit(status);
}

/* A child that waits until something is in the pipe. */
static pid_t held_child(const int fd[2])
{
	pid_t pid = fork();
	char c;

	if (pid)
		return pid;
	close(fd[1]);
	(void)!read(fd[0], &c, 1);
	_exit(9);
}

static void test_status(void)
{
	int status = 0;
	pid_t pid = child(42);

	is(waitpid(pid, &status, 0), pid, "waitpid of a child");
	ok(WIFEXITED(status), "it exited");
	is(WEXITSTATUS(status), 42, "with its status");
	is_errno(waitpid(pid, &status, 0), ECHILD, "it is gone");
	is_errno(kill(pid, 0), ESRCH, "for kill too");

	pid = child(-SIGTERM);
	is(wait(&status), pid, "wait for a killed child");
	ok(WIFSIGNALED(status), "it was killed");
	is(WTERMSIG(status), SIGTERM, "by its signal");
	pid = child(0x1ff);
	is(wait4(-1, &status, 0, NULL), pid, "wait4 of any");
	is(WEXITSTATUS(status), 0xff, "8 bits of status");
	is_errno(wait(NULL), ECHILD, "no child left");
	pid = child(0);
	is(waitpid(0, NULL, 0), pid, "of the own process group, no status");
	pid = child(0);
	is(waitpid(-getpgrp(), NULL, 0), pid, "of a process group by number");
	is_errno(waitpid(-getpgrp(), NULL, 0), ECHILD, "none left in it");
}

static void test_errors(void)
{
	pid_t pid;
	int st;

	is_errno(waitpid(-1, NULL, 0x100000), EINVAL, "unknown option");
	is_errno(waitpid(-1, NULL, WNOWAIT), EINVAL, "wait4 has no WNOWAIT");
	is_errno(syscall(SYS_wait4, (int)0x80000000, NULL, 0, NULL), ESRCH,
		 "the smallest number");
	is_errno(waitpid(getpid(), NULL, 0), ECHILD, "oneself");
	is_errno(waitid(P_ALL, 0, NULL, WNOHANG), EINVAL, "waitid for nothing");
	is_errno(waitid(P_PID, 0, NULL, WEXITED), EINVAL, "waitid of pid 0");
	is_errno(waitid(17, 0, NULL, WEXITED), EINVAL, "unknown id type");
	is_errno(waitid(P_PIDFD, 999, NULL, WEXITED), EBADF, "no descriptor");
	is_errno(waitid(P_ALL, 0, NULL, WEXITED), ECHILD, "waitid, no child");
	pid = child(1);
	is_errno(syscall(SYS_wait4, pid, 1L, 0, NULL), EFAULT,
		 "a bad place for the status");
	is_errno(waitpid(pid, &st, 0), ECHILD, "and yet it was reaped");
}

static void test_nohang(void)
{
	int fd[2], status;
	siginfo_t i;
	pid_t pid;

	(void)!pipe(fd);
	pid = held_child(fd);
	status = 0x1234;
	is(waitpid(pid, &status, WNOHANG), 0, "WNOHANG, still running");
	is(status, 0x1234, "no status is written");
	memset(&i, 0xff, sizeof(i));
	is(waitid(P_ALL, 0, &i, WEXITED | WNOHANG), 0, "waitid WNOHANG");
	is(i.si_signo, 0, "says so by signal 0");
	is(i.si_pid, 0, "and pid 0");
	is_errno(waitpid(pid, &status, WNOHANG | __WCLONE), ECHILD,
		 "it is no clone child");
	close(fd[0]);
	close(fd[1]);
	is(waitpid(pid, &status, __WALL), pid, "it ends when the pipe does");
	is(WEXITSTATUS(status), 9, "as it should");
}

static void test_waitid(void)
{
	siginfo_t i;
	pid_t pid = child(33);

	memset(&i, 0, sizeof(i));
	is(waitid(P_PID, (id_t)pid, &i, WEXITED | WNOWAIT), 0,
	   "waitid that leaves it");
	is(i.si_signo, SIGCHLD, "si_signo");
	is(i.si_code, CLD_EXITED, "si_code");
	is(i.si_status, 33, "si_status");
	ok(i.si_pid == pid, "si_pid");
	ok(i.si_uid == getuid(), "si_uid");
	is(kill(pid, 0), 0, "a zombie is there for kill");
	is(kill(pid, SIGKILL), 0, "and cannot be killed");
	is_errno(waitid(P_PID, (id_t)pid, &i, WSTOPPED | WCONTINUED), ECHILD,
		 "a zombie does not stop");
	is(waitid(P_PGID, 0, &i, WEXITED), 0, "waitid of the own group");
	is(i.si_status, 33, "is the same child");
	child(-SIGUSR1);
	is(waitid(P_ALL, 0, &i, WEXITED), 0, "waitid of a killed one");
	is(i.si_code, CLD_KILLED, "killed");
	is(i.si_status, SIGUSR1, "by");
	pid = child(3);
	is(waitid(P_PID, (id_t)pid, NULL, WEXITED), 0, "waitid without info");
}

static void test_sigchld(void)
{
	int status;
	pid_t pid;

	on_chld_action(0);
	chld_count = 0;
	pid = child(5);
	while (waitpid(pid, &status, 0) < 0)
		;
	is(chld_count, 1, "one SIGCHLD");
	is(chld_code, CLD_EXITED, "of an exit");
	is(chld_status, 5, "with the status");
	ok(chld_pid == pid, "of the child");
	pid = child(-SIGKILL);
	while (waitpid(pid, &status, 0) < 0)
		;
	is(chld_code, CLD_KILLED, "SIGCHLD of a killed one");
	is(chld_status, SIGKILL, "and by what");

	/* The call is restarted, and ends with what it waits for. */
	on_chld_action(SA_RESTART);
	pid = child(6);
	is(waitpid(pid, &status, 0), pid, "wait goes on after SIGCHLD");

	on_chld_action(SA_NOCLDWAIT | SA_RESTART);
	chld_count = 0;
	pid = child(0);
	is_errno(waitpid(pid, &status, 0), ECHILD, "SA_NOCLDWAIT: no status");
	is(chld_count, 1, "but a signal");
	signal(SIGCHLD, SIG_IGN);
	pid = child(0);
	is_errno(waitpid(pid, &status, 0), ECHILD, "ignored: no status");
	/* Linux lets go of its number a moment after it tells that. */
	for (int i = 0; i < 10000 && !kill(pid, 0); i++)
		usleep(1000);
	is_errno(kill(pid, 0), ESRCH, "nor a zombie");
	is_errno(wait(&status), ECHILD, "wait ends when the last is gone");
	signal(SIGCHLD, SIG_DFL);
	pid = child(0);
	is(waitpid(pid, &status, 0), pid, "default: a zombie again");
}

static int clone_main(void *arg)
{
	_exit((int)(long)arg);
}

static void test_clone_child(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	int status;
	pid_t pid;

	pid = clone(clone_main, stack + sizeof(stack), 0, (void *)11L);
	ok(pid > 0, "clone without a signal");
	is_errno(waitpid(pid, &status, 0), ECHILD, "is not seen by wait");
	is(waitpid(pid, &status, __WCLONE), pid, "but with __WCLONE");
	is(WEXITSTATUS(status), 11, "with its status");
	pid = clone(clone_main, stack + sizeof(stack), 0, (void *)12L);
	is(waitpid(pid, &status, __WALL), pid, "and with __WALL");
	pid = clone(clone_main, stack + sizeof(stack), SIGCHLD, (void *)13L);
	is_errno(waitpid(pid, &status, __WCLONE), ECHILD,
		 "one with SIGCHLD is no clone child");
	is(waitpid(pid, &status, 0), pid, "one with SIGCHLD");
}

static pid_t from_thread;

static void *thread_forks(void *arg)
{
	(void)arg;
	from_thread = child(21);
	return NULL;
}

static void *thread_waits(void *arg)
{
	int status;

	return (void *)(long)(waitpid(*(pid_t *)arg, &status, 0) > 0 ?
			      WEXITSTATUS(status) : -1);
}

static pthread_barrier_t barrier;

static void *thread_forks_stays(void *arg)
{
	(void)arg;
	from_thread = child(22);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return (void *)(long)waitpid(-1, NULL, __WNOTHREAD);
}

static void test_threads(void)
{
	void *ret;
	pthread_t p;
	pid_t pid;
	int status;

	pthread_create(&p, NULL, thread_forks, NULL);
	pthread_join(p, NULL);
	is(waitpid(from_thread, &status, 0), from_thread,
	   "a child of a thread that ended");
	is(WEXITSTATUS(status), 21, "and its status");

	pid = child(23);
	pthread_create(&p, NULL, thread_waits, &pid);
	pthread_join(p, &ret);
	is((long)ret, 23, "any thread may wait");

	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&p, NULL, thread_forks_stays, NULL);
	pthread_barrier_wait(&barrier);
	is_errno(waitpid(-1, NULL, __WNOTHREAD), ECHILD,
		 "__WNOTHREAD: another thread's child");
	pthread_barrier_wait(&barrier);
	pthread_join(p, &ret);
	ok((long)ret == from_thread, "__WNOTHREAD: its own");
}

static void *sleeper(void *arg)
{
	(void)arg;
	pause();
	return NULL;
}

static void *last_thread(void *arg)
{
	(void)arg;
	usleep(30000);
	syscall(SYS_exit, 44);
	return NULL;
}

/* Threads that are left when the first one ends, or all are told to. */
static void test_exit_threads(void)
{
	int status;
	pthread_t p;
	siginfo_t i;
	pid_t pid;

	pid = fork();
	if (!pid) {
		pthread_create(&p, NULL, last_thread, NULL);
		syscall(SYS_exit, 44);
	}
	is(waitpid(pid, &status, 0), pid, "the leader ends first");
	is(WEXITSTATUS(status), 44, "the status is that of the last");
	pid = fork();
	if (!pid) {
		pthread_create(&p, NULL, sleeper, NULL);
		pthread_create(&p, NULL, last_thread, NULL);
		usleep(1000);
		exit(45);
	}
	is(waitpid(pid, &status, 0), pid, "exit with threads asleep");
	is(WEXITSTATUS(status), 45, "its status");
	pid = fork();
	if (!pid) {
		pthread_create(&p, NULL, sleeper, NULL);
		raise(SIGALRM);
		pause();
	}
	is(waitid(P_PID, (id_t)pid, &i, WEXITED), 0, "killed with threads");
	is(i.si_code, CLD_KILLED, "it was");
	is(i.si_status, SIGALRM, "by its signal");
}

static void burn(void)
{
	struct timespec ts;

	do {
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	} while (ts.tv_sec == 0 && ts.tv_nsec < 60000000);
}

static void test_usage(void)
{
	struct rusage r;
	long ms;
	pid_t pid = fork();

	if (!pid) {
		burn();
		_exit(0);
	}
	memset(&r, 0xff, sizeof(r));
	is(wait4(pid, NULL, 0, &r), pid, "wait4 with usage");
	ms = (r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000 +
	     (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1000;
	ok(ms >= 50 && ms < 5000, "CPU time of the child");
}

/* Many, in the order in which they end. */
static void test_many(void)
{
	int n, status, sum = 0, got = 0;

	for (n = 0; n < 40; n++)
		child(n);
	while (wait(&status) > 0) {
		sum += WEXITSTATUS(status);
		got++;
	}
	is(errno, ECHILD, "wait until none is left");
	is(got, 40, "forty children");
	is(sum, 40 * 39 / 2, "each once");
}

/* All of a crowd at once: none is forgotten where there is a queue. */
static void test_crowd(void)
{
	int round, n, got = 0, fd[2];

	for (round = 0; round < 5; round++) {
		(void)!pipe(fd);
		for (n = 0; n < 60; n++)
			held_child(fd);
		close(fd[0]);
		close(fd[1]);
		while (wait(NULL) > 0)
			got++;
	}
	is(got, 300, "a crowd that ends at once");
}

int main(void)
{
	/* Whoever starts this may have SIGCHLD ignored. */
	signal(SIGCHLD, SIG_DFL);
	test_status();
	test_errors();
	test_nohang();
	test_waitid();
	test_sigchld();
	test_clone_child();
	test_threads();
	test_exit_threads();
	test_usage();
	test_many();
	test_crowd();
	return done_testing();
}
