/* SPDX-License-Identifier: Apache-2.0 */
/*
 * h-net.c: keep the broker waiting by sockets.
 *
 *	h-net accept		descriptor 3 listens, and waits by itself for
 *				who connects
 *	h-net linger PORT	at 127.0.0.1:PORT somebody takes a connection
 *				and never reads: its last close is the broker's
 *	h-net forged PORT OTHER	127.0.0.1:PORT is granted, and nothing else:
 *				each request that could reach another place
 *	h-net bad N		a request that is impossible: the N-th of them
 */
#include "t/hostile-broker.h"

#define SOL_SOCKET	1
#define SO_LINGER	13
#define EAGAIN		11

static int accept_one(void)
{
	struct broker_req *q = request(BROKER_NET_ACCEPT, NULL);

	q->arg[0] = 3;
	q->arg[1] = 4;
	return ask(-1) == -EAGAIN ? 0 : EXIT_BREACH;
}

static int connected(uint16_t port)
{
	struct broker_addr a = { .port = port };
	struct broker_req *q = request(BROKER_NET_CONNECT, NULL);

	a.ip[10] = a.ip[11] = 0xff;
	a.ip[12] = 127;
	a.ip[15] = 1;
	memcpy(packet.bytes, &a, sizeof(a));
	q->len1 = sizeof(a);
	q->arg[0] = 1;		/* SOCK_STREAM */
	if (ask(-1) || got.len < 20)
		quit(EXIT_BROKEN);
	return got.fd[0];
}

static void set_linger(int fd)
{
	struct broker_sockopt o = { SOL_SOCKET, SO_LINGER, 8 };
	struct broker_req *q = request(BROKER_NET_SETOPT, NULL);
	int linger[2] = { 1, 1000 };

	q->flags = BROKER_FD_SENT;
	q->len1 = sizeof(o) + sizeof(linger);
	memcpy(packet.bytes, &o, sizeof(o));
	memcpy(packet.bytes + sizeof(o), linger, sizeof(linger));
	ask(fd);
}

static int linger(uint16_t port)
{
	static char much[65536];
	struct iov iov = { much, sizeof(much) };
	int fd = connected(port);
	long p[2] = { fd | 4L << 32, 0 }, ts[2] = { 1, 0 };

	set_linger(fd);
	while (gate(__NR_ppoll, ptr(p), 1, ptr(ts), 0, 8) > 0)
		if (gate(__NR_pwritev2, fd, ptr(&iov), 1, -1, 0, 0) < 0)
			break;
	/* One on its way is the last there is. */
	for (int i = 0; i < 4; i++) {
		request(BROKER_NET_NAMES, NULL)->flags = BROKER_FD_SENT;
		send_packet(i, length(), fd, 1);
	}
	gate(__NR_close, fd);
	for (int i = 0; i < 4; i++)
		receive(i);
	request(BROKER_AFFINITY, NULL);
	return ask(-1) < 0 ? EXIT_BROKEN : 0;
}

static struct broker_addr v4(uint8_t last, uint16_t port)
{
	struct broker_addr a = { .port = port };

	a.ip[10] = a.ip[11] = 0xff;
	a.ip[12] = 127;
	a.ip[15] = last;
	return a;
}

/* A request about an address: is it refused, and no descriptor given? */
static int refused(uint16_t op, const struct broker_addr *a, uint64_t arg0)
{
	struct broker_req *q = request(op, NULL);

	memcpy(packet.bytes, a, sizeof(*a));
	q->len1 = sizeof(*a);
	q->arg[0] = arg0;
	if (op == BROKER_NET_SEND) {
		memcpy(packet.bytes + sizeof(*a), "stolen", 6);
		q->len2 = 6;
	}
	return ask(-1) < 0 && !got.len;
}

static int no_connect(const struct broker_addr *a)
{
	for (uint64_t type = 1; type <= 2; type++)
		if (!refused(BROKER_NET_CONNECT, a, type))
			return 0;
	return 1;
}

