/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nsfs.c: what the links in /proc/PID/ns lead to; namespaces(7).  There is one
 * namespace of each kind, under the number that Linux's first has.
 */
#include <linux/errno.h>
#include <linux/sched.h>

#include "emul/entry/uaccess.h"
#include "emul/fs/proc.h"
#include "emul/lib/print.h"
#include "emul/lib/string.h"
#include "emul/task/task.h"
#include "emul/vfs/fdtable.h"

#define NSFS_MAGIC	0x6e736673

/* ioctl_ns(2) */
#define NS_GET_USERNS_		0xb701u
#define NS_GET_PARENT_		0xb702u
#define NS_GET_NSTYPE_		0xb703u
#define NS_GET_OWNER_UID_	0xb704u

static struct sb_once nsfs __arena;
LOCK_CLASS(nsfs, LOCK_ONCE);

static const struct {
	const char *name;
	uint32_t number;
	long flag;
} namespaces[] = {
	[NS_CGROUP] = { "cgroup", 4026531835, CLONE_NEWCGROUP },
	[NS_IPC] = { "ipc", 4026531839, CLONE_NEWIPC },
	[NS_MNT] = { "mnt", 4026531841, CLONE_NEWNS },
	[NS_NET] = { "net", 4026531840, CLONE_NEWNET },
	[NS_PID] = { "pid", 4026531836, CLONE_NEWPID },
	[NS_TIME] = { "time", 4026531834, CLONE_NEWTIME },
	[NS_USER] = { "user", 4026531837, CLONE_NEWUSER },
	[NS_UTS] = { "uts", 4026531838, CLONE_NEWUTS },
};

static enum ns_kind kind_of(const struct inode *i)
{
	unsigned int k = 0;

	while (namespaces[k].number != i->ino)
		k++;
	return (enum ns_kind)k;
}

/* The user namespace that owns the others; nobody has seen its own owner. */
static long open_owner(enum ns_kind kind)
{
	struct path p;
	struct file *f;
	int err;

	if (kind == NS_USER)
		return -EPERM;
	err = nsfs_follow(NS_USER, &p);
	if (err)
		return err;
	f = file_open_path(&p, O_RDONLY);
	if (is_err(f)) {
		path_put(&p);
		return ptr_err(f);
	}
	return fd_add(current(), f, O_CLOEXEC);
}

static long ns_ioctl(struct file *f, unsigned int cmd, uaddr_t arg)
{
	enum ns_kind kind = kind_of(f->inode);
	uint32_t root = 0;

	switch (cmd) {
	case NS_GET_USERNS_:
		return open_owner(kind);
	case NS_GET_PARENT_:
		return kind == NS_USER || kind == NS_PID ? -EPERM : -EINVAL;
	case NS_GET_NSTYPE_:
		return namespaces[kind].flag;
	case NS_GET_OWNER_UID_:
		return kind == NS_USER ? put_user(arg, &root) : -EINVAL;
	}
	return -ENOTTY;
}

/* It can be opened, and compared by stat(2); setns(2) is refused. */
static const struct inode_ops ns_iops = { .open = NULL };
static const struct file_ops ns_fops = { .ioctl = ns_ioctl };

ssize_t nsfs_link(enum ns_kind kind, char *buf, size_t size)
{
	char text[32];
	int len = ksnprintf(text, sizeof(text), "%s:[%u]",
			    namespaces[kind].name, namespaces[kind].number);
	size_t n = MIN((size_t)len, size);

	memcpy(buf, text, n);
	return (ssize_t)n;
}

int nsfs_follow(enum ns_kind kind, struct path *out)
{
	struct superblock *sb = sb_once(&nsfs, "nsfs", NSFS_MAGIC);
	struct inode *i = sb ? inode_new(sb) : NULL;
	int err;

	if (!i)
		return -ENOMEM;
	i->mode = S_IFREG | 0444;
	i->uid = i->gid = 0;
	i->ino = namespaces[kind].number;
	i->ops = &ns_iops;
	i->fops = &ns_fops;
	err = nameless_path(i, out);
	inode_put(i);
	return err;
}

bool nsfs_name(const struct inode *i, char *buf, size_t size, ssize_t *n)
{
	if (!i->sb || i->sb->magic != NSFS_MAGIC)
		return false;
	*n = nsfs_link(kind_of(i), buf, size);
	return true;
}
