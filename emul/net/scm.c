/* SPDX-License-Identifier: Apache-2.0 */
/* scm.c: control messages: files and credentials; cmsg(3), unix(7). */
#include <asm/socket.h>
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/fcntl.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/net/socket.h"
#include "emul/task/task.h"
#include "emul/vfs/fdtable.h"

#define SCM_RIGHTS	1
#define SCM_CREDENTIALS	2
#define CONTROL_MAX	65536	/* as net.core.optmem_max allows, and more */

struct cmsghdr {
	uint64_t len;
	int32_t level, type;
};

#define CMSG_ROUND(n)	ALIGN_UP((size_t)(n), 8UL)

void scm_files_free(struct scm_files *f)
{
	if (!f)
		return;
	for (uint32_t i = 0; i < f->n; i++)
		file_put(f->file[i]);
	kfree(f);
}

struct scm_files *scm_files_dup(const struct scm_files *f)
{
	struct scm_files *n = kmalloc(sizeof(*n));

	if (!n)
		return NULL;
	*n = *f;
	n->n_unix = 0;
	for (uint32_t i = 0; i < n->n; i++)
		file_get(n->file[i]);
	return n;
}

static int add_files(struct task *t, struct sockmsg *m, const int *fds,
		     size_t n)
{
	if (!m->files)
		m->files = kzalloc(sizeof(*m->files));
	if (!m->files)
		return -ENOMEM;
	if (n > SCM_MAX_FD - m->files->n)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		struct fd f = fdget_raw(t, fds[i]);

		if (!f.file)
			return -EBADF;
		file_get(f.file);
		m->files->file[m->files->n++] = f.file;
		fdput(f);
	}
	return 0;
}

/* May @t say that it is @c? */
static int check_cred(const struct task *t, const struct ucred *c)
{
	const struct cred *me = t->cred;

	if (c->pid != t->group->pid && !task_capable(t, CAP_SYS_ADMIN))
		return -EPERM;
	if (c->uid != me->uid && c->uid != me->euid && c->uid != me->suid &&
	    !task_capable(t, CAP_SETUID))
		return -EPERM;
	if (c->gid != me->gid && c->gid != me->egid && c->gid != me->sgid &&
	    !task_capable(t, CAP_SETGID))
		return -EPERM;
	return 0;
}

static int one_cmsg(struct task *t, struct socket *s, struct sockmsg *m,
		    const struct cmsghdr *h, const char *data)
{
	size_t n = h->len - sizeof(*h);

	if (h->level != SOL_SOCKET)
		return s->ops->send_cmsg ?
			s->ops->send_cmsg(s, m, h->level, h->type, data, n) :
			0;
	switch (h->type) {
	case SCM_RIGHTS:
		return add_files(t, m, (const int *)data, n / sizeof(int));
	case SCM_CREDENTIALS:
		if (n != sizeof(m->cred))
			return -EINVAL;
		memcpy(&m->cred, data, sizeof(m->cred));
		m->has_cred = true;
		return check_cred(t, &m->cred);
	}
	return -EINVAL;
}

int scm_send(struct task *t, struct socket *s, struct sockmsg *m,
	     uaddr_t addr, size_t len)
{
	const struct cmsghdr *h;
	int err = 0;
	char *buf;

	if (!len)
		return 0;
	if (len > CONTROL_MAX)
		return -ENOBUFS;
	buf = kmalloc(len);
	if (!buf)
		return -ENOMEM;
	if (copy_in(buf, addr, len))
		err = -EFAULT;
	for (size_t at = 0; !err && at + sizeof(*h) <= len; ) {
		h = (const struct cmsghdr *)(buf + at);
		if (h->len < sizeof(*h) || h->len > len - at)
			err = -EINVAL;
		else
			err = one_cmsg(t, s, m, h, (const char *)(h + 1));
		if (!err)
			at += CMSG_ROUND(h->len);
	}
	kfree(buf);
	if (err) {
		scm_files_free(m->files);
		m->files = NULL;
	}
	return err;
}

int put_cmsg(struct control *c, int level, int type, const void *data,
	     size_t n)
{
	struct cmsghdr h = {
		.len = sizeof(h) + n, .level = level, .type = type,
	};
	size_t step = MIN(CMSG_ROUND(h.len), c->left);

	if (c->left < h.len)
		return -ENOSPC;
	if (put_user(c->at, &h) || copy_out(c->at + sizeof(h), data, n))
		return -EFAULT;
	c->at += step;
	c->left -= step;
	c->used += step;
	return 0;
}

/* As many files as there is room for; the others are closed: MSG_CTRUNC. */
static void put_files(struct task *t, struct sockmsg *m, struct control *c)
{
	size_t room = c->left >= sizeof(struct cmsghdr) ?
		(c->left - sizeof(struct cmsghdr)) / sizeof(int) : 0;
	unsigned int flags = m->flags & MSG_CMSG_CLOEXEC ? O_CLOEXEC : 0;
	struct scm_files *f = m->files;
	int fds[SCM_MAX_FD];
	uint32_t n = 0;

	while (n < f->n && n < room) {
		int fd = fd_reserve(t, flags);

		if (fd < 0)
			break;
		fds[n++] = fd;
	}
	if (n < f->n)
		m->out_flags |= MSG_CTRUNC;
	if (!n)
		return;
	if (put_cmsg(c, SOL_SOCKET, SCM_RIGHTS, fds, n * sizeof(int))) {
		for (uint32_t i = 0; i < n; i++)
			fd_unreserve(t, fds[i]);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		file_get(f->file[i]);
		fd_install(t, fds[i], f->file[i]);
	}
}

/* SO_TIMESTAMP or SO_TIMESTAMPNS; both layouts are the same in 64 bits. */
static int put_stamp(const struct socket *s, const struct sockmsg *m,
		     struct control *c)
{
	bool nano = sockopt_on(s, SO_TIMESTAMPNS_OLD);
	int64_t v[2] = { m->stamp_ns / NSEC_PER_SEC,
			 m->stamp_ns % NSEC_PER_SEC };

	if (!nano && !sockopt_on(s, SO_TIMESTAMP_OLD))
		return 0;
	if (!nano)
		v[1] /= NSEC_PER_USEC;
	return put_cmsg(c, SOL_SOCKET, nano ? SO_TIMESTAMPNS_OLD :
			SO_TIMESTAMP_OLD, v, sizeof(v));
}

void scm_recv(struct task *t, struct socket *s, struct sockmsg *m,
	      uaddr_t addr, size_t *len)
{
	struct control c = { .at = addr, .left = *len };

	if (m->stamp_ns && put_stamp(s, m, &c))
		m->out_flags |= MSG_CTRUNC;
	if (s->passcred && put_cmsg(&c, SOL_SOCKET, SCM_CREDENTIALS, &m->cred,
				    sizeof(m->cred)))
		m->out_flags |= MSG_CTRUNC;
	if (s->ops->recv_cmsg && s->ops->recv_cmsg(s, m, &c))
		m->out_flags |= MSG_CTRUNC;
	if (m->files)
		put_files(t, m, &c);
	scm_files_free(m->files);
	m->files = NULL;
	*len = c.used;
}
