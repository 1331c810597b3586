/* SPDX-License-Identifier: Apache-2.0 */
/* socket.c: sockets as files. */
#include "emul/net/socket.h"

#include <asm/ioctls.h>
#include <asm/sockios.h>
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/magic.h>

#include "emul/entry/uaccess.h"
#include "emul/fs/epoll.h"
#include "emul/lib/lock.h"
#include "emul/lib/uapi.h"
#include "emul/signal/signal.h"
#include "emul/task/task.h"
#include "emul/time/time.h"
#include "emul/vfs/fdtable.h"

/* net.core.wmem_default and rmem_default. */
#define BUFFER_DEFAULT	212992

static struct sb_once sockfs __arena;
LOCK_CLASS(sockfs, LOCK_ONCE);

void socket_init(struct socket *s, const struct socket_ops *ops, int family,
		 int type, int protocol)
{
	s->ops = ops;
	s->family = family;
	s->type = type;
	s->protocol = protocol;
	s->sndbuf = s->rcvbuf = BUFFER_DEFAULT;
	s->snd_timeout_ns = s->rcv_timeout_ns = NEVER_NS;
	s->rcvlowat = 1;
	s->incoming_cpu = -1;
	s->pacing_rate = UINT32_MAX;
	s->host_fd = -1;
}

void socket_set_host(struct socket *s, int fd)
{
	struct file *f;

	store_release(&s->host_fd, fd);
	f = load_acquire(&s->file);
	if (!f)
		return;
	store_release(&f->host_fd, fd);
	if (f->watchers)
		epoll_host_changed(f);
}

int64_t socket_deadline(int64_t timeout_ns)
{
	return timeout_ns == NEVER_NS ? NEVER_NS : time_now() + timeout_ns;
}

int socket_wait_error(int err, int64_t timeout_ns)
{
	if (err == -ETIMEDOUT)
		return -EAGAIN;
	/* socket(7): a call with a timeout is not restarted. */
	return timeout_ns == NEVER_NS ? -ERESTARTSYS : -EINTR;
}

static ssize_t socket_read(struct file *f, struct uio *u, off_t *pos)
{
	struct socket *s = f->priv;
	struct sockmsg m = { .u = *u };
	ssize_t n;

	(void)pos;
	if (!u->left)
		return 0;
	n = s->ops->recvmsg(s, current(), &m);
	*u = m.u;
	scm_files_free(m.files);
	return n;
}

static ssize_t socket_write(struct file *f, struct uio *u, off_t *pos)
{
	struct socket *s = f->priv;
	struct sockmsg m = { .u = *u };
	ssize_t n;

	(void)pos;
	n = s->ops->sendmsg(s, current(), &m);
	*u = m.u;
	return n;
}

static uint32_t socket_poll(struct file *f, struct waiter *w)
{
	struct socket *s = f->priv;

	return s->ops->poll(s, w);
}

static long socket_ioctl(struct file *f, unsigned int cmd, uaddr_t arg)
{
	struct socket *s = f->priv;
	long n;
	int v;

	switch (cmd) {
	case FIONREAD:		/* SIOCINQ */
		n = s->ops->unread(s);
		break;
	case TIOCOUTQ:		/* SIOCOUTQ */
		n = s->ops->unsent(s);
		break;
	case SIOCATMARK:	/* nothing is urgent, tcp(7) */
		n = 0;
		if (s->protocol == IPPROTO_TCP)
			break;
		__fallthrough;
	default:
		return s->ops->ioctl ? s->ops->ioctl(s, cmd, arg) :
			netdev_ioctl(s, cmd, arg);
	}
	if (n < 0)
		return n;
	v = (int)n;
	return put_user(arg, &v);
}

static void socket_release(struct file *f)
{
	struct socket *s = f->priv;

	s->ops->release(s);
}

static const struct file_ops socket_fops = {
	.read = socket_read,
	.write = socket_write,
	.poll = socket_poll,
	.ioctl = socket_ioctl,
	.release = socket_release,
	.polls_host = true,
};

struct socket *socket_of(const struct file *f)
{
	return f->ops == &socket_fops ? f->priv : NULL;
}

struct socket *socket_get(struct task *t, int n, struct fd *fd)
{
	struct socket *s;

	*fd = fdget(t, n);
	if (!fd->file)
		return err_ptr(-EBADF);
	s = socket_of(fd->file);
	if (s)
		return s;
	fdput(*fd);
	return err_ptr(-ENOTSOCK);
}

struct file *socket_file(struct socket *s, unsigned int flags)
{
	struct superblock *sb = sb_once(&sockfs, "sockfs", SOCKFS_MAGIC);
	struct inode *i = sb ? inode_new(sb) : NULL;
	struct file *f;

	if (!i) {
		s->ops->release(s);
		return NULL;
	}
	i->mode = S_IFSOCK | 0777;
	f = file_new(i, &socket_fops, (flags & O_NONBLOCK) | O_RDWR, "socket",
		     s);
	if (!f) {
		s->ops->release(s);
		return NULL;
	}
	s->ino = i->ino;
	f->host_fd = s->host_fd;
	store_release(&s->file, f);
	return f;
}
