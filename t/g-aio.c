/* SPDX-License-Identifier: Apache-2.0 */
/* g-aio.c: io_setup and what follows: reads, writes, syncs, eventfds. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <linux/aio_abi.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "t/guest.h"
#include "t/oracle.h"

static aio_context_t ctx;
static struct io_event ev[64];
static char data[16][4096];

static long setup(unsigned int n, aio_context_t *c)
{
	return syscall(SYS_io_setup, n, c);
}

static long submit(long n, struct iocb **b)
{
	return syscall(SYS_io_submit, ctx, n, b);
}

static long get(long min, long n, const struct timespec *ts)
{
	return syscall(SYS_io_getevents, ctx, min, n, ev, ts);
}

static struct iocb iocb_of(int op, int fd, void *buf, size_t n, off_t off)
{
	struct iocb b;

	memset(&b, 0, sizeof(b));
	b.aio_lio_opcode = (uint16_t)op;
	b.aio_fildes = (uint32_t)fd;
	b.aio_buf = (uint64_t)(uintptr_t)buf;
	b.aio_nbytes = n;
	b.aio_offset = off;
	b.aio_data = (uint64_t)off + 1;
	return b;
}

static int by_data(const void *a, const void *b)
{
	const struct io_event *x = a, *y = b;

	return x->data < y->data ? -1 : x->data > y->data;
}

/* Events of requests done together come in any order. */
static void show(long n)
{
	if (n < 0)
		return;
	qsort(ev, (size_t)n, sizeof(*ev), by_data);
	for (long i = 0; i < n; i++)
		printf("event: data %lld res %lld res2 %lld\n",
		       (long long)ev[i].data, (long long)ev[i].res,
		       (long long)ev[i].res2);
}

static void contexts(void)
{
	aio_context_t c = 0, bad = 1;

	T(setup(0, &c));
	T(setup(1, &bad));
	T(setup(1, (void *)8));
	T(setup(0x7fffffff, &c));
	T(setup(8, &c));
	ok(c != 0, "a context");
	T(syscall(SYS_io_destroy, c));
	T(syscall(SYS_io_destroy, c));
	T(syscall(SYS_io_destroy, 12345UL));
	T(syscall(SYS_io_submit, c, 0L, NULL));
	T(syscall(SYS_io_getevents, c, 0L, 1L, ev, NULL));
	T(setup(64, &ctx));
}

static void reads_and_writes(void)
{
	struct iocb b[16], *p[16];
	struct iovec v[2];
	int fd = open("f", O_RDWR | O_CREAT, 0600);
	long n;

	for (int i = 0; i < 16; i++) {
		memset(data[i], 'a' + i, sizeof(data[i]));
		b[i] = iocb_of(IOCB_CMD_PWRITE, fd, data[i], 4096, i * 4096);
		p[i] = &b[i];
	}
	T(submit(16, p));
	n = T(get(16, 64, NULL));
	show(n);
	ok(ev[3].obj == (uint64_t)(uintptr_t)&b[3], "the request comes back");
	for (int i = 0; i < 16; i++) {
		memset(data[i], 0, sizeof(data[i]));
		b[i].aio_lio_opcode = IOCB_CMD_PREAD;
	}
	T(submit(16, p));
	T(get(4, 4, NULL));
	T(get(12, 64, NULL));
	ok(data[0][0] == 'a' && data[15][4095] == 'p', "what was written");
	v[0].iov_base = data[0];
	v[0].iov_len = 10;
	v[1].iov_base = data[1];
	v[1].iov_len = 20;
	b[0] = iocb_of(IOCB_CMD_PREADV, fd, v, 2, 4090);
	b[1] = iocb_of(IOCB_CMD_PWRITEV, fd, v, 2, 70000);
	T(submit(1, p));
	show(T(get(1, 1, NULL)));
	T(submit(1, p + 1));
	show(T(get(1, 1, NULL)));
	ok(data[0][5] == 'a' && data[0][6] == 'b', "a vector");
	b[0] = iocb_of(IOCB_CMD_FSYNC, fd, NULL, 0, 0);
	b[1] = iocb_of(IOCB_CMD_FDSYNC, fd, NULL, 0, 0);
	T(submit(2, p));
	show(T(get(2, 2, NULL)));
	b[0] = iocb_of(IOCB_CMD_PREAD, fd, data[0], 100, 1 << 20);
	T(submit(1, p));
	show(T(get(1, 1, NULL)));
	close(fd);
}

