/* SPDX-License-Identifier: Apache-2.0 */
/* kinit.c: the process without a guest; see kinit.h. */
#include "emul/task/kinit.h"

#include <asm-generic/errno-base.h>

#include "emul/abi/regs.h"
#include "emul/abi/boot.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/lock.h"
#include "emul/task/hostproc.h"
#include "emul/task/sched.h"
#include "emul/task/task.h"
#ifndef SBX_HOSTED
#include "interposer/interposer.h"

/* What kinit is asked to start. */
struct kinit_req {
	struct thread *th;
	void (*fn)(void *arg);
	void *arg;
	bool thread;
	uint64_t stack;		/* its top, for a thread */
	long ret;
};

#define TOUCH_STEP	0x10000UL	/* what the host maps at once */
#define TOUCH_MAX	0x100000UL

static struct {
	struct mutex lock;	/* one asks at a time */
	bool running;
	struct kinit_req req;
	uint32_t asked, answered;	/* counts; a futex word */
	uint32_t bell;		/* futex word: rings for either of: */
	bool want_spare;
	struct thread *spare;	/* of a process that waits; atomic */
	uint32_t n_spares;	/* slots that it or its making takes; atomic */
} kinit __arena;
LOCK_CLASS(kinit, LOCK_KINIT);

struct start {
	void (*fn)(void *arg);
	void *arg;
};

/* In the new process: it is a host process of its own first. */
static void process_begin(void *arg)
{
	struct thread *th = this_thread();

	(void)arg;
	hostproc_enter(th, th->host_tid);
	th->start_fn(th->start_arg);
}

static void serve(struct kinit_req *q)
{
	struct thread *th = q->th;

	if (q->thread) {
		hostproc_join(th, this_thread());
		q->ret = host_clone(true, q->stack, th, q->fn, q->arg);
		return;
	}
	th->start_fn = q->fn;
	th->start_arg = q->arg;
	q->ret = host_clone(false, (uint64_t)thread_frame(th), th,
			    process_begin, NULL);
}

/*
 * The host copies no page tables of shared memory; at a read it maps the 16
 * pages around.  A process that has time has it done before it is wanted.
 */
static void touch(const struct thread *th, uint64_t from, uint64_t to)
{
	for (; from < to && !load_acquire(&th->go); from += TOUCH_STEP)
		(void)load_once((const uint8_t *)from);
}

static void spare_begin(void *arg)
{
	struct thread *th = this_thread();

	(void)arg;
	hostproc_enter(th, th->host_tid);
	touch(th, IMAGE_BASE, (uint64_t)image_end);
	touch(th, META_BASE, META_BASE + 1);
	touch(th, BOOT_BASE, BOOT_BASE + 1);
	touch(th, HEAP_BASE, HEAP_BASE + MIN(alloc_reach(), TOUCH_MAX));
	while (!load_acquire(&th->go))
		host_futex_wait_lock(&th->go, 0);
	th->start_fn(th->start_arg);
}

/* Who spawns once does it again: the next process is made beforehand. */
static void make_spare(void)
{
	struct thread *th;

	__atomic_fetch_add(&kinit.n_spares, 1, __ATOMIC_SEQ_CST);
	th = slot_get();
	if (th) {
		th->spare = 1;
		if (host_clone(false, (uint64_t)thread_frame(th), th,
			       spare_begin, NULL) > 0) {
			store_release(&kinit.spare, th);
			return;
		}
		slot_drop(th);
	}
	__atomic_fetch_sub(&kinit.n_spares, 1, __ATOMIC_SEQ_CST);
}

static void ring(void)
{
	__atomic_fetch_add(&kinit.bell, 1, __ATOMIC_SEQ_CST);
	host_futex_wake(&kinit.bell, 1);
}

/* What there is to do; false: nothing. */
static bool work(uint32_t *done)
{
	if (load_acquire(&kinit.asked) != *done) {
		++*done;
		serve(&kinit.req);
		store_release(&kinit.answered, *done);
		host_futex_wake(&kinit.answered, 1);
		return true;
	}
	if (!load_acquire(&kinit.want_spare))
		return false;
	store_once(&kinit.want_spare, false);
	if (!load_acquire(&kinit.spare))
		make_spare();
	return true;
}

