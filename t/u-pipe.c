/* SPDX-License-Identifier: Apache-2.0 */
/* u-pipe.c: pipes, eventfd, poll and epoll, with real threads as tasks. */
#include "t/unit.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "emul/abi/boot.h"
#include "emul/abi/regs.h"
#include "emul/fs/pipe.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/poll.h"

#define EV_IN	0x1u
#define EV_OUT	0x4u
#define EV_HUP	0x10u
#define EV_ET	(1u << 31)

static struct task *first;

static void setup(struct thread *th)
{
	static struct boot boot;

	first = task_init(&boot);
	memset(th, 0, sizeof(*th));
	first->thread = th;
	hosted_current = first;
	first->files = files_new();
	ck_assert_ptr_nonnull(first->files);
	first->group->rlimits[7].cur = 1024;
}

/* A thread of the kernel's: runs @fn as a task. */
struct worker {
	pthread_t thread;
	void (*fn)(struct worker *w);
	struct file *f;
	uint64_t bytes, sum, seed;
	long ret;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	struct task *t = task_alloc(first->group, first);
	struct thread th;

	memset(&th, 0, sizeof(th));
	th.task = t;
	t->thread = &th;
	t->files = first->files;
	hosted_current = t;
	w->fn(w);
	t->thread = NULL;
	t->files = NULL;
	task_put(t);
	return NULL;
}

static void start(struct worker *w, void (*fn)(struct worker *w),
		  struct file *f, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	w->fn = fn;
	w->f = f;
	w->seed = seed;
	pthread_create(&w->thread, NULL, work, w);
}

static ssize_t put(struct file *f, void *p, size_t n, bool nonblock)
{
	struct uio u;
	off_t pos = 0;

	uio_kernel(&u, p, n);
	u.nonblock = nonblock;
	return f->ops->write(f, &u, &pos);
}

static ssize_t get(struct file *f, void *p, size_t n, bool nonblock)
{
	struct uio u;
	off_t pos = 0;

	uio_kernel(&u, p, n);
	u.nonblock = nonblock;
	return f->ops->read(f, &u, &pos);
}

static uint64_t step(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return *seed >> 33;
}

static void many_writes(struct worker *w)
{
	unsigned char buf[12000];

	while (w->bytes < 3000000) {
		size_t n = 1 + step(&w->seed) % sizeof(buf);

		for (size_t i = 0; i < n; i++)
			w->sum += buf[i] = (unsigned char)step(&w->seed);
		if (put(w->f, buf, n, false) != (ssize_t)n)
			break;
		w->bytes += n;
	}
}

static void many_reads(struct worker *w)
{
	unsigned char buf[9000];
	ssize_t n;

	while ((n = get(w->f, buf, 1 + step(&w->seed) % sizeof(buf),
			false)) > 0) {
		w->bytes += (uint64_t)n;
		for (ssize_t i = 0; i < n; i++)
			w->sum += buf[i];
	}
	w->ret = n;
}

START_TEST(test_stress)
{
	struct worker w[3], r[3];
	uint64_t in = 0, out = 0, n_in = 0, n_out = 0;
	struct file *end[2];
	struct thread th;

	setup(&th);
	ck_assert_int_eq(pipe_create(end, 0), 0);
	for (int i = 0; i < 3; i++) {
		start(&w[i], many_writes, end[1], (uint64_t)i + 1);
		start(&r[i], many_reads, end[0], (uint64_t)i + 77);
	}
	for (int i = 0; i < 3; i++)
		pthread_join(w[i].thread, NULL);
	file_put(end[1]);
	for (int i = 0; i < 3; i++) {
		pthread_join(r[i].thread, NULL);
		ck_assert_int_eq(r[i].ret, 0);
		in += w[i].sum;
		out += r[i].sum;
		n_in += w[i].bytes;
		n_out += r[i].bytes;
	}
	ck_assert_uint_eq(n_in, n_out);
	ck_assert_uint_eq(in, out);
	file_put(end[0]);
}
END_TEST

START_TEST(test_growth)
{
	static char buf[200000], back[200000];
	struct file *end[2];
	struct thread th;

	setup(&th);
	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (char)(i * 31 + i / 4096);
	ck_assert_int_eq(pipe_create(end, 0), 0);
	/* A turned ring that grows, then one that shrinks. */
	ck_assert_int_eq(put(end[1], buf, 4000, true), 4000);
	ck_assert_int_eq(get(end[0], back, 3000, true), 3000);
	ck_assert_int_eq(put(end[1], buf + 4000, 3000, true), 3000);
	ck_assert_int_eq(put(end[1], buf + 7000, 20000, true), 20000);
	ck_assert_int_eq(get(end[0], back + 3000, 22000, true), 22000);
	ck_assert_int_eq(end[1]->ops->fcntl(end[1], 1031, 4096), 4096);
	ck_assert_int_eq(put(end[1], buf + 27000, 5000, true), 2096);
	ck_assert_int_eq(get(end[0], back + 25000, 10000, true), 4096);
	ck_assert_int_eq(memcmp(buf, back, 29096), 0);
	file_put(end[0]);
	file_put(end[1]);
}
END_TEST

