/* SPDX-License-Identifier: Apache-2.0 */
/* g-futex-shared.c: futexes and locks in memory that processes share. */
#define _GNU_SOURCE
#include "t/guest.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long futex(volatile void *uaddr, int op, uint32_t val, void *timeout,
		  volatile void *uaddr2, uint32_t val3)
{
	return syscall(SYS_futex, uaddr, op, val, timeout, uaddr2, val3);
}

struct page {
	volatile uint32_t word, other, stage;
	volatile uint32_t count, done;
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	pthread_barrier_t barrier;
	pthread_rwlock_t rwlock;
	sem_t sem, back;
	char pad[4096];
};

static struct page *sh;
static long page = 4096;

static void doze(void)
{
	struct timespec ts = { 0, 20000000 };

	nanosleep(&ts, NULL);
}

static pid_t start(int (*fn)(void))
{
	pid_t pid = fork();

	if (!pid)
		_exit(fn());
	return pid;
}

static int end(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) :
	       WEXITSTATUS(status);
}

static void await(volatile uint32_t *p, uint32_t v)
{
	while (*p != v)
		sched_yield();
	doze();
}

static struct page *map_fd(int fd)
{
	void *p = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE,
		       MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* Waits on its own mapping of the word; the waker has another one. */
static volatile uint32_t *wait_at;

static int waits(void)
{
	sh->stage = 1;
	return futex(wait_at, FUTEX_WAIT, 0, NULL, NULL, 0) ? 1 : 0;
}

static void test_pair(volatile uint32_t *one, volatile uint32_t *two,
		      const char *what)
{
	char name[64];
	pid_t pid;

	sh->stage = 0;
	wait_at = one;
	pid = start(waits);
	await(&sh->stage, 1);
	snprintf(name, sizeof(name), "%s: wake another process", what);
	is(futex(two, FUTEX_WAKE, 9, NULL, NULL, 0), 1, name);
	snprintf(name, sizeof(name), "%s: it goes on", what);
	is(end(pid), 0, name);
}

static void test_kinds(void)
{
	char path[] = "/tmp/g-futex-XXXXXX";
	struct page *a, *b;
	int fd, id;

	test_pair(&sh->word, &sh->word, "anonymous");

	fd = memfd_create("futex", 0);
	if (fd < 0 || ftruncate(fd, sizeof(*a)) || !(a = map_fd(fd)) ||
	    !(b = map_fd(fd))) {
		ok(0, "a memfd");
		return;
	}
	test_pair(&a->word, &b->word, "memfd at two addresses");
	/* The second page at the place of the first. */
	b = mmap(NULL, (size_t)page, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		 page);
	if (b != MAP_FAILED)
		test_pair((uint32_t *)((char *)a + page), &b->word,
			  "memfd at another offset");
	close(fd);

	fd = mkstemp(path);
	if (fd < 0 || ftruncate(fd, sizeof(*a)) || !(a = map_fd(fd)) ||
	    !(b = map_fd(fd))) {
		ok(0, "a file");
		return;
	}
	unlink(path);
	test_pair(&a->word, &b->word, "file at two addresses");
	close(fd);

	id = shmget(IPC_PRIVATE, sizeof(*a), 0600 | IPC_CREAT);
	if (id >= 0) {
		a = shmat(id, NULL, 0);
		b = shmat(id, NULL, 0);
		shmctl(id, IPC_RMID, NULL);
		test_pair(&a->word, &b->word, "System V");
	}
}

static int waits_private(void)
{
	struct timespec ts = { 0, 300000000 };

	sh->stage = 1;
	futex(&sh->word, FUTEX_WAIT_PRIVATE, 0, &ts, NULL, 0);
	return errno == ETIMEDOUT ? 0 : 1;
}

static uint32_t own;

static int waits_own(void)
{
	struct timespec ts = { 0, 300000000 };

	sh->stage = 1;
	futex(&own, FUTEX_WAIT, 0, &ts, NULL, 0);
	return errno == ETIMEDOUT ? 0 : 1;
}

static void test_private(void)
{
	pid_t pid;

	sh->stage = 0;
	pid = start(waits_private);
	await(&sh->stage, 1);
	is(futex(&sh->word, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0), 0,
	   "private is another process's own");
	is(futex(&sh->word, FUTEX_WAKE, 9, NULL, NULL, 0), 0,
	   "nor is it shared");
	is(end(pid), 0, "it slept on");

	sh->stage = 0;
	pid = start(waits_own);
	await(&sh->stage, 1);
	is(futex(&own, FUTEX_WAKE, 9, NULL, NULL, 0), 0,
	   "memory of one's own has no other waiters");
	is(end(pid), 0, "and it slept on");
}

static int waits_counted(void)
{
	__atomic_fetch_add(&sh->count, 1, __ATOMIC_SEQ_CST);
	return futex(&sh->word, FUTEX_WAIT, 0, NULL, NULL, 0) ? 1 : 0;
}

static void test_requeue(void)
{
	pid_t pid[5];
	int bad = 0;

	sh->count = 0;
	for (int i = 0; i < 5; i++)
		pid[i] = start(waits_counted);
	await(&sh->count, 5);
	is(futex(&sh->word, FUTEX_CMP_REQUEUE, 1, (void *)3, &sh->other, 0), 4,
	   "wake one process, move three");
	is(futex(&sh->other, FUTEX_WAKE, 9, NULL, NULL, 0), 3, "wake the three");
	is(futex(&sh->word, FUTEX_WAKE_OP, 9, (void *)0, &sh->other,
		 FUTEX_OP(FUTEX_OP_SET, 7, FUTEX_OP_CMP_EQ, 1)), 1,
	   "wake the last, with an operation");
	is(sh->other, 7, "which was done");
	sh->other = 0;
	for (int i = 0; i < 5; i++)
		bad += end(pid[i]) != 0;
	is(bad, 0, "all came back");
}

#define ROUNDS	3000
#define CHILDREN 3

static int adds(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&sh->mutex);
		sh->count++;
		pthread_mutex_unlock(&sh->mutex);
	}
	return 0;
}

