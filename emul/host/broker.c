/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker.c: client of the broker.
 *
 * A thread takes one of the channels for a round trip, so that the answer,
 * and a descriptor in it, reach the asker.  Which are taken is one word in the
 * arena; a thread that finds none waits on it.  A round trip is never given
 * up half way: a kick in the middle only makes the host call be made again.
 */
#include <linux/errno.h>

#include "emul/abi/hostfd.h"
#include "emul/abi/spin.h"
#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/host/msg.h"
#include "emul/lib/string.h"

#define CHANNEL_ALL	((1U << HOSTFD_CHANNELS) - 1)
#define CHANNEL_WAITED	(1U << 31)
#define CHANNELS_LEFT	2	/* for who waits, where one is held longer */

static __arena uint32_t channels_taken;
static __arena uint32_t last_seq;
static __arena struct spin spin;

static unsigned int channel_take(void)
{
	uint32_t w = load_once(&channels_taken);
	uint32_t waited = 0;

	for (;;) {
		uint32_t free = ~w & CHANNEL_ALL;

		if (free) {
			unsigned int i = (unsigned int)__builtin_ctz(free);

			if (__atomic_compare_exchange_n(&channels_taken, &w,
							w | 1U << i | waited,
							true,
							__ATOMIC_ACQUIRE,
							__ATOMIC_RELAXED))
				return i;
			continue;
		}
		if (!(w & CHANNEL_WAITED) &&
		    !__atomic_compare_exchange_n(&channels_taken, &w,
						 w | CHANNEL_WAITED, true,
						 __ATOMIC_RELAXED,
						 __ATOMIC_RELAXED))
			continue;
		host_futex_wait_lock(&channels_taken, w | CHANNEL_WAITED);
		/* Others may sleep still, whom nobody would wake then. */
		waited = CHANNEL_WAITED;
		w = load_once(&channels_taken);
	}
}

