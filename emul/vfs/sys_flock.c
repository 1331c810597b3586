/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_flock.c: the calls that lock files; fcntl(2), flock(2).
 *
 * What a caller asks for becomes a struct lock here, with an owner and a
 * range; flock.c knows nothing of descriptors and of the guest's memory.
 */
#include "emul/vfs/flock-int.h"

#include "emul/entry/uaccess.h"
#include "emul/sysproto.h"
#include "emul/vfs/fdtable.h"

#define LOCK_MAND_BIT		32u	/* ignored, as Linux does */

/* struct flock of x86-64. */
struct guest_flock {
	int16_t type, whence;
	int32_t pad;
	int64_t start, len;
	int32_t pid, pad2;
};

static int range_in(struct file *f, const struct guest_flock *g,
		    struct lock *k)
{
	off_t base = 0, end;

	switch (g->whence) {
	case 0:
		break;
	case 1:
		base = f->pos;
		break;
	case 2:
		base = (off_t)load_once(&f->inode->size);
		break;
	default:
		return -EINVAL;
	}
	if (__builtin_add_overflow(base, g->start, &k->start))
		return -EOVERFLOW;
	if (k->start < 0)
		return -EINVAL;
	if (g->len > 0) {
		if (__builtin_add_overflow(k->start, g->len - 1, &end))
			return -EOVERFLOW;
		k->end = end;
	} else if (g->len < 0) {
		if (k->start + g->len < 0)
			return -EINVAL;
		k->end = k->start - 1;
		k->start += g->len;
	} else {
		k->end = INT64_MAX;
	}
	return 0;
}

static long get_lock(struct inode *i, struct guest_flock *g,
		     struct lock *want, uaddr_t arg)
{
	int err = flock_test(i, want);

	if (err)
		return err;
	g->type = want->type;
	if (want->type != F_UNLCK) {
		g->start = want->start;
		g->len = want->end == INT64_MAX ? 0 :
			want->end - want->start + 1;
		g->pid = want->pid;
		g->whence = 0;
	}
	return put_user(arg, g);
}

/*
 * Another thread may have closed the descriptor while the lock was made: then
 * nobody would ever give it up.
 */
static long check_open(struct task *t, int fd, struct file *f,
		       const struct lock *want)
{
	struct lock undo = { .owner = want->owner, .end = INT64_MAX,
			     .pid = want->pid, .type = F_UNLCK };
	struct fd now;

	if (load_once(&t->files->ref.count) == 1)
		return 0;
	now = fdget_raw(t, fd);
	fdput(now);
	if (now.file == f)
		return 0;
	(void)flock_apply(t, f->inode, &undo, false);
	return -EBADF;
}

static int type_allowed(const struct file *f, short type)
{
	switch (type) {
	case F_RDLCK:
		return f->mode & FMODE_READ ? 0 : -EBADF;
	case F_WRLCK:
		return f->mode & FMODE_WRITE ? 0 : -EBADF;
	case F_UNLCK:
		return 0;
	default:
		return -EINVAL;
	}
}

long fcntl_lock(struct task *t, int fd, struct file *f, unsigned int cmd,
		uaddr_t arg)
{
	bool ofd = cmd == F_OFD_GETLK || cmd == F_OFD_SETLK ||
		   cmd == F_OFD_SETLKW;
	struct lock want = { .owner = t->files, .pid = t->group->pid };
	struct guest_flock g;
	long err;

	if (get_user(&g, arg))
		return -EFAULT;
	if (ofd) {
		if (g.pid)
			return -EINVAL;
		want.owner = f;
		want.pid = OFD_PID;
	}
	want.type = g.type;
	if ((cmd == F_GETLK && want.type == F_UNLCK) ||
	    want.type < F_RDLCK || want.type > F_UNLCK)
		return -EINVAL;
	err = range_in(f, &g, &want);
	if (err)
		return err;
	if (cmd == F_GETLK || cmd == F_OFD_GETLK)
		return get_lock(f->inode, &g, &want, arg);
	err = type_allowed(f, want.type);
	if (!err)
		err = flock_apply(t, f->inode, &want,
				  cmd == F_SETLKW || cmd == F_OFD_SETLKW);
	if (!err && want.type != F_UNLCK && !ofd)
		err = check_open(t, fd, f, &want);
	return err;
}

long sys_flock(struct task *t, int fd, unsigned int op)
{
	struct lock want = { .end = INT64_MAX, .pid = t->group->pid,
			     .whole = true };
	struct fd f;
	long err;

	if (op & LOCK_MAND_BIT)
		return 0;
	switch (op & ~4u) {	/* LOCK_NB */
	case 1:
		want.type = F_RDLCK;
		break;
	case 2:
		want.type = F_WRLCK;
		break;
	case 8:
		want.type = F_UNLCK;
		break;
	default:
		return -EINVAL;
	}
	f = fdget(t, fd);
	if (!f.file)
		return -EBADF;
	want.owner = f.file;
	if (want.type != F_UNLCK && !(f.file->mode & (FMODE_READ |
						      FMODE_WRITE)))
		err = -EBADF;
	else
		err = flock_apply(t, f.file->inode, &want, !(op & 4u));
	fdput(f);
	return err;
}
