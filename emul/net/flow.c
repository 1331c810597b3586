/* SPDX-License-Identifier: Apache-2.0 */
/* flow.c: one direction of a connection. */
#include "emul/net/flow.h"

#define STEP_MAX	65536u	/* so that who reads begins early */

bool flow_want_room(struct flow *f)
{
	if (flow_has_room(f))
		return true;
	store_once(&f->starved, true);
	/* The reader moves its position first, and looks at this then. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return flow_has_room(f);
}

ssize_t flow_put(struct flow *f, struct task *t, struct uio *u)
{
	size_t n = MIN(MIN(u->left, stream_room(&f->s)), STEP_MAX);
	ssize_t r = n ? stream_fill(&f->s, t, u, n) : 0;

	if (r > 0)
		stream_push(&f->s, (uint64_t)r);
	return r;
}
