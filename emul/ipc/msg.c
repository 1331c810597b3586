/* SPDX-License-Identifier: Apache-2.0 */
/*
 * msg.c: System V message queues; msgget(2), msgop(2), msgctl(2).
 *
 * A message goes straight to the first receiver that waits for one of its
 * type; who waits for room is let on as soon as its message fits.
 */
#include "emul/ipc/msg.h"

#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/msg.h>

#include "emul/entry/uaccess.h"
#include "emul/fs/proc.h"
#include "emul/ipc/ipc.h"
#include "emul/ipc/sleep.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/signal/signal.h"
#include "emul/sysproto.h"
#include "emul/task/task.h"

#ifndef MSG_STAT_ANY
#define MSG_STAT_ANY	13
#endif

_Static_assert(sizeof(struct msqid64_ds) == 120, "struct msqid_ds");
_Static_assert(sizeof(struct msginfo) == 32, "struct msginfo");

/* ipc_sleep.status besides 0 and -errno: look again. */
#define MSG_AGAIN	2

struct msg_queue {
	struct ipc_obj ipc;
	/* ipc.lock protects: */
	int64_t stime, rtime, ctime;
	uint64_t bytes, max_bytes;
	uint64_t n;
	int lspid, lrpid;
	struct list_head messages;
	struct list_head receivers;	/* struct receiver */
	struct list_head senders;	/* struct sender */
};

enum msg_want {
	WANT_ANY,
	WANT_EQUAL,
	WANT_NOT_EQUAL,
	WANT_LEAST,		/* the lowest type of all up to it */
	WANT_NUMBER,		/* MSG_COPY: by its place */
};

struct receiver {
	struct ipc_sleep s;	/* s.mem is the message that came */
	enum msg_want want;
	long type;
	size_t size;
	bool cut;		/* MSG_NOERROR */
	int pid;
};

struct sender {
	struct ipc_sleep s;
	size_t size;
};

/* For MSG_INFO. */
static uint64_t all_bytes __arena, all_messages __arena;	/* atomic */

static struct msg_queue *queue_of(struct ipc_obj *o)
{
	return container_of(o, struct msg_queue, ipc);
}

static struct ipc_obj *msg_make(struct task *t, int key, uint64_t size,
				int flags)
{
	struct msg_queue *q = kzalloc(sizeof(*q));

	(void)t;
	(void)key;
	(void)size;
	(void)flags;
	if (!q)
		return err_ptr(-ENOMEM);
	list_init(&q->messages);
	list_init(&q->receivers);
	list_init(&q->senders);
	q->ctime = ipc_time();
	q->max_bytes = ipc_limits()->msgmnb;
	return &q->ipc;
}

static void msg_free(struct ipc_obj *o)
{
	struct msg_queue *q = queue_of(o);
	struct ipc_msg *m, *next;

	list_for_each_safe(m, next, &q->messages, link)
		kfree(m);
	kfree(q);
}

static uint64_t msg_max(void)
{
	return ipc_limits()->msgmni;
}

static const struct ipc_kind msg_kind = {
	msg_make, NULL, NULL, msg_free, msg_max,
};

static struct msg_queue *msg_find(int id)
{
	struct ipc_obj *o = ipc_find(&msg_table, id);

	return o ? queue_of(o) : NULL;
}

static void msg_put(struct msg_queue *q)
{
	ipc_put(&q->ipc, &msg_kind);
}

long sys_msgget(struct task *t, int key, int flags)
{
	return ipc_get(t, &msg_table, &msg_kind, key, 0, flags);
}

struct ipc_msg *ipc_msg_load(uaddr_t text, size_t size)
{
	struct ipc_msg *m = kmalloc(sizeof(*m) + size);

	if (!m)
		return err_ptr(-ENOMEM);
	m->size = size;
	if (copy_in(m->text, text, size)) {
		kfree(m);
		return err_ptr(-EFAULT);
	}
	return m;
}

static bool fits(const struct msg_queue *q, size_t size)
{
	return q->bytes + size <= q->max_bytes && q->n + 1 <= q->max_bytes;
}

static bool wanted(const struct ipc_msg *m, enum msg_want want, long type)
{
	switch (want) {
	case WANT_ANY:
	case WANT_NUMBER:
		return true;
	case WANT_EQUAL:
		return m->type == type;
	case WANT_NOT_EQUAL:
		return m->type != type;
	default:
		return m->type <= type;
	}
}

/* Give @m to somebody who waits for it; false: nobody does. */
static bool hand_over(struct msg_queue *q, struct ipc_msg *m,
		      struct ipc_wakes *w)
{
	struct receiver *r, *next;

