/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqueuefs.c: the names of POSIX message queues: a file system of one
 * directory, /dev/mqueue; mq_overview(7).
 */
#include <linux/capability.h>

#include "emul/ipc/mqueue-int.h"
#include "emul/lib/alloc.h"
#include "emul/lib/uapi.h"
#include "emul/task/task.h"

#define MQUEUE_MAGIC	0x19800202
#define FILE_SIZE	80		/* what stat shows */
#define MSG_COST	48		/* beside its text, as Linux counts */
#define PRIO_MAX_COST	32768

/* Bytes that a user has in queues. */
struct mq_user {
	struct list_head link;
	uid_t uid;
	uint64_t bytes;
};

static __arena struct {
	struct mutex lock;		/* protects: */
	struct list_head users;
	uint32_t n_queues;
} mq;

static __arena struct {
	struct mutex lock;
	struct mount *mnt;
} mqueues;
LOCK_CLASS(mqueues, LOCK_ONCE);

static struct mqueue_limits limits __arena;
static bool limits_set __arena;

struct mqueue_limits *mqueue_limits(void)
{
	if (!load_acquire(&limits_set)) {
		mutex_lock(&mq.lock);
		if (!limits_set)
			limits = (struct mqueue_limits){
				256, 10, 8192, 10, 8192,
			};
		store_release(&limits_set, true);
		mutex_unlock(&mq.lock);
	}
	return &limits;
}

/* As Linux sets them, or checks them if they were given. */
static int choose(const struct task *t, struct mqueue *q,
		  const struct mq_attr_guest *a)
{
	const struct mqueue_limits *l = mqueue_limits();
	bool may = task_capable(t, CAP_SYS_RESOURCE);
	int64_t max = may ? MQ_HARD_MSGMAX : l->msg_max;
	int64_t size = may ? MQ_HARD_MSGSIZE : l->msgsize_max;

	if (!a) {
		q->maxmsg = MIN(l->msg_max, l->msg_default);
		q->msgsize = MIN(l->msgsize_max, l->msgsize_default);
		return 0;
	}
	if (a->maxmsg <= 0 || a->msgsize <= 0 || a->maxmsg > max ||
	    a->msgsize > size)
		return -EINVAL;
	q->maxmsg = a->maxmsg;
	q->msgsize = a->msgsize;
	return 0;
}

/* The entry of @uid, made if @make; mq.lock is held. */
static struct mq_user *user(uid_t uid, bool make)
{
	struct mq_user *u;

	list_for_each(u, &mq.users, link)
		if (u->uid == uid)
			return u;
	u = make ? kzalloc(sizeof(*u)) : NULL;
	if (u) {
		u->uid = uid;
		list_add(&u->link, &mq.users);
	}
	return u;
}

static int charge(const struct task *t, struct mqueue *q)
{
	uint64_t max = rlimit_cur(t, RLIMIT_MSGQUEUE);
	uint64_t n = (uint64_t)q->maxmsg;
	struct mq_user *u;
	int err = 0;

	q->owner = t->cred->uid;
	q->charge = n * MSG_COST + MIN(n, (uint64_t)PRIO_MAX_COST) * MSG_COST +
		n * (uint64_t)q->msgsize;
	mutex_lock(&mq.lock);
	if (mq.n_queues >= limits.queues_max &&
	    !task_capable(t, CAP_SYS_RESOURCE)) {
		err = -ENOSPC;
	} else {
		u = user(q->owner, true);
		if (!u)
			err = -ENOMEM;
		else if (u->bytes + q->charge > max)
			err = -EMFILE;
		if (!err) {
			u->bytes += q->charge;
			mq.n_queues++;
		} else if (u && !u->bytes) {
			list_del(&u->link);
			kfree(u);
		}
	}
	mutex_unlock(&mq.lock);
	return err;
}

static void uncharge(struct mqueue *q)
{
	struct mq_user *u;

	mutex_lock(&mq.lock);
	mq.n_queues--;
	u = user(q->owner, false);
	if (u) {
		u->bytes -= q->charge;
		if (!u->bytes) {
			list_del(&u->link);
			kfree(u);
		}
	}
	mutex_unlock(&mq.lock);
}

static void evict(struct inode *i)
{
	uncharge(i->priv);
	mqueue_free(i->priv);
}

static int setattr(struct inode *i, const struct iattr *a)
{
	struct iattr b = *a;

	b.valid &= ~ATTR_SIZE;
	inode_set_attr(i, &b);
	return 0;
}

static const struct inode_ops queue_iops = {
	.setattr = setattr,
	.evict = evict,
};

int mqueue_create(struct inode *dir, struct dentry *d, mode_t mode,
		  const struct mq_attr_guest *a)
{
	struct mqueue *q = kzalloc(sizeof(*q));
	struct inode *i = q ? inode_new(dir->sb) : NULL;
	int err = i ? choose(current(), q, a) : -ENOMEM;

	if (!err)
		err = charge(current(), q);
	if (err) {
		if (i)
			inode_put(i);
		kfree(q);
		return err;
	}
	mutex_init_class(&q->lock, LOCK_OBJECT);
	rb_init(&q->messages, NULL);
	list_init(&q->receivers);
	list_init(&q->senders);
	waitqueue_init(&q->pollers);
	i->mode = S_IFREG | (mode & 07777);
	i->size = FILE_SIZE;
	i->ops = &queue_iops;
	i->fops = &mqueue_fops;
	i->priv = q;
	d_instantiate(d, i);
	d_pin(d);
	dir->mtime = dir->ctime = ktime_now();
	return 0;
}

static int dir_create(struct inode *dir, struct dentry *d, mode_t mode)
{
	return mqueue_create(dir, d, mode, NULL);
}

static int dir_unlink(struct inode *dir, struct dentry *d)
{
	d->inode->nlink = 0;
	dir->mtime = dir->ctime = d->inode->ctime = ktime_now();
	d_unpin(d);
	d_delete(d, false);
	return 0;
}

static const struct inode_ops dir_iops = {
	.create = dir_create,
	.unlink = dir_unlink,
	.setattr = setattr,
};

static struct mount *make_mount(void)
{
	struct superblock *sb = simple_super("mqueue", MQUEUE_MAGIC, NULL,
					     01777);
	struct mount *m = sb ? kzalloc(sizeof(*m)) : NULL;

	/* Once only: what was made of it may stay. */
	if (!m)
		return NULL;
	sb->root->inode->ops = &dir_iops;
	ref_init(&m->ref);
	m->sb = sb;
	m->root = sb->root;
	m->source = "mqueue";
	m->flags = MNT_NOSUID | MNT_NODEV | MNT_NOEXEC;
	return m;
}

struct mount *mqueue_mount(void)
{
	struct mount *m = load_acquire(&mqueues.mnt);

	if (m)
		return m;
	mutex_lock(&mqueues.lock);
	m = mqueues.mnt;
	if (!m) {
		list_init(&mq.users);
		m = make_mount();
		store_release(&mqueues.mnt, m);
	}
	mutex_unlock(&mqueues.lock);
	return m;
}
