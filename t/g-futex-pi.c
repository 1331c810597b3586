/* SPDX-License-Identifier: Apache-2.0 */
/* g-futex-pi.c: futexes that know their owner, among threads. */
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

#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2	13
#endif
#define NOBODY	4194303		/* no such thread: the last number there is */

static long futex(void *uaddr, int op, uint32_t val, void *timeout,
		  void *uaddr2, uint32_t val3)
{
	return syscall(SYS_futex, uaddr, op | FUTEX_PRIVATE_FLAG, val, timeout,
		       uaddr2, val3);
}

static uint32_t tid(void)
{
	return (uint32_t)syscall(SYS_gettid);
}

static uint32_t cond, lock, lock2;
static volatile int stage;

static void doze(void)
{
	struct timespec ts = { 0, 30000000 };

	nanosleep(&ts, NULL);
}

static struct timespec soon(int clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	ts.tv_nsec += 20000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_nsec -= 1000000000;
		ts.tv_sec++;
	}
	return ts;
}

static int has_lock_pi2(void)
{
	uint32_t w = 0;
	int has = futex(&w, FUTEX_LOCK_PI2, 0, NULL, NULL, 0) == 0;

	return has;
}

static void test_alone(void)
{
	lock = 0;
	is(futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0), 0, "lock");
	ok(lock == tid(), "the word is my tid");
	is_errno(futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0), EDEADLK,
		 "lock it again");
	is_errno(futex(&lock, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), EDEADLK,
		 "try to lock it again");
	is(futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), 0, "unlock");
	is(lock, 0, "the word is 0");
	is_errno(futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), EPERM,
		 "unlock what is free");
	is(futex(&lock, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), 0, "try to lock");
	is(futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), 0, "unlock again");
	lock = NOBODY;
	is_errno(futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0), ESRCH,
		 "the owner is nobody");
	ok(lock == (NOBODY | FUTEX_WAITERS), "and the word says: waiters");
	is_errno(futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), EPERM,
		 "unlock what another has");
	lock = FUTEX_OWNER_DIED;
	is(futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0), 0,
	   "lock what a dead one had");
	ok(lock == (tid() | FUTEX_OWNER_DIED), "the word still says so");
	lock = tid() | FUTEX_WAITERS;
	is(futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), 0,
	   "unlock with nobody who waits");
	is(lock, 0, "the word is 0 then");
	is_errno(futex((char *)&lock + 1, FUTEX_LOCK_PI, 0, NULL, NULL, 0),
		 EINVAL, "not aligned");
	is_errno(futex((void *)8, FUTEX_LOCK_PI, 0, NULL, NULL, 0), EFAULT,
		 "no such memory");
	is_errno(futex(&lock, FUTEX_LOCK_PI | FUTEX_CLOCK_REALTIME, 0, NULL,
		       NULL, 0), ENOSYS, "lock_pi has one clock");
}

static void *owner(void *arg)
{
	(void)arg;
	futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
	stage = 1;
	while (stage != 2)
		sched_yield();
	return (void *)futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
}

static void test_owned(void)
{
	struct timespec ts;
	pthread_t t;
	void *ret;

	lock = 0;
	stage = 0;
	pthread_create(&t, NULL, owner, NULL);
	while (stage != 1)
		sched_yield();
	is_errno(futex(&lock, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), EAGAIN,
		 "try what another has");
	ts = soon(CLOCK_REALTIME);
	is_errno(futex(&lock, FUTEX_LOCK_PI, 0, &ts, NULL, 0), ETIMEDOUT,
		 "until a time of the wall clock");
	if (has_lock_pi2()) {
		ts = soon(CLOCK_MONOTONIC);
		errno = 0;
		futex(&lock, FUTEX_LOCK_PI2, 0, &ts, NULL, 0);
		is(errno, ETIMEDOUT, "until a monotonic time");
		ts = soon(CLOCK_REALTIME);
		errno = 0;
		futex(&lock, FUTEX_LOCK_PI2 | FUTEX_CLOCK_REALTIME, 0, &ts,
		      NULL, 0);
		is(errno, ETIMEDOUT, "the other one by the wall clock");
	}
	is_errno(futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), EPERM,
		 "unlock what the other has");
	stage = 2;
	is(futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0), 0,
	   "lock when the other lets go");
	ok((lock & FUTEX_TID_MASK) == tid(), "it is mine");
	pthread_join(t, &ret);
	is((long)ret, 0, "the other's unlock");
	is(futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), 0, "my unlock");
}