static int waits_turns(void)
{
	for (int i = 0; i < 100; i++) {
		pthread_mutex_lock(&sh->mutex);
		while (!(sh->count & 1))
			pthread_cond_wait(&sh->cond, &sh->mutex);
		sh->count++;
		pthread_cond_signal(&sh->cond);
		pthread_mutex_unlock(&sh->mutex);
	}
	return 0;
}

static int passes(void)
{
	for (int i = 0; i < 50; i++) {
		if (i % CHILDREN == (int)(sh->done % CHILDREN))
			__atomic_fetch_add(&sh->count, 1, __ATOMIC_SEQ_CST);
		pthread_barrier_wait(&sh->barrier);
	}
	return 0;
}

static int reads(void)
{
	int bad = 0;

	for (int i = 0; i < 500; i++) {
		pthread_rwlock_rdlock(&sh->rwlock);
		bad |= sh->word != sh->other;
		pthread_rwlock_unlock(&sh->rwlock);
		if (i % 16)
			continue;
		pthread_rwlock_wrlock(&sh->rwlock);
		sh->word++;
		sched_yield();
		sh->other++;
		pthread_rwlock_unlock(&sh->rwlock);
	}
	return bad;
}

static int answers(void)
{
	for (int i = 0; i < 200; i++) {
		while (sem_wait(&sh->sem))
			;
		sem_post(&sh->back);
	}
	return 0;
}

static int run_all(int (*fn)(void))
{
	pid_t pid[CHILDREN];
	int bad = 0;

	for (int i = 0; i < CHILDREN; i++)
		pid[i] = start(fn);
	for (int i = 0; i < CHILDREN; i++)
		bad += end(pid[i]) != 0;
	return bad;
}

static void test_pthread(void)
{
	pthread_mutexattr_t ma;
	pthread_condattr_t ca;
	pthread_barrierattr_t ba;
	pthread_rwlockattr_t ra;
	pid_t pid;

	pthread_mutexattr_init(&ma);
	pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&sh->mutex, &ma);
	sh->count = 0;
	is(run_all(adds), 0, "three processes add under a mutex");
	is(sh->count, CHILDREN * ROUNDS, "and miss none");

	pthread_mutexattr_setprotocol(&ma, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&sh->mutex, &ma);
	sh->count = 0;
	is(run_all(adds), 0, "under one that inherits");
	is(sh->count, CHILDREN * ROUNDS, "and miss none either");

	pthread_mutexattr_setprotocol(&ma, PTHREAD_PRIO_NONE);
	pthread_mutex_init(&sh->mutex, &ma);
	pthread_condattr_init(&ca);
	pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&sh->cond, &ca);
	sh->count = 0;
	pid = start(waits_turns);
	for (int i = 0; i < 100; i++) {
		pthread_mutex_lock(&sh->mutex);
		while (sh->count & 1)
			pthread_cond_wait(&sh->cond, &sh->mutex);
		sh->count++;
		pthread_cond_signal(&sh->cond);
		pthread_mutex_unlock(&sh->mutex);
	}
	is(end(pid), 0, "turns by a condition");
	is(sh->count, 200, "two hundred of them");

	pthread_barrierattr_init(&ba);
	pthread_barrierattr_setpshared(&ba, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&sh->barrier, &ba, CHILDREN);
	sh->count = 0;
	is(run_all(passes), 0, "fifty times through a barrier");

	pthread_rwlockattr_init(&ra);
	pthread_rwlockattr_setpshared(&ra, PTHREAD_PROCESS_SHARED);
	pthread_rwlock_init(&sh->rwlock, &ra);
	sh->word = sh->other = 0;
	is(run_all(reads), 0, "readers and writers");
	is(sh->word, CHILDREN * 32, "all writes are there");
	sh->word = sh->other = 0;

	sem_init(&sh->sem, 1, 0);
	sem_init(&sh->back, 1, 0);
	pid = start(answers);
	for (int i = 0; i < 200; i++) {
		sem_post(&sh->sem);
		while (sem_wait(&sh->back))
			;
	}
	is(end(pid), 0, "semaphores");
}

