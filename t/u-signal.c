/* SPDX-License-Identifier: Apache-2.0 */
/* u-signal.c: queues, masks and the way out, without a guest. */
#include "t/unit.h"

#include <errno.h>
#include <string.h>

#include "emul/abi/boot.h"
#include "emul/abi/regs.h"
#include "emul/lib/alloc.h"
#include "emul/lib/uapi.h"
#include "emul/signal/queue.h"
#include "emul/signal/siginfo.h"
#include "emul/signal/xstate.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"

static struct thread thread;
static char kstack[4096] __attribute__((aligned(16)));
static char ustack[65536] __attribute__((aligned(64)));

/* One task that looks like one in a system call. */
static struct task *setup(void)
{
	static struct boot boot;
	struct task *t;

	for (int i = 0; i < 16; i++)
		boot.rlimits[i][0] = boot.rlimits[i][1] = 100;
	t = task_init(&boot);
	ck_assert_ptr_nonnull(t);
	thread.task = t;
	thread.self = &thread;
	thread.work = 0;
	thread.kstack = (uint64_t)(kstack + sizeof(kstack));
	t->thread = &thread;
	hosted_current = t;
	memset(task_regs(t), 0, sizeof(struct regs));
	task_regs(t)->rsp = (uint64_t)(ustack + sizeof(ustack));
	task_regs(t)->orig_rax = (uint64_t)-1;
	return t;
}

static struct siginfo128 info_of(int signo, int code, int value)
{
	struct siginfo128 i;

	siginfo_init(&i, signo, code);
	i.fields[1] = (uint64_t)value;
	return i;
}

static int dequeue(struct task *t, struct siginfo128 *i)
{
	int signo;

	mutex_lock(&t->group->lock);
	signo = signal_dequeue(t, 0, i);
	mutex_unlock(&t->group->lock);
	return signo;
}

START_TEST(test_pids)
{
	struct task *t = setup(), *n;

	ck_assert_int_eq(t->tid, 2);
	ck_assert_int_eq(t->group->pid, 2);
	ck_assert_int_eq(t->group->parent->pid, 1);
	n = task_find(2);
	ck_assert_ptr_eq(n, t);
	task_put(n);
	ck_assert_ptr_null(task_find(3));
	ck_assert_ptr_null(task_find(0));
	ck_assert_ptr_null(task_find(-1));
	ck_assert_ptr_null(task_find(1 << 30));
	n = task_alloc(t->group, t);
	ck_assert_int_eq(task_link(n), 0);
	ck_assert_int_eq(n->tid, 3);
	ck_assert_ptr_null(tgroup_find(3));
	task_unlink(n);
	ck_assert_ptr_null(task_find(3));
	task_put(n);
}
END_TEST

START_TEST(test_order)
{
	struct task *t = setup();
	struct siginfo128 i;

	t->blocked = ~0ULL;
	i = info_of(40, SICODE_QUEUE, 1);
	ck_assert_int_eq(signal_send(t, &i, true), 0);
	i = info_of(40, SICODE_QUEUE, 2);
	ck_assert_int_eq(signal_send(t, &i, true), 0);
	i = info_of(SIGUSR2, SICODE_USER, 0);
	ck_assert_int_eq(signal_send(t, &i, false), 0);
	ck_assert_int_eq(signal_send(t, &i, false), 0);
	i = info_of(SIGSEGV, SICODE_USER, 0);
	ck_assert_int_eq(signal_send(t, &i, false), 0);
	ck_assert_uint_eq(thread.work, 0);
	ck_assert_int_eq(dequeue(t, &i), SIGSEGV);
	ck_assert_int_eq(dequeue(t, &i), SIGUSR2);
	ck_assert_int_eq(dequeue(t, &i), 40);
	ck_assert_uint_eq(i.fields[1], 1);
	ck_assert_int_eq(dequeue(t, &i), 40);
	ck_assert_uint_eq(i.fields[1], 2);
	ck_assert_int_eq(dequeue(t, &i), 0);
}
END_TEST

