/* SPDX-License-Identifier: Apache-2.0 */
/* broker.h: client of the broker, for the kernel. */
#ifndef SBX_HOST_BROKER_H
#define SBX_HOST_BROKER_H

#include <stddef.h>
#include <stdint.h>

#include "emul/abi/broker.h"

/*
 * Send one request and wait for its answer.  The caller sets op, flags,
 * grant(s), len1, len2 and args of *req (the rest is filled in here), and
 * gives len1 + len2 bytes at payload.
 *
 * The body of the reply goes to buf, at most cap bytes (what does not fit
 * is -EPROTO).  fd_out: where the descriptor goes, or -1 when there is none;
 * the caller owns it (host_close()).  With a null fd_out a descriptor that
 * comes is closed.
 *
 * Returns 0 or the broker's -errno, which stands in rep->err too; *rep is
 * valid whenever the broker answered, so that a WALK that failed half way
 * has its nodes.  May sleep on the host (a channel's turn, the answer):
 * no spin lock may be held.  Signals do not interrupt it.
 */
int broker_call(struct broker_req *req, const void *payload,
		struct broker_rep *rep, void *buf, size_t cap, int *fd_out);

/* The same, with payloads apart and a descriptor sent along (or -1). */
int broker_call2(struct broker_req *req, const void *p1, const void *p2,
		 int fd_in, struct broker_rep *rep, void *buf, size_t cap,
		 int *fd_out);

/* The same; all descriptors that come, *n_fds of them, are the caller's. */
int broker_call_fds(struct broker_req *req, const void *p1, const void *p2,
		    int fd_in, struct broker_rep *rep, void *buf, size_t cap,
		    int fds[BROKER_FDS_MAX], unsigned int *n_fds);

/*
 * A request that is sent now, and whose answer is fetched later: the broker
 * works on it while the program goes on.  It holds a channel, so that there
 * may be few of them.
 */
struct broker_later {
	uint32_t seq;
	uint16_t op;
	uint16_t channel;
};

/* 0, or -EAGAIN: others need the channels.  What was sent must be fetched. */
int broker_post(struct broker_req *req, const void *p1, const void *p2,
		struct broker_later *later) __attribute__((warn_unused_result));
/* As broker_call_fds(), once for each that was posted, by any thread. */
int broker_fetch(const struct broker_later *later, struct broker_rep *rep,
		 void *buf, size_t cap, int fds[BROKER_FDS_MAX],
		 unsigned int *n_fds);

/* BROKER_NET_WATCH: 0 or -errno. */
int broker_watch(int epfd, int fd, uint64_t data);

/* A device number of the contract (major << 32 | minor) as stat(2) packs it. */
static inline uint64_t broker_dev(uint64_t dev)
{
	uint64_t major = dev >> 32, minor = dev & 0xffffffff;

	return (minor & 0xff) | (major & 0xfff) << 8 | (minor & ~0xffULL) << 12 |
	       (major & ~0xfffULL) << 32;
}

/* The first program has stopped by @signo: sbx does too. */
int broker_stop(int signo);
/* Short forms of what is asked most; each returns 0 or -errno. */
int broker_kick(int tgid, int tid);
int broker_exit(int wait_status, int now);
int broker_log(const char *text, size_t len);
_Noreturn void broker_panic(const char *text, size_t len);

#endif
