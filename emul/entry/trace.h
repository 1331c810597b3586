/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace.h: a line for every call, as strace writes them, decoded from the
 * argument kinds of syscalls.tbl.
 *
 *	17 openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC, 0) = 3
 *
 * What the call reads is decoded before it, what it writes after it; the
 * line goes out whole when the call ends, before it where it never does
 * (exit, rt_sigreturn).  Guest memory is read by copy_in() alone, so a trace
 * shows what the guest's pointers held at that moment, which a hostile guest
 * may have changed since.
 */
#ifndef SBX_ENTRY_TRACE_H
#define SBX_ENTRY_TRACE_H

#include "emul/lib/types.h"

struct regs;
struct sysdesc;
struct task;

#define TRACE_LINE_MAX	768	/* bytes; a longer one has "..." */
#define TRACE_STR_MAX	32	/* bytes shown of a string or a buffer */

/* A line in the making; it lies on the kernel stack during the call. */
struct trace_line {
	uint64_t arg[6];	/* the registers as they were at the entry */
	uint32_t next;		/* first argument still to be shown */
	long ret;
	bool returned;		/* the call is over: ret counts */
	bool full;		/* the text was cut */
	size_t n;
	char text[TRACE_LINE_MAX];
};

/* Begin @l for the call @d of @t; borrows all, keeps nothing but @l. */
void trace_enter(struct trace_line *l, const struct task *t,
		 const struct sysdesc *d, const struct regs *r);
/* Finish @l with the result and hand it out. */
void trace_exit(struct trace_line *l, const struct sysdesc *d, long ret);

/*
 * Something the kernel lacks was asked of it: a flag, an option, a type.
 * Says so in the trace, "17 -- epoll_ctl flags 0x40 not supported", and
 * returns -EINVAL, which is what Linux gives for flags it does not know.
 */
long unsupported(const struct task *t, const char *what, unsigned long value);

/* "17 -- text" in the trace, if there is one: why a call of it is refused. */
void trace_note(const char *fmt, ...) __printf(1, 2);

/*
 * Write one finished line of @n bytes, its newline included, to where sbx
 * traces to.  Belongs to the interposer; lines come from many threads.
 */
void trace_emit(const char *line, size_t n);

#endif
