/* SPDX-License-Identifier: Apache-2.0 */
/*
 * u-broker-client.c: the kernel's client against the broker's server, many
 * threads at once on the few channels.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emul/abi/hostfd.h"
#include "emul/abi/spin.h"
#include "emul/host/broker.h"
#include "loader/broker/channel.h"
#include "t/unit.h"

static pid_t server;

/* The server as the monitor runs it, without what would confine the test. */
static void serve(const int *sock)
{
	struct monitor m;
	bool closed;
	int live = HOSTFD_CHANNELS;

	if (monitor_init(&m) || monitor_grant(&m, "/", "/", false) != 0)
		_exit(1);
	while (live) {
		fd_set set;

		FD_ZERO(&set);
		for (int i = 0; i < HOSTFD_CHANNELS; i++)
			FD_SET(sock[i], &set);
		select(1024, &set, NULL, NULL, NULL);
		for (int i = 0; i < HOSTFD_CHANNELS; i++) {
			if (!FD_ISSET(sock[i], &set))
				continue;
			if (channel_serve(&m, sock[i], &closed))
				_exit(2);
			if (closed)
				_exit(0);
		}
	}
	_exit(0);
}

static void start(void)
{
	int ours[HOSTFD_CHANNELS];
	int theirs[HOSTFD_CHANNELS];

	/* check's own descriptors may lie there. */
	for (int i = 0; i < HOSTFD_CHANNELS; i++) {
		int pair[2];

		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair),
				 0);
		ours[i] = fcntl(pair[0], F_DUPFD, 100);
		theirs[i] = fcntl(pair[1], F_DUPFD, 100);
		close(pair[0]);
		close(pair[1]);
	}
	server = fork();
	if (!server) {
		for (int i = 0; i < HOSTFD_CHANNELS; i++)
			close(ours[i]);
		serve(theirs);
	}
	for (int i = 0; i < HOSTFD_CHANNELS; i++) {
		close(theirs[i]);
		ck_assert_int_eq(dup2(ours[i], HOSTFD_CHANNEL + i),
				 HOSTFD_CHANNEL + i);
		close(ours[i]);
	}
}

static void stop(void)
{
	int status;

	for (int i = 0; i < HOSTFD_CHANNELS; i++)
		close(HOSTFD_CHANNEL + i);
	ck_assert_int_eq(waitpid(server, &status, 0), server);
	ck_assert_int_eq(status, 0);
}

static int walk(const char *path, void *buf, size_t cap, int *fd,
		struct broker_rep *rep)
{
	struct broker_req req = { .op = BROKER_WALK };

	req.len1 = (uint16_t)strlen(path);
	if (fd)
		req.flags = BROKER_WALK_OPEN;
	return broker_call(&req, path, rep, buf, cap, fd);
}

START_TEST(simple)
{
	char body[4096];
	struct broker_rep rep;
	int fd;

	start();
	ck_assert_int_eq(walk("etc/passwd", body, sizeof(body), &fd, &rep), 0);
	ck_assert_uint_eq(rep.count, 2);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_gt(read(fd, body, 10), 0);
	close(fd);
	ck_assert_int_eq(walk("etc/no-such", body, sizeof(body), NULL, &rep),
			 -ENOENT);
	ck_assert_uint_eq(rep.count, 1);
	ck_assert_int_eq(walk("etc/passwd", body, 8, NULL, &rep), -EPROTO);
	ck_assert_int_eq(broker_kick(1, 1), -ESRCH);
	ck_assert_int_eq(walk("etc", body, sizeof(body), NULL, &rep), 0);
	stop();
}
END_TEST

START_TEST(descriptor_sent)
{
	struct broker_req req = {
		.op = BROKER_FD_STAT, .flags = BROKER_FD_SENT,
	};
	struct broker_node node;
	struct broker_rep rep;
	int fd;

	start();
	fd = open("/etc/passwd", O_RDONLY);
	ck_assert_int_eq(broker_call2(&req, NULL, NULL, fd, &rep, &node,
				      sizeof(node), NULL), 0);
	ck_assert_uint_gt(node.st.size, 0);
	close(fd);
	stop();
}
END_TEST

