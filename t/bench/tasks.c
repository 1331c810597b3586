/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tasks.c: what processes, threads, signals and waking each other cost.
 *
 * usage: tasks PROGRAM [CASE...]
 *
 * PROGRAM is what posix_spawn starts; it has to end by itself.  Prints a line
 * a case: its name and nanoseconds per round, the median of several slices.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SLICES	7

extern char **environ;
static char *program;

static void need(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void case_fork(long n)
{
	while (n--) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		need(pid > 0 && waitpid(pid, NULL, 0) == pid, "fork");
	}
}

static void case_vfork(long n)
{
	while (n--) {
		pid_t pid = vfork();

		if (!pid)
			_exit(0);
		need(pid > 0 && waitpid(pid, NULL, 0) == pid, "vfork");
	}
}

static void case_spawn(long n)
{
	char *argv[] = { program, NULL };

	while (n--) {
		pid_t pid;

		need(!posix_spawn(&pid, program, NULL, NULL, argv, environ) &&
		     waitpid(pid, NULL, 0) == pid, "posix_spawn");
	}
}

static void case_fork_exec(long n)
{
	while (n--) {
		pid_t pid = fork();

		if (!pid) {
			execl(program, program, (char *)NULL);
			_exit(127);
		}
		need(pid > 0 && waitpid(pid, NULL, 0) == pid, "fork");
	}
}

static void *nothing(void *arg)
{
	return arg;
}

static void case_thread(long n)
{
	while (n--) {
		pthread_t th;

		need(!pthread_create(&th, NULL, nothing, NULL), "thread");
		pthread_join(th, NULL);
	}
}

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught += sig;
}

static void case_signal(long n)
{
	pid_t pid = getpid();

	signal(SIGUSR1, on_signal);
	while (n--)
		kill(pid, SIGUSR1);
}

/* The other side of a ping-pong: a process, ended by the pipes' ends. */
static void case_pipe_pingpong(long n)
{
	int a[2], b[2];
	char c = 0;
	pid_t pid;

	need(!pipe(a) && !pipe(b), "pipe");
	pid = fork();
	if (!pid) {
		close(a[1]);
		while (read(a[0], &c, 1) == 1 && write(b[1], &c, 1) == 1)
			;
		_exit(0);
	}
	while (n--)
		need(write(a[1], &c, 1) == 1 && read(b[0], &c, 1) == 1,
		     "ping-pong");
	close(a[0]);
	close(a[1]);
	close(b[0]);
	close(b[1]);
	waitpid(pid, NULL, 0);
}

/* 64 KiB a round. */
static void case_pipe_stream(long n)
{
	static char buf[65536];
	int a[2];
	pid_t pid;

	need(!pipe(a), "pipe");
	pid = fork();
	if (!pid) {
		close(a[1]);
		while (read(a[0], buf, sizeof(buf)) > 0)
			;
		_exit(0);
	}
	close(a[0]);
	while (n--)
		need(write(a[1], buf, sizeof(buf)) == sizeof(buf), "write");
	close(a[1]);
	waitpid(pid, NULL, 0);
}

static void futex(int *word, int op, int val)
{
	syscall(SYS_futex, word, op, val, NULL, NULL, 0);
}

static void wait_for(int *word, int val)
{
	int now;

	while ((now = __atomic_load_n(word, __ATOMIC_ACQUIRE)) != val)
		futex(word, FUTEX_WAIT, now);
}

static void tell(int *word, int val)
{
	__atomic_store_n(word, val, __ATOMIC_RELEASE);
	futex(word, FUTEX_WAKE, 1);
}

static void case_futex_pingpong(long n)
{
	int *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	need(word != MAP_FAILED, "mmap");
	pid = fork();
	if (!pid) {
		for (long i = 0; i < n; i++) {
			wait_for(word, 1);
			tell(word, 0);
		}
		_exit(0);
	}
	for (long i = 0; i < n; i++) {
		tell(word, 1);
		wait_for(word, 0);
	}
	waitpid(pid, NULL, 0);
	munmap(word, 4096);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile long count;

static void case_mutex(long n)
{
	while (n--) {
		pthread_mutex_lock(&lock);
		count++;
		pthread_mutex_unlock(&lock);
	}
}

static void *locker(void *arg)
{
	case_mutex(*(long *)arg);
	return NULL;
}

static void case_mutex_fight(long n)
{
	pthread_t th[2];

	for (int i = 0; i < 2; i++)
		need(!pthread_create(&th[i], NULL, locker, &n), "thread");
	for (int i = 0; i < 2; i++)
		pthread_join(th[i], NULL);
}

static const struct {
	const char *name;
	void (*run)(long n);
	long rounds;	/* of a slice */
} cases[] = {
	{ "fork-exit-wait", case_fork, 100 },
	{ "vfork-exit-wait", case_vfork, 300 },
	{ "posix-spawn", case_spawn, 40 },
	{ "fork-exec", case_fork_exec, 40 },
	{ "thread", case_thread, 300 },
	{ "signal-self", case_signal, 5000 },
	{ "pipe-pingpong", case_pipe_pingpong, 2000 },
	{ "pipe-stream", case_pipe_stream, 1000 },
	{ "futex-pingpong", case_futex_pingpong, 2000 },
	{ "mutex", case_mutex, 200000 },
	{ "mutex-fight", case_mutex_fight, 1000000 },
};

static int wanted(const char *name, int argc, char **argv)
{
	for (int i = 2; i < argc; i++)
		if (!strcmp(argv[i], name))
			return 1;
	return argc == 2;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: tasks PROGRAM [CASE...]\n");
		return 2;
	}
	program = argv[1];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		double took[SLICES];

		if (!wanted(cases[i].name, argc, argv))
			continue;
		cases[i].run(cases[i].rounds / 10 + 1);
		for (int s = 0; s < SLICES; s++) {
			int64_t start = now_ns();

			cases[i].run(cases[i].rounds);
			took[s] = (double)(now_ns() - start) /
				(double)cases[i].rounds;
		}
		qsort(took, SLICES, sizeof(took[0]), compare);
		printf("%s %.1f\n", cases[i].name, took[SLICES / 2]);
	}
	return 0;
}
