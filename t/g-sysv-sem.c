/* SPDX-License-Identifier: Apache-2.0 */
/* g-sysv-sem.c: System V semaphores, by threads of one process. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <time.h>
#include <unistd.h>

#include "t/guest.h"

#ifndef SEM_STAT_ANY
#define SEM_STAT_ANY	20
#endif

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
	struct seminfo *info;
};

static int op1(int id, int num, int op, int flags)
{
	struct sembuf b = { (unsigned short)num, (short)op, (short)flags };

	return semop(id, &b, 1);
}

static int val(int id, int num)
{
	return semctl(id, num, GETVAL);
}

static int set_val(int id, int num, int v)
{
	return semctl(id, num, SETVAL, (union semun){ .val = v });
}

static int set_all(int id, unsigned short *v)
{
	return semctl(id, 0, SETALL, (union semun){ .array = v });
}

static void test_get(void)
{
	key_t key = 0x5b790000 | (getpid() & 0xffff);
	struct semid_ds d = { .sem_nsems = 0 };
	int id;

	is_errno(semget(key, 3, 0600), ENOENT, "no such key");
	is_errno(semget(IPC_PRIVATE, 0, 0600), EINVAL, "no empty set");
	is_errno(semget(IPC_PRIVATE, -1, 0600), EINVAL, "no negative set");
	id = semget(key, 3, IPC_CREAT | IPC_EXCL | 0620);
	ok(id >= 0, "make a set");
	is(semget(key, 0, 0), id, "find it");
	is_errno(semget(key, 4, 0), EINVAL, "it has no four");
	is_errno(semget(key, 3, IPC_CREAT | IPC_EXCL), EEXIST, "it exists");
	is(semctl(id, 0, IPC_STAT, (union semun){ .buf = &d }), 0, "IPC_STAT");
	ok(d.sem_nsems == 3 && d.sem_perm.mode == 0620 && !d.sem_otime &&
	   d.sem_ctime > 1600000000 && d.sem_perm.__key == key,
	   "what it tells");
	d.sem_perm.mode = 0600;
	is(semctl(id, 0, IPC_SET, (union semun){ .buf = &d }), 0, "IPC_SET");
	is_errno(semctl(id, 3, GETVAL), EINVAL, "no fourth");
	is_errno(semctl(id, -1, GETVAL), EINVAL, "no negative one");
	is_errno(semctl(id, 0, 99), EINVAL, "bad command");
	is(semctl(id, 0, IPC_RMID), 0, "remove it");
	is_errno(semctl(id, 0, GETVAL), EINVAL, "it is gone");
	is_errno(op1(id, 0, 1, 0), EINVAL, "for semop too");
}

static void test_ops(void)
{
	int id = semget(IPC_PRIVATE, 3, 0600);
	unsigned short v[3] = { 1, 2, 3 }, got[3] = { 0 };
	struct sembuf b[600] = { { .sem_num = 0 } };
	struct semid_ds d;

	is(set_all(id, v), 0, "SETALL");
	semctl(id, 0, GETALL, (union semun){ .array = got });
	ok(!memcmp(v, got, sizeof(v)), "GETALL");
	is(semctl(id, 1, GETPID), getpid(), "who set it");
	is(set_val(id, 0, 5), 0, "SETVAL");
	is(val(id, 0), 5, "GETVAL");
	is_errno(set_val(id, 0, -1), ERANGE, "no negative value");
	is_errno(set_val(id, 0, 32768), ERANGE, "none too large");
	v[1] = 40000;
	is_errno(set_all(id, v), ERANGE, "nor by SETALL");
	is(op1(id, 0, -2, 0), 0, "take two");
	is(val(id, 0), 3, "three are left");
	is_errno(op1(id, 0, -4, IPC_NOWAIT), EAGAIN, "not four");
	is_errno(op1(id, 0, 0, IPC_NOWAIT), EAGAIN, "it is not zero");
	is_errno(op1(id, 0, 32767, 0), ERANGE, "too many");
	is_errno(op1(id, 3, 1, 0), EFBIG, "no such semaphore");
	is_errno(semop(id, b, 0), EINVAL, "no operations");
	is_errno(semop(id, b, 501), E2BIG, "too many operations");
	is_errno(semop(id, NULL, 1), EFAULT, "bad address");
	is_errno(semop(-1, b, 1), EINVAL, "bad identifier");

	/* 3 2 3: all or nothing */
	b[0] = (struct sembuf){ 0, -3, 0 };
	b[1] = (struct sembuf){ 1, 7, 0 };
	b[2] = (struct sembuf){ 2, -4, IPC_NOWAIT };
	is_errno(semop(id, b, 3), EAGAIN, "the last one cannot be done");
	ok(val(id, 0) == 3 && val(id, 1) == 2, "so none was");
	b[2].sem_op = -3;
	is(semop(id, b, 3), 0, "all can");
	ok(val(id, 0) == 0 && val(id, 1) == 9 && val(id, 2) == 0,
	   "all were");
	/* Each sees what those before it did. */
	b[0] = (struct sembuf){ 0, 4, 0 };
	b[1] = (struct sembuf){ 0, -4, IPC_NOWAIT };
	b[2] = (struct sembuf){ 0, 0, IPC_NOWAIT };
	is(semop(id, b, 3), 0, "up, down and zero in one");
	for (int i = 0; i < 400; i++)
		b[i] = (struct sembuf){ 2, 1, 0 };
	is(semop(id, b, 400), 0, "400 at once");
	is(val(id, 2), 400, "done");
	semctl(id, 0, IPC_STAT, (union semun){ .buf = &d });
	ok(d.sem_otime > 1600000000, "time of the last semop");
	is(semctl(id, 0, IPC_RMID), 0, "remove it");
}

