/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-orphan.c: what becomes of children whose parent ends: subreapers,
 * PR_SET_PDEATHSIG, orphaned process groups.
 */
#define _GNU_SOURCE
#include "t/guest.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int out[2];	/* children report here */

static void tell(int c)
{
	char b = (char)c;

	(void)!write(out[1], &b, 1);
}

static int told(void)
{
	char b;

	return read(out[0], &b, 1) == 1 ? b : -1;
}

static void until_parent_is(pid_t pid)
{
	while (getppid() != pid)
		usleep(1000);
}

static void test_subreaper(void)
{
	int status = 0, on = -1;
	pid_t me = getpid(), child, pid;

	prctl(PR_GET_CHILD_SUBREAPER, &on);
	is(on, 0, "no subreaper at first");
	is(prctl(PR_SET_CHILD_SUBREAPER, 1), 0, "become one");
	child = fork();
	if (!child) {
		int is_one = 1;

		prctl(PR_GET_CHILD_SUBREAPER, &is_one);
		if (!fork()) {
			if (!fork()) {
				until_parent_is(me);
				_exit(12);
			}
			_exit(0);
		}
		wait(NULL);
		_exit(is_one);
	}
	is(waitpid(child, &status, 0), child, "the child ends");
	is(WEXITSTATUS(status), 0, "it was no subreaper itself");
	pid = wait(&status);
	ok(pid > 0 && pid != child, "the grandchild's child is ours");
	is(WEXITSTATUS(status), 12, "with its status");
	is_errno(wait(NULL), ECHILD, "nothing more");

	/* What is a zombie already comes over too. */
	child = fork();
	if (!child) {
		siginfo_t i;

		pid = fork();
		if (!pid)
			_exit(13);
		waitid(P_PID, (id_t)pid, &i, WEXITED | WNOWAIT);
		_exit(0);
	}
	waitpid(child, &status, 0);
	is(wait(&status) > 0, 1, "a zombie is inherited");
	is(WEXITSTATUS(status), 13, "with its status");

	/* With another signal, it is an ordinary child from then on. */
	child = fork();
	if (!child) {
		if (!syscall(SYS_clone, SIGUSR1, 0, 0, 0, 0)) {
			until_parent_is(me);
			_exit(14);
		}
		_exit(0);
	}
	waitpid(child, &status, 0);
	is(wait(&status) > 0, 1, "a clone child is inherited");
	is(WEXITSTATUS(status), 14, "with its status");

	/* A dead one is no reaper. */
	child = fork();
	if (!child) {
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		pid = getpid();
		if (!fork()) {
			while (getppid() == pid)
				usleep(1000);
			_exit(getppid() == me ? 15 : 16);
		}
		_exit(0);
	}
	waitpid(child, &status, 0);
	wait(&status);
	is(WEXITSTATUS(status), 15, "the next subreaper takes over");
}

static void on_death(int sig, siginfo_t *i, void *uc)
{
	(void)uc;
	tell(sig == SIGUSR1 && i->si_code == SI_USER && i->si_pid ? 'd' : 'x');
}

static void *forker(void *arg)
{
	int ready[2];
	pid_t pid;
	char c;

	(void)arg;
	(void)!pipe(ready);
	pid = fork();
	if (!pid) {
		struct sigaction a = { .sa_sigaction = on_death };
		sigset_t set, old;

		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		sigprocmask(SIG_BLOCK, &set, &old);
		a.sa_flags = SA_SIGINFO;
		sigaction(SIGUSR1, &a, NULL);
		prctl(PR_SET_PDEATHSIG, SIGUSR1);
		close(ready[0]);
		close(ready[1]);
		sigsuspend(&old);
		tell('e');
		_exit(0);
	}
	close(ready[1]);
	(void)!read(ready[0], &c, 1);
	close(ready[0]);
	return (void *)(long)pid;
}

