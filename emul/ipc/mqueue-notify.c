/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqueue-notify.c: tell a process of a message; mq_notify(3).
 *
 * One process at a time may ask, and is told once, by a signal or by a
 * message to a thread of its libc.  What there is to tell is taken from the
 * queue under its lock and told without it: a signal takes locks of its own.
 */
#include <linux/errno.h>
#include <linux/mqueue.h>

#include "emul/entry/uaccess.h"
#include "emul/ipc/mqueue-int.h"
#include "emul/lib/string.h"
#include "emul/net/socket.h"
#include "emul/signal/queue.h"
#include "emul/signal/siginfo.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"
#include "emul/vfs/fdtable.h"

#define SICODE_MESGQ	(-3)
/* SIGEV_*, beside MQ_NOTIFY_SIGNAL. */
#define MQ_NOTIFY_NONE		1
#define MQ_NOTIFY_THREAD	2

struct guest_sigevent {
	uint64_t value;
	int32_t signo, notify;
	int32_t pad[12];
};

_Static_assert(sizeof(struct guest_sigevent) == 64, "struct sigevent");

#define MQ_WOKENUP	1	/* the last byte of a cookie, NOTIFY_WOKENUP */
#define MQ_REMOVED	2

/* SIGEV_THREAD: libc's thread reads the cookie, and why it comes. */
static void tell_thread(struct file *sock, char *cookie, char why)
{
	int err;

	cookie[MQ_COOKIE_LEN - 1] = why;
	err = netlink_push(socket_of(sock), cookie, MQ_COOKIE_LEN);
	(void)err;		/* it has read nothing for long */
	file_put(sock);
}

void mq_notify_take(struct task *t, struct mqueue *q, struct mq_notice *a)
{
	if (!q->notify)
		return;
	a->notify = q->notify;
	q->notify = NULL;
	a->sock = q->notify_sock;
	q->notify_sock = NULL;
	memcpy(a->cookie, q->notify_cookie, sizeof(a->cookie));
	siginfo_init(&a->info, q->notify_how == MQ_NOTIFY_SIGNAL ?
		     q->notify_signo : 0, SICODE_MESGQ);
	siginfo_sender(&a->info, t->group->pid, t->cred->uid);
	a->info.fields[1] = q->notify_value;
}

void mq_notify_tell(struct mq_notice *a)
{
	if (!a->notify)
		return;
	if (a->sock)
		tell_thread(a->sock, a->cookie, MQ_WOKENUP);
	if (a->info.signo)
		signal_send_group(a->notify, &a->info);
	tgroup_put(a->notify);
}

void mq_notify_free(struct mqueue *q)
{
	if (q->notify)
		tgroup_put(q->notify);
	if (q->notify_sock)
		tell_thread(q->notify_sock, q->notify_cookie, MQ_REMOVED);
}

/* Ask to be told of the next message that finds the queue empty. */
static int ask(struct task *t, struct mqueue *q, const struct guest_sigevent *e,
	       struct file *sock, const char *cookie)
{
	struct file *old_sock = NULL;
	struct tgroup *old = NULL;
	int err = 0;

	mutex_lock(&q->lock);
	/* Who was killed by the host could not take it back. */
	if (q->notify && !load_once(&q->notify->n_live)) {
		old = q->notify;
		q->notify = NULL;
		old_sock = q->notify_sock;
		q->notify_sock = NULL;
	}
	if (q->notify) {
		err = -EBUSY;
	} else {
		ref_get(&t->group->ref);
		q->notify = t->group;
		q->notify_how = e->notify;
		q->notify_signo = e->signo;
		q->notify_value = e->value;
		if (sock) {
			file_get(sock);
			q->notify_sock = sock;
			memcpy(q->notify_cookie, cookie, MQ_COOKIE_LEN);
		}
	}
	mutex_unlock(&q->lock);
	if (old)
		tgroup_put(old);
	if (old_sock)
		file_put(old_sock);
	return err;
}

void mq_notify_cancel(struct mqueue *q, const struct tgroup *g)
{
	struct tgroup *old = NULL;
	struct file *sock = NULL;
	char cookie[MQ_COOKIE_LEN];

	mutex_lock(&q->lock);
	if (q->notify == g) {
		old = q->notify;
		q->notify = NULL;
		sock = q->notify_sock;
		q->notify_sock = NULL;
		memcpy(cookie, q->notify_cookie, sizeof(cookie));
	}
	mutex_unlock(&q->lock);
	if (sock)
		tell_thread(sock, cookie, MQ_REMOVED);
	if (old)
		tgroup_put(old);
}

long sys_mq_notify(struct task *t, int mqdes, uaddr_t sevp)
{
	struct guest_sigevent e;
	char cookie[MQ_COOKIE_LEN];
	struct fd f, sock = { NULL, false };
	const struct socket *s;
	long r = 0;

	memset(&e, 0, sizeof(e));
	if (sevp) {
		if (get_user(&e, sevp))
			return -EFAULT;
		if (e.notify != MQ_NOTIFY_NONE && e.notify != MQ_NOTIFY_SIGNAL &&
		    e.notify != MQ_NOTIFY_THREAD)
			return -EINVAL;
		if (e.notify == MQ_NOTIFY_SIGNAL &&
		    (e.signo < 0 || e.signo > NSIG64))
			return -EINVAL;
		if (e.notify == MQ_NOTIFY_THREAD) {
			/* The signal is a netlink socket. */
			if (copy_in(cookie, e.value, sizeof(cookie)))
				return -EFAULT;
			sock = fdget(t, e.signo);
			if (!sock.file)
				return -EBADF;
			s = socket_of(sock.file);
			if (!s || !netlink_is(s)) {
				fdput(sock);
				return s ? -EINVAL : -ENOTSOCK;
			}
		}
	}
	f = mqueue_fdget(t, mqdes, 0);
	if (!f.file)
		r = -EBADF;
	else if (sevp)
		r = ask(t, mqueue_of(f.file), &e, sock.file, cookie);
	else
		mq_notify_cancel(mqueue_of(f.file), t->group);
	if (f.file)
		fdput(f);
	if (sock.file)
		fdput(sock);
	return r;
}
