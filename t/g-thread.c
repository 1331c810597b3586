/* SPDX-License-Identifier: Apache-2.0 */
/* g-thread.c: threads by pthread and by bare clone. */
#define _GNU_SOURCE
#include "t/guest.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define N	16
#define ROUNDS	2000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static long total;
static __thread long mine = 5;

static void *adder(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&mutex);
		total++;
		pthread_mutex_unlock(&mutex);
		mine++;
	}
	return (void *)mine;
}

static void test_join(void)
{
	pthread_t t[N];
	long sum = 0;
	void *ret;
	int i;

	for (i = 0; i < N; i++)
		pthread_create(&t[i], NULL, adder, NULL);
	for (i = 0; i < N; i++) {
		pthread_join(t[i], &ret);
		sum += (long)ret;
	}
	is(total, N * ROUNDS, "a mutex keeps a counter right");
	is(sum, N * (ROUNDS + 5), "each thread has its own variables");
	is(mine, 5, "and so has the first");
}

static int turn;

static void *player(void *arg)
{
	int me = arg != NULL, i;

	for (i = 0; i < 500; i++) {
		pthread_mutex_lock(&mutex);
		while (turn != me)
			pthread_cond_wait(&cond, &mutex);
		turn = !me;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

static void test_cond(void)
{
	struct timespec ts;
	pthread_t t[2];

	pthread_create(&t[0], NULL, player, NULL);
	pthread_create(&t[1], NULL, player, &turn);
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
	ok(1, "two threads take turns");

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_nsec += 20000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_nsec -= 1000000000;
		ts.tv_sec++;
	}
	pthread_mutex_lock(&mutex);
	is(pthread_cond_timedwait(&cond, &mutex, &ts), ETIMEDOUT,
	   "a wait for a condition times out");
	pthread_mutex_unlock(&mutex);
}

static int passed;

static void *at_barrier(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 20; i++)
		/* NOLINTNEXTLINE(bugprone-posix-return): it is -1 */
		if (pthread_barrier_wait(&barrier) ==
		    PTHREAD_BARRIER_SERIAL_THREAD)
			passed++;
	return NULL;
}

static void test_barrier(void)
{
	pthread_t t[5];
	int i;

	pthread_barrier_init(&barrier, NULL, 5);
	for (i = 0; i < 5; i++)
		pthread_create(&t[i], NULL, at_barrier, NULL);
	for (i = 0; i < 5; i++)
		pthread_join(t[i], NULL);
	is(passed, 20, "five threads meet twenty times");
}

static void *short_one(void *arg)
{
	return arg;
}

static void test_many(void)
{
	pthread_attr_t a;
	pthread_t t;
	int i, good = 1;

	for (i = 0; i < 500; i++) {
		good &= !pthread_create(&t, NULL, short_one, &i);
		good &= !pthread_join(t, NULL);
	}
	ok(good, "five hundred, one after the other");
	pthread_attr_init(&a);
	pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
	for (i = 0; i < 50; i++)
		good &= !pthread_create(&t, &a, short_one, NULL);
	ok(good, "fifty that nobody waits for");
}

static volatile int tids[2];

static void *tell_tid(void *arg)
{
	(void)arg;
	tids[0] = (int)syscall(SYS_gettid);
	tids[1] = getpid();
	return NULL;
}

static void test_ids(void)
{
	struct timespec ts = { 0, 1000000 };
	pthread_t t;
	int i;

	ok(gettid() == getpid(), "the first thread's tid is the pid");
	pthread_create(&t, NULL, tell_tid, NULL);
	pthread_join(t, NULL);
	ok(tids[0] != getpid() && tids[0] > 0, "another thread's is not");
	ok(tids[1] == getpid(), "but its pid is the same");
	/* The join is over a moment before the thread is. */
	for (i = 0; i < 1000; i++) {
		if (syscall(SYS_tgkill, getpid(), tids[0], 0))
			break;
		nanosleep(&ts, NULL);
	}
	is_errno(syscall(SYS_tgkill, getpid(), tids[0], 0), ESRCH,
		 "its tid is gone with it");
}

static volatile sig_atomic_t got;
static volatile int got_tid;
static volatile int stop;

static void on_signal(int sig)
{
	(void)sig;
	got_tid = (int)syscall(SYS_gettid);
	got++;
}

static void *spinner(void *arg)
{
	*(volatile int *)arg = (int)syscall(SYS_gettid);
	while (!stop)
		;
	return NULL;
}

static void *sleeper(void *arg)
{
	*(volatile int *)arg = (int)syscall(SYS_gettid);
	while (!stop)
		pause();
	return NULL;
}

static void wait_for(volatile sig_atomic_t *n, int want)
{
	struct timespec ts = { 0, 1000000 };
	int i;

	for (i = 0; i < 5000 && *n < want; i++)
		nanosleep(&ts, NULL);
}

static void kill_thread(void *(*fn)(void *), const char *name)
{
	struct timespec ts = { 0, 1000000 };
	volatile int tid = 0;
	pthread_t t;

	stop = 0;
	got = 0;
	pthread_create(&t, NULL, fn, (void *)(uintptr_t)&tid);
	while (!tid)
		nanosleep(&ts, NULL);
	syscall(SYS_tgkill, getpid(), tid, SIGUSR1);
	wait_for(&got, 1);
	ok(got == 1 && got_tid == tid, name);
	stop = 1;
	syscall(SYS_tgkill, getpid(), tid, SIGUSR1);
	pthread_join(t, NULL);
}

