/* SPDX-License-Identifier: Apache-2.0 */
/* trace-struct.c: structures in guest memory, decoded. */
#include "emul/entry/trace-int.h"

void trace_struct(struct trace_line *l, enum argkind kind, uaddr_t addr,
		  uint64_t size)
{
	(void)kind;
	(void)size;
	trace_addr(l, addr);
}
