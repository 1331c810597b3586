/* SPDX-License-Identifier: Apache-2.0 */
/*
 * u-vetted-filter.c: the sandbox's filter, call by call.
 *
 * Runs the programs in an interpreter of classic BPF and compares with what
 * is written here by hand, not with the table: a slip in the table or in what
 * makes programs of it shows.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include "t/unit.h"

#define GATE 0x7f8000201234UL
#define VETTED_GATE_RET GATE
#include "vetted-filter.h"

#define VETTED_ROW(nr, name, args, when, why, safe, allow) { nr, when },
static const struct {
	int nr;
	const char *when;	/* "": always */
} table[] = {
#include "vetted-rows.h"
};

#define ALLOW	SECCOMP_RET_ALLOW
#define KILL	SECCOMP_RET_KILL_PROCESS
#define TRAP	SECCOMP_RET_TRAP
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define HIGH	0x100000000UL
#define REGION	0x7f8000000000UL
#define SLOTS	0x7f9000000000UL

struct prog {
	const struct sock_filter *p;
	size_t n;
};

static const struct prog plain = { vetted_filter, COUNT(vetted_filter) };
static const struct prog scope = {
	vetted_filter_scope, COUNT(vetted_filter_scope)
};
static uint32_t run(const struct prog *g, const struct seccomp_data *d)
{
	uint32_t a = 0;
	size_t pc = 0;

	for (;;) {
		const struct sock_filter *i;
		int yes;

		ck_assert_uint_lt(pc, g->n);
		i = &g->p[pc++];
		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			ck_assert_uint_le(i->k, sizeof(*d) - 4);
			memcpy(&a, (const char *)d + i->k, 4);
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			continue;
		case BPF_RET | BPF_K:
			return i->k;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			yes = a == i->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			yes = a > i->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			yes = a >= i->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			yes = (a & i->k) != 0;
			break;
		default:
			ck_abort_msg("instruction %#x", i->code);
		}
		pc += yes ? i->jt : i->jf;
	}
}

static uint32_t at_gate(const struct prog *g, long nr, const uint64_t a[6])
{
	struct seccomp_data d = {
		.nr = (int)nr,
		.arch = AUDIT_ARCH_X86_64,
		.instruction_pointer = GATE,
	};

	memcpy(d.args, a, sizeof(d.args));
	return run(g, &d);
}

