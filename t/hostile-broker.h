/* SPDX-License-Identifier: Apache-2.0 */
/* hostile-broker.h: requests to the broker, for hostile guests. */
#ifndef SBX_T_HOSTILE_BROKER_H
#define SBX_T_HOSTILE_BROKER_H

#include "emul/abi/broker.h"
#include "t/hostile.h"

#define MSG_NOSIGNAL		0x4000
#define MSG_CMSG_CLOEXEC	0x40000000
#define FDS_MAX			253

struct iov {
	void *base;
	size_t len;
};

/* As the host's sendmsg takes them. */
struct msg {
	void *name;
	int name_len;
	struct iov *iov;
	size_t iov_len;
	void *control;
	size_t control_len;
	int flags;
};

struct control {
	size_t len;
	int level, type;
	int fd[FDS_MAX + 1];
};

static struct {
	struct broker_req q;
	char bytes[200000];
} packet __attribute__((__aligned__(64)));

static struct {
	struct broker_rep r;
	char body[BROKER_REP_MAX];
} answer __attribute__((__aligned__(64)));

static struct control control;
static struct control got;
/* The first n descriptors from fd on go along. */
static long send_packet(int channel, size_t len, int fd, int n)
{
	struct iov iov = { &packet, len };
	struct msg m = { .iov = &iov, .iov_len = 1 };
	int i;

	if (n) {
		control.len = 16 + 4 * (size_t)n;
		control.level = 1;	/* SOL_SOCKET */
		control.type = 1;	/* SCM_RIGHTS */
		for (i = 0; i < n; i++)
			control.fd[i] = fd + (n > 32 ? i % 32 : i);
		m.control = &control;
		m.control_len = (control.len + 7) & ~7UL;
	}
	return gate(__NR_sendmsg, HOSTFD_CHANNEL + channel, ptr(&m),
		    MSG_NOSIGNAL);
}

static long receive(int channel)
{
	struct iov iov = { &answer, sizeof(answer) };
	struct msg m = {
		.iov = &iov, .iov_len = 1,
		.control = &got, .control_len = sizeof(got),
	};

	got.len = 0;
	return gate(__NR_recvmsg, HOSTFD_CHANNEL + channel, ptr(&m),
		    MSG_CMSG_CLOEXEC);
}

static struct broker_req *request(uint16_t op, const char *path)
{
	size_t n = path ? text_len(path) : 0;

	memset(&packet.q, 0, sizeof(packet.q));
	packet.q.version = BROKER_VERSION;
	packet.q.op = op;
	packet.q.len1 = (uint16_t)n;
	if (n)
		memcpy(packet.bytes, path, n);
	return &packet.q;
}

static size_t length(void)
{
	return sizeof(packet.q) + packet.q.len1 + packet.q.len2;
}

/* One round trip; the answer's err. */
static int ask(int fd)
{
	if (send_packet(0, length(), fd, fd >= 0) < 0 || receive(0) < 40)
		quit(EXIT_BROKEN);
	return answer.r.err;
}

#endif
