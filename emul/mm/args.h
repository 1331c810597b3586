/* SPDX-License-Identifier: Apache-2.0 */
/*
 * args.h: the arguments and the environment of a program, for others to see.
 *
 * They lie in the guest's memory, which only its own process can read.  What
 * exec put there is kept, shared with copies of the address space.  A program
 * that writes over it (setproctitle) is seen at its next call after somebody
 * asked: that one still gets what was known before.
 */
#ifndef SBX_MM_ARGS_H
#define SBX_MM_ARGS_H

#include "emul/lib/types.h"

struct args;
struct mm;
struct task;

/*
 * Keep the strings at @from, argv's of @arg_len and then envp's of @env_len
 * bytes, each with its NUL, for @mm.  They lie in @mem, memory of kmalloc(),
 * which is taken over; true if it was (else there was no memory).
 */
bool args_keep(struct mm *mm, char *mem, const char *from, size_t arg_len,
	       size_t env_len);
/* A new address space has what @from has; the last one frees it. */
void args_share(struct mm *mm, const struct mm *from);
void args_free(struct mm *mm);

/* @mm is the caller's: see what its memory says now. */
void args_refresh(struct mm *mm);
/* Have @t do so when it next leaves the kernel; it is not disturbed. */
void args_ask(struct task *t);
/* As in /proc/PID/cmdline: @*n bytes for kfree(), or NULL. */
char *args_title(struct mm *mm, size_t *n) __must_check;
/* As in /proc/PID/environ, good as long as @mm. */
const char *args_environ(const struct mm *mm, size_t *n);

#endif