static const struct {
	uint32_t want;
	int nr;
	uint64_t a[6];
} calls[] = {
	/* futex: wait, wake, wait_bitset alone; shared alone */
	{ ALLOW, SYS_futex, { 8, 0, 1 } },
	{ ALLOW, SYS_futex, { 8, 1, 1 } },
	{ ALLOW, SYS_futex, { 8, 9, 1 } },
	{ ALLOW, SYS_futex, { 8, 9 | 256, 1 } },
	{ KILL, SYS_futex, { 8, 2 } },
	{ KILL, SYS_futex, { 8, 3 } },
	{ KILL, SYS_futex, { 8, 4 } },
	{ KILL, SYS_futex, { 8, 5 } },
	{ KILL, SYS_futex, { 8, 6 } },
	{ KILL, SYS_futex, { 8, 10 } },
	{ KILL, SYS_futex, { 8, 11 } },
	{ KILL, SYS_futex, { 8, 13 } },
	{ KILL, SYS_futex, { 8, 128 } },
	{ KILL, SYS_futex, { 8, 256 } },
	{ KILL, SYS_futex, { 8, HIGH } },
	{ KILL, SYS_futex, { 8, HIGH | 1 } },
	{ KILL, SYS_futex, { 8, ~0UL } },

	/* mmap of the guest */
	{ ALLOW, SYS_mmap, { 0x10000, 4096, 3, 0x32, ~0UL, 0 } },
	{ ALLOW, SYS_mmap, { 0x10000, 4096, 7, 0x4032, ~0UL, 0 } },
	{ ALLOW, SYS_mmap, { 0x10000, 4096, 5, 0x12, 40, 0 } },
	{ ALLOW, SYS_mmap, { 0x10000, 4096, 0, 0x11, 5, 0 } },
	{ ALLOW, SYS_mmap, { REGION - 1, 4096, 3, 0x32, ~0UL, 0 } },
	{ KILL, SYS_mmap, { REGION, 4096, 3, 0x32, ~0UL, 0 } },
	{ KILL, SYS_mmap, { 0x7f8000200000, 4096, 7, 0x32, ~0UL, 0 } },
	{ KILL, SYS_mmap, { ~0UL, 4096, 3, 0x32, ~0UL, 0 } },
	{ KILL, SYS_mmap, { 0, 4096, 3, 0x22, ~0UL, 0 } },	/* not fixed */
	{ KILL, SYS_mmap, { 0x10000, 4096, 3, 0x100032, ~0UL } },
	{ KILL, SYS_mmap, { 0x10000, 4096, 3, 0x40032 } },	/* huge */
	{ KILL, SYS_mmap, { 0x10000, 4096, 3, 0x2032 } },	/* locked */
	{ KILL, SYS_mmap, { 0x10000, 4096, 3, 0x132 } },	/* grows */
	{ KILL, SYS_mmap, { 0x10000, 4096, 3, 0x8032 } },	/* populate */
	{ KILL, SYS_mmap, { 0x10000, 4096, 3, 0x80011 } },	/* sync */
	{ KILL, SYS_mmap, { 0x10000, 4096, 3, HIGH | 0x32 } },
	{ KILL, SYS_mmap, { 0x10000, 4096, 8, 0x32 } },
	{ KILL, SYS_mmap, { 0x10000, 4096, 0x1000003, 0x32 } },
	{ KILL, SYS_mmap, { 0x10000, 4096, HIGH, 0x32 } },

	/* mmap of a slot */
	{ KILL, SYS_mmap, { SLOTS, 65536, 3, 0x11, 4, 0 } },
	{ KILL, SYS_mmap, { SLOTS + 0xffff0000, 65536, 3, 0x11, 4, 0 } },
	{ KILL, SYS_mmap, { SLOTS, 65536, 0, 0x4032, ~0UL, 0 } },
	{ KILL, SYS_mmap, { SLOTS, 65536, 7, 0x11, 4, 0 } },
	{ KILL, SYS_mmap, { SLOTS, 65536, 3, 0x11, 3, 0 } },
	{ KILL, SYS_mmap, { SLOTS, 65536, 3, 0x12, 4, 0 } },
	{ KILL, SYS_mmap, { SLOTS, 65536, 3, 0x32, ~0UL, 0 } },
	{ KILL, SYS_mmap, { SLOTS - 1, 65536, 3, 0x11, 4, 0 } },
	{ KILL, SYS_mmap, { SLOTS + HIGH, 65536, 3, 0x11, 4, 0 } },
	{ KILL, SYS_mmap, { SLOTS, 65536, 3, 0x11, HIGH | 4, 0 } },

	{ ALLOW, SYS_munmap, { 0x10000, REGION - 0x10000 } },
	{ KILL, SYS_munmap, { REGION, 4096 } },
	{ KILL, SYS_munmap, { SLOTS, 4096 } },
	{ KILL, SYS_munmap, { 0x8000UL * HIGH, 4096 } },

	{ ALLOW, SYS_mprotect, { 0x10000, 4096, 7 } },
	{ KILL, SYS_mprotect, { REGION, 4096, 7 } },
	{ KILL, SYS_mprotect, { 0x10000, 4096, 8 } },
	{ KILL, SYS_mprotect, { 0x10000, 4096, 0x1000001 } },

	{ ALLOW, SYS_mremap, { 0x10000, 4096, 8192, 0, ~0UL } },
	{ ALLOW, SYS_mremap, { 0x10000, 4096, 8192, 3, 0x20000 } },
	{ KILL, SYS_mremap, { 0x10000, 4096, 8192, 3, REGION } },
	{ KILL, SYS_mremap, { REGION, 4096, 8192, 0 } },
	{ KILL, SYS_mremap, { REGION, 4096, 8192, 3, 0x20000 } },
	{ KILL, SYS_mremap, { 0x10000, 4096, 8192, 1 } },
	{ KILL, SYS_mremap, { 0x10000, 4096, 8192, 2 } },
	{ KILL, SYS_mremap, { 0x10000, 4096, 8192, 7, 0x20000 } },

	{ ALLOW, SYS_madvise, { 0x10000, 4096, 4 } },
	{ ALLOW, SYS_madvise, { 0x10000, 4096, 8 } },
	{ ALLOW, SYS_madvise, { 0x10000, 4096, 20 } },
	{ ALLOW, SYS_madvise, { 0x10000, 4096, 23 } },
	{ KILL, SYS_madvise, { 0x10000, 4096, 5 } },
	{ KILL, SYS_madvise, { 0x10000, 4096, 9 } },	/* REMOVE */
	{ KILL, SYS_madvise, { 0x10000, 4096, 12 } },	/* MERGEABLE */
	{ KILL, SYS_madvise, { 0x10000, 4096, 13 } },
	{ KILL, SYS_madvise, { 0x10000, 4096, 21 } },	/* PAGEOUT */
	{ KILL, SYS_madvise, { 0x10000, 4096, 24 } },
	{ KILL, SYS_madvise, { 0x10000, 4096, 100 } },	/* HWPOISON */
	{ KILL, SYS_madvise, { 0x10000, 4096, 101 } },
	{ KILL, SYS_madvise, { REGION, 4096, 4 } },
	{ KILL, SYS_madvise, { 0x10000, 4096, HIGH | 4 } },

	/* clone: two words */
	{ ALLOW, SYS_clone, { 0x350f00 } },
	{ ALLOW, SYS_clone, { 0x108400 | 17 } },
	{ KILL, SYS_clone, { 17 } },
	{ KILL, SYS_clone, { 0x350f00 | 17 } },
	{ KILL, SYS_clone, { 0x350f00 & ~0x100U } },
	{ KILL, SYS_clone, { 0x350f00 | 0x2000 } },	/* PTRACE */
	{ KILL, SYS_clone, { 0x350f00 | 0x800000 } },	/* UNTRACED */
	{ KILL, SYS_clone, { 0x108400 | 9 } },
	{ KILL, SYS_clone, { 0x108400 | 17 | 0x10000000 } }, /* NEWUSER */
	{ KILL, SYS_clone, { 0x108400 | 17 | 0x20000 } },
	{ KILL, SYS_clone, { 0x100400 | 17 } },		/* not our child */
	{ KILL, SYS_clone, { HIGH | 0x350f00 } },

	{ ALLOW, SYS_exit, { 1 } },
	{ ALLOW, SYS_exit_group, { 1 } },
	{ ALLOW, SYS_rt_sigreturn, { 0 } },
	{ ALLOW, SYS_sigaltstack, { 8, 8 } },
	{ ALLOW, SYS_sched_yield, { 0 } },

	{ ALLOW, SYS_read, { 0, 8, 8 } },
	{ KILL, SYS_write, { 1, 8, 8 } },
	{ ALLOW, SYS_pread64, { 40, 8, 8, 8 } },
	{ KILL, SYS_pwrite64, { 40, 8, 8, 8 } },
	{ ALLOW, SYS_pwritev2, { 40, 8, 1, 8, 0, 0 } },
	{ ALLOW, SYS_pwritev2, { 1, 8, 1, -1, -1, 0 } },
	{ ALLOW, SYS_pwritev2, { 40, 8, 1, 8, 0, 0x10 } },
	{ KILL, SYS_pwritev2, { 40, 8, 1, 8, 0, 0x11 } },
	{ KILL, SYS_pwritev2, { 40, 8, 0, 8, 0, 0 } },
	{ KILL, SYS_pwritev2, { 40, 8, 2, 8, 0, 0 } },
	{ KILL, SYS_pwritev2, { 40, 8, HIGH | 1, 8, 0, 0 } },
	{ KILL, SYS_pwritev2, { 40, 8, 1, 8, 0, 2 } },
	{ KILL, SYS_pwritev2, { 40, 8, 1, 8, 0, HIGH } },
	{ ALLOW, SYS_restart_syscall, { 0 } },

	/* close: what the kernel truncates must not reach a low number */
	{ KILL, SYS_close, { 0 } },
	{ KILL, SYS_close, { 3 } },
	{ KILL, SYS_close, { 8 } },
	{ KILL, SYS_close, { 15 } },
	{ KILL, SYS_close, { 31 } },
	{ ALLOW, SYS_close, { 32 } },
	{ ALLOW, SYS_close, { 33 } },
	{ ALLOW, SYS_close, { 4096 } },
	{ ALLOW, SYS_close, { 65535 } },
	{ KILL, SYS_close, { 65536 } },
	{ KILL, SYS_close, { HIGH } },
	{ KILL, SYS_close, { HIGH | 3 } },
	{ KILL, SYS_close, { HIGH | 40 } },
	{ KILL, SYS_close, { ~0UL } },

	{ KILL, SYS_sendmsg, { 7, 8, 0x4000 } },
	{ ALLOW, SYS_sendmsg, { 8, 8, 0x4000 } },
	{ ALLOW, SYS_sendmsg, { 11, 8, 0x4000 } },
	{ KILL, SYS_sendmsg, { 12, 8, 0x4000 } },
	{ KILL, SYS_sendmsg, { 40, 8, 0x4000 } },
	{ KILL, SYS_sendmsg, { HIGH | 8, 8, 0x4000 } },
	{ KILL, SYS_sendmsg, { 8, 8, 0 } },
	{ KILL, SYS_sendmsg, { 8, 8, 0x4001 } },
	{ KILL, SYS_sendmsg, { 8, 8, HIGH | 0x4000 } },
	{ KILL, SYS_recvmsg, { 7, 8, 0x40000000 } },
	{ ALLOW, SYS_recvmsg, { 8, 8, 0x40000000 } },
	{ ALLOW, SYS_recvmsg, { 11, 8, 0x40000000 } },
	{ KILL, SYS_recvmsg, { 12, 8, 0x40000000 } },
	{ ALLOW, SYS_recvmsg, { 8, 8, 0x40000040 } },
	{ KILL, SYS_recvmsg, { 12, 8, 0x40000040 } },
	{ KILL, SYS_recvmsg, { 8, 8, 0x40 } },
	{ KILL, SYS_recvmsg, { 8, 8, 2 } },

	{ ALLOW, SYS_fallocate, { 3, 3, 0, 4096 } },
	{ ALLOW, SYS_fallocate, { 4, 0, 0, 4096 } },
	{ ALLOW, SYS_fallocate, { 5, 3, 0, 4096 } },
	{ KILL, SYS_fallocate, { 2, 3, 0, 4096 } },
	{ KILL, SYS_fallocate, { 6, 3, 0, 4096 } },
	{ KILL, SYS_fallocate, { 40, 0, 0, 4096 } },
	{ KILL, SYS_fallocate, { 5, 1, 0, 4096 } },
	{ KILL, SYS_fallocate, { 5, 8, 0, 4096 } },
	{ KILL, SYS_fallocate, { HIGH | 5, 3, 0, 4096 } },

	{ ALLOW, SYS_membarrier, { 0 } },
	{ ALLOW, SYS_membarrier, { 8 } },
	{ ALLOW, SYS_membarrier, { 32 } },
	{ ALLOW, SYS_membarrier, { 64 } },
	{ KILL, SYS_membarrier, { 8, 1 } },
	{ KILL, SYS_membarrier, { 3 } },
	{ KILL, SYS_membarrier, { 128 } },
	{ KILL, SYS_membarrier, { 512 } },

	{ ALLOW, SYS_ppoll, { 8, 1, 8, 0, 8 } },
	{ KILL, SYS_ppoll, { 8, 1, 8, 8, 8 } },
	{ KILL, SYS_ppoll, { 8, 1, 8, HIGH, 8 } },

	{ KILL, SYS_tgkill, { 1, 1, 23 } },
	{ KILL, SYS_arch_prctl, { 0x1002, 0 } },

	{ ALLOW, SYS_clock_gettime, { 0, 8 } },
	{ ALLOW, SYS_clock_gettime, { 3, 8 } },
	{ ALLOW, SYS_clock_gettime, { 11, 8 } },
	{ KILL, SYS_clock_gettime, { 12, 8 } },
	{ KILL, SYS_clock_gettime, { 0xffffffff, 8 } },
	{ KILL, SYS_clock_gettime, { ~0UL, 8 } },
	{ KILL, SYS_clock_gettime, { HIGH, 8 } },
	{ KILL, SYS_clock_settime, { 0, 8 } },
};

