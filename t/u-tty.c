/* SPDX-License-Identifier: Apache-2.0 */
/* u-tty.c: the line discipline and pseudo-terminals, with threads as tasks. */
#include "t/unit.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "emul/abi/boot.h"
#include "emul/abi/regs.h"
#include "emul/task/task.h"
#include "emul/tty/pty.h"
#include "emul/vfs/fdtable.h"

static uint64_t seed;

static unsigned int rnd(unsigned int n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(seed >> 33) % n;
}

static void check_line(const struct line *l)
{
	ck_assert_uint_le(l->head - l->tail, LINE_SIZE);
	ck_assert_uint_le(l->ready - l->tail, l->head - l->tail);
	ck_assert_uint_le(ring_used(l->out), l->out->size);
	ck_assert_uint_le(l->echo_head - l->echo_tail, ECHO_SIZE);
}

/* Any settings and any bytes: nothing is broken, and nothing is stuck. */
START_TEST(test_line_random)
{
	static char out_buf[256], in[8192], buf[8192];
	static struct line l;
	struct ring out;
	struct termios2 tio;
	bool end;

	for (seed = 1; seed < 200; ) {
		uint64_t next = seed + 1;

		ring_init(&out, out_buf, sizeof(out_buf));
		line_init(&l, &out);
		for (int step = 0; step < 100; step++) {
			size_t n = rnd(rnd(20) ? 100 : sizeof(in)), at = 0;

			if (!rnd(10)) {
				tio = l.tio;
				tio.c_iflag = rnd(~0u);
				tio.c_oflag = rnd(~0u);
				tio.c_lflag = rnd(~0u);
				line_set(&l, &tio);
				check_line(&l);
			}
			for (size_t i = 0; i < n; i++)
				in[i] = (char)rnd(rnd(2) ? 256 : 32);
			while (at < n) {
				size_t r = line_type(&l, in + at, n - at);

				at += r;
				check_line(&l);
				if (r)
					continue;
				ck_assert(line_has(&l, 1));
				(void)line_take(&l, buf, 1 + rnd(100), &end);
				check_line(&l);
			}
			(void)line_write(&l, in, n);
			check_line(&l);
			(void)ring_get(&out, buf, rnd(200));
			line_echo_rest(&l);
			(void)line_count(&l);
		}
		seed = next;
	}
}
END_TEST

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
	ck_assert_ptr_nonnull(devpts_super());
}

static struct pty *p;
static struct file master, slave;

static void open_both(void)
{
	master = (struct file){ .mode = FMODE_READ | FMODE_WRITE };
	slave = master;
	p = pty_new(0);
	ck_assert_ptr_nonnull(p);
	ck_assert_int_eq(pty_open_master(p, &master), 0);
	ck_assert_int_eq(pty_open_slave(p, &slave, O_NOCTTY), -EIO);
	p->locked = false;
	ck_assert_int_eq(pty_open_slave(p, &slave, O_NOCTTY), 0);
	pty_put(p);
}

static ssize_t put(struct file *f, const char *s, size_t n)
{
	struct uio u;
	off_t pos = 0;

	uio_kernel(&u, (char *)(uintptr_t)s, n);
	return f->ops->write(f, &u, &pos);
}

static ssize_t get(struct file *f, char *s, size_t n)
{
	struct uio u;
	off_t pos = 0;

	uio_kernel(&u, s, n);
	return f->ops->read(f, &u, &pos);
}

/* A thread of the kernel's: runs @fn as a task. */
struct worker {
	pthread_t thread;
	void (*fn)(struct worker *w);
	ssize_t ret;
	char buf[64];
};

static void *work(void *arg)
{
	struct worker *w = arg;
	struct task *t = task_alloc(first->group, first);
	struct thread th;

	memset(&th, 0, sizeof(th));
	th.task = t;
	t->thread = &th;
	hosted_current = t;
	w->fn(w);
	t->thread = NULL;
	task_put(t);
	return NULL;
}

static void read_slave(struct worker *w)
{
	w->ret = get(&slave, w->buf, sizeof(w->buf));
}

static void write_much(struct worker *w)
{
	static char much[100000];

	w->ret = put(&slave, much, sizeof(much));
}

START_TEST(test_hangup_wakes)
{
	struct thread th;
	struct worker w = { .fn = read_slave, .ret = -1 };

	setup(&th);
	open_both();
	pthread_create(&w.thread, NULL, work, &w);
	usleep(50000);
	ck_assert_int_eq(put(&master, "ab\n", 3), 3);
	pthread_join(w.thread, NULL);
	ck_assert_int_eq(w.ret, 3);
	pthread_create(&w.thread, NULL, work, &w);
	usleep(50000);
	master.ops->release(&master);
	pthread_join(w.thread, NULL);
	ck_assert_int_eq(w.ret, 0);
	ck_assert_int_eq(put(&slave, "x", 1), -EIO);
	slave.ops->release(&slave);
}
END_TEST

START_TEST(test_back_pressure)
{
	struct thread th;
	struct worker w = { .fn = write_much };
	char buf[777];
	size_t sum = 0;
	ssize_t n;

	setup(&th);
	open_both();
	pthread_create(&w.thread, NULL, work, &w);
	while (sum < 100000) {
		n = get(&master, buf, sizeof(buf));
		ck_assert_int_gt(n, 0);
		sum += (size_t)n;
	}
	pthread_join(w.thread, NULL);
	ck_assert_int_eq(w.ret, 100000);
	slave.ops->release(&slave);
	ck_assert_int_eq(get(&master, buf, 1), -EIO);
	master.ops->release(&master);
}
END_TEST

/* A terminal and its session. */
START_TEST(test_session)
{
	struct thread th;
	struct tty *tty;
	int pgrp = 0;

	setup(&th);
	open_both();
	ck_assert_ptr_null(tty_of(first->group, NULL));
	ck_assert_int_eq(tty_group_ioctl(&p->tty, &slave, TIOCSCTTY, 0,
					 false), -EPERM);
	first->group->sid = first->group->pid;
	ck_assert_int_eq(tty_group_ioctl(&p->tty, &slave, TIOCSCTTY, 0,
					 false), 0);
	tty = tty_of(first->group, &pgrp);
	ck_assert_ptr_eq(tty, &p->tty);
	ck_assert_int_eq(pgrp, first->group->pgid);
	tty_put(tty);
	ck_assert_int_eq(tty_check(&p->tty, 21), 0);
	/* In the background; a shell outside could continue it. */
	p->tty.pgrp = 1;
	ck_assert_int_eq(tty_check(&p->tty, 21), -ERESTARTSYS);
	first->blocked = SIGBIT(21);
	ck_assert_int_eq(tty_check(&p->tty, 21), -EIO);
	ck_assert_int_eq(tty_group_ioctl(&p->tty, &slave, TIOCNOTTY, 0,
					 false), 0);
	ck_assert_ptr_null(tty_of(first->group, NULL));
	slave.ops->release(&slave);
	master.ops->release(&master);
}
END_TEST

UNIT_MAIN("tty", test_line_random, test_hangup_wakes, test_back_pressure,
	  test_session)
