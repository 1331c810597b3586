/* SPDX-License-Identifier: Apache-2.0 */
/*
 * passed.c: sockets of the host that sbx has inherited: a connection as
 * standard input, who listens for a service, one end of a pair.
 *
 * Such a socket is shared with whoever else has it, so nothing is taken from
 * it before the guest asks, and its flags stay: where it waits by itself, who
 * must not wait looks first.  Data is read and written in passed-data.c; the
 * broker accepts, answers datagrams, and tells names and options.  A TCP
 * connection that is accepted is one of far.h's, one of AF_UNIX of this kind.
 */
#include "emul/net/passed-int.h"

#include <asm/ioctls.h>
#include <asm/poll.h>
#include <asm/socket.h>
#include <linux/errno.h>
#include <linux/eventpoll.h>

#include "emul/entry/trace.h"
#include "emul/entry/uaccess.h"
#include "emul/fs/hostfs.h"
#include "emul/host/broker.h"
#include "emul/host/host.h"
#include "emul/lib/alloc.h"
#include "emul/lib/live.h"
#include "emul/lib/string.h"
#include "emul/net/far.h"
#include "emul/task/task.h"
#include "emul/vfs/poll.h"

#define SOL_SOCKET	1

int passed_ask(const struct passed *p, struct broker_req *req, const void *p1,
	       const void *p2, struct broker_rep *rep, void *buf, size_t cap)
{
	if (p->ours)
		req->flags |= BROKER_FD_SENT;
	else
		req->arg[0] = p->index;
	return broker_call2(req, p1, p2, p->ours ? p->fd : -1, rep, buf, cap,
			    NULL);
}

static int get_opt(const struct passed *p, uint32_t level, uint32_t name,
		   void *val, size_t size)
{
	struct broker_req req = {
		.op = BROKER_NET_GETOPT,
		.arg = { 0, (uint64_t)level << 32 | name, size },
	};
	struct broker_rep rep;
	int err = passed_ask(p, &req, NULL, NULL, &rep, val, size);

	return err ? err : (int)MIN(rep.len, size);
}

static int set_opt(const struct passed *p, uint32_t level, int name,
		   const void *val, size_t n)
{
	struct broker_sockopt o = { level, (uint32_t)name, (uint32_t)n };
	struct broker_req req = {
		.op = BROKER_NET_SETOPT,
		.len1 = (uint16_t)(sizeof(o) + ALIGN_UP(n, 4UL)),
	};
	struct broker_rep rep;
	char row[sizeof(o) + 256] = { 0 };

	if (n > 256)
		return -EINVAL;
	memcpy(row, &o, sizeof(o));
	memcpy(row + sizeof(o), val, n);
	return passed_ask(p, &req, row, NULL, &rep, NULL, 0);
}

/*
 * Waiting.
 */
bool passed_is_ready(const struct passed *p, short events)
{
	struct pollfd f = { .fd = p->fd, .events = events };

	return host_ppoll(&f, 1, 0) != 0;
}

/* 0, -EINTR, -ETIMEDOUT. */
static int wait_for(const struct passed *p, short events, int64_t deadline)
{
	struct pollfd f = { .fd = p->fd, .events = events };
	struct task *t = current();

	return wait_sleep_host(t, wait_prepare(t), &f, 1, deadline);
}

int passed_get_ready(const struct passed *p, short events, bool nonblock,
		     int64_t timeout_ns)
{
	int err = 0;

	if (passed_is_ready(p, events))
		return 0;
	if (nonblock)
		return -EAGAIN;
	err = wait_for(p, events, socket_deadline(timeout_ns));
	return err ? socket_wait_error(err, timeout_ns) : 0;
}

/*
 * Names and states.
 */
static int passed_bind(struct socket *s, const void *name, uint32_t len)
{
	(void)s;
	(void)name;
	(void)len;
	return -EINVAL;
}

static int passed_connect(struct socket *s, const void *name, uint32_t len,
			  bool nonblock)
{
	const struct passed *p = passed_of(s);

	(void)name;
	(void)len;
	(void)nonblock;
	if (p->connected && s->type != SOCK_DGRAM)
		return -EISCONN;
	trace_note("an inherited socket goes to no other place");
	return -EACCES;
}

/* It does, and how many may wait is its maker's matter. */
static int passed_listen(struct socket *s, int backlog)
{
	(void)backlog;
	return passed_of(s)->listens ? 0 : s->type == SOCK_DGRAM ?
		-EOPNOTSUPP : -EINVAL;
}

static int passed_shutdown(struct socket *s, unsigned int how)
{
	struct broker_req req = {
		.op = BROKER_NET_SHUTDOWN, .arg = { 0, how - 1 },
	};
	struct broker_rep rep;

	return passed_ask(passed_of(s), &req, NULL, NULL, &rep, NULL, 0);
}

