/* SPDX-License-Identifier: Apache-2.0 */
/* g-signal.c: actions, masks, queues, waiting for signals; one thread. */
#define _GNU_SOURCE
#include "t/guest.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static volatile sig_atomic_t count, last, depth, max_depth;
static siginfo_t info;
static int order[64];
static int values[64];

static void on_signal(int sig)
{
	last = sig;
	count++;
}

static void on_info(int sig, siginfo_t *i, void *uc)
{
	(void)uc;
	info = *i;
	order[count] = sig;
	values[count] = i->si_value.sival_int;
	count++;
}

static void on_nested(int sig)
{
	depth++;
	if (depth > max_depth)
		max_depth = depth;
	if (count++ < 3)
		raise(sig);
	depth--;
}

static void action(int sig, void (*fn)(int), int flags)
{
	struct sigaction a = { .sa_handler = fn, .sa_flags = flags };

	sigaction(sig, &a, NULL);
}

static void action_info(int sig, int flags)
{
	struct sigaction a = {
		.sa_sigaction = on_info,
		.sa_flags = SA_SIGINFO | flags,
	};

	sigaction(sig, &a, NULL);
	count = 0;
}

static sigset_t set_of(int a, int b)
{
	sigset_t s;

	sigemptyset(&s);
	if (a)
		sigaddset(&s, a);
	if (b)
		sigaddset(&s, b);
	return s;
}

static void test_actions(void)
{
	struct sigaction a, old;

	action(SIGUSR1, on_signal, 0);
	count = 0;
	is(kill(getpid(), SIGUSR1), 0, "kill oneself");
	is(count, 1, "the handler ran before kill returned");
	is(last, SIGUSR1, "with its signal");
	raise(SIGUSR1);
	is(count, 2, "raise");

	action(SIGUSR1, SIG_IGN, 0);
	raise(SIGUSR1);
	is(count, 2, "ignored");
	action(SIGUSR1, on_signal, SA_RESETHAND | SA_NODEFER);
	raise(SIGUSR1);
	sigaction(SIGUSR1, NULL, &old);
	ok(old.sa_handler == SIG_DFL, "SA_RESETHAND resets");
	ok(old.sa_flags & SA_NODEFER, "and keeps the flags");

	memset(&a, 0, sizeof(a));
	a.sa_handler = on_signal;
	is_errno(sigaction(SIGKILL, &a, NULL), EINVAL, "SIGKILL has no handler");
	is_errno(sigaction(SIGSTOP, &a, NULL), EINVAL, "SIGSTOP has no handler");
	is_errno(sigaction(65, &a, NULL), EINVAL, "no signal 65");
	is_errno(sigaction(0, &a, NULL), EINVAL, "no signal 0");
	is_errno(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4), EINVAL,
		 "wrong size of the set");
	is_errno(syscall(SYS_rt_sigaction, SIGUSR1, (void *)8, NULL, 8), EFAULT,
		 "bad pointer to the action");
	is(sigaction(SIGKILL, NULL, &old), 0, "SIGKILL's action can be read");

	a.sa_flags = 0x400 | 0x10;
	sigaction(SIGUSR2, &a, NULL);
	sigaction(SIGUSR2, NULL, &old);
	ok(!(old.sa_flags & (0x400 | 0x10)), "unknown flags read back as 0");
}

static void test_info(void)
{
	union sigval v = { .sival_int = 42 };

	action_info(SIGUSR1, 0);
	kill(getpid(), SIGUSR1);
	is(info.si_signo, SIGUSR1, "si_signo");
	is(info.si_code, SI_USER, "si_code of kill");
	ok(info.si_pid == getpid(), "si_pid of kill");
	ok(info.si_uid == getuid(), "si_uid of kill");
	raise(SIGUSR1);
	is(info.si_code, SI_TKILL, "si_code of raise");
	sigqueue(getpid(), SIGUSR1, v);
	is(info.si_code, SI_QUEUE, "si_code of sigqueue");
	is(info.si_value.sival_int, 42, "si_value of sigqueue");
	memset(&info, 0, sizeof(info));
	info.si_code = SI_USER;
	is_errno(syscall(SYS_rt_sigqueueinfo, 1, SIGUSR1, &info), EPERM,
		 "nobody else gets a forged SI_USER");
	is_errno(syscall(SYS_rt_tgsigqueueinfo, getpid(), -1, SIGUSR1, &info),
		 EINVAL, "rt_tgsigqueueinfo to a bad tid");
	info.si_code = -5;
	info.si_value.sival_int = 9;
	is(syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGUSR1, &info), 0,
	   "rt_tgsigqueueinfo");
	is(info.si_code, -5, "si_code as it was given");
	is(info.si_value.sival_int, 9, "si_value as it was given");
}

