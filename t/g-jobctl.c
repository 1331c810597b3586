/* SPDX-License-Identifier: Apache-2.0 */
/* g-jobctl.c: stopping and continuing processes; signal(7), wait(2). */
#define _GNU_SOURCE
#include "t/guest.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t chld_codes[16], n_chld;
static volatile int *counter;	/* shared with children */

static void on_chld(int sig, siginfo_t *i, void *uc)
{
	(void)sig;
	(void)uc;
	if (n_chld < 16)
		chld_codes[n_chld++] = i->si_code;
}

static void handle_chld(int flags)
{
	struct sigaction a = { .sa_sigaction = on_chld };

	a.sa_flags = SA_SIGINFO | SA_RESTART | flags;
	sigaction(SIGCHLD, &a, NULL);
	n_chld = 0;
}

static void nap(void)
{
	struct timespec ts = { 0, 20000000 };

	while (nanosleep(&ts, &ts))
		;
}

static pid_t wait_status(pid_t pid, int *status, int options)
{
	pid_t r;

	do {
		r = waitpid(pid, status, options);
	} while (r < 0 && errno == EINTR);
	return r;
}

/* A child that counts for ever. */
static pid_t counting_child(void)
{
	pid_t pid = fork();

	if (!pid)
		for (;;)
			(*counter)++;
	return pid;
}

static int counts(void)
{
	int old = *counter;

	for (int n = 0; n < 100; n++) {
		nap();
		if (*counter != old)
			return 1;
	}
	return 0;
}

static int stands_still(void)
{
	int old = *counter;

	nap();
	nap();
	return *counter == old;
}

static char proc_state(pid_t pid)
{
	char name[64], buf[512], *p;
	ssize_t n;
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	fd = open(name, O_RDONLY);
	if (fd < 0)
		return '?';
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return '?';
	buf[n] = 0;
	p = strrchr(buf, ')');
	return p ? p[2] : '?';
}

static void test_stop(void)
{
	int status = 0;
	siginfo_t i;
	pid_t pid;

	handle_chld(0);
	pid = counting_child();
	ok(counts(), "a child runs");
	is(kill(pid, SIGSTOP), 0, "SIGSTOP");
	is(wait_status(pid, &status, WUNTRACED), pid, "it stops");
	ok(WIFSTOPPED(status), "the status says so");
	is(WSTOPSIG(status), SIGSTOP, "and why");
	ok(stands_still(), "it does not run");
	is(proc_state(pid), 'T', "state in /proc");
	is(wait_status(pid, &status, WUNTRACED | WNOHANG), 0, "told once");
	is(kill(pid, SIGCONT), 0, "SIGCONT");
	is(wait_status(pid, &status, WCONTINUED), pid, "it goes on");
	ok(WIFCONTINUED(status), "the status says that too");
	is(wait_status(pid, &status, WCONTINUED | WNOHANG), 0, "once");
	ok(counts(), "it runs");

	kill(pid, SIGSTOP);
	memset(&i, 0, sizeof(i));
	while (waitid(P_PID, (id_t)pid, &i, WSTOPPED | WNOWAIT))
		;
	is(i.si_code, CLD_STOPPED, "waitid tells a stop");
	is(i.si_status, SIGSTOP, "and why");
	is(waitid(P_PID, (id_t)pid, &i, WSTOPPED | WNOHANG), 0,
	   "again after WNOWAIT");
	is(i.si_code, CLD_STOPPED, "the same");
	is(waitid(P_PID, (id_t)pid, &i, WSTOPPED | WNOHANG), 0, "then no more");
	is(i.si_pid, 0, "nothing");
	kill(pid, SIGCONT);
	while (waitid(P_PID, (id_t)pid, &i, WCONTINUED))
		;
	is(i.si_code, CLD_CONTINUED, "waitid tells that it went on");
	is(i.si_status, SIGCONT, "by SIGCONT");

	/* A stopped one takes no signals but SIGKILL. */
	kill(pid, SIGSTOP);
	wait_status(pid, &status, WUNTRACED);
	kill(pid, SIGTERM);
	nap();
	is(wait_status(pid, &status, WNOHANG), 0, "SIGTERM waits");
	kill(pid, SIGCONT);
	is(wait_status(pid, &status, 0), pid, "for SIGCONT");
	is(WTERMSIG(status), SIGTERM, "and kills");
	ok(n_chld >= 3 && n_chld <= 7, "SIGCHLD came of it");
	is(chld_codes[0], CLD_STOPPED, "SIGCHLD of a stop");
	is(chld_codes[1], CLD_CONTINUED, "SIGCHLD of SIGCONT");

	pid = counting_child();
	kill(pid, SIGSTOP);
	wait_status(pid, &status, WUNTRACED);
	kill(pid, SIGKILL);
	is(wait_status(pid, &status, 0), pid, "SIGKILL of a stopped one");
	is(WTERMSIG(status), SIGKILL, "kills at once");

	handle_chld(SA_NOCLDSTOP);
	pid = counting_child();
	kill(pid, SIGSTOP);
	is(wait_status(pid, &status, WUNTRACED), pid, "SA_NOCLDSTOP: wait");
	kill(pid, SIGCONT);
	is(wait_status(pid, &status, WCONTINUED), pid, "and go on");
	is(n_chld, 0, "no SIGCHLD");
	kill(pid, SIGKILL);
	wait_status(pid, &status, 0);
	is(n_chld, 1, "but at the end");
}

