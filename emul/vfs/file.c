/* SPDX-License-Identifier: Apache-2.0 */
/* file.c: open files. */
#include "emul/fs/epoll.h"
#include "emul/lib/alloc.h"
#include "emul/lib/live.h"
#include "emul/lib/string.h"
#include "emul/task/task.h"
#include "emul/vfs/dcache.h"
#include "emul/vfs/flock.h"
#include "emul/vfs/fsnotify.h"

#define RLIMIT_SIZE	1	/* RLIMIT_FSIZE */
#define SIGXFSZ_NR	25

/* Only reused as files, so that fdget_shared() may look at a stale one. */
static __arena struct {
	struct mutex lock;
	struct file *free;		/* by priv */
} files_cache;

/* Of eventfd and the like; made when one is wanted first. */
static __arena struct {
	struct sb_once fs;
	struct inode *inode;
} anon;
LOCK_CLASS(anon, LOCK_ONCE);

static struct file *file_alloc(void)
{
	struct file *f;

	mutex_lock(&files_cache.lock);
	f = files_cache.free;
	if (f)
		files_cache.free = f->priv;
	mutex_unlock(&files_cache.lock);
	if (!f) {
		f = kzalloc(sizeof(*f));
		if (!f)
			return NULL;
	}
	live_add(LIVE_FILE, 1);
	f->ops = NULL;
	f->inode = NULL;
	f->path.mnt = NULL;
	f->path.dentry = NULL;
	f->flags = 0;
	f->mode = 0;
	mutex_init_class(&f->pos_lock, LOCK_POS);
	f->pos = 0;
	f->priv = NULL;
	f->host_fd = -1;
	f->host_ready = 0;
	f->host_edges = 1;
	f->host_drained = 0;
	f->host_ended = false;
	f->kind = NULL;
	f->cursor = NULL;
	f->watchers = NULL;
	f->owner = f->owner_type = f->owner_sig = 0;
	ref_init(&f->ref);
	return f;
}

static void file_free(struct file *f)
{
	live_add(LIVE_FILE, -1);
	mutex_lock(&files_cache.lock);
	f->priv = files_cache.free;
	files_cache.free = f;
	mutex_unlock(&files_cache.lock);
}

static void end_write(struct inode *i, struct mount *m)
{
	__atomic_fetch_sub(&i->n_writers, 1, __ATOMIC_RELEASE);
	__atomic_fetch_sub(&m->n_writers, 1, __ATOMIC_RELEASE);
}

static void file_drop_refs(struct file *f)
{
	if (f->mode & FMODE_WRITER)
		end_write(f->inode, f->path.mnt);
	if (f->cursor)
		dput(f->cursor);
	if (f->path.dentry)
		path_put(&f->path);
	else if (f->inode)
		inode_put(f->inode);
}

void file_put(struct file *f)
{
	if (!ref_put(&f->ref))
		return;
	if (unlikely(f->watchers))
		epoll_forget(f);
	if (unlikely(load_once(&f->inode->locks)))
		locks_release(f->inode, f);
	fsn_file(f, f->mode & FMODE_WRITE ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
	if (f->ops && f->ops->release)
		f->ops->release(f);
	file_drop_refs(f);
	file_free(f);
}

/* Everything of a file opened with O_PATH fails but what needs no access. */
static const struct file_ops opath_ops;

static unsigned int fmode_of(unsigned int flags)
{
	/* Access mode 3 may neither read nor write: ioctl alone. */
	return (flags + 1) & 3;
}

struct file *file_open_path(const struct path *p, unsigned int flags)
{
	struct inode *i = p->dentry->inode;
	struct file *f = file_alloc();
	int err = 0;

	if (!f)
		return err_ptr(-ENOMEM);
	f->path = *p;
	f->inode = i;
	if (unlikely(flags & O_PATH)) {
		f->flags = flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW);
		f->mode = FMODE_PATH;
		f->ops = &opath_ops;
		return f;
	}
	f->flags = flags & ~(unsigned int)(O_CREAT | O_EXCL | O_TRUNC |
					   O_CLOEXEC);
	f->mode = fmode_of(flags);
	f->ops = i->fops;
	switch (i->mode & S_IFMT) {
	case S_IFREG:
		if (f->mode & FMODE_WRITE) {
			__atomic_fetch_add(&i->n_writers, 1, __ATOMIC_ACQUIRE);
			__atomic_fetch_add(&p->mnt->n_writers, 1,
					   __ATOMIC_ACQUIRE);
			f->mode |= FMODE_WRITER;
		}
		f->mode |= FMODE_SEEK;
		break;
	case S_IFDIR:
		f->mode |= FMODE_SEEK;
		if (flags & O_DIRECT) {
			err = -EINVAL;
			goto opened;
		}
		break;
	case S_IFIFO:
		err = flags & O_DIRECT ? -EINVAL : fifo_open(i, f);
		goto opened;
	case S_IFCHR:
		if (!f->ops) {
			err = chrdev_open(i, f);
			goto opened;
		}
		break;
	default:	/* sockets; block devices, of which there are none */
		err = -ENXIO;
		goto opened;
	}
	if (i->ops && i->ops->open)
		err = i->ops->open(i, f);
opened:
	f->flags &= ~(unsigned int)O_NOCTTY;	/* terminals have seen it */
	if (!err && !f->ops)
		err = -ENXIO;
	if (err) {
		f->cursor = NULL;
		f->path.dentry = NULL;	/* the caller keeps the references */
		if (f->mode & FMODE_WRITER)
			end_write(i, p->mnt);
		store_once(&f->ref.count, 0);
		file_free(f);
		return err_ptr(err);
	}
	/* An inherited descriptor may be a pipe; its open knows. */
	if (f->ops->lseek && f->host_fd < 0)
		f->mode |= FMODE_SEEK;
	return f;
}

