/* SPDX-License-Identifier: Apache-2.0 */
/* u-ipc.c: System V IPC inside: identifiers, lines of waiters, undo lists. */
#include "t/unit.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emul/abi/boot.h"
#include "emul/abi/regs.h"
#include "emul/ipc/ipc.h"
#include "emul/ipc/sem.h"
#include "emul/ipc/sleep.h"
#include "emul/ipc/task.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"

static struct task *first;

static void setup(struct thread *th)
{
	static struct boot boot;

	first = task_init(&boot);
	memset(th, 0, sizeof(*th));
	first->thread = th;
	hosted_current = first;
}

/* A thread of the kernel's: runs @fn as a task. */
struct worker {
	pthread_t thread;
	void (*fn)(struct worker *w);
	struct task *t;
	int id, n;
	long ret;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	struct thread th;

	memset(&th, 0, sizeof(th));
	w->t = task_alloc(first->group, first);
	th.task = w->t;
	w->t->thread = &th;
	hosted_current = w->t;
	w->fn(w);
	ipc_exit(w->t);
	w->t->thread = NULL;
	task_put(w->t);
	return NULL;
}

static void start(struct worker *w, void (*fn)(struct worker *w), int id,
		  int n)
{
	memset(w, 0, sizeof(*w));
	w->fn = fn;
	w->id = id;
	w->n = n;
	w->ret = -1;
	pthread_create(&w->thread, NULL, work, w);
}

static long op(struct task *t, int id, int num, int n, int flags)
{
	struct sembuf b = { (unsigned short)num, (short)n, (short)flags };

	return sys_semop(t, id, (uaddr_t)(uintptr_t)&b, 1);
}

static int new_set(int n)
{
	long id = sys_semget(first, IPC_PRIVATE, n, 0600);

	ck_assert_int_ge(id, 0);
	return (int)id;
}

static void remove_set(int id)
{
	ck_assert_int_eq(sys_semctl(first, id, 0, IPC_RMID, 0), 0);
}

/* Until @n tasks wait for @num to rise (GETNCNT), or to be 0 (GETZCNT). */
static void settle(int id, int num, int cmd, int n)
{
	while (sys_semctl(first, id, num, cmd, 0) != n)
		usleep(500);
}

START_TEST(test_identifiers)
{
	struct thread th;
	int id[200], old;

	setup(&th);
	for (int i = 0; i < 200; i++)
		id[i] = new_set(1);
	for (int i = 0; i < 200; i++)
		for (int k = 0; k < i; k++)
			ck_assert_int_ne(id[i], id[k]);
	ck_assert_int_eq(ipc_max_index(&sem_table), 199);
	/* A place that is used again has another identifier. */
	old = id[7];
	for (int i = 0; i < 2000; i++) {
		remove_set(id[7]);
		id[7] = new_set(1);
		ck_assert_int_ne(id[7], old);
		ck_assert_int_eq(sys_semctl(first, old, 0, GETVAL, 0),
				 -EINVAL);
	}
	for (int i = 0; i < 200; i++)
		remove_set(id[i]);
	ck_assert_int_eq(sem_table.in_use, 0);
	ck_assert_ptr_null(sem_table.keys.node);
}
END_TEST

START_TEST(test_keys)
{
	struct thread th;
	int id[100];

	setup(&th);
	for (int i = 0; i < 100; i++)
		id[i] = (int)sys_semget(first, (i * 37) % 100 - 50 ? :
					1000, 1, IPC_CREAT | 0600);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(sys_semget(first, (i * 37) % 100 - 50 ? :
					    1000, 0, 0), id[i]);
	for (int i = 0; i < 100; i++) {
		remove_set(id[i]);
		ck_assert_int_eq(sys_semget(first, (i * 37) % 100 - 50 ? :
					    1000, 0, 0), -ENOENT);
	}
}
END_TEST

static int order[64], n_order;

static void take_one(struct worker *w)
{
	w->ret = op(w->t, w->id, 0, -1, 0);
	order[__atomic_fetch_add(&n_order, 1, __ATOMIC_SEQ_CST)] = w->n;
}

/* Who came first goes first, and nobody is let on for nothing. */
START_TEST(test_order)
{
	struct worker w[20];
	struct thread th;
	int id;

	setup(&th);
	id = new_set(1);
	n_order = 0;
	for (int i = 0; i < 20; i++) {
		start(&w[i], take_one, id, i);
		settle(id, 0, GETNCNT, i + 1);
	}
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(op(first, id, 0, 1, 0), 0);
		pthread_join(w[i].thread, NULL);
		ck_assert_int_eq(w[i].ret, 0);
		ck_assert_int_eq(order[i], i);
	}
	ck_assert_int_eq(sys_semctl(first, id, 0, GETVAL, 0), 0);
	remove_set(id);
}
END_TEST

static void wait_zero(struct worker *w)
{
	w->ret = op(w->t, w->id, 0, 0, 0);
}

/* More at once than are woken in one go; then the same by removal. */
START_TEST(test_many)
{
	struct worker w[3 * IPC_WAKES];
	struct thread th;
	int id;

	setup(&th);
	for (int round = 0; round < 2; round++) {
		id = new_set(1);
		op(first, id, 0, 1, 0);
		for (int i = 0; i < 3 * IPC_WAKES; i++)
			start(&w[i], wait_zero, id, i);
		settle(id, 0, GETZCNT, 3 * IPC_WAKES);
		if (round)
			remove_set(id);
		else
			op(first, id, 0, -1, 0);
		for (int i = 0; i < 3 * IPC_WAKES; i++) {
			pthread_join(w[i].thread, NULL);
			ck_assert_int_eq(w[i].ret, round ? -EIDRM : 0);
		}
		if (!round)
			remove_set(id);
	}
}
END_TEST

