/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stress.c: processes and threads by the thousand, and what they do to each
 * other: for t/t9000-stress.sh, natively and in the sandbox.
 *
 * usage: stress SECONDS [PROCESSES [THREADS [SEED]]]
 *
 * First a crowd of processes that are all there at once, then a crowd of
 * threads, then workers that do things at random until the time is up.  Each
 * deed is checked; whatever goes wrong is said, and the exit status is 1.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STACK		(64u << 10)
#define WORKERS		24

extern char **environ;

/* Memory that all processes share. */
static struct shared {
	pthread_mutex_t lock;		/* robust */
	uint64_t count, wanted;		/* under the lock */
	atomic_int failed;
	atomic_uint deeds;
} *shared;

static char self[4096];
static unsigned int seed;
static time_t end;

static void __attribute__((noreturn, format(printf, 1, 2)))
fail(const char *fmt, ...)
{
	char text[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text) - 1, fmt, ap);
	va_end(ap);
	text[n++] = '\n';
	if (write(2, text, (size_t)n) < 0)
		abort();
	shared->failed = 1;
	_exit(1);
}

#define CHECK(x)							\
	do {								\
		if (!(x))						\
			fail("%s:%d: %s: %s", __func__, __LINE__, #x,	\
			     strerror(errno));				\
	} while (0)