static void test_pdeath(void)
{
	pthread_t p;
	void *pid;
	pid_t child;
	int status;

	/* Of a process. */
	child = fork();
	if (!child) {
		forker(NULL);
		_exit(0);
	}
	is(told(), 'd', "the parent's death is a signal");
	is(told(), 'e', "which is taken once");
	while (wait(NULL) > 0)
		;
	/* Of the thread that forked. */
	pthread_create(&p, NULL, forker, NULL);
	pthread_join(p, &pid);
	is(told(), 'd', "the end of the thread that forked");
	is(told(), 'e', "is one too");
	is(waitpid((pid_t)(long)pid, NULL, 0), (long)pid,
	   "and the child is still ours");
	/* It is not inherited. */
	child = fork();
	if (!child) {
		int sig = -1;

		prctl(PR_SET_PDEATHSIG, SIGUSR1);
		if (!fork()) {
			prctl(PR_GET_PDEATHSIG, &sig);
			_exit(sig);
		}
		wait(&sig);
		_exit(WEXITSTATUS(sig));
	}
	waitpid(child, &status, 0);
	is(WEXITSTATUS(status), 0, "a child does not inherit it");
}

static void on_hup(int sig)
{
	tell(sig == SIGHUP ? 'h' : 'c');
}

/*
 * A session leader with a child in a group of its own, which is stopped when
 * the leader ends: SIGHUP and SIGCONT.
 */
static void test_orphaned_group(void)
{
	int status;
	pid_t leader, job;

	leader = fork();
	if (!leader) {
		setsid();
		job = fork();
		if (!job) {
			signal(SIGHUP, on_hup);
			signal(SIGCONT, on_hup);
			setpgid(0, 0);
			raise(SIGTSTP);
			/* Now nobody could continue us: not stopped. */
			raise(SIGTSTP);
			raise(SIGTTIN);
			tell('n');
			_exit(21);
		}
		waitpid(job, &status, WUNTRACED);
		tell(WIFSTOPPED(status) ? 's' : 'x');
		_exit(0);
	}
	is(told(), 's', "a job is stopped");
	waitpid(leader, NULL, 0);
	status = told();
	ok(status == 'h' || status == 'c', "its leader ends");
	status += told();
	is(status, 'h' + 'c', "SIGHUP and SIGCONT");
	is(told(), 'n', "an orphan is not stopped by the terminal's signals");
	is(wait(&status) > 0, 1, "it was inherited");
	is(WEXITSTATUS(status), 21, "and ended");

	/* Default actions: SIGHUP ends it. */
	leader = fork();
	if (!leader) {
		setsid();
		job = fork();
		if (!job) {
			setpgid(0, 0);
			raise(SIGTSTP);
			_exit(0);
		}
		waitpid(job, &status, WUNTRACED);
		_exit(0);
	}
	waitpid(leader, NULL, 0);
	is(wait(&status) > 0, 1, "a stopped orphan");
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGHUP,
	   "is ended by SIGHUP");
	/* SIGSTOP is stronger. */
	leader = fork();
	if (!leader) {
		setsid();
		job = fork();
		if (!job) {
			raise(SIGTSTP);
			raise(SIGSTOP);
			_exit(22);
		}
		waitpid(job, &status, WUNTRACED);
		tell(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP ? 's' :
		     'x');
		kill(job, SIGCONT);
		waitpid(job, &status, 0);
		_exit(WEXITSTATUS(status));
	}
	is(told(), 's', "SIGSTOP stops an orphan");
	waitpid(leader, &status, 0);
	is(WEXITSTATUS(status), 22, "and SIGCONT continues it");
}

/* CLONE_PARENT: a sibling. */
static void test_sibling(void)
{
	int status;
	pid_t child = fork();

	if (!child) {
		if (!syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0))
			_exit(31);
		_exit(wait(NULL) == -1 && errno == ECHILD ? 32 : 33);
	}
	waitpid(child, &status, 0);
	is(WEXITSTATUS(status), 32, "a sibling is no child");
	is(wait(&status) > 0, 1, "but its parent's");
	is(WEXITSTATUS(status), 31, "with its status");
}

int main(void)
{
	signal(SIGCHLD, SIG_DFL);
	(void)!pipe(out);
	test_subreaper();
	test_pdeath();
	test_orphaned_group();
	test_sibling();
	return done_testing();
}
