/* SPDX-License-Identifier: Apache-2.0 */
/* sys_msg.c: messages; send(2), recv(2) and their like. */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/time_types.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/string.h"
#include "emul/net/socket.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "emul/time/time.h"
#include "emul/vfs/fdtable.h"

#define IOV_MAX_		1024u
#define MMSG_MAX		1024u

/* As the guest has it. */
struct user_msghdr {
	uaddr_t name;
	int32_t name_len;
	uint32_t pad1;
	uaddr_t iov;
	uint64_t n_iov;
	uaddr_t control;
	uint64_t control_len;
	uint32_t flags;
	uint32_t pad2;
};

struct user_mmsghdr {
	struct user_msghdr hdr;
	uint32_t len, pad;
};

static void begin(struct sockmsg *m, struct fd f, unsigned int flags)
{
	memset(m, 0, offsetof(struct sockmsg, name));
	m->files = NULL;
	m->has_cred = false;
	m->cred = (struct ucred){ 0, 0, 0 };
	m->stamp_ns = 0;
	m->inet.there = m->inet.has_ttl = m->inet.has_tos = false;
	m->flags = flags;
	m->u.nonblock = load_once(&f.file->flags) & O_NONBLOCK;
}

static int get_name(struct sockmsg *m, uaddr_t addr, int len)
{
	if (!addr)
		return 0;
	if (len < 0 || len > SOCKADDR_MAX)
		return -EINVAL;
	if (copy_in(m->name, addr, (size_t)len))
		return -EFAULT;
	m->name_len = (uint32_t)len;
	return 0;
}

long sys_sendto(struct task *t, int fd, uaddr_t buf, size_t len,
		unsigned int flags, uaddr_t addr, int addr_len)
{
	struct sockmsg m;
	struct uvec v;
	struct fd f;
	struct socket *s = socket_get(t, fd, &f);
	ssize_t ret;

	if (is_err(s))
		return ptr_err(s);
	begin(&m, f, flags);
	ret = uio_guest(&m.u, &v, buf, len);
	if (!ret)
		ret = get_name(&m, addr, addr_len);
	m.u.nonblock = load_once(&f.file->flags) & O_NONBLOCK;
	if (!ret)
		ret = s->ops->sendmsg(s, t, &m);
	fdput(f);
	return ret;
}

long sys_recvfrom(struct task *t, int fd, uaddr_t buf, size_t len,
		  unsigned int flags, uaddr_t addr, uaddr_t addr_len)
{
	struct sockmsg m;
	struct uvec v;
	struct fd f;
	struct socket *s = socket_get(t, fd, &f);
	ssize_t ret;
	int room;

	if (is_err(s))
		return ptr_err(s);
	begin(&m, f, flags);
	ret = uio_guest(&m.u, &v, buf, len);
	m.u.nonblock = load_once(&f.file->flags) & O_NONBLOCK;
	if (!ret)
		ret = s->ops->recvmsg(s, t, &m);
	scm_files_free(m.files);
	fdput(f);
	if (ret < 0 || !addr)
		return ret;
	if (get_user(&room, addr_len))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	if (copy_out(addr, m.name, MIN((size_t)room, m.name_len)) ||
	    put_user(addr_len, &m.name_len))
		return -EFAULT;
	return ret;
}

static long send_one(struct task *t, struct socket *s, struct fd f,
		     uaddr_t msg, unsigned int flags)
{
	struct uvec fast[UIO_FAST];
	const struct uvec *vec;
	struct user_msghdr h;
	struct sockmsg m;
	long ret;

	if (get_user(&h, msg))
		return -EFAULT;
	if (h.n_iov > IOV_MAX_)
		return -EMSGSIZE;
	begin(&m, f, flags);
	ret = uio_import(&m.u, fast, h.iov, h.n_iov);
	if (ret)
		return ret;
	vec = m.u.vec;
	m.u.nonblock = load_once(&f.file->flags) & O_NONBLOCK;
	ret = get_name(&m, h.name, h.name_len);
	if (!ret && h.control)
		ret = scm_send(t, s, &m, h.control, h.control_len);
	if (!ret)
		ret = s->ops->sendmsg(s, t, &m);
	scm_files_free(m.files);
	uio_free(&m.u, fast, vec);
	return ret;
}

