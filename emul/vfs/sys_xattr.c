/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_xattr.c: setxattr(2), getxattr(2), listxattr(2), removexattr(2).
 *
 * Names of four kinds: user. by the file's permissions, trusted. and security.
 * by capabilities, system. for the access lists that nobody here keeps.
 */
#include <linux/capability.h>

#include "emul/entry/uaccess.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/sysproto.h"
#include "emul/vfs/fdtable.h"
#include "emul/vfs/fsnotify.h"
#include "emul/vfs/namei.h"
#include "emul/vfs/xattr.h"

#define CAPS_NAME	"security.capability"
#define AT_KNOWN	(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)

/* struct xattr_args of setxattrat(2). */
struct guest_xattr_args {
	uint64_t value;
	uint32_t size;
	uint32_t flags;
};

/* What a call is about: an open file or a path that was looked up. */
struct target {
	struct inode *i;
	const struct mount *mnt;	/* NULL: the file has no name */
	struct path path;		/* references where fd.file is NULL */
	struct fd fd;
};

/* A change that was asked for. */
struct change {
	char name[XATTR_NAME_LEN + 1];
	char *value;			/* kmalloc'd; NULL: removal */
	size_t size;
	int flags;
};

static bool has_prefix(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

static int name_in(char name[XATTR_NAME_LEN + 1], uaddr_t addr)
{
	long n = copy_str(name, addr, XATTR_NAME_LEN + 1);

	if (n == -ENAMETOOLONG || !n)
		return -ERANGE;
	return n < 0 ? (int)n : 0;
}

static int target_fd(struct task *t, int fd, struct target *to)
{
	*to = (struct target){ .fd = fdget(t, fd) };
	if (!to->fd.file)
		return -EBADF;
	to->i = to->fd.file->inode;
	to->mnt = to->fd.file->path.mnt;
	return 0;
}

static int target_at(struct task *t, int dfd, uaddr_t path, int flags,
		     struct target *to)
{
	char c = 1;
	int err;

	if ((flags & AT_EMPTY_PATH) && dfd >= 0) {
		if (path && get_user(&c, path))
			return -EFAULT;
		if (!path || !c)
			return target_fd(t, dfd, to);
	}
	*to = (struct target){ .i = NULL };
	err = path_lookup(t, dfd, path, lookup_flags(flags, LOOKUP_FOLLOW),
			  &to->path);
	if (err)
		return err;
	to->i = to->path.dentry->inode;
	to->mnt = to->path.mnt;
	return 0;
}

static void target_put(struct target *to)
{
	if (to->fd.file)
		fdput(to->fd);
	else
		path_put(&to->path);
}

/* xattr(7), "Extended attribute namespaces". */
static int may_access(struct task *t, const struct inode *i, const char *name,
		      unsigned int mask)
{
	bool write = mask & MAY_WRITE;

	if (has_prefix(name, "security.") || has_prefix(name, "system."))
		return 0;
	if (has_prefix(name, "trusted."))
		return task_capable(t, CAP_SYS_ADMIN) ? 0 :
			write ? -EPERM : -ENODATA;
	if (has_prefix(name, "user.")) {
		if (!S_ISREG(i->mode) && !S_ISDIR(i->mode))
			return write ? -EPERM : -ENODATA;
		if (S_ISDIR(i->mode) && (i->mode & S_ISVTX) && write &&
		    !cred_owns(t->cred, i))
			return -EPERM;
	}
	return inode_permission(t->cred, i, mask);
}

/* Is there anybody who keeps attributes of that name on @i? */
static int handler_of(const struct inode *i, const char *name)
{
	static const char *const prefixes[] = {
		"user.", "trusted.", "security.",
	};

	if (!i->ops || !i->ops->load_xattrs)
		return -EOPNOTSUPP;
	for (unsigned int k = 0; k < 3; k++)
		if (has_prefix(name, prefixes[k]))
			return name[strlen(prefixes[k])] ? 0 : -EINVAL;
	return -EOPNOTSUPP;	/* access lists, which no file has here */
}

/* What security.capability may be: struct vfs_cap_data, capabilities(7). */
static bool caps_valid(const struct change *c)
{
	uint32_t magic;

	if (c->size < sizeof(magic))
		return false;
	memcpy(&magic, c->value, sizeof(magic));
	return ((magic & VFS_CAP_REVISION_MASK) == VFS_CAP_REVISION_2 &&
		c->size == XATTR_CAPS_SZ_2) ||
	       ((magic & VFS_CAP_REVISION_MASK) == VFS_CAP_REVISION_3 &&
		c->size == XATTR_CAPS_SZ_3);
}

static int may_change_security(struct task *t, const struct change *c)
{
	if (!has_prefix(c->name, "security."))
		return 0;
	if (!strcmp(c->name, CAPS_NAME)) {
		if (c->value && !caps_valid(c))
			return -EINVAL;
		return task_capable(t, CAP_SETFCAP) ? 0 : -EPERM;
	}
	return task_capable(t, CAP_SYS_ADMIN) ? 0 : -EPERM;
}

static void tell(const struct target *to)
{
	struct dentry *d = to->fd.file ? to->fd.file->path.dentry :
		to->path.dentry;

	if (d)
		fsn_dentry(d, IN_ATTRIB);
	else
		fsn_inode(to->i, IN_ATTRIB);
}

static int change(struct task *t, const struct target *to,
		  const struct change *c)
{
	struct inode *i = to->i;
	int err;

	if (to->mnt && (to->mnt->flags & MNT_RDONLY))
		return -EROFS;
	err = may_access(t, i, c->name, MAY_WRITE);
	if (!err)
		err = may_change_security(t, c);
	if (!err)
		err = handler_of(i, c->name);
	if (err)
		return err;
	mutex_lock(&i->lock);
	err = i->ops->load_xattrs(i);
	if (!err && i->ops->setxattr)
		err = i->ops->setxattr(i, c->name, c->value, c->size, c->flags);
	if (!err)
		err = xattrs_set(i, c->name, c->value, c->size, c->flags);
	if (!err)
		i->ctime = ktime_now();
	mutex_unlock(&i->lock);
	if (!err)
		tell(to);
	return err;
}

static int change_in(struct change *c, uaddr_t name, uaddr_t value,
		     size_t size, int flags)
{
	int err;

	c->value = NULL;
	if (flags & ~(XATTR_CREATE_ | XATTR_REPLACE_))
		return -EINVAL;
	err = name_in(c->name, name);
	if (err)
		return err;
	if (size > XATTR_VALUE_MAX)
		return -E2BIG;
	c->value = kmalloc(size + 1);
	if (!c->value)
		return -ENOMEM;
	c->size = size;
	c->flags = flags;
	if (size && copy_in(c->value, value, size)) {
		kfree(c->value);
		return -EFAULT;
	}
	return 0;
}

static long set_at(struct task *t, int dfd, uaddr_t path, int at_flags,
		   struct change *c)
{
	struct target to;
	long err = target_at(t, dfd, path, at_flags, &to);

	if (!err) {
		err = change(t, &to, c);
		target_put(&to);
	}
	kfree(c->value);
	return err;
}

long sys_setxattr(struct task *t, uaddr_t path, uaddr_t name, uaddr_t value,
		  size_t size, int flags)
{
	struct change c;
	int err = change_in(&c, name, value, size, flags);

	return err ? err : set_at(t, AT_FDCWD, path, 0, &c);
}

long sys_lsetxattr(struct task *t, uaddr_t path, uaddr_t name, uaddr_t value,
		   size_t size, int flags)
{
	struct change c;
	int err = change_in(&c, name, value, size, flags);

	return err ? err :
		set_at(t, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &c);
}

long sys_fsetxattr(struct task *t, int fd, uaddr_t name, uaddr_t value,
		   size_t size, int flags)
{
	struct target to;
	struct change c;
	long err = change_in(&c, name, value, size, flags);

	if (err)
		return err;
	err = target_fd(t, fd, &to);
	if (!err) {
		err = change(t, &to, &c);
		target_put(&to);
	}
	kfree(c.value);
	return err;
}

/* The structure of the *at() calls, of any later size. */
static int args_in(struct guest_xattr_args *a, uaddr_t addr, size_t size)
{
	uint64_t w;

	if (size < sizeof(*a))
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	if (get_user(a, addr))
		return -EFAULT;
	for (size_t at = sizeof(*a); at < size; at += sizeof(w)) {
		w = 0;
		if (copy_in(&w, addr + at, MIN(sizeof(w), size - at)))
			return -EFAULT;
		if (w)
			return -E2BIG;
	}
	return 0;
}

long sys_setxattrat(struct task *t, int dfd, uaddr_t path, int at_flags,
		    uaddr_t name, uaddr_t args, size_t size)
{
	struct guest_xattr_args a;
	struct change c;
	int err = args_in(&a, args, size);

	if (!err && (at_flags & ~AT_KNOWN))
		err = -EINVAL;
	if (!err)
		err = change_in(&c, name, a.value, a.size, (int)a.flags);
	return err ? err : set_at(t, dfd, path, at_flags, &c);
}

static long remove_at(struct task *t, int dfd, uaddr_t path, int at_flags,
		      uaddr_t name)
{
	struct change c = { .value = NULL };
	int err = name_in(c.name, name);

	return err ? err : set_at(t, dfd, path, at_flags, &c);
}

long sys_removexattrat(struct task *t, int dfd, uaddr_t path, int at_flags,
		       uaddr_t name)
{
	if (at_flags & ~AT_KNOWN)
		return -EINVAL;
	return remove_at(t, dfd, path, at_flags, name);
}

long sys_removexattr(struct task *t, uaddr_t path, uaddr_t name)
{
	return remove_at(t, AT_FDCWD, path, 0, name);
}

long sys_lremovexattr(struct task *t, uaddr_t path, uaddr_t name)
{
	return remove_at(t, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, name);
}

long sys_fremovexattr(struct task *t, int fd, uaddr_t name)
{
	struct change c = { .value = NULL };
	struct target to;
	long err = name_in(c.name, name);

	if (!err)
		err = target_fd(t, fd, &to);
	if (err)
		return err;
	err = change(t, &to, &c);
	target_put(&to);
	return err;
}

/* Where a value or a list goes to. */
struct out {
	uaddr_t addr;
	size_t size;
};

static long get(struct task *t, const struct target *to, const char *name,
		struct out out)
{
	struct inode *i = to->i;
	char *buf = NULL;
	long n = may_access(t, i, name, MAY_READ);

	if (!n)
		n = handler_of(i, name);
	if (n)
		return n;
	out.size = MIN(out.size, (size_t)XATTR_VALUE_MAX);
	if (out.size) {
		buf = kmalloc(out.size);
		if (!buf)
			return -ENOMEM;
	}
	mutex_lock(&i->lock);
	n = i->ops->load_xattrs(i);
	if (!n)
		n = xattrs_get(i, name, buf, out.size);
	mutex_unlock(&i->lock);
	if (n > 0 && out.size && copy_out(out.addr, buf, (size_t)n))
		n = -EFAULT;
	kfree(buf);
	return n;
}

static long get_at(struct task *t, int dfd, uaddr_t path, int at_flags,
		   uaddr_t name, struct out out)
{
	char kname[XATTR_NAME_LEN + 1];
	struct target to;
	long n = name_in(kname, name);

	if (!n)
		n = target_at(t, dfd, path, at_flags, &to);
	if (n)
		return n;
	n = get(t, &to, kname, out);
	target_put(&to);
	return n;
}

long sys_getxattr(struct task *t, uaddr_t path, uaddr_t name, uaddr_t value,
		  size_t size)
{
	return get_at(t, AT_FDCWD, path, 0, name, (struct out){ value, size });
}

long sys_lgetxattr(struct task *t, uaddr_t path, uaddr_t name, uaddr_t value,
		   size_t size)
{
	return get_at(t, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, name,
		      (struct out){ value, size });
}

long sys_fgetxattr(struct task *t, int fd, uaddr_t name, uaddr_t value,
		   size_t size)
{
	char kname[XATTR_NAME_LEN + 1];
	struct target to;
	long n = name_in(kname, name);

	if (!n)
		n = target_fd(t, fd, &to);
	if (n)
		return n;
	n = get(t, &to, kname, (struct out){ value, size });
	target_put(&to);
	return n;
}

long sys_getxattrat(struct task *t, int dfd, uaddr_t path, int at_flags,
		    uaddr_t name, uaddr_t args, size_t size)
{
	struct guest_xattr_args a;
	int err = args_in(&a, args, size);

	if (!err && (a.flags || (at_flags & ~AT_KNOWN)))
		err = -EINVAL;
	return err ? err : get_at(t, dfd, path, at_flags, name,
				  (struct out){ a.value, a.size });
}

static long list(struct task *t, const struct target *to, struct out out)
{
	struct inode *i = to->i;
	char *buf = NULL;
	long n;

	/* No attributes are none to tell of, not an error. */
	if (!i->ops || !i->ops->load_xattrs)
		return 0;
	out.size = MIN(out.size, (size_t)XATTR_NAMES_MAX);
	if (out.size) {
		buf = kmalloc(out.size);
		if (!buf)
			return -ENOMEM;
	}
	mutex_lock(&i->lock);
	n = i->ops->load_xattrs(i);
	if (!n)
		n = xattrs_list(i, task_capable(t, CAP_SYS_ADMIN), buf,
				out.size);
	mutex_unlock(&i->lock);
	/* Linux cannot tell so many. */
	if (n == -ERANGE && out.size == XATTR_NAMES_MAX)
		n = -E2BIG;
	if (n > 0 && out.size && copy_out(out.addr, buf, (size_t)n))
		n = -EFAULT;
	kfree(buf);
	return n;
}

long sys_listxattrat(struct task *t, int dfd, uaddr_t path, int at_flags,
		     uaddr_t buf, size_t size)
{
	struct target to;
	long n;

	if (at_flags & ~AT_KNOWN)
		return -EINVAL;
	n = target_at(t, dfd, path, at_flags, &to);
	if (n)
		return n;
	n = list(t, &to, (struct out){ buf, size });
	target_put(&to);
	return n;
}

long sys_listxattr(struct task *t, uaddr_t path, uaddr_t buf, size_t size)
{
	return sys_listxattrat(t, AT_FDCWD, path, 0, buf, size);
}

long sys_llistxattr(struct task *t, uaddr_t path, uaddr_t buf, size_t size)
{
	return sys_listxattrat(t, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, buf,
			       size);
}

long sys_flistxattr(struct task *t, int fd, uaddr_t buf, size_t size)
{
	struct target to;
	long n = target_fd(t, fd, &to);

	if (n)
		return n;
	n = list(t, &to, (struct out){ buf, size });
	target_put(&to);
	return n;
}
