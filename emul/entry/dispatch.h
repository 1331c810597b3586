/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dispatch.h: from a call's number to the function that does it.
 *
 * systable[] is made from syscalls.tbl (systable.c in the build directory).
 * Every number up to the last has a function: one that the kernel lacks or
 * refuses has one that gives the error.
 */
#ifndef SBX_ENTRY_DISPATCH_H
#define SBX_ENTRY_DISPATCH_H

#include "emul/lib/types.h"
#include "emul/sysproto.h"

struct regs;
struct task;

enum syslevel {
	SYS_ABSENT,	/* -ENOSYS */
	SYS_REFUSED,	/* -err, on purpose */
	SYS_PARTIAL,
	SYS_FULL,
};

#define ARG_NO_REF	0xff

/* A thunk: casts the registers to the C types and calls sys_NAME(). */
typedef long syscall_fn(struct task *t, const struct regs *r);

struct sysdesc {
	syscall_fn *fn;
	const char *name;	/* NULL: Linux has no such call */
	const char *const *arg_names;
	uint8_t level;		/* enum syslevel */
	uint8_t err;		/* what a refused or absent call gives */
	uint8_t nargs;
	uint8_t ret;		/* enum argkind of the result */
	uint8_t kind[6];	/* enum argkind */
	uint8_t ref[6];		/* index of the size, or ARG_NO_REF */
} __attribute__((aligned(64)));	/* one line each; the index is a shift */

extern const struct sysdesc systable[NR_SYSCALLS];

/* What dispatch_call() does besides; any of it takes the slow path. */
#define DISPATCH_TRACE	1u	/* a line for every call, see trace.h */
#define DISPATCH_COUNT	2u	/* count in dispatch_counts[] */
#define DISPATCH_SECCOMP 4u	/* some task has a seccomp(2) mode */

/* Read by every call and hardly ever written: alone in its cache line. */
struct dispatch_ctl {
	uint32_t flags;		/* DISPATCH_*; set at start, or any time */
	uint64_t trace_set[16];	/* a bit a number: which calls to trace */
} __attribute__((aligned(64)));

extern struct dispatch_ctl dispatch_ctl;
/* Calls by number; the last element counts numbers out of range. */
extern uint64_t dispatch_counts[NR_SYSCALLS + 1];

/*
 * Do the call that @r->orig_rax asks for, for @t, which is current().
 * Returns what the guest gets in rax: a value or -errno.  Numbers out of
 * range, among them all of x32, give -ENOSYS.  Does not touch @r.
 */
long dispatch_call(struct task *t, struct regs *r);

#endif