static void test_masks(void)
{
	sigset_t s = set_of(SIGUSR1, SIGUSR2), old, p;

	action(SIGUSR1, on_signal, 0);
	action(SIGUSR2, on_signal, 0);
	count = 0;
	is(sigprocmask(SIG_BLOCK, &s, &old), 0, "block two");
	raise(SIGUSR1);
	raise(SIGUSR1);
	raise(SIGUSR2);
	is(count, 0, "blocked");
	sigpending(&p);
	ok(sigismember(&p, SIGUSR1) && sigismember(&p, SIGUSR2), "pending");
	ok(!sigismember(&p, SIGTERM), "and nothing else");
	s = set_of(SIGUSR2, 0);
	sigprocmask(SIG_UNBLOCK, &s, NULL);
	is(count, 1, "unblocked one");
	is(last, SIGUSR2, "the right one");
	sigprocmask(SIG_SETMASK, &old, NULL);
	is(count, 2, "a standard signal is queued once");
	is_errno(sigprocmask(99, &s, NULL), EINVAL, "unknown how");
	is(sigprocmask(99, NULL, &old), 0, "how does not count without a set");
	is_errno(syscall(SYS_rt_sigprocmask, SIG_BLOCK, (void *)8, NULL, 8),
		 EFAULT, "bad pointer to the set");

	sigfillset(&s);
	sigprocmask(SIG_SETMASK, &s, NULL);
	sigprocmask(SIG_SETMASK, NULL, &p);
	ok(!sigismember(&p, SIGKILL) && !sigismember(&p, SIGSTOP),
	   "SIGKILL and SIGSTOP cannot be blocked");
	sigemptyset(&s);
	sigprocmask(SIG_SETMASK, &s, NULL);

	/* Ignoring a pending signal discards it. */
	s = set_of(SIGUSR1, 0);
	sigprocmask(SIG_BLOCK, &s, NULL);
	raise(SIGUSR1);
	action(SIGUSR1, SIG_IGN, 0);
	sigpending(&p);
	ok(!sigismember(&p, SIGUSR1), "ignoring discards");
	action(SIGUSR1, on_signal, 0);
	raise(SIGCHLD);
	sigpending(&p);
	ok(!sigismember(&p, SIGCHLD), "ignored by default is not kept");
	sigprocmask(SIG_UNBLOCK, &s, NULL);
}

static void test_queue(void)
{
	union sigval v;
	sigset_t s, old;
	int i, good = 1;

	sigemptyset(&s);
	for (i = 0; i < 3; i++) {
		action_info(SIGRTMIN + i, 0);
		sigaddset(&s, SIGRTMIN + i);
	}
	action_info(SIGUSR1, 0);
	sigaddset(&s, SIGUSR1);
	sigprocmask(SIG_BLOCK, &s, &old);
	for (i = 0; i < 5; i++) {
		v.sival_int = i;
		sigqueue(getpid(), SIGRTMIN + 2, v);
		v.sival_int = 10 + i;
		sigqueue(getpid(), SIGRTMIN + 1, v);
	}
	raise(SIGUSR1);
	count = 0;
	sigprocmask(SIG_SETMASK, &old, NULL);
	is(count, 11, "each real-time signal came");
	/*
	 * One frame of each is built before the first handler runs, so the
	 * highest number runs first, and then all of its kind.
	 */
	for (i = 0; i < 5; i++) {
		good &= order[i] == SIGRTMIN + 2 && values[i] == i;
		good &= order[5 + i] == SIGRTMIN + 1 && values[5 + i] == 10 + i;
	}
	good &= order[10] == SIGUSR1;
	ok(good, "in the order that the frames give");
}

static void test_nesting(void)
{
	struct sigaction a = { .sa_handler = on_nested };
	sigset_t s;

	count = depth = max_depth = 0;
	sigaction(SIGUSR1, &a, NULL);
	raise(SIGUSR1);
	is(count, 4, "raised again from the handler");
	is(max_depth, 1, "but not inside it");
	count = depth = max_depth = 0;
	a.sa_flags = SA_NODEFER;
	sigaction(SIGUSR1, &a, NULL);
	raise(SIGUSR1);
	is(count, 4, "SA_NODEFER: four times");
	is(max_depth, 4, "SA_NODEFER: each inside the one before");
	sigprocmask(SIG_SETMASK, NULL, &s);
	ok(!sigismember(&s, SIGUSR1), "the mask is back");
}