START_TEST(test_limit)
{
	struct task *t = setup();
	struct siginfo128 i = info_of(50, SICODE_QUEUE, 0);
	int n;

	t->blocked = ~0ULL;
	for (n = 0; n < 100; n++)
		ck_assert_int_eq(signal_send(t, &i, true), 0);
	ck_assert_int_eq(signal_send(t, &i, true), -EAGAIN);
	/* One of kill(2) is never lost, only its siginfo is. */
	i = info_of(51, SICODE_USER, 0);
	ck_assert_int_eq(signal_send(t, &i, true), 0);
	sigpending_flush(&t->group->pending);
	i = info_of(50, SICODE_QUEUE, 0);
	ck_assert_int_eq(signal_send(t, &i, true), 0);
	sigpending_flush(&t->group->pending);
}
END_TEST

START_TEST(test_ignored)
{
	struct task *t = setup();
	struct siginfo128 i = info_of(SIGCHLD, SICODE_USER, 0);

	ck_assert_int_eq(signal_send(t, &i, true), 0);
	ck_assert_uint_eq(t->group->pending.set, 0);
	t->blocked = SIGBIT(SIGCHLD);
	ck_assert_int_eq(signal_send(t, &i, true), 0);
	ck_assert_uint_eq(t->group->pending.set, SIGBIT(SIGCHLD));
	signal_set_blocked(t, 0);
	ck_assert_uint_eq(thread.work & WORK_SIGNAL, WORK_SIGNAL);
	signal_deliver(t, task_regs(t));
	ck_assert_uint_eq(t->group->pending.set, 0);
}
END_TEST

static void set_handler(struct task *t, int signo, uint64_t flags)
{
	struct ksigaction *a = &t->group->sighand->action[signo - 1];

	a->handler = 0x401000;
	a->restorer = 0x402000;
	a->flags = flags | 0x04000000;
	a->mask = SIGBIT(SIGUSR2);
}

/* What the guest finds in @r after a call returned @ret and a signal came. */
static void interrupt(struct task *t, long ret, int signo)
{
	struct regs *r = task_regs(t);
	struct siginfo128 i;

	r->orig_rax = 35;
	r->rax = (uint64_t)ret;
	r->rip = 0x400002;
	t->blocked = 0;
	if (signo) {
		i = info_of(signo, SICODE_USER, 0);
		ck_assert_int_eq(signal_send(t, &i, false), 0);
	}
	signal_deliver(t, r);
}

/* rax and rip as the frame at the guest's stack has them. */
static uint64_t frame_word(struct task *t, size_t offset)
{
	uint64_t v;

	memcpy(&v, (void *)(task_regs(t)->rsp + offset), sizeof(v));
	return v;
}
#define FRAME_RAX	(8 + 40 + 13 * 8)
#define FRAME_RIP	(8 + 40 + 16 * 8)

START_TEST(test_restart)
{
	static const struct {
		int code;
		uint64_t flags;
		int handler;
		long rax;	/* 35: restarted */
	} rows[] = {
		{ ERESTARTSYS, 0, 1, -EINTR },
		{ ERESTARTSYS, SA_RESTART, 1, 35 },
		{ ERESTARTSYS, 0, 0, 35 },
		{ ERESTARTNOINTR, 0, 1, 35 },
		{ ERESTARTNOINTR, 0, 0, 35 },
		{ ERESTARTNOHAND, SA_RESTART, 1, -EINTR },
		{ ERESTARTNOHAND, 0, 0, 35 },
		{ ERESTART_RESTARTBLOCK, SA_RESTART, 1, -EINTR },
		{ ERESTART_RESTARTBLOCK, 0, 0, 219 },
		{ EINTR, SA_RESTART, 1, -EINTR },
	};

	for (size_t n = 0; n < sizeof(rows) / sizeof(rows[0]); n++) {
		struct task *t = setup();
		struct regs *r = task_regs(t);
		uint64_t rip = rows[n].rax > 0 ? 0x400000 : 0x400002;

		set_handler(t, SIGUSR1, rows[n].flags);
		interrupt(t, -rows[n].code, rows[n].handler ? SIGUSR1 : 0);
		ck_assert_uint_eq(r->orig_rax, (uint64_t)-1);
		ck_assert_uint_ne(thread.work & WORK_RESTORE, 0);
		if (rows[n].handler) {
			ck_assert_uint_eq(r->rip, 0x401000);
			ck_assert_int_eq((long)frame_word(t, FRAME_RAX),
					 rows[n].rax);
			ck_assert_uint_eq(frame_word(t, FRAME_RIP), rip);
		} else {
			ck_assert_int_eq((long)r->rax, rows[n].rax);
			ck_assert_uint_eq(r->rip, rip);
		}
	}
}
END_TEST

