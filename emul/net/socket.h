/* SPDX-License-Identifier: Apache-2.0 */
/*
 * socket.h: sockets, whatever their family; socket(2), socket(7).
 *
 * A file of a socket has a struct socket as priv.  A family embeds it at the
 * start of its own object and implements socket_ops; the calls, control
 * messages and common options are here.
 */
#ifndef SBX_NET_SOCKET_H
#define SBX_NET_SOCKET_H

#include "emul/lib/types.h"
#include "emul/vfs/vfs.h"

struct task;

/* <linux/socket.h> has next to nothing; the values are the ABI's. */
#define AF_UNSPEC		0
#define AF_UNIX			1
#define AF_INET			2
#define AF_INET6		10
#define AF_NETLINK		16
#define AF_PACKET		17
#define AF_MAX			46
#define SOCK_STREAM		1
#define SOCK_DGRAM		2
#define SOCK_RAW		3
#define SOCK_SEQPACKET		5
#define SOCK_PACKET		10
#define SOCK_TYPE_MAX		10
#define SOCK_TYPE_MASK		0xf

#define SHUT_RCV		1u	/* bits, shutdown(2)'s how + 1 */
#define SHUT_SND		2u

#define MSG_OOB			0x1u
#define MSG_PEEK		0x2u
#define MSG_CTRUNC		0x8u
#define MSG_TRUNC		0x20u
#define MSG_DONTWAIT		0x40u
#define MSG_WAITALL		0x100u
#define MSG_ERRQUEUE		0x2000u
#define MSG_NOSIGNAL		0x4000u
#define MSG_MORE		0x8000u
#define MSG_WAITFORONE		0x10000u
#define MSG_FASTOPEN		0x20000000u
#define MSG_CMSG_CLOEXEC	0x40000000u

#define SCM_MAX_FD		253

#define SOCKADDR_MAX		128
#define SOMAXCONN		4096u	/* net.core.somaxconn */

/* Who sent it: SCM_CREDENTIALS, SO_PEERCRED. */
struct ucred {
	int32_t pid;
	uint32_t uid, gid;
};

/* Files on their way; the references are its own. */
struct scm_files {
	uint32_t n;
	uint32_t n_unix;	/* in a message: sockets that unix-gc.c counts */
	struct file *file[SCM_MAX_FD];
};

/* A message as sendmsg and recvmsg have it, the guest's pointers resolved. */
struct sockmsg {
	struct uio u;
	unsigned int flags;		/* MSG_* of the call */
	unsigned int out_flags;		/* recvmsg: MSG_* that it tells */
	uint32_t name_len;		/* 0: none; recvmsg: what it tells */
	uint8_t name[SOCKADDR_MAX];
	struct scm_files *files;	/* send: go along; recv: came */
	bool has_cred;			/* sendmsg: SCM_CREDENTIALS was given */
	struct ucred cred;		/* recvmsg: the sender's */
	int64_t stamp_ns;		/* recvmsg: CLOCK_REALTIME it came; 0 */
	/* sendmsg: the source; recvmsg: what it was sent to. */
	struct {
		bool there, has_ttl, has_tos;
		uint8_t ttl, tos;
		uint16_t port;
		uint64_t ip[2];		/* struct inet_addr's */
	} inet;
};

/* Where the next control message goes. */
struct control {
	uaddr_t at;
	size_t left, used;
};

struct socket {
	const struct socket_ops *ops;
	struct file *file;	/* no reference; NULL before it has one */
	uint64_t ino;		/* of that file; 0: it has none */
	int host_fd;		/* file->host_fd, or -1 */
	int family, type, protocol;
	uint32_t sndbuf, rcvbuf;	/* bytes, as the options tell them */
	bool sndbuf_set, rcvbuf_set;	/* by an option */
	int64_t snd_timeout_ns, rcv_timeout_ns;		/* NEVER_NS: none */
	uint32_t rcvlowat;
	uint32_t flags;			/* SO_ options that are on: sockopt.c */
	bool passcred;
	int priority, mark, incoming_cpu;
	uint32_t pacing_rate;		/* bytes a second; kept and told */
	int device;			/* SO_BINDTODEVICE: 1 is lo, 0 none */
	int linger_on, linger_s;
};

/* Whose address; one that was just accepted has a peer, gone or not. */
enum sock_name {
	NAME_OWN,
	NAME_PEER,
	NAME_ACCEPTED,
};