static sigset_t mask_seen;

static void on_mask(int sig)
{
	(void)sig;
	sigprocmask(SIG_SETMASK, NULL, &mask_seen);
}

static void test_handler_mask(void)
{
	struct sigaction a = { .sa_handler = on_mask };

	sigaddset(&a.sa_mask, SIGUSR2);
	sigaction(SIGUSR1, &a, NULL);
	raise(SIGUSR1);
	ok(sigismember(&mask_seen, SIGUSR1), "blocked while it is handled");
	ok(sigismember(&mask_seen, SIGUSR2), "and sa_mask too");
	ok(!sigismember(&mask_seen, SIGTERM), "and no other");
}

static void on_change(int sig, siginfo_t *i, void *ucv)
{
	ucontext_t *uc = ucv;

	(void)sig;
	(void)i;
	sigaddset(&uc->uc_sigmask, SIGUSR2);
	uc->uc_mcontext.gregs[REG_R12] = 0x1234;
	uc->uc_mcontext.gregs[REG_R13] = 0x5678;
}

static void test_frame_changes(void)
{
	struct sigaction a = {
		.sa_sigaction = on_change,
		.sa_flags = SA_SIGINFO,
	};
	register long r12 __asm__("r12") = 1;
	register long r13 __asm__("r13") = 2;
	long pid = getpid(), ret = SYS_kill;
	sigset_t s;

	sigaction(SIGUSR1, &a, NULL);
	__asm__ volatile("syscall"
			 : "+a"(ret), "+r"(r12), "+r"(r13)
			 : "D"(pid), "S"(SIGUSR1) : "rcx", "r11", "memory");
	is(ret, 0, "kill in assembly");
	is(r12, 0x1234, "the handler changed r12");
	is(r13, 0x5678, "the handler changed r13");
	sigprocmask(SIG_SETMASK, NULL, &s);
	ok(sigismember(&s, SIGUSR2), "the handler changed the mask");
	sigemptyset(&s);
	sigprocmask(SIG_SETMASK, &s, NULL);
}

/* Every register at once: what was there before is there after. */
static void test_registers(void)
{
	static uint64_t out[14];
	uint64_t good = 1;
	int i;

	action(SIGUSR1, on_signal, 0);
	__asm__ volatile(
		"push %%rbp\n"
		"mov $0x101, %%rbx\n mov $0x102, %%rdx\n"
		"mov $0x104, %%r8\n mov $0x105, %%r9\n mov $0x106, %%r10\n"
		"mov $0x107, %%r12\n mov $0x108, %%r13\n mov $0x109, %%r14\n"
		"mov $0x10a, %%r15\n mov $0x10b, %%rbp\n"
		"syscall\n"
		"mov %%rbx, 0+%2\n mov %%rdx, 8+%2\n"
		"mov %%r8, 16+%2\n mov %%r9, 24+%2\n mov %%r10, 32+%2\n"
		"mov %%r12, 40+%2\n mov %%r13, 48+%2\n mov %%r14, 56+%2\n"
		"mov %%r15, 64+%2\n mov %%rbp, 72+%2\n"
		"pop %%rbp\n"
		:: "a"(SYS_kill), "D"((long)getpid()), "m"(out),
		   "S"((long)SIGUSR1)
		: "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13",
		  "r14", "r15", "memory", "cc");
	for (i = 0; i < 10; i++)
		good &= out[i] == 0x101 + (uint64_t)i + (i >= 2);
	ok((int)good, "all registers come back");
}