/* One that nobody waits for and that leaves others enough, or -1. */
static int channel_spare(void)
{
	uint32_t w = load_once(&channels_taken);
	unsigned int i;

	do {
		uint32_t free = ~w & CHANNEL_ALL;

		if (__builtin_popcount(free) <= CHANNELS_LEFT)
			return -1;
		i = (unsigned int)__builtin_ctz(free);
	} while (!__atomic_compare_exchange_n(&channels_taken, &w, w | 1U << i,
					      true, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	return (int)i;
}

static void channel_give(unsigned int i)
{
	uint32_t keep = ~(1U << i | CHANNEL_WAITED);

	if (__atomic_fetch_and(&channels_taken, keep, __ATOMIC_RELEASE) &
	    CHANNEL_WAITED)
		host_futex_wake(&channels_taken, HOSTFD_CHANNELS);
}

/* The broker is gone, or talks nonsense: nothing can go on. */
static void lost(void)
{
	host_exit_group(125);
}

static void send_request(int fd, const struct broker_req *req, const void *p1,
			 const void *p2, int fd_in, int fd_in2)
{
	union {
		const void *from;
		void *to;	/* the host only reads it */
	} part[3] = { { req }, { p1 }, { p2 } };
	struct iovec iov[3] = {
		{ part[0].to, sizeof(*req) },
		{ part[1].to, req->len1 },
		{ part[2].to, req->len2 },
	};
	struct msg_fd control = {
		.head = { fd_in2 < 0 ? 20 : 24, SOL_SOCKET, SCM_RIGHTS },
		.fd = fd_in, .fd2 = fd_in2,
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 3 };
	long n;

	if (fd_in >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
	}
	do
		n = host_sendmsg(fd, &msg, MSG_NOSIGNAL);
	while (n == -EINTR);
	if (n < 0)
		lost();
}

/* Looks for the answer for a while, then sleeps until it is there. */
static long receive(int fd, struct msghdr *msg)
{
	const size_t room = msg->msg_controllen;
	int looks = spin_looks(&spin), i = 0;
	long n;

	do {
		msg->msg_controllen = room;
		n = host_recvmsg(fd, msg, MSG_CMSG_CLOEXEC |
				 (i < looks ? MSG_DONTWAIT : 0));
		if (n == -EAGAIN)
			i++;
	} while (n == -EINTR || n == -EAGAIN);
	if (looks)
		spin_ended(&spin, i < looks);
	return n;
}

/* The descriptors that came go to @fds; how many, or -EPROTO. */
static int receive_reply(int fd, struct broker_rep *rep, void *buf,
			 size_t cap, int *fds)
{
	struct iovec iov[2] = { { rep, sizeof(*rep) }, { buf, cap } };
	struct msg_fds control = { .head = { 0 } };
	struct msghdr msg = {
		.msg_iov = iov, .msg_iovlen = 2,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	long n = receive(fd, &msg);

	if (n < (long)sizeof(*rep))
		lost();
	n = 0;
	if (msg.msg_controllen > sizeof(control.head)) {
		n = (long)((control.head.cmsg_len - sizeof(control.head)) /
			   sizeof(int));
		n = MIN(n, (long)BROKER_FDS_MAX);
		memcpy(fds, control.fd, (size_t)n * sizeof(int));
	}
	if (!(msg.msg_flags & MSG_TRUNC))
		return (int)n;
	while (n)
		host_close(fds[--n]);
	return -EPROTO;
}

static struct broker_later post(unsigned int i, struct broker_req *req,
				const void *p1, const void *p2, int fd_in,
				int fd_in2)
{
	req->version = BROKER_VERSION;
	req->seq = __atomic_add_fetch(&last_seq, 1, __ATOMIC_RELAXED);
	req->zero = 0;
	send_request(HOSTFD_CHANNEL + (int)i, req, p1, p2, fd_in, fd_in2);
	return (struct broker_later){ req->seq, req->op, (uint16_t)i };
}

int broker_post(struct broker_req *req, const void *p1, const void *p2,
		struct broker_later *later)
{
	int i = channel_spare();

	if (i < 0)
		return -EAGAIN;
	*later = post((unsigned int)i, req, p1, p2, -1, -1);
	return 0;
}

int broker_fetch(const struct broker_later *later, struct broker_rep *rep,
		 void *buf, size_t cap, int fds[BROKER_FDS_MAX],
		 unsigned int *n_fds)
{
	int ret = receive_reply(HOSTFD_CHANNEL + later->channel, rep, buf, cap,
				fds);

	channel_give(later->channel);
	if (rep->seq != later->seq || rep->op != later->op)
		lost();
	*n_fds = ret > 0 ? (unsigned int)ret : 0;
	return ret < 0 ? ret : rep->err;
}

static int round_trip(struct broker_req *req, const void *p1, const void *p2,
		      int fd_in, int fd_in2, struct broker_rep *rep,
		      void *buf, size_t cap, int fds[BROKER_FDS_MAX],
		      unsigned int *n_fds)
{
	struct broker_later later = post(channel_take(), req, p1, p2, fd_in,
					 fd_in2);

	return broker_fetch(&later, rep, buf, cap, fds, n_fds);
}

int broker_call_fds(struct broker_req *req, const void *p1, const void *p2,
		    int fd_in, struct broker_rep *rep, void *buf, size_t cap,
		    int fds[BROKER_FDS_MAX], unsigned int *n_fds)
{
	return round_trip(req, p1, p2, fd_in, -1, rep, buf, cap, fds, n_fds);
}

int broker_watch(int epfd, int fd, uint64_t data)
{
	struct broker_req req = {
		.op = BROKER_NET_WATCH, .flags = BROKER_FD_SENT,
		.arg = { 0, data },
	};
	int fds[BROKER_FDS_MAX];
	struct broker_rep rep;
	unsigned int n;

	return round_trip(&req, NULL, NULL, epfd, fd, &rep, NULL, 0, fds, &n);
}

int broker_call2(struct broker_req *req, const void *p1, const void *p2,
		 int fd_in, struct broker_rep *rep, void *buf, size_t cap,
		 int *fd_out)
{
	int fds[BROKER_FDS_MAX];
	unsigned int n;
	int ret = broker_call_fds(req, p1, p2, fd_in, rep, buf, cap, fds, &n);

	if (fd_out)
		*fd_out = n ? fds[0] : -1;
	for (unsigned int i = fd_out ? 1 : 0; i < n; i++)
		host_close(fds[i]);
	return ret;
}

int broker_call(struct broker_req *req, const void *payload,
		struct broker_rep *rep, void *buf, size_t cap, int *fd_out)
{
	const char *p = payload;

	return broker_call2(req, p, p ? p + req->len1 : p, -1, rep, buf, cap,
			    fd_out);
}

int broker_kick(int tgid, int tid)
{
	struct broker_req req = {
		.op = BROKER_KICK,
		.arg = { (uint32_t)tgid, (uint32_t)tid },
	};
	struct broker_rep rep;

	return broker_call(&req, NULL, &rep, NULL, 0, NULL);
}

int broker_stop(int signo)
{
	struct broker_req req = {
		.op = BROKER_STOP,
		.arg = { (uint32_t)signo },
	};
	struct broker_rep rep;

	return broker_call(&req, NULL, &rep, NULL, 0, NULL);
}

int broker_exit(int wait_status, int now)
{
	struct broker_req req = {
		.op = BROKER_EXIT,
		.flags = now ? BROKER_EXIT_NOW : 0,
		.arg = { (uint32_t)wait_status },
	};
	struct broker_rep rep;

	return broker_call(&req, NULL, &rep, NULL, 0, NULL);
}

static int say(unsigned int op, const char *text, size_t len)
{
	struct broker_req req = { .op = (uint16_t)op };
	struct broker_rep rep;

	req.len1 = (uint16_t)MIN(len, (size_t)BROKER_PATH_MAX);
	return broker_call(&req, text, &rep, NULL, 0, NULL);
}

int broker_log(const char *text, size_t len)
{
	return say(BROKER_LOG, text, len);
}

/*
 * The monitor kills all of the sandbox before it answers; should it not, this
 * process ends by itself.
 */
void broker_panic(const char *text, size_t len)
{
	say(BROKER_PANIC, text, len);
	host_exit_group(125);
}