static int order[8];
static volatile int n_order, n_start;

static void *queuer(void *arg)
{
	int i = (int)(intptr_t)arg;

	__atomic_fetch_add(&n_start, 1, __ATOMIC_SEQ_CST);
	if (futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0))
		return NULL;
	order[n_order++] = i;
	futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
	return NULL;
}

static void test_queue(void)
{
	pthread_t t[8];
	int i, sorted = 1;

	lock = 0;
	n_order = n_start = 0;
	futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
	for (i = 0; i < 8; i++) {
		pthread_create(&t[i], NULL, queuer, (void *)(intptr_t)i);
		while (n_start <= i)
			sched_yield();
		doze();
	}
	is_errno(futex(&lock, FUTEX_WAKE, 1, NULL, NULL, 0), EINVAL,
		 "a wake-up is not for them");
	is_errno(futex(&lock, FUTEX_CMP_REQUEUE, 1, (void *)1, &lock2, lock),
		 EINVAL, "nor is a requeue");
	futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
	for (i = 0; i < 8; i++) {
		pthread_join(t[i], NULL);
		sorted &= order[i] == i;
	}
	is(n_order, 8, "all eight had it");
	ok(sorted, "first come, first served");
	is(lock, 0, "and it is free");
}

/* Each has one lock and wants the other's. */
static void *crosser(void *arg)
{
	long ret;

	(void)arg;
	futex(&lock2, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
	stage = 1;
	ret = futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
	futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
	futex(&lock2, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
	return (void *)ret;
}

static void test_ring(void)
{
	pthread_t t;
	void *ret;

	lock = lock2 = 0;
	stage = 0;
	futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
	pthread_create(&t, NULL, crosser, NULL);
	while (stage != 1)
		sched_yield();
	doze();
	is_errno(futex(&lock2, FUTEX_LOCK_PI, 0, NULL, NULL, 0), EDEADLK,
		 "each would wait for the other");
	futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
	pthread_join(t, &ret);
	is((long)ret, 0, "the other got it");
	is(lock, 0, "both are free: one");
	is(lock2, 0, "both are free: two");
}

static void *dier(void *arg)
{
	(void)arg;
	futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
	stage = 1;
	while (stage != 2)
		sched_yield();
	doze();
	return NULL;
}

static void test_death(void)
{
	pthread_t t;

	lock = 0;
	stage = 0;
	pthread_create(&t, NULL, dier, NULL);
	while (stage != 1)
		sched_yield();
	stage = 2;
	is(futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0), 0,
	   "the owner ends while I wait");
	ok(lock == (tid() | FUTEX_OWNER_DIED | FUTEX_WAITERS),
	   "the word tells");
	pthread_join(t, NULL);
	is(futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), 0, "let it go");

	stage = 0;
	lock = 0;
	pthread_create(&t, NULL, dier, NULL);
	while (stage != 1)
		sched_yield();
	stage = 2;
	pthread_join(t, NULL);
	doze();
	is_errno(futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0), ESRCH,
		 "the owner ended long ago");
	is_errno(futex(&lock, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), ESRCH,
		 "the same by a try");
}

static pthread_mutex_t robust;

static void *robust_dier(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&robust);
	stage = 1;
	while (stage != 2)
		sched_yield();
	doze();
	return NULL;
}

static void test_robust(int wait)
{
	pthread_mutexattr_t a;
	pthread_t t;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	is(pthread_mutex_init(&robust, &a), 0, wait ?
	   "robust and inheriting, waited for" : "robust and inheriting");
	stage = 0;
	pthread_create(&t, NULL, robust_dier, NULL);
	while (stage != 1)
		sched_yield();
	stage = 2;
	if (!wait)
		pthread_join(t, NULL);
	is(pthread_mutex_lock(&robust), EOWNERDEAD, wait ?
	   "EOWNERDEAD after the wait" : "EOWNERDEAD");
	if (wait)
		pthread_join(t, NULL);
	is(pthread_mutex_consistent(&robust), 0, wait ?
	   "made consistent after the wait" : "made consistent");
	is(pthread_mutex_unlock(&robust), 0, wait ?
	   "unlock it after the wait" : "unlock it");
	is(pthread_mutex_lock(&robust), 0, wait ?
	   "lock it once more after the wait" : "lock it once more");
	pthread_mutex_unlock(&robust);
	pthread_mutex_destroy(&robust);
}