static int addresses(uint16_t port, uint16_t other)
{
	struct broker_addr a = v4(1, other), b;

	if (!no_connect(&a))
		return 0;
	a.port = port;
	if (!refused(BROKER_NET_CONNECT, &a, 2))	/* it is TCP alone */
		return 0;
	for (uint32_t last = 0; last < 256; last += 51) {
		a = v4((uint8_t)last, other);
		if (!no_connect(&a))
			return 0;
	}
	/* :: and ::1, 127.0.0.1 as a compatible and a translated address. */
	for (int form = 0; form < 4; form++)
		for (uint32_t scope = 0; scope < 3; scope++) {
			b = (struct broker_addr){ .port = other };
			b.scope = scope;
			b.ip[15] = form ? 1 : 0;
			if (form > 1)
				b.ip[12] = 127;
			if (form > 2)
				b.ip[8] = b.ip[9] = 0xff;
			if (!no_connect(&b))
				return 0;
			b.port = port;
			if (!no_connect(&b))
				return 0;
		}
	return 1;
}

static int ports(uint16_t port)
{
	struct broker_addr a = v4(1, port);

	for (uint64_t which = 0; which < 3; which++) {
		for (uint64_t type = 1; type <= 2; type++) {
			struct broker_req *q = request(BROKER_NET_LISTEN, NULL);

			memcpy(packet.bytes, &a, sizeof(a));
			q->len1 = sizeof(a);
			q->arg[0] = type;
			q->arg[1] = 5;
			q->arg[2] = which;
			if (ask(-1) >= 0)
				return 0;
		}
	}
	for (uint64_t nr = 0; nr < 300; nr += 23) {
		request(BROKER_NET_UNLISTEN, NULL)->arg[0] = nr;
		if (ask(-1) >= 0)
			return 0;
		request(BROKER_NET_RECV, NULL)->arg[0] = nr;
		if (ask(-1) >= 0 || !refused(BROKER_NET_SEND, &a, nr))
			return 0;
	}
	return 1;
}

/* Options that lead elsewhere, or ask for rights. */
static int options(int fd)
{
	static const struct {
		uint32_t level, name;
	} no[] = {
		{ 1, 25 },	/* SO_BINDTODEVICE */
		{ 1, 36 },	/* SO_MARK */
		{ 1, 26 },	/* SO_ATTACH_FILTER */
		{ 1, 50 },	/* SO_ATTACH_BPF */
		{ 1, 15 },	/* SO_REUSEPORT */
		{ 1, 60 },	/* SO_ZEROCOPY */
		{ 0, 4 },	/* IP_OPTIONS */
		{ 0, 19 },	/* IP_TRANSPARENT */
		{ 0, 35 },	/* IP_ADD_MEMBERSHIP */
		{ 6, 19 },	/* TCP_REPAIR */
		{ 6, 31 },	/* TCP_ULP */
		{ 6, 30 },	/* TCP_FASTOPEN_CONNECT */
		{ 41, 57 },	/* IPV6_RTHDR */
		{ 0x10000, 0x5421 },	/* FIONBIO, as an ioctl */
	};

	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		struct broker_sockopt o = { no[i].level, no[i].name, 4 };
		struct broker_req *q = request(BROKER_NET_SETOPT, NULL);

		q->flags = BROKER_FD_SENT;
		q->len1 = sizeof(o) + 4;
		memcpy(packet.bytes, &o, sizeof(o));
		memset(packet.bytes + sizeof(o), 0, 4);
		packet.bytes[sizeof(o)] = 1;
		if (ask(fd) >= 0)
			return 0;
		q = request(BROKER_NET_GETOPT, NULL);
		q->flags = BROKER_FD_SENT;
		q->arg[1] = (uint64_t)no[i].level << 32 | no[i].name;
		q->arg[2] = 4;
		if (ask(fd) >= 0)
			return 0;
	}
	return 1;
}

