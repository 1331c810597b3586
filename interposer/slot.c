/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slot.c: thread slots: thread block, alternate stack and kernel stack, each
 * between guards, in the SLOTS memfd.
 *
 * A slot's three parts are mapped one by one over the hole that was left for
 * it; what lies between them is not mapped, and so is a guard.
 */
#include <asm-generic/mman-common.h>
#include <linux/mman.h>

#include "emul/abi/hostfd.h"
#include "emul/host/host.h"
#include "emul/lib/live.h"
#include "emul/lib/lock.h"
#include "emul/lib/print.h"
#include "emul/lib/string.h"
#include "interposer/interposer.h"

/*
 * Free slots stay mapped and are kept in a list through thread.self; slots
 * above n_used have never been mapped.
 */
static struct {
	struct mutex lock;
	struct thread *free;
	uint32_t n_used;
} slots __arena;

static int map_part(uint64_t slot, uint64_t at, uint64_t len)
{
	long r = host_mmap(slot + at, len, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_FIXED, HOSTFD_SLOTS,
			   (off_t)(slot + at - SLOTS_BASE));

	return r < 0 ? (int)r : 0;
}

struct thread *slot_alloc(void)
{
	struct thread *th;
	uint64_t slot;

	mutex_lock(&slots.lock);
	th = slots.free;
	if (th) {
		slots.free = th->self;
		mutex_unlock(&slots.lock);
	} else {
		if (slots.n_used >= SLOTS_SIZE / SLOT_SIZE) {
			mutex_unlock(&slots.lock);
			return NULL;
		}
		slot = SLOTS_BASE + slots.n_used * SLOT_SIZE;
		slots.n_used++;
		mutex_unlock(&slots.lock);
		if (map_part(slot, SLOT_BLOCK, PAGE_SIZE) ||
		    map_part(slot, SLOT_ALT, SLOT_ALT_SIZE) ||
		    map_part(slot, SLOT_STACK, SLOT_STACK_END - SLOT_STACK))
			return NULL;	/* the number is lost, not the memory */
		th = (struct thread *)slot;
	}
	live_add(LIVE_SLOT, 1);
	memset(th, 0, sizeof(*th));
	th->self = th;
	th->entry = (uint64_t)entry_jump;
	/* 16-byte alignment at the first call: struct regs is 8 mod 16. */
	th->kstack = (uint64_t)th + SLOT_STACK_END - 8;
	return th;
}

void slot_free(struct thread *th)
{
	uint32_t tid;

	/* The host clears the word when the thread has left its stack. */
	while ((tid = (uint32_t)load_acquire(&th->host_tid)) != 0)
		host_futex_wait_lock((uint32_t *)&th->host_tid, tid);
	live_add(LIVE_SLOT, -1);
	mutex_lock(&slots.lock);
	th->self = slots.free;
	slots.free = th;
	mutex_unlock(&slots.lock);
}