START_TEST(test_frame)
{
	struct task *t = setup();
	struct regs *r = task_regs(t), before;

	set_handler(t, SIGUSR1, SA_SIGINFO);
	r->r12 = 12;
	r->rbx = 3;
	r->rdi = 77;
	interrupt(t, 5, SIGUSR1);
	ck_assert_uint_eq(r->rsp & 15, 8);
	ck_assert_uint_eq(r->rdi, SIGUSR1);
	ck_assert_uint_eq(r->rsi, r->rsp + 8 + 304);
	ck_assert_uint_eq(r->rdx, r->rsp + 8);
	ck_assert_uint_eq(frame_word(t, 0), 0x402000);
	ck_assert_uint_eq(t->blocked, SIGBIT(SIGUSR1) | SIGBIT(SIGUSR2));
	ck_assert_uint_eq(frame_word(t, 8 + 224) & 63, 0);	/* fpstate */

	/* The restorer's call, with the stack one word up. */
	before = *r;
	r->rsp += 8;
	r->orig_rax = 15;
	ck_assert_int_eq(sys_rt_sigreturn(t), 5);
	ck_assert_uint_eq(r->rip, 0x400002);
	ck_assert_uint_eq(r->r12, 12);
	ck_assert_uint_eq(r->rdi, 77);
	ck_assert_uint_eq(t->blocked, 0);
	ck_assert_uint_eq(r->rsp, (uint64_t)(ustack + sizeof(ustack)));
	ck_assert_uint_eq(t->pending.set, 0);

	/* Frames that no kernel has made. */
	*r = before;
	*(uint16_t *)(r->rsp + 8 + 40 + 18 * 8) = 0x23;		/* cs */
	r->rsp += 8;
	sys_rt_sigreturn(t);
	ck_assert_uint_eq(t->pending.set, SIGBIT(SIGSEGV));
	sigpending_flush(&t->pending);
	r->rsp = 16;
	sys_rt_sigreturn(t);
	ck_assert_uint_eq(t->pending.set, SIGBIT(SIGSEGV));
	sigpending_flush(&t->pending);
}
END_TEST

START_TEST(test_altstack)
{
	struct task *t = setup();
	struct regs *r = task_regs(t);
	static char alt[16384];

	set_handler(t, SIGUSR1, SA_ONSTACK);
	ck_assert_int_eq(sigstack_set(t, (uint64_t)alt, 0, sizeof(alt), 1), 0);
	interrupt(t, 0, SIGUSR1);
	ck_assert(sigstack_on(t, r->rsp));
	ck_assert_int_eq(sigstack_set(t, 0, 2, 0, r->rsp), -EPERM);
	/* Too small for a frame: SIGSEGV, which kills unless it is handled. */
	t->altstack.size = 600;
	r->rsp = (uint64_t)(ustack + sizeof(ustack));
	set_handler(t, SIGSEGV, 0);
	interrupt(t, 0, SIGUSR1);
	ck_assert_uint_eq(r->rdi, SIGSEGV);
	ck_assert(!sigstack_on(t, r->rsp));
}
END_TEST

START_TEST(test_force)
{
	struct task *t = setup();
	struct ksigaction *a = &t->group->sighand->action[SIGSEGV - 1];

	set_handler(t, SIGSEGV, 0);
	t->blocked = SIGBIT(SIGSEGV);
	signal_force_kernel(t, SIGSEGV);
	ck_assert_uint_eq(a->handler, SIGACT_DFL);
	ck_assert_uint_eq(t->blocked, 0);
	ck_assert_uint_ne(thread.work & WORK_SIGNAL, 0);
	sigpending_flush(&t->pending);
}
END_TEST

UNIT_MAIN("signal", test_pids, test_order, test_limit, test_ignored,
	  test_restart, test_frame, test_altstack, test_force)