/* In a group of its own with a parent outside: not orphaned. */
static pid_t own_group(void)
{
	pid_t pid = counting_child();

	setpgid(pid, pid);
	return pid;
}

static void test_others(void)
{
	static const int sigs[] = { SIGTSTP, SIGTTIN, SIGTTOU };
	int status = 0;

	for (int n = 0; n < 3; n++) {
		pid_t pid = own_group();

		kill(pid, sigs[n]);
		is(wait_status(pid, &status, WUNTRACED), pid, "a stop signal");
		is(WSTOPSIG(status), sigs[n], "stops");
		kill(pid, SIGKILL);
		wait_status(pid, &status, 0);
	}
}

/* Bits that a child sets when it has seen something. */
static void on_cont(int sig)
{
	*counter |= 1 << (sig == SIGCONT ? 4 : 5);
}

static void test_cont(void)
{
	int status = 0;
	sigset_t set;
	pid_t pid;

	/* It continues even if it is blocked, and is then pending. */
	*counter = 0;
	pid = fork();
	if (!pid) {
		signal(SIGCONT, on_cont);
		sigemptyset(&set);
		sigaddset(&set, SIGCONT);
		sigprocmask(SIG_BLOCK, &set, NULL);
		raise(SIGSTOP);
		sigpending(&set);
		*counter |= sigismember(&set, SIGCONT) ? 1 : 2;
		sigemptyset(&set);
		sigprocmask(SIG_SETMASK, &set, NULL);
		_exit(*counter);
	}
	wait_status(pid, &status, WUNTRACED);
	kill(pid, SIGCONT);
	wait_status(pid, &status, 0);
	is(WEXITSTATUS(status), 1 | 16, "a blocked SIGCONT continues");

	pid = fork();
	if (!pid) {
		signal(SIGCONT, SIG_IGN);
		raise(SIGSTOP);
		_exit(7);
	}
	wait_status(pid, &status, WUNTRACED);
	kill(pid, SIGCONT);
	wait_status(pid, &status, 0);
	is(WEXITSTATUS(status), 7, "an ignored SIGCONT continues");

	/* Each discards the other where it waits. */
	*counter = 0;
	pid = fork();
	if (!pid) {
		signal(SIGCONT, on_cont);
		sigemptyset(&set);
		sigaddset(&set, SIGCONT);
		sigaddset(&set, SIGTSTP);
		sigprocmask(SIG_BLOCK, &set, NULL);
		raise(SIGTSTP);
		raise(SIGCONT);
		sigpending(&set);
		if (!sigismember(&set, SIGTSTP) && sigismember(&set, SIGCONT))
			*counter |= 1;
		raise(SIGTSTP);
		sigpending(&set);
		if (sigismember(&set, SIGTSTP) && !sigismember(&set, SIGCONT))
			*counter |= 2;
		_exit(*counter);
	}
	wait_status(pid, &status, 0);
	is(WEXITSTATUS(status), 3, "stop signals and SIGCONT discard each other");
}

