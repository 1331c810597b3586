/* SPDX-License-Identifier: Apache-2.0 */
/* trace-syms.c: values that have names, and the names. */
#include "emul/entry/trace-int.h"

void trace_signal(struct trace_line *l, int sig)
{
	trace_put(l, "%d", sig);
}

bool trace_symbolic(struct trace_line *l, enum argkind kind, uint64_t v)
{
	(void)l;
	(void)kind;
	(void)v;
	return false;
}