static int dies(void)
{
	pthread_mutex_lock(&sh->mutex);
	sh->stage = 1;
	while (sh->stage != 2)
		sched_yield();
	doze();
	return 3;
}

static int dies_at_once(void)
{
	pthread_mutex_lock(&sh->mutex);
	sh->stage = 1;
	pause();
	return 3;
}

static int execs(void)
{
	pthread_mutex_lock(&sh->mutex);
	sh->stage = 1;
	while (sh->stage != 2)
		sched_yield();
	execl("/proc/self/exe", "g-futex-shared", "sleep", NULL);
	return 4;
}

/* The child has the lock; wait for it while the child ends by `how`. */
static void robust(const char *what, int protocol, int (*fn)(void), int sig)
{
	pthread_mutexattr_t a;
	char name[80];
	pid_t pid;
	int ret;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_setprotocol(&a, protocol);
	pthread_mutex_init(&sh->mutex, &a);
	sh->stage = 0;
	pid = start(fn);
	while (sh->stage != 1)
		sched_yield();
	sh->stage = 2;
	if (sig)
		kill(pid, sig);
	snprintf(name, sizeof(name), "%s: EOWNERDEAD", what);
	is(pthread_mutex_lock(&sh->mutex), EOWNERDEAD, name);
	pthread_mutex_consistent(&sh->mutex);
	snprintf(name, sizeof(name), "%s: unlock", what);
	is(pthread_mutex_unlock(&sh->mutex), 0, name);
	ret = end(pid);
	snprintf(name, sizeof(name), "%s: the child", what);
	is(ret, sig ? 1000 + sig : fn == execs ? 5 : 3, name);
	snprintf(name, sizeof(name), "%s: as good as new", what);
	ret = pthread_mutex_lock(&sh->mutex);
	pthread_mutex_unlock(&sh->mutex);
	is(ret, 0, name);
}

static void test_robust(void)
{
	robust("exit", PTHREAD_PRIO_NONE, dies, 0);
	robust("kill", PTHREAD_PRIO_NONE, dies_at_once, SIGKILL);
	robust("exec", PTHREAD_PRIO_NONE, execs, 0);
	robust("exit, inheriting", PTHREAD_PRIO_INHERIT, dies, 0);
	robust("kill, inheriting", PTHREAD_PRIO_INHERIT, dies_at_once, SIGKILL);
	robust("exec, inheriting", PTHREAD_PRIO_INHERIT, execs, 0);
}

static int sleeps(void)
{
	sh->stage = 1;
	while (sh->stage != 2)
		sched_yield();
	return 0;
}

static void test_list(void)
{
	void *mine = NULL, *theirs = NULL;
	size_t len = 0;
	pid_t pid;

	sh->stage = 0;
	pid = start(sleeps);
	await(&sh->stage, 1);
	is(syscall(SYS_get_robust_list, 0, &mine, &len), 0, "my list");
	is((long)len, 24, "its size");
	is(syscall(SYS_get_robust_list, pid, &theirs, &len), 0,
	   "the list of a child");
	ok(mine == theirs, "is at the same place");
	is_errno(syscall(SYS_get_robust_list, 4194303, &mine, &len), ESRCH,
		 "the list of nobody");
	is_errno(syscall(SYS_get_robust_list, 0, (void *)8, &len), EFAULT,
		 "a list to nowhere");
	sh->stage = 2;
	is(end(pid), 0, "the child ends");
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "sleep")) {
		doze();
		return 5;
	}
	alarm(50);
	page = sysconf(_SC_PAGESIZE);
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	test_kinds();
	test_private();
	test_requeue();
	test_pthread();
	test_robust();
	test_list();
	return done_testing();
}
