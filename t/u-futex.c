/* SPDX-License-Identifier: Apache-2.0 */
/* u-futex.c: queues of futex(2), with real threads as tasks. */
#include "t/unit.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "emul/abi/boot.h"
#include "emul/abi/regs.h"
#include "emul/lib/random.h"
#include "emul/sync/futex.h"
#include "emul/task/task.h"
#include "emul/time/time.h"

#define N	8

static uint32_t word, other;
static struct task *first;
static int asleep;

static struct task *new_task(struct thread *th)
{
	struct task *t = task_alloc(first->group, first);

	ck_assert_int_eq(task_link(t), 0);
	memset(th, 0, sizeof(*th));
	th->task = t;
	t->thread = th;
	return t;
}

static void setup(struct thread *th)
{
	static struct boot boot;

	first = task_init(&boot);
	memset(th, 0, sizeof(*th));
	first->thread = th;
	hosted_current = first;
	word = other = 0;
	asleep = 0;
}

static void *sleeper(void *arg)
{
	struct thread th;
	struct task *t = new_task(&th);
	long ret;

	hosted_current = t;
	__atomic_fetch_add(&asleep, 1, __ATOMIC_SEQ_CST);
	ret = futex_wait(t, (uaddr_t)&word, FUTEX_FIND_PRIVATE, 0, NEVER_NS,
			 (uint32_t)(uintptr_t)arg);
	t->thread = NULL;
	task_unlink(t);
	task_put(t);
	return (void *)ret;
}

static void start(pthread_t *p, int n, uint32_t bits)
{
	int want = asleep + n;

	for (int i = 0; i < n; i++)
		pthread_create(&p[i], NULL, sleeper, (void *)(uintptr_t)bits);
	while (__atomic_load_n(&asleep, __ATOMIC_SEQ_CST) < want)
		usleep(1000);
	usleep(50000);
}

static long wake(uint32_t *w, int n, uint32_t bits)
{
	return futex_wake(first, (uaddr_t)w, FUTEX_FIND_PRIVATE, n, bits);
}

START_TEST(test_wake)
{
	struct thread th;
	pthread_t p[N];
	void *ret;

	setup(&th);
	start(p, N, ~0U);
	ck_assert_int_eq(wake(&word, 3, ~0U), 3);
	ck_assert_int_eq(wake(&other, 3, ~0U), 0);
	ck_assert_int_eq(wake(&word, 100, ~0U), N - 3);
	for (int i = 0; i < N; i++) {
		pthread_join(p[i], &ret);
		ck_assert_ptr_null(ret);
	}
}
END_TEST

START_TEST(test_bits)
{
	struct thread th;
	pthread_t p[4];

	setup(&th);
	start(p, 2, 1);
	start(p + 2, 2, 2);
	ck_assert_int_eq(wake(&word, 100, 4), 0);
	ck_assert_int_eq(wake(&word, 100, 2), 2);
	ck_assert_int_eq(wake(&word, 100, 3), 2);
	for (int i = 0; i < 4; i++)
		pthread_join(p[i], NULL);
}
END_TEST

START_TEST(test_requeue)
{
	struct thread th;
	uint32_t wrong = 5, right = 0;
	pthread_t p[6];

	setup(&th);
	start(p, 6, ~0U);
	ck_assert_int_eq(futex_requeue(first, (uaddr_t)&word,
				       FUTEX_FIND_PRIVATE, (uaddr_t)&other,
				       FUTEX_FIND_PRIVATE, 1, 10, &wrong),
			 -EAGAIN);
	ck_assert_int_eq(futex_requeue(first, (uaddr_t)&word,
				       FUTEX_FIND_PRIVATE, (uaddr_t)&other,
				       FUTEX_FIND_PRIVATE, 2, 3, &right), 5);
	ck_assert_int_eq(wake(&other, 100, ~0U), 3);
	ck_assert_int_eq(wake(&word, 100, ~0U), 1);
	for (int i = 0; i < 6; i++)
		pthread_join(p[i], NULL);
}
END_TEST