static unsigned int rnd(unsigned int below)
{
	return (unsigned int)rand_r(&seed) % below;
}

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static void nap(long us)
{
	struct timespec ts = { 0, us * 1000 };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

static pid_t must_fork(void)
{
	pid_t pid;
	int tries = 0;

	/* The place where tests run may bound processes. */
	while ((pid = fork()) < 0 && errno == EAGAIN && tries++ < 1000)
		nap(1000);
	CHECK(pid >= 0);
	return pid;
}

/* Wait for @pid, which has to end as @status says; -1: in any way. */
static void must_wait(pid_t pid, int status)
{
	pid_t got;
	int st;

	do
		got = waitpid(pid, &st, 0);
	while (got < 0 && errno == EINTR);
	CHECK(got == pid);
	if (status >= 0 && st != status)
		fail("process %d: status %x, not %x", pid, st, status);
}

/* All of them at once, each with a pipe's end; a byte goes through them. */
static void crowd_of_processes(int n)
{
	int first[2], in, out[2], go[2];
	char c = 'x';
	pid_t *pid = calloc((size_t)n, sizeof(*pid));

	CHECK(pid && !pipe(first) && !pipe(go));
	in = first[0];
	for (int i = 0; i < n; i++) {
		CHECK(!pipe(out));
		pid[i] = must_fork();
		if (!pid[i]) {
			close(go[1]);
			close(out[0]);
			if (read(go[0], &c, 1) != 0)	/* until it is closed */
				_exit(2);
			if (read(in, &c, 1) != 1 || write(out[1], &c, 1) != 1)
				_exit(3);
			_exit(i & 0x7f);
		}
		close(in);
		close(out[1]);
		in = out[0];
	}
	close(go[1]);
	CHECK(write(first[1], &c, 1) == 1);
	CHECK(read(in, &c, 1) == 1 && c == 'x');
	for (int i = 0; i < n; i++)
		must_wait(pid[i], (i & 0x7f) << 8);
	CHECK(waitpid(-1, NULL, 0) < 0 && errno == ECHILD);
	close(in);
	close(first[0]);
	close(first[1]);
	close(go[0]);
	free(pid);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int present, released;
static uint64_t total;

static void *one_of_many(void *arg)
{
	uint64_t *mine = arg;
	char *p;

	pthread_mutex_lock(&mutex);
	present++;
	pthread_cond_broadcast(&cond);
	while (!released)
		pthread_cond_wait(&cond, &mutex);
	total += *mine;
	pthread_mutex_unlock(&mutex);
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return arg;
	*p = 1;
	mprotect(p, 4096, PROT_READ);
	munmap(p, 8192);
	return NULL;
}

static int start_thread(pthread_t *t, void *(*fn)(void *), void *arg)
{
	pthread_attr_t a;
	int err, tries = 0;

	pthread_attr_init(&a);
	pthread_attr_setstacksize(&a, STACK);
	while ((err = pthread_create(t, &a, fn, arg)) == EAGAIN &&
	       tries++ < 1000)
		nap(1000);
	pthread_attr_destroy(&a);
	return err;
}

static void crowd_of_threads(int n)
{
	pthread_t *t = calloc((size_t)n, sizeof(*t));
	uint64_t *v = calloc((size_t)n, sizeof(*v)), sum = 0;
	void *ret;

	CHECK(t && v);
	present = released = 0;
	total = 0;
	for (int i = 0; i < n; i++) {
		v[i] = (uint64_t)i * 3;
		sum += v[i];
		errno = start_thread(&t[i], one_of_many, &v[i]);
		CHECK(!errno);
	}
	pthread_mutex_lock(&mutex);
	while (present < n)
		pthread_cond_wait(&cond, &mutex);
	released = 1;
	pthread_cond_broadcast(&cond);
	pthread_mutex_unlock(&mutex);
	for (int i = 0; i < n; i++) {
		CHECK(!pthread_join(t[i], &ret));
		CHECK(!ret);
	}
	CHECK(total == sum);
	free(t);
	free(v);
}

/* What workers do. */

static void deed_fork(void)
{
	int n = 1 + (int)rnd(8), st;
	pid_t pid[8];

	for (int i = 0; i < n; i++) {
		pid[i] = must_fork();
		if (!pid[i])
			_exit(i);
	}
	for (int i = 0; i < n; i++) {
		if (rnd(2)) {
			must_wait(pid[i], i << 8);
			continue;
		}
		CHECK(syscall(SYS_waitid, P_PID, pid[i], NULL,
			      WEXITED | WNOWAIT, NULL) == 0);
		CHECK(waitpid(pid[i], &st, WNOHANG) == pid[i]);
		CHECK(st == i << 8);
	}
}

static void deed_exec(void)
{
	char code[8], arg0[] = "stress", arg1[] = "leaf";
	char *argv[] = { arg0, arg1, code, NULL };
	volatile int n = (int)rnd(100);
	int kind = (int)rnd(3);
	pid_t pid;

	snprintf(code, sizeof(code), "%d", n);
	if (kind == 0) {
		pid = must_fork();
		if (!pid) {
			execv(self, argv);
			_exit(126);
		}
	} else if (kind == 1) {
		pid = vfork();
		if (!pid) {
			execv(self, argv);
			_exit(126);
		}
		CHECK(pid > 0);
	} else {
		errno = posix_spawn(&pid, self, NULL, NULL, argv, environ);
		CHECK(!errno);
	}
	must_wait(pid, n << 8);
}

static void *ender(void *arg)
{
	char arg0[] = "stress", arg1[] = "leaf", arg2[] = "7";
	char *argv[] = { arg0, arg1, arg2, NULL };

	switch ((intptr_t)arg) {
	case 0:
		_exit(7);
	case 1:
		execv(self, argv);
		_exit(126);
	case 2:
		kill(getpid(), SIGKILL);
		break;
	case 3:
		pthread_exit(NULL);
	}
	for (;;)
		pause();
}

/* Threads that all end their process at once, each in its own way. */
static void deed_race(void)
{
	pid_t pid = must_fork(), got;
	pthread_t t;
	int st;

	if (!pid) {
		for (int i = 0; i < 6; i++)
			if (start_thread(&t, ender, (void *)(intptr_t)rnd(5)))
				_exit(7);
		if (rnd(2))
			pthread_exit(NULL);
		nap(rnd(300));
		_exit(7);
	}
	/* It may also be that all of them pause. */
	for (int i = 0; ; i++) {
		got = waitpid(pid, &st, WNOHANG);
		CHECK(got >= 0);
		if (got)
			break;
		if (i == 40)
			kill(pid, SIGKILL);
		nap(500);
	}
	if (st != 7 << 8 && st != SIGKILL && st != 0)
		fail("race: status %x", st);
}

static atomic_uint caught;

static void on_signal(int sig)
{
	(void)sig;
	caught++;
}

static void deed_signal(void)
{
	int ready[2], st;
	char c = 0;
	pid_t pid;

	CHECK(!pipe(ready));
	pid = must_fork();
	if (!pid) {
		struct sigaction sa = { .sa_handler = on_signal };

		sigaction(SIGUSR1, &sa, NULL);
		sigaction(SIGRTMIN + 1, &sa, NULL);
		caught = 0;
		if (write(ready[1], &c, 1) != 1)
			_exit(1);
		while (caught < 20)
			if (rnd(2))
				nap(100);
		for (;;)
			pause();
	}
	CHECK(read(ready[0], &c, 1) == 1);
	for (int i = 0; i < 20; i++)
		sigqueue(pid, SIGRTMIN + 1, (union sigval){ .sival_int = i });
	kill(pid, SIGUSR1);
	if (rnd(2)) {
		kill(pid, SIGSTOP);
		CHECK(waitpid(pid, &st, WUNTRACED) == pid && WIFSTOPPED(st));
		kill(pid, SIGCONT);
	}
	kill(pid, SIGTERM);
	must_wait(pid, SIGTERM);
	close(ready[0]);
	close(ready[1]);
}

static void deed_pipe(void)
{
	unsigned char buf[5000];
	size_t left = 20000 + rnd(100000), sum = 0, got = 0;
	int p[2], st;
	ssize_t n;
	pid_t pid;

	CHECK(!pipe(p));
	pid = must_fork();
	if (!pid) {
		close(p[0]);
		for (size_t i = 0; left; left -= (size_t)n) {
			size_t k = 1 + rnd(sizeof(buf));

			k = k < left ? k : left;
			for (size_t j = 0; j < k; j++)
				buf[j] = (unsigned char)(i + j);
			n = write(p[1], buf, k);
			if (n <= 0)
				_exit(1);
			i += (size_t)n;
		}
		_exit(0);
	}
	close(p[1]);
	while ((n = read(p[0], buf, sizeof(buf))) > 0) {
		for (ssize_t j = 0; j < n; j++)
			sum += buf[j] != (unsigned char)(got + (size_t)j);
		got += (size_t)n;
	}
	CHECK(!n && !sum && got == left);
	close(p[0]);
	CHECK(waitpid(pid, &st, 0) == pid && !st);
}

static void take_shared(void)
{
	int err = pthread_mutex_lock(&shared->lock);

	if (err == EOWNERDEAD) {
		pthread_mutex_consistent(&shared->lock);
		/* Who died had counted one of the two. */
		shared->count = shared->wanted;
	} else if (err) {
		fail("robust lock: %d", err);
	}
}

/* A counter of all processes; some of them die with the lock. */
static void deed_futex(void)
{
	pid_t pid = must_fork();

	for (int i = 0; i < 50; i++) {
		take_shared();
		shared->wanted++;
		if (!pid && i == 25 && !rnd(4))
			raise(SIGKILL);
		if (shared->count + 1 != shared->wanted)
			fail("counter: %lu, not %lu", shared->count,
			     shared->wanted);
		shared->count++;
		pthread_mutex_unlock(&shared->lock);
	}
	if (!pid)
		_exit(0);
	must_wait(pid, -1);
}

static void *mapper(void *arg)
{
	unsigned int s = (unsigned int)(uintptr_t)arg;

	for (int i = 0; i < 20; i++) {
		size_t n = 4096 * (1 + (unsigned int)rand_r(&s) % 30);
		char *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			return (void *)1;
		p[0] = p[n - 1] = 1;
		if (mprotect(p + n - 4096, 4096, PROT_NONE) ||
		    munmap(p, n))
			return (void *)1;
	}
	return NULL;
}

/* Threads map while another forks. */
static void deed_threads(void)
{
	pthread_t t[8];
	void *ret;
	pid_t pid;

	for (int i = 0; i < 8; i++) {
		errno = start_thread(&t[i], mapper,
				     (void *)(uintptr_t)rnd(1000));
		CHECK(!errno);
	}
	pid = must_fork();
	if (!pid)
		_exit(mapper((void *)1) ? 1 : 0);
	must_wait(pid, 0);
	for (int i = 0; i < 8; i++) {
		CHECK(!pthread_join(t[i], &ret));
		CHECK(!ret);
	}
}

static void deed_orphan(void)
{
	pid_t pid = must_fork();

	if (!pid) {
		pid = fork();
		if (!pid)
			nap(rnd(3000));
		_exit(0);
	}
	must_wait(pid, 0);
}

static void slurp(const char *path)
{
	char buf[4096];
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return;
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
}

/* Look at whoever is there, and be gone while one looks. */
static void deed_look(void)
{
	static const char *const files[] = {
		"stat", "status", "cmdline", "maps", "statm", "comm",
		"environ", "task", "fd", "limits",
	};
	DIR *d = opendir("/proc");
	char path[300], link[64];
	struct dirent *e;

	CHECK(d);
	while ((e = readdir(d))) {
		if (*e->d_name < '1' || *e->d_name > '9' || rnd(4))
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/%s", e->d_name,
			 files[rnd(sizeof(files) / sizeof(files[0]))]);
		slurp(path);
		snprintf(path, sizeof(path), "/proc/%.20s/exe", e->d_name);
		if (readlink(path, link, sizeof(link)) < 0)
			continue;
	}
	closedir(d);
}

static void deed_files(void)
{
	char name[64];
	struct epoll_event ev = { .events = EPOLLIN };
	struct itimerspec its = { .it_value.tv_nsec = 100000 };
	int ep, tfd, efd, fd;
	uint64_t v = 1;

	snprintf(name, sizeof(name), "stress-%d", getpid());
	fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	CHECK(fd >= 0);
	CHECK(write(fd, &v, sizeof(v)) == sizeof(v));
	CHECK(!unlink(name));
	ep = epoll_create1(EPOLL_CLOEXEC);
	tfd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	efd = eventfd(0, EFD_CLOEXEC);
	CHECK(ep >= 0 && tfd >= 0 && efd >= 0);
	CHECK(!epoll_ctl(ep, EPOLL_CTL_ADD, tfd, &ev));
	CHECK(!epoll_ctl(ep, EPOLL_CTL_ADD, efd, &ev));
	CHECK(!timerfd_settime(tfd, 0, &its, NULL));
	CHECK(epoll_wait(ep, &ev, 1, 10000) == 1);
	CHECK(write(efd, &v, sizeof(v)) == sizeof(v));
	CHECK(read(tfd, &v, sizeof(v)) == sizeof(v));
	close(tfd);
	CHECK(epoll_wait(ep, &ev, 1, 0) == 1);
	if (rnd(2))
		close(efd);
	close(ep);
	close(fd);
	if (fcntl(efd, F_GETFD) >= 0)
		close(efd);
}

static void (*const deeds[])(void) = {
	deed_fork, deed_exec, deed_race, deed_signal, deed_pipe, deed_futex,
	deed_threads, deed_orphan, deed_look, deed_files,
};
#define N_DEEDS		(sizeof(deeds) / sizeof(deeds[0]))

static void worker(unsigned int n)
{
	seed += n * 7919;
	/* Orphans of its own go to init; it dies with the whole. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (now() < end && !shared->failed) {
		deeds[rnd(N_DEEDS)]();
		shared->deeds++;
	}
	_exit(shared->failed ? 1 : 0);
}

static void share(void)
{
	pthread_mutexattr_t a;

	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		exit(1);
	pthread_mutexattr_init(&a);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&shared->lock, &a);
}

static int number(int argc, char **argv, int i, int def)
{
	return argc > i ? atoi(argv[i]) : def;
}

int main(int argc, char **argv)
{
	int seconds, procs, threads;
	pid_t pid[WORKERS];
	ssize_t n;

	if (argc == 3 && !strcmp(argv[1], "leaf"))
		return atoi(argv[2]);
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n <= 0)
		return 1;
	share();
	seconds = number(argc, argv, 1, 5);
	procs = number(argc, argv, 2, 1000);
	threads = number(argc, argv, 3, 1000);
	seed = (unsigned int)number(argc, argv, 4, 1);

	crowd_of_processes(procs);
	puts("a crowd of processes");
	crowd_of_threads(threads);
	puts("a crowd of threads");
	fflush(stdout);
	end = now() + seconds;
	for (unsigned int i = 0; i < WORKERS; i++) {
		pid[i] = must_fork();
		if (!pid[i])
			worker(i + 1);
	}
	for (unsigned int i = 0; i < WORKERS; i++)
		must_wait(pid[i], shared->failed ? -1 : 0);
	/* Orphans that still sleep are not waited for by anybody here. */
	nap(20000);
	take_shared();
	if (shared->count != shared->wanted)
		fail("counter: %lu, not %lu", shared->count, shared->wanted);
	fprintf(stderr, "# %u deeds\n", shared->deeds);
	puts(shared->failed ? "something went wrong" : "all went well");
	return shared->failed ? 1 : 0;
}