struct waiter {
	pthread_t thread;
	int id, n, r, err;
	struct sembuf op[3];
	struct timespec *timeout;
};

static void *wait_for(void *arg)
{
	struct waiter *w = arg;

	w->r = w->timeout ? semtimedop(w->id, w->op, (size_t)w->n, w->timeout) :
		semop(w->id, w->op, (size_t)w->n);
	w->err = w->r ? errno : 0;
	return NULL;
}

static void begin(struct waiter *w)
{
	w->r = 99;
	pthread_create(&w->thread, NULL, wait_for, w);
}

static int end(struct waiter *w)
{
	pthread_join(w->thread, NULL);
	return w->r ? w->err : 0;
}

/* Until @n wait for an increase (or for zero) of semaphore @num. */
static void settle(int id, int num, int cmd, int n)
{
	for (int i = 0; i < 5000 && semctl(id, num, cmd) != n; i++)
		usleep(1000);
}

static void test_wait(void)
{
	int id = semget(IPC_PRIVATE, 2, 0600);
	struct waiter a = { .id = id, .n = 1, .op = { { 0, -2, 0 } } };
	struct waiter b = { .id = id, .n = 1, .op = { { 0, -1, 0 } } };
	struct waiter c = { .id = id, .n = 2,
			    .op = { { 0, 0, 0 }, { 1, 1, 0 } } };
	struct waiter z = { .id = id, .n = 1, .op = { { 1, 0, 0 } } };

	begin(&a);
	settle(id, 0, GETNCNT, 1);
	is(semctl(id, 0, GETNCNT), 1, "one waits");
	is(semctl(id, 0, GETZCNT), 0, "not for zero");
	op1(id, 0, 1, 0);
	is(semctl(id, 0, GETNCNT), 1, "one is not enough for it");
	begin(&b);
	is(end(&b), 0, "but for another");
	op1(id, 0, 2, 0);
	is(end(&a), 0, "two are");
	is(val(id, 0), 0, "nothing is left");

	/* c waits for 0 of the first, and lets z go no more. */
	set_val(id, 0, 1);
	set_val(id, 1, 1);
	begin(&z);
	settle(id, 1, GETZCNT, 1);
	is(semctl(id, 1, GETZCNT), 1, "one waits for zero");
	begin(&c);
	settle(id, 0, GETZCNT, 1);
	op1(id, 0, -1, 0);
	is(end(&c), 0, "a set of operations came to pass");
	is(val(id, 1), 2, "and did its work");
	set_val(id, 1, 0);
	is(end(&z), 0, "SETVAL wakes as well");

	begin(&a);
	set_val(id, 1, 1);
	begin(&z);
	settle(id, 0, GETNCNT, 1);
	settle(id, 1, GETZCNT, 1);
	is(semctl(id, 0, IPC_RMID), 0, "remove it while two wait");
	is(end(&a), EIDRM, "EIDRM for the one");
	is(end(&z), EIDRM, "and for the other");
}