	list_for_each_safe(r, next, &q->receivers, s.link) {
		if (!wanted(m, r->want, r->type))
			continue;
		if (r->size < m->size && !r->cut) {
			ipc_done(&r->s, -E2BIG, w);
			continue;
		}
		r->s.mem = m;
		q->lrpid = r->pid;
		q->rtime = ipc_time();
		ipc_done(&r->s, 0, w);
		return true;
	}
	return false;
}

/* There is room: let on who waits for it, as far as it goes. */
static void room_came(struct msg_queue *q, struct ipc_wakes *w)
{
	uint64_t bytes = q->bytes;
	struct sender *s, *next;

	list_for_each_safe(s, next, &q->senders, s.link) {
		if (bytes + s->size > q->max_bytes)
			continue;
		bytes += s->size;
		ipc_done(&s->s, MSG_AGAIN, w);
	}
}

static void put_message(struct task *t, struct msg_queue *q, struct ipc_msg *m,
			struct ipc_wakes *w)
{
	q->lspid = t->group->pid;
	q->stime = ipc_time();
	if (hand_over(q, m, w))
		return;
	list_add_tail(&m->link, &q->messages);
	q->bytes += m->size;
	q->n++;
	__atomic_fetch_add(&all_bytes, m->size, __ATOMIC_RELAXED);
	__atomic_fetch_add(&all_messages, 1, __ATOMIC_RELAXED);
}

static void take_message(struct msg_queue *q, struct ipc_msg *m)
{
	list_del(&m->link);
	q->bytes -= m->size;
	q->n--;
	__atomic_fetch_sub(&all_bytes, m->size, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&all_messages, 1, __ATOMIC_RELAXED);
}

/* The status of a sleep that came to nothing. */
static long interrupted(int status)
{
	return status == -EINTR ? -ERESTARTNOHAND : status;
}

static long send(struct task *t, struct msg_queue *q, struct ipc_msg *m,
		 int flags)
{
	struct sender s = { .size = m->size };
	long r;

	for (;;) {
		struct ipc_wakes w = { .n = 0 };

		s.s.mem = m;
		mutex_lock(&q->ipc.lock);
		r = ipc_permission(t, &q->ipc, IPC_W);
		if (!r && q->ipc.gone)
			r = -EIDRM;
		if (!r && fits(q, m->size)) {
			put_message(t, q, m, &w);
			m = NULL;
		} else if (!r && (flags & IPC_NOWAIT)) {
			r = -EAGAIN;
		} else if (!r) {
			ipc_line_up(&s.s, &q->ipc.lock, &q->senders, t);
			r = MSG_AGAIN;
		}
		mutex_unlock(&q->ipc.lock);
		ipc_wake(&w);
		if (r != MSG_AGAIN)
			break;
		r = interrupted(ipc_sleep(&s.s, NEVER_NS));
		if (r != MSG_AGAIN)
			break;
	}
	kfree(m);
	return r;
}

long sys_msgsnd(struct task *t, int msqid, uaddr_t msgp, size_t msgsz,
		int flags)
{
	struct msg_queue *q;
	struct ipc_msg *m;
	int64_t type;
	long r;

	if (get_user(&type, msgp))
		return -EFAULT;
	if (msgsz > ipc_limits()->msgmax || msqid < 0 || type < 1)
		return -EINVAL;
	m = ipc_msg_load(msgp + sizeof(type), msgsz);
	if (is_err(m))
		return ptr_err(m);
	m->type = type;
	q = msg_find(msqid);
	if (!q) {
		kfree(m);
		return -EINVAL;
	}
	r = send(t, q, m, flags);
	msg_put(q);
	return r;
}

/* The message that @r wants, or NULL. */
static struct ipc_msg *search(struct msg_queue *q, const struct receiver *r)
{
	struct ipc_msg *m, *found = NULL;
	long n = 0;

	list_for_each(m, &q->messages, link) {
		if (r->want == WANT_NUMBER ? n++ != r->type :
		    !wanted(m, r->want, r->type))
			continue;
		if (r->want != WANT_LEAST)
			return m;
		if (!found || m->type < found->type)
			found = m;
		if (found->type == 1)
			break;
	}
	return found;
}

/* MSG_COPY: one that stays in the queue.  err_ptr(). */
static struct ipc_msg *copy_of(const struct ipc_msg *m)
{
	struct ipc_msg *c = kmalloc(sizeof(*c) + m->size);

