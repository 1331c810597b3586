/* SPDX-License-Identifier: Apache-2.0 */
/* trace-int.h: what the files of the trace share with each other only. */
#ifndef SBX_ENTRY_TRACE_INT_H
#define SBX_ENTRY_TRACE_INT_H

#include "emul/entry/argkind.h"
#include "emul/entry/trace.h"

/* A value and its name. */
struct sym {
	uint64_t value;
	const char *name;
};

/* Append to @l as ksnprintf(); what does not fit any more is dropped. */
void trace_put(struct trace_line *l, const char *fmt, ...) __printf(2, 3);

/*
 * Show @n bytes at guest address @addr as a C string, cut at TRACE_STR_MAX;
 * the address where it cannot be read.
 */
void trace_bytes(struct trace_line *l, uaddr_t addr, size_t n);
/* The same for a string that ends with NUL. */
void trace_string(struct trace_line *l, uaddr_t addr);
/* @n bytes of the kernel's own, quoted and escaped whole. */
void trace_quote(struct trace_line *l, const char *s, size_t n);
/* An address, or NULL. */
void trace_addr(struct trace_line *l, uaddr_t addr);

/* One of @syms, or the number in hex; the list ends with a NULL name. */
void trace_enum(struct trace_line *l, const struct sym *syms, uint64_t v);
/* The members of @syms that are in @v, what is left in hex; 0 for none. */
void trace_flags(struct trace_line *l, const struct sym *syms, uint64_t v);

/* trace-syms.c: show @v of a kind with names; false: it has none. */
bool trace_symbolic(struct trace_line *l, enum argkind kind, uint64_t v);
void trace_signal(struct trace_line *l, int sig);
void trace_sigset(struct trace_line *l, uint64_t set);
/* st_mode with its type, "S_IFREG|0644". */
void trace_st_mode(struct trace_line *l, unsigned int mode);
extern const struct sym trace_poll_events[], trace_epoll_events[];
extern const struct sym trace_sa_flags[], trace_ss_flags[];
extern const struct sym trace_resolve[];

/* trace-errno.c: "ENOENT", "No such file or directory"; NULL: unknown. */
const char *trace_errno_name(long err);
const char *trace_errno_text(long err);

/*
 * trace-struct.c: show the structure at guest address @addr.  @size is the
 * value of the argument that the table names for its size, or 0.
 */
void trace_struct(struct trace_line *l, enum argkind kind, uaddr_t addr,
		  uint64_t size);

#endif
