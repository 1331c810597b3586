/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netlink.h: sockets of AF_NETLINK; netlink(7).
 *
 * A request is answered at once, into the queue of who asks.
 */
#ifndef SBX_NET_NETLINK_H
#define SBX_NET_NETLINK_H

#include <linux/netlink.h>

#include "emul/net/socket.h"

/* An answer that is being made: messages, one after the other. */
struct nl_reply {
	char *buf;
	uint32_t len, cap;
	uint32_t start;		/* of the message that is being made */
	uint32_t seq, pid;	/* of the request, of who asked */
	uint16_t flags;		/* NLM_F_MULTI */
	bool full;		/* it did not fit */
};

/* rtnetlink.c: answer @h, whose payload has @n bytes.  0 or -errno. */
int rtnetlink_answer(struct nl_reply *r, const struct nlmsghdr *h,
		     const void *payload, uint32_t n);

/* Begin a message with a header of @n bytes behind netlink's; end it. */
void *nl_begin(struct nl_reply *r, uint16_t type, size_t n);
void nl_end(struct nl_reply *r);
void nl_attr(struct nl_reply *r, uint16_t type, const void *data, size_t n);
void nl_attr_u32(struct nl_reply *r, uint16_t type, uint32_t v);

#endif