static void test_timeout(void)
{
	int id = semget(IPC_PRIVATE, 1, 0600);
	struct timespec ts = { 0, 20000000 }, bad = { 0, 1000000000 };
	struct sembuf b = { 0, -1, 0 };
	struct timespec t0, t1;

	clock_gettime(CLOCK_MONOTONIC, &t0);
	is_errno(semtimedop(id, &b, 1, &ts), EAGAIN, "it times out");
	clock_gettime(CLOCK_MONOTONIC, &t1);
	ok((t1.tv_sec - t0.tv_sec) * 1000000000L + t1.tv_nsec - t0.tv_nsec >=
	   20000000, "and not too soon");
	is_errno(semtimedop(id, &b, 1, &bad), EINVAL, "bad time");
	set_val(id, 0, 1);
	is(semtimedop(id, &b, 1, &ts), 0, "no need to wait");
	is(semctl(id, 0, GETNCNT), 0, "nobody waits");
	is(semctl(id, 0, IPC_RMID), 0, "remove it");
}

static volatile int handled;

static void handler(int sig)
{
	handled = sig;
}

static void test_signal(void)
{
	int id = semget(IPC_PRIVATE, 1, 0600);
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART };
	struct waiter a = { .id = id, .n = 1, .op = { { 0, -1, 0 } } };

	sigaction(SIGUSR1, &sa, NULL);
	begin(&a);
	settle(id, 0, GETNCNT, 1);
	while (pthread_tryjoin_np(a.thread, NULL)) {
		pthread_kill(a.thread, SIGUSR1);
		usleep(20000);
	}
	is(a.r ? a.err : 0, EINTR, "a signal ends it, whatever SA_RESTART says");
	is(handled, SIGUSR1, "it was handled");
	is(semctl(id, 0, GETNCNT), 0, "nobody waits any more");
	is(semctl(id, 0, IPC_RMID), 0, "remove it");
}

#define THREADS	4
#define ROUNDS	2000

static int counter;

static void *count(void *arg)
{
	int id = *(int *)arg;

	for (int i = 0; i < ROUNDS; i++) {
		if (op1(id, 0, -1, 0))
			break;
		counter++;
		if (op1(id, 0, 1, 0))
			break;
	}
	return NULL;
}

static void test_mutex(void)
{
	int id = semget(IPC_PRIVATE, 1, 0600);
	pthread_t t[THREADS];

	set_val(id, 0, 1);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, count, &id);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	is(counter, THREADS * ROUNDS, "a semaphore as a mutex");
	is(semctl(id, 0, IPC_RMID), 0, "remove it");
}

static void test_undo(void)
{
	int id = semget(IPC_PRIVATE, 1, 0600);
	pthread_t t;
	struct waiter a = { .id = id, .n = 1, .op = { { 0, -1, SEM_UNDO } } };

	set_val(id, 0, 1);
	pthread_create(&t, NULL, wait_for, &a);
	pthread_join(t, NULL);
	is(a.r, 0, "taken with SEM_UNDO by a thread");
	is(val(id, 0), 0, "its end gives nothing back: others share it");
	is_errno(op1(id, 0, 32767, SEM_UNDO) ||
		 op1(id, 0, -32767, 0) ||
		 op1(id, 0, 32767, SEM_UNDO) ? -1 : 0, ERANGE,
		 "there is a limit to what can be undone");
	is(semctl(id, 0, IPC_RMID), 0, "remove it");
}

static void test_info(void)
{
	struct seminfo lim = { 0 }, use = { 0 };
	struct semid_ds d = { .sem_nsems = 0 };
	int id = semget(IPC_PRIVATE, 7, 0600), max, found = 0, any = 0;

	max = semctl(0, 0, IPC_INFO, (union semun){ .info = &lim });
	ok(max >= 0, "IPC_INFO");
	ok(lim.semmni >= 128 && lim.semmsl >= 250 && lim.semopm >= 32 &&
	   lim.semvmx == 32767, "limits");
	ok(semctl(0, 0, SEM_INFO, (union semun){ .info = &use }) == max &&
	   use.semusz >= 1 && use.semaem >= 7, "SEM_INFO");
	for (int i = 0; i <= max; i++) {
		if (semctl(i, 0, SEM_STAT, (union semun){ .buf = &d }) == id &&
		    d.sem_nsems == 7)
			found++;
		if (semctl(i, 0, SEM_STAT_ANY,
			   (union semun){ .buf = &d }) == id)
			any++;
	}
	ok(found == 1 && any == 1, "SEM_STAT and SEM_STAT_ANY");
	is(semctl(id, 0, IPC_RMID), 0, "remove it");
}

int main(void)
{
	need_ids();
	alarm(50);
	if (semget(IPC_PRIVATE, 0, 0) < 0 && errno == ENOSYS)
		skip_all("no System V IPC");
	test_get();
	test_ops();
	test_wait();
	test_timeout();
	test_signal();
	test_mutex();
	test_undo();
	test_info();
	return done_testing();
}
