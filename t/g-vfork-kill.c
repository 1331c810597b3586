/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-vfork-kill.c: who waits for a vfork(2) child has to end: at once, while the
 * child goes on in the memory that was theirs.
 */
#define _GNU_SOURCE
#include "t/guest.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CODE_EXIT	5	/* of exit_group(2) by another thread */
#define CODE_CHILD	7

static int go[2];	/* what the child waits for */
static int turn[2];	/* the same for a thread of its parent's */
static int told[2];	/* numbers, from the child */
static volatile int *flag;	/* shared by all */
static const char *const self = "/proc/self/exe";

static void tell(int n)
{
	(void)!write(told[1], &n, sizeof(n));
}

static int hear(void)
{
	int n = -1;

	(void)!read(told[0], &n, sizeof(n));
	return n;
}

/* What the child does until it may end. */
enum kind { SLEEPS, RUNS, EXECS, NESTS };

static void __attribute__((noreturn)) child(enum kind kind)
{
	char c;

	tell(getpid());
	if (kind == RUNS)
		while (!*flag)
			;
	else
		(void)!read(go[0], &c, 1);
	if (kind == EXECS)
		execl(self, self, "child", NULL);
	_exit(CODE_CHILD);
}

static void __attribute__((noreturn)) nested(void)
{
	pid_t pid = vfork();
	int status = 0;

	if (!pid)
		child(SLEEPS);
	waitpid(pid, &status, 0);
	_exit(WEXITSTATUS(status) + 1);
}

static void *by_thread(void *arg)
{
	const char *what = arg;
	char fd[16], c;

	(void)!read(turn[0], &c, 1);
	if (!strcmp(what, "exit"))
		_exit(CODE_EXIT);
	snprintf(fd, sizeof(fd), "%d", told[1]);
	execl(self, self, what, fd, NULL);
	return NULL;
}

/* A process that waits for its child; @what of another thread of it, or NULL */
static pid_t waits(enum kind kind, char *what)
{
	pid_t pid = fork();
	pthread_t th;

	if (pid)
		return pid;
	if (what && pthread_create(&th, NULL, by_thread, what))
		_exit(99);
	if (kind == NESTS) {
		if (!vfork())
			nested();
	} else if (!vfork()) {
		child(kind);
	}
	_exit(98);
}

static void let_go(void)
{
	*flag = 1;
	(void)!write(go[1], "g", 1);
}

static int status_of(pid_t pid)
{
	int status = -1;

	if (waitpid(pid, &status, 0) < 0)
		return -1;
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) :
		WEXITSTATUS(status);
}

static void test_killed(enum kind kind, const char *name)
{
	pid_t parent, c;
	char left;

	*flag = 0;
	parent = waits(kind, NULL);
	c = hear();
	ok(c > 0, name);
	is(kill(parent, SIGKILL), 0, "kill the parent");
	is(status_of(parent), 1000 + SIGKILL, "it ends before its child");
	is(kill(c, 0), 0, "which is there");
	let_go();
	/* Of RUNS what was written is left. */
	is(status_of(c), CODE_CHILD, "and goes on");
	if (kind == RUNS)
		(void)!read(go[0], &left, 1);
}

static void test_nested(void)
{
	pid_t parent = waits(NESTS, NULL), inner = hear();
	int status = -1;

	ok(inner > 0, "a child of a child");
	is(kill(parent, SIGKILL), 0, "kill the outermost");
	is(status_of(parent), 1000 + SIGKILL, "it ends");
	is(kill(inner, 0), 0, "the innermost is there");
	let_go();
	wait(&status);
	is(WEXITSTATUS(status), CODE_CHILD + 1, "the one between has seen it");
}

/* Stacks of their own, for they run at the same time when one is killed. */
static char stacks[2][65536] __attribute__((aligned(16)));

static int innermost(void *arg)
{
	(void)arg;
	tell(getppid());
	child(SLEEPS);
}

static int middle(void *arg)
{
	(void)arg;
	clone(innermost, stacks[1] + sizeof(stacks[1]),
	      CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
	return 97;
}

static void test_middle(void)
{
	pid_t parent = fork(), mid, inner;
	int status = 0;

	if (!parent) {
		mid = clone(middle, stacks[0] + sizeof(stacks[0]),
			    CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
		waitpid(mid, &status, 0);
		tell(WIFSIGNALED(status) ? WTERMSIG(status) : -1);
		_exit(CODE_EXIT);
	}
	mid = hear();
	inner = hear();
	is(kill(mid, SIGKILL), 0, "kill the one in the middle");
	is(hear(), SIGKILL, "the outermost sees that");
	is(status_of(parent), CODE_EXIT, "and ends");
	is(kill(inner, 0), 0, "the innermost is there");
	let_go();
	is(status_of(inner), CODE_CHILD, "and goes on");
}

static void test_exit_group(void)
{
	char what[] = "exit";
	pid_t parent = waits(SLEEPS, what), c = hear();

	(void)!write(turn[1], "t", 1);
	is(status_of(parent), CODE_EXIT, "another thread ends the process");
	is(kill(c, 0), 0, "the child is there");
	let_go();
	is(status_of(c), CODE_CHILD, "and goes on");
}

static void test_exec(void)
{
	char what[] = "wait";
	pid_t parent = waits(SLEEPS, what), c = hear();

	(void)!write(turn[1], "t", 1);
	is(hear(), parent, "another thread runs a program");
	is(kill(c, 0), 0, "the child is there");
	let_go();
	is(status_of(parent), CODE_CHILD, "and is that program's to wait for");
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "child"))
		return CODE_CHILD;
	if (argc > 2) {
		told[1] = (int)strtol(argv[2], NULL, 10);
		tell(getpid());
		return status_of(-1);
	}
	flag = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (flag == MAP_FAILED || pipe(go) || pipe(turn) || pipe(told))
		return 99;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	test_killed(SLEEPS, "a child that sleeps");
	test_killed(RUNS, "a child that runs");
	test_killed(EXECS, "a child that executes a program then");
	test_nested();
	test_middle();
	test_exit_group();
	test_exec();
	return done_testing();
}
