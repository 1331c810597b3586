/* SPDX-License-Identifier: Apache-2.0 */
/* sys_ioctl.c: ioctl(2) of all files, and the flags of chattr(1). */
#include <linux/capability.h>

#include "emul/entry/uaccess.h"
#include "emul/sysproto.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/fsnotify.h"
#include "emul/vfs/namei.h"

#define FIBMAP_		1u
#define FIGETBSZ_	2u
#define FIONREAD_	0x541bu
#define FIONBIO_	0x5421u
#define FIONCLEX_	0x5450u
#define FIOCLEX_	0x5451u
#define FIOASYNC_	0x5452u
#define FIOQSIZE_	0x5460u
#define FICLONE_	0x40049409u
#define FICLONERANGE_	0x4020940du
#define FIEMAP_		0xc020660bu
#define GETFLAGS_	0x80086601u
#define SETFLAGS_	0x40086602u
#define GETXFLAGS_	0x801c581fu
#define SETXFLAGS_	0x401c5820u

/* What would have to keep writers away: nobody may set these. */
#define FL_GUARDS	(0x10u | 0x20u)		/* FS_IMMUTABLE_FL, APPEND */

/* ioctl_xfs_fsgetxattr(2) has other bits for the same. */
struct fsxattr_ {
	uint32_t xflags, extsize, nextents, projid, cowextsize;
	uint8_t pad[8];
};
static const struct {
	uint32_t fl, xflag;
} same[] = {
	{ 0x10, 0x8 }, { 0x20, 0x10 },		/* immutable, append */
	{ ATTR_FL_NODUMP, 0x80 }, { ATTR_FL_NOATIME, 0x40 },
};

static long ioctl_flag(struct task *t, struct file *f, uaddr_t arg,
		       unsigned int flag)
{
	unsigned int flags = f->flags;
	int on;

	if (get_user(&on, arg))
		return -EFAULT;
	flags = on ? flags | flag : flags & ~flag;
	return file_set_flags(t, f, flags);
}

static int change_attr_flags(struct task *t, struct inode *i, uint32_t flags)
{
	int err;

	if (!cred_owns(t->cred, i))
		return -EPERM;
	if (((flags ^ i->attr_flags) & FL_GUARDS) &&
	    !task_capable(t, CAP_LINUX_IMMUTABLE))
		return -EPERM;
	if (flags & ~(ATTR_FL_NODUMP | ATTR_FL_NOATIME))
		return -EOPNOTSUPP;
	err = i->ops->attr_flags(i, true);
	if (err)
		return err;
	i->attr_flags = flags;
	i->ctime = ktime_now();
	return 0;
}

static long set_attr_flags(struct task *t, struct file *f, uint32_t flags)
{
	const struct mount *m = f->path.mnt;
	int err;

	if (m && (m->flags & MNT_RDONLY))
		return -EROFS;
	mutex_lock(&f->inode->lock);
	err = change_attr_flags(t, f->inode, flags);
	mutex_unlock(&f->inode->lock);
	if (!err)
		fsn_file(f, IN_ATTRIB);
	return err;
}

static long get_xflags(uint32_t flags, uaddr_t arg)
{
	struct fsxattr_ x = { 0 };

	for (unsigned int k = 0; k < ARRAY_SIZE(same); k++)
		if (flags & same[k].fl)
			x.xflags |= same[k].xflag;
	return put_user(arg, &x);
}

static long set_xflags(struct task *t, struct file *f, uaddr_t arg)
{
	struct fsxattr_ x;
	uint32_t flags = 0;

	if (get_user(&x, arg))
		return -EFAULT;
	for (unsigned int k = 0; k < ARRAY_SIZE(same); k++) {
		if (x.xflags & same[k].xflag)
			flags |= same[k].fl;
		x.xflags &= ~same[k].xflag;
	}
	if (x.xflags || x.extsize || x.projid || x.cowextsize)
		return -EOPNOTSUPP;
	return set_attr_flags(t, f, flags);
}

static long ioctl_attr_flags(struct task *t, struct file *f, unsigned int cmd,
			     uaddr_t arg)
{
	struct inode *i = f->inode;
	uint32_t flags;
	int err;

	if (!i->ops || !i->ops->attr_flags)
		return -ENOTTY;
	err = i->ops->attr_flags(i, false);
	if (err)
		return err;
	switch (cmd) {
	case GETFLAGS_:
		flags = load_once(&i->attr_flags);
		return put_user(arg, &flags);
	case GETXFLAGS_:
		return get_xflags(load_once(&i->attr_flags), arg);
	case SETFLAGS_:
		if (get_user(&flags, arg))
			return -EFAULT;
		return set_attr_flags(t, f, flags);
	default:
		return set_xflags(t, f, arg);
	}
}

static long ioctl_regular(struct task *t, struct file *f, unsigned int cmd,
			  uaddr_t arg)
{
	int n;

	switch (cmd) {
	case FIBMAP_:		/* no file lies on a disk */
		return task_capable(t, CAP_SYS_RAWIO) ? -EINVAL : -EPERM;
	case FIONREAD_:
		n = (int)((off_t)load_once(&f->inode->size) - f->pos);
		return put_user(arg, &n);
	}
	return f->ops->ioctl ? f->ops->ioctl(f, cmd, arg) : -ENOTTY;
}

/* Of two files, of which this is the one that is to be written. */
static long ioctl_clone(const struct inode *i)
{
	if (S_ISREG(i->mode))
		return -EOPNOTSUPP;
	return S_ISDIR(i->mode) ? -EISDIR : -EINVAL;
}

static long ioctl_file(struct task *t, int fd, struct file *f,
		       unsigned int cmd, uaddr_t arg)
{
	const struct inode *i = f->inode;
	int n;

	switch (cmd) {
	case FIOCLEX_:
	case FIONCLEX_:
		fd_set_cloexec(t->files, (unsigned int)fd, cmd == FIOCLEX_);
		return 0;
	case FIONBIO_:
		return ioctl_flag(t, f, arg, O_NONBLOCK);
	case FIOASYNC_:
		return !file_may_signal(f) && !get_user(&n, arg) && n ?
			-ENOTTY : ioctl_flag(t, f, arg, FASYNC);
	case FIOQSIZE_:
		if (!S_ISREG(i->mode) && !S_ISDIR(i->mode) &&
		    !S_ISLNK(i->mode))
			return -ENOTTY;
		return put_user(arg, &i->size);
	case FIGETBSZ_:
		n = PAGE_SIZE;
		return put_user(arg, &n);
	case FIEMAP_:
		return -EOPNOTSUPP;
	case FICLONE_:
	case FICLONERANGE_:
		return ioctl_clone(i);
	case GETFLAGS_:
	case SETFLAGS_:
	case GETXFLAGS_:
	case SETXFLAGS_:
		return ioctl_attr_flags(t, f, cmd, arg);
	}
	if (S_ISREG(i->mode))
		return ioctl_regular(t, f, cmd, arg);
	return f->ops->ioctl ? f->ops->ioctl(f, cmd, arg) : -ENOTTY;
}

long sys_ioctl(struct task *t, int fd, unsigned int cmd, unsigned long arg)
{
	struct fd f = fdget(t, fd);
	long r;

	if (!f.file)
		return -EBADF;
	r = ioctl_file(t, fd, f.file, cmd, arg);
	fdput(f);
	return r;
}