static void late_write(struct worker *w)
{
	char c = 'x';

	usleep(30000);
	w->ret = put(w->f, &c, 1, false);
}

static void late_close(struct worker *w)
{
	usleep(30000);
	file_put(w->f);
}

START_TEST(test_poll)
{
	struct poll_entry e[2];
	struct file *a[2], *b[2];
	struct worker w;
	struct thread th;

	setup(&th);
	ck_assert_int_eq(pipe_create(a, 0), 0);
	ck_assert_int_eq(pipe_create(b, 0), 0);
	e[0] = (struct poll_entry){ { a[0], false }, EV_IN, 0 };
	e[1] = (struct poll_entry){ { b[0], false }, EV_IN, 0 };
	ck_assert_int_eq(poll_entries(first, e, 2, 0), 0);
	ck_assert_int_eq(poll_entries(first, e, 2, poll_deadline_ms(20)), 0);
	start(&w, late_write, b[1], 0);
	ck_assert_int_eq(poll_entries(first, e, 2, NEVER_NS), 1);
	ck_assert_uint_eq(e[0].got, 0);
	ck_assert_uint_eq(e[1].got, EV_IN);
	pthread_join(w.thread, NULL);
	e[1].fd.file = NULL;
	start(&w, late_close, a[1], 0);
	ck_assert_int_eq(poll_entries(first, e, 2, NEVER_NS), 1);
	ck_assert_uint_eq(e[0].got, EV_HUP);
	pthread_join(w.thread, NULL);
	file_put(a[0]);
	file_put(b[0]);
	file_put(b[1]);
}
END_TEST

struct event {
	uint32_t events;
	uint64_t data;
} __attribute__((packed));

START_TEST(test_epoll)
{
	struct event ev = { EV_IN, 7 }, got[4];
	struct worker w;
	struct thread th;
	struct file *end[2];
	int fd[2];
	long ep;
	char c;

	setup(&th);
	ep = sys_epoll_create1(first, 0);
	ck_assert_int_eq(ep, 0);
	ck_assert_int_eq(pipe_create(end, 0), 0);
	fd[0] = fd_add(first, end[0], 0);
	fd[1] = fd_add(first, end[1], 0);
	ck_assert_int_eq(sys_epoll_ctl(first, 0, 1, fd[0], (uaddr_t)&ev), 0);
	ck_assert_int_eq(sys_epoll_ctl(first, 0, 1, fd[0], (uaddr_t)&ev),
			 -EEXIST);
	ck_assert_int_eq(sys_epoll_wait(first, 0, (uaddr_t)got, 4, 0), 0);
	ck_assert_int_eq(sys_epoll_wait(first, 0, (uaddr_t)got, 4, 20), 0);
	for (int i = 0; i < 20; i++) {
		start(&w, late_write, end[1], 0);
		ck_assert_int_eq(sys_epoll_wait(first, 0, (uaddr_t)got, 4,
						5000), 1);
		pthread_join(w.thread, NULL);
		ck_assert_uint_eq(got[0].data, 7);
		ck_assert_int_eq(get(end[0], &c, 1, true), 1);
	}
	ev.events = EV_IN | EV_ET;
	ck_assert_int_eq(sys_epoll_ctl(first, 0, 3, fd[0], (uaddr_t)&ev), 0);
	put(end[1], &c, 1, true);
	put(end[1], &c, 1, true);
	ck_assert_int_eq(sys_epoll_wait(first, 0, (uaddr_t)got, 4, 0), 1);
	ck_assert_int_eq(sys_epoll_wait(first, 0, (uaddr_t)got, 4, 0), 0);
	ck_assert_int_eq(get(end[0], &c, 1, true), 1);
	ck_assert_int_eq(sys_epoll_wait(first, 0, (uaddr_t)got, 4, 0), 0);
	/* The file goes while it is watched. */
	ck_assert_int_eq(fd_close(first->files, (unsigned int)fd[0]), 0);
	ck_assert_int_eq(sys_epoll_wait(first, 0, (uaddr_t)got, 4, 0), 0);
	ck_assert_int_eq(fd_close(first->files, 0), 0);
	ck_assert_int_eq(fd_close(first->files, (unsigned int)fd[1]), 0);
}
END_TEST

UNIT_MAIN("pipe", test_stress, test_growth, test_poll, test_epoll)