static int passed_getname(struct socket *s, enum sock_name which, void *name)
{
	const struct passed *p = passed_of(s);
	bool peer = which != NAME_OWN;
	const struct broker_sockname *n = &p->name[peer];

	if (peer && !p->connected)
		return -ENOTCONN;
	memcpy(name, n->name, MIN(n->len, (uint32_t)sizeof(n->name)));
	return (int)MIN(n->len, (uint32_t)sizeof(n->name));
}

static uint32_t passed_poll(struct socket *s, struct waiter *w)
{
	const struct passed *p = passed_of(s);
	struct pollfd f = {
		.fd = p->fd,
		.events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP,
	};
	uint32_t mask = 0;

	(void)w;
	if (host_ppoll(&f, 1, 0) > 0)
		mask = (uint16_t)f.revents;
	if (load_acquire(&p->peek))
		mask |= EPOLLIN;
	if (mask & EPOLLIN)
		mask |= EPOLLRDNORM;
	if (mask & EPOLLOUT)
		mask |= EPOLLWRNORM;
	return mask;
}

static int passed_take_error(struct socket *s)
{
	int v = 0;

	return get_opt(passed_of(s), SOL_SOCKET, SO_ERROR, &v, sizeof(v)) ==
		(int)sizeof(v) ? -v : 0;
}

static int passed_peercred(struct socket *s, struct ucred *c)
{
	*c = (struct ucred){ 0, UINT32_MAX, UINT32_MAX };
	if (s->family != AF_UNIX ||
	    get_opt(passed_of(s), SOL_SOCKET, SO_PEERCRED, c, sizeof(*c)) !=
	    (int)sizeof(*c))
		return 0;
	c->uid = host_uid_in(c->uid);
	c->gid = host_gid_in(c->gid);
	return 0;
}

static bool passed_listens(struct socket *s)
{
	return passed_of(s)->listens;
}

static long count(const struct passed *p, uint32_t cmd)
{
	int v = 0;
	int n = get_opt(p, BROKER_SOL_IOCTL, cmd, &v, sizeof(v));

	return n < 0 ? n : v;
}

static long passed_unread(struct socket *s)
{
	const struct passed *p = passed_of(s);

	if (p->peek && !passed_is_stream(p))
		return (long)p->peek_whole;
	return (long)p->peek_n + count(p, FIONREAD);
}

static long passed_unsent(struct socket *s)
{
	return count(passed_of(s), TIOCOUTQ);
}

static void passed_release(struct socket *s)
{
	struct passed *p = passed_of(s);

	if (p->ours)
		host_close(p->fd);
	kfree(p->peek);
	kfree(p);
	live_add(LIVE_PASSED, -1);
}

static long passed_setsockopt(struct socket *s, int level, int name,
			      uaddr_t val, int len)
{
	char buf[256];

	if (len < 0 || (size_t)len > sizeof(buf))
		return -EINVAL;
	if (copy_in(buf, val, (size_t)len))
		return -EFAULT;
	return set_opt(passed_of(s), (uint32_t)level, name, buf, (size_t)len);
}

static long passed_getsockopt(struct socket *s, int level, int name,
			      uaddr_t val, uaddr_t len_at)
{
	char buf[256];
	int len, n;

	if (get_user(&len, len_at))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	n = get_opt(passed_of(s), (uint32_t)level, (uint32_t)name, buf,
		    MIN((size_t)len, sizeof(buf)));
	return n < 0 ? n : sockopt_put(val, len_at, buf, (size_t)n);
}

/* Those of SOL_SOCKET that say something to the host. */
static void passed_changed(struct socket *s, int name)
{
	const struct passed *p = passed_of(s);
	int linger[2] = { s->linger_on, s->linger_s };
	int v;

	switch (name) {
	case SO_LINGER:
		(void)set_opt(p, SOL_SOCKET, name, linger, sizeof(linger));
		return;
	case SO_KEEPALIVE:
	case SO_OOBINLINE:
		v = sockopt_on(s, name);
		break;
	case SO_SNDBUF:
		v = (int)(s->sndbuf / 2);
		break;
	case SO_RCVBUF:
		v = (int)(s->rcvbuf / 2);
		break;
	case SO_PRIORITY:
		v = s->priority;
		break;
	default:
		return;
	}
	(void)set_opt(p, SOL_SOCKET, name, &v, sizeof(v));
}

/*
 * Connections.
 */
static struct passed *passed_new(const struct broker_rep *names,
				 const struct broker_sockname name[2]);