START_TEST(test_errors)
{
	struct thread th;

	setup(&th);
	ck_assert_int_eq(futex_wait(first, (uaddr_t)&word, FUTEX_FIND_PRIVATE,
				    1, NEVER_NS, ~0U), -EAGAIN);
	ck_assert_int_eq(futex_wait(first, (uaddr_t)&word + 1,
				    FUTEX_FIND_PRIVATE, 0, NEVER_NS, ~0U),
			 -EINVAL);
	ck_assert_int_eq(futex_wait(first, 8, FUTEX_FIND_PRIVATE, 0, NEVER_NS,
				    ~0U), -EFAULT);
	ck_assert_int_eq(futex_wait(first, (uaddr_t)&word, FUTEX_FIND_PRIVATE,
				    0, time_now() + 20000000, ~0U), -ETIMEDOUT);
	ck_assert_int_eq(wake(&word, 1, ~0U), 0);
}
END_TEST

START_TEST(test_many_words)
{
	struct futex_vec v[2] = {
		{ (uaddr_t)&word, 0, FUTEX_FIND_PRIVATE },
		{ (uaddr_t)&other, 1, FUTEX_FIND_PRIVATE },
	};
	struct thread th;

	setup(&th);
	ck_assert_int_eq(futex_wait_many(first, v, 2, NEVER_NS), -EAGAIN);
	v[1].val = 0;
	ck_assert_int_eq(futex_wait_many(first, v, 2, time_now() + 20000000),
			 -ETIMEDOUT);
	/* Nobody is left on either word. */
	ck_assert_int_eq(wake(&word, 1, ~0U), 0);
	ck_assert_int_eq(wake(&other, 1, ~0U), 0);
}
END_TEST

/* A lock of two threads, ping and pong: no wake-up may be lost. */
static uint32_t turn;
static int rounds[2];

static void *player(void *arg)
{
	uint32_t me = (uint32_t)(uintptr_t)arg, v;
	struct thread th;
	struct task *t = new_task(&th);

	hosted_current = t;
	for (int i = 0; i < 20000; i++) {
		while ((v = __atomic_load_n(&turn, __ATOMIC_SEQ_CST)) != me)
			futex_wait(t, (uaddr_t)&turn, FUTEX_FIND_PRIVATE, v,
				   NEVER_NS, ~0U);
		rounds[me]++;
		__atomic_store_n(&turn, !me, __ATOMIC_SEQ_CST);
		futex_wake(t, (uaddr_t)&turn, FUTEX_FIND_PRIVATE, 1, ~0U);
	}
	t->thread = NULL;
	task_unlink(t);
	task_put(t);
	return NULL;
}

START_TEST(test_no_lost_wake)
{
	struct thread th;
	pthread_t p[2];

	setup(&th);
	turn = 0;
	for (uintptr_t i = 0; i < 2; i++)
		pthread_create(&p[i], NULL, player, (void *)i);
	for (int i = 0; i < 2; i++)
		pthread_join(p[i], NULL);
	ck_assert_int_eq(rounds[0], 20000);
	ck_assert_int_eq(rounds[1], 20000);
}
END_TEST

START_TEST(test_random)
{
	uint8_t seed[64] = { 1, 2, 3 }, a[100], b[100], zero[100] = { 0 };

	random_seed(seed, sizeof(seed));
	random_bytes(a, sizeof(a));
	random_bytes(b, sizeof(b));
	ck_assert_int_ne(memcmp(a, b, sizeof(a)), 0);
	ck_assert_int_ne(memcmp(a, zero, sizeof(a)), 0);
}
END_TEST

UNIT_MAIN("futex", test_wake, test_bits, test_requeue, test_errors,
	  test_many_words, test_no_lost_wake, test_random)