static void undo_some(struct worker *w)
{
	unsigned int seed = (unsigned int)w->n;

	w->ret = 0;
	for (int i = 0; i < 2000; i++) {
		int num = rand_r(&seed) % 4, n = rand_r(&seed) % 5 - 2;

		op(w->t, w->id, num, n, IPC_NOWAIT |
		   (n ? SEM_UNDO : 0));
	}
}

/* What all did is undone when all have gone. */
START_TEST(test_undo)
{
	unsigned short v[4] = { 5000, 9000, 10000, 20000 }, got[4];
	struct worker w[4];
	struct thread th;
	int id;

	setup(&th);
	id = new_set(4);
	sys_semctl(first, id, 0, SETALL, (unsigned long)(uintptr_t)v);
	for (int i = 0; i < 4; i++)
		start(&w[i], undo_some, id, i + 1);
	for (int i = 0; i < 4; i++)
		pthread_join(w[i].thread, NULL);
	sys_semctl(first, id, 0, GETALL, (unsigned long)(uintptr_t)got);
	ck_assert_mem_eq(v, got, sizeof(v));
	remove_set(id);
}
END_TEST

/* A set goes while undo lists still name it. */
START_TEST(test_undo_gone)
{
	struct thread th;
	int id[10];

	setup(&th);
	for (int i = 0; i < 10; i++) {
		id[i] = new_set(1);
		op(first, id[i], 0, 1, SEM_UNDO);
	}
	for (int i = 0; i < 10; i += 2)
		remove_set(id[i]);
	op(first, id[1], 0, 1, SEM_UNDO);
	sem_exit(first);
	for (int i = 1; i < 10; i += 2) {
		ck_assert_int_eq(sys_semctl(first, id[i], 0, GETVAL, 0), 0);
		remove_set(id[i]);
	}
	sem_exit(first);
}
END_TEST

START_TEST(test_all_or_nothing)
{
	struct sembuf b[3] = {
		{ 0, 3, SEM_UNDO }, { 1, 32767, 0 }, { 1, 1, 0 },
	};
	struct thread th;
	int id;

	setup(&th);
	id = new_set(2);
	ck_assert_int_eq(sys_semop(first, id, (uaddr_t)(uintptr_t)b, 3),
			 -ERANGE);
	ck_assert_int_eq(sys_semctl(first, id, 0, GETVAL, 0), 0);
	ck_assert_int_eq(sys_semctl(first, id, 1, GETVAL, 0), 0);
	/* Nothing is left to be undone either. */
	op(first, id, 0, 5, 0);
	sem_exit(first);
	ck_assert_int_eq(sys_semctl(first, id, 0, GETVAL, 0), 5);
	remove_set(id);
}
END_TEST

/* Who was killed in a line is taken out of it. */
START_TEST(test_abandon)
{
	struct ipc_sleep s = { .mem = NULL };
	struct list_head line;
	struct mutex lock;
	struct thread th;

	setup(&th);
	mutex_init(&lock);
	list_init(&line);
	ipc_line_up(&s, &lock, &line, first);
	ck_assert(!list_empty(&line));
	ipc_abandon(first);
	ck_assert(list_empty(&line));
	ipc_abandon(first);
}
END_TEST

struct message {
	long type;
	char text[100];
};

static void send_some(struct worker *w)
{
	struct message m = { .text = "" };
	unsigned int seed = (unsigned int)w->n;

	do {
		m.type = 1 + rand_r(&seed) % 5;
		w->ret = sys_msgsnd(w->t, w->id, (uaddr_t)(uintptr_t)&m,
				    (size_t)rand_r(&seed) % 100, 0);
	} while (!w->ret);
}

static void receive_some(struct worker *w)
{
	unsigned int seed = (unsigned int)w->n;
	struct message m;

	do {
		long type = rand_r(&seed) % 3 ? -(rand_r(&seed) % 5) - 1 : 0;

		w->ret = sys_msgrcv(w->t, w->id, (uaddr_t)(uintptr_t)&m,
				    sizeof(m.text), type, 0);
	} while (w->ret >= 0);
}

/* Queues that are removed in the middle of it. */
START_TEST(test_messages)
{
	struct worker w[6];
	struct thread th;
	long id;

	setup(&th);
	for (int round = 0; round < 10; round++) {
		id = sys_msgget(first, IPC_PRIVATE, 0600);
		ck_assert_int_ge(id, 0);
		for (int i = 0; i < 6; i++)
			start(&w[i], i % 2 ? send_some : receive_some, (int)id,
			      i + 1);
		usleep(20000);
		ck_assert_int_eq(sys_msgctl(first, (int)id, IPC_RMID, 0), 0);
		for (int i = 0; i < 6; i++) {
			pthread_join(w[i].thread, NULL);
			/* Some were about to begin their next call. */
			ck_assert(w[i].ret == -EIDRM || w[i].ret == -EINVAL);
		}
	}
}
END_TEST

UNIT_MAIN("ipc", test_identifiers, test_keys, test_order, test_many, test_undo,
	  test_undo_gone, test_all_or_nothing, test_abandon, test_messages)
