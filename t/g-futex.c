/* SPDX-License-Identifier: Apache-2.0 */
/* g-futex.c: futex(2) by number. */
#define _GNU_SOURCE
#include "t/guest.h"

#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long futex(void *uaddr, int op, uint32_t val, void *timeout,
		  void *uaddr2, uint32_t val3)
{
	return syscall(SYS_futex, uaddr, op, val, timeout, uaddr2, val3);
}

static uint32_t word, other;
static volatile int asleep, woken;
static int wait_op = FUTEX_WAIT;
static uint32_t wait_bits = FUTEX_BITSET_MATCH_ANY;

static void *waiter(void *arg)
{
	long ret;

	__atomic_fetch_add(&asleep, 1, __ATOMIC_SEQ_CST);
	do {
		ret = futex(arg, wait_op, 0, NULL, NULL, wait_bits);
	} while (ret == -1 && errno == EINTR);
	__atomic_fetch_add(&woken, 1, __ATOMIC_SEQ_CST);
	return (void *)ret;
}

static void doze(void)
{
	struct timespec ts = { 0, 30000000 };

	nanosleep(&ts, NULL);
}

static void start(pthread_t *t, int n)
{
	int i;

	asleep = woken = 0;
	for (i = 0; i < n; i++)
		pthread_create(&t[i], NULL, waiter, &word);
	while (asleep < n)
		sched_yield();
	doze();
}

static void finish(pthread_t *t, int n)
{
	int i;

	for (i = 0; i < n; i++)
		pthread_join(t[i], NULL);
}

static void test_errors(void)
{
	struct timespec ts = { 0, 1000000 };

	is_errno(futex(&word, FUTEX_WAIT, 1, NULL, NULL, 0), EAGAIN,
		 "the word has another value");
	is_errno(futex((char *)&word + 1, FUTEX_WAIT, 0, NULL, NULL, 0), EINVAL,
		 "not aligned");
	is_errno(futex((void *)8, FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT,
		 "no such memory");
	is_errno(futex((void *)8, FUTEX_WAKE, 1, NULL, NULL, 0), EFAULT,
		 "wake: no such memory");
	is(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0), 0, "wake nobody");
	is_errno(futex(&word, FUTEX_WAIT, 0, &ts, NULL, 0), ETIMEDOUT,
		 "a timeout");
	ts.tv_nsec = -1;
	is_errno(futex(&word, FUTEX_WAIT, 0, &ts, NULL, 0), EINVAL,
		 "not a time");
	is_errno(futex(&word, FUTEX_WAIT, 0, (void *)8, NULL, 0), EFAULT,
		 "bad pointer to the time");
	is_errno(futex(&word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0), EINVAL,
		 "no bits to wait for");
	is_errno(futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0), EINVAL,
		 "no bits to wake");
	is_errno(futex(&word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL,
		       0), ENOSYS, "wake has no clock");
	is_errno(futex(&word, 99, 1, NULL, NULL, 0), ENOSYS, "no such operation");
	is_errno(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)1, &other, 5),
		 EAGAIN, "requeue: another value");
	is_errno(futex(&word, FUTEX_REQUEUE, (uint32_t)-1, (void *)1, &other,
		       0), EINVAL, "requeue: negative count");
}

static void test_deadlines(void)
{
	static const int clocks[] = { CLOCK_MONOTONIC, CLOCK_REALTIME };
	struct timespec ts, before, after;
	int i;

	for (i = 0; i < 2; i++) {
		int op = FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG |
			 (i ? FUTEX_CLOCK_REALTIME : 0);
		long ns;

		clock_gettime(clocks[i], &before);
		ts = before;
		ts.tv_nsec += 30000000;
		if (ts.tv_nsec >= 1000000000) {
			ts.tv_nsec -= 1000000000;
			ts.tv_sec++;
		}
		is_errno(futex(&word, op, 0, &ts, NULL,
			       FUTEX_BITSET_MATCH_ANY), ETIMEDOUT,
			 i ? "until a time of the wall clock" :
			 "until a time of the monotonic clock");
		clock_gettime(clocks[i], &after);
		ns = (after.tv_sec - before.tv_sec) * 1000000000L +
		     after.tv_nsec - before.tv_nsec;
		ok(ns >= 30000000, i ? "and not before it, wall clock" :
		   "and not before it, monotonic");
	}
	memset(&ts, 0, sizeof(ts));
	is_errno(futex(&word, FUTEX_WAIT_BITSET, 0, &ts, NULL, 1), ETIMEDOUT,
		 "a time that is past");
}

static void test_wake(int private)
{
	pthread_t t[8];

	wait_op = FUTEX_WAIT | private;
	start(t, 8);
	is(futex(&word, FUTEX_WAKE | private, 3, NULL, NULL, 0), 3,
	   private ? "wake three, private" : "wake three");
	doze();
	is(woken, 3, private ? "three went on, private" : "three went on");
	is(futex(&word, FUTEX_WAKE | private, 100, NULL, NULL, 0), 5,
	   private ? "wake the rest, private" : "wake the rest");
	finish(t, 8);
}