static void test_waiting(void)
{
	struct timespec ts = { 0, 10000000 };
	sigset_t s = set_of(SIGUSR1, SIGRTMIN), none, old;
	union sigval v = { .sival_int = 7 };
	siginfo_t i;
	int sig;

	sigprocmask(SIG_BLOCK, &s, &old);
	is_errno(sigtimedwait(&s, &i, &ts), EAGAIN, "sigtimedwait: nothing");
	memset(&ts, 0, sizeof(ts));
	is_errno(sigtimedwait(&s, &i, &ts), EAGAIN, "sigtimedwait: only a look");
	ts.tv_nsec = -1;
	is_errno(sigtimedwait(&s, &i, &ts), EINVAL, "sigtimedwait: no time");
	ts.tv_nsec = 0;
	raise(SIGUSR1);
	is(sigtimedwait(&s, &i, &ts), SIGUSR1, "sigtimedwait: one is there");
	is(i.si_signo, SIGUSR1, "sigtimedwait: its siginfo");
	sigqueue(getpid(), SIGRTMIN, v);
	is(sigwaitinfo(&s, &i), SIGRTMIN, "sigwaitinfo");
	is(i.si_value.sival_int, 7, "sigwaitinfo: its value");
	raise(SIGUSR1);
	is(sigwait(&s, &sig), 0, "sigwait");
	is(sig, SIGUSR1, "sigwait: its number");

	action(SIGUSR1, on_signal, 0);
	count = 0;
	raise(SIGUSR1);
	sigemptyset(&none);
	is_errno(sigsuspend(&none), EINTR, "sigsuspend");
	is(count, 1, "sigsuspend let it through");
	sigprocmask(SIG_SETMASK, NULL, &none);
	ok(sigismember(&none, SIGUSR1), "sigsuspend: the mask is back");
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void *altstack_base;
static volatile int on_alt;

static void on_altstack(int sig)
{
	char here;
	stack_t ss;

	(void)sig;
	on_alt = (char *)&here >= (char *)altstack_base &&
		 (char *)&here < (char *)altstack_base + 65536;
	sigaltstack(NULL, &ss);
	on_alt += 2 * (ss.ss_flags == SS_ONSTACK);
	ss.ss_flags = SS_DISABLE;
	on_alt += 4 * (sigaltstack(&ss, NULL) == -1 && errno == EPERM);
}

static void test_altstack(void)
{
	stack_t ss, old;

	is(sigaltstack(NULL, &old), 0, "sigaltstack: a look");
	is(old.ss_flags, SS_DISABLE, "there is none");
	altstack_base = malloc(65536);
	ss.ss_sp = altstack_base;
	ss.ss_flags = 0;
	ss.ss_size = 1000;
	is_errno(sigaltstack(&ss, NULL), ENOMEM, "too small");
	ss.ss_size = 65536;
	ss.ss_flags = 8;
	is_errno(sigaltstack(&ss, NULL), EINVAL, "unknown flag");
	ss.ss_flags = 0;
	is(sigaltstack(&ss, NULL), 0, "sigaltstack");
	action(SIGUSR1, on_altstack, SA_ONSTACK);
	raise(SIGUSR1);
	is(on_alt, 7, "handled on it, and it cannot be changed there");
	sigaltstack(NULL, &old);
	is(old.ss_flags, 0, "not on it any more");
	action(SIGUSR1, on_altstack, 0);
	raise(SIGUSR1);
	is(on_alt & 1, 0, "only with SA_ONSTACK");
	ss.ss_flags = SS_DISABLE;
	is(sigaltstack(&ss, NULL), 0, "disable");
	sigaltstack(NULL, &old);
	ok(old.ss_flags == SS_DISABLE && !old.ss_size, "disabled");
	is_errno(syscall(SYS_sigaltstack, 8, NULL), EFAULT, "bad pointer");
	free(altstack_base);
}

static void test_sending(void)
{
	is(kill(getpid(), 0), 0, "signal 0 to oneself");
	is_errno(kill(getpid(), 65), EINVAL, "kill: no such signal");
	is_errno(kill(getpid(), -1), EINVAL, "kill: no such signal, negative");
	is_errno(kill(5000000, 0), ESRCH, "kill: nobody there");
	is_errno(syscall(SYS_tgkill, getpid(), 5000000, 0), ESRCH,
		 "tgkill: nobody there");
	is_errno(syscall(SYS_tgkill, getpid(), 0, 0), EINVAL, "tgkill: tid 0");
	is_errno(syscall(SYS_tgkill, 0, getpid(), 0), EINVAL, "tgkill: pid 0");
	is_errno(syscall(SYS_tkill, 0, 0), EINVAL, "tkill: tid 0");
	is(syscall(SYS_tkill, gettid(), 0), 0, "tkill oneself");
	is_errno(syscall(SYS_tgkill, 1, gettid(), 0), ESRCH,
		 "tgkill: a thread of another process");
	is_errno(kill((-2147483647) - 1, 0), ESRCH, "kill: INT_MIN");
}

int main(void)
{
	test_actions();
	test_info();
	test_masks();
	test_queue();
	test_nesting();
	test_handler_mask();
	test_frame_changes();
	test_registers();
	test_waiting();
	test_altstack();
	test_sending();
	return done_testing();
}
