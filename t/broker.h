/* SPDX-License-Identifier: Apache-2.0 */
/* broker.h: making requests by hand, for the tests of the broker. */
#ifndef SBX_T_BROKER_H
#define SBX_T_BROKER_H

#include <string.h>

#include "loader/broker/server.h"

struct packet {
	struct broker_req q;
	char data[2 * BROKER_PATH_MAX];
};

static inline struct packet *packet_init(struct packet *p, unsigned int op,
					 const char *s1, const char *s2)
{
	memset(&p->q, 0, sizeof(p->q));
	p->q.version = BROKER_VERSION;
	p->q.op = (uint16_t)op;
	p->q.seq = 7;
	p->q.len1 = (uint16_t)strlen(s1);
	p->q.len2 = (uint16_t)strlen(s2);
	memcpy(p->data, s1, p->q.len1);
	memcpy(p->data + p->q.len1, s2, p->q.len2);
	return p;
}

static inline size_t packet_size(const struct packet *p)
{
	return sizeof(p->q) + p->q.len1 + p->q.len2;
}

#endif
