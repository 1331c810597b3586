/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-join.c: the word that tells of a thread's end, CLONE_CHILD_CLEARTID, and
 * all that can happen to who sleeps on it.
 */
#define _GNU_SOURCE
#include "t/guest.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint32_t *word;		/* the number of the thread, until its end */
static uint32_t other, go;
static int woken, interrupted, joiner_tid[2];

static long futex(void *uaddr, int op, uint32_t val, void *timeout,
		  void *uaddr2, uint32_t val3)
{
	return syscall(SYS_futex, uaddr, op, val, timeout, uaddr2, val3);
}

static int get(int *p)
{
	return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}

static void nap(void)
{
	struct timespec ts = { 0, 1000000 };

	nanosleep(&ts, NULL);
}

/* Until thread @tid of this process sleeps. */
static void until_asleep(int tid)
{
	char name[64], line[512], *end;

	snprintf(name, sizeof(name), "/proc/self/task/%d/stat", tid);
	for (;;) {
		FILE *f = fopen(name, "r");
		int asleep = 0;

		if (f && fgets(line, sizeof(line), f)) {
			end = strrchr(line, ')');
			asleep = end && end[1] && end[2] == 'S';
		}
		if (f)
			fclose(f);
		if (asleep)
			return;
		nap();
	}
}