static volatile int waiting, passed;

static void *cond_waiter(void *arg)
{
	long ret;

	(void)arg;
	__atomic_fetch_add(&waiting, 1, __ATOMIC_SEQ_CST);
	ret = futex(&cond, FUTEX_WAIT_REQUEUE_PI, 0, NULL, &lock, 0);
	if (ret)
		return (void *)(long)errno;
	if ((lock & FUTEX_TID_MASK) == tid())
		__atomic_fetch_add(&passed, 1, __ATOMIC_SEQ_CST);
	futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
	return NULL;
}

static void wait_all(pthread_t *t, int n)
{
	waiting = passed = 0;
	for (int i = 0; i < n; i++)
		pthread_create(&t[i], NULL, cond_waiter, NULL);
	while (waiting < n)
		sched_yield();
	doze();
}

static void join_all(pthread_t *t, int n, const char *what)
{
	long bad = 0;
	void *ret;

	for (int i = 0; i < n; i++) {
		pthread_join(t[i], &ret);
		bad += ret != NULL;
	}
	is(bad, 0, what);
}

static void test_requeue(void)
{
	struct timespec ts;
	pthread_t t[4];

	cond = lock = lock2 = 0;
	is_errno(futex(&cond, FUTEX_WAIT_REQUEUE_PI, 0, NULL, &cond, 0),
		 EINVAL, "wait and lock are one word");
	is_errno(futex(&cond, FUTEX_WAIT_REQUEUE_PI, 1, NULL, &lock, 0),
		 EAGAIN, "wait: another value");
	ts = soon(CLOCK_MONOTONIC);
	is_errno(futex(&cond, FUTEX_WAIT_REQUEUE_PI, 0, &ts, &lock, 0),
		 ETIMEDOUT, "wait: not moved in time");
	is_errno(futex(&cond, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, &cond, 0),
		 EINVAL, "move to itself");
	is_errno(futex(&cond, FUTEX_CMP_REQUEUE_PI, 2, (void *)1, &lock, 0),
		 EINVAL, "wake more than one");
	is_errno(futex(&cond, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, &lock, 7),
		 EAGAIN, "move: another value");
	is(futex(&cond, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, &lock, 0), 0,
	   "move nobody");

	wait_all(t, 4);
	is_errno(futex(&cond, FUTEX_WAKE, 1, NULL, NULL, 0), EINVAL,
		 "they are not to be woken");
	is_errno(futex(&cond, FUTEX_CMP_REQUEUE_PI, 1, (void *)9, &lock2, 0),
		 EINVAL, "not the lock that they want");
	is(futex(&cond, FUTEX_CMP_REQUEUE_PI, 1, (void *)9, &lock, 0), 4,
	   "move four to a free lock");
	join_all(t, 4, "all came through");
	is(passed, 4, "all had the lock");
	is(lock, 0, "which is free now");

	wait_all(t, 4);
	futex(&lock, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
	is(futex(&cond, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, &lock, 0), 2,
	   "move one, and one more, to a lock that is held");
	is(futex(&cond, FUTEX_CMP_REQUEUE_PI, 1, (void *)9, &lock, 0), 2,
	   "and the other two");
	doze();
	is(passed, 0, "none has it yet");
	futex(&lock, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
	join_all(t, 4, "all came through, again");
	is(passed, 4, "all had the lock, again");
}

#define ROUNDS	20000

static pthread_mutex_t pm;
static long counter;

static void *adder(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&pm);
		counter++;
		pthread_mutex_unlock(&pm);
	}
	return NULL;
}

static void test_mutex(void)
{
	pthread_mutexattr_t a;
	pthread_t t[4];

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&pm, &a);
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, adder, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	is(counter, 4 * ROUNDS, "four threads add under a lock");
}

int main(void)
{
	alarm(50);
	test_alone();
	test_owned();
	test_queue();
	test_ring();
	test_death();
	test_robust(0);
	test_robust(1);
	test_requeue();
	test_mutex();
	return done_testing();
}
