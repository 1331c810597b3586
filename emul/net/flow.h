/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow.h: one direction of a connection: a stream, and what its ends know of
 * each other.  Wake-ups are the sockets' matter.
 */
#ifndef SBX_NET_FLOW_H
#define SBX_NET_FLOW_H

#include "emul/vfs/stream.h"

struct flow {
	struct stream s;
	bool fin;		/* nothing more will be written */
	bool unread;		/* nobody will read any more */
	/*
	 * The writer found too little room: who reads wakes it once there is
	 * enough, flow_has_room().
	 */
	bool starved;
	uint32_t sleepers;	/* readers that wait for data; atomic */
};

/* As tcp(7)'s poll: a third of the buffer has to be free. */
static inline bool flow_has_room(const struct flow *f)
{
	return stream_room(&f->s) >= load_once(&f->s.cap) / 3;
}

/*
 * As flow_has_room(); if there is none the reader is asked to wake the writer.
 */
bool flow_want_room(struct flow *f);
/* Is a writer to be woken, after the reader took something? */
static inline bool flow_feeds(struct flow *f)
{
	if (likely(!load_once(&f->starved)) || !flow_has_room(f))
		return false;
	store_once(&f->starved, false);
	return true;
}

/*
 * Put in some of @u, if any fits.  The writer's turn is held.  Bytes, 0: no room,
 * -EFAULT, -ENOMEM, -ERESTARTSYS.
 */
ssize_t flow_put(struct flow *f, struct task *t, struct uio *u);

#endif
