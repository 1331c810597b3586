/* SPDX-License-Identifier: Apache-2.0 */
/*
 * h-net.c: keep the broker waiting by sockets.
 *
 *	h-net accept		descriptor 3 listens, and waits by itself for
 *				who connects
 *	h-net linger PORT	at 127.0.0.1:PORT somebody takes a connection
 *				and never reads: its last close is the broker's
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

int attack(int argc, char **argv)
{
	if (argc > 1 && same_text(argv[1], "accept"))
		return accept_one();
	if (argc > 2 && same_text(argv[1], "linger"))
		return linger((uint16_t)number(argv[2]));
	return EXIT_BROKEN;
}