static void wait_for_go(void)
{
	while (!__atomic_load_n(&go, __ATOMIC_SEQ_CST))
		futex(&go, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

static void tell_to_go(void)
{
	__atomic_store_n(&go, 1, __ATOMIC_SEQ_CST);
	futex(&go, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

enum { ENDS, WAKES, FORKS, HIDES };

/* A thread whose end the word tells, in place of its libc's. */
static void *target(void *arg)
{
	int how = *(int *)arg;
	pid_t pid;

	__atomic_store_n(word, (uint32_t)syscall(SYS_set_tid_address, word),
			 __ATOMIC_SEQ_CST);
	wait_for_go();
	if (how == WAKES) {
		go = 0;
		futex(word, FUTEX_WAKE, 1, NULL, NULL, 0);
		wait_for_go();
	} else if (how == FORKS) {
		pid = vfork();
		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	} else if (how == HIDES) {
		mprotect(word, 4096, PROT_READ);
	}
	return NULL;
}

static uint32_t start(int *how)
{
	pthread_t th;

	go = 0;
	woken = interrupted = 0;
	mprotect(word, 4096, PROT_READ | PROT_WRITE);
	*word = 0;
	pthread_create(&th, NULL, target, how);
	pthread_detach(th);
	while (!__atomic_load_n(word, __ATOMIC_SEQ_CST))
		nap();
	return *word;
}

static void *joiner(void *arg)
{
	uint32_t val = __atomic_load_n(word, __ATOMIC_SEQ_CST);

	__atomic_store_n((int *)arg, (int)syscall(SYS_gettid),
			 __ATOMIC_SEQ_CST);
	if (!futex(word, FUTEX_WAIT, val, NULL, NULL, 0))
		__atomic_fetch_add(&woken, 1, __ATOMIC_SEQ_CST);
	else if (errno == EINTR)
		__atomic_fetch_add(&interrupted, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static pthread_t join_from(int i)
{
	pthread_t th;

	joiner_tid[i] = 0;
	pthread_create(&th, NULL, joiner, &joiner_tid[i]);
	while (!get(&joiner_tid[i]))
		nap();
	until_asleep(joiner_tid[i]);
	return th;
}

static void until_gone(void)
{
	while (__atomic_load_n(word, __ATOMIC_SEQ_CST))
		nap();
}

static void on_signal(int sig)
{
	(void)sig;
}

static void test_ends(void)
{
	static int how[] = { ENDS, FORKS };
	static const char *const names[] = {
		"the end of a thread wakes", "one that had a child by vfork",
	};

	for (int i = 0; i < 2; i++) {
		pthread_t th;

		start(&how[i]);
		th = join_from(0);
		tell_to_go();
		pthread_join(th, NULL);
		is(*word, 0, names[i]);
		is(woken, 1, "by a wake-up");
	}
}

static void test_woken_before(void)
{
	static int how = ENDS, wakes = WAKES;
	uint32_t tid;
	pthread_t th;

	tid = start(&how);
	th = join_from(0);
	is(futex(word, FUTEX_WAKE, 1, NULL, NULL, 0), 1, "woken by another");
	pthread_join(th, NULL);
	ok(*word == tid && woken == 1, "while the thread is there");
	tell_to_go();
	until_gone();

	tid = start(&wakes);
	th = join_from(0);
	tell_to_go();
	pthread_join(th, NULL);
	ok(*word == tid && woken == 1, "woken by the thread itself");
	tell_to_go();
	until_gone();
	ok(1, "which ends later");
}

static void test_signal(void)
{
	static int how = ENDS, hides = HIDES;
	struct sigaction sa = { .sa_handler = on_signal };
	uint32_t tid;
	pthread_t th;

	sigaction(SIGUSR1, &sa, NULL);
	tid = start(&how);
	th = join_from(0);
	pthread_kill(th, SIGUSR1);
	pthread_join(th, NULL);
	ok(*word == tid && interrupted == 1, "a signal ends the sleep");
	sa.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &sa, NULL);
	th = join_from(0);
	pthread_kill(th, SIGUSR1);
	until_asleep(joiner_tid[0]);
	tell_to_go();
	pthread_join(th, NULL);
	ok(!*word && interrupted == 1, "or does not");

	/* The word cannot be written: nobody is told. */
	sa.sa_flags = 0;
	sigaction(SIGUSR1, &sa, NULL);
	start(&hides);
	tid = *word;
	th = join_from(0);
	tell_to_go();
	while (!syscall(SYS_tgkill, getpid(), tid, 0))
		nap();
	until_asleep(joiner_tid[0]);
	pthread_kill(th, SIGUSR1);
	pthread_join(th, NULL);
	ok(*word == tid && interrupted == 1 && !woken,
	   "a word that cannot be written wakes nobody");
}

static void test_two(void)
{
	static int how = ENDS;
	pthread_t th[2];

	start(&how);
	th[0] = join_from(0);
	th[1] = join_from(1);
	tell_to_go();
	until_gone();
	while (!get(&woken))
		nap();
	is(futex(word, FUTEX_WAKE, 9, NULL, NULL, 0), 1,
	   "of two that wait one is woken");
	pthread_join(th[0], NULL);
	pthread_join(th[1], NULL);
	is(woken, 2, "and the other later");
}

static void test_moved(void)
{
	static int how = ENDS;
	uint32_t tid;
	pthread_t th;

	tid = start(&how);
	th = join_from(0);
	is(futex(word, FUTEX_CMP_REQUEUE, 0, (void *)1, &other, tid), 1,
	   "moved to another word");
	tell_to_go();
	until_gone();
	while (!syscall(SYS_tgkill, getpid(), tid, 0))
		nap();
	until_asleep(joiner_tid[0]);
	is(woken, 0, "the end is not told there");
	is(futex(&other, FUTEX_WAKE, 1, NULL, NULL, 0), 1, "woken there");
	pthread_join(th, NULL);
	is(woken, 1, "the sleep ends");
}

static void test_timeout(void)
{
	static int how = ENDS;
	struct timespec ts = { 0, 20000000 };
	uint32_t tid = start(&how);

	is_errno(futex(word, FUTEX_WAIT, tid, &ts, NULL, 0), ETIMEDOUT,
		 "a time passes");
	clock_gettime(CLOCK_REALTIME, &ts);
	is_errno(futex(word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, tid,
		       &ts, NULL, ~0U), ETIMEDOUT, "or has come");
	tell_to_go();
	until_gone();
}

static void *nothing(void *arg)
{
	return arg;
}

static void *many_more(void *arg)
{
	for (int i = 0; i < 300; i++) {
		pthread_t th;

		if (pthread_create(&th, NULL, nothing, arg) ||
		    pthread_join(th, NULL))
			return NULL;
	}
	return arg;
}

static void test_many(void)
{
	pthread_t th[4];
	int good = 0;

	for (int i = 0; i < 4; i++)
		pthread_create(&th[i], NULL, many_more, &th);
	for (int i = 0; i < 4; i++) {
		void *ret;

		pthread_join(th[i], &ret);
		good += ret == &th;
	}
	is(good, 4, "four threads that start and join others");
}

/* What becomes of a process whose first thread waits for another. */
static void *ends_all(void *arg)
{
	until_asleep(getpid());
	if (*(int *)arg == 0)
		_exit(5);
	if (*(int *)arg == 1)
		execl("/proc/self/exe", "g-join", "exit6", (char *)NULL);
	kill(getpid(), SIGKILL);
	return NULL;
}

static void *outlives(void *arg)
{
	joiner(arg);
	_exit(woken && !*word ? 7 : 1);
}

static void test_processes(void)
{
	static const char *const names[] = {
		"the thread ends the process", "it executes a program",
		"it is killed",
	};
	static const int want[] = { 5 << 8, 6 << 8, SIGKILL };
	pthread_t th;
	int status;
	pid_t pid;

	for (int i = 0; i < 3; i++) {
		pid = fork();
		if (!pid) {
			pthread_create(&th, NULL, ends_all, &i);
			pthread_join(th, NULL);
			_exit(1);
		}
		waitpid(pid, &status, 0);
		is(status, want[i], names[i]);
	}
	pid = fork();
	if (!pid) {
		*word = (uint32_t)syscall(SYS_set_tid_address, word);
		woken = joiner_tid[1] = 0;
		join_from(0);
		pthread_create(&th, NULL, outlives, &joiner_tid[1]);
		while (!get(&joiner_tid[1]))
			nap();
		until_asleep(joiner_tid[1]);
		/* The first goes, so that the end is the second one's. */
		futex(word, FUTEX_WAKE, 1, NULL, NULL, 0);
		syscall(SYS_exit, 0);
	}
	waitpid(pid, &status, 0);
	is(status, 7 << 8, "the end of the first thread");
}

static void *joins(void *first)
{
	pthread_join(*(pthread_t *)first, NULL);
	_exit(5);
}

/* The first thread of a child ends, and another waits for that. */
static void test_first(void)
{
	static pthread_t first;
	int status, good = 0;
	pthread_t t;

	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();

		if (!pid) {
			first = pthread_self();
			if (pthread_create(&t, NULL, joins, &first))
				_exit(1);
			pthread_exit(NULL);
		}
		good += waitpid(pid, &status, 0) == pid &&
			WIFEXITED(status) && WEXITSTATUS(status) == 5;
	}
	is(good, 20, "join a child's first thread");
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return !strcmp(argv[1], "exit6") ? 6 : 2;
	word = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (word == MAP_FAILED)
		return 99;
	test_ends();
	test_woken_before();
	test_signal();
	test_two();
	test_moved();
	test_timeout();
	test_many();
	test_processes();
	test_first();
	return done_testing();
}
