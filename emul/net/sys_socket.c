/* SPDX-License-Identifier: Apache-2.0 */
/* sys_socket.c: sockets and connections; socket(2) and its like. */
#include <linux/errno.h>
#include <linux/fcntl.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/string.h"
#include "emul/net/socket.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "emul/vfs/fdtable.h"

#define SOL_SOCKET	1
#define SOCK_FLAGS	(O_CLOEXEC | O_NONBLOCK)	/* SOCK_ has the same */

static bool nonblocking(struct fd fd)
{
	return load_once(&fd.file->flags) & O_NONBLOCK;
}

static int check_type(int domain, int *type, unsigned int *flags)
{
	*flags = (unsigned int)*type & SOCK_FLAGS;
	if (*type & ~(SOCK_TYPE_MASK | SOCK_FLAGS))
		return -EINVAL;
	*type &= SOCK_TYPE_MASK;
	if (domain < 0 || domain >= AF_MAX)
		return -EAFNOSUPPORT;
	return *type > SOCK_TYPE_MAX ? -EINVAL : 0;
}

/* -EAFNOSUPPORT is what a kernel without the family says. */
static struct socket *create(int domain, int type, int protocol)
{
	switch (domain) {
	case AF_UNIX:
		return unix_create(type, protocol);
	case AF_INET:
	case AF_INET6:
		return inet_create(domain, type, protocol);
	case AF_NETLINK:
		return netlink_create(type, protocol);
	case AF_PACKET:
		return err_ptr(-EPERM);	/* what all without CAP_NET_RAW get */
	}
	return err_ptr(-EAFNOSUPPORT);
}

long sys_socket(struct task *t, int domain, int type, int protocol)
{
	unsigned int flags;
	int err = check_type(domain, &type, &flags);
	struct socket *s;
	struct file *f;

	if (err)
		return err;
	s = create(domain, type, protocol);
	if (is_err(s))
		return ptr_err(s);
	f = socket_file(s, flags);
	return f ? fd_add(t, f, flags & O_CLOEXEC) : -ENFILE;
}

long sys_socketpair(struct task *t, int domain, int type, int protocol,
		    uaddr_t fds)
{
	struct file *f[2] = { NULL, NULL };
	struct socket *pair[2];
	unsigned int flags;
	int n[2] = { -1, -1 };
	int err = check_type(domain, &type, &flags);

	if (!err && domain != AF_UNIX)
		err = domain == AF_INET || domain == AF_INET6 ? -EOPNOTSUPP :
		      -EAFNOSUPPORT;
	if (!err)
		err = unix_pair(type, protocol, pair);
	if (err)
		return err;
	f[0] = socket_file(pair[0], flags);
	f[1] = socket_file(pair[1], flags);
	err = f[0] && f[1] ? 0 : -ENFILE;
	for (int i = 0; i < 2 && !err; i++) {
		n[i] = fd_reserve(t, flags & O_CLOEXEC);
		err = n[i] < 0 ? n[i] : 0;
	}
	if (!err)
		err = put_user(fds, &n);
	for (int i = 0; i < 2; i++) {
		if (!err) {
			fd_install(t, n[i], f[i]);
			continue;
		}
		if (n[i] >= 0)
			fd_unreserve(t, n[i]);
		if (f[i])
			file_put(f[i]);
	}
	return err;
}

/* A name of the guest's into @buf; its length or -errno. */
static int get_name(uaddr_t addr, int len, void *buf)
{
	if (len < 0 || len > SOCKADDR_MAX)
		return -EINVAL;
	return copy_in(buf, addr, (size_t)len) ? -EFAULT : len;
}

/* @len bytes of a name to the guest, cut to the room that it gave. */
static int put_name(uaddr_t addr, uaddr_t len_at, const void *name, int len)
{
	int room;

	if (get_user(&room, len_at))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	if (copy_out(addr, name, (size_t)MIN(room, len)) ||
	    put_user(len_at, &len))
		return -EFAULT;
	return 0;
}

long sys_bind(struct task *t, int fd, uaddr_t addr, int len)
{
	uint64_t name[SOCKADDR_MAX / 8];
	struct fd f;
	struct socket *s = socket_get(t, fd, &f);
	int n;

	if (is_err(s))
		return ptr_err(s);
	n = get_name(addr, len, name);
	if (n >= 0)
		n = s->ops->bind(s, name, (uint32_t)n);
	fdput(f);
	return n;
}