/* Answers are fetched when they are wanted, and leave channels to others. */
START_TEST(later)
{
	struct broker_req req = {
		.op = BROKER_WALK, .flags = BROKER_WALK_OPEN, .len1 = 10,
	};
	struct broker_later l[HOSTFD_CHANNELS];
	int fds[BROKER_FDS_MAX];
	struct broker_rep rep;
	unsigned int n_fds;
	char body[4096];
	unsigned int n;

	start();
	for (int round = 0; round < 3; round++) {
		for (n = 0; n < HOSTFD_CHANNELS; n++)
			if (broker_post(&req, "etc/passwd", NULL, &l[n]))
				break;
		ck_assert_uint_gt(n, 1);
		ck_assert_uint_lt(n, HOSTFD_CHANNELS);
		ck_assert_int_eq(broker_post(&req, "etc/passwd", NULL, &l[n]),
				 -EAGAIN);
		ck_assert_int_eq(walk("usr", body, sizeof(body), NULL, &rep),
				 0);
		ck_assert_uint_eq(rep.count, 1);
		/* The last one first; where there is no room it is lost. */
		while (n--) {
			int ret = broker_fetch(&l[n], &rep, body, n ?
					       sizeof(body) : 0, fds, &n_fds);

			ck_assert_int_eq(ret, n ? 0 : -EPROTO);
			ck_assert_uint_eq(n_fds, n ? 1 : 0);
			if (n) {
				ck_assert_uint_eq(rep.count, 2);
				close(fds[0]);
			}
		}
	}
	stop();
}
END_TEST

/* It is tried less and less where it fails, and again at once where not. */
START_TEST(spinning)
{
	struct spin s = { 0 };
	unsigned int tried = 0;

	for (unsigned int i = 0; i < 10000; i++) {
		if (!spin_looks(&s))
			continue;
		tried++;
		spin_ended(&s, 0);
	}
	ck_assert_uint_gt(tried, 10000 / (SPIN_SKIP_MAX + 1));
	ck_assert_uint_lt(tried, 10000 / SPIN_SKIP_MAX + 10);
	while (!spin_looks(&s))
		;
	spin_ended(&s, 1);
	for (int i = 0; i < 100; i++) {
		ck_assert_int_eq(spin_looks(&s), SPIN_LOOKS);
		spin_ended(&s, 1);
	}
	spin_ended(&s, 0);
	ck_assert_int_eq(spin_looks(&s), 0);
	ck_assert_int_eq(spin_looks(&s), SPIN_LOOKS);
}
END_TEST

static void on_kick(int sig)
{
	(void)sig;
}

static void *ask_often(void *arg)
{
	const char *path = arg;

	for (int i = 0; i < 300; i++) {
		char body[4096];
		struct broker_rep rep;
		int fd;

		ck_assert_int_eq(walk(path, body, sizeof(body), &fd, &rep),
				 0);
		ck_assert_uint_eq(rep.count, 2);
		ck_assert_int_eq(fd >= 0, strcmp(path, "usr/bin") != 0);
		if (fd >= 0)
			close(fd);
	}
	return NULL;
}

/* Four times as many threads as channels, kicked all the while. */
START_TEST(crowd)
{
	static char paths[2][16] = { "etc/passwd", "usr/bin" };
	struct sigaction sa = { .sa_handler = on_kick };
	pthread_t t[4 * HOSTFD_CHANNELS];

	start();
	sigaction(HOST_SIGKICK, &sa, NULL);
	for (int i = 0; i < 4 * HOSTFD_CHANNELS; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, ask_often,
						paths[i & 1]), 0);
	for (int i = 0; i < 2000; i++)
		pthread_kill(t[i % (4 * HOSTFD_CHANNELS)], HOST_SIGKICK);
	for (int i = 0; i < 4 * HOSTFD_CHANNELS; i++)
		pthread_join(t[i], NULL);
	stop();
}
END_TEST

UNIT_MAIN("broker-client", simple, descriptor_sent, later, spinning, crowd)