struct file *file_new(struct inode *i, const struct file_ops *ops,
		      unsigned int flags, const char *kind, void *priv)
{
	struct file *f = file_alloc();

	if (!f) {
		inode_put(i);
		return NULL;
	}
	f->inode = i;
	f->ops = ops;
	f->flags = flags & ~(unsigned int)O_CLOEXEC;
	f->mode = fmode_of(flags);
	if (ops->lseek)
		f->mode |= FMODE_SEEK;
	f->kind = kind;
	f->priv = priv;
	return f;
}

/* The one inode of all of them, or NULL; a reference. */
static struct inode *anon_inode(void)
{
	struct inode *i = load_acquire(&anon.inode), *first = NULL;
	struct superblock *sb;

	if (unlikely(!i)) {
		sb = sb_once(&anon.fs, "anon_inodefs", 0x09041934);
		i = sb ? inode_new(sb) : NULL;
		if (!i)
			return NULL;
		i->mode = 0600;		/* no file type, as on Linux */
		if (!__atomic_compare_exchange_n(&anon.inode, &first, i, false,
						 __ATOMIC_ACQ_REL,
						 __ATOMIC_ACQUIRE)) {
			inode_put(i);
			i = first;
		}
	}
	inode_get(i);
	return i;
}

struct file *file_new_anon(const struct file_ops *ops, unsigned int flags,
			   const char *kind, void *priv)
{
	struct inode *i = anon_inode();

	return i ? file_new(i, ops, flags, kind, priv) : NULL;
}

ssize_t file_kread(struct file *f, void *buf, size_t n, off_t pos)
{
	struct uio u;

	if (!f->ops->read)
		return -EINVAL;
	uio_kernel(&u, buf, n);
	return f->ops->read(f, &u, &pos);
}

ssize_t file_kwrite(struct file *f, const void *buf, size_t n, off_t pos)
{
	struct uio u;

	if (!f->ops->write)
		return -EINVAL;
	/* Writers only read from it. */
	uio_kernel(&u, (void *)(uintptr_t)buf, n);
	return f->ops->write(f, &u, &pos);
}

int file_getattr(struct file *f, struct kstat *st)
{
	int err;

	if (f->ops->getattr)
		err = f->ops->getattr(f, st);
	else
		err = inode_getattr(f->inode, st);
	st->mnt_id = f->path.mnt ? f->path.mnt->id : 0;
	st->mount_root = f->path.mnt && f->path.dentry == f->path.mnt->root;
	return err;
}

static uint64_t size_max(const struct task *t)
{
	return t ? t->group->rlimits[RLIMIT_SIZE].cur : UINT64_MAX;
}

static int too_large(struct task *t)
{
	struct siginfo128 info = { .signo = SIGXFSZ_NR };

	(void)signal_send(t, &info, false);
	return -EFBIG;
}

ssize_t file_size_limit(off_t pos, size_t n)
{
	struct task *t = current();
	uint64_t max = size_max(t);

	if (likely(max == UINT64_MAX))
		return (ssize_t)n;
	if ((uint64_t)pos >= max)
		return too_large(t);
	return (ssize_t)MIN(n, max - (uint64_t)pos);
}

int file_grow_limit(uint64_t now, uint64_t size)
{
	struct task *t = current();

	if (size <= now || size <= size_max(t))
		return 0;
	return too_large(t);
}

/* lseek(2); the file's position is private or pos_lock is held. */
off_t lseek_sized(struct file *f, off_t off, int whence, uint64_t size)
{
	off_t base;

	switch (whence) {
	case 0:			/* SEEK_SET */
		base = 0;
		break;
	case 1:			/* SEEK_CUR */
		base = f->pos;
		break;
	case 2:			/* SEEK_END */
		base = (off_t)size;
		break;
	case 3:			/* SEEK_DATA: all of it is data */
	case 4:			/* SEEK_HOLE: the end */
		if (off < 0 || (uint64_t)off >= size)
			return -ENXIO;
		base = 0;
		if (whence == 4)
			off = (off_t)size;
		break;
	default:
		return -EINVAL;
	}
	if (__builtin_add_overflow(base, off, &off) || off < 0)
		return -EINVAL;
	f->pos = off;
	return off;
}

off_t lseek_endless(struct file *f, off_t off, int whence)
{
	return whence > 1 ? -EINVAL : lseek_sized(f, off, whence, 0);
}

off_t generic_lseek(struct file *f, off_t off, int whence)
{
	return lseek_sized(f, off, whence, load_once(&f->inode->size));
}

uint32_t file_poll(struct file *f, struct waiter *w)
{
	if (!f->ops->poll)	/* EPOLLIN OUT RDNORM WRNORM */
		return 0x1 | 0x4 | 0x40 | 0x100;
	return f->ops->poll(f, w);
}