	if (!c)
		return err_ptr(-ENOMEM);
	memcpy(c, m, sizeof(*c) + m->size);
	return c;
}

/* What can be had at once; NULL: @r has to wait.  err_ptr(). */
static struct ipc_msg *take(struct task *t, struct msg_queue *q,
			    struct receiver *r, int flags,
			    struct ipc_wakes *w)
{
	int err = ipc_permission(t, &q->ipc, IPC_R);
	struct ipc_msg *m;

	if (!err && q->ipc.gone)
		err = -EIDRM;
	if (err)
		return err_ptr(err);
	m = search(q, r);
	if (!m)
		return flags & IPC_NOWAIT ? err_ptr(-ENOMSG) : NULL;
	if (m->size > r->size && !r->cut)
		return err_ptr(-E2BIG);
	if (r->want == WANT_NUMBER)
		return copy_of(m);
	take_message(q, m);
	q->lrpid = t->group->pid;
	q->rtime = ipc_time();
	room_came(q, w);
	return m;
}

static struct ipc_msg *receive(struct task *t, struct msg_queue *q,
			       struct receiver *r, int flags)
{
	struct ipc_msg *m;
	long status;

	for (;;) {
		struct ipc_wakes w = { .n = 0 };

		mutex_lock(&q->ipc.lock);
		m = take(t, q, r, flags, &w);
		if (!m) {
			r->s.mem = NULL;
			ipc_line_up(&r->s, &q->ipc.lock, &q->receivers, t);
		}
		mutex_unlock(&q->ipc.lock);
		ipc_wake(&w);
		if (m)
			return m;
		status = interrupted(ipc_sleep(&r->s, NEVER_NS));
		if (!status)
			return r->s.mem;
		if (status != MSG_AGAIN)
			return err_ptr(status);
	}
}

static void set_want(struct receiver *r, long type, int flags)
{
	r->type = type;
	if (flags & MSG_COPY) {
		r->want = WANT_NUMBER;
	} else if (!type) {
		r->want = WANT_ANY;
	} else if (type < 0) {
		r->want = WANT_LEAST;
		r->type = type == INT64_MIN ? INT64_MAX : -type;
	} else {
		r->want = flags & MSG_EXCEPT ? WANT_NOT_EQUAL : WANT_EQUAL;
	}
}

long sys_msgrcv(struct task *t, int msqid, uaddr_t msgp, size_t msgsz,
		long msgtyp, int flags)
{
	struct receiver r = {
		.size = msgsz, .cut = flags & MSG_NOERROR,
		.pid = t->group->pid,
	};
	struct msg_queue *q;
	struct ipc_msg *m;
	int64_t type;
	size_t n;

	if (msqid < 0 || (ssize_t)msgsz < 0)
		return -EINVAL;
	if ((flags & MSG_COPY) &&
	    ((flags & MSG_EXCEPT) || !(flags & IPC_NOWAIT)))
		return -EINVAL;
	set_want(&r, msgtyp, flags);
	q = msg_find(msqid);
	if (!q)
		return -EINVAL;
	m = receive(t, q, &r, flags);
	msg_put(q);
	if (is_err(m))
		return ptr_err(m);
	/* As on Linux, a bad buffer costs the message. */
	type = m->type;
	n = MIN(m->size, msgsz);
	if (put_user(msgp, &type) ||
	    copy_out(msgp + sizeof(type), m->text, n))
		n = (size_t)-EFAULT;
	kfree(m);
	return (long)n;
}

static long msg_info(int cmd, uaddr_t buf)
{
	const struct ipc_limits *lim = ipc_limits();
	struct msginfo i;

	memset(&i, 0, sizeof(i));
	i.msgmni = (int)lim->msgmni;
	i.msgmax = (int)lim->msgmax;
	i.msgmnb = (int)lim->msgmnb;
	i.msgssz = MSGSSZ;
	i.msgseg = MSGSEG;
	i.msgpool = MSGPOOL;
	i.msgmap = MSGMAP;
	i.msgtql = MSGTQL;
	if (cmd == MSG_INFO) {
		mutex_lock(&msg_table.lock);
		i.msgpool = (int)msg_table.in_use;
		mutex_unlock(&msg_table.lock);
		i.msgmap = (int)load_once(&all_messages);
		i.msgtql = (int)load_once(&all_bytes);
	}
	if (put_user(buf, &i))
		return -EFAULT;
	return ipc_max_index(&msg_table);
}

