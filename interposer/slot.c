/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slot.c: thread slots: thread block, alternate stack and kernel stack.
 *
 * The whole window is mapped in every process from its start, for a waker in
 * one process writes the thread block of a sleeper in another, and a waiter
 * may lie on a kernel stack.  A guard page between the parts would be a
 * mapping of its own for each thread in each process; instead there are
 * pages that nothing ever touches, and what overflows into them by less than
 * their size harms nobody (a debug build looks).
 */
#include "emul/abi/boot.h"
#include "emul/host/host.h"
#include "emul/lib/live.h"
#include "emul/lib/lock.h"
#include "emul/lib/print.h"
#include "emul/lib/string.h"
#include "interposer/interposer.h"

/* The monitor looks at slots when a process was killed. */
#define HOSTSIG	((struct hostsig *)(META_BASE + HOSTSIG_OFFSET))

/* Free slots are in a list through thread.self; above n_used all are new. */
static struct {
	struct mutex lock;
	struct thread *free;
	uint32_t n_used;
} slots __arena;

struct thread *slot_alloc(void)
{
	struct thread *th;

	mutex_lock(&slots.lock);
	th = slots.free;
	if (th) {
		slots.free = th->self;
	} else if (slots.n_used < SLOTS_SIZE / SLOT_SIZE) {
		th = (struct thread *)(SLOTS_BASE + slots.n_used * SLOT_SIZE);
		store_release(&slots.n_used, slots.n_used + 1);
		store_release(&HOSTSIG->slots, slots.n_used);
	}
	mutex_unlock(&slots.lock);
	if (!th)
		return NULL;
	live_add(LIVE_SLOT, 1);
	memset(th, 0, sizeof(*th));
	th->self = th;
	th->entry = (uint64_t)entry_jump;
	th->inside = 1;
	/* 16-byte alignment at the first call: struct regs is 8 mod 16. */
	th->kstack = (uint64_t)th + SLOT_STACK_END - 8;
	return th;
}

struct thread *slot_nth(unsigned int n)
{
	if (n >= load_acquire(&slots.n_used))
		return NULL;
	return (struct thread *)(SLOTS_BASE + n * SLOT_SIZE);
}

void slot_free(struct thread *th)
{
	live_add(LIVE_SLOT, -1);
	mutex_lock(&slots.lock);
	th->self = slots.free;
	slots.free = th;
	mutex_unlock(&slots.lock);
}
