/* SPDX-License-Identifier: Apache-2.0 */
/* g-thread-exec.c: execve by a thread ends the others, whatever they do. */
#define _GNU_SOURCE
#include "t/guest.h"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static char *self;
static int fds[2];

static void *compute(void *arg)
{
	for (;;)
		__asm__ volatile("" ::: "memory");
	return arg;
}

static void *sleeper(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void *reader(void *arg)
{
	char c;

	while (read(fds[0], &c, 1) >= 0)
		;
	return arg;
}

static void *runner(void *arg)
{
	char pid[32];
	struct timespec ts = { 0, 20000000 };

	(void)arg;
	nanosleep(&ts, NULL);
	snprintf(pid, sizeof(pid), "%d", getpid());
	execl(self, self, pid, (char *)NULL);
	ok(0, "execve");
	exit(1);
}

static volatile sig_atomic_t count;

static void on_signal(int sig)
{
	(void)sig;
	count++;
}

/* The new program: one thread, the old number, handlers gone. */
static int after(const char *pid)
{
	struct sigaction a;
	sigset_t s;

	ok(getpid() == atoi(pid), "the pid is the same");
	ok(gettid() == getpid(), "the thread is the first now");
	sigaction(SIGUSR1, NULL, &a);
	ok(a.sa_handler == SIG_DFL, "a handler is default");
	sigaction(SIGUSR2, NULL, &a);
	ok(a.sa_handler == SIG_IGN, "an ignored signal stays ignored");
	sigprocmask(SIG_SETMASK, NULL, &s);
	ok(sigismember(&s, SIGTERM), "the mask stays");
	is(kill(getpid(), 0), 0, "it can be found");
	signal(SIGUSR1, on_signal);
	kill(getpid(), SIGUSR1);
	is(count, 1, "it gets signals");
	return done_testing();
}

int main(int argc, char **argv)
{
	static void *(*const fns[])(void *) = {
		compute, sleeper, reader, sleeper,
	};
	pthread_t t;
	sigset_t s;
	unsigned int i;

	if (argc > 1)
		return after(argv[1]);
	self = argv[0];
	if (pipe(fds))
		return 1;
	signal(SIGUSR1, on_signal);
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&s);
	sigaddset(&s, SIGTERM);
	sigprocmask(SIG_BLOCK, &s, NULL);
	for (i = 0; i < sizeof(fns) / sizeof(fns[0]); i++)
		pthread_create(&t, NULL, fns[i], NULL);
	pthread_create(&t, NULL, runner, NULL);
	pause();
	return 1;
}