struct socket_ops {
	int (*bind)(struct socket *s, const void *name, uint32_t len);
	int (*connect)(struct socket *s, const void *name, uint32_t len,
		       bool nonblock);
	int (*listen)(struct socket *s, int backlog);
	/* The socket of a new connection, or err_ptr(). */
	struct socket *(*accept)(struct socket *s, bool nonblock);
	int (*shutdown)(struct socket *s, unsigned int how);
	/* An address into @name: its length or -errno. */
	int (*getname)(struct socket *s, enum sock_name which, void *name);
	/* Bytes or -errno; -EPIPE raises SIGPIPE unless MSG_NOSIGNAL. */
	ssize_t (*sendmsg)(struct socket *s, struct task *t,
			   struct sockmsg *m);
	ssize_t (*recvmsg)(struct socket *s, struct task *t,
			   struct sockmsg *m);
	uint32_t (*poll)(struct socket *s, struct waiter *w);
	/* SO_ERROR, SO_PEERCRED, SO_ACCEPTCONN; SIOCINQ, SIOCOUTQ */
	int (*take_error)(struct socket *s);
	int (*peercred)(struct socket *s, struct ucred *c);
	bool (*listens)(struct socket *s);
	long (*unread)(struct socket *s);
	long (*unsent)(struct socket *s);
	void (*release)(struct socket *s);
	/* What follows may be NULL: levels other than SOL_SOCKET, ioctls. */
	long (*setsockopt)(struct socket *s, int level, int name, uaddr_t val,
			   int len);
	long (*getsockopt)(struct socket *s, int level, int name, uaddr_t val,
			   uaddr_t len);
	long (*ioctl)(struct socket *s, unsigned int cmd, uaddr_t arg);
	/* An option of SOL_SOCKET was set. */
	void (*changed)(struct socket *s, int name);
	/* Control messages of other levels: those sent; to be told. */
	int (*send_cmsg)(struct socket *s, struct sockmsg *m, int level,
			 int type, const void *data, size_t n);
	int (*recv_cmsg)(struct socket *s, struct sockmsg *m,
			 struct control *c);
};

/* unix.c: a new socket of that SOCK_* type, or err_ptr(). */
struct socket *unix_create(int type, int protocol) __must_check;
/* Two that are connected.  0 or -errno. */
int unix_pair(int type, int protocol, struct socket *pair[2]) __must_check;

/*
 * unix-gc.c.  A socket in flight that loses another reference may be garbage:
 * is @f one?  Only to be asked while unix_in_flight is not 0.
 */
extern uint32_t unix_in_flight;
bool unix_flies(const struct file *f);
/* Free messages that nobody can receive, and what they hold.  No locks. */
void unix_collect(void);

/* inet.c: a new socket of TCP or UDP, or err_ptr(). */
struct socket *inet_create(int family, int type, int protocol) __must_check;

/* netlink.c: a new socket of AF_NETLINK, or err_ptr(). */
struct socket *netlink_create(int type, int protocol) __must_check;
bool netlink_is(const struct socket *s);
/* A message of the kernel's own to who reads @s.  0 or -ENOBUFS. */
int netlink_push(struct socket *s, const void *data, uint32_t n) __must_check;

/* netdev.c: ioctls of the interfaces, SIOCGIF*; netdevice(7). */
long netdev_ioctl(struct socket *s, unsigned int cmd, uaddr_t arg);

/* socket.c */
void socket_init(struct socket *s, const struct socket_ops *ops, int family,
		 int type, int protocol);
/* A file for @s, which it takes over in any case; NULL: no memory. */
struct file *socket_file(struct socket *s, unsigned int flags) __must_check;
/* The host's descriptor that is to be polled with its file, or -1. */
void socket_set_host(struct socket *s, int fd);
/* The socket behind @f, or NULL: it is none. */
struct socket *socket_of(const struct file *f);
/*
 * The socket behind the caller's descriptor @n, borrowed with *@fd, which
 * fdput() gives back; err_ptr(-EBADF, -ENOTSOCK).
 */
struct fd;
struct socket *socket_get(struct task *t, int n, struct fd *fd);
/* An absolute deadline for a @timeout_ns from now; NEVER_NS: none. */
int64_t socket_deadline(int64_t timeout_ns);
/* What a sleep that ended with @err and that timeout is to the guest. */
int socket_wait_error(int err, int64_t timeout_ns);

/* sockopt.c: setsockopt(2), getsockopt(2) at SOL_SOCKET. */
long sockopt_set(struct socket *s, int name, uaddr_t val, int len);
long sockopt_get(struct socket *s, int name, uaddr_t val, uaddr_t len);

/* Bit of @name in socket->flags, or -1: it is no such option. */
int sockopt_bit(int name) __attribute__((const));
static inline bool sockopt_on(const struct socket *s, int name)
{
	return load_once(&s->flags) >> sockopt_bit(name) & 1;
}
/* The value of an option to the guest, cut to the room that it gave. */
long sockopt_put(uaddr_t val, uaddr_t len_at, const void *v, size_t size);

/* scm.c: control messages. */
/* 0, -ENOSPC, -EFAULT. */
int put_cmsg(struct control *c, int level, int type, const void *data,
	     size_t n);
/* Those at @addr into @m.  0 or -errno, then nothing is held. */
int scm_send(struct task *t, struct socket *s, struct sockmsg *m,
	     uaddr_t addr, size_t len) __must_check;
/* What came in @m to @addr with room for *@len; *@len becomes what is used. */
void scm_recv(struct task *t, struct socket *s, struct sockmsg *m,
	      uaddr_t addr, size_t *len);
/* Another set of references to the same files, or NULL: no memory. */
struct scm_files *scm_files_dup(const struct scm_files *f) __must_check;
void scm_files_free(struct scm_files *f);

/*
 * far-cork.c: send what @t has written to a corked socket of the host's, before
 * it sleeps, if t->corked; when it ends.
 */
void cork_task(struct task *t);
void cork_task_ends(struct task *t);

#endif