static void *thread_counts(void *arg)
{
	for (;;)
		((volatile int *)arg)[0]++;
	return NULL;
}

static void *thread_sleeps(void *arg)
{
	(void)arg;
	pause();
	return NULL;
}

static void test_threads(void)
{
	int status = 0, ticking = 0, a, b;
	pid_t pid = fork();
	pthread_t p;

	if (!pid) {
		pthread_create(&p, NULL, thread_counts, (void *)(uintptr_t)&counter[1]);
		pthread_create(&p, NULL, thread_counts, (void *)(uintptr_t)&counter[2]);
		pthread_create(&p, NULL, thread_sleeps, NULL);
		for (;;)
			counter[0]++;
	}
	do {
		nap();
	} while (!counter[1] || !counter[2]);
	kill(pid, SIGSTOP);
	is(wait_status(pid, &status, WUNTRACED), pid, "threads stop");
	a = counter[1];
	b = counter[2];
	nap();
	ok(stands_still() && counter[1] == a && counter[2] == b, "all of them");
	kill(pid, SIGCONT);
	for (int n = 0; n < 100 && !ticking; n++) {
		nap();
		ticking = counter[1] != a && counter[2] != b;
	}
	ok(ticking, "and go on");
	kill(pid, SIGSTOP);
	is(wait_status(pid, &status, WUNTRACED), pid, "threads stop again");
	kill(pid, SIGKILL);
	is(wait_status(pid, &status, 0), pid, "and are killed");
	is(WTERMSIG(status), SIGKILL, "while they stand");
}

/* A sleep is as long as it was to be, whatever came between. */
static void test_sleep(void)
{
	struct timespec ts = { 0, 200000000 };
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		struct timespec a, b;
		long ms;
		int r;

		clock_gettime(CLOCK_MONOTONIC, &a);
		r = nanosleep(&ts, NULL);
		clock_gettime(CLOCK_MONOTONIC, &b);
		ms = (b.tv_sec - a.tv_sec) * 1000 +
		     (b.tv_nsec - a.tv_nsec) / 1000000;
		_exit(r == 0 && ms >= 199);
	}
	nap();
	kill(pid, SIGSTOP);
	wait_status(pid, &status, WUNTRACED);
	kill(pid, SIGCONT);
	wait_status(pid, &status, 0);
	is(WEXITSTATUS(status), 1, "nanosleep over a stop");
}

/* A thread that stops in the middle of a vfork'd child's parent and the like. */
static void test_stop_self(void)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		raise(SIGSTOP);
		kill(getpid(), SIGSTOP);
		_exit(3);
	}
	is(wait_status(pid, &status, WUNTRACED), pid, "raise(SIGSTOP)");
	kill(pid, SIGCONT);
	do {
		is(wait_status(pid, &status, WUNTRACED), pid, "once more");
	} while (0);
	ok(WIFSTOPPED(status), "by kill");
	kill(pid, SIGCONT);
	wait_status(pid, &status, 0);
	is(WEXITSTATUS(status), 3, "then it goes on to its end");
}

int main(void)
{
	need_own_proc();
	counter = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	test_stop();
	test_others();
	test_cont();
	test_threads();
	test_sleep();
	test_stop_self();
	return done_testing();
}