static void bad(void)
{
	const struct timespec none = { 0, 0 };
	struct iocb b[2], *p[3] = { &b[0], &b[1], (void *)8 };
	int fd = open("f", O_RDONLY), p2[2];

	b[0] = iocb_of(IOCB_CMD_PREAD, 99, data[0], 10, 0);
	T(submit(1, p));
	b[0] = iocb_of(IOCB_CMD_PWRITE, fd, data[0], 10, 0);
	T(submit(1, p));
	b[0] = iocb_of(99, fd, data[0], 10, 0);
	T(submit(1, p));
	b[0] = iocb_of(IOCB_CMD_PREAD, fd, data[0], 10, -1);
	T(submit(1, p));
	b[0] = iocb_of(IOCB_CMD_PREAD, fd, data[0], 10, 0);
	b[0].aio_reserved2 = 1;
	T(submit(1, p));
	b[0].aio_reserved2 = 0;
	b[0].aio_flags = 0x100;
	T(submit(1, p));
	b[0].aio_flags = IOCB_FLAG_RESFD;
	b[0].aio_resfd = (uint32_t)fd;
	T(submit(1, p));
	b[0].aio_resfd = 99;
	T(submit(1, p));
	b[0] = iocb_of(IOCB_CMD_FSYNC, fd, data[0], 10, 0);
	T(submit(1, p));
	b[0] = iocb_of(IOCB_CMD_PREAD, fd, data[0], 10, 0);
	b[1] = b[0];
	b[1].aio_fildes = 99;
	T(submit(2, p));
	T(get(1, 4, NULL));
	b[1] = b[0];
	T(submit(3, p));
	T(get(2, 4, NULL));
	T(submit(-1, p));
	T(submit(1, (void *)8));
	T(submit(0, (void *)8));
	T(get(1, 4, &none));
	T(get(0, 0, NULL));
	T(get(2, 1, NULL));
	T(get(-1, 1, NULL));
	b[0] = iocb_of(IOCB_CMD_PREAD, fd, (void *)8, 10, 0);
	T(submit(1, p));
	show(T(get(1, 1, NULL)));
	T(syscall(SYS_io_cancel, ctx, &b[0], ev));
	T(syscall(SYS_io_cancel, ctx, (void *)8, ev));
	if (!pipe(p2)) {
		b[0] = iocb_of(IOCB_CMD_PWRITE, p2[1], data[0], 10, 0);
		T(submit(1, p));
		show(T(get(1, 1, NULL)));
		b[0] = iocb_of(IOCB_CMD_PREAD, p2[0], data[0], 20, 0);
		T(submit(1, p));
		show(T(get(1, 1, NULL)));
	}
	close(fd);
}

static void by_eventfd(void)
{
	struct iocb b[3], *p[3] = { &b[0], &b[1], &b[2] };
	int fd = open("f", O_RDONLY), e = eventfd(0, EFD_NONBLOCK);
	struct pollfd pf = { e, POLLIN, 0 };
	uint64_t v = 0, sum = 0;

	for (int i = 0; i < 3; i++) {
		b[i] = iocb_of(IOCB_CMD_PREAD, fd, data[i], 10, i);
		b[i].aio_flags = IOCB_FLAG_RESFD;
		b[i].aio_resfd = (uint32_t)e;
	}
	T(submit(3, p));
	while (sum < 3 && poll(&pf, 1, 30000) == 1 &&
	       read(e, &v, sizeof(v)) == sizeof(v))
		sum += v;
	is((long)sum, 3, "three completions counted");
	show(T(get(3, 3, NULL)));
	close(e);
	close(fd);
}

static void *waits(void *arg)
{
	(void)arg;
	return (void *)get(1, 1, NULL);
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void waiting(void)
{
	const struct timespec ts = { 0, 20000000 };
	struct sigaction sa = { .sa_handler = on_alarm };
	struct iocb b, *p = &b;
	int fd = open("f", O_RDONLY);
	struct {
		const void *mask;
		size_t size;
	} sig = { NULL, 0 };
	sigset_t set, old;
	pthread_t th;
	void *r;
	int st;

	T(get(1, 1, &ts));
	ok(!pthread_create(&th, NULL, waits, NULL), "a thread");
	b = iocb_of(IOCB_CMD_PREAD, fd, data[0], 10, 0);
	T(submit(1, &p));
	pthread_join(th, &r);
	is((long)r, 1, "the other thread got it");
	/* Of a signal that only the call lets in. */
	sigaction(SIGALRM, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, &old);
	raise(SIGALRM);
	sig.mask = &old;
	sig.size = 8;
	T(syscall(SYS_io_pgetevents, ctx, 1L, 1L, ev, NULL, &sig));
	sig.size = 4;
	T(syscall(SYS_io_pgetevents, ctx, 1L, 1L, ev, &ts, &sig));
	T(syscall(SYS_io_pgetevents, ctx, 1L, 1L, ev, &ts, NULL));
	/* A child has none. */
	fflush(stdout);
	if (!fork()) {
		T(get(0, 1, &ts));
		fflush(stdout);
		_exit(0);
	}
	wait(&st);
	close(fd);
}

int main(void)
{
	aio_context_t probe = 0;

	if (host_lacks(SYS_io_setup) || (setup(1, &probe) && errno != EINVAL &&
					 getenv("SBX_TEST_NATIVE")))
		skip_all("the host has no io_setup");
	syscall(SYS_io_destroy, probe);
	contexts();
	reads_and_writes();
	bad();
	by_eventfd();
	waiting();
	T(syscall(SYS_io_destroy, ctx));
	return done_testing();
}