static void *masked(void *arg)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &s, NULL);
	return sleeper(arg);
}

static void test_signals(void)
{
	struct timespec ts = { 0, 1000000 };
	struct sigaction a = { .sa_handler = on_signal };
	volatile int tid = 0;
	sigset_t s;
	pthread_t t;

	sigaction(SIGUSR1, &a, NULL);
	sigaction(SIGUSR2, &a, NULL);
	kill_thread(sleeper, "a signal reaches a thread that sleeps");
	kill_thread(spinner, "a signal reaches a thread that computes");

	/* To the process: a thread that does not block it takes it. */
	stop = 0;
	got = 0;
	pthread_create(&t, NULL, masked, (void *)(uintptr_t)&tid);
	while (!tid)
		nanosleep(&ts, NULL);
	kill(getpid(), SIGUSR2);
	ok(got == 1 && got_tid == getpid(), "the thread that has it unblocked");
	sigemptyset(&s);
	sigaddset(&s, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &s, NULL);
	kill(getpid(), SIGUSR1);
	wait_for(&got, 2);
	ok(got == 2 && got_tid == tid, "or the other one");
	pthread_sigmask(SIG_UNBLOCK, &s, NULL);
	stop = 1;
	syscall(SYS_tgkill, getpid(), tid, SIGUSR1);
	pthread_join(t, NULL);
}

static pthread_mutex_t robust;

static void *dies_with_lock(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&robust);
	return NULL;
}

static void test_robust(void)
{
	pthread_mutexattr_t a;
	pthread_t t;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&robust, &a);
	pthread_create(&t, NULL, dies_with_lock, NULL);
	pthread_join(t, NULL);
	is(pthread_mutex_lock(&robust), EOWNERDEAD, "a robust mutex tells");
	is(pthread_mutex_consistent(&robust), 0, "and can be repaired");
	is(pthread_mutex_unlock(&robust), 0, "and released");
	is(pthread_mutex_trylock(&robust), 0, "and taken");
}

static int cancelled;

static void cleanup(void *arg)
{
	(void)arg;
	cancelled++;
}

static void *cancel_me(void *arg)
{
	(void)arg;
	pthread_cleanup_push(cleanup, NULL);
	for (;;)
		sleep(100);
	pthread_cleanup_pop(0);
	return NULL;
}

static void test_cancel(void)
{
	struct timespec ts = { 0, 5000000 };
	void *ret;
	pthread_t t;

	pthread_create(&t, NULL, cancel_me, NULL);
	nanosleep(&ts, NULL);
	pthread_cancel(t);
	pthread_join(t, &ret);
	ok(ret == PTHREAD_CANCELED, "a sleep is a cancellation point");
	is(cancelled, 1, "and cleans up");
}

/* Bare clone: what the runtimes of other languages do. */
static volatile int bare_word, bare_fs_ok;
static uint64_t tls_block[64];

static int bare(void *arg)
{
	uint64_t self;

	__asm__ volatile("mov %%fs:0, %0" : "=r"(self));
	bare_fs_ok = self == (uint64_t)tls_block;
	bare_word = *(int *)arg;
	/* No libc here: its thread pointer is not ours. */
	__asm__ volatile("syscall" :: "a"(SYS_exit), "D"(0) : "memory");
	return 0;
}

static void test_clone(void)
{
	int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
		    CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |
		    CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID |
		    CLONE_CHILD_SETTID;
	static int ctid, ptid, arg = 99;
	char *stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ret, now;

	tls_block[0] = (uint64_t)tls_block;
	ctid = -1;
	ret = clone(bare, stack + 65536, flags, &arg, &ptid, tls_block, &ctid);
	ok(ret > 0, "clone");
	ok(ptid == ret, "CLONE_PARENT_SETTID");
	while ((now = __atomic_load_n(&ctid, __ATOMIC_ACQUIRE)) != 0)
		syscall(SYS_futex, &ctid, 0 /* WAIT */, now, NULL, NULL, 0);
	is(bare_word, 99, "it ran");
	is(bare_fs_ok, 1, "CLONE_SETTLS");
	is(ctid, 0, "CLONE_CHILD_CLEARTID");

	is_errno(syscall(SYS_clone, CLONE_THREAD, 0, 0, 0, 0), EINVAL,
		 "CLONE_THREAD alone");
	is_errno(syscall(SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0), EINVAL,
		 "CLONE_SIGHAND alone");
	/* Containers have it fail with ENOSYS, to filter clone's flags. */
	if (host_lacks(SYS_clone3)) {
		ok(1, "clone3: too small");
		ok(1, "clone3: too big");
		ok(1, "clone3: bad pointer");
		return;
	}
	is_errno(syscall(SYS_clone3, NULL, 8), EINVAL, "clone3: too small");
	is_errno(syscall(SYS_clone3, NULL, 100000), E2BIG, "clone3: too big");
	is_errno(syscall(SYS_clone3, (void *)8, 64), EFAULT,
		 "clone3: bad pointer");
	munmap(stack, 65536);
}

static void *last_one(void *arg)
{
	struct timespec ts = { 0, 20000000 };

	(void)arg;
	nanosleep(&ts, NULL);
	ok(1, "the first thread has ended, this one goes on");
	exit(done_testing());
}

int main(void)
{
	pthread_t t;

	test_join();
	test_cond();
	test_barrier();
	test_many();
	test_ids();
	test_signals();
	test_robust();
	test_cancel();
	test_clone();
	pthread_create(&t, NULL, last_one, NULL);
	pthread_exit(NULL);
}
