/* SPDX-License-Identifier: Apache-2.0 */
/*
 * g-futex-robust.c: robust lists made by hand: locks held and not, the entry
 * that was under way, lists that are broken.
 */
#define _GNU_SOURCE
#include "t/guest.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct lock {
	struct lock *next;
	uint32_t pad;
	uint32_t word;
};

struct head {
	struct lock *next;
	long offset;
	struct lock *pending;
};

static struct page {
	struct head head;
	struct lock lock[8];
	volatile uint32_t ready, woken;
} *sh;

static struct lock *tagged(struct lock *l)
{
	return (struct lock *)((uintptr_t)l | 1);
}

static uint32_t tid(void)
{
	return (uint32_t)syscall(SYS_gettid);
}

static void doze(void)
{
	struct timespec ts = { 0, 20000000 };

	nanosleep(&ts, NULL);
}

static void set_list(void)
{
	syscall(SYS_set_robust_list, &sh->head, sizeof(sh->head));
}

static void list_init(void)
{
	memset(sh, 0, sizeof(*sh));
	sh->head.next = (struct lock *)&sh->head;
	sh->head.offset = offsetof(struct lock, word);
}

/* In a process of its own, so that libc's own list is not missed. */
static void in_child(void (*fn)(void))
{
	pid_t pid = fork();

	if (!pid) {
		set_list();
		fn();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void held(void)
{
	sh->lock[0].word = tid();
	sh->lock[1].word = tid() | FUTEX_WAITERS;
	sh->lock[2].word = tid() + 1;		/* another's */
	sh->lock[3].word = 0;
	sh->lock[4].word = tid() | FUTEX_WAITERS;	/* not in the list */
	sh->head.next = &sh->lock[0];
	sh->lock[0].next = &sh->lock[1];
	sh->lock[1].next = &sh->lock[2];
	sh->lock[2].next = &sh->lock[3];
	sh->lock[3].next = (struct lock *)&sh->head;
	sh->ready = tid();
}

static void test_held(void)
{
	list_init();
	in_child(held);
	ok(sh->lock[0].word == FUTEX_OWNER_DIED, "held: its owner died");
	ok(sh->lock[1].word == (FUTEX_OWNER_DIED | FUTEX_WAITERS),
	   "held and waited for: that stays");
	ok(sh->lock[2].word == sh->ready + 1, "another's stays as it was");
	is(sh->lock[3].word, 0, "a free one too");
	ok(sh->lock[4].word == (sh->ready | FUTEX_WAITERS),
	   "one that is not in the list");
}

static void pending(void)
{
	sh->lock[0].word = tid();
	sh->lock[1].word = tid();
	sh->head.next = &sh->lock[1];
	sh->lock[1].next = (struct lock *)&sh->head;
	sh->head.pending = &sh->lock[0];
}

static void pending_twice(void)
{
	sh->lock[0].word = tid() | FUTEX_WAITERS;
	sh->head.next = &sh->lock[0];
	sh->lock[0].next = (struct lock *)&sh->head;
	sh->head.pending = &sh->lock[0];
}

static void endless(void)
{
	for (int i = 0; i < 3; i++)
		sh->lock[i].word = tid();
	sh->head.next = &sh->lock[0];
	sh->lock[0].next = &sh->lock[1];
	sh->lock[1].next = &sh->lock[2];
	sh->lock[2].next = &sh->lock[1];
}

static void broken(void)
{
	for (int i = 0; i < 3; i++)
		sh->lock[i].word = tid();
	sh->head.next = &sh->lock[0];
	sh->lock[0].next = (struct lock *)8;
	sh->head.pending = &sh->lock[2];
}

static void nowhere(void)
{
	syscall(SYS_set_robust_list, (void *)8, sizeof(sh->head));
}

static void no_offset(void)
{
	sh->lock[0].word = tid();
	sh->head.offset = 1;			/* not aligned */
	sh->head.next = &sh->lock[0];
	sh->lock[0].next = (struct lock *)&sh->head;
}

static void inherits(void)
{
	sh->lock[0].word = tid() | FUTEX_WAITERS;
	sh->lock[1].word = tid();
	sh->head.next = tagged(&sh->lock[0]);
	sh->lock[0].next = tagged(&sh->lock[1]);
	sh->lock[1].next = (struct lock *)&sh->head;
}

static void test_shapes(void)
{
	list_init();
	in_child(pending);
	ok(sh->lock[0].word == FUTEX_OWNER_DIED, "the one under way");
	ok(sh->lock[1].word == FUTEX_OWNER_DIED, "and the list");
	list_init();
	in_child(pending_twice);
	ok(sh->lock[0].word == (FUTEX_OWNER_DIED | FUTEX_WAITERS),
	   "under way and in the list");
	list_init();
	in_child(endless);
	ok(sh->lock[2].word == FUTEX_OWNER_DIED, "a list in a ring ends");
	list_init();
	in_child(broken);
	ok(sh->lock[0].word == FUTEX_OWNER_DIED, "a list that breaks off");
	ok(sh->lock[2].word != FUTEX_OWNER_DIED, "ends it: none is under way");
	list_init();
	in_child(nowhere);
	ok(1, "a list that is nowhere");
	list_init();
	in_child(no_offset);
	ok(sh->lock[0].word != FUTEX_OWNER_DIED, "words that are not aligned");
	list_init();
	in_child(inherits);
	ok(sh->lock[0].word == (FUTEX_OWNER_DIED | FUTEX_WAITERS),
	   "locks that inherit");
	ok(sh->lock[1].word == FUTEX_OWNER_DIED, "two of them");
	is_errno(syscall(SYS_set_robust_list, &sh->head, 23), EINVAL,
		 "another size of the head");
}

/*
 * One waits for lock 0 while the child that `fn` made its holder, or that was
 * about to wake somebody, ends.
 */
static uint32_t expected;

static void *waits(void *arg)
{
	struct timespec ts = { 0, 300000000 };

	(void)arg;
	sh->ready = 2;
	sh->woken = !syscall(SYS_futex, &sh->lock[0].word, FUTEX_WAIT, expected,
			     &ts, NULL, 0);
	return NULL;
}

static int wakes(void (*fn)(void))
{
	pthread_t t;
	pid_t pid;

	list_init();
	pid = fork();
	if (!pid) {
		set_list();
		fn();
		sh->ready = 1;
		while (sh->ready != 2)
			sched_yield();
		doze();
		_exit(0);
	}
	while (sh->ready != 1)
		sched_yield();
	expected = sh->lock[0].word;
	pthread_create(&t, NULL, waits, NULL);
	waitpid(pid, NULL, 0);
	pthread_join(t, NULL);
	return (int)sh->woken;
}

static void holds(void)
{
	sh->lock[0].word = tid() | FUTEX_WAITERS;
	sh->head.next = &sh->lock[0];
	sh->lock[0].next = (struct lock *)&sh->head;
}

static void holds_unasked(void)
{
	holds();
	sh->lock[0].word = tid();
}

static void holds_pi(void)
{
	holds();
	sh->head.next = tagged(&sh->lock[0]);
}

static void unlocking(void)
{
	sh->head.pending = &sh->lock[0];
}

static void unlocking_pi(void)
{
	sh->head.pending = tagged(&sh->lock[0]);
}

static void test_wakes(void)
{
	is(wakes(holds), 1, "who waits is woken");
	is(wakes(holds_unasked), 0, "not without the bit in the word");
	is(wakes(holds_pi), 0, "not for a lock that inherits");
	is(wakes(unlocking), 1, "it died before the wake-up");
	is(wakes(unlocking_pi), 0, "which is the kernel's own otherwise");
}

int main(void)
{
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	test_held();
	test_shapes();
	test_wakes();
	return done_testing();
}
