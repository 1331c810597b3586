/* SPDX-License-Identifier: Apache-2.0 */
/*
 * print.h: formatted text without a libc.
 *
 * Formats: %d %i %u %x %X %o %c %s %p %% with the flags - 0 #, width,
 * precision (also `*`) and the lengths hh h l ll z.
 */
#ifndef SBX_LIB_PRINT_H
#define SBX_LIB_PRINT_H

#include "emul/lib/types.h"

/*
 * As C's snprintf: @buf of @size bytes is always ended by NUL when @size is
 * not 0.  Returns the length that the whole text has.
 */
int kvsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int ksnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

/* A line of the kernel's own on sbx's standard error. */
void kprintf(const char *fmt, ...) __printf(1, 2) __cold;

/*
 * The kernel cannot go on: report the task, the call and a backtrace, and
 * end the whole sandbox (rule R9; sbx exits with 125).
 */
void panic(const char *fmt, ...) __printf(1, 2) __cold __noreturn;

#define BUG_ON(x)							\
	do {								\
		if (unlikely(x))					\
			panic("%s:%d: %s", __FILE__, __LINE__, #x);	\
	} while (0)

#endif