/* Of AF_UNIX: what NAMES says of the descriptor. */
static struct socket *accepted_unix(int fd)
{
	struct broker_req req = {
		.op = BROKER_NET_NAMES, .flags = BROKER_FD_SENT,
	};
	struct broker_sockname name[2];
	struct broker_rep rep;
	struct passed *p = NULL;
	int err = broker_call2(&req, NULL, NULL, fd, &rep, name, sizeof(name),
			       NULL);

	if (!err) {
		p = passed_new(&rep, name);
		err = p ? 0 : -ENOMEM;
	}
	if (err) {
		host_close(fd);
		return err_ptr(err);
	}
	p->ours = p->connected = true;
	p->waits = false;
	p->fd = p->so.host_fd = fd;
	return &p->so;
}

static struct socket *accepted_tcp(int family, int fd,
				   const struct broker_names *names)
{
	struct inet_sock *n = tcp_new(family);

	if (!n) {
		host_close(fd);
		return err_ptr(-ENOMEM);
	}
	if (far_turn(n, fd, names, false)) {
		inet_put(n);
		return err_ptr(-ENOMEM);
	}
	far_of(n)->connected = far_of(n)->begun = true;
	return &n->so;
}

static struct socket *accept_one(const struct passed *p)
{
	struct broker_req req = {
		.op = BROKER_NET_ACCEPT, .arg = { p->index, 1 },
	};
	struct broker_names names;
	struct broker_rep rep;
	int fds[BROKER_FDS_MAX];
	unsigned int n;
	int err = broker_call_fds(&req, NULL, NULL, -1, &rep, &names,
				  sizeof(names), fds, &n);

	if (!err && !n)
		err = -ENFILE;
	if (err)
		return err_ptr(err);
	return p->so.family == AF_UNIX ? accepted_unix(fds[0]) :
		accepted_tcp(p->so.family, fds[0], &names);
}

static struct socket *passed_accept(struct socket *s, bool nonblock)
{
	const struct passed *p = passed_of(s);
	struct socket *n;
	int err;

	if (!p->listens)
		return err_ptr(s->type == SOCK_DGRAM ? -EOPNOTSUPP : -EINVAL);
	for (;;) {
		err = passed_get_ready(p, POLLIN, nonblock, s->rcv_timeout_ns);
		if (err)
			return err_ptr(err);
		n = accept_one(p);
		if (!is_err(n) || ptr_err(n) != -EAGAIN)
			return n;
	}
}

#define PASSED_OPS						\
	.bind = passed_bind,					\
	.connect = passed_connect,				\
	.listen = passed_listen,				\
	.accept = passed_accept,				\
	.shutdown = passed_shutdown,				\
	.getname = passed_getname,				\
	.poll = passed_poll,					\
	.take_error = passed_take_error,			\
	.peercred = passed_peercred,				\
	.listens = passed_listens,				\
	.unread = passed_unread,				\
	.unsent = passed_unsent,				\
	.release = passed_release,				\
	.setsockopt = passed_setsockopt,			\
	.getsockopt = passed_getsockopt,			\
	.changed = passed_changed

static const struct socket_ops stream_ops = {
	PASSED_OPS,
	.sendmsg = passed_stream_send,
	.recvmsg = passed_stream_recv,
};

static const struct socket_ops dgram_ops = {
	PASSED_OPS,
	.sendmsg = passed_dgram_send,
	.recvmsg = passed_dgram_recv,
};

static struct passed *passed_new(const struct broker_rep *rep,
				 const struct broker_sockname name[2])
{
	int family = (int)(rep->val[0] & 0xffff);
	int type = (int)(rep->val[0] >> 16 & 0xffff);
	struct passed *p = kzalloc(sizeof(*p));

	if (!p)
		return NULL;
	socket_init(&p->so, type == SOCK_STREAM ? &stream_ops : &dgram_ops,
		    family, type, (int)(rep->val[0] >> 32));
	turn_init(&p->rd);
	p->listens = rep->val[1] & 1;
	p->connected = rep->val[1] & 2;
	p->waits = !(rep->val[1] & 4);
	memcpy(p->name, name, sizeof(p->name));
	live_add(LIVE_PASSED, 1);
	return p;
}

struct file *passed_file(unsigned int index, int fd, unsigned int flags)
{
	struct broker_req req = { .op = BROKER_NET_NAMES, .arg = { index } };
	struct broker_sockname name[2];
	struct broker_rep rep;
	struct passed *p;

	if (broker_call(&req, NULL, &rep, name, sizeof(name), NULL))
		return NULL;
	p = passed_new(&rep, name);
	if (!p)
		return NULL;
	p->index = index;
	p->fd = p->so.host_fd = fd;
	return socket_file(&p->so, flags);
}
