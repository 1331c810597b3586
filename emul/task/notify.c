/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify.c: make a thread look at its work.
 *
 * A thread asleep on an emulated object is woken by its word.  One that runs
 * guest code, or sleeps in the host on a host descriptor, is kicked by a host
 * signal: directly where the host keeps signals inside the sandbox, else by
 * the broker.
 */
#include "emul/abi/boot.h"
#include "emul/abi/hostfd.h"
#include "emul/abi/regs.h"
#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/task/hostproc.h"
#include "emul/task/sched.h"
#include "emul/task/task.h"

static bool scoped __arena;

void notify_init(const struct boot *boot)
{
	scoped = boot->flags & BOOT_SCOPED;
}

static void kick(const struct thread *th)
{
#ifndef SBX_HOSTED
	int tid = load_acquire(&th->host_tid);

	/* Not live: it will look at its work before its first instruction. */
	if (!tid || !__atomic_load_n(&th->live, __ATOMIC_SEQ_CST))
		return;
	if (scoped)
		host_tgkill(hostproc_pid(th), tid, HOST_SIGKICK);
	else
		broker_kick(hostproc_pid(th), tid);
#else
	(void)th;
#endif
}

/*
 * @th's host thread runs another: what can be said to it is that it has to end.
 * The others are looked at when it is its turn again.
 */
static bool notify_rider(const struct thread *th)
{
	struct thread *up = __atomic_load_n(&th->rider, __ATOMIC_SEQ_CST), *o;

	if (!up)
		return false;
	if (!(load_acquire(&th->work) & WORK_EXIT))
		return true;
	while ((o = load_acquire(&up->rider)))
		up = o;
	__atomic_fetch_or(&up->work, WORK_CARRIER, __ATOMIC_SEQ_CST);
	if (!wait_wake_thread(up))
		kick(up);
	return true;
}

void thread_notify(struct thread *th)
{
	if (!(__atomic_fetch_or(&th->work, WORK_SIGNAL, __ATOMIC_SEQ_CST) &
	      WORK_SIGNAL))
		kick(th);
}

void task_notify(struct task *t, uint32_t bits)
{
	struct thread *th = load_acquire(&t->thread);
	uint32_t old;

	if (!th)
		return;
	old = __atomic_fetch_or(&th->work, bits, __ATOMIC_SEQ_CST);
	/* Its own exit tests the word; and who set the bits first kicked. */
	if (t == current() || (old & bits) == bits)
		return;
	if (!wait_wake_task(t) && !notify_rider(th))
		kick(th);
}