START_TEST(rows)
{
	for (size_t i = 0; i < COUNT(calls); i++) {
		uint32_t got = at_gate(&plain, calls[i].nr, calls[i].a);

		ck_assert_msg(got == calls[i].want,
			      "call %d (%#lx, %#lx, %#lx, %#lx): %#x",
			      calls[i].nr, (unsigned long)calls[i].a[0],
			      (unsigned long)calls[i].a[1],
			      (unsigned long)calls[i].a[2],
			      (unsigned long)calls[i].a[3], got);
	}
}
END_TEST

/* Every number that the table does not have dies at the gate. */
START_TEST(numbers)
{
	static const uint64_t args[][6] = {
		{ 0 }, { 1, 1, 1, 1, 1, 1 }, { 8, 8, 0x4000, 0, 0, 0 },
		{ 0x10000, 4096, 3, 0x32, ~0UL, 0 }, { 40, 8, 8, 8, 8, 8 },
		{ ~0UL, ~0UL, ~0UL, ~0UL, ~0UL, ~0UL },
	};

	size_t always = 0;

	for (size_t i = 0; i < COUNT(table); i++)
		always += strcmp(table[i].when, "net") != 0;
	ck_assert_uint_le(always, 24);
	ck_assert_uint_le(COUNT(table), 32);
	for (long nr = -2000; nr < 5000; nr++) {
		int listed = 0;

		for (size_t i = 0; i < COUNT(table); i++)
			listed |= table[i].nr == nr &&
				strcmp(table[i].when, "net") != 0;
		if (listed)
			continue;
		for (size_t i = 0; i < COUNT(args); i++) {
			ck_assert_uint_eq(at_gate(&plain, nr, args[i]), KILL);
			ck_assert_uint_eq(at_gate(&scope, nr, args[i]), KILL);
		}
	}
}
END_TEST

