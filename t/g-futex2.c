/* SPDX-License-Identifier: Apache-2.0 */
/* g-futex2.c: futex_wake(2), futex_wait(2), futex_requeue(2). */
#define _GNU_SOURCE
#include "t/guest.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NR_WAKE		454
#define NR_WAIT		455
#define NR_REQUEUE	456
#define U32		2u
#define PRIVATE		128u

struct waitv {
	uint64_t val, uaddr;
	uint32_t flags, reserved;
};

static uint32_t word, other;
static volatile int asleep;

static void *waiter(void *arg)
{
	(void)arg;
	__atomic_fetch_add(&asleep, 1, __ATOMIC_SEQ_CST);
	return (void *)syscall(NR_WAIT, &word, 0, ~0U, U32 | PRIVATE, NULL, 0);
}

static void doze(void)
{
	struct timespec ts = { 0, 30000000 };

	nanosleep(&ts, NULL);
}

static void test_errors(void)
{
	struct timespec ts = { 0, 0 };

	is_errno(syscall(NR_WAKE, &word, 1, 1, 0), EINVAL, "bytes");
	is_errno(syscall(NR_WAKE, &word, 1, 1, U32 | 0x40), EINVAL,
		 "an unknown flag");
	is_errno(syscall(NR_WAKE, &word, 0, 1, U32), EINVAL, "no bits");
	is_errno(syscall(NR_WAKE, &word, 1L << 32, 1, U32), EINVAL,
		 "bits that there are not");
	is(syscall(NR_WAKE, &word, 1, 1, U32), 0, "wake nobody");
	is_errno(syscall(NR_WAIT, &word, 1, 1, U32, NULL, 0), EAGAIN,
		 "another value");
	is_errno(syscall(NR_WAIT, &word, 0, 0, U32, NULL, 0), EINVAL,
		 "wait: no bits");
	is_errno(syscall(NR_WAIT, &word, 1L << 32, 1, U32, NULL, 0), EINVAL,
		 "wait: a value of more bits");
	is_errno(syscall(NR_WAIT, &word, 0, 1, U32, &ts, CLOCK_MONOTONIC),
		 ETIMEDOUT, "a time that is past");
	is_errno(syscall(NR_WAIT, &word, 0, 1, U32, &ts, CLOCK_REALTIME),
		 ETIMEDOUT, "the same by the wall clock");
	is_errno(syscall(NR_WAIT, &word, 0, 1, U32, &ts, CLOCK_BOOTTIME),
		 EINVAL, "no such clock here");
	is_errno(syscall(NR_REQUEUE, NULL, 0, 1, 1), EINVAL, "no words");
	is_errno(syscall(NR_REQUEUE, (void *)8, 0, 1, 1), EFAULT,
		 "bad pointer to the words");
}

static void test_moves(void)
{
	struct waitv v[2] = {
		{ 0, (uint64_t)(uintptr_t)&word, U32 | PRIVATE, 0 },
		{ 0, (uint64_t)(uintptr_t)&other, U32 | PRIVATE, 0 },
	};
	pthread_t t[6];
	int i;

	for (i = 0; i < 6; i++)
		pthread_create(&t[i], NULL, waiter, NULL);
	while (asleep < 6)
		sched_yield();
	doze();
	is(syscall(NR_WAKE, &word, ~0U, 0, U32 | PRIVATE), 0, "wake none");
	is_errno(syscall(NR_REQUEUE, v, 1, 1, 1), EINVAL, "flags");
	v[0].val = 1;
	is_errno(syscall(NR_REQUEUE, v, 0, 1, 1), EAGAIN, "requeue: value");
	v[0].val = 0;
	is(syscall(NR_REQUEUE, v, 0, 1, 3), 4, "wake one, move three");
	is(syscall(NR_WAKE, &other, ~0U, 2, U32 | PRIVATE), 2, "wake two");
	is(syscall(NR_WAKE, &other, ~0U, 9, U32 | PRIVATE), 1, "and one");
	is(syscall(NR_WAKE, &word, ~0U, 9, U32 | PRIVATE), 2, "the rest");
	for (i = 0; i < 6; i++)
		pthread_join(t[i], NULL);
}

int main(void)
{
	if (syscall(NR_WAKE, &word, 1, 1, U32) < 0)
		skip_all("the host has no futex_wake");
	test_errors();
	test_moves();
	return done_testing();
}