static long msg_stat(struct task *t, int msqid, int cmd, uaddr_t buf)
{
	struct msqid64_ds d;
	struct msg_queue *q;
	struct ipc_obj *o;
	long r = ipc_stat_lock(t, &msg_table, msqid, cmd,
			       cmd == MSG_STAT_ANY, &o);

	if (!o)
		return r;
	q = queue_of(o);
	memset(&d, 0, sizeof(d));
	ipc_fill_perm(o, &d.msg_perm);
	d.msg_stime = q->stime;
	d.msg_rtime = q->rtime;
	d.msg_ctime = q->ctime;
	d.msg_cbytes = q->bytes;
	d.msg_qnum = q->n;
	d.msg_qbytes = q->max_bytes;
	d.msg_lspid = q->lspid;
	d.msg_lrpid = q->lrpid;
	mutex_unlock(&o->lock);
	msg_put(q);
	if (r >= 0 && put_user(buf, &d))
		r = -EFAULT;
	return r;
}

/* All who wait get @status. */
static void expel(struct msg_queue *q, int status, struct ipc_wakes *w)
{
	struct ipc_sleep *s, *next;

	list_for_each_safe(s, next, &q->receivers, link)
		ipc_done(s, status, w);
	list_for_each_safe(s, next, &q->senders, link)
		ipc_done(s, status, w);
}

static long set(struct task *t, struct msg_queue *q,
		const struct msqid64_ds *d, struct ipc_wakes *w)
{
	int err;

	if (d->msg_qbytes > ipc_limits()->msgmnb &&
	    !task_capable(t, CAP_SYS_RESOURCE))
		return -EPERM;
	err = ipc_set_perm(&q->ipc, &d->msg_perm);
	if (err)
		return err;
	q->max_bytes = d->msg_qbytes;
	q->ctime = ipc_time();
	/* Rights and room may be others now. */
	expel(q, MSG_AGAIN, w);
	return 0;
}

static long msg_change(struct task *t, int msqid, int cmd, uaddr_t buf)
{
	struct ipc_wakes w = { .n = 0 };
	struct msqid64_ds d;
	struct msg_queue *q;
	long r;

	if (cmd == IPC_SET && get_user(&d, buf))
		return -EFAULT;
	q = msg_find(msqid);
	if (!q)
		return -EINVAL;
	mutex_lock(&msg_table.lock);
	mutex_lock(&q->ipc.lock);
	r = q->ipc.gone ? -EIDRM : ipc_owner(t, &q->ipc);
	if (!r && cmd == IPC_SET) {
		r = set(t, q, &d, &w);
	} else if (!r) {
		ipc_remove(&msg_table, &q->ipc);
		__atomic_fetch_sub(&all_bytes, q->bytes, __ATOMIC_RELAXED);
		__atomic_fetch_sub(&all_messages, q->n, __ATOMIC_RELAXED);
		expel(q, -EIDRM, &w);
	}
	mutex_unlock(&q->ipc.lock);
	mutex_unlock(&msg_table.lock);
	ipc_wake(&w);
	msg_put(q);
	return r;
}

long sys_msgctl(struct task *t, int msqid, int cmd, uaddr_t buf)
{
	if (msqid < 0 || cmd < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
	case MSG_INFO:
		return msg_info(cmd, buf);
	case IPC_STAT:
	case MSG_STAT:
	case MSG_STAT_ANY:
		return msg_stat(t, msqid, cmd, buf);
	case IPC_SET:
	case IPC_RMID:
		return msg_change(t, msqid, cmd, buf);
	default:
		return -EINVAL;
	}
}

void ipc_show_msg(struct text *b, struct task *t)
{
	int max = ipc_max_index(&msg_table);

	(void)t;
	text_printf(b, "       key      msqid perms      cbytes       qnum "
		    "lspid lrpid   uid   gid  cuid  cgid      stime      "
		    "rtime      ctime\n");
	for (int i = 0; i <= max; i++) {
		struct ipc_obj *o = ipc_at(&msg_table, i);
		struct msg_queue *q;

		if (!o)
			continue;
		q = queue_of(o);
		mutex_lock(&o->lock);
		text_printf(b, "%10d %10d  %4o  %10lu %10lu %5u %5u %5u %5u "
			    "%5u %5u %10lu %10lu %10lu\n", o->key, o->id,
			    o->mode, q->bytes, q->n, q->lspid, q->lrpid,
			    o->uid, o->gid, o->cuid, o->cgid,
			    (unsigned long)q->stime, (unsigned long)q->rtime,
			    (unsigned long)q->ctime);
		mutex_unlock(&o->lock);
		msg_put(q);
	}
}