/* What is no socket of the network's, and what was never inherited. */
static int descriptors(void)
{
	static const uint16_t ops[] = {
		BROKER_NET_ACCEPT, BROKER_NET_GETOPT, BROKER_NET_SHUTDOWN,
		BROKER_NET_NAMES, BROKER_NET_WATCH,
	};
	static const int fds[] = { HOSTFD_META, HOSTFD_LIFE, HOSTFD_CHANNEL };
	struct broker_sockname n = { .len = 16, .name = { 2 } };
	struct broker_req *q;

	for (size_t i = 0; i < 3 * sizeof(ops) / sizeof(ops[0]); i++) {
		uint16_t op = ops[i / 3];

		if (op == BROKER_NET_WATCH)
			continue;	/* it takes two */
		q = request(op, NULL);
		q->flags = BROKER_FD_SENT;
		q->arg[1] = op == BROKER_NET_ACCEPT ? 1 :
			op == BROKER_NET_GETOPT ? 1UL << 32 | 3 : 0;
		q->arg[2] = op == BROKER_NET_GETOPT ? 4 : 0;
		if (ask(fds[i % 3]) >= 0)
			return 0;
	}
	for (uint64_t i = 0; i < INHERITED_MAX; i++) {
		request(BROKER_NET_RECVFROM, NULL)->arg[0] = i;
		if (ask(-1) >= 0)
			return 0;
		q = request(BROKER_NET_SENDTO, NULL);
		q->arg[0] = i;
		q->len1 = sizeof(n);
		q->len2 = 6;
		memcpy(packet.bytes, &n, sizeof(n));
		memcpy(packet.bytes + sizeof(n), "stolen", 6);
		if (ask(-1) >= 0)
			return 0;
	}
	return 1;
}

static int forged(uint16_t port, uint16_t other)
{
	if (!addresses(port, other) || !ports(other) || !descriptors() ||
	    !options(connected(port)))
		return EXIT_BREACH;
	return 0;
}

/* Each of them ends the sandbox. */
static int bad(unsigned int nr)
{
	struct broker_addr a = v4(1, 9);
	struct broker_req *q = request(BROKER_NET_CONNECT, NULL);

	memcpy(packet.bytes, &a, sizeof(a));
	q->len1 = sizeof(a);
	q->arg[0] = 1;
	switch (nr) {
	case 0:
		q->len1 = sizeof(a) - 1;
		break;
	case 1:
		q->arg[0] = 3;		/* SOCK_RAW */
		break;
	case 2:
		q->arg[0] = 1 | 1UL << 32;
		break;
	case 3:
		packet.bytes[sizeof(a) - 1] = 1;	/* a.zero */
		break;
	case 4:
		q->op = BROKER_NET_LISTEN;
		q->arg[1] = 1UL << 31;
		break;
	case 5:
		q->op = BROKER_NET_SEND;
		q->len1 = 4;
		break;
	case 6:
		q->op = BROKER_NET_SENDTO;
		q->arg[0] = INHERITED_MAX;
		break;
	case 7:
		q = request(BROKER_NET_RECVFROM, NULL);
		q->flags = BROKER_FD_SENT;
		break;
	default:
		return EXIT_BROKEN;
	}
	ask(-1);
	return EXIT_BREACH;
}

int attack(int argc, char **argv)
{
	if (argc > 3 && same_text(argv[1], "forged"))
		return forged((uint16_t)number(argv[2]),
			      (uint16_t)number(argv[3]));
	if (argc > 2 && same_text(argv[1], "bad"))
		return bad((unsigned int)number(argv[2]));
	if (argc > 1 && same_text(argv[1], "accept"))
		return accept_one();
	if (argc > 2 && same_text(argv[1], "linger"))
		return linger((uint16_t)number(argv[2]));
	return EXIT_BROKEN;
}
