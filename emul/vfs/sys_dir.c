/* SPDX-License-Identifier: Apache-2.0 */
/* sys_dir.c: getdents(2), getcwd(2), chdir(2), chroot(2), umask(2). */
#include <linux/capability.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/sysproto.h"
#include "emul/vfs/dcache.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/fsnotify.h"
#include "emul/vfs/namei.h"

#define DENTS_MAX	32768u		/* bytes gathered before copying out */

struct dents {
	struct dir_ctx ctx;
	char *buf;
	size_t used, size;
	bool old;		/* getdents(): the type lies behind the name */
	bool too_small;
};

/*
 * struct linux_dirent64: ino, off, reclen, type, name; struct linux_dirent
 * has the type in the last byte.
 */
static bool emit(struct dir_ctx *ctx, const char *name, size_t len,
		 uint64_t ino, unsigned int type, off_t next)
{
	struct dents *d = container_of(ctx, struct dents, ctx);
	size_t head = d->old ? 18 : 19;
	size_t rec = ALIGN_UP(head + len + (d->old ? 2 : 1), 8);
	char *p = d->buf + d->used;
	uint16_t rec16 = (uint16_t)rec;

	if (rec > d->size - d->used) {
		d->too_small = !d->used;
		return false;
	}
	memset(p + rec - 8, 0, 8);
	memcpy(p, &ino, 8);
	memcpy(p + 8, &next, 8);
	memcpy(p + 16, &rec16, 2);
	if (d->old)
		p[rec - 1] = (char)type;
	else
		p[18] = (char)type;
	memcpy(p + head, name, len);
	p[head + len] = '\0';
	d->used += rec;
	return true;
}

static long do_getdents(struct task *t, int fd, uaddr_t buf, size_t count,
			bool old)
{
	struct fd f = fdget(t, fd);
	struct dents d = { .ctx.emit = emit, .old = old };
	bool locked;
	long r;

	if (!f.file)
		return -EBADF;
	r = -ENOTDIR;
	if (!f.file->ops->readdir)
		goto out;
	r = -ENOENT;
	if (f.file->path.dentry && (f.file->path.dentry->flags & D_DELETED))
		goto out;
	d.size = MIN(count, DENTS_MAX);
	r = -ENOMEM;
	d.buf = kmalloc(MAX(d.size, 8));
	if (!d.buf)
		goto out;
	locked = load_once(&f.file->ref.count) > 1;
	if (locked)
		mutex_lock(&f.file->pos_lock);
	d.ctx.pos = f.file->pos;
	r = f.file->ops->readdir(f.file, &d.ctx);
	if (!r && d.too_small)
		r = -EINVAL;
	if (!r && copy_out(buf, d.buf, d.used))
		r = -EFAULT;
	if (!r) {
		f.file->pos = d.ctx.pos;
		r = (long)d.used;
		fsn_file(f.file, IN_ACCESS);
		inode_read(f.file->inode, f.file->path.mnt, f.file->flags);
	}
	if (locked)
		mutex_unlock(&f.file->pos_lock);
	kfree(d.buf);
out:
	fdput(f);
	return r;
}

long sys_getdents64(struct task *t, int fd, uaddr_t dirents,
		    unsigned int count)
{
	return do_getdents(t, fd, dirents, count, false);
}

long sys_getdents(struct task *t, int fd, uaddr_t dirents, unsigned int count)
{
	return do_getdents(t, fd, dirents, count, true);
}

long sys_getcwd(struct task *t, uaddr_t buf, size_t size)
{
	struct path pwd, root;
	char *tmp = kmalloc(PATH_LEN_MAX), *p;
	size_t n;
	long r;

	if (!tmp)
		return -ENOMEM;
	fs_get_pwd(t->fs, &pwd);
	fs_get_root(t->fs, &root);
	if (pwd.dentry->flags & D_DELETED) {
		r = -ENOENT;
		goto out;
	}
	p = path_name(&pwd, &root, tmp, PATH_LEN_MAX);
	if (is_err(p)) {
		r = ptr_err(p);
		goto out;
	}
	n = strlen(p) + 1;
	if (n > size)
		r = -ERANGE;
	else
		r = copy_out(buf, p, n) ? -EFAULT : (long)n;
out:
	path_put(&pwd);
	path_put(&root);
	kfree(tmp);
	return r;
}

/* Takes over the references of @to. */
static void fs_set(struct task *t, struct path *slot, const struct path *to)
{
	struct path old;

	mutex_lock(&t->fs->lock);
	/* Walks read the two words without a lock. */
	dcache_begin();
	old = *slot;
	*slot = *to;
	dcache_end();
	mutex_unlock(&t->fs->lock);
	path_put(&old);
}

long sys_chdir(struct task *t, uaddr_t path)
{
	struct path p;
	int err = path_lookup(t, AT_FDCWD, path,
			      LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &p);

	if (err)
		return err;
	err = inode_permission(t->cred, p.dentry->inode, MAY_EXEC);
	if (err)
		path_put(&p);
	else
		fs_set(t, &t->fs->pwd, &p);
	return err;
}

long sys_fchdir(struct task *t, int fd)
{
	struct fd f = fdget_raw(t, fd);
	struct path p;
	int err;

	if (!f.file)
		return -EBADF;
	err = -ENOTDIR;
	if (f.file->path.dentry && S_ISDIR(f.file->inode->mode))
		err = inode_permission(t->cred, f.file->inode, MAY_EXEC);
	if (!err) {
		p = f.file->path;
		path_get(&p);
		fs_set(t, &t->fs->pwd, &p);
	}
	fdput(f);
	return err;
}

long sys_chroot(struct task *t, uaddr_t path)
{
	struct path p;
	int err = path_lookup(t, AT_FDCWD, path,
			      LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &p);

	if (err)
		return err;
	err = inode_permission(t->cred, p.dentry->inode, MAY_EXEC);
	if (!err && !cred_capable(t->cred, CAP_SYS_CHROOT))
		err = -EPERM;
	if (err)
		path_put(&p);
	else
		fs_set(t, &t->fs->root, &p);
	return err;
}

long sys_umask(struct task *t, int mask)
{
	uint32_t old;

	mutex_lock(&t->fs->lock);
	old = t->fs->umask;
	t->fs->umask = (uint32_t)mask & 0777;
	mutex_unlock(&t->fs->lock);
	return old;
}
