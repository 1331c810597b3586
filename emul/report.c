/* SPDX-License-Identifier: Apache-2.0 */
/* report.c: what the kernel tells the user of sbx. */
#include "emul/report.h"

#include <asm/poll.h>
#include <linux/errno.h>

#include "emul/abi/hostfd.h"
#include "emul/abi/regs.h"
#include "emul/entry/dispatch.h"
#include "emul/entry/trace-int.h"
#include "emul/entry/trace.h"
#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/host/hoststat.h"
#include "emul/lib/print.h"
#include "emul/lib/string.h"
#include "emul/task/task.h"
#include "interposer/patch.h"
#include "interposer/site.h"

#define EXIT_SBX	125

static struct {
	bool stats;
	uint64_t n_all, n_trap;	/* calls of threads that ended; atomic */
} report __arena;

void report_boot(const struct boot *b)
{
	if (b->flags & BOOT_STATS) {
		report.stats = true;
		dispatch_ctl.flags |= DISPATCH_COUNT;
	}
	if (b->flags & BOOT_TRACE) {
		memcpy(dispatch_ctl.trace_set, b->trace_set,
		       sizeof(dispatch_ctl.trace_set));
		dispatch_ctl.flags |= DISPATCH_TRACE;
	}
}

void report_thread(const struct thread *th)
{
	__atomic_fetch_add(&report.n_all, th->n_jump, __ATOMIC_RELAXED);
	__atomic_fetch_add(&report.n_trap, th->n_trap, __ATOMIC_RELAXED);
}

static unsigned long permille(uint64_t part, uint64_t whole)
{
	return whole ? part * 1000 / whole : 0;
}

void report_end(void)
{
	uint64_t all = report.n_all, trap = report.n_trap;
	struct patch_stats ps;
	unsigned long p;
	unsigned int i;

	if (!report.stats)
		return;
	p = permille(all - trap, all);
	patch_get_stats(&ps);
	kprintf("calls: %lu; by the jump door %lu (%lu.%lu%%), "
		"by the trap door %lu\n",
		all, all - trap, p / 10, p % 10, trap);
	kprintf("sites: tier A %lu, tier B %lu, tier C %lu; "
		"rewritten live %lu, known %lu\n",
		ps.known_a, ps.known_b, ps.known_c, ps.live, ps.known);
	for (i = 1; i < SITE_N_WHY; i++)
		if (ps.why_c[i])
			kprintf("sites of tier C, %-16s %lu\n", site_whys[i],
				ps.why_c[i]);
	if (ps.failed)
		kprintf("sites that could not be written: %lu\n", ps.failed);
	for (i = 0; i <= NR_SYSCALLS; i++)
		if (dispatch_counts[i])
			kprintf("call %-24s %lu\n", i < NR_SYSCALLS &&
				systable[i].name ? systable[i].name : "(none)",
				dispatch_counts[i]);
	for (i = 0; i < HOST_CALLS_MAX; i++)
		if (host_calls[i])
			kprintf("host call %-19s %lu\n", i < NR_SYSCALLS ?
				systable[i].name : "?", host_calls[i]);
}

/* A trace with holes would be a lie: where it cannot go on, nothing does. */
static void __noreturn trace_fail(long err)
{
	kprintf("sbx: the trace cannot be written: %s\n",
		trace_errno_text(-err));
	broker_exit(EXIT_SBX << 8, 1);
	host_exit_group(EXIT_SBX);
}

void trace_emit(const char *line, size_t n)
{
	while (n) {
		struct pollfd p = { .fd = HOSTFD_TRACE, .events = POLLOUT };
		long r = host_write(HOSTFD_TRACE, line, n);

		if (r == -EAGAIN) {	/* somebody made it so */
			if (host_ppoll(&p, 1, NEVER_NS) < 0)
				host_sched_yield();
			continue;
		}
		if (r < 0)
			trace_fail(r);
		line += r;
		n -= (size_t)r;
	}
}

void kprintf(const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = kvsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	broker_log(line, MIN((size_t)n, sizeof(line) - 1));
}

/*
 * Who, what and where, from the thread's own block; the return addresses by
 * frame pointers, which the kernel is built with.  Symbols: kernel.elf.
 */
void panic(const char *fmt, ...)
{
	struct task *t = current();
	uint64_t *frame = __builtin_frame_address(0);
	char line[1024];
	size_t n;
	va_list ap;
	int i;

	n = (size_t)ksnprintf(line, sizeof(line), "kernel: ");
	va_start(ap, fmt);
	n += (size_t)kvsnprintf(line + n, sizeof(line) - n, fmt, ap);
	va_end(ap);
	n = MIN(n, sizeof(line) - 1);
	if (t) {
		struct regs *r = thread_frame(t->thread);

		n += (size_t)ksnprintf(line + n, sizeof(line) - n,
				       "\n  task %d (%s), call %ld, rip %lx",
				       t->tid, t->comm, (long)r->orig_rax,
				       r->rip);
		n = MIN(n, sizeof(line) - 1);
	}
	n += (size_t)ksnprintf(line + n, sizeof(line) - n, "\n  at");
	for (i = 0; i < 16 && n < sizeof(line); i++) {
		uint64_t at = (uint64_t)frame;

		/* Inside this thread's kernel stack or alternate stack only. */
		if ((at & ~(SLOT_SIZE - 1)) !=
		    ((uint64_t)&at & ~(SLOT_SIZE - 1)) || (at & 7))
			break;
		n += (size_t)ksnprintf(line + n, sizeof(line) - n, " %lx",
				       frame[1]);
		if (frame[0] <= at)
			break;
		frame = (uint64_t *)frame[0];
	}
	broker_panic(line, MIN(n, sizeof(line) - 1));
}
