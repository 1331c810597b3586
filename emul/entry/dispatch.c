/* SPDX-License-Identifier: Apache-2.0 */
/* dispatch.c: from a call's number to the function that does it. */
#include "emul/entry/dispatch.h"

#include <linux/errno.h>

#include "emul/abi/regs.h"
#include "emul/entry/trace.h"
#include "emul/seccomp/seccomp.h"
#include "emul/task/task.h"

uint64_t dispatch_counts[NR_SYSCALLS + 1] __arena_table;

_Static_assert((sizeof(struct sysdesc) & (sizeof(struct sysdesc) - 1)) == 0,
	       "an element of systable[] is found by a shift");

static const struct sysdesc no_such_call = {
	.level = SYS_ABSENT,
	.err = ENOSYS,
};

/* The call, unless a filter of the guest's own has another answer. */
static long call(struct task *t, struct regs *r)
{
	uint32_t nr = (uint32_t)r->orig_rax;
	long ret;

	if (unlikely(load_once(&t->seccomp_mode)) &&
	    !seccomp_allows(t, r, &ret))
		return ret;
	return nr < NR_SYSCALLS ? systable[nr].fn(t, r) : -ENOSYS;
}

/* Kept out of line so that the fast path has no frame of its own. */
static __attribute__((noinline)) __cold long
dispatch_slow(struct task *t, struct regs *r, uint32_t flags)
{
	uint32_t nr = (uint32_t)r->orig_rax;
	bool known = nr < NR_SYSCALLS;
	const struct sysdesc *d = known ? &systable[nr] : &no_such_call;
	struct trace_line line;
	long ret;

	if (flags & DISPATCH_COUNT)
		__atomic_fetch_add(&dispatch_counts[known ? nr : NR_SYSCALLS],
				   1, __ATOMIC_RELAXED);
	if (!(flags & DISPATCH_TRACE) ||
	    (known && !(dispatch_ctl.trace_set[nr / 64] >> nr % 64 & 1)))
		return call(t, r);

	trace_enter(&line, t, d, r);
	ret = call(t, r);
	trace_exit(&line, d, ret);
	return ret;
}

/*
 * Linux looks at the low 32 bits of rax only.  x32 numbers have bit 30 set,
 * so one compare refuses them as well.
 */
long dispatch_call(struct task *t, struct regs *r)
{
	uint32_t nr = (uint32_t)r->orig_rax;
	uint32_t flags = load_once(&dispatch_ctl.flags);

	if (unlikely(flags)) {
		if (flags == DISPATCH_SECCOMP)
			return call(t, r);
		return dispatch_slow(t, r, flags);
	}
	if (unlikely(nr >= NR_SYSCALLS))
		return -ENOSYS;
	return systable[nr].fn(t, r);
}