long sys_connect(struct task *t, int fd, uaddr_t addr, int len)
{
	uint64_t name[SOCKADDR_MAX / 8];
	struct fd f;
	struct socket *s = socket_get(t, fd, &f);
	int n;

	if (is_err(s))
		return ptr_err(s);
	n = get_name(addr, len, name);
	if (n >= 0)
		n = s->ops->connect(s, name, (uint32_t)n, nonblocking(f));
	fdput(f);
	return n;
}

long sys_listen(struct task *t, int fd, int backlog)
{
	struct fd f;
	struct socket *s = socket_get(t, fd, &f);
	int err;

	if (is_err(s))
		return ptr_err(s);
	err = s->ops->listen(s, backlog);
	fdput(f);
	return err;
}

static long do_accept(struct task *t, struct socket *s, bool nonblock,
		      uaddr_t addr, uaddr_t len_at, unsigned int flags)
{
	uint64_t name[SOCKADDR_MAX / 8];
	struct socket *n;
	struct file *f;
	int fd, err = 0;

	fd = fd_reserve(t, flags & O_CLOEXEC);
	if (fd < 0)
		return fd;
	n = s->ops->accept(s, nonblock);
	if (is_err(n)) {
		fd_unreserve(t, fd);
		return ptr_err(n);
	}
	if (addr) {
		err = n->ops->getname(n, NAME_ACCEPTED, name);
		/* It may have gone again. */
		err = err < 0 ? -ECONNABORTED :
		      put_name(addr, len_at, name, err);
	}
	f = socket_file(n, flags);
	if (!f || err) {
		fd_unreserve(t, fd);
		if (f)
			file_put(f);
		return err ? err : -ENFILE;
	}
	fd_install(t, fd, f);
	return fd;
}

long sys_accept4(struct task *t, int fd, uaddr_t addr, uaddr_t len, int flags)
{
	struct fd f;
	struct socket *s;
	long ret;

	if (flags & ~SOCK_FLAGS)
		return -EINVAL;
	s = socket_get(t, fd, &f);
	if (is_err(s))
		return ptr_err(s);
	ret = do_accept(t, s, nonblocking(f), addr, len, (unsigned int)flags);
	fdput(f);
	return ret;
}

long sys_accept(struct task *t, int fd, uaddr_t addr, uaddr_t len)
{
	return sys_accept4(t, fd, addr, len, 0);
}

static long get_sockname(struct task *t, int fd, enum sock_name which,
			 uaddr_t addr, uaddr_t len)
{
	uint64_t name[SOCKADDR_MAX / 8];
	struct fd f;
	struct socket *s = socket_get(t, fd, &f);
	int n;

	if (is_err(s))
		return ptr_err(s);
	n = s->ops->getname(s, which, name);
	if (n >= 0)
		n = put_name(addr, len, name, n);
	fdput(f);
	return n;
}

long sys_getsockname(struct task *t, int fd, uaddr_t addr, uaddr_t len)
{
	return get_sockname(t, fd, NAME_OWN, addr, len);
}

long sys_getpeername(struct task *t, int fd, uaddr_t addr, uaddr_t len)
{
	return get_sockname(t, fd, NAME_PEER, addr, len);
}

long sys_shutdown(struct task *t, int fd, int how)
{
	struct fd f;
	struct socket *s = socket_get(t, fd, &f);
	int err = -EINVAL;

	if (is_err(s))
		return ptr_err(s);
	if (how >= 0 && how <= 2)
		err = s->ops->shutdown(s, (unsigned int)how + 1);
	fdput(f);
	return err;
}

long sys_setsockopt(struct task *t, int fd, int level, int name, uaddr_t val,
		    int len)
{
	struct fd f;
	struct socket *s = socket_get(t, fd, &f);
	long err = -EINVAL;

	if (is_err(s))
		return ptr_err(s);
	if (len >= 0)
		err = level == SOL_SOCKET ? sockopt_set(s, name, val, len) :
		      !s->ops->setsockopt ? -EOPNOTSUPP :
		      s->ops->setsockopt(s, level, name, val, len);
	fdput(f);
	return err;
}

long sys_getsockopt(struct task *t, int fd, int level, int name, uaddr_t val,
		    uaddr_t len)
{
	struct fd f;
	struct socket *s = socket_get(t, fd, &f);
	long err;

	if (is_err(s))
		return ptr_err(s);
	err = level == SOL_SOCKET ? sockopt_get(s, name, val, len) :
	      !s->ops->getsockopt ? -EOPNOTSUPP :
	      s->ops->getsockopt(s, level, name, val, len);
	fdput(f);
	return err;
}
