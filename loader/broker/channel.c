/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel.c: one packet in, one packet out.
 *
 * The broker never waits for the sandbox: it reads what epoll reported and
 * writes without blocking.  A kernel that sends a second request before it
 * has read the answer to the first may find its buffer full; that ends the
 * sandbox, as any breach of the contract does.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "loader/broker/server.h"
#include "loader/broker/channel.h"

/* Room for two descriptors; more are dropped by the host and noticed. */
union control {
	struct cmsghdr align;
	char buf[CMSG_SPACE(2 * sizeof(int))];
};

/* The descriptors of a message, or -1; *bad when there is anything else. */
static void take_fds(struct msghdr *msg, int fd[2], bool *bad)
{
	struct cmsghdr *h = CMSG_FIRSTHDR(msg);

	fd[0] = fd[1] = -1;
	if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS &&
	    (h->cmsg_len == CMSG_LEN(sizeof(int)) ||
	     h->cmsg_len == CMSG_LEN(2 * sizeof(int))))
		memcpy(fd, CMSG_DATA(h), h->cmsg_len - CMSG_LEN(0));
	else if (h)
		*bad = true;
	if (msg->msg_flags & (MSG_CTRUNC | MSG_TRUNC))
		*bad = true;
}

static void close_fds(const int fd[2])
{
	for (int i = 0; i < 2; i++)
		if (fd[i] >= 0)
			close(fd[i]);
}

static ssize_t receive(int sock, void *buf, size_t size, int fd[2], bool *bad)
{
	union control control;
	struct iovec iov = { buf, size };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	fd[0] = fd[1] = -1;
	*bad = false;
	if (n < 0)
		return -errno;
	take_fds(&msg, fd, bad);
	return n;
}

static int reply(int sock, struct call *c)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(BROKER_FDS_MAX * sizeof(int))];
	} control;
	struct iovec iov[2] = {
		{ &c->rep, sizeof(c->rep) }, { c->body, c->rep.len },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	const int *fds = c->fd_out >= 0 ? &c->fd_out : c->fds_out;
	unsigned int n = c->fd_out >= 0 ? 1 : c->n_fds_out;

	if (n) {
		struct cmsghdr *h = &control.align;

		memset(&control, 0, sizeof(control));
		msg.msg_control = &control;
		msg.msg_controllen = (socklen_t)CMSG_SPACE(n * sizeof(int));
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = (socklen_t)CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(h), fds, n * sizeof(int));
	}
	if (sendmsg(sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return -errno;
	return 0;
}

const char *channel_serve(struct monitor *m, int sock, bool *closed)
{
	static struct call c;
	static char packet[BROKER_REQ_MAX + 1];
	const char *why;
	bool bad;
	ssize_t n;
	int fd[2];

	*closed = false;
	n = receive(sock, packet, sizeof(packet), fd, &bad);
	if (n == -EAGAIN || n == -EINTR)
		return NULL;
	if (n <= 0) {
		/* An empty packet looks like the end; it is no request. */
		*closed = true;
		close_fds(fd);
		return NULL;
	}
	c.m = m;
	why = bad ? "malformed message" :
	      request_parse(&c, packet, (size_t)n, fd[0]);
	if (!why)
		why = request_second(&c, fd[1]);
	if (!why)
		why = request_serve(&c);
	close_fds(fd);
	if (why)
		return why;
	/* The sandbox may have died meanwhile: then nobody reads it. */
	n = reply(sock, &c);
	request_close(&c);
	/* The user has more descriptors under way than the host lets him. */
	if (n == -ETOOMANYREFS) {
		c.rep.err = -ENFILE;
		c.rep.flags = c.rep.len = c.rep.count = 0;
		c.fd_out = -1;
		c.n_fds_out = 0;
		n = reply(sock, &c);
	}
	return n == -EAGAIN ? "it does not read its replies" : NULL;
}