/* Only where a network is granted; the signal mask stays. */
START_TEST(net)
{
	static const struct prog with = {
		vetted_filter_net, COUNT(vetted_filter_net)
	};
	static const struct prog both = {
		vetted_filter_scope_net, COUNT(vetted_filter_scope_net)
	};
	static const uint64_t good[6] = { 40, 0x1000, 32, 5, 0, 8 };
	static const uint64_t mask[6] = { 40, 0x1000, 32, 5, 0x2000, 8 };
	static const int never[] = {
		SYS_socket, SYS_connect, SYS_bind, SYS_listen, SYS_accept4,
		SYS_sendto, SYS_recvfrom, SYS_setsockopt, SYS_shutdown,
		SYS_epoll_ctl, SYS_epoll_create1,
	};

	ck_assert_uint_eq(at_gate(&plain, SYS_epoll_pwait, good), KILL);
	ck_assert_uint_eq(at_gate(&with, SYS_epoll_pwait, good), ALLOW);
	ck_assert_uint_eq(at_gate(&both, SYS_epoll_pwait, good), ALLOW);
	ck_assert_uint_eq(at_gate(&both, SYS_epoll_pwait, mask), KILL);
	for (size_t i = 0; i < COUNT(never); i++)
		ck_assert_uint_eq(at_gate(&both, never[i], good), KILL);
}
END_TEST