static long recv_one(struct task *t, struct socket *s, struct fd f,
		     uaddr_t msg, unsigned int flags)
{
	struct uvec fast[UIO_FAST];
	const struct uvec *vec;
	struct user_msghdr h;
	struct sockmsg m;
	size_t room, control;
	long ret;

	if (get_user(&h, msg))
		return -EFAULT;
	if (h.n_iov > IOV_MAX_)
		return -EMSGSIZE;
	if (h.name && h.name_len < 0)
		return -EINVAL;
	begin(&m, f, flags);
	ret = uio_import(&m.u, fast, h.iov, h.n_iov);
	if (ret)
		return ret;
	vec = m.u.vec;
	m.u.nonblock = load_once(&f.file->flags) & O_NONBLOCK;
	ret = s->ops->recvmsg(s, t, &m);
	uio_free(&m.u, fast, vec);
	if (ret < 0) {
		scm_files_free(m.files);
		return ret;
	}
	room = h.name ? MIN((size_t)h.name_len, m.name_len) : 0;
	if (room && copy_out(h.name, m.name, room))
		ret = -EFAULT;
	h.name_len = h.name ? (int)m.name_len : 0;
	control = h.control ? h.control_len : 0;
	scm_recv(t, s, &m, h.control, &control);
	h.control_len = control;
	h.flags = m.out_flags | (flags & MSG_CMSG_CLOEXEC);
	if (h.name && put_user(msg + offsetof(struct user_msghdr, name_len),
			       &h.name_len))
		return -EFAULT;
	if (put_user(msg + offsetof(struct user_msghdr, flags), &h.flags) ||
	    put_user(msg + offsetof(struct user_msghdr, control_len),
		     &h.control_len))
		return -EFAULT;
	return ret;
}

long sys_sendmsg(struct task *t, int fd, uaddr_t msg, unsigned int flags)
{
	struct fd f;
	struct socket *s = socket_get(t, fd, &f);
	long ret;

	if (is_err(s))
		return ptr_err(s);
	ret = send_one(t, s, f, msg, flags);
	fdput(f);
	return ret;
}

long sys_recvmsg(struct task *t, int fd, uaddr_t msg, unsigned int flags)
{
	struct fd f;
	struct socket *s = socket_get(t, fd, &f);
	long ret;

	if (is_err(s))
		return ptr_err(s);
	ret = recv_one(t, s, f, msg, flags);
	fdput(f);
	return ret;
}

static int put_len(uaddr_t at, long len)
{
	uint32_t n = (uint32_t)len;

	return put_user(at + offsetof(struct user_mmsghdr, len), &n);
}

long sys_sendmmsg(struct task *t, int fd, uaddr_t vec, unsigned int n,
		  unsigned int flags)
{
	struct fd f;
	struct socket *s = socket_get(t, fd, &f);
	unsigned int done = 0;
	long ret = 0;

	if (is_err(s))
		return ptr_err(s);
	for (n = MIN(n, MMSG_MAX); done < n; done++) {
		uaddr_t at = vec + done * sizeof(struct user_mmsghdr);

		ret = send_one(t, s, f, at, flags);
		if (ret >= 0 && put_len(at, ret))
			ret = -EFAULT;
		if (ret < 0)
			break;
	}
	fdput(f);
	return done ? (long)done : ret;
}

long sys_recvmmsg(struct task *t, int fd, uaddr_t vec, unsigned int n,
		  unsigned int flags, uaddr_t timeout)
{
	struct __kernel_timespec ts;
	int64_t deadline = NEVER_NS;
	struct fd f;
	struct socket *s;
	unsigned int done = 0;
	long ret = 0;

	if (timeout) {
		if (get_user(&ts, timeout))
			return -EFAULT;
		if (ts.tv_sec < 0 || ts.tv_nsec < 0 ||
		    ts.tv_nsec >= 1000000000)
			return -EINVAL;
		if (ts.tv_sec < 1000000000)
			deadline = time_now() + ts.tv_sec * 1000000000 +
				ts.tv_nsec;
	}
	s = socket_get(t, fd, &f);
	if (is_err(s))
		return ptr_err(s);
	for (n = MIN(n, MMSG_MAX); done < n; ) {
		uaddr_t at = vec + done * sizeof(struct user_mmsghdr);

		ret = recv_one(t, s, f, at, flags & ~MSG_WAITFORONE);
		if (ret >= 0 && put_len(at, ret))
			ret = -EFAULT;
		if (ret < 0)
			break;
		done++;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		/* recvmmsg(2), BUGS: it is looked at after each message. */
		if (deadline != NEVER_NS && time_now() >= deadline)
			break;
	}
	fdput(f);
	return done ? (long)done : ret;
}