static void test_bits(void)
{
	pthread_t t[4];

	wait_op = FUTEX_WAIT_BITSET;
	wait_bits = 1;
	start(t, 2);
	wait_bits = 6;
	start(t + 2, 2);
	is(futex(&word, FUTEX_WAKE_BITSET, 10, NULL, NULL, 8), 0,
	   "bits that nobody waits for");
	is(futex(&word, FUTEX_WAKE_BITSET, 10, NULL, NULL, 2), 2,
	   "bits that two wait for");
	is(futex(&word, FUTEX_WAKE, 10, NULL, NULL, 0), 2, "any bits");
	finish(t, 4);
	wait_bits = FUTEX_BITSET_MATCH_ANY;
}

static void test_requeue(void)
{
	pthread_t t[6];

	wait_op = FUTEX_WAIT;
	start(t, 6);
	is(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)3, &other, 0), 4,
	   "wake one, move three");
	doze();
	is(woken, 1, "one went on");
	is(futex(&other, FUTEX_WAKE, 10, NULL, NULL, 0), 3, "three had moved");
	is(futex(&word, FUTEX_REQUEUE, 0, (void *)1, &other, 0), 1, "move one");
	is(futex(&word, FUTEX_WAKE, 10, NULL, NULL, 0), 1, "one was left");
	is(futex(&other, FUTEX_WAKE, 10, NULL, NULL, 0), 1, "one had moved");
	finish(t, 6);
}

static void test_wake_op(void)
{
	pthread_t t[2];

	wait_op = FUTEX_WAIT;
	start(t, 2);
	other = 5;
	is(futex(&word, FUTEX_WAKE_OP, 1, (void *)1, &other,
		 FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 4)), 1,
	   "wake and add, the comparison fails");
	is(other, 8, "added");
	is(futex(&other, FUTEX_WAKE_OP, 1, (void *)1, &word,
		 FUTEX_OP(FUTEX_OP_OR, 0, FUTEX_OP_CMP_LT, 1)), 1,
	   "wake and or, the comparison holds");
	finish(t, 2);
	futex(&word, FUTEX_WAKE_OP, 1, (void *)1, &other,
	      FUTEX_OP(FUTEX_OP_SET, (-1), FUTEX_OP_CMP_EQ, 0));
	is((int)other, -1, "arguments have a sign");
	futex(&word, FUTEX_WAKE_OP, 1, (void *)1, &other,
	      FUTEX_OP((FUTEX_OP_ANDN | FUTEX_OP_OPARG_SHIFT), 4,
		       FUTEX_OP_CMP_EQ, 0));
	is((int)other, ~16, "a shifted argument");
	other = 0;
}

static void test_shared(void)
{
	char name[] = "/tmp/futex-XXXXXX";
	uint32_t *a, *b;
	pthread_t t;
	int fd = mkstemp(name);

	if (fd < 0 || ftruncate(fd, 4096)) {
		ok(0, "a file to share");
		return;
	}
	unlink(name);
	a = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	b = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ok(a != MAP_FAILED && b != MAP_FAILED && a != b, "one page, twice");
	wait_op = FUTEX_WAIT;
	asleep = woken = 0;
	pthread_create(&t, NULL, waiter, a + 5);
	while (!asleep)
		sched_yield();
	doze();
	is(futex(b + 4, FUTEX_WAKE, 1, NULL, NULL, 0), 0, "another word");
	is(futex(b + 5, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0), 0,
	   "a private wake-up does not see it");
	is(futex(b + 5, FUTEX_WAKE, 1, NULL, NULL, 0), 1,
	   "the same word by another address");
	pthread_join(t, NULL);
	close(fd);
}

static volatile int ended;

static void on_signal(int sig)
{
	(void)sig;
}

static void *interrupted(void *arg)
{
	struct timespec ts = { 10, 0 };
	long ret = futex(&word, FUTEX_WAIT, 0, arg ? &ts : NULL, NULL, 0);
	int err = ret == -1 ? errno : 0;

	ended = 1;
	return (void *)(long)err;
}

static void interrupt(int flags, void *arg, int wanted, const char *name)
{
	struct sigaction a = { .sa_handler = on_signal, .sa_flags = flags };
	pthread_t t;
	void *ret;

	ended = 0;
	sigaction(SIGUSR1, &a, NULL);
	pthread_create(&t, NULL, interrupted, arg);
	/* Again, for on a busy machine it may not have been asleep. */
	for (int i = 0; i < (wanted ? 500 : 1) && !ended; i++) {
		doze();
		pthread_kill(t, SIGUSR1);
	}
	while (!ended) {
		doze();
		futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0);
	}
	pthread_join(t, &ret);
	is((long)ret, wanted, name);
}

static void test_interrupt(void)
{
	interrupt(0, NULL, EINTR, "a handler ends a wait");
	interrupt(SA_RESTART, NULL, 0, "SA_RESTART starts it again");
	interrupt(0, &word, EINTR, "a handler ends a wait with a timeout");
	interrupt(SA_RESTART, &word, EINTR, "which SA_RESTART does not change");
}

int main(void)
{
	test_errors();
	test_deadlines();
	test_wake(0);
	test_wake(FUTEX_PRIVATE_FLAG);
	test_bits();
	test_requeue();
	test_wake_op();
	test_shared();
	test_interrupt();
	return done_testing();
}
