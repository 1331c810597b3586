/* SPDX-License-Identifier: Apache-2.0 */
/*
 * msg.h: messages as sendmsg(2) and recvmsg(2) of x86-64 take them.  The uapi
 * headers have no struct msghdr; libc's is the same.
 */
#ifndef SBX_HOST_MSG_H
#define SBX_HOST_MSG_H

#include "emul/abi/broker.h"
#include "emul/lib/types.h"

#ifdef SBX_HOSTED
#include <sys/socket.h>
#else
#include <linux/uio.h>

struct msghdr {
	void *msg_name;
	unsigned int msg_namelen;
	struct iovec *msg_iov;
	size_t msg_iovlen;
	void *msg_control;
	size_t msg_controllen;
	int msg_flags;
};

struct cmsghdr {
	size_t cmsg_len;
	int cmsg_level;
	int cmsg_type;
};

#define SOL_SOCKET	1
#define SCM_RIGHTS	1
#define MSG_CTRUNC	0x8
#define MSG_TRUNC	0x20
#define MSG_DONTWAIT	0x40
#define MSG_NOSIGNAL	0x4000
#define MSG_CMSG_CLOEXEC 0x40000000
#endif

/* A control buffer that holds one descriptor, or two. */
struct msg_fd {
	struct cmsghdr head;
	int fd;
	int fd2;
};

/* One that holds what a reply brings at most. */
struct msg_fds {
	struct cmsghdr head;
	int fd[BROKER_FDS_MAX];
};

_Static_assert(sizeof(struct msghdr) == 56, "msghdr");
_Static_assert(sizeof(struct msg_fd) == 24, "msg_fd");

#endif
