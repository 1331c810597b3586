/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unix.h: sockets of AF_UNIX, unix(7).
 *
 * Data lies in the queue of who is to read it.  A sender takes the lock of
 * its peer alone, never two; room is waited for on the sender's own queue of
 * waiters, which the reader wakes.
 */
#ifndef SBX_NET_UNIX_H
#define SBX_NET_UNIX_H

#include <linux/eventpoll.h>

#include "emul/lib/list.h"
#include "emul/lib/lock.h"
#include "emul/net/socket.h"
#include "emul/task/turn.h"

/* What sleepers and pollers wait for. */
#define UNIX_IN		(EPOLLIN | EPOLLRDNORM)
#define UNIX_OUT	(EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND)
#define UNIX_ALL	(UNIX_IN | UNIX_OUT | EPOLLHUP | EPOLLRDHUP | EPOLLERR)

#define SUN_PATH_MAX	108
#define DGRAM_QUEUE_MAX	512	/* messages that wait for one reader */

struct unix_addr {
	struct ref ref;
	uint32_t len;		/* of the sockaddr_un, as getsockname tells it */
	struct {
		uint16_t family;
		char path[SUN_PATH_MAX + 1];
	} un;
};

/* A message, or a piece of a stream. */
struct skb {
	struct list_head link;
	uint32_t len, off;	/* bytes, and how many of them were read */
	struct ucred cred;
	struct scm_files *files;
	struct unix_addr *from;	/* a reference, or NULL */
	char data[];
};

enum unix_state {
	UNIX_FRESH,
	UNIX_LISTENS,
	UNIX_CONNECTED,
	UNIX_DEAD,
};

struct unix_sock {
	struct socket so;	/* first */
	struct ref ref;
	struct waitqueue queue;	/* by EPOLL* keys */
	struct turn reader;	/* who takes from the queue of messages */

	struct mutex lock;	/* protects the rest */
	enum unix_state state;
	unsigned int shut;	/* SHUT_*: not any more */
	int error;		/* SO_ERROR */
	bool connecting;
	struct unix_addr *addr;	/* a reference, or NULL; set once */
	struct unix_sock *peer;	/* a reference, or NULL */
	struct ucred peer_cred;
	struct list_head skbs;
	uint64_t queued;	/* bytes of them that are unread */
	uint32_t n_skbs;
	/* Of one that listens: connections that nobody has accepted. */
	struct list_head pending;
	uint32_t n_pending, backlog;
	struct list_head pending_link;
	/* Of datagrams: who is connected to this one, to be told of room. */
	struct list_head clients, client_link;

	struct list_head all_link;	/* all_lock in unix.c protects it */

	/* unix-gc.c's, under its lock. */
	uint32_t n_flight;	/* how often its file lies in messages */
	uint32_t n_outside;	/* in those of others than candidates */
	bool candidate;
	struct list_head flight_link;	/* n_flight is not 0 */

	/* unix-name.c's, under its lock. */
	struct unix_sock *hash_next;
	bool hashed;
	struct path path;	/* references while bound to a path */
};

static inline struct unix_sock *unix_sk(struct socket *s)
{
	return (struct unix_sock *)s;
}

/* Every one that has a file in turn, with a lock held. */
void unix_each(void (*fn)(struct unix_sock *u, void *arg), void *arg);
struct unix_sock *unix_new(int type, int protocol) __must_check;
/* Is it one, and not the host's? */
bool unix_is(const struct socket *s);
void unix_get(struct unix_sock *u);
void unix_put(struct unix_sock *u);
/* The peer with a reference, or NULL. */
struct unix_sock *unix_peer(struct unix_sock *u) __must_check;
void ucred_of(struct ucred *c, const struct task *t);

/* unix-conn.c: of struct socket_ops. */
int unix_listen(struct socket *s, int backlog);
int unix_connect(struct socket *s, const void *name, uint32_t len,
		 bool nonblock);
struct socket *unix_accept(struct socket *s, bool nonblock);
/* Of datagrams. */
int unix_dgram_connect(struct socket *s, const void *name, uint32_t len,
		       bool nonblock);
int unix_no_listen(struct socket *s, int backlog);
struct socket *unix_no_accept(struct socket *s, bool nonblock);

/* unix-name.c */
int unix_bind(struct socket *s, const void *name, uint32_t len);
/* A name of its own for a socket that has none: unix(7), Autobind. */
int unix_autobind(struct unix_sock *u);
/* Give the name up. */
void unix_unbind(struct unix_sock *u);
/* Who is bound to the name, with a reference; err_ptr(). */
struct unix_sock *unix_find(struct task *t, const void *name, uint32_t len,
			    int type);
void unix_addr_put(struct unix_addr *a);

/* unix-data.c */
ssize_t unix_stream_send(struct socket *s, struct task *t, struct sockmsg *m);
ssize_t unix_stream_recv(struct socket *s, struct task *t, struct sockmsg *m);
ssize_t unix_dgram_send(struct socket *s, struct task *t, struct sockmsg *m);
ssize_t unix_dgram_recv(struct socket *s, struct task *t, struct sockmsg *m);
bool unix_writable(struct unix_sock *u);
/* Free a list of messages. */
void skbs_free(struct list_head *list);

/* unix-gc.c */
/* The files are in a message from now on.  0, -ETOOMANYREFS. */
int unix_fly(struct task *t, struct scm_files *f) __must_check;
/* The message they are in is freed. */
void unix_land(struct scm_files *f);
/* Those of @k, which lies in @u's queue; or (@peek) a copy, or NULL. */
struct scm_files *unix_take_files(struct unix_sock *u, struct skb *k,
				  bool peek) __must_check;

#endif
