/* SPDX-License-Identifier: Apache-2.0 */
/* passed-int.h: an inherited socket, for passed.c and passed-data.c. */
#ifndef SBX_NET_PASSED_INT_H
#define SBX_NET_PASSED_INT_H

#include "emul/abi/broker.h"
#include "emul/net/passed.h"
#include "emul/net/socket.h"
#include "emul/task/turn.h"

struct passed {
	struct socket so;	/* first */
	int fd;
	bool ours;		/* accepted: closed with it */
	uint32_t index;		/* else */
	bool waits;		/* the host's descriptor blocks */
	bool listens, connected;
	struct broker_sockname name[2];		/* own, peer's */
	struct turn rd;		/* who takes what was only looked at, and reads */
	char *peek;
	size_t peek_n, peek_whole;
	struct broker_sockname peek_from;
};

static inline struct passed *passed_of(struct socket *s)
{
	return (struct passed *)s;
}

static inline bool passed_is_stream(const struct passed *p)
{
	return p->so.type == SOCK_STREAM;
}

/*
 * A request about @p: broker_call2 with its index or its descriptor.  What
 * that gives.
 */
int passed_ask(const struct passed *p, struct broker_req *req, const void *p1,
	       const void *p2, struct broker_rep *rep, void *buf, size_t cap);
/* Would one of the poll @events be there now? */
bool passed_is_ready(const struct passed *p, short events);
/*
 * Until @events are there, or the call is to be given up: -errno.  The next
 * read or write does not wait then, if nobody else was faster.
 */
int passed_get_ready(const struct passed *p, short events, bool nonblock,
		     int64_t timeout_ns);

/* Its data (passed-data.c), as socket_ops tell. */
ssize_t passed_stream_send(struct socket *s, struct task *t, struct sockmsg *m);
ssize_t passed_stream_recv(struct socket *s, struct task *t, struct sockmsg *m);
ssize_t passed_dgram_send(struct socket *s, struct task *t, struct sockmsg *m);
ssize_t passed_dgram_recv(struct socket *s, struct task *t, struct sockmsg *m);

#endif