/* x32 numbers are no way around the list. */
START_TEST(x32)
{
	static const uint64_t a[6] = { 0x10000, 4096, 3, 0x32, ~0UL, 0 };

	for (long nr = 0; nr < 600; nr++) {
		ck_assert_uint_eq(at_gate(&scope, nr | 0x40000000, a), KILL);
		ck_assert_uint_eq(at_gate(&scope, nr | 0x80000000, a), KILL);
	}
}
END_TEST

/* Anywhere but at the gate, and for any other architecture: a trap. */
START_TEST(elsewhere)
{
	static const uint64_t ips[] = {
		0, 1, GATE - 2, GATE - 1, GATE + 1, GATE + 2, GATE ^ HIGH,
		GATE & 0xffffffff, GATE | 1UL << 63, ~0UL, 0x401000,
		0xffffffffff600000,
	};
	static const uint32_t archs[] = {
		AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, 0, ~0U,
	};

	for (int nr = -1; nr < 600; nr++) {
		struct seccomp_data d = {
			.nr = nr, .arch = AUDIT_ARCH_X86_64,
		};

		for (size_t i = 0; i < COUNT(ips); i++) {
			d.instruction_pointer = ips[i];
			ck_assert_uint_eq(run(&plain, &d), TRAP);
			ck_assert_uint_eq(run(&scope, &d), TRAP);
		}
		d.instruction_pointer = GATE;
		for (size_t i = 0; i < COUNT(archs); i++) {
			d.arch = archs[i];
			ck_assert_uint_eq(run(&plain, &d), TRAP);
		}
	}
}
END_TEST

START_TEST(features)
{
	static const uint64_t kick[6] = { 5, 6, 23 };
	static const uint64_t kill_[6] = { 5, 6, 9 };

	ck_assert_uint_eq(at_gate(&plain, SYS_tgkill, kick), KILL);
	ck_assert_uint_eq(at_gate(&scope, SYS_tgkill, kick), ALLOW);
	ck_assert_uint_eq(at_gate(&scope, SYS_tgkill, kill_), KILL);
}
END_TEST

/* Where the pointer is put in by hand must be where it says. */
START_TEST(pointer)
{
	ck_assert_uint_eq(vetted_filter[VETTED_IP_HIGH].k, GATE >> 32);
	ck_assert_uint_eq(vetted_filter[VETTED_IP_LOW].k, (uint32_t)GATE);
	ck_assert_uint_le(COUNT(vetted_filter_scope), BPF_MAXINSNS);
}
END_TEST

UNIT_MAIN("vetted-filter", rows, numbers, net, x32, elsewhere, features, pointer)