static void kinit_main(void *arg)
{
	struct thread *th = this_thread();
	uint32_t done = 0, bell;

	(void)arg;
	hostproc_enter(th, th->host_tid);
	th->proc->kinit = 1;
	hostsig_thread(th);
	host_munmap(GUEST_MIN, REGION_START - GUEST_MIN);
	for (;;) {
		bell = load_acquire(&kinit.bell);
		if (!work(&done))
			host_futex_wait_lock(&kinit.bell, bell);
	}
}

/*
 * kinit.lock is held, and others may be: a timer's, a group's.  A copy of the
 * caller, which drops its guest.
 */
static int start(void)
{
	struct thread *th = slot_get();
	long ret;

	if (!th)
		return -EAGAIN;
	/* It drops the guest: in whatever state that is, also half changed. */
	ret = host_clone(false, th->kstack, th, kinit_main, NULL);
	if (ret < 0) {
		slot_drop(th);
		return (int)ret;
	}
	kinit.running = true;
	sched_template(current());
	return 0;
}

static int ask(struct kinit_req q)
{
	uint32_t turn;
	long ret = 0;

	mutex_lock(&kinit.lock);
	if (!kinit.running)
		ret = start();
	if (!ret) {
		kinit.req = q;
		turn = kinit.asked + 1;
		store_release(&kinit.asked, turn);
		ring();
		while (load_acquire(&kinit.answered) != turn)
			host_futex_wait_lock(&kinit.answered, turn - 1);
		ret = kinit.req.ret;
	}
	mutex_unlock(&kinit.lock);
	return ret < 0 ? (int)ret : 0;
}

struct thread *kinit_slot(void)
{
	struct thread *th = __atomic_exchange_n(&kinit.spare, NULL,
						__ATOMIC_ACQ_REL);

	if (!th)
		return slot_get();
	__atomic_fetch_sub(&kinit.n_spares, 1, __ATOMIC_SEQ_CST);
	if (!hostproc_was_killed(th))
		return th;
	slot_drop(th);
	return slot_get();
}

int kinit_process(struct thread *th, void (*fn)(void *), void *arg)
{
	int err = 0;

	if (th->spare) {
		th->spare = 0;
		th->start_fn = fn;
		th->start_arg = arg;
		store_release(&th->go, 1);
		host_futex_wake(&th->go, 1);
	} else {
		err = ask((struct kinit_req){ .th = th, .fn = fn, .arg = arg });
	}
	if (!err) {
		store_release(&kinit.want_spare, true);
		ring();
	}
	return err;
}

unsigned int kinit_spares(void)
{
	return __atomic_load_n(&kinit.n_spares, __ATOMIC_SEQ_CST);
}

int kinit_thread(struct thread *th, void (*fn)(void *), void *arg)
{
	return ask((struct kinit_req){
		.th = th, .fn = fn, .arg = arg, .thread = true,
		.stack = th->kstack,
	});
}

int kinit_adopt(struct thread *th, void (*fn)(void *))
{
	uint64_t top = th->waiting ? th->wait_sp : (uint64_t)thread_frame(th);

	return ask((struct kinit_req){
		.th = th, .fn = fn, .arg = th, .thread = true, .stack = top,
	});
}
#else
struct thread *kinit_slot(void)
{
	return slot_get();
}

unsigned int kinit_spares(void)
{
	return 0;
}

int kinit_process(struct thread *th, void (*fn)(void *), void *arg)
{
	(void)th;
	(void)fn;
	(void)arg;
	return -EAGAIN;
}

int kinit_thread(struct thread *th, void (*fn)(void *), void *arg)
{
	(void)th;
	(void)fn;
	(void)arg;
	return -EAGAIN;
}

int kinit_adopt(struct thread *th, void (*fn)(void *))
{
	(void)th;
	(void)fn;
	return -EAGAIN;
}
#endif
